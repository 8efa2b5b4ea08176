"""Makes ``pipeline/domain/name_statistics.txt`` from jieba's dictionary.

``python -m pipeline.makers.name_statistics``. jieba marks 62,000 full names of three characters:
how often a character stands in each of their places, how often a word stands in any text, and
which words are verbs or neither verbs nor nouns, is all that :mod:`pipeline.domain.namestatistics`
needs. Costs are bits (the negative binary logarithm of the share), rounded; one line holds what
has the same cost.
"""

import math
from collections import Counter, defaultdict
from pathlib import Path

import jieba

from pipeline.domain.namestatistics import STATISTICS
from pipeline.domain.namewords import RARE_SURNAMES, SURNAMES

_LEAST = 20  # occurrences of a word among jieba's 60 million
_LEAST_OF_KIND = 50  # of a word whose part of speech is told
_LEAST_AS_NAME = 300  # of what jieba takes for a name too: 文明, 高峰
_NOUNS = "nsijl"  # and names, idioms, abbreviations
_RARE_SURNAME = 14  # bits, where jieba has no name that begins with it


def _lines(table: str, counts: Counter[str], others: str = "") -> list[str]:
    total = sum(counts.values())
    by_cost: dict[int, list[str]] = defaultdict(list)
    for entry, count in counts.items():
        by_cost[round(-math.log2(count / total))].append(entry)
    if rare := sorted(set(others) - set(counts)):
        by_cost[_RARE_SURNAME] += rare
    return [f"{table} {cost} {' '.join(by_cost[cost])}" for cost in sorted(by_cost)]


def main() -> None:
    places = [Counter[str](), Counter[str](), Counter[str]()]
    words: Counter[str] = Counter()
    kinds: dict[str, list[str]] = defaultdict(list)
    dictionary = Path(jieba.__file__).with_name("dict.txt").read_text(encoding="utf-8")
    for line in dictionary.splitlines():
        word, frequency, kind = line.split(" ")
        is_name = kind.startswith("nr") and len(word) > 1
        if is_name and len(word) == 3 and word[0] in SURNAMES:
            for place, character in zip(places, word, strict=True):
                place[character] += 1
        elif int(frequency) >= (_LEAST_AS_NAME if is_name else _LEAST) and (
            len(word) < 3 or (len(word) == 3 and word[0] in SURNAMES)
        ):
            words[word] += int(frequency)
        if len(word) == 2 and word in words and int(frequency) >= _LEAST_OF_KIND:
            sort = "verb" if kind[0] == "v" else "noun" if kind[0] in _NOUNS else "other"
            kinds[sort].append(word)
    lines = _lines("surname", places[0], SURNAMES + RARE_SURNAMES)
    lines += _lines("first", places[1]) + _lines("last", places[2]) + _lines("word", words)
    lines += [f"{kind} 0 {' '.join(kinds[kind])}" for kind in ("verb", "other")]
    STATISTICS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
