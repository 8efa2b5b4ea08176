"""Publication of a report by two persons: one approves the pending revision, another publishes it.

Each step is a row of ``report_step`` and an audit event; a revision that was sent back stays so,
and corrected data makes a new one.
"""

from datetime import datetime

import sqlalchemy as sa

from pipeline.domain.errors import OperatorError
from pipeline.domain.privacy import mask_text
from pipeline.store import tables as t

APPROVED, PUBLISHED, RETURNED = "approved", "published", "returned"
_report, _step = t.report.c, t.report_step.c


class PublicationRefused(OperatorError):
    """The step cannot be taken; the Chinese message says why."""


def approver(connection: sa.Connection, report_id: int) -> str | None:
    """Who approved the revision, or None."""
    return connection.scalar(
        sa.select(_step.person).where(_step.report_id == report_id, _step.step == APPROVED)
    )


def approve(engine: sa.Engine, report_id: int, person: str, note: str, at: datetime) -> None:
    """Approve a pending revision. Raises PublicationRefused."""
    with engine.begin() as connection:
        _pending(connection, report_id)
        if by := approver(connection, report_id):
            raise PublicationRefused(f"这一版已由{by}审核。")
        _take(connection, report_id, APPROVED, person, note=note, at=at)


def publish(engine: sa.Engine, report_id: int, person: str, note: str, at: datetime) -> None:
    """Publish a revision that another person approved: it is filed. Raises PublicationRefused."""
    with engine.begin() as connection:
        row = _pending(connection, report_id)
        by = approver(connection, report_id)
        if by is None:
            raise PublicationRefused("这一版还没有审核，不能发布。")
        if by == person:
            raise PublicationRefused("审核和发布须由两个人分别进行。")
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
        _take(connection, report_id, PUBLISHED, person, note=note, at=at)


def send_back(engine: sa.Engine, report_id: int, person: str, note: str, at: datetime) -> None:
    """Send a pending revision back, with the reason. Raises PublicationRefused."""
    if not note.strip():
        raise PublicationRefused("退回须写明原因。")
    with engine.begin() as connection:
        _pending(connection, report_id)
        connection.execute(
            sa.update(t.report).where(_report.id == report_id).values(state="returned")
        )
        _take(connection, report_id, RETURNED, person, note=note, at=at)


def _pending(connection: sa.Connection, report_id: int) -> sa.Row:
    row = connection.execute(
        sa.select(t.report).where(_report.id == report_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise PublicationRefused("没有这一版报告。")
    if row.state != "pending":
        raise PublicationRefused("这一版不在待审状态，可能已由他人处理。")
    return row


def _take(
    connection: sa.Connection, report_id: int, step: str, person: str, *, note: str, at: datetime
) -> None:
    note = mask_text(note.strip()) or None
    connection.execute(
        sa.insert(t.report_step).values(
            report_id=report_id, step=step, person=person, at=at, note=note
        )
    )
    connection.execute(
        sa.insert(t.audit_event).values(
            at=at,
            person=person,
            action=f"report_{step}",
            subject=f"report:{report_id}",
            detail_json={"reason": note} if note else None,
        )
    )
