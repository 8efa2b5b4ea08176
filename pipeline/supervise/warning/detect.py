"""Which series are unusual in which period. Arrays only: series × periods, all series at once."""

from dataclasses import dataclass

import numpy as np

from pipeline.supervise.warning.baseline import fit
from pipeline.supervise.warning.tail import discoveries

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Grain:
    """How long things last, in periods. ``windows``: the sums looked at, each ending in the
    period tested; the past begins before the longest, so that a rise does not blur itself.
    """

    name: str
    windows: tuple[int, ...]
    history: int  # at most so many periods of the past
    min_history: int  # with fewer usable ones nothing is said
    quiet: int  # none in so many periods before: emerging


WEEK = Grain("week", windows=(1, 2, 4), history=52, min_history=26, quiet=13)
MONTH = Grain("month", windows=(1,), history=12, min_history=6, quiet=3)


@dataclass(frozen=True, slots=True)
class Limits:
    """``alarm``: the probability, per series and period, up to which a count is unusual for its
    series. ``false_share``: the share of chance among all that is raised in one period.
    """

    alarm: float = 0.025
    false_share: float = 0.1
    least: int = 3
    least_emerging: int = 2


@dataclass(frozen=True, slots=True)
class Signals:
    """Series × tested periods. ``p`` is 1 where nothing was tested or the count is too small.

    ``window``, ``count`` and ``expected`` belong to the sum with the smallest probability,
    ``usual`` is the rate per period before it.
    ``unusual``: p up to the alarm limit of the series itself. ``raised``: of these, the ones that
    stand when all series of the family are looked at together.
    """

    tested: Array  # indices of the periods
    usable: Array  # usable periods of the past, per tested period
    p: Array
    window: Array
    count: Array
    expected: Array
    usual: Array
    emerging: Array
    unusual: Array
    raised: Array


def detect(
    counts: Array,
    grain: Grain,
    limits: Limits,
    *,
    tested: Array,
    exposure: Array | None = None,
    held: Array | None = None,
    family: Array | None = None,
    closed: Array | None = None,
) -> Signals:
    """Test the periods ``tested`` of ``counts`` (series × periods, whole numbers).

    ``exposure`` is how much each period is expected to bring, 1 for an ordinary one (a campaign
    more). ``held`` says which periods may stand in a baseline: not those without data, not
    holidays. ``family`` numbers the set within which false discovery is controlled. ``closed``
    (series × periods) marks where an item of the series was closed: sums begin after it.
    """
    n_series, n_periods = counts.shape
    exposure = np.ones(n_periods) if exposure is None else exposure
    held = np.ones(n_periods, bool) if held is None else held
    family = np.zeros(n_series, int) if family is None else family
    sums = np.concatenate([np.zeros((n_series, 1), int), counts.cumsum(axis=1)], axis=1)
    last_closed = closed_before(closed) if closed is not None else None
    shape = (n_series, len(tested))
    p, expected, rate = np.ones(shape), np.zeros(shape), np.zeros(shape)
    window, count = np.ones(shape, np.int16), np.zeros(shape, np.int64)
    emerging, raised = np.zeros(shape, bool), np.zeros(shape, bool)
    usable = np.zeros(len(tested), int)
    for column, now in enumerate(tested):
        end = now + 1 - max(grain.windows)
        start = max(0, end - grain.history)
        if end <= start:
            continue
        usable[column] = held[start:end].sum()
        if usable[column] < grain.min_history:
            continue
        usual = fit(counts[:, start:end], np.where(held[start:end], exposure[start:end], 0.0))
        for h in grain.windows:
            first = now + 1 - h
            x = sums[:, now + 1] - sums[:, first]
            was_quiet = sums[:, first] == sums[:, max(0, first - grain.quiet)]
            new = was_quiet & (x >= limits.least_emerging)
            rows = np.flatnonzero(new | (x >= limits.least))
            if last_closed is not None:
                rows = rows[first > last_closed[rows, now]]
            if not rows.size:
                continue
            weight = float(exposure[first : now + 1].sum())
            found = np.minimum(1.0, usual.tail(x[rows], weight, rows) * len(grain.windows))
            better = found < p[rows, column]
            rows, found = rows[better], found[better]
            p[rows, column], window[rows, column], count[rows, column] = found, h, x[rows]
            expected[rows, column] = usual.expected(weight)[rows]
            rate[rows, column] = usual.rate[rows]
            emerging[rows, column] = new[rows]
        for one in np.unique(family):
            members = family == one
            raised[members, column] = discoveries(p[members, column], limits.false_share)
    unusual = p <= limits.alarm
    return Signals(
        np.asarray(tested),
        usable,
        p,
        window,
        count,
        expected,
        rate,
        emerging,
        unusual,
        raised & unusual,
    )


def closed_before(closed: Array) -> Array:
    """Series × periods: the last period before each in which an item was closed; −1 for none."""
    marks = np.where(closed, np.arange(closed.shape[1]), -1)
    latest = np.maximum.accumulate(marks, axis=1)
    return np.concatenate([np.full((len(closed), 1), -1), latest[:, :-1]], axis=1)
