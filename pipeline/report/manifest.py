"""What a report is made of beside its frozen tickets: files, items, cases, review agreement.

All of it is read once, when the report is frozen, and kept in report.manifest_json: a document
rendered a year later says what was known then.
"""

from collections import defaultdict
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.domain.calendar import month_bounds, shift_month
from pipeline.domain.labels import ProblemType
from pipeline.domain.ticket import Status
from pipeline.report.parts import REDONE
from pipeline.report.periods import Period, baseline_months
from pipeline.report.policy import ReportPolicy
from pipeline.store.checks import stops
from pipeline.store.tables import (
    classification,
    export_file,
    export_row,
    item_event,
    item_ticket,
    quarantine_row,
    report_ticket,
    report_ticket_flag,
    report_ticket_label,
    review_decision,
    supervision_item,
    ticket,
    ticket_version,
)

CONFIDENTIAL_LEVEL = "X"
CONFIDENTIAL_FLAGS = ("廉政", "廉政:明确", "保密")
SETTLED_STATE = "已销号"
REFERRED_STATE = "转移送"
"""An item referred to discipline inspection: from then on it is as confidential as level X."""

_FILE_COLUMNS = (
    "sha256", "name", "layout", "state", "message", "rows_read", "inserted", "updated",
    "unchanged", "duplicate", "quarantined",
)  # fmt: skip


_LABELLED = sa.table(  # the view of migration 0001
    "labelled_ticket",
    sa.column("id", sa.Integer),
    sa.column("evidence_json", sa.JSON),
)


def describe_inputs(
    connection: Connection, report_id: int, month: str, current: Period, policy: ReportPolicy
) -> dict:
    """Everything of the manifest that the store tells; JSON values only."""
    confidential = confidential_tickets(connection, report_id)
    return {
        "files": _files(connection, report_id, current),
        "checks": _checks(connection, current),
        "months_with_data": _months_with_data(connection, month),
        "followed": _followed(connection, report_id),
        "visited": _visited(connection, report_id),
        "ticket_counts": _ticket_counts(connection, report_id),
        "models": _models(connection, current),
        "agreement": _agreement(connection, report_id),
        **_items(connection, report_id, current, policy),
        "cases": _cases(connection, report_id, policy, confidential),
        # Left out of every printed list. Requests for confidentiality are among them, so that a
        # gap in a list does not give an integrity lead away. Not in the manifest beside the files.
        "withheld_tickets": sorted(confidential),
    }


def confidential_tickets(connection: Connection, report_id: int) -> set[int]:
    """Frozen tickets no document may describe: T12, 廉政 or 保密, or behind such an item."""
    labels = sa.select(report_ticket_label.c.ticket_id).where(
        report_ticket_label.c.report_id == report_id,
        report_ticket_label.c.problem_type == ProblemType.INTEGRITY.value,
    )
    flags = sa.select(report_ticket_flag.c.ticket_id).where(
        report_ticket_flag.c.report_id == report_id,
        report_ticket_flag.c.flag.in_(CONFIDENTIAL_FLAGS),
    )
    items = (
        sa.select(item_ticket.c.ticket_id)
        .join(supervision_item, supervision_item.c.id == item_ticket.c.item_id)
        .join(report_ticket, report_ticket.c.ticket_id == item_ticket.c.ticket_id)
        .where(
            report_ticket.c.report_id == report_id,
            sa.or_(
                supervision_item.c.level == CONFIDENTIAL_LEVEL,
                supervision_item.c.state == REFERRED_STATE,
            ),
        )
    )
    primary = sa.select(report_ticket.c.ticket_id).where(
        report_ticket.c.report_id == report_id,
        report_ticket.c.primary_type == ProblemType.INTEGRITY.value,
    )
    asked = (
        sa.select(ticket.c.id)
        .join(report_ticket, report_ticket.c.ticket_id == ticket.c.id)
        .where(report_ticket.c.report_id == report_id, ticket.c.is_confidential)
    )
    return set(connection.execute(sa.union(labels, flags, items, primary, asked)).scalars())


def accepted_in(span: Period) -> sa.Select:
    """The ids of its tickets. Rows found ``IN`` these are read in the order they lie in: joined by
    time, 10^5 of them take SQLite three times as long."""
    return sa.select(ticket.c.id).where(
        ticket.c.accepted_at >= span.since, ticket.c.accepted_at < span.until
    )


def _of_current(report_id: int):
    return sa.and_(report_ticket.c.report_id == report_id, report_ticket.c.period == "current")


def _files(connection: Connection, report_id: int, current: Period) -> list[dict]:
    """Files that brought the month's tickets or the present state of its enforcement complaints,
    and files of the month that failed. A file that changes nothing counted restates nothing.
    """
    complaints = sa.select(report_ticket.c.ticket_id).where(
        _of_current(report_id), report_ticket.c.scope == "E1"
    )
    used = sa.union(
        sa.select(ticket.c.first_file_id).where(ticket.c.id.in_(accepted_in(current))),
        sa.select(ticket.c.last_file_id).where(ticket.c.id.in_(complaints)),
    )
    lost = sa.or_(export_file.c.quarantined > 0, export_file.c.state == "stopped")
    rows = connection.execute(
        sa.select(export_file.c.id, *(export_file.c[name] for name in _FILE_COLUMNS))
        .where(sa.or_(export_file.c.id.in_(used), sa.and_(lost, _of_month(current))))
        .order_by(export_file.c.sha256)
    ).all()
    reasons = _quarantine_reasons(connection, [row.id for row in rows])
    return [
        {name: getattr(row, name) for name in _FILE_COLUMNS}
        | {"quarantine_reasons": reasons.get(row.id, {})}
        for row in rows
    ]


def _of_month(current: Period) -> sa.ColumnElement[bool]:
    """Files that by their period, or else by the night they came, should hold the month."""
    return sa.or_(
        sa.and_(
            export_file.c.period_start < current.until.date(),
            export_file.c.period_end >= current.since.date(),
        ),
        sa.and_(
            export_file.c.period_start.is_(None),
            export_file.c.as_of >= current.since.date(),
            export_file.c.as_of < (current.until + timedelta(days=5)).date(),
        ),
    )


def _checks(connection: Connection, current: Period) -> list[dict]:
    """Failed stops of the files that hold tickets of the month (be they new to the store or not),
    or that hold none at all and should; each with its clearance, if a person cleared it.
    """
    row = export_row.c
    accepted = sa.exists().where(row.file_id == export_file.c.id, row.ticket_id.is_not(None))
    of_tickets = accepted.where(
        ticket.c.id == row.ticket_id,
        ticket.c.accepted_at >= current.since,
        ticket.c.accepted_at < current.until,
    )
    holding = sa.or_(of_tickets, sa.and_(sa.not_(accepted), _of_month(current)))
    return [
        {
            "check_id": stop["check_id"],
            "file": stop["file"],
            "sha256": stop["sha256"],
            "code": stop["code"],
            "message": stop["message"],
            "cleared_by": stop["cleared_by"],
            "cleared_on": stop["cleared_at"] and stop["cleared_at"].date().isoformat(),
            "reason": stop["reason"],
        }
        for stop in connection.execute(stops().where(holding)).mappings()
    ]


def _quarantine_reasons(connection: Connection, file_ids: list[int]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    rows = connection.execute(
        sa.select(quarantine_row.c.file_id, quarantine_row.c.reasons_json).where(
            quarantine_row.c.file_id.in_(file_ids), quarantine_row.c.state == "open"
        )
    )
    for row in rows:
        for reason in row.reasons_json:
            code = reason if isinstance(reason, str) else reason["code"]
            found[row.file_id][code] += 1
    return {file_id: dict(sorted(counts.items())) for file_id, counts in found.items()}


def _months_with_data(connection: Connection, month: str) -> list[str]:
    """Of the months compared with, those that the store knows: no data is not the same as none."""
    known = []
    for other in (shift_month(month, -12), *baseline_months(month)):
        since, until = month_bounds(other)
        some = sa.select(ticket.c.id).where(
            ticket.c.accepted_at >= since, ticket.c.accepted_at < until
        )
        if connection.execute(some.limit(1)).first():
            known.append(other)
    return known


def _followed(connection: Connection, report_id: int) -> int:
    """The month's complaints whose later state is known: seen again, or sent back to be redone."""
    seen_again = sa.exists().where(
        ticket_version.c.ticket_id == report_ticket.c.ticket_id, ticket_version.c.version > 1
    )
    redone = sa.exists().where(
        report_ticket_flag.c.report_id == report_id,
        report_ticket_flag.c.ticket_id == report_ticket.c.ticket_id,
        report_ticket_flag.c.flag == REDONE,
    )
    statement = sa.select(sa.func.count()).where(
        _of_current(report_id), report_ticket.c.scope == "E1", sa.or_(seen_again, redone)
    )
    return connection.execute(statement).scalar_one()


def _visited(connection: Connection, report_id: int) -> int:
    """Complaints, of the months compared too, that have a record of a visit."""
    statement = sa.select(sa.func.count()).where(
        report_ticket.c.report_id == report_id,
        report_ticket.c.scope == "E1",
        sa.or_(
            report_ticket.c.visited_at.is_not(None), report_ticket.c.status == Status.VISITED.value
        ),
    )
    return connection.execute(statement).scalar_one()


def _ticket_counts(connection: Connection, report_id: int) -> dict[str, int]:
    rows = connection.execute(
        sa.select(report_ticket.c.period, sa.func.count())
        .where(report_ticket.c.report_id == report_id)
        .group_by(report_ticket.c.period)
    )
    return dict(sorted(tuple(row) for row in rows))


def _models(connection: Connection, current: Period) -> dict[str, int]:
    """Model versions that classified the month's tickets → number of tickets."""
    rows = connection.execute(
        sa.select(classification.c.model_version, sa.func.count())
        .where(classification.c.ticket_id.in_(accepted_in(current)), classification.c.is_current)
        .group_by(classification.c.model_version)
    )
    return dict(sorted(tuple(row) for row in rows))


def _agreement(connection: Connection, report_id: int) -> dict[str, int]:
    """Of the month's tickets that a person decided: how many the model had the same."""
    same_scope = classification.c.scope == review_decision.c.scope
    same_type = sa.and_(
        same_scope,
        sa.func.coalesce(classification.c.primary_type, "")
        == sa.func.coalesce(review_decision.c.primary_type, ""),
    )
    row = connection.execute(
        sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(sa.case((same_scope, 1), else_=0)), 0),
            sa.func.coalesce(sa.func.sum(sa.case((same_type, 1), else_=0)), 0),
        )
        .select_from(review_decision)
        .join(report_ticket, report_ticket.c.ticket_id == review_decision.c.ticket_id)
        .join(classification, classification.c.ticket_id == review_decision.c.ticket_id)
        .where(_of_current(report_id), review_decision.c.is_current, classification.c.is_current)
    ).one()
    return {"reviewed": int(row[0]), "same_scope": int(row[1]), "same_type": int(row[2])}


_ITEM_COLUMNS = (
    "id", "rule", "level", "subject", "unit", "problem_type", "summary", "clause",
    "threshold_origin", "state",
)  # fmt: skip


def _items(connection: Connection, report_id: int, current: Period, policy: ReportPolicy) -> dict:
    """Items on the month's tickets; of level X nothing but how many."""
    on_month = (
        sa.select(item_ticket.c.item_id)
        .join(report_ticket, report_ticket.c.ticket_id == item_ticket.c.ticket_id)
        .where(_of_current(report_id))
    )
    rows = connection.execute(
        sa.select(*(supervision_item.c[name] for name in _ITEM_COLUMNS), supervision_item.c.due_on)
        .where(supervision_item.c.profile == policy.id, supervision_item.c.id.in_(on_month))
        .order_by(supervision_item.c.id)
    ).all()
    integrity = ProblemType.INTEGRITY.value
    shown = [
        row
        for row in rows
        if row.level != CONFIDENTIAL_LEVEL
        and row.state != REFERRED_STATE
        and row.problem_type != integrity
    ]
    tickets: dict[int, list[int]] = defaultdict(list)
    for row in connection.execute(
        sa.select(item_ticket.c.item_id, item_ticket.c.ticket_id)
        .where(item_ticket.c.item_id.in_([row.id for row in shown]))
        .order_by(item_ticket.c.item_id, item_ticket.c.ticket_id)
    ):
        tickets[row.item_id].append(row.ticket_id)
    settled = connection.execute(
        sa.select(sa.func.count(sa.distinct(item_event.c.item_id)))
        .join(supervision_item, supervision_item.c.id == item_event.c.item_id)
        .where(
            supervision_item.c.profile == policy.id,
            supervision_item.c.level != CONFIDENTIAL_LEVEL,
            item_event.c.to_state == SETTLED_STATE,
            item_event.c.at >= current.since,
            item_event.c.at < current.until,
        )
    ).scalar_one()
    return {
        "items": [
            {name: getattr(row, name) for name in _ITEM_COLUMNS if name != "problem_type"}
            | {
                "due_on": row.due_on.isoformat() if row.due_on else None,
                "tickets": len(tickets[row.id]),
                "ticket_ids": tickets[row.id],
            }
            for row in shown
        ],
        "confidential_items": len(rows) - len(shown),
        "settled_items": settled,
    }


def _cases(
    connection: Connection, report_id: int, policy: ReportPolicy, confidential: set[int]
) -> dict:
    """Verified complaints of the month fit for print: nothing confidential, no names."""
    rows = connection.execute(
        sa.select(
            report_ticket.c.ticket_id,
            report_ticket.c.primary_type,
            _LABELLED.c.evidence_json,
        )
        .select_from(report_ticket.join(_LABELLED, _LABELLED.c.id == report_ticket.c.ticket_id))
        .where(
            _of_current(report_id),
            report_ticket.c.scope == "E1",
            report_ticket.c.verified == "属实",
            report_ticket.c.primary_type.is_not(None),
        )
        .order_by(report_ticket.c.accepted_at, report_ticket.c.ticket_id)
    ).all()
    open_rows = [row for row in rows if row.ticket_id not in confidential]
    chosen, seen_types = [], set()
    for row in open_rows:  # one case a type, the earliest: no choice by outcome or amount
        spans = (row.evidence_json or {}).get(row.primary_type, [])
        phrases = [span for span in spans if is_printable(span)]
        if row.primary_type in seen_types or not phrases:
            continue
        seen_types.add(row.primary_type)
        chosen.append(
            {"ticket_id": row.ticket_id, "type": row.primary_type, "evidence": phrases[:2]}
        )
    return {"verified": len(open_rows), "chosen": chosen[: policy.max_cases]}


_PERSON_HINTS = (
    "某",
    "先生",
    "女士",
    "队长",
    "科长",
    "所长",
    "站长",
    "局长",
    "证号",
    "警官",
    "姓",
    "号",
)


def is_printable(span: str) -> bool:
    """True for a phrase that names nobody and holds no number that could lead to a person."""
    from pipeline.domain.names import find_names
    from pipeline.domain.privacy import find_personal_data

    if any(hint in span for hint in _PERSON_HINTS) or "*" in span:
        return False
    return not find_personal_data(span) and not find_names(span)
