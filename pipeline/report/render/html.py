"""html that works offline: one file, styles and bars inline; numbers lead to their tickets."""

from functools import cache
from importlib import resources
from urllib.parse import quote

from markupsafe import Markup

from pipeline.domain.punctuation import typeset
from pipeline.report.document import (
    Chart,
    Document,
    Heading,
    Num,
    Paragraph,
    Span,
    Table,
    Text,
    label_step,
)
from pipeline.report.figures import Figures
from pipeline.report.render.numbering import numbered


@cache
def environment():
    import jinja2

    folder = str(resources.files("pipeline.report.render"))
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def anchor(number: str) -> str:
    return "n-" + quote(number, safe="")


Lists = dict[str, list[str]]
"""Number → the tickets printed for it."""


_LINKED = Markup('<a href="{}#{}" title="{}">{}</a>')
_NUMBERED = Markup('<span title="{}">{}</span>')


def _spans(text: Text, lists: Lists, ticket_page: str) -> Markup:
    """Not in the template, where a large month's 10^5 of them take twice as long."""
    return Markup("").join([_span(span, lists, ticket_page) for span in text])


def _span(span: Span, lists: Lists, ticket_page: str) -> str:
    """A figure says its number, and leads to its tickets where they are listed."""
    if not isinstance(span, Num):
        return span
    if span.number in lists:
        return _LINKED.format(ticket_page, anchor(span.number), span.number, span.text)
    return _NUMBERED.format(span.number, span.text)


def _block(mark: str, block, lists: Lists, ticket_page: str) -> dict:
    if isinstance(block, Heading):
        return {"type": "heading", "text": mark}
    if isinstance(block, Paragraph):
        return {
            "type": "paragraph",
            "kind": block.kind,
            "text": _spans(block.text, lists, ticket_page),
        }
    if isinstance(block, Table):
        rows = [[_spans(cell, lists, ticket_page) for cell in row] for row in block.rows]
        return {"type": "table", "mark": mark, "table": block, "rows": rows}
    drawn = _line(block) if block.kind == "line" else _bars(block)
    return {"type": "chart", "mark": mark, "kind": block.kind, "label": block.caption, **drawn}


def _bars(chart: Chart) -> dict:
    """Horizontal bars: label, text, y and width in units of the 640 wide picture."""
    values = [float(num.text) for num in chart.values]
    top = max([*values, 1])
    bars = [
        {"label": label, "text": num.text, "y": 26 * n, "width": round(420 * value / top, 1)}
        for n, (label, num, value) in enumerate(
            zip(chart.labels, chart.values, values, strict=True)
        )
    ]
    return {"bars": bars, "height": 26 * len(bars) + 4}


def _line(chart: Chart) -> dict:
    """Points from left to right, the axis at y = 180; a label under each."""
    values = [float(num.text) for num in chart.values]
    top, step = max([*values, 1]), 540 / max(len(values) - 1, 1)
    points = [
        {"label": label, "text": num.text, "x": round(50 + step * n, 1),
         "y": round(180 - 140 * value / top, 1), "is_labelled": n % label_step(chart) == 0}
        for n, (label, num, value) in enumerate(
            zip(chart.labels, chart.values, values, strict=True)
        )
    ]  # fmt: skip
    return {"points": points, "height": 210, "step": round(step, 1)}


def render_html(document: Document, lists: Lists, ticket_page: str) -> bytes:
    """The whole report; ``ticket_page`` is the sibling file with the lists."""
    link = quote(ticket_page)
    sections = [
        {"heading": heading, "blocks": [_block(mark, block, lists, link) for mark, block in blocks]}
        for heading, _, blocks in numbered(document)
    ]
    page = environment().get_template("report.html.j2")
    return page.render(document=document, sections=sections).encode()


def render_ticket_page(document: Document, figures: Figures, lists: Lists, month: str) -> bytes:
    """Masked ticket numbers behind each number, in the order of the sections."""
    entries = [
        {"figure": figures[number], "anchor": anchor(number), "tickets": tickets}
        for number, tickets in lists.items()
    ]
    entries.sort(key=lambda e: (int(e["figure"].section), e["figure"].number))
    page = environment().get_template("tickets.html.j2")
    return page.render(document=document, entries=entries, month=month, typeset=typeset).encode()
