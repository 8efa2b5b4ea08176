"""PostgreSQL databases that tests take, fill and give back empty."""

import uuid

import sqlalchemy as sa

from pipeline.store.engine import upgrade

_SHAPE = """
SELECT string_agg(relname::text, ',' ORDER BY relname),
       (SELECT version_num FROM alembic_version)
FROM pg_class
WHERE relnamespace::regnamespace::text NOT LIKE 'pg_%'
  AND relnamespace::regnamespace::text <> 'information_schema'
"""
_EMPTY = """
DO $$
DECLARE name text; is_filled boolean; filled text := '';
BEGIN
    FOR name IN SELECT quote_ident(tablename) FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP
        EXECUTE 'SELECT EXISTS (SELECT 1 FROM ' || name || ')' INTO is_filled;
        IF is_filled THEN filled := filled || ',' || name; END IF;
    END LOOP;
    IF filled <> '' THEN EXECUTE 'TRUNCATE ' || substr(filled, 2) || ' CASCADE'; END IF;
    FOR name IN SELECT quote_ident(sequencename) FROM pg_sequences
        WHERE schemaname = 'public' AND last_value IS NOT NULL
    LOOP
        EXECUTE 'ALTER SEQUENCE ' || name || ' RESTART';
    END LOOP;
END $$
"""


class PostgresDatabases:
    """Migrated, empty databases on ``server``, an engine in AUTOCOMMIT."""

    def __init__(self, server: sa.Engine) -> None:
        self._server = server
        self._free: list[sa.URL] = []
        self._shape: sa.Row | None = None

    def take(self) -> sa.URL:
        if self._free:
            return self._free.pop()
        url = self._server.url.set(database=f"hotline_{uuid.uuid4().hex[:12]}")
        self._execute(f"CREATE DATABASE {url.database}")
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        upgrade(engine)
        with engine.connect() as connection:
            self._shape = connection.execute(sa.text(_SHAPE)).one()
        return url

    def give_back(self, url: sa.URL) -> None:
        """Empty it for the next test, or drop it where its tables are no longer those of
        the migrations."""
        with self._server.connect() as connection:  # waits up to 10 s for each to end
            connection.execute(
                sa.text("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                        "WHERE datname = :name"),
                {"name": url.database},
            )  # fmt: skip
        with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
            is_whole = connection.execute(sa.text(_SHAPE)).one() == self._shape
            if is_whole:
                connection.exec_driver_sql(_EMPTY)
        if is_whole:
            self._free.append(url)
        else:
            self._drop(url)

    def close(self) -> None:
        for url in self._free:
            self._drop(url)

    def _drop(self, url: sa.URL) -> None:
        self._execute(f"DROP DATABASE {url.database} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with self._server.connect() as connection:
            connection.exec_driver_sql(statement)
