"""Personal names in Chinese text: after words that announce them, before titles, in signatures.

A name has no mark of its own in Chinese, so only its surroundings make one:

* after a strong cue (姓名, 联系人, 来电人 …) a surname and one or two characters;
* after a weak cue (司机, 市民, 队长 …), which is mostly followed by a verb, only where punctuation
  or a word of reporting closes it, or the characters are those of which names are made;
* before a telephone number, 先生, 男, 书记, 身份证 or 来电反映, and in signatures;
* in a list of three or more, or of two whom 等人 or 二人 counts.

Where a name stands, others may follow it in a list. Salutations (王先生, 李师傅), names already
hidden (杨某某), words that begin with a surname (高速, 方便) and what is named after a person or
looks so (龙腾大厦, 梅溪湖) are no names.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pipeline.domain.likelihood import ACTS, SALUTATION, acts, name_in_context
from pipeline.domain.nameforms import (
    ADDRESSED,
    CLOSED,
    COMPLETE_NAME,
    COMPOUND,
    END,
    HAN,
    LIKELY_NAME,
    NEVER,
    SURE_NAME,
    SURNAME,
    TYPICAL,
    TYPICAL_NAME,
    VERBAL,
    WHOLE_NAME,
    WRITTEN_NAME,
)
from pipeline.domain.nameframes import beside_in_list, find_framed
from pipeline.domain.namescore import find_likely, likely_end
from pipeline.domain.namewords import (
    COMPOUND_SURNAMES,
    ETHNIC_BEGINNINGS,
    GIVEN,
    KIN,
    KIND_OF_CUE,
    RANKS,
    RARE_SURNAMES,
    SURNAMES,
    THINGS,
    WORDS,
)
from pipeline.domain.text import word_list

_ANY_SURNAME = re.compile(f"{SURNAME}|(?!.(?:{SALUTATION}))[{RARE_SURNAMES}]")
_LEAST_BITS = {"strong": 0, "weak": 7, "officer": 7, "verb": 12, "address": 4}
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
_PHONE = "1[3-9][0-9][0-9*\\- ]{7}"
_ID_NUMBER = "[1-8][0-9]{5}(?=[12*][0-9*]{4})"
_ENDS = f"[{SURNAMES}{''.join(name[-1] for name in COMPOUND_SURNAMES)}]"  # of a surname


def _following(words: Iterable[str], between: str = "") -> str:
    """Pattern: one of the words, behind the last character of a given name or one of ``between``.

    Whether a whole name stands there is left to :data:`_NAME_BEFORE`: these patterns would take
    a second to compile if each word asked for it.
    """
    rests: dict[str, list[str]] = {}  # by the first character: so a search tries few alternatives
    for word in words:
        rests.setdefault(word[0], []).append(word[1:])
    return "|".join(
        f"{first}(?<=[{GIVEN}{between}]{first})(?:{'|'.join(rest)})"
        for first, rest in rests.items()
    )


def _name_form(between: str = "") -> re.Pattern:
    """What has the form of a name, and one of the characters ``between`` at most, to the end."""
    return re.compile(f"{_ENDS}{TYPICAL}{{1,2}}{f'[{between}]?' if between else ''}\\Z")


_CALLED = word_list("先生 女士 同志 所有 名下 您好")
_AFTER_NAME = [_following(_CALLED)]
_OFFICES = "|".join(f"{word}(?<=[{GIVEN}大中支副]{word})" for word in _TITLES)
_RANKS = "|".join(
    [
        _following(RANKS, "副"),
        _following(KIN, "的"),
        _following(["取得联系"]),
        f"{_following(['等'])}(?=人|[0-9一二两三四五六七八九十多数余]{{1,3}}[人户名位])",
    ]
)
_SEX = f"男(?<=[，,(（ ].)(?![{HAN}])|女(?<=[，,(（ ].)(?![{HAN}])"
_GAP = "，,(（ \n"  # between a name and what belongs to him
_ID_WORDS = word_list("身份证 联系电话 联系方式 电话 手机")
_ID = _following(_ID_WORDS, _GAP)
_NAME_BEFORE = {
    **dict.fromkeys((*_CALLED, "取得联系", "等"), _name_form()),
    **dict.fromkeys(RANKS, _name_form("副")),
    **dict.fromkeys(KIN, _name_form("的")),
    **dict.fromkeys(_ID_WORDS, _name_form(_GAP)),
}
# No groups: so the search skips to the characters with which an alternative begins.
_NEIGHBOUR = re.compile("|".join([*_AFTER_NAME, _OFFICES, _RANKS, _ID, _SEX, _PHONE, _ID_NUMBER]))
_BEFORE = re.compile(
    f"(?P<name>{TYPICAL_NAME})(?<![大中支副])(?:的|副?[大中支]?"
    "|[，,:：(（ \n]{0,2}(?:联系)?(?:电话|手机号?|[Tt]el)?[:： \n]{0,2}(?:\\+?86[ -]?)?)$"
)
_LONGEST_FORM = 4  # characters
_FAR = 14  # characters from the beginning of a name to its neighbour
# Left of a name that only its neighbour tells: no other word, but for an office or a preposition.
_LEFT = re.compile(
    f"^$|[^{HAN}]|[局队站所处科的村会院厂司室部委员导给由长师找对跟经求助托户是友人与有谢学到像如组]"
)
_LEFT_OF = dict.fromkeys((*_TITLES, *RANKS, *KIN, *_ID_WORDS, "等", "取得联系"), _LEFT)
# 向王女士: the verb belongs to no name.
_TOWARDS = re.compile(f"[{VERBAL}](?!{COMPOUND})[{SURNAMES}]$")
_OPENING = re.compile(
    f"(?:【[^】\n]{{0,12}}】)?(?P<names>{TYPICAL_NAME}(?:[、和]{TYPICAL_NAME}){{0,5}}"
    f"|(?:{'|'.join(ETHNIC_BEGINNINGS)})[{HAN}]{{0,4}}?)(?:女士|先生|同志)?"
    "(?=来电|来信|来访|反映|投诉|举报|致电|咨询|求助|等.{0,2}人)"
)
_COUNTED = "(?=等?[0-9一二两三四五六七八九十多数余]{0,3}[人户名位])"
# 黄山、安庆、池州三市: the number belongs to no name.
_ROW_NAME = f"{SURNAME}{TYPICAL}(?:(?![一二三四五六七八九十]+[人户名位市县区省家个地处]){TYPICAL})?"
_LIST = re.compile(f"{_ROW_NAME}(?:、{_ROW_NAME})+")
_AMID_LIST = (
    f"、(?:(?<=[{SURNAMES}]{TYPICAL}、)|(?<=[{SURNAMES}]{TYPICAL}{{2}}、)|(?<=某、))"
    f"(?=[{SURNAMES}]{TYPICAL})"
)
_PLACE_ENDS = "湖路街桥镇村塘坪冲岭洲湾岛寺"

_OPENERS = frozenset(_BEGINNINGS + "【")
_DATE = "[0-9]{4}[年./\\-][0-9年月./\\- ]{2,8}日?"
_SIGNATURE = re.compile(
    f"(?:\n|——|--|此致|敬礼|敬上|[。！](?={TYPICAL_NAME} ?{_DATE})|{_DATE}(?= ?[{_BEGINNINGS}]))"
    "[ \u3000!！,，。\n]{0,8}"
    f"(?:[{HAN}]{{2,6}}[:：\n]|[{HAN}]{{0,4}}(?:司机|群众|市民|人))?[ \u3000]{{0,8}}"
    f"(?P<names>{WRITTEN_NAME}(?:[、, \u3000]{{1,3}}{WRITTEN_NAME}){{0,5}})"
    f" ?(?:敬上|拜上|谢上|上|呈)?[ 。]{{0,2}}(?:\n? ?{_DATE})?"
    "(?:\n?(?:电话|手机|联系电话)?[:： ]?[0-9*\\- ]{11,16})?$"
)
_SIGNATURE_REACH = 60
_CLOSINGS = [
    *word_list("此致 敬礼 敬上 —— --"),
    f"\n(?=.{{0,12}}[{_BEGINNINGS}].{{0,16}}(?:\n.{{0,24}}){{0,12}}\\Z)",
    "年(?=[0-9]{1,2}月[0-9]{1,2}日.{0,6}\\Z)",
]
_CLOSING = re.compile("|".join(_CLOSINGS))
_LISTED = re.compile(WRITTEN_NAME)
_SIGNED_LINE = re.compile(
    f"[ ;；]*(?:[^:：\n]{{2,16}}[:：] ?)?(?P<names>{SURNAME} ?(?:{TYPICAL}|{CLOSED}{TYPICAL}"
    f"|{TYPICAL}{CLOSED})(?:[、, ]{{1,3}}{WRITTEN_NAME}){{0,9}})[ ,，。;；]*"
)
_CLOSING_LINES = 15
LOOK_FOR = "|".join([*_AFTER_NAME, _OFFICES, _RANKS, _ID, _SEX, _AMID_LIST, r"\*\*\*", *_CLOSINGS])
"""What may stand beside a name, but for cues; every alternative begins with plain characters."""


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
_COUNT = re.compile(_COUNTED)
_AFTER_PHONE = re.compile(
    f"[0-9*]{{11}}[，,、 (（]{{1,2}}(?P<name>{SURNAME}{TYPICAL}{{1,2}})(?=[，,。)）]|$)"
)
_IN_LIST = re.compile(_AMID_LIST)
_AFTER_HIDDEN = re.compile(f"(?<=某[、和与及]){TYPICAL_NAME}{END}")
_COMMA = re.compile("、")
_AND_COMPOUND = re.compile(f"[和与](?:{COMPOUND})")
_IN_ROW = re.compile(_ROW_NAME)


def mask(name: str) -> str:
    """``王建国`` → ``王某``, ``欧阳锋`` → ``欧阳某``."""
    name = name.replace(" ", "")
    return f"{name[:2] if name[:2] in COMPOUND_SURNAMES and len(name) > 2 else name[0]}某"


def find_people(text: str) -> list[Name]:
    """Names in clear that a cue, a neighbour or a signature announces, in order."""
    people = _announced(text)
    people += _before_neighbours(text)
    people += _listed(text)
    people += _signed(text)
    people += [Name(*span) for span in find_likely(text)]
    return _people(text, people)


def find_announced(text: str) -> list[Name]:
    """Those of :func:`find_people` in a text that holds nothing of LOOK_FOR."""
    people = _announced(text) + [Name(*span) for span in find_likely(text)]
    return _people(text, people) if people else people


def _announced(text: str) -> list[Name]:
    people = _after_cues(text)
    if text[:1] in _OPENERS and (match := _OPENING.match(text)):
        people += _all_in(text, *match.span("names")) or [Name(*match.span("names"))]
    if _has_dot(text):
        people += [Name(*match.span()) for match in _DOTTED.finditer(text)]
    return people + [Name(*span, is_sure=True) for span in find_framed(text)]


def _people(text: str, people: list[Name]) -> list[Name]:
    kept: list[Name] = []
    for found in people:  # what a cue tells comes before what only the characters do
        is_long = _AND_COMPOUND.match(text, found.end - 1)  # 尉迟海和慕容燕
        person = replace(found, end=found.end - 1) if is_long else found
        if (
            not any(person.start < other.end and other.start < person.end for other in kept)
            and (person.is_sure or not _is_word(text, person.start, person.end))
            and not _is_amid_ethnic(text, person.start)
        ):
            kept.append(person)
    for person in list(kept):
        for start, end in beside_in_list(text, person.start, person.end):
            if not any(start < other.end and other.start < end for other in kept):
                kept.append(Name(start, end))
    return sorted(kept, key=lambda person: person.start)


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


def _after_cues(text: str) -> list[Name]:
    people: list[Name] = []
    cues = _cue(text)
    if not cues.search(text):  # far cheaper than an iterator that ends at once
        return people
    for cue in cues.finditer(text):
        before = text[max(0, cue.end() - _LONGEST_CUE) : cue.end()]
        kind = next(k for at in range(len(before)) if (k := KIND_OF_CUE.get(before[at:])))
        match = _AFTER_CUE[kind].match(text, cue.end("join"))
        span = match.span() if match and not _is_word(text, *match.span()) else None
        span = span or _likely(text, cue.end("join"), _LEAST_BITS[kind])
        if span and cue["join"].endswith(_QUOTES) and text[span[1] : span[1] + 1] not in _QUOTES:
            continue
        while span:
            is_sure = kind == "strong" and acts(text, span[1]) is not None
            people.append(Name(*span, kind == "officer", is_sure))
            between = _BETWEEN.match(text, span[1])
            span = between and _next_in_list(text, between.end())
    return people


def _next_in_list(text: str, start: int) -> tuple[int, int] | None:
    match = LIKELY_NAME.match(text, start)
    if match and not _is_word(text, *match.span()):
        return match.span()
    return _likely(text, start, 3)


def _likely(text: str, start: int, least: int) -> tuple[int, int] | None:
    """The name that its characters make likelier than words by ``least`` bits, or the model."""
    surname = _ANY_SURNAME.match(text, start)
    end = surname and (
        name_in_context(text, start, least, len(surname[0])) or likely_end(text, start)
    )
    return (start, end) if end else None


def _before_neighbours(text: str) -> list[Name]:
    people = []
    for hint in _neighbours(text):
        match = _BEFORE.search(text, max(0, hint.start() - _FAR), hint.start())
        left = text[max(0, match.start() - 1) : match.start()] if match else ""
        beside = _LEFT_OF.get(hint[0])
        if (
            match
            and (beside is None or beside.search(left))
            and not _TOWARDS.fullmatch(match["name"])
        ):
            people.append(Name(*match.span("name"), hint[0] in _TITLES))
    return people


def _neighbours(text: str) -> Iterator[re.Match]:
    at = 0
    while hint := _NEIGHBOUR.search(text, at):
        form, start = _NAME_BEFORE.get(hint[0]), hint.start()
        if form is None or form.search(text, max(0, start - _LONGEST_FORM), start):
            yield hint
            at = hint.end()
        else:
            at = start + 1


def _listed(text: str) -> list[Name]:
    """Names in a row: three with one of three characters among them, or any that are counted."""
    people = []
    for row in _LIST.finditer(text) if _IN_LIST.search(text) else ():
        names = list(_IN_ROW.finditer(text, *row.span()))
        is_counted = _COUNT.match(text, row.end())
        is_place = any(name[0][-1] in _PLACE_ENDS for name in names)
        many = len(names) > 2 and any(len(name[0]) > 2 for name in names)
        if is_counted or (many and not is_place):
            left = text[max(0, row.start() - 1) : row.start()]
            people += [Name(*name.span()) for name in names[0 if _LEFT.search(left) else 1 : -1]]
            last = names[-1]
            while last:
                longer = LIKELY_NAME.match(text, last.start()) or last
                people.append(Name(*max(last.span(), longer.span())))
                between = _COMMA.match(text, people[-1].end)
                last = LIKELY_NAME.match(text, between.end()) if between else None
    if "某" in text:
        people += [Name(*match.span()) for match in _AFTER_HIDDEN.finditer(text)]
    people += [Name(*match.span("name")) for match in _AFTER_PHONE.finditer(text)]
    return people


def _signed(text: str) -> list[Name]:
    reach = max(0, len(text) - _SIGNATURE_REACH)
    if not _CLOSING.search(text, reach):
        return []
    signatures = _SIGNATURE.finditer(text, reach)
    people = [name for match in signatures for name in _all_in(text, *match.span("names"))]
    return people + _signed_lines(text)


def _signed_lines(text: str) -> list[Name]:
    """Lines that hold names alone, among the last ones: with a date, an office, a telephone."""
    people, end = [], len(text)
    for _ in range(_CLOSING_LINES):
        start = text.rfind("\n", 0, end) + 1
        if start == 0 or end - start > _SIGNATURE_REACH:
            break
        if match := _SIGNED_LINE.fullmatch(text, start, end):
            people += _all_in(text, *match.span("names"))
        end = start - 1
    return people


def _all_in(text: str, start: int, end: int) -> list[Name]:
    return [Name(*match.span()) for match in _LISTED.finditer(text, start, end)]


def find_names(text: str) -> list[tuple[int, int]]:
    """Spans of the names that something announces: a report's own words are not doubted for what
    only their characters make likely (see find_likely)."""
    people = _announced(text) + _before_neighbours(text) + _listed(text) + _signed(text)
    return [(name.start, name.end) for name in _people(text, people)]


def replace_names(text: str, known: Iterable[str]) -> str:
    """The text with each of the names masked wherever it stands."""
    for name in sorted(known, key=len, reverse=True):
        if name in text:
            text = text.replace(name, mask(name))
    return text
