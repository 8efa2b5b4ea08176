"""Handlings (办理): what an export gives in several rows for one ticket (domain B7.8).

A ticket that several units handle, or that is handled several times, comes in several rows that
differ in unit, times and result. Each is kept here as a handling, and the ticket's own fields are
drawn from all of them: it is closed when every unit has closed it, and no reply is lost.
"""

import re
from collections.abc import Callable, Collection
from datetime import datetime

import sqlalchemy as sa

from pipeline.domain.ticket import FIELD_NAMES, HANDLING_FIELDS, Status
from pipeline.store import tables as t
from pipeline.store.bulk import among, insert_rows

_MOST = 100
"""Handlings of one ticket; beyond them a row only updates. More is a fault of the export."""
_CLOSED = frozenset(status.value for status in Status if status.is_closed)
_DONE = _CLOSED | {Status.RETURNED.value, Status.REFUSED.value, Status.WITHDRAWN.value}
_ACCEPTANCE = ("accepted_at", "title", "content")
IsNewer = Callable[[dict, datetime, int], bool]
"""Row, the state_at and the file it is compared with → whether the row is the newer."""
_BETWEEN = re.compile("[、,\uff0c;\uff1b\\s]+")


class Handlings:
    """The handlings of the tickets that one chunk of an export meets."""

    def __init__(self, connection: sa.Connection, file_id: int, known_ids: Collection[int]) -> None:
        self._connection, self._file_id, self._known_ids = connection, file_id, known_ids
        self._by_ticket: dict[int, list[dict]] = {}
        self._changed: set[int] = set()
        self._met_here: set[int] = set()
        self._met_before: set[int] | None = None
        if known_ids:
            query = (
                sa.select(t.ticket_handling)
                .where(among(connection, t.ticket_handling.c.ticket_id, known_ids))
                .order_by(t.ticket_handling.c.seq)
            )
            for row in connection.execute(query).mappings():
                self._by_ticket.setdefault(row["ticket_id"], []).append(dict(row))

    def met(self, ticket_id: int) -> None:
        """Note that a row of this chunk was about the ticket."""
        self._met_here.add(ticket_id)

    def was_met(self, ticket_id: int) -> bool:
        """Whether an earlier row of the same export, in this chunk or before, was about it."""
        if self._met_before is None:
            row, ids = t.export_row.c, self._known_ids
            query = sa.select(row.ticket_id).where(
                row.file_id == self._file_id, among(self._connection, row.ticket_id, ids)
            )
            self._met_before = set(self._connection.scalars(query)) if ids else set()
        return ticket_id in self._met_here or ticket_id in self._met_before

    def repeated(self, ticket_id: int, row: dict) -> int | None:
        """The export that last showed a handling which the row repeats to the letter; this one
        confirms it now.
        """
        for handling in self._by_ticket.get(ticket_id, ()):
            if handling["row_hash"] == row["row_hash"]:
                shown_in = handling["file_id"]
                handling |= {"file_id": row["file_id"], "row_no": row["row_no"]}
                self._changed.add(ticket_id)
                return shown_in
        return None

    def is_another(self, ticket: dict, row: dict) -> bool:
        """Whether the row is a handling, and not an update of the ticket: the acceptance is the
        same, and the ticket has handlings or got another, different row from this export.
        """
        if any(None is not row[name] != ticket[name] is not None for name in _ACCEPTANCE):
            return False
        if kept := self._by_ticket.get(ticket["id"]):
            return len(kept) < _MOST
        differs = any(None is not row[name] != ticket[name] for name in FIELD_NAMES)
        return differs and self.was_met(ticket["id"])

    def take(self, ticket: dict, row: dict, is_newer: IsNewer) -> dict[str, object]:
        """Keep the row as a handling: a new one, or the later state of one that an earlier export
        showed. Returns the ticket's fields drawn from all its handlings.
        """
        kept = self._by_ticket.setdefault(ticket["id"], [])
        if not kept:  # the ticket's fields are those of its first row
            kept.append(_handling(ticket, 1, row["file_id"], ticket["last_row_no"]))
        renewable = [h for h in kept if self._may_be_renewed(h, row)]
        # The same rows from another kind of file, and in another order, find their own again.
        older = max(renewable, key=lambda h: _says_all(h, row), default=None)
        if older is None and any(_says_all(h, row) for h in kept):
            pass  # a row that is blank, or repeats a part of another, is no handling of its own
        elif older is None:
            values = row | {"id": ticket["id"]}
            kept.append(_handling(values, len(kept) + 1, row["file_id"], row["row_no"]))
        else:
            _renew(older, row, is_newer=is_newer(row, older["state_at"], older["file_id"]))
        self._changed.add(ticket["id"])
        return _drawn(kept, [ticket["co_handler_unit"], row["co_handler_unit"]])

    def _may_be_renewed(self, handling: dict, row: dict) -> bool:
        same = ("handler_unit", "dispatched_at")
        return handling["file_id"] != self._file_id and all(handling[n] == row[n] for n in same)

    def flush(self) -> None:
        """Write what was changed; tickets must be there already."""
        c = t.ticket_handling.c
        if self._changed:
            self._connection.execute(
                sa.delete(t.ticket_handling).where(
                    among(self._connection, c.ticket_id, self._changed)
                )
            )
            rows = [row for key in sorted(self._changed) for row in self._by_ticket[key]]
            insert_rows(self._connection, t.ticket_handling, rows)


def _handling(values: dict, seq: int, file_id: int, row_no: int) -> dict:
    """A row of the table, from a ticket's or a row's values."""
    return {
        "ticket_id": values["id"],
        "seq": seq,
        **{name: values[name] for name in HANDLING_FIELDS},
        "state_at": values["state_at"],
        "row_hash": values["row_hash"],
        "file_id": file_id,
        "row_no": row_no,
    }


def _says_all(handling: dict, row: dict) -> bool:
    return all(row[name] is None or row[name] == handling[name] for name in HANDLING_FIELDS)


def _renew(handling: dict, row: dict, *, is_newer: bool) -> None:
    for name in HANDLING_FIELDS:
        if row[name] is not None and (is_newer or handling[name] is None):
            handling[name] = row[name]
    handling |= {name: row[name] for name in ("row_hash", "file_id", "row_no")}
    handling["state_at"] = max(handling["state_at"], row["state_at"])


def _drawn(handlings: list[dict], co_handlers: list[str | None]) -> dict[str, object]:
    by_time = sorted(handlings, key=lambda h: (h["state_at"], h["seq"]))
    latest = list({h["handler_unit"]: h for h in by_time}.values())  # of each unit
    is_open = [h for h in latest if not h["closed_at"] and h["status"] not in _DONE]
    closed = [h for h in latest if h["status"] in _CLOSED]
    telling = max(is_open or closed or latest, key=lambda h: (h["state_at"], h["seq"]))
    units = list(dict.fromkeys(filter(None, (h["handler_unit"] for h in handlings))))
    others = [name for words in co_handlers if words for name in _BETWEEN.split(words) if name]
    others = [name for name in dict.fromkeys([*others, *units[1:]]) if name not in units[:1]]
    due = sorted(filter(None, (h["due_at"] for h in is_open)))
    verified = [h["verified"] for h in by_time if h["verified"]]
    return {
        "handler_unit": units[0] if units else None,
        "co_handler_unit": "、".join(others) or None,
        "dispatched_at": min(filter(None, (h["dispatched_at"] for h in handlings)), default=None),
        "signed_at": min(filter(None, (h["signed_at"] for h in handlings)), default=None),
        "due_at": due[0]
        if due
        else max(filter(None, (h["due_at"] for h in handlings)), default=None),
        "status": telling["status"],
        "status_raw": telling["status_raw"],
        "closed_at": None
        if is_open
        else max(filter(None, (h["closed_at"] for h in handlings)), default=None),
        "reply": _replies(handlings),
        "verified": verified[-1] if verified else None,
    }


def _replies(handlings: list[dict]) -> str | None:
    """Every reply once, in order; several of them each with its unit."""
    by_reply = {h["reply"]: h["handler_unit"] for h in reversed(handlings) if h["reply"]}
    if len(by_reply) < 2:
        return next(iter(by_reply), None)
    parts = [f"【{unit}】{reply}" if unit else reply for reply, unit in by_reply.items()]
    return "\n".join(reversed(parts))
