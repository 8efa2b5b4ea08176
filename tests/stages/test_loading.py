"""Landing and loading: truth files, bad files, repeats. (Killed nights: test_killed.)"""

import io
import json
import os
import shutil
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.domain.outcome import FileReason
from pipeline.stages import Status, loading
from pipeline.stages.checks import FileCheck, checked_columns
from pipeline.stages.landing import land
from pipeline.stages.night import all_files, store_counts, summarise
from pipeline.store import tables as t

AS_OF = date(2026, 11, 20)
EXPORTS = Path(__file__).parents[1] / "exports" / "composed"


def load_all(context, *paths) -> list:
    landed = land(context, paths, AS_OF)
    return loading.load_files(context, landed.keys["pending"], lambda _line: None)


def files_of(context) -> dict:
    return {f["name"]: f for f in summarise(context, AS_OF, all_files(context))["files"]}


def test_the_ledger_agrees_with_every_truth_file(context, inbox):
    load_all(context, inbox)
    files = files_of(context)
    truths = [json.loads(p.read_text()) for p in EXPORTS.glob("*.truth.json")]
    assert len(truths) == len(files) == 7
    for truth in truths:
        ledger = files[truth["file"]]
        assert ledger["rows_read"] == truth["data_rows"]
        assert ledger["inserted"] == truth["tickets"]
        assert ledger["duplicate"] == truth["repeated_rows"]
        found = [r["reason"] for r in ledger["reasons"] for _ in range(r["count"])]
        assert sorted(found) == sorted(truth["bad_rows"])


def test_a_second_time_nothing_is_new_and_another_name_is_recognised(context, inbox):
    load_all(context, inbox)
    before = store_counts(context)
    shutil.copy(inbox / "12345_2026-08.csv", inbox / "again.csv")
    again = land(context, [inbox], AS_OF)
    assert (again.counts["new"], again.counts["known"]) == (0, 8)
    assert again.keys["pending"] == []
    after = store_counts(context)
    assert after.pop("inbox_entry") == before.pop("inbox_entry") + 1
    assert after == before


def test_files_still_being_written_are_left_for_the_next_pass(context, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.csv.part", "~$b.xlsx", ".hidden.csv"):
        (folder / name).write_bytes(b"x")
    landed = land(context, [folder], AS_OF)
    assert landed.counts == {"found": 2, "new": 0, "known": 0, "left": 2}
    assert landed.status is Status.ATTENTION


def encrypted_xlsx() -> bytes:
    from msoffcrypto.format.ooxml import OOXMLFile

    source, target = io.BytesIO((EXPORTS / "message_board_2026-10.xlsx").read_bytes()), io.BytesIO()
    OOXMLFile(source).encrypt("geheim", target)
    return target.getvalue()


def heading_only() -> bytes:
    line = (EXPORTS / "12345_2026-10.csv").read_bytes().split(b"\n", 1)[0]
    return line + b"\n"


def renamed_headings() -> bytes:
    text = (EXPORTS / "12345_2026-10.csv").read_bytes().decode("gb18030")
    return text.replace("工单编号", "甲").replace("内容描述", "乙").encode("gb18030")


BAD_FILES = {
    "empty.csv": (lambda: b"", {FileReason.EMPTY}),
    "picture.xlsx": (lambda: b"\x89PNG\r\n\x1a\n" + os.urandom(500), {FileReason.NOT_A_TABLE}),
    "locked.xlsx": (encrypted_xlsx, {FileReason.PASSWORD_PROTECTED}),
    "headings.csv": (heading_only, {FileReason.NO_DATA_ROWS}),
    "cut.xlsx": (
        lambda: (EXPORTS / "12328_2026-10.xlsx").read_bytes()[:50_000],
        {FileReason.DAMAGED},
    ),
    "other.csv": (renamed_headings, {FileReason.UNKNOWN_LAYOUT}),
}


def test_each_bad_file_ends_with_its_reason_and_the_night_goes_on(context, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name, (make, _) in BAD_FILES.items():
        (folder / name).write_bytes(make())
    shutil.copy(EXPORTS / "message_board_2026-10.xlsx", folder / "z_good.xlsx")
    outcomes = load_all(context, folder)
    assert len(outcomes) == len(BAD_FILES) + 1
    files = files_of(context)
    for name, (_, reasons) in BAD_FILES.items():
        assert files[name]["state"] == "stopped", name
        assert files[name]["reason"] in {r.value for r in reasons}, files[name]
        assert files[name]["message"], name
    assert "12345" in files["other.csv"]["message"]  # the nearest layout
    assert files["z_good.xlsx"]["inserted"] == 80
    assert not list(context.settings.staging_dir.iterdir())


def test_what_lies_on_disk_is_sealed(context, inbox):
    landed = land(context, [inbox], AS_OF)
    for file_id in landed.keys["pending"]:
        loading.read_export(context, file_id)
    secret_bits = ["杨某某".encode("gb18030"), b"15748076215", "罗师傅".encode()]
    for path in context.settings.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(bit in content for bit in secret_bits), path.name


@pytest.mark.parametrize(
    ("part", "left"),
    [("000001.rows", 0), ("000001.rows", 9), ("000000.checked", -1), ("000001.raw", None),
     ("000002.checked", None)],
    ids=["empty", "no nonce", "torn", "a part gone", "the last chunk gone"],
)  # fmt: skip
def test_what_a_power_cut_tore_is_read_again(context, inbox, monkeypatch, part, left):
    monkeypatch.setattr(loading, "_CHUNK_ROWS", 200)
    (file_id,) = land(context, [inbox / "12345_2026-08.csv"], AS_OF).keys["pending"]
    loading.read_export(context, file_id)
    torn = context.settings.staging_dir / f"{file_id:08d}" / part
    whole = torn.read_bytes()
    torn.unlink()
    if left is not None:
        torn.write_bytes(whole[:left])
    if left == 9:  # as the tasks of Airflow do
        loading.read_export(context, file_id)
        loading.check(context, file_id)
        loaded = loading.store(context, file_id)
    else:
        (loaded,) = loading.load_files(context, [file_id], lambda _line: None)
    assert loaded.counts["rows_read"] == 412


def test_rows_that_are_not_staged_do_not_count_as_stored(context, inbox):
    (file_id,) = land(context, [inbox / "12345_2026-08.csv"], AS_OF).keys["pending"]
    loading.read_export(context, file_id)
    shutil.rmtree(context.settings.staging_dir / f"{file_id:08d}")
    for step in (loading.check, loading.store):
        with pytest.raises(loading.NotRead, match="重新运行"):
            step(context, file_id)
    loading.read_export(context, file_id)  # as the next night does
    loading.check(context, file_id)
    assert loading.store(context, file_id).counts["rows_read"] == 412


def test_a_row_is_judged_by_landing_not_by_a_backfilled_night(context, inbox):
    outcome = land(context, [inbox / "12345_2026-10.csv"], AS_OF - timedelta(days=300))
    (loaded,) = loading.load_files(context, outcome.keys["pending"], lambda _line: None)
    assert loaded.counts["quarantined"] == 5


def test_the_members_of_a_zip_are_files_of_their_own(context, tmp_path):
    path = tmp_path / "month.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("12345_2026-08.csv", "12328_2026-08.xlsx"):
            archive.write(EXPORTS / name, f"导出/{name}")
        archive.writestr("../../evil.csv", "no table")
    load_all(context, path)
    files = files_of(context)
    assert files["month.zip"]["state"] == "loaded"
    assert files["month.zip/12345_2026-08.csv"]["inserted"] == 405
    assert files["month.zip/12328_2026-08.xlsx"]["inserted"] == 300
    assert files["month.zip/evil.csv"]["state"] == "stopped"
    assert not (tmp_path.parent / "evil.csv").exists()
    again = land(context, [path, EXPORTS / "12345_2026-08.csv"], AS_OF)
    assert (again.counts["new"], again.keys["pending"]) == (0, [])
    assert len(again.keys["seen"]) == 4


def test_a_zip_that_cannot_be_opened_is_stopped(context, tmp_path):
    path = tmp_path / "cut.zip"
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.write(EXPORTS / "12345_2026-08.csv", "a.csv")
    path.write_bytes(whole.getvalue()[:60_000])
    load_all(context, path)
    (file,) = files_of(context).values()
    assert file["state"] == "stopped"


def test_blocks_that_lack_units_or_accepted_rows_are_judged_with_the_others(context, inbox):
    (file_id,) = land(context, [inbox / "12345_2026-10.csv"], AS_OF).keys["pending"]
    with context.engine.connect() as connection:
        query = sa.select(t.export_file).where(t.export_file.c.id == file_id)
        file = dict(connection.execute(query).mappings().one())
    check = FileCheck(file | {"headings_json": {"mapped": {"handler_unit": "主办单位"}}})
    nothing = {name: [None, None] for name in checked_columns()} | {"row_no": [1, 2]}
    accepted = nothing | {"accepted_at": [datetime(2026, 10, 1), datetime(2026, 10, 2)]}
    for block in (
        accepted,
        accepted | {"content_problem": ["missing", "missing"]},
        accepted | {"handler_unit": ["市执法支队", None]},
        accepted | {"handler_unit": ["县治超站", "市执法支队"]},
    ):
        check.take(block)
    with context.engine.begin() as connection:
        verdicts = {result.code: result for result in check.finish(connection)}
    assert (check.rows, check.quarantined) == (8, 2)
    assert verdicts["nothing_accepted"].observed["observed_value"] == 6
    assert verdicts["unit_missing"].failing == 3
    assert verdicts["unit_missing"].passed
