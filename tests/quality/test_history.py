"""A file against the exports before it: figures of nights written by hand.

The tests that ask for ``nights`` run on SQLite, those that ask for ``both`` on PostgreSQL too.
"""

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.quality.history import (
    Profile,
    against_history,
    profile_of,
    save_profile,
    source_of,
)
from pipeline.quality.suites import load_suite
from pipeline.settings import EXPECTATIONS_DIR, Settings
from pipeline.store import tables as t
from pipeline.store.engine import make_engine, upgrade

FRIDAY = date(2026, 11, 20)
SUITE = load_suite(EXPECTATIONS_DIR / "history.json")
DAY = timedelta(days=1)
STEADY = (480, 470, 490, 480, 475, 485, 480, 480)  # of eight Fridays, the newest first


class Nights:
    """Puts checked files into the store, as a night's check would."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine, self.files = engine, 0

    def file(self, as_of: date, name: str | None = None, **values) -> dict:
        self.files += 1
        row = {
            "id": self.files,
            "sha256": f"{self.files:064d}",
            "name": name or f"12345_{as_of:%Y%m%d}.csv",
            "size_bytes": 1,
            "landed_at": datetime(2026, 11, 20, 2, 0),
            "as_of": as_of,
            "state": "landed",
            "layout": "12345",
            "period_start": None,
            "period_end": None,
        } | values
        with self.engine.begin() as connection:
            connection.execute(sa.insert(t.export_file).values(**row))
        return row

    def empty(self) -> None:
        with self.engine.begin() as connection:
            for table in (t.export_day, t.export_profile, t.export_file):
                connection.execute(sa.delete(table))

    def night(self, as_of: date, rows: int = 480, name: str | None = None, **more) -> dict:
        """A file of an ordinary night, or one with other figures, kept as history."""
        file = self.file(as_of, name, **more.pop("file", {}))
        with self.engine.begin() as connection:
            save_profile(connection, file, ordinary(as_of, rows, **more))
        return file

    def fridays(self, counts=STEADY, name: str | None = None) -> None:
        for n, rows in enumerate(counts, 1):
            self.night(FRIDAY - n * timedelta(weeks=1), rows, name)

    def verdicts(self, profile: Profile, name: str | None = None, as_of=FRIDAY, **file) -> dict:
        row = self.file(as_of, name, **file)
        with self.engine.connect() as connection:
            return {r.code: r for r in against_history(connection, row, profile, SUITE)}


def ordinary(as_of: date = FRIDAY, rows: int = 480, days=None, **figures) -> Profile:
    """Its tickets are those of the day before, unless told otherwise."""
    values = {"quarantined": 0, "without_content": 0} | figures
    return Profile(rows=rows, days={as_of - DAY: rows} if days is None else days, **values)


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory):
    """One migrated store for the module."""
    engine = make_engine(Settings(home=tmp_path_factory.mktemp("history"), secret_key="x" * 32))
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def nights(sqlite) -> Nights:
    nights = Nights(sqlite)
    nights.empty()
    return nights


@pytest.fixture
def both(engine) -> Nights:
    return Nights(engine)


def failed(verdicts: dict) -> set[str]:
    return {code for code, result in verdicts.items() if not result.passed}


def rested(verdicts: dict) -> set[str]:
    return {code for code, result in verdicts.items() if result.rested}


def test_a_short_friday_is_told_from_eight_fridays(both):
    both.fridays()
    for n in range(1, 5):  # other weekdays are larger, and no measure for a Friday
        both.night(FRIDAY - n * DAY, 2000)
    short = both.verdicts(ordinary(rows=120))["rows_low"]
    assert (short.passed, short.severity) == (False, "stop")
    assert short.message == "本次 120 行，近 8 个周五中位数 480 行，下限 240 行"
    assert short.observed["rows_median"] == 480
    assert both.verdicts(ordinary(rows=239))["rows_low"].passed is False
    assert both.verdicts(ordinary(rows=240))["rows_low"].passed is True


def test_many_rows_only_warn(nights):
    nights.fridays()
    flood = nights.verdicts(ordinary(rows=1441))["rows_high"]
    assert (flood.passed, flood.severity) == (False, "warn")
    assert nights.verdicts(ordinary(rows=1440))["rows_high"].passed


def test_one_bad_friday_moves_nothing(nights):
    nights.fridays((5, *STEADY[1:]))
    assert nights.verdicts(ordinary(rows=240))["rows_low"].message.endswith("下限 240 行")


def test_only_the_newest_exports_count(nights):
    nights.fridays((100,) * 4 + (900,) * 13)
    assert "中位数 500 行" in nights.verdicts(ordinary(rows=60))["rows_low"].message


@pytest.mark.parametrize(("weeks", "is_known"), [(26, True), (27, False)])
def test_half_a_year_is_looked_back(nights, weeks, is_known):
    nights.fridays(STEADY[:3])
    nights.night(FRIDAY - timedelta(weeks=weeks))
    assert ("rows_low" in failed(nights.verdicts(ordinary(rows=1)))) is is_known


def test_too_little_history_rests_and_says_so(nights):
    nights.fridays(STEADY[:3])
    verdicts = nights.verdicts(ordinary(rows=1))
    assert {"rows_low", "quarantined_rise", "stale_rise"} <= rested(verdicts)
    assert verdicts["rows_low"].passed
    assert "周五导出有 3 个(至少 4 个)" in verdicts["rows_low"].message
    assert "rows_high" not in verdicts  # the same would be said twice
    nights.night(FRIDAY - timedelta(weeks=4))
    assert not nights.verdicts(ordinary(rows=1))["rows_low"].passed


def test_nights_of_a_few_rows_are_no_measure(nights):
    nights.fridays((6,) * 8)
    assert "rows_low" in rested(nights.verdicts(ordinary(rows=1)))


def test_a_backfilled_night_gives_the_verdict_of_that_night(both):
    both.fridays()
    original = both.verdicts(ordinary(rows=300, quarantined=10))
    for n in range(1, 9):  # what came after, and what else came in the same night
        both.night(FRIDAY + n * timedelta(weeks=1), 5000, quarantined=2500)
    both.night(FRIDAY, 9000, "又一个.csv")
    backfilled = both.verdicts(ordinary(rows=300, quarantined=10))
    assert backfilled == original
    assert failed(original) == set()
    assert "rows_low" in failed(
        both.verdicts(ordinary(FRIDAY + timedelta(weeks=9)), as_of=FRIDAY + timedelta(weeks=9))
    )


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    later=st.lists(
        st.tuples(st.integers(0, 200), st.integers(1, 5000), st.sampled_from(["a.csv", "甲.csv"])),
        max_size=6,
    ),
    rows=st.integers(1, 1500),
)
def test_no_file_of_that_night_or_after_moves_a_verdict(nights, later, rows):
    nights.empty()  # of the example before
    nights.fridays(name="甲.csv")
    before = nights.verdicts(ordinary(rows=rows), "甲.csv")
    for days, count, name in later:
        nights.night(FRIDAY + days * DAY, count, name, quarantined=count // 2)
    assert nights.verdicts(ordinary(rows=rows), "甲.csv") == before


def test_senders_are_told_apart_by_their_file_names(both):
    both.fridays((480,) * 8, "甲县_12345.csv")
    both.fridays((60,) * 8, "乙县_12345.csv")
    assert failed(both.verdicts(ordinary(rows=60), "乙县_12345_20261120.csv")) == set()
    assert "rows_low" in failed(both.verdicts(ordinary(rows=60), "甲县_12345_20261120.csv"))
    # A third sender has no history, and two files a night are no measure for it.
    assert "rows_low" in rested(both.verdicts(ordinary(rows=5), "丙县_12345.csv"))


def test_names_that_change_every_night_are_compared_within_the_layout(nights):
    for n, letters in enumerate(("ab", "cd", "ef", "gh", "ij"), 1):
        nights.night(FRIDAY - n * timedelta(weeks=1), 480, f"导出{letters}.csv")
    assert "rows_low" in failed(nights.verdicts(ordinary(rows=120), "导出xy.csv"))
    other = nights.verdicts(ordinary(rows=120), "导出xy.csv", layout="12328")
    assert "rows_low" in rested(other)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("12345_2026-10-02.csv", ""),
        ("甲县_12345_20261002(1).xlsx", "甲县"),
        ("month.zip/导出/工单表 第2部分.csv", "工单表 第 部分"),
    ],
)
def test_the_source_is_the_name_without_numbers(name, source):
    assert source_of(name) == source


def test_an_export_in_parts_is_no_measure(nights):
    for n in range(1, 9):
        for part, rows in ((1, 5000), (2, 300)):
            nights.night(FRIDAY - n * timedelta(weeks=1), rows, f"工单_{part}.csv")
    assert "rows_low" in rested(nights.verdicts(ordinary(rows=280), "工单_2.csv"))


@pytest.mark.parametrize(("quarantined", "is_failed"), [(96, False), (97, True)])
def test_the_share_quarantined_has_an_absolute_limit(nights, quarantined, is_failed):
    verdicts = nights.verdicts(ordinary(quarantined=quarantined))
    assert ("quarantined_share" in failed(verdicts)) == is_failed
    assert f"隔离 {quarantined} 行，占 480 行的 20." in verdicts["quarantined_share"].message


def test_the_share_quarantined_is_compared_with_history(nights):
    for n in range(1, 9):
        nights.night(FRIDAY - n * DAY, 500, quarantined=5)
    risen = nights.verdicts(ordinary(rows=500, quarantined=31))["quarantined_rise"]
    assert (risen.passed, risen.severity) == (False, "stop")
    assert risen.message == "隔离占 6.2%，近 8 个导出中位数 1.0%，上限 6.0%"
    assert nights.verdicts(ordinary(rows=500, quarantined=30))["quarantined_rise"].passed


def test_shares_of_a_few_rows_say_nothing(nights):
    verdicts = nights.verdicts(ordinary(rows=19, quarantined=10, without_content=10))
    assert failed(verdicts) == set()
    assert {"quarantined_share", "no_content_share"} <= rested(verdicts)
    verdicts = nights.verdicts(ordinary(rows=20, quarantined=10, without_content=10))
    assert failed(verdicts) == {"quarantined_share", "no_content_share"}


def test_rows_without_content_have_a_limit(nights):
    assert "no_content_share" in failed(
        nights.verdicts(ordinary(rows=100, quarantined=6, without_content=6))
    )
    assert failed(nights.verdicts(ordinary(rows=100, quarantined=5, without_content=5))) == set()


def test_an_export_staler_than_usual_is_stopped_and_an_old_one_noted(nights):
    for n in range(1, 9):
        nights.night(FRIDAY - n * DAY)
    late = nights.verdicts(ordinary(days={FRIDAY - 5 * DAY: 480}))
    assert "stale_rise" in failed(late)
    assert late["stale_rise"].message == (
        "最新工单受理于 2026-11-15，距 2026-11-20 5 天，近 8 个导出中位数 1 天，上限 4 天"
    )
    assert "stale" not in failed(late)
    old = nights.verdicts(ordinary(days={FRIDAY - 36 * DAY: 480}), layout="web")
    assert old["stale"].severity == "warn"
    assert failed(old) == {"stale"}
    old = nights.verdicts(ordinary(days={FRIDAY - 35 * DAY: 480}), layout="web")
    assert failed(old) == set()


def test_a_month_s_export_is_as_fresh_as_its_month(nights):
    month = {"period_start": date(2026, 8, 1), "period_end": date(2026, 8, 31)}
    full = {date(2026, 8, 1) + n * DAY: 15 for n in range(31)}
    verdicts = nights.verdicts(ordinary(rows=465, days=full), **month)
    assert failed(verdicts) == set()
    assert verdicts["stale"].message.startswith("最新工单受理于 2026-08-31，距 2026-08-31 0 天")


def month_without(*missing: int, tickets=lambda _day: 15) -> dict[date, int]:
    days = (date(2026, 10, 1) + n * DAY for n in range(31))
    return {day: tickets(day) for day in days if day.day not in missing and tickets(day)}


OCTOBER = {"period_start": date(2026, 10, 1), "period_end": date(2026, 10, 31)}


def test_days_without_tickets_are_named(nights):
    verdicts = nights.verdicts(ordinary(days=month_without(3, 4, 31)), **OCTOBER)
    assert failed(verdicts) == {"missing_days"}
    message = verdicts["missing_days"].message
    assert message.startswith("3 天没有工单:10月3日、10月4日、10月31日")


def test_a_platform_closed_at_weekends_misses_no_day(nights):
    days = month_without(tickets=lambda day: 15 if day.weekday() < 5 else 0)
    assert failed(nights.verdicts(ordinary(days=days), **OCTOBER)) == set()


def test_a_day_without_tickets_of_a_small_platform_says_nothing(nights):
    for tickets, judge in ((9, rested), (10, failed)):
        days = month_without(3, 4, tickets=lambda _, tickets=tickets: tickets)
        verdicts = nights.verdicts(ordinary(rows=29 * tickets, days=days), **OCTOBER)
        assert "missing_days" in judge(verdicts)


@pytest.mark.parametrize(("weeks", "is_judged"), [(3, False), (4, True)])
def test_two_days_of_a_weekday_are_no_measure_of_a_third(nights, weeks, is_judged):
    span = {"period_start": FRIDAY - weeks * 7 * DAY, "period_end": FRIDAY - DAY}
    days = {FRIDAY - n * DAY: 15 for n in range(1, weeks * 7 + 1) if n != 9}
    verdicts = nights.verdicts(ordinary(days=days), **span)
    assert ("missing_days" in failed(verdicts)) is is_judged


def test_days_to_come_are_not_missed(nights):
    days = {date(2026, 10, 1) + n * DAY: 15 for n in range(22)}
    verdicts = nights.verdicts(ordinary(rows=330, days=days), as_of=date(2026, 10, 23), **OCTOBER)
    assert "missing_days" not in failed(verdicts) | rested(verdicts)


def test_the_night_that_never_came_is_missed_once(both):
    for n in range(2, 30):
        both.night(FRIDAY - n * DAY)
    found = both.verdicts(ordinary())  # of yesterday: nobody sent the day before
    assert found["missing_days"].message.startswith("1 天没有工单:11月18日")
    both.night(FRIDAY)
    next_day = both.verdicts(ordinary(FRIDAY + DAY), as_of=FRIDAY + DAY)
    assert "missing_days" not in failed(next_day) | rested(next_day)


def test_a_file_without_accepted_rows_is_judged_by_what_it_has(nights):
    verdicts = nights.verdicts(Profile(rows=30, quarantined=30, without_content=0, days={}))
    assert failed(verdicts) == {"quarantined_share"}
    assert {"stale", "stale_rise", "missing_days"} <= rested(verdicts)


def test_the_profile_counts_what_was_accepted(both):
    columns = {
        "accepted_at": [datetime(2026, 11, 19, 8), datetime(2026, 11, 19, 9), None, None],
        "content_problem": [None, "too_long", "missing", None],
    }
    profile = profile_of(columns, {1: ["value_too_long"], 2: ["no_content"], 3: ["time_missing"]})
    assert profile == Profile(4, 3, 1, {date(2026, 11, 19): 1})
    file = both.file(FRIDAY)
    for _ in range(2):  # a night killed after the check and run again
        with both.engine.begin() as connection:
            save_profile(connection, file, profile)
    with both.engine.connect() as connection:
        assert connection.execute(sa.select(t.export_profile)).one() == (
            file["id"], "", 4, 3, 1, date(2026, 11, 19),
        )  # fmt: skip
        assert connection.execute(sa.select(t.export_day)).one() == (
            file["id"], date(2026, 11, 19), 1,
        )  # fmt: skip


def test_every_number_of_the_suite_is_marked_as_default():
    assert {setting.origin_zh for setting in SUITE.settings.values()} == {"系统默认"}
    assert all(e.meta.severity in {"warn", "stop"} for e in SUITE.expectations)
    assert len({e.meta.code for e in SUITE.expectations}) == len(SUITE.expectations)


def test_what_is_only_much_or_old_warns_and_what_is_lost_stops():
    warns = {e.meta.code for e in SUITE.expectations if e.meta.severity == "warn"}
    stops = {e.meta.code for e in SUITE.expectations if e.meta.severity == "stop"}
    assert warns == {"rows_high", "stale"}
    assert stops == {
        *("rows_low", "missing_days", "stale_rise"),
        *("quarantined_share", "quarantined_rise", "no_content_share"),
    }
