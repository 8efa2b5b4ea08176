"""Items: raised once, updated, lapsed, reopened; explained; nothing twice."""

from datetime import date, datetime

import pytest
import sqlalchemy as sa

from pipeline.domain import calendar
from pipeline.store import tables as t
from pipeline.supervise.items import (
    ConfidentialItem,
    Role,
    StaleItem,
    TransitionForbidden,
    UnknownItem,
    explain,
    explain_zh,
    ordinary,
    record,
    supervise,
    transition,
)
from pipeline.supervise.life import SEALED
from pipeline.supervise.officers import hide_officers
from tests.supervise.acting import (
    AS_OF,
    CONCRETE,
    PROFILE,
    VAULT,
    act,
    events_of,
    move,
    record_all,
    set_matter,
    stored_items,
    tickets_of,
)


def test_a_raised_item(raised, engine):
    (item,) = stored_items(engine)
    assert (item["rule"], item["level"], item["state"]) == ("R14", "L2", "待核")
    assert item["summary"] == "青原县大队:2026年10月逐利执法具体反映1件"
    assert item["clause"].endswith("（交办法〔2024〕25号，M-07）")
    assert item["threshold_origin"] == "default"
    assert item["due_on"] == calendar.add_working_days(AS_OF, 15) == date(2026, 11, 10)
    assert item["missing_json"][0] == "核实结论"
    (event,) = events_of(engine)
    assert (event["person"], event["from_state"], event["to_state"]) == ("system", None, "待核")
    assert event["ticket_ids_json"] == tickets_of(engine) == [1]


def test_a_second_run_changes_nothing(raised, engine):
    before = stored_items(engine), events_of(engine)
    for as_of in (AS_OF, date(2026, 10, 21)):
        result = supervise(engine, PROFILE, as_of)
        assert (result.raised, result.updated, result.unchanged, result.items) == (0, 0, 1, [])
    assert (stored_items(engine), events_of(engine)) == before


def test_a_new_ticket_updates_the_item_and_raises_its_level(raised, engine):
    raised.add("2026-10-19 08:00", "profit_driven", content=CONCRETE)
    raised.save()
    result = supervise(engine, PROFILE, date(2026, 10, 21))
    assert (result.raised, result.updated, result.unchanged, result.items) == (0, 1, 0, [1])
    (item,) = stored_items(engine)
    assert (item["level"], item["row_version"]) == ("L4", 2)
    assert (item["raised_on"], item["updated_on"]) == (AS_OF, date(2026, 10, 21))
    assert item["due_on"] == date(2026, 11, 10)
    assert "提级复查" in item["missing_json"]
    event = events_of(engine)[-1]
    assert event["reason"].startswith("新增工单1件;级别L2→L4;青原县大队:2026年10月")
    assert event["ticket_ids_json"] == tickets_of(engine) == [1, 2]


def test_an_older_view_never_takes_back_a_newer_one(raised, engine):
    raised.add("2026-10-19 08:00", "profit_driven", content=CONCRETE)
    raised.save()
    supervise(engine, PROFILE, AS_OF)
    before = stored_items(engine)
    result = supervise(engine, PROFILE, date(2026, 10, 18))
    assert (result.raised, result.updated) == (0, 0)
    assert any("未改动" in note for note in result.resting)
    assert stored_items(engine) == before


def test_a_corrected_label_takes_its_ticket_out_and_lapses_the_item(raised, engine):
    with engine.begin() as connection:
        decision = {
            "id": 1,
            "ticket_id": 1,
            "person": "李督察",
            "decided_at": datetime(2026, 10, 20),
            "action": "correct",
            "is_current": True,
            "scope": "E1",
            "primary_type": "rough",
            "labels_json": ["rough"],
            "evidence_json": {},
        }
        connection.execute(sa.insert(t.review_decision), decision)
    result = supervise(engine, PROFILE, date(2026, 10, 21))
    assert (result.updated, result.items) == (1, [1])
    (item,) = stored_items(engine)
    assert item["state"] == "待核"
    assert item["numbers_json"]["lapsed_on"] == "2026-10-21"
    assert events_of(engine)[-1]["action"] == "lapse"
    assert supervise(engine, PROFILE, date(2026, 10, 22)).updated == 0
    with engine.begin() as connection:
        connection.execute(sa.update(t.review_decision).values(is_current=False))
    assert supervise(engine, PROFILE, date(2026, 10, 23)).updated == 1
    assert "lapsed_on" not in stored_items(engine)[0]["numbers_json"]
    assert "再次满足" in events_of(engine)[-1]["reason"]


def test_a_person_raised_the_level_and_the_rule_leaves_it(raised, engine):
    move(engine, 1, "升级")
    assert stored_items(engine)[0]["level"] == "L3"
    assert supervise(engine, PROFILE, AS_OF).updated == 0
    assert stored_items(engine)[0]["level"] == "L3"


def test_closing_needs_every_condition_and_a_new_ticket_reopens(raised, engine):
    move(engine, 1, "督办中", "已反馈", "待销号")
    with pytest.raises(TransitionForbidden, match="还不能销号,缺:核实结论"):
        move(engine, 1, "已销号")
    record_all(engine, 1)
    assert supervise(engine, PROFILE, AS_OF).updated == 0  # what was recorded stays recorded
    move(engine, 1, "已销号")
    assert supervise(engine, PROFILE, AS_OF).updated == 0
    raised.add("2026-10-20 08:00", "profit_driven", content=CONCRETE)
    raised.save()
    supervise(engine, PROFILE, date(2026, 10, 21))
    (item,) = stored_items(engine)
    assert (item["state"], item["level"]) == ("重开", "L4")
    assert "核实结论" in item["missing_json"]
    assert item["due_on"] == calendar.add_working_days(date(2026, 10, 21), 15)
    assert [e["seq"] for e in events_of(engine)] == list(range(1, item["row_version"] + 1))


def test_the_tickets_own_columns_meet_conditions(raised, engine):
    raised.update(1, verified="不属实", reply="经调取记录仪,未见所述情形")
    supervise(engine, PROFILE, AS_OF)
    assert "已答复并再次回访" in stored_items(engine)[0]["missing_json"]
    raised.update(1, visited_at=datetime(2026, 10, 19))
    supervise(engine, PROFILE, date(2026, 10, 21))
    assert stored_items(engine)[0]["missing_json"] == ["证据名录（执法记录仪、文书、案号）"]


def test_a_late_earlier_ticket_keeps_a_matter_one_item(store, engine):
    from pipeline.supervise.linking import link

    words = "再不解决我们十几个司机就要集体上访讨个说法"
    store.add("2026-10-12 08:00", "excessive", content=words)
    store.add("2026-10-13 08:00", "excessive", content=words)
    store.save()
    link(engine, AS_OF)
    supervise(engine, PROFILE, AS_OF)
    store.add("2026-10-02 08:00", "excessive", content=words)
    store.save()
    link(engine, AS_OF)
    with engine.begin() as connection:  # as if the late ticket had led the matter all along
        connection.execute(sa.update(t.matter).values(matter_id=3))
    supervise(engine, PROFILE, AS_OF)
    assert [i["rule"] for i in stored_items(engine)] == ["R10"]
    assert tickets_of(engine) == [1, 2, 3]


def test_what_parts_from_a_matter_is_an_item_of_its_own(store, engine):
    words = "再不解决我们十几个司机就要集体上访讨个说法"
    for day in (13, 12, 11, 10):  # what parts was accepted before what stays
        store.add(f"2026-10-{day} 08:00", "excessive", content=words)
    store.save()
    set_matter(engine, {1: 1, 2: 1, 3: 1, 4: 1})
    supervise(engine, PROFILE, AS_OF)
    set_matter(engine, {1: 1, 2: 1, 3: 3, 4: 3})
    supervise(engine, PROFILE, AS_OF)
    assert [item["rule"] for item in stored_items(engine)] == ["R10", "R10"]
    with engine.connect() as connection:
        rows = connection.execute(sa.select(t.item_ticket.c.item_id, t.item_ticket.c.ticket_id))
        assert sorted(map(tuple, rows)) == [(1, 1), (1, 2), (2, 3), (2, 4)]


def test_stale_and_unknown_and_unnamed(raised, engine):
    with pytest.raises(StaleItem):
        transition(engine, 1, "督办中", act(2))
    with pytest.raises(UnknownItem):
        transition(engine, 9, "督办中", act(1))
    for person, reason in (("", "查"), ("system", "查"), ("李督察", " ")):
        with pytest.raises(TransitionForbidden):
            transition(engine, 1, "督办中", act(1, person, reason))
    with pytest.raises(ValueError, match="nowhere"):
        transition(engine, 1, "nowhere", act(1))
    assert transition(engine, 1, "督办中", act(1)) == 2
    with pytest.raises(StaleItem):
        transition(engine, 1, "不属实", act(1, "王督察"))
    with pytest.raises(TransitionForbidden):
        record(engine, 1, "约谈记录", act(2))  # L2 does not ask for it


def test_no_calendar_no_deadline_but_a_note(store, engine, monkeypatch):
    def unknown(_start, _days):
        raise calendar.CalendarUnknown("2027 年的节假日安排尚未收录")

    store.add("2026-10-12 08:00", "profit_driven", content=CONCRETE)
    store.save()
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.supervise.writer.add_working_days", unknown)
        result = supervise(engine, PROFILE, AS_OF)
    assert any("2027" in note for note in result.resting)
    assert stored_items(engine)[0]["due_on"] is None
    supervise(engine, PROFILE, AS_OF)
    assert stored_items(engine)[0]["due_on"] == date(2026, 11, 10)


# --- confidential ----------------------------------------------------------------------------


@pytest.fixture
def lead(store, engine):
    store.add("2026-10-12 08:00", "integrity", flags=("廉政:明确",), content="给钱就放行")
    store.save()
    assert supervise(engine, PROFILE, AS_OF).items == []  # not even its number is told
    return store


def test_a_lead_is_in_no_ordinary_list(lead, engine):
    (item,) = stored_items(engine)
    assert (item["rule"], item["level"], item["missing_json"]) == ("R07", "X", ["移送回执编号"])
    with engine.connect() as connection:
        assert connection.execute(sa.select(t.supervision_item).where(ordinary())).all() == []
    with pytest.raises(ConfidentialItem):
        explain(engine, 1)
    assert explain(engine, 1, confidential=True)["规则"] == "R07 廉政线索"


def test_an_ordinary_item_does_not_show_a_ticket_that_has_become_a_lead(raised, engine):
    assert "12328-T000001" in explain_zh(explain(engine, 1))
    with engine.begin() as connection:
        said = {"labels_json": ["integrity"], "flags_json": ["廉政:明确"]}
        connection.execute(sa.update(t.classification).values(said))
    assert "12328-T000001" not in explain_zh(explain(engine, 1))


def test_a_lead_is_closed_by_the_receipts_number_alone(lead, engine):
    for state in ("督办中", "升级", "不属实"):
        with pytest.raises(TransitionForbidden):
            move(engine, 1, state, role=Role.LIAISON)
    for role in (Role.SUPERVISOR, Role.CHIEF):
        with pytest.raises(TransitionForbidden, match=role.value):
            move(engine, 1, "转移送", role=role)
    move(engine, 1, "转移送", role=Role.LIAISON)
    with pytest.raises(TransitionForbidden, match="移送回执编号"):
        move(engine, 1, "已销号", role=Role.LIAISON)
    with pytest.raises(TransitionForbidden, match="须写明移送回执编号"):
        record_all(engine, 1, role=Role.LIAISON, reason="已收到回执")
    record_all(engine, 1, role=Role.LIAISON)
    move(engine, 1, "已销号", role=Role.LIAISON)
    assert stored_items(engine)[0]["state"] == "已销号"


def test_what_is_written_about_a_lead_is_sealed(lead, engine):
    with pytest.raises(TransitionForbidden, match="加密"):
        transition(engine, 1, "转移送", act(1, role=Role.LIAISON, vault=None))
    transition(engine, 1, "转移送", act(1, reason="送市纪委案管室", role=Role.LIAISON))
    event = events_of(engine)[-1]
    assert event["reason"] == SEALED
    assert "案管室".encode() not in event["sealed"]
    said = explain(engine, 1, confidential=True)["经过"]
    assert SEALED in said[-1]
    said = explain(engine, 1, confidential=True, vault=VAULT)["经过"]
    assert "送市纪委案管室" in said[-1]
    _text = explain_zh(explain(engine, 1, confidential=True))
    assert "给钱就放行" not in _text


def test_retaliation_needs_an_assessment_before_closing(store, engine):
    store.add("2026-10-12 08:00", "rough", content="投诉之后中队的人上门威胁我")
    store.save()
    supervise(engine, PROFILE, AS_OF)
    item = next(i for i in stored_items(engine) if i["rule"] == "R25")
    assert "廉政线索评估结论" in item["missing_json"]
    assert "威胁" not in item["summary"]


# --- explaining ------------------------------------------------------------------------------


def test_an_item_explains_itself(raised, engine):
    said = explain_zh(explain(engine, 1))
    for part in (
        "R14 逐利执法具体反映", "L2 督办", "M-07", "系统默认", "具体内容=指标", "12328-T000001",
        "有效", "2026-11-10", "最少件数=2（系统默认）", "待核",
    ):  # fmt: skip
        assert part in said
    with pytest.raises(UnknownItem):
        explain(engine, 2)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("中队长周某每月从我们提成里抽两成", "中队长××每月从我们提成里抽两成"),
        ("执法证号12345678的人", "执法证号××的人"),
        ("张队长说的", "××队长说的"),
        ("队长说不行", "队长说不行"),
        ("站长要我交钱", "站长要我交钱"),
    ],
)
def test_officers_are_not_named_before_verification(text, hidden):
    assert hide_officers(text) == hidden


def test_evidence_names_officers_only_once_verified(store, engine):
    evidence = {"profit_driven": ["中队长周某说有任务"]}
    ticket = store.add("2026-10-12 08:00", "profit_driven", content=CONCRETE, evidence=evidence)
    store.save()
    supervise(engine, PROFILE, AS_OF)
    assert "周某" not in explain_zh(explain(engine, 1))
    store.update(ticket, verified="属实")
    assert "周某" in explain_zh(explain(engine, 1))
