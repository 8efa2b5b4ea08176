"""Tables of figures: exported, added up by number, refused where they do not belong together."""

from datetime import date, datetime

import pytest
import sqlalchemy as sa

import pipeline.report as room
from pipeline.report.freeze import freeze
from pipeline.report.policy import ReportPolicy
from pipeline.report.rollup import (
    TablesDiffer,
    export_table,
    read_table,
    roll_up,
    write_rolled,
)
from pipeline.report.tracing import UnknownNumber
from pipeline.store.tables import report
from tests.report.builder import StoreBuilder, handmade

PROFILE = "mot-2024-25"


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """The figures of the handmade October, published, as read from its file; and the engine."""
    from pipeline.settings import Settings
    from pipeline.store.engine import make_engine, upgrade

    home = tmp_path_factory.mktemp("rollup")
    engine = make_engine(Settings(home=home, secret_key="x" * 40))
    upgrade(engine)
    handmade(StoreBuilder(engine))
    frozen = freeze(
        engine, "2026-10", ReportPolicy(), as_of=date(2026, 11, 2), at=datetime(2026, 11, 2, 6),
        code_version="c", model_version="m1",
    )  # fmt: skip
    with engine.begin() as connection:
        room._count_and_lint(connection, room._row(connection, frozen.report_id))
        connection.execute(report.update().values(state="filed"))
    path = home / "a.csv"
    written = export_table(engine, path, month="2026-10", profile=PROFILE, source="甲省")
    rows = read_table(path)
    assert len(rows) == written
    with pytest.raises(UnknownNumber, match="没有已发布的 2026-09"):
        export_table(engine, path, month="2026-09", profile=PROFILE, source="甲省")
    return rows, engine


def of(rows, source, **changes):
    """The same table of another place, some values changed."""
    return [
        row | {"source": source} | ({"value": changes[row["number"]]} if row["number"] in changes
                                     else {})
        for row in rows
    ]  # fmt: skip


def test_counts_add_and_rates_are_computed_again(table, tmp_path):
    rows, _ = table
    other = of(rows, "乙省", **{"1.received": "89", "1.enforcement": "12"})
    rolled = {r.number: r for r in roll_up([rows, other], ReportPolicy())}
    assert (rolled["1.received"].value, rolled["1.received"].values) == (
        100.0,
        {"甲省": 11.0, "乙省": 89.0},
    )
    # 3 of 4 due were closed in each: too few for a rate in each, and still in both together
    assert rolled["4.closure_a.rate"].value is None
    few = {r.number: r for r in roll_up([rows, other], ReportPolicy(min_n_for_rate=8))}
    assert few["4.closure_a.rate"].value == 75.0
    assert few["4.closure_a.rate"].values == {"甲省": None, "乙省": None}
    # the mean is weighted by the tickets it was measured on; medians cannot be added
    assert rolled["4.handling.mean"].value == pytest.approx(13 / 3)
    assert not any(n.endswith("median") or n.startswith("4.unit.") for n in rolled)
    assert rolled["10.ledger.rows_read"].value == 40.0
    write_rolled(tmp_path / "all.csv", rolled.values())
    lines = (tmp_path / "all.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "编号,指标,单位,汇总,甲省,乙省"
    assert "1.received,受理量,件,100,11,89" in lines


def test_a_comparison_needs_every_base(table):
    rows, _ = table
    without = [row for row in of(rows, "乙省") if not row["number"].startswith("1.received.mom")]
    both = {r.number: r.value for r in roll_up([rows, of(rows, "乙省")], ReportPolicy())}
    one = {r.number: r.value for r in roll_up([rows, without], ReportPolicy())}
    assert both["1.received.mom_diff"] == 18.0
    assert one["1.received.mom_diff"] is None


def test_tables_that_do_not_belong_together_are_refused(table, tmp_path):
    rows, _ = table
    for change, says in (
        ({"source": "乙省", "month": "2026-09"}, "报告期不同"),
        ({"source": "乙省", "basis": "0" * 16}, "口径不同"),
        ({"source": "甲省"}, "给了两次"),
    ):
        with pytest.raises(TablesDiffer, match=says):
            roll_up([rows, [row | change for row in rows]], ReportPolicy())
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(TablesDiffer, match="不是 hotline report figures"):
        read_table(path)


def test_the_view_shows_published_numbers_with_what_they_split_by(table):
    _, engine = table
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT month, revision, is_latest, value, split, part, period, measure"
                " FROM report_number WHERE number = '1.hotline.12328.received'"
            )
        ).all()
    assert [tuple(row) for row in rows] == [
        ("2026-10", 1, True, 8.0, "by_hotline", "12328", "current", "tickets")
    ]
