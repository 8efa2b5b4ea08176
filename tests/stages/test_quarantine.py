"""Repair in a spreadsheet and replay: the row comes in, keeps its origin, nothing is lost."""

from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from pipeline.domain.outcome import FileStopped
from pipeline.intake.quarantine import WITHHELD, export_rows, masked_row, open_repair
from pipeline.stages import Status, loading
from pipeline.stages.landing import land
from pipeline.stages.quarantine import open_rows, replay
from pipeline.store import tables as t

AS_OF = date(2026, 11, 20)
EXPORT = Path(__file__).parents[1] / "exports" / "composed" / "12345_2026-10.csv"


@pytest.fixture
def quarantined(context):
    landed = land(context, [EXPORT], AS_OF)
    loading.load_files(context, landed.keys["pending"], lambda _line: None)
    return {row["reasons"][0]: row for row in open_rows(context)}


def repair(path: Path, edits: dict[int, dict[str, str]]) -> None:
    book = openpyxl.load_workbook(path)
    for sheet in book:
        headings = {cell.value: cell.column for cell in sheet[1]}
        for row in sheet.iter_rows(min_row=2):
            changed = edits.get(int(row[headings["隔离编号"] - 1].value), {})
            for heading, value in changed.items():
                row[headings[heading] - 1].value = value
    book.save(path)


def test_a_repaired_row_is_stored_and_one_still_bad_is_quarantined_anew(
    context, quarantined, tmp_path
):
    path = tmp_path / "repair.xlsx"
    assert export_rows(context.engine, context.vault, path) == 5
    mended, still_bad = quarantined["no_ticket_no"], quarantined["time_unreadable"]
    repair(path, {mended["id"]: {"工单编号": "R-1"}, still_bad["id"]: {"受理时间": "上上周"}})
    outcome = replay(context, path, "张三", AS_OF)
    assert outcome.status is Status.ATTENTION
    assert outcome.counts["rows_read"] == 5
    assert (outcome.counts["inserted"], outcome.counts["quarantined"]) == (1, 4)
    with context.engine.connect() as connection:
        row = connection.execute(
            sa.select(t.export_row, t.ticket.c.ticket_no, t.ticket.c.caller_phone)
            .join(t.ticket)
            .where(t.export_row.c.replayed_from == mended["id"])
        ).one()
        old = connection.execute(
            sa.select(t.quarantine_row).where(t.quarantine_row.c.id == mended["id"])
        ).one()
    assert (row.outcome, row.ticket_no) == ("inserted", "R-1")
    assert (old.state, old.resolved_by, old.replay_file_id) == (
        "replayed", "张三", outcome.keys["file_id"]
    )  # fmt: skip
    assert len(open_rows(context)) == 4
    again = replay(context, path, "张三", AS_OF)
    assert again.counts == outcome.counts
    assert len(open_rows(context)) == 4


def test_previews_and_repair_sheets_hold_no_personal_data(context, quarantined, tmp_path):
    path = tmp_path / "repair.xlsx"
    export_rows(context.engine, context.vault, path)
    book = openpyxl.load_workbook(path)
    cells = [str(c.value) for sheet in book for row in sheet.iter_rows() for c in row if c.value]
    from pipeline.domain.privacy import find_personal_data

    headings = "工单编号"
    assert headings in cells
    numbers = {c for c in cells if c.startswith("12345340100") or c.startswith("1234534")}
    assert not any(find_personal_data(c) for c in cells if c not in numbers)
    assert not any(find_personal_data(row["preview"]) for row in quarantined.values())


def test_a_row_of_an_integrity_lead_goes_out_without_its_words(context, quarantined, tmp_path):
    """Its ticket came in and was found a lead; then a row of it, with a time nobody can read."""
    row = quarantined["time_unreadable"]
    shown = masked_row(context.engine, context.vault, row["id"])
    with context.engine.begin() as connection:
        ticket = connection.scalar(sa.select(sa.func.min(t.ticket.c.id)))
        connection.execute(
            sa.update(t.ticket).where(t.ticket.c.id == ticket).values(ticket_no=shown["工单编号"])
        )
        said = {f"{name}_json": [] for name in ("labels", "scores", "evidence", "flags")}
        connection.execute(sa.insert(t.classification).values(
            id=1, ticket_id=ticket, model_version="m", text_hash="0" * 32, is_current=True,
            scope="E1", score=1.0, primary_type="integrity", review=False,
            classified_at=datetime(2026, 11, 1), **said,
        ))  # fmt: skip
    words = shown["内容描述"] if "内容描述" in shown else max(shown.values(), key=len)
    assert words[:20] in row["preview"]
    listed = {one["id"]: one["preview"] for one in open_rows(context)}
    assert listed[row["id"]] == WITHHELD
    assert sum(preview == WITHHELD for preview in listed.values()) == 1
    hidden = masked_row(context.engine, context.vault, row["id"])
    assert hidden["工单编号"] == shown["工单编号"]
    assert words not in hidden.values()
    path = tmp_path / "repair.xlsx"
    export_rows(context.engine, context.vault, path)
    book = openpyxl.load_workbook(path)
    cells = [str(c.value) for sheet in book for line in sheet.iter_rows() for c in line if c.value]
    assert not any(words[:12] in cell for cell in cells)
    # Mended without having been read, it keeps the words it came with.
    (heading,) = [h for h in shown if "受理时间" in h]
    repair(path, {row["id"]: {heading: "2026-10-08 09:00:00"}})
    with path.open("rb") as sheet:
        (mended,) = open_repair(sheet, context.engine, context.vault)
    at = mended.quarantine_ids.index(row["id"])
    came_back = [column[at] for column in mended.chunk.columns]
    assert words in came_back
    assert "2026-10-08 09:00:00" in came_back
    assert WITHHELD not in came_back
    assert replay(context, path, "张三", AS_OF).counts["quarantined"] == 4


def test_a_spreadsheet_of_another_kind_is_refused(context, quarantined, tmp_path):
    path = tmp_path / "other.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["甲", "乙"])
    book.save(path)
    with pytest.raises(FileStopped):
        replay(context, path, "张三", AS_OF)
    assert len(open_rows(context)) == 5
