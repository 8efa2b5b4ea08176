from dataclasses import replace
from datetime import date, datetime, timedelta

import orjson
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipeline.domain.outcome import FileOutcome, RowReason
from pipeline.domain.ticket import FIELD_NAMES
from pipeline.settings import Settings
from pipeline.store import tables as t
from pipeline.store.engine import make_engine, upgrade
from pipeline.store.tickets import QuarantinedRow, Rows, file_ledger, store_rows
from pipeline.store.vault import Vault

NOW = datetime(2026, 11, 2, 1, 30)
DAY = datetime(2026, 10, 5, 9, 0)
VAULT = Vault(b"k" * 32)


def add_file(connection, name="a.csv", until: date | None = None) -> int:
    return connection.execute(
        sa.insert(t.export_file)
        .values(
            sha256=f"{name:0>64}",
            name=name,
            size_bytes=1,
            landed_at=NOW,
            as_of=NOW.date(),
            period_end=until,
            state=FileOutcome.LANDED.value,
        )
        .returning(t.export_file.c.id)
    ).scalar_one()


def make_rows(file_id, tickets, quarantined=None, contacts=None) -> Rows:
    """tickets: dicts of fields; ticket_no and state_at have defaults, row_hash is of the values."""
    columns = {name: [] for name in ("hotline", "ticket_no", *FIELD_NAMES)}
    columns |= {"text_hash": [], "state_at": [], "row_hash": []}
    for ticket in tickets:
        values = {"hotline": "12345", "ticket_no": "T1", "accepted_at": DAY, "content": "内容"}
        values |= ticket
        for name in ("hotline", "ticket_no", *FIELD_NAMES):
            columns[name].append(values.get(name))
        columns["text_hash"].append(str(hash((values.get("title"), values["content"])) % 10**8))
        columns["state_at"].append(values.get("closed_at") or values["accepted_at"])
        columns["row_hash"].append(str(_hash(values)))
    numbers = range(1, len(tickets) + 1)
    return Rows(
        file_id=file_id,
        row_no=list(numbers),
        sheet="",
        source_row=[n + 1 for n in numbers],
        columns=columns,
        contacts=contacts or [{"name": "王某某", "phone": "1"} for _ in tickets],
        quarantined=quarantined or {},
    )


def _hash(values: dict) -> int:
    return hash(tuple(sorted((k, str(v)) for k, v in values.items()))) % 10**12


def load(engine, tickets, name="a.csv", quarantined=None, contacts=None, *, until=None):
    with engine.begin() as connection:
        rows = make_rows(add_file(connection, name, until), tickets, quarantined, contacts)
        return store_rows(connection, VAULT, rows, NOW), rows


def only_ticket(engine) -> dict:
    with engine.connect() as connection:
        return dict(connection.execute(sa.select(t.ticket)).mappings().one())


def test_insert_update_unchanged_duplicate_and_quarantine_balance(engine):
    bad = QuarantinedRow((RowReason.NO_CONTENT, RowReason.TIME_MISSING), b"sealed", "preview")
    first = {"ticket_no": "A", "status": "办理中"}
    ledger, rows = load(engine, [first, first, {"ticket_no": "B"}, {}], quarantined={3: bad})
    assert (ledger.inserted, ledger.duplicate, ledger.quarantined) == (2, 1, 1)
    assert ledger.reasons == {"no_content": 1, "time_missing": 1}
    later = first | {"status": "已办结", "closed_at": DAY + timedelta(days=2)}
    ledger, _ = load(engine, [{"ticket_no": "B"}, later], name="b.csv")
    assert (ledger.unchanged, ledger.updated) == (1, 1)
    with engine.connect() as connection:
        assert file_ledger(connection, rows.file_id).rows_read == 4
        change = (
            connection.execute(sa.select(t.ticket_version).where(t.ticket_version.c.version == 2))
            .mappings()
            .one()
        )
    assert change["changes_json"]["status"] == ["办理中", "已办结"]
    assert (change["row_no"], change["recorded_at"]) == (2, NOW)


def test_storing_the_same_chunk_twice_changes_nothing(engine):
    _, rows = load(engine, [{"ticket_no": "A"}, {"ticket_no": "B"}])
    with engine.begin() as connection:
        again = store_rows(connection, VAULT, rows, NOW)
        assert again.rows_read == 0
        assert file_ledger(connection, rows.file_id).inserted == 2


def test_an_older_export_fills_blanks_but_takes_nothing_back(engine):
    closed = {"status": "已办结", "closed_at": DAY + timedelta(days=3)}
    load(engine, [closed], "new.csv")
    ledger, _ = load(engine, [{"status": "办理中", "region": "青原县"}], "old.csv")
    ticket = only_ticket(engine)
    assert ledger.updated == 1
    assert (ticket["status"], ticket["region"]) == ("已办结", "青原县")


def test_a_close_time_that_a_newer_export_omits_stays(engine):
    load(engine, [{"closed_at": DAY + timedelta(days=1)}], "a.csv")
    load(engine, [{"satisfaction": "满意", "accepted_at": DAY + timedelta(days=2)}], "b.csv")
    ticket = only_ticket(engine)
    assert ticket["closed_at"] == DAY + timedelta(days=1)
    assert ticket["satisfaction"] == "满意"


def test_without_times_the_export_of_the_later_day_tells_the_state(engine):
    load(engine, [{"status": "已办结", "reply": "甲"}], "10.csv", until=date(2026, 10, 10))
    older = {"status": "办理中", "reply": "乙", "region": "青原县"}
    load(engine, [older], "05.csv", until=date(2026, 10, 5))
    ticket = only_ticket(engine)
    assert (ticket["status"], ticket["reply"], ticket["region"]) == ("已办结", "甲", "青原县")
    load(engine, [{"status": "已归档"}], "12.csv", until=date(2026, 10, 12))
    assert only_ticket(engine)["status"] == "已归档"


def test_a_repaired_row_is_as_old_as_the_export_it_came_from(engine):
    why = {0: QuarantinedRow((RowReason.NO_CONTENT,), b"", "")}
    load(engine, [{"status": "办理中"}], "05.csv", quarantined=why, until=date(2026, 10, 5))
    load(engine, [{"status": "已办结"}], "10.csv", until=date(2026, 10, 10))
    with engine.begin() as connection:
        kept = connection.scalar(sa.select(t.quarantine_row.c.id))
        repair = make_rows(
            add_file(connection, "r.xlsx"), [{"status": "办理中", "region": "青原县"}]
        )
        store_rows(connection, VAULT, replace(repair, replayed_from={0: kept}), NOW)
    ticket = only_ticket(engine)
    assert (ticket["status"], ticket["region"]) == ("已办结", "青原县")


def test_a_later_export_without_the_close_time_still_tells_the_state(engine):
    closed = {"status": "已办结", "closed_at": DAY + timedelta(days=3)}
    load(engine, [closed], "10.csv", until=date(2026, 10, 10))
    load(
        engine, [{"status": "已归档", "satisfaction": "不满意"}], "12.csv", until=date(2026, 10, 12)
    )
    ticket = only_ticket(engine)
    assert (ticket["status"], ticket["satisfaction"]) == ("已归档", "不满意")
    assert ticket["closed_at"] == ticket["state_at"] == DAY + timedelta(days=3)


def test_the_contact_is_sealed_and_kept_apart(engine):
    load(engine, [{"ticket_no": "A"}])
    with engine.connect() as connection:
        sealed = connection.scalar(sa.select(t.contact.c.sealed))
    assert "王某某".encode() not in sealed
    assert orjson.loads(VAULT.open(sealed, "contact")) == {"name": "王某某", "phone": "1"}


def test_a_later_contact_erases_nothing_and_officers_are_united(engine):
    before = {
        "name": "王建国",
        "phone": "13800001234",
        "officers": {"names": ["张明"], "badges": ["0417"]},
    }
    after = {"name": None, "phone": "13900001234", "officers": {"names": [], "badges": ["0418"]}}
    day = DAY + timedelta(days=1)
    load(engine, [{"ticket_no": "A", "caller_key": "k1"}], "a.csv", contacts=[before])
    changed = {"ticket_no": "A", "caller_key": "k2", "reply": "已核实。", "accepted_at": day}
    load(engine, [changed], "b.csv", contacts=[after])
    with engine.connect() as connection:
        contact = connection.scalars(sa.select(t.contact.c.sealed)).one()
        officers = connection.scalars(sa.select(t.ticket_officer.c.sealed)).one()
    assert orjson.loads(VAULT.open(contact, "contact")) == {
        "name": "王建国",
        "phone": "13900001234",
    }
    assert orjson.loads(VAULT.open(officers, "officers")) == {
        "names": ["张明"],
        "badges": ["0417", "0418"],
    }


def test_officers_alone_make_no_contact(engine):
    officers = {"names": ["张明"], "badges": []}
    load(engine, [{"ticket_no": "A"}], contacts=[{"officers": officers}])
    with engine.connect() as connection:
        assert connection.scalars(sa.select(t.contact.c.sealed)).all() == []
        sealed = connection.scalars(sa.select(t.ticket_officer.c.sealed)).one()
    assert orjson.loads(VAULT.open(sealed, "officers")) == officers


def test_the_store_refuses_an_unbalanced_file(engine):
    with engine.begin() as connection:
        file_id = add_file(connection)
    with engine.connect() as connection, pytest.raises(sa.exc.IntegrityError):
        connection.execute(
            sa.update(t.export_file).where(t.export_file.c.id == file_id).values(rows_read=1)
        )


STATES = st.lists(
    st.fixed_dictionaries(
        {
            "ticket_no": st.sampled_from(["A", "B"]),
            "status": st.sampled_from([None, "办理中", "已办结"]),
            "region": st.sampled_from([None, "青原县"]),
            "closed_at": st.one_of(
                st.none(), st.integers(1, 5).map(lambda n: DAY + timedelta(days=n))
            ),
        }
    ),
    min_size=1,
    max_size=8,
)


@pytest.fixture(scope="module")
def shared_engine(tmp_path_factory):
    engine = make_engine(Settings(home=tmp_path_factory.mktemp("home"), secret_key="x" * 32))
    upgrade(engine)
    return engine


@given(files=st.lists(STATES, min_size=1, max_size=3))
@hypothesis_settings(max_examples=60, deadline=None)
def test_any_files_balance_and_a_second_loading_changes_no_ticket(shared_engine, files):
    def wipe():
        with shared_engine.begin() as connection:
            for table in reversed(t.metadata.sorted_tables):
                connection.execute(sa.delete(table))

    def tickets():
        with shared_engine.connect() as connection:
            return connection.execute(sa.select(t.ticket).order_by(t.ticket.c.id)).all()

    wipe()
    for number, rows in enumerate(files):
        ledger, _ = load(shared_engine, rows, f"{number}.csv")
        assert ledger.rows_read == len(rows)
    before = tickets()
    newest = {}
    for row in (row for rows in files for row in rows):
        if row["closed_at"]:
            previous = newest.get(row["ticket_no"])
            newest[row["ticket_no"]] = max(filter(None, [previous, row["closed_at"]]))
    assert {x.ticket_no: x.closed_at for x in before if x.closed_at} == newest
    load(shared_engine, files[-1][-1:], "again.csv")
    after = tickets()
    assert [x.state_at for x in after] == [x.state_at for x in before]
    assert [x.closed_at for x in after] == [x.closed_at for x in before]


def test_a_changed_text_brings_its_hash_and_its_origin_in_the_history(engine):
    load(engine, [{"content": "甲", "title": "题"}])
    before = only_ticket(engine)["text_hash"]
    for name, text in {"b.csv": {"content": "甲"}, "c.csv": {"content": "乙"}}.items():
        _, rows = load(engine, [text | {"title": "新题"}], name)
        ticket = only_ticket(engine)
        assert ticket["text_hash"] == rows.columns["text_hash"][0] != before
        before = ticket["text_hash"]
    with engine.connect() as connection:
        query = sa.select(t.ticket_version.c.file_id).order_by(t.ticket_version.c.version)
        assert connection.scalars(query).all()[-2:] == [rows.file_id - 1, rows.file_id]


def test_an_export_that_only_confirms_is_the_last_that_showed_the_ticket(engine):
    load(engine, [{}])
    ledger, rows = load(engine, [{"unmapped": "x"}], "b.csv")
    assert (ledger.unchanged, only_ticket(engine)["last_file_id"]) == (1, rows.file_id)


def test_an_older_state_in_a_later_export_that_states_no_day_takes_nothing_back(engine):
    closed = {"status": "已办结", "closed_at": DAY + timedelta(days=3)}
    load(engine, [closed], "10.csv", until=date(2026, 10, 10))
    load(engine, [{"status": "办理中"}], "unnamed.csv")
    assert only_ticket(engine)["status"] == "已办结"


def test_an_older_row_repeated_within_an_export_is_a_duplicate(engine):
    newer = {"status": "已办结", "closed_at": DAY + timedelta(days=3), "content": "另一段"}
    older = {"status": "办理中"}
    load(engine, [newer], "new.csv")
    ledger, _ = load(engine, [older, older], "old.csv")
    assert (ledger.unchanged, ledger.duplicate) == (1, 1)
    ledger, _ = load(engine, [older, older], "again.csv")
    assert (ledger.unchanged, ledger.duplicate) == (1, 1)


def test_a_row_that_a_later_one_of_its_export_replaced_is_still_known(engine):
    newer = {"content": "另一段", "closed_at": DAY + timedelta(days=3)}
    ledger, _ = load(engine, [{}, newer, {}])
    assert (ledger.inserted, ledger.updated, ledger.duplicate) == (1, 1, 1)


def test_a_row_repaired_twice_is_as_old_as_the_export_it_came_from(engine):
    why = {0: QuarantinedRow((RowReason.NO_CONTENT,), b"", "")}
    load(engine, [{"status": "办理中"}], "05.csv", quarantined=why, until=date(2026, 10, 5))
    load(engine, [{"status": "已办结"}], "10.csv", until=date(2026, 10, 10))
    for name, reasons in (("r1.xlsx", why), ("r2.xlsx", {})):
        with engine.begin() as connection:
            kept = connection.scalar(sa.select(sa.func.max(t.quarantine_row.c.id)))
            repair = make_rows(add_file(connection, name), [{"status": "办理中"}], reasons)
            store_rows(connection, VAULT, replace(repair, replayed_from={0: kept}), NOW)
    assert only_ticket(engine)["status"] == "已办结"
