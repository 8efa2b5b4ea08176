"""Supervision items for lists and pages: filters, sort, paging; every query respects the role."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import sqlalchemy as sa

from pipeline.domain.labels import ProblemType
from pipeline.domain.punctuation import typeset
from pipeline.review.access import Role, Sight, visible_items, visible_tickets
from pipeline.review.shown import LEVELS
from pipeline.review.tickets import without_officers
from pipeline.review.views import labelled
from pipeline.store import tables as t
from pipeline.store.vault import Vault
from pipeline.supervise.items import State, reason_of

PER_PAGE = 50
TICKETS_SHOWN = 100
SOON_DAYS = 3  # calendar days before its due date an item is shown as due soon

_item = t.supervision_item.c
_IS_OPEN = sa.not_(
    sa.or_(
        _item.state.in_([State.CLOSED.value, State.UNFOUNDED.value]),
        # Referred, an item is done here; a lead (X) still waits for its receipt.
        sa.and_(_item.state == State.REFERRED.value, _item.level != "X"),
    )
)
_RANK = sa.case(
    {level: rank for rank, level in enumerate(["L0", "L1", "L2", "L3", "L4", "X"])},
    value=_item.level,
    else_=-1,
)
SORTS = {
    "level": _RANK,
    "rule": _item.rule,
    "unit": _item.unit,
    "region": _item.region,
    "problem_type": _item.problem_type,
    "state": _item.state,
    "due_on": _item.due_on,
    "raised_on": _item.raised_on,
    "updated_on": _item.updated_on,
}
COLUMNS = (
    ("id", "编号"),
    ("level", "级别"),
    ("rule", "规则"),
    ("summary", "反映情况"),
    ("unit", "单位"),
    ("region", "地区"),
    ("problem_type", "类型"),
    ("state", "状态"),
    ("due_on", "期限"),
    ("raised_on", "提出"),
)


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """What a list shows. Unknown values simply match nothing; an unknown sort is the default."""

    level: str = ""
    rule: str = ""
    unit: str = ""
    region: str = ""
    problem_type: str = ""
    state: str = "open"  # a state, ``open`` or ``all``
    due: str = ""  # ``over``, ``soon`` or all
    due_from: date | None = None  # both ends included
    due_until: date | None = None
    profile: str = ""
    sort: str = "level"
    direction: str = "desc"

    def conditions(self, sight: Sight, today: date) -> list[sa.ColumnElement[bool]]:
        found = [visible_items(sight)]
        for name in ("level", "rule", "unit", "region", "problem_type", "profile"):
            if value := getattr(self, name):
                found.append(_item[name] == value)
        if self.state == "open":
            found.append(_IS_OPEN)
        elif self.state != "all":
            found.append(_item.state == self.state)
        if self.due == "over":
            found.append(_item.due_on < today)
        elif self.due == "soon":
            found.append(_item.due_on.between(today, today + timedelta(days=SOON_DAYS)))
        if self.due_from:
            found.append(_item.due_on >= self.due_from)
        if self.due_until:
            found.append(_item.due_on <= self.due_until)
        return found

    def order(self) -> list[sa.ColumnElement]:
        column = SORTS.get(self.sort, _RANK)
        key = column.asc() if self.direction == "asc" else column.desc()
        return [key.nulls_last(), _item.due_on.asc().nulls_last(), _item.id.desc()]

    def query(self) -> dict[str, str]:
        """As URL parameters, defaults left out."""
        default = ItemFilter()
        names = self.__slots__
        return {n: str(getattr(self, n)) for n in names if getattr(self, n) != getattr(default, n)}


def list_items(
    connection: sa.Connection,
    chosen: ItemFilter,
    sight: Sight,
    today: date,
    *,
    page: int = 1,
    per_page: int = PER_PAGE,
) -> tuple[list[sa.RowMapping], int]:
    """One page of items, and how many there are in all."""
    conditions = chosen.conditions(sight, today)
    counted = sa.select(sa.func.count()).select_from(t.supervision_item).where(*conditions)
    total = connection.scalar(counted)
    rows = connection.execute(
        sa.select(*(_item[name] for name, _ in COLUMNS))
        .where(*conditions)
        .order_by(*chosen.order())
        .limit(per_page)
        .offset((page - 1) * per_page)
    ).mappings()
    return list(rows), total


def export_rows(
    connection: sa.Connection, chosen: ItemFilter, sight: Sight, today: date
) -> Iterator[list]:
    """The list's columns for every item the filter shows, in its order."""
    rows = connection.execute(
        sa.select(*(_item[name] for name, _ in COLUMNS))
        .where(*chosen.conditions(sight, today))
        .order_by(*chosen.order())
    ).mappings()
    for row in rows:
        cells = dict(row)
        cells["level"] = f"{row['level']} {LEVELS.get(row['level'], '')}".strip()
        slug = row["problem_type"]
        cells["problem_type"] = ProblemType(slug).name_zh if slug else ""
        cells["summary"] = typeset(row["summary"])  # as the list shows it
        yield [cells[name] for name, _ in COLUMNS]


def choices(connection: sa.Connection, sight: Sight) -> dict[str, list[str]]:
    """What the list can be filtered by: the values there are, of items this role may see."""
    found: dict[str, list[str]] = {}
    for name in ("level", "rule", "unit", "region", "problem_type", "state", "profile"):
        column = _item[name]
        query = sa.select(column).where(visible_items(sight), column.is_not(None)).distinct()
        found[name] = sorted(connection.scalars(query.order_by(column).limit(500)))
    return found


def load_items(
    connection: sa.Connection, item_ids: Iterable[int], sight: Sight
) -> list[sa.RowMapping]:
    """Those of the items that this person may see, in the order of their ids."""
    query = sa.select(t.supervision_item).where(_item.id.in_(item_ids), visible_items(sight))
    return list(connection.execute(query.order_by(_item.id)).mappings())


def load_item(connection: sa.Connection, item_id: int, sight: Sight) -> sa.RowMapping | None:
    return (
        connection.execute(
            sa.select(t.supervision_item).where(_item.id == item_id, visible_items(sight))
        )
        .mappings()
        .one_or_none()
    )


def item_events(connection: sa.Connection, item_id: int, vault: Vault | None) -> list[dict]:
    """The item's events, newest first; with the vault, sealed reasons are opened."""
    event = t.item_event.c
    query = sa.select(t.item_event).where(event.item_id == item_id).order_by(event.seq.desc())
    return [
        dict(row) | {"reason": reason_of(row, vault)}
        for row in connection.execute(query).mappings()
    ]


def item_tickets(connection: sa.Connection, item_id: int, sight: Sight) -> list[dict]:
    """The item's tickets that this role may see, newest first, at most TICKETS_SHOWN.

    Officers are named only in those found true (domain D5).
    """
    view, link = labelled.c, t.item_ticket.c
    rows = (
        connection.execute(
            sa.select(
                view.id,
                view.verified,
                view.hotline,
                view.ticket_no,
                view.accepted_at,
                view.status,
                view.title,
                view.content,
                view.reply,
                view.satisfaction,
                view.primary_type,
                view.evidence_json,
                view.is_reviewed,
            )
            .select_from(labelled.join(t.item_ticket, link.ticket_id == view.id))
            .where(link.item_id == item_id, visible_tickets(sight, view.id))
            .order_by(view.accepted_at.desc(), view.id.desc())
            .limit(TICKETS_SHOWN)
        )
        .mappings()
        .all()
    )
    return [without_officers(row) for row in rows]


def items_of_ticket(connection: sa.Connection, ticket_id: int, sight: Sight) -> list[sa.RowMapping]:
    return list(
        connection.execute(
            sa.select(_item.id, _item.level, _item.rule, _item.summary, _item.state, _item.due_on)
            .join(t.item_ticket, t.item_ticket.c.item_id == _item.id)
            .where(t.item_ticket.c.ticket_id == ticket_id, visible_items(sight))
            .order_by(_item.id.desc())
            .limit(20)
        ).mappings()
    )


def confidential_count(connection: sa.Connection, sight: Sight) -> int:
    """Open confidential items: the one number that 负责人 is told."""
    return connection.scalar(
        sa.select(sa.func.count())
        .select_from(t.supervision_item)
        .where(visible_items(replace(sight, role=Role.LIAISON)), _IS_OPEN)
    )
