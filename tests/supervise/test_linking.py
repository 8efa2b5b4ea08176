"""Which complaints belong together: 催办, 重复投诉, 多人同诉, across hotlines and nights."""

from datetime import date, datetime

import pytest
import sqlalchemy as sa

from pipeline.store import tables as t
from pipeline.supervise.linking import link

AS_OF = date(2026, 11, 20)
WORDS = "执法人员在国道路口拦车检查时态度恶劣辱骂司机"
OTHER = "退还罚款的申请交上去两个月没有回音"


def _links(engine) -> set:
    with engine.connect() as connection:
        rows = connection.execute(
            sa.select(t.ticket_link.c.ticket_id, t.ticket_link.c.other_id, t.ticket_link.c.kind)
        )
        return {tuple(row) for row in rows}


def _matters(engine) -> dict:
    with engine.connect() as connection:
        return dict(connection.execute(sa.select(t.matter.c.ticket_id, t.matter.c.matter_id)).all())


@pytest.mark.parametrize(
    ("closed_at", "again", "kind"),
    [
        (None, "2026-10-20", "urge"),
        (None, "2026-12-30", "urge"),
        (None, "2026-12-31", None),
        ("2026-10-15", "2026-10-14", "urge"),
        ("2026-10-15", "2026-10-15", "repeat"),
        ("2026-10-15", "2027-01-13", "repeat"),
        ("2026-10-15", "2027-01-14", None),
    ],
)
def test_before_closing_is_urging_after_it_repeating(store, engine, closed_at, again, kind):
    closed = datetime.fromisoformat(closed_at) if closed_at else None
    store.add("2026-10-01", "rough", caller_key="K", closed_at=closed, content=WORDS)
    store.add(again, "rough", caller_key="K", content=WORDS + "没人理")
    store.save()
    link(engine, date(2027, 3, 1))
    kinds = {found for _, _, found in _links(engine)} - {"same_caller"}
    assert kinds == ({kind} if kind else set())
    assert _matters(engine) == {1: 1, 2: 1 if kind else 2}


def test_one_caller_other_matter(store, engine):
    store.add("2026-10-01", "rough", caller_key="K", content=WORDS)
    store.add("2026-10-09", "inaction", caller_key="K", content=OTHER)
    store.add("2026-10-19", "inaction", caller_key="K", content="又没下文", target_unit="别的大队")
    store.save()
    assert link(engine, AS_OF) == {"same_caller": 3}
    assert _matters(engine) == {1: 1, 2: 2, 3: 3}


def test_same_unit_and_type_of_one_caller_is_one_matter_whatever_the_words(store, engine):
    store.add("2026-10-01", "rough", caller_key="K", content=WORDS)
    store.add("2026-10-09", "rough", caller_key="K", content="问上次那件事怎么还没有人回电话")
    store.save()
    assert link(engine, AS_OF) == {"urge": 1}


def test_an_urging_may_name_a_day_since_and_needs_no_theme(store, engine):
    store.add("2026-10-01", "rough", caller_key="K", content="9月28日" + WORDS)
    store.add("2026-10-12", caller_key="K", content="来电催促办理进度。")
    store.add("2026-10-12", "rough", caller_key="K", content="10月11日又去催了,辱骂司机的事没人管")
    # Another encounter, told by one who asks after none.
    store.add("2026-10-13", "rough", caller_key="K", content="10月12日在服务区推搡我父亲")
    store.save()
    assert link(engine, AS_OF)["urge"] >= 2
    assert _matters(engine) == {1: 1, 2: 1, 3: 1, 4: 4}


def test_an_urging_goes_to_the_matter_most_alike_on_any_night(store, engine):
    fine = "货运公司反映处罚时没有听取驾驶员陈述申辩就下决定"
    store.add("2026-10-08", "procedure", caller_key="K", content=fine)
    store.add("2026-10-09", "excessive", caller_key="K", content="五次到停车场点名查车要交全部钥匙")
    store.add("2026-10-12", "procedure", caller_key="K", content="催办停车场点名查车要钥匙的事")
    store.save()
    for night in (date(2026, 10, 9), date(2026, 10, 12)):
        link(engine, night)
    assert {(3, 1, "urge"), (3, 2, "urge")} <= _links(engine)
    assert _matters(engine) == {1: 1, 2: 2, 3: 2}


def test_several_callers_of_nearly_the_same_words(store, engine):
    store.add("2026-10-01", "rough", content=WORDS)
    store.add("2026-10-09", "rough", content="来电人反映:" + WORDS + "。", target_unit="别的大队")
    store.add("2026-10-12", "rough", content=WORDS, target_unit="别的大队", region="别的县")
    store.add("2026-11-09", "rough", content=WORDS)
    store.add("2026-10-03", "rough", content=OTHER)
    store.save()
    link(engine, AS_OF)
    # the second is in the same region; the third in another, the fourth more than 30 days later
    assert _links(engine) == {(2, 1, "same_matter"), (3, 2, "same_matter")}
    assert _matters(engine) == {1: 1, 2: 1, 3: 1, 4: 4, 5: 5}


def test_short_texts_say_nothing(store, engine):
    store.add("2026-10-01", "rough", content="执法粗暴")
    store.add("2026-10-02", "rough", content="执法粗暴")
    store.save()
    assert link(engine, AS_OF) == {}


def test_a_named_number_joins_across_hotlines_and_scopes(store, engine):
    store.add("2026-10-01", scope="E0", hotline="12345", ticket_no="CITY1", content=OTHER)
    store.add("2026-10-02", "rough", linked_ticket_no="CITY1", content=WORDS)
    store.add("2026-10-02", "rough", linked_ticket_no="NOWHERE", content="车被扣走一直没有给手续")
    store.save()
    assert link(engine, AS_OF) == {"reference": 1}
    assert _matters(engine) == {1: 1, 2: 1, 3: 3}


def test_of_several_named_numbers_each_joins(store, engine):
    store.add("2026-10-01", scope="E0", hotline="12345", ticket_no="CITY1", content=OTHER)
    store.add("2026-10-01", "rough", ticket_no="T1", content="车被扣走一直没有给手续")
    store.add(
        "2026-10-02", "rough", linked_ticket_no="CITY1、T1、T3", ticket_no="T3", content=WORDS
    )
    store.save()
    assert link(engine, AS_OF) == {"reference": 2}
    assert _matters(engine) == {1: 1, 2: 1, 3: 1}


def test_two_matters_that_become_one_move_whole(store, engine):
    store.add("2026-10-01", "rough", caller_key="K", content=WORDS)
    store.add("2026-10-02", "inaction", caller_key="L", content=OTHER)
    store.add("2026-10-03", "inaction", caller_key="L", content=OTHER, ticket_no="NAMED")
    store.save()
    link(engine, AS_OF)
    assert _matters(engine) == {1: 1, 2: 2, 3: 2}
    store.add("2026-10-09", "rough", caller_key="K", content=WORDS, linked_ticket_no="NAMED")
    store.save()
    link(engine, AS_OF)
    assert _matters(engine) == {1: 1, 2: 1, 3: 1, 4: 1}


def test_a_matter_may_part_when_a_better_link_comes(store, engine, monkeypatch):
    """What is joined is read from all links that are connected, those of former nights too."""
    from pipeline.supervise import linking

    scores = {(2, 1): 0.9, (3, 2): 0.4, (4, 3): 0.9, (5, 3): 0.9, (5, 4): 0.9}
    monkeypatch.setattr(
        linking,
        "_of_one_matter",
        lambda a, b, is_near: (
            ("same_matter", scores[a.id, b.id]) if (a.id, b.id) in scores else None
        ),
    )
    found = []
    for day in range(1, 6):
        store.add(f"2026-10-0{day}", "rough", content=WORDS)
        store.save()
        link(engine, AS_OF)
        found.append(_matters(engine))
    assert found[2] == {1: 1, 2: 1, 3: 1}
    assert found[4] == {1: 1, 2: 1, 3: 3, 4: 3, 5: 3}
    assert len(_links(engine)) == 5
    assert link(engine, AS_OF) == {}


def test_only_enforcement_complaints_are_linked(store, engine):
    store.add("2026-10-01", scope="E0", caller_key="K", content=WORDS)
    store.add("2026-10-02", "rough", caller_key="K", content=WORDS)
    store.save()
    assert link(engine, AS_OF) == {}


def test_tickets_of_later_days_wait(store, engine):
    store.add("2026-10-01", "rough", caller_key="K", content=WORDS)
    store.add("2026-11-21", "rough", caller_key="K", content=WORDS)
    store.save()
    assert link(engine, AS_OF) == {}
    assert link(engine, date(2026, 11, 21)) == {"urge": 1}


def test_a_closing_learnt_later_makes_an_urge_a_repeat(store, engine):
    store.add("2026-10-01", "rough", caller_key="K", content=WORDS)
    store.add("2026-10-20", "rough", caller_key="K", content=WORDS)
    store.save()
    link(engine, AS_OF)
    store.update(1, closed_at=datetime(2026, 10, 10), status="已办结")
    assert link(engine, AS_OF) == {"repeat": 1}
    assert link(engine, AS_OF) == {}
    assert _links(engine) == {(2, 1, "repeat")}


def _a_mixture(store, nights: bool, engine) -> None:
    tickets = [
        ("2026-10-02", "K", WORDS), ("2026-10-05", "L", OTHER), ("2026-10-08", "K", WORDS + "再问"),
        ("2026-10-10", "M", WORDS + "很多人"), ("2026-10-15", "L", OTHER + "还没有"),
        ("2026-10-16", None, OTHER + "还没有吗请答复"), ("2026-10-20", "N", WORDS + "是真的"),
    ]  # fmt: skip
    # Ids follow arrival; the second arrives last, though it is early: late data.
    for at, caller, words in [tickets[0], *tickets[2:], tickets[1]]:
        store.add(at, "rough", caller_key=caller, content=words)
        if nights:
            store.save()
            link(engine, AS_OF)
    store.save()
    link(engine, AS_OF)


def test_nights_one_by_one_and_all_at_once_agree(store, engine, tmp_path):
    from pipeline.settings import Settings
    from pipeline.store.engine import make_engine, upgrade

    whole = make_engine(Settings(home=tmp_path / "whole", secret_key="k" * 40))
    upgrade(whole)
    _a_mixture(store, True, engine)
    _a_mixture(type(store)(whole), False, whole)
    assert _links(engine) == _links(whole)
    assert len(_links(whole)) > 5
    assert _matters(engine) == _matters(whole) == {1: 1, 2: 1, 3: 1, 4: 4, 5: 4, 6: 1, 7: 4}
    before = _links(engine)
    assert link(engine, AS_OF) == {}
    assert _links(engine) == before
    whole.dispose()


def test_links_of_before_the_revision_became_known_when_both_tickets_had_landed(store, engine):
    from alembic import command

    from pipeline.store.engine import _alembic_config

    store.add("2026-10-01", "rough", caller_key="K", content=WORDS)
    store.add("2026-10-09", "rough", caller_key="K", content=WORDS)
    store.save()
    link(engine, AS_OF)
    command.downgrade(_alembic_config(engine), "0007")
    command.upgrade(_alembic_config(engine), "head")
    with engine.connect() as connection:
        known = connection.scalars(sa.select(t.ticket_link.c.known_on)).all()
    assert known == [date(2026, 1, 1)]  # the night of the builder's file
