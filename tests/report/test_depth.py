"""Cross tables, corrected shares and targets of one platform, as printed."""

from datetime import date, datetime

import pytest

from pipeline.report.compose import compose
from pipeline.report.document import Paragraph, plain, texts
from pipeline.report.figures import load
from pipeline.report.linter import lint_document, lint_figures
from pipeline.report.parts import PRINTED_TYPES
from pipeline.report.policy import ReportPolicy, Target
from pipeline.report.tracing import find_report, frame_of
from pipeline.store.tables import ticket_version
from tests.report.builder import StoreBuilder

ERRORS = {"sensitivity": 0.8, "positives": 400.0, "specificity": 0.97, "negatives": 4000.0}
MEASURED = {"version": "m1", "types": {"rough": ERRORS, "profit_driven": ERRORS}}
POLICY = ReportPolicy(
    targets=(
        Target("closure_a", 100.0, "「办结率100%」", hotline="12328"),
        Target("satisfaction", 95.0, "「满意度95%以上」", hotline="12328"),
    )
)
DUE = {"due_at": "2026-10-25 18:00:00", "status": "已办结"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(frame, figures, document) of a month with two regions, and an integrity lead in one."""
    import pipeline.report as room
    from pipeline.report.freeze import freeze
    from pipeline.settings import Settings
    from pipeline.store.engine import make_engine, upgrade

    engine = make_engine(Settings(home=tmp_path_factory.mktemp("depth"), secret_key="x" * 40))
    upgrade(engine)
    build = StoreBuilder(engine)
    for region, types in (
        ("高新区", {"rough": 9, "profit_driven": 4, "procedure": 1, "integrity": 1}),
        ("青原县", {"rough": 5, "profit_driven": 6, "procedure": 7}),
        ("临河县", {"rough": 4, "profit_driven": 3, "procedure": 5}),
    ):
        for slug, count in types.items():
            for n in range(count):
                closed = "2026-10-20 09:00:00" if n else "2026-10-26 09:00:00"
                build.ticket(region=region, types=(slug,), closed_at=closed, **DUE)
    build.ticket(hotline="12345", region="青原县", types=("rough",), target_unit=None,
                 **DUE | {"status": "办理中"})  # fmt: skip
    for month in ("2026-08", "2026-09"):
        build.ticket(f"{month}-05 09:00:00", scope="E0")
    frozen = freeze(
        engine, "2026-10", POLICY, as_of=date(2026, 11, 2), at=datetime(2026, 11, 2, 6),
        code_version="c", model_version="m1", measured=MEASURED,
    )  # fmt: skip
    with engine.begin() as connection:
        room._count_and_lint(connection, room._row(connection, frozen.report_id))
    with engine.connect() as connection:
        row = find_report(connection, "2026-10", POLICY.id)
        frame, figures = frame_of(connection, row), load(connection, row.id)
        assert [f for f in row.findings_json if f["severity"] == "error"] == []
        yield frame, figures, compose(row, frame, figures, (), None)


def table(document, sheet: str) -> list[list[str]]:
    (found,) = [t for t in document.tables() if t.sheet == sheet]
    return [list(found.columns), *([plain(cell) for cell in row] for row in found.rows)]


def test_a_cross_table_gives_no_small_cell_away(made):
    frame, figures, document = made
    columns, *rows = table(document, "地区×类型")
    by_name = {row[0]: dict(zip(columns, row, strict=True)) for row in rows}
    assert by_name["高新区"]["程序不规范"] == "*"
    hidden = [name for name in by_name if by_name[name]["程序不规范"] == "*"]
    assert len(hidden) > 1  # one alone would be the total less the others
    assert by_name["合计"]["合计"] == "46"
    assert "廉政线索" not in columns
    # What is hidden has no figure either: the store of a BI tool gives nothing away.
    assert "2.cross.region.高新区.procedure" not in figures
    # One row of trades cannot be protected, so there is no such table.
    assert not [t for t in document.tables() if t.sheet == "业务领域×类型"]
    assert lint_document(document, frame, figures) == lint_figures(frame, figures) == []


def test_the_corrected_share_stands_beside_the_raw_one(made):
    _, figures, document = made
    columns, *rows = table(document, "校正占比")
    assert [row[0] for row in rows] == ["逐利执法", "粗暴执法", "执法类投诉举报"]
    share = dict(zip(columns, rows[1], strict=True))
    raw = 100 * 19 / 46
    assert (share["含次类/件"], share["占比"]) == ("19", f"{raw:.2f}%")
    corrected = figures["2.rough.corrected"].value
    assert corrected == pytest.approx(100 * (19 / 46 - 0.03) / 0.77, abs=1e-5)
    low, high = (figures[f"2.rough.corrected_{end}"].value for end in ("low", "high"))
    assert low < corrected < high
    unknown = {t.value for t in PRINTED_TYPES} - {"rough", "profit_driven"}
    assert not any(f"2.{slug}.corrected" in figures for slug in unknown)


def test_a_target_of_one_platform_counts_that_platform_alone(made):
    _, figures, document = made
    _, closure, satisfaction = table(document, "方案目标")
    # 45 of 12328 were due, each closed; the open one is 12345's
    assert closure[:6] == ["12328热线办结率A", "45", "45", "100.00%", "≥100%", "达到"]
    assert figures["4.closure_a.base"].value == 46
    assert satisfaction[5] == "不作判断"
    (efficiency,) = [t for t in document.tables() if t.sheet == "办理质效"]
    assert all(plain(row[-1]) == "—" for row in efficiency.rows)


def test_each_dimension_says_how_it_was_handled(made):
    _, _, document = made
    columns, *rows = table(document, "办理·地区")
    assert [row[0] for row in rows] == ["临河县", "青原县", "高新区", "合计"]
    first = dict(zip(columns, rows[0], strict=True))
    assert (first["本月/件"], first["按期办结率"]) == ("12", "75.00%(9/12)")
    # accepted on Saturday 10 October; the 20th is 7 working days on (the 12th to the 20th)
    assert first["中位工作日"] == "7"


def test_a_band_is_a_unit_s_own_and_what_names_no_unit_has_none(made):
    _, figures, document = made
    columns, *rows = table(document, "单位")
    bands = {row[0]: dict(zip(columns, row, strict=True))["色带"] for row in rows}
    assert bands == {"（未注明）": "—", "青原县交通运输综合行政执法大队": "红", "合计": "—"}
    assert "4.unit.(未注明).band" not in figures


def test_no_table_is_in_the_order_of_an_amount_or_a_count(made):
    """M-10: every table over units, regions, trades … stands in the order of names."""
    _, _, document = made
    for found in document.tables():
        if found.columns[0] in ("单位", "地区", "业务领域", "受理渠道"):
            names = [plain(row[0]) for row in found.rows if plain(row[0]) != "合计"]
            as_stored = [name.replace("（", "(") for name in names]
            assert as_stored == sorted(as_stored), found.caption
        assert not any("罚款" in column or "金额" in column for column in found.columns)


def test_what_became_of_a_complaint_is_counted_only_where_it_was_seen_again(
    build, report_of, engine
):
    closed = {"status": "已办结", "closed_at": "2026-10-20 09:00:00"}
    for _ in range(10):
        build.ticket(satisfaction="不满意", **closed)
    redone = build.ticket(satisfaction="满意", content="我是船员,查证时被训斥", **closed)
    build.ticket("2026-09-05 09:00:00", **closed)
    first = report_of()
    with engine.begin() as connection:
        figures = load(connection, first.report_id)
        assert not any(n.startswith(("4.redone", "4.mended")) for n in figures)
        assert figures["3.crew.count"].value == 1
        # The next export showed it sent back, a later one closed again and rated better.
        for version, changes in (
            (2, {"status": ["已办结", "重办"], "satisfaction": ["不满意", "未评价"]}),
            (3, {"status": ["重办", "已办结"], "satisfaction": ["未评价", "满意"]}),
        ):
            connection.execute(
                ticket_version.insert().values(
                    ticket_id=redone, version=version, file_id=1, row_no=1,
                    recorded_at=datetime(2026, 10, 25), changes_json=changes,
                )
            )  # fmt: skip
    made = report_of()
    with engine.connect() as connection:
        figures = load(connection, made.report_id)
    assert (figures["4.redone.hits"].value, figures["4.redone.base"].value) == (1, 11)
    assert (figures["4.mended.hits"].value, figures["4.mended.base"].value) == (1, 11)
    assert figures["4.mended.rate"].value == pytest.approx(100 / 11, abs=1e-5)


@pytest.mark.parametrize(
    "visit", [None, {"visited_at": "2026-10-22 09:00:00"}, {"status": "已回访"}]
)
def test_without_any_record_of_a_visit_there_is_no_rate_of_visits(build, report_of, engine, visit):
    closed = {"status": "已办结", "closed_at": "2026-10-20 09:00:00"}
    for _ in range(10):
        build.ticket(**closed)
    if visit:  # last month's is enough: the platform's export tells of visits
        build.ticket("2026-09-05 09:00:00", **closed | visit)
    made = report_of()
    with engine.connect() as connection:
        figures = load(connection, made.report_id)
        row = find_report(connection, "2026-10", "mot-2024-25")
        document = compose(row, frame_of(connection, row), figures, (), None)
    said = "".join(text for _, text in texts(document))
    (row,) = [row for row in table(document, "办理质效") if row[0].startswith("回访率")]
    if visit:
        assert figures["4.visit.rate"].value == 0
    else:
        assert not any(n.startswith("4.visit") for n in figures)
        assert row[3] == "无数据"
    assert ("导出表没有回访记录，不计算回访率。" in said) == (visit is None)


def test_types_of_a_group_have_no_small_cell(build, report_of, engine):
    for slug, count in {"rough": 3, "procedure": 2, "selective": 1}.items():
        for _ in range(count):
            build.ticket(types=(slug,), flags=("货车司机",))
    made = report_of()
    with engine.connect() as connection:
        figures = load(connection, made.report_id)
        row = find_report(connection, "2026-10", "mot-2024-25")
        document = compose(row, frame_of(connection, row), figures, (), None)
    assert [n for n in figures if n.startswith("3.truck.type.")] == ["3.truck.type.rough"]
    (said,) = [
        plain(block.text)
        for block in document.blocks()
        if isinstance(block, Paragraph) and "按主类型为" in plain(block.text)
    ]
    assert said == "反映的问题按主类型为：粗暴执法3件。不足3件的类型不列。"
