"""The document as docx, xlsx and html; every renderer returns bytes and reads no clock."""

from pipeline.report.render.docx import render_docx
from pipeline.report.render.html import render_html, render_ticket_page
from pipeline.report.render.xlsx import render_xlsx

__all__ = ["render_docx", "render_html", "render_ticket_page", "render_xlsx"]
