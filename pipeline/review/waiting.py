"""The review queue: which tickets wait for a person, and in what order.

Uncertain tickets mixed with severe, contradictory, twice-reviewed and random ones, in a fixed
pattern: a queue of the model's doubts alone would never show where the model errs without doubt.
"""

from collections import deque
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa

from pipeline.review import second
from pipeline.review.access import Sight, undecided, visible_tickets
from pipeline.review.decisions import undone
from pipeline.review.views import labelled
from pipeline.store import tables as t

WINDOW = 20_000  # the newest tickets from which all but the uncertain ones are drawn
AUDIT_PREFIX = "00"  # of the text's hash: one ticket in 256, the same for everybody
SEVERE = ("人身", "群体", "紧急", "媒体")  # flags of the classifier
MILD = ("咨询", "建议", "求助", "表扬")  # what the hotline filed, against the model's E1
KINDS = {
    "uncertain": "拿不准",
    "severe": "情节较重",
    "contradictory": "与登记类别矛盾",
    "second": "盲复核",
    "audit": "随机抽检",
}
_PATTERN = (
    "uncertain", "uncertain", "severe", "uncertain", "contradictory",
    "uncertain", "second", "uncertain", "severe", "audit",
)  # fmt: skip

_said, _made = t.classification.c, t.review_decision.c
_NEWEST = sa.select(sa.func.max(t.ticket.c.id))
# Written out, as its partial index has it: SQLite takes no parameter for a constant.
_IS_E1 = _said.scope == sa.literal_column("'E1'")


def queue(
    connection: sa.Connection,
    sight: Sight,
    person: str,
    at: datetime,
    *,
    limit: int = 30,
    share: float = 0.0,
) -> list[dict]:
    """The next tickets to decide, each with ``why``, a key of KINDS.

    ``share``: of settled decisions, the part that another person reviews blind.
    """
    why: dict[int, str] = {}
    for ticket_id, kind in _mixed(connection, sight, person, at, limit=limit, share=share):
        why.setdefault(ticket_id, kind)
        if len(why) == limit:
            break
    view = labelled.c
    found = {
        row["id"]: row
        for row in connection.execute(
            sa.select(
                view.id,
                view.hotline,
                view.ticket_no,
                view.accepted_at,
                view.title,
                view.content,
                view.unit,
                view.scope,
                view.primary_type,
                view.score,
            ).where(view.id.in_(why))
        ).mappings()
    }
    return [dict(found[key]) | {"why": kind} for key, kind in why.items()]


def _mixed(
    connection: sa.Connection, sight: Sight, person: str, at: datetime, *, limit: int, share: float
) -> Iterator[tuple[int, str]]:
    """(ticket, kind) in the order of the pattern, which moves on with every decision made."""
    newest = connection.scalar(sa.select(sa.func.max(_made.id))) or 0
    seconds = connection.scalar(sa.select(sa.func.count()).select_from(t.second_review))
    turn = newest + seconds
    lines: dict[str, deque[int]] = {}
    while len(lines) < len(KINDS) or any(lines.values()):
        kind = _PATTERN[turn % len(_PATTERN)]
        if kind not in lines:  # only what is needed is asked for
            lines[kind] = deque(_ids(connection, kind, sight, person, at, limit=limit, share=share))
        if lines[kind]:
            yield lines[kind].popleft(), kind
        turn += 1


def _ids(
    connection: sa.Connection,
    kind: str,
    sight: Sight,
    person: str,
    at: datetime,
    *,
    limit: int,
    share: float,
) -> list[int]:
    if kind == "second":
        return second.assigned(connection, sight, person, share, limit=limit)
    return list(
        connection.scalars(_next(kind, sight), {"limit": limit} | _known(connection, person, at))
    )


def _known(connection: sa.Connection, person: str, at: datetime) -> dict:
    """What the statements below are asked with."""
    return {
        "person": person,
        "today": datetime(at.year, at.month, at.day),
        "newest": connection.scalar(_NEWEST) or 0,
    }


# Building a statement costs more than the store takes to answer it: each is built once.
@lru_cache(maxsize=512)
def _next(kind: str, sight: Sight) -> sa.Select:
    query = sa.select(_said.ticket_id).limit(sa.bindparam("limit", type_=sa.Integer))
    if kind == "uncertain":
        nearest = sa.func.abs(_said.score - 0.5)
        return query.where(*_uncertain(sight)).order_by(nearest, _said.ticket_id)
    return query.where(
        _said.ticket_id > sa.bindparam("newest", type_=sa.Integer) - WINDOW,
        _said.is_current,
        sa.not_(_said.review),
        _of_kind(kind),
        *_waiting(sight),
    ).order_by(_said.ticket_id.desc())


@lru_cache(maxsize=128)
def _count(sight: Sight) -> sa.Select:
    return sa.select(sa.func.count()).select_from(t.classification).where(*_uncertain(sight))


def _of_kind(kind: str) -> sa.ColumnElement[bool]:
    flag, own = t.classification_flag.c, t.ticket.alias()
    match kind:
        case "severe":
            flagged = sa.exists().where(flag.classification_id == _said.id, flag.flag.in_(SEVERE))
            return sa.and_(_IS_E1, flagged)
        case "contradictory":
            filed = sa.exists().where(own.c.id == _said.ticket_id, own.c.category.in_(MILD))
            return sa.and_(_IS_E1, filed)
        case "audit":
            return _said.text_hash.startswith(AUDIT_PREFIX)
        case _:
            raise ValueError(kind)


def _waiting(sight: Sight) -> list[sa.ColumnElement[bool]]:
    today = sa.bindparam("today", type_=sa.DateTime)
    read = t.classification.alias()  # by any model: a new one does not make the text a new one
    first_read = (
        sa.select(sa.func.min(read.c.classified_at))
        .where(read.c.ticket_id == _said.ticket_id, read.c.text_hash == _said.text_hash)
        .correlate(t.classification)
        .scalar_subquery()
    )
    put_off = sa.or_(
        sa.and_(_made.action == "return", _made.decided_at >= first_read),
        sa.and_(
            _made.action == "postpone",
            _made.person == sa.bindparam("person"),
            _made.decided_at >= today,
        ),
    )
    settled = (
        sa.exists()
        .where(
            _made.ticket_id == _said.ticket_id,
            sa.or_(_made.is_current, sa.and_(put_off, ~undone(t.review_decision))),
        )
        .correlate(t.classification)
    )
    return [sa.not_(settled), undecided(sight, t.classification)]


def _uncertain(sight: Sight) -> list[sa.ColumnElement[bool]]:
    return [_said.review, _said.is_current, *_waiting(sight)]


def waiting_count(connection: sa.Connection, sight: Sight, person: str, at: datetime) -> int:
    """Tickets on which the model abstained and nobody has decided."""
    return connection.scalar(_count(sight), _known(connection, person, at))


def returned(connection: sa.Connection, sight: Sight, limit: int = 50) -> list[sa.RowMapping]:
    """Tickets sent back and not decided since, newest first: nothing gets lost by returning it."""
    later = t.review_decision.alias()
    view = labelled.c
    return list(
        connection.execute(
            sa.select(
                view.id,
                view.hotline,
                view.ticket_no,
                view.title,
                view.content,
                _made.person,
                _made.decided_at,
                _made.reason,
            )
            .select_from(t.review_decision.join(labelled, view.id == _made.ticket_id))
            .where(
                _made.action == "return",
                ~sa.exists().where(later.c.ticket_id == _made.ticket_id, later.c.id > _made.id),
                visible_tickets(sight, view.id),
            )
            .order_by(_made.id.desc())
            .limit(limit)
        ).mappings()
    )
