"""Where a quarantined row first came from: a repair that failed again lies in the repair's file."""

import sqlalchemy as sa

from pipeline.store import tables as t


def origins() -> sa.CTE:
    """``id`` of every quarantined row, and ``file_id`` of the export in which it was received."""
    kept, row = t.quarantine_row, t.export_row
    booked = kept.outerjoin(
        row, (row.c.file_id == kept.c.file_id) & (row.c.row_no == kept.c.row_no)
    )
    received = (
        sa.select(kept.c.id, kept.c.file_id)
        .select_from(booked)
        .where(row.c.replayed_from.is_(None))
        .cte("origins", recursive=True)
    )
    again = sa.select(kept.c.id, received.c.file_id).select_from(
        booked.join(received, received.c.id == row.c.replayed_from)
    )
    return received.union_all(again)
