"""What is usual for each series: a rate from its own past, robust where the past holds enough.

Farrington et al. (1996) and Noufaily et al. (2013): weeks of the past that stand out (Anscombe
residual above 2.58) lose weight, so that an old outbreak does not hide a new one. Weights need
counts to be judged by; a series with fewer than ``ENOUGH`` in its past keeps all of it as it is
and takes the dispersion that all series share. The others take the middle of theirs and that one:
a year of a sparse series is too little to show its own.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.supervise.warning.tail import negative_binomial_tail

Array = np.ndarray

ENOUGH = 10
"""Complaints in the past of a series from which on it is reweighted and its dispersion is read."""

STANDS_OUT = 2.58
"""Anscombe residual above which a past count loses weight (Noufaily et al. 2013)."""

_PRIOR_SHAPE = 0.5  # Jeffreys' prior of a Poisson rate: none seen is not a rate of zero
_PRIOR_DF = 500.0  # a few sparse series alone do not show overdispersion


@dataclass(frozen=True, slots=True)
class Baseline:
    """Per series: ``rate`` per unit of exposure, ``seen`` complaints it rests on (weighted),
    ``exposure`` of the past, ``dispersion`` (variance ÷ mean, at least 1).
    """

    rate: Array
    seen: Array
    exposure: float
    dispersion: Array

    def expected(self, exposure: float) -> Array:
        """The predictive mean: (seen + ½) / past exposure, the mean under Jeffreys' prior."""
        return (self.seen + _PRIOR_SHAPE) / self.exposure * exposure

    def tail(self, count: Array, exposure: float, rows: Array) -> Array:
        """P(X ≥ count) of the series ``rows`` for a new period of ``exposure``.

        With dispersion 1 the exact gamma-Poisson predictive: the rate is known only as well as
        the past tells. Overdispersion adds to its variance.
        """
        mean, phi = self.expected(exposure)[rows], self.dispersion[rows]
        inverse_size = (phi - 1) / mean + phi / (self.seen[rows] + _PRIOR_SHAPE)
        return negative_binomial_tail(count, mean, 1 / inverse_size)


def fit(counts: Array, exposure: Array) -> Baseline:
    """``counts`` (series × periods) over ``exposure`` (periods; 0 leaves a period out).

    Raises ValueError where no period is left.
    """
    used = exposure > 0
    if not used.any():
        raise ValueError("no period of the past is usable")
    y, e = counts[:, used].astype(float), exposure[used]
    n, total = e.size, float(e.sum())
    seen, excess = y.sum(axis=1), np.zeros(len(y))
    some, rich = seen > 0, seen >= ENOUGH
    excess[some] = _excess(y[some], seen[some, None] / total * e)
    if n > 1 and rich.any():
        seen[rich], excess[rich] = _reweighted(y[rich], e, excess[rich])
    df = n - 1
    shared = (excess.sum() + _PRIOR_DF) / (df * some.sum() + _PRIOR_DF)
    own = (excess + df * shared) / max(1, 2 * df)
    phi = np.maximum(1.0, np.where(rich, own, shared))
    return Baseline(seen / total, seen, total, phi)


def _excess(y: Array, mean: Array, weight: Array | float = 1.0) -> Array:
    """Pearson's sum of a series: its expectation is periods − 1 for Poisson counts."""
    return (weight * (y - mean) ** 2 / mean).sum(axis=1)


def _reweighted(y: Array, e: Array, excess: Array) -> tuple[Array, Array]:
    """Complaints and Pearson's sum once periods that stand out have lost weight."""
    n, total = e.size, e.sum()
    mean = y.sum(axis=1, keepdims=True) / total * e
    phi = np.maximum(1.0, excess / (n - 1))
    leverage = e / total
    residual = 1.5 * (y ** (2 / 3) * mean ** (-1 / 6) - np.sqrt(mean))
    residual /= np.sqrt(phi[:, None] * (1 - leverage))
    weight = np.where(residual > STANDS_OUT, 1 / np.maximum(residual, 1) ** 2, 1.0)
    weight *= n / weight.sum(axis=1, keepdims=True)
    rate = (weight * y).sum(axis=1) / (weight * e).sum(axis=1)
    return rate * total, _excess(y, rate[:, None] * e, weight)
