"""Early warning: time over many series, and side by side with R's farringtonFlexible.

``python -m pipeline.bench.warning`` prints the time of 10,000 series × 104 weeks and, where
Rscript with the package surveillance is installed (Debian: r-cran-surveillance), the comparison
of docs/early_warning.md.
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pipeline.supervise.warning.detect import WEEK, Limits, detect
from pipeline.supervise.warning.episodes import alarms
from pipeline.supervise.warning.simulate import QUIET_WEEKS, RISE, SEED, draw, first_week

Array = np.ndarray

_WEEKS, _TESTED = 234, 26  # R takes about a hundredth of a second per series and week
_PER_RATE = 50
_RATES = (0.3, 1.0, 2.0, 5.0)


def seconds(n_series: int, weeks: int = 104) -> float:
    """Time to test every week that has enough of a past, of sparse series."""
    rng = np.random.default_rng(SEED)
    counts = rng.poisson(rng.gamma(0.5, 0.6, (n_series, 1)), (n_series, weeks))
    begin = time.perf_counter()
    detect(counts, WEEK, Limits(), tested=np.arange(weeks))
    return time.perf_counter() - begin


def _ours(counts: Array) -> Array:
    tested = np.arange(_WEEKS - _TESTED, _WEEKS)
    return detect(counts, WEEK, Limits(), tested=tested).unusual


def _farrington(alpha: float, least: int) -> Callable[[Array], Array]:
    def run(counts: Array) -> Array:
        with tempfile.TemporaryDirectory(prefix="hotline-farrington-") as folder:
            given, said = Path(folder) / "counts.csv", Path(folder) / "alarms.csv"
            np.savetxt(given, counts.T, fmt="%d", delimiter=",")
            script = Path(__file__).with_name("farrington.R")
            command = ["Rscript", str(script), str(given), str(said)]
            subprocess.run([*command, str(_TESTED), str(alpha), str(least)], check=True)
            return np.loadtxt(said, delimiter=",", ndmin=2).T.astype(bool)

    return run


METHODS: dict[str, Callable[[Array], Array]] = {
    "this method": _ours,
    "farringtonFlexible, α 0.05, 5 in 4 weeks (its defaults)": _farrington(0.05, 5),
    "farringtonFlexible, α 0.01, 3 in 4 weeks": _farrington(0.01, 3),
}


def compare() -> list[str]:
    """The table's lines: the same series for all, quiet ones and ones that rise threefold.

    Four years of the past, for farringtonFlexible looks three years back; this method uses one.
    """
    lines = [
        "| complaints a week | method | false alarms per series and year "
        "| median delay, weeks | found within 2 weeks | found within 8 weeks |",
        "|--:|---|--:|--:|--:|--:|",
    ]
    for rate in _RATES:
        rng = np.random.default_rng([SEED, int(rate * 1000)])
        quiet = draw(rng, np.full((_PER_RATE, _WEEKS), rate), 1.0)
        mean = np.full((_PER_RATE, _WEEKS), rate)
        mean[:, -_TESTED:] *= RISE
        rising = draw(rng, mean, 1.0)
        for name, run in METHODS.items():
            false = alarms(run(quiet), QUIET_WEEKS).sum() / (_PER_RATE * _TESTED / 52)
            delay = first_week(run(rising))
            middle = float(np.median(delay))
            shown = f"{middle:g}" if np.isfinite(middle) else f"> {_TESTED}"
            lines.append(
                f"| {rate:g} | {name} | {false:.2f} | {shown} | {(delay <= 2).mean():.0%} "
                f"| {(delay <= 8).mean():.0%} |"
            )
    return lines


def main() -> None:
    for n_series in (2500, 5000, 10_000):
        print(f"{n_series} series x 104 weeks: {seconds(n_series):.1f} s")
    if shutil.which("Rscript"):
        print("\n".join(compare()))
    else:
        print("Rscript is not installed: no comparison with farringtonFlexible.")


if __name__ == "__main__":
    main()
