"""A frozen month by ticket id alone, for as long as it is counted.

A split joins the frozen tickets with themselves, ticket by ticket. In SQLite that is several times
faster in a table whose row ids are the tickets', in which one ticket's row follows the other's,
than by the index over (report, ticket) that the store keeps.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.store.tables import report_ticket

_COPY = sa.Table(
    "report_ticket",
    sa.MetaData(),
    *(sa.Column(c.name, c.type, primary_key=c.name == "ticket_id") for c in report_ticket.c),
    sa.Index("temp_report_ticket_scope", "scope", "period"),
    schema="temp",
)
_STORED = sa.table("report_ticket", *(sa.column(c.name) for c in report_ticket.c), schema="main")


@contextmanager
def working_copy(connection: Connection, report_id: int) -> Iterator[None]:
    """While it stands, ``report_ticket`` means this report's tickets alone on this connection:
    a temporary table goes before the store's of that name. So nothing may be written to it.

    PostgreSQL joins whole tables at once and needs none.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    _COPY.create(connection)
    chosen = sa.select(*_STORED.c).where(_STORED.c.report_id == report_id)
    connection.execute(
        _COPY.insert().from_select(list(_STORED.c.keys()), chosen.order_by(_STORED.c.ticket_id))
    )
    try:
        yield
    finally:  # a database that gave up by itself has taken it back already
        connection.exec_driver_sql("DROP TABLE IF EXISTS temp.report_ticket")
