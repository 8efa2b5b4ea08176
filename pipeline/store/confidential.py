"""Which items and tickets are confidential (domain D2, D4: 移送建议, 平行、保密).

Items of level X or of the type 廉政线索; tickets whose primary type in force is 廉政线索, those
that have it among their types and are flagged 明确 (what rule R07 takes for a lead), and those
that belong to a confidential item.
"""

import sqlalchemy as sa

from pipeline.domain.labels import ProblemType
from pipeline.store import tables as t

_INTEGRITY = ProblemType.INTEGRITY.value
_CERTAIN = "廉政:明确"  # the flag (labelling guide §6)
_LAPSED = "不属实"  # the state of a lead whose label a review took away


def confidential_item(item: sa.FromClause) -> sa.ColumnElement[bool]:
    """Condition on ``supervision_item`` or an alias of it."""
    return sa.or_(item.c.level == "X", sa.func.coalesce(item.c.problem_type, "") == _INTEGRITY)


def withheld(item: sa.FromClause) -> sa.ColumnElement[bool]:
    """Condition on an item whose tickets are confidential with it."""
    return sa.and_(confidential_item(item), item.c.state != _LAPSED)


def said_to_be(said: sa.FromClause) -> sa.ColumnElement[bool]:
    """Condition on a classification: that its ticket is a lead, unless a person decided."""
    return sa.or_(
        sa.func.coalesce(said.c.primary_type, "") == _INTEGRITY,
        sa.and_(_holds(said.c.labels_json, _INTEGRITY), _holds(said.c.flags_json, _CERTAIN)),
    )


def _holds(column: sa.ColumnElement, word: str) -> sa.ColumnElement[bool]:
    return sa.cast(column, sa.Text).contains(f'"{word}"')


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
    flagged = sa.exists().where(
        said.c.ticket_id == ticket_id, said.c.is_current, _holds(said.c.flags_json, _CERTAIN)
    )
    decided_so = decided.where(
        sa.or_(
            made.c.primary_type == _INTEGRITY,
            sa.and_(_holds(made.c.labels_json, _INTEGRITY), flagged),
        )
    )
    said_so = sa.exists().where(said.c.ticket_id == ticket_id, said.c.is_current, said_to_be(said))
    return sa.or_(in_item, decided_so, sa.and_(said_so, sa.not_(decided)))
