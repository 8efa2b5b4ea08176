"""The document as docx: headings, paragraphs, three-line tables, pictures of charts."""

import io
from datetime import datetime

from pipeline.report.document import Chart, Document, Heading, Paragraph, Table, plain
from pipeline.report.render.charts import NO_FONT, draw
from pipeline.report.render.docx_form import (
    BODY_FONT,
    BODY_WIDTH_MM,
    HEAD_FONT,
    NOTE,
    SUB_FONT,
    body_size,
    finished,
    foot,
    head,
    line,
    new_file,
    off_grid,
    set_font,
)
from pipeline.report.render.numbering import numbered

_CELL_MARGINS_MM = 4.2
_KEPT_TOGETHER = 10
"""A table of so many rows stays on one page with its caption; a longer one may break."""


def render_docx(document: Document, frozen_at: datetime) -> bytes:
    """The document as docx; ``frozen_at`` stands in its properties."""
    file = new_file(document, frozen_at)
    head(file, document)
    missing_font, body = False, body_size(document)
    for heading, _, blocks in numbered(document):
        line(file, heading, HEAD_FONT, body, indent=2, keep=True, level=1)
        for mark, block in blocks:
            if isinstance(block, Heading):
                line(file, mark, SUB_FONT, body, indent=2, keep=True, level=2)
            elif isinstance(block, Paragraph):
                size = NOTE if block.kind == "note" else body
                line(file, plain(block.text), BODY_FONT, size, indent=2)
            elif isinstance(block, Table):
                if mark:
                    _caption(file, mark, before=8, keep=True)
                _table(file, block)
            else:
                missing_font |= not _chart(file, block, mark)
    if missing_font:
        line(file, f"注：{NO_FONT}", BODY_FONT, NOTE, indent=2)
    foot(file, document)
    return finished(file)


def _caption(file, mark: str, **layout) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    line(file, mark, HEAD_FONT, NOTE, WD_ALIGN_PARAGRAPH.CENTER, **layout)


def _table(file, block: Table) -> None:
    from docx.enum.table import WD_TABLE_ALIGNMENT
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm, Pt

    rows, left_out = _printed_rows(block)
    size = 9 if len(block.columns) > 5 else 10.5
    widths = _widths(block, size)
    table = file.add_table(rows=1 + len(rows), cols=len(block.columns))
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    for c, width in enumerate(widths):
        table.columns[c].width = Mm(width)
    cells = [[(c,) for c in block.columns], *rows]
    centred = {
        c for c in range(1, len(widths)) if all(_length(plain(row[c])) <= 12 for row in rows)
    }
    for r, (row, contents) in enumerate(zip(table.rows, cells, strict=True)):
        for c, (cell, content) in enumerate(zip(row.cells, contents, strict=True)):
            cell.width = Mm(widths[c])
            paragraph = cell.paragraphs[0]
            off_grid(paragraph)
            layout = paragraph.paragraph_format
            layout.space_before, layout.space_after = Pt(2), Pt(1)
            layout.keep_with_next = r < len(rows) and (r == 0 or len(rows) <= _KEPT_TOGETHER)
            text = plain(content)
            if r == 0 or c in centred:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
            set_font(paragraph.add_run(text), HEAD_FONT if r == 0 else BODY_FONT, size)
    _three_lines(table)
    if left_out:
        text = f"其余{left_out}行见同名xlsx的“{block.sheet}”表。"
        line(file, text, BODY_FONT, 10.5, before=2)
    line(file, f"注：{block.note}" if block.note else "", BODY_FONT, 10.5, before=2, after=6)


def _printed_rows(block: Table) -> tuple[list, int]:
    """The rows within the print limit (the total always), and how many are left to the xlsx."""
    rows = list(block.rows)
    kept = 1 if block.additive else 0
    if block.print_limit is None or len(rows) <= block.print_limit + kept:
        return rows, 0
    left_out = len(rows) - block.print_limit - kept
    return [*rows[: block.print_limit], *rows[len(rows) - kept :]], left_out


def _length(text: str) -> float:
    """In full-width characters."""
    return sum(0.55 if ord(char) < 0x2E80 else 1 for char in text)


def _widths(block: Table, size: float) -> list[float]:
    """Millimetres per column: what its longest cell needs, as far as there is room for all.

    Where there is not, narrow columns still get theirs and the wide ones share the rest.
    """
    needs = []
    for c, column in enumerate(block.columns):
        longest = max([_length(column), *(_length(plain(row[c])) for row in block.rows)])
        needs.append((max(longest, 2) + 0.5) * size / 72 * 25.4 + _CELL_MARGINS_MM)
    if sum(needs) <= BODY_WIDTH_MM:
        return [BODY_WIDTH_MM * need / sum(needs) for need in needs]
    widths, room = [0.0] * len(needs), float(BODY_WIDTH_MM)
    narrow_first = sorted(range(len(needs)), key=needs.__getitem__)
    for done, c in enumerate(narrow_first):
        widths[c] = min(needs[c], room / (len(needs) - done))
        room -= widths[c]
    return widths


def _three_lines(table) -> None:
    """Rules above, under the headings and below; headings repeat on every page."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    def rule(row, edge: str, weight: int) -> None:
        for cell in row.cells:
            properties = cell._element.get_or_add_tcPr()
            borders = properties.find(qn("w:tcBorders"))
            if borders is None:
                borders = OxmlElement("w:tcBorders")
                properties.append(borders)
            line = OxmlElement(f"w:{edge}")
            line.set(qn("w:val"), "single")
            line.set(qn("w:sz"), str(weight))
            line.set(qn("w:color"), "000000")
            borders.append(line)

    rule(table.rows[0], "top", 12)
    rule(table.rows[0], "bottom", 6)
    rule(table.rows[-1], "bottom", 12)
    for r, row in enumerate(table.rows):
        properties = row._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if r == 0:
            properties.append(OxmlElement("w:tblHeader"))


def _chart(file, chart: Chart, mark: str) -> bool:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm

    picture = draw(chart)
    if picture is None:
        return False
    paragraph = file.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.keep_with_next = True
    off_grid(paragraph)
    paragraph.add_run().add_picture(io.BytesIO(picture), width=Mm(BODY_WIDTH_MM - 6))
    _caption(file, mark, after=6)
    return True
