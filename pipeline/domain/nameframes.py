"""Names that stand in a frame: what is written before them and after them together tells them.

关于卢海洋反映…, 对钟建华行政处罚, 是骆永祥收的, 羿小松（货主）, 宁静女士, 袁长青昨天又来; in such
frames rare surnames and names that are words as well need no further evidence. Here too: Tibetan,
Uyghur and Mongolian names with which a text begins, and the neighbours of a name in its list.
"""

import re
from collections.abc import Iterator

from pipeline.domain.likelihood import PLACES, tables
from pipeline.domain.nameforms import COMPOUND, HAN, STOP, WHOLE_ETHNIC
from pipeline.domain.namewords import (
    COMPOUND_SURNAMES,
    ETHNIC_BEGINNINGS,
    GIVEN,
    KIN,
    RANKS,
    RARE_SURNAMES,
    SURNAMES,
    WORDS,
)

Span = tuple[int, int]

_GIVEN = f"[{GIVEN}来图]"
_ONE = f"(?![那从由问][{SURNAMES}])[{SURNAMES}{RARE_SURNAMES}]"  # 那王丽女士
_LONG = f"(?:(?:{COMPOUND}){_GIVEN}{{1,2}}|{_ONE}{_GIVEN}{{2}})"
_ANY = f"(?:{_LONG}|{_ONE}{_GIVEN})"
_MANY = "等[0-9一二两三四五六七八九十多数余]{1,4}[人名位户]"
_FRAMES = [  # what every text must hold that a pattern fits: most hold none, and none is slow then
    (
        "关于",
        f"关于(?:[要请]求)?(?:返还|归还)?({_LONG})(?=反映|投诉|举报|来[信电访]|车辆|一案|{_MANY})",
    ),
    ("罚", f"对({_LONG})(?=(?:作出|进行)?行政处罚|一案|罚款[0-9])"),
    ("收的", f"[是被]({_LONG})(?=收的)"),
    ("开的", f"是({_LONG})(?=开的)"),
    ("同志", f"同志[（(]({_ANY})(?=[）)])"),
]
_OPENING = re.compile(
    f"(?P<name>{_ANY})(?=[昨前今]天|[去今]年|[上本]月|不是|听说|这个名字|驾驶的?|本人|对.{{0,12}}不[认满服]"
    f"|的(?:{'|'.join(KIN)}|妈妈|爸爸)|{'|'.join(RANKS)}|[站所队局]长)"
)
_PEOPLES = "(?:[汉回藏壮苗彝傣满白]|维吾尔|蒙古|哈萨克)族"
_PERSON_OF = (
    "[货车船业机]主|乘客|旅客|司机|驾驶员|押运员|学员|证人|当事人|投诉人|举报人|其?本人|系(?!统)"
)
_AFTERWARDS = [
    ("（", f"[（(](?=(?:{_PERSON_OF})[^（()）\n]{{0,12}}[）)]|[男女](?![{HAN}])|{_PEOPLES})"),
    ("族", f"[，,](?={_PEOPLES})"),
    ("女士", "女士"),
    ("先生", "先生"),
]
_SEARCHED = [(mark, re.compile(pattern)) for mark, pattern in _FRAMES]
_LOOKED_BACK = [(mark, re.compile(pattern)) for mark, pattern in _AFTERWARDS]
_BEFORE = re.compile(
    f"(?:(?<![{HAN}0-9A-Za-z])|(?<=[因向与对和请由给]))(?P<name>{WHOLE_ETHNIC}|{_ANY})$"
)
_ETHNIC = re.compile(f"{WHOLE_ETHNIC}(?<={'.' * 4})")
_OPENERS = frozenset(
    SURNAMES + RARE_SURNAMES + "".join(n[0] for n in (*COMPOUND_SURNAMES, *ETHNIC_BEGINNINGS))
)
_LEFT_IN_LIST = re.compile(f"(?<![{HAN}])(?P<name>{_ANY})、$")
_RIGHT_IN_LIST = re.compile(f"、(?P<name>{_ANY})(?={STOP}|当场|[两二三]名|[两二三]人)")
_LONGEST = 5  # characters of a name here


def find_framed(text: str) -> Iterator[Span]:
    """Names between words that only a person stands between."""
    if text[:1] in _OPENERS:
        if (match := _OPENING.match(text)) and not _is_word(match["name"]):
            yield match.span("name")
        if match := _ETHNIC.match(text):
            yield match.span()
    for mark, frame in _SEARCHED:
        if mark in text:
            for match in frame.finditer(text):
                yield from (match.span(group) for group in range(1, frame.groups + 1))
    for mark, frame in _LOOKED_BACK:
        if mark in text:
            for hint in frame.finditer(text):
                at = hint.start()
                if match := _BEFORE.search(text, max(0, at - _LONGEST), at):
                    yield match.span("name")


def _is_word(name: str) -> bool:
    """平安镇 may be a place, 高峰 a word: nothing on the left tells of a person."""
    return name[-1] in PLACES or (len(name) == 2 and (name in WORDS or name in tables()[3]))


def beside_in_list(text: str, start: int, end: int) -> Iterator[Span]:
    """What stands beside the name at ``start:end`` in a list and has a name's form."""
    if text[start - 1 : start] == "、":
        match = _LEFT_IN_LIST.search(text, max(0, start - _LONGEST - 1), start)
        if match and match["name"] not in WORDS:
            yield match.span("name")
            yield from _left(text, match.start("name"))
    while (match := _RIGHT_IN_LIST.match(text, end)) and match["name"] not in WORDS:
        yield match.span("name")
        end = match.end()


def _left(text: str, start: int) -> Iterator[Span]:
    return (span for span in beside_in_list(text, start, len(text)) if span[1] < start)
