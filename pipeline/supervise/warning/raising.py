"""From counts to warnings in words: unit × type and region × type, by week and by month."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np

from pipeline.domain.calendar import month_of
from pipeline.domain.labels import ProblemType
from pipeline.policies import Profile
from pipeline.policies.profile import Campaign
from pipeline.supervise.facts import Facts
from pipeline.supervise.warning.detect import (
    MONTH,
    WEEK,
    Grain,
    Limits,
    Signals,
    closed_before,
    detect,
)
from pipeline.supervise.warning.episodes import episodes
from pipeline.supervise.warning.history import RULE, Sighting
from pipeline.supervise.warning.periods import Periods, under_way

ONE_VOICE = timedelta(days=28)
"""A caller who complains again within so many days counts once (domain D5)."""


@dataclass(frozen=True, slots=True)
class Series:
    """The complaints about one problem type at one unit or in one region, by time."""

    place: str
    kind: ProblemType
    is_region: bool
    sightings: tuple[Sighting, ...]

    @property
    def where(self) -> str:
        return f"{self.place}(全域)" if self.is_region else self.place

    @property
    def subject(self) -> str:
        return f"{self.where} · {self.kind.name_zh}"


@dataclass(frozen=True, slots=True)
class Warning:
    """One episode of one series. ``month`` is where it began and names its item; ``is_sure``
    says that it stands when all series are looked at together (L1), else it is to be watched (L0).
    """

    series: Series
    month: str
    is_sure: bool
    reason: str
    tickets: frozenset[int]
    numbers: dict


def limits(profile: Profile) -> Limits:
    """R12's settings, as :func:`detect` wants them."""

    def value(name: str) -> int | float:
        return profile.threshold(RULE, name).value

    return Limits(
        alarm=value("alarm"),
        false_share=value("false_share"),
        least=int(value("least")),
        least_emerging=int(value("tickets")),
    )


def warnings(facts: Facts, profile: Profile) -> list[Warning]:
    """What is unusual from ``facts.since`` on: one warning per series and episode, in order.

    Empty without a history. Raises CalendarUnknown for a year without known days off.
    """
    if facts.history.start is None:
        return []
    now = [
        Sighting(c.id, c.accepted_at, c.where, c.region, c.labels, c.caller_key or c.matter_id)
        for c in facts.cases
    ]
    series = all_series([*facts.history.sightings, *now])
    if not any(s.sightings[-1].accepted_at >= facts.since for s in series):
        return []
    counted = _counted(series)
    weekly = _of_grain(facts, profile, series, counted, WEEK)
    monthly = _of_grain(facts, profile, series, counted, MONTH)
    covered = {(w.series.subject, month) for w in weekly for month in _months(w)}
    more = [w for w in monthly if (w.series.subject, w.month) not in covered]
    return sorted([*weekly, *more], key=lambda w: (w.series.is_region, w.series.subject, w.month))


def _months(warning: Warning) -> set[str]:
    seen = (s for s in warning.series.sightings if s.id in warning.tickets)
    return {month_of(s.accepted_at) for s in seen}


def all_series(sightings: Iterable[Sighting]) -> list[Series]:
    """Every unit × type and region × type seen, in order of name; 未指明 is no type of its own."""
    found: dict[tuple[bool, str, str], list[Sighting]] = {}
    for one in sightings:
        for is_region, place in ((False, one.where), (True, one.region)):
            if place:
                for label in one.labels - {ProblemType.UNSPECIFIED.value}:
                    found.setdefault((is_region, place, label), []).append(one)
    return [
        Series(place, ProblemType(label), is_region, tuple(found[is_region, place, label]))
        for is_region, place, label in sorted(found)
    ]


def voices_once(sightings: Sequence[Sighting]) -> list[Sighting]:
    """Without those whose caller was counted within :data:`ONE_VOICE` before."""
    counted: dict[str | int, datetime] = {}
    kept = []
    for one in sightings:
        last = counted.get(one.voice)
        if last is None or one.accepted_at - last > ONE_VOICE:
            counted[one.voice] = one.accepted_at
            kept.append(one)
    return kept


def _counted(series: Sequence[Series]) -> tuple[np.ndarray, np.ndarray]:
    """Row and day (ordinal) of every complaint that counts."""
    pairs = [
        (row, s.accepted_at.toordinal())
        for row, one in enumerate(series)
        for s in voices_once(one.sightings)
    ]
    rows, days = np.array(pairs, int).reshape(-1, 2).T
    return rows, days


def _of_grain(
    facts: Facts,
    profile: Profile,
    series: Sequence[Series],
    counted: tuple[np.ndarray, np.ndarray],
    grain: Grain,
) -> list[Warning]:
    """Warnings of one grain whose episode began at or after ``facts.since``."""
    span = Periods.weeks if grain is WEEK else Periods.months
    periods = span(facts.history.start, facts.as_of)
    quiet = int(profile.threshold(RULE, "quiet_weeks").value) if grain is WEEK else 0
    first = int(np.searchsorted(periods.starts, facts.since.date()))
    tested = np.arange(max(0, first - quiet), len(periods.starts))
    held = periods.held(facts.history.days)
    if grain is WEEK:
        held &= ~np.array([periods.is_holiday(i) for i in range(len(held))])
    counts = np.zeros((len(series), len(held)), int)
    closed = np.zeros(counts.shape, bool)
    rows, columns = counted[0], periods.columns(counted[1])
    inside = columns >= 0
    np.add.at(counts, (rows[inside], columns[inside]), 1)
    if facts.history.closings:
        for row, one in enumerate(series):
            days = periods.index(facts.history.closings.get(one.subject, ()))
            closed[row, days[days >= 0]] = True
    signals = detect(
        counts,
        grain,
        limits(profile),
        tested=tested,
        exposure=periods.exposure(profile.campaigns),
        held=held,
        family=np.array([s.is_region for s in series], int),
        closed=closed,
    )
    last_closed = closed_before(closed)
    found = []
    for row in np.flatnonzero(signals.unusual.any(axis=1)):
        unusual = tested[signals.unusual[row]].tolist()
        for episode in episodes(unusual, quiet, last_closed[row]):
            if episode[0] >= first:
                columns = [c - tested[0] for c in episode]
                found.append(
                    _warning(series[row], row, columns, signals, periods, grain, profile.campaigns)
                )
    return _one_per_item(found)


def _one_per_item(found: Iterable[Warning]) -> list[Warning]:
    """Two episodes that began in one month (the first was closed) are one item, which reopens."""
    items: dict[tuple[str, str], Warning] = {}
    for one in found:
        key = (one.series.subject, one.month)
        if before := items.get(key):
            is_sure, tickets = one.is_sure or before.is_sure, one.tickets | before.tickets
            one = replace(one, is_sure=is_sure, tickets=tickets)  # noqa: PLW2901
        items[key] = one
    return list(items.values())


def _warning(  # noqa: PLR0917
    series: Series,
    row: int,
    columns: list[int],
    signals: Signals,
    periods: Periods,
    grain: Grain,
    campaigns: Sequence[Campaign],
) -> Warning:
    """The episode in the words of its most unusual period."""
    told = min(columns, key=lambda c: (signals.p[row, c], c))
    opening, closing = columns[0], columns[-1]
    begin, _ = periods.bounds(signals.tested[opening], int(signals.window[row, opening]))
    _, end = periods.bounds(signals.tested[closing])
    tickets = _between(series, begin, end)
    first_days = periods.bounds(signals.tested[opening])
    in_first = _between(series, *first_days)
    month = month_of(in_first[0].accepted_at if in_first else first_days[0])
    is_sure = bool(signals.raised[row, columns].any())
    reason = _why(row, told, signals, periods, grain, campaigns)
    if not is_sure:
        reason += ",尚未达到全部单位合并判断的提醒界限"
    numbers = {
        "counted": int(signals.count[row, told]),
        "usual": round(float(signals.usual[row, told]), 2),
        "grain": "周" if grain is WEEK else "月",
        "periods": int(signals.window[row, told]),
        "history_periods": int(signals.usable[told]),
        "chance": float(f"{signals.p[row, told]:.1g}"),
        "from": begin.isoformat(),
    }
    return Warning(series, month, is_sure, reason, frozenset(s.id for s in tickets), numbers)


def _between(series: Series, first: date, last: date) -> list[Sighting]:
    return [s for s in series.sightings if first <= s.accepted_at.date() <= last]


def _why(  # noqa: PLR0917
    row: int,
    column: int,
    signals: Signals,
    periods: Periods,
    grain: Grain,
    campaigns: Sequence[Campaign],
) -> str:
    """``近52周平均0.3件/周,本周(11月9日至15日)4件``."""
    unit = "周" if grain is WEEK else "个月"
    rate = float(signals.usual[row, column])
    history = f"近{signals.usable[column]}{unit}平均{_decimal(rate)}件/{unit[-1]}"
    if signals.emerging[row, column]:
        history += f"、此前{grain.quiet}{unit}均为0件"
    length = int(signals.window[row, column])
    first, last = periods.bounds(signals.tested[column], length)
    now = f"近{length}{unit}" if length > 1 else f"本{unit[-1]}"
    text = f"{history},{now}({_days_zh(first, last)}){signals.count[row, column]}件"
    notes = [f"期间有{name},已计入预期" for name in under_way(first, last, campaigns)]
    if grain is WEEK:
        shown = range(signals.tested[column] + 1 - length, signals.tested[column] + 1)
        notes += ["期间有法定长假"] if any(periods.is_holiday(i) for i in shown) else []
    return text + "".join(f",{note}" for note in notes)


def _decimal(rate: float) -> str:
    return f"{rate:.1f}" if rate >= 0.1 or rate == 0 else f"{rate:.2f}"


def _days_zh(first: date, last: date) -> str:
    end = f"{last.day}日" if last.month == first.month else f"{last.month}月{last.day}日"
    return f"{first.month}月{first.day}日至{end}"
