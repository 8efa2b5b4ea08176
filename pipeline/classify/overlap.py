"""How well evidence spans agree with those that the corpus' authors chose."""

from collections.abc import Iterable

import numpy as np

from pipeline.classify.corpus import TYPES, Corpus, label_set
from pipeline.classify.evidence import clause_bounds, spans_for, with_neighbours
from pipeline.classify.features import FeatureSpace
from pipeline.classify.text import prepare
from pipeline.classify.training import Inputs, fit_heads, read_passages


def evidence_overlap(corpus: Corpus, inputs: Inputs) -> float:
    """Mean character F1 of found and authored evidence, over every label of the E1 tickets of one
    fold, found by heads that learned from the other folds.
    """
    features = inputs.params["features"]
    batch = prepare(corpus.tickets, inputs.speech)
    space = FeatureSpace.fit(
        batch, inputs.lexicon, features["sizes"], features["weights"], features["at_least"]
    )
    spans = space.spans(batch)
    outside = corpus.folds(inputs.params["folds"]) == 0
    heads = fit_heads(
        space.matrix(batch, spans),
        read_passages(corpus, space, inputs.speech),
        corpus,
        np.flatnonzero(~outside),
        strength=inputs.params["regularisation"],
        blind=len(inputs.lexicon.marks),
        alone=len(space.vocabularies["chars"].idf),
    )
    weights = heads["types"][0] + heads["primary"][0]
    bounds = clause_bounds(batch)
    scores = with_neighbours(space.clause_matrix(batch, spans) @ weights, batch, bounds[0])
    firsts = np.searchsorted(bounds[0], batch.starts)
    lasts = np.append(firsts[1:], len(bounds[0]))
    shares = []
    for row in map(int, np.flatnonzero(outside & (corpus.scope == 0))):
        ticket = corpus.tickets[row]
        text = f"{ticket['title']}\n{ticket['content']}"
        clauses = range(int(firsts[row]), int(lasts[row]))
        for slug in label_set(ticket):
            found = spans_for(batch, row, scores[:, TYPES.index(slug)], bounds, clauses)
            shares.append(character_f1(text, found, ticket["evidence"].get(slug, ())))
    return float(np.mean(shares))


def character_f1(text: str, found: Iterable[str], wanted: Iterable[str]) -> float:
    """F1 of the positions of ``text`` that two sets of substrings cover."""
    one, other = _positions(text, found), _positions(text, wanted)
    total = len(one) + len(other)
    return 2 * len(one & other) / total if total else 0.0


def _positions(text: str, spans: Iterable[str]) -> set[int]:
    covered: set[int] = set()
    for span in spans:
        start = text.find(span)
        if start >= 0:
            covered.update(range(start, start + len(span)))
    return covered
