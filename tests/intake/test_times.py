from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.intake.times import (
    ImpossibleTime,
    UnreadableTime,
    parse_time,
    working_days_of,
    year_within,
)

OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-08-10 21:08:20", datetime(2026, 8, 10, 21, 8, 20)),
        ("2026年8月6日12时37分", datetime(2026, 8, 6, 12, 37)),
        ("20260806153711", datetime(2026, 8, 6, 15, 37, 11)),
        ("202608061537", datetime(2026, 8, 6, 15, 37)),
        ("46258.955799", datetime(2026, 8, 24, 22, 56, 21)),
        ("46258", datetime(2026, 8, 24)),
        ("2026/8/13 04:37", datetime(2026, 8, 13, 4, 37)),
        ("2026/8/1 21:08", datetime(2026, 8, 1, 21, 8)),
        ("2026-08-15 00:51:56.000", datetime(2026, 8, 15, 0, 51, 56)),
        ("2026-08-15T00:51:56+08:00", datetime(2026, 8, 15, 0, 51, 56)),
        ("2026年11月3日", datetime(2026, 11, 3)),
        ("2026.11.3 8:31", datetime(2026, 11, 3, 8, 31)),
        ("2026/11/3 下午3:05", datetime(2026, 11, 3, 15, 5)),
        ("2026年11月3日 上午 8时31分22秒", datetime(2026, 11, 3, 8, 31, 22)),
        ("2026-11-03 12:05 AM", datetime(2026, 11, 3, 0, 5)),
        ("2026/11/3 下午12:05", datetime(2026, 11, 3, 12, 5)),
        ("2026/11/3 下午0:05", datetime(2026, 11, 3, 12, 5)),
        ("2026年11月3日晚上8点05分", datetime(2026, 11, 3, 20, 5)),
        ("2026年11月3日晚20点05分", datetime(2026, 11, 3, 20, 5)),
        ("2026年11月3日中午1点05分", datetime(2026, 11, 3, 13, 5)),
        ("2026年11月3日中午11点40分", datetime(2026, 11, 3, 11, 40)),
        ("2026年11月3日凌晨12点05分", datetime(2026, 11, 3, 0, 5)),
        ("2026年11月3日上午12点05分", datetime(2026, 11, 3, 0, 5)),
        ("2026年11月3日 星期二 08:31", datetime(2026, 11, 3, 8, 31)),
        ("\uff12\uff10\uff12\uff16-11-03\u300008\uff1a31", datetime(2026, 11, 3, 8, 31)),
        ("'2026-11-03 08:31:22", datetime(2026, 11, 3, 8, 31, 22)),
        ("2026-11-03 24:00:00", datetime(2026, 11, 4)),
        ("10月3日8时31分", datetime(2026, 10, 3, 8, 31)),
    ],
)
def test_every_form(text, expected):
    assert parse_time(text, OCTOBER) == expected


@pytest.mark.parametrize("text", ["", " ", "-", "无", "NULL"])
def test_nothing_said(text):
    assert parse_time(text) is None


@pytest.mark.parametrize(
    "text",
    ["0000-00-00 00:00:00", "0000-00-00", "2026-02-30", "2026-13-01", "1900-01-00 00:00:00",
     "2026-08-10 25:00:00", "1026-08-10 21:08:20", "20261345", "99999"],
)  # fmt: skip
def test_times_that_never_were(text):
    with pytest.raises(ImpossibleTime):
        parse_time(text)


@pytest.mark.parametrize(
    "text",
    [
        "上周三",
        "10月",
        "202610",
        "8/13",
        "2026年",
        "昨天 21:08",
        "11月3日",
        "2026-11-03 晚上12:05",
        "2026-11-03 晚上1:05",
    ],
)
def test_unreadable(text):
    with pytest.raises(UnreadableTime):
        parse_time(text)


def test_year_comes_only_from_a_period_that_tells_it():
    assert year_within(1, date(2026, 12, 1), date(2027, 1, 31)) == 2027
    assert year_within(3, date(2026, 12, 1), date(2027, 1, 31)) is None
    assert year_within(3, date(2026, 1, 1), date(2027, 12, 31)) is None
    with pytest.raises(UnreadableTime):
        parse_time("11月3日", OCTOBER)


def test_working_days():
    assert working_days_of("5个工作日") == 5
    assert working_days_of("\uff11\uff10 工作日内") == 10
    assert working_days_of("5天") is None


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)), st.integers(0, 5))
def test_written_times_are_read_back(moment, form):
    moment = moment.replace(microsecond=0)
    text = [
        moment.strftime("%Y-%m-%d %H:%M:%S"),
        moment.strftime("%Y年%m月%d日%H时%M分%S秒"),
        moment.strftime("%Y%m%d%H%M%S"),
        f"{moment.year}/{moment.month}/{moment.day} {moment.hour}:{moment:%M:%S}",
        f"{(moment - datetime(1899, 12, 30)) / timedelta(days=1):.8f}",
        moment.isoformat(),
    ][form]
    assert parse_time(text) == moment


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_says_why_not(text):
    try:
        moment = parse_time(text, OCTOBER)
    except (ImpossibleTime, UnreadableTime):
        return
    assert moment is None or 2000 <= moment.year <= 2100
