"""``hotline ledger`` in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    assert _hotline(home, "db", "upgrade").returncode == 0
    return home


def _hotline(home: Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "HOTLINE_HOME": str(home), "NO_COLOR": "1"}
    for name in ("HOTLINE_DATABASE_URL", "HOTLINE_PROFILE", "HOTLINE_SECRET_KEY"):
        environment.pop(name, None)
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_lists_under_the_profiles_names(home):
    done = _hotline(home, "ledger", "list", "--profile", "fz-ja-2024", "--json")
    titles = {kind["kind"]: kind["title"] for kind in json.loads(done.stdout)}
    assert titles["rectification"] == "行政执法突出问题清单"
    assert [k["kind"] for k in json.loads(done.stdout) if k["restricted"]] == ["referrals"]


@pytest.mark.parametrize("form", ["xlsx", "html"])
def test_a_list_is_exported(home, tmp_path, form):
    done = _hotline(
        home, "ledger", "export", "follow-up", "--month", "2026-10", "--as-of", "2026-11-20",
        "--profile", "xn-2024-30", "--format", form, "--output", str(tmp_path), "--json",
    )  # fmt: skip
    made = json.loads(done.stdout)
    assert (made["rows"], made["as_of"], made["period"]) == (0, "2026-11-20", "2026年10月")
    assert Path(made["path"]).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("referrals",), "限权"),
        (("referrals", "--confidential"), "--by"),
        (("follow-up", "--with-contacts", "--by", "无此人", "--reason", "回访"), "账号"),
        (("items", "--month", "2026-13"), "年-月"),
        (("league-table",), "现有"),
    ],
)
def test_what_is_refused_ends_with_a_sentence_and_exit_two(home, tmp_path, arguments, why):
    done = _hotline(home, "ledger", "export", *arguments, "--output", str(tmp_path / "out"))
    assert done.returncode == 2
    assert why in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
