"""The form of an official document (GB/T 9704—2012) around whatever a docx says.

A4, margins 37/35/28/26 mm, 22 lines of 28 characters in 三号仿宋, 二号小标宋 title, page numbers
``— 1 —`` outward, an optional red head, and at the end issuer, date and places to sign.
"""

import re
from copy import deepcopy
from datetime import datetime
from functools import cache

from pipeline.report.document import Document
from pipeline.report.render.archive import normalised

TITLE_FONT, BODY_FONT, HEAD_FONT, SUB_FONT = "方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312"
NUMBER_FONT, PAGE_FONT = "Times New Roman", "宋体"
TITLE, BODY, NOTE, SMALL = 22, 16, 12, 9  # points: 二号, 三号, 小四, 小五
LINE_PITCH = 28  # points; 22 of them fill the type area of 225 mm
BODY_WIDTH_MM = 210 - 28 - 26
BRIEF_BODY, BRIEF_PITCH = 14, 18  # 四号, so that a 简报 stays on its page
_SMALL_PRINT = 44  # full-width characters of 小五 that a line holds
_CLOSER = -0.25  # points between characters, so that 28 of them fill a line
_RED = "C00000"
_ALTERNATIVES = {
    TITLE_FONT: "小标宋,SimSun,宋体,Noto Serif CJK SC",
    BODY_FONT: "仿宋,FangSong,Noto Serif CJK SC",
    HEAD_FONT: "SimHei,Noto Sans CJK SC",
    SUB_FONT: "楷体,KaiTi,Noto Serif CJK SC",
}


def body_size(document: Document) -> int:
    """三号, or 四号 for a one-page document."""
    return BRIEF_BODY if document.is_one_page else BODY


def new_file(document: Document, frozen_at: datetime):
    """An empty docx with page, grid, styles, properties and footers."""
    import docx
    from docx.shared import Mm

    file = docx.Document()
    page = file.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.top_margin = Mm(28 if document.is_one_page else 37)
    page.bottom_margin = Mm(35)
    page.left_margin, page.right_margin = Mm(28), Mm(26)
    page.footer_distance = Mm(18)  # the number stands 7 mm under the type area
    _grid(page)
    _base_style(file)
    _properties(file, document, frozen_at)
    file.settings.odd_and_even_pages_header_footer = True
    _footer(page.footer, document.footer, is_odd=True)
    _footer(page.even_page_footer, document.footer, is_odd=False)
    return file


def finished(file) -> bytes:
    """The file's bytes: the same content gives the same."""
    import io

    target = io.BytesIO()
    file.save(target)
    return normalised(target.getvalue(), {"word/fontTable.xml": _font_table()})


def line(
    file, text, font, size, align=None, *,
    indent=0, before=0, after=0, keep=False, level=None, right=0, colour=None,
):  # fmt: skip
    """One paragraph. ``indent`` in characters, ``right`` and spaces in points, ``level`` 1 or 2
    for a heading. Body sizes stand on the grid of 28 points, smaller ones off it."""
    from docx.enum.text import WD_LINE_SPACING
    from docx.shared import Pt, RGBColor

    paragraph = file.add_paragraph(style=f"Heading {level}" if level else None)
    layout = paragraph.paragraph_format
    if size == BRIEF_BODY:
        off_grid(paragraph)
        layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(BRIEF_PITCH)
    elif size >= BODY:
        pitch = LINE_PITCH if size == BODY else size * 1.5
        layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(pitch)
    else:
        off_grid(paragraph)
    layout.space_before, layout.space_after = Pt(before), Pt(after)
    layout.first_line_indent = Pt(size * indent) if indent else None
    layout.right_indent = Pt(right) if right else None
    layout.keep_with_next = keep
    layout.widow_control = True
    if align is not None:
        paragraph.alignment = align
    run = add_text(paragraph, text)
    set_font(run, font, size)
    if level or colour:
        run.font.color.rgb = RGBColor.from_string(colour or "000000")
        run.font.italic = False
    return paragraph


_HYPHEN_IN_NUMBER = re.compile(r"(?<=[A-Za-z0-9])-(?=[0-9])")


def add_text(paragraph, text: str):
    """A run with the text; dates and clause numbers (``2026-11-02``, ``M-04``) stay on one line."""
    first, *others = _HYPHEN_IN_NUMBER.split(text)
    run = paragraph.add_run(first)
    for piece in others:
        run._element.append(_element("w:noBreakHyphen"))
        run.add_text(piece)
    return run


def set_font(run, name: str, size: float, numbers: str = NUMBER_FONT) -> None:
    """Font of a new run: ``name`` for Chinese, ``numbers`` for letters and digits."""
    run._element.insert(0, deepcopy(_run_properties(name, size, numbers)))


@cache
def _run_properties(name: str, size: float, numbers: str):
    """Built once for each font: a report has thousands of runs."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    closer = f'<w:spacing w:val="{round(_CLOSER * 20)}"/>' if size == BODY else ""
    return parse_xml(
        f"<w:rPr {nsdecls('w')}>"
        f'<w:rFonts w:ascii="{numbers}" w:hAnsi="{numbers}" w:eastAsia="{name}"/>'
        f'<w:b w:val="0"/>{closer}<w:sz w:val="{round(size * 2)}"/></w:rPr>'
    )


def off_grid(paragraph) -> None:
    """Small print would else be set as wide as the body's lines."""
    properties = paragraph._element.get_or_add_pPr()
    properties.insert_element_before(_element("w:snapToGrid", val="0"), *_AFTER_GRID)


def head(file, document: Document) -> None:
    """The red head where there is one, title, issue and addressee."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    centre, body = WD_ALIGN_PARAGRAPH.CENTER, body_size(document)
    is_one_page = document.is_one_page
    if document.masthead:
        size = min(28 if is_one_page else 42, 430 // len(document.masthead))
        line(file, document.masthead, TITLE_FONT, size, centre, after=4, colour=_RED)
        line(file, document.issue, BODY_FONT, body, centre)
        _red_rule(file, document)
    loose = 0 if is_one_page else 14
    size = min(18, int(430 / _width(document.title))) if is_one_page else TITLE
    if not (document.masthead and is_one_page):  # a 简报 has its name in the masthead
        line(file, document.title, TITLE_FONT, size, centre, before=loose, after=max(loose, 6))
    if not document.masthead:
        line(file, document.issue, BODY_FONT, body, centre, after=loose)
    if document.to:
        line(file, f"{document.to}：", BODY_FONT, body)


def foot(file, document: Document) -> None:
    """Issuer and date (成文日期, four characters from the right), places to sign, versions."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    gap = "　" * (4 if document.is_one_page else 8)
    places = gap.join(f"{name}：" for name in document.signs)
    if document.is_one_page:
        dated = "" if document.masthead else f"{document.issuer}　{document.dated}".strip()
        _both_sides(file, places, dated, before=6)
    else:
        right, from_right, gap = WD_ALIGN_PARAGRAPH.RIGHT, 4 * BODY, LINE_PITCH
        if document.issuer:
            slack = (_width(document.dated) - _width(document.issuer)) * BODY / 2
            line(file, document.issuer, BODY_FONT, BODY, right, before=gap, keep=True,
                 right=max(from_right + slack, 0))  # fmt: skip
            gap = 0
        line(file, document.dated, BODY_FONT, BODY, right, before=gap, keep=True, right=from_right)
        line(file, places, BODY_FONT, BODY, before=LINE_PITCH / 2, keep=True)
    text = "；".join(f"{name}：{value}" for name, value in document.meta.items())
    line(file, text, BODY_FONT, SMALL, before=3 if document.is_one_page else 6)


def _both_sides(file, left: str, right: str, size: float = BRIEF_BODY, **layout):
    """One line with a text at either margin."""
    from docx.enum.text import WD_TAB_ALIGNMENT
    from docx.shared import Mm

    paragraph = line(file, f"{left}\t{right}", BODY_FONT, size, **layout)
    paragraph.paragraph_format.tab_stops.add_tab_stop(Mm(BODY_WIDTH_MM), WD_TAB_ALIGNMENT.RIGHT)
    return paragraph


def _width(text: str) -> float:
    """Full-width characters; digits are half as wide."""
    return sum(1 if ord(char) > 0x2E7F else 0.5 for char in text)


_AFTER_GRID = ("w:spacing", "w:ind", "w:contextualSpacing", "w:jc", "w:outlineLvl", "w:rPr")
"""What the schema wants after w:snapToGrid in a paragraph's properties."""


def _element(tag: str, **attributes: str):
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    element = OxmlElement(tag)
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), value)
    return element


def _grid(page) -> None:
    """22 lines a page. Characters are set by their own spacing: not every program reads the
    character grid as the standard means it."""
    from docx.oxml.ns import qn

    grid = page._sectPr.find(qn("w:docGrid"))
    grid.set(qn("w:type"), "lines")
    grid.set(qn("w:linePitch"), str(LINE_PITCH * 20))


def _base_style(file) -> None:
    from docx.oxml.ns import qn
    from docx.shared import Pt

    style = file.styles["Normal"]
    style.font.name = NUMBER_FONT
    style.font.size = Pt(BODY)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), BODY_FONT)


def _properties(file, document: Document, frozen_at: datetime) -> None:
    properties = file.core_properties
    properties.title, properties.author = document.title, document.issuer
    properties.comments = properties.keywords = properties.last_modified_by = ""
    properties.created = properties.modified = frozen_at.replace(microsecond=0)
    properties.revision = 1


def _red_rule(file, document: Document) -> None:
    """Issuer to the left, date to the right, a red rule under both."""
    paragraph = _both_sides(
        file, document.issuer, document.dated, body_size(document), before=4,
        after=0 if document.is_one_page else 12,
    )  # fmt: skip
    borders = _element("w:pBdr")
    borders.append(_element("w:bottom", val="single", sz="16", space="4", color=_RED))
    properties = paragraph._element.get_or_add_pPr()
    properties.insert_element_before(borders, "w:tabs", "w:snapToGrid", *_AFTER_GRID)


def _footer(footer, text: str, *, is_odd: bool) -> None:
    """``— 1 —``, one character from the outer edge, and the plan with its status."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    footer.is_linked_to_previous = False
    number = footer.paragraphs[0]
    layout = number.paragraph_format
    if is_odd:
        number.alignment, layout.right_indent = WD_ALIGN_PARAGRAPH.RIGHT, Pt(14)
    else:
        number.alignment, layout.left_indent = WD_ALIGN_PARAGRAPH.LEFT, Pt(14)
    set_font(number.add_run("— "), PAGE_FONT, 14, PAGE_FONT)
    for kind, instruction in (("begin", None), (None, "PAGE"), ("end", None)):
        run = number.add_run()
        set_font(run, PAGE_FONT, 14, PAGE_FONT)
        if kind:
            run._element.append(_element("w:fldChar", fldCharType=kind))
        else:
            field = _element("w:instrText")
            field.text = instruction
            run._element.append(field)
    set_font(number.add_run(" —"), PAGE_FONT, 14, PAGE_FONT)
    basis = footer.add_paragraph()
    basis.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if _width(text) > _SMALL_PRINT:  # the plan's status on a line of its own
        text = re.sub(r"(?=(?:已到期|尚未生效)[^》]*$)", "\n", text, count=1)
    set_font(add_text(basis, text), BODY_FONT, SMALL)
    off_grid(number)
    off_grid(basis)


def _font_table() -> bytes:
    """Fonts that the standard names, with what stands in where a machine lacks them."""
    fonts = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{alternatives}"/>'
        '<w:charset w:val="86"/><w:family w:val="auto"/><w:pitch w:val="variable"/></w:font>'
        for name, alternatives in _ALTERNATIVES.items()
    )
    namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        f'<w:fonts xmlns:w="{namespace}">{fonts}</w:fonts>'
    ).encode()
