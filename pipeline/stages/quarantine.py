"""Quarantined rows as lists for people, and the replay of repaired ones."""

import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import BinaryIO

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
from pipeline.store.origins import listed
from pipeline.store.tickets import QuarantinedRow, Rows, file_ledger, store_rows


def warm_up() -> None:
    """Import what a replay needs (Great Expectations: seconds) ahead of the first one."""
    import pipeline.intake.normalise  # noqa: F401
    from pipeline.quality import checking

    checking.warm_up()


def open_rows(context: Context, reason: str | None = None) -> list[dict]:
    """Rows waiting for repair, oldest first, with masked previews; all, or those of a reason.

    ``file`` and ``row_no`` are those it was received in, also where a repair of it failed.
    """
    kept = t.quarantine_row.c
    query = listed(kept.state == "open").order_by(kept.id)
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
    quarantined row it came from (``replayed_from``), whose file and row number stay. An edited
    row that fails again is quarantined anew with the edited cells; one that nobody edited, and
    that fails as before, stays as it is, so that the same spreadsheet can be repaired further.
    All of it is one transaction; the same spreadsheet a second time changes nothing. Raises
    FileStopped for a spreadsheet that ``hotline quarantine export`` did not write, or in which
    nothing was repaired.
    """
    from pipeline.intake.quarantine import open_repair

    with path.open("rb") as handle:
        sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
        with context.engine.connect() as connection:
            known = connection.scalar(
                sa.select(t.export_file.c.id).where(t.export_file.c.sha256 == sha256)
            )
            rows = sa.select(t.export_row.c.replayed_from).where(t.export_row.c.file_id == known)
            is_repair = connection.scalar(rows.limit(1)) is not None
        if is_repair:
            return _outcome(context, known, (f"{path.name}：此前已重放过，没有变化。",))
        if known is not None:
            raise FileStopped(
                FileReason.NO_REPAIR,
                f"{path.name} 已作为导出文件收过；如是修复表，请另存后再重放。",
            )
        handle.seek(0)
        repairs = open_repair(handle, context.engine, context.vault)
        return _take(context, repairs, path.name, handle, sha256, person=person, as_of=as_of)


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
        raise FileStopped(FileReason.NO_REPAIR, f"隔离行 {row_id} 已不在待修复之列。")
    entered = {"row": row_id, "person": person, "at": context.clock(), "cells": dict(cells)}
    content = orjson.dumps(entered)
    sha256 = hashlib.sha256(content).hexdigest()
    repairs = [
        replace(repair, is_edited=[True])  # somebody looked at it and sent it as it stands
        for repair in repairs_of({row_id: cells}, context.engine, context.vault)
    ]
    name = f"隔离行{row_id}修复.json"
    return _take(context, repairs, name, io.BytesIO(content), sha256, person=person, as_of=as_of)


def _take(
    context: Context,
    repairs: list,
    name: str,
    source: BinaryIO,
    sha256: str,
    *,
    person: str,
    as_of: date,
) -> StageOutcome:
    at = context.clock()
    file = {
        "sha256": sha256,
        "name": name,
        "size_bytes": source.seek(0, io.SEEK_END),
        "landed_at": at,
        "as_of": as_of,
        "state": FileOutcome.LOADED.value,
        "layout": "+".join(sorted({repair.export.layout for repair in repairs})),
        "loaded_at": at,
    }
    taken = list(_repaired(context, repairs, suite_parameters(file)))
    if not taken:
        raise FileStopped(FileReason.NO_REPAIR, f"{name} 里没有改正过且仍待修复的行。")
    source.seek(0)
    write_archive(source, archive_path(context.settings.archive_dir, sha256), context.vault)
    with context.engine.begin() as connection:
        file_id = connection.execute(
            sa.insert(t.export_file).values(file).returning(t.export_file.c.id)
        ).scalar_one()
        for rows in taken:
            store_rows(connection, context.vault, replace(rows, file_id=file_id), at)
            connection.execute(
                sa.update(t.quarantine_row)
                .where(t.quarantine_row.c.id.in_(rows.replayed_from.values()))
                .values(
                    state="replayed", resolved_at=at, resolved_by=person, replay_file_id=file_id
                )
            )
    return _outcome(context, file_id)


def _repaired(context: Context, repairs: list, parameters: dict) -> Iterator[Rows]:
    """Each repair's rows to take, normalised and checked, numbered through the replay file, whose
    id is not known yet.
    """
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
        taken = [i for i, edited in enumerate(repair.is_edited) if edited or i not in codes]
        if not taken:
            continue
        yield Rows(
            file_id=0,
            row_no=list(range(first, first + len(taken))),
            sheet=chunk.sheet,
            source_row=[chunk.source_row[i] for i in taken],
            columns={name: [column[i] for i in taken] for name, column in chunk.columns.items()},
            contacts=[chunk.contacts[i] for i in taken],
            quarantined={
                at: QuarantinedRow(tuple(codes[i]), *seal_row(chunk.raw, i, context.vault))
                for at, i in enumerate(taken)
                if i in codes
            },
            replayed_from={at: repair.quarantine_ids[i] for at, i in enumerate(taken)},
        )
        first += len(taken)


def _outcome(context: Context, file_id: int, messages: tuple[str, ...] = ()) -> StageOutcome:
    waiting = sa.select(sa.func.count()).where(t.quarantine_row.c.state == "open")
    with context.engine.connect() as connection:
        ledger = file_ledger(connection, file_id)
        if left := connection.scalar(waiting):
            messages = (*messages, f"隔离区还有 {left} 行待修复。")
    return StageOutcome(
        "replay",
        Status.ATTENTION if ledger.quarantined else Status.DONE,
        {"file_id": file_id},
        ledger_counts(ledger),
        messages,
    )
