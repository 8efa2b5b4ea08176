"""A document in print: Chinese punctuation in everything but figures and names of files."""

import re
from dataclasses import replace

from pipeline.domain.punctuation import typeset
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

_FILE_NAME = re.compile(r"\.\w{2,4}$")
_HAN = re.compile(r"[\u4e00-\u9fff]")


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
