import sqlalchemy as sa

from pipeline.store.engine import upgrade
from pipeline.store.tables import metadata


def test_migrations_make_exactly_the_declared_tables(engine):
    upgrade(engine)  # a second time changes nothing
    inspector = sa.inspect(engine)
    assert set(inspector.get_table_names()) == {*metadata.tables, "alembic_version"}
    for table in metadata.tables.values():
        columns = {column["name"] for column in inspector.get_columns(table.name)}
        assert columns == set(table.columns.keys()), table.name
    assert {"labelled_ticket", "ticket_label", "ticket_flag"} <= set(inspector.get_view_names())
