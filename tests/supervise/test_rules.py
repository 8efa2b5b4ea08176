"""Each rule: what raises it, what does not, and the edge between."""

import pytest

from pipeline.policies import Setting, load_profile, profile_ids
from pipeline.supervise.linking import link
from pipeline.supervise.rules import ON_ITEMS, RULES, catalogue, words

OCTOBER = "2026-10-12 08:00"


def test_every_rule_is_data_and_function():
    assert {*RULES, *ON_ITEMS} == set(catalogue()) == {f"R{n:02d}" for n in range(1, 30)}
    assert not ON_ITEMS & set(RULES)
    assert all(rule.trigger for rule in catalogue().values())


@pytest.mark.parametrize("profile_id", profile_ids())
def test_every_rule_has_a_clause_in_every_profile(profile_id):
    profile = load_profile(profile_id)
    for rule in catalogue().values():
        assert rule.clause(profile).startswith("「")
        assert rule.threshold_origin(profile) in {"text", "default"}
    assert "AH-04" in catalogue()["R15"].clause(load_profile("ah-2024"))
    assert "M-07" in catalogue()["R15"].clause(load_profile("mot-2024-25"))


# --- R02, R03: past due ----------------------------------------------------------------------


def test_overdue_from_the_day_after_the_due_day(store):
    store.add("2026-11-02 09:00", "rough", due_at=_at("2026-11-18 18:00"))
    assert store.found("R02", "2026-11-18") == []
    (finding,) = store.found("R02", "2026-11-19")
    assert finding.level == "L2"
    assert "应于2026-11-18办结(平台所列时限)" in finding.summary


@pytest.mark.parametrize(
    "columns",
    [{"is_extended": True}, {"status": "已办结"}, {"closed_at": "2026-11-19"}, {"status": "撤销"}],
)
def test_not_overdue(store, columns):
    if "closed_at" in columns:
        columns = {"closed_at": _at(columns["closed_at"])}
    store.add("2026-11-02 09:00", "rough", due_at=_at("2026-11-18"), **columns)
    assert store.found("R02") == store.found("R03") == []


def test_five_working_days_over_is_r03_and_no_longer_r02(store):
    store.add("2026-11-02 09:00", "rough", due_at=_at("2026-11-11"))  # a Wednesday
    assert [f.level for f in store.found("R02", "2026-11-17")] == ["L2"]
    assert store.found("R03", "2026-11-17") == []
    assert store.found("R02", "2026-11-18") == []
    assert [f.level for f in store.found("R03", "2026-11-18")] == ["L3"]


def test_without_the_platforms_date_the_default_limit_counts(store):
    store.add("2026-10-09 09:00", "rough", due_at=None)
    # ten working days after 9 October (10 October is worked): 10, 12-16, 19-22
    assert store.found("R02", "2026-10-22") == []
    (finding,) = store.found("R02", "2026-10-23")
    assert "系统默认时限" in finding.summary


def test_without_status_the_deadline_rules_rest(store):
    store.add("2026-09-09 09:00", "rough", status=None, due_at=_at("2026-09-20"))
    assert store.found("R02") == store.found("R03") == []
    assert {"R02", "R03"} <= set(store.resting())


# --- R04, R05: ratings and repeats -----------------------------------------------------------


def test_bad_rating(store):
    for satisfaction, resolved in [
        ("不满意", None),
        ("非常不满意", "已解决"),
        ("满意", "未解决"),
        ("一般", "部分解决"),
        ("满意", None),
        (None, None),
    ]:
        store.add(OCTOBER, "rough", satisfaction=satisfaction, resolved=resolved)
    assert [f.tickets for f in store.found("R04")] == [(1,), (2,), (3,)]


def test_only_enforcement_complaints_are_looked_at(store):
    store.add(OCTOBER, "rough", scope="E2", satisfaction="不满意")
    assert store.found("R04") == []
    assert store.resting() != {}  # nothing to compare with: R12 says so


def test_two_repeats_after_a_closing(store, engine):
    same = {"caller_key": "K", "content": "执法人员拦车检查时态度恶劣并辱骂司机要求道歉"}
    store.add("2026-10-06 15:00", "rough", closed_at=_at("2026-10-11"), status="已办结", **same)
    store.add("2026-10-13 13:00", "rough", closed_at=_at("2026-10-22"), status="已办结", **same)
    store.save()
    link(engine, _at("2026-10-31").date())
    assert store.found("R05") == []  # one repeat only
    store.add("2026-10-20 10:00", "rough", hotline="12345", target_unit="城东区大队", **same)
    store.save()
    link(engine, _at("2026-10-31").date())
    (finding,) = store.found("R05")
    assert finding.tickets == (1, 2, 3)
    assert "12328、12345" in finding.summary
    assert finding.numbers["repeats"] == 2


def test_a_hidden_caller_with_the_same_words_is_the_same(store, engine):
    same = {"content": "执法人员听不懂方言就骂司机滚回老家去,接着把警告改成罚款两千"}
    store.add("2026-10-06 15:00", "rough", caller_key="K", closed_at=_at("2026-10-11"), **same)
    store.add("2026-10-13 13:00", "rough", caller_key="K", closed_at=_at("2026-10-22"), **same)
    store.add("2026-10-20 10:00", "rough", caller_key=None, hotline="12345", **same)
    store.add("2026-10-21 10:00", "rough", caller_key="another", **same)
    store.save()
    link(engine, _at("2026-10-31").date())
    (finding,) = store.found("R05")
    assert finding.tickets == (1, 2, 3)


def test_two_bad_ratings_of_one_caller_and_matter(store, engine):
    same = {
        "caller_key": "K",
        "satisfaction": "不满意",
        "content": "扣车之后一直没有给任何说法和手续",
    }
    store.add("2026-10-06 15:00", "procedure", **same)
    store.add("2026-10-13 15:00", "procedure", **same)
    store.add("2026-10-13 15:00", "procedure", **same | {"caller_key": "other"})
    store.save()
    link(engine, _at("2026-10-31").date())
    assert [f.tickets for f in store.found("R05")] == [(1, 2)]


# --- R07: integrity --------------------------------------------------------------------------


def test_integrity_leads_stand_apart(store):
    store.add(
        OCTOBER, "integrity", "profit_driven", flags=("廉政", "廉政:明确"), content="月底收钱300元"
    )
    store.add(OCTOBER, "integrity", flags=("廉政",))  # suspected only
    store.add(OCTOBER, "selective", flags=("廉政", "廉政:明确"))  # a person took the label away
    (finding,) = store.found("R07")
    assert finding.level == "X"
    assert finding.tickets == (1,)
    assert "收钱" not in finding.summary
    assert all(1 not in f.tickets for rule in RULES if rule != "R07" for f in store.found(rule))


# --- R10: many callers -----------------------------------------------------------------------

MATTER = "高速入口治超点逐车拦停卸货不给任何票据大家排队五个小时以上"


def test_three_callers_about_one_matter_within_thirty_days(store, engine):
    store.add("2026-10-01 08:00", "excessive", content=MATTER)
    store.add("2026-10-15 08:00", "excessive", content=MATTER + "请管一管")
    store.save()
    link(engine, _at("2026-11-20").date())
    assert store.found("R10") == []
    store.add("2026-10-31 08:00", "excessive", content=MATTER + "太久了")
    store.save()
    link(engine, _at("2026-11-20").date())
    (finding,) = store.found("R10")
    assert (finding.level, finding.tickets) == ("L3", (1, 2, 3))


def test_the_third_caller_after_thirty_days_is_too_late(store, engine):
    store.add("2026-10-01 08:00", "excessive", content=MATTER)
    store.add("2026-10-15 08:00", "excessive", content=MATTER)
    store.add("2026-10-31 08:01", "excessive", content=MATTER)
    store.save()
    link(engine, _at("2026-11-20").date())
    assert store.found("R10") == []


def test_one_caller_thrice_or_two_and_an_unknown_one(store, engine):
    for _ in range(3):
        store.add(OCTOBER, "excessive", content=MATTER, caller_key="K")
    for caller in ("A", None, None):
        store.add(
            OCTOBER, "rough", content="执法车逼停货车险些撞上护栏司机受到惊吓", caller_key=caller
        )
    store.save()
    link(engine, _at("2026-11-20").date())
    assert store.found("R10") == []  # A and at least one unknown: two people for certain


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("再不解决我们就要集体上访了", "L4"),
        ("司机们约好明天罢运", "L4"),
        ("去年同行罢运过一次", "L3"),
        ("我们不想堵路,只想要个说法", None),
        ("执法车堵路检查", None),
        ("前面修路堵路两小时", None),
        ("堵车两小时", None),
    ],
)
def test_words_of_collective_action(store, text, level):
    store.add(OCTOBER, "excessive", content=text)
    assert [f.level for f in store.found("R10")] == ([level] if level else [])


# --- R11, R12: frequent and emerging ---------------------------------------------------------


def test_frequent_needs_five_in_the_month(store):
    store.add("2026-08-03 08:00", scope="E0")
    store.add("2026-09-03 08:00", scope="E0")
    store.add("2026-10-03 08:00", "rough", n=4)
    assert store.found("R11") == []
    store.add("2026-10-13 08:00", "arbitrary", "rough")
    (finding,) = store.found("R11")
    assert finding.level == "L4"
    assert finding.tickets == (3, 4, 5, 6, 7)
    assert finding.summary == ("青原县大队:2026年10月粗暴执法反映5件,不少于5人(近2个月中位数0件)")


def test_frequent_needs_three_times_the_median(store):
    for month in ("04", "05", "06", "07", "08", "09"):
        store.add(f"2026-{month}-03 08:00", "rough", n=2)
    store.add("2026-10-03 08:00", "rough", n=5)
    assert store.found("R11") == []
    store.add("2026-10-13 08:00", "rough")
    (finding,) = store.found("R11")
    assert finding.numbers["median"] == 2
    assert finding.numbers["history_months"] == 6


def test_a_median_of_none_counts_as_one(store):
    own = load_profile("mot-2024-25")
    low = own.rules["R11"] | {"tickets": Setting(value=1, origin="default")}
    profile = own.model_copy(update={"rules": own.rules | {"R11": low}})
    store.add("2026-08-03 08:00", scope="E0")
    store.add("2026-09-03 08:00", scope="E0")
    store.add("2026-10-03 08:00", "rough", n=2)
    assert store.found("R11", profile=profile) == []
    store.add("2026-10-05 08:00", "rough")
    assert len(store.found("R11", profile=profile)) == 1


def test_one_caller_counts_once(store):
    store.add("2026-08-03 08:00", scope="E0")
    store.add("2026-09-03 08:00", scope="E0")
    for day in range(1, 7):
        store.add(f"2026-10-{day:02d} 08:00", "rough", caller_key="K" if day < 3 else f"K{day}")
    (finding,) = store.found("R11")
    assert finding.numbers | {"tickets": 6, "people": 5, "counted": 5} == finding.numbers
    store.update(8, caller_key="K")
    assert store.found("R11") == []


def test_with_one_earlier_month_frequency_rests(store):
    store.add("2026-09-03 08:00", scope="E0")
    store.add("2026-10-03 08:00", "rough", n=6)
    assert store.found("R11") == []
    assert "2026-10" in store.resting()["R11"]


def test_emerging_pair(store):
    store.add("2026-07-03 08:00", scope="E0")
    store.add("2026-08-03 08:00", scope="E0")
    store.add("2026-10-03 08:00", "entrapment")
    assert store.found("R12") == []
    store.add("2026-10-23 08:00", "entrapment")
    (finding,) = store.found("R12")
    assert (finding.level, finding.tickets) == ("L1", (3, 4))
    assert "此前2个月均为0件" in finding.summary


@pytest.mark.parametrize(("earlier", "found"), [("2026-07-31", 0), ("2026-06-30", 1)])
def test_emerging_looks_three_months_back(store, earlier, found):
    store.add(f"{earlier} 08:00", "entrapment")
    store.add("2026-07-03 08:00", scope="E0")
    store.add("2026-08-03 08:00", scope="E0")
    store.add("2026-10-03 08:00", "entrapment", n=2)
    assert len(store.found("R12")) == found


def test_a_frequent_pair_is_not_also_emerging_nor_is_an_unnamed_type(store):
    store.add("2026-08-03 08:00", scope="E0")
    store.add("2026-09-03 08:00", scope="E0")
    store.add("2026-10-03 08:00", "rough", n=5)
    store.add("2026-10-03 08:00", "unspecified", n=3)
    assert store.found("R12") == []
    assert len(store.found("R11")) == 1


# --- R13, R16 --------------------------------------------------------------------------------


def test_hidden_and_business(store):
    for category in ("咨询", "建议", "求助", "投诉举报", "表扬"):
        store.add(OCTOBER, "rough", category=category)
    store.add(OCTOBER, "rough", flags=("涉企",))
    store.add(OCTOBER, "rough", flags=("涉企",), status="已办结")
    assert [f.tickets for f in store.found("R13")] == [(1,), (2,), (3,)]
    assert [f.tickets for f in store.found("R16")] == [(6,)]


# --- R14, R15, R29: concrete conduct ---------------------------------------------------------

CONCRETE = "执法人员说这个月还差三台车的任务"


def test_profit_driven_needs_something_concrete(store):
    store.add(OCTOBER, "profit_driven", content="感觉他们就是想要钱")
    assert store.found("R14") == []
    store.add(OCTOBER, "profit_driven", content=CONCRETE)
    (finding,) = store.found("R14")
    assert (finding.level, finding.tickets) == ("L2", (2,))
    assert finding.numbers["concrete"] == ["指标"]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("每车收二百元", ("数额",)),
        ("交罚款3000元没给票据", ("数额", "票据")),
        ("10月5日晚上", ("时间",)),
        ("队里有罚款排名", ("指标",)),
        ("态度不好", ()),
        ("一点道理都不讲", ()),
    ],
)
def test_what_is_concrete(text, kinds):
    assert words.concrete_kinds(text) == kinds


@pytest.mark.parametrize(
    ("first", "level"), [("2026-09-12 08:00", "L4"), ("2026-09-12 07:59", "L2")]
)
def test_two_within_thirty_days_across_the_month(store, first, level):
    store.add(first, "profit_driven", content=CONCRETE)
    store.add("2026-10-12 08:00", "profit_driven", content=CONCRETE)
    september, october = store.found("R14")
    assert (september.level, october.level) == ("L2", level)
    assert october.tickets == ((1, 2) if level == "L4" else (2,))  # what the level stands on
    n = len(october.tickets)  # of other callers: as many people
    assert (october.numbers["tickets"], october.numbers["people"]) == (n, n)


def test_two_of_one_caller_or_of_two_units_are_not_two(store):
    store.add(OCTOBER, "profit_driven", content=CONCRETE, caller_key="K")
    store.add(OCTOBER, "profit_driven", content=CONCRETE, caller_key="K")
    store.add(OCTOBER, "profit_driven", content=CONCRETE, target_unit="临河县大队")
    assert [(f.unit, f.level) for f in store.found("R14")] == [
        ("临河县大队", "L2"),
        ("青原县大队", "L2"),
    ]


def test_entrapment(store):
    store.add(OCTOBER, "entrapment", content="有人假扮乘客")
    assert store.found("R15") == []
    store.add(OCTOBER, "entrapment", content="昨天有人在医院门口假扮乘客")
    assert [f.level for f in store.found("R15")] == ["L2"]
    store.add(OCTOBER, "entrapment", content="有人假扮乘客", place="汽车站")
    assert [(f.level, f.tickets) for f in store.found("R15")] == [("L4", (2, 3))]


def test_concentrated_needs_three_of_one_type(store):
    store.add(OCTOBER, "rough", content="10月5日在国道路口被推搡", n=2)
    store.add(OCTOBER, "rough", content="被推搡")
    assert store.found("R29") == []
    store.add(OCTOBER, "rough", content="10月6日在国道路口被推搡")
    assert [(f.level, f.tickets) for f in store.found("R29")] == [("L2", (1, 2, 4))]


def test_qualification_and_seizure(store):
    store.add(OCTOBER, "procedure", content="上来就查车,没有出示证件")
    store.add(OCTOBER, "procedure", content="出示了证件,没有说理由")
    store.add(OCTOBER, "procedure", content="车被扣走了什么单子也没给")
    store.add(OCTOBER, "excessive", content="扣了车还要收停车费")
    store.add(OCTOBER, "profit_driven", content="停车费太贵")
    assert [f.tickets for f in store.found("R18")] == [(1,)]
    (seized,) = store.found("R19")
    assert seized.tickets == (3, 4)
    assert seized.numbers["faults"] == ["保管拖车费", "无文书"]


# --- R20, R21: the plan's targets ------------------------------------------------------------


def _rated(store, month: str, good: int, bad: int) -> None:
    for satisfaction, n in (("满意", good), ("不满意", bad), ("未评价", 3)):
        if n:
            store.add(
                f"2026-{month}-02 08:00", "rough", n=n, satisfaction=satisfaction,
                visited_at=_at(f"2026-{month}-20"), status="已回访",
            )  # fmt: skip


def test_low_satisfaction_two_months_running(store):
    _rated(store, "09", 9, 1)
    _rated(store, "10", 18, 2)
    assert "满意度目标" in store.resting()["R20"]
    (finding,) = store.found("R20", profile="ah-2024")
    assert (finding.window, finding.level) == ("2026-10", "L3")
    assert "低于目标95%" in finding.summary
    assert store.found("R20", "2026-10-31", "ah-2024") == []  # the month is not complete


@pytest.mark.parametrize(("good", "bad"), [(19, 1), (8, 1)])
def test_satisfaction_at_the_target_or_of_too_few(store, good, bad):
    _rated(store, "09", good, bad)
    _rated(store, "10", 5, 5)
    assert store.found("R20", profile="ah-2024") == []


def test_unclosed_at_the_end_of_the_month(store):
    end = _at("2026-10-31 12:00")
    store.add(OCTOBER, "rough", due_at=end)
    store.add(OCTOBER, "rough", due_at=end, closed_at=_at("2026-11-01"), status="已办结")
    store.add(OCTOBER, "rough", due_at=end, closed_at=_at("2026-10-31 23:00"), status="已办结")
    store.add(OCTOBER, "rough", due_at=_at("2026-11-01"))
    store.add(OCTOBER, "rough", due_at=end, hotline="12345")  # the target is for 12328
    assert "办结率目标" in store.resting()["R21"]
    assert store.found("R21", "2026-10-31", "ah-2024") == []
    (finding,) = store.found("R21", "2026-11-01", "ah-2024")
    assert finding.tickets == (1, 2)
    assert catalogue()["R21"].threshold_origin(load_profile("ah-2024")) == "text"


# --- what counts at all ----------------------------------------------------------------------


def test_only_what_was_accepted_by_the_day(store):
    store.add("2026-10-12 23:59", "profit_driven", content=CONCRETE)
    store.add("2026-10-13 00:00", "profit_driven", content=CONCRETE)
    assert [f.tickets for f in store.found("R14", "2026-10-12")] == [(1,)]
    assert [f.tickets for f in store.found("R14", "2026-10-13")] == [(1, 2)]


def test_tickets_of_the_fourth_month_back_raise_nothing(store):
    store.add("2026-07-31 08:00", "profit_driven", content=CONCRETE)
    assert store.found("R14", "2026-11-20") == []
    assert len(store.found("R14", "2026-10-20")) == 1
    store.add("2026-07-31 08:00", "integrity", flags=("廉政:明确",))
    assert store.found("R07", "2026-11-20") == []
    assert len(store.found("R07", "2026-10-20")) == 1


def _at(text: str):
    from datetime import datetime

    return datetime.fromisoformat(text)
