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
from dataclasses import dataclass

from pipeline.domain.likelihood import ACTS, SALUTATION, acts, find_likely, name_in_context
from pipeline.domain.namewords import (
    COMPOUND_SURNAMES,
    ETHNIC_BEGINNINGS,
    FOLLOWING,
    GIVEN,
    KIN,
    OFFICER_CUES,
    RANKS,
    RARE_SURNAMES,
    STRONG_CUES,
    SURNAMES,
    THINGS,
    VERB_CUES,
    WEAK_CUES,
    WORDS,
)
from pipeline.domain.text import word_list

_HAN = "\u4e00-\u9fff"
_COMPOUND = "|".join(COMPOUND_SURNAMES)
_SURNAME = (
    f"(?!于[本上下元次今昨当近一二三四五六七八九十]{{1,2}}[月日周年])"  # 于元月4日
    f"(?:{_COMPOUND}|(?!{_COMPOUND})[{SURNAMES}])(?!{SALUTATION})"
)

# What never stands in a given name but often right after one (verbs, particles). Closed by
# punctuation on its right, a name may hold most of them: 张家辉, 刘来福, 王和平.
_NEVER = "某的了是在吗呢吧我你他她它们这那不没也就还又再给让把被"
_SELDOM = (
    "于有来到将从要为和与及等投表认反称说讲问电都去向对因但而且或并已曾即先女师老总经队局科处主站所厂"
    "司车路区县市乡镇村街户号人员工同家者本手身住昨今"
)
_OPEN = f"[^\\W\\d_A-Za-z{_NEVER}{_SELDOM}]"
_TYPICAL = f"[{GIVEN}]"
_STOP = (
    "(?=[，。、；：,;:()（）\\s\\d!！?？”\"’'】\\]/\\-—~*<《【]"
    "|性别|年龄|身份证|电话|手机|联系|住址|$)"
)
_NEXT = f"(?:{'|'.join(FOLLOWING)})"
# 李娜反映 is no name, 王永和 is one.
_CLOSED = f"(?!{'|'.join(w for w in FOLLOWING if len(w) > 1)})[^\\W\\d_A-Za-z{_NEVER}]"
_END = f"(?:{_STOP}|(?={_NEXT}))"
# Surnames that are verbs or particles more often: 来拍照, 查宽度, 于元月.
_VERBAL = "车代来查管于向曾戴时应连单明尚平元云水"

_ETHNIC = (
    f"(?!才让[去我你他她])(?:{'|'.join(ETHNIC_BEGINNINGS)})"
    f"[{_HAN}]{{0,4}}?(?:[·•・‧][{_HAN}]{{1,7}}?)?{_END}"
)
_SURE_NAME = re.compile(
    f"{_ETHNIC}|[{_HAN}]{{1,6}}[·•・‧][{_HAN}]{{1,7}}?{_END}"  # 买买提·艾力
    f"|{_SURNAME}(?:[ \u3000]?(?:{_CLOSED}){{1,2}}{_STOP}|(?:{_CLOSED}){{3}}(?=[，,。；\n]|$)"
    f"|{_TYPICAL}(?!{_NEXT}){_TYPICAL}{_END}"
    f"|(?<![{_VERBAL}])(?:{_OPEN}(?!{_NEXT}){_OPEN}{_END}|{_OPEN}{_END}|{_OPEN}{{1,2}}))"
)
_LIKELY_NAME = re.compile(
    f"{_ETHNIC}|{_SURNAME}(?:"
    f"(?<![{_VERBAL}])(?:{_OPEN}{{1,2}}{_STOP}|{_TYPICAL}(?!{_NEXT}){_TYPICAL}"
    f"|{_TYPICAL}(?!{_NEXT}){_OPEN}{_END}|{_TYPICAL}{_END})"
    f"|{_TYPICAL}(?!{_NEXT}){_TYPICAL}{_END}|{_TYPICAL}{_STOP})"
)
_WHOLE_NAME = re.compile(f"{_SURNAME}{_TYPICAL}{{2}}{_END}")
_COMPLETE_NAME = re.compile(
    f"{_SURNAME}{_TYPICAL}{{2}}(?:{_STOP}|(?=[和与及])"
    f"|(?<![{_VERBAL}]..)(?=等|名下|{'|'.join(w for w in FOLLOWING if len(w) > 1)}))"
)
_TYPICAL_NAME = f"{_SURNAME}{_TYPICAL}{{1,2}}"
_WRITTEN_NAME = f"{_SURNAME}[ \u3000]?(?:{_CLOSED}){{1,2}}"
# 尊敬的李舜局长: the office closes any name.
_ADDRESSED = re.compile(f"{_SURNAME}[{_HAN}]{{1,2}}(?=副?(?:{'|'.join((*RANKS, '局长'))}))")

_KIND_OF_CUE = (
    dict.fromkeys(("尊敬的", "敬爱的"), "address")
    | dict.fromkeys(VERB_CUES, "verb")
    | dict.fromkeys(WEAK_CUES, "weak")
    | dict.fromkeys(OFFICER_CUES, "officer")
    | dict.fromkeys(STRONG_CUES, "strong")
)
_ANY_SURNAME = re.compile(f"{_SURNAME}|(?!.(?:{SALUTATION}))[{RARE_SURNAMES}]")
_LEAST_BITS = {"strong": 0, "weak": 7, "officer": 7, "verb": 12, "address": 4}
_AFTER_CUE = {
    "strong": _SURE_NAME,
    "weak": _LIKELY_NAME,
    "officer": _LIKELY_NAME,
    "verb": _WHOLE_NAME,
    "address": _ADDRESSED,
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
    f"[{''.join(sorted({cue[-1] for cue in _KIND_OF_CUE}))}]"
    '(?=(?P<join>(?:[(（]实名[)）])?(?:分别)?[是为叫系:：，, \u3000(（“"]{0,4})'
    f"(?:{{beginning}}))(?:{_one_of(_KIND_OF_CUE)})"
)
_BEGINNING = (
    f"(?=[{_BEGINNINGS}])(?:(?!来[电看查]|查[到车]|路政)[{SURNAMES}{RARE_SURNAMES}][^{_NEVER}，。、]"
    f"|{'|'.join((*COMPOUND_SURNAMES, *ETHNIC_BEGINNINGS))})"
)
_CUE = re.compile(_CUED.replace("{beginning}", _BEGINNING))
_CUE_OR_DOT = re.compile(_CUED.replace("{beginning}", f"{_BEGINNING}|[{_HAN}]{{1,6}}[·•・‧]"))


def _cue(text: str) -> re.Pattern[str]:
    return _CUE_OR_DOT if _has_dot(text) else _CUE


def _has_dot(text: str) -> bool:
    return "·" in text or "•" in text or "・" in text or "‧" in text


_DOTTED = re.compile(
    f"(?:(?<![{_HAN}·•・‧])|(?<=[的是向和与]))[{_HAN}]{{2,7}}[·•・‧][{_HAN}]{{2,7}}?(?={ACTS}|[，。；：、（）,;:()]|$)"
)


_QUOTES = ("“", "”", '"')  # what stands in them may be longer: a shop's or a chat's name
_LONGEST_CUE = max(map(len, _KIND_OF_CUE))
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
    return re.compile(f"{_ENDS}{_TYPICAL}{{1,2}}{f'[{between}]?' if between else ''}\\Z")


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
_SEX = f"男(?<=[，,(（ ].)(?![{_HAN}])|女(?<=[，,(（ ].)(?![{_HAN}])"
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
    f"(?P<name>{_TYPICAL_NAME})(?<![大中支副])(?:的|副?[大中支]?"
    "|[，,:：(（ \n]{0,2}(?:联系)?(?:电话|手机号?|[Tt]el)?[:： \n]{0,2}(?:\\+?86[ -]?)?)$"
)
_LONGEST_FORM = 4  # characters
_FAR = 14  # characters from the beginning of a name to its neighbour
# Left of a name that only its neighbour tells: no other word, but for an office or a preposition.
_LEFT = re.compile(
    f"^$|[^{_HAN}]|[局队站所处科的村会院厂司室部委员导给由长师找对跟经求助托户是友人与有谢学到像如组]"
)
_LEFT_OF = dict.fromkeys((*_TITLES, *RANKS, *KIN, *_ID_WORDS, "等", "取得联系"), _LEFT)
# 向王女士: the verb belongs to no name.
_TOWARDS = re.compile(f"[{_VERBAL}](?!{_COMPOUND})[{SURNAMES}]$")
_OPENING = re.compile(
    f"(?:【[^】\n]{{0,12}}】)?(?P<names>{_TYPICAL_NAME}(?:[、和]{_TYPICAL_NAME}){{0,5}}"
    f"|(?:{'|'.join(ETHNIC_BEGINNINGS)})[{_HAN}]{{0,4}}?)(?:女士|先生|同志)?"
    "(?=来电|来信|来访|反映|投诉|举报|致电|咨询|求助|等.{0,2}人)"
)
_COUNTED = "(?=等?[0-9一二两三四五六七八九十多数余]{0,3}[人户名位])"
# 黄山、安庆、池州三市: the number belongs to no name.
_ROW_NAME = (
    f"{_SURNAME}{_TYPICAL}(?:(?![一二三四五六七八九十]+[人户名位市县区省家个地处]){_TYPICAL})?"
)
_LIST = re.compile(f"{_ROW_NAME}(?:、{_ROW_NAME})+")
_AMID_LIST = (
    f"、(?:(?<=[{SURNAMES}]{_TYPICAL}、)|(?<=[{SURNAMES}]{_TYPICAL}{{2}}、)|(?<=某、))"
    f"(?=[{SURNAMES}]{_TYPICAL})"
)
_PLACE_ENDS = "湖路街桥镇村塘坪冲岭洲湾岛寺"

_OPENERS = frozenset(_BEGINNINGS + "【")
_DATE = "[0-9]{4}[年./\\-][0-9年月./\\- ]{2,8}日?"
_SIGNATURE = re.compile(
    f"(?:\n|——|--|此致|敬礼|敬上|[。！](?={_TYPICAL_NAME} ?{_DATE})|{_DATE}(?= ?[{_BEGINNINGS}]))"
    "[ \u3000!！,，。\n]{0,8}"
    f"(?:[{_HAN}]{{2,6}}[:：\n]|[{_HAN}]{{0,4}}(?:司机|群众|市民|人))?[ \u3000]{{0,8}}"
    f"(?P<names>{_WRITTEN_NAME}(?:[、, \u3000]{{1,3}}{_WRITTEN_NAME}){{0,5}})"
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
_LISTED = re.compile(_WRITTEN_NAME)
_SIGNED_LINE = re.compile(
    f"[ ;；]*(?:[^:：\n]{{2,16}}[:：] ?)?(?P<names>{_SURNAME} ?(?:{_TYPICAL}|{_CLOSED}{_TYPICAL}"
    f"|{_TYPICAL}{_CLOSED})(?:[、, ]{{1,3}}{_WRITTEN_NAME}){{0,9}})[ ,，。;；]*"
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


_LONG_NAME = re.compile(f"{_SURNAME}(?:{_CLOSED}){{3}}")  # 马依布拉
_FULL = re.compile(
    f"{_SURNAME}[^\\W\\d_A-Za-z某]{{1,2}}|(?!.*[县区市乡镇村州旗队局所站处]$){_ETHNIC}"
)


def is_full_name(text: str) -> bool:
    """A cell that holds nothing but a surname and a given name in clear."""
    return bool(2 <= len(text) <= 16 and _FULL.fullmatch(text))


_THING = re.compile(f"{'|'.join(THINGS)}|(?<![{_HAN}].)[市县区镇乡]")
_HOW_MUCH = tuple("高大重贵长小宽多")  # 成本高
_SIDES = tuple("校院厂司警店资甲乙双对我官军主")  # 校方, 甲方
_CLOSE = re.compile(f"{_END}|[和与及]")
_COUNT = re.compile(_COUNTED)
_AFTER_PHONE = re.compile(
    f"[0-9*]{{11}}[，,、 (（]{{1,2}}(?P<name>{_SURNAME}{_TYPICAL}{{1,2}})(?=[，,。)）]|$)"
)
_IN_LIST = re.compile(_AMID_LIST)
_AFTER_HIDDEN = re.compile(f"(?<=某[、和与及]){_TYPICAL_NAME}{_END}")
_COMMA = re.compile("、")
_IN_ROW = re.compile(_ROW_NAME)

_ORGANISATIONS = "司厂店部局所队站院校社会委处心铺行"
_PLACES = "省市县区州盟旗乡镇村"  # 徐州市, 蒙城县: a surname begins many of them


def is_callers_name(text: str) -> bool:
    """:func:`is_full_name` for a cell that is to hold a name: four characters may be one too."""
    return is_full_name(text) or bool(
        _LONG_NAME.fullmatch(text) and text[:2] not in WORDS and text[-1] not in _ORGANISATIONS
    )


_BETWEEN_CALLERS = re.compile("[、,，;；/|+\\n]|(?<=[^ ]{2})(?: +|[和与及])(?=[^ ]{2})")
_REMARK = re.compile("[(（](?P<remark>[^()（）]*)[)）]")
_RUN_TOGETHER = re.compile(f"(?:{_SURNAME}{_TYPICAL}{{2}}){{2,4}}")


def callers_names(text: str) -> tuple[str, ...]:
    """The names of a cell that is to hold them, as they stand in it: 王建国、李秀英（代） both,
    王 建 国 whole. A remark in brackets may be one as well, but no word (车主)."""
    if is_callers_name(text):
        return (text,)
    parts = _BETWEEN_CALLERS.split(_REMARK.sub("、", text))
    found = [part for part in parts if is_callers_name(part.replace(" ", ""))]
    for part in parts:
        if _RUN_TOGETHER.fullmatch(part):
            found += [part[at : at + 3] for at in range(0, len(part), 3)]
    remarks = [match["remark"] for match in _REMARK.finditer(text)]
    found += [word for word in remarks if word not in WORDS and is_callers_name(word)]
    return tuple(dict.fromkeys(found))


_PERSON = re.compile(f"{_SURNAME}{_TYPICAL}{{2}}")


def people_named(text: str) -> tuple[str, ...]:
    """Full names of three characters that alone make up a part of a cell for units (投诉对象) or
    for staff: 张建军（蜀山大队）, but not 安监局. Two characters are as likely a firm (万顺)."""
    parts = _BETWEEN_CALLERS.split(re.sub("[()（）:：]", "、", text))
    return tuple(
        part
        for part in parts
        if _PERSON.fullmatch(part)
        and part[:2] not in WORDS
        and part[-1] not in _ORGANISATIONS + _PLACES
    )


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
    return people


def _people(text: str, people: list[Name]) -> list[Name]:
    kept: list[Name] = []
    for person in people:  # what a cue tells comes before what only the characters do
        if not any(person.start < other.end and other.start < person.end for other in kept) and (
            person.is_sure or not _is_word(text, person.start, person.end)
        ):
            kept.append(person)
    return sorted(kept, key=lambda person: person.start)


def _is_word(text: str, start: int, end: int) -> bool:
    """``孙子`` is one, ``孙子轩，`` is none; in 高明确表示 the second word is one.

    So is what begins a longer name of a place or a firm: 龙腾大厦, 梅溪湖.
    """
    complete = _COMPLETE_NAME.match(text, start)
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
        kind = next(k for at in range(len(before)) if (k := _KIND_OF_CUE.get(before[at:])))
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
    match = _LIKELY_NAME.match(text, start)
    if match and not _is_word(text, *match.span()):
        return match.span()
    return _likely(text, start, 3)


def _likely(text: str, start: int, least: int) -> tuple[int, int] | None:
    """The name that its characters make likelier than words by ``least`` bits."""
    surname = _ANY_SURNAME.match(text, start)
    end = surname and name_in_context(text, start, least, len(surname[0]))
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
                longer = _LIKELY_NAME.match(text, last.start()) or last
                people.append(Name(*max(last.span(), longer.span())))
                between = _COMMA.match(text, people[-1].end)
                last = _LIKELY_NAME.match(text, between.end()) if between else None
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
    """Spans of the names of :func:`find_people`."""
    return [(name.start, name.end) for name in find_people(text)]


def replace_names(text: str, known: Iterable[str]) -> str:
    """The text with each of the names masked wherever it stands."""
    for name in sorted(known, key=len, reverse=True):
        if name in text:
            text = text.replace(name, mask(name))
    return text
