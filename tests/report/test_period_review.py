"""The whole-period review: sums of filed reports, nothing counted anew, no month guessed."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from pipeline.report import ReportPolicy, Target, make_report
from pipeline.report.document import Chart, Num, label_step, plain
from pipeline.report.period_review import NothingFiled, months_between, review_period
from pipeline.report.render import render_docx, render_html, render_xlsx
from pipeline.settings import Settings
from pipeline.stages.context import Context
from pipeline.stages.outcome import Status
from pipeline.store.engine import make_engine, upgrade
from tests.report.builder import TRUCK, StoreBuilder
from tests.report.reading import docx_lines
from tests.report.test_form import NARROW

POLICY = ReportPolicy(targets=(Target("satisfaction", 95.0, "AH-01"),))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Reports of December (twice) and of February; none of January."""
    home = tmp_path_factory.mktemp("period")
    engine = make_engine(Settings(home=home, secret_key="0" * 64))
    upgrade(engine)
    build = StoreBuilder(engine)
    for day in range(1, 13):
        build.ticket(f"2025-12-{day:02d} 09:00:00", types=("rough",), flags=(TRUCK,),
                     satisfaction="满意", caller_key="same")  # fmt: skip
    build.ticket("2026-02-10 09:00:00", types=("entrapment",))

    def file(month, at):
        return make_report(
            engine, month=month, policy=POLICY, as_of=at.date(), at=at, out_dir=home / "reports",
            code_version="test", model_version="m1",
        )  # fmt: skip

    file("2025-12", datetime(2026, 1, 2))
    build.ticket("2025-12-20 09:00:00", types=("rough",), satisfaction="不满意")
    file("2025-12", datetime(2026, 3, 2))
    file("2026-02", datetime(2026, 3, 3))
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def review(store):
    with store.connect() as connection:
        return review_period(connection, POLICY.id, "2025-11", "2026-02")


def test_it_adds_up_the_newest_filed_reports(review):
    assert [(r["month"], r["revision"]) for r in review.manifest["reports"]] == [
        ("2025-12", 2),
        ("2026-02", 1),
    ]
    values = {number: figure.value for number, figure in review.figures.items()}
    assert values["period/1.enforcement"] == 14
    assert (values["2025/1.enforcement"], values["2026/1.enforcement"]) == (13, 1)
    assert values["period/3.truck.count"] == 12
    assert values["2025/4.satisfaction.rate"] == pytest.approx(100 * 12 / 13)
    assert values["2026/4.satisfaction.rate"] is None  # too few ratings
    assert review.findings == []
    assert review.manifest["missing"] == ["2025-11", "2026-01"]


def test_it_reads_as_a_document_and_again_the_same(review, store, tmp_path):
    content = render_docx(review.document, review.frozen_at)
    path = tmp_path / "review.docx"
    path.write_bytes(content)
    lines = docx_lines(path)
    text = "\n".join(lines)
    assert "其中2个月的报告已发布，计入本评估；未发布的2个月不计入。" in text
    assert "未发布的月份：2025年11月、2026年1月。" in text
    assert "评估期内共受理各类工单14件，其中，执法类投诉举报14件。" in text
    assert "执法类投诉举报中货车司机反映的12件、涉企0件。" in text
    assert "2026年3月3日" in text
    assert "人数" in text  # why there are none
    assert not any("callers" in number for number in review.figures)
    assert [line for line in lines if NARROW.search(line)] == []
    with store.connect() as connection:
        again = review_period(connection, POLICY.id, "2025-11", "2026-02")
    assert again.fingerprint == review.fingerprint
    assert render_docx(again.document, again.frozen_at) == content
    assert render_xlsx(again.document, again.figures, again.frozen_at)
    assert "<polyline" in render_html(again.document, {}, "").decode()


def test_a_target_for_one_hotline_is_judged_by_its_tickets_alone(store):
    """Anhui's text sets its rates for 12328; the whole month's rate beside them would mislead."""
    policy = replace(
        POLICY, id="one", targets=(Target("satisfaction", 95.0, "AH-01", hotline="12328"),)
    )
    build = StoreBuilder(store)
    build.next_id, build.files = 100, 1
    for day in range(1, 13):
        build.ticket(f"2026-04-{day:02d} 09:00:00", satisfaction="满意")
        build.ticket(f"2026-04-{day:02d} 09:00:00", hotline="12345", satisfaction="不满意")
    build.ticket("2026-04-20 09:00:00", types=("integrity",))
    make_report(
        store, month="2026-04", policy=policy, as_of=date(2026, 5, 2), at=datetime(2026, 5, 2),
        out_dir=Path(store.url.database).parent, code_version="test", model_version="m1",
    )  # fmt: skip
    with store.connect() as connection:
        found = review_period(connection, "one", "2026-04", "2026-04")
    assert found.findings == []
    quality = next(t for t in found.document.tables() if t.sheet == "办理质效")
    rows = {plain(row[0]): [plain(cell) for cell in row[1:]] for row in quality.rows}
    assert rows["12328热线满意率"] == ["100.00%(12/12)", "≥95%", "达到"]
    assert rows["满意率"] == ["50.00%(12/24)", "—", "—"]
    types = next(t for t in found.document.tables() if t.sheet == "问题类型")
    assert [[plain(cell) for cell in row] for row in types.rows] == [
        ["粗暴执法", "24"], ["按规定另报", "1"], ["合计", "25"],
    ]  # fmt: skip


def test_a_period_after_the_plan_s_end_is_refused(store):
    with store.connect() as connection, pytest.raises(NothingFiled, match="到 2025-12 为止"):
        review_period(connection, POLICY.id, "2026-08", "2025-12")


def test_every_number_it_prints_is_a_figure_of_its_own(review):
    printed = [
        num
        for table in review.document.tables()
        for row in table.rows
        for cell in row
        for num in cell
        if isinstance(num, Num)
    ]
    assert len(printed) > 20
    assert all(num.number in review.figures for num in printed)
    monthly = next(t for t in review.document.tables() if t.sheet == "逐月")
    assert [plain(row[0]) for row in monthly.rows] == ["2025年12月", "2026年2月", "合计"]


def test_without_a_filed_report_it_says_what_to_do(store):
    with store.connect() as connection, pytest.raises(NothingFiled, match="hotline report"):
        review_period(connection, POLICY.id, "2024-01", "2024-12")


def test_the_stage_files_it_beside_the_reports(store, tmp_path):
    """Months that nobody reported are attention; a second run changes no byte."""
    from pipeline.stages.period_review import period_review

    settings = Settings(home=tmp_path, secret_key="0" * 64)
    context = Context(settings, store, vault=None)
    first = period_review(context, "2026-02", "2025-11")
    assert first.status is Status.ATTENTION
    assert first.keys["missing"] == ["2025-11", "2026-01"]
    paths = {kind: Path(path) for kind, path in first.keys["paths"].items()}
    assert set(paths) == {"docx", "xlsx", "html", "manifest"}
    contents = {kind: path.read_bytes() for kind, path in paths.items()}
    assert period_review(context, "2026-02", "2025-11").keys == first.keys
    assert {kind: path.read_bytes() for kind, path in paths.items()} == contents
    with pytest.raises(ValueError, match="unconverted"):
        period_review(context, "2026-13")


def test_months_and_labels():
    assert months_between("2025-11", "2026-01") == ["2025-11", "2025-12", "2026-01"]
    assert months_between("2026-01", "2025-11") == []
    lines = {n: Chart("图", "line", ("月",) * n, (Num("a", "1"),) * n) for n in (1, 12, 13, 36)}
    assert {n: label_step(chart) for n, chart in lines.items()} == {1: 1, 12: 1, 13: 2, 36: 3}
