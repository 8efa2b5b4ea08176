"""Several rows of one ticket in one export (domain B7.8): one ticket, every row kept."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipeline.settings import Settings
from pipeline.store import tables as t
from pipeline.store.engine import make_engine, upgrade
from pipeline.store.handlings import _MOST
from pipeline.store.tickets import store_rows
from tests.store.test_tickets import DAY, NOW, VAULT, add_file, load, make_rows, only_ticket


def day(n: int):
    return DAY + timedelta(days=n)


MAIN = {"handler_unit": "市支队", "status": "已办结", "closed_at": day(3), "reply": "已核实。"}
OTHER = {
    "handler_unit": "青原县大队",
    "status": "办理中",
    "dispatched_at": day(1),
    "due_at": day(9),
}


def handlings(engine) -> list:
    with engine.connect() as connection:
        return connection.execute(sa.select(t.ticket_handling)).mappings().all()


def test_two_units_are_one_ticket_that_is_open_while_one_of_them_is(engine):
    ledger, _ = load(engine, [MAIN, OTHER])
    ticket = only_ticket(engine)
    assert (ledger.inserted, ledger.updated) == (1, 1)
    assert (ticket["handler_unit"], ticket["co_handler_unit"]) == ("市支队", "青原县大队")
    assert (ticket["status"], ticket["closed_at"], ticket["due_at"]) == ("办理中", None, day(9))
    assert ticket["reply"] == "已核实。"
    assert [(h["handler_unit"], h["status"], h["row_no"]) for h in handlings(engine)] == [
        ("市支队", "已办结", 1),
        ("青原县大队", "办理中", 2),
    ]
    with engine.connect() as connection:
        changes = connection.scalar(
            sa.select(t.ticket_version.c.changes_json).where(t.ticket_version.c.version == 2)
        )
    assert changes["co_handler_unit"] == [None, "青原县大队"]
    assert changes["status"] == ["已办结", "办理中"]


def test_the_ticket_is_closed_when_the_last_unit_closes_and_every_reply_stays(engine):
    load(engine, [MAIN, OTHER])
    done = OTHER | {
        "status": "已办结",
        "closed_at": day(5),
        "reply": "已约谈。",
        "verified": "属实",
    }
    ledger, _ = load(engine, [MAIN, done], "b.csv")
    ticket = only_ticket(engine)
    assert (ledger.unchanged, ledger.updated) == (1, 1)
    assert (ticket["status"], ticket["closed_at"], ticket["verified"]) == ("已办结", day(5), "属实")
    assert ticket["reply"] == "【市支队】已核实。\n【青原县大队】已约谈。"
    assert len(handlings(engine)) == 2


@pytest.mark.parametrize("turned", [False, True])
def test_the_same_rows_again_change_nothing_in_whatever_order(engine, turned):
    load(engine, [MAIN, OTHER])
    before = only_ticket(engine)
    ledger, _ = load(engine, [OTHER, MAIN] if turned else [MAIN, OTHER], "b.csv")
    assert ledger.unchanged == 2
    assert only_ticket(engine) == before
    ledger, _ = load(engine, [MAIN, OTHER, OTHER], "c.csv")
    assert (ledger.unchanged, ledger.duplicate) == (2, 1)


def test_a_unit_that_gave_the_ticket_back_does_not_hold_it_open(engine):
    load(engine, [MAIN, OTHER | {"status": "退单/改派"}])
    ticket = only_ticket(engine)
    assert (ticket["status"], ticket["closed_at"]) == ("已办结", day(3))


def test_rounds_of_one_unit_keep_both_replies_and_the_newest_state(engine):
    again = MAIN | {"closed_at": day(8), "reply": "重新核实。", "dispatched_at": day(6)}
    for name, rows in {"a.csv": [MAIN, again], "b.csv": [again, MAIN]}.items():
        load(engine, [row | {"ticket_no": name} for row in rows], name)
    with engine.connect() as connection:
        tickets = connection.execute(sa.select(t.ticket)).mappings().all()
    for ticket in tickets:
        assert ticket["closed_at"] == day(8)
        assert {"【市支队】已核实。", "【市支队】重新核实。"} == set(ticket["reply"].split("\n"))
        assert ticket["co_handler_unit"] is None


def test_another_export_s_unit_replaces_and_other_acceptance_data_update(engine):
    load(engine, [MAIN])
    load(engine, [MAIN | {"handler_unit": "县大队", "closed_at": day(4)}], "b.csv")
    assert only_ticket(engine)["handler_unit"] == "县大队"
    load(engine, [MAIN, OTHER | {"content": "另一段内容", "closed_at": day(9)}], "c.csv")
    ticket = only_ticket(engine)
    assert (ticket["content"], ticket["co_handler_unit"]) == ("另一段内容", None)
    assert handlings(engine) == []


def test_units_named_in_the_row_itself_stay(engine):
    load(engine, [MAIN | {"co_handler_unit": "甲;乙"}, OTHER | {"co_handler_unit": "乙、丙"}])
    assert only_ticket(engine)["co_handler_unit"] == "甲、乙、丙、青原县大队"


def test_rows_of_one_ticket_in_chunks_of_their_own(engine):
    with engine.begin() as connection:
        file_id = add_file(connection)
        for number, row in enumerate([MAIN, OTHER], 1):
            rows = make_rows(file_id, [row])
            rows.row_no[0] = number
            store_rows(connection, VAULT, rows, NOW)
    assert only_ticket(engine)["co_handler_unit"] == "青原县大队"
    assert [h["row_no"] for h in handlings(engine)] == [1, 2]


def test_an_endless_repetition_of_one_number_is_bounded(engine):
    rows = [MAIN | {"handler_unit": f"{n}队", "closed_at": day(n)} for n in range(_MOST + 20)]
    ledger, _ = load(engine, rows)
    assert ledger.rows_read == len(rows)
    assert len(handlings(engine)) == _MOST


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "ticket_no": st.sampled_from(["A", "B"]),
            "handler_unit": st.sampled_from([None, "甲", "乙"]),
            "dispatched_at": st.sampled_from([None, day(1)]),
            "content": st.sampled_from(["内容", "内容", "另一段内容"]),
            "satisfaction": st.sampled_from([None, "满意", "不满意"]),
            "status": st.sampled_from([None, "办理中", "已办结"]),
            "closed_at": st.one_of(st.none(), st.integers(1, 4).map(day)),
            "reply": st.sampled_from([None, "一", "二"]),
        }
    ),
    min_size=1,
    max_size=6,
)
"""Rows of two tickets, several of a unit or of none, as platforms write them."""


@pytest.fixture(scope="module")
def one_engine(tmp_path_factory):
    engine = make_engine(Settings(home=tmp_path_factory.mktemp("home"), secret_key="x" * 32))
    upgrade(engine)
    return engine


@given(before=st.one_of(st.just([]), ROWS), rows=ROWS, cut=st.integers(0, 8), turned=st.booleans())
@hypothesis_settings(max_examples=60, deadline=None)
def test_no_unit_and_no_reply_is_lost_and_the_same_rows_again_change_nothing(
    one_engine, before, rows, cut, turned
):
    with one_engine.begin() as connection:
        for table in reversed(t.metadata.sorted_tables):
            connection.execute(sa.delete(table))

    def store(name: str, rows: list[dict]) -> int:
        with one_engine.begin() as connection:
            whole = make_rows(add_file(connection, name), rows)
            changed = 0
            for part in (slice(0, cut), slice(cut, None)):
                if numbers := whole.row_no[part]:
                    chunk = replace(make_rows(whole.file_id, rows[part]), row_no=numbers)
                    ledger = store_rows(connection, VAULT, chunk, NOW)
                    changed += ledger.inserted + ledger.updated
            return changed

    def tickets() -> list[dict]:
        with one_engine.connect() as connection:
            return connection.execute(sa.select(t.ticket)).mappings().all()

    store("before.csv", before)
    store("a.csv", rows)
    stored = tickets()
    for ticket in stored:
        own = [row for row in rows if row["ticket_no"] == ticket["ticket_no"]]
        if before or len({row["content"] for row in own}) > 1:
            continue  # the later text is an update, and takes the row's other fields with it
        units = {row["handler_unit"] for row in own} - {None}
        kept = {ticket["handler_unit"], *(ticket["co_handler_unit"] or "").split("、")} - {None, ""}
        assert kept == units
        for reply in {row["reply"] for row in own} - {None}:
            assert reply in ticket["reply"]
    assert store("b.csv", rows[::-1] if turned else rows) == 0
    assert tickets() == stored


@pytest.mark.parametrize("between", ["、", ",", "，", ";", "；", " "])
def test_assisting_units_are_named_once_whatever_stands_between(engine, between):
    helped = MAIN | {"co_handler_unit": f"县治超站{between}青原县大队"}
    load(engine, [helped, OTHER])
    assert only_ticket(engine)["co_handler_unit"] == "县治超站、青原县大队"


UNIT = {"handler_unit": "市支队", "status": "办理中"}
OPEN_UNITS = [
    UNIT | {"dispatched_at": day(2), "signed_at": day(4), "due_at": day(9)},
    OTHER | {"signed_at": day(3), "due_at": day(7)},
    MAIN | {"handler_unit": "县治超站", "due_at": day(5)},
]


@pytest.mark.parametrize("rows", [OPEN_UNITS, OPEN_UNITS[::-1]])
def test_a_ticket_is_dispatched_and_signed_first_and_due_when_the_first_open_unit_is(engine, rows):
    load(engine, rows)
    ticket = only_ticket(engine)
    assert (ticket["dispatched_at"], ticket["signed_at"]) == (day(1), day(3))
    assert ticket["due_at"] == day(7)  # 县治超站 has closed


def test_a_unit_is_as_far_as_its_last_round(engine):
    first = UNIT | {"dispatched_at": day(1), "verified": "不属实"}
    second = MAIN | {"dispatched_at": day(2), "verified": "属实"}
    load(engine, [second, first])
    ticket = only_ticket(engine)
    assert (ticket["status"], ticket["closed_at"]) == ("已办结", day(3))
    assert ticket["verified"] == "属实"


@pytest.mark.parametrize("how", [{"closed_at": day(4)}, {"status": "已办结"}])
def test_a_unit_has_closed_by_its_time_or_by_its_word(engine, how):
    load(engine, [MAIN, OTHER | {"status": None} | how])
    ticket = only_ticket(engine)
    assert ticket["closed_at"] == how.get("closed_at", day(3))
    assert ticket["status"] == "已办结"


def test_rounds_of_one_unit_without_times_keep_both_replies_in_whatever_order(engine):
    first, second = MAIN, MAIN | {"reply": "重新核实。"}
    load(engine, [first, second])
    rated = [row | {"satisfaction": "满意"} for row in (second, first)]  # new to the letter
    load(engine, rated, "b.csv")
    assert only_ticket(engine)["reply"] == "【市支队】已核实。\n【市支队】重新核实。"
    assert len(handlings(engine)) == 2


def test_a_row_that_says_only_a_part_is_no_handling(engine):
    part = MAIN | {"reply": None}
    ledger, _ = load(engine, [MAIN, part])
    assert (ledger.unchanged, handlings(engine)) == (1, [])
    load(engine, [MAIN, OTHER, OTHER | {"due_at": None}], "b.csv")
    assert len(handlings(engine)) == 2


@pytest.mark.parametrize("new", [{"dispatched_at": day(6)}, {"handler_unit": "县治超站"}])
def test_a_later_export_s_new_round_or_unit_is_added(engine, new):
    load(engine, [MAIN, OTHER])
    load(engine, [OTHER | {"reply": "已约谈。"} | new], "b.csv")
    assert len(handlings(engine)) == 3
    assert "已核实。" in only_ticket(engine)["reply"]


def test_an_older_export_takes_nothing_back_from_a_handling(engine):
    done = OTHER | {"status": "已办结", "closed_at": day(5), "reply": "已约谈。"}
    load(engine, [MAIN, done], "10.csv", until=day(10).date())
    older = OTHER | {"signed_at": day(2), "reply": "在办。"}
    load(engine, [MAIN, older], "05.csv", until=day(2).date())
    ticket = only_ticket(engine)
    assert (ticket["status"], ticket["closed_at"]) == ("已办结", day(5))
    assert ticket["signed_at"] == day(2)
    assert ticket["reply"] == "【市支队】已核实。\n【青原县大队】已约谈。"
    assert [h["state_at"] for h in handlings(engine)] == [day(3), day(5)]


def test_a_reply_without_a_unit_stands_without_one(engine):
    load(engine, [MAIN, MAIN | {"handler_unit": None, "reply": "另有答复。"}])
    assert "\n另有答复。" in only_ticket(engine)["reply"]
