"""Personal names in Chinese text.

A name has no mark of its own in Chinese, so only its characters and surroundings make one:

* a fitted model (see namescore) judges every place where one may stand, and doubts less where a
  cue announces it (来电人, 司机, 队长 …) or it goes on a list;
* after a cue, forms that people write: any after a strong one (姓名, 联系人 …), those closed by
  punctuation or a word of reporting, or made of usual characters, after others;
* Tibetan, Uyghur, Mongolian and Yi names by how they begin and end, dotted ones by the dot.

Salutations (王先生, 李师傅), names already hidden (杨某某), words that begin with a surname (高速,
方便) and what is named after a person or looks so (龙腾大厦, 梅溪湖) are no names.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from pipeline.domain.nameforms import (
    ACTS,
    ADDRESSED,
    COMPLETE_NAME,
    COMPOUND,
    END,
    HAN,
    LIKELY_NAME,
    NEVER,
    SURE_NAME,
    TYPICAL_NAME,
    WHOLE_NAME,
    WRITTEN_NAME,
    acts,
)
from pipeline.domain.namescore import SURE, Judged
from pipeline.domain.namewords import (
    COMPOUND_SURNAMES,
    ETHNIC_BEGINNINGS,
    KIND_OF_CUE,
    RARE_SURNAMES,
    SURNAMES,
    THINGS,
    WORDS,
)
from pipeline.domain.text import word_list

_AFTER_CUE = {
    "strong": SURE_NAME,
    "weak": LIKELY_NAME,
    "officer": LIKELY_NAME,
    "verb": WHOLE_NAME,
    "address": ADDRESSED,
}
_BEGINNINGS = "".join(
    sorted({*SURNAMES, *RARE_SURNAMES, *(w[0] for w in (*COMPOUND_SURNAMES, *ETHNIC_BEGINNINGS))})
)


def _one_of(words: Iterable[str]) -> str:
    """Pattern: one of the words, the longest that fits, ends here."""
    lengths: dict[int, list[str]] = {}
    for word in words:
        lengths.setdefault(len(word), []).append(word)
    return "|".join(f"(?<={'|'.join(lengths[n])})" for n in sorted(lengths, reverse=True))


# Few characters end a cue, fewer stand before a surname: so the search looks back from there.
_CUED = (
    f"[{''.join(sorted({cue[-1] for cue in KIND_OF_CUE}))}]"
    '(?=(?P<join>(?:[(（]实名[)）])?(?:分别)?[是为叫系:：，, \u3000(（“"】]{0,4})'
    f"(?:{{beginning}}))(?:{_one_of(KIND_OF_CUE)})"
)
_BEGINNING = (
    f"(?=[{_BEGINNINGS}])(?:(?!来[电看查]|查[到车]|路政|问[清到题过你我他]|从[{SURNAMES}]|(?<=调度)费)[{SURNAMES}{RARE_SURNAMES}][^{NEVER}，。、]"
    f"|{'|'.join((*COMPOUND_SURNAMES, *ETHNIC_BEGINNINGS))})"
)
_CUE = re.compile(_CUED.replace("{beginning}", _BEGINNING))
_CUE_OR_DOT = re.compile(_CUED.replace("{beginning}", f"{_BEGINNING}|[{HAN}]{{1,6}}[·•・‧]"))


def _cue(text: str) -> re.Pattern[str]:
    return _CUE_OR_DOT if _has_dot(text) else _CUE


def _has_dot(text: str) -> bool:
    return "·" in text or "•" in text or "・" in text or "‧" in text


_DOTTED = re.compile(
    f"(?:(?<![{HAN}·•・‧])|(?<=[的是向和与]))(?:{'|'.join(ETHNIC_BEGINNINGS)})[{HAN}]{{0,5}}[·•・‧][{HAN}]{{2,7}}?(?={ACTS}|[和与及在的，。；：、（）,;:()]|$)"
)


_QUOTES = ("“", "”", '"')  # what stands in them may be longer: a shop's or a chat's name
_LONGEST_CUE = max(map(len, KIND_OF_CUE))
# Between two names of a list: a remark, a telephone, a conjunction, a role.
_BETWEEN = re.compile(
    "(?:先生|女士|同志)?(?:[(（][^()（）\n]{0,24}[)）])?[:： ]?(?:[0-9*+][0-9*\\- ]{5,16}[0-9])?"
    "(?:[、,，;；/ ]{1,2}|和|与|及|以及|还有|跟)(?:及|和|与|司机|押运员?|车主)?"
)

_TITLES = word_list("队长 站长 所长 科长 处长 局长 教练 警官")
_OFFICE = re.compile(f"[大中支副]{{0,2}}(?:{'|'.join(_TITLES)})")
_OPENING = re.compile(
    f"(?:【[^】\n]{{0,12}}】)?(?P<names>{TYPICAL_NAME}(?:[、和]{TYPICAL_NAME}){{0,5}}"
    f"|(?:{'|'.join(ETHNIC_BEGINNINGS)})[{HAN}]{{0,4}}?)(?:女士|先生|同志)?"
    "(?=来电|来信|来访|反映|投诉|举报|致电|咨询|求助|等.{0,2}人)"
)
_PLACE_ENDS = "湖路街桥镇村塘坪冲岭洲湾岛寺"

_OPENERS = frozenset(_BEGINNINGS + "【")
_LISTED = re.compile(WRITTEN_NAME)


@dataclass(frozen=True, slots=True)
class Name:
    """A name in clear at ``start:end``; ``is_officer`` where an office announces it."""

    start: int
    end: int
    is_officer: bool = False
    is_sure: bool = False  # though it may be a word as well: 来电人黄河反映


_ETHNIC = frozenset(ETHNIC_BEGINNINGS)
_THING = re.compile(f"{'|'.join(THINGS)}|(?<![{HAN}].)[市县区镇乡]")
_HOW_MUCH = tuple("高大重贵长小宽多")  # 成本高
_SIDES = tuple("校院厂司警店资甲乙双对我官军主")  # 校方, 甲方
_CLOSE = re.compile(f"{END}|[和与及]")
_AND_COMPOUND = re.compile(f"[和与](?:{COMPOUND})")


def mask(name: str) -> str:
    """``王建国`` → ``王某``, ``欧阳锋`` → ``欧阳某``."""
    name = name.replace(" ", "")
    return f"{name[:2] if name[:2] in COMPOUND_SURNAMES and len(name) > 2 else name[0]}某"


def find_people(text: str) -> list[Name]:
    """Names in clear, in order."""
    judged = Judged(text)
    announced, likely = _announced(text, judged), judged.names()
    return _people(text, announced, likely) if announced or likely else []


def _announced(text: str, judged: Judged) -> list[Name]:
    people = _after_cues(text, judged)
    if text[:1] in _OPENERS and (match := _OPENING.match(text)):
        people += _all_in(text, *match.span("names")) or [Name(*match.span("names"))]
    if _has_dot(text):
        people += [Name(*match.span()) for match in _DOTTED.finditer(text)]
    return people


def _people(text: str, people: list[Name], likely: Iterable[tuple[int, int]]) -> list[Name]:
    """Of names that overlap one: that of the model (``likely``), which knows best where it ends;
    of the others the first."""
    kept = [Name(*span) for span in likely if not _is_amid_ethnic(text, span[0])]
    officers = {person.start for person in people if person.is_officer}
    for found in people:
        is_long = text[found.end - 1] in "和与" and _AND_COMPOUND.match(text, found.end - 1)
        person = replace(found, end=found.end - 1) if is_long else found  # 尉迟海和慕容燕
        if (
            not any(person.start < other.end and other.start < person.end for other in kept)
            and (person.is_sure or not _is_word(text, person.start, person.end))
            and not _is_amid_ethnic(text, person.start)
        ):
            kept.append(person)
    return [
        replace(
            person, is_officer=person.start in officers or bool(_OFFICE.match(text, person.end))
        )
        for person in sorted(kept, key=lambda person: person.start)
    ]


def _is_amid_ethnic(text: str, start: int) -> bool:
    """桑 in 格桑卓玛 is no surname."""
    return any(text[max(0, start - back) : start - back + 2] in _ETHNIC for back in (1, 2))


def _is_word(text: str, start: int, end: int) -> bool:
    """``孙子`` is one, ``孙子轩，`` is none; in 高明确表示 the second word is one.

    So is what begins a longer name of a place or a firm: 龙腾大厦, 梅溪湖.
    """
    complete = COMPLETE_NAME.match(text, start)
    if text[start] == "方" and text[start - 1 : start] in _SIDES and not complete:
        return True
    if _THING.match(text, end) or (
        text[end - 1] in _PLACE_ENDS and end - start > 2 and not _CLOSE.match(text, end)
    ):
        return True
    if text[start : start + 2] in WORDS and text[start + 2 : end] in _HOW_MUCH:
        return True
    if text[start : start + 2] not in WORDS and text[start + 1 : end] not in WORDS:
        return False
    return complete is None or complete.end() != end


def _after_cues(text: str, judged: Judged) -> list[Name]:
    people: list[Name] = []
    cues = _cue(text)
    if not cues.search(text):  # far cheaper than an iterator that ends at once
        return people
    for cue in cues.finditer(text):
        before = text[max(0, cue.end() - _LONGEST_CUE) : cue.end()]
        kind = next(k for at in range(len(before)) if (k := KIND_OF_CUE.get(before[at:])))
        match = _AFTER_CUE[kind].match(text, cue.end("join"))
        span = match.span() if match and not _is_word(text, *match.span()) else None
        span = span or _likely(judged, cue.end("join"))
        if span and cue["join"].endswith(_QUOTES) and text[span[1] : span[1] + 1] not in _QUOTES:
            continue
        while span:
            is_sure = kind == "strong" and acts(text, span[1]) is not None
            people.append(Name(*span, kind == "officer", is_sure))
            between = _BETWEEN.match(text, span[1])
            span = between and _next_in_list(text, between.end(), judged)
    return people


def _next_in_list(text: str, start: int, judged: Judged) -> tuple[int, int] | None:
    match = LIKELY_NAME.match(text, start)
    if match and not _is_word(text, *match.span()):
        return match.span()
    return _likely(judged, start)


def _likely(judged: Judged, start: int) -> tuple[int, int] | None:
    end = judged.announced(start)
    return (start, end) if end else None


def _all_in(text: str, start: int, end: int) -> list[Name]:
    return [Name(*match.span()) for match in _LISTED.finditer(text, start, end)]


def find_names(text: str) -> list[tuple[int, int]]:
    """Spans of the names that something announces or of which there is hardly a doubt: a report's
    own words are not doubted lightly."""
    judged = Judged(text)
    people = _people(text, _announced(text, judged), judged.names(SURE))
    return [(person.start, person.end) for person in people]


def replace_names(text: str, known: Iterable[str]) -> str:
    """The text with each of the names masked wherever it stands."""
    for name in sorted(known, key=len, reverse=True):
        if name in text:
            text = text.replace(name, mask(name))
    return text
