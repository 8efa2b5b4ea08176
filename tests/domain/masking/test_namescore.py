"""The fitted model of names: what it adds to the rules, and that its weights are those it reads."""

import pytest

from pipeline.domain import namescore
from pipeline.domain.names import find_people


@pytest.mark.parametrize(
    ("text", "name"), [("报料人管小虎提供照片。", "管小虎"), ("他说常州、金鹰、高新都停。", None)]
)
def test_the_model_tells_names_that_no_rule_announces(text, name):
    assert [text[p.start : p.end] for p in find_people(text)] == ([name] if name else [])


def test_every_feature_of_a_name_said_plainly_has_a_weight():
    told = namescore.features("举报人王建国反映", 3, 1, 2)
    assert set(told) <= namescore._weights().keys()
    assert namescore.score("举报人王建国反映", 3, 1, 2) > namescore.THRESHOLD


def test_what_stands_around_a_name_counts():
    inside, alone = "在王建国际广场", "王建国，男"
    assert namescore.score(inside, 1, 1, 2) < namescore.score(alone, 0, 1, 2)
