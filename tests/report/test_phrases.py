import pytest

from pipeline.domain.punctuation import typeset
from pipeline.report.document import Num
from pipeline.report.formulas import Manifest, evaluate, parse
from pipeline.report.phrases import (
    change_template,
    chinese_number,
    count_text,
    enforcement_template,
    percent_text,
    points_template,
    rate_template,
    told,
)
from pipeline.report.policy import ReportPolicy
from pipeline.report.writer import enumeration, sentence


@pytest.mark.parametrize(
    ("current", "base", "percent", "said"),
    [
        (0, 0, None, "与上月持平(均为{base}件)"),
        (3, 0, None, "较上月新增{diff}件(上月{base}件)"),
        (5, 5, None, "环比持平(上月{base}件)"),
        (50, 50, 0.0, "环比持平(上月{base}件)"),
        (8, 5, None, "较上月增加{diff}件(上月{base}件)"),
        (2, 9, None, "较上月减少{diff}件(上月{base}件)"),
        (0, 9, None, "较上月减少{diff}件(上月{base}件)"),
        (15, 10, 50.0, "环比上升{percent}(上月{base}件)"),
        (5, 10, -50.0, "环比下降{percent}(上月{base}件)"),
    ],
)
def test_change(current, base, percent, said):
    assert change_template("环比", "上月", current, base, percent) == said


@pytest.mark.parametrize(
    ("base_zh", "base", "rate", "said"),
    [
        ("有效评价", 0, None, "没有有效评价,不计算满意率"),
        ("有效评价", 9, None, "有效评价{base}件,其中满意{hits}件,样本不足,不计算满意率"),
        ("有效评价", 10, 90.0, "有效评价{base}件,其中满意{hits}件,满意率为{rate}"),
        ("", 0, None, ""),
        ("", 9, None, "满意{hits}件"),
        ("", 10, 90.0, "满意率为{rate}({hits}/{base})"),
    ],
)
def test_rate(base_zh, base, rate, said):
    assert rate_template("满意率", "满意", base_zh, base, rate) == said


@pytest.mark.parametrize(
    ("points", "said"),
    [
        (None, "—"),
        (0.0, "持平"),
        (0.004, "持平"),
        (1.5, "上升{points}个百分点"),
        (-1.5, "下降{points}个百分点"),
    ],
)
def test_points(points, said):
    assert points_template(points) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "本月未收到执法类投诉举报"),
        (1, "其中,执法类投诉举报{count}件"),
    ],
)
def test_enforcement(count, said):
    assert enforcement_template(count) == said


@pytest.mark.parametrize(
    ("spans", "said"),
    [
        (["不开票就要交钱"], "“不开票就要交钱”"),
        (["离开时也未留下清单。诉求"], "“离开时也未留下清单”"),
        (["扣去做鉴定,七天", "七天,说焊过都算"], "“扣去做鉴定,七天,说焊过都算”"),
        (["被罚一次", "又被罚一次"], "“被罚一次”“又被罚一次”"),
        (["大声训斥", "大声训斥"], "“大声训斥”"),
        (["说“没得商量”"], "“说‘没得商量’”"),
    ],
)
def test_what_a_case_tells(spans, said):
    assert told(spans) == said


def test_number_texts():
    assert [percent_text(v) for v in (95.268, -6.11, 0)] == ["95.27%", "6.11%", "0.00%"]
    assert [count_text(v) for v in (3.0, 2.5, -4.0)] == ["3", "2.5", "4"]
    assert [chinese_number(n) for n in (1, 10, 11, 20, 35)] == [
        "一",
        "十",
        "十一",
        "二十",
        "三十五",
    ]


def test_sentences_keep_their_figures():
    n = Num("1.received", "3")
    assert sentence(("受理", n, "件"), "", "持平") == ("受理", n, "件", "，", "持平", "。")
    assert enumeration([("甲", n), ("乙",)]) == ("甲", n, "、", "乙")


def test_punctuation_is_full_width_but_not_between_digits():
    assert typeset("上升(上月40件),其中:1,000件;10:30") == "上升（上月40件），其中：1,000件；10:30"


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("ratio(a,b)", 40.0),
        ("ratio(a,c)", None),  # n under 10
        ("ratio(a,z)", None),  # nothing to divide by
        ("ratio(a,none)", None),
        ("change(a,b)", -60.0),
        ("change(b,c)", None),  # base under 10
        ("diff(a,b)", -6.0),
        ("median(a,b,c)", 5.0),
        ("median(a,c)", 4.5),
        ("manifest(items)", 2.0),
        ("manifest(items[level=L2])", 1.0),
        ("manifest(items[id=7].tickets)", 3.0),
        ("manifest(items.tickets)", 5.0),
        ("manifest(cases.verified)", 6.0),
    ],
)
def test_formulas(formula, value):
    values = {"a": 4.0, "b": 10.0, "c": 5.0, "z": 0.0, "none": None}
    manifest = {
        "items": [{"id": 7, "level": "L2", "tickets": 3}, {"id": 8, "level": "L4", "tickets": 2}],
        "cases": {"verified": 6},
    }
    assert evaluate(formula, values.__getitem__, Manifest(manifest), ReportPolicy()) == value


def test_an_unknown_formula_is_refused():
    with pytest.raises(ValueError, match="not a formula"):
        parse("sum(a,b)")
