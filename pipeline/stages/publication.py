"""Publication of a report by two persons: one approves the pending revision, another publishes it.

Each step is a row of ``report_step`` and an audit event; a revision that was sent back stays so,
and corrected data makes a new one. ``client`` is the program through which a person acts, where one
does: whoever runs a program may hold the tokens of two persons, so at least one of the two signs at
the desk.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from pipeline.domain.errors import OperatorError
from pipeline.domain.privacy import mask_text
from pipeline.store import tables as t

APPROVED, PUBLISHED, RETURNED = "approved", "published", "returned"
_report, _step = t.report.c, t.report_step.c


class PublicationRefused(OperatorError):
    """The step cannot be taken; the Chinese message says why."""


@dataclass(frozen=True, slots=True)
class Signed:
    """Who takes a step, when, and through which program."""

    person: str
    at: datetime
    client: str | None = None


def approval(connection: sa.Connection, report_id: int) -> sa.Row | None:
    """``person`` and ``client`` of the revision's approval, or None."""
    return connection.execute(
        sa.select(_step.person, _step.client).where(
            _step.report_id == report_id, _step.step == APPROVED
        )
    ).one_or_none()


def approve(engine: sa.Engine, report_id: int, note: str, by: Signed) -> None:
    """Approve a pending revision. Raises PublicationRefused."""
    with engine.begin() as connection:
        _pending(connection, report_id)
        if known := approval(connection, report_id):
            raise PublicationRefused(f"这一版已由{known.person}审核。")
        _take(connection, report_id, APPROVED, note, by)


def publish(engine: sa.Engine, report_id: int, note: str, by: Signed) -> None:
    """Publish a revision that another person approved: it is filed. Raises PublicationRefused."""
    with engine.begin() as connection:
        row = _pending(connection, report_id)
        approved = approval(connection, report_id)
        if approved is None:
            raise PublicationRefused("这一版还没有审核，不能发布。")
        if approved.person == by.person:
            raise PublicationRefused("审核和发布须由两个人分别进行。")
        if approved.client and by.client:
            raise PublicationRefused(
                "审核已由程序代办；审核和发布至少一步须由本人在复核台办理，请在复核台发布。"
            )
        newer = connection.scalar(
            sa.select(sa.func.max(_report.revision)).where(
                _report.month == row.month,
                _report.profile == row.profile,
                _report.revision > row.revision,
            )
        )
        if newer:
            raise PublicationRefused(f"已有更新的第 {newer} 版，请审核、发布那一版。")
        connection.execute(sa.update(t.report).where(_report.id == report_id).values(state="filed"))
        _take(connection, report_id, PUBLISHED, note, by)


def send_back(engine: sa.Engine, report_id: int, note: str, by: Signed) -> None:
    """Send a pending revision back, with the reason. Raises PublicationRefused."""
    if not note.strip():
        raise PublicationRefused("退回须写明原因。")
    with engine.begin() as connection:
        _pending(connection, report_id)
        connection.execute(
            sa.update(t.report).where(_report.id == report_id).values(state="returned")
        )
        _take(connection, report_id, RETURNED, note, by)


def _pending(connection: sa.Connection, report_id: int) -> sa.Row:
    row = connection.execute(
        sa.select(t.report).where(_report.id == report_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise PublicationRefused("没有这一版报告。")
    if row.state != "pending":
        raise PublicationRefused("这一版不在待审状态，可能已由他人处理。")
    return row


def _take(connection: sa.Connection, report_id: int, step: str, note: str, by: Signed) -> None:
    note = mask_text(note.strip()) or None
    connection.execute(
        sa.insert(t.report_step).values(
            report_id=report_id, step=step, person=by.person, at=by.at, note=note, client=by.client
        )
    )
    detail = {"reason": note, "client": by.client}
    connection.execute(
        sa.insert(t.audit_event).values(
            at=by.at,
            person=by.person,
            action=f"report_{step}",
            subject=f"report:{report_id}",
            detail_json={name: value for name, value in detail.items() if value} or None,
        )
    )
