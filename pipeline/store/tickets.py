"""Tickets and their rows: one chunk of an export goes in as one transaction, balanced.

Merging (domain B3, B8): the row whose own times are newest (``state_at``) wins field by field;
where they tell no more than the ticket knows, the export that states the later day. A blank never
erases a value; an older row only fills blanks. So a late, older export cannot take back a state,
and a close time that a newer export omits stays. Several rows of one ticket in
one export are its handlings (store.handlings). A row that was taken before, to the letter, changes
nothing (store.shown).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import orjson
import sqlalchemy as sa

from pipeline.domain.outcome import Ledger, RowOutcome, RowReason
from pipeline.domain.ticket import FIELD_NAMES, TEXT_FIELDS
from pipeline.store import tables as t
from pipeline.store.bulk import among, by_unique_key, insert_columns, insert_rows
from pipeline.store.handlings import Handlings
from pipeline.store.shown import ShownRows
from pipeline.store.vault import Vault

_ROW_NAMES = (*FIELD_NAMES, "text_hash", "state_at", "row_hash")
_CONTACT_FIELDS = frozenset({"caller_name", "caller_phone", "caller_key"})


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """What the quarantine keeps of a row: reasons, the sealed row as received, a masked preview."""

    reasons: tuple[RowReason, ...]
    sealed: bytes
    preview: str


@dataclass(frozen=True, slots=True)
class Rows:
    """One chunk to store. ``columns`` holds lists of equal length: hotline, ticket_no, every
    canonical field, text_hash, state_at, row_hash. ``contacts`` are in clear and sealed here:
    {"name", "phone"} of the caller, {"officers": {"names", "badges"}} of the texts, both or None.
    """

    file_id: int
    row_no: Sequence[int]
    sheet: str
    source_row: Sequence[int]
    columns: Mapping[str, Sequence]
    contacts: Sequence[dict | None]
    quarantined: Mapping[int, QuarantinedRow]  # index in the chunk → why
    replayed_from: Mapping[int, int] | None = None  # index → quarantine_row.id


def store_rows(connection: sa.Connection, vault: Vault, rows: Rows, at: datetime) -> Ledger:
    """Insert, update or quarantine every row of the chunk and add its ledger to the file's.

    Rows already stored (a night killed between chunks and run again) are passed over, so the
    call is idempotent. Runs inside the caller's transaction. Returns the ledger of what was
    done now.
    """
    done = set(
        connection.scalars(
            sa.select(t.export_row.c.row_no).where(
                t.export_row.c.file_id == rows.file_id,
                t.export_row.c.row_no.between(min(rows.row_no), max(rows.row_no)),
            )
        )
    )
    todo = [i for i, number in enumerate(rows.row_no) if number not in done]
    writer = _ChunkWriter(connection, vault, rows, at)
    writer.take_all(todo)
    return writer.flush()


class _ChunkWriter:
    def __init__(self, connection: sa.Connection, vault: Vault, rows: Rows, at: datetime) -> None:
        self.connection, self.vault, self.rows, self.at = connection, vault, rows, at
        self.keys = list(zip(rows.columns["hotline"], rows.columns["ticket_no"], strict=True))
        self.known = self._load_known()
        known_ids = [ticket["id"] for ticket in self.known.values()]
        self.handlings = Handlings(connection, rows.file_id, known_ids)
        self.days: dict[int, tuple[date, date | None]] = {}  # of an export: as_of, period_end
        self.shown = ShownRows(connection, rows.file_id, known_ids, rows.columns["row_hash"])
        self.next_id = 1 + (connection.scalar(sa.select(sa.func.max(t.ticket.c.id))) or 0)
        self.first_new_id = self.next_id
        self.new: list[tuple[int, int]] = []  # (index in the chunk, ticket.id), column by column
        self.inserts: dict[int, dict] = {}
        self.updates: dict[int, dict] = {}
        self.versions: list[dict] = []
        self.contacts: dict[int, dict] = {}  # by ticket.id, in clear until flush
        self.officers: dict[int, dict] = {}
        self.outcomes: list[tuple[int, RowOutcome, int | None]] = []  # index, …, ticket.id
        self.quarantine: list[dict] = []
        self.reasons: dict[str, int] = {}

    def _load_known(self) -> dict[tuple[str, str], dict]:
        numbers: dict[str, set[str]] = {}
        for i, (hotline, ticket_no) in enumerate(self.keys):
            if i not in self.rows.quarantined:
                numbers.setdefault(hotline, set()).add(ticket_no)
        known = {}
        for hotline, wanted in numbers.items():
            c = t.ticket.c
            query = by_unique_key(self.connection, (c.hotline, hotline), c.ticket_no, wanted)
            for row in self.connection.execute(query).mappings():
                known[hotline, row["ticket_no"]] = dict(row)
        return known

    def take_all(self, todo: Sequence[int]) -> None:
        """Each row of ``todo`` to its outcome.

        Most rows of a night are a ticket's only row: those go in column by column, which
        spares building a dict of each.
        """
        quarantined = self.rows.quarantined
        times = Counter(self.keys[i] for i in todo if i not in quarantined)
        for i in todo:
            why = quarantined.get(i)
            if why is not None:
                self._quarantine(i, why)
            elif times[self.keys[i]] == 1 and self.keys[i] not in self.known:
                self.new.append((i, self.next_id))
                self._outcome(i, RowOutcome.INSERTED, self.next_id)
                if self.rows.contacts[i]:
                    self._contact(i, self.next_id)
                    self._officers(i, self.next_id)
                self.next_id += 1
            else:
                self._take(i)

    def _take(self, i: int) -> None:
        key = self.keys[i]
        ticket = self.known.get(key)
        if ticket is None:
            ticket = self._insert(i, key)
            outcome = RowOutcome.INSERTED
        else:
            outcome = self._take_known(i, ticket)
        self.handlings.met(ticket["id"])
        self._outcome(i, outcome, ticket["id"])

    def _take_known(self, i: int, ticket: dict) -> RowOutcome:
        rows = self.rows
        row = {name: rows.columns[name][i] for name in _ROW_NAMES}
        row |= {"file_id": rows.file_id, "row_no": rows.row_no[i], "shown_by": self._origin(i)}
        shown_in = self._shown_in(ticket, row)
        if shown_in is not None:
            same_file = shown_in == rows.file_id
            return RowOutcome.DUPLICATE if same_file else RowOutcome.UNCHANGED
        drawn = {}
        if self.handlings.is_another(ticket, row):
            drawn = self.handlings.take(ticket, row, self._is_newer)
        return self._merge(i, row, ticket, drawn)

    def _shown_in(self, ticket: dict, row: dict) -> int | None:
        """The export that last showed a row which this one repeats to the letter."""
        ticket_id, row_hash = ticket["id"], row["row_hash"]
        shown_in = self.handlings.repeated(ticket_id, row)
        if shown_in is None and ticket["row_hash"] == row_hash:
            shown_in = ticket["last_file_id"]
        return self.shown.repeated(ticket_id, row_hash) if shown_in is None else shown_in

    def _outcome(self, i: int, outcome: RowOutcome, ticket_id: int | None) -> None:
        self.outcomes.append((i, outcome, ticket_id))

    def _insert_outcomes(self) -> None:
        replayed_from = self.rows.replayed_from or {}
        named = {outcome: outcome.value for outcome in RowOutcome}
        insert_columns(
            self.connection,
            t.export_row,
            {
                "file_id": [self.rows.file_id] * len(self.outcomes),
                "row_no": [self.rows.row_no[i] for i, _, _ in self.outcomes],
                "outcome": [named[outcome] for _, outcome, _ in self.outcomes],
                "ticket_id": [ticket_id for _, _, ticket_id in self.outcomes],
                "replayed_from": [replayed_from.get(i) for i, _, _ in self.outcomes],
            },
        )

    def _quarantine(self, i: int, why: QuarantinedRow) -> None:
        for reason in why.reasons:
            self.reasons[reason.value] = self.reasons.get(reason.value, 0) + 1
        self.quarantine.append(
            {
                "file_id": self.rows.file_id,
                "row_no": self.rows.row_no[i],
                "sheet": self.rows.sheet,
                "source_row": self.rows.source_row[i],
                "reasons_json": [reason.value for reason in why.reasons],
                "sealed": why.sealed,
                "preview": why.preview,
                "state": "open",
            }
        )
        self._outcome(i, RowOutcome.QUARANTINED, None)

    def _insert(self, i: int, key: tuple[str, str]) -> dict:
        columns = self.rows.columns
        ticket = {name: columns[name][i] for name in FIELD_NAMES}
        ticket |= {
            "id": self.next_id,
            "hotline": key[0],
            "ticket_no": key[1],
            "text_hash": columns["text_hash"][i],
            "state_at": columns["state_at"][i],
            "row_hash": columns["row_hash"][i],
            "version": 1,
            "first_file_id": self.rows.file_id,
            "first_row_no": self.rows.row_no[i],
            "last_file_id": self.rows.file_id,
            "last_row_no": self.rows.row_no[i],
        }
        self.next_id += 1
        self.known[key] = self.inserts[ticket["id"]] = ticket
        self._contact(i, ticket["id"])
        self._officers(i, ticket["id"])
        return ticket

    def _insert_new(self) -> None:
        """The tickets of ``new``."""
        rows = self.rows
        indices = [i for i, _ in self.new]
        ids = [ticket_id for _, ticket_id in self.new]
        pick = _picker(indices, len(rows.row_no))
        numbers = pick(rows.row_no)
        file_ids = [rows.file_id] * len(ids)
        names = ("hotline", "ticket_no", *_ROW_NAMES)
        insert_columns(
            self.connection,
            t.ticket,
            {
                "id": ids,
                **{name: pick(rows.columns[name]) for name in names},
                "version": [1] * len(ids),
                "first_file_id": file_ids,
                "first_row_no": numbers,
                "last_file_id": file_ids,
                "last_row_no": numbers,
            },
        )

    def _merge(self, i: int, row: dict, ticket: dict, drawn: Mapping) -> RowOutcome:
        """``drawn``: fields that are drawn from all the ticket's handlings, not from this row."""
        is_newer = self._is_newer(row, ticket["state_at"], ticket["last_file_id"])
        changes = {}
        for name in FIELD_NAMES:
            before, after = ticket[name], drawn.get(name, row[name])
            if after == before:
                continue
            if name not in drawn and (after is None or (before is not None and not is_newer)):
                continue
            changes[name] = [before, after]
            ticket[name] = after
        if "title" in changes or "content" in changes:
            ticket["text_hash"] = row["text_hash"]
        if not is_newer:
            self.shown.remember(ticket["id"], row["row_hash"])
        else:
            if self.handlings.was_met(ticket["id"]):
                self.shown.remember(ticket["id"], ticket["row_hash"])
            ticket["state_at"] = max(ticket["state_at"], row["state_at"])
            ticket["row_hash"] = row["row_hash"]
            ticket |= {"last_file_id": row["file_id"], "last_row_no": row["row_no"]}
        if changes:
            ticket["version"] += 1
            self._version(i, ticket, changes)
            if _CONTACT_FIELDS & changes.keys():
                self._contact(i, ticket["id"])
            if changes.keys() & TEXT_FIELDS:
                self._officers(i, ticket["id"])
        if changes or is_newer:
            self.updates[ticket["id"]] = ticket
        return RowOutcome.UPDATED if changes else RowOutcome.UNCHANGED

    def _is_newer(self, row: dict, state_at: datetime, file_id: int) -> bool:
        """Whether a row tells a later state than the row of ``file_id`` that told ``state_at``.

        Many platforms export few times, or leave out a close time once the ticket is archived.
        """
        if row["state_at"] > state_at or row["file_id"] == file_id:
            return row["state_at"] >= state_at
        (as_of, until), (as_of_before, until_before) = map(self._day, (row["shown_by"], file_id))
        on = min(as_of, until or as_of)
        before = min(as_of_before, until_before or as_of_before)
        if row["state_at"] == state_at:
            return on >= before
        return until is not None and on > before

    def _origin(self, i: int) -> int:
        """The export whose row this is: of a repaired row the one that it was quarantined from."""
        repaired = (self.rows.replayed_from or {}).get(i)
        kept, row = t.quarantine_row.c, t.export_row.c
        file_id = self.rows.file_id
        while repaired is not None:  # a repair that failed was quarantined anew
            query = (
                sa.select(kept.file_id, row.replayed_from)
                .join_from(
                    t.quarantine_row,
                    t.export_row,
                    (row.file_id == kept.file_id) & (row.row_no == kept.row_no),
                )
                .where(kept.id == repaired)
            )
            file_id, repaired = self.connection.execute(query).one()
        return file_id

    def _day(self, file_id: int) -> tuple[date, date | None]:
        """The night that landed an export, and the last day it says it covers."""
        if file_id not in self.days:
            file = t.export_file.c
            query = sa.select(file.as_of, file.period_end).where(file.id == file_id)
            self.days[file_id] = tuple(self.connection.execute(query).one())
        return self.days[file_id]

    def _version(self, i: int, ticket: dict, changes: dict) -> None:
        self.versions.append(
            {
                "ticket_id": ticket["id"],
                "version": ticket["version"],
                "file_id": self.rows.file_id,
                "row_no": self.rows.row_no[i],
                "recorded_at": self.at,
                "changes_json": changes,
            }
        )

    def _contact(self, i: int, ticket_id: int) -> None:
        found = self.rows.contacts[i] or {}
        if contact := {key: value for key, value in found.items() if key != "officers"}:
            self.contacts[ticket_id] = _joined(self.contacts.get(ticket_id, {}), contact)

    def _officers(self, i: int, ticket_id: int) -> None:
        found = self.rows.contacts[i] or {}
        if officers := found.get("officers"):
            self.officers[ticket_id] = _joined(self.officers.get(ticket_id, {}), officers)

    def _seal(self, table: sa.Table, purpose: str, found: dict[int, dict]) -> None:
        """Write what lies sealed beside tickets, joined with what lay there."""
        old = [ticket_id for ticket_id in found if ticket_id < self.first_new_id]
        if old:
            mine = among(self.connection, table.c.ticket_id, old)
            for ticket_id, sealed in self.connection.execute(
                sa.select(table.c.ticket_id, table.c.sealed).where(mine)
            ).all():
                before = orjson.loads(self.vault.open(sealed, purpose))
                found[ticket_id] = _joined(before, found[ticket_id])
            self.connection.execute(sa.delete(table).where(mine))
        sealed_rows = [
            {"ticket_id": ticket_id, "sealed": self.vault.seal(orjson.dumps(value), purpose)}
            for ticket_id, value in found.items()
        ]
        insert_rows(self.connection, table, sealed_rows)

    def flush(self) -> Ledger:
        run = self.connection.execute
        changed = [row for key, row in self.updates.items() if key not in self.inserts]
        self._insert_new()
        for table, values in (
            (t.ticket, list(self.inserts.values())),
            (t.ticket_version, self.versions),
            (t.quarantine_row, self.quarantine),
        ):
            insert_rows(self.connection, table, values)
        self._insert_outcomes()
        if changed:
            names = [
                c.name for c in t.ticket.columns if c.name not in {"id", "hotline", "ticket_no"}
            ]
            run(
                sa.update(t.ticket)
                .where(t.ticket.c.id == sa.bindparam("b_id"))
                .values({name: sa.bindparam(f"b_{name}") for name in names}),
                [{f"b_{k}": v for k, v in row.items()} for row in changed],
            )
        self.handlings.flush()
        self.shown.flush()
        self._seal(t.contact, "contact", self.contacts)
        self._seal(t.ticket_officer, "officers", self.officers)
        counted = Counter(outcome for _, outcome, _ in self.outcomes)
        counts = {outcome.value: counted[outcome] for outcome in RowOutcome}
        ledger = Ledger(rows_read=len(self.outcomes), reasons=self.reasons, **counts)
        add_to_file(self.connection, self.rows.file_id, ledger)
        return ledger


def _joined(before: Mapping, after: Mapping) -> dict:
    """Lists are united; of other values the later wins, but a blank erases nothing."""
    joined = dict(before)
    for key, value in after.items():
        if isinstance(value, list):
            joined[key] = list(dict.fromkeys([*before.get(key, ()), *value]))
        elif value or key not in before:
            joined[key] = value
    return joined


def _picker(indices: Sequence[int], size: int) -> Callable[[Sequence], Sequence]:
    """What takes these positions out of a column of ``size``; all of them cost nothing."""
    if len(indices) == size:
        return lambda column: column
    return lambda column: [column[i] for i in indices]


def add_to_file(connection: sa.Connection, file_id: int, ledger: Ledger) -> None:
    """Add a chunk's counts to its file, all in one statement, so that it balances at any moment."""
    c = t.export_file.c
    names = ["rows_read", *(o.value for o in RowOutcome)]
    connection.execute(
        sa.update(t.export_file)
        .where(c.id == file_id)
        .values({name: c[name] + getattr(ledger, name) for name in names})
    )


def file_ledger(connection: sa.Connection, file_id: int) -> Ledger:
    """The account of one file as stored, with its reasons counted from the quarantine."""
    row = (
        connection.execute(sa.select(t.export_file).where(t.export_file.c.id == file_id))
        .mappings()
        .one()
    )
    reasons: dict[str, int] = {}
    for codes in connection.scalars(
        sa.select(t.quarantine_row.c.reasons_json).where(t.quarantine_row.c.file_id == file_id)
    ):
        for code in codes:
            reasons[code] = reasons.get(code, 0) + 1
    return Ledger(
        rows_read=row["rows_read"], reasons=reasons, **{o.value: row[o.value] for o in RowOutcome}
    )
