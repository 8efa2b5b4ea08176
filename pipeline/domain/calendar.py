"""Clock, months and working days of China.

All times of the project are naive wall clocks in Asia/Shanghai. Working days come from
chinesecalendar (State Council notices); years it does not cover are entered in
``working_days.yml``, because the next year's days off are announced each November and must not
be guessed.
"""

import re
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pipeline.domain.errors import OperatorError

SHANGHAI = ZoneInfo("Asia/Shanghai")
OVERRIDES_FILE = Path(__file__).with_name("working_days.yml")
_DAYS = re.compile(r"(\d\d)-(\d\d)(?:\.\.(\d\d)-(\d\d))?")
_SATURDAY = 5


class CalendarUnknown(OperatorError, ValueError):
    """A year whose days off are not known, or wrongly entered; the message says what to do."""


class Year(NamedTuple):
    """A year's days off, weekends aside, and the weekend days worked in exchange."""

    off: frozenset[date]
    worked: frozenset[date]


def read_years(text: str) -> dict[int, Year]:
    """The content of ``working_days.yml``. Raises CalendarUnknown for what cannot be a year."""
    import yaml

    try:
        entries = yaml.safe_load(text) or {}
        return {year: _year(year, entry) for year, entry in entries.items()}
    except (yaml.YAMLError, AttributeError) as error:
        raise CalendarUnknown(f"{OVERRIDES_FILE.name} 不是约定的写法：{error}") from error


def _year(year: int, entry: object) -> Year:
    def wrong(what: object) -> CalendarUnknown:
        return CalendarUnknown(f"{OVERRIDES_FILE.name} 中 {year} 年的登记有误：{what}")

    if not isinstance(year, int) or not isinstance(entry, dict):
        raise wrong("每年一项，含 source、days_off、worked。")
    if set(entry) != {"source", "days_off", "worked"} or not entry["source"]:
        raise wrong("须有且只有 source（通知及文号）、days_off（放假）、worked（周末上班）。")
    off, worked = set[date](), set[date]()
    for days, listed in ((off, entry["days_off"]), (worked, entry["worked"])):
        for words in listed or ():
            if not (match := _DAYS.fullmatch(str(words))):
                raise wrong(f"“{words}”不是“月-日”或“月-日..月-日”。")
            month, day, last_month, last_day = (int(part or 0) for part in match.groups())
            try:
                first = date(year, month, day)
                last = date(year, last_month, last_day) if last_month else first
            except ValueError as error:
                raise wrong(f"“{words}”不是日期。") from error
            if last < first:
                raise wrong(f"“{words}”的止日早于起日。")
            days |= {first + timedelta(days=n) for n in range((last - first).days + 1)}
    if both := off & worked:
        raise wrong(f"{min(both):%m-%d} 既放假又上班。")
    if weekdays := {day for day in worked if day.weekday() < _SATURDAY}:
        raise wrong(f"{min(weekdays):%m-%d} 不是周末，无须登记为上班。")
    if not off:
        raise wrong("没有一天放假。")
    return Year(frozenset(off), frozenset(worked))


@cache
def _overrides() -> dict[int, Year]:
    return read_years(OVERRIDES_FILE.read_text(encoding="utf-8"))


def now() -> datetime:
    """The present, naive Asia/Shanghai. The only reader of the clock; pass it down from stages."""
    return datetime.now(SHANGHAI).replace(tzinfo=None)


@lru_cache(maxsize=8192)
def is_working_day(day: date) -> bool:
    """Raises :class:`CalendarUnknown` for a year neither covered nor overridden."""
    if year := _overrides().get(day.year):
        return day in year.worked or (day.weekday() < _SATURDAY and day not in year.off)
    import chinese_calendar

    try:
        return chinese_calendar.is_workday(day)
    except NotImplementedError as error:
        raise CalendarUnknown(
            f"{day.year} 年的节假日安排尚未收录，无法计算工作日。请升级 chinesecalendar，"
            "或按国务院办公厅通知在 pipeline/domain/working_days.yml 中登记该年的放假与上班日。"
        ) from error


def add_working_days(start: date, days: int) -> date:
    """The last day of a limit of ``days`` working days that begins the day after ``start``."""
    day = start
    while days > 0:
        day += timedelta(days=1)
        if is_working_day(day):
            days -= 1
    return day


def working_days_between(start: date, end: date) -> int:
    """Working days after ``start`` up to and including ``end``; negative if ``end`` is earlier."""
    if end < start:
        return -working_days_between(end, start)
    return sum(is_working_day(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """``"2026-10"`` → first instant of the month and of the next (half open)."""
    start = datetime.strptime(month, "%Y-%m")
    return start, datetime(start.year + start.month // 12, start.month % 12 + 1, 1)


def month_of(moment: datetime | date) -> str:
    return f"{moment.year:04d}-{moment.month:02d}"


@lru_cache(maxsize=4096)
def shift_month(month: str, by: int) -> str:
    """``shift_month("2026-01", -1)`` → ``"2025-12"``."""
    year, number = map(int, month.split("-"))
    index = year * 12 + number - 1 + by
    return f"{index // 12:04d}-{index % 12 + 1:02d}"
