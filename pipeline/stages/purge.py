"""Remove personal data whose retention is over. Tickets (masked) and ledgers stay."""

from datetime import date, datetime, time

import sqlalchemy as sa

from pipeline.stages.context import Context
from pipeline.store import tables as t
from pipeline.store.archive import archive_path


def purge(context: Context, before: date, *, really: bool) -> dict[str, int]:
    """Delete contacts and officers' names of tickets accepted before the day, sealed quarantine
    rows already resolved, and archived copies of files landed before it. Without ``really`` only
    count.

    The retention period itself is the bureau's decision: no public text fixes one.
    """
    limit = datetime.combine(before, time.min)
    old = sa.select(t.ticket.c.id).where(t.ticket.c.accepted_at < limit)
    contacts = t.contact.c.ticket_id.in_(old)
    officers = t.ticket_officer.c.ticket_id.in_(old)
    resolved = (t.quarantine_row.c.state != "open") & (t.quarantine_row.c.resolved_at < limit)
    files = t.export_file.c.landed_at < limit
    with context.engine.begin() as connection:

        def count(table: sa.Table, where: sa.ColumnElement) -> int:
            return connection.scalar(sa.select(sa.func.count()).select_from(table).where(where))

        hashes = list(connection.scalars(sa.select(t.export_file.c.sha256).where(files)))
        paths = [archive_path(context.settings.archive_dir, sha256) for sha256 in hashes]
        paths = [path for path in paths if path.exists()]
        counts = {
            "联系方式": count(t.contact, contacts),
            "执法人员姓名证号": count(t.ticket_officer, officers),
            "已处理的隔离行原文": count(
                t.quarantine_row, resolved & (t.quarantine_row.c.sealed != b"")
            ),
            "归档文件": len(paths),
        }
        if really:
            connection.execute(sa.delete(t.contact).where(contacts))
            connection.execute(sa.delete(t.ticket_officer).where(officers))
            connection.execute(sa.update(t.quarantine_row).where(resolved).values(sealed=b""))
            connection.execute(
                sa.insert(t.audit_event).values(
                    at=context.clock(), person="operator", action="purge",
                    subject=before.isoformat(), detail_json=counts,
                )
            )  # fmt: skip
    if really:
        for path in paths:
            path.unlink()
    return counts
