"""Where a quarantined row first came from: a repair that failed again lies in the repair's file."""

import sqlalchemy as sa

from pipeline.store import tables as t


def origins(which: sa.ColumnElement[bool]) -> sa.Subquery:
    """``id`` of the quarantined rows ``which`` says, and ``file_id`` and ``row_no`` of the export
    in which each was received.
    """
    kept, row = t.quarantine_row, t.export_row
    booked = kept.outerjoin(
        row, (row.c.file_id == kept.c.file_id) & (row.c.row_no == kept.c.row_no)
    )
    at = kept.c.file_id, kept.c.row_no, row.c.replayed_from
    walk = sa.select(kept.c.id, *at).select_from(booked).where(which).cte("walk", recursive=True)
    before = sa.select(walk.c.id, *at).select_from(
        booked.join(walk, walk.c.replayed_from == kept.c.id)
    )
    walk = walk.union_all(before)
    return sa.select(walk).where(walk.c.replayed_from.is_(None)).subquery("origin")


def listed(which: sa.ColumnElement[bool]) -> sa.Select:
    """The quarantined rows ``which`` says as lists tell them: ``id``, the ``file``, ``sheet`` and
    rows of the export that each was received in, ``reasons``."""
    kept, origin = t.quarantine_row.c, origins(which)
    # The sheet and the spreadsheet's row go with every repair.
    return (
        sa.select(
            kept.id,
            t.export_file.c.name.label("file"),
            kept.sheet,
            origin.c.row_no,
            kept.source_row,
            kept.reasons_json.label("reasons"),
        )
        .join_from(t.quarantine_row, origin, origin.c.id == kept.id)
        .join(t.export_file, t.export_file.c.id == origin.c.file_id)
    )
