"""``hotline classify``: JSON lines in, one line out for each, bounded memory."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from pipeline.classify.classifier import BATCH, Classifier


class BadLine(ValueError):
    """A line that holds no ticket; the message (Chinese) goes into the output line."""


Chunk = list[tuple[int, bytes]]
"""Non-empty lines with their numbers from 1."""


def classify_chunk(classifier: Classifier, chunk: Chunk) -> tuple[bytes, Counter[str]]:
    """One output line an input line, in order: a prediction or ``{"error", "line"}``.

    Counts: lines, enforcement, review, errors.
    """
    import orjson

    tickets, faults = [], []
    for number, line in chunk:
        try:
            tickets.append(read_ticket(line))
            faults.append(None)
        except BadLine as error:
            faults.append({"error": str(error), "line": number})
    said = classifier.predict(tickets)
    rest = iter(said)
    answers = [fault or next(rest).as_json() for fault in faults]
    counts = Counter(
        lines=len(chunk),
        enforcement=sum(p.enforcement for p in said),
        review=sum(p.review for p in said),
        errors=len(chunk) - len(said),
    )
    return b"".join(orjson.dumps(a, option=orjson.OPT_APPEND_NEWLINE) for a in answers), counts


def read_ticket(line: bytes) -> dict[str, Any]:
    """The ticket of one line. Raises :class:`BadLine`."""
    import orjson

    try:
        ticket = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadLine("不是有效的 JSON(须为 UTF-8 编码)") from error
    if not isinstance(ticket, dict):
        raise BadLine("不是 JSON 对象")
    for key in ("title", "content"):
        if not isinstance(ticket.get(key) or "", str):
            raise BadLine(f"{key} 不是文字")
    if not (ticket.get("title") or ticket.get("content")):
        raise BadLine("没有 title 也没有 content")
    return ticket


def chunks(lines: Iterable[bytes]) -> Iterator[Chunk]:
    """The lines in chunks of at most BATCH, blank ones left out."""
    numbered = ((n, line) for n, line in enumerate(lines, start=1) if line.strip())
    while chunk := list(islice(numbered, BATCH)):
        yield chunk
