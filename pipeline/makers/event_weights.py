"""Fits the scorer of linking: ``python -m pipeline.makers.event_weights`` writes its weights.

Characters and concepts are weighed over the enforcement complaints of the classifier's corpus
(inverse document frequency). The coefficients come from the labelled scenes in models/links, and
from pairs drawn from the corpus, which are different stories: they keep two long complaints of one
type, which share words by chance, apart. Neither reads a scene that linking is measured on.
"""

import json
import math
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import combinations

import numpy as np

from pipeline.settings import MODELS_DIR
from pipeline.supervise import alike, fingerprint
from pipeline.supervise.fingerprint import OTHER, Fingerprint, apart, concepts, features
from pipeline.supervise.linking import MATTER_DAYS

THRESHOLD = 0.27
"""From this probability on two complaints are one matter; how chosen: docs/linking.md."""

_COMMON = 2.5  # a character of this weight or less says nothing; of a rarer one the rest counts
_LEAST_TEXTS = 5  # a character in fewer is as rare as one never seen
_STORIES = 2000  # pairs drawn from the corpus
_STORIES_WEIGHT = 0.5  # of such a pair beside a labelled one
_SHRINK = 10.0

Pair = tuple[Fingerprint, Fingerprint]


def labelled_pairs() -> Iterator[tuple[Pair, bool]]:
    """Pairs of models/links that linking would score: other callers, one place and type."""
    tickets, labels, number = [], {}, 0
    for path in sorted((MODELS_DIR / "links").glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            scene, number = json.loads(line), number + 1
            for ticket in scene["tickets"]:
                at, unit = datetime.fromisoformat(ticket["accepted_at"]), ticket.get("unit")
                words = alike.bare(ticket["text"], unit, ticket["region"])
                told = Fingerprint(ticket["text"], words, at, unit, ticket["region"])
                caller = ticket.get("caller") and (number, ticket["caller"])
                tickets.append(((number, ticket["key"]), caller, set(ticket["types"]), told))
            labels |= {frozenset([(number, a), (number, b)]): kind for a, b, kind in scene["pairs"]}
    for (key, caller, types, a), (other, other_caller, other_types, b) in combinations(tickets, 2):
        near = a.region == b.region or (a.unit and a.unit == b.unit)
        far = abs(a.at - b.at) > timedelta(days=MATTER_DAYS) or apart(a, b)
        label = labels.get(frozenset([key, other]), "none")
        of_one_type = types & other_types - {"unspecified"}
        of_one_caller = caller and caller == other_caller
        if near and of_one_type and not (far or of_one_caller or label == "disputed"):
            yield (a, b), label != "none"


def stories() -> Iterator[Pair]:
    """Pairs of the corpus's complaints of one primary type that are not apart."""
    by_type: dict[str, list[str]] = {}
    for ticket in _complaints():
        if ticket.get("primary"):
            by_type.setdefault(ticket["primary"], []).append(ticket["content"])
    draw = random.Random(12328)
    at, types = datetime(2026, 10, 20, 9), sorted(by_type)
    for _ in range(_STORIES):
        texts = draw.sample(by_type[draw.choice(types)], 2)
        a, b = (Fingerprint(text, alike.bare(text), at, None, None) for text in texts)
        if not apart(a, b):
            yield a, b


def coefficients() -> dict[str, float]:
    """The intercept and a coefficient for each feature, to two decimals."""
    labelled, unlike = list(labelled_pairs()), list(stories())
    said = [features(*pair) for pair, _ in labelled] + [features(*pair) for pair in unlike]
    names = list(said[0])
    values = np.array([[one[name] for name in names] for one in said])
    same = np.array([label for _, label in labelled] + [False] * len(unlike))
    weight = np.repeat([1.0, _STORIES_WEIGHT], [len(labelled), len(unlike)])
    fitted = _fit(values, same, weight, [name.startswith(OTHER) for name in names])
    return {
        name: round(float(value), 2)
        for name, value in zip(("intercept", *names), fitted, strict=True)
    }


def _fit(values: np.ndarray, same: np.ndarray, weight: np.ndarray, apart: list[bool]) -> np.ndarray:
    """Logistic regression, shrunk, in which what is shared only speaks for one event and a
    difference only against it: a scene made to mislead cannot turn a sign.
    """
    from scipy.optimize import minimize

    spread = values.std(axis=0) + 1e-9
    inputs = np.hstack([np.ones((len(values), 1)), values / spread])
    sign = np.where(same, 1.0, -1.0)

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (inputs @ w)
        gradient = -(weight * sign / (1 + np.exp(margin))) @ inputs
        gradient[1:] += _SHRINK * w[1:]
        return weight @ np.logaddexp(0, -margin) + _SHRINK / 2 * w[1:] @ w[1:], gradient

    bounds = [(None, None), *((None, 0) if against else (0, None) for against in apart)]
    start = np.zeros(inputs.shape[1])
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x
    return found / np.concatenate([[1.0], spread])


def _complaints() -> Iterator[dict]:
    for path in sorted((MODELS_DIR / "corpus").glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            ticket = json.loads(line)
            if ticket["scope"] == "E1":
                yield ticket


def _rarity(counts: Counter, texts: int, smooth: int) -> dict:
    return {one: max(0.0, math.log(texts / (n + smooth))) for one, n in sorted(counts.items())}


def _weights() -> str:
    """The weights of characters and concepts as YAML."""
    texts = [f"{one.get('title') or ''} {one['content']}" for one in _complaints()]
    signs = Counter(sign for text in texts for sign in set(alike.bare(text)))
    common = Counter({sign: n for sign, n in signs.items() if n >= _LEAST_TEXTS})
    by_weight: dict[float, str] = {}
    for sign, weight in _rarity(common, len(texts), 3).items():
        if "\u4e00" <= sign <= "\u9fff":
            quarter = round(max(0.0, weight - _COMMON) * 4) / 4
            by_weight[quarter] = by_weight.get(quarter, "") + sign
    names = concepts().names
    found = [concepts().of(text) for text in texts]
    spoken = {name: sum(bits >> n & 1 for bits in found) for n, name in enumerate(names)}
    lines = [f"rare_character: {math.log(len(texts) / 4) - _COMMON:.2f}", "characters:"]
    lines += [f'  {weight}: "{listed}"' for weight, listed in sorted(by_weight.items())]
    rarity = _rarity(Counter(spoken), len(texts), 5)
    return "\n".join(
        [*lines, "concepts:", *(f"  {name}: {weight:.2f}" for name, weight in rarity.items())]
    )


def _write(weights: str, fitted: dict[str, float]) -> None:
    lines = ["# Written by `python -m pipeline.makers.event_weights`; docs/linking.md says more."]
    lines += [f"threshold: {THRESHOLD}", "coefficients:"]
    lines += [f"  {name}: {value}" for name, value in fitted.items()]
    fingerprint.WEIGHTS.write_text("\n".join([*lines, weights]) + "\n", encoding="utf-8")
    fingerprint.scorer.cache_clear()


def main() -> None:
    weights = _weights()
    _write(weights, {"intercept": 0.0})  # the features are read with these weights
    fitted = coefficients()
    _write(weights, fitted)
    print(fitted)


if __name__ == "__main__":
    main()
