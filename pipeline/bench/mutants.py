"""Mutated exports: bytes, parts of workbooks, cells, headings, encodings, archives.

A mutant follows from its number and the samples alone, so a fault is found again by its number.
"""

import csv
import io
import random
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Mutant:
    """``how`` names the mutations in their order."""

    number: int
    name: str
    data: bytes
    how: str


@dataclass(frozen=True, slots=True)
class Sample:
    """An export as bytes and, for mutations of cells, its first rows."""

    name: str
    data: bytes
    rows: list[list[str]]


def load_samples(paths: Iterable[Path], rows: int = 60) -> list[Sample]:
    """The exports under the paths, in order of their names; csv cut to their first ``rows``."""
    from pipeline.intake.tables import open_tables

    samples = []
    for path in sorted(p for folder in paths for p in folder.iterdir()):
        if path.suffix not in {".csv", ".xlsx", ".xls", ".ods"}:
            continue
        data = path.read_bytes()
        table = [row for row in open_tables(io.BytesIO(data)).sheets[0].rows() if any(row)][:rows]
        if path.suffix == ".csv":
            data = _as_csv(table, "gb18030")
        samples.append(Sample(path.name, data, table))
    return samples


def mutate(samples: Sequence[Sample], number: int) -> Mutant:
    """The mutant of this number."""
    rng = random.Random(number)
    sample = samples[number % len(samples)]
    name, how = sample.name, []
    if rng.random() < 0.45:
        data = sample.data
    else:
        data, name, said = _from_cells(rng, sample)
        how += said
    if rng.random() < 0.6:
        change = rng.choice([_parts, _parts, _bytes]) if data.startswith(b"PK") else _bytes
        data = change(rng, data)
        how.append(change.__name__)
    if rng.random() < 0.1:
        data = _spliced(rng, data, rng.choice(samples).data)
        how.append("_spliced")
    if rng.random() < 0.15:
        data, name = _archived(rng, data, name)
        how.append("_archived")
    if rng.random() < 0.1:
        name = rng.choice(
            ["x", "表.xls", "a.zip", "a.csv.xlsx", "超长" * 100, ".csv", "12345_2026-10"]
        )
    return Mutant(number, name, data, "+".join(how) or "as it is")


# --- mutations of bytes -----------------------------------------------------------------------


def _bytes(rng: random.Random, data: bytes) -> bytes:
    if not data:
        return data
    at, size = rng.randrange(len(data)), rng.randrange(1, 200)
    match rng.randrange(7):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + data[at + size :]
        case 2:
            return data[:at] + rng.randbytes(size) + data[at:]
        case 3:
            return data[:at] + data[at : at + 5000] * 3 + data[at:]
        case 4:
            return data[at:] + data[:at]
        case 5:
            return rng.randbytes(size) + data
    changed = bytearray(data)
    for _ in range(rng.choice([1, 20, 2000])):
        changed[rng.randrange(len(changed))] = rng.choice(
            b'\x00\xff",\n\r<>&\x80' + rng.randbytes(2)
        )
    return bytes(changed)


def _parts(rng: random.Random, data: bytes) -> bytes:
    """Change parts of a zip and pack it again, so that it is sound as an archive."""
    try:
        source = zipfile.ZipFile(io.BytesIO(data))
        parts = {info.filename: source.read(info) for info in source.infolist()}
    except Exception:  # already broken: broken more
        return _bytes(rng, data)
    victim, other = rng.choice(list(parts)), rng.choice(list(parts))
    match rng.randrange(8):
        case 0:
            del parts[victim]
        case 1:
            parts[victim], parts[other] = parts[other], parts[victim]
        case 2:
            parts[victim] *= 3
        case 3:
            number = rng.choice([b"1048576", b"99999999999", b"-1", b"65536", b"0"])
            parts = {k: v.replace(b'r="A2"', b'r="XFD' + number + b'"') for k, v in parts.items()}
        case 4:
            words = [b"<row", b"<c ", b"<v>", b"<si>", b"</sheetData>", b'r="', b"table:", b'="1"']
            parts[victim] = parts[victim].replace(
                rng.choice(words), rng.choice([b"", b"<row", b"<!--", rng.randbytes(3)])
            )
        case 5:
            bomb = (
                b'<!DOCTYPE x [<!ENTITY a "'
                + b"a" * 1000
                + b'"><!ENTITY b "'
                + b"&a;" * 100
                + b'">]>'
            )
            parts[victim] = bomb + parts[victim]
        case _:
            parts[victim] = _bytes(rng, parts[victim])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


def _spliced(rng: random.Random, one: bytes, other: bytes) -> bytes:
    return one[: rng.randrange(len(one) + 1)] + other[rng.randrange(len(other) + 1) :]


# --- mutations of cells -----------------------------------------------------------------------

_ODD = [
    "", " ", "\u3000", "0", "-1", "1e400", "NaN", "=1+1", "@SUM(A1)", "null", "无", "合计",
    "制表人", "9" * 400, "2026-02-30", "0000-00-00", "99999.99999", "46329.3551", "24:00:00",
    "1.2E+22", "'12345", "a\tb", 'a"b', "a\r\nb", "_x000D_", "\u200b", "\ufeff", "\x00", "\x1f",
    "\ue000",
    "😀" * 50, "𠮷𡈽", "\u202e反", "١٢٣", "²", "①", "<b>", "&nbsp;", "甲" * 40_000, "," * 3000,
    "13800001234" * 500, "110101199003074514", "5个工作日", "999999个工作日", "{{x}}", "%s%n",
]  # fmt: skip


def _from_cells(rng: random.Random, sample: Sample) -> tuple[bytes, str, list[str]]:
    """A sample's rows changed, then written in a format and an encoding drawn by lot."""
    rows = [list(row) for row in sample.rows]
    said = []
    for _ in range(rng.randrange(4)):
        change = rng.choice(_CELL_CHANGES)
        if rows:
            change(rng, rows)
            said.append(change.__name__)
    stem = Path(sample.name).stem
    kind = rng.choice(["csv", "csv", "tsv", "html", "xlsx"])
    said.append(kind)
    if kind == "xlsx":
        return _as_xlsx(rng, rows), f"{stem}.xlsx", said
    encoding = rng.choice(
        [
            "utf-8",
            "utf-8-sig",
            "gb18030",
            "gbk",
            "utf-16",
            "utf-16-le",
            "utf-16-be",
            "big5",
            "utf-7",
        ]
    )
    said.append(encoding)
    if kind == "html":
        return _as_html(rows).encode(encoding, "replace"), f"{stem}.xls", said
    delimiter = rng.choice(",;|") if kind == "csv" else "\t"
    data = _as_csv(rows, encoding, delimiter)
    if rng.random() < 0.1:  # two programs wrote into one file
        half = len(rows) // 2
        data = _as_csv(rows[:half], encoding, delimiter) + _as_csv(
            rows[half:], "gb18030", delimiter
        )
        said.append("two encodings")
    return data, f"{stem}.{'csv' if kind == 'csv' else 'xls'}", said


def _odd_cells(rng: random.Random, rows: list[list[str]]) -> None:
    for _ in range(rng.choice([1, 5, 50])):
        row = rng.choice(rows)
        if row:
            row[rng.randrange(len(row))] = rng.choice(_ODD)


def _odd_column(rng: random.Random, rows: list[list[str]]) -> None:
    column = rng.randrange(max(map(len, rows)) or 1)
    for row in rows[1:]:
        if column < len(row):
            row[column] = rng.choice(_ODD)


def _headings(rng: random.Random, rows: list[list[str]]) -> None:
    head = rows[0]
    if not head:
        return
    one, other = rng.randrange(len(head)), rng.randrange(len(head))
    match rng.randrange(5):
        case 0:
            head[one], head[other] = head[other], head[one]
        case 1:
            head[one] = head[other]
        case 2:
            head[one] = ""
        case 3:
            head[one] = f" *{head[one]}\n(必填)"
        case _:
            head[one] = rng.choice(_ODD)


def _columns(rng: random.Random, rows: list[list[str]]) -> None:
    column, drop = rng.randrange(max(map(len, rows)) or 1), rng.random() < 0.5
    for row in rows:
        if column < len(row):
            row[column : column + 1] = [] if drop else [row[column]] * rng.choice([2, 2, 300])


def _some_rows(rng: random.Random, rows: list[list[str]]) -> None:
    at = rng.randrange(len(rows))
    match rng.randrange(6):
        case 0:
            rows.insert(at, list(rows[0]))
        case 1:
            rows[at:at] = [[], [""] * 5, ["合计", "1"]]
        case 2:
            rng.shuffle(rows)
        case 3:
            rows.extend(list(row) for row in rows[at : at + 10])
        case 4:
            rows[0:0] = [["××市工单明细表(2026年10月)"]] * rng.choice([1, 3, 30])
        case _:
            del rows[at : at + rng.choice([1, 30, 1000])]


def _ragged(rng: random.Random, rows: list[list[str]]) -> None:
    for row in rows:
        if rng.random() < 0.3:
            row[rng.randrange(len(row) + 1) :] = rng.choice([[], ["x"] * 40, ["", ""]])


_CELL_CHANGES: list[Callable[[random.Random, list[list[str]]], None]] = [
    _odd_cells, _odd_cells, _odd_column, _headings, _columns, _some_rows, _ragged,
]  # fmt: skip


def _as_csv(rows: list[list[str]], encoding: str, delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding, "replace")


def _as_html(rows: list[list[str]]) -> str:
    lines = ("".join(f"<td>{cell}</td>" for cell in row) for row in rows)
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _as_xlsx(rng: random.Random, rows: list[list[str]]) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}
    with xlsxwriter.Workbook(out, options) as book:
        for _ in range(rng.choice([1, 1, 1, 3])):
            sheet = book.add_worksheet()
            top = rng.choice([0, 0, 0, 2, 5000])
            for at, row in enumerate(rows, top):
                for column, cell in enumerate(row[:500]):
                    write = sheet.write if rng.random() < 0.2 else sheet.write_string
                    write(at, column, cell[:32_767])
    return out.getvalue()


# --- archives ---------------------------------------------------------------------------------


def _archived(rng: random.Random, data: bytes, name: str) -> tuple[bytes, str]:
    """In a zip archive, or in several, one in the other."""
    names = [name, "../../x.csv", "a/b/c.xlsx", "/", "工单.csv", "x" * 200, "a.zip", "xl/y.xml"]
    for _ in range(rng.choice([1, 1, 2, 6])):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as z:
            for member in rng.sample(names, rng.choice([1, 1, 3])):
                z.writestr(member, data if rng.random() < 0.8 else rng.randbytes(100))
        data = out.getvalue()
    if rng.random() < 0.3:
        data = _bytes(rng, data)
    return data, f"{Path(name).stem[:50]}.zip"
