"""The document as docx: headings, paragraphs, three-line tables, pictures of charts."""

import io
import re
from bisect import bisect_left
from datetime import datetime

from pipeline.report.document import Chart, Document, Heading, Paragraph, Table, plain
from pipeline.report.render.charts import NO_FONT, draw
from pipeline.report.render.docx_form import (
    BODY_FONT,
    BODY_WIDTH_MM,
    HEAD_FONT,
    NOTE,
    SUB_FONT,
    add_text,
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

_CELL_MARGIN_MM = 1.1  # left and right of a cell: narrow, for tables of nine columns
_SLACK_MM = 0.6
_MM_PER_POINT = 25.4 / 72
_MM_TO_TWIPS = 1440 / 25.4
_MOST_LINES = 40
_COLUMNS, _SIZES = (5, 10), (10.5, 9, 8)  # points in a table of up to so many columns, and more
_WHOLE = ((5.5, 4), (4, 4), (0, 3), (0, 2))
"""Characters of a cell that is not broken, and of a piece of Chinese text that is not, as far as
there is room for that in every column."""
_SHORT_HEADING = 6
_SHORT = 24  # characters of a cell that is one figure or name, with its bracket
_BRACKETED = re.compile(r"([^()（）]+)([(（][^()（）]+[)）])")
_KEPT_TOGETHER = 10
"""A table of so many rows stays on one page with its caption; a longer one may break."""


def render_docx(document: Document, frozen_at: datetime) -> bytes:
    """The document as docx; ``frozen_at`` stands in its properties."""
    file = new_file(document, frozen_at)
    head(file, document)
    missing_font, body = False, body_size(document)
    every = [block for section in document.sections for block in section.blocks]
    for heading, _, blocks in numbered(document):
        line(file, heading, HEAD_FONT, body, indent=2, keep=True, level=1)
        for n, (mark, block) in enumerate(blocks):
            if isinstance(block, Heading):
                line(file, mark, SUB_FONT, body, indent=2, keep=True, level=2)
            elif isinstance(block, Paragraph):
                size = NOTE if block.kind == "note" else body
                following = blocks[n + 1][1] if n + 1 < len(blocks) else None
                leads = block.kind == "note" and getattr(following, "kind", "") == "draft"
                # No page with places to sign and nothing else.
                keep = leads or block is every[-1]
                line(file, plain(block.text), BODY_FONT, size, indent=2, keep=keep)
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
    size = _SIZES[bisect_left(_COLUMNS, len(block.columns))]
    cells = [list(block.columns), *([plain(cell) for cell in row] for row in rows)]
    widths = _widths(cells, size)
    table = file.add_table(rows=len(cells), cols=len(block.columns))
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    _narrow_margins(table)
    for c, width in enumerate(widths):
        table.columns[c].width = Mm(width)
    centred = {c for c in range(1, len(widths)) if all(_length(row[c]) <= 12 for row in cells[1:])}
    noted = bool(left_out or block.note)
    for r, (row, contents) in enumerate(zip(table.rows, cells, strict=True)):
        for c, (cell, text) in enumerate(zip(row.cells, contents, strict=True)):
            cell.width = Mm(widths[c])
            paragraph = cell.paragraphs[0]
            off_grid(paragraph)
            layout = paragraph.paragraph_format
            layout.space_before, layout.space_after = Pt(2), Pt(1)
            layout.keep_with_next = _is_kept(r, len(rows), noted)
            if r == 0 or c in centred:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
            run = add_text(paragraph, _broken(text, _room(widths[c], size), is_heading=r == 0))
            set_font(run, HEAD_FONT if r == 0 else BODY_FONT, size)
    _three_lines(table)
    if left_out:
        text = f"其余{left_out}行见同名xlsx的“{block.sheet}”表。"
        line(file, text, BODY_FONT, 10.5, before=2, keep=bool(block.note))
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


def _is_kept(row: int, rows: int, noted: bool) -> bool:
    """Whether a row stays on the page of the next line: headings with two rows, a short table
    whole, of a long one the last rows together, so that none stands alone; the note with them."""
    if row == rows:
        return noted
    return row <= 1 or rows <= _KEPT_TOGETHER or row >= rows - 2


def _least(text: str, whole: float, piece_of: int) -> float:
    """The longest piece of a cell that must stay on one line, in full-width characters: what is
    no longer than ``whole``, numbers and words, Chinese text by ``piece_of``, a rate without its
    counts.
    """
    if _length(text) <= whole:
        return _length(text)
    if len(text) <= _SHORT and (found := _BRACKETED.fullmatch(text)):
        return max(map(_length, found.groups()))
    pieces = re.split(r"([\u2e80-\uffef]+)", text)
    return max(
        min(_length(piece), piece_of) if n % 2 else max(map(_length, piece.split()), default=0)
        for n, piece in enumerate(pieces)
    )


def _room(width: float, size: float) -> float:
    """Full-width characters that a line of the column holds."""
    return (width - 2 * _CELL_MARGIN_MM) / (size * _MM_PER_POINT)


def _broken(text: str, room: float, is_heading: bool = False) -> str:
    """A rate that its column cannot hold breaks before its counts, not within them; a short
    heading after its first word."""
    if _length(text) <= room:
        return text
    if len(text) <= _SHORT and (found := _BRACKETED.fullmatch(text)):
        return "\n".join(found.groups())
    if is_heading and len(text) <= _SHORT_HEADING and _length(text[2:]) <= room:
        return f"{text[:2]}\n{text[2:]}"
    return text


def _widths(cells: list[list[str]], size: float) -> list[float]:
    """Millimetres per column, for the fewest lines that the longest cells can be set in.

    Room that is left goes where text is still broken. Where even the pieces that must not be
    broken have no room, all columns are narrower by the same share.
    """
    longest = [max(map(_length, column)) for column in zip(*cells, strict=True)]
    for whole, piece_of in _WHOLE:
        least = [
            max(_least(text, whole, piece_of) for text in column)
            for column in zip(*cells, strict=True)
        ]
        if sum(least) <= _room(BODY_WIDTH_MM, size) - len(least):
            break

    def wanted(lines: int) -> list[float]:
        return [
            max(piece, 2, -(-whole // lines) if lines > 1 else whole) * size * _MM_PER_POINT
            + 2 * _CELL_MARGIN_MM
            + _SLACK_MM
            for whole, piece in zip(longest, least, strict=True)
        ]

    full = wanted(1)
    for lines in range(1, _MOST_LINES):
        widths = wanted(lines)
        if sum(widths) <= BODY_WIDTH_MM:
            break
    room = BODY_WIDTH_MM - sum(widths)
    lacking = [max(f - w, 0) for f, w in zip(full, widths, strict=True)]
    if room < 0 or not sum(lacking):
        lacking = widths
    return [w + room * lack / sum(lacking) for w, lack in zip(widths, lacking, strict=True)]


def _narrow_margins(table) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    margins = OxmlElement("w:tblCellMar")
    for edge in ("left", "right"):
        margin = OxmlElement(f"w:{edge}")
        margin.set(qn("w:w"), str(round(_CELL_MARGIN_MM * _MM_TO_TWIPS)))
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    look = table._tbl.tblPr.find(qn("w:tblLook"))
    look.addprevious(margins)


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
