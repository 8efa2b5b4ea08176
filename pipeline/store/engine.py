"""The engine, its pragmas, and migrations."""

from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import Engine, create_engine, event

from pipeline.settings import SQL_DIR, Settings
from pipeline.store.bulk import to_json

if TYPE_CHECKING:
    from alembic.config import Config


_OPTIONS = {
    # A night's rules read hundreds of thousands of labels: Python's own decoder was a tenth of it.
    "json_serializer": to_json,
    "json_deserializer": orjson.loads,
    "hide_parameters": True,  # an error in a log must not show the texts of tickets
}


def make_engine(settings: Settings) -> Engine:
    """SQLite (WAL, foreign keys on, 60 s busy timeout) or PostgreSQL 15+, without migrating."""
    url = settings.sqlalchemy_url
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, **_OPTIONS)
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(url, connect_args={"timeout": 60}, **_OPTIONS)

    @event.listens_for(engine, "connect")
    def _pragmas(connection, _record) -> None:
        # The driver must not open transactions by itself: see _begin.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "foreign_keys=ON",
            "synchronous=NORMAL",
            # Indexes by ticket number and caller are written all over: 64 MiB of them stay in
            # memory, and the log goes into the file in pieces of 40 MiB.
            "cache_size=-65536",
            "wal_autocheckpoint=10000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection) -> None:
        # IMMEDIATE takes the write lock at once, so that two writers queue at the busy timeout
        # and never meet SQLITE_BUSY halfway through a transaction that began by reading.
        mode = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def read_only(engine: Engine) -> Engine:
    """The same engine for readers: on SQLite its transactions take no write lock."""
    return engine.execution_options(sqlite_begin="DEFERRED")


def _alembic_config(engine: Engine) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SQL_DIR / "migrations"))
    config.attributes["engine"] = engine
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to ``revision``; nothing happens where it is there already."""
    # A fifth of what a reading process imports, and it never migrates.
    from alembic import command

    command.upgrade(_alembic_config(engine), revision)


def migrations_dir() -> Path:
    return SQL_DIR / "migrations"
