"""Many rows into one table, fast: COPY on PostgreSQL, one prepared statement on SQLite.

SQLAlchemy's executemany spends more time on each row's parameters than the database on the
row; at a hundred thousand rows a night that is most of the night.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB


def insert_rows(connection: sa.Connection, table: sa.Table, rows: Sequence[dict]) -> None:
    """:func:`insert_columns` for dicts that all have the keys of the first."""
    if rows:
        insert_columns(connection, table, {name: [row[name] for row in rows] for name in rows[0]})


def insert_columns(
    connection: sa.Connection, table: sa.Table, columns: Mapping[str, Sequence]
) -> None:
    """Insert rows given as columns of equal length.

    Absent columns take their defaults in the database (so name every column that has a
    Python-side default); one without any value counts as absent. Inside the caller's
    transaction; constraint errors are raised as SQLAlchemy's IntegrityError.
    """
    if not any(map(len, columns.values())):
        return
    filled = {
        table.columns[name]: values
        for name, values in columns.items()
        # A layout fills half of a ticket's columns: binding the others is most of the work.
        if table.columns[name].default is not None or list(values).count(None) < len(values)
    }
    names = ", ".join(f'"{column.name}"' for column in filled)
    if connection.dialect.name == "postgresql":
        values = [_converted(v, to_json if _is_json(c) else None) for c, v in filled.items()]
        _copy(connection, table, names, zip(*values, strict=True))
    else:
        values = [_converted(v, _sqlite_converter(c.type)) for c, v in filled.items()]
        marks = ", ".join("?" * len(filled))
        # Identifiers come from our own metadata; values are bound.
        statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608
        connection.exec_driver_sql(statement, list(zip(*values, strict=True)))


def among(
    connection: sa.Connection, column: sa.ColumnElement, values: Iterable[int | str]
) -> sa.ColumnElement[bool]:
    """``column IN values`` for thousands of values, bound as one parameter.

    A long IN list runs into SQLite's limit on variables; on PostgreSQL, once its statement is
    prepared, every row is compared with every value.
    """
    listed = _listed(values)
    if connection.dialect.name == "postgresql":
        element = sa.func.jsonb_array_elements_text(sa.cast(listed, JSONB))
        return column.in_(sa.select(sa.cast(element, column.type)))
    element = sa.func.json_each(listed).table_valued("value")
    return column.in_(sa.select(element.c.value))


def by_unique_key(
    connection: sa.Connection,
    first: tuple[sa.Column, str],
    column: sa.Column,
    values: Iterable[str],
) -> sa.Select:
    """The rows whose unique key is ``first`` (a column and its value) and one of thousands of
    ``values`` of ``column``, distinct texts.
    """
    table, is_first = column.table, first[0] == first[1]
    if connection.dialect.name != "postgresql":
        return sa.select(table).where(is_first, among(connection, column, values))
    # Without statistics, as in a first night, its planner would rather read all rows that have
    # the first value, for each chunk anew. The limit leaves it nothing but the key's index.
    element = sa.func.jsonb_array_elements_text(sa.cast(_listed(values), JSONB))
    wanted = element.table_valued("value")
    found = sa.select(table).where(is_first, column == wanted.c.value).limit(1).lateral()
    return sa.select(found).select_from(wanted.join(found, sa.true()))


def _listed(values: Iterable[int | str]) -> sa.ColumnElement[str]:
    return sa.cast(orjson.dumps(list(values)).decode(), sa.Text)


def _converted(values: Sequence, convert: Callable[[Any], Any] | None) -> Sequence:
    if convert is None:
        return values
    if all(value is values[0] for value in values):  # one time or word for a whole chunk
        return [None if values[0] is None else convert(values[0])] * len(values)
    return [None if value is None else convert(value) for value in values]


def _copy(connection: sa.Connection, table: sa.Table, names: str, rows: Iterable[tuple]) -> None:
    import psycopg

    cursor = connection.connection.driver_connection.cursor()
    try:
        with cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.IntegrityError as error:
        raise sa.exc.IntegrityError(f"COPY {table.name}", None, error) from error
    except psycopg.OperationalError as error:  # connection lost, disk full
        raise sa.exc.OperationalError(f"COPY {table.name}", None, error) from error


def _is_json(column: sa.Column) -> bool:
    return isinstance(column.type, sa.JSON)


def to_json(value: object) -> str:
    """JSON as both databases store it; dates become ISO text."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _sqlite_converter(kind: sa.types.TypeEngine) -> Callable[[Any], Any] | None:
    """What SQLAlchemy's own types store, so that comparisons see one form."""
    if isinstance(kind, sa.DateTime):
        return lambda value: datetime.isoformat(value, " ", "microseconds")
    if isinstance(kind, sa.Date):
        return date.isoformat
    if isinstance(kind, sa.JSON):
        return to_json
    if isinstance(kind, sa.Boolean):
        return int
    return None
