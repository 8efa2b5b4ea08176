"""The documents beside the main report: what each plan asks for, in ordinary and extreme months."""

import os
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import date, datetime

import openpyxl
import pytest

from pipeline.policies import load_profile, profile_ids
from pipeline.report import ReportPolicy, make_report
from pipeline.report.compose import compose
from pipeline.report.figures import load
from pipeline.report.papers import _FORMS, compose_paper
from pipeline.report.render import render_docx
from pipeline.report.tracing import find_report, frame_of
from pipeline.settings import Settings, SettingsError
from pipeline.stages.policy import report_policy
from pipeline.store.engine import make_engine, upgrade
from pipeline.store.tables import ticket
from tests.report.builder import StoreBuilder, handmade
from tests.report.reading import lines_of
from tests.report.test_form import NARROW

PROFILES = ["ah-2024", "fz-ja-2024", "xn-2024-30"]
"""Together they have every form (a test below); the others repeat them."""

SETTINGS = Settings(secret_key="0" * 64, bureau="云岭市交通运输局")
AS_OF = date(2026, 11, 2)


def policy_of(profile: str):
    return report_policy(load_profile(profile), AS_OF, SETTINGS)


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """``make(profile, month)`` over one store: October by hand, September all but empty."""
    home = tmp_path_factory.mktemp("papers")
    engine = make_engine(Settings(home=home, secret_key="0" * 64))
    upgrade(engine)
    build = StoreBuilder(engine)
    handmade(build)
    done = {}

    def make(profile, month="2026-10", out="reports"):
        if (profile, month, out) not in done:
            done[profile, month, out] = make_report(
                engine, month=month, policy=policy_of(profile), as_of=AS_OF,
                at=datetime(2026, 11, 2, 6, 0), out_dir=home / out,
                code_version="test", model_version="m1",
            )  # fmt: skip
        return done[profile, month, out]

    make.engine = engine
    yield make
    engine.dispose()


def text_of(made, name: str) -> str:
    return "\n".join(lines_of(made.paths[name]))


@pytest.mark.parametrize("profile", PROFILES)
def test_every_document_that_a_plan_asks_for_is_made(make, profile):
    made, policy = make(profile), policy_of(profile)
    assert made.state == "filed", made.findings
    assert policy.papers
    for paper in policy.papers:
        lines = lines_of(made.paths[paper.name.removesuffix("(上月)")])
        assert [line for line in lines if NARROW.search(line)] == []
        text = "\n".join(lines)
        assert "2026年11月2日" in text
        assert "云岭市交通运输局" in text
        assert f"{paper.to}：" in text or not paper.to
        assert f"{paper.reviewer}：" in text or not paper.reviewer


def test_every_plan_has_papers_and_every_form_is_tried():
    forms = {one: {paper.form for paper in policy_of(one).papers} for one in profile_ids()}
    assert all(forms.values())
    assert set().union(*(forms[one] for one in PROFILES)) == set(_FORMS)


@pytest.mark.parametrize("profile", ["xn-2024-30"])
def test_papers_are_the_same_bytes_again(make, profile):
    first, again = make(profile), make(profile, out="again")
    assert {k: v.read_bytes() for k, v in first.paths.items()} == {
        k: v.read_bytes() for k, v in again.paths.items()
    }


def test_xining_files_its_figures_by_the_5th_and_its_brief_by_the_25th(make):
    made = make("xn-2024-30")
    text = text_of(made, "行政执法监督数据填报")
    assert "报送时限：2026年11月5日前（文件规定）" in text
    brief = text_of(made, "提升交通运输行政执法质量三年行动工作简报")
    assert "报送时限：2026年11月25日前（文件规定）" in brief
    assert brief.index("法规科：") < brief.index("一、主要数据")
    book = openpyxl.load_workbook(made.paths["行政执法监督数据填报(xlsx)"])
    rows = {row[0]: row[1] for row in book["填报数据"].iter_rows(min_row=3, values_only=True)}
    assert (rows["执法类投诉举报"], rows["涉及人数"], rows["行刑衔接"]) == (8, 7, "—")
    words = [row[0] for row in book["突出问题"].iter_rows(min_row=3, values_only=True)]
    assert words[:4] == ["一刀切执法", "机械执法", "简单粗暴执法", "野蛮执法"]  # the plan's order


def test_anhui_measures_its_targets_and_teaches_from_verified_cases(make):
    made = make("ah-2024")
    text = text_of(made, "执法运行情况分析简报")
    assert "二、目标完成情况" in text
    assert "≥95%" in text
    assert "不作判断" in text  # fewer than ten ratings
    assert "约谈督导建议" not in text  # nothing was raised for this plan
    book = text_of(made, "执法典型案例错题本")
    assert "情形：群众反映“不开票就要交钱”。经核查，反映属实。" in book
    assert "错在哪：以罚代管、一罚了之" in book
    assert "应当怎样：处罚与教育、纠正相结合" in book
    assert "依据：「防止以罚代管」（《安徽省" in book


def test_jin_an_writes_to_the_justice_bureau_and_to_the_district(make):
    made = make("fz-ja-2024")
    assert "区司法局：" in text_of(made, "专项整治总结材料")
    text = text_of(made, "行政执法工作情况报告")
    assert "区政府：" in text
    assert "野蛮执法" in text
    assert "裁量权基准实行零幅度裁量模式" in text
    assert "已到期（有效期至2025-12-31）" in text


@pytest.mark.parametrize(
    ("profile", "month"),
    [("mot-2024-25", "2026-05"), ("ah-2024", "2026-05"), ("fz-ja-2024", "2026-09")],
)
def test_papers_of_a_month_without_tickets_and_with_one(make, profile, month):
    made = make(profile, month)
    assert made.state == "filed", made.findings
    for paper in policy_of(profile).papers:
        text = text_of(made, paper.name)
        if month == "2026-05" and paper.form != "casebook":
            assert "2026年5月未收到任何工单，本月未收到执法类投诉举报。" in text
        if paper.form == "casebook":
            assert "本月没有核查属实、可以编入的案例。" in text
        assert not re.search(r"None|nan", text)


def test_a_brief_stays_on_its_page(make, tmp_path):
    """With every type, every level, four digits throughout and a red head."""
    if not shutil.which("soffice") or not shutil.which("pdfinfo"):
        needed = "needs LibreOffice: apt-get install -y libreoffice-writer poppler-utils"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(needed)
    make("xn-2024-30")
    with make.engine.connect() as connection:
        row = find_report(connection, "2026-10", "xn-2024-30")
        frame, figures = frame_of(connection, row), load(connection, row.id)
        main = replace(compose(row, frame, figures, (), None), masthead="有")
        many = {
            n: replace(f, value=f.value if f.unit == "%" else (f.value or 3) * 1000)
            if f.value is not None
            else f
            for n, f in figures.items()
        }
        paper = next(p for p in frame.policy.papers if p.form == "brief")
        document = compose_paper(main, frame, many, paper)
    text = "".join(span for block in document.blocks() for span in map(str, [block]))
    assert text.count("'项'") == 5 + 1  # all five levels and the sum
    (tmp_path / "brief.docx").write_bytes(render_docx(document, datetime(2026, 11, 2)))
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless",
         "--convert-to", "pdf", "--outdir", tmp_path, tmp_path / "brief.docx"],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    told = subprocess.run(
        ["pdfinfo", tmp_path / "brief.pdf"], check=True, capture_output=True, text=True
    )
    assert "Pages:           1\n" in told.stdout


def test_a_red_head_needs_a_bureau():
    with pytest.raises(SettingsError, match="HOTLINE_BUREAU"):
        report_policy(load_profile("ah-2024"), AS_OF, Settings(secret_key="0" * 64, red_head=True))


def test_a_restated_rate_is_printed_with_its_unmoved_denominator(tmp_path):
    """Else the linter would hold back every revision in which only a numerator moved."""
    engine = make_engine(Settings(home=tmp_path, secret_key="0" * 64))
    upgrade(engine)
    build = StoreBuilder(engine)
    ids = [build.ticket(f"2026-10-{day:02d} 09:00:00", satisfaction="满意") for day in range(1, 13)]

    def make():
        return make_report(
            engine, month="2026-10", policy=ReportPolicy(), as_of=AS_OF,
            at=datetime(2026, 11, 2, 6, 0), out_dir=tmp_path / "reports",
            code_version="test", model_version="m1",
        )  # fmt: skip

    make()
    with engine.begin() as connection:
        connection.execute(
            ticket.update().where(ticket.c.id == ids[0]).values(satisfaction="不满意")
        )
    made = make()
    assert made.state == "filed", made.findings
    assert "91.67%（分母12）" in text_of(made, "docx").replace("\n", "")
    engine.dispose()
