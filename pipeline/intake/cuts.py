"""Cutting the XML of a large xlsx between two rows, without parsing it.

XML as programs write it can be cut so. Where a look shows any other, :class:`Uncut` says so: what
a bracket is, in a comment or CDATA, under a prefix or in another encoding, only a parser tells.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from pipeline.intake.corners import are_near, far_corner

_LONGEST_ROW = 16 << 20
_LARGEST_END = 256 << 20  # what follows the rows: merged cells, links, validations
_LARGEST_HEAD = 4 << 20
_MOST_CELLS = 8_000_000  # of a window's rectangle: blank rows may lie between two of its rows
_LAST_ROW = 1_048_576
_NEAR_COLUMNS = 702  # A–ZZ
_ROW = re.compile(rb"<row([^<>]*)>")
_PREFIX = re.compile(rb"""xmlns:[\w.-]+\s*=\s*["'][^"'<>]*/spreadsheetml/(?:2006/)?main["']""")
_PLAIN = re.compile(rb'(?:\s+[\w:.-]+="[^"]*")*\s*/?')
_NUMBER = re.compile(rb'\sr="([^"]*)"')


class Uncut(Exception):
    """The sheet cannot be cut, or not be read so. Its cause is calamine's verdict, if any."""


def cut(
    stream: BinaryIO, size: int, begin: re.Pattern, item: bytes, within: bytes
) -> Iterator[tuple[bytes, bytes, bytes]]:
    """A part's head, up to where ``begin`` ends, and some ``size`` bytes of whole items at a time;
    the last time the part's end too, otherwise b"". ``within``: the element that holds the items.
    """
    head, rest = b"", b""
    while not (found := begin.search(head)):
        if len(head) > _LARGEST_HEAD or not (block := stream.read(min(size, 1 << 14))):
            raise Uncut
        head += block
    head, rest = head[: found.end()], head[found.end() :]
    close = b"</" + within
    if head.endswith(b"/>"):
        head, rest = head[:-2].rstrip() + b">", close + b">" + rest
    if _PREFIX.search(head):
        raise Uncut
    while (end := rest.find(close)) < 0:
        if (at := rest.rfind(b"<" + item)) > 0:
            yield head, _plain(rest[:at]), b""
            rest = rest[at:]
        if len(rest) > _LONGEST_ROW or not (block := stream.read(size)):
            raise Uncut
        rest += block
    last = rest[end:] + stream.read(_LARGEST_END)
    if stream.read(1):
        raise Uncut
    yield head, _plain(rest[:end]), last


def _plain(items: bytes) -> bytes:
    """The items. Raises Uncut where a tag may be none: in a comment, in CDATA.

    One character is found in a tenth of the time of two, and mostly there is none.
    """
    if (b"!" in items and b"<!" in items) or (b"?" in items and b"<?" in items):
        raise Uncut
    return items


def check_corner(rows: bytes, numbers: list[int]) -> None:
    """Raises Uncut where calamine's rectangle for the rows would be too large."""
    height = max(numbers) - min(numbers) + 1
    if height * _NEAR_COLUMNS > _MOST_CELLS or not are_near(rows):
        row, columns = far_corner(rows)
        height = max(row, *numbers) - min(numbers) + 1
        if height * max(columns, 26) > _MOST_CELLS:
            raise Uncut


def numbered(rows: bytes, last: int) -> tuple[bytes, list[int]]:
    """The rows, of which the first says its number, and the numbers: ``last``, which is of the row
    before, and theirs. As for calamine, a row that says none follows the one before.
    """
    numbers = [last]
    tags = _ROW.findall(rows)
    for said in tags:
        if said.startswith(b' r="'):
            number = said[4 : said.index(b'"', 4)]
        elif _PLAIN.fullmatch(said):
            found = _NUMBER.search(said)
            number = found[1] if found else b"%d" % (last + 1)
        else:
            raise Uncut
        if not number.isdigit() or (last := int(number)) > _LAST_ROW:
            raise Uncut
        numbers.append(last)
    if tags and rows.startswith(b"<row") and not _NUMBER.search(tags[0]):
        rows = b'<row r="%d"' % numbers[1] + rows[len("<row") :]
    return rows, numbers
