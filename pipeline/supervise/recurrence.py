"""R26: what comes back within the profile's days after closing opens the closed item again.

The recurrence may be found in another window (the next month's) or about another ticket of the
same matter: then the item goes on under that finding, whose key it keeps in ``recurred_as``.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cached_property

import sqlalchemy as sa

from pipeline.policies import Profile
from pipeline.store import tables as t
from pipeline.supervise.facts import Case
from pipeline.supervise.rules import CONFIDENTIAL, Finding, catalogue
from pipeline.supervise.states import State

_OF_ONE_COURSE = frozenset({"R01", "R02", "R03", "R06", "R13", "R16", "R21", "R24", "R27", "R28"})
"""Rules about how one ticket went (or a list): another ticket is no recurrence."""


class Recurrences:
    """``items`` by key and ``tickets`` by item are the writer's own and change under its hands."""

    def __init__(
        self,
        connection: sa.Connection,
        profile: Profile,
        cases: Mapping[int, Case],
        items: Mapping[str, dict],
        tickets: Mapping[int, set[int]],
    ) -> None:
        self.cases, self.items, self.tickets = cases, items, tickets
        self.days = int(profile.threshold("R26", "days").value)
        self.days_to_act = int(profile.threshold("R26", "days_to_act").value)
        self.closings = _closings(connection, profile)
        self.opened = {  # key of a recurrence → the item that opened again
            alias: key
            for key, item in items.items()
            for alias in item["numbers_json"].get("recurred_as", ())
        }

    def why(self, item: dict, added: Iterable[int]) -> str | None:
        """Why ``added`` make a closed item a recurrence; None where they are late or too late."""
        closed_at = self.closings.get(item["id"])
        if closed_at is None or item["level"] == CONFIDENTIAL or item["rule"] in _OF_ONE_COURSE:
            return None
        last_day = closed_at.date() + timedelta(days=self.days)
        for ticket_id in sorted(added):
            at = self.cases[ticket_id].accepted_at
            if closed_at < at and at.date() <= last_day:
                after = (at.date() - closed_at.date()).days
                return (
                    f"R26 复发:{closed_at:%Y-%m-%d}销号后第{after}日同单位同类同事项再现"
                    f"({self.days}日内),重开并升一级"
                )
        return None

    def closed_item(self, finding: Finding) -> dict | None:
        """The closed item that a finding without an item of its own takes up again."""
        said = {name: getattr(finding, name) for name in ("unit", "problem_type", "subject")}
        for shared in self._shared(finding.rule, said, finding.tickets):
            item = self.items.get(self._closed.get(shared, ""))
            if item and State(item["state"]) is State.CLOSED:
                added = set(finding.tickets) - self.tickets[item["id"]]
                if self.why(item, added):
                    return item
        return None

    @cached_property
    def _closed(self) -> dict[tuple, str]:
        """Keys of closed items by what a recurrence shares; the one closed last counts."""
        closed = [item for item in self.items.values() if item["id"] in self.closings]
        closed.sort(key=lambda item: (self.closings[item["id"]], item["id"]))
        return {
            shared: item["item_key"]
            for item in closed
            for shared in self._shared(item["rule"], item, self.tickets[item["id"]])
        }

    def _shared(self, rule: str, said: Mapping, tickets: Iterable[int]) -> list[tuple]:
        """Rule, unit and type, and the subject (of a unit) or the matters (of tickets)."""
        if rule not in catalogue():
            return []
        what = (rule, said["unit"], said["problem_type"])
        if catalogue()[rule].per == "unit":
            return [(*what, said["subject"])]
        matters = {self.cases[i].matter_id for i in tickets if i in self.cases}
        return [(*what, matter) for matter in sorted(matters)]


def _closings(connection: sa.Connection, profile: Profile) -> dict[int, datetime]:
    """Closed item → when."""
    event, item = t.item_event.c, t.supervision_item.c
    query = (
        sa.select(event.item_id, sa.func.max(event.at))
        .join(t.supervision_item, item.id == event.item_id)
        .where(
            item.profile == profile.id,
            item.state == State.CLOSED.value,
            event.to_state == State.CLOSED.value,
        )
        .group_by(event.item_id)
    )
    return dict(connection.execute(query).all())
