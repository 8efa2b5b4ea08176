"""CSV for spreadsheets, with cells that a spreadsheet would run as formulas neutralised."""

import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence

from pipeline.domain.spreadsheet import neutral


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """UTF-8 with a byte order mark (Excel needs it), every cell quoted, lines ended by CRLF."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)
    yield b"\xef\xbb\xbf"
    for cells in itertools.chain([header], rows):
        writer.writerow([neutral(cell) for cell in cells])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
