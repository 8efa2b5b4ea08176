"""Cells of an xlsx that hold a formula error: calamine gives them as blank as any other blank."""

import html
import re
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from posixpath import join, normpath
from typing import BinaryIO

Errors = Callable[[], Iterator[tuple[int, int, str]]]
"""Each error of a sheet from its top: row and column, both from 0, and the word shown."""

_BLOCK = 1 << 20
_LONGEST_CELL = 1 << 20
_MARKS = b't="e"', b"t='e'"
_SMALL = 16 << 20
_CELL = re.compile(
    rb"<(?:\w+:)?c\s(?P<says>[^<>]{0,200}\bt=[\"']e[\"'][^<>]{0,200}(?<!/))>(?:(?!<(?:\w+:)?c\s).)*?"
    rb"<(?:\w+:)?v>(?P<word>[^<]{1,40})<",
    re.DOTALL,
)
_PLACE = re.compile(rb"\br=[\"']([A-Z]{1,3})([0-9]{1,7})[\"']")
_TAG = re.compile(rb"<(?:\w+:)?(sheet|Relationship)\s([^>]*)>")
_SAID = re.compile(rb"([\w:]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


class Watched:
    """A sheet's part that notes, while something else reads it, whether errors are in it."""

    def __init__(self, part: BinaryIO) -> None:
        self._part, self._tail, self.has_errors = part, b"", False
        self.seek = part.seek

    def read(self, size: int) -> bytes:
        block = self._part.read(size)
        # The one look costs a hundredth of what unpacking the block does.
        seam = self._tail + block[:4]
        self.has_errors |= any(mark in block or mark in seam for mark in _MARKS)
        self._tail = (self._tail + block[-4:])[-4:]
        return block


def errors_by_sheet(archive: zipfile.ZipFile, parts: set[str]) -> dict[str, Errors]:
    """Sheet's name → its errors, of the ``parts`` in which :class:`Watched` noted some."""
    if not parts:
        return {}
    targets = {
        said["Id"]: normpath(join("/xl", said.get("Target", ""))).lstrip("/")
        for said in _said(archive, "xl/_rels/workbook.xml.rels", b"Relationship")
        if "Id" in said
    }
    named = {
        html.unescape(said.get("name", "")): targets.get(said.get("id", ""))
        for said in _said(archive, "xl/workbook.xml", b"sheet")
    }
    return {
        name: partial(sheet_errors, archive, part) for name, part in named.items() if part in parts
    }


def _said(archive: zipfile.ZipFile, part: str, tag: bytes) -> Iterator[dict[str, str]]:
    """What the tags of a part say, by name without its prefix."""
    try:
        with archive.open(part) as stream:
            data = stream.read(_SMALL)
    except KeyError:
        return
    for name, said in _TAG.findall(data):
        if name == tag:
            yield {
                key.decode().rpartition(":")[2]: (one or other).decode("utf-8", "replace")
                for key, one, other in _SAID.findall(said)
            }


def sheet_errors(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[int, int, str]]:
    """The errors of a sheet's part, see Errors."""
    rest = b""
    with archive.open(part) as stream:
        while block := stream.read(_BLOCK):
            data = rest + block
            last = max(data.rfind(b"<c "), data.rfind(b":c "))
            cut = max(data.rfind(b"<", 0, last + 1), 0)
            yield from _errors_in(data[:cut])
            rest = data[cut:] if len(data) - cut < _LONGEST_CELL else b""
        yield from _errors_in(rest)


def _errors_in(data: bytes) -> Iterator[tuple[int, int, str]]:
    for cell in _CELL.finditer(data):
        if place := _PLACE.search(cell["says"]):
            column = 0
            for letter in place[1]:
                column = column * 26 + letter - 64
            yield int(place[2]) - 1, column - 1, cell["word"].decode("utf-8", "replace")
