"""Numbers of official documents: 一、 （一） 表1 图1, shared by all three renderings."""

from collections.abc import Iterator

from pipeline.report.document import Block, Chart, Document, Heading, Section, Table
from pipeline.report.phrases import chinese_number


def numbered(document: Document) -> Iterator[tuple[str, Section, list[tuple[str, Block]]]]:
    """Sections with their heading 一、…, and each block with its own mark (（一）…, 表1, 图1)."""
    tables = charts = 0
    for order, section in enumerate(document.sections, 1):
        headings, blocks = 0, []
        for block in section.blocks:
            mark = ""
            if isinstance(block, Heading):
                headings += 1
                mark = f"（{chinese_number(headings)}）{block.text}"
            elif isinstance(block, Table) and block.caption:
                tables += 1
                mark = f"表{tables}  {block.caption}"
            elif isinstance(block, Chart):
                charts += 1
                mark = f"图{charts}  {block.caption}"
            blocks.append((mark, block))
        yield f"{chinese_number(order)}、{section.heading}", section, blocks
