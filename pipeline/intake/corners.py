"""How far out a sheet's cells lie, told before calamine reads it.

calamine holds the rectangle up to the farthest cell, and aborts the process where it does not fit
in memory.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

MAX_CELLS = 40_000_000
"""Corner of a sheet (rows × columns); calamine holds the whole rectangle in memory."""
_BLOCK = 1 << 20
_FILLED = rb"[^<>]*(?<!/)>"
"""How the tag goes on of a cell that holds something: calamine leaves blank ones out."""
_FAR_CELL = re.compile(rb' r="(?:([A-Za-z]{2,})([0-9]+)|([A-Za-z]?)([0-9]{6,}))"' + _FILLED)
_VERY_FAR_CELL = re.compile(rb' r="(?:([A-Za-z]{2,})([0-9]+)|([A-Za-z]?)([0-9]{7,}))"' + _FILLED)
_FAR_CELL_ANYHOW = re.compile(
    rb"""\sr\s*=\s*["'](?:([A-Za-z]{2,})([0-9]+)|([A-Za-z]?)([0-9]{6,}))["']""" + _FILLED
)
_NOT_NEAR = re.compile(rb' r(?!="[A-Z]{0,2}[0-9]{1,6}")[=\s]')
_ANY_CELL = re.compile(rb"""\sr\s*=\s*["'](?:([A-Za-z]+)([0-9]+)|()([0-9]+))["']""" + _FILLED)
_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
_UNUSUAL = re.compile(rb' r(?=[ =])(?!=")')
"""How no program writes the attribute, though it may: the plain pattern is three times faster."""


def xlsx_corner(part: BinaryIO) -> tuple[int, int]:
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
        row, column = _reach(far.findall(data))
        last_row, last_column = max(last_row, row), max(last_column, column)
        if pattern:  # rows need not say where they are
            rows += len(_ROW.findall(block))
        tail = block[-256:]
    return max(last_row, rows), last_column


def are_near(rows: bytes) -> bool:
    """Whether no cell in some rows' XML lies past row 999,999 or column ZZ, told at a third of the
    cost of :func:`far_corner`; False where a look does not tell."""
    return not (_is_spaced(rows) or _NOT_NEAR.search(rows))


def far_corner(rows: bytes) -> tuple[int, int]:
    """Rows and columns up to the farthest cell past row 999,999 or column Z of some rows' XML;
    (0, 0) without one."""
    pattern = _FAR_CELL_ANYHOW if _is_unusual(rows) else _VERY_FAR_CELL
    return _reach(pattern.findall(rows))


def _reach(cells: list[tuple[bytes, bytes, bytes, bytes]]) -> tuple[int, int]:
    last_row = last_column = 0
    for wide, row, near, far_row in cells:
        column = 0
        for letter in (wide or near).upper()[:8]:
            column = column * 26 + letter - 64
        last_column = max(last_column, column)
        last_row = max(last_row, int((row or far_row)[:18]))
    return last_row, last_column


def _is_unusual(data: bytes) -> bool:
    return _is_spaced(data) or bool(_UNUSUAL.search(data))


def _is_spaced(data: bytes) -> bool:
    # One character is found in a tenth of the time of two, and mostly there is none.
    spaces = (mark for mark in (b"\t", b"\n", b"\r") if mark in data)
    return any(mark + b"r" in data for mark in spaces)


_ROW_RECORD = 0
_CELL_RECORDS = range(1, 12)  # BrtCellBlank … BrtFmlaError: column, then style and value


def xlsb_corner(part: BinaryIO) -> tuple[int, int]:
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


def ods_corner(part: BinaryIO) -> tuple[int, int]:
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
