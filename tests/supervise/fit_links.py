"""Fits the scorer of linking: ``python -m tests.supervise.fit_links`` writes word_weights.yaml.

Words are weighed over the enforcement complaints of the classifier's corpus (inverse document
frequency); the coefficients come from the tune part of the labelled pairs and from nothing else.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from pipeline.settings import MODELS_DIR
from pipeline.supervise import alike, fingerprint
from pipeline.supervise.fingerprint import Fingerprint, contradict, features
from pipeline.supervise.linking import MATTER_DAYS

TUNE = Path(__file__).parent / "links" / "tune.jsonl"
TARGET = Path(fingerprint.__file__).with_name("word_weights.yaml")
LEAST_TEXTS = 10  # a pair of characters in fewer is as rare as one never seen
UNSEEN = 5


def pairs() -> Iterator[tuple[Fingerprint, Fingerprint, bool]]:
    """Pairs of the tune part that linking would score: other callers, one place and type."""
    tickets, labels = [], {}
    for number, line in enumerate(TUNE.read_text("utf-8").splitlines()):
        scene = json.loads(line)
        for ticket in scene["tickets"]:
            at, unit = datetime.fromisoformat(ticket["accepted_at"]), ticket.get("unit")
            words = alike.bare(ticket["text"], unit, ticket["region"])
            types = frozenset(ticket["types"]) - {"unspecified"}
            print_ = Fingerprint(ticket["text"], words, at, unit, ticket["region"], types)
            tickets.append(((number, ticket["key"]), (number, ticket.get("caller")), print_))
        labels |= {frozenset([(number, a), (number, b)]): kind for a, b, kind in scene["pairs"]}
    for (key, caller, a), (other, other_caller, b) in combinations(tickets, 2):
        same_caller = caller == other_caller and caller[1] is not None
        near = a.region == b.region or (a.unit and a.unit == b.unit)
        far = abs(a.at - b.at) > timedelta(days=MATTER_DAYS)
        if near and not (same_caller or far or contradict(a, b)) and a.types & b.types:
            yield a, b, labels.get(frozenset([key, other]), "none") != "none"


def coefficients() -> dict[str, float]:
    found = [(features(a, b), same) for a, b, same in pairs()]
    names = list(found[0][0])
    model = LogisticRegression(max_iter=2000).fit(
        np.array([[said[name] for name in names] for said, _ in found]),
        np.array([same for _, same in found]),
    )
    fitted = {"intercept": model.intercept_[0], **dict(zip(names, model.coef_[0], strict=True))}
    return {name: round(float(value), 2) for name, value in fitted.items()}


def _complaints() -> Iterator[dict]:
    for path in sorted((MODELS_DIR / "corpus").glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            ticket = json.loads(line)
            if ticket["scope"] == "E1":
                yield ticket


def _write(words: dict[float, str], unseen: float, fitted: dict[str, float]) -> None:
    lines = ["# Written by `python -m tests.supervise.fit_links`; fingerprint.yaml says what for."]
    lines += ["coefficients:", *(f"  {key}: {value}" for key, value in fitted.items())]
    lines += [f"unseen_word: {unseen}", "words:"]
    lines += [f'  {weight}: "{signs}"' for weight, signs in sorted(words.items())]
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")
    fingerprint.scorer.cache_clear()


def main() -> None:
    said = [alike.bare(f"{c.get('title') or ''} {c['content']}") for c in _complaints()]
    counts = Counter(pair for text in said for pair in {a + b for a, b in pairwise(text)})
    words: dict[float, str] = {}
    for pair, n in sorted(counts.items()):
        # What is not a plain character would have to be escaped, and is rare.
        if n >= LEAST_TEXTS and all("\u4e00" <= sign <= "\u9fff" for sign in pair):
            weight = round(math.log(len(said) / n) * 4) / 4
            words[weight] = words.get(weight, "") + pair
    unseen = round(math.log(len(said) / UNSEEN), 2)
    _write(words, unseen, {"intercept": 0.0})
    fitted = coefficients()
    _write(words, unseen, fitted)
    print(fitted)


if __name__ == "__main__":
    main()
