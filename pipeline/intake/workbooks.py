"""Spreadsheets (xlsx, xlsb, xls, ods) through calamine, which must not see what would kill it."""

import errno
import lzma
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import BinaryIO

import python_calamine as calamine

from pipeline.domain.outcome import FileReason, FileStopped
from pipeline.intake.cells import cell_text, damage_is_stopped
from pipeline.intake.corners import MAX_CELLS, ods_corner, xlsb_corner, xlsx_corner
from pipeline.intake.cuts import Uncut
from pipeline.intake.sheets import Sheet, Tables
from pipeline.intake.windows import CutSheet, CutWorkbook
from pipeline.intake.workbook_errors import Errors, Watched, errors_by_sheet

MAX_SHEETS = 2 << 30
"""Unpacked bytes of the sheets and their texts, where calamine must hold them all: as values they
take up to 1.6 times as much (290 MiB at 100,000 rows of 21 cells, 1,029 at 400,000)."""
MAX_UNPACKED = 4 << 30
MAX_RATIO = 300
_BLOCK = 1 << 20
_LARGE = 64 << 20  # unpacked: from here on an xlsx is cut into windows; below, whole is as fast
_LARGEST_OLE = 256 << 20  # of an xls: 65,536 rows are less


def zip_tables(stream: BinaryIO, scratch: Path | None = None) -> Tables:
    """The workbook in a zip; FileStopped for any other zip. ``scratch``: see Scratch."""
    with broken_zip_is_damaged():
        archive = zipfile.ZipFile(stream)
        infos = archive.infolist()
    check_archive(infos)
    names = {info.filename for info in infos}
    if "xl/workbook.bin" in names or "xl/workbook.xml" in names:
        if "xl/workbook.bin" not in names and _held(infos) > _LARGE:
            with suppress(Uncut):
                return _cut_xlsx(stream, archive, scratch)
        return _tables("xlsx", *_xlsx(stream, archive))
    if "content.xml" in names:
        _check_held(infos)
        _check_sheet(archive, archive.getinfo("content.xml"))
        return _tables("ods", _calamine(stream))
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
    return _tables("xls", _calamine(stream))


# --- what must be known before calamine reads -------------------------------------------------


def check_archive(infos: list[zipfile.ZipInfo]) -> None:
    """Refuse archives that would fill the memory or the disk, or that ask for a password."""
    size = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos)
    if size > MAX_UNPACKED or len(infos) > 10_000 or size > MAX_RATIO * max(packed, 1) + _BLOCK:
        raise FileStopped(FileReason.TOO_LARGE, f"压缩包解开后有 {size / 2**20:,.0f} MB。")
    if any(info.flag_bits & 0x1 for info in infos):
        raise FileStopped(FileReason.PASSWORD_PROTECTED)


def _held(infos: list[zipfile.ZipInfo]) -> int:
    """Unpacked bytes of what calamine holds."""
    held = ("xl/worksheets/", "xl/sharedStrings.", "content.xml")
    return sum(info.file_size for info in infos if info.filename.startswith(held))


def _check_held(infos: list[zipfile.ZipInfo]) -> None:
    """Refuse a workbook that is too large to be held."""
    if (size := _held(infos)) > MAX_SHEETS:
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
        corner, limit = ods_corner, MAX_CELLS // 2  # a formula is kept beside each value
    elif info.filename.endswith((".xml", ".bin")):
        corner = xlsx_corner if info.filename.endswith(".xml") else xlsb_corner
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


# --- reading ----------------------------------------------------------------------------------


def _calamine(stream: BinaryIO) -> calamine.CalamineWorkbook:
    with damage_is_stopped():
        stream.seek(0)
        return calamine.CalamineWorkbook.from_filelike(stream)


def _xlsx(
    stream: BinaryIO, archive: zipfile.ZipFile
) -> tuple[calamine.CalamineWorkbook, dict[str, Errors]]:
    """The workbook, xlsx or xlsb, held by calamine, and the formula errors by sheet."""
    infos = archive.infolist()
    _check_held(infos)
    with_errors = {
        info.filename
        for info in infos
        if info.filename.startswith("xl/worksheets/") and _check_sheet(archive, info)
    }
    if "xl/workbook.bin" in archive.namelist():
        stream.seek(0)
        _check_survival(stream.read())
    with broken_zip_is_damaged():
        errors = errors_by_sheet(archive, with_errors)
    return _calamine(stream), errors


def _cut_xlsx(stream: BinaryIO, archive: zipfile.ZipFile, scratch: Path | None) -> Tables:
    """The same in windows, and held only where a sheet cannot be cut. Raises Uncut where no sheet
    can."""
    with broken_zip_is_damaged():
        book = CutWorkbook(archive, scratch)
    whole = cache(lambda: _xlsx(stream, archive))

    def sheet(name: str) -> _Opened:
        try:
            with broken_zip_is_damaged():
                opened = book.get_sheet_by_name(name)
            return opened, opened.errors
        except Uncut as uncut:
            if uncut.__cause__ and _held(archive.infolist()) > MAX_SHEETS:
                raise uncut.__cause__ from None
            held, errors = whole()
            return held.get_sheet_by_name(name), errors.get(name)

    return _tables_of("xlsx", book, sheet)


def _tables(
    kind: str, book: calamine.CalamineWorkbook, errors: Mapping[str, Errors] | None = None
) -> Tables:
    return _tables_of(
        kind, book, lambda name: (book.get_sheet_by_name(name), (errors or {}).get(name))
    )


_Opened = tuple[CutSheet | calamine.CalamineSheet, Errors | None]


def _tables_of(
    kind: str,
    book: calamine.CalamineWorkbook | CutWorkbook,
    sheet: Callable[[str], _Opened],
) -> Tables:
    sheet = cache(sheet)  # is parsed whole when it is asked for
    return Tables(
        kind,
        [
            Sheet(
                m.name,
                partial(_rows, sheet, m.name),
                m.visible != calamine.SheetVisibleEnum.Visible,
            )
            for m in book.sheets_metadata
            if m.typ == calamine.SheetTypeEnum.WorkSheet
        ],
    )


def _rows(sheet: Callable[[str], _Opened], name: str) -> Iterator[list[str]]:
    with damage_is_stopped():
        opened, errors = sheet(name)
        is_held = not isinstance(opened, CutSheet)  # as values; texts otherwise
        _, left = opened.start or (0, 0)  # the first column that is not blank
        merged = _merged_below(opened.merged_cell_ranges or ())
        told = errors() if errors else iter(())
        error = next(told, None)
        open_spans: dict[int, tuple[int, str]] = {}  # column → last row, text
        for number, row in enumerate(opened.iter_rows()):
            texts = row
            if is_held:
                texts = [cell if type(cell) is str else cell_text(cell) for cell in row]
            while error and error[0] <= number:
                column = error[1] - left
                if error[0] == number and 0 <= column < len(texts) and not texts[column]:
                    texts[column] = error[2]
                error = next(told, None)
            for column, (last, text) in list(open_spans.items()):
                texts[column] = texts[column] or text
                if number >= last:
                    del open_spans[column]
            for column, last in merged.get(number, ()):
                if 0 <= column - left < len(texts):
                    open_spans[column - left] = (last, texts[column - left])
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
