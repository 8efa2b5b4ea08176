"""Who may see and do what. The one place where roles are decided.

What is confidential (``store.confidential``) only 纪检联络员 sees; to everybody else it does not
exist (404, and in no list or count but the one that 负责人 is given).

A person may be bound to units and regions: then tickets and items of others do not exist for
them either, and what speaks of the whole jurisdiction (files, quarantine, reports) is refused.
"""

from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from pipeline.store import tables as t
from pipeline.store.confidential import confidential_item, confidential_ticket, said_to_be, withheld
from pipeline.supervise.officers import is_found_true


class Role(StrEnum):
    """Stored in ``person.role``."""

    VIEWER = "查看"
    REVIEWER = "复核"
    SUPERVISOR = "监督员"
    CHIEF = "负责人"
    LIAISON = "纪检联络员"
    ADMIN = "管理员"

    @property
    def sees_confidential(self) -> bool:
        return self is Role.LIAISON


@dataclass(frozen=True, slots=True)
class Sight:
    """What a person may know of: by role, and by the units and regions they are bound to.

    Without units and regions everything; otherwise what belongs to one of the units or lies in
    one of the regions. What names neither belongs to the whole and is not among it.
    """

    role: Role
    units: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()

    @property
    def is_bounded(self) -> bool:
        return bool(self.units or self.regions)

    def within(
        self, unit: sa.ColumnElement[str], region: sa.ColumnElement[str]
    ) -> sa.ColumnElement[bool]:
        """Condition on a row's unit and region."""
        if not self.is_bounded:
            return sa.true()
        # A comparison with null is null, and its negation too: no row without both gets through.
        return sa.or_(
            sa.func.coalesce(unit, "").in_(self.units),
            sa.func.coalesce(region, "").in_(self.regions),
        )


_STAFF = frozenset({Role.VIEWER, Role.REVIEWER, Role.SUPERVISOR, Role.CHIEF})

TODAY = _STAFF | {Role.LIAISON}
ITEMS = _STAFF | {Role.LIAISON}
ITEM_ACTIONS = frozenset({Role.SUPERVISOR, Role.CHIEF, Role.LIAISON})
TICKETS = _STAFF | {Role.LIAISON}
REVIEW = frozenset({Role.REVIEWER, Role.SUPERVISOR, Role.CHIEF, Role.LIAISON})
DISPUTES = frozenset({Role.SUPERVISOR, Role.CHIEF, Role.LIAISON})  # where two reviews differ
CONTACT = frozenset({Role.SUPERVISOR, Role.CHIEF, Role.LIAISON})  # and officers' numbers
QUARANTINE = _STAFF
REPAIR = frozenset({Role.REVIEWER, Role.SUPERVISOR, Role.CHIEF})  # of quarantined rows
CHECKS = frozenset({Role.CHIEF})  # who may clear a failed check
REPORTS = _STAFF
APPROVE = frozenset({Role.SUPERVISOR, Role.CHIEF})  # a report, or send it back
PUBLISH = frozenset({Role.CHIEF})
MODELS = _STAFF
AUDIT = frozenset({Role.CHIEF, Role.LIAISON, Role.ADMIN})
PEOPLE = frozenset({Role.ADMIN})
EVERYONE = frozenset(Role)


def visible_items(sight: Sight) -> sa.ColumnElement[bool]:
    """Condition on ``supervision_item`` for what that person may know of."""
    item = t.supervision_item
    condition = confidential_item(item)
    return sa.and_(
        condition if sight.role.sees_confidential else sa.not_(condition),
        sight.within(item.c.unit, item.c.region),
    )


def undecided(sight: Sight, said: sa.FromClause) -> sa.ColumnElement[bool]:
    """:func:`visible_tickets` for current classifications of tickets nobody has decided on.

    One list of the few tickets of confidential items instead of a look-up for each of many rows.
    """
    link, item = t.item_ticket.alias(), t.supervision_item.alias()
    attached = (
        sa.select(link.c.ticket_id).join(item, item.c.id == link.c.item_id).where(withheld(item))
    )
    condition = sa.or_(said_to_be(said), said.c.ticket_id.in_(attached))
    return sa.and_(
        condition if sight.role.sees_confidential else sa.not_(condition),
        _ticket_within(sight, said.c.ticket_id),
    )


def _ticket_within(sight: Sight, ticket_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    if not sight.is_bounded:
        return sa.true()
    own = t.ticket.alias()
    unit = sa.func.coalesce(own.c.target_unit, own.c.handler_unit)  # as in labelled_ticket
    return sa.exists().where(own.c.id == ticket_id, sight.within(unit, own.c.region))


def visible_tickets(sight: Sight, ticket_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """Condition for the tickets that person may know of."""
    condition = confidential_ticket(ticket_id)
    return sa.and_(
        condition if sight.role.sees_confidential else sa.not_(condition),
        _ticket_within(sight, ticket_id),
    )


def may_know_officers(role: Role, verified: str | None, *, is_lead: bool) -> bool:
    """Officers stay unnamed until a complaint is found true (domain D5). A lead is referred, not
    judged by the hotline: 纪检联络员 learns of whom it speaks.
    """
    return role in CONTACT and (is_found_true(verified) or (is_lead and role.sees_confidential))
