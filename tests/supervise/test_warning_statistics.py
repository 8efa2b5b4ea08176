"""Early warning, the arithmetic: tails by hand, baselines, false discovery, edges, episodes."""

from math import comb, exp, factorial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.supervise.warning import simulate
from pipeline.supervise.warning.baseline import fit
from pipeline.supervise.warning.detect import MONTH, WEEK, Limits, closed_before, detect
from pipeline.supervise.warning.episodes import alarms, episodes
from pipeline.supervise.warning.tail import discoveries, negative_binomial_tail

LIMITS = Limits()


def _weeks(*rows, weeks: int = 60) -> np.ndarray:
    return np.array([[0] * (weeks - len(row)) + list(row) for row in rows])


def _last(counts: np.ndarray, grain=WEEK, limits=LIMITS, **more):
    return detect(counts, grain, limits, tested=np.array([counts.shape[1] - 1]), **more)


# --- tails -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "mean", "size", "by_hand"),
    [
        (0, 1.0, 1.0, 1.0),
        (1, 1.0, 1.0, 1 / 2),  # geometric with p = 1/2: P(X ≥ k) = (1/2)^k
        (4, 1.0, 1.0, 1 / 16),
        (3, 3.0, 1.0, (3 / 4) ** 3),
        (1, 1.0, 2.0, 1 - (2 / 3) ** 2),  # P(0) = (size / (size + mean))^size
        (2, 1.0, 2.0, 1 - (2 / 3) ** 2 - 2 * (1 / 3) * (2 / 3) ** 2),
    ],
)
def test_tail_by_hand(count, mean, size, by_hand):
    assert negative_binomial_tail(count, mean, size) == pytest.approx(by_hand, rel=1e-12)


def test_tail_of_a_whole_size_by_hand():
    """Size 3, mean 3/10: P(k) = C(k + 2, k) (10/11)^3 (1/11)^k."""
    by_hand = 1 - sum(comb(k + 2, k) * (10 / 11) ** 3 * (1 / 11) ** k for k in range(2))
    assert negative_binomial_tail(2, 0.3, 3) == pytest.approx(by_hand, rel=1e-12)


def test_the_tail_tends_to_poisson():
    poisson = 1 - sum(exp(-0.3) * 0.3**k / factorial(k) for k in range(4))
    assert negative_binomial_tail(4, 0.3, 1e9) == pytest.approx(poisson, rel=1e-6)


def test_the_predictive_tail_is_the_exact_gamma_poisson():
    """8 in 26 weeks, 4 in the new one: shape 8.5, P(k) = C(k + 7.5, k) (26/27)^8.5 (1/27)^k."""
    past = np.array([[1] * 8 + [0] * 18])
    usual = fit(past, np.ones(26))
    assert usual.dispersion[0] == 1
    below = coefficient = 1.0
    for k in range(1, 4):
        coefficient *= (7.5 + k) / k / 27
        below += coefficient
    by_hand = 1 - below * (26 / 27) ** 8.5
    assert usual.tail(np.array([4]), 1.0, np.array([0]))[0] == pytest.approx(by_hand, rel=1e-9)
    assert by_hand == pytest.approx(0.0005, abs=0.0002)


# --- baseline --------------------------------------------------------------------------------


def test_an_old_outbreak_loses_its_weight_where_there_is_enough():
    steady = [1, 0, 1, 2, 1, 0, 1, 1] * 6
    with_outbreak = [*steady[:20], 14, *steady[21:]]
    plain, robust = fit(np.array([steady, with_outbreak]), np.ones(48)).rate
    assert np.mean(with_outbreak) > 1.25 * plain
    assert robust == pytest.approx(plain, rel=0.08)


def test_sparse_history_is_taken_as_it_is():
    sparse = [0] * 40 + [4] + [0] * 8 + [1] * 3
    usual = fit(np.array([sparse]), np.ones(52))
    assert usual.rate[0] == pytest.approx(7 / 52)


def test_dispersion_needs_more_than_one_sparse_series():
    """One small cluster proves nothing; a thousand clustered series do."""
    clustered = np.zeros((1000, 52), int)
    clustered[np.arange(1000), np.arange(1000) % 52] = 3
    assert fit(clustered[:1], np.ones(52)).dispersion[0] < 1.5
    assert fit(clustered, np.ones(52)).dispersion[0] > 2.5


def test_periods_left_out_do_not_count():
    past = np.array([[1, 1, 9, 1, 1]])
    usual = fit(past, np.array([1.0, 1.0, 0.0, 1.0, 1.0]))
    assert (usual.rate[0], usual.exposure) == (1.0, 4.0)
    with pytest.raises(ValueError, match="no period"):
        fit(past, np.zeros(5))


def test_a_campaign_is_expected_to_bring_more():
    counts = _weeks([1, 0] * 30, weeks=60)
    counts[0, -1] = 5
    ordinary = _last(counts)
    exposure = np.ones(60)
    exposure[-4:] = 3.0
    campaign = _last(counts, exposure=exposure)
    assert campaign.expected[0, 0] == pytest.approx(3 * ordinary.expected[0, 0], rel=0.01)
    assert ordinary.unusual[0, 0]
    assert not campaign.unusual[0, 0]


# --- false discovery -------------------------------------------------------------------------


def test_benjamini_hochberg_by_hand():
    p = np.array([0.9, 0.01, 0.04, 0.03, 0.5])
    # ordered .01 .03 .04 .5 .9 against .02 .04 .06 .08 .1: the third is the last that passes
    assert discoveries(p, 0.1).tolist() == [False, True, True, True, False]
    assert not discoveries(np.array([0.021, 0.9, 0.9, 0.9, 0.9]), 0.1).any()
    assert discoveries(np.array([]), 0.1).size == 0


def test_one_unusual_series_among_many_is_not_raised():
    counts = np.zeros((400, 60), int)
    counts[:, ::4] = 1
    counts[0, -1] = 4
    alone, among = _last(counts[:1]), _last(counts)
    assert alone.unusual[0, 0]
    assert alone.raised[0, 0]
    assert among.unusual[0, 0]
    assert not among.raised[0, 0]
    families = np.array([0] + [1] * 399)
    assert _last(counts, family=families).raised[0, 0]


# --- edges -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("weeks_held", "said"), [(26, True), (25, False)])
def test_minimum_history(weeks_held, said):
    counts = _weeks([6], weeks=60)
    held = np.zeros(60, bool)
    held[56 - weeks_held : 56] = True  # the past ends before the longest window
    signals = _last(counts, held=held)
    assert signals.usable[0] == weeks_held
    assert bool(signals.unusual[0, 0]) is said


def test_the_first_weeks_of_a_store_are_not_tested():
    counts = np.full((1, 29), 5)
    assert (detect(counts, WEEK, LIMITS, tested=np.arange(29)).p == 1).all()


@pytest.mark.parametrize(
    ("earlier", "now", "said"),
    [
        (0, 2, True),  # emerging: none in thirteen weeks, two now
        (0, 1, False),
        (1, 2, False),  # one in the quarter before: three are needed
        (1, 3, True),
    ],
)
def test_minimum_count(earlier, now, said):
    counts = np.zeros((1, 60), int)
    counts[0, 48] = earlier  # within the quarter before, outside the four weeks
    counts[0, 59] = now
    signals = _last(counts)
    assert bool(signals.unusual[0, 0]) is said
    assert bool(signals.emerging[0, 0]) is (said and not earlier)


def test_months_have_a_grain_of_their_own():
    counts = np.array([[1, 0, 1, 1, 0, 1, 0, 1, 6]])
    signals = _last(counts, grain=MONTH)
    assert (signals.usable[0], signals.count[0, 0], signals.window[0, 0]) == (8, 6, 1)
    assert signals.unusual[0, 0]
    assert not _last(counts[:, 3:], grain=MONTH).unusual[0, 0]  # five months are too few


# --- properties ------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 40), st.integers(1, 5))
def test_constant_series_never_alarm(level, n):
    counts = np.full((n, 70), level)
    assert not detect(counts, WEEK, LIMITS, tested=np.arange(70)).unusual.any()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_series_is_nothing(seed):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rng.gamma(0.5, 2, (12, 1)), (12, 64))
    order = rng.permutation(12)
    straight, mixed = _last(counts), _last(counts[order])
    assert np.allclose(straight.p[order], mixed.p, rtol=1e-9)
    assert (straight.raised[order] == mixed.raised).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 30))
def test_more_complaints_are_never_less_unusual(seed, now):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(0.5, (1, 60))
    counts[0, -1] = now
    more = counts.copy()
    more[0, -1] += 1
    assert _last(more).p[0, 0] <= _last(counts).p[0, 0]


@pytest.mark.parametrize("times", [2, 4, 8])
def test_the_same_rise_on_a_larger_scale_is_more_certain(times):
    counts = np.array([[1, 0] * 30])
    counts[0, -1] = 3
    assert _last(counts * times).p[0, 0] < _last(counts).p[0, 0]


# --- episodes --------------------------------------------------------------------------------


def test_not_raised_again_within_the_window():
    assert episodes([10, 11, 15, 20], 4) == [[10, 11, 15], [20]]


def test_a_closing_resets():
    closed = np.zeros((1, 30), bool)
    closed[0, 11] = True
    before = closed_before(closed)
    assert before[0, [11, 12]].tolist() == [-1, 11]
    assert episodes([10, 11, 13], 4, before[0]) == [[10, 11], [13]]


def test_sums_begin_after_the_closing():
    counts = np.zeros((1, 60), int)
    counts[0, [56, 57, 58]] = 3
    counts[0, 59] = 1
    assert _last(counts).unusual[0, 0]
    closed = np.zeros((1, 60), bool)
    closed[0, 58] = True
    assert not _last(counts, closed=closed).unusual[0, 0]
    counts[0, 59] = 5
    assert _last(counts, closed=closed).unusual[0, 0]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(1, 6))
def test_alarms_are_the_beginnings_of_episodes(signals, quiet):
    told = np.flatnonzero(alarms(np.array([signals]), quiet)[0]).tolist()
    assert told == [e[0] for e in episodes(np.flatnonzero(signals), quiet)]


# --- simulation: the promised figures --------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "dispersion"), [(0.1, 1.0), (0.5, 1.0), (2.0, 1.0), (5.0, 1.0), (0.3, 2.0), (3.0, 2.0)]
)
def test_less_than_one_false_alarm_per_series_and_year(rate, dispersion):
    rng = np.random.default_rng([7, int(rate * 10), int(dispersion * 10)])
    own, raised = simulate.false_alarms(rng, rate, dispersion, 400)
    assert own < 1
    assert raised < 0.2


@pytest.mark.parametrize(("rate", "dispersion"), [(1.5, 1.0), (2.0, 1.0), (5.0, 1.0), (2.5, 1.5)])
def test_a_threefold_rise_is_seen_within_two_weeks(rate, dispersion):
    rng = np.random.default_rng([8, int(rate * 10), int(dispersion * 10)])
    alone, _ = simulate.delays(rng, rate, dispersion, 600)
    assert np.median(alone) <= 2


def test_the_simulation_gives_the_same_table_twice():
    first, second = (simulate.table([1.0], n=50) for _ in range(2))
    assert first == second
    assert simulate.as_markdown(first).count("\n") == 2


def test_the_table_of_the_docs_is_what_the_simulation_gives():
    docs = Path(__file__).parents[2] / "docs" / "early_warning.md"
    row = simulate.as_markdown(simulate.table([2.0])).splitlines()[-1]
    assert row in docs.read_text(encoding="utf-8")


def test_ten_thousand_series_of_two_years_in_under_twenty_seconds():
    from pipeline.bench.warning import seconds

    assert seconds(10_000) < 20
