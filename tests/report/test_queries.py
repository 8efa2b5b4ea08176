"""Each named query on the handmade store, against tests/report/sql/<name>.json."""

import json
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.report.figures import Frame
from pipeline.report.formulas import Manifest
from pipeline.report.freeze import freeze
from pipeline.report.policy import ReportPolicy
from pipeline.report.queries import Tally, parameter_names, query_names, tally, ticket_rows
from pipeline.report.tracing import find_report
from pipeline.store.tables import report_ticket
from tests.report.builder import handmade

GOLDEN = Path(__file__).parent / "sql"
SPECIAL = {
    "enforcement_between": {"since": "2026-09-01 00:00:00", "until": "2026-10-01 00:00:00"},
    "enforcement_flag": {"flag": "货车司机"},
    "flag_closure": {"flag": "货车司机"},
}
DISTINCT = ("callers", "matters", "days", "hit_callers")
SETS = [name for name in query_names() if not name.startswith("by_")]
SPLITS = [name for name in query_names() if name.startswith("by_")]


@pytest.fixture
def frame(engine, build):
    handmade(build)
    freeze(
        engine, "2026-10", ReportPolicy(), as_of=date(2026, 11, 2),
        at=datetime(2026, 11, 2, 6), code_version="test", model_version="m1",
    )  # fmt: skip
    with engine.connect() as connection:
        row = find_report(connection, "2026-10", "mot-2024-25")
        yield Frame(connection, row.id, row.month, ReportPolicy(), Manifest(row.manifest_json))


def golden(name: str, found: dict) -> None:
    """A missing file is written, then the test fails: look at it and commit it."""
    path = GOLDEN / f"{name}.json"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(found, ensure_ascii=False) + "\n", encoding="utf-8")
        pytest.fail(f"{path.name} was missing and has been written: please review it")
    assert found == json.loads(path.read_text(encoding="utf-8"))


def test_every_query_selects_its_tickets(frame):
    for name in SETS:
        params = frame.parameters(name, "current") | SPECIAL.get(name, {})
        rows = ticket_rows(frame.connection, frame.report_id, name, None, params)
        ids = [row.ticket_id for row in rows]
        assert len(ids) == len(set(ids)), f"{name} gives a ticket twice"
        golden(
            name,
            {"tickets": sorted(ids), "hits": sorted(r.ticket_id for r in rows if r.is_hit)},
        )


def test_every_split_gives_each_ticket_its_part(frame):
    for name in SPLITS:
        rows = ticket_rows(
            frame.connection, frame.report_id, "received", name, {"period": "current"}
        )
        parts: dict[str, list[int]] = {}
        for row in sorted(rows, key=lambda r: (r.part, r.ticket_id)):
            parts.setdefault(row.part, []).append(row.ticket_id)
        golden(name, parts)


def test_golden_files_have_their_query():
    names = {path.stem for path in GOLDEN.glob("*.json")} - {"figures"}
    assert names == set(query_names())


def test_tally_counts_callers_matters_and_days(frame):
    params = frame.parameters("repeat", "current")

    def whole(kind: str):
        return tally(frame.connection, frame.report_id, "repeat", None, params, kind=kind)[""]

    # tickets 1 and 2 share a caller and a matter; 3 and 4 have no caller and count as one each
    assert (whole("callers").callers, whole("matters").matters, whole("days").days) == (7, 7, 8)
    assert {(whole(kind).tickets, whole(kind).hits) for kind in DISTINCT} == {(8, 1)}
    assert whole("hit_callers").hit_callers == 1
    assert whole("plain").callers == 0  # not asked for


def test_an_empty_set_counts_nothing(frame):
    found = tally(frame.connection, frame.report_id, "received", None, {"period": "nowhere"})
    assert found == {"": Tally()}
    split = tally(frame.connection, frame.report_id, "received", "by_unit", {"period": "nowhere"})
    assert split == {}


def test_of_what_is_no_complaint_only_what_figures_read_is_frozen(frame):
    rows = frame.connection.execute(
        sa.select(report_ticket).where(report_ticket.c.report_id == frame.report_id)
    ).all()
    complaints = [row for row in rows if row.scope == "E1"]
    others = [row for row in rows if row.scope != "E1"]
    assert others
    assert any(row.closed_at for row in complaints)
    assert {(row.closed_at, row.due_at, row.satisfaction, row.status) for row in others} == {
        (None,) * 4
    }


def test_parameters_are_those_the_text_names():
    assert parameter_names("received") == {"report_id", "period"}
    with pytest.raises(FileNotFoundError):
        parameter_names("../migrations/env")


def test_integrity_leads_are_in_no_cross_table(frame):
    lead = 8
    for split in ("by_unit_type", "by_matter"):
        rows = ticket_rows(
            frame.connection, frame.report_id, "received", split, {"period": "current"}
        )
        assert lead not in {row.ticket_id for row in rows}
