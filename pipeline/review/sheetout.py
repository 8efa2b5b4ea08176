"""A list as xlsx: text stays text (no cell runs as a formula), dates are dates."""

import io
from collections.abc import Iterable, Sequence
from datetime import date

_WIDEST = 60


def xlsx_bytes(
    name: str,
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    notes: Iterable[tuple[str, str]] = (),
) -> bytes:
    """A workbook with the list on sheet ``name``, and what it is on a second one."""
    import xlsxwriter

    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(target, options) as book:
        head = book.add_format({"bold": True, "bottom": 1})
        day = book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
        sheet = book.add_worksheet(name)
        widths = [2 * len(title) for title in header]
        sheet.write_row(0, 0, header, head)
        at = 0
        for at, cells in enumerate(rows, start=1):
            for column, cell in enumerate(cells):
                if isinstance(cell, date):
                    sheet.write_datetime(at, column, cell, day)
                elif isinstance(cell, int | float):
                    sheet.write_number(at, column, cell)
                elif cell not in (None, ""):
                    sheet.write_string(at, column, str(cell))
                widths[column] = max(widths[column], 2 * len(str(cell or "")))
        for column, width in enumerate(widths):
            sheet.set_column(column, column, min(_WIDEST, width + 2))
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, at, len(header) - 1)
        about = book.add_worksheet("说明")
        about.set_column(0, 1, 24)
        for line, (what, said) in enumerate(notes):
            about.write_string(line, 0, what)
            about.write_string(line, 1, said)
    return target.getvalue()
