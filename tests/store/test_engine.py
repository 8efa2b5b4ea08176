import pytest
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


def test_an_error_shows_no_texts(engine):
    insert = sa.insert(metadata.tables["export_file"]).values(name="王某某的投诉")
    with pytest.raises(sa.exc.IntegrityError) as caught, engine.begin() as connection:
        connection.execute(insert)
    assert "王某某" not in str(caught.value).split("[SQL")[1]
