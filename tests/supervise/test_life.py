"""Whatever people try in whatever order, events and states tell the same story."""

from datetime import date, datetime, timedelta

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
