"""The README's ``make run``: both DAGs through Airflow, twice, on the sample exports."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXPORTS = ROOT / "tests" / "exports" / "composed"


def run(home: Path) -> str:
    environment = {**os.environ, "HOTLINE_HOME": str(home)}
    environment.pop("HOTLINE_DATABASE_URL", None)
    command = [sys.executable, "dags/run_once.py", str(home / "inbox"), "2026-11-20"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.mark.airflow
def test_a_night_and_a_month_through_airflow_and_a_second_time_nothing_changes(tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for path in [*EXPORTS.glob("*.xlsx"), *EXPORTS.glob("*.csv")]:
        shutil.copy(path, inbox)
    first = run(tmp_path)
    assert "没有新文件" not in first
    assert "执法类投诉举报" in first
    notice = json.loads((tmp_path / "notices" / "2026-11-20.json").read_text())
    for truth in EXPORTS.glob("*.truth.json"):
        expected = json.loads(truth.read_text())
        (file,) = [f for f in notice["files"] if f["name"] == expected["file"]]
        ledger = file
        assert ledger["rows_read"] == expected["data_rows"]
        assert ledger["duplicate"] == expected["repeated_rows"]
        found = [r["reason"] for r in ledger["reasons"] for _ in range(r["count"])]
        assert sorted(found) == sorted(expected["bad_rows"])
        assert ledger["inserted"] == expected["tickets"]
    reports = sorted((tmp_path / "reports").rglob("*.*"))
    assert {".docx", ".xlsx", ".html"} <= {p.suffix for p in reports}
    before = {p: p.read_bytes() for p in reports}

    second = run(tmp_path)
    assert "没有新文件" in second
    assert {p: p.read_bytes() for p in sorted((tmp_path / "reports").rglob("*.*"))} == before
    with sqlite3.connect(tmp_path / "hotline.db") as connection:
        (files,) = connection.execute("SELECT count(*) FROM export_file").fetchone()
    assert files == len(list(inbox.iterdir()))
