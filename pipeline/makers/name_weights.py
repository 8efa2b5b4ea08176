"""Fits the name scorer: ``python -m pipeline.makers.name_weights`` writes its weights.

It learns from the marked tickets of tests/domain/masking, each also with other names in place of
its own, and from the classifier's corpus, whose words are no names. ``--leave-out`` prints what the
masking of names reaches on each marked file when the model is fitted on the others. The rules
beside it were written with these files in view: only a new file tells about tickets never seen.
"""

import json
import random
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import jieba
import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from pipeline.domain import namescore
from pipeline.domain.names import find_people
from pipeline.domain.namewords import COMPOUND_SURNAMES, GIVEN, SURNAMES
from pipeline.settings import MODELS_DIR

MARKED = MODELS_DIR.parent / "tests" / "domain" / "masking"
_LEAST = -6  # bits of the candidates learned from
_AGAIN = 4  # times a ticket is told with other names
_STRENGTH = 0.3  # inverse of the penalty on large weights

Span = tuple[int, int]
Example = tuple[list[str], bool, float]  # features, whether a name, weight


def marked(path: Path) -> Iterator[tuple[str, set[Span]]]:
    """The tickets of a file, with the spans of their names wherever they stand."""
    for line in path.read_text(encoding="utf-8").splitlines():
        ticket = json.loads(line)
        names = {value for kind, value in ticket["spans"] if kind == "name"}
        yield ticket["text"], _spans(ticket["text"], names)


def _spans(text: str, names: Iterable[str]) -> set[Span]:
    kept: set[Span] = set()
    for name in sorted(names, key=len, reverse=True):
        for match in re.finditer(re.escape(name), text):
            if all(match.end() <= start or match.start() >= end for start, end in kept):
                kept.add(match.span())
    return kept


def _people() -> list[str]:
    dictionary = Path(jieba.__file__).with_name("dict.txt").read_text(encoding="utf-8")
    entries = (line.split(" ") for line in dictionary.splitlines())
    return [w for w, _, kind in entries if kind == "nr" and len(w) == 3 and w[0] in SURNAMES]


def _invented(rng: random.Random, people: list[str]) -> str:
    """A name as those of the dictionary, with rarer surnames and given names of one character."""
    name, chance = rng.choice(people), rng.random()
    if chance < 0.35:
        name = rng.choice(SURNAMES) + name[1:]
    elif chance < 0.45:
        name = rng.choice(COMPOUND_SURNAMES) + name[1:]
    if rng.random() < 0.25:
        name = name[:-2] + name[-1]
    return name[:-1] + rng.choice(GIVEN) if rng.random() < 0.15 else name


def _renamed(
    text: str, spans: set[Span], rng: random.Random, people: list[str]
) -> tuple[str, set[Span]]:
    others: dict[str, str] = {}
    told, at, new = "", 0, set()
    for start, end in sorted(spans):
        other = others.setdefault(text[start:end], _invented(rng, people))
        told += text[at:start]
        new.add((len(told), len(told) + len(other)))
        told += other
        at = end
    return told + text[at:], new


def _examples(text: str, spans: set[Span], weight: float) -> Iterator[Example]:
    for start, surname, given in namescore.candidates(text, -99):
        is_name = (start, start + surname + given) in spans
        if is_name or namescore.bits(text, start, surname, given) >= _LEAST:
            yield namescore.features(text, start, surname, given), is_name, weight


def examples() -> dict[str, list[Example]]:
    """Marked file → its examples; ``corpus`` → those of the corpus."""
    rng, people = random.Random(7), _people()
    found: dict[str, list[Example]] = {}
    for path in sorted(MARKED.glob("*.jsonl")):
        here = found[path.stem] = []
        for text, spans in marked(path):
            here += _examples(text, spans, 1)
            for _ in range(_AGAIN if spans else 0):
                here += _examples(*_renamed(text, spans, rng, people), 1 / _AGAIN)
    found["corpus"] = [e for text in corpus() for e in _examples(text, set(), 1)]
    return found


def corpus() -> Iterator[str]:
    """Texts of the classifier's corpus, which hold a dozen names in nine thousand tickets."""
    for path in sorted((MODELS_DIR / "corpus").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            ticket = json.loads(line)
            yield f"{ticket['title']} {ticket['content']}".strip()


def fit(learned: Iterable[Example]) -> dict[str, float]:
    """Feature → weight, and ``constant``."""
    told, is_name, weights = zip(*learned, strict=True)
    vectorizer = DictVectorizer()
    table = vectorizer.fit_transform(dict.fromkeys(names, 1) for names in told)
    table.indices, table.indptr = table.indices.astype(np.int32), table.indptr.astype(np.int32)
    model = LogisticRegression(C=_STRENGTH, max_iter=500, solver="liblinear", random_state=0)
    model.fit(table, is_name, sample_weight=weights)
    names = vectorizer.get_feature_names_out()
    fitted = dict(zip(names, model.coef_[0].tolist(), strict=True))
    return {"constant": float(model.intercept_[0])} | fitted


def leave_out(found: dict[str, list[Example]]) -> Iterator[tuple[str, int, int, int]]:
    """Marked file → names, those found, and what was taken for names, by the others' weights."""
    kept = namescore._weights
    for path in sorted(MARKED.glob("*.jsonl")):
        others = (e for name, here in found.items() if name != path.stem for e in here)
        weights = fit(others)
        namescore._weights = lambda weights=weights: weights
        namescore._worth.cache_clear()
        names = hits = taken = 0
        for text, spans in marked(path):
            masked = _spans(text, {text[p.start : p.end] for p in find_people(text)})
            names, taken, hits = names + len(spans), taken + len(masked), hits + len(spans & masked)
        yield path.stem, names, hits, taken
    namescore._weights = kept


def main() -> None:
    found = examples()
    if "--leave-out" in sys.argv:
        for name, names, hits, taken in leave_out(found):
            print(f"{name:12} names {names:4} found {hits:4} taken {taken:4}")
        return
    weights = fit(e for here in found.values() for e in here)
    lines = [f"{name} {weight:.3f}" for name, weight in sorted(weights.items())]
    namescore.WEIGHTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
