"""Enforcement complaints for lists: as known on a day, without integrity leads, without callers.

What is withheld here is withheld from every ordinary list: tickets whose type in force is an
integrity lead, and those that belong to a confidential item (M-06).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime

import sqlalchemy as sa

from pipeline.domain.calendar import CalendarUnknown, add_working_days, is_working_day
from pipeline.domain.labels import ProblemType, Scope
from pipeline.domain.privacy import mask_text
from pipeline.domain.text import probe
from pipeline.domain.ticket import Status
from pipeline.policies import Profile
from pipeline.store import tables as t
from pipeline.store.bulk import among
from pipeline.supervise import replay
from pipeline.supervise.explain import hide_officers
from pipeline.supervise.facts import LABELLED
from pipeline.supervise.items import ordinary
from pipeline.supervise.leads import is_integrity_lead
from pipeline.supervise.ledgers.period import Period
from pipeline.supervise.states import State

VERIFIED = ("属实", "部分属实")
LEFT = frozenset({Status.REFUSED.value, Status.WITHDRAWN.value})
CLOSED = frozenset(status.value for status in Status if status.is_closed)
_LEAD = ProblemType.INTEGRITY.value


@dataclass(frozen=True, slots=True)
class Ticket:
    """One complaint (scope E1) as known on the day of the list."""

    id: int
    hotline: str
    ticket_no: str
    accepted_at: datetime
    category: str | None
    region: str | None
    place: str | None
    caller_key: str | None
    matter_id: int
    is_confidential: bool | None
    unit: str | None
    target_unit: str | None
    handler_unit: str | None
    status: str | None
    dispatched_at: datetime | None
    signed_at: datetime | None
    due_at: datetime | None
    is_extended: bool | None
    return_count: int | None
    urge_count: int | None
    closed_at: datetime | None
    reply: str | None
    verified: str | None
    visited_at: datetime | None
    visit_result: str | None
    satisfaction: str | None
    title: str | None
    content: str | None
    primary_type: str | None
    labels_json: Sequence[str] | None
    evidence_json: dict | None
    flags_json: Sequence[str] | None
    review: bool | None

    @property
    def number(self) -> str:
        return f"{self.hotline}-{self.ticket_no}"

    @property
    def text(self) -> str:
        return probe(f"{self.title or ''}\n{self.content or ''}")

    @property
    def labels(self) -> list[str]:
        return [label for label in self.labels_json or () if label != _LEAD]

    @property
    def types_zh(self) -> str:
        return "、".join(ProblemType(label).name_zh for label in self.labels) or "类型未定"

    @property
    def where(self) -> str:
        return self.unit or (f"{self.region}（未填单位）" if self.region else "未填单位")

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None or self.status in CLOSED

    @property
    def is_lead(self) -> bool:
        if self.primary_type == _LEAD:
            return True
        return is_integrity_lead(self.labels_json, self.flags_json)


_COLUMNS = tuple(field.name for field in fields(Ticket))
# Columns that the replay puts back beside those of a ticket here.
_REPLAYED = ("resolved", "dissatisfaction_reason")


def withheld() -> sa.Select:
    """Ids of the tickets that belong to a confidential item, which a review has not dropped."""
    link, item = t.item_ticket.c, t.supervision_item.c
    return (
        sa.select(link.ticket_id)
        .join(t.supervision_item, item.id == link.item_id)
        .where(~ordinary(), item.state != State.UNFOUNDED.value)
    )


def load_tickets(
    connection: sa.Connection,
    period: Period,
    *,
    since: datetime | None = None,
    by: Sequence[str] = ("accepted_at",),
) -> list[Ticket]:
    """The complaints whose time (the first of ``by`` that they have) lies in the period, from
    ``since`` where given, as they were known on its day; in order of acceptance.

    Leads and tickets of confidential items are not among them.
    """
    c = LABELLED.c
    past = replay.past(connection, period.as_of, since or period.start)
    is_e1 = c.scope == Scope.E1.value
    if past.labels:  # decided later: whatever the label is now, it may have been another then
        is_e1 |= among(connection, c.id, past.labels)
    query = (
        sa.select(*(c[name] for name in (*_COLUMNS, *_REPLAYED)), c.scope)
        .where(
            is_e1,
            sa.or_(*(c[name] >= (since or period.start) for name in by)),
            c.accepted_at < period.end,
            c.id.not_in(withheld()),
        )
        .order_by(c.accepted_at, c.id)
    )
    found = []
    for row in connection.execute(query).mappings():
        columns = dict(row)
        if past.is_later(columns["id"]):
            continue
        if label := past.labels.get(columns["id"]):
            columns |= dict(zip(_LABELS, label, strict=True))
        if columns.pop("scope") != Scope.E1.value:
            continue
        columns["matter_id"] = past.matter(columns["id"], columns["matter_id"])
        columns = past.seen(columns, period.known_before)
        ticket = Ticket(**{name: columns[name] for name in _COLUMNS})
        if not ticket.is_lead and _lies_in(ticket, since or period.start, period.end, by):
            found.append(ticket)
    return found


_LABELS = ("scope", "primary_type", "labels_json", "review")


def _lies_in(ticket: Ticket, start: datetime, end: datetime, by: Sequence[str]) -> bool:
    at = next((at for name in by if (at := getattr(ticket, name))), None)
    return at is not None and start <= at < end


def shown(text: str | None, *, is_verified: bool = False) -> str:
    """Free text for a list: masked, and without officers' names until verified (domain D5)."""
    masked = mask_text(text or "")
    return masked if is_verified else hide_officers(masked)


def limit_day(start: date, days: int, as_of: date) -> date | None:
    """The last day of a limit in working days, None where it lies beyond the known calendar.

    Raises CalendarUnknown where ``as_of`` itself does: then nothing can be said.
    """
    try:
        return add_working_days(start, days)
    except CalendarUnknown:
        is_working_day(as_of)
        return None


def due_day(ticket: Ticket, profile: Profile, as_of: date) -> tuple[date | None, bool]:
    """The day an answer is due, and whether that is the platform's own date."""
    if ticket.due_at:
        return ticket.due_at.date(), True
    limits = profile.ticket_deadlines
    limit = limits.get(ticket.category) or limits["投诉举报"]
    start = (ticket.dispatched_at or ticket.accepted_at).date()
    return limit_day(start, int(limit.value), as_of), False


def units_of(tickets: Iterable[Ticket]) -> int:
    return len({ticket.unit for ticket in tickets if ticket.unit})
