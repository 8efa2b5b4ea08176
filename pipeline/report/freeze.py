"""Freezing (冻结): the tickets a report counts are copied once and never change under it."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from pipeline.domain.calendar import CalendarUnknown, working_days_between
from pipeline.domain.ticket import Satisfaction, Status
from pipeline.report.manifest import accepted_in, describe_inputs
from pipeline.report.parts import BAD_RATING, REDONE
from pipeline.report.periods import Period, periods
from pipeline.report.policy import ReportPolicy
from pipeline.report.queries import UNCLASSIFIED, query_names, query_text
from pipeline.store.tables import (
    report,
    report_figure,
    report_ticket,
    report_ticket_flag,
    report_ticket_label,
    ticket,
    ticket_version,
)

_COPIED = tuple(c for c in report_ticket.c if c.name not in ("report_id", "period", "working_days"))
_OF_COMPLAINTS = (
    "status", "dispatched_at", "signed_at", "due_at", "closed_at", "visited_at", "return_count",
    "is_extended", "verified", "resolved", "satisfaction",
)  # fmt: skip
"""How a ticket was handled: no figure reads it of one that is no enforcement complaint, and in a
large month those are nearly all."""
_VIEW = sa.table(
    "labelled_ticket",
    *(sa.column("id" if c.name == "ticket_id" else c.name, c.type.__class__()) for c in _COPIED),
)
_LABEL_VIEW = sa.table(
    "ticket_label",
    sa.column("ticket_id", sa.Integer),
    sa.column("problem_type", sa.String),
    sa.column("is_primary", sa.Boolean),
)
_FLAG_VIEW = sa.table(
    "ticket_flag", sa.column("ticket_id", sa.Integer), sa.column("flag", sa.String)
)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A report's id and revision; ``is_new`` is false where the newest had the same inputs."""

    report_id: int
    revision: int
    is_new: bool


def freeze(
    engine: Engine,
    month: str,
    policy: ReportPolicy,
    *,
    as_of: date,
    at: datetime,
    code_version: str,
    model_version: str,
    measured: dict | None = None,
) -> Frozen:
    """Copy the input set of ``month`` and hash it, in one transaction.

    The hash covers the frozen rows and all of the manifest but ``as_of``, ``frozen_at`` and the
    profile's status of the day. Where the newest revision has the same hash everything is rolled
    back and that revision returned; else a new revision stands, state ``draft``. Revisions are
    numbered as they are given out: an attempt that nobody could see is replaced by the next.
    ``measured``: the model's measured errors (see correction), kept in the manifest.
    """
    # One snapshot for all copies: without it PostgreSQL would show each statement newer commits.
    options = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with engine.connect().execution_options(**options) as connection, connection.begin() as work:
        newest = _newest(connection, month, policy.id)
        report_id = connection.execute(
            report.insert().values(
                month=month,
                profile=policy.id,
                revision=newest.revision + 1 if newest else 1,
                frozen_at=at,
                as_of=as_of,
                input_hash="",
                manifest_json={},
                state="draft",
                findings_json=[],
            )
        ).inserted_primary_key[0]
        _copy(connection, report_id, periods(month))
        _describe_to_planner(connection)
        _flag(connection, report_id)
        _count_working_days(connection, report_id)
        inputs = {
            "month": month,
            "profile": policy.id,
            "policy": {k: v for k, v in policy.as_json().items() if k != "status_zh"},
            "versions": {
                "code": code_version,
                "model": model_version,
                "queries": queries_hash(),
            },
            "measured": measured,
            **describe_inputs(connection, report_id, month, periods(month)[0], policy),
        }
        input_hash = _hash(connection, report_id, inputs)
        if newest and newest.input_hash == input_hash:
            work.rollback()
            return Frozen(newest.id, newest.revision, is_new=False)
        manifest = inputs | {
            "policy": policy.as_json(),
            "as_of": as_of.isoformat(),
            "frozen_at": at.isoformat(sep=" ", timespec="seconds"),
            "input_hash": input_hash,
        }
        revision = newest.revision + 1 if newest else 1
        if newest and newest.state in {"draft", "blocked"}:  # persons have seen the other ones
            _discard(connection, newest.id)
            revision = newest.revision
        connection.execute(
            report.update()
            .where(report.c.id == report_id)
            .values(input_hash=input_hash, manifest_json=manifest, revision=revision)
        )
        return Frozen(report_id, revision, is_new=True)


def _discard(connection: Connection, report_id: int) -> None:
    """Remove an attempt that was held back or never finished: nobody outside has seen it."""
    for table in (report_figure, report_ticket_flag, report_ticket_label, report_ticket):
        connection.execute(table.delete().where(table.c.report_id == report_id))
    connection.execute(report.delete().where(report.c.id == report_id))


def _newest(connection: Connection, month: str, profile: str) -> sa.Row | None:
    return connection.execute(
        sa.select(report.c.id, report.c.revision, report.c.input_hash, report.c.state)
        .where(report.c.month == month, report.c.profile == profile)
        .order_by(report.c.revision.desc())
        .limit(1)
    ).one_or_none()


def _copy(connection: Connection, report_id: int, spans: tuple[Period, ...]) -> None:
    names = ["report_id", "period", *(c.name for c in _COPIED)]
    values = [_frozen(column) for column in _COPIED]
    view = _VIEW.c
    for span in spans:
        chosen = sa.select(sa.literal(report_id), sa.literal(span.name, sa.String), *values).where(
            view.id.in_(accepted_in(span))
        )
        if span.enforcement_only:
            chosen = chosen.where(view.scope == "E1")
        connection.execute(report_ticket.insert().from_select(names, chosen))
    for target, source in ((report_ticket_label, _LABEL_VIEW), (report_ticket_flag, _FLAG_VIEW)):
        columns = list(source.c)
        chosen = sa.select(sa.literal(report_id), *columns).join(
            report_ticket,
            sa.and_(
                report_ticket.c.report_id == report_id,
                report_ticket.c.ticket_id == source.c.ticket_id,
            ),
        )
        connection.execute(
            target.insert().from_select(["report_id", *(c.name for c in columns)], chosen)
        )


def _describe_to_planner(connection: Connection) -> None:
    """PostgreSQL plans for one row of a report it has not met, and then takes 10^5 tickets pair by
    pair: minutes for a query of a tenth of a second."""
    if connection.dialect.name == "postgresql":
        for table in (report_ticket, report_ticket_label, report_ticket_flag):
            connection.exec_driver_sql(f"ANALYZE {table.name}")


CREW_WORDS = ("船员", "船民", "水手", "轮机")
"""Words that say a ticket is of 船员, whom the classifier does not tell apart (domain AH-12)."""
_BAD = frozenset((Satisfaction.DISSATISFIED.value, Satisfaction.VERY_DISSATISFIED.value))


def _flag(connection: Connection, report_id: int) -> None:
    """Flags that nothing but the report reads, of each frozen complaint: 船员 by its words; 重办
    and 差评 by its state now or in any export before."""
    of_report = sa.and_(report_ticket.c.report_id == report_id, report_ticket.c.scope == "E1")
    flags: dict[str, set[int]] = {REDONE: set(), BAD_RATING: set()}

    def note(ticket_id: int, states: Iterable[str | None], ratings: Iterable[str | None]) -> None:
        if Status.REDONE.value in states:
            flags[REDONE].add(ticket_id)
        if not _BAD.isdisjoint(ratings):
            flags[BAD_RATING].add(ticket_id)

    own = sa.select(report_ticket.c.ticket_id, report_ticket.c.status, report_ticket.c.satisfaction)
    for row in connection.execute(own.where(of_report)):
        note(row.ticket_id, (row.status,), (row.satisfaction,))
    changed = (
        sa.select(ticket_version.c.ticket_id, ticket_version.c.changes_json)
        .join(report_ticket, report_ticket.c.ticket_id == ticket_version.c.ticket_id)
        .where(of_report, ticket_version.c.version > 1)
    )
    for row in connection.execute(changed):
        changes = row.changes_json
        note(row.ticket_id, changes.get("status", ()), changes.get("satisfaction", ()))
    says = sa.func.coalesce(ticket.c.title, "") + sa.func.coalesce(ticket.c.content, "")
    crew = sa.select(ticket.c.id).join(report_ticket, report_ticket.c.ticket_id == ticket.c.id)
    flags["船员"] = set(
        connection.scalars(
            crew.where(of_report, sa.or_(*(says.contains(word) for word in CREW_WORDS)))
        )
    )
    rows = [
        {"report_id": report_id, "ticket_id": ticket_id, "flag": flag}
        for flag, ids in sorted(flags.items())
        for ticket_id in sorted(ids)
    ]
    if rows:
        connection.execute(report_ticket_flag.insert(), rows)


def _frozen(column: sa.Column) -> sa.ColumnElement:
    """What report_ticket keeps of a ticket: of one that is no complaint, not how it was handled."""
    view = _VIEW.c
    match column.name:
        case "ticket_id":
            return view.id
        case "scope":
            return sa.func.coalesce(view.scope, UNCLASSIFIED)
        case "review":
            return sa.func.coalesce(view.review, sa.false())
    if column.name in _OF_COMPLAINTS:
        return sa.case((view.scope == "E1", view[column.name]))
    return view[column.name]


def _count_working_days(connection: Connection, report_id: int) -> None:
    """Working days from dispatch (else acceptance) to closing, of each enforcement complaint.

    Counted from the day after (domain B9); null where the ticket closed before it was dispatched
    and in years whose days off are not known: the linter says how many.
    """
    frozen = report_ticket.c
    closed = connection.execute(
        sa.select(
            frozen.ticket_id,
            sa.func.coalesce(frozen.dispatched_at, frozen.accepted_at).label("begun_at"),
            frozen.closed_at,
        ).where(frozen.report_id == report_id, frozen.scope == "E1", frozen.closed_at.is_not(None))
    )
    counted = [
        {"of_ticket": row.ticket_id, "days": days}
        for row in closed
        if (days := _working_days(row.begun_at.date(), row.closed_at.date())) is not None
    ]
    if counted:
        connection.execute(
            report_ticket.update()
            .where(frozen.report_id == report_id, frozen.ticket_id == sa.bindparam("of_ticket"))
            .values(working_days=sa.bindparam("days")),
            counted,
        )


@lru_cache(maxsize=65_536)
def _working_days(begun_on: date, closed_on: date) -> int | None:
    if closed_on < begun_on:
        return None
    try:
        return working_days_between(begun_on, closed_on)
    except CalendarUnknown:
        return None


def queries_hash() -> str:
    """Short hash of all named queries: a changed definition is a changed report."""
    text = "\0".join(f"{name}\0{query_text(name)}" for name in query_names())
    return hashlib.sha256(text.encode()).hexdigest()[:16]


_COUNTED = ("ticket_id", "hotline", "ticket_no", "intake_channel", "trade", "region", "matter_id",
            "scope")  # fmt: skip
"""What figures read of a ticket that is no enforcement complaint (and its day of acceptance)."""


def _hash(connection: Connection, report_id: int, inputs: dict) -> str:
    """Over exactly what the content is made of.

    Of enforcement complaints that is every column; of the month's other tickets the counted ones;
    of other months' only how many there were. So a question answered last week restates nothing.
    """
    digest = hashlib.sha256(orjson.dumps(inputs, option=orjson.OPT_SORT_KEYS))
    frozen = report_ticket.c
    mine = frozen.report_id == report_id
    is_complaint = frozen.scope == "E1"
    others = sa.and_(mine, sa.not_(is_complaint))
    statements = [
        sa.select(*(_as_written(c) for c in frozen if c.name != "report_id"))
        .where(mine, is_complaint)
        .order_by(frozen.ticket_id),
        sa.select(*(frozen[name] for name in _COUNTED), _as_written(frozen.accepted_at))
        .where(others, frozen.period == "current")
        .order_by(frozen.ticket_id),
        sa.select(frozen.period, frozen.scope, sa.func.count())
        .where(others, frozen.period != "current")
        .group_by(frozen.period, frozen.scope)
        .order_by(frozen.period, frozen.scope),
    ]
    for table in (report_ticket_label, report_ticket_flag):
        keys = [c for c in table.primary_key.columns if c.name != "report_id"]
        of_complaint = sa.and_(
            frozen.report_id == table.c.report_id, frozen.ticket_id == table.c.ticket_id
        )
        statements.append(
            sa.select(*(c for c in table.c if c.name != "report_id"))
            .join(report_ticket, of_complaint)
            .where(mine, is_complaint)
            .order_by(*keys)
        )
    for statement in statements:
        result = connection.execute(statement.execution_options(yield_per=10_000))
        for rows in result.partitions():
            digest.update(orjson.dumps([tuple(row) for row in rows]))
    return digest.hexdigest()


def _as_written(column: sa.Column) -> sa.ColumnElement:
    """Times as the database writes them: reading 10^5 of them as datetimes takes seconds."""
    return sa.cast(column, sa.String(32)) if isinstance(column.type, sa.DateTime) else column
