"""The working copy: one report's tickets while it is counted, the store's own ever after."""

import pytest
import sqlalchemy as sa

from pipeline.report.working_copy import working_copy
from pipeline.store.tables import report_ticket
from tests.report.builder import handmade


def rows(connection):
    return connection.execute(sa.select(report_ticket).order_by(*report_ticket.primary_key)).all()


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # PostgreSQL needs none
def test_it_holds_one_report_as_it_was_frozen_and_leaves_nothing(engine, build, report_of):
    handmade(build)
    october, september = report_of("2026-10"), report_of("2026-09")
    with engine.begin() as connection:
        stored = rows(connection)
        for made in (october, september):
            with working_copy(connection, made.report_id):
                own = rows(connection)
            assert own == [row for row in stored if row.report_id == made.report_id]
            assert 0 < len(own) < len(stored)
        with pytest.raises(ZeroDivisionError), working_copy(connection, october.report_id):
            raise ZeroDivisionError
        assert rows(connection) == stored
