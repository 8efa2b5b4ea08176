"""Chinese punctuation for print: sources write ASCII commas and brackets, documents must not."""

import re
from dataclasses import replace

from pipeline.report.document import (
    Block,
    Chart,
    Document,
    Heading,
    Num,
    Paragraph,
    Text,
    plain,
)

_FULL_WIDTH = str.maketrans(
    {"(": "（", ")": "）", ",": "，", ":": "：", ";": "；", "?": "？", "!": "！"}
)
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[,:](?=\d)")
_SPACED_NUMBER = re.compile(r"(?<=[\u4e00-\u9fff]) (\d+) (?=[\u4e00-\u9fff])")
_STRAIGHT_QUOTES = re.compile(r'"([^"]*)"')
_FILE_NAME = re.compile(r"\.\w{2,4}$")
_HAN = re.compile(r"[\u4e00-\u9fff]")


def typeset(text: str) -> str:
    """``上升12%(上月40件),其中:`` → full-width; ``10:30`` and ``1,000`` stay.

    A number set off by blanks (``有 3 天``) is closed up, straight quotes become ``“…”``.
    """
    text = _STRAIGHT_QUOTES.sub(r"“\1”", _SPACED_NUMBER.sub(r"\1", text))
    kept = {match.start() for match in _BETWEEN_DIGITS.finditer(text)}
    wide = text.translate(_FULL_WIDTH)
    return "".join(text[n] if n in kept else wide[n] for n in range(len(text)))


def _spans(text: Text) -> Text:
    return tuple(span if isinstance(span, Num) else typeset(span) for span in text)


def _cell(cell: Text) -> Text:
    """Names of files stay as they are, and brackets round figures alone: ``92.31%(12/13)``."""
    text = plain(cell)
    return cell if _FILE_NAME.search(text) or not _HAN.search(text) else _spans(cell)


def _block(block: Block) -> Block:
    if isinstance(block, Paragraph):
        return replace(block, text=_spans(block.text))
    if isinstance(block, Heading):
        return Heading(typeset(block.text))
    if isinstance(block, Chart):
        labels = tuple(typeset(label) for label in block.labels)
        return replace(block, caption=typeset(block.caption), labels=labels)
    return replace(
        block,
        caption=typeset(block.caption),
        columns=tuple(typeset(column) for column in block.columns),
        rows=tuple(tuple(_cell(cell) for cell in row) for row in block.rows),
        note=typeset(block.note),
    )


def typeset_document(document: Document) -> Document:
    """The same document with full-width punctuation in everything but figures."""
    return replace(
        document,
        title=typeset(document.title),
        issue=typeset(document.issue),
        meta={name: typeset(value) for name, value in document.meta.items()},
        footer=typeset(document.footer),
        sections=tuple(
            replace(
                section,
                heading=typeset(section.heading),
                blocks=tuple(_block(block) for block in section.blocks),
            )
            for section in document.sections
        ),
    )
