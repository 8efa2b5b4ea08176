"""Which failed checks hold a month: those of every file that holds tickets of it."""

import pytest
import sqlalchemy as sa

from pipeline.store.tables import check_result, export_row


@pytest.fixture
def file_with(build, engine):
    """A file whose rows are these tickets, with one failed check."""

    def make(*ticket_ids, severity="stop", passed=False, state="loaded", **values) -> int:
        with engine.begin() as connection:
            file_id = build.file(connection, state=state, **values)
            for row_no, ticket_id in enumerate(ticket_ids, 1):
                connection.execute(
                    sa.insert(export_row).values(
                        file_id=file_id, row_no=row_no, outcome="unchanged", ticket_id=ticket_id
                    )
                )
            connection.execute(
                sa.insert(check_result).values(
                    file_id=file_id, suite="history", expectation="e", severity=severity,
                    code="rows_low", passed=passed, failing=0, message="行数太少",
                )
            )  # fmt: skip
        return file_id

    return make


def codes(made) -> list[str]:
    return [finding.code for finding in made.findings if finding.severity == "error"]


def test_a_file_that_only_repeats_the_month_s_tickets_holds_it_too(build, report_of, file_with):
    ticket = build.ticket("2026-10-10 09:00:00")
    file_with(ticket)
    assert codes(report_of()) == ["check_stop"]


def test_nothing_else_holds_it(build, report_of, file_with):
    october, september = build.ticket("2026-10-10 09:00:00"), build.ticket("2026-09-30 23:59:59")
    file_with(september)  # not of the month
    file_with(october, severity="warn")
    file_with(october, passed=True)
    file_with(october, state="landed")  # its checks may run again
    assert codes(report_of()) == []
