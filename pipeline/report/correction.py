"""A type's share corrected for the classifier's measured errors, with a confidence interval.

Point: Rogan & Gladen, Am. J. Epidemiol. 107 (1978) 71–76. Interval, which also holds that the
errors were measured on samples: Lang & Reiczigel, Prev. Vet. Med. 113 (2014) 13–22.

The errors are measured among the tickets that the model calls enforcement complaints. Tickets that
a person decided have none.
"""

from dataclasses import dataclass
from math import sqrt

Z = 1.959964
"""The normal quantile of a 95 % interval."""

MIN_YOUDEN = 0.2
"""Sensitivity + specificity − 1; under it a model tells too little apart to correct by it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """``sensitivity`` on ``positives`` tickets with a type, ``specificity`` on ``negatives``."""

    sensitivity: float
    positives: float
    specificity: float
    negatives: float


def measured_types(figures: dict) -> dict[str, dict[str, float]]:
    """Slug → :class:`Measured` as JSON, from an evaluation's precision, recall and n.

    ``figures``: ``enforcement`` (``n``, ``precision``, ``recall``) and ``types`` (slug → the same).
    Of a type's tickets the model calls as many enforcement as of all: recall among these is
    the type's recall by the enforcement recall (at most 1), and false labels fall on the others.
    Types without a ticket or without a right answer are left out: nothing is known of them.
    """
    whole = figures["enforcement"]
    called = whole["n"] * whole["recall"] / whole["precision"]
    found = {}
    for slug, row in figures["types"].items():
        hits = row["n"] * row["recall"]
        if not hits:
            continue
        positives = row["n"] * whole["recall"]
        negatives = called - positives
        extras = hits / row["precision"] - hits
        found[slug] = {
            "sensitivity": round(min(1.0, hits / positives), 6),
            "positives": round(positives, 1),
            "specificity": round(1 - extras / negatives, 6),
            "negatives": round(negatives, 1),
        }
    return found


def corrected_share(
    labelled: float, tickets: float, errors: Measured
) -> tuple[float, float, float] | None:
    """(share, low, high) in 0…1 of ``tickets`` that truly have the type, at 95 %.

    ``labelled`` of them have it from the model. None without a ticket, or where the model is too
    weak (:data:`MIN_YOUDEN`).
    """
    if not tickets or errors.sensitivity + errors.specificity - 1 < MIN_YOUDEN:
        return None
    observed = labelled / tickets
    point = (observed + errors.specificity - 1) / (errors.sensitivity + errors.specificity - 1)
    n, k = tickets + Z**2, labelled + Z**2 / 2
    n_se, n_sp = errors.positives + 2, errors.negatives + 2
    p = k / n
    se = (errors.sensitivity * errors.positives + 1) / n_se
    sp = (errors.specificity * errors.negatives + 1) / n_sp
    youden = se + sp - 1
    centre = (p + sp - 1) / youden
    spread_se, spread_sp = se * (1 - se) / n_se, sp * (1 - sp) / n_sp
    error = sqrt(p * (1 - p) / n + centre**2 * spread_se + (1 - centre) ** 2 * spread_sp) / youden
    shift = 2 * Z**2 * (centre * spread_se - (1 - centre) * spread_sp)
    low, high = centre + shift - Z * error, centre + shift + Z * error
    share, low, high = (min(1.0, max(0.0, value)) for value in (point, low, high))
    return share, min(low, share), max(high, share)
