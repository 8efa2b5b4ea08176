"""Faults put into a sound report, one at a time, and the faults of published bulletins."""

from dataclasses import replace

import pytest
import xlsxwriter

from pipeline.report.compose import compose
from pipeline.report.document import Num, Paragraph, Section, Table
from pipeline.report.figures import load
from pipeline.report.formulas import Manifest
from pipeline.report.linter import lint_document, lint_figures, lint_table
from pipeline.report.policy import ReportPolicy
from pipeline.report.tracing import find_report, frame_of
from tests.report.builder import FIRM, LIN, QING, TRUCK, StoreBuilder, handmade


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A sound report on SQLite: (frame, figures, document)."""
    from datetime import date, datetime

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


def test_a_file_without_a_table_says_so(tmp_path):
    path = tmp_path / "broken.xlsx"
    path.write_bytes(b"no spreadsheet")
    with pytest.raises(ValueError, match="不是可以读取的表格"):
        lint_table(path)
    with xlsxwriter.Workbook(tmp_path / "empty.xlsx") as book:
        book.add_worksheet()
    with pytest.raises(ValueError, match="没有找到"):
        lint_table(tmp_path / "empty.xlsx")
