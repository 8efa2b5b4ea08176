"""Word classes of models/lexicon/classes.yaml found in a batch, alone and in order.

A caller says the same thing in many words; a class gathers them, so that "a class, then another
in the same clause" (other vehicle … let go; paid … let go) generalises where words do not.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.classify.ngrams import WordFinder
from pipeline.classify.text import Batch

PAIR_WINDOW = 3
"""A class meets at most this many classes to its right in a clause."""


@dataclass(frozen=True)
class Lexicon:
    """``classes``: name → words. ``patterns``: name → regular expression. ``marks``: groups."""

    classes: Mapping[str, Sequence[str]]
    patterns: Mapping[str, str]
    marks: Sequence[Sequence[str]] = ()

    @cached_property
    def names(self) -> list[str]:
        return [*self.patterns, *self.classes]

    @cached_property
    def _words(self) -> tuple[WordFinder, np.ndarray, np.ndarray]:
        """(finder of the words, the classes of word n from ``first[n]`` to ``first[n + 1]`` in
        one flat array, ``first``)."""
        words: dict[str, list[int]] = {}
        for number, name in enumerate(self.names[len(self.patterns) :], start=len(self.patterns)):
            for word in dict.fromkeys(self.classes[name]):
                words.setdefault(str(word), []).append(number)
        classes = np.array([n for ids in words.values() for n in ids], dtype=np.int64)
        first = np.cumsum([0, *map(len, words.values())], dtype=np.int64)
        return WordFinder(words), classes, first

    def find(self, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        """(start in the batch, class) of every word and number found, in order of start."""
        finder, classes_of, first = self._words
        at, words = finder.find(batch.codes)
        held = first[words + 1] - first[words]
        within = np.arange(held.sum()) - np.repeat(np.cumsum(held) - held, held)
        starts = [np.repeat(at, held)]
        found = [classes_of[np.repeat(first[words], held) + within]]
        for number, pattern in enumerate(self.patterns.values()):
            at = [match.start() for match in re.finditer(pattern, batch.joined)]
            starts.append(np.array(at, dtype=np.int64))
            found.append(np.full(len(at), number, dtype=np.int64))
        ordered = np.sort(np.concatenate(starts) * len(self.names) + np.concatenate(found))
        return np.divmod(ordered, len(self.names))

    @cached_property
    def _groups(self) -> np.ndarray:
        """classes × groups, true where the group holds the class."""
        table = np.zeros((len(self.names), len(self.marks)), dtype=bool)
        for column, group in enumerate(self.marks):
            table[[self.names.index(name) for name in group], column] = True
        return table

    def features(self, batch: Batch) -> tuple[tuple, tuple, tuple]:
        """Spans of classes, of pairs and of marks, each (start, number).

        A class alone; class · n + class, in order inside a clause; the group of a class.
        """
        at, classes = self.find(batch)
        clause = batch.clause[at].astype(np.int64)
        count = len(self.names)
        # one mention of a class per clause: overlapping words of one class are one notion
        _, first = np.unique(clause * count + classes, return_index=True)
        first.sort()
        at, clause, classes = at[first], clause[first], classes[first]
        starts, pairs = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for step in range(1, PAIR_WINDOW + 1):
            same = clause[step:] == clause[:-step]
            starts.append(at[:-step][same])
            pairs.append(classes[:-step][same] * count + classes[step:][same])
        which, groups = np.nonzero(self._groups[classes])
        return (
            (at, classes),
            (np.concatenate(starts), np.concatenate(pairs)),
            (at[which], groups),
        )
