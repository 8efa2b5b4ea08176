"""Nights that are killed: ``python -m tests.stages.killing`` is started once, and runs each night
that is ordered of it in a forked child, which it may kill. A whole night takes half a second then.

A night's steps are its SQL statements and what it does to files. They, not seconds, say when to
kill: a loaded machine takes longer, but makes the same steps. The blow falls ``delay`` seconds
after a step begins, so mostly in the middle of one.

An order is a line of JSON on stdin: ``home``, ``url``, ``inbox``, ``as_of``, ``kill_at`` (a step,
counted from 1) or null, ``delay``, ``verify``, ``warm``. The answer is a line on stdout:
``steps``, ``killed``, ``broken`` (the invariants that do not hold).
"""

import gc
import json
import os
import signal
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from pipeline import parallel
from pipeline.quality import checking
from pipeline.settings import Settings
from pipeline.stages import loading, night, open_context
from pipeline.stages.verify import verify
from tests.conftest import SECRET

FILE_STEPS = {"open", "os.rename", "os.remove", "os.mkdir", "os.truncate", "os.link"}
SMALL = 20  # rows of a chunk and of a batch, so that a small inbox takes many transactions


def serve() -> None:
    checking.warm_up()
    loading._CHUNK_ROWS = min(SMALL, loading._CHUNK_ROWS)
    night.unclassified = partial(night.unclassified, batch=SMALL)
    parallel.processes = lambda _module, count=None: ThreadPoolExecutor(count or 2)
    for line in sys.stdin:
        order = json.loads(line)
        if order["warm"]:  # here, so that what is imported and cached late is there to be forked
            _night(order)
            gc.collect()
            gc.freeze()
        print(json.dumps(_carry_out(order)), flush=True)


def _carry_out(order: dict) -> dict:
    report = Path(order["home"]).with_suffix(".broken")
    child = os.fork()
    if child == 0:
        _run(order, report)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == -signal.SIGALRM:
        return {"steps": None, "killed": True, "broken": []}
    if code != 0:
        raise SystemExit(f"the night ended with {code}")
    return {"killed": False, **json.loads(report.read_text())}


def _run(order: dict, report: Path) -> None:
    code, steps = 1, Steps(order["kill_at"], order["delay"])
    try:
        broken = _night(order, steps)
        report.write_text(json.dumps({"steps": steps.of_night, "broken": broken}))
        code = 0
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(code)


class Steps:
    """Counts the steps of this process, and has the kernel end it at one of them."""

    def __init__(self, kill_at: int | None, delay: float) -> None:
        self.taken, self.of_night, self._kill_at, self._delay = 0, None, kill_at, delay
        # Without a handler SIGALRM ends a process as SIGKILL does: at once, and with no Python run.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        sa.event.listen(sa.Engine, "before_cursor_execute", self._step)
        sa.event.listen(sa.Engine, "commit", self._step)
        sys.addaudithook(lambda name, _args: self._step() if name in FILE_STEPS else None)

    def _step(self, *_args) -> None:
        self.taken += 1
        if self.taken == self._kill_at:
            signal.setitimer(signal.ITIMER_REAL, self._delay)


def _night(order: dict, steps: Steps | None = None) -> list[str]:
    """The invariants that the store breaks after the night."""
    settings = Settings(home=Path(order["home"]), database_url=order["url"], secret_key=SECRET)
    with open_context(settings, wait_seconds=5) as context:
        night.nightly(context, [Path(order["inbox"])], date.fromisoformat(order["as_of"]))
        if steps:
            steps.of_night = steps.taken  # without those of verifying
        verdicts = verify(context) if order["verify"] else []
    return [f"{v.invariant}:{v.broken}" for v in verdicts if not v.holds]


if __name__ == "__main__":
    serve()
