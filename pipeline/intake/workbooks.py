"""Spreadsheets (xlsx, xlsb, xls, ods) through calamine, which must not see what would kill it."""

import errno
import lzma
import math
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import MAXYEAR, date, datetime, time, timedelta
from typing import BinaryIO

from pipeline.domain.outcome import FileReason, FileStopped
from pipeline.intake.sheets import Sheet, Tables
from pipeline.intake.workbook_errors import Errors, Watched, errors_by_sheet

MAX_CELLS = 40_000_000
"""Corner of a sheet (rows × columns); calamine holds the whole rectangle in memory."""
MAX_SHEETS = 2 << 30
"""Unpacked bytes of the sheets and their texts. calamine holds them as values in memory, which
take up to 1.6 times as much (290 MiB at 100,000 rows of 21 cells, 1,029 at 400,000). A million
such rows are 1.6 GiB; a csv has no such bound."""
MAX_UNPACKED = 4 << 30
MAX_RATIO = 300
_BLOCK = 1 << 20
_LARGEST_OLE = 256 << 20  # of an xls: 65,536 rows are less


def zip_tables(stream: BinaryIO) -> Tables:
    """The workbook in a zip; FileStopped for any other zip."""
    with broken_zip_is_damaged():
        archive = zipfile.ZipFile(stream)
        infos = archive.infolist()
    check_archive(infos)
    _check_sheets(infos)
    names = {info.filename for info in infos}
    if names & {"xl/workbook.xml", "xl/workbook.bin"}:
        with_errors = {
            info.filename
            for info in infos
            if info.filename.startswith("xl/worksheets/") and _check_sheet(archive, info)
        }
        if "xl/workbook.bin" in names:
            stream.seek(0)
            _check_survival(stream.read())
        with broken_zip_is_damaged():
            errors = errors_by_sheet(archive, with_errors)
        return _workbook(stream, "xlsx", errors)
    if "content.xml" in names:
        _check_sheet(archive, archive.getinfo("content.xml"))
        return _workbook(stream, "ods")
    if any(name.startswith(("word/", "ppt/")) for name in names):
        raise FileStopped(FileReason.NOT_A_TABLE, "文件是 Word 或 PowerPoint 文档。")
    raise FileStopped(
        FileReason.NOT_A_TABLE, "文件是压缩包，其中没有可直接读取的表格。请解压后放入。"
    )


def ole_tables(stream: BinaryIO) -> Tables:
    """The workbook in an OLE file (xls, et); FileStopped for any other such file."""
    data = stream.read(_LARGEST_OLE)
    stream.seek(0)
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise FileStopped(FileReason.PASSWORD_PROTECTED)
    if "WordDocument".encode("utf-16-le") in data or "PowerPoint".encode("utf-16-le") in data:
        raise FileStopped(FileReason.NOT_A_TABLE, "文件是 Word 或 PowerPoint 文档。")
    _check_survival(data)
    return _workbook(stream, "xls")


# --- what must be known before calamine reads -------------------------------------------------


def check_archive(infos: list[zipfile.ZipInfo]) -> None:
    """Refuse archives that would fill the memory or the disk, or that ask for a password."""
    size = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos)
    if size > MAX_UNPACKED or len(infos) > 10_000 or size > MAX_RATIO * max(packed, 1) + _BLOCK:
        raise FileStopped(FileReason.TOO_LARGE, f"压缩包解开后有 {size / 2**20:,.0f} MB。")
    if any(info.flag_bits & 0x1 for info in infos):
        raise FileStopped(FileReason.PASSWORD_PROTECTED)


def _check_sheets(infos: list[zipfile.ZipInfo]) -> None:
    """Refuse a workbook that is too large to be held."""
    held = ("xl/worksheets/", "xl/sharedStrings.", "content.xml")
    size = sum(info.file_size for info in infos if info.filename.startswith(held))
    if size > MAX_SHEETS:
        raise FileStopped(
            FileReason.TOO_LARGE,
            f"工作表展开后有 {size / 2**20:,.0f} MB，超过 {MAX_SHEETS / 2**20:,.0f} MB。"
            "另存为 csv 则不受此限。",
        )


@contextmanager
def broken_zip_is_damaged() -> Iterator[None]:
    """Every way in which zipfile finds an archive unsound, as FileStopped.

    OSError is zipfile's word for an impossible position; one of the disk is let through.
    """
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError,
            NotImplementedError, RuntimeError) as error:  # fmt: skip
        if isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}:
            raise
        raise FileStopped(FileReason.DAMAGED, "压缩内容校验不符。") from error


def _check_sheet(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    """Refuse a sheet with a cell so far out that its rectangle would not fit in memory: calamine
    aborts the process on it. Returns whether an xlsx sheet holds formula errors.
    """
    limit = MAX_CELLS
    if info.filename == "content.xml":
        corner, limit = _ods_corner, MAX_CELLS // 2  # a formula is kept beside each value
    elif info.filename.endswith((".xml", ".bin")):
        corner = _xlsx_corner if info.filename.endswith(".xml") else _xlsb_corner
    else:
        return False
    with broken_zip_is_damaged(), archive.open(info) as part:
        watched = Watched(part)
        rows, columns = corner(watched)
    if rows * columns > limit:
        raise FileStopped(
            FileReason.TOO_LARGE,
            f"工作表的范围达到 {rows} 行 × {columns} 列。请删除数据区以外的多余单元格后另存。",
        )
    return watched.has_errors


_TRIAL = """
import io, resource, sys
import python_calamine as calamine
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
try:
    book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
    for name in book.sheet_names:
        book.get_sheet_by_name(name)
except Exception:
    pass  # the caller will hear it too
except BaseException:
    sys.exit(4)  # a panic of Rust code
"""


def _check_survival(data: bytes) -> None:
    """Refuse a binary workbook that calamine does not survive.

    A wrong number in it asks for terabytes, and calamine aborts the process: better one of its
    own. Binary workbooks are few and small.
    """
    trial = subprocess.run(
        [sys.executable, "-I", "-c", _TRIAL], input=data, capture_output=True, check=False
    )
    if trial.returncode < 0 or trial.returncode == 4:
        raise FileStopped(FileReason.DAMAGED, "工作簿内容无法解析。")


_FILLED = rb"[^<>]*(?<!/)>"
"""How the tag goes on of a cell that holds something: calamine leaves blank ones out."""
_FAR_CELL = re.compile(rb' r="(?:([A-Za-z]{2,})([0-9]+)|([A-Za-z]?)([0-9]{6,}))"' + _FILLED)
_FAR_CELL_ANYHOW = re.compile(
    rb"""\sr\s*=\s*["'](?:([A-Za-z]{2,})([0-9]+)|([A-Za-z]?)([0-9]{6,}))["']""" + _FILLED
)
_ANY_CELL = re.compile(rb"""\sr\s*=\s*["'](?:([A-Za-z]+)([0-9]+)|()([0-9]+))["']""" + _FILLED)
_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
_UNUSUAL = re.compile(rb' r(?=[ =])(?!=")')
"""How no program writes the attribute, though it may: the plain pattern is three times faster."""


def _xlsx_corner(part: BinaryIO) -> tuple[int, int]:
    """Rows and columns up to the farthest cell or row. Only far ones are looked at: 26 columns of
    99,999 rows are always fine. A sheet that does not fit by this is looked at in full.
    """
    last_row, last_column = _farthest(part, None, 99_999, 26)
    if last_row * last_column > MAX_CELLS:
        part.seek(0)
        last_row, last_column = _farthest(part, _ANY_CELL, 1, 1)
    return last_row, last_column


def _farthest(
    part: BinaryIO, pattern: re.Pattern | None, last_row: int, last_column: int
) -> tuple[int, int]:
    tail, rows = b"", 0
    while block := part.read(_BLOCK):
        data = tail + block
        far = pattern or (_FAR_CELL_ANYHOW if _is_unusual(data) else _FAR_CELL)
        for wide, row, near, far_row in far.findall(data):
            column = 0
            for letter in (wide or near).upper()[:8]:
                column = column * 26 + letter - 64
            last_column = max(last_column, column)
            last_row = max(last_row, int((row or far_row)[:18]))
        if pattern:  # rows need not say where they are
            rows += len(_ROW.findall(block))
        tail = block[-256:]
    return max(last_row, rows), last_column


def _is_unusual(data: bytes) -> bool:
    # One character is found in a tenth of the time of two, and mostly there is none.
    spaces = (mark for mark in (b"\t", b"\n", b"\r") if mark in data)
    return any(mark + b"r" in data for mark in spaces) or bool(_UNUSUAL.search(data))


_ROW_RECORD = 0
_CELL_RECORDS = range(1, 12)  # BrtCellBlank … BrtFmlaError: column, then style and value


def _xlsb_corner(part: BinaryIO) -> tuple[int, int]:
    """The same for the binary sheet: a chain of records (type, length, content)."""
    last_row = last_column = 0
    data, at = part.read(_BLOCK), 0
    while True:
        if len(data) - at < 16:
            data, at = data[at:] + part.read(_BLOCK), 0
            if len(data) < 2:
                return last_row, last_column
        kind, at = data[at], at + 1
        if kind & 0x80 and at < len(data):
            kind, at = (kind & 0x7F) | (data[at] & 0x7F) << 7, at + 1
        size = shift = 0
        while at < len(data):
            byte, at = data[at], at + 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 or shift > 21:
                break
        if kind == _ROW_RECORD:
            last_row = max(last_row, 1 + int.from_bytes(data[at : at + 4], "little"))
        elif kind in _CELL_RECORDS:
            last_column = max(last_column, 1 + int.from_bytes(data[at : at + 4], "little"))
        at += size
        while at > len(data):
            at -= len(data)
            data = part.read(_BLOCK)
            if not data:
                return last_row, last_column


_ODS_TAG = re.compile(rb"<table:(table|table-row|(?:covered-)?table-cell)(?=[\s/>])([^<]*)")
_ODS_REPEAT = re.compile(rb'number-(?:rows|columns)-repeated="([0-9]{1,9})"')
_ODS_MOST = {b"table-row": 1 << 20, b"table-cell": 1 << 14}


def _ods_corner(part: BinaryIO) -> tuple[int, int]:
    """The same for ods, where a cell or a row may stand for many. Blank ones at the end of a row
    or a table, which every program writes, do not count.
    """
    worst = corner = (0, 0)
    row = times = column = filled = 0
    for name, said in (*_ods_tags(part), (b"table", b"")):
        found = _ODS_REPEAT.search(said)
        repeat = min(int(found[1]) if found else 1, _ODS_MOST.get(name, 1 << 14))
        if name in {b"table", b"table-row"}:  # the row before ends
            row += times
            if filled:
                corner = (row, max(corner[1], filled))
            column = filled = 0
            times = repeat
        if name == b"table":
            worst = max(worst, corner, key=lambda c: c[0] * c[1])
            corner, row, times = (0, 0), 0, 0
        elif name != b"table-row":
            column += repeat
            if b"office:" in said or b"/>" not in said:
                filled = column
    return worst


def _ods_tags(part: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    rest = b""
    while block := part.read(_BLOCK):
        data = rest + block
        cut = data.rfind(b"<")
        yield from _ODS_TAG.findall(data[:cut] if cut > 0 else data)
        rest = data[cut:] if cut > 0 else b""
    yield from _ODS_TAG.findall(rest)


# --- reading ----------------------------------------------------------------------------------


@contextmanager
def _damage_is_stopped() -> Iterator[None]:
    """calamine's errors, and the panics of its Rust code, as FileStopped.

    A panic reaches Python as ``pyo3_runtime.PanicException``, a BaseException that no module
    exports; hence the look at its name.
    """
    import python_calamine as calamine

    try:
        yield
    except calamine.PasswordError as error:
        raise FileStopped(FileReason.PASSWORD_PROTECTED) from error
    except (calamine.CalamineError, OSError, ValueError, OverflowError, EOFError) as error:
        if "password" in str(error).lower() or "encrypt" in str(error).lower():
            raise FileStopped(FileReason.PASSWORD_PROTECTED) from error
        raise FileStopped(FileReason.DAMAGED, "工作簿内容无法解析。") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise FileStopped(FileReason.DAMAGED, "工作簿内容无法解析。") from error


def _workbook(stream: BinaryIO, kind: str, errors: Mapping[str, Errors] | None = None) -> Tables:
    import python_calamine as calamine

    opened: dict = {}  # a sheet is parsed whole when it is asked for: once is enough
    with _damage_is_stopped():
        stream.seek(0)
        book = calamine.CalamineWorkbook.from_filelike(stream)
        metadata = [m for m in book.sheets_metadata if m.typ == calamine.SheetTypeEnum.WorkSheet]
        sheets = [
            Sheet(
                m.name,
                lambda name=m.name: _workbook_rows(book, name, opened, (errors or {}).get(name)),
                m.visible != calamine.SheetVisibleEnum.Visible,
            )
            for m in metadata
        ]
    return Tables(kind, sheets)


def _workbook_rows(book, name: str, opened: dict, errors: Errors | None) -> Iterator[list[str]]:
    with _damage_is_stopped():
        if name not in opened:
            opened[name] = book.get_sheet_by_name(name)
        merged = _merged_below(opened[name].merged_cell_ranges or ())
        told = errors() if errors else iter(())
        error = next(told, None)
        open_spans: dict[int, tuple[int, str]] = {}  # column → last row, text
        for number, row in enumerate(opened[name].iter_rows()):
            texts = [cell if type(cell) is str else cell_text(cell) for cell in row]
            while error and error[0] <= number:
                if error[0] == number and error[1] < len(texts) and not texts[error[1]]:
                    texts[error[1]] = error[2]
                error = next(told, None)
            for column, (last, text) in list(open_spans.items()):
                texts[column] = texts[column] or text
                if number >= last:
                    del open_spans[column]
            for column, last in merged.get(number, ()):
                if column < len(texts):
                    open_spans[column] = (last, texts[column])
            yield texts


def _merged_below(ranges: Iterable[tuple]) -> dict[int, list[tuple[int, int]]]:
    """First row → (column, last row) of cells merged over several rows.

    A ticket in several rows is exported with its common cells merged: each of its rows has them.
    Cells merged sideways are titles and headings, which their blanks tell apart.
    """
    below: dict[int, list[tuple[int, int]]] = {}
    for (first, column), (last, _) in ranges:
        if last > first:
            below.setdefault(first, []).append((column, last))
    return below


def cell_text(cell: object) -> str:
    """A spreadsheet value as the text a reader would expect.

    Numbers of more than 15 digits are written in scientific notation: a spreadsheet has lost
    their last digits, and they must not pass for ids.
    """
    match cell:
        case str():
            return cell
        case None:
            return ""
        case bool():
            return "是" if cell else "否"
        case int() | float():
            if not math.isfinite(cell):
                return str(cell)
            if abs(cell) >= 1e15:
                return f"{cell:.14E}"
            return str(int(cell)) if cell == int(cell) else repr(cell)
        case datetime():
            if cell.year < MAXYEAR:
                cell += timedelta(microseconds=500_000)
            return cell.isoformat(" ", "seconds")
        case date() | time():
            return cell.isoformat()
        case _:
            return str(cell)
