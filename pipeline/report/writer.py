"""From figures to text spans: every number printed is looked up here and nowhere else."""

import re

from pipeline.report.document import Num, Span, Text
from pipeline.report.figures import BAND_UNIT, Figures, Frame
from pipeline.report.phrases import (
    change_template,
    count_text,
    percent_text,
    points_template,
    rate_template,
)

DASH = "—"


def figure_text(value: float, unit: str) -> str:
    """The characters of a figure without its sign."""
    if unit == "%":
        return percent_text(value)
    if unit == "百分点":
        return f"{abs(value):.2f}"
    if unit == BAND_UNIT:
        return "绿黄红"[int(value)]
    return count_text(value)


class Writer:
    """Figures of one report as spans, sentences and table cells."""

    def __init__(self, frame: Frame, figures: Figures) -> None:
        self.frame = frame
        self.figures = figures

    def value(self, number: str) -> float | None:
        """Null where the figure has none or was not computed (no data to compare with)."""
        figure = self.figures.get(number)
        return figure.value if figure else None

    def num(self, number: str) -> Num:
        """Raises KeyError for a number without a row, so that nothing untraceable is printed."""
        figure = self.figures[number]
        return Num(number, figure_text(figure.value, figure.unit))

    def cell(self, number: str) -> Text:
        return (self.num(number),) if self.value(number) is not None else (DASH,)

    def fill(self, template: str, **numbers: str) -> Text:
        """``fill("受理{n}件", n="1.received")``: placeholders become figures."""
        spans: list[Span] = []
        for piece in re.split(r"(\{\w+\})", template):
            if piece.startswith("{"):
                spans.append(self.num(numbers[piece[1:-1]]))
            elif piece:
                spans.append(piece)
        return tuple(spans)

    def change(self, number: str, suffix: str, unit: str = "件") -> Text:
        """The 环比 (``mom``) or 同比 (``yoy``) clause of a count; empty with nothing to compare."""
        name, base_zh, base = _COMPARISONS[suffix]
        if f"{number}.{suffix}_diff" not in self.figures:
            return ()
        template = change_template(
            name,
            base_zh,
            self.value(number),
            self.value(number + base),
            self.value(f"{number}.{suffix}"),
            unit=unit,
        )
        return self.fill(
            template,
            percent=f"{number}.{suffix}",
            diff=f"{number}.{suffix}_diff",
            base=number + base,
        )

    def uncompared(self, number: str) -> Text:
        """Which comparisons a count has not, for want of data; empty where it has both."""
        missing = [s for s in _COMPARISONS if f"{number}.{s}_diff" not in self.figures]
        names, bases = ("、".join(_COMPARISONS[s][n] for s in missing) for n in (0, 1))
        return (f"无{bases}数据,不作{names}",) if missing else ()

    def change_cell(self, number: str, suffix: str) -> Text:
        """The same for a table: signed percent, or the signed difference, or 无数据."""
        diff = self.value(f"{number}.{suffix}_diff")
        if diff is None:
            return ("无数据",)
        if diff == 0:
            return ("持平",)
        sign = "+" if diff > 0 else "-"
        if self.value(f"{number}.{suffix}") is not None:
            return (sign, self.num(f"{number}.{suffix}"))
        fresh = diff > 0 and self.value(number + _COMPARISONS[suffix][2]) == 0
        return ("新增" if fresh else sign, self.num(f"{number}.{suffix}_diff"), "件")

    def base_cell(self, number: str, suffix: str) -> Text:
        """The count compared with, or 无数据 where the store does not know that month."""
        known = f"{number}.{suffix}_diff" in self.figures
        return self.cell(number + _COMPARISONS[suffix][2]) if known else ("无数据",)

    def rate(self, prefix: str, name: str, hits_zh: str, base_zh: str = "") -> Text:
        """A rate with its counts; without ``base_zh`` the clause before has told the base."""
        template = rate_template(
            name, hits_zh, base_zh, self.value(f"{prefix}.base"), self.value(f"{prefix}.rate")
        )
        return self.fill(
            template, hits=f"{prefix}.hits", base=f"{prefix}.base", rate=f"{prefix}.rate"
        )

    def rate_cell(self, prefix: str, with_counts: bool = False) -> Text:
        if self.value(f"{prefix}.base") is None:
            return ("无数据",)
        if self.value(f"{prefix}.base") == 0:
            return (DASH,)
        if self.value(f"{prefix}.rate") is None:
            return self.fill("样本不足(n={base})", base=f"{prefix}.base")
        template = "{rate}({hits}/{base})" if with_counts else "{rate}"
        return self.fill(
            template, hits=f"{prefix}.hits", base=f"{prefix}.base", rate=f"{prefix}.rate"
        )

    def points_cell(self, number: str) -> Text:
        return self.fill(points_template(self.value(number)), points=number)


_COMPARISONS = {
    "mom": ("环比", "上月", ".previous"),
    "yoy": ("同比", "去年同月", ".year_ago"),
}


def sentence(*parts: Text | str) -> Text:
    """Clauses with ， between and 。 at the end; empty ones left out."""
    spans: list[Span] = []
    for part in parts:
        clause = (part,) if isinstance(part, str) else part
        if clause and clause != ("",):
            spans.extend(("，", *clause) if spans else clause)
    return (*spans, "。")


def enumeration(parts: list[Text]) -> Text:
    spans: list[Span] = []
    for part in parts:
        spans.extend(("、", *part) if spans else part)
    return tuple(spans)
