"""A month as one model read it, counted: what drift is measured from."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from pipeline.domain.calendar import month_bounds
from pipeline.store import tables as t

_ticket, _said = t.ticket.c, t.classification.c
_PLACE = (_ticket.hotline, _ticket.intake_channel, _ticket.region)


def first_read(connection: sa.Connection, model_version: str) -> datetime | None:
    """When the model first classified a ticket of the store."""
    return connection.scalar(
        sa.select(sa.func.min(_said.classified_at)).where(_said.model_version == model_version)
    )


def months_read(connection: sa.Connection, model_version: str) -> dict[str, int]:
    """Tickets by month of acceptance, of those whose current classification is the model's."""
    year, month = (sa.extract(part, _ticket.accepted_at) for part in ("year", "month"))
    query = (
        sa.select(year, month, sa.func.count())
        .select_from(t.ticket)
        .join(t.classification, _current(model_version))
        .where(_ticket.accepted_at.is_not(None))
        .group_by(year, month)
        .order_by(year, month)
    )
    return {f"{int(y):04d}-{int(m):02d}": count for y, m, count in connection.execute(query)}


def pending(connection: sa.Connection, model_version: str, months: Sequence[str]) -> int:
    """Tickets of the months that the model has not read."""
    return connection.scalar(
        sa.select(sa.func.count())
        .select_from(t.ticket)
        .outerjoin(t.classification, _current(model_version))
        .where(_within(months), _said.id.is_(None))
    )


def labels_by_place(
    connection: sa.Connection, model_version: str, months: Sequence[str]
) -> list[sa.Row]:
    """(scope, primary_type, review, hotline, intake_channel, region, tickets)."""
    what = (_said.scope, _said.primary_type, _said.review)
    return _counted(connection, model_version, months, what)


def score_edges(
    connection: sa.Connection, model_version: str, months: Sequence[str]
) -> list[float]:
    """The nine scores that part the months' tickets into tenths; fewer where they coincide."""
    ranked = (
        sa.select(
            _said.score.label("score"),
            sa.func.ntile(10).over(order_by=_said.score).label("tenth"),
        )
        .select_from(t.ticket)
        .join(t.classification, _current(model_version))
        .where(_within(months))
        .subquery()
    )
    query = (
        sa.select(sa.func.max(ranked.c.score))
        .where(ranked.c.tenth < 10)
        .group_by(ranked.c.tenth)
        .order_by(ranked.c.tenth)
    )
    return sorted(set(connection.scalars(query)))


def scores_by_place(
    connection: sa.Connection, model_version: str, months: Sequence[str], edges: Sequence[float]
) -> list[sa.Row]:
    """(interval, hotline, intake_channel, region, tickets); interval n ends with ``edges[n]``."""
    interval = sa.case(
        *((_said.score <= edge, n) for n, edge in enumerate(edges)), else_=len(edges)
    )
    return _counted(connection, model_version, months, (interval,))


def sample(
    connection: sa.Connection, model_version: str, months: Sequence[str], size: int
) -> list[dict]:
    """Tickets of the months with their texts, as good as drawn: those of the lowest text hash."""
    query = (
        sa.select(_ticket.id, _ticket.title, _ticket.content, *_PLACE)
        .join(t.classification, _current(model_version))
        .where(_within(months))
        .order_by(_ticket.text_hash, _ticket.id)
        .limit(size)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def store_drift(connection: sa.Connection, row: dict) -> None:
    """Put the row in place of the earlier one of its month and model."""
    c = t.model_drift.c
    connection.execute(
        sa.delete(t.model_drift).where(
            c.month == row["month"], c.model_version == row["model_version"]
        )
    )
    connection.execute(sa.insert(t.model_drift).values(row))


def stored_drift(connection: sa.Connection, model_version: str) -> list[dict]:
    """The model's months, the newest first."""
    c = t.model_drift.c
    query = sa.select(t.model_drift).where(c.model_version == model_version)
    return [dict(row) for row in connection.execute(query.order_by(c.month.desc())).mappings()]


def _counted(
    connection: sa.Connection,
    model_version: str,
    months: Sequence[str],
    what: Sequence[sa.ColumnElement],
) -> list[sa.Row]:
    first = what[0].label("what")
    cells = (
        sa.select(first, *what[1:], *_PLACE)
        .select_from(t.ticket)
        .join(t.classification, _current(model_version))
        .where(_within(months))
        .subquery()
    )
    query = sa.select(*cells.c, sa.func.count().label("tickets")).group_by(*cells.c)
    return list(connection.execute(query))


def _current(model_version: str) -> sa.ColumnElement[bool]:
    return (
        (_said.ticket_id == _ticket.id) & _said.is_current & (_said.model_version == model_version)
    )


def _within(months: Sequence[str]) -> sa.ColumnElement[bool]:
    bounds = [month_bounds(month) for month in months]
    return sa.or_(
        *((_ticket.accepted_at >= since) & (_ticket.accepted_at < until) for since, until in bounds)
    )
