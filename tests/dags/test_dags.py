"""Every DAG file, found by globbing: imports fast and light, is thin, and fails visibly."""

import ast
import json
import os
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import pytest

DAGS = Path(__file__).parents[2] / "dags"
IGNORED = set((DAGS / ".airflowignore").read_text().split())
FILES = sorted(p for p in DAGS.glob("*.py") if p.name not in IGNORED)
HEAVY = ("pandas", "sklearn", "great_expectations", "jieba", "rjieba", "fastapi", "docx")

PROBE = """
import json, sys, time
from airflow.dag_processing.dagbag import DagBag
before = set(sys.modules)
bag = DagBag(sys.argv[1])
tasks = {
    f"{dag.dag_id}.{task.task_id}": {
        "retries": task.retries,
        "timeout": task.execution_timeout and task.execution_timeout.total_seconds(),
        "callback": bool(task.on_failure_callback),
        "pool": task.pool,
        "active": dag.max_active_runs,
        "catchup": dag.catchup,
        "timezone": str(dag.timetable.timezone),
        "cron": dag.timetable.expression,
    }
    for dag in bag.dags.values() for task in dag.tasks
}
print(json.dumps({
    "errors": bag.import_errors,
    "seconds": {s.file: s.duration.total_seconds() for s in bag.dagbag_stats},
    "loaded": sorted({m.split(".")[0] for m in set(sys.modules) - before}),
    "tasks": tasks,
}))
"""


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(DAGS)],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.airflow
def test_every_dag_file_imports_within_two_seconds_and_loads_nothing_heavy(probe):
    assert probe["errors"] == {}
    assert {Path(name).name for name in probe["seconds"]} == {p.name for p in FILES}
    assert max(probe["seconds"].values()) < 2
    assert not set(HEAVY) & set(probe["loaded"])


@pytest.mark.airflow
def test_every_task_retries_times_out_and_reports_failure(probe):
    assert probe["tasks"]
    for name, task in probe["tasks"].items():
        assert task["retries"] >= 1, name
        assert task["timeout"], name
        assert task["callback"], name
        assert task["active"] == 1, name
        assert task["catchup"] is False, name
        assert task["timezone"] == "Asia/Shanghai", name


@pytest.mark.airflow
def test_writers_share_the_database_pool_and_schedules_are_those_promised(probe):
    tasks = probe["tasks"]
    writers = {n for n, task in tasks.items() if task["pool"] == "hotline_database"}
    assert writers == {
        *(f"nightly.{n}" for n in ("land", "store", "classify", "link", "supervise", "publish")),
        "nightly.notify",
        "monthly_report.report",
        "train_classifier.reclassify",
        "train_classifier.drift",
    }
    assert tasks["nightly.land"]["cron"] == "30 1 * * *"
    assert tasks["monthly_report.report"]["cron"] == "0 6 2 * *"
    assert tasks["train_classifier.retrain"]["cron"] == "0 3 * * 0"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_dag_files_read_no_clock_and_do_nothing_at_the_top(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    assert not {"now", "today", "utcnow"} & names
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            module = getattr(node, "module", None) or node.names[0].name
            assert module.split(".")[0] in {"airflow", "datetime", "dags"}, module


@pytest.mark.parametrize(
    ("interval_end", "given", "day"),
    [
        ("2026-11-19T17:30:00+00:00", None, "2026-11-20"),  # 01:30 in Shanghai
        ("2026-11-20T15:59:59+00:00", None, "2026-11-20"),
        ("2026-11-20T16:00:00+00:00", None, "2026-11-21"),
        ("2026-11-20T16:00:00+00:00", "2026-10-01", "2026-10-01"),
    ],
)
def test_a_run_stands_for_the_day_of_its_data_interval_in_shanghai(interval_end, given, day):
    from dags.common import as_of_day

    context = {
        "params": {"as_of": given},
        "data_interval_end": datetime.fromisoformat(interval_end),
    }
    assert as_of_day(context) == date.fromisoformat(day)
