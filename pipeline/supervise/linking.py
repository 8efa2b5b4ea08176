"""Which enforcement complaints belong together: same caller, same matter, across hotlines.

Only enforcement complaints (E1) are linked: they are what rules and reports count by matter, and
they are few, so that a night stays short. A 关联工单 number may point at any ticket.

A pair is one matter (domain B8) where
- one names the other's number, or was handed on from the other hotline (``reference``, 转办), or
- one caller goes on with the same matter before the first is closed (``urge``, 催办) or within 90
  days of its closing (``repeat``, 重复投诉), or
- within 30 days, at one unit or in one region, the words are nearly the same and contradict each
  other in nothing, or two of one problem type share the fingerprint of one event
  (``same_matter``; three people make 多人同诉).
``same_caller`` says that a caller has an earlier, other matter; it joins nothing.

docs/linking.md says how the words are compared, and how well that does. Whether a pair is linked
depends on the two tickets alone, so the order of the nights does not matter, and a ticket that has
its row in ``matter`` is not compared again with another such. Which of a caller's earlier matters
a ticket goes on with, :func:`matters_of` chooses among the links.
"""

import re
from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import islice

import sqlalchemy as sa
from rapidfuzz.fuzz import ratio

from pipeline.domain.labels import ProblemType, Scope
from pipeline.store import tables as t
from pipeline.store.bulk import among, insert_rows
from pipeline.supervise import alike
from pipeline.supervise.facts import LABELLED
from pipeline.supervise.fingerprint import Fingerprint, contradict, differ, one_event, share
from pipeline.supervise.matters import JOINING, REPEAT_DAYS, Joined, caller_kind, matters_of

MATTER_DAYS = 30
TRANSFER_DAYS = 7
CALLER_DAYS = 2 * REPEAT_DAYS  # an open complaint may close late and still be repeated

_SAME_CALLER_ALIKE = 55  # rapidfuzz ratio, 0–100
_NEARLY_SAME = 80
_WORD_FOR_WORD = 95
_LONG = 20  # characters from which the same words are hardly chance
_ASKED_AGAIN = 0.15  # Dice, beside words of one who asks again
_SHARE = 0.3  # of the shorter text's weight, as good as that
_SHORT = 10  # characters; less says nothing about a matter
_UNSPECIFIED = frozenset({ProblemType.UNSPECIFIED.value})
_TRANSFER = re.compile("(?:12345|12328|平台)[^,。\uff0c]{0,4}转|转(?:12345|12328)|转办")
_SHARED = 3
_MOST_COMPARED = 200  # newest of a place and type; a bound for places with very many complaints

Link = tuple[int, int, str]
"""Later ticket, earlier ticket, kind."""


@dataclass(frozen=True, eq=False)
class _Ticket:
    """Of most tickets only the caller is looked at: what the text says is read when asked for."""

    id: int
    hotline: str
    accepted_at: datetime
    closed_at: datetime | None
    caller_key: str | None
    unit: str | None
    region: str | None
    types: frozenset[str]
    text: str
    channel: str | None
    is_new: bool

    @cached_property
    def words(self) -> str:
        return alike.bare(self.text, self.unit, self.region)

    @cached_property
    def hashes(self) -> tuple[int, ...]:
        """A sketch of the words; empty where they are too short."""
        return alike.sketch(self.words) if len(self.words) >= _SHORT else ()

    @cached_property
    def told(self) -> Fingerprint:
        return Fingerprint(self.text, self.words, self.accepted_at, self.unit, self.region)

    @cached_property
    def asks_again(self) -> bool:
        return alike.asks_again(self.text)

    @cached_property
    def is_transfer(self) -> bool:
        return "转" in (self.channel or "") or _TRANSFER.search(self.text) is not None


def link(engine: sa.Engine, as_of: date) -> dict[str, int]:
    """Link what is not linked yet, accepted up to ``as_of``; returns new links by kind.

    Writes ``ticket_link`` and, for every complaint looked at and every ticket it names, its
    ``matter`` (:func:`matters_of`). A second run changes nothing.
    """
    with engine.begin() as connection:
        changed = _refresh_kinds(connection)
        times = _unlinked(connection, as_of)
        if not times:
            return changed
        reach = timedelta(days=CALLER_DAYS)
        span = times[0] - reach, min(times[-1] + reach, _end(as_of))
        links, new_ids = _find_links(_stream(connection, *span), times)
        links |= _references(connection, *span)
        return _store(connection, links, new_ids, changed, as_of)


def _end(as_of: date) -> datetime:
    return datetime.combine(as_of + timedelta(days=1), time())


def _unlinked(connection: sa.Connection, as_of: date) -> list[datetime]:
    """The times of the complaints without a matter, in order."""
    c = LABELLED.c
    query = (
        sa.select(c.accepted_at)
        .select_from(LABELLED.outerjoin(t.matter, t.matter.c.ticket_id == c.id))
        .where(
            c.scope == Scope.E1.value,
            c.accepted_at < _end(as_of),
            t.matter.c.ticket_id.is_(None),
        )
        .order_by(c.accepted_at)
    )
    return list(connection.scalars(query))


def _stream(connection: sa.Connection, start: datetime, end: datetime) -> Iterator[_Ticket]:
    c, m = LABELLED.c, t.matter.c
    query = (
        sa.select(
            c.id, c.hotline, c.accepted_at, c.closed_at, c.caller_key, c.unit, c.region,
            c.labels_json, c.content, c.title, c.intake_channel, m.ticket_id.is_(None),
        )
        .select_from(LABELLED.outerjoin(t.matter, m.ticket_id == c.id))
        .where(c.scope == Scope.E1.value, c.accepted_at >= start, c.accepted_at < end)
        .order_by(c.accepted_at, c.id)
        .execution_options(yield_per=5000)
    )  # fmt: skip
    for *head, labels, content, title, channel, is_new in connection.execute(query):
        types = frozenset(labels or ()) - _UNSPECIFIED
        yield _Ticket(*head, types, content or title or "", channel, bool(is_new))


class _Recent:
    """The tickets of the last ``days`` days by key; those older leave as newer ones come."""

    def __init__(self, days: int) -> None:
        self.reach = timedelta(days=days)
        # Lists and not deques: most keys (runs of four characters) hold one or two tickets.
        self.by_key: dict[object, list[_Ticket]] = defaultdict(list)
        self.order: deque[tuple[_Ticket, tuple]] = deque()

    def advance(self, now: datetime) -> None:
        while self.order and self.order[0][0].accepted_at < now - self.reach:
            _, keys = self.order.popleft()
            for key in keys:
                del self.by_key[key][0]
                if not self.by_key[key]:
                    del self.by_key[key]

    def get(self, key: object) -> Sequence[_Ticket]:
        return self.by_key.get(key, ())

    def add(self, ticket: _Ticket, keys: tuple) -> None:
        if keys:
            self.order.append((ticket, keys))
            for key in keys:
                self.by_key[key].append(ticket)


def _find_links(
    tickets: Iterable[_Ticket], new_times: list[datetime]
) -> tuple[dict[Link, float], list[int]]:
    """Links with their score, and the ids of the tickets that were new (at ``new_times``)."""
    links: dict[Link, float] = {}
    new_ids: list[int] = []
    callers, units, words = _Recent(CALLER_DAYS), _Recent(MATTER_DAYS), _Recent(MATTER_DAYS)
    for ticket in tickets:
        for index in (callers, units, words):
            index.advance(ticket.accepted_at)
        met = set()
        caller = (ticket.caller_key,) if ticket.caller_key else ()
        for other in (o for key in caller for o in callers.get(key)):
            if (ticket.is_new or other.is_new) and (said := _of_one_caller(ticket, other)):
                links[ticket.id, other.id, said[0]] = said[1]
                met.add(other)
        callers.add(ticket, caller)
        if ticket.is_new:
            new_ids.append(ticket.id)
        if not _meets_any(ticket, new_times) or not ticket.hashes:
            continue
        places = tuple(
            (place, kind)
            for place in sorted({ticket.unit, ticket.region} - {None})
            for kind in sorted(ticket.types)
        )
        near = _near(ticket, words)
        beside = {o for key in places for o in islice(reversed(units.get(key)), _MOST_COMPARED)}
        for other in (near | beside) - met:
            if not (ticket.is_new or other.is_new):
                continue
            if said := _of_one_matter(ticket, other, is_near=other in near):
                links[ticket.id, other.id, said[0]] = said[1]
        units.add(ticket, places)
        words.add(ticket, ticket.hashes)
    return links, new_ids


def _meets_any(ticket: _Ticket, new_times: list[datetime]) -> bool:
    """Whether a new complaint lies within the days of one matter: of the others no text is read."""
    reach = timedelta(days=MATTER_DAYS)
    first = bisect_left(new_times, ticket.accepted_at - reach)
    return first < len(new_times) and new_times[first] <= ticket.accepted_at + reach


def _near(ticket: _Ticket, words: _Recent) -> set[_Ticket]:
    """Tickets whose sketches share enough with this one's."""
    shared = Counter(other for value in ticket.hashes for other in words.get(value))
    enough = min(_SHARED, len(ticket.hashes))
    return {other for other, n in shared.items() if n >= enough}


def _of_one_caller(later: _Ticket, earlier: _Ticket) -> tuple[str, float] | None:
    same = ratio(later.words, earlier.words, score_cutoff=_SAME_CALLER_ALIKE)
    # The other hotline's copy keeps the caller's number: nobody asked again.
    if same >= _NEARLY_SAME and _handed_on(later, earlier):
        return "reference", round(same / 100, 4)
    kind = caller_kind(later.accepted_at, earlier.accepted_at, earlier.closed_at)
    if kind and (same or _goes_on(later, earlier)):
        return kind, round(max(same / 100, share(later.told, earlier.told)), 4)
    if later.accepted_at - earlier.accepted_at <= timedelta(days=REPEAT_DAYS):
        return "same_caller", round(same / 100, 4)
    return None


def _goes_on(later: _Ticket, earlier: _Ticket) -> bool:
    """Whether a caller's later complaint, in other words, goes on with the earlier one."""
    # A day after the earlier complaint tells what came of it, and no other encounter.
    told_then = earlier.accepted_at.date()
    days = {day for day in later.told.days if not later.asks_again or day <= told_then}
    if differ(days, earlier.told.days):
        return False
    same_unit = bool(later.unit) and later.unit == earlier.unit
    of_one_type = bool(later.types & earlier.types) and (same_unit or later.asks_again)
    signs = of_one_type + later.asks_again
    if signs == 2 or (signs and _speak_of_one_thing(later, earlier)):
        return True
    return same_unit and of_one_type and one_event(later.told, earlier.told) > 0


def _speak_of_one_thing(later: _Ticket, earlier: _Ticket) -> bool:
    return (
        alike.says_nothing(later.words)
        or alike.similarity(later.words, earlier.words) >= _ASKED_AGAIN
        or share(later.told, earlier.told) >= _SHARE
    )


def _of_one_matter(later: _Ticket, earlier: _Ticket, *, is_near: bool) -> tuple[str, float] | None:
    same_unit = bool(later.unit) and later.unit == earlier.unit
    # Where the region is not known on one side, only the words can speak.
    same_region = later.region == earlier.region or not (later.region and earlier.region)
    if not (same_unit or same_region) or differ(later.told.days, earlier.told.days):
        return None
    if is_near:
        same = ratio(later.words, earlier.words, score_cutoff=_NEARLY_SAME)
        if same and (kind := _of_hidden_caller(later, earlier, same)):
            return kind, round(same / 100, 4)
        if same and not contradict(later.told, earlier.told):
            return "same_matter", round(same / 100, 4)
    score = one_event(later.told, earlier.told) if later.types & earlier.types else 0.0
    return ("same_matter", round(score, 4)) if score else None


def _handed_on(later: _Ticket, earlier: _Ticket) -> bool:
    gap = later.accepted_at - earlier.accepted_at
    from_other = later.is_transfer and later.hotline != earlier.hotline
    return from_other and gap <= timedelta(days=TRANSFER_DAYS)


def _of_hidden_caller(later: _Ticket, earlier: _Ticket, same: float) -> str | None:
    """Nearly the same words where one side hides the caller: handed on, or come again."""
    if later.caller_key and earlier.caller_key:
        return None
    if _handed_on(later, earlier):
        return "reference"
    if len(later.words) >= _LONG and (same >= _WORD_FOR_WORD or later.asks_again):
        return caller_kind(later.accepted_at, earlier.accepted_at, earlier.closed_at)
    return None


def _references(connection: sa.Connection, start: datetime, end: datetime) -> dict[Link, float]:
    """Complaints that name another ticket's number (转办单号, 关联工单), whatever its scope."""
    c, other = LABELLED.c, t.ticket.c
    query = (
        sa.select(c.id, c.accepted_at, c.linked_ticket_no)
        .select_from(LABELLED)
        .where(
            c.scope == Scope.E1.value,
            c.accepted_at >= start,
            c.accepted_at < end,
            c.linked_ticket_no.is_not(None),
        )
    )
    naming: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for ticket_id, at, numbers in connection.execute(query):
        for number in numbers.split("、"):
            naming[number].append((at, ticket_id))
    named = sa.select(other.accepted_at, other.id, other.ticket_no).where(
        other.hotline.in_(["12328", "12345", "web"]),
        among(connection, other.ticket_no, naming),
        other.accepted_at < end,
    )
    found = {}
    for at, ticket_id, number in connection.execute(named) if naming else ():
        for one in naming[number]:
            if one[1] != ticket_id:
                later, earlier = max(one, (at, ticket_id)), min(one, (at, ticket_id))
                found[later[1], earlier[1], "reference"] = 1.0
    return found


def _refresh_kinds(connection: sa.Connection) -> dict[str, int]:
    """A closing that became known later turns an ``urge`` into a ``repeat``, or back."""
    link, later, earlier = t.ticket_link, t.ticket.alias("later"), t.ticket.alias("earlier")
    query = (
        sa.select(
            link.c.ticket_id, link.c.other_id, link.c.kind,
            later.c.accepted_at, earlier.c.accepted_at, earlier.c.closed_at,
        )
        .join(later, later.c.id == link.c.ticket_id)
        .join(earlier, earlier.c.id == link.c.other_id)
        .where(link.c.kind.in_(["urge", "repeat"]))
    )  # fmt: skip
    changed: dict[str, int] = {}
    moved = []
    for ticket_id, other_id, kind, at, before, closed in connection.execute(query):
        now = caller_kind(at, before, closed)
        if now and now != kind:
            moved.append({"b_ticket": ticket_id, "b_other": other_id, "b_old": kind, "b_new": now})
            changed[now] = changed.get(now, 0) + 1
    if moved:
        connection.execute(
            sa.update(link)
            .where(
                link.c.ticket_id == sa.bindparam("b_ticket"),
                link.c.other_id == sa.bindparam("b_other"),
                link.c.kind == sa.bindparam("b_old"),
            )
            .values(kind=sa.bindparam("b_new")),
            moved,
        )
    return changed


def _store(
    connection: sa.Connection,
    links: dict[Link, float],
    new_ids: list[int],
    counts: dict[str, int],
    as_of: date,
) -> dict[str, int]:
    stored = _stored(connection, {later for later, _, _ in links})
    fresh = sorted(links.keys() - stored)
    landed = _landed_on(connection, {i for later, earlier, _ in fresh for i in (later, earlier)})
    rows = [
        {
            "ticket_id": later,
            "other_id": earlier,
            "kind": kind,
            "score": links[later, earlier, kind],
            # A past day may be run again when tickets of that day have landed since.
            "known_on": max(as_of, landed[later], landed[earlier]),
        }
        for later, earlier, kind in fresh
    ]
    insert_rows(connection, t.ticket_link, rows)
    touched = {i for later, earlier, kind in links if kind in JOINING for i in (later, earlier)}
    _join(connection, touched | set(new_ids))
    for _, _, kind in fresh:
        counts[kind] = counts.get(kind, 0) + 1
    return counts


def _landed_on(connection: sa.Connection, ids: set[int]) -> dict[int, date]:
    """Ticket → the night that brought it."""
    query = (
        sa.select(t.ticket.c.id, t.export_file.c.as_of)
        .join(t.export_file, t.export_file.c.id == t.ticket.c.first_file_id)
        .where(among(connection, t.ticket.c.id, ids))
    )
    return dict(connection.execute(query).all())


def _stored(connection: sa.Connection, ids: set[int]) -> set[Link]:
    link = t.ticket_link.c
    query = sa.select(link.ticket_id, link.other_id, link.kind).where(
        among(connection, link.ticket_id, ids)
    )
    return {(later, earlier, kind) for later, earlier, kind in connection.execute(query)}


def _join(connection: sa.Connection, touched: set[int]) -> None:
    """Give these tickets, and all that links connect with them, their matter."""
    now = {i: i for i in touched} | matters_of(_connected(connection, touched))
    matter = t.matter.c
    query = sa.select(matter.ticket_id, matter.matter_id)
    known = dict(connection.execute(query.where(among(connection, matter.ticket_id, now))).all())
    moved = [
        {"b_ticket": i, "b_matter": matter_id}
        for i, matter_id in sorted(now.items())
        if known.get(i, matter_id) != matter_id
    ]
    if moved:
        connection.execute(
            sa.update(t.matter)
            .where(matter.ticket_id == sa.bindparam("b_ticket"))
            .values(matter_id=sa.bindparam("b_matter")),
            moved,
        )
    added = sorted(now.keys() - known.keys())
    insert_rows(connection, t.matter, [{"ticket_id": i, "matter_id": now[i]} for i in added])


def _connected(connection: sa.Connection, tickets: set[int]) -> set[Joined]:
    """The links that reach these tickets over any number of steps."""
    link = t.ticket_link.c
    query = sa.select(link.ticket_id, link.other_id, link.kind, link.score).where(
        link.kind.in_(sorted(JOINING))
    )
    found: set[Joined] = set()
    reached, edge = set(tickets), tickets
    while edge:
        rows = {
            tuple(row)
            for side in (link.ticket_id, link.other_id)
            for row in connection.execute(query.where(among(connection, side, edge)))
        }
        found |= rows
        edge = {i for later, earlier, *_ in rows for i in (later, earlier)} - reached
        reached |= edge
    return found
