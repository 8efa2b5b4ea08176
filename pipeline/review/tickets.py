"""Tickets for pages: one ticket with all that is known of it; every query respects the role."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import orjson
import sqlalchemy as sa

from pipeline.domain.privacy import mask_text
from pipeline.domain.ticket import Hotline
from pipeline.review.access import Sight, visible_tickets
from pipeline.review.audit import record
from pipeline.review.views import labelled
from pipeline.store import tables as t
from pipeline.store.confidential import confidential_ticket
from pipeline.store.vault import Vault
from pipeline.supervise.officers import hide_officers, is_found_true

_LINKS_SHOWN = 20
_BATCH = 500
_TEXTS = ("title", "content", "reply")
_LABELS = (
    "scope", "primary_type", "labels_json", "evidence_json", "score", "flags_json", "review",
)  # fmt: skip


def without_officers(ticket: Mapping) -> dict:
    """A ticket's columns as pages show them: officers are named only in one found true (D5).

    Intake has sealed whom it recognised and left the surname; before 属实 not even that is shown.
    """
    if is_found_true(ticket["verified"]):
        return dict(ticket)
    texts = {
        name: ticket[name] and hide_officers(ticket[name]) for name in _TEXTS if name in ticket
    }
    evidence = ticket.get("evidence_json") or {}
    spans = {label: [hide_officers(span) for span in spans] for label, spans in evidence.items()}
    return dict(ticket) | texts | {"evidence_json": spans}


def unlabelled(ticket: Mapping) -> dict:
    """A ticket's columns without its labels, for who is to judge it blind (second.blind_to)."""
    return dict(ticket) | {name: None for name in _LABELS if name in ticket}


def load_ticket(connection: sa.Connection, ticket_id: int, sight: Sight) -> sa.RowMapping | None:
    """The ticket with the labels in force, or None where there is none for this role."""
    first, last = t.export_file.alias(), t.export_file.alias()
    view = labelled.c
    return (
        connection.execute(
            sa.select(
                labelled,
                first.c.name.label("first_file_name"),
                last.c.name.label("last_file_name"),
                confidential_ticket(view.id).label("is_lead"),
                sa.exists()
                .where(t.contact.c.ticket_id == view.id)
                .correlate(labelled)
                .label("has_contact"),
                sa.exists()
                .where(t.ticket_officer.c.ticket_id == view.id)
                .correlate(labelled)
                .label("has_officers"),
            )
            .select_from(
                labelled.join(first, first.c.id == view.first_file_id).join(
                    last, last.c.id == view.last_file_id
                )
            )
            .where(view.id == ticket_id, visible_tickets(sight, view.id))
        )
        .mappings()
        .one_or_none()
    )


def find_tickets(connection: sa.Connection, number: str, sight: Sight) -> list[dict]:
    """Tickets of that number on any hotline (numbers are unique only within one)."""
    view = labelled.c
    rows = (
        connection.execute(
            sa.select(
                view.id,
                view.hotline,
                view.ticket_no,
                view.accepted_at,
                view.title,
                view.verified,
                view.unit,
                view.scope,
                view.primary_type,
                view.status,
            )
            .where(
                view.hotline.in_([hotline.value for hotline in Hotline]),
                view.ticket_no == number,
                visible_tickets(sight, view.id),
            )
            .limit(20)
        )
        .mappings()
        .all()
    )
    return [without_officers(row) for row in rows]


def known_tickets(
    connection: sa.Connection, numbers: Iterable[tuple[str, str]], sight: Sight
) -> dict[tuple[str, str], dict]:
    """(hotline, ticket number) → the ticket's ``id``, ``title``, ``unit`` and ``status``, of those
    that this person may see.
    """
    wanted, view = set(numbers), labelled.c
    found = {}
    each = sorted({number for _, number in wanted})
    for at in range(0, len(each), _BATCH):
        query = sa.select(
            view.id,
            view.hotline,
            view.ticket_no,
            view.title,
            view.unit,
            view.status,
            view.verified,
        ).where(
            view.hotline.in_([hotline.value for hotline in Hotline]),
            view.ticket_no.in_(each[at : at + _BATCH]),
            visible_tickets(sight, view.id),
        )
        for row in connection.execute(query).mappings():
            found[row["hotline"], row["ticket_no"]] = without_officers(row)
    return {key: row for key, row in found.items() if key in wanted}


def current_classification(connection: sa.Connection, ticket_id: int) -> sa.RowMapping | None:
    c = t.classification.c
    return (
        connection.execute(
            sa.select(t.classification).where(c.ticket_id == ticket_id, c.is_current)
        )
        .mappings()
        .one_or_none()
    )


def decisions_of(connection: sa.Connection, ticket_id: int) -> list[sa.RowMapping]:
    """Every decision on the ticket, newest first."""
    d = t.review_decision.c
    return list(
        connection.execute(
            sa.select(t.review_decision).where(d.ticket_id == ticket_id).order_by(d.id.desc())
        ).mappings()
    )


def versions_of(connection: sa.Connection, ticket_id: int, verified: str | None) -> list[dict]:
    """Each version with the file and row it came from, newest first; its texts as the ticket's.
    The first has no changes, and the time when its file landed."""
    v, ticket, file = t.ticket_version.c, t.ticket.c, t.export_file.c
    changed = sa.select(
        v.version, v.recorded_at, v.row_no, v.changes_json, file.name.label("file")
    ).join_from(t.ticket_version, t.export_file, file.id == v.file_id)
    first = sa.select(
        sa.literal(1).label("version"),
        file.landed_at.label("recorded_at"),
        ticket.first_row_no.label("row_no"),
        file.name.label("file"),
    ).join_from(t.ticket, t.export_file, file.id == ticket.first_file_id)
    query = changed.where(v.ticket_id == ticket_id).order_by(v.version.desc())
    versions = [dict(row) for row in connection.execute(query).mappings()]
    (begun,) = connection.execute(first.where(ticket.id == ticket_id)).mappings()
    versions.append(dict(begun) | {"changes_json": {}})
    if is_found_true(verified):
        return versions
    return [version | {"changes_json": _unnamed(version["changes_json"])} for version in versions]


def _unnamed(changes: Mapping) -> dict:
    return {
        name: [text and hide_officers(text) for text in change] if name in _TEXTS else change
        for name, change in changes.items()
    }


def linked_tickets(connection: sa.Connection, ticket_id: int, sight: Sight) -> list[dict]:
    """Tickets linked to this one, from either side, that this role may see."""
    link, view = t.ticket_link.c, labelled.c
    sides = sa.union_all(
        sa.select(link.other_id.label("id"), link.kind, link.note).where(
            link.ticket_id == ticket_id
        ),
        sa.select(link.ticket_id.label("id"), link.kind, link.note).where(
            link.other_id == ticket_id
        ),
    ).subquery()
    rows = (
        connection.execute(
            sa.select(
                view.id,
                view.hotline,
                view.ticket_no,
                view.accepted_at,
                view.title,
                view.verified,
                view.status,
                sides.c.kind,
                sides.c.note,
            )
            .select_from(sides.join(labelled, view.id == sides.c.id))
            .where(visible_tickets(sight, view.id))
            .order_by(view.accepted_at.desc(), view.id.desc())
            .limit(_LINKS_SHOWN)
        )
        .mappings()
        .all()
    )
    return [without_officers(row) for row in rows]


def show_contact(
    connection: sa.Connection,
    vault: Vault,
    ticket_id: int,
    *,
    person: str,
    reason: str,
    at: datetime,
) -> dict[str, str] | None:
    """Name and phone in clear, after the access is written down in the same transaction.

    The caller has checked that the person may see the ticket. None where none is stored (some
    exports have none; some were purged). Raises SealBroken under another secret.
    """
    opened = _open(connection, vault, t.contact, "contact", ticket_id)
    if opened is None:
        return None
    _note_access(connection, ticket_id, person, reason, at, action="contact_shown")
    return {"name": opened.get("name") or "", "phone": opened.get("phone") or ""}


def show_officers(
    connection: sa.Connection,
    vault: Vault,
    ticket_id: int,
    *,
    person: str,
    reason: str,
    at: datetime,
) -> dict[str, list[str]] | None:
    """Officers' names and badge numbers that the ticket's texts name, as :func:`show_contact`.

    The caller has also checked access.may_know_officers.
    """
    opened = _open(connection, vault, t.ticket_officer, "officers", ticket_id)
    if opened is None:
        return None
    _note_access(connection, ticket_id, person, reason, at, action="officers_shown")
    return {"names": opened["names"], "badges": opened["badges"]}


def _open(
    connection: sa.Connection, vault: Vault, table: sa.Table, purpose: str, ticket_id: int
) -> dict | None:
    sealed = connection.scalar(sa.select(table.c.sealed).where(table.c.ticket_id == ticket_id))
    return None if sealed is None else orjson.loads(vault.open(sealed, purpose))


def _note_access(
    connection: sa.Connection,
    ticket_id: int,
    person: str,
    reason: str,
    at: datetime,
    *,
    action: str,
) -> None:
    connection.execute(
        sa.insert(t.contact_access).values(
            ticket_id=ticket_id, person=person, reason=mask_text(reason), at=at
        )
    )
    record(connection, at, person, action, f"ticket:{ticket_id}")
