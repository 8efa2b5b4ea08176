"""The house rules: contracts of imports, no machine paths, no registry addresses, small rooms."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TRACKED = subprocess.run(
    ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.split("\0")
FILES = [ROOT / name for name in TRACKED if name and (ROOT / name).exists()]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")
TEXTS = [p for p in FILES if p.suffix not in {".xlsx", ".csv", ".xls", ".ods", ".png"}]


def test_imports_point_down_only():
    done = subprocess.run([LINT_IMPORTS], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "pattern",
    [
        r"https?://[^\s\"']*(?:pypi|pythonhosted|npmjs|debian\.org)",
        r"(?<![\w.])/(?:work|root|home/\w+)/",
        r"BEGIN (?:RSA |EC )?PRIVATE KEY",
    ],
)
def test_no_addresses_of_registries_no_paths_of_machines_no_keys(pattern):
    me = Path(__file__)
    hits = [
        p.relative_to(ROOT)
        for p in TEXTS
        if p != me and re.search(pattern, p.read_text(encoding="utf-8", errors="ignore"))
    ]
    assert hits == []


def test_the_lock_has_hashes_and_no_addresses():
    lock = (ROOT / "requirements.lock").read_text()
    assert lock.count("--hash=sha256:") > 1000
    assert "://" not in lock
    assert not (ROOT / "uv.lock").exists()


def test_the_environment_is_read_in_one_place():
    readers = [
        p.relative_to(ROOT).as_posix()
        for p in FILES
        if p.suffix == ".py"
        and p.is_relative_to(ROOT / "pipeline")
        and re.search(r"os\.environ|getenv", p.read_text(encoding="utf-8"))
    ]
    # The bench hands its environment on to the processes it measures.
    assert set(readers) <= {"pipeline/settings.py", "pipeline/bench/__init__.py"}


def test_only_stages_reads_the_clock():
    readers = [
        p.relative_to(ROOT).as_posix()
        for p in FILES
        if p.suffix == ".py"
        and p.is_relative_to(ROOT / "pipeline")
        and re.search(r"\.now\(|\.today\(|utcnow\(", p.read_text(encoding="utf-8"))
    ]
    allowed = (
        "pipeline/domain/calendar.py",
        "pipeline/stages/",
        "pipeline/cli/",
        "pipeline/review/",
    )
    assert [r for r in readers if not r.startswith(allowed)] == []
