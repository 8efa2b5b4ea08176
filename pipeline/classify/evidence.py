"""Evidence: for each label of a ticket the clauses that speak for it most, as they were written."""

from collections.abc import Sequence

import numpy as np

from pipeline.classify.text import Batch

SHORTEST, LONGEST = 4, 60
"""Characters of an evidence span (labelling guide §1.5, with room for a whole clause)."""
COMFORTABLE = 12
"""A shorter clause says too little alone and takes its neighbour along."""
AT_MOST = 2
"""Spans a label."""
NEIGHBOUR = 0.3
"""Weight of the clauses beside one: a point is told in a few clauses on end (overlap with the
authors' spans 0.57 → 0.63, with COMFORTABLE 12 instead of 8)."""
_TRIM = " \t\r\n　，。；！？、,.;!?:：“”\"'‘’（）()【】"


def clause_bounds(batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    """(start, end) in the batch of every clause, its closing mark left out."""
    starts = np.flatnonzero(np.diff(batch.clause, prepend=-1))
    ends = np.append(starts[1:], len(batch.clause)) - 1
    return starts, ends


def with_neighbours(scores: np.ndarray, batch: Batch, starts: np.ndarray) -> np.ndarray:
    """Scores of clauses (rows, from ``starts`` in the batch) with those of their neighbours in
    the same ticket."""
    owner = batch.owner[starts]
    same = owner[1:] == owner[:-1]
    summed = scores.copy()
    summed[1:][same] += NEIGHBOUR * scores[:-1][same]
    summed[:-1][same] += NEIGHBOUR * scores[1:][same]
    return summed


def spans_for(
    batch: Batch,
    ticket: int,
    scores: np.ndarray,
    bounds: tuple[np.ndarray, np.ndarray],
    clauses: range,
) -> tuple[str, ...]:
    """The best clauses of one ticket by ``scores`` (one a clause of the batch), as substrings.

    At least one span of 4–60 characters wherever title or content holds one; a second clause
    only if it scores at least 0.6 of the first.
    """
    ranked = sorted(clauses, key=lambda c: (-scores[c], c))
    chosen: list[str] = []
    for clause in ranked:
        if chosen and (len(chosen) >= AT_MOST or scores[clause] < 0.6 * scores[ranked[0]]):
            break
        text = _grow(batch, ticket, bounds, clauses, clause)
        if text and not any(text in other or other in text for other in chosen):
            chosen.append(text)
    return tuple(chosen)


def _grow(batch: Batch, ticket: int, bounds, clauses: range, clause: int) -> str | None:
    starts, ends = bounds
    first = int(batch.starts[ticket])
    title_end = first + int(batch.title_lengths[ticket])
    field = (
        (first, title_end)
        if starts[clause] < title_end
        else (title_end + 1, first + len(batch.texts[ticket]))
    )
    left = right = clause
    text = _written(
        batch, ticket, max(int(starts[left]), field[0]), min(int(ends[right]), field[1])
    )
    while len(text) < COMFORTABLE:
        if right + 1 in clauses and ends[right + 1] <= field[1]:
            right += 1
        elif left - 1 in clauses and starts[left - 1] >= field[0]:
            left -= 1
        else:
            break
        text = _written(
            batch, ticket, max(int(starts[left]), field[0]), min(int(ends[right]), field[1])
        )
    text = text[:LONGEST].rstrip(_TRIM)
    return text if len(text) >= SHORTEST else None


def _written(batch: Batch, ticket: int, start: int, end: int) -> str:
    return batch.field_span(ticket, start, end).strip(_TRIM) if end > start else ""


def check(tickets: Sequence, evidence: Sequence) -> None:
    """Every span must stand in its ticket as written: a defect otherwise, never an output."""
    for ticket, spans in zip(tickets, evidence, strict=True):
        title, content = ticket.get("title") or "", ticket.get("content") or ""
        for span in (span for found in spans.values() for span in found):
            if span not in title and span not in content:
                raise AssertionError(f"evidence is no substring of ticket {ticket.get('id')}")
