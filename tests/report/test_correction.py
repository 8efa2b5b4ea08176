"""Shares corrected for classifier error: the published formulas, and their behaviour."""

from dataclasses import replace

import pytest

from pipeline.report.correction import Measured, corrected_share, measured_types
from pipeline.report.formulas import Manifest, band, evaluate
from pipeline.report.policy import ReportPolicy

GOOD = Measured(sensitivity=0.8, positives=400, specificity=0.97, negatives=4000)


def test_the_point_is_rogan_and_gladen_s():
    share, low, high = corrected_share(labelled=100, tickets=500, errors=GOOD)
    assert share == pytest.approx((0.2 + 0.97 - 1) / (0.8 + 0.97 - 1))
    assert low < share < high


def test_a_perfect_model_corrects_nothing():
    perfect = Measured(1.0, 1e9, 1.0, 1e9)
    share, low, high = corrected_share(100, 500, perfect)
    assert share == pytest.approx(0.2)
    # the interval is then the one of a plain share (Agresti and Coull)
    assert (low, high) == (pytest.approx(0.1672, abs=5e-4), pytest.approx(0.2374, abs=5e-4))


def test_the_interval_is_lang_and_reiczigel_s():
    """By hand: n' 503.8415, p' .20229; Se' 321/402, Sp' 3881/4002."""
    share, low, high = corrected_share(100, 500, GOOD)
    z2 = 1.959964**2
    p, se, sp = (100 + z2 / 2) / (500 + z2), 321 / 402, 3881 / 4002
    centre = (p + sp - 1) / (se + sp - 1)
    a, b = se * (1 - se) / 402, sp * (1 - sp) / 4002
    error = (p * (1 - p) / (500 + z2) + centre**2 * a + (1 - centre) ** 2 * b) ** 0.5
    error /= se + sp - 1
    shift = 2 * z2 * (centre * a - (1 - centre) * b)
    assert (low, high) == (
        pytest.approx(centre + shift - 1.959964 * error),
        pytest.approx(centre + shift + 1.959964 * error),
    )
    assert low < share < high


def test_bounds_hold_where_a_share_is_extreme():
    for labelled in (0, 1, 499, 500):
        share, low, high = corrected_share(labelled, 500, GOOD)
        assert 0 <= low <= share <= high <= 1


def test_a_model_that_tells_nothing_apart_corrects_nothing():
    assert corrected_share(100, 500, replace(GOOD, sensitivity=0.1)) is None
    assert corrected_share(0, 0, GOOD) is None


def test_errors_come_from_precision_recall_and_n():
    figures = {
        "enforcement": {"n": 1000, "precision": 0.9, "recall": 0.9},
        "types": {
            "rough": {"n": 100, "precision": 0.8, "recall": 0.72},
            "selective": {"n": 10, "precision": 0.0, "recall": 0.0},
        },
    }
    # 1000 tickets are called enforcement, 90 of them rough; 72 found, and 18 labelled wrongly
    assert measured_types(figures) == {
        "rough": {"sensitivity": 0.8, "positives": 90.0, "specificity": round(1 - 18 / 910, 6),
                  "negatives": 910.0}
    }  # fmt: skip


def test_what_people_decided_is_not_corrected():
    errors = {"sensitivity": 0.8, "positives": 400, "specificity": 0.97, "negatives": 4000}
    manifest = Manifest({"measured": {"types": {"rough": errors}}})
    formula = "corrected(any,model,all,of_model;rough)"

    def value(any_, model, all_, of_model):
        numbers = {"any": any_, "model": model, "all": all_, "of_model": of_model}
        return evaluate(formula, numbers.get, manifest, ReportPolicy())

    assert value(30, 0, 100, 0) == 30.0  # all decided by people
    mixed = value(30, 10, 100, 50)
    assert mixed == pytest.approx(20 + 50 * (0.2 + 0.97 - 1) / 0.77)
    assert value(3, 1, 9, 5) is None  # fewer tickets than a rate needs


@pytest.mark.parametrize(
    ("count", "median", "colour"),
    [(0, 0, 0), (2, 0, 0), (3, 0, 1), (5, 0, 2), (5, 2, 1), (6, 2, 2), (9, 5, 0), (40, 20, 1)],
)
def test_a_unit_is_compared_with_its_own_months(count, median, colour):
    assert band(count, median, ReportPolicy()) == colour
