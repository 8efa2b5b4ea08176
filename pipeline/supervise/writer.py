"""Writes what the rules found into the stored items: inserts, updates, events, in one go."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cached_property

import sqlalchemy as sa

from pipeline.domain.calendar import CalendarUnknown, add_working_days
from pipeline.domain.labels import ProblemType
from pipeline.policies import Profile
from pipeline.store import tables as t
from pipeline.supervise.closing import missing
from pipeline.supervise.facts import Case, Facts
from pipeline.supervise.life import KEPT, SYSTEM, cleared, one_level_up
from pipeline.supervise.recurrence import Recurrences
from pipeline.supervise.rules import CONFIDENTIAL, Finding, catalogue
from pipeline.supervise.states import FINAL, LEVELS, State

_BATCH = 2000


@dataclass(frozen=True, slots=True)
class SuperviseResult:
    """``items``: ids of ordinary items raised or changed now. ``resting``: rules that could not
    work, in Chinese.
    """

    raised: int
    updated: int
    unchanged: int
    resting: list[str] = field(default_factory=list)
    items: list[int] = field(default_factory=list)


def item_key(profile: Profile, finding: Finding) -> str:
    parts = (profile.id, finding.rule, finding.subject, finding.window)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


class Writer:
    """Compares findings with the stored items and collects inserts, updates and events."""

    def __init__(self, connection: sa.Connection, profile: Profile, facts: Facts) -> None:
        self.connection, self.profile, self.facts = connection, profile, facts
        self.as_of = facts.as_of
        self.at = datetime.combine(facts.as_of, time())
        self.cases = {case.id: case for case in (*facts.cases, *facts.leads)}
        self.items, self.tickets = self._stored()
        self.by_first_ticket = self._by_first_ticket()
        newest = connection.scalar(sa.select(sa.func.max(t.supervision_item.c.id)))
        self.next_id = 1 + (newest or 0)
        self.seen: set[str] = set()
        self.inserts: list[dict] = []
        self.updates: dict[int, dict] = {}
        self.back = Recurrences(connection, profile, self.cases, self.items, self.tickets)
        self.events: list[dict] = []
        self.links: dict[int, tuple[set[int], set[int]]] = {}  # item → tickets added, removed
        self.later = 0
        self.calendar_notes: set[str] = set()

    def _stored(self) -> tuple[dict[str, dict], dict[int, set[int]]]:
        item, link = t.supervision_item, t.item_ticket
        query = sa.select(item).where(item.c.profile == self.profile.id).order_by(item.c.id)
        items = {r["item_key"]: dict(r) for r in self.connection.execute(query).mappings()}
        tickets: dict[int, set[int]] = {row["id"]: set() for row in items.values()}
        pairs = sa.select(link.c.item_id, link.c.ticket_id).join(item, item.c.id == link.c.item_id)
        for item_id, ticket_id in self.connection.execute(
            pairs.where(item.c.profile == self.profile.id)
        ):
            tickets[item_id].add(ticket_id)
        return items, tickets

    def _by_first_ticket(self) -> dict[tuple[str, int], str]:
        """Rule and first ticket → the earliest item, of the rules that judge a matter.

        A late, earlier ticket may rename a matter, and a better link may part it: an item goes
        with its first ticket, and what parted from it is a matter of its own.
        """
        found: dict[tuple[str, int], str] = {}
        for item in self.items.values():
            here = [i for i in self.tickets[item["id"]] if i in self.cases]
            if here and item["rule"] in catalogue() and catalogue()[item["rule"]].per == "matter":
                found.setdefault((item["rule"], min(here)), item["item_key"])
        return found

    def take(self, finding: Finding) -> None:
        key = item_key(self.profile, finding)
        if catalogue()[finding.rule].per == "matter":
            held = (self.by_first_ticket.get((finding.rule, i)) for i in finding.tickets)
            key = next((k for k in held if k), key)
        alias, key = key, self.back.opened.get(key, key)
        item = self.items.get(key)
        if item and alias != (item["numbers_json"].get("recurred_as") or [alias])[-1]:
            return  # an earlier window, settled before the matter came back
        if key in self.seen:
            return
        self.seen.add(key)
        recurs_as = None
        if item is None and (item := self.back.closed_item(finding)):
            recurs_as = key
            self.seen.add(item["item_key"])
        if item is None:
            self._raise(key, finding)
        elif item["updated_on"] > self.as_of:
            self.later += 1
        else:
            self._update(item, finding, recurs_as)

    def _due(self, finding: Finding) -> date | None:
        days = catalogue()[finding.rule].days
        if finding.due_on or not days:
            return finding.due_on
        return self._working_days(days)

    def _working_days(self, days: int) -> date | None:
        try:
            return add_working_days(self.as_of, days)
        except CalendarUnknown as error:
            self.calendar_notes.add(f"期限:{error}")
            return None

    def _missing(
        self, level: str, tickets: Iterable[int], recorded: list[str], rule: str
    ) -> list[str]:
        cases: list[Case] = [self.cases[i] for i in tickets if i in self.cases]
        return missing(level, cases, recorded, rule)

    def _raise(self, key: str, finding: Finding) -> None:
        rule = catalogue()[finding.rule]
        item_id, self.next_id = self.next_id, self.next_id + 1
        self.inserts.append(
            {
                "id": item_id,
                "item_key": key,
                "profile": self.profile.id,
                "rule": finding.rule,
                "level": finding.level,
                "subject": finding.subject,
                "unit": finding.unit,
                "region": finding.region,
                "problem_type": finding.problem_type,
                "summary": finding.summary,
                "clause": rule.clause(self.profile),
                "threshold_origin": rule.threshold_origin(self.profile),
                "numbers_json": finding.numbers | {"window": finding.window},
                "missing_json": self._missing(finding.level, finding.tickets, [], rule.id),
                "state": State.PENDING.value,
                "raised_on": self.as_of,
                "due_on": self._due(finding),
                "updated_on": self.as_of,
                "row_version": 1,
            }
        )
        self.links[item_id] = (set(finding.tickets), set())
        self._event(self.inserts[-1], "raise", None, finding.summary, finding.tickets)

    def _update(self, item: dict, finding: Finding, recurs_as: str | None = None) -> None:
        before, now = self.tickets[item["id"]], set(finding.tickets)
        aliases = item["numbers_json"].get("recurred_as", [])
        if aliases or recurs_as:
            now |= before  # those of the window that was settled stay
        added, removed = now - before, before - now
        state = State(item["state"])
        if state in FINAL and not added:
            return
        reopens = state in FINAL and state is not State.REFERRED
        again = self.back.why(item, added) if reopens else None
        kept = cleared(item)["numbers_json"] if reopens else item["numbers_json"]
        kept = {key: kept[key] for key in KEPT if key in kept}
        if recurs_as:
            kept["recurred_as"] = [*aliases, recurs_as]
        level = self._level(item, finding)
        if again and item["level"] in LEVELS[:-1]:
            level = max(level, one_level_up(item)["level"], key=LEVELS.index)
        recorded = kept.get("recorded", [])
        new = {
            "level": level,
            "subject": finding.subject,
            "unit": finding.unit,
            "region": finding.region,
            "summary": finding.summary,
            "numbers_json": finding.numbers | {"window": finding.window} | kept,
            "missing_json": self._missing(level, now, recorded, finding.rule),
            "state": State.REOPENED.value if reopens else item["state"],
        }
        if reopens:
            new["due_on"] = (
                self._working_days(self.back.days_to_act) if again else self._due(finding)
            )
        elif "paused_on" not in kept:
            new["due_on"] = item["due_on"] or self._due(finding)
        changed = {key: value for key, value in new.items() if item[key] != value}
        if not changed and not added and not removed:
            return
        reason = [again] if again else []
        reason += [f"新增工单{len(added)}件"] if added else []
        reason += [f"移出工单{len(removed)}件"] if removed else []
        reason += [f"级别{item['level']}→{level}"] if "level" in changed else []
        if "lapsed_on" in item["numbers_json"]:
            reason.append("触发条件再次满足")
        self.links[item["id"]] = (added, removed)
        self.tickets[item["id"]] = now
        reason.append(finding.summary)
        action = "reopen" if reopens else "update"
        self._change(item, changed, action, reason=reason, tickets=now)

    # --- R22: what is past its day ------------------------------------------------------------

    def escalate(self) -> None:
        """Raise items under supervision past their deadline by one level, with a new, short one.

        「督办项过期」(D3): the unit let a deadline pass. An item in 待核 or 重开 waits for the
        supervisor, which is told as overdue and is no reason to propose 约谈 of a unit. 升级 waits
        for a person to take the item up again, so that it rises once and not night after night.
        """
        days = int(self.profile.threshold("R22", "days").value)
        for item in list(self.items.values()):
            due = item["due_on"]
            if due is None or due >= self.as_of or item["updated_on"] > self.as_of:
                continue
            if item["state"] != State.SUPERVISED or "lapsed_on" in item["numbers_json"]:
                continue
            if item["level"] not in LEVELS[1:-1]:  # L0 is for information, L4 and X rise no more
                continue
            changed = one_level_up(item) | {"state": State.ESCALATED.value}
            new_due = self._working_days(days)
            changed["due_on"] = new_due
            until = f",新期限{new_due:%Y-%m-%d}" if new_due else ""
            reason = f"R22 督办逾期:期限{due:%Y-%m-%d}已过,未批准延期,升一级{until}"
            tickets = self.tickets[item["id"]]
            self._change(item, changed, "escalate", reason=[reason], tickets=tickets)

    def _level(self, item: dict, finding: Finding) -> str:
        """The rule may raise a level; it lowers one only while no person has touched the item."""
        if CONFIDENTIAL in (item["level"], finding.level) or item["state"] == State.PENDING:
            return finding.level
        return max(item["level"], finding.level, key=LEVELS.index)

    def _change(
        self,
        item: dict,
        changed: Mapping,
        action: str,
        *,
        reason: list[str],
        tickets: Iterable[int],
    ) -> None:
        row = item | changed | {"updated_on": self.as_of, "row_version": item["row_version"] + 1}
        self.items[row["item_key"]] = self.updates[row["id"]] = row
        self._event(row, action, item["state"], ";".join(reason), tickets)

    def _event(
        self, row: dict, action: str, from_state: str | None, reason: str, tickets: Iterable[int]
    ) -> None:
        self.events.append(
            {
                "item_id": row["id"],
                "seq": row["row_version"],
                "at": self.at,
                "person": SYSTEM,
                "action": action,
                "from_state": from_state,
                "to_state": row["state"],
                "level": row["level"],
                "reason": reason,
                "ticket_ids_json": sorted(tickets),
            }
        )

    def lapse(self, skipping: set[str]) -> None:
        """Say of open items that their trigger no longer holds (closed in time, label corrected).

        A person still decides; items whose tickets the rules no longer look at stay as they are.
        """
        for key, item in list(self.items.items()):
            if key in self.seen or item["rule"] in skipping or "lapsed_on" in item["numbers_json"]:
                continue
            if item["rule"] not in catalogue() or State(item["state"]) in FINAL:
                continue
            if item["updated_on"] > self.as_of or not self._still_looked_at(item):
                continue
            numbers = item["numbers_json"] | {"lapsed_on": self.as_of.isoformat()}
            reason = ["触发条件已不再满足,请人工核定"]
            tickets = self.tickets[item["id"]]
            self._change(item, {"numbers_json": numbers}, "lapse", reason=reason, tickets=tickets)

    def _still_looked_at(self, item: dict) -> bool:
        newest = self.accepted_at.get(item["id"])
        return newest is not None and newest >= self.facts.since

    @cached_property
    def accepted_at(self) -> dict[int, datetime]:
        """Item → time of its newest ticket; read once, and only when something may have lapsed."""
        link, ticket, item = t.item_ticket.c, t.ticket.c, t.supervision_item.c
        query = (
            sa.select(link.item_id, sa.func.max(ticket.accepted_at))
            .join(t.ticket, ticket.id == link.ticket_id)
            .join(t.supervision_item, item.id == link.item_id)
            .where(item.profile == self.profile.id)
            .group_by(link.item_id)
        )
        return dict(self.connection.execute(query).all())

    def flush(self, resting: list[str]) -> SuperviseResult:
        run = self.connection.execute
        items = t.supervision_item
        if self.inserts:
            run(sa.insert(items), self.inserts)
        if self.updates:
            names = [c.name for c in items.columns if c.name not in {"id", "item_key"}]
            run(
                sa.update(items)
                .where(items.c.id == sa.bindparam("b_id"))
                .values({name: sa.bindparam(f"b_{name}") for name in names}),
                [{f"b_{k}": v for k, v in row.items()} for row in self.updates.values()],
            )
        for item_id, (_added, removed) in self.links.items():
            if removed:
                link = t.item_ticket.c
                run(
                    sa.delete(t.item_ticket).where(
                        link.item_id == item_id, link.ticket_id.in_(sorted(removed))
                    )
                )
        added = [
            {"item_id": item_id, "ticket_id": ticket_id}
            for item_id, (new, _removed) in self.links.items()
            for ticket_id in sorted(new)
        ]
        for table, rows in ((t.item_ticket, added), (t.item_event, self.events)):
            for start in range(0, len(rows), _BATCH):
                run(sa.insert(table), rows[start : start + _BATCH])
        notes = sorted(self.calendar_notes)
        if self.later:
            notes.append(f"{self.later} 项监督事项在 {self.as_of:%Y-%m-%d} 之后已有更新,未改动")
        return SuperviseResult(
            raised=len(self.inserts),
            updated=len(self.updates),
            unchanged=len(self.items) - len(self.updates),
            resting=resting + notes,
            items=sorted(
                row["id"]
                for row in (*self.inserts, *self.updates.values())
                if row["level"] != CONFIDENTIAL
                and row["problem_type"] != ProblemType.INTEGRITY.value
            ),
        )
