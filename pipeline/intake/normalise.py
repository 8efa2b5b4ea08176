"""Rows as received to canonical tickets, column by column, with personal data masked.

No row is dropped and no cell raises: what is wrong with a required value goes to a problem
column, from which quality/ decides on quarantine; an unreadable secondary value becomes None and
is counted in ``warnings_zh``.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial
from hashlib import blake2b
from itertools import compress

from pipeline.domain.calendar import CalendarUnknown, add_working_days
from pipeline.domain.namecells import callers_names, people_named
from pipeline.domain.names import replace_names
from pipeline.domain.privacy import (
    PersonalData,
    mask_name,
    mask_phone,
    mask_plate,
    mask_text,
    mask_ticket,
    personal_data,
)
from pipeline.domain.text import clean, clean_code
from pipeline.domain.ticket import FIELD_NAMES, FIELDS, TIME_FIELDS, Kind, Status
from pipeline.intake.formula_errors import FormulaErrors
from pipeline.intake.layouts import (
    CALLER_ID,
    SEQUENCE,
    Match,
    layout_by_name,
    load_units,
    load_words,
)
from pipeline.intake.reading import Export, RawChunk
from pipeline.intake.times import (
    END_OF_DAY,
    ImpossibleTime,
    UnreadableTime,
    parse_time,
    working_days_of,
)
from pipeline.intake.values import (
    Cached,
    IdLost,
    all_kept,
    full_phones,
    look_up,
    looks_rounded,
    other_numbers,
    parse_count,
    parse_flag,
    parse_ticket_no,
    region_of,
)
from pipeline.store.vault import Vault

TEXT_LIMIT = 32_767
"""Characters of one cell: the limit of spreadsheets, so more is a defect of the file."""

MASKED_TEXTS = ("title", "content", "reply", "place", "dissatisfaction_reason")
"""Texts masked together: a name announced in one is hidden in the others too."""

_WORD_FIELDS = ("category", "trade", "verified", "resolved", "status", "satisfaction")
_UNIT_FIELDS = ("target_unit", "handler_unit", "co_handler_unit")
_LONGEST_ANSWER = 10  # characters of an answer to 是否解决
_ROUNDED_TELL = 3  # numbers that end in zeros: fewer are chance
_NAMES_ZH = {f.name: f.name_zh for f in FIELDS}
_PAST = ("accepted_at", "dispatched_at", "signed_at", "closed_at", "visited_at")


@dataclass(slots=True)
class TicketChunk:
    """Canonical rows. ``columns``: hotline, ticket_no, every name of FIELD_NAMES, text_hash,
    state_at, row_hash and the ``*_problem`` columns, lists of equal length.

    ``contacts``: in clear, only for sealing: {"name", "phone"} of the caller, {"officers":
    {"names", "badges"}} whom the texts name, both or None. ``raw``: for quarantine.
    """

    row_no: list[int]
    sheet: str
    source_row: list[int]
    columns: dict[str, list]
    contacts: list[dict | None]
    raw: RawChunk | None

    def __len__(self) -> int:
        return len(self.row_no)


class Normaliser:
    """``Normaliser(export, vault).normalise(chunk)`` for each chunk of one export."""

    def __init__(self, export: Export, vault: Vault) -> None:
        self._layout = layout_by_name(export.layout)
        self._period = export.period
        self._words = load_words().with_own(self._layout.words)
        self._flags = self._words.lookup("flag")
        self._bad: Counter[str] = Counter()
        self._unlisted: dict[str, Counter[str]] = {}
        self._notes: dict[str, None] = {}
        self._errors = FormulaErrors()
        self._numbers = self._rounded = 0
        self._matches: dict[tuple[str, ...], Match] = {}
        units = load_units()

        def code(cell: str) -> str | None:
            cleaned = clean_code(cell)
            if not cleaned:
                return None
            return mask_text(replace_names(cleaned, people_named(cleaned)))

        def unit(cell: str) -> str | None:
            cleaned = code(cell)
            return units.canonical(cleaned) if cleaned else None

        def optional(mask: Callable[[str], str]) -> Callable[[str], str | None]:
            return lambda cell: mask(cleaned) if (cleaned := clean(cell)) else None

        self._by_cell: dict[str, Cached] = {
            **{f.name: Cached(code) for f in FIELDS if f.kind is Kind.CODE},
            **{name: Cached(unit) for name in _UNIT_FIELDS},
            **{name: Cached(partial(self._word, name)) for name in _WORD_FIELDS},
            **{f.name: Cached(partial(self._flag, f.name)) for f in FIELDS if f.kind is Kind.FLAG},
            **{f.name: Cached(partial(self._count, f.name))
               for f in FIELDS if f.kind is Kind.COUNT},
            "caller_name": Cached(optional(mask_name)),
            "caller_phone": Cached(optional(mask_phone)),
            "plate": Cached(optional(mask_plate)),
            "linked_ticket_no": Cached(other_numbers),
        }  # fmt: skip
        self._not_public = Cached(partial(self._flag, "is_confidential", inverted=True))
        self._region = Cached(lambda cell: region_of(cell) if cell else None)
        self._accused = Cached(lambda cell: people_named(clean(cell) or ""))
        self._phones = Cached(full_phones)
        self._key = Cached(vault.keyed_hash)
        self._names = Cached(lambda cell: callers_names(clean(cell) or ""))
        self._user = Cached(clean_code)
        # Replies and places recur; the limit keeps the texts that do not from piling up.
        self._cleaned = Cached(clean, limit=10_000)
        self._held = Cached(lambda text: personal_data(text) if text else None, limit=10_000)
        self._joined = Cached(lambda parts: mask_text("/".join(filter(None, parts))) or None)
        self._deadline = Cached(working_days_of)
        self._due_on = Cached(self._due)

    # --- one chunk ----------------------------------------------------------------------------

    def normalise(self, raw: RawChunk) -> TicketChunk:
        """Any cells in, a chunk of as many rows out."""
        n = len(raw)
        match = self._matches.setdefault(tuple(raw.headings), self._layout.match(raw.headings))
        rows = self._joined_rows(raw)
        mapped = {heading for headings in match.mapped.values() for heading in headings}
        read = self._errors.blanked(raw, rows, mapped)
        cells = self._cells(read, match)
        blank = [""] * n
        out: dict[str, list] = {name: [None] * n for name in FIELD_NAMES}
        # A column at a time looking for long cells costs ten times as much.
        too_long = _too_long(raw) if max(map(len, rows), default=0) > TEXT_LIMIT else set()

        for name, by_cell in self._by_cell.items():
            if name in cells:
                out[name] = by_cell.column(cells[name])
        out["hotline"] = [self._layout.hotline.value] * n
        if self._layout.channel:
            out["intake_channel"] = [c or self._layout.channel for c in out["intake_channel"]]
        out["ticket_no"], out["ticket_no_problem"] = self._ticket_nos(cells.get("ticket_no", blank))
        out["accepted_at"], out["accepted_at_problem"] = self._accepted(
            cells.get("accepted_at", blank)
        )
        for name in TIME_FIELDS:
            if name != "accepted_at" and name in cells:
                out[name] = self._times(name, cells[name], out["accepted_at"])
        if "matter" in match.mapped:
            out["matter"] = self._matter(read, match)
        for name in ("status", "satisfaction"):
            if name in cells:
                out[f"{name}_raw"] = self._by_cell[f"{name}_raw"].column(cells[name])
        self._confidential(read, match, cells, out)
        phones, contacts = self._contacts(cells, out, n)
        out["caller_key"] = self._caller_keys(phones, cells.get(CALLER_ID, blank))
        self._texts(cells, out, too_long, contacts)
        self._derive(cells, out)
        out["text_hash"] = [
            blake2b(f"{title or ''}\n{content or ''}".encode(), digest_size=16).hexdigest()
            for title, content in zip(out["title"], out["content"], strict=True)
        ]
        out["state_at"] = [
            max(filter(None, times), default=None)
            for times in zip(*(out[name] for name in _PAST), strict=True)
        ]
        out["row_hash"] = [blake2b(row.encode(), digest_size=16).hexdigest() for row in rows]
        # A title alone says too little to classify or to act upon.
        out["content_problem"] = [None if text else "missing" for text in out["content"]]
        for i in too_long:
            out["content_problem"][i] = "too_long"
        out["row_problem"] = ["too_wide" if i in raw.broken else None for i in range(n)]
        return TicketChunk(raw.row_no, raw.sheet, raw.source_row, out, contacts, raw)

    def _cells(self, raw: RawChunk, match: Match) -> dict[str, list[str]]:
        """Field → its cells; where several headings stand for one field, the first filled, or all
        where the layout says so."""
        columns = dict(zip(raw.headings, raw.columns, strict=True))
        mapped = dict(match.mapped)  # 办理结果: of some offices 0解决/1未解决, of others the reply
        for heading in match.mapped.get("resolved", ()):
            texts = [cell if len(cell) > _LONGEST_ANSWER else "" for cell in columns[heading]]
            if any(texts):
                said_there = f"{heading}#答复"
                columns[said_there] = texts
                mapped["reply"] = [*mapped.get("reply", ()), said_there]
                columns[heading] = [
                    "" if text else cell for cell, text in zip(columns[heading], texts, strict=True)
                ]
        cells = {}
        for name, headings in mapped.items():
            first, *others = [columns[heading] for heading in headings]
            if others and self._layout.fields[name].joined:
                titles = [self._layout.plain(heading) for heading in headings]
                cells[name] = [
                    all_kept(list(zip(titles, row, strict=True)))
                    for row in zip(first, *others, strict=True)
                ]
                continue
            for other in others if name not in ("matter", "is_confidential") else ():
                first = [a if a and clean(a) else b for a, b in zip(first, other, strict=True)]
            cells[name] = first
        own, other = (match.mapped.get(name, []) for name in ("ticket_no", "linked_ticket_no"))
        if max(len(own), len(other)) > 1:  # numbers of several platforms: none is dropped
            numbers = [columns[heading] for heading in (*own, *other)]
            cells["linked_ticket_no"] = [
                "、".join(number for number in row if number != ticket_no)
                for ticket_no, *row in zip(cells["ticket_no"], *numbers, strict=True)
            ]
        return cells

    # --- columns ------------------------------------------------------------------------------

    def _ticket_nos(self, cells: list[str]) -> tuple[list, list]:
        values: list[str | None] = []
        problems: list[str | None] = [None] * len(cells)
        prefix = self._layout.number_prefix
        for i, cell in enumerate(cells):
            try:
                value = parse_ticket_no(cell)
            except IdLost:
                value = None
                problems[i] = "scientific"
            else:
                if value is None:
                    problems[i] = "missing"
                else:
                    self._rounded += looks_rounded(value)
                    value = prefix + value
            values.append(value)
        self._numbers += len(values) - values.count(None)
        return values, problems

    def _accepted(self, cells: list[str]) -> tuple[list, list]:
        values: list[datetime | None] = []
        problems: list[str | None] = [None] * len(cells)
        for i, cell in enumerate(cells):
            value = None
            try:
                value = parse_time(cell, self._period)
                if value is None:
                    problems[i] = "missing"
            except ImpossibleTime:
                problems[i] = "impossible"
            except UnreadableTime:
                problems[i] = "unreadable"
            values.append(value)
        return values, problems

    def _times(self, name: str, cells: list[str], accepted: list) -> list:
        values: list[datetime | None] = [None] * len(cells)
        for i, cell in enumerate(cells):
            if not cell:
                continue
            try:
                values[i] = _within_day(name, parse_time(cell, self._period), accepted[i])
            except ImpossibleTime:
                self._bad[name] += 1
            except UnreadableTime:
                days = self._deadline[cell] if name == "due_at" else None
                if days is None:
                    self._bad[name] += 1
                elif accepted[i]:
                    values[i] = self._due_on[accepted[i].date(), days]
        return values

    def _due(self, limit: tuple[date, int]) -> datetime | None:
        try:
            return datetime.combine(add_working_days(*limit), END_OF_DAY)
        except CalendarUnknown as error:
            self._notes[str(error)] = None
            return None

    def _matter(self, raw: RawChunk, match: Match) -> list:
        columns = dict(zip(raw.headings, raw.columns, strict=True))
        levels = [self._by_cell["matter"].column(columns[h]) for h in match.mapped["matter"]]
        return self._joined.column(list(zip(*levels, strict=True)))

    def _confidential(self, raw: RawChunk, match: Match, cells: dict, out: dict) -> None:
        """Confidential if any of the headings says so, or the phone is withheld."""
        columns = dict(zip(raw.headings, raw.columns, strict=True))
        said = [
            (
                self._not_public
                if self._layout.is_inverted("is_confidential", heading)
                else self._by_cell["is_confidential"]
            ).column(columns[heading])
            for heading in match.mapped.get("is_confidential", ())
        ]
        if "caller_phone" in cells:
            said.append([True if phone == "保密" else None for phone in out["caller_phone"]])
        if said:
            out["is_confidential"] = [
                True if True in row else (False if False in row else None)
                for row in zip(*said, strict=True)
            ]

    def _contacts(self, cells: dict, out: dict, n: int) -> tuple[list[list[str]], list]:
        phone_cells = cells.get("caller_phone", [""] * n)
        phones = self._phones.column(phone_cells)
        contacts: list[dict | None] = [None] * n
        names = cells.get("caller_name", [""] * n)
        for i, (name, cell) in enumerate(zip(names, phone_cells, strict=True)):
            if phones[i] or (name and self._names[name]):
                contacts[i] = {"name": clean(name), "phone": clean(cell) if phones[i] else None}
        return phones, contacts

    def _caller_keys(self, phones: list[list[str]], user_ids: list[str]) -> list:
        prefix = self._layout.hotline.value + self._layout.number_prefix
        users = self._user.column(user_ids)
        return [
            self._key[numbers[0]] if numbers else (self._key[f"{prefix}:{user}"] if user else None)
            for numbers, user in zip(phones, users, strict=True)
        ]

    def _texts(self, cells: dict, out: dict, too_long: set[int], contacts: list) -> None:
        present = [name for name in MASKED_TEXTS if name in cells]
        to_mask: dict[int, dict[int, PersonalData]] = {}  # row → which of the texts hold what
        for at, name in enumerate(present):
            column = self._cleaned.column(cells[name])
            for i in too_long:
                column[i] = None
            out[name] = column
            held = self._held.column(column)
            for i in compress(range(len(column)), held):
                to_mask.setdefault(i, {})[at] = held[i]
        names = [self._names[name] if name else () for name in cells.get("caller_name", ())]
        for i in compress(range(len(names)), names):
            to_mask.setdefault(i, {})
        accused = self._accused.column(cells.get("target_unit", ()))
        for i in compress(range(len(accused)), accused):
            to_mask.setdefault(i, {})
        for i, held in to_mask.items():
            known = [name.replace(" ", "") for name in names[i]] if names else []
            known += accused[i] if accused else ()
            masked = mask_ticket([out[name][i] for name in present], known, held)
            for name, text in zip(present, masked.texts, strict=True):
                out[name][i] = text
            if masked.officers or masked.badges:
                officers = {"names": masked.officers, "badges": masked.badges}
                contacts[i] = (contacts[i] or {}) | {"officers": officers}

    def _derive(self, cells: dict, out: dict) -> None:
        """What a layout has no column for, from the columns it has."""
        regions = self._region.column([cell or "" for cell in out["region"]])
        places = self._region.column([place or "" for place in out["place"]])
        out["region"] = [
            region or named or place
            for region, named, place in zip(regions, out["region"], places, strict=True)
        ]
        if "resolved" not in cells and "visit_result" in cells:
            table = self._words.lookup("resolved")
            said = Cached(lambda cell: look_up(table, cell) if "解决" in cell else None)
            out["resolved"] = said.column(cells["visit_result"])
        if "status" not in cells:
            # A board shows no state: a reply is what closes a message there.
            out["status"] = [
                Status.CLOSED.value if closed or reply else None
                for closed, reply in zip(out["closed_at"], out["reply"], strict=True)
            ]

    def _joined_rows(self, raw: RawChunk) -> list[str]:
        """Each row as received but for its number in the export."""
        kept = [
            column
            for heading, column in zip(raw.headings, raw.columns, strict=True)
            if self._layout.field_of(heading) != SEQUENCE
        ]
        joined = list(map("\x1f".join, zip(*kept, strict=True))) if kept else [""] * len(raw)
        for i, cells in raw.surplus.items():
            joined[i] = "\x1f".join([joined[i], *cells])
        return joined

    # --- cells --------------------------------------------------------------------------------

    def _word(self, name: str, cell: str) -> str | None:
        code = clean_code(cell)
        if code is None:
            return None
        value = look_up(self._words.lookup(name), code)
        if value is not None:
            return value
        masked = mask_text(code)
        if name in ("status", "satisfaction"):
            self._unlisted.setdefault(name, Counter())[masked[:20]] += 1
            return Status.UNKNOWN.value if name == "status" else None
        return masked

    def _flag(self, name: str, cell: str, *, inverted: bool = False) -> bool | None:
        value = parse_flag(self._flags, cell, inverted=inverted)
        if value is None and clean(cell) is not None:
            self._unlisted.setdefault(name, Counter())[mask_text(cell)[:20]] += 1
        return value

    def _count(self, name: str, cell: str) -> int | None:
        value = parse_count(self._flags, cell)
        if value is None and clean(cell) is not None:
            self._unlisted.setdefault(name, Counter())[mask_text(cell)[:20]] += 1
        return value

    def warnings_zh(self) -> list[str]:
        """What was left out so far, for the operator: counts of unreadable secondary times,
        value words that no list knows, formula errors, years without a calendar."""
        warnings = [
            f"「{_NAMES_ZH[name]}」有 {count} 个值无法识别为时间，已留空。"
            for name, count in sorted(self._bad.items())
        ]
        for name, words in sorted(self._unlisted.items()):
            listed = "、".join(sorted(words)[:5])
            warnings.append(f"「{_NAMES_ZH[name]}」有未登记的取值：{listed}。")
        if self._rounded >= _ROUNDED_TELL and self._rounded > self._numbers / 2:
            warnings.append(
                f"「工单编号」{self._numbers} 个中有 {self._rounded} 个第 15 位以后全是 0，"
                "像是被表格软件当作数字舍入过，不同工单可能因此合并，请核对原始导出。"
            )
        return [*warnings, *self._errors.warnings_zh(), *self._notes]


def _within_day(name: str, moment: datetime | None, accepted: datetime | None) -> datetime | None:
    """Of a day without a clock (midnight): a deadline is its end, and nothing that follows
    acceptance lies before it on the same day."""
    if moment is None or moment.time() != time.min:
        return moment
    if name == "due_at":
        return datetime.combine(moment, END_OF_DAY)
    return accepted if accepted and accepted.date() == moment.date() else moment


def _too_long(raw: RawChunk) -> set[int]:
    return {
        i
        for column in raw.columns
        if max(map(len, column), default=0) > TEXT_LIMIT
        for i, cell in enumerate(column)
        if len(cell) > TEXT_LIMIT
    }
