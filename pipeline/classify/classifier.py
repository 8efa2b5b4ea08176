"""Prediction: a batch of tickets in, one Prediction each out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.classify import artifact
from pipeline.classify.corpus import LEARNED_FLAGS, SCOPES, TYPES
from pipeline.classify.evidence import check, clause_bounds, spans_for, with_neighbours
from pipeline.classify.features import Spans
from pipeline.classify.flags import FlagRules
from pipeline.classify.model import Model, logit, softmax
from pipeline.classify.text import Batch, prepare
from pipeline.domain.labels import Prediction, ProblemType, Scope

BATCH = 4096
"""Tickets worked on at once: bounds memory, and larger batches are no faster."""
_QUIET = frozenset({"咨询", "建议", "求助", "表扬"})
"""Categories under which a complaint hides (flag 隐蔽, labelling guide §6)."""
_UNSPECIFIED = TYPES.index(ProblemType.UNSPECIFIED)


class Classifier:
    """A loaded model. ``version`` names its artifact."""

    def __init__(self, model: Model, rules: FlagRules, speech: Mapping[str, str], version: str):
        self.model = model
        self.rules = rules
        self.speech = dict(speech)
        self.version = version

    @classmethod
    def load(
        cls, models_dir: Path, artifacts_dir: Path, version: str | None = None
    ) -> "Classifier":
        """The artifact of the present corpus, parameters and code, or the promoted ``version``.

        Raises ModelMissing.
        """
        version, arrays, settings = artifact.read(models_dir, artifacts_dir, version)
        rules = FlagRules(settings.pop("flags"))
        return cls(Model.of(arrays, settings), rules, settings["speech"], version)

    def predict(self, tickets: Sequence[Mapping[str, Any]]) -> list[Prediction]:
        """One Prediction a ticket, in order. Keys read: id, title, content, category (for 隐蔽)."""
        predictions: list[Prediction] = []
        for start in range(0, len(tickets), BATCH):
            predictions += self._predict(tickets[start : start + BATCH])
        return predictions

    def _predict(self, tickets: Sequence[Mapping[str, Any]]) -> list[Prediction]:
        batch = prepare(tickets, self.speech)
        spans = self.model.space.spans(batch)
        logits = self.model.logits(self.model.space.matrix(batch, spans))
        decided = decide(self.model, logits)
        readable = np.array([len(text.strip("。 \n")) >= 4 for text in batch.texts], dtype=bool)
        enforcement = np.flatnonzero(decided.is_enforcement & readable)
        evidence = self._evidence(batch, spans, enforcement, decided.labels)
        flags = self.rules.matched(batch)
        scopes, types = decided.scope_scores.tolist(), decided.type_scores.tolist()
        review = decided.review.tolist()
        said = [
            self._say(
                ticket,
                scopes=scopes[row],
                types=types[row],
                given=decided.labels[row],
                evidence=evidence.get(row),
                flags=self.rules.of(batch, row, flags[row], decided.flags[row]),
                review=review[row],
            )
            for row, ticket in enumerate(tickets)
        ]
        check(tickets, [p.evidence for p in said])
        return said

    def _say(self, ticket, *, scopes, types, given, evidence, flags, review) -> Prediction:
        if evidence is None:  # not E1, or too short to point at anything
            scope = SCOPES[1 + scopes[1:].index(max(scopes[1:]))]
            labels: tuple[ProblemType, ...] = ()
        else:
            scope, labels = Scope.E1, tuple(TYPES[n] for n in given)
        is_hidden = bool(labels) and (ticket.get("category") or "") in _QUIET
        return Prediction(
            id=str(ticket.get("id", "")),
            scope=scope,
            score=scopes[0],
            primary=labels[0] if labels else None,
            labels=labels,
            scores=dict(zip(TYPES, types, strict=True)),
            evidence=evidence or {},
            flags=(*flags, *(["隐蔽"] if is_hidden else [])),
            review=review,
            model_version=self.version,
            scope_scores=dict(zip(SCOPES, scopes, strict=True)),
        )

    def _evidence(
        self, batch: Batch, spans: Spans, rows: np.ndarray, labels: list[list[int]]
    ) -> dict[int, dict[ProblemType, tuple[str, ...]]]:
        """For each row a span for each of its labels; rows without any clause are left out."""
        if not len(rows):
            return {}
        is_row = np.zeros(len(batch), dtype=bool)
        is_row[rows] = True
        inside = {}
        for family, (starts, buckets) in spans.items():
            kept = is_row[batch.owner[starts]]
            inside[family] = (starts[kept], buckets[kept])
        bounds = clause_bounds(batch)
        alone = self.model.space.clause_matrix(batch, inside) @ self.model.type_weights
        scores = with_neighbours(alone, batch, bounds[0])
        firsts = np.searchsorted(bounds[0], batch.starts)
        lasts = np.append(firsts[1:], len(bounds[0]))
        found: dict[int, dict[ProblemType, tuple[str, ...]]] = {}
        for row in map(int, rows):
            clauses = range(int(firsts[row]), int(lasts[row]))
            each = {
                TYPES[label]: spans_for(batch, row, scores[:, label], bounds, clauses)
                for label in labels[row]
            }
            if all(each.values()):
                found[row] = each
        return found


class Decided:
    """Decisions for a batch: one row a ticket, arrays but for ``labels`` and ``flags``."""

    def __init__(self, *, is_enforcement, scope_scores, type_scores, labels, review, flags):
        self.is_enforcement = is_enforcement
        self.scope_scores = scope_scores
        self.type_scores = type_scores
        self.labels = labels
        self.review = review
        self.flags = flags


def decide(model: Model, logits: Mapping[str, np.ndarray]) -> Decided:
    """Scope, labels and abstention from the heads' outputs."""
    d = model.decisions
    score = d.enforcement_score(logits["scope"])
    others = softmax(logits["scope"][:, 1:])
    scope_scores = np.column_stack([score, others * (1 - score)[:, None]])
    is_enforcement = score >= d.threshold
    given = d.type_scores(logits["types"])
    primaries = softmax(logits["primary"])
    labels = [
        choose_labels(primaries[row], given[row], d.secondary) if is_enforcement[row] else []
        for row in range(len(score))
    ]
    ranked = np.sort(primaries, axis=1)
    margin = ranked[:, -1] - ranked[:, -2]
    review = np.abs(logit(score) - logit(np.array(d.threshold))) < d.scope_band
    review |= is_enforcement & (margin < d.type_band)
    return Decided(
        is_enforcement=is_enforcement,
        scope_scores=scope_scores,
        type_scores=given * score[:, None],
        labels=labels,
        review=review,
        flags=[
            [flag for flag, has in zip(LEARNED_FLAGS, row, strict=True) if has]
            for row in (logits["flags"] >= d.flags).tolist()
        ],
    )


def choose_labels(primaries: np.ndarray, given: np.ndarray, secondary: np.ndarray) -> list[int]:
    """Primary first, then at most two others whose probability passes their threshold."""
    primary = int(primaries.argmax())
    if primary == _UNSPECIFIED:
        return [primary]
    passing = [
        int(n)
        for n in np.argsort(-given, kind="stable")
        if n not in (primary, _UNSPECIFIED) and given[n] >= secondary[n]
    ]
    return [primary, *passing[:2]]
