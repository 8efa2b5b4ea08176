"""What was known on a past day, so that the rules can be replayed for it.

From the first night on, the files tell: a ticket that landed later is not there yet, and what
later files and decisions changed is as it was before. History from before the first night came
in one load; of it, the tickets' own times tell what had happened by then. The model's labels are
those of the model in force, on every day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa

from pipeline.domain.ticket import TIME_FIELDS, Status
from pipeline.store import tables as t
from pipeline.supervise.matters import JOINING, caller_kind, matters_of

_SETTLING = ("accept", "correct", "reject")
_AFTER_CLOSING = ("closed_at", "reply", "verified")
_AFTER_VISIT = (
    "visited_at", "visit_result", "resolved", "satisfaction", "dissatisfaction_reason",
)  # fmt: skip
_VISITED = {Status.VISITED.value, Status.ARCHIVED.value}
_CLOSED = {s.value for s in Status if s.is_closed}

Label = tuple[str | None, str | None, list, bool]
"""Scope, primary type, labels, and whether a person still has to look."""


@dataclass(frozen=True, slots=True)
class Past:
    """``before``: ticket → field → its value then. ``later``: tickets not yet landed.
    ``labels``: of the tickets that were decided on later. ``repeats``: complaints that came again
    after a closing. ``matters``: ticket → matter by the links of that day; None where those stored
    hold.
    """

    before: Mapping[int, Mapping[str, object]]
    later: frozenset[int]
    labels: Mapping[int, Label]
    repeats: frozenset[int]
    matters: Mapping[int, int] | None

    def matter(self, ticket_id: int, stored: int) -> int:
        return stored if self.matters is None else self.matters.get(ticket_id, ticket_id)

    def is_later(self, ticket_id: int) -> bool:
        return ticket_id in self.later

    def seen(self, columns: dict, end: datetime) -> dict:
        """A ticket's columns as they stood before ``end``."""
        if before := self.before.get(columns["id"]):
            columns = _unit_of(columns, before) | {k: before[k] for k in before if k in columns}
        closed, visited = columns["closed_at"], columns["visited_at"]
        if closed and closed >= end:
            columns |= dict.fromkeys((*_AFTER_CLOSING, *_AFTER_VISIT))
            if columns["status"] in _CLOSED:
                columns["status"] = Status.IN_PROGRESS.value
        elif visited and visited >= end:
            columns |= dict.fromkeys(_AFTER_VISIT)
            if columns["status"] in _VISITED:
                columns["status"] = Status.CLOSED.value
        for name in ("dispatched_at", "signed_at"):
            if columns[name] and columns[name] >= end:
                columns[name] = None
        return columns


def _unit_of(columns: dict, before: Mapping[str, object]) -> dict:
    """The view's unit is the one complained of, else the one that handles."""
    handler = before.get("handler_unit", columns["handler_unit"])
    if "target_unit" in before:
        return columns | {"unit": before["target_unit"] or handler}
    if columns["unit"] == columns["handler_unit"]:
        return columns | {"unit": handler}
    return columns


def past(connection: sa.Connection, as_of: date, start: datetime) -> Past:
    """Empty but for ``repeats`` on an ordinary night, when nothing in the store is newer.

    ``start``: repeats among what was accepted from then on are told.
    """
    end = datetime.combine(as_of + timedelta(days=1), time())
    file, version = t.export_file.c, t.ticket_version.c
    before: dict[int, dict[str, object]] = {}
    later: frozenset[int] = frozenset()
    has_begun = connection.scalar(sa.select(sa.exists().where(file.as_of <= as_of)))
    if has_begun:
        query = (
            sa.select(version.ticket_id, version.changes_json)
            .join(t.export_file, file.id == version.file_id)
            .where(file.as_of > as_of)
            .order_by(version.ticket_id, version.version.desc())
        )
        for ticket_id, changes in connection.execute(query):
            old = before.setdefault(ticket_id, {})
            old |= {name: _value(name, was) for name, (was, _now) in changes.items()}
        first = file.id == t.ticket.c.first_file_id
        query = sa.select(t.ticket.c.id).join(t.export_file, first).where(file.as_of > as_of)
        later = frozenset(connection.scalars(query))
    was_known = _was_known(as_of if has_begun else None, end)
    repeats = _repeats(connection, was_known, start, before)
    matters = _matters(connection, was_known)
    return Past(before, later, _labels(connection, end), repeats, matters)


_later, _earlier = t.ticket.alias("later"), t.ticket.alias("earlier")
_LINKED = t.ticket_link.join(_later, _later.c.id == t.ticket_link.c.ticket_id).join(
    _earlier, _earlier.c.id == t.ticket_link.c.other_id
)


def _was_known(as_of: date | None, end: datetime) -> sa.ColumnElement[bool]:
    """Of a link, by the night that found it; before the first night by its tickets' own times."""
    if as_of is None:
        return (_later.c.accepted_at < end) & (_earlier.c.accepted_at < end)
    return t.ticket_link.c.known_on <= as_of


def _repeats(
    connection: sa.Connection,
    was_known: sa.ColumnElement[bool],
    start: datetime,
    before: Mapping[int, Mapping[str, object]],
) -> frozenset[int]:
    """Complaints that came again after a closing, as far as the closing was known."""
    query = (
        sa.select(
            _later.c.id,
            _later.c.accepted_at,
            _earlier.c.id,
            _earlier.c.accepted_at,
            _earlier.c.closed_at,
        )
        .select_from(_LINKED)
        .where(
            was_known,
            t.ticket_link.c.kind.in_(["urge", "repeat"]),
            _later.c.accepted_at >= start,
        )
    )
    return frozenset(
        ticket_id
        for ticket_id, at, other_id, other_at, closed in connection.execute(query)
        if caller_kind(at, other_at, before.get(other_id, {}).get("closed_at", closed)) == "repeat"
    )


def _matters(connection: sa.Connection, was_known: sa.ColumnElement[bool]) -> dict[int, int] | None:
    """Ticket → matter by the links then known; None where all of them were."""
    unknown = sa.select(sa.exists().select_from(_LINKED).where(sa.not_(was_known)))
    if not connection.scalar(unknown):
        return None
    link = t.ticket_link.c
    links = sa.select(link.ticket_id, link.other_id, link.kind, link.score).select_from(_LINKED)
    rows = connection.execute(links.where(was_known, link.kind.in_(sorted(JOINING))))
    return matters_of(tuple(row) for row in rows)


def _value(name: str, stored: object) -> object:
    is_time = name in TIME_FIELDS and isinstance(stored, str)
    return datetime.fromisoformat(stored) if is_time else stored


def _labels(connection: sa.Connection, end: datetime) -> dict[int, Label]:
    made, said, back = t.review_decision.c, t.classification.c, t.review_decision.alias()
    decided_later = sa.select(made.ticket_id).where(
        made.decided_at >= end, made.action.in_((*_SETTLING, "undo"))
    )
    query = sa.select(
        said.ticket_id, said.scope, said.primary_type, said.labels_json, said.review
    ).where(said.is_current, said.ticket_id.in_(decided_later))
    labels: dict[int, Label] = {key: tuple(rest) for key, *rest in connection.execute(query)}
    if not labels:
        return {}
    query = (
        sa.select(made.ticket_id, made.scope, made.primary_type, made.labels_json)
        .where(
            made.decided_at < end,
            made.action.in_(_SETTLING),
            made.ticket_id.in_(decided_later),
            ~sa.exists().where(
                back.c.ticket_id == made.ticket_id,
                back.c.undoes == made.id,
                back.c.decided_at < end,
            ),
        )
        .order_by(made.id)
    )
    return labels | {
        key: (scope, primary, types, False)
        for key, scope, primary, types in connection.execute(query)
    }
