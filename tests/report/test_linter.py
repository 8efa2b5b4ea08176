"""Faults put into a sound report, one at a time, and the faults of published bulletins."""

from dataclasses import replace
from datetime import datetime

import pytest
import xlsxwriter

from pipeline.report.compose import compose
from pipeline.report.document import Num, Paragraph, Section, Table
from pipeline.report.figures import load
from pipeline.report.formulas import Manifest
from pipeline.report.linter import lint_document, lint_figures, lint_table
from pipeline.report.policy import ReportPolicy
from pipeline.report.render import render_xlsx
from pipeline.report.tracing import find_report, frame_of
from tests.report.builder import FIRM, LIN, QING, TRUCK, StoreBuilder, handmade


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A sound report on SQLite: (frame, figures, document)."""
    from datetime import date

    from pipeline.report import make_report
    from pipeline.settings import Settings
    from pipeline.store.engine import make_engine, upgrade

    home = tmp_path_factory.mktemp("linter")
    engine = make_engine(Settings(home=home, secret_key="x" * 40))
    upgrade(engine)
    build = StoreBuilder(engine)
    handmade(build)
    for day in range(10, 22):
        build.ticket(f"2026-10-{day} 09:00:00", types=("rough",), status="已办结",
                     closed_at="2026-10-25 09:00:00", due_at="2026-10-26 09:00:00",
                     flags=(TRUCK, FIRM))  # fmt: skip
        build.ticket(f"2026-09-{day} 09:00:00", types=("rough",))
    build.item([1], level="L4", unit=QING)
    made = make_report(
        engine, month="2026-10", policy=ReportPolicy(), as_of=date(2026, 11, 2),
        at=datetime(2026, 11, 2, 6), out_dir=home, code_version="c", model_version="m1",
    )  # fmt: skip
    assert made.state == "filed", made.findings
    with engine.connect() as connection:
        row = find_report(connection, "2026-10", "mot-2024-25")
        frame, figures = frame_of(connection, row), load(connection, row.id)
        yield frame, figures, compose(row, frame, figures, (), None)


def codes(findings):
    return {finding.code for finding in findings if finding.severity == "error"}


def test_a_sound_report_has_no_errors(sound):
    frame, figures, document = sound
    assert lint_figures(frame, figures) == []
    assert lint_document(document, frame, figures) == []


@pytest.mark.parametrize(
    ("number", "value", "code"),
    [
        ("2.rough.count", 99.0, "sum"),
        ("1.hotline.12345.received", 0.0, "sum"),
        ("4.closure_b.hits", 99.0, "numerator"),
        ("4.closure_b.rate", 97.01, "formula"),
        ("4.closure_b.rate", 140.0, "rate_range"),
        ("1.enforcement.mom", 6.11, "formula"),
        ("1.enforcement.callers", 99.0, "people"),
        ("2.rough.any", 0.0, "labels"),
        ("10.ledger.inserted", 3.0, "ledger"),
    ],
)
def test_a_wrong_figure_is_found(sound, number, value, code):
    frame, figures, _ = sound
    wrong = figures | {number: replace(figures[number], value=value)}
    assert code in codes(lint_figures(frame, wrong))


def test_a_rate_under_the_minimum_n_is_found(sound):
    frame, figures, _ = sound
    wrong = figures | {"4.repeat.base": replace(figures["4.repeat.base"], value=9.0)}
    assert "formula" in codes(lint_figures(frame, wrong))


def test_a_misnamed_comparison_is_found(sound):
    frame, figures, _ = sound
    swapped = replace(
        figures["1.enforcement.yoy"],
        formula="change(1.enforcement,1.enforcement.previous)",
        value=figures["1.enforcement.mom"].value,
    )
    found = lint_figures(frame, figures | {"1.enforcement.yoy": swapped})
    assert codes(found) == {"comparison"}


def test_a_number_from_nowhere_is_found(sound):
    frame, figures, _ = sound
    orphan = replace(figures["1.received"], query=None, formula=None)
    assert "untraceable" in codes(lint_figures(frame, figures | {"1.received": orphan}))


def with_block(document, block):
    return replace(document, sections=(*document.sections, Section("附", (block,))))


def table(*rows, **how):
    return Table("表", ("单位", "件数", "比率")[: len(rows[0])], tuple(rows), **how)


@pytest.mark.parametrize(
    ("block", "code"),
    [
        (Paragraph(("来电人电话13812345678。",)), "personal_data"),
        (Paragraph(("身份证号340101199003071234。",)), "personal_data"),
        (Paragraph(("廉政线索反映临河县公路执法中队收钱。",)), "lead"),
        (Paragraph((Num("1.received", "7"),)), "printed"),
        (Paragraph((Num("1.nothing", "7"),)), "untraceable"),
        (Paragraph(("占", Num("1.share.rate", "80.00%"))), "denominator"),
        (table((("临河县",), ("廉政线索",))), "lead"),
        (table((("廉政线索（另报）",), ("—",), ("临河县",))), "lead"),
        (table((("甲",), ("乙",), ("丙", "丁")), (("甲",), ("乙",))), "shape"),
        (Table("罚款", ("单位", "罚款数额/元"), ()), "amount"),
        (table((("甲",), (Num("2.entrapment.count", "1"),)), cross=(1,)), "small_cell"),
        (
            table(
                (("甲",), (Num("2.entrapment.count", "1"),)),
                (("合计",), (Num("1.enforcement", "20"),)),
                additive=(1,),
            ),
            "table_sum",
        ),
    ],
)
def test_a_fault_in_the_document_is_found(sound, block, code):
    frame, figures, document = sound
    assert code in codes(lint_document(with_block(document, block), frame, figures))


def test_confidential_items_and_cases_are_found(sound):
    frame, figures, document = sound
    item = frame.manifest["items"][0]
    leaking = replace(frame, manifest=Manifest(frame.manifest | {"items": [item | {"level": "X"}]}))
    assert codes(lint_document(document, leaking, figures)) == {"lead"}
    cases = {"verified": 1, "chosen": [{"ticket_id": 8, "type": "integrity", "evidence": ["略"]}]}
    leaking = replace(frame, manifest=Manifest(frame.manifest | {"cases": cases}))
    assert codes(lint_document(document, leaking, figures)) == {"lead"}


def test_units_are_never_ranked(sound):
    """Named in order of their names, whatever their counts (M-10, 国办函〔2025〕66号)."""
    _, figures, document = sound
    tables = [t for t in document.tables() if t.columns[0] == "单位"]
    assert len(tables) == 2
    for found in tables:
        names = [row[0][0] for row in found.rows if row[0] != ("合计",)]
        assert names == sorted(names)
    counts = [figures[f"4.unit.{unit}.count"].value for unit in (LIN, QING)]
    assert counts == sorted(counts)  # by name the unit with fewer stands first: not by count


# --- external tables ----------------------------------------------------------------------------


@pytest.fixture
def bulletin(tmp_path):
    def write(*rows):
        path = tmp_path / "bulletin.xlsx"
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet("通报")
            for r, row in enumerate(rows):
                sheet.write_row(r, 0, row)
        return lint_table(path)

    return write


def test_hebei_2024_08_reconciles(bulletin):
    assert (
        bulletin(
            ["2024年8月全省12328热线共受理161166件"],
            ["业务类别", "件数", "占比"],
            ["信息咨询", 153546, "95.27%"],
            ["意见建议", 6983, "4.33%"],
            ["投诉举报", 637, "0.40%"],
            ["合计", 161166, "100%"],
        )
        == []
    )
    domains = [2421, 6560, 12629, 101808, 37748]
    rows = [[f"领域{n}", count] for n, count in enumerate(domains)]
    assert bulletin(["业务领域", "件数"], *rows, ["合计", 161166]) == []


def test_panzhihua_2021_01_reconciles(bulletin):
    assert (
        bulletin(["办理结果", "件数"], ["甲", 86], ["乙", 247], ["丙", 8], ["丁", 3], ["合计", 344])
        == []
    )
    found = bulletin(
        ["指标", "回访数", "应回访数", "回访率", "限时办结率", "满意率"],
        ["全部", 344, 919, "37.43%", "94.85%", "99.3%"],
        ["成功", 224, 247, "90.69%", "", ""],
        ["占比", 224, 344, "65.12%", "", ""],
    )
    assert codes(found) == set()
    # Two rates are printed without what they divide by: said, but no error.
    assert [finding.code for finding in found] == ["denominator", "denominator"]


def test_tangshan_classes_do_not_sum_to_their_headline(bulletin):
    found = bulletin(
        ["本月共受理284406件"],
        ["类别", "件数"],
        ["咨询", 120000],
        ["求助", 60000],
        ["投诉", 15532],
    )
    assert codes(found) == {"headline"}
    assert "284406" in found[0].message
    assert "195532" in found[0].message


def test_changji_calls_a_month_on_month_change_year_on_year(bulletin):
    found = bulletin(["类别", "本月件数", "上月件数", "同比"], ["受理总量", 4567, 4304, "6.11%"])
    assert codes(found) == {"comparison"}
    assert "按算术是环比" in found[0].message
    assert (
        bulletin(["类别", "本月件数", "上月件数", "环比"], ["受理总量", 4567, 4304, "6.11%"]) == []
    )
    units = bulletin(["单位", "件数"], ["甲局", 5000], ["乙局", 671], ["合计", 4567])
    assert codes(units) == {"sum"}
    assert "+1104" in units[0].message


def test_the_2016_bulletin_prints_a_rate_that_is_not_its_quotient(bulletin):
    found = bulletin(["单位", "受理数", "办结数", "办结率"], ["全市", 2114, 1898, "97.01%"])
    assert codes(found) == {"rate"}
    assert "89.78%" in found[0].message


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([["单位", "受理数", "办结数", "办结率"], ["甲", 10, 12, "120%"]], "rate_range"),
        ([["类别", "本月件数", "去年同期件数", "同比"], ["甲", 12, 10, "15%"]], "change"),
        ([["类别", "件数", "占比"], ["甲", 1, "60%"], ["乙", 1, "50%"]], "rate"),
    ],
)
def test_other_faults(bulletin, rows, code):
    assert code in codes(bulletin(*rows))


GOOD = [
    ["2026年10月执法类投诉举报情况(本月受理100件)"],
    ["序号", "单位", "本月受理", "上月受理", "环比", "去年同月受理", "同比", "占比",
     "应办结", "已办结", "办结率", "满意率"],
    [1, "甲县交通运输综合行政执法大队", 50, 40, "25.00%", 45, "11.11%", "50.0%",
     40, 38, "95.00%", "90.00%(18/20)"],
    [2, "乙县公路管理站", 30, 30, "0.00%", 40, "下降25%", "30.0%", 30, 27, "90.00%", "—"],
    [3, "丙市港航海事处", 20, 25, "-20.00%", 16, "25.00%", "20.0%", 12, 12, "100.00%", "—"],
    ["", "合计", 100, 95, "5.26%", 101, "-0.99%", "100%", 82, 77, "93.90%", "—"],
    ["填表人：张建国　联系电话：0551-62345678"],
]  # fmt: skip


def test_a_good_table_has_no_finding(bulletin):
    assert bulletin(*GOOD) == []


@pytest.mark.parametrize(
    ("place", "cell", "code", "said"),
    [
        ((5, 2), 110, "sum", "各行之和 100,与合计 110 相差 -10"),
        ((0, 0), "本月受理120件", "headline", "标题所称总量 120"),
        ((2, 10), "103.00%", "rate_range", "不在 0—100% 之间"),
        ((2, 10), "97.01%", "rate", "38/40 为 95.00%"),
        ((2, 11), "90.00%(18/21)", "rate", "18/21 为 85.71%"),
        ((3, 7), "35.0%", "rate", "30/100 为 30.00%"),
        ((2, 6), "15.11%", "change", "应为 11.11%"),
        ((3, 6), "上升25%", "change", "应为 -25.00%"),
        ((2, 6), "25.00%", "comparison", "同比 25% 按算术是环比"),
        ((3, 1), "乙县公路站(反映人13812345678)", "personal_data", "B4单元格有个人信息(手机号码)"),
        ((3, 1), "乙县340101199003071233", "personal_data", "身份证号"),
        ((3, 1), "皖A12345车主反映", "personal_data", "车牌号"),
        ((3, 1), "执法人员王建军态度粗暴", "name", "疑有人员姓名"),
    ],
)
def test_a_fault_put_into_a_good_table_is_found(bulletin, place, cell, code, said):
    rows = [list(line) for line in GOOD]
    rows[place[0]][place[1]] = cell
    found = bulletin(*rows)
    assert code in codes(found)
    assert any(finding.code == code and said in finding.message for finding in found)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([["单位", "环比", "本月件数"], ["甲", "5%", 10]], "base"),
        ([["单位", "办结率"], ["甲", "95%"]], "denominator"),
        ([["受理量前十位"], ["单位", "件数"], *([f"单位{n}", 9] for n in range(8))], "truncated"),
        ([["受理量前三位"], ["单位", "件数"], ["甲", 9], ["乙", 8], ["丙", 7]], "truncated"),
        ([["单位", "被投诉人", "件数"], ["甲", "李卫东", 3]], "name"),
        ([["单位", "粗暴", "逐利", "合计"], ["甲", 1, 4, 5], ["乙", 6, 2, 8]], "small_cell"),
        ([["单位", "粗暴", "逐利", "合计"], ["甲", 3, 4, 7], ["乙", 6, 4, 11]], "sum"),
        ([["单位", "有效评价", "满意", "满意率"], ["甲", 3, 3, "100%"]], "small_n"),
        ([["单位", "罚款金额/万元"], ["甲", 90], ["乙", 50], ["丙", 20]], "amount"),
        ([["名次", "单位", "件数"], [1, "甲", 9], [2, "乙", 8]], "ranking"),
    ],
)
def test_what_may_not_be_published_is_found(bulletin, rows, code):
    assert code in {finding.code for finding in bulletin(*rows)}


@pytest.mark.parametrize(
    "rows",
    [
        [["渠道", "件数"], ["12328", 60], ["其中：电话", 50], ["12345", 40], ["合计", 100]],
        [["渠道", "件数"], ["甲", 60], ["小计", 60], ["乙", 5], ["小计", 5], ["合计", 65]],
        [["类别", "件数", "占比"], ["甲", 2, "66.7%"], ["乙", 1, "33.3%"], ["合计", 3, "100%"]],
        [["类别", "件数", "占比"], ["甲", 2, 0.6667], ["乙", 1, 0.3333], ["合计", 3, 1]],
        [["类别", "件数", "占比(%)"], ["甲", 4, 0.4], ["乙", 996, 99.6], ["合计", 1000, 100]],
        [["单位", "件数", "平均办理天数"], ["甲", 6, 4.5], ["乙", 8, 3.5], ["合计", 14, 4.3]],
        [["类别", "件数"], ["甲", 3], ["合计", 3], [], ["类别", "件数"], ["丙", 5], ["合计", 5]],
        [["受理量前二位"], ["单位", "件数"], ["甲", 9], ["乙", 8], ["其余12个单位", 40]],
        [["类型", "件数", "另报"], ["甲", 9, "—"], ["乙", "*", 2], ["合计", 12, 2]],
        [["单位", "受理", "已办结", "应办结", "办结率"], ["甲", 40, 18, 20, "90%"]],
    ],
)  # fmt: skip
def test_good_tables_as_they_are_published_have_no_finding(bulletin, rows):
    assert bulletin(*rows) == []


def test_our_own_tables_have_no_finding(sound, tmp_path):
    """What the report prints into its xlsx, its own linter takes as sound."""
    _, figures, document = sound
    path = tmp_path / "own.xlsx"
    path.write_bytes(render_xlsx(document, figures, datetime(2026, 11, 2)))
    assert lint_table(path) == []


def test_a_file_without_a_table_says_so(tmp_path):
    path = tmp_path / "broken.xlsx"
    path.write_bytes(b"no spreadsheet")
    with pytest.raises(ValueError, match="不是可以读取的表格"):
        lint_table(path)
    with xlsxwriter.Workbook(tmp_path / "empty.xlsx") as book:
        book.add_worksheet()
    with pytest.raises(ValueError, match="没有找到"):
        lint_table(tmp_path / "empty.xlsx")
