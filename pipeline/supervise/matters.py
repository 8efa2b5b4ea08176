"""What makes a matter of linked tickets; shared by linking and by the replay of a past day.

One caller's links (``urge``, ``repeat``) and a handed-on copy (``reference``) join tickets for
certain: together they are one voice. That two voices tell one matter is a judgement, and a single
false one must not join two matters: voices gather while at least half of those on each side are
linked with some on the other.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush

REPEAT_DAYS = 90
JOINING = frozenset({"reference", "urge", "repeat", "same_matter"})
"""Kinds of link of which matters are made."""
_CERTAIN = JOINING - {"same_matter"}
_ASKED = frozenset({"urge", "repeat"})
_COVERED = 0.5

Joined = tuple[int, int, str, float]
"""Two tickets, the kind of their link and its score."""


def matters_of(links: Iterable[Joined]) -> dict[int, int]:
    """Ticket of a link → its matter, named by the lowest ticket id in it.

    Depends on the set of links alone, not on their order: any night, and any past day, comes to
    the same matters by the same links. Links of other kinds than ``JOINING`` join nothing.
    """
    links = [link for link in links if link[2] in JOINING]
    voice = _lowest_connected((a, b) for a, b, kind, _ in _best(links) if kind in _CERTAIN)
    strongest: dict[tuple[int, int], float] = {}
    # All links are read: a ticket that no other goes on with has a matter of its own.
    for a, b, kind, score in links:
        pair = _pair(voice.setdefault(a, a), voice.setdefault(b, b))
        if kind not in _CERTAIN and pair[0] != pair[1]:
            strongest[pair] = max(score, strongest.get(pair, 0.0))
    first = _gathered(strongest)
    return {ticket: first.get(one, one) for ticket, one in voice.items()}


def _best(links: Iterable[Joined]) -> Iterator[Joined]:
    """Of a ticket's links with what its caller told before only the strongest: who has two open
    matters asks after one of them. Of equals the one with the highest id.
    """
    asked: dict[int, Joined] = {}
    for link in links:
        if link[2] not in _ASKED:
            yield link
        elif (known := asked.get(link[0])) is None or (link[3], link[1]) > (known[3], known[1]):
            asked[link[0]] = link
    yield from asked.values()


def _lowest_connected(pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Id → the lowest id connected with it over any number of pairs."""
    parent: dict[int, int] = {}

    def root(i: int) -> int:
        while parent.setdefault(i, i) != i:
            parent[i] = i = parent[parent[i]]
        return i

    for a, b in pairs:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return {i: root(i) for i in list(parent)}


def _pair(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)


def _gathered(strongest: dict[tuple[int, int], float]) -> dict[int, int]:
    """Voice → the lowest voice of its matter, from the strongest link of each pair of voices.

    Of all pairs of groups the one most covered is joined first, of equals the one with the
    strongest link, of equals the lowest. ``strongest`` is used up.
    """
    members = {voice: [voice] for pair in strongest for voice in pair}
    # group → other group → those of its voices that are linked with the other
    linked: dict[int, dict[int, set[int]]] = defaultdict(dict)
    for a, b in strongest:
        linked[a][b], linked[b][a] = {a}, {b}

    def rank(pair: tuple[int, int]) -> tuple[float, float, int, int]:
        a, b = pair
        covered = min(len(linked[a][b]) / len(members[a]), len(linked[b][a]) / len(members[b]))
        return -covered, -strongest[pair], a, b

    waiting = [rank(pair) for pair in strongest]
    heapify(waiting)
    while waiting:
        entry = heappop(waiting)
        a, b = entry[2:]
        if -entry[0] < _COVERED:
            break  # what is still waiting is covered no better
        if (a, b) not in strongest or rank((a, b)) != entry:
            continue  # of before one of the two grew, and waiting anew since
        members[a] += members.pop(b)
        del strongest[a, b], linked[a][b], linked[b][a]
        for c, voices in linked.pop(b).items():
            linked[a].setdefault(c, set()).update(voices)
            linked[c].setdefault(a, set()).update(linked[c].pop(b))
            score = strongest.pop(_pair(b, c))
            strongest[_pair(a, c)] = max(score, strongest.get(_pair(a, c), 0.0))
        for c in linked[a]:
            heappush(waiting, rank(_pair(a, c)))
    return {voice: first for first, voices in members.items() for voice in voices}


def caller_kind(later: datetime, earlier: datetime, closed: datetime | None) -> str | None:
    """``urge`` before the earlier complaint is closed, ``repeat`` within 90 days after, else None.

    An open one counts for 90 days from its acceptance.
    """
    if closed is None or closed > later:
        return "urge" if later - earlier <= timedelta(days=REPEAT_DAYS) else None
    return "repeat" if later - closed <= timedelta(days=REPEAT_DAYS) else None
