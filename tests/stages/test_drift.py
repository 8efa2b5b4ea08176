"""Drift: what a month must differ by before it warns, and that the warning names the cause."""

import shutil
from datetime import datetime

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.classify import current_version, train
from pipeline.domain.labels import Prediction, ProblemType, Scope
from pipeline.policies import Setting
from pipeline.stages import Status
from pipeline.stages import champion as champions
from pipeline.stages.drift import (
    MEASURES,
    Z,
    chance,
    history,
    measure,
    risen,
    shifted,
    stability_index,
)
from pipeline.store import tables as t
from pipeline.store.drift import score_edges
from pipeline.store.labels import store_predictions
from tests.stages.world import add_tickets, count

QUARTER = Setting(value=0.25, origin="default")
FIVE = Setting(value=0.05, origin="default")
COUNTS = st.lists(st.integers(0, 2000), min_size=2, max_size=10)


# --- arithmetic -------------------------------------------------------------------------------


@given(COUNTS, st.randoms())
def test_the_index_is_never_negative_and_the_same_from_both_sides(counts, draw):
    now, was = np.array(counts, float), np.array(draw.sample(counts, len(counts)), float)
    value, parts = stability_index(now, was)
    assert value >= 0
    assert (parts >= 0).all()
    assert value == pytest.approx(stability_index(was, now)[0])
    assert stability_index(now, now)[0] == 0


def test_the_index_of_a_known_shift():
    # (0.5 − 0.4)·ln(0.5/0.4) + (0.5 − 0.6)·ln(0.5/0.6)
    value, _ = stability_index(np.array([5e6, 5e6]), np.array([4e6, 6e6]))
    assert value == pytest.approx(0.1 * np.log(1.25) - 0.1 * np.log(5 / 6), abs=1e-6)


@pytest.mark.parametrize(("labels", "now", "was"), [(5, 300, 900), (13, 60, 200), (10, 5000, 9000)])
def test_one_month_in_a_hundred_passes_what_chance_gives(labels, now, was):
    draw = np.random.RandomState(0)
    shares = np.arange(1, labels + 1) / np.arange(1, labels + 1).sum()
    passed = sum(
        stability_index(draw.multinomial(now, shares), draw.multinomial(was, shares))[0]
        > chance(labels, now, was)
        for _ in range(3000)
    )
    assert 0.002 < passed / 3000 < 0.03


def cells(**counts):
    return {(label, "12345热线·电话", "青原县"): float(n) for label, n in counts.items()}


def test_few_tickets_may_move_far_without_a_warning():
    found = shifted([cells(a=7, b=1), cells(a=4, b=4)], QUARTER)
    assert found.value >= 0.25
    assert found.noise > found.value
    assert not found.warns
    assert shifted([cells(a=600, b=200), cells(a=400, b=400)], QUARTER).warns
    assert shifted([cells(a=600, b=200), cells(a=400, b=400)], QUARTER, least=801).value is None
    assert shifted([], QUARTER).value is None


@given(st.integers(0, 300), st.integers(0, 300))
def test_only_a_rise_beyond_threshold_and_chance_warns(after, before):
    shares = [{"": 300.0 - n, "转": float(n)} for n in (after, before)]
    both = [{(k, "a", "b"): n for k, n in share.items() if n} for share in shares]
    found = risen(both, "转", FIVE)
    rise = (after - before) / 300
    pooled = (after + before) / 600
    noise = Z * (pooled * (1 - pooled) * 2 / 300) ** 0.5
    assert (found.value, found.reference) == pytest.approx((after / 300, before / 300), abs=1e-4)
    assert found.warns == (rise >= 0.05 and rise > noise)


# --- a store ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def models(four_kinds, tmp_path_factory):
    folder = shutil.copytree(four_kinds[0], tmp_path_factory.mktemp("drift") / "models")
    train(folder, folder / "artifacts", card=False)
    return folder


@pytest.fixture
def months(context, models, monkeypatch):
    """``months(month, n, scope…)`` fills a month with tickets that the model has read."""
    monkeypatch.setattr(champions, "MODELS_DIR", models)
    version = current_version(models)

    def fill(month, rows, read=datetime(2026, 10, 5), by=version):
        """rows: (tickets, scope, primary, review, score, intake_channel, region, content)."""
        told, said = [], []
        since = datetime.strptime(month, "%Y-%m")
        for n, scope, primary, review, score, channel, region, content in rows:
            for number in range(n):
                labels = (ProblemType(primary),) if primary else ()
                told.append(
                    {
                        "title": "", "content": content, "intake_channel": channel,
                        "region": region, "accepted_at": since.replace(day=1 + number % 28),
                    }
                )  # fmt: skip
                said.append(
                    Prediction(
                        "", Scope(scope), score + number / 10_000, labels[0] if labels else None,
                        labels, {}, {}, review=review, model_version=by,
                    )
                )  # fmt: skip
        first = 1 + count(context.engine, t.ticket)
        keys = add_tickets(context.engine, told, first)
        c = t.ticket.c
        with context.engine.begin() as connection:
            query = sa.select(c.id, c.text_hash).where(c.id >= keys[0]).order_by(c.id)
            tickets = list(connection.execute(query).mappings())
            store_predictions(connection, tickets, said, read)

    return fill


PLAIN = "乘客把雨伞落在出租车上,请帮忙联系司机找回"
ROUGH = "执法人员上来就骂人,一把将司机推倒在地"
USUAL = [
    (150, "E0", None, False, 0.01, "电话", "青原县", PLAIN),
    (90, "E0", None, False, 0.05, "网站", "临河县", PLAIN),
    (30, "E2", None, True, 0.40, "电话", "临河县", PLAIN),
    (40, "E1", "rough", False, 0.90, "电话", "青原县", ROUGH),
    (20, "E1", "profit_driven", False, 0.80, "电话", "临河县", ROUGH),
]


def test_a_month_like_the_reference_is_quiet(context, months):
    for month in ("2026-07", "2026-08", "2026-09", "2026-10"):
        months(month, USUAL)
    outcome = measure(context, "2026-10")
    assert (outcome.status, outcome.messages) == (Status.DONE, ())
    row = outcome.keys
    assert row["reference_json"] == ["2026-07", "2026-08", "2026-09"]
    assert (row["tickets"], row["enforcement"], row["pending"]) == (330, 60, 0)
    assert set(row["measures_json"]) == set(MEASURES)
    for name in ("scope", "types", "scores"):
        assert row["measures_json"][name]["value"] == pytest.approx(0, abs=0.001), name
    assert row["measures_json"]["abstained"]["value"] == pytest.approx(30 / 330, abs=1e-4)
    assert row["measures_json"]["scope"]["origin"] == "系统默认"
    again = measure(context, "2026-10").keys
    assert count(context.engine, t.model_drift) == 1
    assert {**again, "measured_at": 0} == {**row, "measured_at": 0}
    (stored,) = history(context)
    assert stored["measures_json"] == row["measures_json"]


def test_what_moved_is_named_with_its_channel_and_region(context, months):
    for month in ("2026-07", "2026-08", "2026-09"):
        months(month, USUAL)
    months("2026-10", [
        (60, "E0", None, False, 0.01, "电话", "青原县", PLAIN),
        (20, "E0", None, False, 0.05, "网站", "临河县", "量子纠缠退相干与拓扑绝缘体朗道能级"),
        (90, "E2", None, True, 0.45, "微信", "西山区", "量子纠缠退相干与拓扑绝缘体朗道能级"),
        (10, "E1", "rough", False, 0.90, "电话", "青原县", ROUGH),
        (60, "E1", "profit_driven", True, 0.60, "电话", "临河县", ROUGH),
    ])  # fmt: skip
    outcome = measure(context, "2026-10")
    assert outcome.status is Status.ATTENTION
    said = dict(zip(MEASURES, outcome.messages, strict=True))
    assert said["scope"].startswith(
        "2026-10 范围分布与基准月（2026-07、2026-08、2026-09）不同，稳定性指数 "
    )
    assert "（达到 0.25 即提示，系统默认）" in said["scope"]
    assert "要求执法由 9.1% 升至 37.5%" in said["scope"]
    assert "渠道是12328热线·微信（+37.5 个百分点），地区是西山区（+37.5 个百分点）" in said["scope"]
    assert "粗暴执法由 66.7% 降至 14.3%" in said["types"]
    assert "渠道是12328热线·电话（-52.4 个百分点），地区是青原县（-52.4 个百分点）" in said["types"]
    assert "转人工复核的比例由 9.1% 升至 62.5%" in said["abstained"]
    assert (
        "渠道是12328热线·微信（+37.5 个百分点），地区是西山区（+37.5 个百分点）"
        in said["abstained"]
    )
    assert "概率 " in said["scores"]
    assert "渠道是12328热线·微信" in said["unknown"]
    assert count(context.engine, t.model_drift) == 1


def test_leads_to_corruption_are_counted_and_not_placed(context, months):
    months("2026-09", USUAL)
    months("2026-10", [*USUAL, (60, "E1", "integrity", False, 0.9, "电话", "西山区", ROUGH)])
    (line,) = [w for w in measure(context, "2026-10").messages if "问题类型" in w]
    assert "廉政线索由 0.0% 升至 50.0%" in line
    assert "西山区" not in line


def test_a_small_month_does_not_speak_nor_does_the_reference_itself(context, months):
    months("2026-09", USUAL)
    months("2026-10", [(199, "E1", "rough", True, 0.9, "电话", "青原县", ROUGH)])
    for month, tickets in (("2026-10", 199), ("2026-09", 330), ("2025-01", 0)):
        outcome = measure(context, month)
        assert outcome.counts["tickets"] == tickets
        assert outcome.messages == ()
        assert {m["value"] for m in outcome.keys["measures_json"].values()} == {None}
    assert [row["month"] for row in history(context)] == ["2026-10", "2026-09", "2025-01"]
    with pytest.raises(ValueError, match="unconverted"):
        measure(context, "2026-1x")


def test_a_new_store_is_compared_with_its_first_month(context, months):
    months("2026-08", USUAL, read=datetime(2026, 8, 20))
    months("2026-09", USUAL)
    assert measure(context, "2026-09").keys["reference_json"] == ["2026-08"]


def test_tickets_of_an_older_model_are_pending_and_not_counted(context, months):
    months("2026-09", USUAL)
    months("2026-10", USUAL)
    months("2026-10", USUAL, by="older")
    row = measure(context, "2026-10").keys
    assert (row["tickets"], row["pending"]) == (330, 330)
    assert not row["warnings_json"]


def test_an_empty_store_has_nothing_to_say(context, months):
    outcome = measure(context, "2026-10")
    assert (outcome.keys["reference_json"], outcome.messages) == ([], ())


def test_tenths_part_the_reference_into_equal_parts(context, months, models):
    rows = [(100, "E0", None, False, p / 100, "电话", "青原县", PLAIN) for p in range(0, 40, 20)]
    months("2026-09", rows)
    with context.engine.connect() as connection:
        edges = score_edges(connection, current_version(models), ["2026-09"])
        scores = list(connection.scalars(sa.select(t.classification.c.score)))
    assert len(edges) == 9
    inside = np.searchsorted(edges, scores)
    assert list(np.bincount(inside)) == [20] * 10
