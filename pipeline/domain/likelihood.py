"""How likely characters are a person's name rather than words: two small models compared.

The one says what a surname and one or two characters of a given name cost, the other what it costs
to cut the same characters into words; both in bits, the negative binary logarithm of how often
such things are written (``name_statistics.txt``, made by ``pipeline.bench.name_statistics``). What
follows counts on both sides: so 林和平时常 holds no 林和平时.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pipeline.domain.namewords import (
    COMPOUND_SURNAMES,
    RARE_SURNAMES,
    SALUTATIONS,
    SURNAMES,
    WORDS,
)
from pipeline.domain.text import word_list

STATISTICS = Path(__file__).with_name("name_statistics.txt")
_LONGEST = 3  # characters of a word in the statistics
_AHEAD = 6  # characters looked at from the beginning of a name
_UNKNOWN = 24  # bits of a character that is no word
_RARE = 15  # bits of a character that no surname or given name of the statistics holds
_NO_WORD = 99
_SURE_WORD = 6  # bits that what follows may still turn
_ONE, _TWO = 2, 0  # bits: one given name in four has one character
_NEVER = frozenset("某的了是在吗呢吧我你他她它们这那没也还又再给让把被，。、；：！？")


@cache
def _tables() -> tuple[dict[str, int], ...]:
    tables: dict[str, dict[str, int]] = {}
    with STATISTICS.open(encoding="utf-8") as lines:
        for line in lines:
            table, cost, *entries = line.split()
            tables.setdefault(table, {}).update(dict.fromkeys(entries, int(cost)))
    return tables["surname"], tables["first"], tables["last"], tables["word"]


def _cost_of_words(text: str, words: dict[str, int]) -> int:
    """Of the cheapest cut of the text into words."""
    best = [0]
    for end in range(1, len(text) + 1):
        cost = best[end - 1] + words.get(text[end - 1], _UNKNOWN)
        for start in range(max(0, end - _LONGEST), end - 1):
            word = words.get(text[start:end])
            if word is not None and best[start] + word < cost:
                cost = best[start] + word
        best.append(cost)
    return best[-1]


def name_at(text: str, start: int, least: int, surname: int = 1) -> int | None:
    """End of the likeliest name at ``start``, whose surname has ``surname`` characters, where it is
    by ``least`` bits likelier than words (negative: it may be less likely); else None."""
    surnames, first, last, words = _tables()
    one = text[start + surname : start + surname + 1]
    two = text[start + surname + 1 : start + surname + 2]
    if not one or one in _NEVER:
        return None
    family = text[start : start + surname]
    cost = surnames.get(family, _RARE)
    short = cost + last.get(one, _RARE) + _ONE
    long = cost + first.get(one, _RARE) + last.get(two, _RARE)
    # Most are words at a first look, which is a tenth of the work.
    cut = min(
        words.get(family, _UNKNOWN) + words.get(one, _UNKNOWN), words.get(family + one, _NO_WORD)
    )
    second = words.get(two, _UNKNOWN) if two else 0
    if cut + second - min(short + second, long) < least - _SURE_WORD:
        return None
    ahead = text[start : start + surname + _AHEAD]
    han = next((i for i, c in enumerate(ahead) if not "一" <= c <= "鿿"), len(ahead))
    ahead = ahead[:han]
    if han <= surname:
        return None
    ends = [(short + _cost_of_words(ahead[surname + 1 :], words), surname + 1)]
    if han > surname + 1 and two not in _NEVER:
        ends.append((long + _cost_of_words(ahead[surname + 2 :], words), surname + 2))
    cost, end = min(ends)
    return start + end if _cost_of_words(ahead, words) - cost >= least else None


_SINGLE = f"[{SURNAMES}{RARE_SURNAMES}]"
_HAN = "\u4e00-\u9fff"
# Left of a name that no cue announces: no word, or one that often stands before people.
_LEFT = f"[^{_HAN}]|[据经与向由找请给和跟是系叫转]"
_SPEAKS = word_list(
    """
    反映 来电 来信 来访 投诉 举报 致电 咨询 求助 表示 介绍 认为 要求 申请 提出 承认 驾驶 沟通
    一家 夫妇 夫妻 兄弟 父子 母子 之妻 之子 家长 女士 先生 同志 您好 网友 网民 科长 科员 局长 镇长
    副镇 主任 站长 队长 书记 家住 于1 于2 说， 称， 称其 说， 、
    """
)
_FEW = "".join(_NEVER) + (
    "于有来到将从要为与及等投表认反称说讲问电都去向对因但而且或并已曾即先女师老总经队局科处主站所厂"
    "司车路区县市乡镇村街户号人员工同家者手身住昨今方众友"
)
_GIVEN = f"[^\\W\\d_A-Za-z{_FEW}]"
_BOUNDED = "|".join(
    f"(?<={left}{_SINGLE}{_GIVEN * given}..)"
    for left in (r"\A", f"[^{_HAN}]", "[据经与向由找请给和跟是系叫转]")
    for given in (1, 2)
)
_SITE = re.compile(f"(?:{'|'.join(sorted(w for w in _SPEAKS if len(w) == 2))})(?:{_BOUNDED})")
may_hold_likely = _SITE.search
_SALUTATION = re.compile("|".join(SALUTATIONS))


def find_likely(text: str, least: int = 4) -> Iterator[tuple[int, int]]:
    for site in _SITE.finditer(text):
        for length in (3, 2):
            start = site.start() - length
            if start >= 0 and (start == 0 or re.match(_LEFT, text[start - 1])):
                if text[start] not in SURNAMES + RARE_SURNAMES or _SALUTATION.match(text, start+1):
                    continue
                if name_at(text, start, least) == site.start():
                    yield start, site.start()
