"""Landing: what lies in the inbox and must not, or cannot, be read; zip archives; two nights."""

import errno
import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.domain.outcome import FileReason
from pipeline.stages import Status, inbox, loading, open_context
from pipeline.stages.landing import land
from pipeline.stages.night import all_files, store_counts, summarise
from pipeline.store import tables as t
from pipeline.store.vault import Vault
from tests.intake.makers import city_csv
from tests.stages.conftest import AS_OF


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


def files_of(context) -> dict:
    return {f["name"]: f for f in summarise(context, AS_OF, all_files(context))["files"]}


def load(context, *paths):
    landed = land(context, paths, AS_OF)
    loading.load_files(context, landed.keys["pending"], lambda _line: None)
    return landed


def archived(context) -> list[Path]:
    return [path for path in context.settings.archive_dir.rglob("*") if path.is_file()]


# --- not ready, not readable ------------------------------------------------------------------


def test_names_of_transfers_and_locks_are_left_with_a_word(context, folder):
    for name in ("a.csv.part", "B.CSV.TMP", "c.csv", "c.csv.aria2", "d.xlsx", "e.xlsx"):
        (folder / name).write_bytes(city_csv(1))
    for lock in ("~$d.xlsx", ".~lock.e.xlsx#"):
        (folder / lock).write_bytes(b"")
    for name in ("__MACOSX/x.csv", ".sync/y.csv", "sub/.z.csv"):
        (folder / name).parent.mkdir()
        (folder / name).write_bytes(city_csv(1))
    landed = land(context, [folder], AS_OF)
    assert landed.counts == {"found": 7, "new": 0, "known": 0, "left": 7}
    assert landed.status is Status.ATTENTION
    said = dict(message.split(":", 1) for message in landed.messages)
    assert "临时文件名" in said["a.csv.part"]
    assert "临时文件名" in said["B.CSV.TMP"]
    assert "旁边有同名的临时文件" in said["c.csv"]
    assert "正被打开编辑（锁文件 ~$d.xlsx）" in said["d.xlsx"]
    assert ".~lock.e.xlsx#" in said["e.xlsx"]
    assert archived(context) == []
    for done in ("c.csv.aria2", "~$d.xlsx", ".~lock.e.xlsx#"):
        (folder / done).unlink()
    assert land(context, [folder], AS_OF).counts["new"] == 1  # c, d and e are the same bytes


NOW = 1_800_000_000


@pytest.mark.parametrize(
    ("ages", "seconds"),
    [((86_400,), 1), ((3,), 7), ((86_400, 3, 9), 7), ((-86_400,), 10), ((), None)],
    ids=["moved in whole", "just written", "several", "stamped in the future", "nothing"],
)
def test_files_are_waited_for_until_the_youngest_was_quiet(folder, monkeypatch, ages, seconds):
    paths = {folder / f"{number}.csv" for number in range(len(ages))}
    for path, age in zip(sorted(paths), ages, strict=True):
        path.write_bytes(b"x")
        os.utime(path, (NOW - age, NOW - age))
    slept = []
    monkeypatch.setattr(inbox.time, "time", lambda: NOW)
    monkeypatch.setattr(inbox.time, "sleep", slept.append)
    told = []
    assert inbox.unready(paths, paths, 10, told.append) == {}
    assert slept == ([seconds] if seconds else [])
    youngest = f"{ages.index(min(ages))}.csv" if ages else ""
    noticed = (seconds or 0) > 1
    assert [youngest in line and f"等待 {seconds} 秒" in line for line in told] == [True] * noticed


@pytest.mark.parametrize("age", [0, 86_400], ids=["just written", "by a clock that is wrong"])
def test_a_file_that_changes_between_two_looks_is_left(context, folder, monkeypatch, age):
    for name in ("a.csv", "b.csv"):
        (folder / name).write_bytes(city_csv(1, seed=ord(name[0])))
        os.utime(folder / name, (NOW - age, NOW - age))

    def written(_seconds):
        with (folder / "a.csv").open("ab") as handle:
            handle.write(b"more")
        os.utime(folder / "a.csv", (NOW - age, NOW - age))

    with monkeypatch.context() as patch:
        patch.setattr(inbox.time, "sleep", written)
        landed = land(context, [folder], AS_OF)
    assert landed.counts == {"found": 2, "new": 1, "known": 0, "left": 1}
    assert landed.messages == (f"a.csv:{inbox.STILL_WRITTEN}",)
    assert len(archived(context)) == 1
    assert land(context, [folder], AS_OF).counts["new"] == 1


@pytest.mark.parametrize("as_zip", [False, True])
def test_a_file_that_grows_while_it_is_read_is_left_and_no_copy_is_kept(
    context, folder, monkeypatch, as_zip
):
    path, seal, sealed = folder / "a.csv", Vault.seal, []
    path.write_bytes(city_csv(5))
    if as_zip:
        with zipfile.ZipFile(folder / "a.zip", "w") as archive:
            archive.write(path, "a.csv")
        path.unlink()
        path = folder / "a.zip"

    def seal_and_append(vault, value, purpose):
        if not sealed:
            with path.open("ab") as handle:
                handle.write(b"more")
        sealed.append(purpose)
        return seal(vault, value, purpose)

    with monkeypatch.context() as patch:
        patch.setattr(Vault, "seal", seal_and_append)
        landed = land(context, [folder], AS_OF)
    assert (landed.counts["left"], landed.keys["pending"]) == (1, [])
    assert "仍在写入" in landed.messages[0]
    assert archived(context) == []
    assert land(context, [folder], AS_OF).counts["left"] == 0


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), "权限不足"),
        (FileNotFoundError(errno.ENOENT, "No such file"), "已被移走"),
        (OSError(errno.ESTALE, "Stale file handle"), "读取出错（共享目录已断开）"),
    ],
)
def test_a_file_that_cannot_be_opened_is_left_and_the_others_go_on(
    context, folder, monkeypatch, error, words
):
    (folder / "a.csv").write_bytes(city_csv(1))
    (folder / "b.csv").write_bytes(city_csv(2))
    path_open = Path.open

    def refuse(path, *args, **kwargs):
        if path == folder / "a.csv":
            raise error
        return path_open(path, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        landed = land(context, [folder], AS_OF)
    assert landed.counts == {"found": 2, "new": 1, "known": 0, "left": 1}
    assert landed.messages[0].startswith("a.csv:")
    assert words in landed.messages[0]
    assert land(context, [folder], AS_OF).counts == {"found": 2, "new": 1, "known": 1, "left": 0}


def test_a_full_disk_is_no_fault_of_the_file(context, folder, monkeypatch):
    (folder / "a.csv").write_bytes(city_csv(1))

    def full(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Vault, "seal", full)
        with pytest.raises(OSError, match="No space"):
            land(context, [folder], AS_OF)
    assert (archived(context), all_files(context)) == ([], [])
    assert land(context, [folder], AS_OF).counts["new"] == 1


def test_a_folder_that_cannot_be_entered_is_said(context, folder, monkeypatch):
    (folder / "sub").mkdir()
    (folder / "sub" / "a.csv").write_bytes(city_csv(1))
    scandir = os.scandir

    def refuse(path):
        if Path(path) == folder / "sub":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse)
        landed = land(context, [folder], AS_OF)
    assert landed.messages == ("sub：文件夹无法打开（没有权限）。",)
    assert landed.status is Status.ATTENTION


def test_folders_and_what_is_no_file(context, folder, tmp_path):
    assert land(context, [folder], AS_OF).counts["found"] == 0
    (folder / "deep.xlsx" / "er").mkdir(parents=True)
    (folder / "deep.xlsx" / "er" / "a.csv").write_bytes(city_csv(1))
    assert land(context, [folder, folder / "deep.xlsx"], AS_OF).counts["new"] == 1
    os.mkfifo(folder / "pipe.csv")
    (folder / "broken.csv").symlink_to(tmp_path / "nowhere.csv")
    (folder / "round.csv").symlink_to(folder / "round.csv")
    (folder / "share").symlink_to(tmp_path)
    (folder / ".sync").symlink_to(tmp_path)
    landed = land(context, [folder, folder / "pipe.csv"], AS_OF)
    assert landed.counts == {"found": 1, "new": 0, "known": 1, "left": 4}
    said = dict(message.split("：", 1) for message in landed.messages)
    assert "所指的文件不存在" in said["broken.csv"]
    assert "不是普通文件" in said["pipe.csv"]
    assert "无法查看" in said["round.csv"]
    assert "指向文件夹的链接" in said["share"]
    with pytest.raises(FileNotFoundError, match="路径不存在"):
        land(context, [tmp_path / "nowhere"], AS_OF)


def test_names_that_are_no_utf_8_are_read_as_gbk_or_shown_as_bytes(context, folder):
    for seed, name in enumerate(("青原县2026年10月.csv".encode("gb18030"), b"\xff\xff.csv"), 1):
        Path(os.fsdecode(os.path.join(os.fsencode(folder), name))).write_bytes(
            city_csv(1, seed=seed)
        )
    load(context, folder)
    assert set(files_of(context)) == {"青原县2026年10月.csv", r"\xff\xff.csv"}
    assert load(context, folder).counts == {"found": 2, "new": 0, "known": 2, "left": 0}


def test_an_empty_file_and_the_same_content_under_other_names(context, folder):
    (folder / "empty.csv").write_bytes(b"")
    (folder / "a.csv").write_bytes(city_csv(5))
    load(context, folder)
    before = store_counts(context)
    shutil.copy(folder / "a.csv", folder / "二月.txt")
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.write(folder / "a.csv", "c.csv")
    landed = load(context, folder)
    assert (landed.counts["new"], landed.counts["known"]) == (1, 4)  # the archive itself
    assert landed.messages == ("二月.txt：内容与已收的「a.csv」相同，没有重复导入。",)
    files = files_of(context)
    assert set(files) == {"a.csv", "empty.csv", "a.zip"}
    assert files["empty.csv"]["reason"] == FileReason.EMPTY
    assert store_counts(context)["export_row"] == before["export_row"] == 5


def test_a_file_s_name_is_shown_masked(context, folder):
    (folder / "王女士13800001234的投诉.csv").write_bytes(city_csv(1))
    load(context, folder)
    assert list(files_of(context)) == ["王女士138****1234的投诉.csv"]


def test_a_stopped_file_is_tried_again_where_its_path_is_given(context, folder, monkeypatch):
    path = folder / "a.csv"
    path.write_bytes(city_csv(3))
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.intake.reading._find_headers", lambda *_args: [])
        load(context, folder)
    assert files_of(context)["a.csv"]["reason"] == FileReason.UNKNOWN_LAYOUT
    assert land(context, [folder], AS_OF).keys["pending"] == []
    load(context, path)
    file = files_of(context)["a.csv"]
    assert (file["state"], file["message"], file["inserted"]) == ("loaded", None, 3)
    assert land(context, [path], AS_OF).keys["pending"] == []


# --- what a killed night leaves ---------------------------------------------------------------


def test_leftovers_are_removed_and_what_is_pending_stays(context, folder):
    (folder / "a.csv").write_bytes(city_csv(5))
    (folder / "b.csv").write_bytes(city_csv(6, seed=2))
    first, second = land(context, [folder], AS_OF).keys["pending"]
    for key in (first, second):
        loading.read_export(context, key)
    staging, archive = context.settings.staging_dir, context.settings.archive_dir
    with context.engine.begin() as connection:  # killed between storing and clearing
        connection.execute(
            sa.update(t.export_file).where(t.export_file.c.id == first).values(state="loaded")
        )
    half = next(archive.iterdir()) / f"{'0' * 64}.77.tmp"
    half.write_bytes(b"half")
    land(context, [folder], AS_OF)
    assert [path.name for path in staging.iterdir()] == [f"{second:08d}"]
    assert not half.exists()
    assert len(archived(context)) == 2


# --- zip archives -----------------------------------------------------------------------------


def zip_of(path: Path, members: list[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_of_every_kind_end_each_for_itself(context, folder):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("x.csv", city_csv(1))
    zip_of(
        folder / "m.zip",
        [
            ("a.csv", city_csv(3)),
            ("a.csv", city_csv(4, seed=2)),
            ("再压.zip", inner.getvalue()),
            ("../../../tmp/escaped.csv", city_csv(5, seed=3)),
            ("empty.csv", b""),
        ],
    )
    load(context, folder)
    with context.engine.connect() as connection:
        rows = connection.execute(
            sa.select(t.export_file.c.name, t.export_file.c.state, t.export_file.c.rows_read)
        ).all()
    assert sorted(rows) == [
        ("m.zip", "loaded", 0),
        ("m.zip/a.csv", "loaded", 3),
        ("m.zip/a.csv", "loaded", 4),
        ("m.zip/empty.csv", "stopped", 0),
        ("m.zip/escaped.csv", "loaded", 5),
        ("m.zip/再压.zip", "stopped", 0),
    ]
    assert "请解压后放入" in files_of(context)["m.zip/再压.zip"]["message"]
    assert not Path("/tmp/escaped.csv").exists()


def test_an_archive_with_one_damaged_member_is_stopped_whole(context, folder):
    path = zip_of(folder / "m.zip", [("a.csv", city_csv(3)), ("b.csv", city_csv(90))])
    data = bytearray(path.read_bytes())
    data[-600] ^= 0xFF  # in the last member
    path.write_bytes(bytes(data))
    load(context, folder)
    (file,) = files_of(context).values()
    assert (file["state"], file["reason"]) == ("stopped", FileReason.DAMAGED)
    assert len(archived(context)) == 1  # the archive itself; none of its members


# --- two at once ------------------------------------------------------------------------------

SECOND = """
import sys
from datetime import date
from pathlib import Path
from pipeline.stages import landing, open_context
from pipeline.store.lock import StoreBusy
try:
    with open_context(wait_seconds=float(sys.argv[2])) as context:
        print(landing.land(context, [Path(sys.argv[1])], date(2026, 11, 20)).counts)
except StoreBusy as busy:
    sys.exit(str(busy))
"""


def test_a_second_night_waits_for_the_first_or_says_so(settings, folder):
    environment = os.environ | {
        "HOTLINE_HOME": str(settings.home),
        "HOTLINE_DATABASE_URL": settings.database_url,
        "HOTLINE_SECRET_KEY": settings.secret_key,
    }

    def second(wait: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-c", SECOND, str(folder), wait],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    (folder / "a.csv").write_bytes(city_csv(20))
    with open_context(settings) as context:
        refused, waiting = second("0"), second("60")
        _, said = refused.communicate()
        assert refused.returncode == 1
        assert "另一个任务正在写入数据库" in said
        assert waiting.poll() is None
        assert land(context, [folder], AS_OF).counts["new"] == 1
    done, said = waiting.communicate()
    assert waiting.returncode == 0, said
    assert "'new': 0, 'known': 1" in done
