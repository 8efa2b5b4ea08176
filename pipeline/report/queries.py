"""The named queries of sql/reports/ and what can be counted over them.

A *set* query returns ``(ticket_id, is_hit)``, one row per ticket: all rows are the denominator,
rows with ``is_hit = 1`` the numerator, which is therefore a subset by construction. A *by* query
returns ``(ticket_id, part)`` and splits a set. Every count of a report is one set, at most one
split and a measure; the tickets behind it come from the same text.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from statistics import median

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.settings import SQL_DIR
from pipeline.store.tables import report_ticket

UNCLASSIFIED = "??"
"""Scope of a frozen ticket without a classification: the linter blocks such a report."""

REPORTS_DIR = SQL_DIR / "reports"


@cache
def query_text(name: str) -> str:
    """The SQL of ``sql/reports/<name>.sql``; raises FileNotFoundError for an unknown name."""
    if not name.replace("_", "").isalnum():
        raise FileNotFoundError(f"no such query: {name}")
    return (REPORTS_DIR / f"{name}.sql").read_text(encoding="utf-8").strip()


def query_names() -> list[str]:
    return sorted(path.stem for path in REPORTS_DIR.glob("*.sql"))


@cache
def parameter_names(name: str) -> frozenset[str]:
    return frozenset(sa.text(query_text(name))._bindparams)


@dataclass(frozen=True, slots=True)
class Tally:
    """What one part of one set adds up to."""

    tickets: int = 0
    hits: int = 0
    callers: int = 0  # distinct caller_key; a ticket without one counts as one caller
    matters: int = 0
    days: int = 0  # distinct calendar days with a ticket
    hit_callers: int = 0  # callers of the hits alone
    mean_days: float | None = None  # working days to closing; null where no ticket has them
    median_days: float | None = None


KINDS = {
    "tickets": "plain", "hits": "plain", "callers": "callers", "matters": "matters",
    "days": "days", "hit_callers": "hit_callers", "mean_days": "duration",
    "median_days": "duration",
}  # fmt: skip
"""Measure → what :func:`tally` must count for it; plain is the cheapest by far."""

WHOLE = ""  # the part's name where a set is not split


def _bound(name: str, report_id: int, params: dict) -> sa.TextClause:
    """The query with its values bound: lists expand, ISO strings become times."""
    binds = []
    for key in parameter_names(name):
        value = report_id if key == "report_id" else params[key]
        if isinstance(value, list | tuple):
            binds.append(sa.bindparam(key, list(value), expanding=True, type_=sa.Text))
        elif key in TIME_PARAMETERS:
            moment = datetime.fromisoformat(value) if isinstance(value, str) else value
            binds.append(sa.bindparam(key, moment, type_=sa.DateTime))
        else:
            binds.append(sa.bindparam(key, value))
    return sa.text(query_text(name)).bindparams(*binds)


TIME_PARAMETERS = frozenset({"since", "until", "period_end", "repeat_since"})


def _selection(
    report_id: int, query: str, by: str | None, params: dict, *, with_tickets: bool = True
):
    """Set joined with its split and, where asked, the frozen tickets: (from, set, split)."""
    tickets = (
        _bound(query, report_id, params)
        .columns(sa.column("ticket_id", sa.Integer), sa.column("is_hit", sa.Integer))
        .subquery("s")
    )
    source = tickets
    if with_tickets:
        source = tickets.join(
            report_ticket,
            sa.and_(
                report_ticket.c.report_id == report_id,
                report_ticket.c.ticket_id == tickets.c.ticket_id,
            ),
        )
    if by is None:
        return source, tickets, None
    split = (
        _bound(by, report_id, params)
        .columns(sa.column("ticket_id", sa.Integer), sa.column("part", sa.Text))
        .subquery("d")
    )
    return source.join(split, split.c.ticket_id == tickets.c.ticket_id), tickets, split


def tally(
    connection: Connection,
    report_id: int,
    query: str,
    by: str | None,
    params: dict,
    *,
    kind: str = "plain",
) -> dict[str, Tally]:
    """Count a set, split by a *by* query or whole (part ``""``). Parts in code-point order.

    ``kind``: of :data:`KINDS`. ``plain`` counts tickets and hits alone, the kinds of distinct
    counts themselves beside them (the others stay 0): over a month of 10^5 tickets each is most
    of the work. ``duration`` gives tickets, mean and median alone.
    """
    source, tickets, split = _selection(report_id, query, by, params, with_tickets=kind != "plain")
    if kind == "duration":
        return _durations(connection, source, split)
    part = split.c.part if split is not None else sa.literal(WHOLE, sa.Text)
    columns = [
        part.label("part"),
        sa.func.count().label("tickets"),
        sa.func.coalesce(sa.func.sum(tickets.c.is_hit), 0).label("hits"),
    ]
    if kind != "plain":
        columns.append(sa.func.count(sa.distinct(_counted(kind, tickets))).label(kind))
    statement = sa.select(*columns).select_from(source)
    if split is not None:
        statement = statement.group_by(split.c.part)
    rows = connection.execute(statement).all()
    names = [column.name for column in columns[1:]]
    return {
        row.part: Tally(**dict(zip(names, map(int, row[1:]), strict=True)))
        for row in sorted(rows, key=lambda r: r.part)
    }


def _counted(kind: str, tickets: sa.Subquery) -> sa.ColumnElement:
    """The values whose number is asked for."""
    if kind == "matters":
        return report_ticket.c.matter_id
    if kind == "days":
        return sa.func.substr(sa.cast(report_ticket.c.accepted_at, sa.String(30)), 1, 10)
    # A ticket number cannot be a caller_key: those are hexadecimal.
    caller = sa.func.coalesce(
        report_ticket.c.caller_key,
        sa.literal("ticket:") + sa.cast(report_ticket.c.ticket_id, sa.String(20)),
    )
    return caller if kind == "callers" else sa.case((tickets.c.is_hit == 1, caller))


def _durations(connection: Connection, source, split) -> dict[str, Tally]:
    """Mean and median of working_days, from how many tickets took how many days."""
    part = split.c.part if split is not None else sa.literal(WHOLE, sa.Text)
    days = report_ticket.c.working_days
    statement = (
        sa.select(part.label("part"), days, sa.func.count())
        .select_from(source)
        .where(days.is_not(None))
        .group_by(*([split.c.part] if split is not None else []), days)
    )
    counts: dict[str, dict[int, int]] = {}
    for name, taken, tickets in connection.execute(statement):
        counts.setdefault(name, {})[taken] = tickets
    found = {}
    for name in sorted(counts):
        taken = [days for days, tickets in sorted(counts[name].items()) for _ in range(tickets)]
        found[name] = Tally(
            tickets=len(taken),
            mean_days=round(sum(taken) / len(taken), 6),
            median_days=float(median(taken)),
        )
    return found


def ticket_rows(
    connection: Connection,
    report_id: int,
    query: str,
    by: str | None,
    params: dict,
    *,
    parts: list[str] | None = None,
    hits_only: bool = False,
) -> list[sa.Row]:
    """The tickets of a set, or of some parts of its split, by time; with ``hits_only`` the hits.

    Rows: ``ticket_id, hotline, ticket_no, accepted_at, part, is_hit``.
    """
    source, tickets, split = _selection(report_id, query, by, params)
    name = split.c.part if split is not None else sa.literal(WHOLE, sa.Text)
    statement = sa.select(
        report_ticket.c.ticket_id,
        report_ticket.c.hotline,
        report_ticket.c.ticket_no,
        report_ticket.c.accepted_at,
        name.label("part"),
        tickets.c.is_hit,
    ).select_from(source)
    if split is not None and parts is not None:
        statement = statement.where(split.c.part.in_(parts))
    if hits_only:
        statement = statement.where(tickets.c.is_hit == 1)
    return list(
        connection.execute(
            statement.order_by(report_ticket.c.accepted_at, report_ticket.c.ticket_id)
        )
    )
