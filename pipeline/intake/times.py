"""Times as platforms and spreadsheets write them (domain B7.5), to naive datetimes."""

import re
import unicodedata
from datetime import date, datetime, time, timedelta

from pipeline.domain.text import clean, clean_code

YEARS = range(2000, 2100)
"""Years a ticket may bear; anything else is a wrong date, not an old ticket."""

_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_SERIAL_EPOCH = datetime(1899, 12, 30)
_DIGITS_ONLY = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(?:\.\d+)?")
_HALF = r"(?P<half>上午|下午|中午|晚上|晚|凌晨|早上|AM|PM|am|pm)"
_CLOCK = (
    rf"(?: ?{_HALF}? ?(?P<hour>\d{{1,2}})(?:[:时点](?P<minute>\d{{1,2}})?分?)"
    rf"(?::?(?P<second>\d{{1,2}})(?:\.\d+)?秒?)? ?(?P<half2>AM|PM|am|pm)?)?"
)
_YMD = re.compile(
    rf"(?P<year>\d{{4}})[-/.年](?P<month>\d{{1,2}})[-/.月](?P<day>\d{{1,2}})"
    rf"(?:[日号]|T|(?= )|$){_CLOCK}(?:\+08:?00)?"
)
_USUAL = re.compile(
    "([0-9]{4})[/年]([0-9]{1,2})[/月]([0-9]{1,2})(?: |日)([0-9]{1,2})[:时]([0-9]{2})分?"
)
"""What a spreadsheet makes of a time, and how people write one: a third of the time of _YMD."""
_MD = re.compile(rf"(?P<month>\d{{1,2}})月(?P<day>\d{{1,2}})[日号]{_CLOCK}")
_WEEKDAY = re.compile("[(]?(?:星期|周)[一二三四五六日天][)]?")
_UNIT_SPACE = re.compile("(?<=[年月日号时点分秒])[ \n]+|[ \n]+(?=[年月日号时点分秒 ])")
_WORKING_DAYS = re.compile(r"(\d{1,3})个?工作日(?:内|内办结|内答复)?")


class ImpossibleTime(ValueError):
    """In the form of a time, but of none that ever was: 0000-00-00, 31 February, the year 1900."""


class UnreadableTime(ValueError):
    """Not in any known form."""


def _build(year: int, month: int, day: int, *clock: int) -> datetime:
    if year not in YEARS:
        raise ImpossibleTime
    try:
        if clock == (24, 0, 0):
            return datetime(year, month, day) + timedelta(days=1)
        return datetime(year, month, day, *clock)
    except (ValueError, OverflowError) as error:
        raise ImpossibleTime from error


def _from_match(match: re.Match, year: int) -> datetime:
    part = match.groupdict()
    hour = int(part["hour"] or 0)
    half = (part["half"] or part["half2"] or "").upper()
    if (
        (half in {"下午", "PM"} and hour < 12)
        or (half in {"晚上", "晚"} and hour in range(5, 12))
        or (half == "中午" and hour in {1, 2})
    ):
        hour += 12
    elif half in {"上午", "凌晨", "AM"} and hour == 12:
        hour = 0
    elif half in {"晚上", "晚"} and hour <= 12:  # 晚上12点, 晚上1点: of this night or the last?
        raise UnreadableTime
    return _build(year, int(part["month"]), int(part["day"]), hour,
                  int(part["minute"] or 0), int(part["second"] or 0))  # fmt: skip


def year_within(month: int, start: date, end: date) -> int | None:
    """The year of a month-day without one, if the period start … end tells exactly one."""
    years = {y for y in range(start.year, end.year + 1)
             if (start.year, start.month) <= (y, month) <= (end.year, end.month)}  # fmt: skip
    return years.pop() if len(years) == 1 else None


def parse_time(text: str, period: tuple[date, date] | None = None) -> datetime | None:
    """A cell to a naive Asia/Shanghai time, to the second; None for an empty cell or null word.

    ``period`` gives the year to forms without one (11月3日). Raises :class:`ImpossibleTime` or
    :class:`UnreadableTime`.
    """
    # The commonest form, "2026-08-10 21:08:20", in C. Other forms that fromisoformat() takes
    # (week dates, bare digits) are left to the patterns.
    if len(text) == 19 and text[4] == text[7] == "-" and text[10] == " ":
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            pass
        else:
            if moment.year in YEARS:
                return moment
    if match := _USUAL.fullmatch(text):
        return _build(*map(int, match.groups()))
    cleaned = clean(text)
    if cleaned is None:
        return None
    code = unicodedata.normalize("NFKC", cleaned).lstrip("'")
    code = _UNIT_SPACE.sub("", _WEEKDAY.sub(" ", code)).strip()
    if match := _YMD.fullmatch(code):
        return _from_match(match, int(match["year"]))
    if _SERIAL.fullmatch(code):
        moment = _SERIAL_EPOCH + timedelta(seconds=round(float(code) * 86400))
        if moment.year in YEARS:
            return moment
        raise ImpossibleTime
    if match := _DIGITS_ONLY.fullmatch(code):
        return _build(*(int(part or 0) for part in match.groups()))
    if (match := _MD.fullmatch(code)) and period:
        year = year_within(int(match["month"]), *period)
        if year is not None:
            return _from_match(match, year)
    raise UnreadableTime


def working_days_of(text: str) -> int | None:
    """``5个工作日`` → 5, else None."""
    match = _WORKING_DAYS.fullmatch(clean_code(text) or "")
    return int(match[1]) if match else None


END_OF_DAY = time(23, 59, 59)
