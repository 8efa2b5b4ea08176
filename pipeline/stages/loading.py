"""Read, check and store one landed file. Between them its rows lie staged, sealed, on disk."""

import gc
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import chain
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipeline import parallel
from pipeline.domain.errors import OperatorError
from pipeline.domain.outcome import FileOutcome, FileReason, FileStopped, Ledger, RowReason
from pipeline.intake.staging import (
    can_be_resumed,
    chunk_numbers,
    note_reasons,
    noted_reasons,
    read_whole,
    stage_export,
    staged_chunk,
    staged_columns,
    staged_export,
)
from pipeline.stages.checks import FileCheck, checked_columns
from pipeline.stages.context import Context
from pipeline.stages.outcome import StageOutcome, Status
from pipeline.store import tables as t
from pipeline.store.archive import archive_path
from pipeline.store.tickets import QuarantinedRow, Rows, file_ledger, store_rows

_CHUNK_ROWS = 5000
_BLOCK_CHUNKS, _MOST_CHUNKS = 4, 8
"""Chunks checked together, at least and at most: Great Expectations takes a tenth of a second
however few the rows."""


class NotRead(OperatorError):
    """A file's rows are not staged whole; the message says what to do."""


def read_export(context: Context, file_id: int) -> StageOutcome:
    """Recognise the file, normalise and mask every row, and stage the rows.

    A file that cannot be read ends here as ``stopped`` with a sentence for the operator
    (status attention); the night goes on with the others.
    """
    file = _file(context, file_id)
    if file["state"] != FileOutcome.LANDED:
        return _already(context, "read", file)
    staging = _staging(context, file_id)
    if not can_be_resumed(staging, context.vault):
        shutil.rmtree(staging, ignore_errors=True)  # of a night killed half way
        try:
            stage_export(**_source(context, file))
        except FileStopped as stopped:
            return _stop(context, file, stopped)
    _note_export(context, file_id, staging)
    return _finish_read(context, file_id, staging)


def check(context: Context, file_id: int) -> StageOutcome:
    """Run the suites over the staged rows, and compare the file with the exports before it.

    Failing rows and their reasons are noted for ``store``; batch verdicts go to check_result.
    """
    file = _file(context, file_id)
    if file["state"] != FileOutcome.LANDED:
        return _already(context, "check", file)
    staging = _read_staging(context, file)
    checks = FileCheck(file)
    numbers = chunk_numbers(staging)
    for start in range(0, len(numbers), _BLOCK_CHUNKS):
        _check_block(context, checks, staging, numbers[start : start + _BLOCK_CHUNKS])
    return _finish_check(context, checks)


def store(context: Context, file_id: int) -> StageOutcome:
    """Upsert the staged rows, chunk by chunk; each chunk is one balanced transaction.

    Killed between chunks and run again, it goes on where it stood. The last transaction marks
    the file loaded; then the staged rows are removed.
    """
    file = _file(context, file_id)
    if file["state"] != FileOutcome.LANDED:
        return _already(context, "store", file)
    staging = _read_staging(context, file)
    for number in chunk_numbers(staging):
        _store_chunk(context, file_id, staging, number)
    return _finish_store(context, file_id, staging)


def load_files(
    context: Context, file_ids: Sequence[int], progress: Callable[[str], None]
) -> list[StageOutcome]:
    """read → check → store of file after file, as the command line runs it.

    A process of its own reads, one file after the other; this one imports Great Expectations
    meanwhile, which takes seconds, and then checks and stores the chunks as they come. Where that
    process is killed (the system does so when memory is short), another reads the file once more;
    the rows stored already stay.
    """
    from pipeline.quality.checking import warm_up

    if not file_ids:
        return []
    outcomes: list[StageOutcome] = []
    interrupted: set[int] = set()
    while len(outcomes) < len(file_ids):
        with parallel.processes(stage_export.__module__, 1) as pool:
            waiting = file_ids[len(outcomes) :]
            readings = [_begin_reading(context, pool, file_id) for file_id in waiting]
            with parallel.collecting_seldom():
                warm_up()
            for file_id, reading in zip(waiting, readings, strict=True):
                try:
                    outcomes.append(_load_file(context, file_id, reading))
                except BrokenProcessPool:  # the others need another process too
                    if file_id in interrupted:
                        why = FileStopped(FileReason.INTERRUPTED)
                        outcomes.append(_stop(context, _file(context, file_id), why))
                    interrupted.add(file_id)
                    break
                rows = outcomes[-1].counts.get("rows_read", 0)
                progress(f"入库：文件 {file_id}，{rows} 行")
    return outcomes


def _begin_reading(context: Context, pool: Executor, file_id: int) -> Future:
    reading: Future = Future()
    file, staging = _file(context, file_id), _staging(context, file_id)
    if file["state"] != FileOutcome.LANDED or can_be_resumed(staging, context.vault):
        reading.set_result(None)
        return reading
    # Chunks of a night killed half way must not be taken for new ones.
    shutil.rmtree(staging, ignore_errors=True)
    try:
        return pool.submit(stage_export, **_source(context, file))
    except BrokenProcessPool as error:  # died already, with a file before this one
        reading.set_exception(error)
        return reading


def _source(context: Context, file: dict) -> dict[str, Any]:
    """The arguments of stage_export."""
    settings = context.settings
    return {
        "archived": archive_path(settings.archive_dir, file["sha256"]),
        "name": file["name"],
        "directory": _staging(context, file["id"]),
        "secret": settings.secret,
        "checked": checked_columns(),
        "chunk_rows": _CHUNK_ROWS,
    }


def _load_file(context: Context, file_id: int, reading: Future) -> StageOutcome:
    """Raises BrokenProcessPool where the reading process died; what it staged is stored."""
    file, staging = _file(context, file_id), _staging(context, file_id)
    if file["state"] != FileOutcome.LANDED:
        return _already(context, "load", file)
    checks = None
    with parallel.collecting_seldom():
        for numbers in _blocks(staging, reading):
            if checks is None:
                _note_export(context, file_id, staging)
                checks = FileCheck(_file(context, file_id))
            _check_block(context, checks, staging, numbers)
            gc.collect()  # the cycles that Great Expectations leaves behind
            for number in numbers:
                _store_chunk(context, file_id, staging, number)
    try:
        reading.result()
    except FileStopped as stopped:
        return _stop(context, file, stopped)
    read = _finish_read(context, file_id, staging)
    checked = _finish_check(context, checks)
    stored = _finish_store(context, file_id, staging)
    return StageOutcome(
        "load",
        max(read.status, checked.status, stored.status),
        stored.keys,
        stored.counts,
        read.messages + checked.messages + stored.messages,
    )


def _note_export(context: Context, file_id: int, staging: Path) -> None:
    if facts := staged_export(staging):
        _update(context, file_id, **facts)


def _finish_read(context: Context, file_id: int, staging: Path) -> StageOutcome:
    counts = read_whole(staging)
    warnings = counts.pop("warnings")
    _update(context, file_id, warnings_json=warnings)
    return StageOutcome("read", Status.DONE, {"file_id": file_id}, counts, tuple(warnings))


def _blocks(staging: Path, reading: Future) -> Iterator[list[int]]:
    """Numbers of staged chunks, several at a time, while ``reading`` writes them."""
    done = 0
    while True:
        is_last = reading.done()  # before the listing, or the last chunks would be missed
        numbers = chunk_numbers(staging)[done:]
        if len(numbers) >= _BLOCK_CHUNKS or (is_last and numbers):
            yield numbers[:_MOST_CHUNKS]
            done += len(numbers[:_MOST_CHUNKS])
        elif is_last:
            return
        else:
            wait([reading], timeout=0.05)


def _check_block(
    context: Context, checks: FileCheck, staging: Path, numbers: Sequence[int]
) -> None:
    chunks = [staged_columns(staging, number, context.vault) for number in numbers]
    block = {name: list(chain.from_iterable(c[name] for c in chunks)) for name in chunks[0]}
    reasons = checks.take(block)
    for number, chunk in zip(numbers, chunks, strict=True):
        refused = {row_no: reasons[row_no] for row_no in chunk["row_no"] if row_no in reasons}
        note_reasons(staging, number, refused)


def _finish_check(context: Context, checks: FileCheck) -> StageOutcome:
    with context.engine.begin() as connection:
        results = checks.finish(connection)
    failed = [r for r in results if not r.passed and r.severity != "row"]
    return StageOutcome(
        "check",
        Status.ATTENTION if checks.quarantined or failed else Status.DONE,
        {"file_id": checks.file["id"]},
        {"rows": checks.rows, "quarantined": checks.quarantined},
        tuple(f"{checks.file['name']}:{r.message}" for r in failed),
    )


def _store_chunk(context: Context, file_id: int, staging: Path, number: int) -> None:
    from pipeline.intake.quarantine import seal_row

    reasons = noted_reasons(staging, number)
    chunk = staged_chunk(staging, number, context.vault, with_raw=bool(reasons))
    quarantined = {}
    for i, row_no in enumerate(chunk.row_no):
        if codes := reasons.get(row_no):
            sealed, preview = seal_row(chunk.raw, i, context.vault)
            quarantined[i] = QuarantinedRow(
                tuple(RowReason(code) for code in codes), sealed, preview
            )
    rows = Rows(
        file_id=file_id,
        row_no=chunk.row_no,
        sheet=chunk.sheet,
        source_row=chunk.source_row,
        columns=chunk.columns,
        contacts=chunk.contacts,
        quarantined=quarantined,
    )
    with context.engine.begin() as connection:
        store_rows(connection, context.vault, rows, context.clock())


def _finish_store(context: Context, file_id: int, staging: Path) -> StageOutcome:
    with context.engine.begin() as connection:
        connection.execute(
            sa.update(t.export_file)
            .where(t.export_file.c.id == file_id)
            .values(state=FileOutcome.LOADED.value, loaded_at=context.clock())
        )
        ledger = file_ledger(connection, file_id)
    shutil.rmtree(staging)
    return _stored(file_id, ledger)


def _update(context: Context, file_id: int, **values: object) -> None:
    with context.engine.begin() as connection:
        connection.execute(
            sa.update(t.export_file).where(t.export_file.c.id == file_id).values(values)
        )


def _file(context: Context, file_id: int) -> dict:
    with context.engine.connect() as connection:
        row = connection.execute(
            sa.select(t.export_file).where(t.export_file.c.id == file_id)
        ).mappings()
        return dict(row.one())


def _staging(context: Context, file_id: int) -> Path:
    return context.settings.staging_dir / f"{file_id:08d}"


def _read_staging(context: Context, file: dict) -> Path:
    staging = _staging(context, file["id"])
    if not read_whole(staging):  # a file of which some rows are missing would pass for loaded
        raise NotRead(f"{file['name']}：读取后的数据不完整，请重新运行夜间任务，将从归档重新读取。")
    return staging


def _already(context: Context, stage: str, file: dict) -> StageOutcome:
    """The file is past this step: say so and change nothing."""
    with context.engine.connect() as connection:
        ledger = file_ledger(connection, file["id"])
    return StageOutcome(
        stage, Status.DONE, {"file_id": file["id"], "state": file["state"]}, ledger_counts(ledger)
    )


def _stop(context: Context, file: dict, stopped: FileStopped) -> StageOutcome:
    _note_export(context, file["id"], _staging(context, file["id"]))
    with context.engine.begin() as connection:
        stored = file_ledger(connection, file["id"]).rows_read
        message = stopped.message_zh + (f"此前读出的 {stored} 行已入库。" if stored else "")
        connection.execute(
            sa.update(t.export_file)
            .where(t.export_file.c.id == file["id"])
            .values(state=FileOutcome.STOPPED.value, reason=stopped.reason.value, message=message)
        )
    shutil.rmtree(_staging(context, file["id"]), ignore_errors=True)
    return StageOutcome(
        "read",
        Status.ATTENTION,
        {"file_id": file["id"], "state": FileOutcome.STOPPED.value},
        {"rows": stored},
        (f"{file['name']}:{message}",),
    )


def _stored(file_id: int, ledger: Ledger) -> StageOutcome:
    return StageOutcome(
        "store",
        Status.ATTENTION if ledger.quarantined else Status.DONE,
        {"file_id": file_id, "state": FileOutcome.LOADED.value},
        ledger_counts(ledger),
    )


def ledger_counts(ledger: Ledger) -> dict[str, int]:
    """rows_read and every outcome's count, without the reasons."""
    counts = ledger.as_json()
    del counts["reasons"]
    return counts
