"""Whether two complaints of different callers tell one event: its fingerprint, and a small scorer.

A fingerprint is what another teller of the event would name too, in whatever words: its concepts
(concepts.yaml: 昨晚, 半夜 and 深夜 are one), its characters, the day, sums. A logistic regression
over what two fingerprints share and where they differ says how likely they tell one event.
event_weights.yaml holds what :mod:`pipeline.supervise.fit_links` fitted; docs/linking.md says how
well it does.
"""

import math
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pipeline.supervise import alike

_HERE = Path(__file__).parent
WEIGHTS = _HERE / "event_weights.yaml"
PARTED = ("trade", "cargo")
"""Slots of concepts in which two tellings of one event do not differ."""

_RARE_BITS = 64  # characters too rare for a weight of their own share these bits


@dataclass(frozen=True)
class Concepts:
    """concepts.yaml as read: each concept has one bit."""

    names: tuple[str, ...]
    heads: dict[str, list[tuple[str, int]]]  # first one or two characters → word, its concepts
    slots: dict[str, int]

    def of(self, text: str) -> int:
        """The concepts that a text speaks of, as bits."""
        found, heads = 0, self.heads
        for at, sign in enumerate(text):
            for head in (sign, text[at : at + 2]):
                for word, bits in heads.get(head, ()):
                    if text.startswith(word, at):
                        found |= bits
        return found


def _read(path: Path) -> dict[str, Any]:
    import yaml

    return yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)


@cache
def concepts() -> Concepts:
    names: list[str] = []
    words: dict[str, int] = {}
    slots: dict[str, int] = {}
    for slot, said in _read(_HERE / "concepts.yaml").items():
        for name, listed in said.items():
            bit = 1 << len(names)
            names.append(f"{slot}.{name}")
            slots[slot] = slots.get(slot, 0) | bit
            for word in listed.split():
                words[word] = words.get(word, 0) | bit
    heads: dict[str, list[tuple[str, int]]] = {}
    for word, bits in words.items():
        heads.setdefault(word[:2], []).append((word, bits))
    return Concepts(tuple(names), heads, slots)


@dataclass(frozen=True)
class Scorer:
    """event_weights.yaml as read; weights are inverse document frequencies, by bit."""

    bits: dict[str, int]  # of the characters with a weight of their own
    characters: list[float]
    concepts: list[float]
    intercept: float
    coefficients: dict[str, float]
    threshold: float

    def characters_of(self, words: str) -> int:
        known, found = len(self.bits), 0
        for sign in set(words):
            found |= 1 << self.bits.get(sign, known + ord(sign) % _RARE_BITS)
        return found


@cache
def scorer() -> Scorer:
    said = _read(WEIGHTS)
    signs = [(sign, weight) for weight, listed in said["characters"].items() for sign in listed]
    coefficients = dict(said["coefficients"])
    return Scorer(
        bits={sign: n for n, (sign, _) in enumerate(signs)},
        characters=[weight for _, weight in signs] + [said["rare_character"]] * _RARE_BITS,
        concepts=[said["concepts"].get(name, 0.0) for name in concepts().names],
        intercept=coefficients.pop("intercept"),
        coefficients=coefficients,
        threshold=said["threshold"],
    )


def _sum(bits: int, weights: list[float]) -> float:
    total = 0.0
    while bits:
        lowest = bits & -bits
        total += weights[lowest.bit_length() - 1]
        bits ^= lowest
    return total


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """Read from a text told at local time ``at``; each part only when it is asked for.

    ``words`` are those of :func:`alike.bare`.
    """

    text: str
    words: str
    at: datetime
    unit: str | None
    region: str | None

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
    def characters(self) -> int:
        return scorer().characters_of(self.words)

    @cached_property
    def characters_weight(self) -> float:
        return _sum(self.characters, scorer().characters)

    @cached_property
    def concepts(self) -> int:
        text = self.text
        for own in filter(None, (self.unit, self.region)):
            text = text.replace(own, "\uff0c")
        return concepts().of(text)

    @cached_property
    def concepts_weight(self) -> float:
        return _sum(self.concepts, scorer().concepts)


def differ(a: frozenset, b: frozenset) -> bool:
    """Whether both name something and nothing in common."""
    return bool(a) and bool(b) and a.isdisjoint(b)


def _size(a: float, b: float) -> float:
    """What a shared weight is divided by: the fourth root of both texts' weights.

    Between the absolute weight, which grows with the length of any two texts, and the share of
    it, which sinks with all that only one teller adds.
    """
    return math.sqrt(math.sqrt(a * b)) or 1.0


def features(a: Fingerprint, b: Fingerprint) -> dict[str, float]:
    """What two fingerprints share and where they differ, by the names of the coefficients."""
    known = scorer()
    return _particulars(a, b) | {
        "characters": _sum(a.characters & b.characters, known.characters)
        / _size(a.characters_weight, b.characters_weight)
    }


def _particulars(a: Fingerprint, b: Fingerprint) -> dict[str, float]:
    """All features but the characters, which take longest."""
    shared = a.concepts & b.concepts
    said = {
        "concepts": _sum(shared, scorer().concepts) / _size(a.concepts_weight, b.concepts_weight),
        "day": float(not a.days.isdisjoint(b.days)),
        "sum": float(not a.sums.isdisjoint(b.sums)),
        "other_sum": float(differ(a.sums, b.sums)),
    }
    for slot in PARTED:
        of_slot = concepts().slots[slot]
        parted = not shared & of_slot and a.concepts & of_slot and b.concepts & of_slot
        said[f"other_{slot}"] = float(bool(parted))
    return said


def one_event(a: Fingerprint, b: Fingerprint) -> float:
    """Probability that two complaints of one problem type tell one event; 0 below the threshold."""
    known = scorer()
    logit = known.intercept + sum(
        known.coefficients[name] * value for name, value in _particulars(a, b).items()
    )
    shared = a.characters & b.characters
    factor = known.coefficients["characters"] / _size(a.characters_weight, b.characters_weight)
    least = math.log(known.threshold / (1 - known.threshold))
    # A first look, fast: were all shared characters as rare as can be, would it be enough?
    if logit + factor * shared.bit_count() * known.characters[-1] < least:
        return 0.0
    logit += factor * _sum(shared, known.characters)
    return 1 / (1 + math.exp(-logit)) if logit >= least else 0.0
