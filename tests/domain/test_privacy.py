import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.domain.namecells import people_named
from pipeline.domain.privacy import (
    find_personal_data,
    id_checksum_ok,
    luhn_ok,
    mask_name,
    mask_phone,
    mask_plate,
    mask_text,
    mask_ticket,
    personal_data,
)
from pipeline.domain.text import word_list


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("请回电13800001234谢谢", "请回电138****1234谢谢"),
        ("138 0000 1234", "138****1234"),
        ("138-0000-1234", "138****1234"),
        ("1380 000 1234", "138****1234"),
        ("+86 138-0000-1234", "138****1234"),
        ("8613800001234", "138****1234"),
        ("013800001234", "138****1234"),
        ("1 3 8 0 0 0 0 1 2 3 4", "138****1234"),
        ("\uff11\uff13\uff18\uff10\uff10\uff10\uff10\uff11\uff12\uff13\uff14", "138****1234"),
        ("幺三八零零零零一二三四", "138****1234"),
        ("一三八零零零零1234", "138****1234"),
        ("打0551-64192260找人", "打0551-****2260找人"),
        ("\uff080551\uff0964192260", "0551-****2260"),
        ("055164192260", "0551-****2260"),
        ("0551-64192260转8012", "0551-****2260"),
        ("010-64192260", "010-****2260"),
        ("座机是64192260", "座机是****2260"),
        ("身份证340102198101157967)", "身份证340****7)"),
        ("340102 19810115 7967", "340****7"),
        ("身份证号:340102810115796", "身份证号:340****6"),
        ("车号皖A·12345被扣", "车号皖A·***45被扣"),
        ("皖A12345D", "皖A·***5D"),
        ("皖a-12345", "皖A·***45"),
        ("鲁B1234挂", "鲁B·***4挂"),
        ("皖\uff21\uff11\uff12\uff13\uff14\uff15", "皖A·***45"),
        ("卡号6222021234567890123", "卡号6222****23"),
        ("卡4111 1111 1111 1111", "卡4111****11"),
        ("发邮件到zhang.san@example.com", "发邮件到z***@***"),
        ("微信号:zhangsan_88", "微信号:zh***"),
        ("加我QQ号12345678", "加我QQ号12***"),
        ("住3栋2单元501室", "住*栋*单元***室"),
    ],
)
def test_masks(text, masked):
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("联系人王建国,电话", "联系人王某,电话"),
        ("姓名\uff1a欧阳锋。", "姓名\uff1a欧阳某。"),
        ("我叫张伟在合肥开货车", "我叫张某在合肥开货车"),
        ("来电人李娜反映", "来电人李某反映"),
        ("本人赵六\uff0c系货车司机", "本人赵某\uff0c系货车司机"),
        ("经办人刘洋洋电话没人接", "经办人刘某电话没人接"),
        ("请领导核实。\n张建国\n2026年10月3日", "请领导核实。\n张某\n2026年10月3日"),
        ("联系人周强\uff0c周强说先交钱", "联系人周某\uff0c周某说先交钱"),
    ],
)
def test_names_after_cues_and_in_signatures(text, masked):
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "工单12345340120260825000000已转办",
        "受理时间20260806153711",
        "订单号13812345678还没到",
        "损失13800001234元",
        "S105县道与G4212交叉口K1234+500",
        "罚款2000元\uff0c编号皖交罚〔2026〕0012345号",
        "案号340100202611030013",  # a region and a date of our days, wrong check digit
        "2026-08-10 21:08:20至2026-08-11",
        "拨打12328、12345、110都没用",
        "来电人反映\uff0c来电人称\uff0c来电人马上要来",
        "司机高速上被查\uff0c本人于今年三月办证",
        "联系人杨某某\uff0c王先生\uff0c李师傅\uff0c张*",
        "本人严格遵守规定\uff0c司机全程配合",
        "办公室说三个单元的路灯坏了",
        "云A区门口",
        "三千五百六十七元八角",
    ],
)
def test_what_is_no_personal_data_stays(text):
    assert mask_text(text) == text


def test_a_name_known_from_the_contact_is_hidden_everywhere():
    assert mask_text("王建国说已交罚款", known_names=["王建国"]) == "王某说已交罚款"
    assert mask_text("王先生说已交罚款", known_names=["王先生"]) == "王先生说已交罚款"


def test_a_name_announced_in_one_text_is_hidden_in_the_others():
    assert mask_ticket(["周强说过", None, "联系人周强\uff0c请回电"]).texts == [
        "周某说过",
        None,
        "联系人周某\uff0c请回电",
    ]


def test_a_number_announced_in_one_text_is_hidden_in_the_others():
    masked = mask_ticket(
        ["0417又来了\uff0c罚了10417元", "胸牌0417\uff0c座机64192260", "64192260没人接"]
    )
    assert masked.texts == [
        "***又来了\uff0c罚了10417元",
        "胸牌***\uff0c座机****2260",
        "****2260没人接",
    ]


def test_what_was_hidden_of_officers_is_handed_over_for_the_vault():
    masked = mask_ticket(
        [
            "大队长张建国和执法员李明没亮证",
            "执法证号340123456、340123457\uff0c联系人王秀英\uff0c工号0417",
        ]
    )
    assert masked.texts == [
        "大队长张某和执法员李某没亮证",
        "执法证号***、***\uff0c联系人王某\uff0c工号***",
    ]
    assert masked.officers == ["张建国", "李明"]
    assert masked.badges == ["340123456", "340123457", "0417"]


def test_cells():
    assert mask_phone("18051019039、0551-61019039") == "180****9039、0551-****9039"
    assert mask_phone("61019039") == "****9039"
    assert mask_phone("6101903") == "****1903"
    assert mask_phone("135****6799") == "135****6799"
    assert mask_phone("保密") == "保密"
    assert mask_name("王建国") == "王某"
    assert [mask_name(n) for n in ("王先生", "王*", "匿名")] == ["王先生", "王*", "匿名"]
    assert mask_plate("皖A94214") == "皖A·***14"
    assert mask_plate("皖A9421") == "皖A***21"
    assert mask_plate("无牌") == "无牌"


def test_a_place_is_nobody_though_it_begins_with_a_surname():
    assert people_named("徐州市、蒙城县、云岭市") == ()
    assert people_named("张建军（蜀山大队）") == ("张建军",)


def test_check_digit_of_a_bank_card():
    assert luhn_ok("4111111111111111")  # the payment systems' well-known test number
    assert not luhn_ok("4111111111111112")


def test_check_digit_of_a_published_example():
    # The worked example of GB 11643-1999.
    assert id_checksum_ok("11010519491231002X")
    assert not id_checksum_ok("110105194912310021")


# Pieces that make hard cases when they stand side by side.
PIECES = st.sampled_from(
    word_list(
        """
        13800001234 0551-64192260 64192260 340102198101157967 皖A·12345 皖A12345D
        6222021234567890123 a@b.cn 微信号abcdef1 QQ12345678 联系人 王建国 我叫 张伟 欧阳锋 来电人
        反映 3栋2单元501室 **** 138 1234 - ( ) +86 0 幺三八零零零零一二三四 电话 卡号 身份证 号 :
        挂 皖A 此致 敬礼 某 转8012 5678 . —— 敬上
        执法证 工号 0417 、 队长 微信 家住 三组15号 姓 名 先生 男 2026年11月3日 “ ” 的执法员 胸牌
        """
    )
)
MESSES = st.lists(st.one_of(PIECES, st.sampled_from("\n ,"), st.text(max_size=6)), max_size=12).map(
    "".join
)


@given(MESSES)
@example("13500000551-64192260")
@example("1380000123456栋12单元501室")
def test_masking_is_complete_and_idempotent(text):
    masked = mask_text(text)
    assert find_personal_data(masked) == []
    assert mask_text(masked) == masked


@given(MESSES)
def test_the_cheap_looks_miss_nothing(text):
    assert (personal_data(text) is not None) == (mask_text(text) != text)
    # A line with @ is searched in any case, and holds nothing.
    assert find_personal_data(text) == find_personal_data(f"{text}\n@")


@given(MESSES)
def test_findings_lie_in_the_text_in_order(text):
    at = 0
    for finding in find_personal_data(text):
        assert at <= finding.start < finding.end <= len(text)
        at = finding.end


PHONES = st.builds("138{:04d}{:04d}".format, st.integers(0, 9999), st.integers(0, 9999))
SHAPES = st.sampled_from(
    [
        "{0}{1}{2}", "{0} {1} {2}", "{0}-{1}-{2}", "{0}.{1}.{2}", "{0}{1} {2}", "+86 {0} {1} {2}",
        "0{0}{1}{2}", "({0}){1}{2}", "{0} - {1} - {2}",
    ]
)  # fmt: skip
WRITINGS = st.sampled_from(
    [
        lambda text: text,
        lambda text: text.translate({ord(d): ord(d) + 0xFEE0 for d in "0123456789"}),
        lambda text: text.translate(str.maketrans("0123456789", "零幺二三四五六七八九")),
    ]
)
CARRIERS = st.sampled_from(
    [
        "请打{}找我",
        "电话:{}。",
        "{}",
        "联系人王建国{}",
        "罚2000元\uff0c{}\uff0c单号20261103",
        "(手机{})",
    ]
)


def _written(digits, shape, writing):
    # A dictated number has no country code and no full stops.
    text = shape.format(digits[:3], digits[3:7], digits[7:])
    written = writing(text)
    return written if written.isascii() or "+" not in text else text


@given(PHONES, SHAPES, WRITINGS, CARRIERS)
def test_no_run_of_a_phones_digits_survives_in_any_writing(digits, shape, writing, carrier):
    masked = mask_text(carrier.format(_written(digits, shape, writing)))
    assert f"138****{digits[-4:]}" in masked
    for at in range(len(digits) - 4):
        # The carrier has digits of its own, which may be the same by chance.
        assert digits[at : at + 5] not in masked.replace("20261103", "")


@given(PHONES, st.lists(st.tuples(SHAPES, WRITINGS), min_size=2, max_size=4))
def test_one_value_has_one_mask_however_it_is_written(digits, ways):
    texts = [f"电话:{_written(digits, *way)}\uff0c谢谢" for way in ways]
    assert set(mask_ticket(texts).texts) == {f"电话:138****{digits[-4:]}\uff0c谢谢"}


NAMES = st.builds(
    "{}{}".format,
    st.sampled_from("王李张刘陈杨赵黄周吴徐孙胡朱林郭罗梁宋郑谢韩唐冯董萧程"),
    st.sampled_from(word_list("伟 芳 娜 建国 秀英 志强 海燕 晓东 子轩 玉兰 红梅 永刚 国庆 雪莲")),
)


@given(
    st.sampled_from(word_list("联系人 姓名: 投诉人 来电人: 当事人 司机 队长")),
    st.lists(NAMES, min_size=1, max_size=5, unique=True),
    st.sampled_from(["、", "和", "\uff0c", ",", "及"]),
)
def test_every_name_of_a_list_after_a_cue_is_hidden(cue, people, joint):
    masked = mask_text(f"{cue}{joint.join(people)}\uff0c要求回复。")
    assert masked == f"{cue}{joint.join(name[0] + '某' for name in people)}\uff0c要求回复。"


def test_a_name_that_a_mask_makes_likelier_is_hidden_too():
    text = mask_text("方圆说他是路15187317731政的\uff0c让我把摊子收了")
    assert mask_text(text) == text
