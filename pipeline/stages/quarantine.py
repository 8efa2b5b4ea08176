"""Quarantined rows as lists for people, and the replay of repaired ones."""

import hashlib
import io
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import orjson
import sqlalchemy as sa

from pipeline.domain.outcome import FileOutcome, FileReason, FileStopped, RowReason
from pipeline.quality.suites import load_suite
from pipeline.settings import EXPECTATIONS_DIR
from pipeline.stages.checks import suite_parameters
from pipeline.stages.context import Context
from pipeline.stages.loading import ledger_counts
from pipeline.stages.outcome import StageOutcome, Status
from pipeline.store import tables as t
from pipeline.store.archive import archive_path, write_archive
from pipeline.store.engine import read_only
from pipeline.store.tickets import QuarantinedRow, Rows, file_ledger, store_rows


def warm_up() -> None:
    """Import what a replay needs (Great Expectations: seconds) ahead of the first one."""
    import pipeline.intake.normalise  # noqa: F401
    from pipeline.quality import checking

    checking.warm_up()


def open_rows(context: Context, reason: str | None = None) -> list[dict]:
    """Rows waiting for repair, oldest first, with masked previews; all, or those of a reason."""
    kept, file = t.quarantine_row.c, t.export_file.c
    query = (
        sa.select(
            kept.id, file.name.label("file"), kept.sheet, kept.row_no, kept.source_row,
            kept.reasons_json.label("reasons"),
        )
        .join(t.export_file, file.id == kept.file_id)
        .where(kept.state == "open")
        .order_by(kept.id)
    )  # fmt: skip
    from pipeline.intake.quarantine import previews

    with read_only(context.engine).connect() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
        shown = previews(connection, context.vault, [row["id"] for row in rows])
    for row in rows:
        row["preview"] = shown[row["id"]]
        row["reasons_zh"] = [RowReason(code).name_zh for code in row["reasons"]]
        row["reasons_text"] = [RowReason(code).text for code in row["reasons"]]
    return [row for row in rows if reason is None or reason in row["reasons"]]


def replay(context: Context, path: Path, person: str, as_of: date) -> StageOutcome:
    """Take repaired rows through the same normalising, checks and upsert as any other row.

    The spreadsheet becomes a file of its own in the ledger; each of its rows names the
    quarantined row it came from (``replayed_from``), whose file and row number stay. A row that
    fails again is quarantined anew with the edited cells. All of it is one transaction; the same
    spreadsheet a second time changes nothing. Raises FileStopped for a spreadsheet that
    ``hotline quarantine export`` did not write.
    """
    from pipeline.intake.quarantine import open_repair

    with path.open("rb") as handle:
        sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
        with context.engine.connect() as connection:
            known = connection.scalar(
                sa.select(t.export_file.c.id).where(t.export_file.c.sha256 == sha256)
            )
        if known is not None:
            return _outcome(context, known, (f"{path.name}：此前已重放过，没有变化。",))
        handle.seek(0)
        repairs = open_repair(handle, context.engine, context.vault)
        if not repairs:
            raise FileStopped(FileReason.NO_DATA_ROWS, f"{path.name} 里没有仍待修复的行。")
        handle.seek(0)
        write_archive(handle, archive_path(context.settings.archive_dir, sha256), context.vault)
    return _take(
        context, repairs, path.name, sha256, path.stat().st_size, person=person, as_of=as_of
    )


def replay_cells(
    context: Context, row_id: int, cells: Mapping[str, str], person: str, as_of: date
) -> StageOutcome:
    """:func:`replay` of one row whose cells a person edited on a screen.

    ``cells`` by heading, masked where left as shown. What was entered is archived as JSON, as the
    spreadsheet would be. Raises FileStopped where the row is no longer open or its headings are
    others.
    """
    from pipeline.intake.quarantine import masked_row, repairs_of

    shown = masked_row(context.engine, context.vault, row_id)
    if shown is None or set(shown) != set(cells):
        raise FileStopped(FileReason.NO_DATA_ROWS, f"隔离行 {row_id} 已不在待修复之列。")
    entered = {"row": row_id, "person": person, "at": context.clock(), "cells": dict(cells)}
    content = orjson.dumps(entered)
    sha256 = hashlib.sha256(content).hexdigest()
    write_archive(
        io.BytesIO(content), archive_path(context.settings.archive_dir, sha256), context.vault
    )
    repairs = repairs_of({row_id: cells}, context.engine, context.vault)
    name = f"隔离行{row_id}修复.json"
    return _take(context, repairs, name, sha256, len(content), person=person, as_of=as_of)


def _take(
    context: Context,
    repairs: list,
    name: str,
    sha256: str,
    size: int,
    *,
    person: str,
    as_of: date,
) -> StageOutcome:
    at = context.clock()
    file = {
        "sha256": sha256,
        "name": name,
        "size_bytes": size,
        "landed_at": at,
        "as_of": as_of,
        "state": FileOutcome.LOADED.value,
        "layout": "+".join(sorted({repair.export.layout for repair in repairs})),
        "loaded_at": at,
    }
    with context.engine.begin() as connection:
        file_id = connection.execute(
            sa.insert(t.export_file).values(file).returning(t.export_file.c.id)
        ).scalar_one()
        parameters = suite_parameters(file)
        for rows, ids in _repaired(context, repairs, file_id, parameters):
            store_rows(connection, context.vault, rows, at)
            connection.execute(
                sa.update(t.quarantine_row)
                .where(t.quarantine_row.c.id.in_(ids))
                .values(
                    state="replayed", resolved_at=at, resolved_by=person, replay_file_id=file_id
                )
            )
    return _outcome(context, file_id)


def _repaired(
    context: Context, repairs: list, file_id: int, parameters: dict
) -> Iterator[tuple[Rows, list[int]]]:
    """Each repair's rows, normalised and checked, numbered through the replay file."""
    from pipeline.intake.normalise import Normaliser
    from pipeline.intake.quarantine import seal_row
    from pipeline.quality.checking import run_suite

    suite = load_suite(EXPECTATIONS_DIR / "rows.json")
    first = 1
    for repair in repairs:
        chunk = Normaliser(repair.export, context.vault).normalise(repair.chunk)
        codes: dict[int, list[RowReason]] = {}
        for result in run_suite(suite, chunk.columns, parameters):
            for position in result.failing_rows:
                codes.setdefault(position, []).append(RowReason(result.code))
        quarantined = {
            i: QuarantinedRow(tuple(reasons), *seal_row(chunk.raw, i, context.vault))
            for i, reasons in codes.items()
        }
        numbers = list(range(first, first + len(chunk.row_no)))
        first += len(numbers)
        rows = Rows(
            file_id=file_id,
            row_no=numbers,
            sheet=chunk.sheet,
            source_row=chunk.source_row,
            columns=chunk.columns,
            contacts=chunk.contacts,
            quarantined=quarantined,
            replayed_from=dict(enumerate(repair.quarantine_ids)),
        )
        yield rows, repair.quarantine_ids


def _outcome(context: Context, file_id: int, messages: tuple[str, ...] = ()) -> StageOutcome:
    with context.engine.connect() as connection:
        ledger = file_ledger(connection, file_id)
    return StageOutcome(
        "replay",
        Status.ATTENTION if ledger.quarantined else Status.DONE,
        {"file_id": file_id},
        ledger_counts(ledger),
        messages,
    )
