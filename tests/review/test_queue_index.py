"""The queue must not read every classification: its index is used on both databases."""

from datetime import datetime

import pytest
import sqlalchemy as sa

from pipeline.review import waiting
from pipeline.review.access import Role, Sight
from pipeline.review.waiting import waiting_count
from pipeline.store import tables as t


def plan_of(connection, statement: str, parameters) -> str:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # one row: would scan
    explain = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN "
    return "\n".join(str(r) for r in connection.exec_driver_sql(explain + statement, parameters))


@pytest.mark.parametrize("kind", ["severe", "contradictory"])
def test_the_rare_kinds_read_the_index_of_enforcement(store, engine, kind):
    for n in range(300):  # few of them, as in life
        store.ticket(scope="E1" if n % 100 == 0 else "E0", review=False, phone=None)
    with engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")
    seen = []
    sa.event.listen(engine, "before_cursor_execute", lambda *args: seen.append((args[2], args[3])))
    with engine.begin() as connection:
        waiting._ids(
            connection, kind, Sight(Role.REVIEWER), "某", datetime(2026, 11, 4), limit=5, share=0
        )
        assert "ix_classification_enforcement" in plan_of(connection, *seen[-1])


def test_the_waiting_count_reads_the_index_of_open_reviews(store, engine):
    store.ticket()
    seen = []
    sa.event.listen(engine, "before_cursor_execute", lambda *args: seen.append((args[2], args[3])))
    with engine.begin() as connection:
        assert waiting_count(connection, Sight(Role.REVIEWER), "某", datetime(2026, 11, 4)) == 1
        statement, parameters = seen[-1]
        plan = plan_of(connection, statement, parameters)
    assert "ix_classification_open_review" in plan


def test_the_migration_makes_every_index_of_the_tables(engine):
    inspector = sa.inspect(engine)
    for table in t.metadata.sorted_tables:
        made = {index["name"] for index in inspector.get_indexes(table.name)}
        assert {index.name for index in table.indexes} <= made, table.name
