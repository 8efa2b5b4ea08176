"""The blind second review: a share of decided tickets is judged again by another person, who sees
neither the first decision nor the model's word; and how far the two agree.

A second review changes no label. Where the two differ, a supervisor decides the ticket anew.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from pipeline.domain.labels import Scope
from pipeline.domain.privacy import mask_text
from pipeline.review.access import REVIEW, Sight, visible_tickets
from pipeline.review.audit import record
from pipeline.review.decisions import SETTLING, DecisionError, Verdict, settle, undone
from pipeline.review.people import Account
from pipeline.store import tables as t

MIN_PAIRS = 10  # below, agreement is only counted (domain E9: rates need n ≥ 10)

_made, _second = t.review_decision.c, t.second_review.c


def assigned(
    connection: sa.Connection,
    sight: Sight,
    person: str,
    share: float,
    *,
    limit: int = 30,
    among: Collection[int] | None = None,
) -> list[int]:
    """Tickets (``among`` those, or all) that await this person's second review, the newest decision
    first.

    Drawn by the text's hash, so that the draw is the same for everybody and cannot be chosen.
    Other digits of it than those that draw random audits.
    """
    conditions = [*_awaits(person, share), visible_tickets(sight, _made.ticket_id)]
    if among is not None:
        conditions.append(_made.ticket_id.in_(among))
    query = (
        sa.select(_made.ticket_id)
        .join(t.ticket, t.ticket.c.id == _made.ticket_id)
        .where(*conditions)
        .order_by(_made.id.desc())
        .limit(limit)
    )
    return list(connection.scalars(query))


def blind_to(
    connection: sa.Connection, account: Account, share: float, ticket_ids: Collection[int]
) -> set[int]:
    """Of these tickets, those whose labels the person must not see yet, wherever they stand: a
    second review of them is this person's to give.
    """
    if account.role not in REVIEW or not ticket_ids:
        return set()
    return set(
        assigned(
            connection,
            account.sight,
            account.name,
            share,
            limit=len(ticket_ids),
            among=ticket_ids,
        )
    )


def is_blind(
    account: Account, share: float, ticket_id: sa.ColumnElement[int]
) -> sa.ColumnElement[bool]:
    """:func:`blind_to` as a condition on tickets that the person may see."""
    if account.role not in REVIEW:
        return sa.false()
    waiting = (
        sa.select(_made.ticket_id)
        .join(t.ticket, t.ticket.c.id == _made.ticket_id)
        .where(*_awaits(account.name, share))
    )
    return ticket_id.in_(waiting)


def _awaits(person: str, share: float) -> list[sa.ColumnElement[bool]]:
    """Conditions on a decision, joined with its ticket."""
    return [
        _made.is_current,
        _made.action.in_(SETTLING),
        _made.person != person,
        _drawn(share),
        ~sa.exists().where(_second.ticket_id == _made.ticket_id),
    ]


def _drawn(share: float) -> sa.ColumnElement[bool]:
    """Condition on the ticket: one of 256 classes of texts, as many of them as the share says."""
    classes = round(256 * share)
    if classes > 255:
        return sa.true()
    return sa.func.substr(t.ticket.c.text_hash, 3, 2) < f"{classes:02x}"


def judge(
    connection: sa.Connection, ticket_id: int, verdict: Verdict, *, person: str, at: datetime
) -> None:
    """Keep a second review inside the caller's writing transaction.

    The caller has checked that the ticket is :func:`assigned` to the person. Raises DecisionError
    for a verdict that cannot stand, or where somebody was quicker.
    """
    if verdict.action not in {"correct", "reject"}:
        raise DecisionError("盲复核请自行选定范围和类型。")
    ticket = connection.execute(
        sa.select(t.ticket.c.title, t.ticket.c.content)
        .where(t.ticket.c.id == ticket_id)
        .with_for_update()
    ).one()
    values = settle(verdict, None, None, ticket)
    first = connection.scalar(
        sa.select(_made.id).where(
            _made.ticket_id == ticket_id,
            _made.is_current,
            ~sa.exists().where(_second.ticket_id == ticket_id),
        )
    )
    if first is None:
        raise DecisionError("这件工单已由他人盲复核，或已有新的复核。")
    connection.execute(
        sa.insert(t.second_review).values(
            decision_id=first,
            ticket_id=ticket_id,
            person=person,
            decided_at=at,
            scope=values["scope"],
            primary_type=values["primary_type"],
            labels_json=values["labels_json"],
            reason=mask_text(verdict.reason.strip()) or None,
        )
    )
    detail = {"action": "second", "decision": first}
    record(connection, at, person, "decision", f"ticket:{ticket_id}", detail=detail)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far first and second reviews agree. ``kappa`` and ``share`` are None below MIN_PAIRS,
    ``kappa`` also where every review says the same (chance alone would agree).
    """

    pairs: int
    same: int
    share: float | None
    kappa: float | None


def agreement(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Cohen's κ = (p_o − p_e) / (1 − p_e) (Cohen 1960, Educ. Psychol. Meas. 20:37–46)."""
    n, same = len(pairs), sum(a == b for a, b in pairs)
    if n < MIN_PAIRS:
        return Agreement(n, same, None, None)
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    expected = sum(first[label] * second[label] for label in first) / n**2
    observed = same / n
    kappa = None if expected == 1 else (observed - expected) / (1 - expected)
    return Agreement(n, same, observed, kappa)


def agreements(connection: sa.Connection, sight: Sight) -> dict[str, Agreement]:
    """Agreement on the scope, and on the primary type where both say E1; of tickets in sight."""
    rows = connection.execute(
        sa.select(_made.scope, _second.scope, _made.primary_type, _second.primary_type)
        .join(t.review_decision, _made.id == _second.decision_id)
        .where(~undone(t.review_decision), visible_tickets(sight, _second.ticket_id))
    ).all()
    both = {(Scope.E1.value, Scope.E1.value)}
    return {
        "scope": agreement([(row[0], row[1]) for row in rows]),
        "primary": agreement([(row[2], row[3]) for row in rows if (row[0], row[1]) in both]),
    }


def disputed(connection: sa.Connection, sight: Sight, limit: int = 50) -> list[sa.RowMapping]:
    """Tickets whose two reviews differ and that nobody has decided since, newest first."""
    differ = sa.or_(
        _made.scope != _second.scope,
        sa.func.coalesce(_made.primary_type, "") != sa.func.coalesce(_second.primary_type, ""),
    )
    return list(
        connection.execute(
            sa.select(
                t.ticket.c.id,
                t.ticket.c.hotline,
                t.ticket.c.ticket_no,
                t.ticket.c.title,
                t.ticket.c.content,
                _made.person.label("first_person"),
                _made.scope.label("first_scope"),
                _made.primary_type.label("first_type"),
                _second.person.label("second_person"),
                _second.scope.label("second_scope"),
                _second.primary_type.label("second_type"),
                _second.reason,
            )
            .select_from(t.second_review)
            .join(t.review_decision, _made.id == _second.decision_id)
            .join(t.ticket, t.ticket.c.id == _second.ticket_id)
            .where(_made.is_current, differ, visible_tickets(sight, _second.ticket_id))
            .order_by(_second.decided_at.desc())
            .limit(limit)
        ).mappings()
    )
