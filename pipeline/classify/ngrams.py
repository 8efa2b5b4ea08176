"""Words and character n-grams of a batch as hashed TF-IDF columns, without a Python loop.

A span's hash is its polynomial over the code points, read off running sums of the whole batch;
so n-grams and words cost a few array operations. Column = hash modulo ``2**BITS``, then only
the columns seen in at least two training tickets are kept.
"""

import sys
from collections.abc import Iterable
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


_SIEVE = 1 << 18
"""Steps of a trie are looked up exactly only where a table of so many says that they may exist."""


class WordFinder:
    """Finds every occurrence of given words in an array of code points, overlapping ones too.

    A trie walked from all positions at once: one array operation a letter of the longest word,
    over the positions that still follow some word. Words must not hold the end of a ticket.
    """

    def __init__(self, words: Iterable[str]):
        words = list(words)
        letters = {c: n for n, c in enumerate(sorted(set("".join(words))), start=1)}
        self._count = len(letters) + 1
        self._letter = np.zeros(sys.maxunicode + 1, dtype=np.int64)
        self._letter[[ord(c) for c in letters]] = list(letters.values())
        # (node, letter) → node, as node · count + letter; a single letter is a node of its own
        following: dict[int, int] = {}
        ends: dict[int, int] = {}
        for number, word in enumerate(words):
            node = letters[word[0]]
            for char in word[1:]:
                step = node * self._count + letters[char]
                node = following.setdefault(step, self._count + len(following))
            ends[node] = number
        self._word = np.full(self._count + len(following), -1, dtype=np.int64)
        self._word[list(ends)] = list(ends.values())
        steps = np.array(sorted(following.items()), dtype=np.int64).reshape(-1, 2)
        self._steps, self._nodes = np.ascontiguousarray(steps.T)
        self._maybe = np.zeros(_SIEVE, dtype=bool)
        self._maybe[self._steps % _SIEVE] = True

    def find(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(start, number of the word) of every occurrence; ``codes`` ends with a ticket's end."""
        letters = self._letter[codes]
        at = np.flatnonzero(letters)
        node = letters[at]
        starts, words = [], []
        depth = 0
        while len(at):
            word = self._word[node]
            is_word = word >= 0
            starts.append(at[is_word])
            words.append(word[is_word])
            depth += 1
            step = node * self._count + letters[at + depth]
            maybe = np.flatnonzero(self._maybe[step & (_SIEVE - 1)])
            at, step = at[maybe], step[maybe]
            place = np.minimum(np.searchsorted(self._steps, step), len(self._steps) - 1)
            goes_on = self._steps[place] == step
            at, node = at[goes_on], self._nodes[place[goes_on]]
        if not starts:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        return np.concatenate(starts), np.concatenate(words)


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
