"""Tables of an external spreadsheet, as the linter reads them: headings, rows, totals, text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.domain.errors import OperatorError

_TOTAL_NAME = re.compile(r"^(合\s*计|总\s*计|总\s*数|总\s*量|共\s*计|全市|全省|全区)$")
_PART_OF_PART = re.compile(r"^(其中|#|小\s*计)")
_NUMBER = re.compile(r"^-?\d[\d,]*(?:\.\d+)?$")
_PERCENT = re.compile(
    r"^(?P<up>上升|增长|增加|同比增长|↑)?(?P<down>下降|减少|降低|↓)?\s*"
    r"(?P<number>[-+]?\d[\d,]*(?:\.\d+)?)\s*[%%]"
    r"(?:\s*[((]\s*(?P<hits>\d[\d,]*)\s*/\s*(?P<base>\d[\d,]*)\s*[))])?$"
)
_NO_SUM = re.compile(
    "平均|均值|中位|得分|评分|分值|天数|时长|年份|月份|编号|序号|单号|电话|排名|名次|位次|排序|"
    "工作日|期限|日期|金额|数额|元"
)
_ROUNDED = re.compile(r"率|占比|比重|比例|同比|环比|增幅|涨幅|百分点")


@dataclass(frozen=True, slots=True)
class Percent:
    """A printed percentage: its ``value``, how far rounding may move it (percentage points), and
    the counts printed beside it, if any. ``is_bare``: without a sign, ``0.4`` or ``40``."""

    value: float
    slack: float
    counts: tuple[float, float] | None = None
    is_bare: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """One table as text; ``titles`` stand above or below it. ``parts`` add up to ``total``."""

    name: str
    titles: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...] | None

    @property
    def parts(self) -> list[tuple[str, ...]]:
        return [row for row in self.rows if not _PART_OF_PART.match(label(row))]

    @property
    def lines(self) -> list[tuple[str, ...]]:
        return [*self.rows, *([self.total] if self.total else [])]

    @property
    def counts(self) -> list[int]:
        """Columns of counts that may be added up."""
        return [
            c
            for c in range(1, len(self.columns))
            if not _ROUNDED.search(self.columns[c])
            and not _NO_SUM.search(self.columns[c])
            and any(value(row[c]) is not None for row in self.rows)
            and not any("%" in row[c] for row in self.rows)
        ]

    def where(self, row: tuple[str, ...], c: int) -> str:
        return f"表“{self.name}”{label(row)}的{self.columns[c]}"


def label(row: tuple[str, ...]) -> str:
    """The row's name: its first cell that is no number (a number before it counts the rows)."""
    return next((cell for cell in row[:2] if cell and value(cell) is None), row[0])


def value(text: str) -> float | None:
    return float(text.replace(",", "")) if _NUMBER.match(text) else None


def percent(text: str, column: str) -> Percent | None:
    """``95.27%``, ``下降3.2%``, ``92.31%(12/13)``, or a bare number under such a heading."""
    match = _PERCENT.match(text)
    if match:
        digits = match["number"].replace(",", "")
        number = -float(digits) if match["down"] else float(digits)
        counts = None
        if match["base"]:
            counts = tuple(float(match[name].replace(",", "")) for name in ("hits", "base"))
        return Percent(number, _slack(digits, 0), counts)
    bare = value(text)
    if bare is None:
        return None
    if abs(bare) <= 1 and "%" not in column and "%" not in column:
        return Percent(bare * 100, _slack(text, 2), is_bare=True)
    return Percent(bare, _slack(text, 0), is_bare=True)


def _slack(digits: str, moved: int) -> float:
    """Half of the last printed place, or two decimals' worth where more are printed."""
    decimals = len(digits.partition(".")[2]) - moved
    return max(0.011, 0.55 * 10.0**-decimals)


class UnreadableTable(OperatorError, ValueError):
    """No spreadsheet, or none with a table of numbers."""


def read_grids(path: Path) -> tuple[list[Grid], list[tuple[str, str]]]:
    """Every table of every sheet, and every text with where it stands (``“通报”B4``).

    Raises :class:`UnreadableTable`.
    """
    import python_calamine
    from xlsxwriter.utility import xl_rowcol_to_cell

    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
    except (python_calamine.CalamineError, OSError) as problem:
        raise UnreadableTable(f"{path.name} 不是可以读取的表格:{problem}") from problem
    grids, texts = [], []
    for name in book.sheet_names:
        cells = [[_text(cell) for cell in row] for row in book.get_sheet_by_name(name).to_python()]
        grids += _grids(name, cells)
        texts += [
            (f"“{name}”{xl_rowcol_to_cell(r, c)}", cell)
            for r, row in enumerate(cells)
            for c, cell in enumerate(row)
            if cell
        ]
    if not grids:
        raise UnreadableTable(f"{path.name} 中没有找到带列标题的数字表。")
    return grids, texts


def _text(cell) -> str:
    if isinstance(cell, float) and cell == int(cell):
        return str(int(cell))
    return re.sub(r"\s+", " ", str(cell)).strip()


def _grids(name: str, cells: list[list[str]]) -> Iterator[Grid]:
    """Tables of a sheet; an empty line ends one. Titles that stand alone belong to the next."""
    above: list[list[str]] = []
    block: list[list[str]] = []
    for row in [*cells, []]:
        if any(row):
            block.append(row)
            continue
        grid = _grid(name, [*above, *block])
        if grid:
            yield grid
        above = [] if grid else [*above, *block]
        block = []


def _grid(name: str, cells: list[list[str]]) -> Grid | None:
    """The heading row is the first with two texts and a row with a number below it."""
    for r, row in enumerate(cells[:-1]):
        words = [c for c in row if c and value(c) is None]
        if len(words) >= 2 and any(_is_figure(c) for c in cells[r + 1][1:]):
            width = max(i for i, c in enumerate(row) if c) + 1
            body = [tuple(line[:width]) for line in cells[r + 1 :] if any(line[1:width])]
            totals = [line for line in body if any(_TOTAL_NAME.match(c) for c in line[:2])]
            totals = totals if len(totals) < len(body) else []  # a lone 全市 row is no total
            rows = tuple(line for line in body if line not in totals)
            titles = tuple(c for line in cells[:r] for c in line if c) + tuple(
                c for line in cells[r + 1 :] if not any(line[1:width]) for c in line if c
            )
            return Grid(name, titles, tuple(row[:width]), rows, totals[-1] if totals else None)
    return None


def _is_figure(text: str) -> bool:
    return value(text) is not None or bool(_PERCENT.match(text))
