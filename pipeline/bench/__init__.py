"""``hotline bench``: the whole night against what an engineer would write in an afternoon.

Both run as whole processes, one after the other, on the same generated export; ratios count,
seconds don't.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipeline.bench.generate import write_export

_PEER = Path(__file__).with_name("naive_peer.py")


def run(rows: int) -> dict:
    """``{"rows", "runs": {name: {"seconds", "rows_per_second", "peak_mib"}}, "ratio"}``.

    Raises CalledProcessError where either side fails.
    """
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        home = Path(folder)
        export = home / "inbox" / "12345.csv"
        export.parent.mkdir()
        write_export(export, rows)
        ours = [sys.executable, "-m", "pipeline", "nightly", "--inbox", str(export.parent)]
        runs = {
            "朴素做法": measure([sys.executable, str(_PEER), str(export)], home, rows),
            "hotline nightly": measure([*ours, "--as-of", "2026-11-20", "--json"], home, rows),
        }
    naive, own = (run["rows_per_second"] for run in runs.values())
    return {"rows": rows, "runs": runs, "ratio": own / naive}


def environment_of(home: Path) -> dict[str, str]:
    """For a process that is measured: this one's, with an embedded store of its own, and no wait
    for files that were written just before."""
    own = {"HOTLINE_HOME": str(home), "HOTLINE_DATABASE_URL": "", "HOTLINE_SETTLE_SECONDS": "0"}
    return os.environ | own


def measure(command: list[str], home: Path, rows: int) -> dict[str, float]:
    """Run a command of ``hotline`` or a peer to its end: clock, CPU, rows a second, peak memory.

    Raises CalledProcessError for an exit status other than 0 and 1.
    """
    environment = environment_of(home / "home")
    log = home / "output.log"
    begin = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    code = os.waitstatus_to_exitcode(status)
    if code not in {0, 1}:  # 1: done, with quarantined rows
        raise subprocess.CalledProcessError(code, command, log.read_bytes()[-2000:])
    return {
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "rows_per_second": rows / seconds,
        "peak_mib": usage.ru_maxrss / 1024,  # the largest single process
    }
