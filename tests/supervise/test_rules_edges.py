"""Edges of single rules: the day before and after, the words just inside and just outside."""

from datetime import date

import pytest
import sqlalchemy as sa

from pipeline.policies import load_profile
from pipeline.store import tables as t
from pipeline.supervise.items import supervise

PROFILE = load_profile("mot-2024-25")
FRIDAY = "2026-10-16 09:00"


def _items(engine) -> list[tuple[str, str]]:
    with engine.connect() as connection:
        item = t.supervision_item.c
        rows = connection.execute(sa.select(item.rule, item.level).where(item.rule == "R16"))
        return [tuple(row) for row in rows]


@pytest.mark.parametrize(("as_of", "level"), [("2026-10-19", "L1"), ("2026-10-20", "L2")])
def test_a_business_not_contacted_within_a_working_day_rises(store, engine, as_of, level):
    store.add(FRIDAY, "rough", flags=("涉企",))
    store.save()
    supervise(engine, PROFILE, date(2026, 10, 16))
    supervise(engine, PROFILE, date.fromisoformat(as_of))
    assert _items(engine) == [("R16", level)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("路边只有一个人来查车", 1),
        ("协管员把车拦下来罚款", 1),
        ("没穿制服就上来要证", 1),
        ("不肯出示执法证", 1),
        ("大厅里排队的有十个人", 0),
        ("出示了执法证也穿着制服", 0),
        ("协管员指路很热心", 0),
    ],
)
def test_who_may_enforce(store, text, found):
    store.add(FRIDAY, "procedure", content=text)
    store.add(FRIDAY, "rough", content=text)  # another type: not this rule's
    assert [f.tickets for f in store.found("R18")] == ([(1,)] if found else [])


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("营运证被扣走至今没还", ["超期不还"]),
        ("车扣在停车场要收停车费", ["保管拖车费"]),
        ("扣了证没给任何单子", ["无文书"]),
        ("扣车时当场给了扣押决定书", None),
        ("停车费太贵,手续也没办", None),  # nothing was seized
    ],
)
def test_what_is_wrong_about_a_seizure(store, text, faults):
    store.add(FRIDAY, "procedure", content=text)
    assert [f.numbers["faults"] for f in store.found("R19")] == ([faults] if faults else [])


@pytest.mark.parametrize(("first", "found"), [("2026-09-16 09:00", 1), ("2026-09-16 08:59", 0)])
def test_three_of_one_type_within_thirty_days(store, first, found):
    text = "10月5日在国道路口被推搡"
    for at in (first, "2026-10-01 09:00", "2026-10-16 09:00"):
        store.add(at, "rough", content=text + at)
    assert len(store.found("R29")) == found


@pytest.mark.parametrize("other", [{"target_unit": "平沙县大队"}, {"labels": ("selective",)}])
def test_another_unit_or_type_does_not_add(store, other):
    store.add(FRIDAY, "rough", content="10月5日在国道路口被推搡", n=2)
    labels = {"labels": ("rough",)} | other
    store.add(FRIDAY, *labels.pop("labels"), content="10月6日在国道路口被推搡", **labels)
    assert store.found("R29") == []


@pytest.mark.parametrize(
    ("first", "level"), [("2026-09-16 09:00", "L4"), ("2026-09-16 08:59", "L2")]
)
def test_two_entrapments_within_thirty_days(store, first, level):
    store.add(first, "entrapment", content="有人在医院门口假扮乘客")
    store.add(FRIDAY, "entrapment", content="有人在汽车站假扮乘客")
    assert [f.level for f in store.found("R15") if f.window == "2026-10"] == [level]


@pytest.mark.parametrize("flags", [(), ("廉政:疑似",)])
def test_an_integrity_label_without_certainty_is_no_lead(store, flags):
    store.add(FRIDAY, "integrity", flags=flags)
    assert store.found("R07") == []


def test_full_width_marks_end_a_clause_as_ascii_ones_do(store):
    for mark in (",", "\uff0c"):
        store.add(FRIDAY, "procedure", content=f"协管员指路很热心{mark}查车的也客气")
        store.add(FRIDAY, "procedure", content=f"协管员在路口{mark}大家都看着他把车拦下")
    assert store.found("R18") == []
