"""Items over time: past their deadline, paused, lapsed; closed and back again."""

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from pipeline.domain import calendar
from pipeline.store import tables as t
from pipeline.supervise.items import (
    Role,
    TransitionForbidden,
    explain,
    explain_zh,
    extend,
    pause,
    resume,
    supervise,
)
from pipeline.supervise.rules import RULES, Finding
from pipeline.supervise.writer import item_key
from tests.supervise.acting import (
    AS_OF,
    CONCRETE,
    PROFILE,
    act,
    close,
    events_of,
    move,
    set_matter,
    stored_items,
    tickets_of,
)


def test_an_overdue_item_rises_one_level_and_waits_for_a_person(raised, engine):
    due = stored_items(engine)[0]["due_on"]
    late = due + timedelta(days=1)
    move(engine, 1, "督办中", at=datetime(2026, 10, 21, 9))
    assert supervise(engine, PROFILE, due).updated == 0
    assert supervise(engine, PROFILE, late).items == [1]
    (item,) = stored_items(engine)
    assert (item["level"], item["state"]) == ("L3", "升级")
    assert item["due_on"] == calendar.add_working_days(late, 3)
    assert "约谈记录" in item["missing_json"]
    event = events_of(engine)[-1]
    assert (event["person"], event["action"]) == ("system", "escalate")
    assert explain(engine, 1)["期限来源"] == "督办逾期升级后另计(系统默认)"
    assert event["reason"].startswith("R22 督办逾期:期限2026-11-10已过,未批准延期,升一级")
    assert supervise(engine, PROFILE, late).updated == 0
    assert supervise(engine, PROFILE, late + timedelta(days=20)).updated == 0
    move(engine, 1, "督办中", at=datetime.combine(late, datetime.min.time()))
    assert supervise(engine, PROFILE, late + timedelta(days=20)).updated == 1
    assert stored_items(engine)[0]["level"] == "L4"


@pytest.mark.parametrize("step", ["untouched", "extended", "paused", "answered", "lapsed"])
def test_what_keeps_an_item_from_rising(raised, engine, step):
    after = date(2026, 11, 11)
    if step != "untouched":
        move(engine, 1, "督办中")
    if step == "untouched":
        after += timedelta(days=60)
    elif step == "extended":
        extend(engine, 1, 1, act(2))
        assert stored_items(engine)[0]["due_on"] == after
        assert explain(engine, 1)["期限来源"] == "经批准延期"
    elif step == "paused":
        pause(engine, 1, act(2))
        assert stored_items(engine)[0]["numbers_json"]["days_left"] == 15
        assert explain(engine, 1)["期限来源"] == "暂停计时"
    elif step == "answered":
        move(engine, 1, "已反馈")
    else:
        raised.update(1, content="x")
        with engine.begin() as connection:
            connection.execute(sa.update(t.classification).values(labels_json=["rough"]))
    said = explain(engine, 1)["期限来源"]
    supervise(engine, PROFILE, after)
    assert explain(engine, 1)["期限来源"] == said
    assert stored_items(engine)[0]["level"] == "L2"
    assert all(e["action"] != "escalate" for e in events_of(engine))


def test_a_backfilled_night_does_not_judge_what_was_done_after_it(raised, engine):
    move(engine, 1, "督办中", at=datetime(2026, 11, 20, 9))
    with engine.begin() as connection:
        connection.execute(sa.update(t.classification).values(labels_json=["rough"]))
    before = stored_items(engine)
    supervise(engine, PROFILE, date(2026, 11, 12))  # past its deadline, and its rule holds no more
    assert stored_items(engine) == before


def test_what_is_for_information_and_long_past_is_left_alone(raised, engine):
    raised.update(1, accepted_at=datetime(2025, 1, 12))
    with engine.begin() as connection:
        changed = {"level": "L0", "state": "督办中"}
        connection.execute(sa.update(t.supervision_item).values(changed))
    before = stored_items(engine)
    supervise(engine, PROFILE, date(2026, 11, 12))  # past its deadline
    assert stored_items(engine) == before


def test_an_item_of_a_rule_that_rests_does_not_lapse(raised, engine, monkeypatch):
    def rests(*_args):
        raise calendar.CalendarUnknown("2027 年的节假日安排尚未收录")

    monkeypatch.setitem(RULES, "R14", rests)
    result = supervise(engine, PROFILE, date(2026, 10, 21))
    assert result.updated == 0
    assert any(note.startswith("R14：2027") for note in result.resting)


def test_a_paused_clock_goes_on_with_what_was_left(raised, engine):
    at = datetime(2026, 10, 27, 9)
    pause(engine, 1, act(1, at=at))
    assert stored_items(engine)[0]["due_on"] is None
    with pytest.raises(TransitionForbidden, match="没有在计的期限"):
        pause(engine, 1, act(2, at=at))
    supervise(engine, PROFILE, date(2026, 10, 30))
    later = datetime(2026, 12, 1, 9)
    resume(engine, 1, act(2, at=later))
    item = stored_items(engine)[0]
    assert item["due_on"] == calendar.add_working_days(date(2026, 12, 1), 10)
    assert "paused_on" not in item["numbers_json"]
    with pytest.raises(TransitionForbidden, match="没有暂停"):
        resume(engine, 1, act(3, at=later))
    assert [e["action"] for e in events_of(engine)] == ["raise", "pause", "resume"]
    assert "剩余10个工作日" in events_of(engine)[1]["reason"]


def test_deadlines_are_the_chiefs(raised, engine):
    for role in (Role.SUPERVISOR, Role.LIAISON, "查看"):
        for step in (extend, pause):
            with pytest.raises(TransitionForbidden, match="负责人"):
                step(engine, 1, *([1] if step is extend else []), act(1, role=role))
    with pytest.raises(TransitionForbidden, match="至少"):
        extend(engine, 1, 0, act(1))
    with pytest.raises(TransitionForbidden, match="已逾期"):
        pause(engine, 1, act(1, at=datetime(2026, 11, 11)))


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
    close(engine, 1, datetime(2026, 10, 20, 9))
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
    found = [i for i in stored_items(engine) if i["rule"] == "R14"]
    assert len(found) == items
    assert found[-1]["level"] == level
    if items == 1:
        assert (found[0]["state"], found[0]["due_on"]) == (
            "重开",
            calendar.add_working_days(as_of, 15) if as_of.year == 2026 else None,
        )
        event = events_of(engine)[-1]
        assert event["reason"].startswith("R26 复发:2026-10-20销号后第")
        assert event["ticket_ids_json"] == [1, 3]
        before = stored_items(engine), events_of(engine)
        for _ in range(2):
            assert supervise(engine, PROFILE, as_of).updated == 0
        assert (stored_items(engine), events_of(engine)) == before
    else:
        assert found[0]["state"] == "已销号"


def _as_of_august():
    return Finding("R14", "L2", "青原县大队 · 逐利执法具体", "2026-08", "", (1,))


def test_a_recurrence_takes_up_more_tickets_and_loses_none(raised, engine):
    close(engine, 1, datetime(2026, 10, 20, 9))
    raised.add("2026-11-02 08:00", "profit_driven", content=CONCRETE)
    raised.save()
    supervise(engine, PROFILE, date(2026, 11, 3))
    raised.add("2026-11-04 08:00", "profit_driven", content=CONCRETE, caller_key=None)
    raised.save()
    supervise(engine, PROFILE, date(2026, 11, 5))
    (item,) = [i for i in stored_items(engine) if i["rule"] == "R14"]
    assert tickets_of(engine) == [1, 2, 3]
    assert item["numbers_json"]["window"] == "2026-11"
    assert [e["action"] for e in events_of(engine)][-2:] == ["reopen", "update"]
    assert [e["seq"] for e in events_of(engine)] == list(range(1, item["row_version"] + 1))
    assert "复发" in explain_zh(explain(engine, 1))


def test_a_recurrence_that_the_rule_holds_for_worse_rises_further(raised, engine):
    close(engine, 1, datetime(2026, 10, 20, 9))
    for day in (2, 3):
        raised.add(f"2026-11-0{day} 08:00", "profit_driven", content=CONCRETE)
    raised.save()
    supervise(engine, PROFILE, date(2026, 11, 3))
    assert [(i["state"], i["level"]) for i in stored_items(engine)] == [("重开", "L4")]


def test_late_data_opens_an_item_again_at_its_own_level(store, engine):
    words = "去年同行罢运过一次"
    store.add("2026-10-12 08:00", "excessive", content=words)
    store.save()
    set_matter(engine, {1: 1})
    supervise(engine, PROFILE, AS_OF)
    close(engine, 1, datetime(2026, 10, 20, 9))
    store.add("2026-10-13 08:00", "excessive", content=words)
    store.save()
    set_matter(engine, {1: 1, 2: 1})
    supervise(engine, PROFILE, date(2026, 10, 21))
    assert [(i["state"], i["level"]) for i in stored_items(engine)] == [("重开", "L3")]


def test_an_item_that_nobody_touched_falls_with_its_number(raised, engine):
    raised.add("2026-10-19 08:00", "profit_driven", content=CONCRETE)
    raised.save()
    supervise(engine, PROFILE, AS_OF)
    assert stored_items(engine)[0]["level"] == "L4"
    with engine.begin() as connection:
        told = t.classification.c.ticket_id == 2
        connection.execute(sa.update(t.classification).where(told).values(labels_json=["rough"]))
    supervise(engine, PROFILE, AS_OF)
    assert stored_items(engine)[0]["level"] == "L2"


def test_a_closed_item_does_not_lapse(raised, engine):
    close(engine, 1, datetime(2026, 10, 20, 9))
    with engine.begin() as connection:
        connection.execute(sa.update(t.classification).values(labels_json=["rough"]))
    assert supervise(engine, PROFILE, date(2026, 10, 21)).updated == 0


def test_what_was_referred_stays_so_and_takes_up_new_tickets(raised, engine):
    move(engine, 1, "转移送")
    raised.add("2026-10-19 08:00", "profit_driven", content=CONCRETE)
    raised.save()
    supervise(engine, PROFILE, date(2026, 10, 21))
    assert stored_items(engine)[0]["state"] == "转移送"
    assert tickets_of(engine) == [1, 2]
