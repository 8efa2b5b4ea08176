"""R01, R06, R23, R24: a ticket on its way, and whether it was really settled."""

from datetime import datetime

import pytest

from pipeline.policies import load_profile
from pipeline.supervise.explain import _NUMBER_ZH, THRESHOLD_ZH
from pipeline.supervise.replies import demands
from pipeline.supervise.rules import catalogue

OCTOBER = "2026-10-12 08:00"


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


# --- R01: due soon ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "found"),
    [("2026-11-17", 0), ("2026-11-18", 0), ("2026-11-19", 1), ("2026-11-20", 1), ("2026-11-21", 0)],
)
def test_due_within_one_working_day(store, as_of, found):
    store.add("2026-11-02 09:00", "rough", due_at=_at("2026-11-20 18:00"))  # a Friday
    findings = store.found("R01", as_of)
    assert len(findings) == found
    if found:
        assert (findings[0].level, findings[0].due_on.isoformat()) == ("L1", "2026-11-20")
        assert store.found("R02", as_of) == []


def test_due_on_monday_is_due_soon_from_friday(store):
    store.add("2026-11-02 09:00", "rough", due_at=_at("2026-11-16"))
    assert store.found("R01", "2026-11-12") == []
    assert len(store.found("R01", "2026-11-13")) == 1
    assert len(store.found("R01", "2026-11-15")) == 1


@pytest.mark.parametrize("columns", [{"is_extended": True}, {"status": "已办结"}])
def test_not_due_soon(store, columns):
    store.add("2026-11-02 09:00", "rough", due_at=_at("2026-11-20"), **columns)
    assert store.found("R01", "2026-11-20") == []


def test_without_status_due_soon_rests(store):
    store.add("2026-11-02 09:00", "rough", status=None)
    assert "状态" in store.resting()["R01"]


# --- R06: truck drivers ----------------------------------------------------------------------

DRIVER = {"flags": ("货车司机",)}


@pytest.mark.parametrize(
    ("columns", "late"),
    [
        ({"dispatched_at": "2026-10-12 10:00"}, []),
        ({"dispatched_at": "2026-10-12 10:01"}, ["转办超过2小时"]),
        ({"closed_at": "2026-10-19 18:00"}, []),  # the fifth working day
        ({"closed_at": "2026-10-20 08:00"}, ["回复超过5个工作日"]),
        ({"visited_at": "2026-10-16 20:00"}, []),
        ({"visited_at": "2026-10-17 08:00"}, ["办结后回访超过2个工作日"]),
        ({"visited_at": None}, ["办结后回访超过2个工作日"]),
    ],
)
def test_each_limit_for_truck_drivers(store, columns, late):
    times = {
        "dispatched_at": "2026-10-12 09:00",
        "closed_at": "2026-10-14 12:00",
        "visited_at": "2026-10-15 12:00",
    } | columns
    if "closed_at" in columns:
        times["visited_at"] = columns["closed_at"]
    known = {name: _at(value) for name, value in times.items() if value}
    store.add(OCTOBER, "rough", status="已办结", **DRIVER, **known)
    store.add("2026-10-12 08:00", "rough", status="已回访", visited_at=_at("2026-10-13"))
    store.add(OCTOBER, "rough", status="已办结", hotline="12345", **DRIVER, **known)
    found = store.found("R06")
    assert [f.numbers["late"] for f in found] == ([late] if late else [])
    assert all(f.level == "L2" for f in found)


def test_truck_drivers_open_and_late(store):
    store.add("2026-11-12 08:00", "rough", dispatched_at=_at("2026-11-12 09:00"), **DRIVER)
    store.add(OCTOBER, "rough", closed_at=_at("2026-10-13"), status="已办结")
    assert store.found("R06", "2026-11-19") == []
    (finding,) = store.found("R06", "2026-11-20")
    assert finding.numbers["late"] == ["回复超过5个工作日"]


def test_truck_drivers_limits_are_text_and_the_one_without_column_is_named(store):
    store.add(OCTOBER, "rough", **DRIVER)
    assert "转办时间" in store.resting()["R06"]
    assert store.found("R06") == []
    assert catalogue()["R06"].threshold_origin(load_profile("mot-2024-25")) == "text"


# --- R24: passed around ----------------------------------------------------------------------


@pytest.mark.parametrize(("count", "found"), [(None, 0), (1, 0), (2, 1), (3, 1)])
def test_returned_twice(store, count, found):
    store.add(OCTOBER, "inaction", return_count=count)
    store.add(OCTOBER, "inaction", return_count=count, status="已办结")
    assert len(store.found("R24")) == found


@pytest.mark.parametrize(
    ("as_of", "columns", "found"),
    [
        ("2026-10-18", {"status": "已转办"}, 0),
        ("2026-10-19", {"status": "已转办"}, 1),  # the fifth working day after Monday the 12th
        ("2026-10-19", {"status": "待受理"}, 1),
        ("2026-10-19", {"status": "办理中"}, 0),
        ("2026-10-19", {"status": "已转办", "signed_at": _at("2026-10-13")}, 0),
        ("2026-10-19", {"status": "已转办", "dispatched_at": _at("2026-10-13")}, 0),
    ],
)
def test_nobody_takes_it(store, as_of, columns, found):
    store.add(OCTOBER, "inaction", **columns)
    assert len(store.found("R24", as_of)) == found


def test_without_both_columns_passed_around_rests(store):
    store.add(OCTOBER, "rough", status=None)
    assert "退单次数" in store.resting()["R24"]


# --- R23: not really closed ------------------------------------------------------------------

GOOD = "经调取执法记录仪并询问当事人,执法人员确有不当言语,已批评教育并向来电人致歉。"


def _closed(store, **columns) -> None:
    defaults = {"status": "已办结", "closed_at": _at("2026-10-20"), "reply": GOOD}
    store.add(OCTOBER, "rough", **defaults | columns)


@pytest.mark.parametrize(
    ("columns", "faults"),
    [
        ({}, []),
        ({"reply": None}, ["答复为空"]),
        ({"reply": "已转交相关部门处理。"}, ["答复空泛"]),
        ({"reply": "已对相关执法人员进行批评教育"}, ["答复空泛"]),
        ({"reply": "已办结"}, ["答复空泛"]),
        ({"reply": "【办理情况】已办结\n【答复市民要点】已答复"}, ["答复空泛"]),
        ({"reply": "经核实,已向来电人答复处理情况。"}, ["答复空泛"]),
        ({"reply": "已联系诉求人并答复。", "content": "要求退还罚款"}, ["答复空泛", "未回应诉求"]),
        ({"reply": "您好,你反映的问题已转交有关单位调查处置。"}, ["答复空泛"]),
        ({"reply": "经核实,限速标志设置合规。"}, []),
        ({"reply": None, "status": "办理中", "closed_at": None}, []),
        ({"content": "诉求:退还罚款。"}, ["未回应诉求"]),
        ({"content": "诉求:退还罚款。", "reply": GOOD + "所缴罚款不予退还。"}, []),
        ({"content": "执法人员不肯道歉", "reply": "经现场调查,系误会,已解释。"}, []),
        ({"content": "要求执法人员道歉", "reply": "经现场调查,系误会,已解释。"}, ["未回应诉求"]),
        ({"reply": GOOD + "已电话联系来电人。", "visit_result": "来电人称没有接到过电话"},
         ["联系情况不一致"]),
        ({"reply": GOOD + "已联系来电人。", "dissatisfaction_reason": "从未联系我"},
         ["联系情况不一致"]),
        ({"reply": GOOD + "已联系来电人。", "visit_result": "未接通"}, []),
        ({"reply": GOOD, "dissatisfaction_reason": "从未联系我"}, []),
        ({"category": "咨询"}, ["按咨询办结"]),
        ({"verified": "不属实"}, []),
        ({"verified": "不属实", "reply": "经核实,您所反映的内容不属实。"}, ["未写明核查"]),
        ({"verified": "属实", "reply": "经核实,您所反映的内容属实,已整改到位。"}, []),
    ],
)  # fmt: skip
def test_what_a_reply_shows(store, columns, faults):
    _closed(store, **columns)
    _closed(store)
    found = [f for f in store.found("R23") if f.tickets == (1,)]
    assert [f.numbers["reply_faults"] for f in found] == ([faults] if faults else [])
    assert all(f.level == "L2" and "供人工核定" in f.summary for f in found)


def _template(day: int) -> str:
    return f"您反映的问题我单位于10月{day}日高度重视,感谢您的监督支持。"


@pytest.mark.parametrize(("n", "found"), [(4, 0), (5, 1)])
def test_the_same_reply_on_five_matters(store, n, found):
    for day in range(n):
        _closed(store, reply=_template(day))
    findings = store.found("R23")
    assert len(findings) == found
    if found:
        assert findings[0].tickets == (1, 2, 3, 4, 5)
        assert f"与另外{n - 1}个事项的答复雷同" in findings[0].summary
        _closed(store, target_unit="乙大队", category="咨询", reply=_template(9))
        other = store.found("R23")[1]
        assert other.numbers["reply_faults"] == ["答复雷同", "按咨询办结"]


def test_hollow_replies_of_a_place_and_month_are_one_item(store):
    for day in (20, 21):
        _closed(store, reply="已联系诉求人并答复。", closed_at=_at(f"2026-10-{day}"))
    _closed(store, reply="已答复", target_unit="乙大队")
    _closed(store)
    first, other = store.found("R23")
    assert (first.tickets, other.tickets) == ((3,), (1, 2))
    assert "2件答复有待核对:如答复只称“已联系诉求人并答复。”" in other.summary
    assert other.numbers["reply_faults"] == ["答复空泛"]


def test_the_same_reply_on_one_matter_is_no_template(store, engine):
    from pipeline.supervise.linking import link

    for _ in range(6):
        _closed(store, content="国道卡点拦车逐个开单不听解释司机们都在排队", caller_key="K")
    store.save()
    link(engine, _at("2026-11-20").date())
    assert store.found("R23") == []


def test_evidence_of_a_reply_names_no_officer(store):
    _closed(store, reply="中队长周某已处理", verified="不属实")
    _closed(store, reply="已联系中队长周某核实。", visit_result="无人联系")
    assert all("周某" not in f.summary for f in store.found("R23"))


def test_without_replies_the_check_rests(store):
    store.add(OCTOBER, "rough", status="已办结")
    assert "办理结果" in store.resting()["R23"]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("请求退还罚款并赔礼道歉", ["退款", "道歉"]),
        ("车被扣了十天,要求放车", ["放车"]),
        ("希望撤销处罚决定", ["撤销处罚"]),
        ("已经退款。要求解释", []),
        ("诉求:返还资料", []),
        ("对方不道歉", []),
    ],
)
def test_demands(text, asked):
    assert demands(text) == asked


def test_every_threshold_and_number_has_a_chinese_name():
    profile = load_profile("mot-2024-25")
    names = {name for settings in profile.rules.values() for name in settings}
    assert names | set(profile.truck_driver_deadlines) <= set(THRESHOLD_ZH)
    assert {"late", "reply_faults", "returns", "since", "urgent", "window"} <= set(_NUMBER_ZH)
