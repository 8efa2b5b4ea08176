"""The longer past that early warning needs: complaints before the facts, days held, closings."""

from dataclasses import dataclass, field
from datetime import date, datetime

import sqlalchemy as sa

from pipeline.domain.calendar import month_bounds, month_of, shift_month
from pipeline.domain.labels import Scope
from pipeline.store import tables as t
from pipeline.store.bulk import among
from pipeline.supervise.leads import is_integrity_lead
from pipeline.supervise.replay import Past
from pipeline.supervise.states import FINAL

MONTHS = 15
"""Before the oldest month that may raise: a year of weeks, the longest sum, and quiet weeks."""

RULE = "R12"


@dataclass(frozen=True, slots=True)
class Sighting:
    """One complaint, as far as counting needs it. ``voice``: the caller, else the matter."""

    id: int
    accepted_at: datetime
    where: str | None
    region: str | None
    labels: frozenset[str]
    voice: str | int


@dataclass(frozen=True, slots=True)
class History:
    """``days`` on which the store holds tickets of any kind; ``closings`` of R12's items by
    subject, up to the day looked at.
    """

    start: date | None = None
    sightings: list[Sighting] = field(default_factory=list)
    days: frozenset[date] = frozenset()
    closings: dict[str, list[date]] = field(default_factory=dict)


def load_history(  # noqa: PLR0917
    connection: sa.Connection,
    labelled: sa.TableClause,
    since: datetime,
    until: datetime,
    end: datetime,
    past: Past,
) -> History:
    """Complaints from ``MONTHS`` before ``since`` to ``until`` (the facts hold the rest); days
    and closings to ``end``. ``past``: what was known on the day looked at.
    """
    start, _ = month_bounds(shift_month(month_of(since), -MONTHS))
    c = labelled.c
    is_e1 = c.scope == Scope.E1.value
    if past.labels:  # decided later: whatever the label is now, it may have been another then
        is_e1 |= among(connection, c.id, past.labels)
    query = (
        sa.select(
            c.id, c.accepted_at, c.unit, c.region, c.labels_json,
            c.caller_key, c.matter_id, c.flags_json,
        )
        .where(c.accepted_at >= start, c.accepted_at < until, is_e1)
        .order_by(c.accepted_at, c.id)
    )  # fmt: skip
    sightings = []
    for key, at, unit, region, now, caller, matter, flags in connection.execute(query):
        scope, _primary, labels, _review = past.labels.get(key, (Scope.E1.value, None, now, False))
        is_out = scope != Scope.E1.value or past.is_later(key)
        if is_out or is_integrity_lead(labels, flags):
            continue
        where = place(unit, region)
        voice = caller or past.matter(key, matter)
        sightings.append(Sighting(key, at, where, region, frozenset(labels or ()), voice))
    return History(
        start.date(), sightings, _days(connection, start, end), _closings(connection, end)
    )


def place(unit: str | None, region: str | None) -> str | None:
    """The unit complained of, else the region; the two never mix under one name."""
    return unit or (f"{region}(未填单位)" if region else None)


def _days(connection: sa.Connection, start: datetime, end: datetime) -> frozenset[date]:
    at = t.ticket.c.accepted_at
    day = sa.func.date(at, type_=sa.String)
    query = sa.select(day).where(at >= start, at < end).distinct()
    return frozenset(date.fromisoformat(str(d)) for d in connection.scalars(query))


def _closings(connection: sa.Connection, end: datetime) -> dict[str, list[date]]:
    item, event = t.supervision_item.c, t.item_event.c
    query = (
        sa.select(item.subject, event.at)
        .join(t.item_event, event.item_id == item.id)
        .where(
            item.rule == RULE,
            event.at < end,
            event.to_state.in_([state.value for state in FINAL]),
            event.from_state.not_in([state.value for state in FINAL]),
        )
        .order_by(event.at, item.id)
    )
    closings: dict[str, list[date]] = {}
    for subject, at in connection.execute(query):
        closings.setdefault(subject, []).append(at.date())
    return closings
