"""Each list's own rules: who is on it, why, and what it says."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipeline.policies import load_profile
from pipeline.store.vault import Vault
from pipeline.supervise.closing import RECEIPT
from pipeline.supervise.facts import people
from pipeline.supervise.ledgers.casebook import deidentified
from pipeline.supervise.ledgers.fines import UNNAMED, matters_of
from pipeline.supervise.ledgers.follow_up import draw
from pipeline.supervise.ledgers.period import period_of
from pipeline.supervise.ledgers.referrals import referrals
from pipeline.supervise.ledgers.tickets import Ticket
from pipeline.supervise.ledgers.visits import ALL, SLOTS, clues, slot_of
from pipeline.supervise.life import SEALED, Act, record

AT = datetime.fromisoformat


def _ticket(n: int, **columns) -> Ticket:
    blank = dict.fromkeys(Ticket.__slots__)
    return Ticket(
        **blank
        | {
            "id": n,
            "hotline": "12328",
            "ticket_no": f"T{n}",
            "accepted_at": datetime(2026, 10, 1) + timedelta(hours=n),
            "caller_key": f"caller-{n}",
            "region": "青原县",
            "unit": "青原县大队",
            "primary_type": "rough",
            "labels_json": ["rough"],
        }
        | columns
    )


# --- 监督事项清单 ---------------------------------------------------------------------------------


def test_items_are_listed_as_they_stood_on_the_day(desk):
    ids = [desk.store.add("2026-10-08 09:00", "profit_driven", caller_key="one") for _ in range(2)]
    desk.item("2026-10-10", ("2026-11-05 09:00", "督办中"), ("2026-11-10 09:00", "已销号"))
    desk.item("2026-10-12", tickets=ids, level="L4")
    desk.item("2026-11-15")
    seen = ("编号", "状态", "级别", "件数", "人数")
    assert desk.rows("items", *seen, month=None, as_of="2026-11-06") == [
        (2, "待核", "L4 挂牌督办建议", 2, 1),
        (1, "督办中", "L2 督办", 0, 0),
    ]
    assert [row[0] for row in desk.rows("items", *seen, month=None)] == [2, 3]
    told = desk.rows("items", "销号尚缺", "期限", month=None, as_of="2026-11-06")
    assert told == [("核实结论", "2026-11-02（已过4个工作日）"), ("此后已有变动", *told[1][1:])]


def test_people_are_as_the_rule_counted_them_while_that_holds(desk):
    ids = [desk.store.add("2026-10-08 09:00", "rough", caller_key=key) for key in ("a", None)]
    desk.item("2026-10-10", tickets=ids, numbers_json={"people": 1})
    desk.item("2026-10-10", ("2026-11-15 09:00", "督办中"), tickets=ids, numbers_json={"people": 1})
    assert desk.rows("items", "件数", "人数", as_of="2026-11-10") == [(2, 1), (2, 2)]


def test_other_profiles_items_are_not_listed(desk):
    desk.item("2026-10-10", profile="ah-2024")
    assert desk.rows("items", "编号") == []


# --- 突出问题整治清单 -----------------------------------------------------------------------------


def test_the_four_states_of_rectification(desk):
    closed = ("2026-10-20 09:00", "已销号")
    desk.item("2026-10-10", unit="新增队")
    desk.item("2026-08-10", unit="持续队")
    desk.item("2026-08-10", closed, unit="销号队")
    desk.item(
        "2026-07-10", ("2026-08-01 09:00", "已销号"), ("2026-10-05 09:00", "重开"), unit="重开队"
    )
    desk.item("2026-07-10", ("2026-08-20 09:00", "已销号"), unit="复发队")
    desk.item("2026-10-25", unit="复发队")
    desk.item("2026-10-02", ("2026-10-20 09:00", "不属实"), unit="不实队")
    desk.item("2026-10-02", rule="R02", unit="单件队")
    desk.item("2026-10-02", level="L1", rule="R12", unit="提醒队")
    assert desk.rows("rectification", "整治状态", "单位") == [
        ("新增", "新增队"),
        ("反弹", "复发队"),
        ("反弹", "重开队"),
        ("持续", "持续队"),
        ("销号", "销号队"),
    ]
    summary = desk.ledger("rectification").summary
    assert summary == "本期新增1项，反弹2项，持续1项，销号1项；另有不属实1项，不列入。"


def test_what_landed_when_the_month_was_over_is_that_months(desk):
    october = [desk.store.add("2026-10-08 09:00", "profit_driven")]
    november = [desk.store.add("2026-11-02 09:00", "profit_driven")]
    desk.item("2026-11-03", ("2026-11-10 09:00", "已销号"), tickets=october)
    desk.item("2026-11-03", tickets=november)
    seen = ("编号", "整治状态", "办理状态")
    assert desk.rows("rectification", *seen, as_of="2026-10-31") == []
    assert desk.rows("rectification", *seen) == [(1, "新增", "待核")]
    assert desk.rows("rectification", *seen, month="2026-11") == [
        (2, "新增", "待核"), (1, "销号", "已销号"),
    ]  # fmt: skip
    assert desk.rows("items", "编号", as_of="2026-11-05") == [(1,)]
    assert desk.rows("items", "编号", month="2026-11", as_of="2026-11-05") == [(1,), (2,)]


@pytest.mark.parametrize(
    ("closed", "state"), [("2026-07-12", "新增"), ("2026-07-13", "反弹"), ("2026-10-11", "反弹")]
)
def test_a_rebound_is_a_like_item_within_ninety_days(desk, closed, state):
    desk.item("2026-07-01", (f"{closed} 09:00", "已销号"))
    desk.item("2026-10-11")
    assert state in {row[0] for row in desk.rows("rectification", "整治状态")}
    desk.item("2026-10-11", unit="别县大队")
    assert ("新增", "别县大队") in desk.rows("rectification", "整治状态", "单位")


# --- 断环清单, 未回应清单 ----------------------------------------------------------------------

WHOLE = {
    "status": "已归档",
    "dispatched_at": AT("2026-10-08 10:00"),
    "signed_at": AT("2026-10-08 11:00"),
    "closed_at": AT("2026-10-12 10:00"),
    "reply": "已答复",
    "visited_at": AT("2026-10-13 10:00"),
}


@pytest.mark.parametrize(
    ("lost", "gaps"),
    [
        ({}, []),
        ({"signed_at": None}, ["签收"]),
        ({"dispatched_at": None, "reply": None}, ["转办、答复"]),
        ({"visited_at": None}, ["回访"]),
        ({"status": "已回访"}, ["归档"]),
        ({"status": "办理中", "closed_at": None, "reply": None, "visited_at": None}, []),
        ({"status": "不予受理", "signed_at": None}, []),
    ],
)
def test_which_step_is_missing(desk, lost, gaps):
    desk.store.add("2026-10-01 09:00", "rough", **WHOLE)  # shows that every step is exported
    desk.store.add("2026-10-08 09:00", "rough", **WHOLE | lost)
    assert [row[0] for row in desk.rows("broken-loop", "断在何处")] == gaps


def test_a_visit_is_missed_only_when_its_time_is_over(desk):
    desk.store.add("2026-10-01 09:00", "rough", **WHOLE)
    closed_on_friday = WHOLE | {
        "status": "已办结", "closed_at": AT("2026-10-23 10:00"), "visited_at": None
    }  # fmt: skip
    desk.store.add("2026-10-20 09:00", "rough", **closed_on_friday)
    assert desk.rows("broken-loop", "断在何处", as_of="2026-10-27") == []
    assert desk.rows("broken-loop", "断在何处", as_of="2026-10-28") == [("回访",)]


def test_a_step_that_the_export_lacks_is_not_judged(desk):
    desk.store.add("2026-10-08 09:00", "rough", **WHOLE | {"signed_at": None})
    assert desk.ledger("broken-loop").rows == ()
    assert any("没有签收的记录" in note for note in desk.ledger("broken-loop").notes)


def test_who_is_unanswered(desk):
    due = {"due_at": AT("2026-10-20 18:00")}
    desk.store.add("2026-10-08 09:00", "rough", **due)
    desk.store.add("2026-10-08 10:00", "rough", **due, reply="已答复")
    desk.store.add("2026-10-08 11:00", "rough", status="已办结", closed_at=AT("2026-10-15 10:00"))
    desk.store.add("2026-10-08 12:00", "rough", due_at=None)  # 10 working days: 10-21
    desk.store.add("2026-10-08 13:00", "rough", **due, status="撤销")
    seen = ("工单", "应答复日", "已过工作日", "情形")
    assert desk.rows("unanswered", *seen, as_of="2026-10-21") == [
        ("12328-T000001", "2026-10-20（平台）", 1, "到期未答复"),
        ("12328-T000003", "2027-06-30（平台）", 0, "已办结而无答复内容"),
    ]
    assert ("12328-T000004", "2026-10-21（系统默认）", 1, "到期未答复") in desk.rows(
        "unanswered", *seen, as_of="2026-10-22"
    )


def test_a_deadline_beyond_the_known_calendar_is_no_reason_to_fail(desk):
    desk.store.add("2026-12-30 09:00", "rough", due_at=None)
    assert desk.rows("unanswered", "工单", month="2026-12", as_of="2026-12-31") == []


# --- 查访线索表 -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ("晚上8点在检查点被拦", SLOTS[3]),
        ("10月20日14时30分许", SLOTS[2]),
        ("凌晨2点", SLOTS[0]),
        ("上午9:40", SLOTS[1]),
        ("上午拦一次,下午又拦一次", SLOTS[4]),
        ("处罚时间和时限都不对,差一点位置", SLOTS[4]),
        ("没说时间", SLOTS[4]),
    ],
)
def test_the_time_of_day(text, slot):
    assert slot_of(text) == slot


def test_small_cells_are_merged_until_nobody_can_be_told():
    def add(n, place, text="", kind="rough", **more):
        return _ticket(n, place=place, content=text, primary_type=kind, **more)

    tickets = [
        *(add(n, "一号点", "晚上被拦") for n in range(3)),
        *(add(n, "二号点", "晚上被拦" if n % 2 else "上午被拦") for n in range(3, 6)),
        *(add(6 + n, "三号点", kind=k) for n, k in enumerate(("rough", "procedure", "selective"))),
        *(add(n, f"{n}号院") for n in (9, 10, 11)),
        add(12, "四号点", region="别县"),
        *(add(n, "五号点", region="重县", caller_key="one") for n in range(13, 19)),
    ]  # fmt: skip
    lines, left = clues(tickets, 3)
    assert [key for key, _ in lines] == [
        ("青原县", "一号点", SLOTS[3], "粗暴执法"),
        ("青原县", "三号点", ALL, ALL),
        ("青原县", "二号点", ALL, "粗暴执法"),
        ("青原县", ALL, ALL, "粗暴执法"),
    ]
    assert left == 7  # one person stays one person, however often she calls


def test_a_line_that_would_say_the_region_alone_is_not_made():
    kinds = ("rough", "procedure", "selective")
    tickets = [_ticket(n, primary_type=kind, target_unit=None) for n, kind in enumerate(kinds)]
    assert clues(tickets, 3) == ([], 3)
    evening = [replace(ticket, content="昨晚被拦") for ticket in tickets]
    assert [key for key, _ in clues(evening, 3)[0]] == [("青原县", ALL, SLOTS[3], ALL)]


_TICKETS = st.lists(
    st.builds(
        lambda n, place, region, kind, text, caller: _ticket(
            n, place=place, region=region, primary_type=kind, content=text, caller_key=caller
        ),
        st.integers(1, 10**6),
        st.sampled_from(["一号点", "二号点", None]),
        st.sampled_from(["青原县", "临河县", None]),
        st.sampled_from(["rough", "procedure", None]),
        st.sampled_from(["晚上", "上午", ""]),
        st.sampled_from(["a", "b", "c", "d", "e", None]),
    ),
    max_size=40,
    unique_by=lambda ticket: ticket.id,
)


@hypothesis_settings(max_examples=60, deadline=None)
@given(_TICKETS, st.integers(2, 5))
def test_no_line_stands_for_fewer_people_and_no_complaint_in_two(tickets, least):
    lines, left = clues(tickets, least)
    assert all(people(group) >= least for _, group in lines)
    assert len({key for key, _ in lines}) == len(lines)
    counted = [ticket.id for _, group in lines for ticket in group]
    assert len(counted) == len(set(counted)) == len(tickets) - left
    assert clues(list(reversed(tickets)), least)[1] == left


def test_golden_visits(desk, golden):
    place = {"place": "G310国道东检查点", "target_unit": "青原县大队"}
    desk.store.add("2026-10-08 09:00", "rough", n=3, content="昨晚被拦,话很难听", **place)
    desk.store.add("2026-10-09 09:00", "procedure", content="下午被拦,没亮证", **place)
    other = {"region": "临河县", "target_unit": None}
    desk.store.add(
        "2026-09-09 09:00", "procedure", n=2, content="上午被拦", place="东桥头", **other
    )
    desk.store.add("2026-09-09 09:00", "procedure", content="昨晚被拦", place="临河县", **other)
    golden(desk.ledger("visits"))


# --- 争议罚款事项表 -------------------------------------------------------------------------------


def test_penalties_are_named_from_the_callers_words():
    assert matters_of("超载罚了,篷布没盖也罚了") == ["超限超载", "货物遮盖脱落"]
    assert matters_of("罚得莫名其妙") == [UNNAMED]
    assert matters_of("超载被拦,没有处分") == []


def test_penalties_are_ordered_by_count_and_the_unnamed_come_last(desk):
    desk.store.add("2026-10-08 09:00", "disproportionate", n=2, content="罚了,说改装")
    desk.store.add("2026-10-08 09:00", "profit_driven", n=3, content="超载罚了就放行")
    desk.store.add("2026-10-08 09:00", "rough", n=4, content="罚了,不说为什么")
    desk.store.add("2026-10-08 09:00", "rough", content="超载被拦,没有处分")
    desk.store.add("2026-07-01 09:00", "rough", content="超载罚了")
    seen = ("处罚事项", "件数", "其中反映过罚失当", "其中反映逐利执法", "评估提示")
    assert desk.rows("disputed-fines", *seen) == [
        ("超限超载", 3, 0, 3, "达到"),
        ("车辆改装外廓", 2, 2, 0, ""),
        (UNNAMED, 4, 0, 0, ""),
    ]


# --- 错题本 ---------------------------------------------------------------------------------------


def test_only_verified_complaints_become_examples(desk):
    span = {"rough": ["拔了我的钥匙"]}
    closed = {"status": "已办结", "closed_at": AT("2026-10-20 10:00")}
    for verified in ("属实", "部分属实", "不属实", "无法核实", None):
        desk.store.add("2026-10-08 09:00", "rough", evidence=span, **closed, verified=verified)
    desk.store.add("2026-10-08 09:00", "rough", evidence=span, verified="属实",
                   **closed | {"closed_at": AT("2026-11-02 10:00")})  # fmt: skip
    assert desk.rows("casebook", "核实结论", "情形") == [
        ("属实", "有诉求人反映：“拔了我的钥匙”"),
        ("部分属实", "有诉求人反映：“拔了我的钥匙”"),
    ]


def test_a_confidential_caller_makes_no_example(desk):
    desk.store.add("2026-10-08 09:00", "rough", evidence={"rough": ["拔了我的钥匙"]},
                   status="已办结", closed_at=AT("2026-10-20 10:00"), verified="属实",
                   is_confidential=True)  # fmt: skip
    assert desk.rows("casebook", "情形") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10月20日14时30分在青原县大队院里罚了我5000元", "某日某时在某执法单位院里罚了我若干元"),
        ("G310国道K45+200处被青原县三中队拦下", "某路国道某处处被某执法单位拦下"),
        ("张建国队长说再废话把你铐起来", "××队长说再废话把你铐起来"),
        ("皖A12345这台车一个月拦八回", "皖A·***45这台车一个月拦八回"),
    ],
)
def test_what_is_hidden_in_an_example(text, said):
    told = deidentified(text)
    for secret in ("10月", "14时", "5000", "310", "K45", "建国", "12345", "青原"):
        assert secret not in told
    assert len(told) > 6


# --- 移送清单 -------------------------------------------------------------------------------------


def test_referrals_hold_leads_and_their_receipts(desk, engine, settings):
    vault = Vault(settings.secret)
    ids = [desk.store.add("2026-10-08 09:00", "integrity")]
    desk.item("2026-10-09", ("2026-10-12 09:00", "转移送"), level="X", rule="R07",
              problem_type="integrity", tickets=ids, missing_json=[RECEIPT])  # fmt: skip
    act = Act("赵联络", "纪检联络员", "青纪移2026-7", AT("2026-10-20 09:00"), 2, vault)
    record(engine, 1, RECEIPT, act)

    def rows(day: str) -> list[tuple]:
        period = period_of("2026-10", AT(day).date(), AT(day).date())
        with engine.connect() as connection:
            sheet = referrals(connection, load_profile("mot-2024-25"), period, vault)
        names = [column.name for column in sheet.columns]
        seen = ("状态", "工单", RECEIPT, "移送期限")
        return [tuple(row[names.index(name)] for name in seen) for row in sheet.rows]

    assert rows("2026-11-20") == [("转移送", "12328-T000001", "青纪移2026-7", "2026-10-29")]
    assert rows("2026-10-15") == [("转移送", "12328-T000001", "", "2026-10-29")]
    assert desk.rows("referrals", RECEIPT) == [(SEALED,)]  # nothing in clear without the key
    assert desk.ledger("referrals").is_restricted


# --- 回访抽样 -------------------------------------------------------------------------------------

_FRAMES = st.lists(st.integers(1, 400), unique=True, max_size=60).map(
    lambda ids: [_ticket(n, unit=f"{n % 3}队") for n in ids]
)


@hypothesis_settings(max_examples=60, deadline=None)
@given(_FRAMES, st.sampled_from([0.05, 0.1, 0.3, 1.0]), st.integers(0, 3), st.randoms())
def test_the_sample_is_the_same_in_any_order_and_of_the_right_size(frame, ratio, least, random):
    drawn = draw(frame, (), ratio=ratio, least=least, seed="s")
    shuffled = random.sample(frame, len(frame))
    assert sorted(draw(shuffled, (), ratio=ratio, least=least, seed="s")) == sorted(drawn)
    for unit in {ticket.unit for ticket in frame}:
        size = sum(ticket.unit == unit for ticket in frame)
        share = sum(stratum == unit for _, stratum in drawn)
        assert min(size, max(least, ratio * size)) - 1e-9 <= share < max(least, ratio * size) + 1


@hypothesis_settings(max_examples=60, deadline=None)
@given(_FRAMES, st.integers(0, 60))
def test_what_was_drawn_stays_drawn_when_more_is_closed(frame, cut):
    first = dict(draw(frame[:cut], (), ratio=0.2, least=1, seed="s"))
    later = dict(draw(frame, first, ratio=0.2, least=1, seed="s"))
    assert set(first) <= set(later)
    assert dict(draw(frame, later, ratio=0.2, least=1, seed="s")) == later


def test_a_tenth_of_thirty_is_three():
    frame = [_ticket(n) for n in range(30)]
    assert len(draw(frame, (), ratio=0.1, least=1, seed="s")) == 3
    assert len(draw(frame[:21], (), ratio=0.1, least=1, seed="s")) == 3
    other = draw(frame, (), ratio=0.1, least=1, seed="another")
    assert other != draw(frame, (), ratio=0.1, least=1, seed="s")


def test_golden_broken_loop(desk, golden):
    desk.store.add("2026-10-01 09:00", "rough", **WHOLE)
    desk.store.add("2026-10-08 09:00", "rough", "procedure", **WHOLE | {"signed_at": None})
    desk.store.add("2026-10-08 09:00", "rough", target_unit="临河县大队", **WHOLE | {"reply": None})
    desk.store.add("2026-10-08 09:00", "inaction", hotline="12345", status="已办结",
                   closed_at=AT("2026-10-12 10:00"))  # fmt: skip
    golden(desk.ledger("broken-loop", profile="xn-2024-30"))
