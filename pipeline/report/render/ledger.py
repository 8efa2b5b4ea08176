"""A list to hand out as xlsx (one printable sheet, A4 across) and as one html file."""

import io
import math
from dataclasses import replace
from datetime import datetime, time

from pipeline.domain.ledger import Cell, Column, Ledger
from pipeline.domain.punctuation import typeset
from pipeline.domain.spreadsheet import neutral
from pipeline.report.render.archive import normalised
from pipeline.report.render.html import environment

FORMATS = ("xlsx", "html")
_FONT, _SIZE = "宋体", 9


def cell_text(value: Cell) -> str:
    """What a cell shows: outer blanks cut, formulas made harmless."""
    return neutral("" if value is None else str(value).strip())


def render_ledger(ledger: Ledger, form: str) -> bytes:
    """The list as ``xlsx`` or ``html``: the same list gives the same bytes.

    Punctuation is made full-width, but in what people filled in.
    """
    ledger = _typeset(ledger)
    return _xlsx(ledger) if form == "xlsx" else _html(ledger)


def _typeset(ledger: Ledger) -> Ledger:
    def cell(column: Column, value: Cell) -> Cell:
        return typeset(value) if isinstance(value, str) and not column.is_open else value

    return replace(
        ledger,
        plan=typeset(ledger.plan),
        summary=typeset(ledger.summary),
        notes=tuple(map(typeset, ledger.notes)),
        rows=tuple(tuple(map(cell, ledger.columns, row)) for row in ledger.rows),
    )


def _html(ledger: Ledger) -> bytes:
    page = environment().get_template("ledger.html.j2")
    widths = [column.width for column in ledger.columns]
    shares = [round(100 * width / sum(widths), 2) for width in widths]
    return page.render(ledger=ledger, shares=shares).encode()


def _xlsx(ledger: Ledger) -> bytes:
    import xlsxwriter

    target = io.BytesIO()
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(target, {"in_memory": True, **plain})
    made = datetime.combine(ledger.as_of, time())
    book.set_properties({"title": ledger.title, "subject": ledger.plan, "created": made})
    sheet = book.add_worksheet(ledger.title[:28])
    _page(sheet, ledger)
    _content(book, sheet, ledger)
    book.close()
    return normalised(target.getvalue())


def _page(sheet, ledger: Ledger) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer(f"&L&9{ledger.running.replace('&', '&&')}&R&9第 &P 页 共 &N 页")
    sheet.hide_gridlines(2)
    for c, column in enumerate(ledger.columns):
        sheet.set_column(c, c, column.width * 1.72 + 0.8)


def _content(book, sheet, ledger: Ledger) -> None:
    def style(**more):
        return book.add_format(
            {"font_name": _FONT, "font_size": _SIZE, "valign": "vcenter", **more}
        )

    boxed = {"border": 1, "text_wrap": True}
    title = style(bold=True, font_size=18, align="center")
    head = style(bold=True, align="center", bg_color="#E7ECF2", **boxed)
    text, number = style(**boxed), style(align="center", num_format="0", **boxed)
    note = style(text_wrap=True, valign="top")
    wide, last = sum(column.width for column in ledger.columns), len(ledger.columns) - 1

    def line(row: int, content: str, form, size: float = _SIZE) -> int:
        """One merged row, as high as its text needs; the number of the next row."""
        sheet.merge_range(row, 0, row, last, "", form)
        sheet.write_string(row, 0, content, form)
        lines = math.ceil(len(content) * size / _SIZE / (wide + len(ledger.columns) / 2))
        sheet.set_row(row, lines * size * 1.5 + 3)
        return row + 1

    row = line(0, ledger.title, title, 18)
    marked = style(text_wrap=True, bold=ledger.is_expired, align="center")
    row = line(row, ledger.heading, marked)
    if ledger.is_restricted:
        row = line(row, "内部限权资料，不得复制、转发", style(bold=True, align="center"))
    if ledger.summary:
        row = line(row, ledger.summary, style(text_wrap=True))
    for c, column in enumerate(ledger.columns):
        sheet.write_string(row, c, column.name, head)
    sheet.set_row(row, _height([c.name for c in ledger.columns], ledger.columns) + 6)
    sheet.repeat_rows(row)
    sheet.freeze_panes(row + 1, 0)
    first = row + 1
    for row, cells in enumerate(ledger.rows, first):
        for c, cell in enumerate(cells):
            if isinstance(cell, int):
                sheet.write_number(row, c, cell, number)
            else:
                sheet.write_string(row, c, cell_text(cell), text)
        sheet.set_row(row, _height(cells, ledger.columns))
    if ledger.rows:
        sheet.autofilter(first - 1, 0, row, last)
        for c, column in enumerate(ledger.columns):
            if column.choices:
                rule = {"validate": "list", "source": list(column.choices)}
                sheet.data_validation(first, c, row, c, rule)
        row += 1
    else:
        row = line(first, ledger.empty, style(align="center", **boxed))
    row = line(row + 1, "口径说明", style(bold=True))
    for n, one in enumerate(ledger.notes, 1):
        row = line(row, f"{n}. {one}", note)
    line(row + 1, "　　　　　　　　".join(f"{name}：" for name in ledger.sign), style())


def _height(cells, columns: tuple[Column, ...]) -> float:
    """Points that the fullest cell of a row needs; spreadsheets guess this badly for Chinese."""
    lines = [
        sum(
            math.ceil(max(_length(part), 1) / (column.width + 0.6))
            for part in cell_text(cell).split("\n")
        )
        for cell, column in zip(cells, columns, strict=True)
    ]
    return min(max(lines) * 12.5 + 7, 400)


def _length(text: str) -> float:
    """In full-width characters."""
    return sum(0.5 if ord(char) < 0x2E80 else 1 for char in text)
