"""Which items and tickets are confidential (domain D2, D4: 移送建议, 平行、保密).

Items of level X or of the type 廉政线索; tickets whose primary type in force is 廉政线索, and those
that belong to a confidential item.
"""

import sqlalchemy as sa

from pipeline.domain.labels import ProblemType
from pipeline.store import tables as t

_INTEGRITY = ProblemType.INTEGRITY.value
_LAPSED = "不属实"  # the state of a lead whose label a review took away


def confidential_item(item: sa.FromClause) -> sa.ColumnElement[bool]:
    """Condition on ``supervision_item`` or an alias of it."""
    return sa.or_(item.c.level == "X", sa.func.coalesce(item.c.problem_type, "") == _INTEGRITY)


def withheld(item: sa.FromClause) -> sa.ColumnElement[bool]:
    """Condition on an item whose tickets are confidential with it."""
    return sa.and_(confidential_item(item), item.c.state != _LAPSED)


def confidential_ticket(ticket_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """Condition on a ticket's id; every branch is an index look-up.

    The tables are aliased, so that the condition stands in queries over the same tables.
    """
    link, item = t.item_ticket.alias(), t.supervision_item.alias()
    made, said = t.review_decision.alias(), t.classification.alias()
    in_item = sa.exists().where(
        link.c.ticket_id == ticket_id, item.c.id == link.c.item_id, withheld(item)
    )
    decided = sa.exists().where(made.c.ticket_id == ticket_id, made.c.is_current)
    decided_so = decided.where(made.c.primary_type == _INTEGRITY)
    said_so = sa.exists().where(
        said.c.ticket_id == ticket_id, said.c.is_current, said.c.primary_type == _INTEGRITY
    )
    return sa.or_(in_item, decided_so, sa.and_(said_so, sa.not_(decided)))
