"""What makes a matter of linked tickets; shared by linking and by the replay of a past day."""

from collections.abc import Iterable
from datetime import datetime, timedelta

REPEAT_DAYS = 90
JOINING = frozenset({"reference", "urge", "repeat", "same_matter"})
"""Kinds of link that make two tickets one matter."""


def lowest_connected(pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Ticket → the lowest id connected with it over any number of pairs: its matter."""
    parent: dict[int, int] = {}

    def root(i: int) -> int:
        while parent.setdefault(i, i) != i:
            parent[i] = i = parent[parent[i]]
        return i

    for a, b in pairs:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return {i: root(i) for i in list(parent)}


def caller_kind(later: datetime, earlier: datetime, closed: datetime | None) -> str | None:
    """``urge`` before the earlier complaint is closed, ``repeat`` within 90 days after, else None.

    An open one counts for 90 days from its acceptance.
    """
    if closed is None or closed > later:
        return "urge" if later - earlier <= timedelta(days=REPEAT_DAYS) else None
    return "repeat" if later - closed <= timedelta(days=REPEAT_DAYS) else None
