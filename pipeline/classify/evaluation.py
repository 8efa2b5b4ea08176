"""Figures of a classifier on labelled tickets: scope, enforcement, types, calibration, speed."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from pipeline.classify.corpus import SCOPES, TYPES, label_set
from pipeline.domain.labels import ProblemType, Scope

MEASURED = tuple(t for t in TYPES if t is not ProblemType.UNSPECIFIED)
"""Types whose F1 enters the averages: T01–T12."""
BINS = 10


def evaluate(classifier, gold: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """``hotline evaluate --json``: n, scope, enforcement, types, macro_f1, micro_f1, ece, …

    Enforcement, types and ``ece`` leave gold E4 out: a complaint about another agency's officers
    reads like E1 and only its addressee differs (``scope`` counts it). Types are measured as
    sets, primary and secondary together, and a type on a ticket that is not E1 counts as wrong.
    ``ece`` is the expected calibration error of the enforcement score in ten equal bins.
    """
    tickets = list(gold)
    began = time.perf_counter()
    said = classifier.predict(tickets)
    seconds = time.perf_counter() - began
    figures = figures_of(
        tickets,
        [p.scope for p in said],
        np.array([p.score for p in said]),
        [set(p.labels) for p in said],
        np.array([p.review for p in said], dtype=bool),
    )
    return {**figures, "docs_per_second": len(tickets) / seconds if seconds else 0.0}


def figures_of(
    tickets: Sequence[Mapping[str, Any]],
    scopes: Sequence[Scope],
    scores: np.ndarray,
    labels: Sequence[set[ProblemType]],
    review: np.ndarray,
) -> dict[str, Any]:
    """The figures of :func:`evaluate` without the speed."""
    gold_scope = [Scope(ticket["scope"]) for ticket in tickets]
    counted = [n for n, scope in enumerate(gold_scope) if scope is not Scope.E4]
    truth = np.array([gold_scope[n] is Scope.E1 for n in counted], dtype=bool)
    said = np.array([scopes[n] is Scope.E1 for n in counted], dtype=bool)
    gold = [
        {ProblemType(slug) for slug in label_set(tickets[n])} if is_e1 else set()
        for n, is_e1 in zip(counted, truth, strict=True)
    ]
    answers = [labels[n] for n in counted]
    types, hits, misses, extras = {}, 0, 0, 0
    for kind in MEASURED:
        tp = sum(kind in a and kind in b for a, b in zip(gold, answers, strict=True))
        fn = sum(kind in a and kind not in b for a, b in zip(gold, answers, strict=True))
        fp = sum(kind not in a and kind in b for a, b in zip(gold, answers, strict=True))
        hits, misses, extras = hits + tp, misses + fn, extras + fp
        types[kind.value] = {"n": tp + fn, **rates(tp, fp, fn)}
    present = [v["f1"] for v in types.values() if v["n"]]
    return {
        "n": len(tickets),
        "scope": _scope_figures(gold_scope, scopes),
        "enforcement": _binary(truth, said),
        "types": types,
        "macro_f1": float(np.mean(present)) if present else 0.0,
        "micro_f1": rates(hits, extras, misses)["f1"],
        "ece": calibration_error(np.asarray(scores)[counted], truth),
        "abstained": int(np.sum(review)),
    }


def rates(tp: int, fp: int, fn: int) -> dict[str, float]:
    """Precision, recall and F1; 0 where nothing was there to count."""
    precision = tp / (tp + fp) if tp + fp else 0.0
    recall = tp / (tp + fn) if tp + fn else 0.0
    f1 = 2 * tp / (2 * tp + fp + fn) if tp else 0.0
    return {"precision": precision, "recall": recall, "f1": f1}


def _binary(truth: np.ndarray, said: np.ndarray) -> dict[str, float]:
    return rates(int((truth & said).sum()), int((~truth & said).sum()), int((truth & ~said).sum()))


def _scope_figures(gold: Sequence[Scope], said: Sequence[Scope]) -> dict[str, Any]:
    truth, answer = np.array(gold, dtype=object), np.array(said, dtype=object)
    each = {
        scope.value: {"n": int((truth == scope).sum()), **_binary(truth == scope, answer == scope)}
        for scope in SCOPES
    }
    present = [v["f1"] for v in each.values() if v["n"]]
    return {
        **each,
        "accuracy": float((truth == answer).mean()) if len(truth) else 0.0,
        "macro_f1": float(np.mean(present)) if present else 0.0,
        "ordinary_flagged": flagged_share(truth, answer),
    }


def flagged_share(truth: np.ndarray, answer: np.ndarray) -> float:
    """Share of gold E0 called E1."""
    ordinary = truth == Scope.E0
    return float((answer[ordinary] == Scope.E1).mean()) if ordinary.any() else 0.0


def calibration_error(scores: np.ndarray, truth: np.ndarray) -> float:
    """Expected calibration error: |mean score − share| over ten equal bins, weighted by size."""
    if not len(scores):
        return 0.0
    bins = np.minimum((scores * BINS).astype(int), BINS - 1)
    total = 0.0
    for number in range(BINS):
        inside = bins == number
        if inside.any():
            total += inside.sum() * abs(scores[inside].mean() - truth[inside].mean())
    return float(total / len(scores))
