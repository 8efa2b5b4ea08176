"""What the rules look at: enforcement complaints as columns of one query, read once per run."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa

from pipeline.domain.calendar import month_bounds, month_of, shift_month
from pipeline.domain.labels import Scope
from pipeline.domain.text import probe
from pipeline.store import tables as t
from pipeline.store.bulk import among
from pipeline.supervise import replay
from pipeline.supervise.leads import is_integrity_lead
from pipeline.supervise.warning.history import History, load_history

LOOK_BACK_MONTHS = 3
"""Whole months before the current one whose tickets may still raise or change items (late data)."""

HISTORY_MONTHS = 6
"""Months before those, read as baselines only."""


Fines = Mapping[tuple[str, str], float]
"""(Unit, month) → what was fined and confiscated there, from outside (R28)."""

LABELLED = sa.table(
    "labelled_ticket",
    *(sa.column(c.name, c.type) for c in t.ticket.columns),
    sa.column("unit", sa.Text()),
    sa.column("matter_id", sa.Integer()),
    sa.column("scope", sa.String()),
    sa.column("primary_type", sa.String()),
    sa.column("labels_json", sa.JSON()),
    sa.column("evidence_json", sa.JSON()),
    sa.column("flags_json", sa.JSON()),
    sa.column("review", sa.Boolean()),
)
"""The view of migration 0001: a person's decision stands above the model."""


@dataclass(frozen=True, slots=True)
class Case:
    """One enforcement complaint (scope E1) as known in the store."""

    id: int
    hotline: str
    ticket_no: str
    accepted_at: datetime
    category: str | None
    region: str | None
    place: str | None
    plate: str | None
    caller_key: str | None
    unit: str | None
    matter_id: int
    primary: str | None
    labels: frozenset[str]
    flags: frozenset[str]
    review: bool
    status: str | None
    handler_unit: str | None
    dispatched_at: datetime | None
    signed_at: datetime | None
    due_at: datetime | None
    is_extended: bool | None
    return_count: int | None
    closed_at: datetime | None
    reply: str | None
    verified: str | None
    visited_at: datetime | None
    visit_result: str | None
    resolved: str | None
    satisfaction: str | None
    dissatisfaction_reason: str | None
    month: str  # in which it was accepted, "2026-10"
    text: str  # title and content for the rules' patterns: marks in ASCII shape

    @property
    def where(self) -> str | None:
        """The unit complained of, else the region; the two never mix under one name."""
        return self.unit or (f"{self.region}(未填单位)" if self.region else None)

    @property
    def is_integrity_lead(self) -> bool:
        return is_integrity_lead(self.labels, self.flags)


@dataclass(frozen=True, slots=True)
class Facts:
    """``cases`` are ordinary, ``leads`` confidential (they feed R07 and nothing else), both by
    time; ``months`` those in which the store holds any ticket; ``repeats`` the ids of complaints
    that came again after a closing (linking); ``history`` the longer past of early warning.
    """

    as_of: date
    since: datetime
    cases: list[Case]
    leads: list[Case]
    months: frozenset[str]
    repeats: frozenset[int] = field(default_factory=frozenset)
    fines: Fines | None = None
    history: History = field(default_factory=History)

    @property
    def recent(self) -> list[Case]:
        return [case for case in self.cases if case.accepted_at >= self.since]

    def has(self, column: str) -> bool:
        """Whether any case bears a value in the column; else a rule that needs it rests."""
        return any(getattr(case, column) is not None for case in self.cases)

    def recent_months(self) -> list[str]:
        newest = month_of(self.as_of)
        return [shift_month(newest, -n) for n in range(LOOK_BACK_MONTHS, -1, -1)]


_COLUMNS = tuple(
    f.name for f in fields(Case) if f.name not in {"primary", "labels", "flags", "month", "text"}
)


def load_facts(connection: sa.Connection, as_of: date, fines: Fines | None = None) -> Facts:
    """Everything accepted up to the end of ``as_of``, ten months back, as it was known then.

    ``fines``: an outside table of fines for R28.
    """
    newest = month_of(as_of)
    since, _ = month_bounds(shift_month(newest, -LOOK_BACK_MONTHS))
    start, _ = month_bounds(shift_month(newest, -LOOK_BACK_MONTHS - HISTORY_MONTHS))
    end = datetime.combine(as_of + timedelta(days=1), time())
    past = replay.past(connection, as_of, start)
    c = LABELLED.c
    is_e1 = c.scope == Scope.E1.value
    if past.labels:  # decided later: whatever the label is now, it may have been another then
        is_e1 |= among(connection, c.id, past.labels)
    query = (
        sa.select(
            *(c[name] for name in _COLUMNS), c.title, c.content,
            c.scope, c.primary_type, c.labels_json, c.flags_json,
        )
        .where(c.accepted_at >= start, c.accepted_at < end, is_e1)
        .order_by(c.accepted_at, c.id)
    )  # fmt: skip
    cases: list[Case] = []
    leads: list[Case] = []
    for row in connection.execution_options(yield_per=5000).execute(query):
        (*values, title, content, scope, primary, labels, flags) = row
        columns = dict(zip(_COLUMNS, values, strict=True))
        if past.is_later(columns["id"]):
            continue
        if past.labels and columns["id"] in past.labels:
            scope, primary, labels, columns["review"] = past.labels[columns["id"]]
            if scope != Scope.E1.value:
                continue
        columns["matter_id"] = past.matter(columns["id"], columns["matter_id"])
        case = Case(
            **past.seen(columns, end),
            primary=primary,
            labels=frozenset(labels or ()),
            flags=frozenset(flags or ()),
            month=month_of(columns["accepted_at"]),
            text=probe(f"{title or ''}\n{content or ''}"),
        )
        (leads if case.is_integrity_lead else cases).append(case)
    months = _months(connection, start, end)
    history = load_history(connection, LABELLED, since, start, end, past)
    return Facts(as_of, since, cases, leads, months, past.repeats, fines, history)


def _months(connection: sa.Connection, start: datetime, end: datetime) -> frozenset[str]:
    at = t.ticket.c.accepted_at
    year, month = sa.extract("year", at), sa.extract("month", at)
    rows = connection.execute(
        sa.select(year, month).where(at >= start, at < end).group_by(year, month)
    )
    return frozenset(f"{int(y):04d}-{int(m):02d}" for y, m in rows)


def voices(cases: Iterable[Case]) -> int:
    """How many complaints count towards a threshold: a caller once, however often (domain D5).

    Tickets without a caller count once per matter.
    """
    return len({case.caller_key or case.matter_id for case in cases})


def people(cases: Sequence[Case]) -> int:
    """A number of people that is certainly not too high: all unknown callers count as one."""
    known = {case.caller_key for case in cases if case.caller_key}
    return len(known) + any(not case.caller_key for case in cases)


def most_within(cases: Sequence[Case], days: int, count=voices, month: str | None = None) -> int:
    """The highest ``count`` in any ``days`` days (that end in ``month``); cases by time."""
    best, first = 0, 0
    for last, case in enumerate(cases):
        while case.accepted_at - cases[first].accepted_at > timedelta(days=days):
            first += 1
        if month in (None, case.month):
            best = max(best, count(cases[first : last + 1]))
    return best


def grouped(cases: Iterable[Case], key) -> dict:
    """Cases by key, in order; a key of None drops the case."""
    groups = defaultdict(list)
    for case in cases:
        if (value := key(case)) is not None:
            groups[value].append(case)
    return dict(groups)
