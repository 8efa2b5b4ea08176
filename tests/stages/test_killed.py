"""A night killed with SIGKILL at any moment and run again leaves what an undisturbed one leaves."""

import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path

import openpyxl
import orjson
import psutil
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from pipeline import parallel
from pipeline.domain.outcome import RowOutcome
from pipeline.intake import reading
from pipeline.intake.tables import open_tables
from pipeline.settings import Settings
from pipeline.stages import loading
from pipeline.stages.landing import land
from pipeline.stages.night import all_files, summarise
from pipeline.store import tables as t
from pipeline.store.engine import make_engine
from pipeline.store.vault import Vault
from tests.conftest import EXPORTS, SECRET
from tests.intake.makers import city_csv, csv_bytes, xlsx_bytes

ROOT = Path(__file__).parents[2]
AS_OF = date(2026, 11, 20)
MOMENTS = 30
CLOCKS = {"landed_at", "loaded_at", "recorded_at", "classified_at", "at"}
PURPOSES = {"contact": "contact", "quarantine_row": "quarantine"}


def rows_of(name: str, wanted: list[int]) -> list[list]:
    """The headings and the wanted data rows of a sample, counted from 1."""
    path = EXPORTS / "composed" / name
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path, read_only=True).active
        rows = [["" if c is None else c for c in row] for row in sheet.iter_rows(values_only=True)]
        top = next(i for i, row in enumerate(rows) if "工单编号" in row)
        return [rows[top], *(rows[top + i] for i in wanted)]
    with path.open("rb") as stream:
        rows = list(open_tables(stream).sheets[0].rows())
    return [rows[i] for i in (0, *wanted)]


@pytest.fixture(scope="module")
def inboxes(tmp_path_factory) -> tuple[Path, Path]:
    """Yesterday's and today's inbox. Today adds a zip archive, in which lie a later export of
    yesterday's tickets (some closed since, some new, some repeated, two broken) and a picture,
    and a workbook cut in half."""
    folder = tmp_path_factory.mktemp("killed")
    yesterday, today = folder / "yesterday", folder / "today"
    yesterday.mkdir()
    transport = xlsx_bytes(rows_of("12328_2026-10.xlsx", [*range(1, 41), 120, 347]))
    (yesterday / "12328.xlsx").write_bytes(transport)
    headings, *city = rows_of("12345_2026-10.csv", [*range(1, 91), 124, 149])
    (yesterday / "12345.csv").write_bytes(csv_bytes([headings, *city[20:60]], "gb18030"))
    shutil.copytree(yesterday, today)
    closed = headings.index("办结时间")
    for row in city[30:40]:
        row[closed] = "2026-11-18 10:00:00"
    with zipfile.ZipFile(today / "12345.zip", "w") as archive:
        archive.writestr("12345.csv", csv_bytes([headings, *city, city[5]], "gb18030"))
        archive.writestr("picture.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(500))
    (today / "cut.xlsx").write_bytes(transport[: len(transport) // 2])
    return yesterday, today


@pytest.fixture(scope="module")
def nights():
    """Carries out orders: see tests/stages/killing.py."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.stages.killing"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip

    def order(**said) -> dict:
        process.stdin.write(json.dumps(said) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield order
    process.stdin.close()
    process.wait()


class Store:
    """A store as yesterday's night left it, again and again."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.kept = settings, settings.home.with_suffix(".kept")

    def keep(self) -> None:
        shutil.copytree(self.settings.home, self.kept)
        if self.settings.database_url:
            name = make_url(self.settings.database_url).database
            self._run(
                # Quicker, and no weaker here: the server is not killed.
                f"ALTER DATABASE {name} SET synchronous_commit TO off",
                "CREATE SCHEMA kept",
                *(f"CREATE TABLE kept.{x} AS SELECT * FROM public.{x}" for x in self._tables()),
            )

    def bring_back(self) -> None:
        shutil.rmtree(self.settings.home)
        shutil.copytree(self.kept, self.settings.home)
        if self.settings.database_url:
            tables = self._tables()
            self._run(
                *(f"DELETE FROM public.{x}" for x in reversed(tables)),
                *(f"INSERT INTO public.{x} SELECT * FROM kept.{x}" for x in tables),
            )

    def _tables(self) -> list[str]:
        return [table.name for table in t.metadata.sorted_tables]

    def _run(self, *statements: str) -> None:
        engine = make_engine(self.settings)
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()


def content_of(settings: Settings) -> dict:
    """All that a store holds: every table and every file.

    Aside: the clock's times and the run log. Ids that the database gives leave gaps where a
    transaction was lost, so they are compared by rank; sealed values are compared opened.
    """
    engine, vault = make_engine(settings), Vault(SECRET.encode())
    found, ranks = {}, {}
    with engine.connect() as connection:
        for table in t.metadata.sorted_tables:
            if table is t.stage_run:
                continue
            rows = connection.execute(sa.select(table)).mappings().all()
            if "id" in table.columns:
                ids = sorted(row["id"] for row in rows)
                ranks[table.columns["id"]] = {key: rank for rank, key in enumerate(ids)}
            found[table.name] = sorted(
                [
                    {
                        c.name: _comparable(row[c.name], c, ranks, vault)
                        for c in table.columns
                        if c.name not in CLOCKS
                    }
                    for row in rows
                ],
                key=repr,
            )
    engine.dispose()
    home = settings.home
    notice = orjson.loads((home / "notices" / f"{AS_OF}.json").read_bytes())
    for described in (*notice["files"], *notice["items"]["described"]):
        del described["id"]
    found["notice"] = notice
    found["data_docs"] = (home / "data_docs" / "index.html").read_text()
    found["archive"] = sorted(p.name for p in (home / "archive").rglob("*") if p.is_file())
    found["staging"] = [p.name for p in (home / "staging").iterdir()]
    return found


def _comparable(value, column: sa.Column, ranks: dict, vault: Vault):
    if value is None:
        return None
    if column.name == "sealed":
        return vault.open(value, PURPOSES[column.table.name])
    keys = [column, *(key.column for key in column.foreign_keys)]
    if column.name.endswith("file_id"):  # of a ticket it is no foreign key, but an id all the same
        keys.append(t.export_file.c.id)
    return next((ranks[key][value] for key in keys if key in ranks), value)


def test_killed_at_thirty_moments(settings, nights, inboxes):
    rng = random.Random(20261120)  # noqa: S311
    yesterday, today = map(str, inboxes)
    place = {"home": str(settings.home), "url": settings.database_url, "as_of": AS_OF.isoformat()}
    nights(**place, inbox=yesterday, kill_at=None, delay=0, verify=True, warm=True)
    store = Store(settings)
    store.keep()

    def tonight(kill_at: int | None = None) -> dict:
        delay = rng.uniform(1e-6, 2e-3)
        verify = kill_at is None
        return nights(**place, inbox=today, kill_at=kill_at, delay=delay, verify=verify, warm=False)

    steps = tonight()["steps"]  # undisturbed
    expected = content_of(settings)
    assert {row["outcome"] for row in expected["export_row"]} == {o.value for o in RowOutcome}
    for name in ("ticket_link", "supervision_item", "contact", "item_event"):
        assert expected[name], name
    assert expected["staging"] == []
    killed = 0
    for moment in range(MOMENTS):
        store.bring_back()
        killed += tonight(1 + int((moment + rng.random()) / MOMENTS * steps))["killed"]
        assert tonight()["broken"] == [], moment
        content = content_of(settings)
        for name, rows in expected.items():
            assert content[name] == rows, (moment, name)
    assert killed >= MOMENTS - 2  # a blow so late that the night was over when it fell


PARENT = """
import os, time
from pipeline import parallel
if __name__ == "__main__":
    with parallel.processes("pipeline.parallel", 1) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        time.sleep(60)
"""


def test_a_killed_night_leaves_no_process_behind(tmp_path):
    script = tmp_path / "parent.py"  # a file, because spawned processes import the main module
    script.write_text(PARENT)
    parent = subprocess.Popen([sys.executable, script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    worker = psutil.Process(int(parent.stdout.readline()))
    assert worker.ppid() == parent.pid
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_file_with_which_the_reading_process_dies_twice_is_stopped_and_the_night_goes_on(
    context, tmp_path, monkeypatch
):
    fork = multiprocessing.get_context("fork")  # so that the process knows the changed function
    monkeypatch.setattr(parallel, "processes", lambda _f, n: ProcessPoolExecutor(n, fork))
    open_export = reading.open_export
    chunks = reading.Export.chunks

    def die_at_once(stream, name, scratch):
        if name == "2.csv":
            os.kill(os.getpid(), signal.SIGKILL)
        return open_export(stream, name, scratch)

    died = tmp_path / "died"  # with May's file only once
    died.mkdir()

    def die_half_way(export, size):
        for number, chunk in enumerate(chunks(export, size)):
            yield chunk
            month = export.period_start and export.period_start.month
            if number == 5 and (month == 4 or (month == 5 and not (died / "once").exists())):
                (died / "once").touch()
                os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(reading, "open_export", die_at_once)
    monkeypatch.setattr(reading.Export, "chunks", die_half_way)
    monkeypatch.setattr(loading, "_CHUNK_ROWS", 2)
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(1, 6):
        name = f"2026-0{number}.csv" if number in {4, 5} else f"{number}.csv"
        (folder / name).write_bytes(city_csv(20, seed=number))
    landed = land(context, [folder], AS_OF)
    loading.load_files(context, landed.keys["pending"], lambda _line: None)
    files = summarise(context, AS_OF, all_files(context))["files"]
    ends = {file["name"]: (file["state"], file["rows_read"]) for file in files}
    assert {ends[name] for name in ("1.csv", "3.csv", "2026-05.csv")} == {("loaded", 20)}
    assert ends["2.csv"] == ("stopped", 0)
    assert ends["2026-04.csv"] == ("stopped", 12)
    told = {file["name"]: file["message"] for file in files}
    assert "进程两次被系统终止" in told["2.csv"]
    assert "此前读出的 12 行已入库。" in told["2026-04.csv"]
    assert not list(context.settings.staging_dir.iterdir())
    assert land(context, [folder], AS_OF).keys["pending"] == []
    monkeypatch.undo()  # there is memory enough now
    monkeypatch.setattr(parallel, "processes", lambda _f, n: ProcessPoolExecutor(n, fork))
    landed = land(context, [folder / "2026-04.csv"], AS_OF)
    loading.load_files(context, landed.keys["pending"], lambda _line: None)
    (file,) = summarise(context, AS_OF, landed.keys["seen"])["files"]
    assert (file["state"], file["rows_read"], file["reason"]) == ("loaded", 20, None)
