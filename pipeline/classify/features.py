"""From a batch of tickets to one sparse matrix: character n-grams, words, classes, class pairs."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from pipeline.classify.lexicon import Lexicon
from pipeline.classify.ngrams import BITS, Vocabulary, char_ngrams, words
from pipeline.classify.text import Batch

FAMILIES = ("chars", "words", "classes", "pairs")
MARKS = "marks"
"""Presence of a group of classes: one column each, 0 or 1, not scaled to the ticket's length."""

Spans = dict[str, tuple[np.ndarray, np.ndarray]]
"""For each family (start in the batch, bucket below 2**BITS) of every occurrence."""


@dataclass(frozen=True)
class FeatureSpace:
    """The columns learned from the corpus; ``weights`` scales each family's unit rows."""

    lexicon: Lexicon
    sizes: tuple[int, ...]
    vocabularies: dict[str, Vocabulary]
    weights: dict[str, float]

    @classmethod
    def fit(cls, batch: Batch, lexicon: Lexicon, sizes, weights, at_least: int = 2):
        """Columns that stand in ``at_least`` tickets of the batch."""
        space = cls(lexicon, tuple(sizes), {}, dict(weights))
        spans = space.spans(batch)
        for family in FAMILIES:
            starts, buckets = spans[family]
            space.vocabularies[family] = Vocabulary.fit(
                batch.owner[starts], buckets, len(batch), at_least
            )
        return space

    @property
    def width(self) -> int:
        return sum(len(v.idf) for v in self.vocabularies.values()) + len(self.lexicon.marks)

    def spans(self, batch: Batch) -> Spans:
        alone, pairs, marks = self.lexicon.features(batch)
        if len(self.lexicon.names) ** 2 >= 1 << BITS:
            raise ValueError("too many word classes for the pair columns")
        return {
            "chars": char_ngrams(batch, self.sizes),
            "words": words(batch),
            "classes": alone,
            "pairs": pairs,
            MARKS: marks,
        }

    def matrix(self, batch: Batch, spans: Spans) -> sp.csr_matrix:
        """One row a ticket, float32."""
        return self._stack(spans, batch.owner, len(batch))

    def clause_matrix(self, batch: Batch, spans: Spans) -> sp.csr_matrix:
        """One row a clause of the batch, in the tickets' columns."""
        height = int(batch.clause[-1]) + 1 if len(batch.clause) else 0
        return self._stack(spans, batch.clause, height)

    def _stack(self, spans: Spans, row_of: np.ndarray, height: int) -> sp.csr_matrix:
        blocks = [
            self.vocabularies[family].matrix(row_of[starts], buckets, height)
            * np.float32(self.weights[family])
            for family, (starts, buckets) in ((f, spans[f]) for f in FAMILIES)
        ]
        starts, groups = spans[MARKS]
        seen = np.unique(row_of[starts].astype(np.int64) * len(self.lexicon.marks) + groups)
        marks = np.full(len(seen), self.weights[MARKS], dtype=np.float32)
        at = np.divmod(seen, max(1, len(self.lexicon.marks)))
        blocks.append(sp.csr_matrix((marks, at), shape=(height, len(self.lexicon.marks))))
        return sp.hstack(blocks, format="csr", dtype=np.float32)
