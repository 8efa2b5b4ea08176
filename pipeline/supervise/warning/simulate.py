"""The method on made-up counts: false alarms without a signal, delay after a threefold rise.

``python -m pipeline.supervise.warning.simulate`` prints the tables of docs/early_warning.md.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.supervise.warning.detect import MONTH, WEEK, Limits, Signals, detect
from pipeline.supervise.warning.episodes import alarms

Array = np.ndarray

RATES = (0.1, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0)
BEFORE, TESTED = 60, 52  # weeks of the past, weeks tested
RISE, FOLLOWED = 3.0, 26
QUIET_WEEKS = 4
SEED = 20261121


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table; delays in weeks, the week of the rise is the first."""

    rate: float
    dispersion: float
    alarms: float  # per series and year, without a signal
    raised: float  # the same after false discovery is controlled
    delay: float  # median after a threefold rise
    within_two: float  # share found within two weeks
    raised_delay: float
    best: float  # median delay of the best possible test that knows rate and rise


def draw(rng: np.random.Generator, mean: Array, dispersion: float) -> Array:
    """Counts with variance = dispersion × mean: Poisson at 1, else negative binomial."""
    if dispersion == 1:
        return rng.poisson(mean)
    return rng.poisson(rng.gamma(mean / (dispersion - 1), dispersion - 1))


def false_alarms(rng: np.random.Generator, rate: float, dispersion: float, n: int) -> tuple:
    """Alarms per series and year where nothing happens: of the series alone, and raised.

    By week, and by month (here four weeks) where no week of it was unusual, as in the night.
    """
    counts = draw(rng, np.full((n, BEFORE + TESTED), rate), dispersion)
    by_week = _weeks(counts, TESTED)
    months = counts.reshape(n, -1, 4).sum(axis=2)
    tested = np.arange(BEFORE // 4, months.shape[1])
    by_month = detect(months, MONTH, Limits(), tested=tested)
    years = n * TESTED / 52
    return tuple(
        (alarms(weekly, QUIET_WEEKS).sum() + _alone(monthly, weekly).sum()) / years
        for weekly, monthly in (
            (by_week.unusual, by_month.unusual),
            (by_week.raised, by_month.raised),
        )
    )


def _alone(monthly: Array, weekly: Array) -> Array:
    return monthly & ~weekly.reshape(len(weekly), -1, 4).any(axis=2)


def delays(
    rng: np.random.Generator, rate: float, dispersion: float, n: int, *, rising: float = 1.0
) -> tuple[Array, Array]:
    """Weeks until an alarm of the series alone and until it is raised, of the series that rise
    (a share ``rising`` of ``n``); infinite where none came in ``FOLLOWED`` weeks.
    """
    up = int(n * rising)
    mean = np.full((n, BEFORE + FOLLOWED), float(rate))
    mean[:up, BEFORE:] *= RISE
    signals = _weeks(draw(rng, mean, dispersion), FOLLOWED)
    return first_week(signals.unusual[:up]), first_week(signals.raised[:up])


def _weeks(counts: Array, tested: int) -> Signals:
    last = counts.shape[1]
    return detect(counts, WEEK, Limits(), tested=np.arange(last - tested, last))


def first_week(signals: Array) -> Array:
    return np.where(signals.any(axis=1), signals.argmax(axis=1) + 1.0, np.inf)


def best_delay(rng: np.random.Generator, rate: float, dispersion: float, n: int) -> float:
    """Median delay of CUSUM that knows the rate and the rise, with one false alarm a year.

    Page's test is the fastest there is for a given rate of false alarms (Moustakides 1986), and
    is told here what no method knows: a bound, not a rival.
    """
    step = rate * (RISE - 1) / np.log(RISE)
    quiet = draw(rng, np.full((n, BEFORE + 4 * TESTED), rate), dispersion) - step
    levels = np.linspace(0.5, 30, 119) * max(1.0, rate) ** 0.5
    yearly = [_cusum(quiet, level).mean() * 52 for level in levels]
    level = next((h for h, a in zip(levels, yearly, strict=True) if a <= 1), levels[-1])
    mean = np.full((n, BEFORE + FOLLOWED), float(rate))
    mean[:, BEFORE:] *= RISE
    return float(
        np.median(first_week(_cusum(draw(rng, mean, dispersion) - step, level)[:, BEFORE:]))
    )


def _cusum(steps: Array, level: float) -> Array:
    value, hits = np.zeros(len(steps)), np.zeros(steps.shape, bool)
    for now in range(steps.shape[1]):
        value = np.maximum(0, value + steps[:, now])
        hits[:, now] = value >= level
        value[hits[:, now]] = 0
    return hits


def table(rates: Sequence[float] = RATES, dispersion: float = 1.0, n: int = 2000) -> list[Row]:
    """One row per rate; each with its own seed, so that a single row can be made again."""
    rows = []
    for rate in rates:
        rng = np.random.default_rng([SEED, int(rate * 1000), int(dispersion * 1000)])
        own, raised = false_alarms(rng, rate, dispersion, n)
        alone, _ = delays(rng, rate, dispersion, n)
        together = [delays(rng, rate, dispersion, 200, rising=0.05)[1] for _ in range(20)]
        rows.append(
            Row(
                rate,
                dispersion,
                own,
                raised,
                float(np.median(alone)),
                float((alone <= 2).mean()),
                float(np.median(np.concatenate(together))),
                best_delay(rng, rate, dispersion, 500),
            )
        )
    return rows


def as_markdown(rows: Sequence[Row]) -> str:
    lines = [
        "| complaints a week | dispersion | false alarms per series and year | of these L1 "
        "| median delay, weeks | found within 2 weeks | median delay until L1 "
        "| best possible |",
        "|" + "--:|" * 8,
    ]
    lines += [
        f"| {r.rate:g} | {r.dispersion:g} | {r.alarms:.2f} | {r.raised:.4f} | {_weeks_zh(r.delay)} "
        f"| {r.within_two:.0%} | {_weeks_zh(r.raised_delay)} | {_weeks_zh(r.best)} |"
        for r in rows
    ]
    return "\n".join(lines)


def _weeks_zh(delay: float) -> str:
    return f"{delay:g}" if np.isfinite(delay) else f"> {FOLLOWED}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=2000, help="series per row")
    n = parser.parse_args().series
    print(as_markdown([row for phi in (1.0, 1.5, 2.0) for row in table(dispersion=phi, n=n)]))


if __name__ == "__main__":
    main()
