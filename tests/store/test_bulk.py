from datetime import date, datetime

import pytest
import sqlalchemy as sa

from pipeline.store import tables as t
from pipeline.store.bulk import insert_rows

MOMENT = datetime(2026, 10, 31, 23, 59, 59)


def run_row(n: int) -> dict:
    return {
        "id": n,
        "stage": "a'b\t\n\\",
        "as_of": date(2026, 10, 31) if n % 2 else None,
        "started_at": MOMENT,
        "finished_at": MOMENT.replace(microsecond=5),
        "status": "done",
        "counts_json": {"b": n, "a": "中文", "day": date(2026, 1, 2)},
        "message": None,
    }


def test_rows_come_back_as_sqlalchemy_would_have_stored_them(engine):
    with engine.begin() as connection:
        insert_rows(connection, t.stage_run, [])
        insert_rows(connection, t.stage_run, [run_row(1), run_row(2)])
        connection.execute(sa.insert(t.stage_run), run_row(3))
        rows = connection.execute(sa.select(t.stage_run).order_by(t.stage_run.c.id)).all()
        stored = {
            str(row.started)
            for row in connection.execute(
                sa.select(sa.cast(t.stage_run.c.started_at, sa.Text).label("started"))
            )
        }
    assert len(stored) == 1
    first, third = (dict(rows[i]._mapping) for i in (0, 2))
    assert first | {"id": 3, "counts_json": None} == third | {"counts_json": None}
    assert rows[0].counts_json == {"a": "中文", "b": 1, "day": "2026-01-02"}
    assert rows[1].as_of is None


def test_a_broken_constraint_is_an_integrity_error(engine):
    with engine.connect() as connection, pytest.raises(sa.exc.IntegrityError):
        insert_rows(connection, t.stage_run, [run_row(1), run_row(1)])
