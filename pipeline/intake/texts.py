"""Tables written as text: csv and its kin in any usual encoding, and html."""

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import BinaryIO

from pipeline.domain.outcome import FileReason, FileStopped
from pipeline.intake.sheets import Sheet, Tables

CELL_LIMIT = 1 << 20
"""Characters of one cell; more means a quotation mark that never closes."""
LINE_LIMIT = 16 << 20
"""Bytes of one line; a file without line ends would be one row that fills the memory."""
MAX_HTML = 256 << 20
MAX_HTML_CELLS = 20_000_000
_WINDOW = CELL_LIMIT // 4
_SAMPLE = 1 << 18
_BLOCK = 1 << 20
_HTML = re.compile(
    r"\s*(?:<!--.*?-->\s*)*(?:<!doctype html|<html|<table|<meta|<head|<style|<div|<body"
    r"|<\?xml[^>]*>\s*(?:<!doctype html[^>]*>\s*)?<html)",
    re.IGNORECASE | re.DOTALL,
)
_OTHER_MARKUP = {
    "urn:schemas-microsoft-com:office:spreadsheet": "XML 电子表格(2003)",
    "MIME-Version:": "网页存档(mht)",
}


def text_tables(stream: BinaryIO) -> Tables:
    """The table of a text file. Raises FileStopped where it holds none."""
    encoding = _find_encoding(stream)
    stream.seek(0)
    head = stream.read(_SAMPLE).decode(encoding, "replace").lstrip("\ufeff")
    for mark, what in _OTHER_MARKUP.items():
        if mark in head[:2000]:
            raise FileStopped(FileReason.NOT_A_TABLE, f"文件是{what},请打开后另存为 xlsx。")
    if _HTML.match(head):
        return _html_tables(stream, encoding)
    delimiters = [mark for mark in ",\t;|" if mark in head]
    if not delimiters:
        raise FileStopped(FileReason.NOT_A_TABLE, "文件是没有分列的文字。")
    sheets = [
        Sheet(
            "",
            lambda mark=mark: _text_rows(stream, encoding, mark),
            delimiter=mark,
            check=lambda mark=mark: _check_rows(stream, encoding, mark),
        )
        for mark in delimiters
    ]
    return Tables("text", sheets, alternatives=True, encoding=encoding)


# --- encodings --------------------------------------------------------------------------------


def _find_encoding(stream: BinaryIO) -> str:
    """UTF-8, UTF-16 or GB18030, by byte order mark or by which decodes with the fewest faults.

    Reads on while there are only ASCII bytes. Raises FileStopped where none fits.
    """
    sample = stream.read(_SAMPLE)
    if sample.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if 0 in sample[:4096]:  # in text only UTF-16 has zeros, and where Latin is rare few of them
        for encoding in ("utf-16-le", "utf-16-be"):
            text = sample[:4096].decode(encoding, "replace")
            if len(_USUAL.findall(text)) > 0.9 * len(text):
                return encoding
    while sample.isascii() and (block := stream.read(_BLOCK)):
        sample = block
    faults = {name: _faults(sample, name) for name in ("utf-8", "gb18030")}
    encoding = min(faults, key=faults.get)
    if faults[encoding] * 50 > len(sample) or sample.count(0) * 50 > len(sample):
        controls = sum(map(sample.count, range(9)))
        if controls * 100 > len(sample):
            raise FileStopped(FileReason.NOT_A_TABLE, "文件是二进制数据。")
        raise FileStopped(FileReason.ENCODING)
    return encoding


_USUAL = re.compile("[\t\r\n -~\u00a0\u00b7\u2000-\u206f\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
# Private-use characters are what other code pages look like when read as GB18030.
_FAULT = re.compile("[\ue000-\uf8ff\ufffd]")


def _faults(sample: bytes, encoding: str) -> int:
    # The sample may begin or end within a character: that is at most a fault or two.
    return len(_FAULT.findall(sample.decode(encoding, "replace")))


# --- delimited text ---------------------------------------------------------------------------


def _text_rows(stream: BinaryIO, encoding: str, delimiter: str) -> Iterator[list[str]]:
    stream.seek(0)
    bounded = io.BufferedReader(_BoundedLines(stream), 1 << 16)
    text = io.TextIOWrapper(bounded, encoding, errors="replace", newline="")
    # The limit belongs to the process, so it is set at each use and never lowered.
    csv.field_size_limit(max(CELL_LIMIT, csv.field_size_limit()))
    reader = csv.reader(text, delimiter=delimiter)
    try:
        yield from reader
    except csv.Error as error:
        raise FileStopped(
            FileReason.DAMAGED, f"第 {reader.line_num} 行附近的引号不配对，无法分列。"
        ) from error


def _check_rows(stream: BinaryIO, encoding: str, delimiter: str) -> None:
    """Raises the FileStopped that :func:`_text_rows` would raise on its way."""
    if not _surely_splits(stream, encoding):
        deque(_text_rows(stream, encoding, delimiter), maxlen=0)


_ODD_QUOTES = re.compile(rb'(?<=[^"])"(?:"")*(?=[^"])')


def _surely_splits(stream: BinaryIO, encoding: str) -> bool:
    """Whether no cell can reach the limit, told at a tenth of the cost of splitting.

    A cell is a quoted part, which an odd number of quotation marks ends, and a part that a line
    end ends; either may be missing. So it is shorter than four windows of which each holds both.
    Before the file's first quotation mark nothing is quoted.
    """
    if encoding.startswith("utf-16"):
        return False
    stream.seek(0)
    quoted = False
    while len(window := stream.read(_WINDOW)) == _WINDOW:
        quoted = quoted or b'"' in window
        if b"\n" not in window or (quoted and not _ODD_QUOTES.search(window)):
            return False
    return True


class _BoundedLines(io.RawIOBase):
    """The bytes of a stream, which stays open; a line longer than LINE_LIMIT is FileStopped."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._since_line_end = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        line_end = max(data.rfind(b"\n"), data.rfind(b"\r"))
        if line_end >= 0:
            self._since_line_end = len(data) - line_end
        else:
            self._since_line_end += len(data)
        if self._since_line_end > LINE_LIMIT:
            raise FileStopped(FileReason.DAMAGED, "文件里有一行过长，疑似缺少换行。")
        return len(data)


# --- html -------------------------------------------------------------------------------------


class _HtmlTable:
    """Rows of one table. A cell over several columns is followed by blanks; one over several rows
    stands in each of them.
    """

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self._due: dict[int, tuple[int, str]] = {}  # column → rows left, text, for this row
        self._below: dict[int, tuple[int, str]] = {}  # for the next

    def begin_row(self) -> None:
        for column in sorted(self._due):  # beyond the last cell of the row before
            self.rows[-1] += [""] * (column - len(self.rows[-1]))
            self._fill()
        self.rows.append([])
        self._due, self._below = self._below, {}
        self._fill()

    def add(self, text: str, across: int, down: int) -> None:
        if not self.rows:
            self.begin_row()
        for cell in (text, *[""] * (across - 1)):
            self._put(cell, down - 1)
        self._fill()

    def _fill(self) -> None:
        while due := self._due.pop(len(self.rows[-1]), None):
            left, text = due
            self._put(text, left - 1)

    def _put(self, text: str, left: int) -> None:
        if left > 0:
            self._below[len(self.rows[-1])] = (left, text)
        self.rows[-1].append(text)


class _HtmlTables(HTMLParser):
    """Every table of a page; the cells of a nested table belong to its own rows."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[_HtmlTable] = []
        self._open: list[_HtmlTable] = []
        self._cell: list[str] | None = None
        self._spans = (1, 1)
        self._cells = 0

    def handle_starttag(self, tag: str, attrs: list) -> None:
        if tag in {"table", "tr", "td", "th"}:
            self._close_cell()
        if tag == "table":
            self._open.append(_HtmlTable())
            self.tables.append(self._open[-1])
        elif tag == "tr" and self._open:
            self._open[-1].begin_row()
        elif tag in {"td", "th"} and self._open:
            self._cell = []
            told = dict(attrs)
            self._spans = (_span(told.get("colspan"), 64), _span(told.get("rowspan"), 1000))
        elif tag in {"br", "p"} and self._cell is not None:
            self._cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th", "tr", "table"}:
            self._close_cell()
        if tag == "table" and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def _close_cell(self) -> None:
        if self._cell is not None and self._open:
            self._open[-1].add("".join(self._cell).strip(), *self._spans)
            self._cells += self._spans[0]
            if self._cells > MAX_HTML_CELLS:
                raise FileStopped(FileReason.TOO_LARGE, "网页格式的表格过大。")
        self._cell = None


def _span(told: str | None, most: int) -> int:
    return min(int(told), most) or 1 if told and told.isdecimal() and told.isascii() else 1


def _html_tables(stream: BinaryIO, encoding: str) -> Tables:
    stream.seek(0)
    data = stream.read(MAX_HTML + 1)
    if len(data) > MAX_HTML:
        raise FileStopped(FileReason.TOO_LARGE, "网页格式的表格过大。")
    parser = _HtmlTables()
    try:
        parser.feed(data.decode(encoding, "replace"))
        parser.close()
    except AssertionError as error:  # html.parser's word for a malformed declaration
        raise FileStopped(FileReason.DAMAGED, "网页格式无法解析。") from error
    if not parser.tables:
        raise FileStopped(FileReason.NOT_A_TABLE, "文件是网页，其中没有表格。")
    sheets = [
        Sheet(f"表{number}", lambda rows=table.rows: iter(rows))
        for number, table in enumerate(parser.tables, 1)
    ]
    return Tables("html", sheets, encoding=encoding)
