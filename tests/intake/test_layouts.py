import io

import pytest
from pydantic import ValidationError

from pipeline.domain.text import word_list
from pipeline.intake.layouts import (
    Layout,
    LayoutError,
    layout_by_name,
    load_layouts,
    shipped_layouts,
)
from pipeline.intake.normalise import Normaliser
from pipeline.intake.reading import open_export
from pipeline.settings import reset_settings
from pipeline.store.vault import Vault
from tests.intake.makers import csv_bytes

OLD_CITY = word_list(
    "12345工单编号 12345受理时间 12345工单来源 12345诉求地址 12345工单类型 12345内容描述"
    " 一级业务分类 主办单位"
)
NEW_CITY = word_list("工单编号 受理时间 工单来源 诉求地址 工单类型 内容描述 一级分类 主办单位")


def test_two_generations_of_headings_are_one_layout():
    layout = layout_by_name("12345")
    old, new = layout.match(OLD_CITY), layout.match(NEW_CITY)
    assert old.mapped.keys() == new.mapped.keys()
    assert [old.unknown, new.unknown, old.missing, new.missing] == [[]] * 4


def test_every_heading_is_mapped_ignored_or_unknown():
    headings = [*NEW_CITY, "序号", "月份", "星座"]
    match = layout_by_name("12345").match(headings)
    assert match.ignored == ["序号", "月份"]
    assert match.unknown == ["星座"]
    mapped = [h for columns in match.mapped.values() for h in columns]
    assert sorted([*mapped, *match.ignored, *match.unknown]) == sorted(headings)


@pytest.mark.parametrize("name", ["12328", "12345"])
def test_columns_of_the_month_are_left_out_by_name(name):
    assert {layout_by_name(name).field_of(heading) for heading in ("年", "月", "月份")} == {""}


def test_headings_are_read_through_spaces_marks_and_notes():
    layout = layout_by_name("12328")
    for heading in (
        "* 受理时间",
        "受理 时间",
        "受理\n时间",
        "受理时间\uff08年月日\uff09",
        "\u3000受理时间:",
    ):
        assert layout.field_of(heading) == "accepted_at"


def test_the_preferred_of_two_headings_comes_first():
    match = layout_by_name("12345").match(["服务过程满意度", "市民满意度"])
    assert match.mapped["satisfaction"] == ["市民满意度", "服务过程满意度"]


ALIASES = {
    "ticket_no": "诉求件编号 诉求编号 案件编号 任务编号 事件编号 受理单号 查询码 受理编号 流水号",
    "content": "诉求内容 内容描述 问题描述 反映内容 来电内容 留言内容 受理内容 投诉内容",
    "category": "诉求类型 工单类型 诉求性质 事项性质 业务类型",
    "handler_unit": "承办单位 主办单位 责任单位 办理单位 二级承办单位 主责部门 牵头单位 转办单位",
    "co_handler_unit": "协办单位 会办单位",
    "reply": "答复市民要点 办理情况 办理意见 公开答复内容 处置结果 处理结果 答复内容 回复内容",
    "region": "所属街道 区县 所属地区 行政区划 事发地",
    "place": "诉求地址 发生地址 事发地址",
    "due_at": "办结时限 时限要求 截止日期 截止时间 应办结时间 到期时间",
    "satisfaction": "回访总体满意度 市民满意度 办理满意度 结果满意度 服务过程满意度 评价结果",
    "resolved": "是否解决 诉求是否解决 解决情况",
    "matter": "一级分类 五级分类 五级业务分类 事项分类 内容分类",
    "intake_channel": "诉求来源 工单来源 渠道来源 受理来源 受理渠道 受理方式",
    "is_confidential": "是否公开 是否保密 是否匿名",
    "urge_count": "催办次数 催单",
    "linked_ticket_no": "关联工单 重复单号 并单号",
}
"""The alias table of domain B6, and what it takes over from B5."""


@pytest.mark.parametrize("name", ALIASES)
def test_the_city_s_layout_knows_every_alias(name):
    layout = layout_by_name("12345")
    assert {layout.field_of(heading) for heading in ALIASES[name].split()} == {name}


@pytest.mark.parametrize("layout", shipped_layouts(), ids=lambda layout: layout.name)
def test_layouts_are_whole(layout):
    assert set(layout.required) <= set(layout.fields)
    for name, headings in layout.fields.items():
        for heading in headings.all():
            assert layout.field_of(heading) == name
    for heading in layout.ignored:
        assert layout.field_of(heading) == ""


@pytest.mark.parametrize(
    "change",
    [
        {"fields": {"colour": ["颜色"]}},
        {"fields": {"title": ["标题"], "content": ["标题"]}},
        {"zzz": 1},
    ],
)
def test_a_wrong_layout_is_refused(change):
    good = {"name": "x", "hotline": "web", "name_zh": "x", "required": [], "fields": {}}
    with pytest.raises(ValidationError):
        Layout(**good | change)


OWN = """
name: snapshot
hotline: web
name_zh: 随手拍
channel: 随手拍APP
number_prefix: SSP-
required: [ticket_no, accepted_at, content]
fields:
  ticket_no: [爆料号]
  accepted_at: [爆料时刻]
  content: [爆料正文]
  caller_id: [爆料人账号]
"""


@pytest.fixture
def own_layouts(tmp_path, monkeypatch):
    """HOTLINE_HOME/layouts, empty."""
    monkeypatch.setenv("HOTLINE_HOME", str(tmp_path))
    reset_settings()
    folder = tmp_path / "layouts"
    folder.mkdir()
    yield folder
    reset_settings()


def test_a_layout_of_the_installation_is_read_beside_those_shipped(own_layouts):
    (own_layouts / "snapshot.yml").write_text(OWN, encoding="utf-8")
    assert [layout.name for layout in load_layouts()] == [
        *(layout.name for layout in shipped_layouts()),
        "snapshot",
    ]
    rows = [
        ["爆料号", "爆料时刻", "爆料正文", "爆料人账号"],
        ["7", "2026-10-01 8:00", "路坏了", "u1"],
    ]
    export = open_export(io.BytesIO(csv_bytes(rows)), "x.csv")
    vault = Vault(b"a secret of the tests, long enough")
    columns = Normaliser(export, vault).normalise(next(export.chunks())).columns
    assert columns["hotline"] == ["web"]
    assert columns["ticket_no"] == ["SSP-7"]
    assert columns["intake_channel"] == ["随手拍APP"]
    assert columns["caller_key"] == [vault.keyed_hash("webSSP-:u1")]  # no other platform's u1


def test_a_changed_layout_is_read_anew_and_one_moved_away_is_asked_for(own_layouts):
    path = own_layouts / "snapshot.yaml"
    path.write_text(OWN, encoding="utf-8")
    assert layout_by_name("snapshot").field_of("爆料分类") is None
    path.write_text(OWN + "  matter: [爆料分类]\n", encoding="utf-8")
    assert layout_by_name("snapshot").field_of("爆料分类") == "matter"
    path.unlink()
    with pytest.raises(LayoutError, match="找不到版式「snapshot」"):
        layout_by_name("snapshot")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (OWN.replace("name: snapshot", "name: '12345'"), "名称「12345」已被另一版式使用"),
        (OWN.replace("channel:", "chanel:"), "chanel（不认识的项）"),
        (OWN.replace("SSP-", "随手拍"), "number_prefix"),
    ],
)
def test_what_cannot_be_read_beside_them_is_named(own_layouts, text, told):
    (own_layouts / "snapshot.yml").write_text(text, encoding="utf-8")
    with pytest.raises(LayoutError, match="版式文件") as error:
        load_layouts()
    assert told in str(error.value)
