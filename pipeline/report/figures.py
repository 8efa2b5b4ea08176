"""Figures: every number of a report is one row of report_figure, with the query that gives it."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, cached_property

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.domain.ticket import Satisfaction, Status
from pipeline.report.formulas import Manifest, evaluate
from pipeline.report.indicators import dictionary
from pipeline.report.periods import periods
from pipeline.report.policy import ReportPolicy
from pipeline.report.queries import KINDS, WHOLE, Tally, parameter_names, tally
from pipeline.store.tables import report_figure


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. ``params`` holds measure, by, part and the query's own parameters.

    ``value`` is null where there is no data, or where n or the base is under the minimum.
    """

    number: str
    section: str
    label: str
    value: float | None
    unit: str
    query: str | None = None
    params: dict = field(default_factory=dict)
    formula: str | None = None
    period: str | None = None  # of a counted figure: current, previous, year_ago


Figures = dict[str, Figure]

BAND_UNIT = "色带"
"""Unit of a figure that is a band: 0 绿, 1 黄, 2 红 (formulas.band)."""


_RESPONDED = (
    Status.SIGNED, Status.IN_PROGRESS, Status.EXTENDED, Status.CLOSED, Status.VISITED,
    Status.REDONE, Status.ARCHIVED,
)  # fmt: skip
"""States only a unit that took a ticket on can put it in."""


@dataclass(frozen=True)
class Frame:
    """What figures are computed in: one report's frozen set and its frozen choices."""

    connection: Connection
    report_id: int
    month: str
    policy: ReportPolicy
    manifest: Manifest

    @cached_property
    def _parameters(self) -> dict[tuple[str, str], dict]:
        return {}

    def parameters(self, query: str, period: str) -> dict:
        """The query's parameters for a period, as JSON values."""
        if (query, period) not in self._parameters:
            self._parameters[query, period] = self._parameters_of(query, period)
        return self._parameters[query, period]

    def _parameters_of(self, query: str, period: str) -> dict:
        span = next(p for p in periods(self.month) if p.name == period)
        known = {
            "period": period,
            "since": span.since,
            "until": span.until,
            "period_end": span.until,
            "repeat_since": span.since - timedelta(days=self.policy.repeat_days),
            "closed_statuses": sorted(s.value for s in Status if s.is_closed),
            "excluded_statuses": sorted((Status.REFUSED.value, Status.WITHDRAWN.value)),
            "visited_statuses": [Status.VISITED.value],
            "responded_statuses": sorted(s.value for s in _RESPONDED),
            "satisfied": sorted(self.policy.satisfied),
            # What a profile counts as satisfied is a rating to it, be it 默认满意.
            "valid_ratings": sorted(
                {s.value for s in Satisfaction if s.is_valid_rating} | set(self.policy.satisfied)
            ),
        }
        return {
            name: value.isoformat(sep=" ") if isinstance(value, datetime) else value
            for name, value in known.items()
            if name in parameter_names(query)
        }


class Book:
    """Collects figures; runs each query once however many figures it gives."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.figures: Figures = {}
        self._tallies: dict[tuple, dict[str, Tally]] = {}

    def parts(
        self,
        query: str,
        by: str | None = None,
        period: str = "current",
        *,
        kind: str = "plain",
        **params,
    ) -> dict[str, Tally]:
        """The tallies of a query, split or whole, without writing figures (see queries.tally)."""
        known = self.frame.parameters(query, period) | params
        key = (query, by, kind, repr(sorted(known.items())))
        if key not in self._tallies:
            self._tallies[key] = tally(
                self.frame.connection, self.frame.report_id, query, by, known, kind=kind
            )
        return self._tallies[key]

    def count(
        self,
        number: str,
        label: str,
        query: str,
        *,
        measure: str = "tickets",
        unit: str = "件",
        by: str | None = None,
        part: str = WHOLE,
        period: str = "current",
        **params,
    ) -> str:
        """Write one counted figure (0 where the part does not occur); returns its number."""
        found = self.parts(query, by, period, kind=KINDS[measure], **params).get(part, Tally())
        return self._write(
            Figure(
                number,
                number.split(".", maxsplit=1)[0],
                label,
                _number(getattr(found, measure)),
                unit,
                query,
                {"measure": measure, "by": by, "part": part}
                | self.frame.parameters(query, period)
                | params,
                period=None if "since" in params else period,
            )
        )

    def derive(self, number: str, label: str, unit: str, formula: str) -> str:
        value = evaluate(
            formula,
            lambda operand: self.figures[operand].value,
            self.frame.manifest,
            self.frame.policy,
        )
        section = number.split(".", maxsplit=1)[0]
        return self._write(Figure(number, section, label, value, unit, formula=formula))

    def days(self, prefix: str, label: str, period: str = "current", **split) -> None:
        """Write ``prefix.n``, ``prefix.mean`` and ``prefix.median`` of the working days taken."""
        self.count(f"{prefix}.n", f"{label}:办结件数", "handling", period=period, **split)
        for name, name_zh in (("mean", "平均"), ("median", "中位")):
            self.count(
                f"{prefix}.{name}", f"{label}:{name_zh}办理工作日", "handling",
                measure=f"{name}_days", unit="工作日", period=period, **split,
            )  # fmt: skip

    def rate(
        self, prefix: str, indicator: str, label: str, period: str = "current", **split
    ) -> str:
        """Write ``prefix.hits``, ``prefix.base`` and ``prefix.rate`` of an indicator."""
        definition = dictionary().rate(indicator)
        query = split.pop("query", definition.query)
        self.count(f"{prefix}.hits", f"{label}:分子", query, measure="hits", period=period, **split)
        self.count(f"{prefix}.base", f"{label}:分母", query, period=period, **split)
        return self.derive(f"{prefix}.rate", label, "%", f"ratio({prefix}.hits,{prefix}.base)")

    def compare(self, number: str, label: str, previous: str | None, year_ago: str | None) -> None:
        """Write 环比 and 同比 of a figure, in percent and in the figure's own unit."""
        unit = self.figures[number].unit
        for suffix, name, base in (("mom", "环比", previous), ("yoy", "同比", year_ago)):
            if base is not None:
                operands = f"{number},{base}"
                self.derive(f"{number}.{suffix}", f"{label}{name}", "%", f"change({operands})")
                self.derive(
                    f"{number}.{suffix}_diff", f"{label}{name}差", unit, f"diff({operands})"
                )

    def _write(self, figure: Figure) -> str:
        if figure.number in self.figures:
            raise ValueError(f"number used twice: {figure.number}")
        self.figures[figure.number] = figure
        return figure.number


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


@cache
def token(part: str) -> str:
    """A part as it stands in a number: itself where short and harmless, else a short hash."""
    if re.fullmatch(r"[\w·|()()\-]{1,30}", part) and not names_a_person(part):
        return part
    return hashlib.sha256(part.encode()).hexdigest()[:8]


_PLACE = re.compile("[省市县区旗州盟镇乡路]$|街道$")
"""高新区 and 水路 read like surname and given name; nobody's given name ends so."""


@cache
def names_a_person(part: str) -> bool:
    """A unit, region or trade cell that holds personal data, or nothing but somebody's name."""
    from pipeline.domain.namecells import is_full_name
    from pipeline.domain.names import find_names
    from pipeline.domain.privacy import find_personal_data

    pieces = re.split(r"[|·]", part)
    return any(
        find_personal_data(piece)
        or find_names(piece)
        or (is_full_name(piece) and not _PLACE.search(piece))
        for piece in pieces
    )


def part_zh(part: str) -> str:
    """A region's, unit's or trade's name as printed: never a person's."""
    return f"(名称待核 {token(part)})" if names_a_person(part) else part


def store(connection: Connection, report_id: int, figures: Iterable[Figure]) -> None:
    rows = [
        {
            "report_id": report_id,
            "number": f.number,
            "section": f.section,
            "label": f.label,
            "value": f.value,
            "unit": f.unit,
            "query": f.query,
            "params_json": f.params,
            "formula": f.formula,
            "split": f.params.get("by"),
            "part": part_zh(f.params["part"]) if f.params.get("part") else None,
            "period": f.period,
            "measure": f.params.get("measure"),
        }
        for f in figures
    ]
    if rows:
        connection.execute(report_figure.insert(), rows)


def load(connection: Connection, report_id: int) -> Figures:
    rows = connection.execute(
        sa.select(report_figure)
        .where(report_figure.c.report_id == report_id)
        .order_by(report_figure.c.number)
    )
    return {
        row.number: Figure(
            row.number, row.section, row.label, row.value, row.unit, row.query,
            row.params_json, row.formula, row.period,
        )
        for row in rows
    }  # fmt: skip


def recompute(frame: Frame, figures: Figures) -> dict[str, float | None]:
    """Every figure's value again, from its stored query, parameters and formula alone."""
    tallies: dict[str, dict[str, Tally]] = {}
    values: dict[str, float | None] = {}
    for figure in figures.values():
        if figure.query is None:
            continue
        params = dict(figure.params)
        measure, by, part = (params.pop(key) for key in ("measure", "by", "part"))
        key = repr((figure.query, by, KINDS[measure], sorted(params.items())))
        if key not in tallies:
            tallies[key] = tally(
                frame.connection, frame.report_id, figure.query, by, params, kind=KINDS[measure]
            )
        values[figure.number] = _number(getattr(tallies[key].get(part, Tally()), measure))

    def value_of(number: str) -> float | None:
        if number not in values:
            values[number] = evaluate(
                figures[number].formula,
                value_of,
                frame.manifest,
                frame.policy,
            )
        return values[number]

    return {number: value_of(number) for number in figures}
