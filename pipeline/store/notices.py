"""The outbox: which items must be told of, on which channel, and what became of it.

A notice is written once per item, kind, occasion and channel, whatever happens to the night:

* ``raised``: the item's first event at L2 or above.
* ``escalated``: an event of rule R22, which raised an item whose deadline had passed.
* ``overdue``: an open item's deadline has passed (those that R22 leaves alone).

Only what happened within CATCH_UP days before the night is told, so that a channel configured
later does not begin with all of history, and nights that failed are made up for.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa

from pipeline.store import tables as t

CATCH_UP = timedelta(days=7)
LEVELS = ("L2", "L3", "L4")
MAX_ATTEMPTS = 8
_PAUSES = (5, 15, 60, 240, 720, 1440, 1440)
"""Minutes after each failed attempt; almost three days in all before a notice is given up."""

_n, _item, _event = t.notice.c, t.supervision_item.c, t.item_event.c


def write_notices(  # noqa: PLR0917
    connection: sa.Connection,
    told: sa.ColumnElement[bool],
    done: Sequence[str],
    channels: Sequence[str],
    as_of: date,
    at: datetime,
) -> int:
    """Add the notices of the night ``as_of`` that are not there yet; returns how many.

    ``told`` is the condition on items that may be told of at all (none confidential), ``done`` the
    states of items that nobody waits for.
    """
    wanted = sa.union_all(*_occasions(as_of)).subquery()
    rows = connection.execute(
        sa.select(wanted)
        .join(t.supervision_item, _item.id == wanted.c.item_id)
        .where(told, _item.level.in_(LEVELS), _item.state.not_in(done))
        .order_by(wanted.c.item_id, wanted.c.kind, wanted.c.occasion)
    ).all()
    known = {
        tuple(row)
        for row in connection.execute(
            sa.select(_n.item_id, _n.kind, _n.occasion, _n.channel).where(
                _n.item_id.in_(sa.select(wanted.c.item_id))
            )
        )
    }
    new = [
        {
            "item_id": row.item_id,
            "kind": row.kind,
            "occasion": row.occasion,
            "channel": channel,
            "created_at": at,
            "next_at": at,
        }
        for row in rows
        for channel in channels
        if (row.item_id, row.kind, row.occasion, channel) not in known
    ]
    if new:
        connection.execute(sa.insert(t.notice), new)
    return len(new)


def _occasions(as_of: date) -> list[sa.Select]:
    since, until = datetime.combine(as_of - CATCH_UP, time()), datetime.combine(as_of, time.max)
    first = sa.func.min(_event.at)
    raised = (
        sa.select(
            _event.item_id, sa.literal("raised").label("kind"), sa.literal("").label("occasion")
        )
        .where(_event.level.in_(LEVELS))
        .group_by(_event.item_id)
        .having(first.between(since, until))
    )
    escalated = sa.select(
        _event.item_id, sa.literal("escalated"), sa.cast(_event.seq, sa.String)
    ).where(_event.action == "escalate", _event.at.between(since, until))
    overdue = sa.select(_item.id, sa.literal("overdue"), sa.cast(_item.due_on, sa.String)).where(
        _item.due_on < as_of, _item.due_on >= as_of - CATCH_UP
    )
    return [raised, escalated, overdue]


def last_night(connection: sa.Connection) -> date | None:
    """The newest night whose rules were applied; before its end nothing of it is told."""
    run = t.stage_run.c
    return connection.scalar(sa.select(sa.func.max(run.as_of)).where(run.stage == "supervise"))


def waiting(connection: sa.Connection, channel: str, at: datetime) -> list[sa.RowMapping]:
    """The channel's notices whose time has come, oldest first, each with its item."""
    columns = ("rule", "level", "unit", "region", "due_on")
    query = (
        sa.select(t.notice, *(_item[name] for name in columns))
        .join(t.supervision_item, _item.id == _n.item_id)
        .where(_n.channel == channel, _n.state == "waiting", _n.next_at <= at)
        .order_by(_n.id)
    )
    return list(connection.execute(query).mappings())


def sent(connection: sa.Connection, ids: Sequence[int], at: datetime) -> None:
    """They were taken."""
    connection.execute(
        sa.update(t.notice)
        .where(_n.id.in_(ids))
        .values(state="sent", sent_at=at, attempts=_n.attempts + 1, problem=None)
    )


def failed(
    connection: sa.Connection, notices: Sequence[sa.RowMapping], problem: str, at: datetime
) -> int:
    """They were not: wait longer each time, give up at last. Returns how many are given up."""
    given_up = 0
    for notice in notices:
        attempts = notice["attempts"] + 1
        is_dead = attempts >= MAX_ATTEMPTS
        given_up += is_dead
        pause = timedelta(minutes=_PAUSES[min(attempts, len(_PAUSES)) - 1])
        connection.execute(
            sa.update(t.notice)
            .where(_n.id == notice["id"])
            .values(
                state="dead" if is_dead else "waiting",
                attempts=attempts,
                next_at=at + pause,
                problem=problem,
            )
        )
    return given_up


def revive(connection: sa.Connection, at: datetime) -> int:
    """Give those given up a new beginning; returns how many."""
    done = connection.execute(
        sa.update(t.notice)
        .where(_n.state == "dead")
        .values(state="waiting", attempts=0, next_at=at)
    )
    return done.rowcount


def states(connection: sa.Connection) -> list[sa.RowMapping]:
    """Channel, state, how many, and the newest problem of each that has one."""
    query = (
        sa.select(
            _n.channel,
            _n.state,
            sa.func.count().label("count"),
            sa.func.max(_n.problem).label("problem"),
        )
        .group_by(_n.channel, _n.state)
        .order_by(_n.channel, _n.state)
    )
    return list(connection.execute(query).mappings())
