import io

import pytest

from pipeline.intake import staging
from pipeline.intake.normalise import Normaliser
from pipeline.intake.reading import open_export
from pipeline.intake.staging import (
    chunk_numbers,
    note_reasons,
    noted_reasons,
    read_whole,
    stage_chunk,
    stage_export,
    staged_chunk,
    staged_columns,
    staged_export,
)
from pipeline.store.archive import write_archive
from pipeline.store.vault import SealBroken, Vault
from tests.intake.makers import city_csv

SECRET = b"a secret of the tests, long enough"
VAULT = Vault(SECRET)


def _chunks(count=25):
    export = open_export(io.BytesIO(city_csv(count)), "x")
    return list(map(Normaliser(export, VAULT).normalise, export.chunks(10)))


def test_chunks_come_back_as_they_went_in_order(tmp_path):
    chunks = _chunks()
    chunks[0].raw.surplus[3] = ["x"]
    chunks[0].raw.broken.add(3)
    for index in reversed(range(len(chunks))):
        stage_chunk(tmp_path / "f", index, chunks[index], VAULT, ["accepted_at"])
    stage_chunk(tmp_path / "f", 1, chunks[1], VAULT, ["accepted_at"])
    every_row = [number for chunk in chunks for number in chunk.row_no]
    numbers = chunk_numbers(tmp_path / "f")
    assert [staged_chunk(tmp_path / "f", n, VAULT, with_raw=True) for n in numbers] == chunks
    columns = [staged_columns(tmp_path / "f", n, VAULT) for n in numbers]
    assert [c["accepted_at"] for c in columns] == [c.columns["accepted_at"] for c in chunks]
    assert [number for c in columns for number in c["row_no"]] == every_row


def test_rows_as_received_stay_away_where_they_are_not_wanted(tmp_path):
    chunks = _chunks()
    for index, chunk in enumerate(chunks):
        stage_chunk(tmp_path, index, chunk, VAULT, [])
    back = staged_chunk(tmp_path, 1, VAULT, with_raw=False)
    assert back.raw is None
    assert back.columns == chunks[1].columns


def test_reasons_come_back_by_row_number(tmp_path):
    note_reasons(tmp_path, 3, {17: ["no_content", "time_missing"]})
    assert noted_reasons(tmp_path, 3) == {17: ["no_content", "time_missing"]}
    assert chunk_numbers(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        noted_reasons(tmp_path, 4)


def test_nothing_is_readable_on_disk(tmp_path):
    stage_chunk(tmp_path, 0, _chunks()[0], VAULT, ["category"])
    assert all("投诉举报".encode() not in path.read_bytes() for path in tmp_path.iterdir())
    path = tmp_path / "000000.rows"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(SealBroken):
        staged_chunk(tmp_path, 0, VAULT, with_raw=False)


def test_half_written_chunks_are_not_seen(tmp_path):
    stage_chunk(tmp_path, 0, _chunks()[0], VAULT, [])
    (tmp_path / "000000.checked").rename(tmp_path / "000000.checked.123.tmp")
    assert chunk_numbers(tmp_path) == []


def test_what_another_code_staged_or_a_power_cut_tore_counts_as_not_read(tmp_path, monkeypatch):
    write_archive(io.BytesIO(city_csv(5)), tmp_path / "a.sealed", VAULT)
    folder = tmp_path / "f"
    stage_export(
        tmp_path / "a.sealed", "a.csv", folder, secret=SECRET, checked=[], chunk_rows=10
    )  # fmt: skip
    assert read_whole(folder) == {"rows": 5, "chunks": 1, "warnings": []}
    assert set(staged_export(folder)) == {"layout", "headings_json", "period_start", "period_end"}
    with monkeypatch.context() as patch:
        patch.setattr(staging, "_code", lambda: "that of the next version")
        assert (read_whole(folder), staged_export(folder)) == (None, None)
    for name, was in (("read.json", b'{"rows":5,"chunks":1}'), ("export.json", b"")):
        kept = (folder / name).read_bytes()
        (folder / name).write_bytes(was)
        assert read_whole(folder) is None
        (folder / name).unlink()
        assert read_whole(folder) is None
        (folder / name).write_bytes(kept)
