"""Words and character n-grams of a batch as hashed TF-IDF columns, without a Python loop.

A span's hash is its polynomial over the code points, read off running sums of the whole batch;
so n-grams and words cost a few array operations. Column = hash modulo ``2**BITS``, then only
the columns seen in at least two training tickets are kept.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from pipeline.classify.text import BLANK, CLAUSE_END, SENTENCE_END, TICKET_END, Batch

BITS = 20
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)


def _mixed(values: np.ndarray) -> np.ndarray:
    """Spread 64-bit values (the finaliser of splitmix64) and keep the upper ``BITS``."""
    values = (values ^ (values >> np.uint64(31))) * _MIX
    return (values >> np.uint64(64 - BITS)).astype(np.int32)


def char_ngrams(batch: Batch, sizes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """(start, bucket) of every n-gram that stays inside one ticket and holds no blank."""
    codes = batch.codes.astype(np.uint64)
    inside = (batch.codes != ord(TICKET_END)) & (batch.codes != ord(BLANK))
    starts, buckets = [], []
    value = np.zeros(len(codes), dtype=np.uint64)
    ok = np.ones(len(codes), dtype=bool)
    for size in range(1, max(sizes) + 1):
        reach = len(codes) - size + 1
        if reach <= 0:
            break
        value = value[:reach] * _BASE + codes[size - 1 :] + np.uint64(1)
        ok = ok[:reach] & inside[size - 1 :]
        if size in sizes:
            at = np.flatnonzero(ok)
            starts.append(at)
            buckets.append(_mixed(value[at] ^ np.uint64(size)))
    if not starts:
        return np.zeros(0, np.int64), np.zeros(0, np.int32)
    return np.concatenate(starts), np.concatenate(buckets)


def words(batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    """(start, bucket) of every word that jieba's algorithm cuts; punctuation is no word."""
    import rjieba

    lengths = np.fromiter(map(len, rjieba.cut(batch.joined)), dtype=np.int64)
    ends = np.cumsum(lengths)
    starts = ends - lengths
    if len(lengths) == 0 or ends[-1] != len(batch.codes):
        if len(batch.codes):
            raise ValueError("the word cutter did not return the text it was given")
        return np.zeros(0, np.int64), np.zeros(0, np.int32)
    marks = np.isin(batch.codes, [ord(CLAUSE_END), ord(SENTENCE_END), ord(TICKET_END), ord(BLANK)])
    keep = ~marks[starts]
    starts, lengths = starts[keep], lengths[keep]
    codes = batch.codes.astype(np.uint64)
    value = np.zeros(len(starts), dtype=np.uint64)
    left = np.arange(len(starts))
    for step in range(int(lengths.max(initial=0))):
        left = left[lengths[left] > step]
        value[left] = value[left] * _BASE + codes[starts[left] + step] + np.uint64(1)
    return starts, _mixed(value * _MIX + lengths.astype(np.uint64))


@dataclass(frozen=True)
class Vocabulary:
    """Kept columns of one family of features. ``column``: bucket → column or -1."""

    column: np.ndarray
    idf: np.ndarray

    @classmethod
    def fit(cls, rows: np.ndarray, buckets: np.ndarray, tickets: int, at_least: int):
        """Columns for buckets in ``at_least`` tickets; idf is the smoothed logarithm."""
        pairs = np.unique(rows.astype(np.int64) << BITS | buckets)
        frequency = np.bincount(pairs & ((1 << BITS) - 1), minlength=1 << BITS)
        kept = np.flatnonzero(frequency >= at_least)
        idf = np.log((1 + tickets) / (1 + frequency[kept])) + 1
        return cls.of(kept, idf.astype(np.float32))

    @classmethod
    def of(cls, kept: np.ndarray, idf: np.ndarray):
        """From the buckets kept, in order, and their idf."""
        column = np.full(1 << BITS, -1, dtype=np.int32)
        column[kept] = np.arange(len(kept), dtype=np.int32)
        return cls(column, idf)

    @property
    def kept(self) -> np.ndarray:
        return np.flatnonzero(self.column >= 0).astype(np.int32)

    def counts(self, rows: np.ndarray, buckets: np.ndarray, height: int) -> sp.csr_matrix:
        """How often each kept column occurs in each row."""
        columns = self.column[buckets]
        known = columns >= 0
        ones = np.ones(int(known.sum()), dtype=np.float32)
        shape = (height, len(self.idf))
        return sp.coo_matrix((ones, (rows[known], columns[known])), shape=shape).tocsr()

    def matrix(self, rows: np.ndarray, buckets: np.ndarray, height: int) -> sp.csr_matrix:
        """(1 + log count) · idf, each row scaled to length one (empty rows stay zero)."""
        counts = self.counts(rows, buckets, height)
        counts.data = (1 + np.log(counts.data)) * self.idf[counts.indices]
        squares = np.asarray(counts.multiply(counts).sum(axis=1)).ravel()
        scale = 1 / np.sqrt(np.maximum(squares, 1e-12))
        counts.data *= np.repeat(scale, np.diff(counts.indptr)).astype(np.float32)
        return counts
