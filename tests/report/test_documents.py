"""The documents: every kind of month, the same bytes twice, and no lead or person in them."""

import io
import re
import zipfile

import docx
import openpyxl
import pytest

from pipeline.report.policy import ReportPolicy, Target
from pipeline.report.render import charts
from pipeline.store.engine import make_engine, upgrade
from tests.report.builder import FIRM, LIN, TRUCK, handmade

HEADINGS = [
    "一、总体情况", "二、问题类型分布", "三、重点群体与领域", "四、办理质效",
    "五、高频事项与争议罚款事项", "六、苗头性、隐蔽性问题", "七、监督事项清单", "八、典型案例",
    "九、工作建议", "十、附表、口径与数据质量",
]  # fmt: skip


@pytest.fixture
def engine(sqlite_settings):
    """SQLite alone: rendering reads figures, which test_figures proves on both databases."""
    engine = make_engine(sqlite_settings)
    upgrade(engine)
    yield engine
    engine.dispose()


def docx_text(path) -> str:
    file = docx.Document(path)
    cells = [c.text for table in file.tables for row in table.rows for c in row.cells]
    return "\n".join([p.text for p in file.paragraphs] + cells)


def everything(made) -> str:
    """All text of all files, zipped parts opened."""
    found = []
    for path in made.paths.values():
        content = path.read_bytes()
        if content[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                found += [
                    archive.read(name).decode("utf-8", "ignore") for name in archive.namelist()
                ]
        else:
            found.append(content.decode())
    return "\n".join(found)


def test_every_section_is_there(build, report_of):
    handmade(build)
    made = report_of()
    text = docx_text(made.paths["docx"])
    html = made.paths["html"].read_text(encoding="utf-8")
    for heading in HEADINGS:
        assert heading in text
        assert heading in html
    assert "审核：" in text
    assert "签发：" in text
    assert "2026年第10期" in text
    # the same sentence in both
    said = "其中，执法类投诉举报8件，占受理工单的72.73%（8/11），"
    assert said in text
    assert said in re.sub("<[^>]*>", "", html)


def test_the_docx_is_an_official_document(build, report_of):
    build.ticket()
    made = report_of(policy=ReportPolicy(status_zh="已到期（有效期至2025-12-31）"))
    file = docx.Document(made.paths["docx"])
    page = file.sections[0]
    assert [round(side.mm) for side in (page.page_width, page.page_height)] == [210, 297]
    margins = (page.top_margin, page.bottom_margin, page.left_margin, page.right_margin)
    assert [round(side.mm) for side in margins] == [37, 35, 28, 26]
    footer = "\n".join(p.text for p in page.footer.paragraphs)
    assert "已到期（有效期至2025-12-31）" in footer
    assert "PAGE" in page.footer._element.xml
    xml = file.element.xml
    for font in ("方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312"):
        assert f'w:eastAsia="{font}"' in xml
    with zipfile.ZipFile(made.paths["docx"]) as archive:
        assert "w:altName" in archive.read("word/fontTable.xml").decode()


def test_an_empty_month_is_a_good_report_too(build, report_of):
    build.ticket("2026-09-10 09:00:00", scope="E0")
    made = report_of()
    assert made.state == "filed"
    text = docx_text(made.paths["docx"])
    assert "2026年10月未收到任何工单，本月未收到执法类投诉举报。" in text
    assert "本月没有核查结论为属实、可以选登的案例。" in text
    assert "本月没有提出监督事项。" in text
    assert "%" not in text.split("指标口径")[0]


def test_a_store_without_any_ticket(engine, report_of):
    made = report_of()
    assert made.state == "filed"
    assert "本月没有导入文件。" in docx_text(made.paths["docx"])


def test_one_ticket(build, report_of):
    build.ticket(caller_key=None)
    text = docx_text(report_of().paths["docx"])
    assert "2026年10月共受理各类工单1件，无上月、去年同月数据，不作环比、同比。" in text
    assert text.count("不作环比") == 1
    assert "其中，执法类投诉举报1件。" in text
    assert "样本不足（n=1）" in text
    assert "本月执法类投诉举报不足10件，不列分项办理情况（系统默认）。" in text
    assert "T02" not in text  # no row for a type that nobody spoke of
    assert "历史数据不足3个月，本期不作苗头性判断。" in text
    assert not re.search(r"\d%", text.split("指标口径")[0])


def test_a_month_without_enforcement_complaints(build, report_of):
    build.ticket("2026-09-10 09:00:00")
    build.ticket(scope="E0")
    text = docx_text(report_of().paths["docx"])
    assert "本月未收到执法类投诉举报，较上月减少1件（上月1件）" in text


def test_a_missing_source_is_said(build, report_of):
    for day in range(1, 29):
        for _ in range(3):
            build.ticket(f"2026-10-{day:02d} 09:00:00", scope="E0")
    made = report_of()
    codes = {finding.code for finding in made.findings}
    assert {"missing_source", "missing_days", "no_previous", "no_year_ago"} <= codes
    text = docx_text(made.paths["docx"])
    assert "本月没有12345热线的工单，可能缺少来源。" in text
    assert "12328热线有3天没有工单：29日、30日、31日。" in text


def test_comparisons_and_small_numbers(build, report_of):
    for day in range(1, 13):
        build.ticket(f"2026-10-{day:02d} 09:00:00", types=("rough",), flags=(TRUCK,))
    for day in range(1, 11):
        build.ticket(f"2026-09-{day:02d} 09:00:00", types=("rough",), flags=(TRUCK,))
    build.ticket("2025-10-02 09:00:00", types=("rough",), flags=(FIRM,))
    text = docx_text(report_of().paths["docx"])
    assert "环比上升20.00%（上月10件），较去年同月增加11件（去年同月1件）" in text
    assert "占受理工单的100.00%（12/12）" in text
    assert "本月未收到涉企执法类投诉举报，与上月持平（均为0件）" in text


def test_new_clusters_are_seen_only_with_enough_history(build, report_of):
    for month in ("07", "08", "09"):
        build.ticket(f"2026-{month}-10 09:00:00", types=("rough",))
    for day in ("10", "11"):
        build.ticket(f"2026-10-{day} 09:00:00", types=("entrapment",), target_unit=LIN)
        build.ticket(f"2026-10-{day} 09:00:00", types=("rough",))
    text = docx_text(report_of().paths["docx"])
    assert f"前3个月没有、本月2件及以上（系统默认）的有：{LIN}·钓鱼执法2件。" in text


def test_the_plan_s_target_is_marked_as_its_text(build, report_of):
    build.ticket()
    policy = ReportPolicy(id="ah-2024", targets=(Target("satisfaction", 95.0, "AH-01"),))
    text = docx_text(report_of(policy=policy).paths["docx"])
    assert "≥95%（文件规定）" in text
    assert "按期办结率（系统默认）" in text


def test_items_and_cases_are_printed_and_leads_are_not(build, report_of):
    ordinary = build.ticket(types=("rough",), verified="属实",
                            evidence={"rough": ["大声训斥司机"]})  # fmt: skip
    lead = build.ticket(types=("integrity",), flags=("廉政",), verified="属实", target_unit=LIN,
                        ticket_no="LEAD00000001",
                        evidence={"integrity": ["收了好处费"]})  # fmt: skip
    named = build.ticket(types=("selective",), verified="属实",
                         evidence={"selective": ["张队长不查熟人"]})  # fmt: skip
    build.item([ordinary], level="L2", summary="群众反映粗暴执法,内容具体。")
    build.item([lead], level="X", rule="R07", summary="机密内容甲")
    build.item([named], level="L2", state="转移送", summary="机密内容乙")
    closed = build.item([ordinary], level="L1", state="已销号")
    build.event(closed, "已销号", "2026-10-31 23:59:59")
    made = report_of()
    assert made.state == "filed", made.findings
    text = docx_text(made.paths["docx"])
    assert (
        "本月工单涉及监督事项2项，其中提醒(L1)1项、督办(L2)1项。".replace("(", "（").replace(
            ")", "）"
        )
        in text
    )
    assert "另有事项按规定另报。" in text
    assert "本月销号1项。" in text
    assert "案例1（粗暴执法）：群众反映“大声训斥司机”。经核查，反映属实。" in text
    found = everything(made)
    for secret in ("机密内容", "收了好处费", "张队长", "R07", "LEAD", "12328340100"):
        assert secret not in found


def test_ticket_lists_are_masked_and_linked(build, report_of):
    build.ticket(types=("rough",))
    build.ticket(types=("rough",), is_confidential=True)
    made = report_of()
    page = made.paths["tickets"].read_text(encoding="utf-8")
    html = made.paths["html"].read_text(encoding="utf-8")
    assert 'id="n-2.rough.count"' in page
    assert f'href="{"%E5%B7%A5%E5%8D%95%E6%B8%85%E5%8D%95_2026-10.html"}#n-2.rough.count"' in html
    assert "1232****0001(10-10)" in page
    assert "0002(10-10)" not in page  # asked to stay confidential
    for text in (page, html):
        assert not re.search(r"""(src|href)=["']?(https?:)?//""", text)
        assert "<script" not in text


def test_the_xlsx_holds_all_tables(build, report_of):
    handmade(build)
    book = openpyxl.load_workbook(report_of().paths["xlsx"])
    assert {"说明", "问题类型", "口径", "监督事项", "单位", "全部数字", "数据质量"} - {
        "监督事项"
    } <= set(book.sheetnames)
    sheet = book["问题类型"]
    assert sheet.freeze_panes == "B3"
    rows = {row[0]: row for row in sheet.iter_rows(min_row=3, values_only=True)}
    assert rows["T01 逐利执法"][1] == 2
    assert rows["合计"][1] == 8
    numbers = {row[0]: row[2] for row in book["全部数字"].iter_rows(min_row=2, values_only=True)}
    assert numbers["1.received"] == 11
    assert numbers["4.closure_a.rate"] == "不计算"


def test_two_renderings_are_byte_identical(build, report_of):
    handmade(build)
    first, second = report_of(out="one"), report_of(out="two")
    for kind, path in first.paths.items():
        assert path.read_bytes() == second.paths[kind].read_bytes(), kind


def test_without_a_chinese_font_there_is_a_note_and_no_picture(build, report_of, monkeypatch):
    monkeypatch.setattr(charts, "cjk_font", lambda: None)
    build.ticket()
    build.ticket(types=("entrapment",))
    path = report_of().paths["docx"]
    assert "本机没有中文字体" in docx_text(path)
    with zipfile.ZipFile(path) as archive:
        assert not [name for name in archive.namelist() if name.startswith("word/media")]


def test_with_a_chinese_font_the_charts_are_drawn(build, report_of):
    if charts.cjk_font() is None:
        pytest.skip("no font with Chinese on this machine")
    build.ticket()
    build.ticket(types=("entrapment",))
    with zipfile.ZipFile(report_of().paths["docx"]) as archive:
        assert [name for name in archive.namelist() if name.startswith("word/media")]


def test_long_tables_say_what_is_left_out(build, report_of):
    for n in range(45):
        build.ticket(target_unit=f"第{n:02d}执法大队")
    made = report_of()
    text = docx_text(made.paths["docx"])
    assert "其余5行见同名xlsx的“单位”表。" in text
    book = openpyxl.load_workbook(made.paths["xlsx"])
    assert len(list(book["单位"].iter_rows(min_row=3))) == 45 + 1 + 1  # units, total, note
