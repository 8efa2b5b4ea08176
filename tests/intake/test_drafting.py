import io
import re

import pytest
import yaml

from pipeline.domain.outcome import FileStopped
from pipeline.intake.drafting import check_headings, draft_layout
from pipeline.intake.layouts import Layout, LayoutError, parse_layout
from tests.conftest import EXPORTS
from tests.intake.makers import csv_bytes

HEADINGS = ["序号", "受理单号", "登记时间", "来电内容", "一级分类", "二级分类", "星座"]
ROW = ["1", "A1", "2026-10-01", "路面坑槽", "交通", "公路", "白羊"]

GOOD = """
name: x
hotline: web
name_zh: x
required: [ticket_no]
fields:
  ticket_no: [号]
  content: [诉求]
"""


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


def test_a_draft_for_a_platform_of_which_no_heading_is_known():
    table = [
        ["某市随手拍平台导出"],
        ["查询号", "登记日期", "姓名（选填）", "手机", "具体诉求", "交办部门", "限办日期",
         "办理过程", "答复群众", "群众打分", "是否公开姓名", "大类", "经纬度"],
        ["SSP0001", "2026年10月1日 9:10", "王建国", "13800138000", "第一件:检查站收五百元没有开票",
         "市交通局", "5个工作日", "已调查", "已电话答复", "满意", "否", "交通", "117.2,31.8"],
        ["SSP0002", "2026年10月2日 9:10", "李秀英", "13900139000", "第二件:网约车绕路,多收三十元",
         "市交通局", "2026-10-12", "已核实", "已短信答复", "5星", "是", "客运", "117.3,31.9"],
    ]  # fmt: skip
    data = csv_bytes(table)
    text = draft_layout(io.BytesIO(data), "x", "随手拍")
    layout = parse_layout(text)
    checked = check_headings(io.BytesIO(data), "x", layout)
    assert checked.is_readable
    assert checked.mapped == {
        "工单编号": "查询号", "受理时间": "登记日期", "联系电话": "手机", "受理内容": "具体诉求",
        "承办单位": "交办部门", "办理时限": "限办日期", "办理结果": "办理过程+答复群众",
        "满意度": "群众打分", "是否保密": "是否公开姓名", "业务事项": "大类",
    }  # fmt: skip
    assert layout.fields["reply"].joined
    assert layout.is_inverted("is_confidential", "是否公开姓名")
    assert checked.ignored == ["姓名(选填)", "经纬度"]
    assert "登记日期 → accepted_at（受理时间）" in text
    assert "王建国" not in text
    assert "13800138000" not in text


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
    checked = check_headings(io.BytesIO(data), name, parse_layout(text))
    known = check_headings(io.BytesIO(data), name)
    assert checked.is_readable
    assert (checked.layout, checked.mapped, checked.unknown) == ("新平台", known.mapped, [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "第 1 行不是合格的 YAML"),
        ("- a", "不是「项: 值」"),
        ("", "不是「项: 值」"),
        ("name: x", "hotline（缺少必填项）"),
        (GOOD + "chanel: 随手拍\n", "chanel（不认识的项）"),
        (GOOD.replace("hotline: web", "hotline: 12319"), "hotline（取值不在可选范围内）"),
        (GOOD + "  titel: [标题]\n", "工单没有这些字段：titel"),
        (GOOD + "  title: [诉求]\n", "「诉求」同时给了 content 和 title"),
    ],
)
def test_what_is_no_layout_is_told(text, told):
    with pytest.raises(LayoutError, match=re.escape(told)):
        parse_layout(text)
