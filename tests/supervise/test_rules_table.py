"""The table of rules (domain D3), line by line: level, days, clause, origin; and edges of single
rules that a changed comparison would move.
"""

from datetime import date, datetime

import pytest

from pipeline.policies import load_profile
from pipeline.supervise.linking import link
from pipeline.supervise.rules import catalogue

AT = datetime.fromisoformat
OCTOBER = "2026-10-12 08:00"

D3 = {  # rule: level, working days, whose text sets the trigger, the clauses D3 names
    "R01": ("L1", 1, "default", {"M-02"}),
    "R02": ("L2", 3, "default", {"AH-01"}),
    "R03": ("L3", 5, "text", {"AH-17"}),
    "R04": ("L2", 5, "default", {"M-03"}),
    "R05": ("L2", 10, "default", {"M-04"}),
    "R06": ("L2", 2, "text", {"M-11"}),
    "R07": ("X", 1, "default", {"M-06", "XN-13", "FZ-07", "JA-07"}),
    "R08": ("L2", 1, "default", {"AH-15", "FZ-12", "XN-06"}),
    "R09": ("L2", 10, "default", {"AH-05", "M-04"}),
    "R10": ("L3", 15, "default", {"XN-06", "M-04"}),
    "R11": ("L4", 30, "default", {"M-04"}),
    "R12": ("L1", 10, "default", {"M-05", "AH-08"}),
    "R13": ("L1", 3, "default", {"M-05"}),
    "R14": ("L2", 15, "default", {"M-07", "XN-16", "JA-09", "AH-04"}),
    "R15": ("L2", 15, "default", {"AH-04"}),
    "R16": ("L1", 1, "default", {"FZ-01", "JA-04", "AH-11"}),
    "R17": ("L2", 10, "default", {"AH-04", "XN-14", "FZ-13"}),
    "R18": ("L2", 10, "default", {"AH-21"}),
    "R19": ("L2", 5, "default", {"M-22"}),
    "R20": ("L3", 10, "default", {"AH-01"}),
    "R21": ("L2", 3, "text", {"AH-01"}),
    "R22": ("L2", 3, "default", {"XN-19"}),
    "R23": ("L2", 5, "default", {"M-02", "XN-11"}),
    "R24": ("L2", 3, "default", set()),
    "R25": ("L2", 1, "default", set()),
    "R26": ("L2", 15, "default", {"XN-02", "FZ-02"}),
    "R27": ("L0", 0, "default", {"M-13", "M-14"}),
    "R28": ("L0", 0, "text", {"M-10"}),
    "R29": ("L2", 15, "default", {"M-07", "XN-01", "XN-08", "JA-01"}),
}


@pytest.mark.parametrize("rule_id", D3)
def test_the_catalogue_is_the_table_of_the_domain(rule_id):
    rule = catalogue()[rule_id]
    level, days, origin, clauses = D3[rule_id]
    assert (rule.level, rule.days, rule.origin) == (level, days, origin)
    assert clauses <= set(rule.clauses)


def test_thresholds_are_those_of_the_domain():
    rules = load_profile("mot-2024-25").rules
    told = {
        f"{rule}.{name}": setting.value
        for rule, settings in rules.items()
        for name, setting in settings.items()
    }
    expected = {
        "R01.days_left": 1, "R03.overdue_days": 5, "R05.repeats": 2, "R10.people": 3,
        "R10.days": 30, "R11.tickets": 5, "R11.times_median": 3, "R11.median_months": 6,
        "R12.tickets": 2, "R12.quiet_months": 3, "R14.tickets": 2, "R14.days": 30,
        "R15.tickets": 2, "R15.days": 30, "R17.tickets": 2, "R17.days": 30, "R20.ratings": 10,
        "R20.months": 2, "R22.days": 3, "R24.returns": 2, "R24.days_without_unit": 5,
        "R26.days": 90, "R26.days_to_act": 15, "R27.tickets": 3, "R27.days": 90,
        "R28.growth": 0.2, "R29.tickets": 3, "R29.days": 30,
    }  # fmt: skip
    assert {name: told[name] for name in expected} == expected
    drivers = load_profile("mot-2024-25").truck_driver_deadlines
    assert {name: setting.value for name, setting in drivers.items()} == {
        "dispatch_hours": 2, "feedback_days": 2, "reply_days": 5, "visit_days": 2
    }  # fmt: skip


# --- deadlines --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("category", "last_day"),
    [("咨询", "2026-10-15"), ("建议", "2026-10-21"), ("投诉举报", "2026-10-26")],
)
def test_the_default_limit_is_the_categorys(store, category, last_day):
    store.add(OCTOBER, "rough", category=category, due_at=None)  # a Monday: 3, 7, 10 days
    assert store.found("R02", last_day) == []
    (finding,) = store.found("R02", date.fromordinal(date.fromisoformat(last_day).toordinal() + 1)
                             .isoformat().replace("2026-10-24", "2026-10-26"))  # fmt: skip
    assert finding.level == "L2"
    assert finding.numbers["due"] == last_day


DRIVER = {"flags": ("货车司机",)}


@pytest.mark.parametrize(("accepted", "late"), [("21:59", True), ("22:00", False)])
def test_a_truck_drivers_ticket_of_today_not_yet_dispatched(store, accepted, late):
    store.add("2026-10-10 08:00", "rough", dispatched_at=AT("2026-10-10 09:00"))  # the column
    store.add(f"2026-10-12 {accepted}", "rough", **DRIVER)
    found = store.found("R06", "2026-10-12")
    assert [f.numbers["late"] for f in found] == ([["转办超过2小时"]] if late else [])


@pytest.mark.parametrize(("closed", "late"), [("2026-10-23", False), ("2026-10-26", True)])
def test_a_truck_drivers_reply_counts_from_the_dispatch(store, closed, late):
    """Dispatched on Friday the 16th: five working days end on Friday the 23rd."""
    store.add(
        "2026-10-16 08:00", "rough", **DRIVER, dispatched_at=AT("2026-10-16 09:00"),
        closed_at=AT(closed), status="已办结", visited_at=AT(closed),
    )  # fmt: skip
    store.add(
        "2026-10-09 08:00", "rough", **DRIVER, dispatched_at=AT("2026-10-16 09:00"),
        closed_at=AT("2026-10-23"), status="已办结", visited_at=AT("2026-10-23"),
    )  # fmt: skip
    found = {f.tickets[0]: f.numbers["late"] for f in store.found("R06")}
    assert (found.get(1) == ["回复超过5个工作日"]) == late
    assert found[2] == ["转办超过2小时"]  # accepted long before, but answered in time


@pytest.mark.parametrize("status", ["不予受理", "撤销"])
def test_a_refused_truck_drivers_ticket_waits_for_no_reply(store, status):
    store.add(
        "2026-10-12 08:00", "rough", **DRIVER, dispatched_at=AT("2026-10-12 09:00"),
        status=status,
    )  # fmt: skip
    store.add("2026-10-12 08:00", "rough", closed_at=AT("2026-10-12 10:00"))  # the column
    assert store.found("R06") == []


# --- ratings, repeats, month end ---------------------------------------------------------------


def test_a_bad_rating_says_which(store):
    store.add(OCTOBER, "rough", satisfaction="不满意")
    store.add(OCTOBER, "rough", satisfaction="满意", resolved="未解决")
    store.add(OCTOBER, "rough", satisfaction="非常不满意", resolved="未解决")
    found = store.found("R04")
    assert [f.numbers["said"] for f in found] == [
        ["不满意"], ["未解决"], ["非常不满意", "未解决"]
    ]  # fmt: skip
    assert {f.level for f in found} == {"L2"}


SAME = {"caller_key": "K", "content": "执法人员拦车检查时态度恶劣并辱骂司机要求道歉"}


def test_repeats_of_a_matter_are_told_with_their_numbers(store, engine):
    bad = SAME | {"satisfaction": "不满意"}
    store.add("2026-10-06 15:00", "rough", **bad)
    store.add("2026-10-13 15:00", "procedure", target_unit="乙大队", **bad)
    store.save()
    link(engine, date(2026, 11, 20))
    (finding,) = store.found("R05")
    assert (finding.level, finding.unit) == ("L2", "乙大队")  # of the newest
    assert finding.subject == "同一诉求人同一事项(首单12328-T000001)"
    assert "来件2件" in finding.summary
    assert finding.numbers["people"] == 1
    assert store.found("R05", "2027-02-10") == []  # long settled: nothing new to say
    assert len(store.found("R05", "2027-01-10")) == 1


def test_a_unit_that_nobody_named_is_said_so(store, engine):
    nowhere = SAME | {"satisfaction": "不满意", "target_unit": None, "region": None}
    store.add("2026-10-06 15:00", "rough", **nowhere)
    store.add("2026-10-13 15:00", "rough", **nowhere)
    store.add("2026-10-13 15:00", "rough", content="大家商量明天罢运", target_unit=None,
              region=None)  # fmt: skip
    store.save()
    link(engine, date(2026, 11, 20))
    for rule in ("R05", "R10"):
        (finding,) = store.found(rule)
        assert finding.summary.startswith("未填单位")


def test_ratings_count_in_the_month_of_the_visit(store):
    for month, visited in (("08", "2026-09-10"), ("09", "2026-10-10")):
        store.add(
            f"2026-{month}-25 08:00", "rough", n=10, satisfaction="不满意", status="已回访",
            closed_at=AT(f"2026-{month}-28"), visited_at=AT(visited),
        )  # fmt: skip
    (finding,) = store.found("R20", profile="ah-2024")
    assert finding.window == "2026-10"
    assert (finding.numbers["ratings"], finding.numbers["satisfied"]) == ([10, 10], [0, 0])


def test_a_months_list_has_its_first_and_its_last_day_and_no_other(store):
    for due in ("2026-09-30 23:59", "2026-10-01 00:00", "2026-10-31 23:59", "2026-11-01 00:00"):
        store.add("2026-09-10 08:00", "rough", due_at=AT(due))
    found = {f.window: f for f in store.found("R21", profile="ah-2024")}
    assert found["2026-10"].tickets == (2, 3)
    assert found["2026-10"].level == "L2"
    assert found["2026-09"].tickets == (1,)


# --- one ticket --------------------------------------------------------------------------------


def test_levels_of_rules_about_one_ticket(store):
    store.add(OCTOBER, "rough", category="咨询")
    store.add(OCTOBER, "rough", return_count=2)
    assert [f.level for f in store.found("R13")] == ["L1"]
    assert [f.level for f in store.found("R24")] == ["L2"]


@pytest.mark.parametrize(
    "closed", [{"status": "已办结"}, {"status": "办理中", "closed_at": AT("2026-10-20")}]
)
def test_closed_by_its_state_or_by_its_time(store, closed):
    store.add(OCTOBER, "rough", reply="无", **closed)
    store.add(OCTOBER, "rough", reply="无", status="办理中")
    assert [f.tickets for f in store.found("R23")] == [(1,)]


def test_a_hollow_reply_of_one_ticket_is_no_example(store):
    place = {"target_unit": "乙大队", "region": "临河县"}
    store.add(OCTOBER, "rough", reply="已答复", status="已办结", **place)
    (finding,) = store.found("R23")
    assert "1件答复有待核对:答复只称“已答复”" in finding.summary
    assert (finding.unit, finding.region) == ("乙大队", "临河县")


@pytest.mark.parametrize(
    ("reply", "found"), [("情况已反馈至区县路政分局", 1), ("情况已反馈至区路政分局", 0)]
)
def test_a_short_reply_used_elsewhere_is_no_template(store, reply, found):
    """Twelve characters make a template; eleven are what anybody would write."""
    assert len(reply) == (12 if found else 11)
    store.add(OCTOBER, "rough", n=5, reply=reply, status="已办结")
    assert len(store.found("R23")) == found


# --- numbers -----------------------------------------------------------------------------------


def test_last_month_is_among_the_quiet_ones(store):
    for month in ("07", "08", "09"):
        store.add(f"2026-{month}-03 08:00", scope="E0")
    store.add("2026-10-03 08:00", "rough", n=2)
    assert [f.window for f in store.found("R12")] == ["2026-10"]
    store.add("2026-09-03 08:00", "rough")
    assert store.found("R12") == []


def test_a_single_concrete_complaint_is_told_plainly(store):
    store.add(OCTOBER, "profit_driven", content="这个月还差三台车的任务")
    (finding,) = store.found("R14")
    assert finding.summary == "青原县大队:2026年10月逐利执法具体反映1件"
    store.add("2026-10-13 08:00", "profit_driven", content="这个月还差三台车的任务")
    (finding,) = store.found("R14")
    assert finding.summary == (
        "青原县大队:2026年10月逐利执法具体反映2件,不少于2人,30日内最多2件(同一人只计一次)"
    )


PLATE = {"plate": "皖A·****1"}


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"caller_key": "K"} | PLATE, 1),  # one vehicle
        ({"caller_key": "K", "flags": ("涉企",)}, 1),  # one business
        ({"caller_key": "K"}, 0),  # a person on foot twice is no vehicle
        ({"caller_key": None} | PLATE, 0),  # whose a masked plate is, nobody knows
        ({"caller_key": None, "flags": ("涉企",)}, 0),
    ],
)
def test_what_makes_two_inspections_one_vehicles_or_one_businesss(store, columns, found):
    for day, told in ((12, "国道卡点检查罐车称重"), (14, "客运站门口拦下查证")):
        store.add(f"2026-10-{day} 08:00", "procedure", **columns, content=told)
    findings = store.found("R17")
    assert len(findings) == found
    for finding in findings:
        assert finding.tickets == (1, 2)
        assert finding.summary.endswith("同一企业或车辆30日内最多2次因检查投诉")
