"""The linter for an external table: does a published bulletin add up, and may it be published?

Reads every table of an xlsx (or xls, ods) and checks sums, shares, rates and comparisons as far as
its headings say what divides by what. A published table names its columns as it likes: of the
columns that could stand behind a percentage, that is taken which explains most rows, and the rows
it does not explain are wrong.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.report.findings import Finding, error, warning
from pipeline.report.lint_grid import Grid, Percent, label, percent, read_grids, value
from pipeline.report.lint_words import lint_words

_STATED_TOTAL = re.compile(
    r"((?:受理|总量|合计|共计|共受理|总数)[^\d,，。;；]{0,12}?)(\d[\d,]*(?:\.\d+)?)\s*(万?)\s*(?:件|条|单|个|人)"
)
_BOUND = re.compile("不足|少于|不到|超过|平均|日均")
_SHARE = re.compile(r"占比|比重|占.*比例")
_ADJUSTED = re.compile("校正|调整|加权|区间")
_COMPARISON = re.compile(r"同比|环比")
_POINTS = re.compile("百分点|变化|差$")
_RATE = re.compile(r"(\w*?)率")
_PREVIOUS = re.compile(r"上月|上期|环比基数")
_YEAR_AGO = re.compile(r"去年|上年|同期|同比基数")
_CURRENT = re.compile(r"本月|本期|受理|件数|数量|工单")
_DENOMINATORS = ("应{stem}", "有效评价", "有效", "到期", "受理", "总数", "总量", "件数")
_HORIZONTAL_TOTAL = re.compile(r"^(合\s*计|小\s*计|总\s*计|共\s*计)(?:[/(（].*)?$")
_HIDDEN_COLUMNS = re.compile("合计含|不设列|未列|不列出")
_OVERLAPS = re.compile("可大于|不可相加|不能相加|多个类型|可多选|有重叠|重复计")
_TOP = re.compile(
    r"前\s*([一二三四五六七八九十]{1,2}|\d{1,2})\s*(?:位|名|项|类|个|大)|TOP\s*-?\s*(\d{1,2})", re.I
)
_REST = re.compile("其他|其它|其余|未列|另有")
_RANK = re.compile("排名|名次|位次|排序")
_AMOUNT = re.compile(r"罚款|罚没|处罚金额")
_MONEY = re.compile(r"金额|数额|总额|收入|元")
_SMALL_N, _SMALL_CELL = 10, 3
"""Domain E9: the least n of a rate, the least cell of a cross table."""


def lint_table(path: Path) -> list[Finding]:
    """Findings of every table in a spreadsheet.

    Raises UnreadableTable.
    """
    grids, texts = read_grids(path)
    return [*(finding for grid in grids for finding in _lint(grid)), *lint_words(grids, texts)]


def _lint(grid: Grid) -> Iterator[Finding]:
    yield from _sums(grid)
    yield from _across(grid)
    yield from _truncated(grid)
    yield from _ranked(grid)
    for c, column in enumerate(grid.columns):
        yield from _in_cell(grid, c)
        if _POINTS.search(column) or _ADJUSTED.search(column):
            continue
        if _COMPARISON.search(column):
            yield from _comparisons(grid, c)
        elif _SHARE.search(column):
            yield from _shares(grid, c)
        elif _RATE.search(column) and c:
            yield from _rates(grid, c)


# --- sums -----------------------------------------------------------------------------------------


def _total(grid: Grid, c: int) -> float:
    return sum(value(row[c]) or 0 for row in grid.parts)


def _sums(grid: Grid) -> Iterator[Finding]:
    for c in grid.counts if grid.total else ():
        parts, total = _total(grid, c), value(grid.total[c])
        # A cell that is withheld or unknown leaves the sum below its total.
        is_whole = all(value(row[c]) is not None for row in grid.parts)
        wrong = total is not None and (abs(parts - total) > 1e-6 if is_whole else parts > total)
        if wrong and not _overlapping(grid, c):
            yield error(
                "sum",
                f"表“{grid.name}”的“{grid.columns[c]}”各行之和 {parts:g},"
                f"与合计 {total:g} 相差 {parts - total:+g}。",
            )
    yield from _stated(grid)


def _overlapping(grid: Grid, c: int) -> bool:
    """People and tickets of several labels may add up to more than their total, if it is said."""
    said = any(_OVERLAPS.search(title) for title in grid.titles)
    return said and _total(grid, c) > (value(grid.total[c]) or 0)


def _stated(grid: Grid) -> Iterator[Finding]:
    """The total that a title names is one of the table's totals."""
    stated = [
        float(number.replace(",", "")) * (10_000 if wan else 1)
        for title in grid.titles
        for said, number, wan in _STATED_TOTAL.findall(title)
        if not _BOUND.search(said)
    ]
    if not stated or not grid.counts:
        return
    found = {_total(grid, c) for c in grid.counts}
    found |= {value(grid.total[c]) for c in grid.counts} if grid.total else set()
    if not found & set(stated):
        c = grid.counts[0]
        yield error(
            "headline",
            f"表“{grid.name}”标题所称总量 {stated[0]:g},"
            f"与“{grid.columns[c]}”各行之和 {_total(grid, c):g} 不符。",
        )


def _across(grid: Grid) -> Iterator[Finding]:
    """A column 合计 is the sum of the columns before it; such a cross table hides small cells."""
    last = next((c for c, n in enumerate(grid.columns) if c and _HORIZONTAL_TOTAL.match(n)), None)
    if last is None:
        return
    cells = [c for c in grid.counts if c < last]
    if len(cells) < 2:
        return
    wrong, is_all = [], not any(_HIDDEN_COLUMNS.search(title) for title in grid.titles)
    for row in grid.lines:
        numbers, total = [value(row[c]) for c in cells], value(row[last])
        is_whole = is_all and None not in numbers
        parts = sum(number or 0 for number in numbers)
        if total is not None and (abs(parts - total) > 1e-6 if is_whole else parts > total):
            wrong.append((row, parts, total))
    if len(wrong) * 3 <= len(grid.lines) * 2:  # else the columns are no parts of that total
        for row, parts, total in wrong:
            yield error("sum", f"{grid.where(row, last)}为 {total:g},而各列之和为 {parts:g}。")
        small = sum(0 < (value(row[c]) or 0) < _SMALL_CELL for row in grid.parts for c in cells)
        if small:
            yield warning(
                "small_cell",
                f"表“{grid.name}”是交叉表,有 {small} 个小于 {_SMALL_CELL} 的单元格,可能识别个人,"
                "宜合并或隐去。",
            )


def _truncated(grid: Grid) -> Iterator[Finding]:
    """A 前十位 has ten rows and says how many are below it."""
    said = " ".join((grid.name, *grid.titles, *grid.columns))
    match = _TOP.search(said)
    if not match:
        return
    wanted = int(match[2] or (match[1] if match[1].isdigit() else _chinese(match[1])))
    listed = [row for row in grid.parts if not _REST.search(label(row))]
    if len(listed) != wanted:
        yield error("truncated", f"表“{grid.name}”称列前{wanted}位,实际列出 {len(listed)} 行。")
    is_closed = len(listed) < len(grid.parts) or any(_REST.search(t) for t in grid.titles)
    if not is_closed:
        yield error("truncated", f"表“{grid.name}”只列前{wanted}位,没有写明其余多少,属于截断。")


def _chinese(text: str) -> int:
    """一 … 二十."""
    digits = "一二三四五六七八九"
    tens, is_ten, ones = text.rpartition("十")
    if not is_ten:
        return digits.index(text[0]) + 1
    return 10 * (digits.index(tens) + 1 if tens else 1) + (digits.index(ones) + 1 if ones else 0)


def _ranked(grid: Grid) -> Iterator[Finding]:
    """No order by fines (部方案 M-10), no league of units (国办函〔2025〕66号)."""
    for c, column in enumerate(grid.columns):
        if _AMOUNT.search(column) and _MONEY.search(column):
            amounts = [number for row in grid.parts if (number := value(row[c])) is not None]
            falls = len(amounts) > 2 and amounts == sorted(amounts, reverse=True)
            if falls or any(_RANK.search(name) for name in grid.columns):
                yield error(
                    "amount",
                    f"表“{grid.name}”按“{column}”排列,违反部方案“不得单纯以罚款数额进行排名”。",
                )
    ranks = [column for column in grid.columns if _RANK.search(column)]
    if ranks:
        yield warning(
            "ranking", f"表“{grid.name}”有“{ranks[0]}”列;国办函〔2025〕66号要求不片面追求排名。"
        )


# --- percentages ----------------------------------------------------------------------------------


def _matches(printed: Percent, expected: float) -> bool:
    near = abs(printed.value - expected) <= printed.slack
    # A bare 0.4 is 40 %, or 0.40 % under a heading that means percent.
    small = printed.is_bare and abs(printed.value / 100 - expected) <= max(
        printed.slack / 100, 0.011
    )
    return near or small


def _in_cell(grid: Grid, c: int) -> Iterator[Finding]:
    """``92.31%(12/13)`` says itself what it is."""
    for row in grid.lines:
        printed = percent(row[c], grid.columns[c])
        if printed and printed.counts and printed.counts[1]:
            expected = 100 * printed.counts[0] / printed.counts[1]
            if not _matches(printed, expected):
                yield _wrong(grid, row, c, printed, printed.counts)


def _printed(grid: Grid, c: int) -> list[tuple[tuple[str, ...], Percent]]:
    found = ((row, percent(row[c], grid.columns[c])) for row in grid.lines)
    return [(row, printed) for row, printed in found if printed and not printed.counts]


def _wrong(grid: Grid, row, c: int, printed: Percent, counts: tuple[float, float]) -> Finding:
    expected = 100 * counts[0] / counts[1]
    return error(
        "rate",
        f"{grid.where(row, c)}印为 {printed.value:.6g}%,"
        f"而 {counts[0]:g}/{counts[1]:g} 为 {expected:.2f}%。",
    )


def _explained(pairs: list[tuple[Percent, tuple[float | None, float | None]]]) -> int:
    """How many of the percentages are the quotients beside them."""
    return sum(_matches(p, 100 * a / b) for p, (a, b) in pairs if a is not None and b)


def _shares(grid: Grid, c: int) -> Iterator[Finding]:
    """Parts of one column by its total (合计, the sum, its largest row) or by another column."""
    printed = _printed(grid, c)
    candidates = []
    for part in sorted(grid.counts, key=lambda n: (n > c, abs(c - n))):
        numbers = [value(row[part]) or 0 for row in grid.rows]
        stated = value(grid.total[part]) if grid.total else None
        for whole in dict.fromkeys((stated, _total(grid, part), max(numbers))):
            if whole:
                pairs = [(p, (value(row[part]), whole)) for row, p in printed]
                candidates.append((_explained(pairs), pairs))
        for whole in grid.counts:
            if whole != part:
                pairs = [(p, (value(row[part]), value(row[whole]))) for row, p in printed]
                candidates.append((_explained(pairs), pairs))
    yield from _judge(grid, c, printed, candidates)


def _judge(grid: Grid, c: int, printed, candidates) -> Iterator[Finding]:
    """Rows that the best candidate does not explain."""
    if not printed:
        return
    best = max(candidates, key=lambda candidate: candidate[0], default=(0, []))
    for (row, share), (_, (count, whole)) in zip(printed, best[1], strict=False):
        if count is not None and whole and not _matches(share, 100 * count / whole):
            yield _wrong(grid, row, c, share, (count, whole))


def _rates(grid: Grid, c: int) -> Iterator[Finding]:
    """A rate's numerator is the column that names what it is a rate of; then its denominator."""
    column, printed = grid.columns[c], _printed(grid, c)
    for row, rate in printed:
        if not 0 <= rate.value <= 100:
            yield error("rate_range", f"{grid.where(row, c)} {rate.value:g}% 不在 0—100% 之间。")
    stem = _RATE.search(column)[1]
    counts = grid.counts
    hits = [n for n in counts if stem and stem in grid.columns[n] and "应" not in grid.columns[n]]
    bases = [
        n
        for name in _DENOMINATORS
        for n in counts
        if name.format(stem=stem) in grid.columns[n] and n not in hits
    ]
    if printed and not (hits and bases):
        yield warning("denominator", f"表“{grid.name}”的{column}没有同时列出分子和分母,无法核对。")
        return
    candidates = []
    for base in dict.fromkeys(bases):
        pairs = [(rate, (value(row[hits[0]]), value(row[base]))) for row, rate in printed]
        candidates.append((_explained(pairs), pairs))
    yield from _judge(grid, c, printed, candidates)
    small = [label(row) for row, _ in printed if 0 < (value(row[bases[0]]) or _SMALL_N) < _SMALL_N]
    if small:
        yield warning(
            "small_n",
            f"表“{grid.name}”的{column}有 {len(small)} 行分母不足 {_SMALL_N},宜只列件数:"
            f"{'、'.join(small[:5])}{'等' if len(small) > 5 else ''}。",
        )


def _comparisons(grid: Grid, c: int) -> Iterator[Finding]:
    """同比 divides by last year's month, 环比 by the month before; a swapped name is found."""
    printed = _printed(grid, c)
    column, counts = grid.columns[c], grid.counts
    previous = next((n for n in counts if _PREVIOUS.search(grid.columns[n])), None)
    year_ago = next((n for n in counts if _YEAR_AGO.search(grid.columns[n])), None)
    currents = [n for n in counts if n not in (previous, year_ago)]
    currents.sort(key=lambda n: (not _CURRENT.search(grid.columns[n]), n))
    names = {"环比": previous, "同比": year_ago}
    name = "同比" if "同比" in column else "环比"
    other = "环比" if name == "同比" else "同比"
    if not printed:
        return
    if not currents or (names[name] is None and names[other] is None):
        yield warning("base", f"表“{grid.name}”的{column}没有列出本期数和基数,无法核对。")
        return

    def change(row, current: int, base: int | None) -> float | None:
        now, then = value(row[current]), value(row[base]) if base is not None else None
        return 100 * (now - then) / then if now is not None and then else None

    def explains(current: int) -> int:
        found = [(p, change(row, current, names[name])) for row, p in printed]
        return sum(expected is not None and _matches(p, expected) for p, expected in found)

    current = max(currents, key=explains)
    unknown = 0
    for row, rate in printed:
        own, swapped = (change(row, current, names[n]) for n in (name, other))
        if own is not None and _matches(rate, own):
            continue
        if swapped is not None and _matches(rate, swapped):
            yield error("comparison", f"{grid.where(row, c)} {rate.value:g}% 按算术是{other}。")
        elif own is not None:
            yield error("change", f"{grid.where(row, c)}印为 {rate.value:g}%,应为 {own:.2f}%。")
        else:
            unknown += 1
    if unknown:
        yield warning("base", f"表“{grid.name}”的{column}有 {unknown} 行没有基数,无法核对。")
