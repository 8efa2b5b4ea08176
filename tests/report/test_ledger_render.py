"""Lists on paper: nothing runs as a formula, nothing escapes, same list, same bytes."""

import io
import re
import zipfile
from dataclasses import replace
from datetime import date

import openpyxl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipeline.domain.ledger import Column, Ledger
from pipeline.report.render.ledger import cell_text, render_ledger

LIST = Ledger(
    kind="x",
    title="断环清单",
    plan="宁交执法监〔2024〕30号　「已到期（有效期至2025-12-31）」",
    period="2026年10月",
    as_of=date(2026, 11, 20),
    columns=(
        Column("序号", 3),
        Column("工单", 10),
        Column("满意度", 5, is_open=True, choices=("满意", "不满意")),
    ),
    rows=((1, "12328-T1,见10:30", None), (2, "<script>alert(1)</script>", "a,b")),
    empty="本期无断环工单。",
    notes=("口径之一,见上(甲)",),
    summary="断环工单2件。",
    is_expired=True,
)


def _sheet(ledger: Ledger):
    return openpyxl.load_workbook(io.BytesIO(render_ledger(ledger, "xlsx"))).active


def _values(ledger: Ledger) -> list[str]:
    return [str(c.value) for row in _sheet(ledger).iter_rows() for c in row if c.value is not None]


_DANGEROUS = st.builds(
    lambda blanks, start, rest: blanks + start + rest,
    st.text(" \t\r\n\u3000\xa0", max_size=3),
    st.sampled_from("=+-@\t\r＝＋－＠"),
    st.text(
        st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff"),
        min_size=1,
        max_size=12,
    ),
)


@hypothesis_settings(max_examples=60, deadline=None)
@given(_DANGEROUS)
def test_no_cell_begins_a_formula(text):
    shown = cell_text(text)
    assert len(shown) < 2 or shown[0] not in "=+-@＝＋－＠\t\r"
    ledger = replace(LIST, rows=((1, text, text),), summary="x", notes=("x",))
    for row in _sheet(ledger).iter_rows():
        for cell in row:
            assert cell.data_type in {"s", "n"}, cell.value
            if cell.data_type == "s" and len(cell.value) > 1:
                assert not cell.value.lstrip().startswith(
                    ("=", "+", "-", "@", "＝", "＋", "－", "＠")
                )


def test_a_dash_alone_and_ordinary_text_stay_as_they_are():
    assert [cell_text(x) for x in ("-", "—", "甲=乙", None, 3)] == ["-", "—", "甲=乙", "", "3"]


@pytest.mark.parametrize("form", ["xlsx", "html"])
def test_the_same_list_gives_the_same_bytes(form):
    assert render_ledger(LIST, form) == render_ledger(LIST, form)
    assert render_ledger(LIST, form) != render_ledger(replace(LIST, title="别的"), form)


def test_the_sheet_says_what_it_is_and_prints_on_whole_pages():
    sheet = _sheet(LIST)
    said = _values(LIST)
    assert said[:3] == ["断环清单", said[1], "断环工单2件。"]
    assert "已到期（有效期至2025-12-31）" in said[1]
    assert "数据截至：2026-11-20" in said[1]
    assert "1. 口径之一，见上（甲）" in said
    assert "12328-T1，见10:30" in said
    assert "a,b" in said  # what people filled in stays as they wrote it
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.page_setup.fitToHeight == 0
    assert "已到期" in sheet.oddFooter.left.text
    assert sheet.print_title_rows == "$4:$4"
    assert sheet.freeze_panes == "A5"
    (rule,) = sheet.data_validations.dataValidation
    assert rule.formula1 == '"满意,不满意"'
    assert str(rule.sqref) == "C5:C6"


def test_a_page_escapes_and_needs_nothing_from_outside():
    page = render_ledger(LIST, "html").decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"(?:src|href)=|https?://|@import|url\(", page)
    assert page.count("已到期（有效期至2025-12-31）") == 2  # under the title and at the foot


@pytest.mark.parametrize("form", ["xlsx", "html"])
def test_an_empty_list_says_so(form):
    content = render_ledger(replace(LIST, rows=(), summary=""), form)
    if form == "xlsx":
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            content = book.read("xl/sharedStrings.xml")
    assert "本期无断环工单。" in content.decode()
    assert "序号" in content.decode()


@pytest.mark.parametrize("form", ["xlsx", "html"])
def test_a_guarded_list_says_so(form):
    said = render_ledger(replace(LIST, is_restricted=True), form)
    text = "".join(_values(replace(LIST, is_restricted=True))) if form == "xlsx" else said.decode()
    assert "内部限权资料" in text
