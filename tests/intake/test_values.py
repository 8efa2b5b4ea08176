import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.intake.layouts import load_units, load_words, shipped_layouts
from pipeline.intake.values import (
    IdLost,
    full_phones,
    look_up,
    parse_count,
    parse_flag,
    parse_ticket_no,
    region_of,
)

FLAGS = load_words().lookup("flag")


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("12328340120260810000000", "12328340120260810000000"),
        ("'12328340100202611030012", "12328340100202611030012"),
        ("24.0", "24"),
        ("24.00", "24"),
        ("\uff11\uff12\uff13", "123"),
        ("250912101108115000", "250912101108115000"),
        ('="12328340100202611030012"', "12328340100202611030012"),
        ("0", None),
        ("0.0", None),
        ("\t12345340120260825\t", "12345340120260825"),
        ("\uff11\uff12\uff13\uff14\uff15-7", "12345-7"),
        ("XN20261103-0007", "XN20261103-0007"),
        ("12345340120260925000181X3", "12345340120260925000181X3"),
        ("—", None),
        ("", None),
        ("'", None),
    ],
)
def test_ticket_numbers(raw, number):
    assert parse_ticket_no(raw) == number


@pytest.mark.parametrize("raw", ["1.2328E+23", "2.60912E+17", "1E23", "12328340120260800000000"])
def test_lost_ticket_numbers(raw):
    with pytest.raises(IdLost):
        parse_ticket_no(raw)


@given(st.text(max_size=25))
def test_any_text_is_a_number_or_lost_and_stays_what_it_is(text):
    try:
        number = parse_ticket_no(text)
    except IdLost:
        return
    if number is not None:
        assert parse_ticket_no(number) == number


def test_value_words_with_suffixes():
    table = load_words().lookup("satisfaction")
    for word, value in {
        "满意(短信)": "满意",
        "不满意-结果": "不满意",
        "满意\uff08短信\uff09": "满意",
        "5星": "非常满意",
        "已短信评价5星": "非常满意",
        "满意_短信": "满意",
        "满意:短信": "满意",
        "默认好评": "默认满意",
        "系统默认好评": "默认满意",
        "不予评价": "未评价",
        "很不满意": "非常不满意",
        "无法接通": "未评价",
        "理解": "理解",
    }.items():
        assert look_up(table, word) == value
    assert look_up(table, "随便") is None
    category, verified = load_words().lookup("category"), load_words().lookup("verified")
    for word in ("求决类", "揭发控告类", "申诉类", "投诉", "举报类"):
        assert look_up(category, word) == "投诉举报"
    assert look_up(verified, "无法核实") == "无法核实"


def test_every_value_word_stands_for_one_value():
    for layout in shipped_layouts():
        words = load_words().with_own(layout.words)
        for name in type(words).model_fields:
            if name != "footer":
                listed = [w.lower() for ws in getattr(words, name).values() for w in ws]
                assert len(listed) == len(set(listed)), name


def test_flags():
    says = {"是": True, "否": False, "保密": True, "2": True, "0": False, "无": False, "": None}
    assert {text: parse_flag(FLAGS, text) for text in says} == says
    assert parse_flag(FLAGS, "否", inverted=True) is True
    assert parse_flag(FLAGS, "是", inverted=True) is False
    assert parse_flag(FLAGS, "不公开", inverted=True) is True
    assert parse_flag(FLAGS, "也许") is None


def test_counts():
    says = {"2": 2, "2.0": 2, "3次": 3, "是": 1, "否": 0, "": None, "很多": None}
    assert {text: parse_count(FLAGS, text) for text in says} == says


@pytest.mark.parametrize(
    ("address", "region"),
    [
        ("城东区人民路", "城东区"),
        ("平沙县国道路口", "平沙县"),
        ("云岭市人民路", "云岭市"),
        ("高新区汽车站", "高新区"),
        ("合肥市/蜀山区", "蜀山区"),
        ("安徽省合肥市蜀山区望江路", "蜀山区"),
        ("合肥市人民路幸福小区", "合肥市"),
        ("幸福小区", None),
        ("蜀山区荷叶地街道", "蜀山区"),
        ("荷叶地街道", None),
        ("新市街道", None),
        ("西市区街道办", None),
        ("沙市镇", None),
        ("荆州市沙市区", "沙市区"),
        ("常德市津市市", "津市市"),
        ("合肥市区", "合肥市"),
        ("长丰县城关镇", "长丰县"),
        ("高新技术产业开发区望江西路", "高新技术产业开发区"),
        ("家家福超市门口", None),
        ("全县各乡镇", None),
        ("国道路口", None),
    ],
)
def test_region_of_an_address(address, region):
    assert region_of(address) == region


def test_phones_of_a_cell():
    assert full_phones("0551-61019039、18051019039") == ["18051019039", "055161019039"]
    assert full_phones("+86 180 5101 9039") == ["18051019039"]
    assert full_phones("13800001111、13900002222") == ["13800001111", "13900002222"]
    assert full_phones("135****6799") == full_phones("保密") == full_phones("") == []


def test_units_have_one_name():
    units = load_units()
    name = "市交通运输综合行政执法支队"
    for alias in ("市执法支队", "市交通执法支队", "市支队一大队", name):
        assert units.canonical(alias) == name
    assert units.canonical("城东区执法大队") == "城东区交通运输综合行政执法大队"
    assert units.canonical("巢湖市交通执法大队") == "巢湖市交通运输综合行政执法大队"
    assert units.canonical("市执法支队三中队") == name
    for other in ("县治超站", "市支队一大队办公室"):
        assert units.canonical(other) == other
