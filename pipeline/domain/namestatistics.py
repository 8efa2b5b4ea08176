"""What is known of the characters of names and of words: how often each stands where.

``name_statistics.txt`` is made by ``pipeline.makers.name_statistics``; costs are bits, the negative
binary logarithm of how often such a thing is written.
"""

from functools import cache
from pathlib import Path

from pipeline.domain.namewords import SELDOM_GIVEN

STATISTICS = Path(__file__).with_name("name_statistics.txt")
COMPOUND = 8  # bits of 欧阳 or 诸葛, which are hardly ever words
PLACES = "路镇县市区村乡街道山湖店厂队车桥湾庄庙园苑费校委塔舞长院考科员族卡氏某"
RARE = 15  # bits of a character that no surname or given name of the statistics holds
SELDOM = SELDOM_GIVEN + "方众友"
MOSTLY_WORDS = (
    "司车路时单那查连危来都平台公申国许应任管代边封元冷包上第西东南百保通广全强多黑于向明高关方有钱"
    "支松乌巴班印怀双充满隆师养红益羊祖索权楼帅修海火问从步宿洒母山区厚候战秋原铁利"
)
"""Surnames that begin words and sentences far more often."""


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
