"""Items: raised once, updated, lapsed, reopened; explained; nothing twice."""

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from pipeline.domain import calendar
from pipeline.policies import load_profile
from pipeline.store import tables as t
from pipeline.store.vault import Vault
from pipeline.supervise.items import (
    Act,
    ConfidentialItem,
    Role,
    StaleItem,
    TransitionForbidden,
    UnknownItem,
    explain,
    explain_zh,
    extend,
    ordinary,
    pause,
    record,
    resume,
    supervise,
    transition,
)
from pipeline.supervise.life import SEALED
from pipeline.supervise.officers import hide_officers
from pipeline.supervise.rules import Finding
from pipeline.supervise.writer import item_key

PROFILE = load_profile("mot-2024-25")
AS_OF = date(2026, 10, 20)
CONCRETE = "执法人员说这个月还差三台车的任务"


def _items(engine) -> list[dict]:
    with engine.connect() as connection:
        query = sa.select(t.supervision_item).order_by(t.supervision_item.c.id)
        return [dict(row) for row in connection.execute(query).mappings()]


def _events(engine, item_id: int = 1) -> list[dict]:
    with engine.connect() as connection:
        query = sa.select(t.item_event).where(t.item_event.c.item_id == item_id)
        return [
            dict(row) for row in connection.execute(query.order_by(t.item_event.c.seq)).mappings()
        ]


def _tickets(engine, item_id: int = 1) -> list[int]:
    with engine.connect() as connection:
        link = t.item_ticket.c
        return sorted(connection.scalars(sa.select(link.ticket_id).where(link.item_id == item_id)))


VAULT = Vault(b"k" * 40)


def _act(
    version: int, person="李督察", reason="理由", *, role=Role.CHIEF, at=None, vault=VAULT
) -> Act:
    return Act(person, role, reason, at or datetime(2026, 10, 20, 9), version, vault)


def _move(engine, item_id: int, *states: str, role=Role.CHIEF, at=None) -> None:
    for state in states:
        version = next(i for i in _items(engine) if i["id"] == item_id)["row_version"]
        transition(engine, item_id, state, _act(version, role=role, at=at))


def _record_all(engine, item_id: int, role=Role.CHIEF, reason="见卷宗第12号") -> None:
    item = next(i for i in _items(engine) if i["id"] == item_id)
    for n, condition in enumerate(item["missing_json"]):
        act = _act(item["row_version"] + n, role=role, reason=reason)
        record(engine, item_id, condition, act)


def _close(engine, item_id: int, at: datetime) -> None:
    _move(engine, item_id, "督办中", "已反馈", "待销号", at=at)
    _record_all(engine, item_id)
    _move(engine, item_id, "已销号", at=at)


@pytest.fixture
def raised(store, engine):
    store.add("2026-10-12 08:00", "profit_driven", content=CONCRETE)
    store.save()
    result = supervise(engine, PROFILE, AS_OF)
    assert (result.raised, result.items) == (1, [1])
    return store


def test_a_raised_item(raised, engine):
    (item,) = _items(engine)
    assert (item["rule"], item["level"], item["state"]) == ("R14", "L2", "待核")
    assert item["summary"] == "青原县大队:2026年10月逐利执法具体反映1件"
    assert item["clause"].endswith("（交办法〔2024〕25号，M-07）")
    assert item["threshold_origin"] == "default"
    assert item["due_on"] == calendar.add_working_days(AS_OF, 15) == date(2026, 11, 10)
    assert item["missing_json"][0] == "核实结论"
    (event,) = _events(engine)
    assert (event["person"], event["from_state"], event["to_state"]) == ("system", None, "待核")
    assert event["ticket_ids_json"] == _tickets(engine) == [1]


def test_a_second_run_changes_nothing(raised, engine):
    before = _items(engine), _events(engine)
    for as_of in (AS_OF, date(2026, 10, 21)):
        result = supervise(engine, PROFILE, as_of)
        assert (result.raised, result.updated, result.unchanged, result.items) == (0, 0, 1, [])
    assert (_items(engine), _events(engine)) == before


def test_a_new_ticket_updates_the_item_and_raises_its_level(raised, engine):
    raised.add("2026-10-19 08:00", "profit_driven", content=CONCRETE)
    raised.save()
    result = supervise(engine, PROFILE, date(2026, 10, 21))
    assert (result.raised, result.updated, result.items) == (0, 1, [1])
    (item,) = _items(engine)
    assert (item["level"], item["row_version"]) == ("L4", 2)
    assert (item["raised_on"], item["updated_on"]) == (AS_OF, date(2026, 10, 21))
    assert item["due_on"] == date(2026, 11, 10)
    assert "提级复查" in item["missing_json"]
    event = _events(engine)[-1]
    assert event["reason"].startswith("新增工单1件;级别L2→L4;青原县大队:2026年10月")
    assert event["ticket_ids_json"] == _tickets(engine) == [1, 2]


def test_an_older_view_never_takes_back_a_newer_one(raised, engine):
    raised.add("2026-10-19 08:00", "profit_driven", content=CONCRETE)
    raised.save()
    supervise(engine, PROFILE, AS_OF)
    before = _items(engine)
    result = supervise(engine, PROFILE, date(2026, 10, 18))
    assert (result.raised, result.updated) == (0, 0)
    assert any("未改动" in note for note in result.resting)
    assert _items(engine) == before


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
    (item,) = _items(engine)
    assert item["state"] == "待核"
    assert item["numbers_json"]["lapsed_on"] == "2026-10-21"
    assert _events(engine)[-1]["action"] == "lapse"
    assert supervise(engine, PROFILE, date(2026, 10, 22)).updated == 0
    with engine.begin() as connection:
        connection.execute(sa.update(t.review_decision).values(is_current=False))
    assert supervise(engine, PROFILE, date(2026, 10, 23)).updated == 1
    assert "lapsed_on" not in _items(engine)[0]["numbers_json"]
    assert "再次满足" in _events(engine)[-1]["reason"]


def test_a_person_raised_the_level_and_the_rule_leaves_it(raised, engine):
    _move(engine, 1, "升级")
    assert _items(engine)[0]["level"] == "L3"
    assert supervise(engine, PROFILE, AS_OF).updated == 0
    assert _items(engine)[0]["level"] == "L3"


def test_closing_needs_every_condition_and_a_new_ticket_reopens(raised, engine):
    _move(engine, 1, "督办中", "已反馈", "待销号")
    with pytest.raises(TransitionForbidden, match="还不能销号,缺:核实结论"):
        _move(engine, 1, "已销号")
    _record_all(engine, 1)
    assert supervise(engine, PROFILE, AS_OF).updated == 0  # what was recorded stays recorded
    _move(engine, 1, "已销号")
    assert supervise(engine, PROFILE, AS_OF).updated == 0
    raised.add("2026-10-20 08:00", "profit_driven", content=CONCRETE)
    raised.save()
    supervise(engine, PROFILE, date(2026, 10, 21))
    (item,) = _items(engine)
    assert (item["state"], item["level"]) == ("重开", "L4")
    assert "核实结论" in item["missing_json"]
    assert item["due_on"] == calendar.add_working_days(date(2026, 10, 21), 15)
    assert [e["seq"] for e in _events(engine)] == list(range(1, item["row_version"] + 1))


def test_the_tickets_own_columns_meet_conditions(raised, engine):
    raised.update(1, verified="不属实", reply="经调取记录仪,未见所述情形")
    supervise(engine, PROFILE, AS_OF)
    assert "已答复并再次回访" in _items(engine)[0]["missing_json"]
    raised.update(1, visited_at=datetime(2026, 10, 19))
    supervise(engine, PROFILE, date(2026, 10, 21))
    assert _items(engine)[0]["missing_json"] == ["证据名录（执法记录仪、文书、案号）"]


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
    assert [i["rule"] for i in _items(engine)] == ["R10"]
    assert _tickets(engine) == [1, 2, 3]


def _matter(engine, matters: dict[int, int]) -> None:
    with engine.begin() as connection:
        connection.execute(sa.delete(t.matter))
        rows = [{"ticket_id": i, "matter_id": m} for i, m in matters.items()]
        connection.execute(sa.insert(t.matter), rows)


def test_what_parts_from_a_matter_is_an_item_of_its_own(store, engine):
    words = "再不解决我们十几个司机就要集体上访讨个说法"
    for day in (13, 12, 11, 10):  # what parts was accepted before what stays
        store.add(f"2026-10-{day} 08:00", "excessive", content=words)
    store.save()
    _matter(engine, {1: 1, 2: 1, 3: 1, 4: 1})
    supervise(engine, PROFILE, AS_OF)
    _matter(engine, {1: 1, 2: 1, 3: 3, 4: 3})
    supervise(engine, PROFILE, AS_OF)
    assert [item["rule"] for item in _items(engine)] == ["R10", "R10"]
    with engine.connect() as connection:
        rows = connection.execute(sa.select(t.item_ticket.c.item_id, t.item_ticket.c.ticket_id))
        assert sorted(map(tuple, rows)) == [(1, 1), (1, 2), (2, 3), (2, 4)]


def test_stale_and_unknown_and_unnamed(raised, engine):
    with pytest.raises(StaleItem):
        transition(engine, 1, "督办中", _act(2))
    with pytest.raises(UnknownItem):
        transition(engine, 9, "督办中", _act(1))
    for person, reason in (("", "查"), ("system", "查"), ("李督察", " ")):
        with pytest.raises(TransitionForbidden):
            transition(engine, 1, "督办中", _act(1, person, reason))
    with pytest.raises(ValueError, match="nowhere"):
        transition(engine, 1, "nowhere", _act(1))
    assert transition(engine, 1, "督办中", _act(1)) == 2
    with pytest.raises(StaleItem):
        transition(engine, 1, "不属实", _act(1, "王督察"))
    with pytest.raises(TransitionForbidden):
        record(engine, 1, "约谈记录", _act(2))  # L2 does not ask for it


def test_no_calendar_no_deadline_but_a_note(store, engine, monkeypatch):
    def unknown(_start, _days):
        raise calendar.CalendarUnknown("2027 年的节假日安排尚未收录")

    store.add("2026-10-12 08:00", "profit_driven", content=CONCRETE)
    store.save()
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.supervise.writer.add_working_days", unknown)
        result = supervise(engine, PROFILE, AS_OF)
    assert any("2027" in note for note in result.resting)
    assert _items(engine)[0]["due_on"] is None
    supervise(engine, PROFILE, AS_OF)
    assert _items(engine)[0]["due_on"] == date(2026, 11, 10)


# --- confidential ----------------------------------------------------------------------------


@pytest.fixture
def lead(store, engine):
    store.add("2026-10-12 08:00", "integrity", flags=("廉政:明确",), content="给钱就放行")
    store.save()
    assert supervise(engine, PROFILE, AS_OF).items == []  # not even its number is told
    return store


def test_a_lead_is_in_no_ordinary_list(lead, engine):
    (item,) = _items(engine)
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
            _move(engine, 1, state, role=Role.LIAISON)
    for role in (Role.SUPERVISOR, Role.CHIEF):
        with pytest.raises(TransitionForbidden, match=role.value):
            _move(engine, 1, "转移送", role=role)
    _move(engine, 1, "转移送", role=Role.LIAISON)
    with pytest.raises(TransitionForbidden, match="移送回执编号"):
        _move(engine, 1, "已销号", role=Role.LIAISON)
    with pytest.raises(TransitionForbidden, match="须写明移送回执编号"):
        _record_all(engine, 1, role=Role.LIAISON, reason="已收到回执")
    _record_all(engine, 1, role=Role.LIAISON)
    _move(engine, 1, "已销号", role=Role.LIAISON)
    assert _items(engine)[0]["state"] == "已销号"


def test_what_is_written_about_a_lead_is_sealed(lead, engine):
    with pytest.raises(TransitionForbidden, match="加密"):
        transition(engine, 1, "转移送", _act(1, role=Role.LIAISON, vault=None))
    transition(engine, 1, "转移送", _act(1, reason="送市纪委案管室", role=Role.LIAISON))
    event = _events(engine)[-1]
    assert event["reason"] == SEALED
    assert "案管室".encode() not in event["sealed"]
    said = explain(engine, 1, confidential=True)["经过"]
    assert SEALED in said[-1]
    said = explain(engine, 1, confidential=True, vault=VAULT)["经过"]
    assert "送市纪委案管室" in said[-1]
    _text = explain_zh(explain(engine, 1, confidential=True))
    assert "给钱就放行" not in _text


# --- R22, R26: overdue and back again --------------------------------------------------------


def test_an_overdue_item_rises_one_level_and_waits_for_a_person(raised, engine):
    due = _items(engine)[0]["due_on"]
    late = due + timedelta(days=1)
    _move(engine, 1, "督办中", at=datetime(2026, 10, 21, 9))
    assert supervise(engine, PROFILE, due).updated == 0
    assert supervise(engine, PROFILE, late).items == [1]
    (item,) = _items(engine)
    assert (item["level"], item["state"]) == ("L3", "升级")
    assert item["due_on"] == calendar.add_working_days(late, 3)
    assert "约谈记录" in item["missing_json"]
    event = _events(engine)[-1]
    assert (event["person"], event["action"]) == ("system", "escalate")
    assert explain(engine, 1)["期限来源"] == "督办逾期升级后另计(系统默认)"
    assert event["reason"].startswith("R22 督办逾期:期限2026-11-10已过,未批准延期,升一级")
    assert supervise(engine, PROFILE, late).updated == 0
    assert supervise(engine, PROFILE, late + timedelta(days=20)).updated == 0
    _move(engine, 1, "督办中", at=datetime.combine(late, datetime.min.time()))
    assert supervise(engine, PROFILE, late + timedelta(days=20)).updated == 1
    assert _items(engine)[0]["level"] == "L4"


@pytest.mark.parametrize("step", ["untouched", "extended", "paused", "answered", "lapsed"])
def test_what_keeps_an_item_from_rising(raised, engine, step):
    after = date(2026, 11, 11)
    if step != "untouched":
        _move(engine, 1, "督办中")
    if step == "untouched":
        after += timedelta(days=60)
    elif step == "extended":
        extend(engine, 1, 1, _act(2))
        assert _items(engine)[0]["due_on"] == after
        assert explain(engine, 1)["期限来源"] == "经批准延期"
    elif step == "paused":
        pause(engine, 1, _act(2))
        assert _items(engine)[0]["numbers_json"]["days_left"] == 15
        assert explain(engine, 1)["期限来源"] == "暂停计时"
    elif step == "answered":
        _move(engine, 1, "已反馈")
    else:
        raised.update(1, content="x")
        with engine.begin() as connection:
            connection.execute(sa.update(t.classification).values(labels_json=["rough"]))
    said = explain(engine, 1)["期限来源"]
    supervise(engine, PROFILE, after)
    assert explain(engine, 1)["期限来源"] == said
    assert _items(engine)[0]["level"] == "L2"
    assert all(e["action"] != "escalate" for e in _events(engine))


def test_a_paused_clock_goes_on_with_what_was_left(raised, engine):
    at = datetime(2026, 10, 27, 9)
    pause(engine, 1, _act(1, at=at))
    assert _items(engine)[0]["due_on"] is None
    with pytest.raises(TransitionForbidden, match="没有在计的期限"):
        pause(engine, 1, _act(2, at=at))
    supervise(engine, PROFILE, date(2026, 10, 30))
    later = datetime(2026, 12, 1, 9)
    resume(engine, 1, _act(2, at=later))
    item = _items(engine)[0]
    assert item["due_on"] == calendar.add_working_days(date(2026, 12, 1), 10)
    assert "paused_on" not in item["numbers_json"]
    with pytest.raises(TransitionForbidden, match="没有暂停"):
        resume(engine, 1, _act(3, at=later))
    assert [e["action"] for e in _events(engine)] == ["raise", "pause", "resume"]
    assert "剩余10个工作日" in _events(engine)[1]["reason"]


def test_deadlines_are_the_chiefs(raised, engine):
    for role in (Role.SUPERVISOR, Role.LIAISON, "查看"):
        for step in (extend, pause):
            with pytest.raises(TransitionForbidden, match="负责人"):
                step(engine, 1, *([1] if step is extend else []), _act(1, role=role))
    with pytest.raises(TransitionForbidden, match="至少"):
        extend(engine, 1, 0, _act(1))
    with pytest.raises(TransitionForbidden, match="已逾期"):
        pause(engine, 1, _act(1, at=datetime(2026, 11, 11)))


@pytest.mark.parametrize(
    ("accepted", "level", "items"),
    [
        ("2026-10-31 08:00", "L3", 1),  # one above the level at which it was closed
        ("2027-01-18 08:00", "L3", 1),  # the ninetieth day
        ("2027-01-19 08:00", "L2", 2),
        ("2026-09-30 08:00", "L2", 2),  # late data: it was so before the closing
    ],
)
def test_what_comes_back_after_closing_opens_one_level_up(raised, engine, accepted, level, items):
    _close(engine, 1, datetime(2026, 10, 20, 9))
    raised.add(accepted, "rough", content="与此无关")
    raised.add(accepted, "profit_driven", content="听说这个月还差任务没完成")
    # another month, and too far away to raise the level by its number
    raised.update(1, accepted_at=datetime(2026, 8, 12, 8))
    raised.save()
    with engine.begin() as connection:
        item = t.supervision_item
        connection.execute(
            sa.update(item).values(
                item_key=item_key(PROFILE, _as_of_august()), summary="八月", due_on=None
            )
        )
    as_of = max(date.fromisoformat(accepted[:10]), date(2026, 10, 21))
    supervise(engine, PROFILE, as_of)
    found = [i for i in _items(engine) if i["rule"] == "R14"]
    assert len(found) == items
    assert found[-1]["level"] == level
    if items == 1:
        assert (found[0]["state"], found[0]["due_on"]) == (
            "重开",
            calendar.add_working_days(as_of, 15) if as_of.year == 2026 else None,
        )
        event = _events(engine)[-1]
        assert event["reason"].startswith("R26 复发:2026-10-20销号后第")
        assert event["ticket_ids_json"] == [1, 3]
        before = _items(engine), _events(engine)
        for _ in range(2):
            assert supervise(engine, PROFILE, as_of).updated == 0
        assert (_items(engine), _events(engine)) == before
    else:
        assert found[0]["state"] == "已销号"


def _as_of_august():
    return Finding("R14", "L2", "青原县大队 · 逐利执法具体", "2026-08", "", (1,))


def test_a_recurrence_takes_up_more_tickets_and_loses_none(raised, engine):
    _close(engine, 1, datetime(2026, 10, 20, 9))
    raised.add("2026-11-02 08:00", "profit_driven", content=CONCRETE)
    raised.save()
    supervise(engine, PROFILE, date(2026, 11, 3))
    raised.add("2026-11-04 08:00", "profit_driven", content=CONCRETE, caller_key=None)
    raised.save()
    supervise(engine, PROFILE, date(2026, 11, 5))
    (item,) = [i for i in _items(engine) if i["rule"] == "R14"]
    assert _tickets(engine) == [1, 2, 3]
    assert item["numbers_json"]["window"] == "2026-11"
    assert [e["seq"] for e in _events(engine)] == list(range(1, item["row_version"] + 1))
    assert "复发" in explain_zh(explain(engine, 1))


def test_retaliation_needs_an_assessment_before_closing(store, engine):
    store.add("2026-10-12 08:00", "rough", content="投诉之后中队的人上门威胁我")
    store.save()
    supervise(engine, PROFILE, AS_OF)
    item = next(i for i in _items(engine) if i["rule"] == "R25")
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
