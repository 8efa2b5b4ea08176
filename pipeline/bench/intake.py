"""``hotline bench --intake``: landing to store alone, from csv and from xlsx.

Run as a process of its own for each export, so that memory peaks are its own.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from pipeline.bench.generate import write_export, write_workbook

_AS_OF = date(2026, 11, 20)


def run(rows: int) -> dict[str, dict[str, float]]:
    """Format → seconds, rows_per_second, import_seconds (Great Expectations, paid once a night
    and left out of the rate), peak_mib (the largest of the processes). The store is an embedded
    one, or the database that HOTLINE_DATABASE_URL names, which must be empty.
    """
    figures = {}
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        for write, name in ((write_export, "12345.csv"), (write_workbook, "12345.xlsx")):
            export = Path(folder) / name
            write(export, rows)
            command = [sys.executable, "-m", "pipeline.bench.intake", str(export)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
            figures[export.suffix[1:]] = json.loads(done.stdout.splitlines()[-1])
            export.unlink()
    return figures


def _measure(export: Path) -> dict[str, float]:
    from pipeline.quality.checking import warm_up
    from pipeline.settings import get_settings
    from pipeline.stages import open_context
    from pipeline.stages.landing import land
    from pipeline.stages.loading import load_files

    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as home:
        settings = get_settings().model_copy(update={"home": Path(home), "settle_seconds": 0})
        with open_context(settings) as context:
            began = time.perf_counter()
            warm_up()
            imported = time.perf_counter()
            landed = land(context, [export], _AS_OF)
            (outcome,) = load_files(context, landed.keys["pending"], lambda _line: None)
            seconds = time.perf_counter() - imported
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "seconds": seconds,
        "rows_per_second": outcome.counts["rows_read"] / seconds,
        "import_seconds": imported - began,
        "peak_mib": max(usage.ru_maxrss for usage in usages) / 1024,
    }


if __name__ == "__main__":
    print(json.dumps(_measure(Path(sys.argv[1]))))
