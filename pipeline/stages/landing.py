"""Land: claim each new file of the inbox by its content hash and keep a sealed copy.

The inbox itself is left as it is: it belongs to the sender. A file seen before under any name
is recognised; one that is still being written is left for the next pass. A zip archive is a file
without rows, and each of its members a file of its own.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa

from pipeline.domain.outcome import FileOutcome, FileReason, FileStopped
from pipeline.domain.privacy import mask_text
from pipeline.stages import inbox
from pipeline.stages.context import Context
from pipeline.stages.outcome import StageOutcome, Status
from pipeline.store import tables as t
from pipeline.store.archive import archive_path, write_archive

_OF_OUR_MAKING = (FileReason.UNKNOWN_LAYOUT, FileReason.ENCODING, FileReason.DAMAGED)
"""Reasons that a new layout or a newer version may take away. A file of which rows are stored is
tried again only where its reading was interrupted: it goes on at the row where it stood."""


def land(
    context: Context,
    paths: Iterable[Path],
    as_of: date,
    progress: Callable[[str], None] = lambda _line: None,
) -> StageOutcome:
    """Claim every file under ``paths`` (files, or folders searched to the bottom).

    keys: ``pending``, the ids of files landed and not yet loaded or stopped, in order of
    landing, those of an earlier night that was killed included; ``seen``, the id of every file
    found; counts: ``found`` paths, ``new`` and ``known`` files, ``left`` for the next pass.
    ``progress`` is told where files that were just written are waited for.
    A stopped file is tried again where its own path is given: its layout may be known by now.
    Raises FileNotFoundError for a path that does not exist.
    """
    started_at = context.clock()
    _clear_leftovers(context)
    seen: list[int] = []
    counts = {"found": 0, "new": 0, "known": 0, "left": 0}
    paths = list(paths)
    files, closed = inbox.find_files(paths)
    messages = list(map(mask_text, closed))
    repeats: list[str] = []  # said, but nothing to attend to
    counts["left"] = len(messages)
    known = {path: ids for path in files if (ids := _known_entry(context, path))}
    unready = inbox.unready(files, files - known.keys(), context.settings.settle_seconds, progress)
    for path in sorted(files):
        counts["found"] += 1
        try:
            if path in unready:
                raise inbox.NotReady(unready[path])
            ids, new = (known[path], 0) if path in known else _claim(context, path, as_of)
        except inbox.NotReady as why:
            counts["left"] += 1
            messages.append(mask_text(f"{inbox.name_of(path)}:{why}"))
            continue
        if path in paths:
            _try_again(context, ids)
        name = inbox.name_of(path)
        if path not in known and new == 0 and (first := _name_of(context, ids[0])) != name:
            repeats.append(mask_text(f"{name}：内容与已收的「{first}」相同，没有重复导入。"))
        seen.extend(ids)
        counts["new"] += new
        counts["known"] += len(ids) - new
    with context.engine.connect() as connection:
        pending = list(
            connection.scalars(
                sa.select(t.export_file.c.id)
                .where(t.export_file.c.state == FileOutcome.LANDED.value)
                .order_by(t.export_file.c.id)
            )
        )
    outcome = StageOutcome(
        "land",
        Status.ATTENTION if messages else Status.DONE,
        {"pending": pending, "seen": list(dict.fromkeys(seen))},
        counts,
        (*messages, *repeats),
    )
    context.record(outcome, started_at, as_of)
    return outcome


def _clear_leftovers(context: Context) -> None:
    """Remove what a killed night left behind: copies half written, and staged rows of files
    that were stored since. The caller holds the writing lock, so nobody is writing them now.
    """
    for path in context.settings.archive_dir.glob("*/*.tmp"):
        path.unlink(missing_ok=True)
    staged = {path.name for path in context.settings.staging_dir.glob("*")}
    if not staged:
        return
    with context.engine.connect() as connection:
        landed = connection.scalars(
            sa.select(t.export_file.c.id).where(t.export_file.c.state == FileOutcome.LANDED.value)
        )
        for name in staged - {f"{file_id:08d}" for file_id in landed}:
            shutil.rmtree(context.settings.staging_dir / name, ignore_errors=True)


def _claim(context: Context, path: Path, as_of: date) -> tuple[list[int], int]:
    """The ids that a path stands for (a zip archive: its own and its members'), and how many
    of them are new. Raises NotReady where it cannot be read now.
    """
    before = inbox.look(path)
    name = inbox.name_of(path)
    copies: list[_Copy] = []
    with inbox.reading(path) as handle:
        copies.append(_archive(context, handle, name))
        is_archive, stopped = _archive_members(context, handle, name, copies)
    if inbox.look(path) != before:
        _discard(context, copies)
        raise inbox.NotReady(inbox.STILL_WRITTEN)
    file, *members = copies
    entry, key = t.inbox_entry, inbox.key_of(path)
    with context.engine.begin() as connection:
        register = partial(_register, connection, as_of=as_of, at=context.clock())
        file_id, new = register(file)
        ids = [file_id]
        if new and stopped is not None:
            _finish(connection, file_id, FileOutcome.STOPPED, stopped.message_zh, stopped.reason)
        elif new and is_archive:
            _finish(
                connection, file_id, FileOutcome.LOADED, f"压缩包，内有 {len(members)} 个文件。"
            )
        for member in members:
            member_id, is_new = register(member, container_id=file_id)
            ids.append(member_id)
            new += is_new
        connection.execute(sa.delete(entry).where(entry.c.path == key))
        connection.execute(
            sa.insert(entry).values(
                path=key, size_bytes=before[0], modified_ns=before[1], file_id=file_id
            )
        )
    return ids, new


@dataclass(frozen=True, slots=True)
class _Copy:
    """A sealed copy in the archive."""

    sha256: str
    name: str
    size_bytes: int
    is_new: bool


def _known_entry(context: Context, path: Path) -> list[int]:
    """The ids of an inbox path that has not changed since it was last looked at."""
    entry, files = t.inbox_entry.c, t.export_file.c
    size, modified_ns = inbox.look(path)
    with context.engine.connect() as connection:
        file_id = connection.scalar(
            sa.select(entry.file_id).where(
                entry.path == inbox.key_of(path),
                entry.size_bytes == size,
                entry.modified_ns == modified_ns,
            )
        )
        if file_id is None:
            return []
        members = sa.select(files.id).where(files.container_id == file_id).order_by(files.id)
        return [file_id, *connection.scalars(members)]


def _name_of(context: Context, file_id: int) -> str:
    with context.engine.connect() as connection:
        return connection.scalars(
            sa.select(t.export_file.c.name).where(t.export_file.c.id == file_id)
        ).one()


def _archive(context: Context, stream: BinaryIO, name: str) -> _Copy:
    sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    size = stream.tell()
    path = archive_path(context.settings.archive_dir, sha256)
    is_new = not path.exists()
    if is_new:
        stream.seek(0)
        write_archive(stream, path, context.vault)
    stream.seek(0)
    return _Copy(sha256, name, size, is_new)


def _discard(context: Context, copies: Iterable[_Copy]) -> None:
    """Remove copies that no file of the ledger will ever name."""
    for copy in copies:
        if copy.is_new:
            archive_path(context.settings.archive_dir, copy.sha256).unlink(missing_ok=True)


def _archive_members(
    context: Context, stream: BinaryIO, name: str, copies: list[_Copy]
) -> tuple[bool, FileStopped | None]:
    """Whether the file is a zip archive, whose members are then added to ``copies``, and why
    none could be. An archive is taken whole or not: every member is read through first.
    """
    from pipeline.intake.archives import check_members, expand, is_archive

    if not is_archive(stream):
        return False, None
    try:
        check_members(stream)
        for member_name, member in expand(stream):
            copies.append(_archive(context, member, f"{name}/{member_name}"))
    except FileStopped as stopped:
        _discard(context, copies[1:])
        del copies[1:]
        return True, stopped
    return True, None


def _register(
    connection: sa.Connection,
    copy: _Copy,
    *,
    as_of: date,
    at: datetime,
    container_id: int | None = None,
) -> tuple[int, int]:
    """The id of a file by its content, and 1 where it is new."""
    files = t.export_file
    file_id = connection.scalar(sa.select(files.c.id).where(files.c.sha256 == copy.sha256))
    if file_id is not None:
        return file_id, 0
    values = {
        "sha256": copy.sha256,
        "name": mask_text(copy.name),
        "size_bytes": copy.size_bytes,
        "landed_at": at,
        "as_of": as_of,
        "container_id": container_id,
        "state": FileOutcome.LANDED.value,
    }
    insert = sa.insert(files).values(values).returning(files.c.id)
    return connection.execute(insert).scalar_one(), 1


def _try_again(context: Context, file_ids: list[int]) -> None:
    files = t.export_file.c
    with context.engine.begin() as connection:
        connection.execute(
            sa.update(t.export_file)
            .where(
                files.id.in_(file_ids),
                files.state == FileOutcome.STOPPED.value,
                sa.or_(
                    files.reason == FileReason.INTERRUPTED.value,
                    sa.and_(
                        files.rows_read == 0,
                        files.reason.in_([reason.value for reason in _OF_OUR_MAKING]),
                    ),
                ),
            )
            .values(state=FileOutcome.LANDED.value, reason=None, message=None)
        )


def _finish(
    connection: sa.Connection,
    file_id: int,
    state: FileOutcome,
    message: str,
    reason: FileReason | None = None,
) -> None:
    connection.execute(
        sa.update(t.export_file)
        .where(t.export_file.c.id == file_id)
        .values(state=state.value, message=message, reason=reason.value if reason else None)
    )
