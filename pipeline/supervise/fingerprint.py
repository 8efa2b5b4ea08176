"""Whether two complaints of different callers tell one event: its fingerprint, and a small scorer.

A fingerprint is what another teller of the event would name too, in whatever words: its concepts
(concepts.yaml: 昨晚, 半夜 and 深夜 are one), its characters, the day, sums. A logistic regression
over what two fingerprints share and where they differ says how likely they tell one event.
event_weights.yaml holds what :mod:`pipeline.makers.event_weights` fitted; docs/linking.md says how
well it does.
"""

import math
import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from pipeline.supervise import alike

_HERE = Path(__file__).parent
WEIGHTS = _HERE / "event_weights.yaml"
OTHER = "other_"
"""Before the name of a slot: both texts name something of it, and nothing in common."""

_ROAD = re.compile("(?<![A-Za-z])[GSXY](\\d{2,4})(?!\\d)|(\\d{3})(?=[国省县]道)|[国省县]道(\\d{3})")
_PLATE = re.compile("[\u4e00-\u9fff][A-Z]·?\\*+\\w{1,2}")  # as masked: 赣E·***88
_PLACE = re.compile(
    "(?=([\u4e00-\u9fff]{2})(?:收费站|检测[站点]|超限站|治超站|服务区|汽车站|客运站|火车站|高铁站|路口|桥头"
    "|大桥|立交|高架|隧道|码头|渡口|船闸|加油站|停车场|物流园|[市广]场|医院|机场|工地|矿区|煤场|[砂砖水泥化肥]+厂"
    "|小区|训练场|景区|大道|环路|[东西南北]站|[东西南北]路|渡(?!口)|环岛|转盘|大街|驾校|(?:冷链|物流|运输|客运|货运|出租|旅游|建材)?公司|桥|[村镇庄屯沟坳坡岭湾]|站|港|闸))"
)
# Words of a sentence that no name of a place runs across, and kinds that are no names.
_NO_NAME = re.compile(
    "[在到从经过往去了被的至把向于某此同各一每处将我他其进出上下不有没让要来前开个条次映因称说和与县市区是名拟对等号]|[一二两三四五六七八九十几多]家|车[东西南北]|口船"
    "|物流|运输|客运|货运|出租|旅游|检测|超限|治超|收费|加油|火车|汽车|高速|汽修|驾驶|执法|停车|搅拌|交通|公交|[燃加]气|续|车站|检查|性能|枢纽|码头|化工|劳务|粮油|保险|科技|商贸|冷链|建材"
)

_CIRCUMSTANCES = ("trade", "person", "where", "hour", "frequency")
"""Slots that say who, where and when; the others say what was done."""
_MOST_DIGITS = 3
_RARE_BITS = 64  # characters too rare for a weight of their own share these bits


@dataclass(frozen=True)
class Concepts:
    """concepts.yaml as read: each concept has one bit."""

    names: tuple[str, ...]
    heads: dict[str, list[tuple[str, int]]]  # first two characters → word, its concepts
    signs: dict[str, int]  # words of one character
    slots: dict[str, int]

    @cached_property
    def deeds(self) -> int:
        """The concepts of what was done."""
        return sum(bits for slot, bits in self.slots.items() if slot not in _CIRCUMSTANCES)

    def of(self, text: str) -> int:
        """The concepts that a text speaks of, as bits."""
        found = 0
        for head in {a + b for a, b in pairwise(text)}:
            for word, bits in self.heads.get(head, ()):
                if len(word) == 2 or word in text:
                    found |= bits
        for sign in set(text):
            found |= self.signs.get(sign, 0)
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
        if len(word) > 1:
            heads.setdefault(word[:2], []).append((word, bits))
    signs = {word: bits for word, bits in words.items() if len(word) == 1}
    return Concepts(tuple(names), heads, signs, slots)


@dataclass(frozen=True)
class Scorer:
    """event_weights.yaml as read; weights are inverse document frequencies, by bit."""

    signs: dict[str, int]  # known characters → their bit; 0 for one that is in every text
    characters: list[float]
    concepts: list[float]
    intercept: float
    coefficients: dict[str, float]
    threshold: float

    def characters_of(self, words: str) -> int:
        """The characters of the words that weigh something, as bits."""
        found, known, rare = 0, self.signs, len(self.characters) - _RARE_BITS
        for sign in set(words):
            bit = known.get(sign)
            found |= 1 << rare + ord(sign) % _RARE_BITS if bit is None else bit
        return found

    @cached_property
    def least(self) -> float:
        """The logit of the threshold."""
        return math.log(self.threshold / (1 - self.threshold))

    @cached_property
    def most_agreed(self) -> float:
        """The logit where days and places agree and no weight or sum is shared."""
        return self.intercept + sum(self.coefficients[name] for name in ("day", "place"))


@cache
def scorer() -> Scorer:
    said = _read(WEIGHTS)
    weights = said["characters"]
    signs = [(sign, weight) for weight, listed in weights.items() if weight for sign in listed]
    coefficients = dict(said["coefficients"])
    return Scorer(
        signs=dict.fromkeys(weights.get(0.0, ""), 0)
        | {sign: 1 << n for n, (sign, _) in enumerate(signs)},
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
    def days(self) -> frozenset[date]:
        return alike.event_dates(self.text, self.at)

    @cached_property
    def sums(self) -> frozenset[int]:
        return alike.amounts(self.text)

    @cached_property
    def places(self) -> frozenset[str]:
        """Names of places, schools and firms, by the two characters before their kind."""
        text, named = self.text, f"{self.unit}{self.region}"
        for own in filter(None, (self.unit, self.region)):
            text = text.replace(own, "\uff0c")
        return frozenset(
            name for name in _PLACE.findall(text) if not _NO_NAME.search(name) and name not in named
        )

    @cached_property
    def marks(self) -> frozenset[str]:
        """Road numbers and masked plates."""
        roads = {a or b or c for a, b, c in _ROAD.findall(self.text)}
        return frozenset(roads | set(_PLATE.findall(self.text)))

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


def differ(a: frozenset | int, b: frozenset | int) -> bool:
    """Whether both name something and nothing in common; sets, or concepts as bits."""
    return bool(a) and bool(b) and not a & b


def _size(a: float, b: float) -> float:
    """What a shared weight is divided by: the fourth root of both texts' weights.

    Between the absolute weight, which grows with the length of any two texts, and the share of
    it, which sinks with all that only one teller adds.
    """
    return math.sqrt(math.sqrt(a * b)) or 1.0


def share(a: Fingerprint, b: Fingerprint) -> float:
    """How much of the text that says less stands in the other too, by rarity, 0–1."""
    known = scorer()
    common = _sum(a.concepts & b.concepts, known.concepts)
    common += _sum(a.characters & b.characters, known.characters)
    least = min(one.concepts_weight + one.characters_weight for one in (a, b))
    return common / least if least else 0.0


def _digits(amount: int) -> int:
    """Digits before the zeros: many are fined 两千, and one paid 4260."""
    return min(_MOST_DIGITS, len(str(amount).rstrip("0")))


def features(a: Fingerprint, b: Fingerprint) -> dict[str, float]:
    """What two fingerprints share and where they differ, by the names of the coefficients."""
    known, deeds = scorer(), concepts().deeds
    shared = a.concepts & b.concepts
    said = {
        "concepts": _sum(shared, known.concepts) / _size(a.concepts_weight, b.concepts_weight),
        "characters": _sum(a.characters & b.characters, known.characters)
        / _size(a.characters_weight, b.characters_weight),
        "day": float(not a.days.isdisjoint(b.days)),
        "sum": max(map(_digits, a.sums & b.sums), default=0) / _MOST_DIGITS,
        "place": float(not (a.places.isdisjoint(b.places) and a.marks.isdisjoint(b.marks))),
        OTHER + "sum": float(differ(a.sums, b.sums)),
        OTHER + "place": float(differ(a.places, b.places)),
        OTHER + "deed": float(differ(a.concepts & deeds, b.concepts & deeds)),
    }
    for name, of_slot in concepts().slots.items():
        said[OTHER + name] = float(differ(a.concepts & of_slot, b.concepts & of_slot))
    return said


def apart(a: Fingerprint, b: Fingerprint) -> bool:
    """Whether two texts name different days."""
    return differ(a.days, b.days)


def contradict(a: Fingerprint, b: Fingerprint) -> bool:
    """Whether two texts name different days, deeds, places, sums, or things of one slot."""
    said = features(a, b)
    return apart(a, b) or any(value for name, value in said.items() if name.startswith(OTHER))


def one_event(a: Fingerprint, b: Fingerprint) -> float:
    """Probability that two complaints of one problem type tell one event; 0 below the threshold."""
    known = scorer()
    if apart(a, b) or not _may_be(a, b, known):
        return 0.0
    logit = known.intercept + sum(
        known.coefficients[name] * value for name, value in features(a, b).items()
    )
    return 1 / (1 + math.exp(-logit)) if logit >= known.least else 0.0


def _may_be(a: Fingerprint, b: Fingerprint, known: Scorer) -> bool:
    """A first look, fast: would it be enough, were all other than the shared weights to agree?"""
    most, common = known.most_agreed, a.concepts & b.concepts
    if not a.sums.isdisjoint(b.sums):
        most += known.coefficients["sum"]
    if common:
        weight = known.coefficients["concepts"] * _sum(common, known.concepts)
        most += weight / _size(a.concepts_weight, b.concepts_weight)
    shared = a.characters & b.characters
    each = known.coefficients["characters"] / _size(a.characters_weight, b.characters_weight)
    # Faster still: were all shared characters as rare as can be?
    if most + each * shared.bit_count() * known.characters[-1] < known.least:
        return False
    return most + each * _sum(shared, known.characters) >= known.least
