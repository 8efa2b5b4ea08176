import io
from datetime import date, datetime

import openpyxl
import pytest
import sqlalchemy as sa

from pipeline.domain.outcome import FileReason, FileStopped
from pipeline.intake.normalise import Normaliser
from pipeline.intake.quarantine import export_rows, open_repair, open_row, seal_row
from pipeline.intake.reading import open_export
from pipeline.store import tables
from pipeline.store.vault import Vault
from tests.intake.makers import csv_bytes, xlsx_bytes

VAULT = Vault(b"a secret of the tests, long enough")
HEADINGS = ["工单编号", "受理时间", "受理内容", "来电人", "联系电话", "业务类别"]
ROWS = [
    [
        "1",
        "上周三",
        "车皖A12345被扣\n电话13800001234 王建国很急",
        "王建国",
        "13800001234",
        "投诉举报",
    ],
    ["2", "2026-10-02", "", "李女士", "保密", "投诉举报"],
    ["3", "2026-10-03", "=1+1", "张伟", "", "投诉举报", "多出", "一格"],
]


@pytest.fixture
def quarantined(engine):
    """The three rows in the store's quarantine, as stages would put them there."""
    export = open_export(io.BytesIO(csv_bytes([HEADINGS, *ROWS])), "x")
    raw = next(export.chunks())
    reasons = ["time_unreadable", "no_content", "row_too_wide"]
    with engine.begin() as connection:
        connection.execute(
            sa.insert(tables.export_file).values(
                id=7,
                sha256="0" * 64,
                name="x.csv",
                size_bytes=1,
                landed_at=datetime(2026, 11, 1),
                as_of=date(2026, 11, 1),
                state="loaded",
                layout="12328+web",
                period_start=date(2026, 10, 1),
                period_end=date(2026, 10, 31),
            )
        )
        for i in range(3):
            sealed, preview = seal_row(raw, i, VAULT)
            connection.execute(
                sa.insert(tables.quarantine_row).values(
                    id=i + 1,
                    file_id=7,
                    row_no=raw.row_no[i],
                    sheet="",
                    source_row=raw.source_row[i],
                    reasons_json=[reasons[i]],
                    sealed=sealed,
                    preview=preview,
                    state="open",
                )
            )
    return engine


def _edit(path, **changes):
    """Change cells of the exported sheet: {row index: {heading: text}}, and save it again."""
    book = openpyxl.load_workbook(path)
    for sheet in book:
        headings = {cell.value: cell.column for cell in sheet[1]}
        for row in sheet.iter_rows(min_row=2):
            for heading, text in changes.get(f"id{row[0].value}", {}).items():
                sheet.cell(row[0].row, headings[heading], text)
    out = io.BytesIO()
    book.save(out)
    out.seek(0)
    return out


def test_rows_are_sealed_whole_and_shown_masked():
    raw = next(open_export(io.BytesIO(csv_bytes([HEADINGS, *ROWS])), "x").chunks())
    sealed, preview = seal_row(raw, 0, VAULT)
    layout, cells = open_row(sealed, VAULT)
    assert (layout.name, list(cells.values())) == ("12328", ROWS[0])
    assert "王建国" not in preview
    assert "13800001234" not in preview
    assert "138****1234" in preview
    assert list(open_row(seal_row(raw, 2, VAULT)[0], VAULT)[1].values()) == ROWS[2]


def test_repair_goes_out_masked_and_comes_back_whole(quarantined, tmp_path):
    path = tmp_path / "repair.xlsx"
    assert export_rows(quarantined, VAULT, path) == 3
    text = "\n".join(
        str(cell) for sheet in openpyxl.load_workbook(path) for row in sheet.values for cell in row
    )
    for secret in ("王建国", "13800001234", "皖A12345", "张伟"):
        assert secret not in text
    assert "受理时间无法识别" in text
    assert "'=1+1" in text  # never as a formula

    edited = _edit(
        path, id1={"受理时间": "2026-10-01 08:00"}, id3={"多余单元格1": "", "多余单元格2": ""}
    )
    repairs = open_repair(edited, quarantined, VAULT)
    by_id = {
        quarantine_id: (repair, i)
        for repair in repairs
        for i, quarantine_id in enumerate(repair.quarantine_ids)
    }
    assert set(by_id) == {1, 2, 3}
    repair, i = by_id[1]
    assert repair.file_id == 7
    assert repair.chunk.row(i)["受理内容"] == ROWS[0][2]
    chunk = Normaliser(repair.export, VAULT).normalise(repair.chunk)
    assert chunk.columns["accepted_at"][i] == datetime(2026, 10, 1, 8)
    assert chunk.columns["accepted_at_problem"][i] is None
    assert chunk.contacts[i] == {"name": "王建国", "phone": "13800001234"}
    assert chunk.row_no[i] == 1
    repair, i = by_id[3]
    assert (
        Normaliser(repair.export, VAULT).normalise(repair.chunk).columns["row_problem"][i] is None
    )
    assert repair.chunk.row(i)["来电人"] == "张伟"


def test_a_column_that_is_gone_empties_no_cell(quarantined, tmp_path):
    path = tmp_path / "repair.xlsx"
    export_rows(quarantined, VAULT, path)
    book = openpyxl.load_workbook(path)
    columns = {cell.value: cell.column for cell in book.worksheets[0][1]}
    book.worksheets[0].cell(1, columns["来电人"], "姓名")
    book.save(path)
    with path.open("rb") as stream, pytest.raises(FileStopped, match="缺少编号 1 的列：来电人"):
        open_repair(stream, quarantined, VAULT)
    book.worksheets[0].cell(1, columns["来电人"], "来电人")
    for sheet in book:  # the surplus may go with its columns
        headings = [cell.value for cell in sheet[1]]
        if "多余单元格1" in headings:
            sheet.delete_cols(headings.index("多余单元格1") + 1, 2)
    book.save(path)
    with path.open("rb") as stream:
        repairs = open_repair(stream, quarantined, VAULT)
    edited = {
        key: told for r in repairs for key, told in zip(r.quarantine_ids, r.is_edited, strict=True)
    }
    assert edited == {1: False, 2: False, 3: True}


def test_unedited_rows_come_back_as_bad_as_they_were(quarantined, tmp_path):
    path = tmp_path / "repair.xlsx"
    export_rows(quarantined, VAULT, path)
    with path.open("rb") as stream:
        problems = [
            Normaliser(repair.export, VAULT).normalise(repair.chunk).columns
            for repair in open_repair(stream, quarantined, VAULT)
        ]
    found = [
        p
        for c in problems
        for p in c["accepted_at_problem"] + c["content_problem"] + c["row_problem"]
        if p
    ]
    assert sorted(found) == ["missing", "too_wide", "unreadable"]


def test_only_open_and_wanted_rows_go_out(quarantined, tmp_path):
    with quarantined.begin() as connection:
        connection.execute(
            sa.update(tables.quarantine_row)
            .where(tables.quarantine_row.c.id == 2)
            .values(state="replayed")
        )
    path = tmp_path / "repair.xlsx"
    assert export_rows(quarantined, VAULT, path, ids=[1, 2]) == 1
    assert export_rows(quarantined, VAULT, path, ids=[2]) == 0
    with path.open("rb") as stream, pytest.raises(FileStopped):
        open_repair(stream, quarantined, VAULT)


def test_another_spreadsheet_is_refused(quarantined):
    with pytest.raises(FileStopped) as caught:
        open_repair(io.BytesIO(xlsx_bytes([HEADINGS, ROWS[0]])), quarantined, VAULT)
    assert caught.value.reason is FileReason.NO_REPAIR
