"""Retention: what is sealed about persons goes, what is masked stays."""

from datetime import date, datetime

import pytest
import sqlalchemy as sa

from pipeline.stages.purge import purge
from pipeline.store import tables as t

OLD, YOUNG = 1, 2


@pytest.fixture
def sealed(context):
    """Two tickets, a year apart, each with a contact and officers."""
    with context.engine.begin() as connection:
        file_id = connection.execute(
            sa.insert(t.export_file)
            .values(
                sha256="a" * 64, name="a.csv", size_bytes=1, landed_at=datetime(2026, 11, 3),
                as_of=date(2026, 11, 3), state="loaded",
            )
            .returning(t.export_file.c.id)
        ).scalar_one()  # fmt: skip
        for key, accepted_at in ((OLD, datetime(2025, 10, 1)), (YOUNG, datetime(2026, 10, 1))):
            connection.execute(
                sa.insert(t.ticket).values(
                    id=key, hotline="12328", ticket_no=str(key), accepted_at=accepted_at,
                    content="联系人王某", text_hash="f", row_hash="f", state_at=accepted_at,
                    first_file_id=file_id, first_row_no=key, last_file_id=file_id, last_row_no=key,
                )
            )  # fmt: skip
            for table in (t.contact, t.ticket_officer):
                connection.execute(sa.insert(table).values(ticket_id=key, sealed=b"sealed"))
    return context


def kept(context, table: sa.Table) -> list[int]:
    key = table.c.id if table is t.ticket else table.c.ticket_id
    with context.engine.connect() as connection:
        return sorted(connection.scalars(sa.select(key)))


def test_contacts_and_officers_of_old_tickets_go_and_the_tickets_stay(sealed):
    counted = purge(sealed, date(2026, 1, 1), really=False)
    assert (counted["联系方式"], counted["执法人员姓名证号"]) == (1, 1)
    assert kept(sealed, t.contact) == kept(sealed, t.ticket_officer) == [OLD, YOUNG]
    assert purge(sealed, date(2026, 1, 1), really=True) == counted
    assert kept(sealed, t.contact) == kept(sealed, t.ticket_officer) == [YOUNG]
    assert kept(sealed, t.ticket) == [OLD, YOUNG]
