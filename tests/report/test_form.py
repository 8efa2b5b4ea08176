"""The form of the documents: punctuation, page, charts; one month made once for all tests."""

import re
from datetime import date, datetime

import docx
import openpyxl
import pytest
from docx.oxml.ns import qn
from docx.shared import RGBColor

from pipeline.report import ReportPolicy, make_report
from pipeline.report.document import Document
from pipeline.report.render import render_docx
from pipeline.settings import Settings
from pipeline.store.engine import make_engine, upgrade
from tests.report.builder import LIN, QING, StoreBuilder, handmade
from tests.report.reading import lines_of


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A month with every kind of block: items, cases, charts, warnings."""
    home = tmp_path_factory.mktemp("form")
    engine = make_engine(Settings(home=home, secret_key="0" * 64))
    upgrade(engine)
    build = StoreBuilder(engine)
    handmade(build)
    for n in range(3):
        build.ticket(f"2026-10-{n + 11} 09:00:00", target_unit=QING, region="高新区")
    build.item([1, 2], level="L2", rule="R14", unit=QING,
               summary="2026-10-01受理的12328工单12328340100000000001反映逐利执法(收费),建议督办。",
               clause="「过罚失当、逐利执法等」(交办法〔2024〕25号,M-07)")  # fmt: skip
    build.item([6], level="L4", rule="R11", unit=LIN, subject=f"{LIN}·程序不规范")
    yield make_report(
        engine,
        month="2026-10",
        policy=ReportPolicy(),
        as_of=date(2026, 11, 2),
        at=datetime(2026, 11, 2, 6, 0),
        out_dir=home / "reports",
        code_version="test",
        model_version="m1",
    )
    engine.dispose()


NARROW = re.compile(r"""[\u4e00-\u9fff”）][,;:?!()"]|[,;:?!()"][\u4e00-\u9fff“（]""")


@pytest.mark.parametrize("kind", ["docx", "xlsx", "html", "tickets"])
def test_no_narrow_mark_stands_beside_a_chinese_character(made, kind):
    lines = lines_of(made.paths[kind])
    assert len(lines) > 50
    assert [line for line in lines if NARROW.search(line)] == []


def test_the_page_is_that_of_an_official_document(made):
    file = docx.Document(made.paths["docx"])
    page = file.sections[0]
    assert int(page._sectPr.find(qn("w:docGrid")).get(qn("w:linePitch"))) == 28 * 20
    assert (297 - 37 - 35) / 25.4 * 72 // 28 == 22  # lines a page
    assert file.settings.odd_and_even_pages_header_footer
    for footer, side in ((page.footer, "RIGHT"), (page.even_page_footer, "LEFT")):
        assert footer.paragraphs[0].text == "—  —"  # the field stands between
        assert footer.paragraphs[0].alignment.name == side
        assert "PAGE" in footer._element.xml
    title = file.paragraphs[0]
    assert title.text == "2026年10月执法类投诉举报分析报告"
    assert title.runs[0].font.size.pt == 22
    body = next(p for p in file.paragraphs if p.text.startswith("2026年10月共受理"))
    assert (body.runs[0].font.size.pt, body.paragraph_format.line_spacing.pt) == (16, 28)
    closer = int(body.runs[0]._element.rPr.find(qn("w:spacing")).get(qn("w:val"))) / 20
    assert (210 - 28 - 26) / 25.4 * 72 // (16 + closer) == 28  # characters a line
    last = [p.text for p in file.paragraphs[-3:]]
    assert last[0] == "2026年11月2日"
    assert re.fullmatch("审核：　+签发：", last[1])


def test_the_red_head_is_there_only_where_it_is_wanted(made, tmp_path):
    document = Document(
        title="2026年10月工作简报", issue="2026年第10期", issuer="云岭市交通运输局",
        dated="2026年11月2日", footer="依据", sections=(), masthead="工作简报", to="法规科",
        signs=("部门负责人",),
    )  # fmt: skip
    path = tmp_path / "red.docx"
    path.write_bytes(render_docx(document, datetime(2026, 11, 2)))
    file = docx.Document(path)
    assert file.paragraphs[0].runs[0].font.color.rgb == RGBColor(0xC0, 0, 0)
    assert "w:pBdr" in file.paragraphs[2]._element.xml
    texts = [p.text for p in file.paragraphs]
    assert texts[2:5] == ["云岭市交通运输局\t2026年11月2日", "2026年10月工作简报", "法规科："]
    assert texts[-4:-1] == ["云岭市交通运输局", "2026年11月2日", "部门负责人："]
    assert "w:pBdr" not in docx.Document(made.paths["docx"]).element.xml


def test_items_have_their_clause_once_and_no_ticket_number(made):
    lines = lines_of(made.paths["docx"])
    assert any("工单1232****0001反映逐利执法（收费）" in line for line in lines)
    assert not any(re.search(r"\d{12}", line) for line in lines)
    clauses = [line for line in lines if line.endswith("（交办法〔2024〕25号，M-07）")]
    assert clauses == ["「过罚失当、逐利执法等」（交办法〔2024〕25号，M-07）"]
    assert "高新区" in lines  # a place, though it begins with a surname
    headline = "方案重点关注的问题（含次类）：逐利执法2件、一刀切执法0件、过罚失当1件。"
    assert headline in lines


def test_the_workbook_draws_its_own_charts(made):
    book = openpyxl.load_workbook(made.paths["xlsx"])
    sheet = book["图表"]
    assert len(sheet._charts) == 2
    for chart in sheet._charts:  # each is drawn from cells that hold its figures
        reference = chart.series[0].val.numRef.f
        cells = sheet[re.sub(r"^'?图表'?!", "", reference)]
        assert all(isinstance(cell.value, int | float) for row in cells for cell in row)
    line, bar = sheet._charts
    assert bar.x_axis.scaling.orientation == "maxMin"  # the first category on top …
    assert bar.y_axis.scaling.orientation == "minMax"  # … and bars to the right
    assert not bar.series[0].marker.symbol  # a bar with a marker is no valid chart
    assert line.series[0].marker.symbol == "circle"
    labels = [row[0].value for row in sheet["A3:A20"]]
    assert "2026年10月" in labels
    assert "逐利执法" in labels
    assert all(one.freeze_panes for one in book if one.title not in ("说明", "图表"))


def test_the_html_charts_answer_the_pointer_without_a_script(made):
    html = made.paths["html"].read_text(encoding="utf-8")
    assert "<title>2026年10月：11件</title>" in html
    assert "<title>逐利执法：2件</title>" in html
    assert html.count("<polyline") == 1
    assert "<script" not in html
    assert not re.search(r"\son\w+=|javascript:|https?://", html)


def test_columns_share_the_page_and_rates_break_before_their_counts():
    from pipeline.report.render.docx import _broken, _room, _widths

    heads = [
        "受理渠道",
        "本月/件",
        "办结率B",
        "按期办结率",
        "满意率",
        "平均工作日",
        "中位工作日",
        "本月办结/件",
    ]
    row = [
        "12345热线·12345电话",
        "10",
        "70.00%(7/10)",
        "样本不足(n=8)",
        "70.00%(7/10)",
        "7.7",
        "8",
        "7",
    ]
    cells = [heads, row]
    widths = _widths(cells, 9)
    assert sum(widths) == pytest.approx(156)
    rate = _broken(row[2], _room(widths[2], 9))
    assert rate in ("70.00%(7/10)", "70.00%\n(7/10)")
    assert max(len(line) for line in rate.split("\n")) * 0.55 <= _room(widths[2], 9)
    assert _broken("平均工作日", 4.0, is_heading=True) == "平均\n工作日"
    # No number is cut, however many columns there are.
    many = [["地区", *["粗暴执法"] * 11, "合计"], ["高新区", *["1234"] * 11, "13574"]]
    assert all(_room(w, 8) >= 4 * 0.55 for w in _widths(many, 8)[1:])
    # One long column takes the room that short ones leave.
    long = [["等级", "事项", "件"], ["L2 督办", "某大队" * 30, "1"]]
    assert _widths(long, 9)[1] > 120


def test_dates_and_clause_numbers_are_not_broken_over_two_lines():
    import docx

    from pipeline.report.render.docx_form import add_text

    run = add_text(docx.Document().add_paragraph(), "截至2026-11-02（M-04、12-3）A-b")
    assert run.text == "截至2026-11-02（M-04、12-3）A-b"
    assert run._element.xml.count("w:noBreakHyphen") == 4
