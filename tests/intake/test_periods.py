from datetime import date

import pytest

from pipeline.intake.periods import find_period

OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))
SECOND = (None, date(2026, 10, 2))
WEEK = (date(2026, 10, 1), date(2026, 10, 7))
QUARTER = (date(2026, 8, 1), date(2026, 10, 31))


@pytest.mark.parametrize(
    ("period", "texts"),
    [
        (OCTOBER, [
            "12345_2026-10.csv", "12328_2026-10.xlsx", "message_board_2026-10.xlsx",
            "12345_202610.csv", "12345202610.csv", "12345_2026_10.csv", "2026.10.xls",
            "12345_2026-10_1.csv", "12345_2026_10_1.csv", "12345_2026-10(2).csv",
            "12345_2026-10_20261102.csv", "工单明细表(2026年10月)", "2026年 10 月工单.xlsx",
            "(2026年10月)\n制表日期:2026年11月2日", "导出时间:2026-11-02 08:30\n2026年10月",
        ]),
        (SECOND, [
            "12345_2026-10-02.csv", "12345_20261002.csv", "12345_2026_10_02.csv",
            "12345_2026.10.2.xlsx", "12345_20261002083000.csv", "12345_20261002_0830.csv",
            "12345_2026-10-02_1.csv", "12345_2026-10-02_3.csv", "2026年10月2日工单.xlsx",
            "统计日期:2026年10月2日\n制表日期:2026年10月3日",
        ]),
        (WEEK, [
            "2026-10-01至2026-10-07", "12345_20261001-20261007.csv", "2026-10-01_2026-10-07.csv",
            "2026年10月1日—10月7日", "2026年10月1日至7日", "2026年10月1日-2026年10月7日",
            "统计时间:2026-10-01 00:00:00 至 2026-10-07 23:59:59\n制表日期:2026-10-08",
            "(2026年10月)统计时间:2026/10/01~2026/10/07",
        ]),
        (QUARTER, ["2026年8-10月", "2026年8月至10月", "2026-08至2026-10", "202608-202610.xlsx"]),
        (None, [
            "导出.xlsx", "留言_附件2.xlsx", "2026年3季度.xlsx", "10月.xlsx",
            "制表日期:2026年11月2日", "2026-13.csv", "2026-10-45.csv", "12328340100202699990012",
        ]),
    ],
)  # fmt: skip
def test_the_period_that_titles_and_names_tell(period, texts):
    assert {text: find_period([text]) for text in texts} == dict.fromkeys(texts, period)


def test_a_stretch_that_ends_before_it_begins_is_none():
    assert find_period(["2026-10-07至2026-10-01"]) == (None, date(2026, 10, 7))
