"""Which characters are a person's name: a fitted model of them and of what stands around them.

Every surname with one or two characters after it may be a name. Two looks: a cheap one at the
surname, the character after it and their neighbours leaves one place in sixty; there a small neural
network judges, from the characters of a window and from what the dictionary says of them. Both are
fitted by ``pipeline.makers.name_model`` to tickets written and marked for it (models/names).
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from pipeline.domain.namestatistics import (
    COMPOUND,
    MOSTLY_WORDS,
    PLACES,
    RARE,
    SELDOM,
    kinds,
    tables,
)
from pipeline.domain.namewords import (
    COMPOUND_SURNAMES,
    ETHNIC_BEGINNINGS,
    GIVEN,
    RARE_SURNAMES,
    SALUTATIONS,
    SELDOM_SURNAMES,
    SURNAMES,
    THINGS,
    WORDS,
)

MODEL = Path(__file__).with_name("name_model.npz")
THRESHOLD, ANNOUNCED_THRESHOLD, SURE = 0.5, -0.5, 3.0
"""Log odds from which on a candidate is a name: where nothing announces it, where a cue does; and
where there is hardly a doubt."""
SIDE = 8  # characters of the window on either side of a name
SLOTS = 2 * SIDE + 4
_BEFORE, _AFTER, _NONE = "\x02", "\x03", "\x01"  # beyond the text; no second character
_UNKNOWN = 24  # bits of a character that is no word
_HAN = "\u4e00-\u9fff"
_COMPOUNDS = frozenset(COMPOUND_SURNAMES)
_SINGLE = frozenset(SURNAMES + RARE_SURNAMES + SELDOM_SURNAMES)
_GIVEN = frozenset(GIVEN)
_ENDS_A_NAME = "的了某"
_NAME_SITE = re.compile(
    f"[{''.join(sorted({*_SINGLE, *(n[0] for n in COMPOUND_SURNAMES)}))}]"
    f"(?=[{_HAN}])(?![{_ENDS_A_NAME}])"
)

Candidate = tuple[int, int, int]
"""Start of a name, characters of its surname, and of its given name."""


# --- candidates -------------------------------------------------------------------------------


def sites(text: str) -> Iterator[int]:
    """Where a surname stands before a character."""
    return (site.start() for site in _NAME_SITE.finditer(text))


def candidates(text: str, start: int) -> list[Candidate]:
    """The names that may begin at ``start``."""
    surname = 2 if text[start : start + 2] in _COMPOUNDS else 1
    if surname == 1 and text[start : start + 1] not in _SINGLE:
        return []
    found = []
    for given in (1, 2):
        new = text[start + surname + given - 1 : start + surname + given]
        if not "一" <= new <= "鿿" or new in _ENDS_A_NAME:
            break
        found.append((start, surname, given))
    return found


# --- what is told of a candidate --------------------------------------------------------------


def window(text: str, start: int, surname: int, given: int) -> str:
    """SLOTS characters: those before the name, the name as two and two, those after it."""
    end = start + surname + given
    return (
        text[max(0, start - SIDE) : start].rjust(SIDE, _BEFORE)
        + text[start : start + surname].ljust(2, _NONE)
        + text[start + surname : end].ljust(2, _NONE)
        + text[end : end + SIDE].ljust(SIDE, _AFTER)
    )


def features(text: str, start: int, surname: int, given: int) -> list[str]:
    """What the dictionary says of a candidate: how likely its characters are in a name and in
    words (bits, in bins), and which words touch or cross its edges."""
    end = start + surname + given
    found = [*_of_characters(text[start:end], surname)]
    if "一" <= text[start - 1 : start] <= "鿿":
        crossing = max(
            _joined(text, start - 1, start + surname),
            _joined(text, start - 2, start + 1),
            _joined(text, start - 1, start + surname + 1),
        )
        if crossing:
            found.append(_binned("crosses_left", crossing))
        found.append(f"{_kind_of_word(text, start - 2, start)}_before")
    if "一" <= text[end : end + 1] <= "鿿":
        if crossing := max(_joined(text, end - 1, end + 1), _joined(text, end - 1, end + 2)):
            found.append(_binned("crosses_right", crossing))
        found.append(f"{_kind_of_word(text, end, end + 2)}_after")
    return found


_BIN = 3  # bits that weigh alike


def _binned(name: str, bits: int) -> str:
    return f"{name}:{max(-12, min(24, bits)) // _BIN}"


def _joined(text: str, start: int, end: int) -> int:
    """Bits saved where these characters are one word rather than words of one character."""
    words = tables()[3]
    if start < 0 or (word := words.get(text[start:end])) is None or end > len(text):
        return 0
    return max(0, sum(words.get(c, _UNKNOWN) for c in text[start:end]) - word)


@lru_cache(maxsize=1 << 14)
def _of_characters(name: str, surname: int) -> tuple[str, ...]:
    surnames, first, last, words = tables()
    family, final, given = name[:surname], name[-1], len(name) - surname
    cost = surnames.get(family, RARE) if surname == 1 else COMPOUND
    bits = {"surname": min(words.get(family, _UNKNOWN), 20) - cost}
    if given == 1:
        bits["only"] = min(words.get(final, _UNKNOWN), 20) - last.get(final, RARE)
    else:
        bits["first"] = min(words.get(name[-2], _UNKNOWN), 20) - first.get(name[-2], RARE)
        bits["last"] = min(words.get(final, _UNKNOWN), 20) - last.get(final, RARE)
        bits["given_word"] = _joined(name, surname, len(name))
        bits["whole_word"] = _joined(name, 0, len(name))
    bits["begins_word"] = _joined(name, 0, surname + 1)
    told = {
        "short": given == 1,
        "word_begins": name[: surname + 1] in WORDS,
        "mostly_word": family in MOSTLY_WORDS,
        "seldom": any(c in SELDOM for c in name[surname:]),
        "untypical": not _GIVEN.issuperset(name[surname:]),
        "place": final in PLACES,
    }
    return (
        *(_binned(feature, worth) for feature, worth in bits.items() if worth),
        *(feature for feature, is_so in told.items() if is_so),
    )


def _kind_of_word(text: str, start: int, end: int) -> str:
    """verb, noun or other, where two characters are a word; no where they are none."""
    if start < 0 or _joined(text, start, end) < _BIN:
        return "no"
    word, (verbs, others) = text[start:end], kinds()
    return "verb" if word in verbs else "other" if word in others else "noun"


# --- the model --------------------------------------------------------------------------------


class _Network(NamedTuple):
    characters: dict[str, int]  # character → its row in each slot
    features: dict[str, int]  # feature → its row behind the slots
    rows: "np.ndarray"  # what each adds to the hidden layer, and in the last column to the odds  # noqa: F821
    bias: "np.ndarray"  # noqa: F821
    out: "np.ndarray"  # noqa: F821
    out_bias: float


@cache
def _network() -> _Network:
    """Several small networks side by side, whose odds are averaged."""
    import numpy as np

    told = dict(np.load(MODEL))
    characters = {c: i for i, c in enumerate(str(told["characters"]))}
    names = str(told["feature_names"]).split()
    count, width = told["bias"].shape
    embedded = told["embedding"].astype(np.float32)
    slots = told["slots"].astype(np.float32).reshape(count, SLOTS, -1, width)
    first = SLOTS * len(characters)
    rows = np.zeros((first + len(names) + 1, count * width + 1), np.float32)
    for i in range(count):
        columns = slice(i * width, (i + 1) * width)
        rows[:first, columns] = (embedded[i] @ slots[i]).reshape(first, width)
        rows[first:-1, columns] = told["features"][i]
    rows[first:-1, -1] = told["linear"]
    return _Network(
        characters=characters,
        features={name: first + i for i, name in enumerate(names)},
        rows=rows,
        bias=told["bias"].ravel(),
        out=told["out"].ravel(),
        out_bias=float(told["out_bias"]),
    )


def score(text: str, found: Sequence[Candidate]) -> list[float]:
    """Log odds of each candidate that it is a person's name."""
    net = _network()
    width, unknown, nothing = len(net.characters), net.characters[UNKNOWN], len(net.rows) - 1
    told = []
    for candidate in found:
        slots = enumerate(window(text, *candidate))
        at = [slot * width + net.characters.get(c, unknown) for slot, c in slots]
        at += [net.features.get(name, nothing) for name in features(text, *candidate)]
        told.append(at + [nothing] * (_MOST_TOLD - len(at)))
    summed = net.rows.take(told, axis=0).sum(axis=1)
    hidden = (summed[:, :-1] + net.bias).clip(0)
    return (hidden @ net.out + summed[:, -1] + net.out_bias).tolist()


_MOST_TOLD = SLOTS + 16  # characters and features of a candidate
UNKNOWN = "\x00"
"""Stands in the model for a character that it does not know."""


# --- the cheap look ---------------------------------------------------------------------------

AT_ONCE = ("pair", "surname", "pair_bits", "before")
IN_SECOND = ("third", "middle", "after", "across", "two_before")


def look_of(text: str, start: int) -> dict[str, str]:
    """What the cheap look sees at ``start``: first the parts AT_ONCE, then those IN_SECOND."""
    pair, before = text[start : start + 2], text[max(0, start - 1) : start]
    at_once = (pair, pair[:1], _pair_bits(pair), before)
    return dict(zip(AT_ONCE + IN_SECOND, at_once + _in_second(text, start), strict=True))


def _in_second(text: str, start: int) -> tuple[str, ...]:
    return (
        text[start + 2 : start + 3],
        text[start + 1 : start + 3],
        text[start + 2 : start + 4],
        text[max(0, start - 1) : start + 1],
        text[max(0, start - 2) : start],
    )


def _pair_bits(pair: str) -> str:
    """By how much a surname and the character after it are likelier in a name than as words."""
    if pair in _COMPOUNDS:
        return "compound"
    surnames, first, last, words = tables()
    given = min(first.get(pair[1:], RARE), last.get(pair[1:], RARE) + 2)
    apart = sum(words.get(c, _UNKNOWN) for c in pair)
    told = min(apart, words.get(pair, 99)) - surnames.get(pair[0], RARE) - given
    return str(max(-12, min(12, told)) // 2)


_LESS_IF_ANNOUNCED = 2.0


class _Look:
    """The cheap look's weights: of each part, by what stands there."""

    def __init__(self) -> None:
        import numpy as np

        told = np.load(MODEL)
        weights = {
            part: dict(zip(told[f"{part}_keys"].tolist(), told[part].tolist(), strict=True))
            for part in (*AT_ONCE, *IN_SECOND)
        }
        *self._of_pair, self._before = (weights[part] for part in AT_ONCE)
        self._in_second = [weights[part] for part in IN_SECOND]
        self._begins: dict[str, float] = {}
        self._least_at_once, self._least = told["least"].tolist()

    def sites(self, text: str) -> Iterator[int]:
        """Where a name may well begin."""
        begins, before, least = self._begins, self._before, self._least_at_once
        for site in _NAME_SITE.finditer(text):
            start = site.start()
            pair = text[start : start + 2]
            worth = begins.get(pair)
            if worth is None:
                worth = self._learn(pair)
            worth += before.get(text[start - 1 : start], 0.0)
            if worth >= least and worth + self._more(text, start) >= self._least:
                yield start

    def may_begin(self, text: str, start: int) -> bool:
        """Whether a name may begin at ``start``, where something announces it."""
        pair, before = text[start : start + 2], text[start - 1 : start]
        worth = self._begins.get(pair) or self._learn(pair)
        worth += self._before.get(before, 0.0) + self._more(text, start)
        return worth >= self._least - _LESS_IF_ANNOUNCED

    def _learn(self, pair: str) -> float:
        keys = pair, pair[0], _pair_bits(pair)
        told = sum(w.get(key, 0.0) for w, key in zip(self._of_pair, keys, strict=True))
        if len(self._begins) < 1 << 16:
            self._begins[pair] = told
        return told

    def _more(self, text: str, start: int) -> float:
        told = zip(self._in_second, _in_second(text, start), strict=True)
        return sum([weights.get(key, 0.0) for weights, key in told])


_look = cache(_Look)


# --- names ------------------------------------------------------------------------------------

_NO_BEGINNING = frozenset(ETHNIC_BEGINNINGS)
_NO_LAST = "镇村乡县街性感率"  # 官庄镇, 严肃性
_PHRASES = frozenset(("于凌晨", "于情", "于理"))
_salutation = re.compile("|".join(SALUTATIONS)).match
_thing = re.compile("|".join(THINGS)).match


class Judged:
    """What the model finds of one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        found = [
            candidate
            for start in _look().sites(text)
            if text[start : start + 2] not in _NO_BEGINNING
            for candidate in self._candidates(start)
        ]
        self._odds = self._judge(found)

    def names(self, least: float = THRESHOLD) -> list[tuple[int, int]]:
        """Spans that are likely to be names, whatever announces them, in order; of those that
        overlap the likeliest."""
        kept: list[tuple[int, int]] = []
        for odds, (start, surname, given) in sorted(self._odds, reverse=True):
            end = start + surname + given
            if odds >= least and all(end <= first or start >= last for first, last in kept):
                kept.append((start, end))
        return sorted(kept)

    def announced(self, start: int) -> int | None:
        """End of the likeliest name at ``start``, where something announces it; None for none."""
        told = [entry for entry in self._odds if entry[1][0] == start]
        if not told and (found := self._candidates(start)):
            told = self._judge(found) if _look().may_begin(self._text, start) else []
        odds, found = max(told, default=(ANNOUNCED_THRESHOLD - 1, None))
        return sum(found) if odds >= ANNOUNCED_THRESHOLD else None

    def _judge(self, found: Sequence[Candidate]) -> list[tuple[float, Candidate]]:
        return list(zip(score(self._text, found), found, strict=True)) if found else []

    def _candidates(self, start: int) -> list[Candidate]:
        return [
            (start, surname, given)
            for start, surname, given in candidates(self._text, start)
            if not _salutation(self._text, start + surname)
            and not _thing(self._text, start + surname + given)
            and not (given == 2 and self._text[start + surname + 1] in _NO_LAST)
            and self._text[start : start + surname + given] not in _PHRASES
        ]
