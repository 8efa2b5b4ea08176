"""Opening an export: which layout it is, where its headings are, and its data rows in chunks."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from pipeline.domain.outcome import FileReason, FileStopped
from pipeline.domain.privacy import mask_text
from pipeline.domain.text import clean, clean_code
from pipeline.domain.ticket import Hotline
from pipeline.intake.layouts import Layout, Match, load_layouts, load_words
from pipeline.intake.periods import find_period
from pipeline.intake.sheets import Sheet, Tables
from pipeline.intake.tables import open_tables
from pipeline.intake.values import FORMULA_ERROR

SHEET_ROWS = {65_536: "xls", 1_048_576: "xlsx"}
"""Rows that a sheet can hold: there exports are cut off without a word (domain B7.16), and stay
so when they are saved in another format."""
REPAIR_HEADINGS = "隔离编号", "版式"
"""Of the sheets that intake.quarantine exports for repair."""
_BEFORE = timedelta(days=31)
"""How far back the days of an export may lie that tells only its last one."""
_MIN_RECOGNISED = 3
_SEARCHED = 15  # rows for headings that no layout knows
_LONGEST_LIKELY = 20  # characters of one
_LONGEST_SHOWN = 60  # characters of a heading
_MOST_SHOWN = 30  # headings in a sentence


@dataclass(slots=True)
class RawChunk:
    """Data rows as received. ``columns`` hold text, one list for each heading.

    ``row_no`` counts the data rows of the file from 1; ``source_row`` is the row as the
    spreadsheet counts it. ``surplus``: index in the chunk → filled cells beyond the headings.
    ``broken``: rows whose cells do not fit the headings: those with a surplus, and those in which
    a stray quotation mark swallowed other rows.
    """

    headings: list[str]
    row_no: list[int]
    sheet: str
    source_row: list[int]
    columns: list[list[str]]
    layout: str
    surplus: dict[int, list[str]] = field(default_factory=dict)
    broken: set[int] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.row_no)

    def row(self, i: int) -> dict[str, str]:
        """One row by heading; surplus cells as 多余单元格1 …"""
        cells = {h: column[i] for h, column in zip(self.headings, self.columns, strict=True)}
        extra = self.surplus.get(i, [])
        return cells | {f"多余单元格{n}": cell for n, cell in enumerate(extra, 1)}


@dataclass(slots=True)
class Header:
    """Where the headings of a sheet are: rows before them, rows of them, and how they match."""

    first: int  # index of the first heading row
    depth: int  # 1, or 2 where a second row divides merged headings
    headings: list[str]
    match: Match
    above: list[str]  # texts of the title rows

    @property
    def score(self) -> tuple:
        return (*self.match.score, -self.depth, -self.first)


@dataclass
class Export:
    """An opened, recognised export. ``chunks()`` may be called again; it reads from the start."""

    layout: str
    hotline: Hotline
    headings: dict[str, object]
    period_start: date | None
    period_end: date | None
    warnings: list[str]
    _parts: list[tuple[Sheet, Header]] = field(repr=False, default_factory=list)

    @property
    def period(self) -> tuple[date, date] | None:
        """The days from which a day without its year (11月3日) takes it; None: from none."""
        if not self.period_end:
            return None
        return self.period_start or self.period_end - _BEFORE, self.period_end

    def chunks(self, size: int = 5000) -> Iterator[RawChunk]:
        """The data rows, blank, total and 制表人 rows left out.

        ``warnings`` may grow.
        """
        number = last = 0
        for sheet, header in self._parts:
            for chunk in _sheet_chunks(sheet, header, size, number):
                number, last = chunk.row_no[-1], chunk.source_row[-1]
                yield chunk
            if last in SHEET_ROWS:
                where = f"工作表「{shown(sheet.name)}」" if sheet.name else "表格"
                self._warn(
                    f"{where}恰到 {SHEET_ROWS[last]} 格式的上限 {last} 行，"
                    "之后的数据可能被平台截断，请分段导出。"
                )

    def _warn(self, message: str) -> None:
        if message not in self.warnings:
            self.warnings.append(message)


def open_export(stream: BinaryIO, name: str, scratch: Path | None = None) -> Export:
    """Recognise an export by its headings.

    ``stream``: binary and seekable, kept open while chunks are read. ``name``: the file's name,
    used only for a period the file itself does not tell and to settle a tie of layouts.
    ``scratch``: the folder for what does not fit in memory, see Scratch. Raises FileStopped with a
    Chinese detail where the file cannot be read as an export to its very end: rows of a file are
    stored while later ones are being read.
    """
    tables = open_tables(stream, scratch)
    found = _find_headers(tables, name)
    if any(set(REPAIR_HEADINGS) <= set(header.headings) for _, header in found):
        # Its other headings are an export's, and its cells are masked.
        raise FileStopped(
            FileReason.NO_REPAIR, "这是隔离区导出的修复表，请用 hotline quarantine replay 重放。"
        )
    good = [(sheet, header) for sheet, header in found if not header.match.missing]
    if not good:
        raise _unrecognised(tables, found)
    if len({header.match.layout.name for _, header in good}) > 1:
        kinds = "、".join(sorted({header.match.layout.name_zh for _, header in good}))
        raise FileStopped(
            FileReason.UNKNOWN_LAYOUT, f"一个文件里有几种报表（{kinds}），请分开导出。"
        )
    good = [(sheet, header) for sheet, header in good if _has_data(sheet, header)]
    if not good:
        raise FileStopped(FileReason.NO_DATA_ROWS)
    for sheet, _ in good:
        sheet.check()
    return _export(tables, good, name)


def best_header(stream: BinaryIO, name: str, layouts: Sequence[Layout] = ()) -> Header:
    """The headings of a file that fit any layout best, be they enough for it or not.

    ``layouts``: those to try, or else all. Raises FileStopped where the file has no table, or no
    row that looks like headings.
    """
    tables = open_tables(stream)
    if not (found := _find_headers(tables, name, layouts)):
        raise _unrecognised(tables, found)
    return max((header for _, header in found), key=lambda header: header.score)


def headings_and_rows(stream: BinaryIO, name: str, count: int) -> tuple[list[str], list[list[str]]]:
    """The headings of a file, and its first ``count`` rows, as wide as they.

    The headings that fit a layout best; where none fits, the first row that holds nothing but
    short texts, each another. Raises FileStopped where there is no such row.
    """
    tables = open_tables(stream)
    found = _find_headers(tables, name)
    if found:
        sheet, header = max(found, key=lambda part: part[1].score)
        headings, below = header.headings, header.first + header.depth
    else:
        told = [(*place, sheet) for sheet in tables.sheets if (place := _first_short_texts(sheet))]
        if not told:
            raise _unrecognised(tables, found)
        headings, below, sheet = max(told, key=lambda place: len(place[0]))
    rows = (row for row in islice(sheet.rows(), below, None) if any(row))
    width = len(headings)
    return headings, [(row + [""] * width)[:width] for row in islice(rows, count)]


def _first_short_texts(sheet: Sheet) -> tuple[list[str], int] | None:
    rows = [[clean_code(cell) or "" for cell in row] for row in islice(sheet.rows(), _SEARCHED)]
    width = max((sum(map(bool, row)) for row in rows), default=0)
    for index, row in enumerate(rows):
        texts = list(filter(None, row))
        if (
            len(texts) >= max(_MIN_RECOGNISED, width * 2 // 3)
            and len(set(texts)) == len(texts)
            and all(len(text) <= _LONGEST_LIKELY and not text[0].isdigit() for text in texts)
        ):
            return _headings([row]), index + 1
    return None


def _find_headers(
    tables: Tables, name: str, layouts: Sequence[Layout] = ()
) -> list[tuple[Sheet, Header]]:
    layouts = layouts or load_layouts()
    found = [
        (sheet, header) for sheet in tables.sheets if (header := _find_header(sheet, name, layouts))
    ]
    if tables.alternatives and found:
        return [max(found, key=lambda part: part[1].score)]
    return found


def _export(tables: Tables, parts: list[tuple[Sheet, Header]], name: str) -> Export:
    layout = parts[0][1].match.layout
    summary: dict[str, object] = parts[0][1].match.as_json()
    for _, header in parts[1:]:
        more = header.match.as_json()
        summary["mapped"] = more["mapped"] | summary["mapped"]
        for key in ("ignored", "unknown"):
            summary[key] += [h for h in more[key] if h not in summary[key]]
    warnings = list(tables.warnings)
    summary["unknown"] = list(map(shown, summary["unknown"]))
    if summary["unknown"]:
        warnings.append(mask_text(f"未识别的列（未导入）：{_listed(summary['unknown'])}"))
    read = {id(sheet) for sheet, _ in parts}
    for sheet in tables.sheets if not tables.alternatives else ():
        if id(sheet) not in read and next(filter(any, sheet.rows()), None):
            warnings.append(f"工作表「{shown(sheet.name)}」没有可识别的列标题，未读取。")
        elif id(sheet) in read and sheet.is_hidden:
            warnings.append(f"工作表「{shown(sheet.name)}」是隐藏的，已一并读取。")
    titles = [text for _, header in parts for text in header.above]
    told = [other for other in load_layouts() if _marked(other, " ".join([*titles, name]))]
    if told and layout not in told:
        warnings.append(
            f"标题或文件名像是「{told[0].name_zh}」，列标题只合「{layout.name_zh}」，"
            "已按后者读取，请核对来源。"
        )
    start, end = find_period(titles) or find_period([name]) or (None, None)
    return Export(layout.name, layout.hotline, summary, start, end, warnings, parts)


def _unrecognised(tables: Tables, found: list[tuple[Sheet, Header]]) -> FileStopped:
    if not found:
        if not any(any(map(any, islice(sheet.rows(), 1000))) for sheet in tables.sheets):
            return FileStopped(FileReason.EMPTY, "表格里没有任何内容。")
        if tables.kind == "text" and not any(
            sum(len(row) > 2 for row in islice(sheet.rows(), 20)) >= 2 for sheet in tables.sheets
        ):
            return FileStopped(FileReason.NOT_A_TABLE, "文件是没有分列的文字。")
        return FileStopped(FileReason.UNKNOWN_LAYOUT, "前若干行里没有找到列标题。")
    _, header = max(found, key=lambda part: part[1].score)
    layout = header.match.layout
    missing = "、".join(_name_zh(layout, field_name) for field_name in header.match.missing)
    return FileStopped(
        FileReason.UNKNOWN_LAYOUT,
        f"最接近的版式是「{layout.name_zh}」（{layout.name}），缺少列：{missing}。"
        + mask_text(f"文件中的列：{_listed([shown(h) for h in header.headings])}。"),
    )


def shown(heading: str, longest: int | None = _LONGEST_SHOWN) -> str:
    """A file's own heading or name of a sheet as it may be shown: where the headings are missing,
    a caller's phone stands in their place.
    """
    return mask_text(heading[:longest]) + ("…" if longest and len(heading) > longest else "")


def _listed(headings: list[str]) -> str:
    more = f"等 {len(headings)} 列" if len(headings) > _MOST_SHOWN else ""
    return "、".join(headings[:_MOST_SHOWN]) + more


def _name_zh(layout: Layout, field_name: str) -> str:
    headings = list(layout.fields[field_name].all())
    return f"{headings[0]}（或{'、'.join(headings[1:4])}等）" if len(headings) > 1 else headings[0]


# --- the header -------------------------------------------------------------------------------


def _find_header(sheet: Sheet, file_name: str, layouts: Sequence[Layout]) -> Header | None:
    """The rows of the sheet that read best as headings of a layout; None where none does."""
    depth = max(layout.header_depth for layout in layouts)
    rows = [[clean(cell) or "" for cell in row] for row in islice(sheet.rows(), depth + 1)]
    best: Header | None = None
    for index in range(min(len(rows), depth)):
        above = [cell for row in rows[:index] for cell in row if cell]
        for header_depth in (1, 2):
            if index + header_depth > len(rows) or sum(map(bool, rows[index])) < _MIN_RECOGNISED:
                continue
            headings = _headings(rows[index : index + header_depth])
            for layout in layouts:
                match = layout.match(headings)
                if sum(map(len, match.mapped.values())) < _MIN_RECOGNISED:
                    continue
                header = Header(index, header_depth, headings, match, above)
                if best is None or _beats(header, best, file_name):
                    best = header
    return best


def _beats(one: Header, other: Header, file_name: str) -> bool:
    """Where two layouts fit, the one whose hotline the title or the file's name tells."""
    if one.first == other.first and not (one.match.missing or other.match.missing):
        words = " ".join([*one.above, file_name])
        marked = _marked(one.match.layout, words), _marked(other.match.layout, words)
        if len(set(marked)) > 1:
            return marked[0]
    return one.score > other.score


def _marked(layout: Layout, words: str) -> bool:
    return any(mark in words for mark in layout.marks)


def _headings(rows: list[list[str]]) -> list[str]:
    """One heading per column; of two heading rows the lower divides the (merged) upper one.

    Trailing blank columns are cut, blank ones within get 列N, repeated ones a number.
    """
    texts = [clean_code(cell) or "" for cell in rows[0]]
    if len(rows) == 2:
        lower = [clean_code(cell) or "" for cell in rows[1]]
        width = max(len(texts), len(lower))
        texts += [""] * (width - len(texts))
        lower += [""] * (width - len(lower))
        parent = ""
        for column in range(width):
            parent = texts[column] or (parent if lower[column] else "")
            if lower[column] and parent:
                stem = re.sub("(?:情况|信息|内容)$", "", parent)
                texts[column] = (
                    lower[column] if lower[column].startswith(stem) else stem + lower[column]
                )
            elif lower[column]:
                texts[column] = lower[column]
    while texts and not texts[-1]:
        texts.pop()
    seen: dict[str, int] = {}
    for column, text in enumerate(texts):
        name = text or f"列{column + 1}"
        seen[name] = seen.get(name, 0) + 1
        texts[column] = name if seen[name] == 1 else f"{name}#{seen[name]}"
    return texts


# --- the rows ---------------------------------------------------------------------------------


def _has_data(sheet: Sheet, header: Header) -> bool:
    return next(_data_rows(sheet, header), None) is not None


def _data_rows(sheet: Sheet, header: Header) -> Iterator[tuple[int, list[str]]]:
    """(row as the spreadsheet counts it, cells) of each data row under the headings."""
    is_extra = _ExtraRows(header)
    rows = enumerate(sheet.rows(), 1)
    for source_row, row in islice(rows, header.first + header.depth, None):
        # Most rows begin with a running number or a ticket number.
        if (row and row[0].isdigit()) or (any(row) and not is_extra(row)):
            yield source_row, row


class _ExtraRows:
    """Tells rows that are no data: blank ones, totals, 制表人, the headings once more, rows of
    formula errors.

    A total is known by the row's first filled cell, unless that is the content: a row with
    nothing before its content is a damaged ticket, not a total.
    """

    def __init__(self, header: Header) -> None:
        match = header.match
        words = load_words().with_own(match.layout.words).footer
        self._footer = re.compile(f"(?:{'|'.join(map(re.escape, words))})(?:[:\uff1a\\s(\uff08]|$)")
        self._headings = set(header.headings)
        self._content = {
            header.headings.index(heading) for heading in match.mapped.get("content", ())
        }
        self._telling = self._content | {
            header.headings.index(heading)
            for name in ("ticket_no", "accepted_at")
            for heading in match.mapped.get(name, ())
        }

    def __call__(self, row: list[str]) -> bool:
        column, first = next(
            ((i, cell) for i, cell in enumerate(row) if cell and not cell.isspace()), (-1, "")
        )
        if not first:
            return True
        if FORMULA_ERROR.fullmatch(first) and self._only_errors(row):
            return True
        if column not in self._content and self._footer.match("".join(first.split())):
            return True
        if clean_code(first) not in self._headings:
            return False
        codes = {code for cell in row if (code := clean_code(cell))}
        return len(codes) > 2 and codes <= self._headings

    def _only_errors(self, row: list[str]) -> bool:
        """A column's formula drawn down further than the tickets go."""
        filled = {at for at, cell in enumerate(row) if cell and not cell.isspace()}
        return not filled & self._telling and all(FORMULA_ERROR.fullmatch(row[at]) for at in filled)


def _sheet_chunks(sheet: Sheet, header: Header, size: int, number: int) -> Iterator[RawChunk]:
    width = len(header.headings)
    rows = _data_rows(sheet, header)
    while batch := list(islice(rows, size)):
        source_rows, cells = map(list, zip(*batch, strict=True))
        surplus: dict[int, list[str]] = {}
        if set(map(len, cells)) != {width}:
            for i, row in enumerate(cells):
                if len(row) > width and any(map(clean, row[width:])):
                    surplus[i] = row[width:]
                if len(row) != width:
                    cells[i] = row[:width] + [""] * (width - len(row))
        columns = list(map(list, zip(*cells, strict=True)))
        yield RawChunk(
            headings=header.headings,
            row_no=list(range(number + 1, number + 1 + len(cells))),
            sheet=sheet.name,
            source_row=source_rows,
            columns=columns,
            layout=header.match.layout.name,
            surplus=surplus,
            broken=set(surplus) | _swallowing(columns, sheet.delimiter),
        )
        number += len(cells)


def _swallowing(columns: list[list[str]], delimiter: str | None) -> set[int]:
    """Rows with a cell that looks like whole rows of the file."""
    width = len(columns)
    if delimiter is None or width < 4:
        return set()
    return {
        i
        for column in columns
        if "\n" in "".join(column)  # one look at a column is far cheaper than one at each cell
        for i, cell in enumerate(column)
        if len(cell) > width and "\n" in cell and _holds_row(cell, delimiter, width)
    }


def _holds_row(cell: str, delimiter: str, width: int) -> bool:
    return any(line.count(delimiter) >= width - 1 for line in cell.split("\n")[1:])


def repaired_export(
    layout: Layout, headings: list[str], start: date | None, end: date | None
) -> Export:
    """An export without a file, for rows that come back from repair under their own headings."""
    match = layout.match(headings)
    return Export(layout.name, layout.hotline, match.as_json(), start, end, [])
