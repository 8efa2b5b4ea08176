"""xlsx: one sheet a table, charts drawn by the spreadsheet itself, frozen headings, a 口径 sheet
and all figures with their queries."""

import io
import re
from datetime import datetime

from pipeline.domain.punctuation import typeset
from pipeline.domain.spreadsheet import neutral
from pipeline.report.document import Chart, Document, Num, Table, plain
from pipeline.report.figures import Figure, Figures
from pipeline.report.render.archive import normalised
from pipeline.report.render.numbering import numbered
from pipeline.report.writer import figure_text

_BLUE = "#1F4E79"


def render_xlsx(document: Document, figures: Figures, frozen_at: datetime) -> bytes:
    """The tables of the document, and every figure on the sheet 全部数字."""
    import xlsxwriter

    target = io.BytesIO()
    book = xlsxwriter.Workbook(
        target,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    book.set_properties(
        {
            "title": document.title,
            "author": document.issuer,
            "created": frozen_at.replace(microsecond=0),
        }
    )
    formats = {
        "title": book.add_format({"bold": True, "font_size": 14}),
        "head": book.add_format(
            {"bold": True, "top": 2, "bottom": 1, "text_wrap": True, "valign": "vcenter"}
        ),
        "cell": book.add_format({"text_wrap": True, "valign": "top"}),
        "count": book.add_format({"num_format": "0", "valign": "top"}),
        "percent": book.add_format({"num_format": "0.00%", "valign": "top"}),
        "note": book.add_format({"italic": True, "font_size": 9, "text_wrap": False}),
    }
    used: set[str] = set()
    _cover(book, document, formats, used)
    charts: list[tuple[str, Chart]] = []
    for _, _, blocks in numbered(document):
        for mark, block in blocks:
            if isinstance(block, Table):
                sheet = book.add_worksheet(_sheet_name(block.sheet or block.caption, used))
                _table(sheet, mark, block, figures, formats)
            elif isinstance(block, Chart):
                charts.append((mark, block))
    if charts:
        _charts(book, _sheet_name("图表", used), charts, figures, formats)
    _all_figures(book.add_worksheet(_sheet_name("全部数字", used)), figures, formats)
    book.close()
    return normalised(target.getvalue())


def _sheet_name(wanted: str, used: set[str]) -> str:
    name = re.sub(r"[\[\]:*?/\\]", " ", wanted)[:28]
    while name in used:
        name += "2"
    used.add(name)
    return name


def _cover(book, document: Document, formats: dict, used: set[str]) -> None:
    sheet = book.add_worksheet(_sheet_name("说明", used))
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, 1, 70)
    sheet.write_string(0, 0, document.title, formats["title"])
    rows = [("期号", document.issue), ("日期", document.dated), ("依据", document.footer)]
    for r, (name, value) in enumerate([*rows, *document.meta.items()], 1):
        sheet.write_string(r, 0, name)
        sheet.write_string(r, 1, neutral(value))
    _printable(sheet)


def _table(sheet, mark: str, block: Table, figures: Figures, formats: dict) -> None:
    sheet.write_string(0, 0, mark, formats["title"])
    texts = [[plain(cell) for cell in row] for row in block.rows]
    for c, column in enumerate(block.columns):
        longest = max([len(column), *(len(row[c]) for row in texts)])
        sheet.set_column(c, c, min(max(longest * 2.1, 9), 60))
        sheet.write_string(1, c, column, formats["head"])
    for r, (row, row_texts) in enumerate(zip(block.rows, texts, strict=True), 2):
        for c, (cell, text) in enumerate(zip(row, row_texts, strict=True)):
            if len(cell) == 1 and isinstance(cell[0], Num):
                _number(sheet, (r, c), figures[cell[0].number], formats)
            else:
                sheet.write_string(r, c, neutral(text), formats["cell"])
    if block.note:
        sheet.write_string(len(block.rows) + 2, 0, f"注：{block.note}", formats["note"])
    sheet.freeze_panes(2, 1)
    sheet.repeat_rows(0, 1)
    _printable(sheet)


def _printable(sheet) -> None:
    """A4 across, as wide as one page."""
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _number(sheet, place: tuple[int, int], figure: Figure, formats: dict) -> None:
    """A figure that stands alone in its cell becomes a number."""
    if figure.unit == "%":
        sheet.write_number(*place, round(figure.value / 100, 6), formats["percent"])
    else:
        sheet.write_number(*place, figure.value, formats["count"])


_CHART_ROWS = 17
"""Rows that a chart needs beside its figures."""


def _charts(
    book, name: str, charts: list[tuple[str, Chart]], figures: Figures, formats: dict
) -> None:
    """Each chart beside the cells it is drawn from: it follows where somebody changes them."""
    sheet = book.add_worksheet(name)
    sheet.set_column(0, 0, 22)
    _printable(sheet)
    row = 0
    for mark, chart in charts:
        sheet.write_string(row, 0, mark, formats["title"])
        sheet.write_string(row + 1, 0, "月份" if chart.kind == "line" else "类别", formats["head"])
        sheet.write_string(row + 1, 1, "件", formats["head"])
        first, last = row + 2, row + 1 + len(chart.values)
        for r, (label, num) in enumerate(zip(chart.labels, chart.values, strict=True), first):
            sheet.write_string(r, 0, neutral(label))
            sheet.write_number(r, 1, figures[num.number].value, formats["count"])
        is_line = chart.kind == "line"
        picture = book.add_chart({"type": chart.kind})
        series = {
            "name": chart.caption,
            "categories": [name, first, 0, last, 0],
            "values": [name, first, 1, last, 1],
            "data_labels": {"value": True, "position": "above" if is_line else "outside_end"},
            "fill": {"color": _BLUE},
            "line": {"color": _BLUE},
        }
        picture.add_series(series | ({"marker": {"type": "circle"}} if is_line else {}))
        picture.set_title({"name": mark, "name_font": {"size": 12}})
        picture.set_legend({"none": True})
        values = {"major_gridlines": {"visible": False}, "min": 0, "visible": is_line}
        if is_line:
            picture.set_y_axis(values)
        else:  # lying bars: the categories stand on the y axis, the first on top
            picture.set_x_axis(values)
            picture.set_y_axis({"reverse": True})
        picture.set_size({"width": 640, "height": max(280, 26 * len(chart.values) + 80)})
        sheet.insert_chart(row, 3, picture, {"description": chart.caption})
        row = max(last + 2, row + _CHART_ROWS)


def _all_figures(sheet, figures: Figures, formats: dict) -> None:
    columns = ("编号", "指标", "数值", "单位", "查询或公式")
    for c, (column, width) in enumerate(zip(columns, (44, 48, 12, 8, 60), strict=True)):
        sheet.set_column(c, c, width)
        sheet.write_string(0, c, column, formats["head"])
    for r, figure in enumerate(figures.values(), 1):
        sheet.write_string(r, 0, figure.number)
        sheet.write_string(r, 1, neutral(typeset(figure.label)))
        if figure.value is None:
            sheet.write_string(r, 2, "不计算")
        elif figure.unit == "%":
            sheet.write_string(
                r, 2, ("-" if figure.value < 0 else "") + figure_text(figure.value, "%")
            )
        else:
            sheet.write_number(r, 2, figure.value)
        sheet.write_string(r, 3, figure.unit)
        sheet.write_string(r, 4, neutral(figure.formula or f"sql/reports/{figure.query}.sql"))
    sheet.freeze_panes(1, 1)
    sheet.repeat_rows(0)
    _printable(sheet)
    sheet.autofilter(0, 0, max(len(figures), 1), len(columns) - 1)
