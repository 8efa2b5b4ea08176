import io
from datetime import datetime

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.privacy import find_personal_data, mask_plate
from pipeline.domain.ticket import FIELD_NAMES
from pipeline.intake.layouts import layout_by_name
from pipeline.intake.normalise import Normaliser, TicketChunk
from pipeline.intake.reading import RawChunk, open_export, repaired_export
from pipeline.intake.values import other_numbers
from pipeline.store.vault import Vault
from tests.intake.makers import city_csv, csv_bytes

VAULT = Vault(b"a secret of the tests, long enough")
BASE = {
    "工单编号": "12345",
    "受理时间": "2026-10-01 08:00:00",
    "受理内容": "反映路面坑槽",
    "业务类别": "投诉举报",
}


def normalise(*rows: dict, base: dict = BASE) -> TicketChunk:
    headings = list(dict.fromkeys(h for row in (base, *rows) for h in row))
    table = [[(base | row).get(heading, "") for heading in headings] for row in rows]
    export = open_export(io.BytesIO(csv_bytes([headings, *table])), "2026-10.csv")
    chunk = Normaliser(export, VAULT).normalise(next(export.chunks()))
    return chunk


def one(field: str, **cells: str):
    return normalise(cells).columns[field][0]


def test_deadlines_in_working_days_count_from_acceptance():
    # 1 to 7 October 2026 are days off, 10 October is worked.
    due = one("due_at", 办理时限="5个工作日", 受理时间="2026-09-30 08:00:00")
    assert due == datetime(2026, 10, 13, 23, 59, 59)
    assert one("due_at", 办理时限="2026-10-13 08:00") == datetime(2026, 10, 13, 8)


def test_a_deadline_in_a_year_without_a_calendar_is_left_out_with_a_word():
    cells = BASE | {"受理时间": "2041-01-02", "办理时限": "5个工作日"}
    export = open_export(io.BytesIO(csv_bytes([list(cells), list(cells.values())])), "x")
    normaliser = Normaliser(export, VAULT)
    assert normaliser.normalise(next(export.chunks())).columns["due_at"] == [None]
    assert "2041 年的节假日安排尚未收录" in normaliser.warnings_zh()[0]


def test_a_day_without_a_clock_is_the_end_of_a_deadline_and_not_before_acceptance():
    assert one("due_at", 办理时限="2026-10-13") == datetime(2026, 10, 13, 23, 59, 59)
    received = "2026-10-01 08:00"
    assert one("closed_at", 受理时间=received, 办结时间="2026-10-01") == datetime(2026, 10, 1, 8)
    assert one("closed_at", 受理时间=received, 办结时间="2026-10-02") == datetime(2026, 10, 2)


def test_a_day_without_its_year_takes_it_from_the_export():
    assert one("accepted_at", 受理时间="10月3日8时31分") == datetime(2026, 10, 3, 8, 31)
    assert one("closed_at", 办结时间="10月5日") == datetime(2026, 10, 5)
    data = csv_bytes([list(BASE), list((BASE | {"受理时间": "12月20日"}).values())])
    export = open_export(io.BytesIO(data), "2027-01-05.csv")  # what changed until that day
    columns = Normaliser(export, VAULT).normalise(next(export.chunks())).columns
    assert columns["accepted_at"] == [datetime(2026, 12, 20)]


def test_every_column_of_a_reply_is_kept_under_its_heading():
    city = {"12345工单编号": "A1", "12345受理时间": "2026-10-01 08:00", "12345内容描述": "路面坑槽"}
    did, told, shown = "经查,罚款依据充分。", "已电话答复。", "感谢来电。"
    replies = normalise(
        {"12345答复市民要点": told, "办理情况": did, "公开答复内容": shown},
        {"12345答复市民要点": told, "办理情况": "—"},
        {"12345答复市民要点": told, "办理情况": f"{did}{told}"},
        base=city,
    ).columns["reply"]
    assert replies == [
        f"【办理情况】{did}\n【答复市民要点】{told}\n【公开答复内容】{shown}",
        told,
        f"{did}{told}",
    ]


def test_phones_and_callers():
    chunk = normalise(
        {"联系电话": "18051019039、0551-61019039", "来电人": "何师傅"},
        {"联系电话": "+86 180-5101-9039", "来电人": "王建国"},
        {"联系电话": "135****6799", "来电人": "李*"},
        {"联系电话": "\t保密 ", "来电人": ""},
        {"联系电话": "", "来电人": "赵小明", "受理内容": "赵小明来访"},
    )
    columns = chunk.columns
    assert columns["caller_phone"] == [
        "180****9039、0551-****9039",
        "180****9039",
        "135****6799",
        "保密",
        None,
    ]
    assert columns["caller_name"] == ["何师傅", "王某", "李*", None, "赵某"]
    keys = columns["caller_key"]
    assert keys[0] == keys[1] == VAULT.keyed_hash("18051019039")
    assert keys[2:] == [None] * 3
    assert columns["is_confidential"] == [None, None, None, True, None]
    assert columns["content"][4] == "赵某来访"
    assert chunk.contacts == [
        {"name": "何师傅", "phone": "18051019039、0551-61019039"},
        {"name": "王建国", "phone": "+86 180-5101-9039"},
        None,
        None,
        {"name": "赵小明", "phone": None},
    ]


def test_officers_are_masked_in_the_texts_and_handed_over_for_the_vault():
    chunk = normalise(
        {
            "来电人": "王建国",
            "受理内容": "王建国反映执法员张明没亮证\uff0c胸牌0417。",
            "办理结果": "经查\uff0c0417系张明\uff0c执法证号340123456。",
        },
        {"受理内容": "路灯不亮"},
        {"受理内容": "大队长李强不接电话"},
    )
    assert chunk.columns["content"][0] == "王某反映执法员张某没亮证\uff0c胸牌***。"
    assert chunk.columns["reply"][0] == "经查\uff0c***系张某\uff0c执法证号***。"
    assert chunk.contacts == [
        {
            "name": "王建国",
            "phone": None,
            "officers": {"names": ["张明"], "badges": ["0417", "340123456"]},
        },
        None,
        {"officers": {"names": ["李强"], "badges": []}},
    ]


def test_a_name_of_four_characters_is_masked_in_its_column_and_kept_as_contact():
    chunk = normalise({"来电人": "马依布拉"}, {"来电人": "扎西顿珠"}, {"来电人": "安徽某物流公司"})
    assert chunk.columns["caller_name"] == ["马某", "扎某", "安徽某物流公司"]
    assert [contact and contact["name"] for contact in chunk.contacts] == [
        "马依布拉",
        "扎西顿珠",
        None,
    ]


def test_each_of_several_callers_is_masked_in_the_column_and_in_the_text():
    cells = {"来电人": "王建国、李秀英（车主）", "受理内容": "李秀英称车被扣，王建国在场。"}
    spaced = {"来电人": "王 建 国", "受理内容": "王建国在场。"}
    chunk = normalise(cells, spaced, {"来电人": "张伟和李娜(代)"}, {"来电人": "和平物流"})
    names = ["王某、李某（车主）", "王某", "张某和李某(代)", "和平物流"]
    assert chunk.columns["caller_name"] == names
    assert chunk.columns["content"][1] == "王某在场。"
    assert chunk.columns["content"][0] == "李某称车被扣，王某在场。"
    assert chunk.contacts[0]["name"] == cells["来电人"]


def test_a_person_in_the_column_of_units_is_masked_there_and_in_the_text():
    complaint = {"被投诉人": "张建军（蜀山大队）", "受理内容": "张建军出口伤人。"}
    columns = normalise(complaint, {"被投诉人": "安监局"}, {"被投诉人": "高速支队"}).columns
    assert columns["target_unit"] == ["张某(蜀山大队)", "安监局", "高速支队"]
    assert columns["content"][0] == "张某出口伤人。"


def test_value_words():
    assert one("satisfaction", 满意度="满意(短信)") == "满意"
    assert one("satisfaction_raw", 满意度="满意(短信)") == "满意(短信)"
    assert one("status", 状态="待回访") == "已办结"
    assert one("status", 状态="飞走了") == "未识别"
    assert one("satisfaction", 满意度="飞走了") is None
    assert one("category", 业务类别="信息咨询") == "咨询"
    assert one("resolved", 回访结果="未解决") == "未解决"
    assert one("resolved", 回访结果="未接通") is None
    assert one("resolved", 回访结果="是") is None
    assert one("plate", 车牌号="皖A12345") == mask_plate("皖A12345") != "皖A12345"
    assert one("is_confidential", 是否保密="是", 是否匿名="否") is True
    assert one("is_confidential", 是否公开="否") is True
    assert one("is_confidential", 是否公开="是") is False
    assert one("return_count", 退单次数="2") == 2
    for field, heading in {
        "handler_unit": "承办单位",
        "co_handler_unit": "协办单位",
        "target_unit": "被投诉单位",
    }.items():
        assert one(field, **{heading: "市执法支队"}) == "市交通运输综合行政执法支队"


def test_a_reply_under_the_heading_of_an_answer_is_the_reply():
    reply = "经核实,执法人员已当面致歉,罚款已退还。"
    city = {
        "诉求编号": "A1",
        "受理时间": "2026-10-01 08:00",
        "问题描述": "路面坑槽",
        "案件状态": "办结",
    }
    both = {"办理结果": reply, "办理情况": "甲。"}
    partly = {"办理结果": reply, "是否解决": "部分解决"}
    rows = normalise({"办理结果": reply}, {"办理结果": "1"}, both, partly, base=city).columns
    assert rows["reply"] == [reply, None, f"【办理情况】甲。\n【办理结果】{reply}", reply]
    assert rows["resolved"] == [None, "未解决", None, "部分解决"]


def test_region_from_the_address_and_levels_of_matter():
    base = {
        "工单编号": "1",
        "受理时间": "2026-10-01 08:00:00",
        "内容描述": "x",
        "诉求地址": "城东区人民路",
    }
    columns = normalise(
        {"一级分类": "交通运输", "二级分类": "", "三级分类": "执法"}, base=base
    ).columns
    assert columns["region"] == ["城东区"]
    assert columns["place"] == ["城东区人民路"]
    assert columns["matter"] == ["交通运输/执法"]
    assert columns["hotline"] == ["12345"]


def test_the_first_of_several_headings_that_says_something_counts():
    assert one("region", 所属地区="—", 行政区划="青原县") == "青原县"
    assert one("region", 所属地区="直属片", 事发地点="城东区人民路") == "直属片"


@pytest.mark.parametrize("said", [{"答复时间": "2026-10-05"}, {"答复意见": "已收悉"}])
def test_a_message_with_an_answer_or_its_time_is_closed(said):
    base = {"留言编号": "1", "留言时间": "2026-10-01 08:00:00", "留言详情": "x"}
    assert normalise(said, base=base).columns["status"] == ["已办结"]


def test_board_users_are_linked_within_their_board_only():
    base = {"留言编号": "1", "留言时间": "2026-10-01 08:00:00", "留言详情": "x", "留言用户": "A001"}
    columns = normalise({}, {"答复时间": "2026-10-05", "答复意见": "已收悉"}, base=base).columns
    assert columns["caller_key"] == [VAULT.keyed_hash("web:A001")] * 2
    assert columns["status"] == [None, "已办结"]


def test_the_numbers_of_other_platforms_are_kept_in_the_form_of_ticket_numbers():
    number, other = "12345340120261020000000", "12345340120261020000001"
    assert one("linked_ticket_no", 转办单号=f"'{number}\t") == number
    assert one("linked_ticket_no", 转办单号=f"{number},{number}", 关联工单=other) == (
        f"{number}、{other}"
    )
    assert one("linked_ticket_no", 关联工单="13900001111") == "139****1111"
    assert one("linked_ticket_no", 关联工单="无", 转办单号="") is None
    assert one("linked_ticket_no", 转办单号="1.23E+22") == "1.23E+22"
    assert layout_by_name("12328").field_of("12345工单编号") == "linked_ticket_no"
    own = {"工单编号": "区2026-1", "内容描述": "x", "主办单位": "甲", "12345工单编号": number}
    columns = normalise({"12345受理时间": "2026-10-01 08:00"}, base=own).columns
    assert (columns["ticket_no"], columns["linked_ticket_no"]) == (["区2026-1"], [number])


def test_state_is_the_newest_time_behind_the_ticket_not_its_deadline():
    at = one(
        "state_at",
        转办时间="2026-10-02",
        办结时间="2026-10-09 10:00",
        办理时限="2026-12-01",
        回访时间="无",
    )
    assert at == datetime(2026, 10, 9, 10)
    assert one("state_at", 回访时间="2026-10-12 10:00") == datetime(2026, 10, 12, 10)


def test_problems_go_to_their_columns():
    chunk = normalise(
        {"工单编号": "1.2328E+23"},
        {"工单编号": " "},
        {"受理时间": "上周三"},
        {"受理时间": "0000-00-00 00:00:00"},
        {"受理时间": ""},
        {"受理内容": "无", "标题": "只有标题"},
        {"受理内容": "长" * 32_768},
        {"受理内容": "长" * 32_767},
    )
    columns = chunk.columns
    assert columns["content"][5:7] == [None, None]
    assert columns["ticket_no_problem"] == ["scientific", "missing", *[None] * 6]
    assert columns["accepted_at_problem"] == [
        None,
        None,
        "unreadable",
        "impossible",
        "missing",
        *[None] * 3,
    ]
    assert columns["content_problem"] == [*[None] * 5, "missing", "too_long", None]
    assert columns["row_problem"] == [None] * 8


def test_a_wide_row_has_its_problem_and_keeps_its_cells():
    data = csv_bytes([list(BASE), [*BASE.values()], [*BASE.values(), "多"]])
    export = open_export(io.BytesIO(data), "x")
    chunk = Normaliser(export, VAULT).normalise(next(export.chunks()))
    assert chunk.columns["row_problem"] == [None, "too_wide"]
    assert len(set(chunk.columns["row_hash"])) == 2


def test_row_hash_leaves_the_running_number_out():
    hashes = normalise({"序号": "1"}, {"序号": "2"}, {"序号": "2", "受理内容": "别的"}).columns[
        "row_hash"
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_text_hash_follows_the_masked_text():
    a, b, c = normalise(
        {"受理内容": "电话13800001234"},
        {"受理内容": "电话13899991234"},
        {"受理内容": "电话13800005678"},
    ).columns["text_hash"]
    assert a == b != c
    assert len(a) == 32


def test_unreadable_secondary_values_are_counted():
    export = open_export(
        io.BytesIO(csv_bytes([[*BASE, "办结时间", "状态"], [*BASE.values(), "改天", "飞走了"]])),
        "x",
    )
    normaliser = Normaliser(export, VAULT)
    chunk = normaliser.normalise(next(export.chunks()))
    assert chunk.columns["closed_at"] == [None]
    assert normaliser.warnings_zh() == [
        "「办结时间」有 1 个值无法识别为时间，已留空。",
        "「状态」有未登记的取值：飞走了。",
    ]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_formula_error_is_blank_with_a_word_and_the_row_is_kept(form):
    headings = [*BASE, "承办单位", "办结时间", "满意度"]
    rows = [[*BASE.values(), "#REF!", " #N/A ", "满意"] for _ in range(7)]
    rows[0][0] = rows[0][2] = "#VALUE!"  # no number, and no content either
    rows[2][4], rows[3][4] = "1#支队", "#REF!不是错误"
    rows.append(["", "", "", "", "#N/A", "", "#N/A"])  # a formula drawn down too far
    rows.append(["#REF!"] * len(headings))  # a ticket, lost
    data = _with_errors([headings, *rows]) if form == "xlsx" else csv_bytes([headings, *rows])
    export = open_export(io.BytesIO(data), "x")
    normaliser = Normaliser(export, VAULT)
    chunks = [normaliser.normalise(raw) for raw in export.chunks(3)]
    columns = {
        name: [value for chunk in chunks for value in chunk.columns[name]]
        for name in chunks[0].columns
    }
    assert columns["ticket_no"] == [None, *["12345"] * 6, None]
    assert columns["content_problem"] == ["missing", *[None] * 6, "missing"]
    assert columns["handler_unit"] == [None, None, "1#支队", "#REF!不是错误", *[None] * 4]
    assert chunks[0].raw.row(0)["承办单位"] == "#REF!"  # as received, for quarantine
    where = "工作表「明<细」" if form == "xlsx" else ""
    said = normaliser.warnings_zh()
    assert f"{where}「承办单位」列有 6 个单元格是公式错误（#REF），已留空：" \
        "第 2、3、6、7、8 行等，请核对原表。" in said  # fmt: skip
    assert f"{where}「满意度」列有 1 个单元格是公式错误（#REF），已留空：" \
        "第 10 行，请核对原表。" in said  # fmt: skip
    assert not any("识别" in warning or "未登记" in warning for warning in said)


@pytest.mark.parametrize(
    ("numbers", "warned"),
    [
        (["341203202610011010"] * 3, False),
        (["341203202610011000"] * 3 + ["341203202610011234"] * 2, True),
        (["341203202610011000"] * 3 + ["341203202610011234"] * 3, False),
        (["341203202610011000"] * 2, False),
        (["3412032026100110"] * 3, True),
        (["341203202610000"] * 3, False),
    ],
)
def test_numbers_that_look_rounded_are_kept_with_a_word(numbers, warned):
    rows = [[*BASE], *([number, *list(BASE.values())[1:]] for number in numbers)]
    export = open_export(io.BytesIO(csv_bytes(rows)), "x")
    normaliser = Normaliser(export, VAULT)
    kept = [n for raw in export.chunks(2) for n in normaliser.normalise(raw).columns["ticket_no"]]
    assert kept == numbers
    assert any("舍入" in warning for warning in normaliser.warnings_zh()) is warned


def _with_errors(rows: list[list[str]]) -> bytes:
    """The second sheet of two; openpyxl writes the words of errors as such."""
    book = openpyxl.Workbook()
    sheet = book.create_sheet("明<细")
    for row in rows:
        sheet.append([cell.strip() for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_nothing_personal_is_left_in_any_column():
    data = city_csv(300)
    export = open_export(io.BytesIO(data), "x")
    chunk = Normaliser(export, VAULT).normalise(next(export.chunks()))
    assert any("****" in text for text in chunk.columns["content"])
    for name in FIELD_NAMES:
        if name != "caller_key":
            for value in chunk.columns[name]:
                assert not (isinstance(value, str) and find_personal_data(value)), name


CELLS = st.text(max_size=20) | st.sampled_from(
    [
        "2026-10-01",
        "满意(短信)",
        "13800001234",
        "1E5",
        "是",
        "5个工作日",
        "王建国",
        "0000-00-00",
        "皖A12345",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(["12328", "12345", "web"]))
def test_any_cells_give_as_many_rows_and_raise_nothing(data, name):
    layout = layout_by_name(name)
    headings = sorted({h for f in layout.fields.values() for h in f.all()})
    rows = data.draw(
        st.lists(
            st.lists(CELLS, min_size=len(headings), max_size=len(headings)), min_size=1, max_size=3
        )
    )
    raw = RawChunk(
        headings,
        list(range(1, len(rows) + 1)),
        "",
        [2] * len(rows),
        list(map(list, zip(*rows, strict=True))),
        name,
    )
    chunk = Normaliser(repaired_export(layout, headings, None, None), VAULT).normalise(raw)
    assert (
        {len(column) for column in chunk.columns.values()} == {len(rows)} == {len(chunk.contacts)}
    )
    for field in FIELD_NAMES:
        for value in chunk.columns[field]:
            if isinstance(value, str) and field != "caller_key":
                assert find_personal_data(value) == []


@pytest.mark.parametrize("field", FIELD_NAMES)
def test_every_field_of_a_ticket_is_always_there(field):
    assert field in normalise({}).columns


@pytest.mark.parametrize("between", ["、", ",", "，", ";", "；", "/", " ", "\n"])
def test_each_number_of_a_cell_is_read_whatever_stands_between(between):
    cell = f"SJ202610010001{between}YC202610020002"
    assert other_numbers(cell) == "SJ202610010001、YC202610020002"
