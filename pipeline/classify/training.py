"""Training: from models/ to an artifact, the same bytes every time.

Calibration, thresholds and abstention bands are fitted on cross-fitted outputs: every corpus
ticket is scored by heads that saw neither it nor its minimal pair.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import yaml

from pipeline.classify import artifact
from pipeline.classify.classifier import decide
from pipeline.classify.corpus import LEARNED_FLAGS, SCOPES, TYPES, Corpus, load_parts
from pipeline.classify.evaluation import figures_of, rates
from pipeline.classify.features import FeatureSpace
from pipeline.classify.flags import FlagRules
from pipeline.classify.lexicon import Lexicon
from pipeline.classify.model import HEADS, Decisions, Model, logit, sigmoid, softmax
from pipeline.classify.text import prepare


@dataclass(frozen=True)
class TrainReport:
    """``figures``: cross-validated on the corpus, in the form of ``evaluate``; ``flags``: n,
    precision, recall and F1 of each learned flag, cross-validated too; ``matched_flags``: of each
    flag by pattern, on the corpus that was in sight when the patterns were written."""

    version: str
    tickets: int
    seconds: float
    path: Path
    figures: dict[str, Any] = field(default_factory=dict)
    flags: dict[str, dict[str, float]] = field(default_factory=dict)
    matched_flags: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Inputs:
    """What models/ holds, read once."""

    params: Mapping[str, Any]
    lexicon: Lexicon
    speech: Mapping[str, str]
    flags: Mapping[str, Mapping[str, str]]

    @classmethod
    def read(cls, models_dir: Path) -> "Inputs":
        params, words, flags = (
            yaml.safe_load((models_dir / name).read_text(encoding="utf-8"))
            for name in (artifact.PARAMS, artifact.LEXICON, artifact.FLAGS)
        )
        for wrong, right in words["speech"].items():
            if len(wrong) != len(right):
                raise ValueError(f"speech: {wrong} and {right} differ in length")
        lexicon = Lexicon(
            {name: [str(w) for w in members] for name, members in words["classes"].items()},
            words["patterns"],
            words["marks"],
        )
        return cls(params, lexicon, words["speech"], flags)


def train(models_dir: Path, artifacts_dir: Path, *, card: bool = True) -> TrainReport:
    """Train from ``models_dir`` and write the artifact; with ``card`` MODEL_CARD.md's figures too.

    Raises CorpusError for a corpus that breaks its format.
    """
    from threadpoolctl import threadpool_limits

    began = time.perf_counter()
    inputs = Inputs.read(models_dir)
    corpus, _ = load_parts(models_dir)
    version = artifact.current_version(models_dir)
    with threadpool_limits(1):  # sums in a fixed order, so the same bytes on any machine
        model, crossed = fit(corpus, inputs)
    path = save(model, inputs, artifacts_dir, version)
    seconds = time.perf_counter() - began
    figures = cross_validated(corpus, model, crossed)
    flags = flag_figures(corpus, model, crossed["flags"])
    matched = matched_flag_figures(corpus, inputs)
    report = TrainReport(version, len(corpus.tickets), seconds, path, figures, flags, matched)
    if card:
        from pipeline.classify.card import update_card
        from pipeline.classify.overlap import evidence_overlap

        overlap = evidence_overlap(corpus, inputs)
        update_card(models_dir, report, corpus, inputs.params["folds"], overlap)
    return report


def flag_figures(corpus: Corpus, model: Model, outputs: np.ndarray) -> dict[str, dict[str, float]]:
    """Flag → n, precision, recall, F1 of cross-fitted outputs."""
    said, truth = outputs >= model.decisions.flags, corpus.flags > 0
    return {
        flag: {
            "n": int(truth[:, n].sum()),
            **rates(
                int((said & truth)[:, n].sum()),
                int((said & ~truth)[:, n].sum()),
                int((~said & truth)[:, n].sum()),
            ),
        }
        for n, flag in enumerate(LEARNED_FLAGS)
    }


def matched_flag_figures(corpus: Corpus, inputs: Inputs) -> dict[str, dict[str, float]]:
    """Flag → n, precision, recall, F1 of its pattern, for the flags that the corpus marks."""
    found = FlagRules(inputs.flags).matched(prepare(corpus.tickets, inputs.speech))
    truth = [set(ticket["flags"]) for ticket in corpus.tickets]
    figures = {}
    for flag in inputs.flags:
        said, marked = (np.array([flag in flags for flags in each]) for each in (found, truth))
        if n := int(marked.sum()):
            wrong, missed = int((said & ~marked).sum()), int((~said & marked).sum())
            figures[flag] = {"n": n, **rates(int((said & marked).sum()), wrong, missed)}
    return figures


def save(model: Model, inputs: Inputs, artifacts_dir: Path, version: str) -> Path:
    settings = {**model.settings(), "speech": inputs.speech, "flags": inputs.flags}
    return artifact.write(artifacts_dir, version, model.arrays(), settings)


def fit(
    corpus: Corpus, inputs: Inputs, learn: np.ndarray | None = None
) -> tuple[Model, dict[str, np.ndarray]]:
    """The model of a corpus, and every ticket's cross-fitted outputs by head.

    ``learn``: the rows that heads and decisions learn from, all by default. Columns, folds and
    outputs are those of the whole corpus, so that models of different rows can be compared.
    """
    features = inputs.params["features"]
    batch = prepare(corpus.tickets, inputs.speech)
    space = FeatureSpace.fit(
        batch, inputs.lexicon, features["sizes"], features["weights"], features["at_least"]
    )
    matrix = space.matrix(batch, space.spans(batch))
    passages = read_passages(corpus, space, inputs.speech)
    strength = inputs.params["regularisation"]
    blind = len(inputs.lexicon.marks)
    alone = len(space.vocabularies["chars"].idf)
    folds = corpus.folds(inputs.params["folds"])
    learn = np.arange(len(folds)) if learn is None else learn
    crossed = {head: np.zeros((len(folds), width)) for head, width in HEADS.items()}
    for fold in range(inputs.params["folds"]):
        inside, outside = learn[folds[learn] != fold], np.flatnonzero(folds == fold)
        for head, (weights, offsets) in fit_heads(
            matrix, passages, corpus, inside, strength=strength, blind=blind, alone=alone
        ).items():
            crossed[head][outside] = matrix[outside] @ weights + offsets
    heads = fit_heads(matrix, passages, corpus, learn, strength=strength, blind=blind, alone=alone)
    learned = corpus.take(learn)
    mix, offset = weigh_types(crossed["primary"][learn], learned, strength["mix"])
    crossed["primary"] = crossed["primary"] @ mix + offset
    weights, offsets = heads["primary"]
    heads["primary"] = weights @ mix, offsets @ mix + offset
    model = Model(
        space,
        np.hstack([heads[head][0] for head in HEADS]).astype(np.float32),
        np.hstack([heads[head][1] for head in HEADS]).astype(np.float32),
        fit_decisions(learned, {h: crossed[h][learn] for h in HEADS}, inputs.params),
    )
    return model, crossed


@dataclass(frozen=True)
class Passages:
    """The evidence of E1 tickets as short documents of their own: one a ticket and type.

    They tell the heads of the types which part of a ticket carries a label (macro-F1 of the
    primary +0.02 on files that training had not seen).
    """

    matrix: sp.csr_matrix
    ticket: np.ndarray
    type: np.ndarray


def read_passages(corpus: Corpus, space: FeatureSpace, speech: Mapping[str, str]) -> Passages:
    found = [
        (number, TYPES.index(slug), "。".join(spans))
        for number, ticket in enumerate(corpus.tickets)
        if ticket["scope"] == SCOPES[0]
        for slug, spans in ticket["evidence"].items()
        if spans
    ]
    batch = prepare([{"content": text} for _, _, text in found], speech)
    return Passages(
        space.matrix(batch, space.spans(batch)),
        np.array([ticket for ticket, _, _ in found], dtype=int),
        np.array([kind for _, kind, _ in found], dtype=int),
    )


def fit_heads(
    matrix: sp.csr_matrix,
    passages: Passages,
    corpus: Corpus,
    rows: np.ndarray,
    *,
    strength: Mapping[str, float],
    blind: int = 0,
    alone: int = 0,
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """head → (weights, offsets) from the given rows.

    For scope and primary type the first ``alone`` columns (the characters) vote once more by
    themselves: the mean of two linear models is one linear model, and the better of the three
    (left-out files: AUC of enforcement 0.958 → 0.964, macro-F1 of the primary +0.01).

    Types learn from E1 alone, and without the last ``blind`` columns: the marks tell enforcement
    from other matters, and only blur one type from another (macro-F1 −0.01).
    """
    enforcement = rows[corpus.scope[rows] == 0]
    quoted = np.isin(passages.ticket, enforcement)
    marks = one_hot(passages.type[quoted], len(TYPES))
    scopes = one_hot(corpus.scope[rows], len(SCOPES))
    scope = _heads(matrix[rows], scopes, strength["scope"], alone=alone)
    inside = sp.vstack([matrix[enforcement], passages.matrix[quoted]], format="csr")
    primaries = np.vstack([one_hot(corpus.primary[enforcement], len(TYPES)), marks])
    primary = _heads(inside, primaries, strength["primary"], blind, alone)
    types = _heads(inside, np.vstack([corpus.labels[enforcement], marks]), strength["types"], blind)
    flags = _heads(matrix[rows], corpus.flags[rows], strength["flags"])
    return {"scope": scope, "primary": primary, "types": types, "flags": flags}


def _heads(
    matrix: sp.csr_matrix, targets: np.ndarray, strength: float, blind: int = 0, alone: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """(weights, offsets): one logistic regression a column of ``targets``, without the last
    ``blind`` columns of the matrix; with ``alone`` its mean with one on the first so many.

    A column of ``targets`` that is all zero (all one) gets no weights and an offset far below
    (above).
    """
    height = matrix.shape[1]
    voters = [height - blind, *([alone] if alone else [])]
    weights, offsets = np.zeros((height, targets.shape[1])), np.full(targets.shape[1], -9.0)
    for column in range(targets.shape[1]):
        wanted = targets[:, column] > 0
        if wanted.all():
            offsets[column] = 9.0
        elif wanted.any():
            offsets[column] = 0.0
            for seen in voters:
                coefficients, offset = _logistic_regression(matrix[:, :seen], wanted, strength)
                weights[:seen, column] += coefficients / len(voters)
                offsets[column] += offset / len(voters)
    return weights, offsets


def _logistic_regression(
    matrix: sp.csr_matrix, wanted: np.ndarray, strength: float
) -> tuple[np.ndarray, float]:
    """By dual coordinate descent, which needs a thirtieth of the time of a softmax by L-BFGS here
    and generalises as well."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(
        C=strength, class_weight="balanced", solver="liblinear", dual=True, tol=1e-2, random_state=0
    ).fit(matrix, wanted)
    return fitted.coef_[0], float(fitted.intercept_[0])


def weigh_types(
    outputs: np.ndarray, corpus: Corpus, strength: float
) -> tuple[np.ndarray, np.ndarray]:
    """(mix, offset) that turn one-vs-rest outputs into comparable ones: ``outputs @ mix + offset``.

    Each head of the primary type was fitted against all others by itself, so their outputs lie on
    scales of their own. A multinomial regression on the cross-fitted outputs sets one against
    the other (macro-F1 of the primary 0.759 → 0.796 on left-out files).
    """
    from sklearn.linear_model import LogisticRegression

    inside = np.flatnonzero(corpus.scope == 0)
    present = np.unique(corpus.primary[inside])
    mix, offset = np.eye(len(TYPES)), np.zeros(len(TYPES))
    if len(present) < len(TYPES):  # a corpus without some type: its head says no by itself
        return mix, offset
    scale = outputs[inside].std(axis=0)
    fitted = LogisticRegression(C=strength, max_iter=1000, class_weight="balanced").fit(
        outputs[inside] / scale, corpus.primary[inside]
    )
    return (fitted.coef_ / scale).T, fitted.intercept_


def one_hot(index: np.ndarray, width: int) -> np.ndarray:
    return (index[:, None] == np.arange(width)).astype(np.int8)


def fit_decisions(corpus: Corpus, crossed: Mapping[str, np.ndarray], params) -> Decisions:
    """Calibration, thresholds and bands from cross-fitted outputs."""
    is_enforcement = corpus.scope == 0
    odds = logit(softmax(crossed["scope"])[:, 0])
    enforcement = platt(odds, is_enforcement)
    score = sigmoid(enforcement[0] * odds + enforcement[1])
    threshold = min(
        best_threshold(score, is_enforcement),
        float(np.quantile(score[is_enforcement], 1 - params["least_recall"])),
    )
    inside = np.flatnonzero(is_enforcement)
    labels, logits = corpus.labels[inside], crossed["types"][inside]
    calibration = np.array([platt(logits[:, n], labels[:, n] > 0) for n in range(len(TYPES))])
    given = sigmoid(logits * calibration[:, 0] + calibration[:, 1])
    predicted = softmax(crossed["primary"])[inside].argmax(axis=1)
    least = params["secondary"]["least_probability"]
    secondary = np.full(len(TYPES), 1.0)
    for n in range(len(TYPES)):
        free = predicted != n
        wanted = labels[:, n] > 0
        secondary[n] = max(
            least,
            best_threshold(
                given[free, n],
                wanted[free],
                sure=int((wanted & ~free).sum()),
                wrong=int((~wanted & ~free).sum()),
            ),
        )
    share = params["review_share"]
    distance = np.abs(logit(score) - logit(np.array(threshold)))
    ranked = np.sort(softmax(crossed["primary"])[inside], axis=1)
    return Decisions(
        enforcement,
        calibration,
        threshold,
        secondary,
        float(np.quantile(distance, share)),
        float(np.quantile(ranked[:, -1] - ranked[:, -2], share)),
        np.array(
            [
                best_threshold(crossed["flags"][:, n], corpus.flags[:, n] > 0)
                for n in range(corpus.flags.shape[1])
            ]
        ),
    )


def platt(values: np.ndarray, wanted: np.ndarray) -> tuple[float, float]:
    """Slope and offset of the log odds (Platt 1999), nearly unregularised."""
    from sklearn.linear_model import LogisticRegression

    if wanted.all() or not wanted.any():
        return 1.0, 0.0
    fitted = LogisticRegression(C=1e3).fit(values[:, None], wanted)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def best_threshold(p: np.ndarray, wanted: np.ndarray, sure: int = 0, wrong: int = 0) -> float:
    """The probability at which F1 is best; ``sure`` hits and ``wrong`` ones count already."""
    order = np.argsort(-p, kind="stable")
    hits = np.cumsum(wanted[order]) + sure
    taken = np.arange(1, len(p) + 1) + sure + wrong
    f1 = 2 * hits / (taken + wanted.sum() + sure)
    best = int(f1.argmax())
    following = p[order[best + 1]] if best + 1 < len(p) else p[order[best]]
    return float((p[order[best]] + following) / 2)


def cross_validated(corpus: Corpus, model: Model, crossed: Mapping[str, np.ndarray]) -> dict:
    """The figures of ``evaluate`` on cross-fitted outputs."""
    decided = decide(model, crossed)
    scopes = np.where(decided.is_enforcement, 0, 1 + decided.scope_scores[:, 1:].argmax(axis=1))
    labels = [{TYPES[n] for n in row} for row in decided.labels]
    return figures_of(
        corpus.tickets,
        [SCOPES[n] for n in scopes],
        decided.scope_scores[:, 0],
        labels,
        decided.review,
    )
