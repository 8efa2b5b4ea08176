"""One writer at a time: a night, an ingest, a report. The second waits, then says so."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import event

from pipeline.domain.errors import OperatorError
from pipeline.settings import Settings

_ADVISORY_KEY = 12328_12345
_TRANSACTION_KEY = _ADVISORY_KEY + 1
"""Shared by every transaction of the writer, so that the next one sees whether any still runs."""
_held = False


class StoreBusy(OperatorError):
    """Another process holds the store's lock; the message says what to do."""


@contextlib.contextmanager
def writing(settings: Settings, engine: sa.Engine, wait_seconds: float = 0) -> Iterator[None]:
    """Hold the store's writing lock; inner calls of the same process pass through.

    The lock goes with the process (flock) or the connection (PostgreSQL advisory lock), so a
    killed night leaves nothing to clear. Raises :class:`StoreBusy` after ``wait_seconds``.
    """
    global _held
    if _held:
        yield
        return
    deadline = time.monotonic() + wait_seconds
    acquire = _flock if engine.dialect.name == "sqlite" else _advisory
    with contextlib.ExitStack() as stack:
        try_lock = stack.enter_context(acquire(settings, engine))
        while not try_lock():
            if time.monotonic() >= deadline:
                raise StoreBusy(
                    "另一个任务正在写入数据库（夜间任务、导入或报告）。请等它结束后再运行。"
                )
            time.sleep(0.2)
        _held = True
        try:
            yield
        finally:
            _held = False


@contextlib.contextmanager
def _flock(settings: Settings, _engine: sa.Engine) -> Iterator:
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    fd = os.open(settings.home / "writing.lock", os.O_RDWR | os.O_CREAT, 0o600)

    def try_lock() -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    try:
        yield try_lock
    finally:
        os.close(fd)


@contextlib.contextmanager
def _advisory(_settings: Settings, engine: sa.Engine) -> Iterator:
    """A killed writer's lock is gone at once; its last transaction may still be committing in the
    server. The next writer must see what it commits, and so waits for it too.
    """
    is_mine = False

    def try_lock() -> bool:
        nonlocal is_mine
        is_mine = is_mine or connection.scalar(
            sa.select(sa.func.pg_try_advisory_lock(_ADVISORY_KEY))
        )
        if not is_mine or not connection.scalar(
            sa.select(sa.func.pg_try_advisory_lock(_TRANSACTION_KEY))
        ):
            return False
        connection.execute(sa.select(sa.func.pg_advisory_unlock(_TRANSACTION_KEY)))
        event.listen(engine, "begin", _share)
        return True

    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.detach()  # from the pool, so that it is closed at the end, and its locks gone
        try:
            yield try_lock
        finally:
            if event.contains(engine, "begin", _share):
                event.remove(engine, "begin", _share)


def _share(connection: sa.Connection) -> None:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({_TRANSACTION_KEY})")
