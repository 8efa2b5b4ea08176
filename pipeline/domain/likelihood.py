"""How likely characters are a person's name rather than words: two small models compared.

The one says what a surname and one or two characters of a given name cost, the other what it costs
to cut the same characters into words; both in bits, the negative binary logarithm of how often
such things are written (``name_statistics.txt``, made by ``pipeline.makers.name_statistics``). What
follows counts on both sides: so 林和平时常 holds no 林和平时.
"""

import re
from functools import cache
from pathlib import Path

from pipeline.domain.namewords import (
    COMPOUND_SURNAMES,
    ETHNIC_BEGINNINGS,
    NEVER_GIVEN,
    RARE_SURNAMES,
    SALUTATIONS,
    SELDOM_GIVEN,
    SURNAMES,
    WORDS,
)

STATISTICS = Path(__file__).with_name("name_statistics.txt")
_LONGEST = 3  # characters of a word in the statistics
_AHEAD = 6  # characters looked at from the beginning of a name
_UNKNOWN = 24  # bits of a character that is no word
COMPOUND = 8  # bits of 欧阳 or 诸葛, which are hardly ever words
_VERBAL = 4  # bits against 向, 时, 应 as surnames
BY_SPEECH = 3  # bits that what people do after a name (反映, 来电) speaks for one
_BEFORE_SPEECH, _BESIDE_MARK, _BARE = 5, 7, 14
_KIN = tuple("弟哥姐妹爸妈夫妻嫂")
PLACES = "路镇县市区村乡街道山湖店厂队车桥湾庄庙园苑费校委塔舞长院考科员族卡氏某"
RARE = 15  # bits of a character that no surname or given name of the statistics holds
_NO_WORD = 99
_SURE_WORD = 4  # bits that what follows may still turn
_ONE, _TWO = 2, 0  # bits: one given name in four has one character
NEVER = frozenset(NEVER_GIVEN + "，。、；：！？")


@cache
def tables() -> tuple[dict[str, int], ...]:
    tables: dict[str, dict[str, int]] = {}
    with STATISTICS.open(encoding="utf-8") as lines:
        for line in lines:
            table, cost, *entries = line.split()
            tables.setdefault(table, {}).update(dict.fromkeys(entries, int(cost)))
    return tables["surname"], tables["first"], tables["last"], tables["word"]


@cache
def kinds() -> tuple[frozenset[str], frozenset[str]]:
    """Words of two characters that are verbs, and those that are neither verbs nor nouns."""
    found = {}
    with STATISTICS.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith(("verb ", "other ")):
                table, _, *entries = line.split()
                found[table] = frozenset(entries)
    return found["verb"], found["other"]


def _costs_of_words(text: str, words: dict[str, int]) -> list[int]:
    """From each character on: what the cheapest cut of the rest into words costs."""
    costs = [0]  # from the end on
    for start in range(len(text) - 1, -1, -1):
        cost = costs[-1] + words.get(text[start], _UNKNOWN)
        for length in range(2, min(_LONGEST, len(costs)) + 1):
            word = words.get(text[start : start + length])
            if word is not None and word + costs[-length] < cost:
                cost = word + costs[-length]
        costs.append(cost)
    costs.reverse()
    return costs


def name_at(text: str, start: int, least: int, surname: int = 1) -> int | None:
    """End of the likeliest name at ``start``, whose surname has ``surname`` characters, where it is
    by ``least`` bits likelier than words (negative: it may be less likely); else None."""
    surnames, first, last, words = tables()
    one = text[start + surname : start + surname + 1]
    two = text[start + surname + 1 : start + surname + 2]
    if not one or one in NEVER:
        return None
    family = text[start : start + surname]
    cost = surnames.get(family, RARE) if surname == 1 else COMPOUND
    short = cost + last.get(one, RARE) + _ONE
    long = cost + first.get(one, RARE) + last.get(two, RARE)
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
    rest = _costs_of_words(ahead, words)
    end, cost = surname + 1, short + rest[surname + 1]
    if han > end and two not in NEVER and long + rest[end + 1] <= cost:
        end, cost = end + 1, long + rest[end + 1]
    return start + end if rest[0] - cost >= least else None


_NO_NAMES = WORDS.union(ETHNIC_BEGINNINGS)
_COMPOUNDS = frozenset(COMPOUND_SURNAMES)
# Surnames that begin words and sentences far more often; and those of which compounds begin.
MOSTLY_WORDS = (
    "司车路时单那查连危来都平台公申国许应任管代边封元冷包上第西东南百保通广全强多黑于向明高关方有钱"
    "支松乌巴班印怀双充满隆师养红益羊祖索权楼帅修海火问从步宿洒母山区厚候战秋原铁利"
)
_FIRST = "".join(sorted({*SURNAMES, *RARE_SURNAMES} - {*MOSTLY_WORDS}))
_HAN = "\u4e00-\u9fff"
SELDOM = SELDOM_GIVEN + "方众友"
_GIVEN = f"[^\\W\\d_A-Za-z{''.join(sorted(NEVER))}{SELDOM}]"
# Left of a name that no cue announces: no word, or one that often stands before people.
_LEFT = (
    "据经与向由找请给和跟是系叫转的弟哥姐妹爸妈夫妻嫂友有为村户时明主客长子儿至接对替为称被让"
    "者员人工师父母兄叔伯姨舅婿媳民警手亲戚队科组局处室站所厂司"
)
_BEGINS, _GOES_ON = ("".join(sorted({name[at] for name in COMPOUND_SURNAMES})) for at in (0, 1))
SITE = re.compile(
    f"[{_FIRST}{_BEGINS}]"
    f"(?:(?<=\\A.)|(?<=[^{_HAN}].)|(?<=[{_LEFT}].))"
    f"(?:{_GIVEN}(?<=[{_FIRST}].)|[{_GOES_ON}](?<=[{_BEGINS}].))"
    "(?<!周[一二三四五六日末]|马甲|黄牛|公里|稽查|文件|农[用业机]|凌晨)"
)
SALUTATION = (
    f"(?:{'|'.join(SALUTATIONS)}|(?:[总工姐哥叔婶姨嫂氏姓女男某队科局处所字]|家)(?![{_HAN}]))"
)
"""王总 is one, 王总平 a name."""
_SALUTATION = re.compile(f"{SALUTATION}|[姐哥叔婶姨嫂伯姓]")
# What people do, are and have.
ACTS = (
    "反映|来电|来信|来访|投诉|举报|致电|咨询|求助|表示|介绍|认为|要求|申请|提出|承认|承诺|驾驶|沟通|联系|拒绝|拒不"
    "|签字|到场|被[罚扣打]|报的?警|一家|夫妇|夫妻|兄弟|父子|母子|家长|女士|先生|同志|您好|网友|网民"
    "|副?[科队站所处局镇乡县市]长|副?主任|副?书记|科员|家住|于[0-9]|[称说](?!明)"
    "|(?:的|之)?(?:妻子?|丈夫|爱人|老[公婆]|[父母]亲?|儿子|女儿|子(?![女弟]))"
    "|的(?:货车|三轮|身份证|诉求|微信|手机|电话|驾驶证|账户|车)"
)
acts = re.compile(ACTS).match
_MARK = re.compile("[，。；：、,;:（(！？\\n]|$|[和与及跟][^法]")
# What goes on after whoever does something, and after much else.
goes_on = re.compile(
    "[对也却已因被不未曾将把从又只拿没想给让骑]|就[不把被]|在[^建]|联合|同意|描述|说明|等|[二两三本][人名]|手里|名下"
).match
_NAMED_AFTER = re.compile(
    f"(?:(?![的在于被说称到从驾向把])[{_HAN}]){{0,6}}?(?:公司|集团|[店厂馆路街巷桥院园楼城村镇乡湖寺庙]"
    "|[苑塔府]|故居|纪念|社区|英语|培训|国际|超市|门市|商行|物流|车队|驾校|学校|小学|中学|大厦|牌)"
)


def name_in_context(text: str, start: int, least: int, surname: int = 1) -> int | None:
    """:func:`name_at`, with what stands after the name taken into account."""
    if text[start] in MOSTLY_WORDS and surname == 1:
        least += _VERBAL
    end = name_at(text, start, least - BY_SPEECH, surname)
    if end is None or acts(text, end) or _MARK.match(text, end):
        return end
    return end if name_at(text, start, least, surname) == end else None


def bare_name(text: str, start: int) -> int | None:
    """End of the name at ``start`` that nothing announces, where its characters make it far
    likelier than words, by what follows a little less."""
    if text[start : start + 2] in _NO_NAMES:
        return None
    surname = 2 if text[start : start + 2] in _COMPOUNDS else 1
    end = name_at(text, start, _BEFORE_SPEECH, surname)
    return end if end is not None and _is_bare_name(text, start, end, surname) else None


def _is_bare_name(text: str, start: int, end: int, surname: int) -> bool:
    if _SALUTATION.match(text, start + surname) or text[end - 1] in PLACES:
        return False
    if acts(text, end) or text[start - 1 : start] in _KIN:
        return True
    least = _BESIDE_MARK if _MARK.match(text, end) or goes_on(text, end) else _BARE
    return (
        end - start > 2
        and name_at(text, start, least, surname) == end
        and not _NAMED_AFTER.match(text, end)
    )
