"""Champion and challenger: a model that has learned supervisors' labels too, against the one in
force.

Both are trained here, the champion anew from what it had learned, so that one code measures both
on the same tickets: the corpus and the gold labels, each said by heads that have not seen it; the
frozen regression set (models/regression.txt), which no model learns from; and the minimum cases of
models/behaviour.yaml, which must never fail.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from pipeline.classify.classifier import Classifier, decide
from pipeline.classify.corpus import (
    SCOPES,
    TYPES,
    Corpus,
    CorpusError,
    check,
    label_set,
    load_parts,
)
from pipeline.classify.evaluation import figures_of
from pipeline.classify.flags import FlagRules
from pipeline.classify.training import Inputs, fit, save
from pipeline.domain.labels import HEADLINE_TYPES, ProblemType, Scope

CASES = "behaviour.yaml"
HEADLINES: tuple[ProblemType | None, ...] = (None, *HEADLINE_TYPES)
"""What may not fall: enforcement (None) and T01–T03."""
_DRAWS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Rule:
    """When a headline figure has fallen by more than noise; see :func:`compare`."""

    confidence: float
    resamples: int
    least_tickets: int
    tolerance: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model says of one ticket, as far as it is compared."""

    scope: Scope
    score: float
    labels: frozenset[ProblemType]
    review: bool


Entrant = tuple[Classifier, list[Answer]]
"""A model of some rows, and an answer for every ticket by heads that have not seen it."""


@dataclass(frozen=True)
class Contest:
    """``figures``: for corpus, gold and frozen, where they hold tickets, both models' figures;
    ``fallen``: (set, slug or ``enforcement``) that fell by more than noise; ``lost``: minimum
    cases that the champion gets right and the challenger does not.
    """

    version: str
    classifier: Classifier
    inputs: Inputs
    figures: dict[str, dict]
    fallen: list[tuple[str, str]]
    lost: list[str]

    @property
    def is_won(self) -> bool:
        return not (self.fallen or self.lost)

    def save(self, artifacts_dir: Path) -> Path:
        """Write the challenger's artifact."""
        return save(self.classifier.model, self.inputs, artifacts_dir, self.version)


def version_with(shipped: str, gold: Sequence[Mapping[str, Any]]) -> str:
    """The version of the shipped model's code, corpus and parameters with these gold labels."""
    keys = ("decision_id", "id", "text_hash", "scope", "primary", "secondary", "flags", "evidence")
    digest = hashlib.sha256(shipped.encode())
    for ticket in gold:
        line = [ticket[key] for key in keys]
        digest.update(json.dumps(line, ensure_ascii=False, sort_keys=True).encode())
    return digest.hexdigest()[:12]


def with_gold(corpus: Corpus, gold: Sequence[Mapping[str, Any]]) -> Corpus:
    """The gold tickets after the corpus; those of one matter are a group.

    Raises :class:`CorpusError` for a gold ticket that could not stand in the corpus.
    """
    for ticket in gold:
        if faults := check(ticket):
            raise CorpusError(f"复核决定 {ticket['decision_id']}:{';'.join(faults)}")
    _, matter = np.unique([int(t["matter_id"]) for t in gold], return_inverse=True)
    group = np.concatenate([corpus.group, int(corpus.group.max()) + 1 + matter])
    return Corpus([*corpus.tickets, *gold], group.astype(int))


def contest(
    models_dir: Path,
    version: str,
    gold: Sequence[Mapping[str, Any]],
    learned: Set[int],
    rule: Rule,
) -> Contest:
    """Train the challenger (``version``) and the champion, whose gold is the ``learned`` decisions.

    ``gold``: tickets in the corpus's form with ``decision_id`` and ``matter_id``, in a fixed
    order. The same arguments give the same bytes and figures. Raises CorpusError.
    """
    from threadpoolctl import threadpool_limits

    inputs = Inputs.read(models_dir)
    corpus, frozen = load_parts(models_dir)
    joint = with_gold(corpus, gold)
    everything = np.arange(len(joint.tickets))
    is_gold = everything >= len(corpus.tickets)
    is_known = np.array([ticket.get("decision_id") in learned for ticket in joint.tickets])
    with threadpool_limits(1):  # as in training: the same bytes on any machine
        champion, before = _held_out(joint, everything[~is_gold | is_known], inputs, "")
        challenger, after = _held_out(joint, everything, inputs, version)
    parts = {
        "corpus": (corpus, before[: len(corpus.tickets)], after[: len(corpus.tickets)]),
        "gold": (
            joint.take(everything[is_gold]),
            before[len(corpus.tickets) :],
            after[len(corpus.tickets) :],
        ),
        "frozen": (
            frozen,
            _answers(champion, frozen.tickets),
            _answers(challenger, frozen.tickets),
        ),
    }
    figures, fallen = {}, []
    for name, (some, was, is_now) in parts.items():
        if not some.tickets:
            continue
        headlines = compare(some, was, is_now, rule)
        fallen += [(name, slug) for slug, line in headlines.items() if line["fell"]]
        figures[name] = {
            "n": len(some.tickets),
            "champion": _summary(some, was),
            "challenger": _summary(some, is_now),
            "headlines": headlines,
        }
    lost = sorted(_passed(champion, models_dir) - _passed(challenger, models_dir))
    return Contest(version, challenger, inputs, figures, fallen, lost)


def compare(
    some: Corpus,
    before: Sequence[Answer],
    after: Sequence[Answer],
    rule: Rule,
) -> dict[str, dict]:
    """For each headline F1 before and after, and whether it fell by more than noise.

    Paired bootstrap (as Koehn 2004 compares translation systems): groups of tickets are drawn
    anew with replacement, both models are measured on the same draw, and a figure fell where it
    is lower in at least ``rule.confidence`` of the draws, and by ``rule.tolerance`` or more: the
    draws do not tell how thresholds, fitted anew, move a little with any new ticket. ``low`` and
    ``high`` bound the difference at that confidence from either side. Headlines without a ticket
    are left out; one of fewer than ``rule.least_tickets`` is measured and decides nothing.
    """
    counts = np.concatenate([_counted(some, before), _counted(some, after)], axis=1)
    _, group = np.unique(some.group, return_inverse=True)
    sums = np.zeros((int(group.max()) + 1, *counts.shape[1:]))
    np.add.at(sums, group, counts)
    groups = len(sums)
    draw = np.random.RandomState(0)
    drawn = []
    for start in range(0, rule.resamples, _DRAWS_AT_ONCE):
        size = min(_DRAWS_AT_ONCE, rule.resamples - start)
        times = draw.multinomial(groups, np.full(groups, 1 / groups), size=size)
        drawn.append(_f1(np.tensordot(times, sums, axes=1)))
    differences = np.concatenate(drawn)
    differences = differences[:, len(HEADLINES) :] - differences[:, : len(HEADLINES)]
    f1 = _f1(counts.sum(axis=0))
    lines = {}
    for place, kind in enumerate(HEADLINES):
        truth = int((counts[:, place, 0] + counts[:, place, 2]).sum())
        if not truth:
            continue
        low, high = np.quantile(differences[:, place], [1 - rule.confidence, rule.confidence])
        before_f1, after_f1 = float(f1[place]), float(f1[place + len(HEADLINES)])
        is_sure = high < 0 and truth >= rule.least_tickets
        lines[kind.value if kind else "enforcement"] = {
            "n": truth,
            "champion": round(before_f1, 4),
            "challenger": round(after_f1, 4),
            "low": round(float(low), 4),
            "high": round(float(high), 4),
            "fell": bool(is_sure and before_f1 - after_f1 >= rule.tolerance),
        }
    return lines


def draw_frozen(corpus: Corpus, share: float) -> list[str]:
    """Ids for models/regression.txt: ``share`` of the groups of every scope and primary type, at
    least one, drawn with a fixed seed; minimal pairs stay together.
    """
    strata: dict[tuple, dict[int, list[str]]] = {}
    seen: dict[int, tuple] = {}
    for ticket, group in zip(corpus.tickets, corpus.group, strict=True):
        stratum = seen.setdefault(int(group), (ticket["scope"], ticket["primary"] or ""))
        strata.setdefault(stratum, {}).setdefault(int(group), []).append(ticket["id"])
    draw = np.random.RandomState(0)
    ids: list[str] = []
    for _, groups in sorted(strata.items()):
        chosen = draw.permutation(sorted(groups))[: max(1, round(share * len(groups)))]
        ids += [ticket for group in sorted(chosen) for ticket in groups[int(group)]]
    return ids


def _held_out(joint: Corpus, learn: np.ndarray, inputs: Inputs, version: str) -> Entrant:
    model, crossed = fit(joint, inputs, learn)
    decided = decide(model, crossed)
    others = decided.scope_scores[:, 1:].argmax(axis=1)
    answers = [
        Answer(
            SCOPES[0 if is_enforcement else 1 + int(others[row])],
            float(decided.scope_scores[row, 0]),
            frozenset(TYPES[n] for n in decided.labels[row]),
            bool(decided.review[row]),
        )
        for row, is_enforcement in enumerate(decided.is_enforcement)
    ]
    return Classifier(model, FlagRules(inputs.flags), inputs.speech, version), answers


def _answers(classifier: Classifier, tickets: Sequence[Mapping[str, Any]]) -> list[Answer]:
    return [
        Answer(said.scope, said.score, frozenset(said.labels), said.review)
        for said in classifier.predict(tickets)
    ]


def _counted(some: Corpus, answers: Sequence[Answer]) -> np.ndarray:
    """tickets × headlines × (hit, false alarm, miss); counted as in ``evaluate``, E4 left out."""
    counts = np.zeros((len(answers), len(HEADLINES), 3))
    for row, (ticket, answer) in enumerate(zip(some.tickets, answers, strict=True)):
        if ticket["scope"] == Scope.E4:
            continue
        is_e1 = ticket["scope"] == Scope.E1
        wanted = set(label_set(ticket)) if is_e1 else set()
        for place, kind in enumerate(HEADLINES):
            truth = is_e1 if kind is None else kind in wanted
            said = answer.scope is Scope.E1 if kind is None else kind in answer.labels
            counts[row, place] = truth and said, said and not truth, truth and not said
    return counts


def _f1(counts: np.ndarray) -> np.ndarray:
    hits, extras, misses = np.moveaxis(counts, -1, 0)
    return np.where(hits > 0, 2 * hits / np.maximum(2 * hits + extras + misses, 1), 0.0)


def _summary(some: Corpus, answers: Sequence[Answer]) -> dict[str, float]:
    figures = figures_of(
        some.tickets,
        [answer.scope for answer in answers],
        np.array([answer.score for answer in answers]),
        [set(answer.labels) for answer in answers],
        np.array([answer.review for answer in answers], dtype=bool),
    )
    return {
        "precision": round(figures["enforcement"]["precision"], 4),
        "recall": round(figures["enforcement"]["recall"], 4),
        "macro_f1": round(figures["macro_f1"], 4),
        "ordinary_flagged": round(figures["scope"]["ordinary_flagged"], 4),
        "ece": round(figures["ece"], 4),
        "abstained": figures["abstained"],
    }


def _passed(classifier: Classifier, models_dir: Path) -> set[str]:
    """The minimum cases that the model gets right, by their text."""
    cases = yaml.safe_load((models_dir / CASES).read_text(encoding="utf-8"))["minimum"]
    said = classifier.predict([{"id": "", "title": "", "content": case["text"]} for case in cases])
    return {
        case["text"]
        for case, answer in zip(cases, said, strict=True)
        if answer.scope == case["scope"] and case.get("primary", answer.primary) == answer.primary
    }
