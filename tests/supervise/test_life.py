"""Whatever people try in whatever order, events and states tell the same story."""

from datetime import date, datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.settings import Settings
from pipeline.store import tables as t
from pipeline.store.engine import make_engine, upgrade
from pipeline.store.vault import Vault
from pipeline.supervise import life
from pipeline.supervise.closing import CONDITIONS
from pipeline.supervise.life import (
    CONFIDENTIAL_TRANSITIONS,
    TRANSITIONS,
    Act,
    Role,
    State,
    TransitionForbidden,
    record,
    transition,
)


@pytest.fixture(scope="module")
def sqlite_engine(tmp_path_factory):
    engine = make_engine(Settings(home=tmp_path_factory.mktemp("life"), secret_key="k" * 40))
    upgrade(engine)
    yield engine
    engine.dispose()


def _new_item(engine, level: str) -> int:
    with engine.begin() as connection:
        newest = connection.scalar(sa.select(sa.func.max(t.supervision_item.c.id)))
        item_id = 1 + (newest or 0)
        item = {
            "id": item_id,
            "item_key": f"key-{item_id}",
            "profile": "mot-2024-25",
            "rule": "R14",
            "level": level,
            "subject": "s",
            "summary": "s",
            "clause": "c",
            "threshold_origin": "default",
            "numbers_json": {},
            "missing_json": list(CONDITIONS[level]),
            "state": "待核",
            "raised_on": date(2026, 10, 1),
            "due_on": date(2026, 10, 20),
            "updated_on": date(2026, 10, 1),
            "row_version": 1,
        }
        event = {
            "item_id": item_id,
            "seq": 1,
            "at": datetime(2026, 10, 1),
            "person": "system",
            "action": "raise",
            "to_state": "待核",
            "level": level,
            "reason": "r",
            "ticket_ids_json": [],
        }
        connection.execute(sa.insert(t.supervision_item), item)
        connection.execute(sa.insert(t.item_event), event)
    return item_id


VAULT = Vault(b"k" * 40)
WHO = st.sampled_from([*Role, "查看"])
STEPS = st.lists(
    st.tuples(
        WHO,
        st.one_of(
            st.sampled_from(list(State)),
            st.sampled_from(sorted({c for cs in CONDITIONS.values() for c in cs})),
            st.sampled_from([life.pause, life.resume]),
            st.integers(0, 3),
        ),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS, level=st.sampled_from(["L1", "L2", "L4", "X"]))
def test_events_and_states_agree(sqlite_engine, steps, level):
    item_id = _new_item(sqlite_engine, level)
    item = t.supervision_item
    query = sa.select(item).where(item.c.id == item_id)
    at = datetime(2026, 10, 2)
    for role, step in steps:
        with sqlite_engine.connect() as connection:
            before = connection.execute(query).mappings().one()
        at += timedelta(hours=1)
        version = before["row_version"]
        act = Act("李督察", role, "见卷宗第3号", at, version, VAULT)
        try:
            if isinstance(step, State):
                transition(sqlite_engine, item_id, step, act)
            elif isinstance(step, str):
                record(sqlite_engine, item_id, step, act)
            elif isinstance(step, int):
                life.extend(sqlite_engine, item_id, step, act)
            else:
                step(sqlite_engine, item_id, act)
            was_done = True
        except TransitionForbidden:
            was_done = False
        with sqlite_engine.connect() as connection:
            after = connection.execute(query).mappings().one()
        assert after["row_version"] == version + was_done
        if not was_done:
            assert dict(after) == dict(before)
        elif isinstance(step, State):
            assert step in life.steps(before, role)
            assert after["state"] == step
            assert step is not State.CLOSED or before["missing_json"] == []
    with sqlite_engine.connect() as connection:
        events = (
            connection.execute(
                sa.select(t.item_event)
                .where(t.item_event.c.item_id == item_id)
                .order_by(t.item_event.c.seq)
            )
            .mappings()
            .all()
        )
        final = connection.execute(query).mappings().one()
    assert [e["seq"] for e in events] == list(range(1, final["row_version"] + 1))
    assert [e["from_state"] for e in events] == [None, *(e["to_state"] for e in events[:-1])]
    assert (events[-1]["to_state"], events[-1]["level"]) == (final["state"], final["level"])


def test_every_state_can_be_reached_and_only_a_referral_ends():
    for table in (TRANSITIONS, CONFIDENTIAL_TRANSITIONS):
        reached, todo = set(), [State.PENDING]
        while todo:
            state = todo.pop()
            if state not in reached:
                reached.add(state)
                todo += table[state]
        assert reached == set(table)
    assert set(TRANSITIONS) == set(State)
    assert [s for s, after in TRANSITIONS.items() if not after] == [State.REFERRED]


def test_a_level_rises_by_one_and_not_beyond_the_last(sqlite_engine):
    item_id = _new_item(sqlite_engine, "L4")
    act = Act("李督察", Role.CHIEF, "理由", datetime(2026, 10, 2), 1)
    with pytest.raises(TransitionForbidden, match="最高"):
        transition(sqlite_engine, item_id, "升级", act)


@pytest.mark.parametrize(
    ("level", "state", "role", "may"),
    [
        ("L2", "待核", Role.SUPERVISOR, {"督办中", "不属实", "升级"}),
        ("L2", "待核", Role.CHIEF, {"督办中", "不属实", "升级", "转移送"}),
        ("L3", "待核", Role.SUPERVISOR, {"升级"}),
        ("L4", "督办中", Role.SUPERVISOR, {"已反馈"}),
        ("L2", "待核", "复核", set()),
        ("X", "待核", Role.CHIEF, set()),
        ("X", "待核", Role.LIAISON, {"转移送"}),
    ],
)
def test_who_may_do_what(level, state, role, may):
    item = {"level": level, "state": state, "numbers_json": {}, "missing_json": ["x"]}
    assert set(life.steps(item, role)) == may


DUE = date(2026, 10, 20)


@pytest.mark.parametrize(
    ("level", "state", "role", "late", "may"),
    [
        ("L2", "待核", Role.CHIEF, 0, ["暂停计时", "延期"]),  # the last day is not over
        ("L2", "待核", Role.CHIEF, 1, ["延期"]),
        ("L2", "转移送", Role.CHIEF, 0, []),
        ("X", "转移送", Role.LIAISON, 0, ["暂停计时", "延期"]),  # waits for its receipt
        ("X", "转移送", Role.CHIEF, 0, []),
        ("X", "已销号", Role.LIAISON, 0, []),
    ],
)
def test_whose_clock_it_is_and_until_when(level, state, role, late, may):
    item = {"id": 1, "level": level, "state": state, "numbers_json": {}, "due_on": DUE}
    assert life.clock_steps(item, role, DUE + timedelta(days=late)) == may


def test_a_clock_is_paused_on_its_last_day(sqlite_engine):
    item_id = _new_item(sqlite_engine, "L2")
    at = datetime.combine(DUE, datetime.min.time())
    life.pause(sqlite_engine, item_id, Act("李督察", Role.CHIEF, "理由", at, 1))
    later = at + timedelta(days=8)
    life.resume(sqlite_engine, item_id, Act("李督察", Role.CHIEF, "理由", later, 2))
    assert _stored(sqlite_engine, item_id)["due_on"] == later.date()


def test_what_a_person_opens_again_is_proved_anew(sqlite_engine):
    item_id = _new_item(sqlite_engine, "L2")
    act = partial(Act, "李督察", Role.CHIEF, "见卷宗第3号", datetime(2026, 10, 2))
    life.extend(sqlite_engine, item_id, 1, act(1))
    life.pause(sqlite_engine, item_id, act(2))
    for version, condition in enumerate(CONDITIONS["L2"], 3):
        record(sqlite_engine, item_id, condition, act(version))
    for state in ("督办中", "已反馈", "待销号", "已销号", "重开"):
        version = _stored(sqlite_engine, item_id)["row_version"]
        transition(sqlite_engine, item_id, state, act(version))
    item = _stored(sqlite_engine, item_id)
    assert (item["missing_json"], item["numbers_json"]) == (list(CONDITIONS["L2"]), {})


def test_what_was_recorded_stays_recorded_one_level_up(sqlite_engine):
    item_id = _new_item(sqlite_engine, "L2")
    act = partial(Act, "李督察", Role.CHIEF, "见卷宗第3号", datetime(2026, 9, 30))
    record(sqlite_engine, item_id, "核实结论", act(1))
    transition(sqlite_engine, item_id, "升级", act(2))
    item = _stored(sqlite_engine, item_id)
    assert item["missing_json"] == [c for c in CONDITIONS["L3"] if c != "核实结论"]
    assert item["updated_on"] == date(2026, 10, 1)  # a night dated later has been at it


@pytest.mark.parametrize("state", ["已销号", "不属实"])
def test_nothing_is_recorded_of_what_is_over(state):
    item = {"level": "L2", "state": state, "missing_json": ["核实结论"]}
    assert life.recordable(item, Role.CHIEF) == []


def _stored(engine, item_id: int) -> dict:
    query = sa.select(t.supervision_item).where(t.supervision_item.c.id == item_id)
    with engine.connect() as connection:
        return dict(connection.execute(query).mappings().one())
