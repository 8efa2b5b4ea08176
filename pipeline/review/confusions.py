"""Where persons decided otherwise than the model: counts by pair of labels, with the tickets.

Compared are decisions in force with the model's current word. Most reviewed tickets were chosen
because the model doubted; only random audits (``is_audit``) speak for the whole stream.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from pipeline.domain.labels import ProblemType, Scope
from pipeline.review.access import Sight, visible_tickets
from pipeline.review.people import Account
from pipeline.review.second import is_blind
from pipeline.review.waiting import AUDIT_PREFIX
from pipeline.store import tables as t

_said, _made = t.classification.c, t.review_decision.c
_NONE = "untyped"
_EXAMPLES = 20


def _label(table) -> sa.ColumnElement[str]:
    """One word for scope and primary type: the type where the scope is E1, else the scope."""
    return sa.case(
        (table.scope == Scope.E1.value, sa.func.coalesce(table.primary_type, _NONE)),
        else_=table.scope,
    )


def label_zh(label: str) -> str:
    if label == _NONE:
        return "投诉执法（未定类型）"
    return Scope(label).name_zh if label in set(Scope) else ProblemType(label).name_zh


@dataclass(frozen=True, slots=True)
class Confusion:
    said: str
    made: str
    count: int


@dataclass(frozen=True, slots=True)
class Compared:
    """Reviewed tickets, those where the model's word stood, and both again for random audits."""

    reviewed: int
    stood: int
    audited: int
    audits_stood: int
    confusions: Sequence[Confusion]


def _pairs(sight: Sight, *columns: sa.ColumnElement) -> sa.Select:
    return (
        sa.select(*columns)
        .select_from(t.review_decision)
        .join(
            t.classification,
            sa.and_(_said.ticket_id == _made.ticket_id, _said.is_current),
        )
        .where(_made.is_current, visible_tickets(sight, _made.ticket_id))
    )


def compared(connection: sa.Connection, sight: Sight) -> Compared:
    """Of the tickets this person may see; the most frequent confusions first."""
    said, made = _label(_said).label("said"), _label(_made).label("made")
    is_audit = sa.and_(_said.text_hash.startswith(AUDIT_PREFIX), sa.not_(_said.review))
    each = _pairs(sight, said, made, is_audit.label("is_audit")).subquery()
    rows = connection.execute(
        sa.select(each.c.said, each.c.made, each.c.is_audit, sa.func.count().label("n")).group_by(
            each.c.said, each.c.made, each.c.is_audit
        )
    ).all()
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        if row.said != row.made:
            counts[row.said, row.made] = counts.get((row.said, row.made), 0) + row.n
    return Compared(
        sum(row.n for row in rows),
        sum(row.n for row in rows if row.said == row.made),
        sum(row.n for row in rows if row.is_audit),
        sum(row.n for row in rows if row.is_audit and row.said == row.made),
        [
            Confusion(*pair, count)
            for pair, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        ],
    )


def examples(
    connection: sa.Connection, account: Account, share: float, said: str, made: str
) -> list[sa.RowMapping]:
    """Tickets of one confusion, decided last first, without those that the person is to judge
    blind.
    """
    query = (
        _pairs(
            account.sight,
            t.ticket.c.id,
            t.ticket.c.hotline,
            t.ticket.c.ticket_no,
            t.ticket.c.title,
            t.ticket.c.content,
            _said.score,
            _made.person,
            _made.decided_at,
            _made.reason,
        )
        .join(t.ticket, t.ticket.c.id == _made.ticket_id)
        .where(
            _label(_said) == said,
            _label(_made) == made,
            sa.not_(is_blind(account, share, _made.ticket_id)),
        )
        .order_by(_made.id.desc())
        .limit(_EXAMPLES)
    )
    return list(connection.execute(query).mappings())
