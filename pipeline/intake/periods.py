"""Which days an export says it covers: in its title rows, or in its name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from pipeline.domain.calendar import month_bounds

_POINT = re.compile(
    r"(?P<year>20\d\d)(?:"
    r"\s*年\s*(?P<month1>\d{1,2})\s*月(?:\s*(?P<day1>\d{1,2})\s*[日号])?"
    r"|\s*年\s*(?P<month2>\d{1,2})(?=\s*[-~～—至到]\s*\d{1,2}\s*月)"
    # 2026_10_1 is the first part of a month more likely than a day of it.
    r"|(?P<sep>[-./_])(?P<month3>\d{1,2})(?:(?P=sep)(?P<day3>\d\d|(?<!_)\d))?"
    r"|(?P<month4>0[1-9]|1[0-2])(?:(?P<day4>[0-3]\d)(?:[0-2]\d[0-5]\d(?:[0-5]\d)?)?)?"
    r")(?!\d)(?!\s*季)"
)
"""A month or a day: 2026年10月2日, 2026-10-02, 2026.10, 202610, 20261002, 20261002083000."""
_UNTIL = re.compile(
    r"(?:[T\s]*\d{1,2}[:：时](?:\d{1,2}分?)?(?:[:：]?\d{1,2}秒?)?)?\s*[-~～—–_至到]+\s*"
)
_SHORT_END = re.compile(r"(?:(?P<month>\d{1,2})\s*月)?(?:(?P<day>\d{1,2})\s*[日号])?")
_MADE_ON = re.compile(r"(?:制表|导出|打印|生成|填报|报送|下载|更新)(?:时间|日期)?于?[:：\s_-]*$")


@dataclass(frozen=True, slots=True)
class _Point:
    """A month, or a day, as a stretch of days, and where in the text it stands."""

    first: date
    last: date
    begin: int
    end: int

    @property
    def is_day(self) -> bool:
        return self.first == self.last


def find_period(texts: list[str]) -> tuple[date | None, date] | None:
    """The first and last day an export covers, from its title rows or its name; None: not told.

    A stretch of days or months counts before a month, a month before a day. Of a lone day only
    the end is taken: a night's export holds what changed until then, whenever it was accepted.
    The day on which a sheet was made (制表日期, 导出时间) tells nothing.
    """
    text = "\n".join(texts)
    points = list(_points(text))
    stretches = [found for point in points if (found := _stretch(text, point, points))]
    if stretches:
        return stretches[0]
    points = [point for point in points if not _MADE_ON.search(text[: point.begin])]
    for point in points:
        if not point.is_day:
            return point.first, point.last
    return (None, points[0].last) if points else None


def _points(text: str) -> Iterator[_Point]:
    for match in _POINT.finditer(text):
        part = match.groupdict()
        month = next(part[f"month{n}"] for n in (1, 2, 3, 4) if part[f"month{n}"])
        day = next((part[f"day{n}"] for n in (1, 3, 4) if part[f"day{n}"]), None)
        if point := _point(int(part["year"]), int(month), int(day or 0), match):
            yield point


def _point(year: int, month: int, day: int, match: re.Match) -> _Point | None:
    try:
        first = date(year, month, day or 1)
    except ValueError:
        return None
    return _Point(first, first if day else _end_of_month(first), match.start(), match.end())


def _stretch(text: str, start: _Point, points: list[_Point]) -> tuple[date, date] | None:
    """What begins with ``start``, where a later point of the same kind follows, or a short one
    (…至7日, …—10月).
    """
    if not (until := _UNTIL.match(text, start.end)):
        return None
    end = next((point for point in points if point.begin == until.end()), None)
    if end is None and "_" not in until[0] and (short := _SHORT_END.match(text, until.end())):
        month, day = short["month"] or start.first.month, int(short["day"] or 0)
        if short[0]:
            end = _point(start.first.year, int(month), day, short)
    if end is None or end.is_day != start.is_day or end.last < start.last:
        return None
    return start.first, end.last


def _end_of_month(day: date) -> date:
    _, after = month_bounds(f"{day.year}-{day.month:02d}")
    return (after - timedelta(days=1)).date()
