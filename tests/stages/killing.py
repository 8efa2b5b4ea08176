"""Nights that are killed: ``python -m tests.stages.killing`` is started once, and runs each night
that is ordered of it in a forked child, which it may kill. A whole night takes half a second then.

An order is a line of JSON on stdin: ``home``, ``url``, ``inbox``, ``as_of``, ``kill_after`` in
seconds or null, ``verify``, ``warm``. The answer is a line on stdout: ``seconds``, ``killed``,
``broken`` (the invariants that do not hold).
"""

import gc
import json
import os
import signal
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from pathlib import Path

from pipeline.quality import checking
from pipeline.settings import Settings
from pipeline.stages import loading, night, open_context, parallel
from pipeline.stages.verify import verify
from tests.conftest import SECRET

SMALL = 20  # rows of a chunk and of a batch, so that a small inbox takes many transactions


def serve() -> None:
    checking.warm_up()
    loading._CHUNK_ROWS = min(SMALL, loading._CHUNK_ROWS)
    night.unclassified = partial(night.unclassified, batch=SMALL)
    parallel.processes = lambda _initializer, count=None: ThreadPoolExecutor(count or 2)
    for line in sys.stdin:
        order = json.loads(line)
        if order["warm"]:  # here, so that what is imported and cached late is there to be forked
            _night(order)
            gc.collect()
            gc.freeze()
        print(json.dumps(_carry_out(order)), flush=True)


def _carry_out(order: dict) -> dict:
    report, begin = Path(order["home"]).with_suffix(".broken"), time.monotonic()
    child = os.fork()
    if child == 0:
        _run(order, report)
    seconds = order["kill_after"]
    while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
        if seconds is not None and time.monotonic() - begin >= seconds:
            os.kill(child, signal.SIGKILL)
            ended = os.waitpid(child, 0)
            break
        time.sleep(0.0005)
    code = os.waitstatus_to_exitcode(ended[1])
    if code not in {0, -signal.SIGKILL}:
        raise SystemExit(f"the night ended with {code}")
    broken = json.loads(report.read_text()) if code == 0 else []
    return {"seconds": time.monotonic() - begin, "killed": code != 0, "broken": broken}


def _run(order: dict, report: Path) -> None:
    code = 1
    try:
        report.write_text(json.dumps(_night(order)))
        code = 0
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(code)


def _night(order: dict) -> list[str]:
    """The invariants that the store breaks after the night."""
    settings = Settings(home=Path(order["home"]), database_url=order["url"], secret_key=SECRET)
    with open_context(settings, wait_seconds=5) as context:
        night.nightly(context, [Path(order["inbox"])], date.fromisoformat(order["as_of"]))
        verdicts = verify(context) if order["verify"] else []
    return [f"{v.invariant}:{v.broken}" for v in verdicts if not v.holds]


if __name__ == "__main__":
    serve()
