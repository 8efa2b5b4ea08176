import itertools
import random
from datetime import date, datetime

import pytest

from pipeline.makers.event_weights import labelled_pairs
from pipeline.supervise.alike import (
    amounts,
    asks_again,
    bare,
    event_dates,
    says_nothing,
    similarity,
    sketch,
)
from pipeline.supervise.fingerprint import (
    Fingerprint,
    concepts,
    contradict,
    features,
    one_event,
    scorer,
    share,
)

AT = datetime(2026, 3, 1, 9)


def test_what_operators_write_says_nothing():
    text = "市民来电反映:青原县大队在路口把车扣了三天,希望核实处理。"
    assert bare(text, "青原县执法大队", "青原县") == "路口把车扣三天"


def test_alike_and_not():
    a = "执法人员在国道路口拦车检查时态度恶劣辱骂司机"
    b = "在国道路口执法人员拦车检查态度很恶劣还辱骂司机"
    c = "退还罚款的申请交上去两个月没有回音"
    assert similarity(a, a) == 1
    assert similarity(a, b) > 0.6
    assert similarity(a, c) < 0.1
    assert similarity(a, "") == 0
    assert set(sketch(a)) & set(sketch(b))
    assert not set(sketch(a)) & set(sketch(c))


def _pairs(seed: int = 7):
    """Texts of 20 to 160 characters, each with a copy of which up to half is other words."""
    draw = random.Random(seed)  # noqa: S311
    for _ in range(2000):
        length = draw.randint(20, 160)
        text = "".join(chr(draw.randint(0x4E00, 0x5600)) for _ in range(length))
        at, gone = draw.randrange(length), draw.randrange(length // 2)
        other = "".join(chr(draw.randint(0x4E00, 0x5600)) for _ in range(gone))
        yield text, text[:at] + other + text[at + gone :]


def test_sketches_find_nearly_same_texts():
    near = [(a, b) for a, b in _pairs() if similarity(a, b) >= 0.8]
    found = sum(len(set(sketch(a)) & set(sketch(b))) >= 3 for a, b in near)
    assert len(near) > 500
    assert found / len(near) > 0.99


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2月27日在路口", [date(2026, 2, 27)]),
        ("5月2日在路口", [date(2025, 5, 2)]),  # not yet: last year's
        ("4月30日考试", []),  # so near ahead is an appointment
        ("昨晚和今早", [date(2026, 2, 28), date(2026, 3, 1)]),
        ("28日夜里", [date(2026, 2, 28)]),
        ("31日夜里", []),  # February has none
        ("2月30日", []),
        ("G205国道15号线", []),
        ("一直这样", []),
    ],
)
def test_days_a_text_names(text, days):
    assert event_dates(text, AT) == set(days)


@pytest.mark.parametrize(
    ("text", "sums"),
    [
        ("罚款2000元", {2000}),
        ("罚了两千", {2000}),
        ("每月一千二,先交三百", {1200, 300}),
        ("打12345没人接,S314上查了三百多米", set()),
        ("罚一万二", {12_000}),
        ("收五十元", set()),  # small sums are fares and fees that many name
        ("收50元,又收三百五十元", {50, 350}),
    ],
)
def test_sums_a_text_names(text, sums):
    assert amounts(text) == sums


def test_callers_who_speak_of_an_earlier_complaint():
    again = ("催一下", "第三次来电", "对答复不认可", "之前反映过", "那个事呢", "补充材料")
    assert all(map(asks_again, (*again, "处理了没有", "材料收到没有", "车还扣着")))
    assert not any(map(asks_again, ("车被扣了没有手续", "执法人员骂人")))


def test_who_only_asks_says_nothing():
    assert all(says_nothing(bare(text)) for text in ("来电催促办理进度。", "催一下", "请尽快答复"))
    assert not any(says_nothing(bare(text)) for text in ("催扣押文书的答复", "春节前点名查车"))


def test_what_a_short_text_shares_is_weighed_by_rarity():
    long = _told("其货车10月6日被扣押,扣押通知书上写期限30日,未写起止日期,要求返还车辆")
    assert share(_told("扣车那个事,通知书收回去了"), long) > 0.4
    assert share(_told("春节前点名查车,要求交出钥匙"), long) < 0.2
    assert share(long, _told("")) == share(_told(""), long) == 0


# --- one event in two tellings ----------------------------------------------------------------

TOLD = "司机称昨晚22时在铜矿路口被执法人员拽下车,胳膊骨折住院"
AGAIN = "家属来电,28日夜里十点丈夫在铜矿路口被拉下车摔伤骨折"


def _told(text: str, unit: str = "青原县大队") -> Fingerprint:
    return Fingerprint(text, bare(text, unit), AT, unit, None)


def test_two_tellings_of_one_event():
    a, b = _told(TOLD), _told(AGAIN)
    assert a.days == b.days == {date(2026, 2, 28)}
    assert one_event(a, b) == one_event(b, a) >= scorer().threshold
    assert one_event(a, _told(TOLD)) > one_event(a, b)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (TOLD, ""),
        ("罚款三千元,没有票据", "罚款五千元,没有票据"),
    ],
)
def test_what_tells_no_common_event(one, other):
    assert one_event(_told(one), _told(other)) == 0


def test_other_words_for_one_concept():
    def spoken(text: str) -> set[str]:
        bits = concepts().of(text)
        return {name for n, name in enumerate(concepts().names) if bits >> n & 1}

    assert spoken("办月票") == spoken("交包月费") == {"money.month_fee"}
    assert "hour.night" in spoken("半夜") & spoken("深夜里")
    assert spoken("羊") == {"cargo.livestock"}
    assert not spoken("")


@pytest.mark.parametrize("text", ["来电人称", "如果", "情节严重", "外卖员", "网约车", "罚两千"])
def test_no_concept_is_read_out_of_another_word(text):
    names = {name for n, name in enumerate(concepts().names) if concepts().of(text) >> n & 1}
    assert names <= {"trade.courier", "trade.ride_hailing", "money.fine_amount", "money.heavy"}


def test_other_deeds_at_one_place_and_hour_speak_against_one_event():
    one, other = _told(TOLD), _told("28日夜里十点在铜矿路口,出租车没有手续就拖走")
    assert one.concepts & other.concepts
    assert features(one, other)["other_deed"] == 1
    assert contradict(one, other)
    assert one_event(one, other) < one_event(one, _told(AGAIN))
    assert features(one, _told(AGAIN))["other_deed"] == 0
    assert features(one, _told("28日夜里十点在铜矿路口"))["other_deed"] == 0  # tells no deed
    assert scorer().coefficients["other_deed"] < 0


def test_a_sum_of_more_digits_says_more():
    one = _told("拖车费要了四千二,又罚2000元")
    assert features(one, _told("拖了车收两千"))["sum"] == pytest.approx(1 / 3)
    assert features(one, _told("罚2000元,拖车费4200元"))["sum"] == pytest.approx(2 / 3)
    assert features(one, _told("拖车费3000元"))["sum"] == 0


def test_ferries_have_names_and_kinds_of_firms_are_none():
    assert _told("胡家渡停了").places == {"胡家"}
    assert not _told("化工公司,三家检测站,定坡检查站,渡口").places


def test_characters_of_every_text_weigh_nothing():
    assert _told("我不一").characters_weight == 0
    assert 0 < _told("窗").characters_weight < _told("髹").characters_weight
    assert _told("髹").characters_weight == scorer().characters[-1]


def test_other_places_speak_against_one_event_and_do_not_rule_it_out():
    words = "执法人员用橡胶棍捅腰,手机录像被删光"
    here, there, none = (_told(f"{where}{words}") for where in ("在东湾加油站", "在西岭收费站", ""))
    assert 0 < one_event(here, there) < one_event(here, none)


def test_the_unit_s_own_name_is_no_concept():
    assert _told("在平沙检测站", unit="平沙检测站").concepts == 0
    assert _told("在检测站", unit="平沙大队").concepts


@pytest.mark.parametrize(
    ("one", "other", "slot"),
    [
        ("拉煤", "运西瓜", "other_cargo"),
        ("罚三千元", "罚五千元", "other_sum"),
        ("出租车", "渔船", "other_trade"),
    ],
)
def test_where_two_tellings_differ(one, other, slot):
    assert features(_told(one), _told(other))[slot] == 1
    assert features(_told(one), _told(one))[slot] == 0
    assert features(_told(one), _told("没有给说法"))[slot] == 0
    assert scorer().coefficients[slot] < 0


def test_the_first_look_loses_no_event():
    known, found = scorer(), 0
    for (a, b), _ in itertools.islice(labelled_pairs(), 400):
        said = features(a, b).items()
        logit = known.intercept + sum(known.coefficients[name] * value for name, value in said)
        assert (one_event(a, b) > 0) == (logit >= known.least)
        found += logit >= known.least
    assert found > 50
