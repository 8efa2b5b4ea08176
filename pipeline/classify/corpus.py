"""The labelled tickets of models/corpus/*.jsonl: reading, checking, folds."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.classify.artifact import FROZEN, corpus_files
from pipeline.domain.errors import OperatorError
from pipeline.domain.labels import FLAGS, ProblemType, Scope

SCOPES = tuple(Scope)
TYPES = tuple(ProblemType)

LEARNED_FLAGS = ("涉企", "货车司机", "廉政", "人身", "保密")
"""Flags the corpus marks often enough (100 tickets and more) to be learned; others by pattern."""


class CorpusError(OperatorError, ValueError):
    """A line of the corpus breaks the format; the message names file, line and fault."""


@dataclass(frozen=True)
class Corpus:
    """``tickets`` as written; ``group``: minimal pairs share a number and stay in one fold."""

    tickets: list[dict]
    group: np.ndarray

    @property
    def scope(self) -> np.ndarray:
        return np.array([SCOPES.index(Scope(t["scope"])) for t in self.tickets])

    @property
    def primary(self) -> np.ndarray:
        """Index into TYPES; -1 where none."""
        return np.array([TYPES.index(p) if (p := t["primary"]) else -1 for t in self.tickets])

    @property
    def labels(self) -> np.ndarray:
        """tickets × types, 1 where the type is primary or secondary."""
        marks = np.zeros((len(self.tickets), len(TYPES)), dtype=np.int8)
        for row, ticket in enumerate(self.tickets):
            for slug in label_set(ticket):
                marks[row, TYPES.index(slug)] = 1
        return marks

    @property
    def flags(self) -> np.ndarray:
        """tickets × learned flags, 1 where set."""
        return np.array(
            [[flag in ticket["flags"] for flag in LEARNED_FLAGS] for ticket in self.tickets]
        ).astype(np.int8)

    def folds(self, count: int) -> np.ndarray:
        """A fold number for each ticket; depends on nothing but order and groups."""
        shuffled = np.random.RandomState(0).permutation(int(self.group.max()) + 1)
        return shuffled[self.group] % count

    def take(self, rows: np.ndarray) -> "Corpus":
        """These tickets alone; what is grouped stays so."""
        return replace(self, tickets=[self.tickets[n] for n in rows], group=self.group[rows])


def label_set(ticket: Mapping[str, Any]) -> list[str]:
    """Primary and secondary slugs of a labelled ticket."""
    return [slug for slug in [ticket.get("primary"), *(ticket.get("secondary") or [])] if slug]


def load_corpus(models_dir: Path) -> Corpus:
    """Every ticket of every file, checked. Raises :class:`CorpusError`."""
    tickets: list[dict] = []
    groups: dict[tuple, int] = {}
    group: list[int] = []
    for path in corpus_files(models_dir):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if not line.strip():
                continue
            where = f"{path.name}:{number}"
            try:
                ticket = json.loads(line)
            except json.JSONDecodeError as error:
                raise CorpusError(f"{where} 不是 JSON:{error.msg}") from error
            faults = check(ticket)
            if faults:
                raise CorpusError(f"{where} {ticket.get('id')}:{';'.join(faults)}")
            key = (path.name, ticket["pair"]) if ticket.get("pair") else (path.name, number, None)
            group.append(groups.setdefault(key, len(groups)))
            tickets.append(ticket)
    if not tickets:
        raise CorpusError(f"{models_dir.name}/corpus 中没有标注工单。")
    return Corpus(tickets, np.array(group))


def load_parts(models_dir: Path) -> tuple[Corpus, Corpus]:
    """(what models learn from, the frozen regression set): the ids of ``regression.txt`` are
    kept out of every training, so that models of any age can be compared on them.

    Without that file everything is learned from. Raises :class:`CorpusError` for an id that the
    corpus lacks.
    """
    corpus = load_corpus(models_dir)
    path = models_dir / FROZEN
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    frozen = {line for line in lines if line and not line.startswith("#")}
    is_frozen = np.array([ticket["id"] in frozen for ticket in corpus.tickets])
    if len(frozen) != is_frozen.sum():
        lost = sorted(frozen - {ticket["id"] for ticket in corpus.tickets})
        raise CorpusError(f"{FROZEN} 中的编号与语料不符(应各有一件):{'、'.join(lost[:5])}")
    return corpus.take(np.flatnonzero(~is_frozen)), corpus.take(np.flatnonzero(is_frozen))


def check(ticket: Mapping[str, Any]) -> list[str]:
    """What is wrong with one labelled ticket (Chinese), empty if nothing."""
    faults = [
        f"缺 {key}"
        for key in ("id", "title", "content", "scope", "primary", "secondary", "flags", "evidence")
        if key not in ticket
    ]
    if faults:
        return faults
    labels = label_set(ticket)
    if ticket["scope"] not in set(Scope):
        faults.append(f"scope {ticket['scope']}")
    if unknown := set(labels) - set(ProblemType):
        faults.append(f"类型 {sorted(unknown)}")
    if len(ticket["secondary"]) > 2 or len(set(labels)) != len(labels):
        faults.append("次类多于两个或重复")
    if (ticket["scope"] == Scope.E1) != bool(ticket["primary"]) and ticket["scope"] != Scope.E4:
        faults.append("E1 须有主类,其余(E4 除外)不得有")
    if unknown := set(ticket["flags"]) - set(FLAGS):
        faults.append(f"标志 {sorted(unknown)}")
    for slug, spans in ticket["evidence"].items():
        if slug not in labels:
            faults.append(f"{slug} 有依据而无标签")
        for span in spans:
            if span not in ticket["title"] and span not in ticket["content"]:
                faults.append(f"依据不是原文:{span}")
    return faults


def gold_labels(tickets: Iterable[Mapping[str, Any]]) -> Sequence[set[str]]:
    return [set(label_set(ticket)) for ticket in tickets]
