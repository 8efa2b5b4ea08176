"""Early warning in the night: from tickets to findings and items."""

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from pipeline.policies import Setting, load_profile
from pipeline.policies.profile import Campaign
from pipeline.store import tables as t
from pipeline.supervise.items import explain, explain_zh, supervise
from pipeline.supervise.rules import run_rules
from pipeline.supervise.warning.history import Sighting
from pipeline.supervise.warning.periods import Periods
from pipeline.supervise.warning.raising import voices_once

AS_OF = date(2026, 11, 20)  # a Friday
PROFILE = load_profile("mot-2024-25")


def _a_year(store, every: int = 3, until: date = date(2026, 11, 1), **columns) -> None:
    """A ticket of any kind each week, and one complaint (rough) every so many weeks."""
    monday = date(2025, 8, 4)
    for week in range(68):
        day = monday + timedelta(weeks=week)
        if day > AS_OF:
            break
        store.add(f"{day} 08:00", scope="E0", target_unit="别县大队", region="别县")
        if week % every == 0 and day < until:
            store.add(f"{day} 10:00", "rough", **columns)


def _warned(store, as_of: date = AS_OF, profile=PROFILE) -> list:
    found = store.found("R12", as_of.isoformat(), profile)
    return [f for f in found if "grain" in f.numbers]


def test_a_rise_over_the_units_own_past_is_a_warning_in_plain_words(store):
    _a_year(store)
    store.add("2026-11-16 09:00", "rough", n=3)
    assert _warned(store, date(2026, 11, 15)) == []
    store.add("2026-11-18 09:00", "rough")
    (finding,) = _warned(store)
    assert (finding.level, finding.window) == ("L1", "2026-11")
    assert finding.subject == "青原县大队 · 粗暴执法"
    assert finding.problem_type == "rough"
    assert "(近50周平均0.4件/周,本周(11月16日至22日)4件)" in finding.summary
    assert finding.numbers["counted"] == len(finding.tickets) == 4
    assert finding.numbers["chance"] < 0.025


def test_an_even_series_is_none(store):
    _a_year(store, every=1, until=AS_OF)
    assert _warned(store) == []


def test_one_caller_does_not_make_a_rise(store):
    _a_year(store)
    store.add("2026-11-16 09:00", "rough", n=6, caller_key="the same")
    assert _warned(store) == []


def test_what_is_not_sure_among_all_series_is_to_be_watched(store):
    _a_year(store)
    for n in range(30):
        for back in (200, 300):
            day = AS_OF - timedelta(days=back)
            store.add(f"{day} 08:00", "excessive", target_unit=f"{n}大队", region=f"{n}县")
    store.add("2026-11-16 09:00", "rough", n=3)
    (finding,) = _warned(store)
    assert finding.level == "L0"
    assert "尚未达到全部单位合并判断的提醒界限" in finding.summary


def test_with_too_short_a_past_nothing_is_said(store):
    for week in range(20):
        store.add(f"{date(2026, 6, 29) + timedelta(weeks=week)} 08:00", "rough")
    store.add("2026-11-16 09:00", "rough", n=4)
    assert _warned(store) == []


def test_weeks_without_any_ticket_are_no_past(store):
    store.add("2025-08-04 08:00", scope="E0")
    store.add("2026-11-16 09:00", "rough", n=4)
    assert _warned(store) == []


def test_not_raised_again_within_the_window(store, engine):
    _a_year(store)
    store.add("2026-11-02 09:00", "rough", n=4)
    store.add("2026-11-11 09:00", "rough", n=3)
    store.save()
    first = supervise(engine, PROFILE, date(2026, 11, 6))
    assert first.raised >= 1
    supervise(engine, PROFILE, date(2026, 11, 13))
    assert _count(engine) == 1
    again = supervise(engine, PROFILE, date(2026, 11, 13))
    assert (again.raised, again.updated) == (0, 0)


def test_replayed_for_a_past_day_it_says_what_it_said_then(store):
    _a_year(store)
    store.add("2026-11-02 09:00", "rough", n=4)
    then = _warned(store, date(2026, 11, 6))
    store.add("2026-11-16 09:00", "rough", n=4)
    assert _warned(store, date(2026, 11, 6)) == then


def test_a_later_decision_on_the_far_past_changes_no_past_day(store, engine):
    _a_year(store)
    store.add("2026-11-02 09:00", "rough", n=4)
    (then,) = _warned(store, date(2026, 11, 6))
    old = "SELECT id FROM ticket WHERE accepted_at < '2025-12-31' AND target_unit = '青原县大队'"
    with engine.begin() as connection:
        for n, ticket_id in enumerate(connection.exec_driver_sql(old).scalars().all(), 1):
            decision = {
                "id": n, "ticket_id": ticket_id, "person": "李督察", "action": "correct",
                "decided_at": datetime(2026, 11, 10), "is_current": True, "scope": "E0",
                "primary_type": None, "labels_json": [], "evidence_json": {},
            }  # fmt: skip
            connection.execute(sa.insert(t.review_decision), decision)
    assert _warned(store, date(2026, 11, 6)) == [then]
    (now,) = _warned(store)
    assert now.numbers["usual"] < then.numbers["usual"]


def test_after_closing_the_count_begins_anew(store, engine):
    _a_year(store, until=date(2026, 10, 1))
    store.add("2026-10-27 09:00", "rough", n=4)
    store.save()
    supervise(engine, PROFILE, date(2026, 10, 30))
    (item,) = _items(engine)
    _close(engine, item, datetime(2026, 11, 2, 9))
    store.add("2026-11-10 09:00", "rough")
    assert {f.window for f in _warned(store)} <= {"2026-10"}  # old complaints do not count again
    store.add("2026-11-17 09:00", "rough", n=4)
    assert [f.window for f in _warned(store)] == ["2026-10", "2026-11"]
    supervise(engine, PROFILE, AS_OF)
    (again,) = _items(engine)  # within 90 days R26 opens the old item, one level up
    assert (again["state"], again["level"]) == ("重开", "L2")
    assert supervise(engine, PROFILE, AS_OF).updated == 0


def test_the_regions_own_warning_stands_where_no_unit_holds_it(store):
    _a_year(store, until=date(2026, 11, 1), target_unit="甲大队")
    for n, unit in enumerate(("乙大队", "丙大队", "丁大队", "戊大队", "己大队")):
        store.add(f"2026-11-16 1{n}:00", "rough", target_unit=unit)
    (finding,) = _warned(store)
    assert (finding.subject, finding.unit) == ("青原县(全域) · 粗暴执法", None)
    assert len(finding.tickets) == 5


def test_a_frequent_pair_is_not_also_warned_of(store):
    _a_year(store)
    store.add("2026-11-16 09:00", "rough", n=6)
    assert len(store.found("R11")) == 1
    assert _warned(store) == []


def test_an_emerging_pair_bears_the_sentence_and_is_one_item(store):
    _a_year(store, until=date(2026, 6, 1))
    store.add("2026-11-16 09:00", "rough", n=3)
    (finding,) = store.found("R12")
    assert finding.level == "L1"
    assert "此前3个月均为0件;近" in finding.summary
    assert "此前13周均为0件,本周(11月16日至22日)3件)" in finding.summary


def test_a_known_campaign_raises_what_is_expected(store):
    _a_year(store)
    store.add("2026-11-16 09:00", "rough", n=4)
    campaign = Campaign(
        name="治超专项行动",
        first_day=date(2026, 11, 1),
        last_day=date(2026, 11, 30),
        factor=Setting(value=1.5, origin="default"),
    )
    profile = PROFILE.model_copy(update={"campaigns": (campaign,)})
    plain, (during,) = _warned(store), _warned(store, profile=profile)
    assert "期间有治超专项行动,已计入预期" in during.summary
    assert during.numbers["chance"] > plain[0].numbers["chance"]
    with pytest.raises(ValidationError):
        Campaign(**campaign.model_dump() | {"last_day": date(2026, 10, 1)})


def test_a_year_without_known_days_off_makes_the_rule_rest(store):
    _a_year(store)
    store.add("2027-01-05 09:00", "rough", n=4)
    store.save()
    assert "2027" in store.resting("2027-01-08")["R12"]


def test_the_item_explains_the_warning(store, engine):
    _a_year(store)
    store.add("2026-11-16 09:00", "rough", n=4)
    store.save()
    supervise(engine, PROFILE, AS_OF)
    (item,) = _items(engine)
    said = explain_zh(explain(engine, item["id"]))
    assert "此前每周期平均" in said
    assert "预警概率界限=0.025（系统默认）" in said


def test_weeks_and_months_as_columns():
    weeks = Periods.weeks(date(2026, 9, 24), date(2026, 10, 14))
    assert weeks.starts == (date(2026, 9, 28), date(2026, 10, 5), date(2026, 10, 12))
    assert weeks.index([date(2026, 9, 27), date(2026, 10, 4), date(2026, 10, 12)]).tolist() == [
        -1, 0, 2,
    ]  # fmt: skip
    assert [weeks.is_holiday(i) for i in range(3)] == [False, True, False]  # 国庆 to 7 October
    months = Periods.months(date(2026, 11, 9), date(2027, 1, 1))
    assert months.bounds(2, 2) == (date(2026, 12, 1), date(2027, 1, 31))


def test_a_voice_counts_again_after_four_weeks():
    days = (1, 5, 29, 30)
    sightings = [
        Sighting(d, datetime(2026, 1, 1) + timedelta(days=d), "甲", None, frozenset(), "K")
        for d in days
    ]
    assert [s.id for s in voices_once(sightings)] == [1, 30]


def test_no_history_no_warning():
    from pipeline.supervise.facts import Facts

    facts = Facts(AS_OF, datetime(2026, 8, 1), [], [], frozenset())
    assert [f for f in run_rules(facts, PROFILE).found if f.rule == "R12"] == []


def _items(engine) -> list[dict]:
    query = sa.select(t.supervision_item).where(t.supervision_item.c.rule == "R12")
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def _count(engine) -> int:
    return len(_items(engine))


def _close(engine, item: dict, at: datetime) -> None:
    version = item["row_version"] + 1
    event = {
        "item_id": item["id"],
        "seq": version,
        "at": at,
        "person": "王",
        "action": "transition",
        "from_state": "待销号",
        "to_state": "已销号",
        "level": item["level"],
        "reason": "已回告",
        "ticket_ids_json": [],
    }
    items = t.supervision_item
    with engine.begin() as connection:
        connection.execute(
            sa.update(items)
            .where(items.c.id == item["id"])
            .values(state="已销号", row_version=version, updated_on=at.date())
        )
        connection.execute(sa.insert(t.item_event), event)
