"""A person's decision on a ticket: append-only, above every model.

accept, correct and reject settle the labels: the new row is current, the older one is history.
postpone and return settle nothing: they are kept as history (``is_current`` false), the labels in
force stay, and the ticket leaves the queue until tomorrow (postpone, for that person) or until
its text changes (return). undo is a row too: it names the decision it takes back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from pipeline.domain.labels import ProblemType, Scope
from pipeline.domain.privacy import mask_text
from pipeline.review.access import Sight, visible_tickets
from pipeline.review.audit import record
from pipeline.review.tickets import current_classification
from pipeline.store import tables as t

MAX_EVIDENCE = 20
UNDO_FOR = timedelta(minutes=30)
SETTLING = frozenset({"accept", "correct", "reject"})
_RECENT = 500  # the newest decisions, among which a person's last one is looked for
MAX_SECONDARY = 2  # labelling guide §1.3: one primary, at most two secondaries

_made = t.review_decision.c


class DecisionError(ValueError):
    """The decision is incomplete or contradicts itself; the Chinese message says how."""


class Overtaken(Exception):
    """Somebody decided, or the model spoke anew, after the form was shown."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a form says. ``evidence`` holds (label, exact substring) pairs."""

    action: str
    scope: str = ""
    primary: str = ""
    labels: Sequence[str] = ()
    evidence: Sequence[tuple[str, str]] = ()
    reason: str = ""


# --- deciding -----------------------------------------------------------------------------------


def stamp(classification_id: int | None, decision_id: int | None) -> str:
    """What the form was shown on: the model's word and the newest decision."""
    return f"{classification_id or 0}-{decision_id or 0}"


def newest_decision(connection: sa.Connection, ticket_id: int) -> int | None:
    return connection.scalar(sa.select(sa.func.max(_made.id)).where(_made.ticket_id == ticket_id))


def decide(
    connection: sa.Connection,
    ticket_id: int,
    verdict: Verdict,
    *,
    person: str,
    at: datetime,
    expected: str,
    client: str | None = None,
) -> int:
    """Write a decision inside the caller's writing transaction and return its id.

    The caller has checked that the person may see the ticket. ``expected`` is the :func:`stamp`
    that was shown; ``client`` the program through which the person decides, where one does.
    Raises Overtaken when the stamp no longer fits, DecisionError for a verdict that cannot stand.
    """
    ticket = connection.execute(
        sa.select(t.ticket.c.title, t.ticket.c.content)
        .where(t.ticket.c.id == ticket_id)
        .with_for_update()
    ).one()
    said = current_classification(connection, ticket_id)
    newest = newest_decision(connection, ticket_id)
    if stamp(said["id"] if said else None, newest) != expected:
        raise Overtaken
    values = settle(verdict, said, _in_force(connection, ticket_id, said), ticket)
    is_settling = verdict.action in SETTLING
    if is_settling:
        connection.execute(
            sa.update(t.review_decision)
            .where(_made.ticket_id == ticket_id, _made.is_current)
            .values(is_current=False)
        )
    decision_id = connection.execute(
        sa.insert(t.review_decision)
        .values(
            ticket_id=ticket_id,
            person=person,
            decided_at=at,
            action=verdict.action,
            is_current=is_settling,
            reason=mask_text(verdict.reason.strip()) or None,
            model_version=said["model_version"] if said else None,
            **values,
        )
        .returning(_made.id)
    ).scalar_one()
    if values["labels_json"]:
        connection.execute(
            sa.insert(t.decision_label),
            [
                {
                    "decision_id": decision_id,
                    "problem_type": label,
                    "is_primary": label == values["primary_type"],
                }
                for label in values["labels_json"]
            ],
        )
    record(
        connection,
        at,
        person,
        "decision",
        f"ticket:{ticket_id}",
        detail={"action": verdict.action, "decision": decision_id}
        | ({"client": client} if client else {}),
    )
    return decision_id


def undone(made: sa.FromClause) -> sa.ColumnElement[bool]:
    """Condition on rows of ``review_decision``: taken back since."""
    back = t.review_decision.alias()
    return sa.exists().where(back.c.ticket_id == made.c.ticket_id, back.c.undoes == made.c.id)


def last_decision(
    connection: sa.Connection, sight: Sight, person: str, at: datetime
) -> sa.RowMapping | None:
    """The person's newest decision, where it may still be taken back: ``id``, ``ticket_id``,
    ``ticket_no``, ``action``.
    """
    recent = sa.select(t.review_decision).order_by(_made.id.desc()).limit(_RECENT).subquery()
    later = t.review_decision.alias()
    query = (
        sa.select(recent.c.id, recent.c.ticket_id, t.ticket.c.ticket_no, recent.c.action)
        .join(t.ticket, t.ticket.c.id == recent.c.ticket_id)
        .where(
            recent.c.person == person,
            recent.c.decided_at >= at - UNDO_FOR,
            recent.c.action != "undo",
            ~sa.exists().where(later.c.ticket_id == recent.c.ticket_id, later.c.id > recent.c.id),
            visible_tickets(sight, recent.c.ticket_id),
        )
        .order_by(recent.c.id.desc())
        .limit(1)
    )
    return connection.execute(query).mappings().one_or_none()


def undo(
    connection: sa.Connection,
    decision_id: int,
    *,
    person: str,
    at: datetime,
    client: str | None = None,
) -> int:
    """Take back one's own newest decision on a ticket; what was in force before is so again.

    Inside the caller's writing transaction; the caller has checked that the person may see the
    ticket. ``client`` as in :func:`decide`. Returns the ticket's id. Raises DecisionError where it
    is another's, too old, or no longer the newest.
    """
    ticket_id = connection.scalar(
        sa.select(_made.ticket_id).where(_made.id == decision_id, _made.person == person)
    )
    if ticket_id is None:
        raise DecisionError("只能撤销自己的复核。")
    connection.execute(
        sa.select(t.ticket.c.id).where(t.ticket.c.id == ticket_id).with_for_update()
    ).one()
    made = (
        connection.execute(sa.select(t.review_decision).where(_made.id == decision_id))
        .mappings()
        .one()
    )
    if made["action"] == "undo" or newest_decision(connection, ticket_id) != decision_id:
        raise DecisionError("此后这件工单已有新的复核，不能撤销。")
    if made["decided_at"] < at - UNDO_FOR:
        raise DecisionError(f"复核已超过 {UNDO_FOR.seconds // 60} 分钟，不能撤销，请重新复核。")
    connection.execute(
        sa.insert(t.review_decision).values(
            ticket_id=ticket_id,
            person=person,
            decided_at=at,
            action="undo",
            is_current=False,
            undoes=decision_id,
            **_copied(made),
        )
    )
    if made["is_current"]:
        connection.execute(
            sa.update(t.review_decision).where(_made.id == decision_id).values(is_current=False)
        )
        before = connection.scalar(
            sa.select(sa.func.max(_made.id)).where(
                _made.ticket_id == ticket_id,
                _made.action.in_(SETTLING),
                ~undone(t.review_decision),
            )
        )
        connection.execute(
            sa.update(t.review_decision).where(_made.id == before).values(is_current=True)
        )
    detail = {"action": "undo", "decision": decision_id} | ({"client": client} if client else {})
    record(connection, at, person, "decision", f"ticket:{ticket_id}", detail=detail)
    return ticket_id


def _in_force(
    connection: sa.Connection, ticket_id: int, said: sa.RowMapping | None
) -> sa.RowMapping | None:
    current = connection.execute(
        sa.select(t.review_decision).where(_made.ticket_id == ticket_id, _made.is_current)
    )
    return current.mappings().one_or_none() or said


def settle(
    verdict: Verdict, said: sa.RowMapping | None, in_force: sa.RowMapping | None, ticket: sa.Row
) -> dict:
    """The label columns of a verdict. Raises DecisionError for one that cannot stand."""
    match verdict.action:
        case "accept":
            if said is None:
                raise DecisionError("这件工单尚未分类，不能认可，请改判。")
            if said["scope"] == Scope.E1 and not said["primary_type"]:
                raise DecisionError("模型没有给出主要类型，不能直接认可，请改判并选定类型。")
            return _copied(said)
        case "correct" if verdict.scope == Scope.E1:
            return _corrected(verdict, ticket)
        case "correct" | "reject":
            if verdict.scope not in set(Scope) or verdict.scope == Scope.E1:
                raise DecisionError("请选择范围。")
            return _labels(verdict.scope, None, [], {})
        case "postpone" | "return":
            if verdict.action == "return" and not verdict.reason.strip():
                raise DecisionError("退回须写明原因。")
            if in_force is None:
                raise DecisionError("这件工单尚未分类，请等下一次夜间任务。")
            return _copied(in_force)
        case _:
            raise DecisionError("没有这种操作。")


def _copied(source: sa.RowMapping) -> dict:
    return _labels(
        source["scope"], source["primary_type"], source["labels_json"], source["evidence_json"]
    )


def _labels(scope: str, primary: str | None, labels: list, evidence: dict) -> dict:
    return {
        "scope": scope,
        "primary_type": primary,
        "labels_json": labels,
        "evidence_json": evidence,
    }


def _corrected(verdict: Verdict, ticket: sa.Row) -> dict:
    known = set(ProblemType)
    if verdict.primary not in known:
        raise DecisionError("投诉执法（E1）须选定一个主要类型。")
    labels = [verdict.primary, *dict.fromkeys(x for x in verdict.labels if x != verdict.primary)]
    if not set(labels) <= known:
        raise DecisionError("有不认识的问题类型。")
    if len(labels) > 1 + MAX_SECONDARY:
        raise DecisionError(f"兼有的类型最多 {MAX_SECONDARY} 个。")
    if ProblemType.UNSPECIFIED in labels and len(labels) > 1:
        raise DecisionError("“执法争议（类型不明）”不与其他类型并存。")
    evidence: dict[str, list[str]] = {}
    for label, piece in verdict.evidence[:MAX_EVIDENCE]:
        text = piece.replace("\r\n", "\n")  # browsers send line ends so
        if label not in labels:
            continue
        if not text.strip() or not any(text in (part or "") for part in ticket):
            raise DecisionError(f"依据片段须是工单原文：“{text[:30]}”不在标题或内容中。")
        spans = evidence.setdefault(label, [])
        if text not in spans:
            spans.append(text)
    return _labels(Scope.E1.value, verdict.primary, labels, evidence)
