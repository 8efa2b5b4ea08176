"""The figures of the handmade store against a golden file, and sums on random stores."""

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.labels import ProblemType, Scope
from pipeline.report import check, trace
from pipeline.report.figures import Frame, part_zh, recompute, token
from pipeline.report.formulas import Manifest
from pipeline.report.freeze import freeze
from pipeline.report.linter import lint_figures
from pipeline.report.plan import compute
from pipeline.report.policy import ReportPolicy, Target
from pipeline.report.tracing import UnknownNumber
from pipeline.store.tables import metadata, report_figure, report_ticket, report_ticket_label
from tests.report.builder import handmade

MEASURED = {
    "version": "m1",
    "types": {
        slug: {"sensitivity": 0.8, "positives": 400.0, "specificity": 0.97, "negatives": 4000.0}
        for slug in ("rough", "profit_driven")
    },
}
GOLDEN = Path(__file__).parent / "figures.json"


def test_figures_of_the_handmade_store(build, report_of, engine):
    handmade(build)
    made = report_of()
    with engine.connect() as connection:
        found = {
            row.number: row.value
            for row in connection.execute(
                sa.select(report_figure.c.number, report_figure.c.value).where(
                    report_figure.c.report_id == made.report_id
                )
            )
        }
    found = dict(sorted(found.items()))
    if not GOLDEN.exists():
        text = json.dumps(found, ensure_ascii=False, indent=0, sort_keys=True)
        GOLDEN.write_text(text + "\n", encoding="utf-8")
        pytest.fail("figures.json was missing and has been written: please review it")
    assert found == json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert check(engine, made.report_id) == []
    # A number changed behind the report's back is found.
    with engine.begin() as connection:
        connection.execute(
            report_figure.update().where(report_figure.c.number == "2.rough.count").values(value=5)
        )
    codes = {finding.code: finding.message for finding in check(engine, made.report_id)}
    assert list(codes) == ["figure_moved"]
    assert "2.rough" in codes["figure_moved"]


def test_a_number_leads_to_its_tickets(build, engine):
    handmade(build)
    frozen = freeze(
        engine, "2026-10", ReportPolicy(min_n_for_rate=2), as_of=date(2026, 11, 2),
        at=datetime(2026, 11, 2, 6), code_version="test", model_version="m1",
    )  # fmt: skip
    from pipeline.report import _count_and_lint, _row

    with engine.begin() as connection:
        _count_and_lint(connection, _row(connection, frozen.report_id))
    found = trace(engine, "2026-10", "mot-2024-25", "2.profit_driven.count")
    assert [t["ticket_no"][-2:] for t in found["tickets"]] == ["01", "02"]
    assert "FROM report_ticket" in found["sql"]
    rate = trace(engine, "2026-10", "mot-2024-25", "4.closure_a.rate")
    assert (rate["value"], rate["formula"]) == (75.0, "ratio(4.closure_a.hits,4.closure_a.base)")
    hits, base = (len(operand["tickets"]) for operand in rate["operands"])
    assert (hits, base) == (3, 4)
    lead = trace(engine, "2026-10", "mot-2024-25", "2.integrity.count")
    assert (lead["value"], lead["withheld"], lead["tickets"]) == (1, True, [])
    with pytest.raises(UnknownNumber, match="没有编号为 9"):
        trace(engine, "2026-10", "mot-2024-25", "9.nothing")
    with pytest.raises(UnknownNumber, match="请先运行 hotline report 2026-09"):
        trace(engine, "2026-09", "mot-2024-25", "1.received")


def test_numbers_name_no_person():
    assert token("青原县执法大队") == "青原县执法大队"
    assert part_zh("王建国") != "王建国"
    assert "王建国" not in token("王建国")
    assert len(token("很长" * 40)) == 8
    for place in ("青原县执法大队", "高新区", "金水区", "安丘市"):
        assert part_zh(place) == place


def test_policy_survives_its_manifest():
    policy = ReportPolicy(targets=(Target("satisfaction", 95.0, "AH-01"),), satisfied=("满意",))
    assert ReportPolicy.from_json(json.loads(json.dumps(policy.as_json()))) == policy


# --- properties ---------------------------------------------------------------------------------

_moments = st.datetimes(datetime(2026, 10, 1), datetime(2026, 10, 31, 23, 59, 59))
_maybe = st.one_of(st.none(), _moments)
_tickets = st.fixed_dictionaries(
    {
        "period": st.sampled_from(["current", "current", "previous", "year_ago"]),
        "hotline": st.sampled_from(["12328", "12345", "web"]),
        "intake_channel": st.sampled_from([None, "电话", "微信"]),
        "category": st.sampled_from([None, "投诉举报", "咨询"]),
        "trade": st.sampled_from([None, "水路"]),
        "region": st.sampled_from([None, "青原县", "临河县"]),
        "unit": st.sampled_from([None, "甲大队", "乙大队", "王建国"]),
        "caller_key": st.sampled_from([None, "aa", "bb"]),
        "matter_id": st.integers(1, 4),
        "status": st.sampled_from([None, "已办结", "办理中", "撤销", "已回访"]),
        "accepted_at": _moments,
        "dispatched_at": _maybe,
        "due_at": _maybe,
        "closed_at": _maybe,
        "visited_at": _maybe,
        "return_count": st.sampled_from([None, 0, 2]),
        "verified": st.sampled_from([None, "属实", "不属实", "无法核实"]),
        "satisfaction": st.sampled_from([None, "满意", "一般", "不满意", "默认满意"]),
        "scope": st.sampled_from([s.value for s in Scope] + ["E1"] * 4),
        "types": st.lists(
            st.sampled_from([t.value for t in ProblemType]), min_size=0, max_size=3, unique=True
        ),
    }
)


@pytest.fixture(scope="module")
def memory():
    """A bare store in memory: tables without foreign keys enforced, frozen rows alone."""
    engine = sa.create_engine("sqlite://")
    metadata.create_all(engine)
    return engine


@settings(max_examples=25, deadline=None)
@given(st.lists(_tickets, max_size=25), st.integers(1, 12))
def test_parts_always_add_up(memory, tickets, min_n):
    manifest = {
        "months_with_data": ["2026-09", "2025-10"], "files": [], "items": [],
        "settled_items": 0, "confidential_items": 0, "cases": {"verified": 0, "chosen": []},
        "agreement": {"reviewed": 0, "same_scope": 0, "same_type": 0}, "models": {"m1": 1},
        "measured": MEASURED,
    }  # fmt: skip
    with memory.connect() as connection, connection.begin() as work:
        for ticket_id, values in enumerate(tickets, 1):
            row = dict(values)
            types = row.pop("types") if row["scope"] == "E1" else (row.pop("types"), [])[1]
            connection.execute(
                report_ticket.insert().values(
                    report_id=1, ticket_id=ticket_id, ticket_no=f"n{ticket_id}",
                    primary_type=types[0] if types else None, is_reviewed=False, review=False,
                    **row,
                )
            )  # fmt: skip
            for order, slug in enumerate(types):
                connection.execute(
                    report_ticket_label.insert().values(
                        report_id=1, ticket_id=ticket_id, problem_type=slug, is_primary=order == 0
                    )
                )
        policy = replace(ReportPolicy(), min_n_for_rate=min_n)
        frame = Frame(connection, 1, "2026-10", policy, Manifest(manifest))
        figures = compute(frame).figures
        errors = lint_figures(frame, figures)
        again = recompute(frame, figures)
        work.rollback()
    assert errors == []
    assert again == {number: figure.value for number, figure in figures.items()}
    rates = [f for f in figures.values() if f.number.endswith(".rate") and f.value is not None]
    assert all(figures[f.number[:-5] + ".base"].value >= min_n for f in rates)
