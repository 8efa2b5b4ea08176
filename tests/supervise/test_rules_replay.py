"""A past day replayed: with what was known then, and with nothing that came later."""

import random
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa

from pipeline.policies import load_profile
from pipeline.store import tables as t
from pipeline.supervise.facts import load_facts
from pipeline.supervise.items import replayed, supervise
from pipeline.supervise.linking import link
from pipeline.supervise.rules import run_rules

PROFILE = load_profile("mot-2024-25")
THEN = date(2026, 10, 20)


def _facts(engine, as_of: date = THEN):
    with engine.connect() as connection:
        return load_facts(connection, as_of)


def _file(connection, file_id: int, as_of: date) -> None:
    file = {
        "id": file_id,
        "sha256": f"{file_id}" * 64,
        "name": "b.xlsx",
        "size_bytes": 1,
        "as_of": as_of,
        "landed_at": datetime(2026, 11, 1),
        "state": "loaded",
    }
    connection.execute(sa.insert(t.export_file), file)


def _version(connection, ticket_id: int, version: int, file_id: int, **changes) -> None:
    row = {
        "ticket_id": ticket_id,
        "version": version,
        "file_id": file_id,
        "row_no": ticket_id,
        "recorded_at": datetime(2026, 11, 1),
        "changes_json": changes,
    }
    connection.execute(sa.insert(t.ticket_version), row)


def test_a_later_closing_and_visit_had_not_happened(store, engine):
    store.add(
        "2026-10-12 08:00", "rough", status="已回访", closed_at=datetime(2026, 10, 21), reply="答",
        verified="属实", visited_at=datetime(2026, 10, 25), satisfaction="不满意",
    )  # fmt: skip
    store.save()
    (case,) = _facts(engine).cases
    assert (case.status, case.closed_at, case.reply, case.satisfaction) == (
        "办理中", None, None, None,
    )  # fmt: skip
    (case,) = _facts(engine, date(2026, 10, 24)).cases
    assert (case.status, case.reply, case.satisfaction) == ("已办结", "答", None)
    (case,) = _facts(engine, date(2026, 10, 25)).cases
    assert (case.status, case.satisfaction) == ("已回访", "不满意")


def test_what_later_files_brought_is_taken_back(store, engine):
    with engine.begin() as connection:
        _file(connection, 2, date(2026, 10, 21))
        _file(connection, 3, date(2026, 10, 22))
    store.add("2026-10-12 08:00", "rough", target_unit="乙大队", return_count=3, due_at=None)
    store.add("2026-10-13 08:00", "rough", first_file_id=2)
    store.save()
    with engine.begin() as connection:
        _version(connection, 1, 2, 2, return_count=[None, 1], due_at=["2026-10-19 00:00:00", None])
        _version(connection, 1, 3, 3, return_count=[1, 3], target_unit=["甲大队", "乙大队"])
    (case,) = _facts(engine).cases
    assert (case.id, case.return_count, case.unit) == (1, None, "甲大队")
    assert case.due_at == datetime(2026, 10, 19)
    later = {c.id: c for c in _facts(engine, date(2026, 10, 21)).cases}
    assert set(later) == {1, 2}
    assert (later[1].return_count, later[1].unit, later[1].due_at) == (1, "甲大队", None)
    assert [c.return_count for c in _facts(engine, date(2026, 10, 22)).cases] == [3, None]


def test_history_from_before_the_first_night_is_seen_by_its_own_times(store, engine):
    store.add("2025-10-12 08:00", "rough")
    store.save()
    assert len(_facts(engine, date(2025, 10, 20)).cases) == 1  # the file came in 2026


def test_a_later_decision_had_not_been_made(store, engine):
    store.add("2026-10-12 08:00", "profit_driven")
    store.add("2026-10-12 08:00", scope="E0")
    store.save()
    with engine.begin() as connection:
        for key, (ticket, day, scope, kind, is_current) in enumerate(
            [(1, 19, "E1", "rough", False), (1, 25, "E0", None, True), (2, 25, "E1", "rough", True)]
        ):
            decision = {
                "id": key + 1,
                "ticket_id": ticket,
                "person": "李督察",
                "decided_at": datetime(2026, 10, day, 9),
                "action": "correct",
                "is_current": is_current,
                "scope": scope,
                "primary_type": kind,
                "labels_json": [kind] if kind else [],
                "evidence_json": {},
            }
            connection.execute(sa.insert(t.review_decision), decision)
    seen = {
        day: [(c.id, sorted(c.labels)) for c in _facts(engine, date(2026, 10, day)).cases]
        for day in (18, 20, 25)
    }
    assert seen == {18: [(1, ["profit_driven"])], 20: [(1, ["rough"])], 25: [(2, ["rough"])]}


def test_a_day_replayed_finds_the_same_whatever_came_after(store, engine):
    store.add("2026-10-12 08:00", "profit_driven", content="这个月还差三台车的任务")
    store.add("2026-10-05 08:00", "rough", due_at=datetime(2026, 10, 20), content="被推倒受伤")
    store.save()
    before = run_rules(_facts(engine), PROFILE).found
    assert {f.rule for f in before} >= {"R01", "R08", "R14"}
    store.update(2, status="已办结", closed_at=datetime(2026, 10, 22), reply="已转交")
    store.add("2026-10-21 08:00", "profit_driven", content="这个月还差三台车的任务")
    store.save()
    assert run_rules(_facts(engine), PROFILE).found == before
    supervise(engine, PROFILE, date(2026, 10, 23))
    assert run_rules(_facts(engine), PROFILE).found == before


def _matters(engine, as_of: date) -> dict[int, int]:
    return {case.id: case.matter_id for case in _facts(engine, as_of).cases}


def test_a_link_counts_from_the_night_that_found_it(store, engine):
    store.add("2026-10-01", "rough", ticket_no="FIRST", closed_at=datetime(2026, 10, 5))
    store.add("2026-10-02", "rough", ticket_no="SECOND")
    store.save()
    link(engine, date(2026, 10, 20))
    # A late row: accepted before the 20th, landed on the 25th, it joins what was apart.
    with engine.begin() as connection:
        _file(connection, 2, date(2026, 10, 25))
    store.add("2026-10-15", "rough", linked_ticket_no="FIRST、SECOND", first_file_id=2)
    store.save()
    link(engine, date(2026, 10, 25))
    assert _matters(engine, date(2026, 10, 20)) == {1: 1, 2: 2}
    assert _matters(engine, date(2026, 10, 25)) == {1: 1, 2: 1, 3: 1}


def test_a_past_day_linked_again_does_not_backdate_what_landed_since(store, engine):
    store.add("2026-10-01", "rough", caller_key="K")
    store.save()
    link(engine, THEN)
    with engine.begin() as connection:
        _file(connection, 2, date(2026, 10, 25))
    store.add("2026-10-12", "rough", caller_key="K", content="催办上次的事", first_file_id=2)
    store.save()
    assert link(engine, THEN) == {"urge": 1}
    with engine.connect() as connection:
        assert connection.scalar(sa.select(t.ticket_link.c.known_on)) == date(2026, 10, 25)


def test_a_closing_learnt_later_made_no_repeat_before(store, engine):
    store.add("2026-10-01", "rough", caller_key="K", closed_at=datetime(2026, 10, 10))
    store.add("2026-10-15", "rough", caller_key="K", content="催办上次的事")
    store.save()
    with engine.begin() as connection:
        _file(connection, 2, date(2026, 10, 25))
        _version(connection, 1, 2, 2, closed_at=[None, "2026-10-10 00:00:00"])
    link(engine, THEN)
    assert _facts(engine, THEN).repeats == frozenset()
    assert _facts(engine, date(2026, 10, 25)).repeats == {2}


def test_links_of_history_from_before_the_first_night_count_by_their_tickets_times(store, engine):
    store.add("2025-10-01", "rough", caller_key="K")
    store.add("2025-10-05", "rough", caller_key="K", content="催办上次的事")
    store.add("2025-10-25", "rough", caller_key="K", content="还没人回,再次来电催办")
    store.save()
    link(engine, date(2026, 1, 1))
    assert _matters(engine, date(2025, 10, 3)) == {1: 1}
    assert _matters(engine, date(2025, 10, 20)) == {1: 1, 2: 1}
    assert _matters(engine, date(2025, 10, 30)) == {1: 1, 2: 1, 3: 1}


def test_every_night_of_a_walk_is_told_again_as_it_was(store, engine):
    """New tickets, changed ones, links, labels and decisions night after night; then back."""
    nights = [date(2026, 9, 28) + timedelta(days=5 * n) for n in range(6)]
    rng = random.Random(29)  # noqa: S311
    told: dict[date, list[dict]] = {}
    decisions = 0
    for number, night in enumerate(nights):
        file_id = 1
        if number:
            file_id = number + 1
            with engine.begin() as connection:
                _file(connection, file_id, night)
        first = store.next_id
        for day in range(0, 10, 2):  # some came in before the night before, and landed late
            at = f"{night - timedelta(days=day)} 0{day}:30"
            kind = rng.choice(["profit_driven", "rough", "entrapment", "inaction"])
            store.add(
                at, kind, caller_key=rng.choice("ABCD"), first_file_id=file_id,
                content=rng.choice(WORDS), due_at=datetime(2026, 10, rng.randint(1, 28)),
                category=rng.choice(["投诉举报", "咨询"]), return_count=rng.randint(0, 2),
            )  # fmt: skip
        store.save()
        with engine.begin() as connection:
            for ticket_id in rng.sample(range(1, first), min(3, first - 1)) if number else []:
                _close_by_file(connection, ticket_id, file_id, night)
            if number:
                decisions += 1
                _decide(connection, decisions, rng.randint(1, first - 1), night)
        link(engine, night)
        supervise(engine, PROFILE, night)
        told[night] = replayed(engine, PROFILE, night)
    assert {f["rule"] for found in told.values() for f in found} >= {"R01", "R02", "R14", "R23"}
    for _ in range(2):
        assert {night: replayed(engine, PROFILE, night) for night in nights} == told


WORDS = (
    "这个月还差三台车的任务,不罚不行,昨天在国道路口拦车",
    "国道卡点执法人员推搡司机,要求道歉并退还罚款",
    "昨天在医院门口有人假扮乘客拦车",
    "上次反映的事一直没有人回复,再次来电催办",
)


def _close_by_file(connection, ticket_id: int, file_id: int, night: date) -> None:
    """A later file says that a ticket was closed the day before; what it said before is kept."""
    ticket = t.ticket.c
    was = connection.execute(
        sa.select(ticket.status, ticket.closed_at, ticket.reply, ticket.version).where(
            ticket.id == ticket_id
        )
    ).one()
    now = {"status": "已办结", "closed_at": datetime.combine(night, time()), "reply": "已转交处理"}
    row = now | {"version": was.version + 1}
    connection.execute(sa.update(t.ticket).where(ticket.id == ticket_id).values(row))
    changes = {
        name: [None if (old := getattr(was, name)) is None else str(old), str(value)]
        for name, value in now.items()
    }
    _version(connection, ticket_id, was.version + 1, file_id, **changes)


def _decide(connection, number: int, ticket_id: int, night: date) -> None:
    made = t.review_decision
    connection.execute(
        sa.update(made).where(made.c.ticket_id == ticket_id).values(is_current=False)
    )
    decision = {
        "id": number, "ticket_id": ticket_id, "person": "李督察", "action": "correct",
        "decided_at": datetime.combine(night, time(9)), "is_current": True, "scope": "E1",
        "primary_type": "selective", "labels_json": ["selective"], "evidence_json": {},
    }  # fmt: skip
    connection.execute(sa.insert(made), decision)
