"""A large xlsx, given to calamine in windows of some thousand rows.

calamine holds a whole sheet and all shared strings as values: 1 GiB at 400,000 rows. Here each
window is a small workbook of its own, made of the sheet's head and the XML of its rows as it
stands, so that what a cell means stays calamine's word. The texts of the rows then lie in a
:class:`Scratch` until they are asked for. So do the shared strings, which calamine reads once, as
cells.

Where the XML cannot be cut, or calamine finds fault with a window, :class:`Uncut` hands the sheet
back, to be read whole.
"""

import io
import re
import secrets
import zipfile
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from xml.sax.saxutils import escape

import orjson
import python_calamine as calamine

from pipeline.domain.outcome import FileReason, FileStopped
from pipeline.intake.cells import cell_text, damage_is_stopped
from pipeline.intake.cuts import Uncut, check_corner, cut, numbered
from pipeline.intake.workbook_errors import Errors, Watched, sheet_errors
from pipeline.store.scratch import Scratch

WINDOW = 2 << 20
"""Bytes of XML in a window: some thousand rows. calamine and the texts take ten times as much."""
_LARGEST_FRAME = 32 << 20
_MOST_CELLS_IN_ALL = 1 << 27  # 128 columns to the last row: stray cells may lie far out
_ROWS = b"<sheetData>"
_NONE_MERGED = b"<mergeCells></mergeCells>"
"""calamine reads a sheet twice, the second time up to where its list of merged cells ends."""
_CELL, _CELL_END = b'<row><c t="inlineStr"><is>', b"</is></c></row>"
_PIECE = 500  # rows laid down together: a shared string is written out wherever it stands
_GROUP = 64  # shared strings read together: the next ones are mostly wanted too
_SHEETS = "xl/worksheets/"
_FRAME = re.compile(r"\[Content_Types\]\.xml|(xl/)?_rels/.*|xl/(?!calcChain|(?i:shared))[^/]*\.xml")
_SHARED = re.compile("xl/sharedStrings[^/]*", re.IGNORECASE)
_ROWS_BEGIN = re.compile(rb"<sheetData(>|\s*/>)")
_STRINGS_BEGIN = re.compile(rb"<sst(\s[^<>]*)?>")
_SHARED_CELL = re.compile(rb' t="s"( [^<>]*><v>)')


class CutWorkbook:
    """What the reader asks of a ``calamine.CalamineWorkbook``.

    ``scratch``: the folder for the scratch file, see there. Raises Uncut, and what zipfile raises
    for an archive that is unsound.
    """

    def __init__(
        self, archive: zipfile.ZipFile, scratch: Path | None, window: int = WINDOW
    ) -> None:
        infos = {info.filename: info for info in archive.infolist()}
        frame = [name for name in infos if _FRAME.fullmatch(name)]
        size = sum(infos[name].file_size for name in frame)
        if len(infos) < len(archive.infolist()) or size > _LARGEST_FRAME:
            raise Uncut  # of two parts of one name, which one counts is not said
        self._archive = archive
        self._frame = {name: archive.read(name) for name in frame}
        self._window = window if 2 * size < WINDOW else 2 * size  # each is parsed with the frame
        self._scratch = Scratch(scratch)
        self._strings: _SharedStrings | None = None
        # calamine knows which part is which sheet: each says its name in a cell.
        parts = {
            name: _sheet_of(_CELL + b"<t>%s</t>" % escape(name).encode() + _CELL_END)
            for name in infos
            if name.startswith(_SHEETS) and "/_rels/" not in name
        }
        with _damage_is_uncut():
            self._index = self._book(parts)
            self.sheets_metadata = self._index.sheets_metadata

    def get_sheet_by_name(self, name: str) -> "CutSheet":
        with _damage_is_uncut():
            ((part,),) = self._index.get_sheet_by_name(name).to_python()
        if part not in self._archive.namelist():
            raise Uncut
        if self._strings is None:
            self._strings = self._read_strings(name, part)
        sheet = CutSheet(self._scratch)
        numbers = [0]
        with self._archive.open(part) as stream:
            watched = Watched(stream)
            for head, found, end in cut(watched, self._window, _ROWS_BEGIN, b"row", b"sheetData"):
                rows, numbers = numbered(found, numbers[-1])
                check_corner(rows, numbers)
                begin = head if end else head.replace(_ROWS, _NONE_MERGED + _ROWS)
                data = self._strings.mark(rows)
                xml = begin + data + (end or b"</sheetData></worksheet>")
                with _damage_is_uncut():
                    window = self._book({part: xml}).get_sheet_by_name(name)
                    values = window.to_python()
                sheet.take(window, values if data is rows else self._strings.put(values))
        if watched.has_errors:
            sheet.errors = partial(sheet_errors, self._archive, part)
        return sheet

    def _read_strings(self, name: str, part: str) -> "_SharedStrings":
        strings = _SharedStrings(self._scratch)
        shared = [name for name in self._archive.namelist() if _SHARED.fullmatch(name)]
        if len(shared) > 1:
            raise Uncut
        for source in shared:
            with self._archive.open(source) as stream:
                for _, items, _ in cut(stream, self._window, _STRINGS_BEGIN, b"si", b"sst"):
                    rows = items.replace(b"<si>", _CELL).replace(b"</si>", _CELL_END)
                    with _damage_is_uncut():
                        window = self._book({part: _sheet_of(rows)}).get_sheet_by_name(name)
                        texts = [text for (text,) in window.iter_rows()]
                    if len(texts) != items.count(b"<si"):
                        raise Uncut  # one of another form was left out
                    strings.extend(texts)
        return strings

    def _book(self, parts: dict[str, bytes]) -> calamine.CalamineWorkbook:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, data in (self._frame | parts).items():
                archive.writestr(name, data)
        out.seek(0)
        return calamine.CalamineWorkbook.from_filelike(out)


class CutSheet:
    """What the reader asks of a ``calamine.CalamineSheet``; the cells are texts."""

    def __init__(self, scratch: Scratch) -> None:
        self.start: tuple[int, int] | None = None
        self.merged_cell_ranges: list = []
        self.errors: Errors | None = None  # in formulas; calamine gives them as blank
        self._end = self._right = 0
        self._scratch = scratch
        self._pieces: list[tuple[int, int, int, int]] = []  # row, column, place and size

    def take(self, window: calamine.CalamineSheet, values: list[list]) -> None:
        """The next rows."""
        self.merged_cell_ranges = window.merged_cell_ranges or self.merged_cell_ranges
        if window.start is None:
            return
        (top, left), (bottom, right) = window.start, window.end
        if top < self._end:
            raise Uncut  # a row stands after one that it precedes
        for at in range(0, len(values), _PIECE):
            rows = values[at : at + _PIECE]
            data = orjson.dumps(
                [[v if type(v) is str else cell_text(v) for v in row] for row in rows]
            )
            self._pieces.append((top + at, left, self._scratch.append(data), len(data)))
        first, leftmost = self.start or (top, left)
        self.start = first, min(left, leftmost)
        self._end, self._right = bottom + 1, max(self._right, right)
        if self._end * (self._right + 1) > _MOST_CELLS_IN_ALL:
            raise Uncut

    def iter_rows(self) -> Iterator[list[str]]:
        """All rows from the top, from the first to the last column that any row fills."""
        row = 0
        for top, left, place, size in self._pieces:
            width = self._right + 1 - self.start[1]
            yield from ([""] * width for _ in range(row, top))
            texts = orjson.loads(self._scratch.read(place, size))
            before = [""] * (left - self.start[1])
            after = [""] * (width - len(before) - len(texts[0]))
            yield from ([*before, *cells, *after] for cells in texts) if before or after else texts
            row = top + len(texts)


class _SharedStrings:
    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._places = array("Q", [scratch.size])  # of each group, and of the next one
        self._rest: list[str] = []  # less than a group
        # Told from any text of the file, which knows nothing of it.
        self._mark = secrets.token_hex(4)

    def extend(self, texts: list[str]) -> None:
        texts = self._rest + texts
        whole = len(texts) // _GROUP * _GROUP
        for at in range(0, whole, _GROUP):
            self._scratch.append(orjson.dumps(texts[at : at + _GROUP]))
            self._places.append(self._scratch.size)
        self._rest = texts[whole:]

    def mark(self, rows: bytes) -> bytes:
        """The rows with texts of ours in place of the shared strings: the mark and the number.

        In a cell of another form calamine will miss its string.
        """
        if b' t="s"' not in rows:
            return rows
        mark = self._mark.encode()
        rows = rows.replace(b' t="s"><v>', b' t="str"><v>' + mark)
        if b' t="s" ' in rows:  # some programs write the style after the type
            rows = _SHARED_CELL.sub(rb' t="str"\g<1>' + mark, rows)
        return rows

    def put(self, values: list[list]) -> list[list]:
        """The values with the shared strings for the texts of ours."""
        marked = [v for v in set().union(*values) if type(v) is str and v.startswith(self._mark)]
        size = len(self._mark)
        strings: dict[str, str] = {}
        try:
            groups = sorted({int(text[size:]) // _GROUP for text in marked})
        except ValueError:
            raise Uncut from None
        for group in groups:
            numbers = map(str, range(group * _GROUP, (group + 1) * _GROUP))
            strings.update(zip(map(self._mark.__add__, numbers), self._group(group), strict=False))
        if not strings.keys() >= set(marked):
            raise Uncut from FileStopped(FileReason.DAMAGED, "工作簿内容无法解析。")
        return [list(map(strings.get, row, row)) for row in values]

    def _group(self, group: int) -> list[str]:
        if not 0 <= group < len(self._places) - 1:
            return self._rest if group == len(self._places) - 1 else []
        place, end = self._places[group : group + 2]
        return orjson.loads(self._scratch.read(place, end - place))


@contextmanager
def _damage_is_uncut() -> Iterator[None]:
    try:
        with damage_is_stopped():
            yield
    except FileStopped as damaged:
        raise Uncut from damaged


def _sheet_of(rows: bytes) -> bytes:
    return b"<worksheet>%s%s%s</sheetData></worksheet>" % (_NONE_MERGED, _ROWS, rows)
