"""What every step works with: settings, the store, the vault, the policy profile."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from pipeline.domain import calendar
from pipeline.domain.errors import OperatorError
from pipeline.settings import Settings, get_settings
from pipeline.stages.outcome import StageOutcome
from pipeline.store import tables as t
from pipeline.store.engine import make_engine, upgrade
from pipeline.store.lock import writing
from pipeline.store.vault import Vault


@dataclass(frozen=True)
class Context:
    """``clock`` is read only to record when something happened; windows come from ``as_of``."""

    settings: Settings
    engine: sa.Engine
    vault: Vault
    clock: Callable[[], datetime] = calendar.now

    def record(self, outcome: StageOutcome, started_at: datetime, as_of: date | None) -> None:
        """Append the step to the run log (``stage_run``)."""
        with self.engine.begin() as connection:
            connection.execute(
                sa.insert(t.stage_run).values(
                    stage=outcome.stage,
                    as_of=as_of,
                    started_at=started_at,
                    finished_at=self.clock(),
                    status=outcome.status.name.lower(),
                    counts_json=outcome.counts,
                    message="\n".join(outcome.messages) or None,
                )
            )


class StoreMissing(OperatorError):
    """There is no store yet to read from."""


@contextlib.contextmanager
def open_context(
    settings: Settings | None = None, *, write: bool = True, wait_seconds: float = 600
) -> Iterator[Context]:
    """A migrated store; with ``write`` the writing lock is held meanwhile.

    Raises StoreMissing for a reader where nothing was ever written, StoreBusy when another writer
    holds the lock longer than ``wait_seconds``, SettingsError when the environment does not allow
    a start.
    """
    settings = settings or get_settings()
    vault = Vault(settings.secret)
    engine = make_engine(settings)
    try:
        if not write:
            if not sa.inspect(engine).has_table(t.export_file.name):
                raise StoreMissing(
                    "数据库还没有建立。请先运行 hotline nightly（或 hotline db upgrade），"
                    "并核对 HOTLINE_HOME、HOTLINE_DATABASE_URL。"
                )
            yield Context(settings, engine, vault)
            return
        with writing(settings, engine, wait_seconds):
            upgrade(engine)
            yield Context(settings, engine, vault)
    finally:
        engine.dispose()
