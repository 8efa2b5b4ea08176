"""Tables of figures for exchange, and the roll-up of several jurisdictions' tables by number.

A table is a CSV, one line a figure (:data:`COLUMNS`). Counts add up; rates and comparisons are
computed again from the sums; what cannot be added (medians, bands, corrected shares, what names a
local unit or region) is left out. People and matters are sums: the same person in two places
counts twice, because caller keys never leave a store.
"""

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.domain.errors import OperatorError
from pipeline.report.formulas import evaluate, parse
from pipeline.report.policy import ReportPolicy
from pipeline.report.tracing import UnknownNumber
from pipeline.store.engine import read_only
from pipeline.store.tables import report, report_figure

COLUMNS = (
    "source", "month", "profile", "revision", "basis", "number", "section", "label", "value",
    "unit", "query", "split", "part", "period", "measure", "formula",
)  # fmt: skip

_ADDITIVE = {"tickets", "hits", "callers", "matters", "hit_callers"}
_LOCAL = (
    "2.cross.", "4.unit.", "4.by.region.", "5.high.", "5.matter.", "6.sprout.", "7.item.",
    "8.", "10.region.", "10.file.", "10.days.",
)  # fmt: skip
"""Numbers that name a place, a unit, a file or an item of one store."""

_COMPUTED = ("ratio", "change", "diff")


class TablesDiffer(OperatorError, ValueError):
    """Tables that must not be added: another month, other definitions, the same source twice."""


@dataclass(frozen=True, slots=True)
class Rolled:
    """One number of the roll-up; ``values`` by source, null where a source has none."""

    number: str
    label: str
    unit: str
    value: float | None
    values: dict[str, float | None]


def export_table(
    engine: Engine, path: Path, *, month: str, profile: str, source: str,
    revision: int | None = None,
) -> int:  # fmt: skip
    """Write the published figures of a month (the newest revision, or the one asked for).

    ``source`` names the jurisdiction. Returns how many figures. Raises :class:`UnknownNumber`
    where nothing is published.
    """
    published = sa.select(report).where(
        report.c.month == month, report.c.profile == profile, report.c.state == "filed"
    )
    if revision is not None:
        published = published.where(report.c.revision == revision)
    with read_only(engine).begin() as connection:
        row = connection.execute(
            published.order_by(report.c.revision.desc()).limit(1)
        ).one_or_none()
        if row is None:
            raise UnknownNumber(f"没有已发布的 {month} 报告(方案 {profile})。")
        figures = connection.execute(
            sa.select(report_figure)
            .where(report_figure.c.report_id == row.id)
            .order_by(report_figure.c.number)
        ).all()
    shared = {
        "source": source, "month": month, "profile": profile, "revision": row.revision,
        "basis": basis_of(row.manifest_json),
    }  # fmt: skip
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.DictWriter(handle, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        for figure in figures:
            writer.writerow(dict(figure._mapping) | shared)
    return len(figures)


def basis_of(manifest: dict) -> str:
    """What two tables must share to be added: the queries, and what the profile counts as what."""
    policy = manifest["policy"]
    parts = [manifest["versions"]["queries"], policy["repeat_days"], sorted(policy["satisfied"])]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def read_table(path: Path) -> list[dict[str, str]]:
    """Raises :class:`TablesDiffer` where the file is no table of figures."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = list(csv.DictReader(handle))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise TablesDiffer(f"{path} 不能读取:{problem}") from problem
    if not rows or tuple(rows[0]) != COLUMNS:
        raise TablesDiffer(f"{path} 不是 hotline report figures 写出的数字表。")
    return rows


def roll_up(tables: Sequence[list[dict[str, str]]], policy: ReportPolicy) -> list[Rolled]:
    """Add tables by number; ``policy`` gives the minimum n and base. In order of the numbers.

    Raises :class:`TablesDiffer`.
    """
    by_source = _checked(tables)
    known: dict[str, dict[str, str]] = {}
    for rows in by_source.values():
        known |= {number: row for number, row in rows.items() if not number.startswith(_LOCAL)}
    sums = {
        number: sum(_value(rows.get(number)) or 0 for rows in by_source.values())
        for number, row in known.items()
        if row["measure"] in _ADDITIVE or row["formula"].startswith("manifest(")
    }
    totals: dict[str, float | None] = dict(sums)
    for number, row in known.items():
        if row["measure"] == "mean_days":
            totals[number] = _mean(by_source.values(), number)
    computed = {n for n, row in known.items() if row["formula"].startswith(_COMPUTED)}

    def value_of(number: str) -> float | None:
        if number not in totals and number in computed:
            is_ratio = parse(known[number]["formula"])[0] == "ratio"
            is_known = is_ratio or all(number in rows for rows in by_source.values())
            totals[number] = (
                evaluate(known[number]["formula"], value_of, {}, policy) if is_known else None
            )
        return totals.get(number)

    for number in computed:
        value_of(number)
    return [
        Rolled(
            number, known[number]["label"], known[number]["unit"], totals[number],
            {source: _value(rows.get(number)) for source, rows in by_source.items()},
        )
        for number in sorted(totals, key=lambda n: (int(n.split(".", 1)[0]), n))
    ]  # fmt: skip


def write_rolled(path: Path, rolled: Iterable[Rolled]) -> None:
    """A CSV: number, label, unit, total, one column a source."""
    rows = list(rolled)
    sources = list(rows[0].values) if rows else []
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["编号", "指标", "单位", "汇总", *sources])
        for row in rows:
            cells = [row.value, *(row.values[source] for source in sources)]
            writer.writerow([row.number, row.label, row.unit, *map(_text, cells)])


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"


def _checked(tables: Sequence[list[dict[str, str]]]) -> dict[str, dict[str, dict[str, str]]]:
    by_source: dict[str, dict[str, dict[str, str]]] = {}
    first = tables[0][0]
    for rows in tables:
        head = rows[0]
        if head["source"] in by_source:
            raise TablesDiffer(f"“{head['source']}”的数字表给了两次。")
        if head["month"] != first["month"]:
            raise TablesDiffer(
                f"报告期不同:“{first['source']}”为 {first['month']},"
                f"“{head['source']}”为 {head['month']}。"
            )
        if head["basis"] != first["basis"]:
            raise TablesDiffer(
                f"“{first['source']}”与“{head['source']}”的查询或满意、重复口径不同,不能相加。"
            )
        by_source[head["source"]] = {row["number"]: row for row in rows}
    return by_source


def _value(row: dict[str, str] | None) -> float | None:
    return float(row["value"]) if row and row["value"] else None


def _mean(sources: Iterable[dict[str, dict[str, str]]], number: str) -> float | None:
    """Working days, weighted by how many tickets they were measured on."""
    count = number.removesuffix(".mean") + ".n"
    pairs = [(_value(rows.get(number)), _value(rows.get(count))) for rows in sources]
    pairs = [(mean, n) for mean, n in pairs if mean is not None and n]
    tickets = sum(n for _, n in pairs)
    return round(sum(mean * n for mean, n in pairs) / tickets, 6) if tickets else None
