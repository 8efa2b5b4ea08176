import io

import pytest
import yaml

from pipeline.domain.outcome import FileStopped
from pipeline.intake.drafting import check_headings, draft_layout, read_layout
from pipeline.intake.layouts import Layout
from tests.conftest import EXPORTS
from tests.intake.makers import csv_bytes

HEADINGS = ["序号", "受理单号", "登记时间", "来电内容", "一级分类", "二级分类", "星座"]
ROW = ["1", "A1", "2026-10-01", "路面坑槽", "交通", "公路", "白羊"]


def test_check_tells_where_every_heading_goes():
    check = check_headings(io.BytesIO(csv_bytes([HEADINGS, ROW])), "x")
    assert check.is_readable
    assert check.mapped["工单编号"] == "受理单号"
    assert (check.ignored, check.unknown) == (["序号"], ["星座"])
    lacking = check_headings(io.BytesIO(csv_bytes([HEADINGS[2:], ROW[2:]])), "x")
    assert not lacking.is_readable
    assert lacking.missing == ["工单编号"]


def test_a_draft_loads_and_places_every_heading():
    text = draft_layout(io.BytesIO(csv_bytes([HEADINGS, ROW])), "x", "新平台")
    layout = Layout(**yaml.safe_load(text))
    match = layout.match(HEADINGS)
    assert not match.missing
    assert not match.unknown
    assert match.ignored == ["序号", "星座"]
    assert match.mapped["matter"] == ["一级分类", "二级分类"]


def test_a_heading_whose_yes_means_no_stays_so():
    headings = ["工单编号", "受理时间", "受理内容", "是否公开", "是否匿名"]
    row = ["A1", "2026-10-01", "路面坑槽", "是", "否"]
    layout = Layout(
        **yaml.safe_load(draft_layout(io.BytesIO(csv_bytes([headings, row])), "x", "新平台"))
    )
    assert layout.is_inverted("is_confidential", "是否公开")
    assert not layout.is_inverted("is_confidential", "是否匿名")


def test_no_draft_without_the_required_columns():
    with pytest.raises(FileStopped):
        draft_layout(io.BytesIO(csv_bytes([HEADINGS[2:], ROW[2:]])), "x", "新平台")


@pytest.mark.parametrize(
    "name",
    ["12328_2026-10.xlsx", "12345_2026-08.csv", "12345_2026-10.csv", "message_board_2026-10.xlsx"],
)
def test_the_draft_of_a_sample_reads_it_as_its_own_layout_does(name):
    data = (EXPORTS / "composed" / name).read_bytes()
    text = draft_layout(io.BytesIO(data), name, "新平台")
    checked = check_headings(io.BytesIO(data), name, read_layout(text))
    known = check_headings(io.BytesIO(data), name)
    assert checked.is_readable
    assert (checked.layout, checked.mapped, checked.unknown) == ("新平台", known.mapped, [])


@pytest.mark.parametrize("text", ["a: [", "- a", "name: x", ""])
def test_what_is_no_layout_is_told(text):
    with pytest.raises(FileStopped, match="版式草稿有误"):
        read_layout(text)
