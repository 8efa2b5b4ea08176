"""Repair in a spreadsheet and replay: the row comes in, keeps its origin, nothing is lost."""

from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from pipeline.domain.outcome import FileStopped
from pipeline.intake.quarantine import WITHHELD, export_rows, masked_row
from pipeline.stages import Status, loading
from pipeline.stages.landing import land
from pipeline.stages.quarantine import open_rows, replay
from pipeline.store import tables as t
from tests.intake.makers import CITY_HEADINGS, city_rows, csv_bytes

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


def test_a_sheet_repaired_in_two_goes(context, quarantined, tmp_path):
    path = tmp_path / "repair.xlsx"
    assert export_rows(context.engine, context.vault, path) == 5
    mended, still_bad = quarantined["no_ticket_no"], quarantined["time_unreadable"]
    later = quarantined["no_content"]
    with pytest.raises(FileStopped, match="没有改正过"):
        replay(context, path, "张三", AS_OF)
    assert len(list(context.settings.archive_dir.rglob("*.sealed"))) == 1  # nothing left behind
    repair(path, {mended["id"]: {"工单编号": "R-1"}, still_bad["id"]: {"受理时间": "上上周"}})
    outcome = replay(context, path, "张三", AS_OF)
    assert outcome.status is Status.ATTENTION
    assert outcome.messages == ("隔离区还有 4 行待修复。",)
    assert outcome.counts["rows_read"] == 2
    assert (outcome.counts["inserted"], outcome.counts["quarantined"]) == (1, 1)
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
    failed = open_rows(context)[-1]
    assert (failed["file"], failed["row_no"]) == (EXPORT.name, still_bad["row_no"])
    again = replay(context, path, "张三", AS_OF)
    assert (again.counts, len(open_rows(context))) == (outcome.counts, 4)
    repair(path, {later["id"]: {"内容描述": "货车被拦下，没有出示证件。"}})
    assert replay(context, path, "张三", AS_OF).counts["inserted"] == 1
    left = {row["id"] for row in open_rows(context)}
    assert left == {row["id"] for row in quarantined.values() if row["reasons"][0] in (
        "ticket_no_lost", "time_impossible")} | {max(left)}  # fmt: skip


def test_a_row_whose_repair_failed_still_tells_its_export_and_takes_its_year(context, tmp_path):
    received = tmp_path / "12345_2026-10.csv"
    headings, row = CITY_HEADINGS, city_rows(1)[0]
    row[headings.index("受理时间")] = "上周三"
    received.write_bytes(csv_bytes([headings, row]))
    loading.load_files(
        context, land(context, [received], AS_OF).keys["pending"], lambda _line: None
    )  # fmt: skip
    for number, said in enumerate(("上上周", "10月8日"), 1):
        (waiting,) = open_rows(context)
        assert waiting["file"] == "12345_2026-10.csv"
        path = tmp_path / f"{number}.xlsx"
        export_rows(context.engine, context.vault, path)
        repair(path, {waiting["id"]: {"受理时间": said}})
        assert openpyxl.load_workbook(path).active["C2"].value == "12345_2026-10.csv"
        outcome = replay(context, path, "张三", AS_OF)
    assert outcome.counts["inserted"] == 1
    with context.engine.connect() as connection:
        assert connection.scalar(sa.select(t.ticket.c.accepted_at)).date() == date(2026, 10, 8)


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


def test_a_repair_sheet_in_the_inbox_is_no_export_and_an_export_is_no_repair_sheet(
    context, quarantined, tmp_path
):
    path = tmp_path / "in" / "repair.xlsx"
    path.parent.mkdir()
    export_rows(context.engine, context.vault, path)
    landed = land(context, [path.parent], AS_OF)
    (loaded,) = loading.load_files(context, landed.keys["pending"], lambda _line: None)
    assert "hotline quarantine replay" in loaded.messages[0]
    repair(path, {quarantined["no_ticket_no"]["id"]: {"工单编号": "R-1"}})
    with pytest.raises(FileStopped, match="已作为导出文件收过"):
        replay(context, EXPORT, "张三", AS_OF)
    assert replay(context, path, "张三", AS_OF).counts["inserted"] == 1


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
    repair(path, {row["id"]: {heading: "2026-10-31 09:00:00"}})
    assert replay(context, path, "张三", AS_OF).counts["updated"] == 1
    with context.engine.connect() as connection:
        stored = connection.scalar(sa.select(t.ticket.c.content).where(t.ticket.c.id == ticket))
    assert stored == words
    assert WITHHELD not in stored


def test_a_spreadsheet_of_another_kind_is_refused(context, quarantined, tmp_path):
    path = tmp_path / "other.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["甲", "乙"])
    book.save(path)
    with pytest.raises(FileStopped):
        replay(context, path, "张三", AS_OF)
    assert len(open_rows(context)) == 5
