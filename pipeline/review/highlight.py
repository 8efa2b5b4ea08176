"""Evidence shown where it stands: a text with its spans marked, everything else escaped."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape


def spans_of(text: str, pieces: Sequence[str]) -> list[tuple[int, int]]:
    """Where the pieces stand in ``text`` (each occurrence), overlaps joined, in order."""
    found = []
    for piece in pieces:
        start = text.find(piece) if piece else -1
        while start >= 0:
            found.append((start, start + len(piece)))
            start = text.find(piece, start + len(piece))
    joined: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if joined and start < joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def highlight(text: str | None, evidence: Mapping[str, Sequence[str]] | None) -> Markup:
    """Safe HTML of ``text`` with ``<mark>`` around the evidence; the title names its labels.

    ``evidence``: label name as shown → exact substrings.
    """
    text, evidence = text or "", evidence or {}
    out, position = [], 0
    for start, end in spans_of(text, [p for pieces in evidence.values() for p in pieces]):
        marked = text[start:end]
        names = "、".join(
            name for name, pieces in evidence.items() if any(p and p in marked for p in pieces)
        )
        out.append(escape(text[position:start]))
        out.append(Markup('<mark title="{}">{}</mark>').format(names, marked))
        position = end
    out.append(escape(text[position:]))
    return Markup("").join(out)
