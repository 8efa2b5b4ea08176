"""The README's paths, make targets and commands exist."""

import re
from pathlib import Path

from typer.main import get_command

from pipeline.cli import app

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_path_of_the_table_exists():
    table = README.split("## Where things live")[1].split("##")[0]
    paths = re.findall(r"`([\w/.]+/)`", table)
    assert len(paths) > 12
    missing = [p for p in paths if not (ROOT / p).exists()]
    # layouts/ and exports/ are named inside their folder's row.
    assert set(missing) <= {"layouts/", "exports/"}


def test_every_hotline_command_is_there():
    known = get_command(app)
    named = set(re.findall(r"\bhotline ([a-z]+)", README))
    assert {"nightly", "report", "verify", "serve", "quarantine"} <= named
    assert {n for n in named if n not in known.commands} <= {"reads"}  # "hotline reads every …"


def test_every_make_target_is_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`?make ([a-z]+)`?", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
