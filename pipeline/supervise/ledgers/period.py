"""The window of a list and the day whose knowledge it shows."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from pipeline.domain.calendar import month_bounds, month_of, shift_month
from pipeline.domain.errors import OperatorError


class PeriodUnfit(OperatorError, ValueError):
    """A month that is none, or that had not begun on the day asked for."""


@dataclass(frozen=True, slots=True)
class Period:
    """``start`` to ``end`` (half open) lie in ``month``; nothing later than ``as_of`` is known."""

    month: str
    start: datetime
    end: datetime
    as_of: date

    @property
    def known_before(self) -> datetime:
        return datetime.combine(self.as_of + timedelta(days=1), time())

    @property
    def text(self) -> str:
        last = self.end - timedelta(days=1)
        if self.end == month_bounds(self.month)[1]:
            return f"{self.start.year}年{self.start.month}月"
        return f"{self.start.year}年{self.start.month}月1日至{last.day}日"

    def since(self, months: int) -> datetime:
        """The first instant of the window of that many months that ends with this one."""
        return month_bounds(shift_month(self.month, 1 - months))[0]


def period_of(month: str | None, as_of: date | None, today: date) -> Period:
    """The month's window as known on ``as_of``, today if none is given.

    Not as known at the month's end: its export often lands days later, and a list of then would
    be empty. Without ``month`` the month of ``as_of`` up to that day. Raises :class:`PeriodUnfit`.
    """
    if month is None:
        month = month_of(as_of or today)
    try:
        start, end = month_bounds(month)
    except ValueError as error:
        raise PeriodUnfit(f"月份写法应为 2026-10 这样的年-月:{month}") from error
    as_of = as_of or today
    if as_of < start.date():
        raise PeriodUnfit(f"{month} 在 {as_of:%Y-%m-%d} 尚未开始。")
    known_before = datetime.combine(as_of + timedelta(days=1), time())
    return Period(month, start, min(end, known_before), as_of)
