"""The fitted model of names: what it adds to the forms after cues."""

import pytest

from pipeline.domain.names import find_names, find_people
from pipeline.domain.namescore import UNKNOWN, candidates, features, score, window


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("报料人管小虎提供照片。", ["管小虎"]),
        ("昨天刘海军的洒水车又在路边偷倒泥浆", ["刘海军"]),
        ("我跟周建平、何秀兰一起去的窗口", ["周建平", "何秀兰"]),
        ("请领导核实。\n张建国\n2026年10月3日", ["张建国"]),
        ("他说常州、金鹰、高新都停。", []),
        ("在王建国际广场门口上车", []),
        ("老张和李师傅都说马上就好", []),
        ("宋庄镇到县城的班车停了", []),
    ],
)
def test_what_stands_around_characters_tells_whether_they_are_a_name(text, names):
    assert [text[p.start : p.end] for p in find_people(text)] == names


def test_an_office_after_a_name_makes_an_officer():
    people = find_people("去找刘建军队长，碰见王秀英买菜")
    assert [(person.start, person.is_officer) for person in people] == [(2, True), (10, False)]


def test_a_reports_own_words_are_not_doubted_lightly():
    assert find_names("联系人王建国，电话如前")
    assert not find_names("高速公路执法和安全生产方面的投诉集中在向阳路口")


def test_a_compound_surname_is_one():
    assert list(candidates("找欧阳志远问", 1)) == [(1, 2, 1), (1, 2, 2)]
    assert candidates("找他们问", 1) == []


def test_the_window_keeps_each_character_at_its_place():
    assert window("举报人王建国反映", 3, 1, 2).replace("\x02", "<").replace("\x03", ">") == (
        "<<<<<举报人王\x01建国反映>>>>>>"
    )


def test_a_name_is_likelier_among_its_like_and_unknown_characters_do_no_harm():
    inside, alone = "在王建国际广场", "我叫王建国，男"
    assert score(inside, [(1, 1, 2)]) < score(alone, [(2, 1, 2)])
    assert score(f"我叫王建国{UNKNOWN}㊣", [(2, 1, 2)])[0] > 0


def test_the_dictionary_tells_words_across_a_names_edges():
    assert any(told.startswith("crosses_right") for told in features("在王建国际广场", 1, 1, 2))
    assert not any(told.startswith("crosses") for told in features("见王建国，", 1, 1, 2))
