"""Whether two complaints of different callers tell one event: its fingerprint, and a small scorer.

A fingerprint is what another teller of the event would name too: rare words, the place, the day
and hour, a sum, what was done and to whom. A logistic regression over five such agreements says
how likely two complaints are one matter. fingerprint.yaml holds the patterns, word_weights.yaml
what the fit gave; docs/linking.md says how well it does.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from pipeline.supervise import alike

_HERE = Path(__file__).parent

_ROAD = re.compile("(?<![A-Za-z])[GSXY](\\d{2,4})(?!\\d)|(\\d{3})(?=[国省县]道)|[国省县]道(\\d{3})")
_PLATE = re.compile("[\u4e00-\u9fff][A-Z]·?\\*+\\w{1,2}")  # as masked: 赣E·***88
_HOUR = re.compile("(\\d{1,2}|十[一二]?|[一二两三四五六七八九])(?=[点时:\uff1a](?!间))")
_HOURS = {sign: n for n, sign in enumerate("零一二三四五六七八九十")} | {
    "两": 2,
    "十一": 11,
    "十二": 12,
}
# Words of a sentence that no name of a place runs across.
_BREAK = re.compile(
    "[在到从经过往去了被的至把向于某此同各一每处将我他其进出上下不有没让要来前开个条次映因]"
)


@dataclass(frozen=True)
class Scorer:
    """fingerprint.yaml and word_weights.yaml as read; weights are inverse document frequencies."""

    acts: dict[str, re.Pattern[str]]
    parties: dict[str, re.Pattern[str]]
    places: re.Pattern[str]
    words: dict[str, float]
    unseen_word: float
    intercept: float
    coefficients: dict[str, float]
    threshold: float
    least_words: float

    def weight(self, pairs: Iterable[str]) -> float:
        get, unseen = self.words.get, self.unseen_word
        return sum(get(pair, unseen) for pair in pairs)


@cache
def scorer() -> Scorer:
    import yaml

    def read(name: str) -> dict[str, Any]:
        return yaml.safe_load((_HERE / name).read_text(encoding="utf-8"))

    said, weights = read("fingerprint.yaml"), read("word_weights.yaml")
    endings = said["places"].replace(" ", "")
    coefficients = dict(weights["coefficients"])
    return Scorer(
        acts={name: re.compile(words) for name, words in said["acts"].items()},
        parties={name: re.compile(words) for name, words in said["parties"].items()},
        places=re.compile(f"[\u4e00-\u9fff]{{0,5}}?({endings})"),
        words={
            signs[i : i + 2]: weight
            for weight, signs in weights["words"].items()
            for i in range(0, len(signs), 2)
        },
        unseen_word=weights["unseen_word"],
        intercept=coefficients.pop("intercept"),
        coefficients=coefficients,
        threshold=said["threshold"],
        least_words=said["least_words"],
    )


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """Read from a text told at local time ``at``; each part only when it is asked for."""

    text: str
    words: str
    at: datetime
    unit: str | None
    region: str | None
    types: frozenset[str]

    @property
    def pairs(self) -> set[str]:
        """Character pairs of the words. Not kept: those of many tickets would fill memory."""
        return {a + b for a, b in pairwise(self.words)}

    @cached_property
    def weight(self) -> float:
        return scorer().weight(self.pairs)

    @cached_property
    def mask(self) -> int:
        return alike.pair_mask(self.words)

    @cached_property
    def days(self) -> frozenset[date]:
        return alike.event_dates(self.text, self.at)

    @cached_property
    def sums(self) -> frozenset[int]:
        return alike.amounts(self.text)

    @cached_property
    def hours(self) -> frozenset[int]:
        """Hours of the clock, 0–11: who says 十点 and who says 22时 mean the same."""
        named = (_HOURS.get(said) or int(said) for said in _HOUR.findall(self.text))
        return frozenset(hour % 12 for hour in named if hour <= 24)

    @cached_property
    def places(self) -> frozenset[str]:
        """Places by the two characters before their kind, road numbers, masked plates."""
        text, own = self.text, (self.unit or "", self.region or "")
        found = {a or b or c for a, b, c in _ROAD.findall(text)} | set(_PLATE.findall(text))
        for name in filter(None, own):
            text = text.replace(name, "\uff0c")
        for match in scorer().places.finditer(text):
            kind = match[1]
            name = _BREAK.split(match[0][: len(match[0]) - len(kind)])[-1][-2:]
            if len(name) == 2 and not any(name in known for known in own):
                found.add(name)
            elif len(name) < 2 and len(kind) > 2:
                found.add(kind)
        return frozenset(found)

    @cached_property
    def acts(self) -> frozenset[str]:
        return _matching(scorer().acts, self.text)

    @cached_property
    def parties(self) -> frozenset[str]:
        return _matching(scorer().parties, self.text)


def _matching(patterns: dict[str, re.Pattern[str]], text: str) -> frozenset[str]:
    return frozenset(name for name, pattern in patterns.items() if pattern.search(text))


def shared_words(a: Fingerprint, b: Fingerprint) -> float:
    """Weight of the shared character pairs by the root of what both texts weigh in the mean.

    Between the absolute weight, which grows with the length of any two texts, and the share of
    it, which sinks with all that only one teller adds. 0 where it is less than ``least_words``.
    """
    known, size = scorer(), math.sqrt(math.sqrt(a.weight * b.weight))
    least = known.least_words * size
    # A first look, fast: were all pairs that two masks may share as rare as can be, is it enough?
    if not least or (a.mask & b.mask).bit_count() * known.unseen_word < least:
        return 0.0
    shared = known.weight(a.pairs & b.pairs)
    return shared / size if shared >= least else 0.0


def features(a: Fingerprint, b: Fingerprint) -> dict[str, float]:
    """What two fingerprints share, by the names of the coefficients."""
    return {
        "words": shared_words(a, b),
        "day": float(not a.days.isdisjoint(b.days)),
        "hour": float(not a.hours.isdisjoint(b.hours)),
        "sum": float(not a.sums.isdisjoint(b.sums)),
        "place": float(not a.places.isdisjoint(b.places)),
    }


def differ(a: frozenset, b: frozenset) -> bool:
    """Whether both name something and nothing in common."""
    return bool(a) and bool(b) and a.isdisjoint(b)


def contradict(a: Fingerprint, b: Fingerprint) -> bool:
    """Whether the two name different days, sums, acts or parties: they tell different events."""
    return (
        differ(a.days, b.days)
        or differ(a.sums, b.sums)
        or differ(a.acts, b.acts)
        or differ(a.parties, b.parties)
    )


def one_event(a: Fingerprint, b: Fingerprint) -> float:
    """Probability that two complaints of one problem type tell one event.

    0 where they contradict each other, share too few words, or share no particular (day, hour,
    sum, place): without one, two drivers' complaints of one practice and two tellings of one
    encounter read the same.
    """
    words = shared_words(a, b)
    if not words or contradict(a, b):
        return 0.0
    known, said = scorer(), features(a, b)
    if not any(said[name] for name in said.keys() - {"words"}):
        return 0.0
    logit = known.intercept + sum(
        weight * said[name] for name, weight in known.coefficients.items()
    )
    return 1 / (1 + math.exp(-logit))
