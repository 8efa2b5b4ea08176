"""What a reader sees of a document: its lines of text, whatever the format."""

import html
import re
from pathlib import Path

import docx
import openpyxl


def docx_lines(path: Path) -> list[str]:
    file = docx.Document(path)
    page = file.sections[0]
    holders = [file, page.footer, page.even_page_footer]
    lines = [paragraph.text for holder in holders for paragraph in holder.paragraphs]
    return lines + [cell.text for t in file.tables for row in t.rows for cell in row.cells]


def xlsx_lines(path: Path) -> list[str]:
    """All texts but the codes and queries of the sheet with every figure."""
    book = openpyxl.load_workbook(path)
    return [
        value
        for sheet in book
        for row in sheet.iter_rows(values_only=True)
        for value in (row[1:4] if sheet.title == "全部数字" else row)
        if isinstance(value, str)
    ]


def html_lines(path: Path) -> list[str]:
    text = re.sub(r"(?s)<style>.*?</style>", "", path.read_text(encoding="utf-8"))
    return [html.unescape(line) for line in re.sub(r"<[^>]*>", "\n", text).split("\n")]


def lines_of(path: Path) -> list[str]:
    """Lines that are not blank, without the codes of figures (``10.channel.…``)."""
    read = {".docx": docx_lines, ".xlsx": xlsx_lines, ".html": html_lines}
    return [
        line
        for line in read[path.suffix](path)
        if line.strip() and not re.match(r"\d+\.[a-z]", line)
    ]
