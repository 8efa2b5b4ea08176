from dataclasses import replace
from datetime import date, datetime

import pytest
from pydantic import ValidationError

from pipeline.domain.outcome import RowReason
from pipeline.quality.checking import SuiteBroken, run_suite
from pipeline.quality.suites import Suite, load_suite
from pipeline.settings import EXPECTATIONS_DIR
from pipeline.stages.checks import _closed_before_accepted, suite_parameters

LATE = datetime(2026, 11, 20, 23, 59, 59)


def columns_of(suite: Suite, rows: int, **given) -> dict[str, list]:
    return {name: given.get(name, [None] * rows) for name in suite.columns}


def test_every_row_expectation_sends_its_row_to_its_reason():
    suite = load_suite(EXPECTATIONS_DIR / "rows.json")
    good = datetime(2026, 10, 1)
    columns = columns_of(
        suite,
        9,
        row_problem=["too_wide", *[None] * 8],
        ticket_no_problem=[None, "missing", "scientific", *[None] * 6],
        content_problem=[*[None] * 3, "missing", "too_long", *[None] * 4],
        accepted_at_problem=[*[None] * 5, "missing", "unreadable", "impossible", None],
        accepted_at=[good] * 5 + [None] * 3 + [datetime(2062, 10, 1)],
    )
    results = run_suite(suite, columns, {"$received_by": LATE})
    assert {r.failing_rows: r.code for r in results} == {
        (0,): "row_too_wide",
        (1,): "no_ticket_no",
        (2,): "ticket_no_lost",
        (3,): "no_content",
        (4,): "value_too_long",
        (5,): "time_missing",
        (6,): "time_unreadable",
        (7,): "time_impossible",
        (8,): "time_in_future",
    }
    assert {r.code for r in results} == {reason.value for reason in RowReason}


def test_a_file_gets_one_verdict_whatever_the_blocks_it_was_checked_in():
    suite = load_suite(EXPECTATIONS_DIR / "rows.json")
    late = datetime(2062, 10, 1)
    columns = columns_of(
        suite,
        7,
        content_problem=["missing", *[None] * 5, "too_long"],
        accepted_at=[LATE, late, LATE, None, LATE, LATE, late],
    )

    def verdicts(start: int, end: int) -> list:
        block = {name: values[start:end] for name, values in columns.items()}
        return run_suite(suite, block, {"$received_by": LATE})

    whole = [replace(result, failing_rows=()) for result in verdicts(0, 7)]
    pairs = zip(verdicts(0, 3), verdicts(3, 7), strict=True)
    assert [one.plus(other) for one, other in pairs] == whole


def test_the_last_second_of_the_landing_day_is_accepted():
    suite = load_suite(EXPECTATIONS_DIR / "rows.json")
    results = run_suite(suite, columns_of(suite, 1, accepted_at=[LATE]), {"$received_by": LATE})
    assert all(r.passed for r in results)


def test_batch_expectations_warn_past_their_share_and_rest_without_a_period():
    suite = load_suite(EXPECTATIONS_DIR / "batch.json")
    columns = columns_of(
        suite,
        100,
        status=["未识别"] * 6 + ["已办结"] * 94,
        closed_before_accepted=[False] * 100,
        handler_unit=["某大队"] * 100,
    )
    none = {"$received_by": LATE, "$period_start": None, "$period_end": None, "$has_unit": True}
    verdicts = {r.code: r.passed for r in run_suite(suite, columns, none)}
    assert verdicts["status_unknown"] is False
    assert "outside_period" not in verdicts
    assert verdicts["closed_before_accepted"]
    assert verdicts["unit_missing"]


def test_nothing_accepted_stops_publication():
    suite = load_suite(EXPECTATIONS_DIR / "batch.json")
    none = {"$received_by": LATE, "$period_start": None, "$period_end": None}
    results = run_suite(suite, columns_of(suite, 0), none)
    assert [(r.code, r.severity) for r in results if not r.passed] == [("nothing_accepted", "stop")]


def test_an_unknown_expectation_is_refused_not_dropped():
    suite = Suite.model_validate(
        {
            "name": "x",
            "note": "",
            "expectations": [
                {
                    "type": "expect_column_values_to_be_lovely",
                    "kwargs": {"column": "content_problem"},
                    "meta": {"severity": "row", "code": "no_content"},
                }
            ],
        }
    )
    with pytest.raises(SuiteBroken):
        run_suite(suite, {"content_problem": [None]}, {})


@pytest.mark.parametrize(
    "meta",
    [
        {"severity": "row", "code": "no_such_reason"},
        {"severity": "fatal", "code": "no_content"},
        {"severity": "warn", "code": "x"},
        {"severity": "row", "code": "no_content", "surprise": 1},
    ],
)
def test_a_suite_with_an_unknown_severity_reason_or_key_is_refused(meta):
    with pytest.raises(ValidationError):
        Suite.model_validate(
            {
                "name": "x",
                "note": "",
                "expectations": [{"type": "t", "kwargs": {"column": "c"}, "meta": meta}],
            }
        )


DAY = datetime(2026, 10, 15)
PERIOD = {"$period_start": datetime(2026, 10, 1), "$period_end": datetime(2026, 10, 31, 23, 59, 59)}


@pytest.mark.parametrize(
    ("code", "column", "bad", "good", "tolerated"),
    [
        ("status_unknown", "status", "未识别", "已办结", 10),
        ("closed_before_accepted", "closed_before_accepted", True, False, 2),
        ("closed_in_future", "closed_at", datetime(2062, 1, 1), DAY, 2),
        ("outside_period", "accepted_at", datetime(2026, 9, 30), DAY, 2),
        ("outside_period", "accepted_at", datetime(2026, 11, 1), DAY, 2),
        ("unit_missing", "handler_unit", None, "某大队", 100),
    ],
)
def test_each_batch_expectation_warns_of_the_first_row_past_its_share(
    code, column, bad, good, tolerated
):
    suite = load_suite(EXPECTATIONS_DIR / "batch.json")

    def verdict(count: int, has_unit: bool | None = True):
        columns = columns_of(suite, 200, **{column: [bad] * count + [good] * (200 - count)})
        given = PERIOD | {"$received_by": LATE, "$has_unit": has_unit}
        return {r.code: r for r in run_suite(suite, columns, given)}.get(code)

    assert verdict(tolerated).passed
    assert not verdict(tolerated + 1).passed
    assert verdict(0).severity == "warn"
    if code == "unit_missing":
        assert verdict(200, has_unit=None) is None  # a layout without units


def test_what_a_file_s_checks_refer_to():
    file = {
        "as_of": date(2026, 11, 20),
        "landed_at": datetime(2026, 11, 21, 1),
        "period_start": date(2026, 10, 1),
        "period_end": date(2026, 10, 31),
        "headings_json": {"mapped": {"handler_unit": "承办单位"}},
    }
    landed = suite_parameters(file)
    assert landed == PERIOD | {
        "$received_by": datetime(2026, 11, 21, 23, 59, 59),
        "$has_unit": True,
    }
    night = suite_parameters(file | {"landed_at": datetime(2026, 11, 19), "headings_json": None})
    assert night["$received_by"] == LATE
    assert night["$has_unit"] is None


def test_only_a_close_time_before_acceptance_is_one():
    later = DAY.replace(hour=1)
    columns = {"accepted_at": [DAY, later, DAY, None], "closed_at": [DAY, DAY, None, DAY]}
    assert _closed_before_accepted(columns) == [False, True, False, False]
