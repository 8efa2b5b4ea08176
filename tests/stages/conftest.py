import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from pipeline import parallel
from pipeline.stages import open_context

EXPORTS = Path(__file__).parents[1] / "exports" / "composed"
AS_OF = date(2026, 11, 20)


@pytest.fixture
def context(settings):
    with open_context(settings, wait_seconds=0) as context:
        yield context


@pytest.fixture
def inbox(tmp_path):
    """A folder with the seven sample exports."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    for path in [*EXPORTS.glob("*.xlsx"), *EXPORTS.glob("*.csv")]:
        shutil.copy(path, folder)
    return folder


@pytest.fixture(autouse=True)
def checks_in_this_process(monkeypatch):
    """The night's checking process would import Great Expectations anew for every test.
    ``tests/cli`` runs it as it is.
    """

    monkeypatch.setattr(
        parallel, "processes", lambda _module, count=None: ThreadPoolExecutor(count or 2)
    )
