from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain import calendar


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (date(2026, 9, 30), 1, date(2026, 10, 8)),  # National Day: 1–7 October off
        (date(2026, 10, 9), 1, date(2026, 10, 10)),  # Saturday worked in exchange
        (date(2026, 2, 13), 2, date(2026, 2, 24)),  # 14 worked, 15–23 off
        (date(2026, 11, 6), 5, date(2026, 11, 13)),
        (date(2026, 11, 6), 0, date(2026, 11, 6)),
    ],
)
def test_limits_in_working_days(start, days, end):
    assert calendar.add_working_days(start, days) == end


@given(st.dates(date(2024, 1, 1), date(2026, 10, 31)), st.integers(0, 30))
def test_counting_back_gives_the_limit(start, days):
    end = calendar.add_working_days(start, days)
    assert calendar.working_days_between(start, end) == days
    assert calendar.working_days_between(end, start) == -days


def test_an_unknown_year_is_an_error_not_a_guess():
    with pytest.raises(calendar.CalendarUnknown, match=r"2031 年.*working_days\.yml"):
        calendar.is_working_day(date(2031, 1, 2))
    with pytest.raises(calendar.CalendarUnknown, match="2031"):
        calendar.add_working_days(date(2030, 12, 31), 5)


ENTERED = """
2031:
  source: 通知
  days_off: [01-01..01-03, 10-01..10-07, 10-08]
  worked: [01-04, 10-11]
"""


def test_a_year_entered_by_hand_counts(monkeypatch):
    monkeypatch.setattr(calendar, "_overrides", lambda: calendar.read_years(ENTERED))
    calendar.is_working_day.cache_clear()
    days = [date(2031, 1, n) for n in range(1, 8)]  # Wednesday to Tuesday
    expected = [False, False, False, True, False, True, True]
    assert [calendar.is_working_day(day) for day in days] == expected
    assert calendar.add_working_days(date(2031, 9, 30), 2) == date(2031, 10, 10)
    assert calendar.is_working_day(date(2026, 10, 10))  # other years as before
    calendar.is_working_day.cache_clear()


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("2031: {source: 通知, days_off: [02-30], worked: []}", "不是日期"),
        ("2031: {source: 通知, days_off: [1月1日], worked: []}", "不是“月-日”"),
        ("2031: {source: 通知, days_off: [01-03..01-01], worked: []}", "早于"),
        ("2031: {source: 通知, days_off: [01-04], worked: [01-04]}", "既放假又上班"),
        ("2031: {source: 通知, days_off: [01-01], worked: [01-06]}", "不是周末"),
        ("2031: {source: 通知, days_off: [], worked: []}", "没有一天"),
        ("2031: {days_off: [01-01], worked: []}", "source"),
        ("2031: {source: '', days_off: [01-01], worked: []}", "source"),
        ("2031: [01-01]", "每年一项"),
        ("- 2031", "约定的写法"),
        ("2031: {days_off: [", "约定的写法"),
    ],
)
def test_a_year_entered_wrongly_is_an_error(entry, told):
    with pytest.raises(calendar.CalendarUnknown, match=told):
        calendar.read_years(entry)


def test_the_table_that_is_shipped_loads():
    calendar.read_years(calendar.OVERRIDES_FILE.read_text(encoding="utf-8"))


def test_months_are_half_open_and_shift_over_years():
    start, end = calendar.month_bounds("2026-12")
    assert start <= datetime(2026, 12, 31, 23, 59, 59) < end == datetime(2027, 1, 1)
    assert calendar.shift_month("2026-01", -1) == "2025-12"
    assert calendar.shift_month("2025-11", 14) == "2027-01"
