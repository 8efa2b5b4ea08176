"""Drift: whether a month still looks, to the model, like the months it was put in force on.

Population stability index of scopes, of problem types and of score deciles, the share of
abstentions and the share of words the model does not know, each against the reference months; a
warning names the label, the channel and the region that moved most. Only the model's own word
counts here: supervisors' decisions do not.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa

from pipeline.domain.calendar import month_bounds
from pipeline.domain.labels import ProblemType, Scope
from pipeline.domain.ticket import Hotline
from pipeline.stages.champion import Champion, champion
from pipeline.stages.context import Context
from pipeline.stages.outcome import StageOutcome, Status
from pipeline.store import drift as counted
from pipeline.store.engine import read_only

if TYPE_CHECKING:
    from pipeline.policies import Setting

SAMPLE = 1000
"""Tickets whose words are looked up, of the month and of the reference."""
Z = 2.326
"""One-sided 99 %: what moves less than chance would is no drift, whatever the thresholds say."""
ABSTAINED, UNKNOWN = "转人工复核的比例", "模型没有见过的词的比例"
MEASURES = {
    "scope": "范围分布",
    "types": "问题类型分布",
    "scores": "执法类概率分布",
    "abstained": ABSTAINED,
    "unknown": UNKNOWN,
}
_BLANK = "未填"

Cells = Mapping[tuple[str, str, str], float]
"""(label, channel, region) → tickets."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of a month. ``value``: an index, or a share with ``reference`` beside it.

    ``noise``: what it may reach by chance; it warns above both ``threshold`` and ``noise``.
    ``value`` is None where the month does not speak: too few tickets, or nothing to compare with.
    """

    threshold: float
    origin: str  # of the threshold, Chinese
    value: float | None = None
    reference: float | None = None
    noise: float | None = None
    warns: bool = False
    cause: str = ""


def measure(context: Context, month: str, profile: str | None = None) -> StageOutcome:
    """Measure ``month`` (YYYY-MM) against the champion's reference months and keep the row.

    keys: the row of ``model_drift``. Status: attention where something has drifted. Made again
    from the same tickets, only ``measured_at`` changes. Raises ValueError for a month not written
    so, classify.ModelMissing.
    """
    from pipeline.policies import load_profile

    month_bounds(month)
    settings = load_profile(profile or context.settings.profile).classifier
    with read_only(context.engine).connect() as reading:
        model = champion(reading, context.settings)
        reference = reference_months(reading, model, settings)
        row = {
            "month": month,
            "model_version": model.version,
            "measured_at": context.clock(),
            "reference_json": reference,
            "pending": counted.pending(reading, model.version, [month, *reference]),
            **_measures(reading, model, month, reference, settings),
        }
    with context.engine.begin() as connection:
        counted.store_drift(connection, row)
    warnings = tuple(row["warnings_json"])
    return StageOutcome(
        "drift",
        Status.ATTENTION if warnings else Status.DONE,
        row,
        {"tickets": row["tickets"], "pending": row["pending"], "warnings": len(warnings)},
        warnings,
    )


def history(context: Context) -> list[dict]:
    """The months measured for the champion, the newest first."""
    with read_only(context.engine).connect() as reading:
        version = champion(reading, context.settings).version
        return counted.stored_drift(reading, version)


def reference_months(
    connection: sa.Connection, model: Champion, settings: Mapping[str, "Setting"]
) -> list[str]:
    """The newest complete months before the model first spoke; where it read none of those (a new
    store), the first month it read. Months with too few tickets are passed over.
    """
    least = settings["drift_tickets"].value
    full = [
        month
        for month, tickets in counted.months_read(connection, model.version).items()
        if tickets >= least
    ]
    first: datetime | None = counted.first_read(connection, model.version)
    before = [month for month in full if first and month_bounds(month)[1] <= first]
    return before[-int(settings["reference_months"].value) :] or full[:1]


def _measures(
    connection: sa.Connection,
    model: Champion,
    month: str,
    reference: list[str],
    settings: Mapping[str, "Setting"],
) -> dict:
    version = model.version
    rows = counted.labels_by_place(connection, version, [month])
    tickets = sum(row.tickets for row in rows)
    enforcement = sum(row.tickets for row in rows if row.what == Scope.E1)
    # Neither with a reference that holds the month itself, nor with too few tickets.
    is_comparable = tickets >= settings["drift_tickets"].value and month not in reference
    both = [[month], reference] if reference and is_comparable else []
    labels = [counted.labels_by_place(connection, version, months) for months in both]
    edges = counted.score_edges(connection, version, reference) if both else []
    scores = [counted.scores_by_place(connection, version, months, edges) for months in both]
    texts = [counted.sample(connection, version, months, SAMPLE) for months in both]

    def kind(row: sa.Row) -> str | None:
        is_typed = row.what == Scope.E1 and row.primary_type
        return ProblemType(row.primary_type).name_zh if is_typed else None

    stability, rise = settings["stability"], settings["abstained_rise"]
    found = {
        "scope": shifted(_cells(labels, lambda row: Scope(row.what).name_zh), stability),
        "types": shifted(_cells(labels, kind), stability, int(settings["drift_enforcement"].value)),
        "scores": shifted(_cells(scores, lambda row: _interval(row.what, edges)), stability),
        "abstained": risen(
            _cells(labels, lambda row: ABSTAINED if row.review else ""), ABSTAINED, rise
        ),
        "unknown": _unknown(model, texts, settings["unknown_rise"]),
    }
    return {
        "tickets": tickets,
        "enforcement": enforcement,
        "measures_json": {name: asdict(measure) for name, measure in found.items()},
        "warnings_json": [
            _warning(month, reference, name, measure)
            for name, measure in found.items()
            if measure.warns
        ],
    }


def _cells(populations: Sequence[Sequence[sa.Row]], label: Callable) -> list[Cells]:
    """Tickets of each population by label and place; rows whose label is None are left out."""
    sums: list[Cells] = []
    for rows in populations:
        cells: dict[tuple[str, str, str], float] = defaultdict(float)
        for row in rows:
            if (name := label(row)) is not None:
                place = _channel(row.hotline, row.intake_channel), row.region or _BLANK
                cells[name, *place] += row.tickets
        sums.append(cells)
    return sums


# --- arithmetic -----------------------------------------------------------------------------


def stability_index(now: np.ndarray, was: np.ndarray) -> tuple[float, np.ndarray]:
    """Population stability index Σ (a − e)·ln(a / e) of two counts over the same labels, and each
    label's part of it; half a ticket is added to each, so that an empty one stays finite.
    """
    a = (now + 0.5) / (now + 0.5).sum()
    e = (was + 0.5) / (was + 0.5).sum()
    parts = (a - e) * np.log(a / e)
    return float(parts.sum()), parts


def chance(labels: int, now: float, was: float) -> float:
    """The index that equal populations pass in one month of a hundred.

    Without a shift it is about (1/n + 1/m) times a chi-square with one degree of freedom less
    than there are labels (Yurdakul 2018); the quantile by Wilson and Hilferty.
    """
    degrees = max(1, labels - 1)
    spread = 2 / (9 * degrees)
    return (1 / now + 1 / was) * degrees * (1 - spread + Z * spread**0.5) ** 3


def shifted(both: Sequence[Cells], threshold: "Setting", least: int = 1) -> Measure:
    """The stability index of a month's labels against the reference's; silent where either holds
    fewer than ``least`` tickets.
    """
    silent = Measure(threshold.value, threshold.origin_zh)
    if not both or min(sum(cells.values()) for cells in both) < least:
        return silent
    (now, was), (after, before) = both, (_by(cells, 0) for cells in both)
    labels = sorted({*after, *before})
    value, parts = stability_index(
        np.array([float(after[label]) for label in labels]),
        np.array([float(before[label]) for label in labels]),
    )
    noise = chance(len(labels), sum(now.values()), sum(was.values()))
    warns = value >= threshold.value and value > noise
    cause = _cause(labels[int(parts.argmax())], now, was) if warns else ""
    return replace(silent, value=round(value, 4), noise=round(noise, 4), warns=warns, cause=cause)


def risen(
    both: Sequence[Cells], label: str, threshold: "Setting", noise: float | None = None
) -> Measure:
    """The share of ``label``; only a rise warns. ``noise`` is that of a share of tickets unless it
    is given.
    """
    silent = Measure(threshold.value, threshold.origin_zh)
    if not both or not all(sum(cells.values()) for cells in both):
        return silent
    n, m = (sum(cells.values()) for cells in both)
    after, before = (_by(cells, 0)[label] / sum(cells.values()) for cells in both)
    if noise is None:
        pooled = (after * n + before * m) / (n + m)
        noise = Z * (pooled * (1 - pooled) * (1 / n + 1 / m)) ** 0.5
    warns = after - before >= threshold.value and after - before > noise
    return replace(
        silent,
        value=round(after, 4),
        reference=round(before, 4),
        noise=round(noise, 4),
        warns=warns,
        cause=_cause(label, *both) if warns else "",
    )


def _unknown(model: Champion, texts: Sequence[list[dict]], threshold: "Setting") -> Measure:
    """The mean share of unknown words of a ticket, by a sample of both."""
    if not texts:
        return risen((), UNKNOWN, threshold)
    from pipeline.classify.novelty import unknown_words

    classifier = model.load()
    both, spread = [], 0.0
    for tickets in texts:
        unknown, words = unknown_words(classifier, tickets)
        shares = unknown / np.maximum(words, 1)
        spread += float(shares.var()) / len(tickets)
        cells: dict[tuple[str, str, str], float] = defaultdict(float)
        for ticket, share in zip(tickets, shares, strict=True):
            channel = _channel(ticket["hotline"], ticket["intake_channel"])
            place = channel, ticket["region"] or _BLANK
            cells[UNKNOWN, *place] += float(share)
            cells["", *place] += 1 - float(share)
        both.append(cells)
    return risen(both, UNKNOWN, threshold, Z * spread**0.5)


# --- causes ---------------------------------------------------------------------------------


def _cause(label: str, now: Cells, was: Cells) -> str:
    """``投诉执法由 2.1% 升至 6.3%,主要来自…``: the label's share, and where it moved most."""
    n, m = sum(now.values()), sum(was.values())
    after, before = _by(now, 0)[label] / n, _by(was, 0)[label] / m
    direction = 1 if after >= before else -1
    said = f"{label}由 {before:.1%} {'升' if direction > 0 else '降'}至 {after:.1%}"
    if label == ProblemType.INTEGRITY.name_zh:
        return said  # where leads come from is nobody's business but the liaison's
    inside_now = {key: count for key, count in now.items() if key[0] == label}
    inside_was = {key: count for key, count in was.items() if key[0] == label}
    places = []
    for dimension in (1, 2):
        a, e = _by(inside_now, dimension), _by(inside_was, dimension)
        moved = {name: a[name] / n - e[name] / m for name in sorted({*a, *e})}
        name, by = max(moved.items(), key=lambda pair: direction * pair[1])
        places.append(f"{name}（{by * 100:+.1f} 个百分点）")
    return f"{said}，变动最大的渠道是{places[0]}，地区是{places[1]}"


def _by(cells: Cells, place: int) -> Counter:
    sums: Counter = Counter()
    for key, count in cells.items():
        sums[key[place]] += count
    return sums


def _channel(hotline: str, intake_channel: str | None) -> str:
    return f"{Hotline(hotline).name_zh}·{intake_channel or _BLANK}"


def _interval(number: int, edges: Sequence[float]) -> str:
    bounds = [0.0, *edges, 1.0]
    return f"概率 {bounds[number]:.3f}—{bounds[number + 1]:.3f} 的工单"


def _warning(month: str, reference: Sequence[str], name: str, measure: Measure) -> str:
    if measure.reference is None:
        size = f"稳定性指数 {measure.value:.2f}（达到 {measure.threshold:g} 即提示"
    else:
        rise = (measure.value - measure.reference) * 100
        size = f"高 {rise:.1f} 个百分点（达到 {measure.threshold * 100:g} 即提示"
    return (
        f"{month} {MEASURES[name]}与基准月（{'、'.join(reference)}）不同，"
        f"{size}，{measure.origin}）：{measure.cause}。"
    )
