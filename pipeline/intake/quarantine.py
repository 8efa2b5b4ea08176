"""The quarantine (隔离区): rows kept as received, repaired in a spreadsheet, read back.

A row is sealed as received and shown masked. For repair it goes out masked too; a cell that comes
back as it went out takes its original value, any other takes the edited one. So nobody needs to
see personal data to repair a date, and a repaired row goes through the same normalising and
checks as any other.

A row whose ticket is confidential (an integrity lead) goes out with its number and times alone,
in lists as in repair: whoever mends a time need not read the words, and they come back as they
were. A row whose number cannot be read is not known for one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import orjson
import sqlalchemy as sa

from pipeline.domain.namecells import is_full_name
from pipeline.domain.outcome import FileReason, FileStopped, RowReason
from pipeline.domain.privacy import (
    mask_name,
    mask_phone,
    mask_plate,
    mask_text,
    mask_ticket,
)
from pipeline.domain.spreadsheet import neutral, restored
from pipeline.intake.layouts import Layout, LayoutError, layout_by_name
from pipeline.intake.reading import REPAIR_HEADINGS, Export, RawChunk, repaired_export
from pipeline.intake.tables import open_tables
from pipeline.intake.values import IdLost, parse_ticket_no
from pipeline.store import tables
from pipeline.store.bulk import among
from pipeline.store.confidential import confidential_ticket
from pipeline.store.origins import origins
from pipeline.store.vault import SealBroken, Vault

_PURPOSE = "quarantine"
_PREVIEW_CHARS = 300
_ID, _LAYOUT = REPAIR_HEADINGS
_OWN_HEADINGS = (_ID, "隔离原因", "原文件", "工作表", "行号", _LAYOUT, "热线")
_BATCH = 1000
WITHHELD = "（内容不显示）"


def mask_cell(field: str | None, cell: str) -> str:
    """A raw cell as it may be shown. ``field`` is what its heading stands for, None if unknown.

    A short cell under any heading that is nothing but a name is masked: in a shifted row the
    caller's name stands somewhere else.
    """
    if field == "caller_phone":
        return mask_phone(cell)
    if field == "plate":
        return mask_plate(cell)
    if field == "caller_name" or is_full_name(cell.strip()):
        return mask_name(cell.strip())
    return mask_text(cell)


def _mask_row(layout: Layout, row: dict[str, str]) -> dict[str, str]:
    """Cell by cell; and the caller's name, or one that a cell announces, in all of them."""
    fields = {heading: layout.field_of(heading) for heading in row}
    callers = [row[heading].strip() for heading in row if fields[heading] == "caller_name"]
    masked = mask_ticket([mask_cell(fields[heading], row[heading]) for heading in row], callers)
    return dict(zip(row, masked.texts, strict=True))


def _shown(layout: Layout, row: dict[str, str], numbers: set[tuple[str, str]]) -> dict[str, str]:
    """The row as it may go out. ``numbers``: of confidential tickets, by hotline."""
    if _number(layout, row) not in numbers:
        return _mask_row(layout, row)
    open_fields = {heading for heading in row if _is_open(layout.field_of(heading))}
    return {
        heading: mask_text(cell) if heading in open_fields or not cell else WITHHELD
        for heading, cell in row.items()
    }


def _is_open(field: str | None) -> bool:
    return field == "ticket_no" or bool(field and field.endswith("_at"))


def _number(layout: Layout, row: Mapping[str, str]) -> tuple[str, str] | None:
    for heading, cell in row.items():
        if layout.field_of(heading) == "ticket_no":
            try:
                number = parse_ticket_no(cell)
            except IdLost:
                number = None
            if number:
                return layout.hotline.value, layout.number_prefix + number
    return None


def _confidential(
    connection: sa.Connection, found: Iterable[tuple[str, str] | None]
) -> set[tuple[str, str]]:
    """Of tickets by hotline and number, the confidential ones."""
    numbers = {pair[1] for pair in found if pair}
    c = tables.ticket.c
    query = sa.select(c.hotline, c.ticket_no).where(
        among(connection, c.ticket_no, sorted(numbers)), confidential_ticket(c.id)
    )
    return {tuple(row) for row in connection.execute(query)} if numbers else set()


def previews(connection: sa.Connection, vault: Vault, ids: Sequence[int]) -> dict[int, str]:
    """Quarantined row → its line for lists, masked; WITHHELD where its ticket is confidential, or
    cannot be known: the row's seal is broken or its layout gone (which repair says).
    """
    kept = tables.quarantine_row.c
    rows = connection.execute(
        sa.select(kept.id, kept.sealed, kept.preview).where(among(connection, kept.id, ids))
    ).all()
    numbers = {}
    for row in rows:
        with suppress(SealBroken, LayoutError):
            numbers[row.id] = _number(*open_row(row.sealed, vault))
    hidden = _confidential(connection, numbers.values())
    return {
        row.id: (row.preview or "")
        if row.id in numbers and numbers[row.id] not in hidden
        else WITHHELD
        for row in rows
    }


def seal_row(raw: RawChunk, i: int, vault: Vault) -> tuple[bytes, str]:
    """Row ``i`` of the chunk: its layout and cells by heading, sealed; and a masked line for lists.

    The layout lies with the row, because a file of replayed rows may hold several.
    """
    row = raw.row(i)
    masked = _mask_row(layout_by_name(raw.layout), row)
    shown = (f"{heading}:{cell}" for heading, cell in masked.items() if cell)
    preview = ";".join(shown).replace("\n", " ")[:_PREVIEW_CHARS]
    sealed = vault.seal(orjson.dumps({"layout": raw.layout, "cells": row}), _PURPOSE)
    return sealed, mask_text(preview)


def open_row(sealed: bytes, vault: Vault) -> tuple[Layout, dict[str, str]]:
    """The layout of a quarantined row and its cells by heading, in clear. Raises SealBroken."""
    kept = orjson.loads(vault.open(sealed, _PURPOSE))
    return layout_by_name(kept["layout"]), kept["cells"]


def _rows(engine: sa.Engine, ids: Iterable[int] | None) -> Iterator:
    """Open rows (or the given ones of them), each with the export it was received in
    (``origin``, ``file_name``, its period).
    """
    kept = tables.quarantine_row.c
    which = [kept.state == "open"]
    if ids is not None:
        wanted = sorted(set(ids))
        which = [
            which[0] & kept.id.in_(wanted[at : at + _BATCH]) for at in range(0, len(wanted), _BATCH)
        ]
    with engine.connect() as connection:
        for condition in which:
            yield from connection.execute(_with_origin(condition))


def _with_origin(which: sa.ColumnElement[bool]) -> sa.Select:
    origin, file = origins(which), tables.export_file.c
    return (
        sa.select(
            tables.quarantine_row,
            origin.c.file_id.label("origin"),
            file.name.label("file_name"),
            file.period_start,
            file.period_end,
        )
        .join_from(tables.quarantine_row, origin, origin.c.id == tables.quarantine_row.c.id)
        .join(tables.export_file, file.id == origin.c.file_id)
        .order_by(origin.c.file_id, tables.quarantine_row.c.id)
    )


def _hidden(engine: sa.Engine, vault: Vault, ids: Iterable[int] | None) -> set[tuple[str, str]]:
    """Of the tickets of open rows (or the given ones of them), the confidential ones."""
    found = {_number(*open_row(record.sealed, vault)) for record in _rows(engine, ids)}
    with engine.connect() as connection:
        return _confidential(connection, found)


# --- out --------------------------------------------------------------------------------------


def export_rows(
    engine: sa.Engine, vault: Vault, out_path: Path, ids: Iterable[int] | None = None
) -> int:
    """Write the open quarantined rows (or the given ones of them) as xlsx; returns how many.

    One sheet for each file, with the file's own headings after the quarantine's columns; every
    cell is text, masked and no formula.
    """
    import xlsxwriter

    count = 0
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    hidden = _hidden(engine, vault, ids)
    with xlsxwriter.Workbook(str(out_path), options) as book:
        text_format = book.add_format({"num_format": "@"})
        sheets: dict[tuple, tuple] = {}  # (file, headings) → (sheet, next row)
        for record in _rows(engine, ids):
            layout, cells = open_row(record.sealed, vault)
            row = _shown(layout, cells, hidden)
            key = (record.origin, layout.name, tuple(row))
            if key not in sheets:
                sheet = book.add_worksheet(f"文件{record.origin}-{len(sheets) + 1}")
                for column, heading in enumerate((*_OWN_HEADINGS, *row)):
                    sheet.write_string(0, column, neutral(heading))
                sheets[key] = (sheet, 1)
            sheet, at = sheets[key]
            reasons = "、".join(RowReason(code).name_zh for code in record.reasons_json)
            cells = (
                str(record.id), reasons, record.file_name, record.sheet or "",
                str(record.source_row or record.row_no), layout.name, layout.hotline.name_zh,
                *row.values(),
            )  # fmt: skip
            for column, cell in enumerate(cells):
                sheet.write_string(at, column, neutral(cell), text_format)
            sheets[key] = (sheet, at + 1)
            count += 1
        if not sheets:
            book.add_worksheet("无").write_string(0, 0, "隔离区没有待处理的行")
    return count


# --- back -------------------------------------------------------------------------------------


@dataclass(slots=True)
class Repair:
    """Repaired rows of one file, ready for ``Normaliser(repair.export, vault)``.

    ``chunk.row_no`` are the rows' numbers in the file that was quarantined; ``quarantine_ids`` and
    ``is_edited`` run parallel to them, ``file_id`` is that of the export they were received in.
    """

    file_id: int
    quarantine_ids: list[int]
    is_edited: list[bool]
    export: Export
    chunk: RawChunk


def open_repair(stream: BinaryIO, engine: sa.Engine, vault: Vault) -> list[Repair]:
    """Read a spreadsheet written by :func:`export_rows` and edited.

    Cells left as they went out take the sealed original, others the new text. Rows that are no
    longer open, and rows deleted from the sheet, are left alone. Raises FileStopped where the
    file is no such spreadsheet, or lacks a column: its cells would be emptied.
    """
    return repairs_of(_edited_rows(stream), engine, vault)


def masked_row(engine: sa.Engine, vault: Vault, row_id: int) -> dict[str, str] | None:
    """The cells by heading, masked as :func:`export_rows` gives them; None where not open."""
    hidden = _hidden(engine, vault, [row_id])
    for record in _rows(engine, [row_id]):
        return _shown(*open_row(record.sealed, vault), hidden)
    return None


def repairs_of(
    edited: Mapping[int, Mapping[str, str]], engine: sa.Engine, vault: Vault
) -> list[Repair]:
    """The :class:`Repair`s of edited rows: quarantine id → cells by heading, masked where left
    as they went out.
    """
    groups: dict[tuple, list[tuple]] = {}
    hidden = _hidden(engine, vault, edited)
    for record in _rows(engine, edited):
        layout, original = open_row(record.sealed, vault)
        masked = _shown(layout, original, hidden)
        # Cells in surplus may go with their columns; that is how such a row is repaired.
        came_back = dict.fromkeys(filter(_is_surplus, masked), "") | dict(edited[record.id])
        if missing := [heading for heading in masked if heading not in came_back]:
            columns = "、".join(missing)
            raise FileStopped(
                FileReason.NO_REPAIR,
                mask_text(
                    f"修复表缺少编号 {record.id} 的列：{columns}（被删除或改名），没有重放。"
                ),
            )
        row = {
            heading: cell if _same(came_back[heading], masked[heading]) else came_back[heading]
            for heading, cell in original.items()
        }
        key = record.origin, layout.name, tuple(row)
        groups.setdefault(key, []).append((record, row, row != original))
    return [_repair(layout_by_name(key[1]), members) for key, members in groups.items()]


def _is_surplus(heading: str) -> bool:
    return heading.startswith("多余单元格")


def _same(came_back: str, went_out: str) -> bool:
    # A spreadsheet program may rewrite line ends and drop outer spaces.
    return "".join(came_back.split()) == "".join(went_out.split())


def _repair(layout: Layout, members: list[tuple]) -> Repair:
    first = members[0][0]
    extra = list(filter(_is_surplus, members[0][1]))
    headings = [h for h in members[0][1] if h not in extra]
    surplus = {
        i: cells
        for i, (_, row, _) in enumerate(members)
        if any(cells := [row[heading] for heading in extra])
    }
    chunk = RawChunk(
        headings=headings,
        row_no=[record.row_no for record, _, _ in members],
        sheet=first.sheet or "",
        source_row=[record.source_row or record.row_no for record, _, _ in members],
        columns=[[row[heading] for _, row, _ in members] for heading in headings],
        layout=layout.name,
        surplus=surplus,
        broken=set(surplus),
    )
    ids = [record.id for record, _, _ in members]
    is_edited = [edited for _, _, edited in members]
    export = repaired_export(layout, headings, first.period_start, first.period_end)
    return Repair(first.origin, ids, is_edited, export, chunk)


def _edited_rows(stream: BinaryIO) -> dict[int, dict[str, str]]:
    """Quarantine id → the cells by heading."""
    found: dict[int, dict[str, str]] = {}
    recognised = False
    for sheet in open_tables(stream).sheets:
        rows = sheet.rows()
        headings = [restored(heading) for heading in next(rows, [])]
        if _ID not in headings or _LAYOUT not in headings:
            continue
        recognised = True
        for cells in rows:
            row = dict(zip(headings, map(restored, cells), strict=False))
            number = row.get(_ID, "").strip()
            if number.isdecimal() and number.isascii() and len(number) < 10:
                found[int(number)] = row
    if not recognised:
        raise FileStopped(
            FileReason.NO_REPAIR, f"不是隔离区导出的修复表（缺少「{_ID}」「{_LAYOUT}」列）。"
        )
    return found
