"""Fits the model of names: ``python -m pipeline.makers.name_model`` writes ``name_model.npz``.

It learns from the marked tickets of models/names, each also with other names in place of its own,
and from the classifier's corpus, which holds a dozen names in nine thousand tickets. Needs PyTorch
(``uv pip install torch``), which nothing else here does.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import jieba
import numpy as np
import torch
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from torch import nn

from pipeline.domain import namescore
from pipeline.domain.namewords import COMPOUND_SURNAMES, GIVEN, SURNAMES
from pipeline.settings import MODELS_DIR

MARKED = MODELS_DIR / "names"
_AGAIN = 6  # times a ticket is told with other names
_LEAST_SEEN = 5  # times a character or a feature that the model knows
_NETWORKS = 3  # whose odds are averaged: each errs a little differently
_EMBEDDED, _HIDDEN = 32, 64
_EPOCHS, _BATCH, _RATE = 5, 512, 2e-3
_BLOTTED = 0.08  # of the characters, at each step
_LEAST_LOOKS = -4.5, -1.2
"""Least sums of the cheap look, at once and in second: 99 % of the names in tickets that it was not
fitted to reach them, and beside them one place in seventy."""
_LEAST_WEIGHT = 0.02

Span = tuple[int, int]


class Example(NamedTuple):
    """A text, the spans of its names, and how much it counts."""

    text: str
    spans: set[Span]
    weight: float


# --- tickets ----------------------------------------------------------------------------------


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


def examples() -> list[Example]:
    """All that is learned from."""
    rng, people = random.Random(7), _people()
    found: list[Example] = []
    for path in sorted(MARKED.glob("*.jsonl")):
        for text, spans in marked(path):
            found.append(Example(text, spans, 1))
            for _ in range(_AGAIN if spans else 0):
                found.append(Example(*_renamed(text, spans, rng, people), 1 / _AGAIN))
    return found + [Example(text, set(), 1) for text in corpus()]


def corpus() -> Iterator[str]:
    """Texts of the classifier's corpus."""
    for path in sorted((MODELS_DIR / "corpus").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            ticket = json.loads(line)
            yield f"{ticket['title']} {ticket['content']}".strip()


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


# --- the network ------------------------------------------------------------------------------


class _Network(nn.Module):
    def __init__(self, characters: int, features: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(characters, _EMBEDDED)
        self.slots = nn.Linear(namescore.SLOTS * _EMBEDDED, _HIDDEN)
        self.features = nn.EmbeddingBag(features + 1, _HIDDEN, mode="sum", padding_idx=0)
        self.linear = nn.EmbeddingBag(features + 1, 1, mode="sum", padding_idx=0)
        self.out = nn.Linear(_HIDDEN, 1)
        nn.init.normal_(self.features.weight, std=0.1)
        nn.init.zeros_(self.linear.weight)

    def forward(self, slots: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        drop = nn.functional.dropout
        embedded = drop(self.embedding(slots).flatten(1), 0.2, self.training)
        hidden = torch.relu(self.slots(embedded) + self.features(features))
        odds = self.out(drop(hidden, 0.3, self.training)) + self.linear(features)
        return odds.squeeze(1)


def fit(learned: Sequence[Example]) -> dict[str, np.ndarray]:
    """The arrays of ``name_model.npz``."""
    torch.set_num_threads(1)  # the same weights on every machine of a kind
    windows, told, is_name, weights = [], [], [], []
    for example in learned:
        for site in namescore.sites(example.text):
            for start, surname, given in namescore.candidates(example.text, site):
                windows.append(namescore.window(example.text, start, surname, given))
                told.append(namescore.features(example.text, start, surname, given))
                is_name.append((start, start + surname + given) in example.spans)
                weights.append(example.weight)
    seen = Counter(c for text in windows for c in text)
    characters = namescore.UNKNOWN + "".join(sorted(c for c, n in seen.items() if n >= _LEAST_SEEN))
    seen = Counter(name for names in told for name in names)
    features = sorted(name for name, n in seen.items() if n >= _LEAST_SEEN)
    table = (
        _numbers(windows, {c: i for i, c in enumerate(characters)}, namescore.SLOTS),
        _numbers(told, {name: i for i, name in enumerate(features, 1)}, max(map(len, told))),
        torch.tensor(is_name, dtype=torch.float32),
        torch.tensor(weights, dtype=torch.float32),
    )
    networks = []
    for seed in range(_NETWORKS):
        torch.manual_seed(seed)
        networks.append(_Network(len(characters), len(features)))
        _train(networks[-1], *table)
    arrays = [{n: w.detach().numpy() for n, w in net.named_parameters()} for net in networks]
    return _look(learned) | {
        "characters": np.array(characters),
        "feature_names": np.array(" ".join(features)),
        "embedding": np.array([a["embedding.weight"] for a in arrays], np.float16),
        "slots": np.array([a["slots.weight"].T for a in arrays], np.float16),
        "bias": np.array([a["slots.bias"] for a in arrays]),
        "features": np.array([a["features.weight"][1:] for a in arrays], np.float16),
        "linear": np.mean([a["linear.weight"][1:, 0] for a in arrays], axis=0),
        "out": np.array([a["out.weight"][0] for a in arrays]) / _NETWORKS,
        "out_bias": np.mean([a["out.bias"][0] for a in arrays]),
    }


def _numbers(told: Iterable[Iterable[str]], known: dict[str, int], width: int) -> torch.Tensor:
    rows = [[known.get(name, 0) for name in names] for names in told]
    return torch.tensor([row + [0] * (width - len(row)) for row in rows])


def _train(network, windows, features, is_name, weights) -> None:
    optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=0.01)
    network.train()
    for _ in range(_EPOCHS):
        order = torch.randperm(len(windows))
        for first in range(0, len(order), _BATCH):
            batch = order[first : first + _BATCH]
            seen = windows[batch].clone()
            seen[torch.rand(seen.shape) < _BLOTTED] = 0
            losses = nn.functional.binary_cross_entropy_with_logits(
                network(seen, features[batch]), is_name[batch], weights[batch]
            )
            optimiser.zero_grad()
            losses.backward()
            optimiser.step()
    network.eval()


def _look(learned: Iterable[Example]) -> dict[str, np.ndarray]:
    """The cheap look: what each part of it weighs, and the least sums with which it goes on."""
    arrays = {"least": np.array(_LEAST_LOOKS)}
    for part, weights in _weighed(learned).items():
        arrays[f"{part}_keys"] = np.array(list(weights))
        arrays[part] = np.array(list(weights.values()), np.float32)
    return arrays


def _looks(example: Example) -> Iterator[tuple[dict[str, str], bool]]:
    begun = {start for start, _ in example.spans}
    for site in namescore.sites(example.text):
        yield namescore.look_of(example.text, site), site in begun


def _weighed(learned: Iterable[Example]) -> dict[str, dict[str, float]]:
    """Part of the look → what stands there → its weight."""
    told, is_name, weights = zip(
        *((*look, example.weight) for example in learned for look in _looks(example)), strict=True
    )
    vectorizer = DictVectorizer(separator="\t")
    table = vectorizer.fit_transform(told)
    table.indices, table.indptr = table.indices.astype(np.int32), table.indptr.astype(np.int32)
    model = LogisticRegression(C=5, l1_ratio=1, solver="liblinear", random_state=0)
    model.fit(table, is_name, sample_weight=weights)
    parts: dict[str, dict[str, float]] = {p: {} for p in (*namescore.AT_ONCE, *namescore.IN_SECOND)}
    for name, weight in zip(vectorizer.get_feature_names_out(), model.coef_[0], strict=True):
        part, key = name.split("\t")
        if abs(weight) >= _LEAST_WEIGHT:
            parts[part][key] = round(float(weight), 2)
    return parts


def main() -> None:
    np.savez_compressed(namescore.MODEL, **fit(examples()))


if __name__ == "__main__":
    main()
