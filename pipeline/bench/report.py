"""``hotline bench --report``: the report of one large month, after a night that took it in.

The bar: under 10 s and 600 MiB for 100,000 tickets. CPU seconds are given beside the clock, since
a busy machine stretches the clock.
"""

import sys
import tempfile
from pathlib import Path

from pipeline.bench import measure
from pipeline.bench.generate import write_export


def run(rows: int) -> dict[str, float]:
    """``{"rows", "seconds", "cpu_seconds", "peak_mib"}`` of making the report alone.

    Raises CalledProcessError where the night or the report fails.
    """
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        home = Path(folder)
        inbox = home / "inbox"
        inbox.mkdir()
        write_export(inbox / "12345.csv", rows)
        hotline = [sys.executable, "-m", "pipeline"]
        measure([*hotline, "nightly", "--inbox", str(inbox), "--as-of", "2026-11-20"], home, rows)
        made = measure([*hotline, "report", "2026-10", "--as-of", "2026-11-20"], home, rows)
    return {"rows": rows} | {key: made[key] for key in ("seconds", "cpu_seconds", "peak_mib")}
