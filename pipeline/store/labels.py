"""Classifications: what the model said, with history; a person's decision stands above it."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import sqlalchemy as sa

from pipeline.domain.labels import FLAGS, Prediction
from pipeline.store import tables as t
from pipeline.store.bulk import among, insert_rows

_ticket, _said, _made = t.ticket.c, t.classification.c, t.review_decision.c
_READ = (
    _ticket.id,
    _ticket.title,
    _ticket.content,
    _ticket.hotline.label("channel"),
    _ticket.category,
    _ticket.text_hash,
)


def unclassified(connection: sa.Connection, batch: int = 2000) -> Iterator[list[dict]]:
    """Batches of tickets whose text no model has seen: id, title, content, channel, category and
    text_hash, in order of id.

    What another model has classified is left to :func:`outdated`.
    """
    last = 0
    while True:
        query = (
            sa.select(*_READ)
            .outerjoin(
                t.classification,
                (_said.ticket_id == _ticket.id)
                & _said.is_current
                & (_said.text_hash == _ticket.text_hash),
            )
            .where(_ticket.id > last, _said.id.is_(None))
            .order_by(_ticket.id)
            .limit(batch)
        )
        rows = [dict(row) for row in connection.execute(query).mappings()]
        if not rows:
            return
        last = rows[-1]["id"]
        yield rows


def outdated(
    connection: sa.Connection, model_version: str, after: int = 0, batch: int = 2000
) -> list[dict]:
    """The next tickets, by id from ``after`` on, whose current classification another model
    made: the keys of :func:`unclassified`, and ``scope`` and ``primary_type`` as it said.
    """
    query = (
        sa.select(*_READ, _said.scope, _said.primary_type)
        .join(t.classification, (_said.ticket_id == _ticket.id) & _said.is_current)
        .where(_ticket.id > after, _said.model_version != model_version)
        .order_by(_ticket.id)
        .limit(batch)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def outdated_count(connection: sa.Connection, model_version: str) -> int:
    return connection.scalar(
        sa.select(sa.func.count())
        .select_from(t.classification)
        .where(_said.is_current, _said.model_version != model_version)
    )


def gold_labels(connection: sa.Connection) -> list[dict]:
    """Decisions in force as labelled tickets, in order of ticket: what supervisors teach a model.

    Keys as in the training corpus (labelling guide), with ``decision_id``, ``matter_id`` and
    ``text_hash``. They hold citizens' texts (masked, as the store does) and must not leave it.
    Nobody decides on flags: those that the person was shown stand, whatever later models say. Left
    out are decisions on a text that has changed since, and spans that the text does not hold.
    """
    reworded = _reworded(connection)
    shown = t.classification.alias()
    newest_shown = (
        sa.select(sa.func.max(shown.c.id))
        .where(shown.c.ticket_id == _made.ticket_id, shown.c.classified_at <= _made.decided_at)
        .correlate(t.review_decision)
        .scalar_subquery()
    )
    query = (
        sa.select(
            _made.id.label("decision_id"),
            sa.func.coalesce(t.matter.c.matter_id, _ticket.id).label("matter_id"),
            *_READ,
            _made.scope,
            _made.primary_type,
            _made.labels_json,
            _made.evidence_json,
            _said.flags_json,
        )
        .select_from(t.review_decision)
        .join(t.ticket, _ticket.id == _made.ticket_id)
        .outerjoin(t.matter, t.matter.c.ticket_id == _ticket.id)
        .outerjoin(t.classification, _said.id == newest_shown)
        .where(_made.is_current)
        .order_by(_ticket.id)
    )
    return [
        _as_labelled(row)
        for row in connection.execute(query).mappings()
        if row["decision_id"] not in reworded
    ]


def _reworded(connection: sa.Connection) -> set[int]:
    """Decisions in force whose ticket got another title or content after them."""
    version = t.ticket_version.c
    query = (
        sa.select(_made.id, version.changes_json)
        .join(t.ticket_version, version.ticket_id == _made.ticket_id)
        .where(_made.is_current, version.recorded_at > _made.decided_at)
    )
    return {key for key, changes in connection.execute(query) if {"title", "content"} & {*changes}}


def _as_labelled(row: sa.RowMapping) -> dict:
    title, content = row["title"] or "", row["content"] or ""
    evidence = {
        label: [span for span in spans if span in title or span in content]
        for label, spans in row["evidence_json"].items()
    }
    primary = row["primary_type"]
    return {
        "id": f"gold-{row['id']}",
        "decision_id": row["decision_id"],
        "matter_id": row["matter_id"],
        "text_hash": row["text_hash"],
        "channel": row["channel"],
        "category": row["category"],
        "title": title,
        "content": content,
        "scope": row["scope"],
        "primary": primary,
        "secondary": [label for label in row["labels_json"] if label != primary],
        "flags": [flag for flag in FLAGS if flag in (row["flags_json"] or [])],
        "evidence": {label: spans for label, spans in evidence.items() if spans},
    }


def store_predictions(
    connection: sa.Connection,
    tickets: Sequence[dict],
    predictions: Sequence[Prediction],
    at: datetime,
) -> int:
    """Make each prediction the current one of its ticket; the older stay as history."""
    ids = [row["id"] for row in tickets]
    connection.execute(
        sa.update(t.classification)
        .where(among(connection, t.classification.c.ticket_id, ids), t.classification.c.is_current)
        .values(is_current=False)
    )
    first = 1 + (connection.scalar(sa.select(sa.func.max(t.classification.c.id))) or 0)
    rows, labels, flags = [], [], []
    for key, (ticket, said) in enumerate(zip(tickets, predictions, strict=True), start=first):
        line = said.as_json()
        rows.append(
            {
                "id": key,
                "ticket_id": ticket["id"],
                "model_version": said.model_version,
                "text_hash": ticket["text_hash"],
                "is_current": True,
                "scope": line["scope"],
                "score": said.score,
                "primary_type": line["primary"],
                "labels_json": line["labels"],
                "scores_json": {label: round(p, 4) for label, p in line["scores"].items()},
                "evidence_json": line["evidence"],
                "flags_json": line["flags"],
                "review": said.review,
                "classified_at": at,
            }
        )
        labels.extend(
            {
                "classification_id": key,
                "problem_type": label,
                "is_primary": label == line["primary"],
            }
            for label in line["labels"]
        )
        flags.extend({"classification_id": key, "flag": flag} for flag in line["flags"])
    for table, values in (
        (t.classification, rows),
        (t.classification_label, labels),
        (t.classification_flag, flags),
    ):
        insert_rows(connection, table, values)
    return len(rows)
