"""Exact upper tails of negative-binomial counts (Poisson at the limit), and false discovery."""

import numpy as np

Array = np.ndarray


def negative_binomial_tail(count: Array, mean: Array, size: Array) -> Array:
    """P(X ≥ count) for X negative binomial with ``mean`` and variance mean + mean²/size.

    The regularised incomplete beta function I(q; count, size) with q = mean / (mean + size); it
    tends to the Poisson tail as ``size`` grows.
    """
    from scipy.special import betainc

    arrays = (np.asarray(a, float) for a in (count, mean, size))
    count, mean, size = np.broadcast_arrays(*arrays)
    return np.where(count <= 0, 1.0, betainc(np.maximum(count, 1), size, mean / (mean + size)))


def discoveries(p: Array, rate: float) -> Array:
    """Benjamini & Hochberg (1995): which of ``p`` may be called at false discovery ``rate``.

    All p up to the largest p(k) ≤ rate · k / n, with p(1) ≤ … ≤ p(n).
    """
    n = p.size
    if n == 0:
        return np.zeros(p.shape, bool)
    ordered = np.sort(p, axis=None)
    passing = np.flatnonzero(ordered <= rate * np.arange(1, n + 1) / n)
    return p <= ordered[passing[-1]] if passing.size else np.zeros(p.shape, bool)
