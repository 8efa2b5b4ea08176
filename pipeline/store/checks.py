"""Failed checks of severity stop, and their clearances: what holds back a month."""

import sqlalchemy as sa

from pipeline.store import tables as t


def stops() -> sa.Select:
    """Every failed stop of a loaded file with its clearance (nulls where nobody cleared it).

    Narrow it by conditions on export_file, check_result or check_clearance. A file that is not
    loaded yet holds nothing: it has brought no ticket, and its checks may run again.
    """
    check, file, cleared = t.check_result.c, t.export_file.c, t.check_clearance.c
    return (
        sa.select(
            check.id.label("check_id"),
            check.code,
            check.message,
            file.name.label("file"),
            file.sha256,
            file.as_of,
            cleared.person.label("cleared_by"),
            cleared.at.label("cleared_at"),
            cleared.reason,
        )
        .select_from(t.check_result)
        .join(t.export_file, file.id == check.file_id)
        .outerjoin(t.check_clearance, cleared.check_id == check.id)
        .where(check.severity == "stop", sa.not_(check.passed), file.state == "loaded")
        .order_by(check.id)
    )


def open_stops() -> sa.Select:
    """:func:`stops` that nobody has cleared."""
    return stops().where(t.check_clearance.c.id.is_(None))
