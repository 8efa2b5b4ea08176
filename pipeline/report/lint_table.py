"""The linter for an external table: does a published bulletin add up?

Reads every sheet of an xlsx (or xls, ods), finds its heading row and its 合计 row, and checks
sums, shares, rates and comparisons as far as headings say what divides by what.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.report.findings import Finding, error, warning

_TOTAL_NAMES = re.compile(r"^(合\s*计|总\s*计|总\s*数|总\s*量|共\s*计|全市|全省|全区)$")
_STATED_TOTAL = re.compile(
    r"(?:受理|总量|合计|共计|共受理|总数)[^\d,，。;；]{0,12}?(\d[\d,]*(?:\.\d+)?)\s*(万?)\s*(?:件|条|单|个|人)"
)
_NUMBER = re.compile(r"^-?\d[\d,]*(?:\.\d+)?$")
_PERCENT = re.compile(r"^([-+]?\d[\d,]*(?:\.\d+)?)\s*[%%]$")
_SHARE = re.compile(r"占比|比重|占.*比例")
_COMPARISON = re.compile(r"同比|环比")
_RATE = re.compile(r"(\w*?)率")
_PREVIOUS = re.compile(r"上月|上期|环比基数")
_YEAR_AGO = re.compile(r"去年|上年|同期|同比基数")
_CURRENT = re.compile(r"本月|本期|受理|件数|数量|工单")
_DENOMINATORS = ("应{stem}", "有效评价", "有效", "到期", "受理", "总数", "总量", "件数")
ROUNDING = 0.011
"""Percentage points allowed between a printed percentage and its quotient (two decimals)."""


@dataclass(frozen=True, slots=True)
class _Grid:
    """One table: headings, body rows and the totals row, as text; ``titles`` stand above."""

    name: str
    titles: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...] | None


def lint_table(path: Path) -> list[Finding]:
    """Findings of every table in a spreadsheet.

    Raises ValueError with a Chinese message where the file is no spreadsheet or has no table.
    """
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
    except (python_calamine.CalamineError, OSError) as problem:
        raise ValueError(f"{path.name} 不是可以读取的表格:{problem}") from problem
    grids = []
    for name in book.sheet_names:
        cells = [[_text(cell) for cell in row] for row in book.get_sheet_by_name(name).to_python()]
        grid = _grid(name, cells)
        if grid:
            grids.append(grid)
    if not grids:
        raise ValueError(f"{path.name} 中没有找到带列标题的数字表。")
    return [finding for grid in grids for finding in _lint(grid)]


def _text(cell) -> str:
    if isinstance(cell, float) and cell == int(cell):
        return str(int(cell))
    return re.sub(r"\s+", " ", str(cell)).strip()


def _grid(name: str, cells: list[list[str]]) -> _Grid | None:
    """The heading row is the first with two texts and a row with a number below it."""
    for r, row in enumerate(cells[:-1]):
        words = [c for c in row if c and _value(c) is None]
        if len(words) >= 2 and any(_value(c) is not None for c in cells[r + 1][1:]):
            width = max(i for i, c in enumerate(row) if c) + 1
            body = [tuple(line[:width]) for line in cells[r + 1 :] if any(line[1:width])]
            totals = [line for line in body if _TOTAL_NAMES.match(line[0])]
            totals = totals if len(totals) < len(body) else []  # a lone 全市 row is no total
            rows = tuple(line for line in body if line not in totals)
            titles = tuple(c for line in cells[:r] for c in line if c) + tuple(
                c for line in cells[r + 1 :] if not any(line[1:width]) for c in line if c
            )
            return _Grid(name, titles, tuple(row[:width]), rows, totals[-1] if totals else None)
    return None


def _value(text: str) -> float | None:
    return float(text.replace(",", "")) if _NUMBER.match(text) else None


def _percent(text: str, column: str) -> float | None:
    """``95.27%``, or a bare ``95.27`` or ``0.9527`` under a heading that is a percentage."""
    match = _PERCENT.match(text)
    if match:
        return float(match[1].replace(",", ""))
    value = _value(text)
    if value is None:
        return None
    return value * 100 if abs(value) <= 1 and "%" not in column else value


def _is_percentage(column: str) -> bool:
    return bool(_SHARE.search(column) or _COMPARISON.search(column) or _RATE.search(column))


def _lint(grid: _Grid) -> Iterator[Finding]:
    counts = [
        c
        for c in range(1, len(grid.columns))
        if not _is_percentage(grid.columns[c])
        and any(_value(row[c]) is not None for row in grid.rows)
    ]
    yield from _sums(grid, counts)
    for c, column in enumerate(grid.columns):
        if _COMPARISON.search(column):
            yield from _comparisons(grid, c, counts)
        elif _SHARE.search(column):
            yield from _shares(grid, c, counts)
        elif _RATE.search(column) and c:
            yield from _rates(grid, c, counts)


def _sums(grid: _Grid, counts: list[int]) -> Iterator[Finding]:
    for c in counts:
        parts = sum(_value(row[c]) or 0 for row in grid.rows)
        total = _value(grid.total[c]) if grid.total else None
        if total is not None and abs(parts - total) > 1e-6:
            yield error(
                "sum",
                f"表“{grid.name}”的“{grid.columns[c]}”各行之和 {parts:g},"
                f"与合计 {total:g} 相差 {parts - total:+g}。",
            )
    stated = [
        float(number.replace(",", "")) * (10_000 if wan else 1)
        for title in grid.titles
        for number, wan in _STATED_TOTAL.findall(title)
    ]
    if stated and counts:
        found = {sum(_value(row[c]) or 0 for row in grid.rows) for c in counts}
        found |= {_value(grid.total[c]) for c in counts} if grid.total else set()
        if not found & set(stated):
            first = sum(_value(row[counts[0]]) or 0 for row in grid.rows)
            yield error(
                "headline",
                f"表“{grid.name}”标题所称总量 {stated[0]:g},"
                f"与“{grid.columns[counts[0]]}”各行之和 {first:g} 不符。",
            )


def _lines(grid: _Grid) -> list[tuple[str, ...]]:
    return [*grid.rows, *([grid.total] if grid.total else [])]


def _shares(grid: _Grid, c: int, counts: list[int]) -> Iterator[Finding]:
    before = [n for n in counts if n < c]
    if not before:
        return
    part = before[-1]
    whole = _value(grid.total[part]) if grid.total else None
    whole = whole if whole is not None else sum(_value(row[part]) or 0 for row in grid.rows)
    for row in _lines(grid):
        printed, count = _percent(row[c], grid.columns[c]), _value(row[part])
        if printed is not None and count is not None and whole:
            yield from _quotient(grid, row[0], grid.columns[c], printed, (count, whole))


def _rates(grid: _Grid, c: int, counts: list[int]) -> Iterator[Finding]:
    """A rate's numerator is the column that names what it is a rate of; then its denominator."""
    column = grid.columns[c]
    stem = _RATE.search(column)[1]
    hits = [n for n in counts if stem and stem in grid.columns[n] and "应" not in grid.columns[n]]
    bases = [
        n
        for name in _DENOMINATORS
        for n in counts
        if name.format(stem=stem) in grid.columns[n] and n not in hits
    ]
    for row in _lines(grid):
        printed = _percent(row[c], column)
        if printed is None:
            continue
        if not 0 <= printed <= 100:
            yield error(
                "rate_range", f"表“{grid.name}”{row[0]}的{column} {printed:g}% 不在 0—100% 之间。"
            )
        count = _value(row[hits[0]]) if hits else None
        base = _value(row[bases[0]]) if bases else None
        if count is not None and base:
            yield from _quotient(grid, row[0], column, printed, (count, base))
    if not (hits and bases):
        yield warning("denominator", f"表“{grid.name}”的{column}没有同时列出分子和分母,无法核对。")


def _quotient(
    grid: _Grid, name: str, column: str, printed: float, counts: tuple[float, float]
) -> Iterator[Finding]:
    expected = 100 * counts[0] / counts[1]
    if abs(printed - expected) > ROUNDING:
        yield error(
            "rate",
            f"表“{grid.name}”{name}的{column}印为 {printed:g}%,"
            f"而 {counts[0]:g}/{counts[1]:g} 为 {expected:.2f}%。",
        )


def _comparisons(grid: _Grid, c: int, counts: list[int]) -> Iterator[Finding]:
    """同比 divides by last year's month, 环比 by the month before; a swapped name is found."""
    column = grid.columns[c]
    previous = next((n for n in counts if _PREVIOUS.search(grid.columns[n])), None)
    year_ago = next((n for n in counts if _YEAR_AGO.search(grid.columns[n])), None)
    current = next(
        (n for n in counts if n not in (previous, year_ago) and _CURRENT.search(grid.columns[n])),
        None,
    )
    names = {"环比": previous, "同比": year_ago}
    name = "同比" if "同比" in column else "环比"
    other = "环比" if name == "同比" else "同比"
    if current is None or (names[name] is None and names[other] is None):
        yield warning("base", f"表“{grid.name}”的{column}没有列出本期数和基数,无法核对。")
        return
    for row in _lines(grid):
        printed = _percent(row[c], column)
        if printed is None:
            continue
        changes = {
            label: _change(_value(row[current]), _value(row[base]))
            for label, base in names.items()
            if base is not None
        }
        own, swapped = changes.get(name), changes.get(other)
        if own is not None and abs(printed - own) <= ROUNDING:
            continue
        if swapped is not None and abs(printed - swapped) <= ROUNDING:
            yield error(
                "comparison", f"表“{grid.name}”{row[0]}的{column} {printed:g}% 按算术是{other}。"
            )
        elif own is not None:
            yield error(
                "change", f"表“{grid.name}”{row[0]}的{column}印为 {printed:g}%,应为 {own:.2f}%。"
            )
        else:
            yield warning("base", f"表“{grid.name}”{row[0]}的{column}没有基数,无法核对。")


def _change(current: float | None, base: float | None) -> float | None:
    return 100 * (current - base) / base if current is not None and base else None
