"""What a fine was for (处罚事项), as callers tell it: the words stand in penalty_items.yaml.

A complaint mentions several things and was fined for one or two of them. That one stands in the
sentence that speaks of the fine, else in the one before or after it; farther away it counts only
where the complaint mentions no other.
"""

import re
from functools import lru_cache
from pathlib import Path

_FINE = re.compile("罚(?!没)|记分|扣分")
_SENTENCE = re.compile("[^。;;!!??\n]+")


def is_about_a_fine(text: str) -> bool:
    """Whether a fine or penalty points are spoken of; 罚没收入 alone is no fine of the caller's."""
    return bool(_FINE.search(text))


def penalty_items(text: str) -> list[str]:
    """The items of penalty that a complaint about a fine names; empty where it names none."""
    if not is_about_a_fine(text):  # most complaints: no pattern needs to look
        return []
    sentences = _SENTENCE.findall(text)
    fines = [i for i, sentence in enumerate(sentences) if _FINE.search(sentence)]
    if found := _named(" ".join(sentences[i] for i in fines)):
        return found
    beside = sorted({j for i in fines for j in (i - 1, i + 1) if 0 <= j < len(sentences)})
    if found := _named("。".join(sentences[j] for j in beside)):
        return found
    found = _named(text)
    return found if len(found) == 1 else []


@lru_cache(maxsize=1)
def _items() -> dict[str, re.Pattern]:
    import yaml

    said = yaml.safe_load((Path(__file__).parent / "penalty_items.yaml").read_text("utf-8"))
    return {name: re.compile("|".join(patterns)) for name, patterns in said.items()}


def _named(text: str) -> list[str]:
    return [name for name, said in _items().items() if said.search(text)]
