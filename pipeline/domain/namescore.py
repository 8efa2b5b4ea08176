"""Which characters are a person's name: a logistic model of them and of what stands around them.

Every surname with one or two characters after it is a candidate. :func:`features` says what speaks
for a name and what against: how likely the characters are as a name and as words (in bits, see
``likelihood``), whether a word would cross its edges, what announces it and what follows. The
weights (``name_weights.txt``) are fitted by ``pipeline.makers.name_weights``.
"""

import re
from functools import cache, lru_cache
from pathlib import Path

from pipeline.domain.likelihood import (
    COMPOUND,
    MOSTLY_WORDS,
    NEVER,
    PLACES,
    RARE,
    SALUTATION,
    SELDOM,
    SITE,
    acts,
    bare_name,
    goes_on,
    kinds,
    tables,
)
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

WEIGHTS = Path(__file__).with_name("name_weights.txt")
LEAST_WORTH, LEAST_ANNOUNCED_WORTH = -4.0, -5.0
"""Log odds by the characters alone, under which nothing around them is asked."""
THRESHOLD, ANNOUNCED_THRESHOLD = 1.0, -0.5
"""Log odds from which on a candidate is a name: where nothing announces it, where a cue does."""

_UNKNOWN = 24  # bits of a character that is no word
_HAN = "\u4e00-\u9fff"
_ALL_SURNAMES = "".join(sorted({*SURNAMES, *RARE_SURNAMES, *(n[0] for n in COMPOUND_SURNAMES)}))
_COMPOUNDS = frozenset(COMPOUND_SURNAMES)
_SINGLE = frozenset(SURNAMES + RARE_SURNAMES)
_GIVEN, _WORDS = frozenset(GIVEN), frozenset(WORDS)
_SITE = re.compile(f"[{_ALL_SURNAMES}](?=[{_HAN}])(?![{''.join(sorted(NEVER))}])")
_TITLES = "科员 队长 站长 所长 科长 处长 局长 警官 教练 组长 班长 部长 教导员 老板 师傅 大夫"
_LONGEST_CUE = max(map(len, KIND_OF_CUE))
_CUE_ENDS = frozenset(cue[-1] for cue in KIND_OF_CUE)
_JOINS = frozenset("是为叫系:：，, \u3000(（“")
_MOST_JOINS = 4
_LIST_LEFT = re.compile(f"[某{GIVEN}](?:[、和与及跟]|以及)$")
_AFTER = {
    name: re.compile(pattern).match
    for name, pattern in {
        "title": f"副?(?:{'|'.join([*RANKS, *_TITLES.split()])})",
        "kin": f"的?(?:{'|'.join(KIN)})|之[子女父母妻夫]",
        "number": "[，,:：(（ \n]{0,2}(?:联系)?(?:电话|手机号?|[Tt]el|身份证)?[:： \n]{0,2}"
        "(?:\\+?86[ -]?)?[1-9][0-9*xX]{7}",
        "sex": f"[，,(（ ]{{1,2}}[男女](?![{_HAN}])",
        "called": "先生|女士|同志|小姐|您好|名下|所有",
        "list": f"[、,，;；/和与及跟](?=[{_ALL_SURNAMES}])"
        "|等[0-9一二两三四五六七八九十多数余]{0,3}[人户名位]|[二两三四五]人",
        "thing": "|".join(THINGS),
    }.items()
}
_salutation = re.compile(f"{SALUTATION}|[姐哥叔婶姨嫂伯姓]").match
_PLACE_ENDS = frozenset("湖路街桥镇村塘坪冲岭洲湾岛寺县")


@cache
def _weights() -> dict[str, float]:
    lines = WEIGHTS.read_text(encoding="utf-8").splitlines()
    return {name: float(weight) for name, weight in (line.split() for line in lines)}


def candidates(text: str, least: int) -> list[tuple[int, int, int]]:
    """``(start, surname's characters, given name's)`` of what may be a name: by
    ``least`` bits likelier as a name than as words."""
    found = []
    for site in _SITE.finditer(text):
        start = site.start()
        surname = 2 if text[start : start + 2] in _COMPOUNDS else 1
        if surname == 1 and text[start] not in _SINGLE:
            continue
        for given in (1, 2):
            end = start + surname + given
            new = text[end - 1 : end]
            if not new or new in NEVER or not "一" <= new <= "鿿":
                break
            if bits(text, start, surname, given) >= least:
                found.append((start, surname, given))
    return found


def bits(text: str, start: int, surname: int, given: int) -> int:
    """By how much the characters alone are likelier as a name than as words."""
    surnames, first, last, words = tables()
    end = start + surname + given
    cost = surnames.get(text[start], RARE) if surname == 1 else COMPOUND
    if given == 1:
        cost += last.get(text[end - 1], RARE) + 2
        saved = _joined(text, start, end)
    else:
        cost += first.get(text[end - 2], RARE) + last.get(text[end - 1], RARE)
        saved = max(
            _joined(text, start, end - 1), _joined(text, end - 2, end), _joined(text, start, end)
        )
    return sum(words.get(c, _UNKNOWN) for c in text[start:end]) - saved - cost


def _joined(text: str, start: int, end: int) -> int:
    """Bits saved where these characters are one word rather than words of one character."""
    words = tables()[3]
    if start < 0 or (word := words.get(text[start:end])) is None or end > len(text):
        return 0
    return max(0, sum(words.get(c, _UNKNOWN) for c in text[start:end]) - word)


def _cue(text: str, start: int) -> str | None:
    """Kind of the cue that ends at ``start``, or before a colon or 是 that stands there."""
    ends = [start]
    while len(ends) <= _MOST_JOINS and text[ends[-1] - 1 : ends[-1]] in _JOINS and ends[-1]:
        ends.append(ends[-1] - 1)
    for end in (ends[0], ends[-1]):
        if end and text[end - 1] in _CUE_ENDS:
            for at in range(max(0, end - _LONGEST_CUE), end):
                if kind := KIND_OF_CUE.get(text[at:end]):
                    return kind
    return None


_BIN = 3  # bits that weigh alike
_LEFTS = (
    *(f"cue_{kind}" for kind in ("strong", "weak", "officer", "verb", "address")),
    *("list_left", "left_comma", "clause", "colon", "left_quote", "left_mark", "role_before"),
    *("towards_before", "of_before", "verb_before", "noun_before", "other_before"),
)
_RIGHTS = (
    *("acts", "called", "title", "kin", "number", "sex", "list", "goes_on", "right_comma"),
    *("right_quote", "right_mark", "firm", "thing", "of_after", "particle_after", "verb_after"),
    *("other_after", "noun_after"),
)


def features(text: str, start: int, surname: int, given: int) -> list[str]:
    """What speaks for and against the name of so many characters at ``start``: bits in bins, what
    stands on its left and right, and the first of either together."""
    name = text[start : start + surname + given]
    return _told(_of_characters(name, surname)) + _around(text, start, surname, given)


def _around(text: str, start: int, surname: int, given: int) -> list[str]:
    left, right = _of_left(text, start, surname), _of_right(text, start + surname + given)
    told = _told({**left, **right})
    before = next((name for name in _LEFTS if name in left), "none")
    after = next((name for name in _RIGHTS if name in right), "none")
    told.append(f"{before}*{after}")
    if given == 1:
        told += [f"short*{before}", f"short*{after}"]
    return told


_BITS = frozenset(
    {"surname", "first", "last", "only", "given_word", "whole_word", "begins_word"}
    | {"crosses_left", "crosses_right"}
)


def _of_characters(name: str, surname: int) -> dict[str, int]:
    surnames, first, last, words = tables()
    family, final, given = name[:surname], name[-1], len(name) - surname
    found: dict[str, int] = {}
    cost = surnames.get(family, RARE) if surname == 1 else COMPOUND
    found["surname"] = min(words.get(family, _UNKNOWN), 20) - cost
    if given == 1:
        found["short"] = 1
        found["only"] = min(words.get(final, _UNKNOWN), 20) - last.get(final, RARE)
    else:
        found["first"] = min(words.get(name[-2], _UNKNOWN), 20) - first.get(name[-2], RARE)
        found["last"] = min(words.get(final, _UNKNOWN), 20) - last.get(final, RARE)
        found["given_word"] = _joined(name, surname, len(name))
        found["whole_word"] = _joined(name, 0, len(name))
        found["place_end"] = final in _PLACE_ENDS
    found["begins_word"] = _joined(name, 0, surname + 1)
    found["word_begins"] = name[: surname + 1] in _WORDS
    found["mostly_word"] = family in MOSTLY_WORDS
    found["seldom"] = any(c in SELDOM for c in name[surname:])
    found["untypical"] = not _GIVEN.issuperset(name[surname:])
    found["place"] = final in PLACES
    return {feature: int(value) for feature, value in found.items() if value}


def _told(found: dict[str, int]) -> list[str]:
    """Features by name; bits that weigh alike are one."""
    return [
        f"{name}:{max(-12, min(24, value)) // _BIN}" if name in _BITS else name
        for name, value in found.items()
    ]


@lru_cache(maxsize=1 << 16)
def _worth(name: str, surname: int) -> float:
    """Log odds of a name by its characters alone."""
    weights = _weights()
    told = _told(_of_characters(name, surname))
    return weights["constant"] + sum(weights.get(feature, 0) for feature in told)


_ROLES = frozenset("者员人户客工师友子夫妻父母兄弟哥姐妹叔伯姨舅婿媳民警手主亲戚生弟")
_OF = frozenset("的队科组局处室站所村厂司")
_BEFORE_PERSON = frozenset("向与跟给由被让请找是叫和及同据经问对替为称系")
_AFTER_PERSON = frozenset(
    "在于从向被将对把给因就已也都又还不没未想要跟是系说称问讲骑开拉打收去来则却以经"
)
_FIRM = re.compile(
    "公司|集团|[店厂馆路街巷桥院园楼城村镇乡湖寺庙苑塔府县]|故居|纪念|社区|超市|门市|商行|物流"
    "|车队|驾校|学校|小学|中学|大厦|牌"
    f"|[{_HAN}]{{1,2}}(?:公司|集团|店|馆|园|楼|故居|超市|驾校|学校|酒楼|大厦|医院|渡口|路口)"
).match


def _kind_of_word(text: str, start: int, end: int) -> str | None:
    """verb, noun or other, where two characters are a word."""
    if start < 0 or _joined(text, start, end) < 3:
        return None
    word, (verbs, others) = text[start:end], kinds()
    return "verb" if word in verbs else "other" if word in others else "noun"


def _of_left(text: str, start: int, surname: int) -> dict[str, int]:
    found: dict[str, int] = {}
    before = text[start - 1 : start]
    if not "一" <= before <= "鿿":
        found["left_mark"] = 1
        if not before or before in "，。；！？\n":
            found["clause"] = 1
        elif before in ":：":
            found["colon"] = 1
        elif before == "、":
            found["left_comma"] = 1
        elif before in '“"‘「':
            found["left_quote"] = 1
    else:
        crossing = max(
            _joined(text, start - 1, start + surname),
            _joined(text, start - 2, start + 1),
            _joined(text, start - 1, start + surname + 1),
        )
        if crossing:
            found["crosses_left"] = crossing
        if kind := _kind_of_word(text, start - 2, start):
            found[f"{kind}_before"] = 1
        for name, characters in (("role", _ROLES), ("of", _OF), ("towards", _BEFORE_PERSON)):
            if before in characters:
                found[f"{name}_before"] = 1
    if before and before in "和与及跟、" and _LIST_LEFT.search(text, max(0, start - 4), start):
        found["list_left"] = 1
    if kind := _cue(text, start):
        found[f"cue_{kind}"] = 1
        if before in _JOINS and before not in " \u3000":
            found["joined"] = 1
    return found


def _of_right(text: str, end: int) -> dict[str, int]:
    found: dict[str, int] = {}
    after = text[end : end + 1]
    if not "一" <= after <= "鿿":
        found["right_mark"] = 1
        if after == "、":
            found["right_comma"] = 1
        elif after and after in '”"':
            found["right_quote"] = 1
    else:
        if crossing := max(_joined(text, end - 1, end + 1), _joined(text, end - 1, end + 2)):
            found["crosses_right"] = crossing
        if kind := _kind_of_word(text, end, end + 2):
            found[f"{kind}_after"] = 1
        elif after in _AFTER_PERSON:
            found["particle_after"] = 1
        elif after == "的":
            found["of_after"] = 1
        if _FIRM(text, end):
            found["firm"] = 1
    if acts(text, end):
        found["acts"] = 1
    elif goes_on(text, end):
        found["goes_on"] = 1
    for name, follows in _AFTER.items():
        if follows(text, end):
            found[name] = 1
    return found


def score(text: str, start: int, surname: int, given: int) -> float:
    """Log odds that these characters are a person's name."""
    weights = _weights()
    worth = _worth(text[start : start + surname + given], surname)
    return worth + sum(weights.get(name, 0) for name in _around(text, start, surname, given))


_NO_BEGINNING = frozenset(ETHNIC_BEGINNINGS)


def find_likely(text: str) -> list[tuple[int, int]]:
    """Names that nothing announces, where a clause begins or after 据, 的, 我弟 …: those that their
    characters make far likelier than words, and those that the model finds likely."""
    found: list[tuple[int, int]] = []
    site = SITE.search(text)
    while site:
        start, end = site.start(), None
        if text[start : start + 2] not in _NO_BEGINNING and (
            ends := _ends(text, start, LEAST_WORTH)
        ):
            if text[start - 1 : start] == "、":  # 万达、金鹰、高新: so short they may be shops
                ends = [end for end in ends if end - start > 2]
            end = bare_name(text, start) or _likeliest(text, start, ends, THRESHOLD)
            if end is not None:
                found.append((start, end))
        site = SITE.search(text, end or start + 1)
    return found


def likely_end(text: str, start: int) -> int | None:
    """End of the likeliest name that begins at ``start``, which something announces; else None."""
    ends = _ends(text, start, LEAST_ANNOUNCED_WORTH)
    return _likeliest(text, start, ends, ANNOUNCED_THRESHOLD)


def _surname(text: str, start: int) -> int:
    return 2 if text[start : start + 2] in _COMPOUNDS else 1


def _ends(text: str, start: int, least: float) -> list[int]:
    """Where a name at ``start`` may end, by its characters alone; 常州 is a word."""
    words = tables()[3]
    surname = _surname(text, start)
    if surname == 1 and text[start : start + 1] not in _SINGLE:
        return []
    ends = []
    for end in (start + surname + 1, start + surname + 2):
        new = text[end - 1 : end]
        if not "一" <= new <= "鿿" or new in NEVER:
            break
        if text[start:end] not in words and _worth(text[start:end], surname) >= least:
            ends.append(end)
    return ends if ends and not _salutation(text, start + surname) else []


def _likeliest(text: str, start: int, ends: list[int], least: float) -> int | None:
    surname = _surname(text, start)
    scored = [(score(text, start, surname, end - start - surname), end) for end in ends]
    best = max(scored, default=(least - 1, None))
    return best[1] if best[0] >= least else None
