"""Weeks and months as columns: where they begin, which are held, what is known to happen."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pipeline.domain.calendar import is_working_day, month_bounds, month_of, shift_month
from pipeline.policies.profile import Campaign

_HOLIDAY = 3
"""Weekdays off from which on a week is a holiday's: 春节, 国庆 and their like."""


@dataclass(frozen=True, slots=True)
class Periods:
    """``starts`` ascending, ``end`` the day after the last; the last may not be over yet."""

    starts: tuple[date, ...]
    end: date

    @classmethod
    def weeks(cls, first: date, last: date) -> "Periods":
        """From the Monday on or after ``first`` to the week of ``last``."""
        monday = first + timedelta(days=-first.weekday() % 7)
        n = (last - monday).days // 7 + 1
        starts = tuple(monday + timedelta(weeks=i) for i in range(n))
        return cls(starts, monday + timedelta(weeks=n))

    @classmethod
    def months(cls, first: date, last: date) -> "Periods":
        starts, month = [], month_of(first)
        while month <= month_of(last):
            starts.append(month_bounds(month)[0].date())
            month = shift_month(month, 1)
        return cls(tuple(starts), month_bounds(month)[0].date())

    def index(self, days: Collection[date]) -> np.ndarray:
        """The column of each day; −1 before the first."""
        return self.columns(np.array([d.toordinal() for d in days], int))

    def columns(self, ordinals: np.ndarray) -> np.ndarray:
        """As :meth:`index`, of days as ordinals."""
        starts = [d.toordinal() for d in self.starts]
        return np.searchsorted(starts, ordinals, side="right") - 1

    def bounds(self, column: int, length: int = 1) -> tuple[date, date]:
        """First and last day of ``length`` periods that end with ``column``."""
        following = (*self.starts[1:], self.end)
        return self.starts[column + 1 - length], following[column] - timedelta(days=1)

    def held(self, days: Collection[date]) -> np.ndarray:
        """Columns in which the store holds any ticket: elsewhere none counted says nothing."""
        found = np.zeros(len(self.starts), bool)
        columns = self.index(days)
        found[columns[columns >= 0]] = True
        return found

    def is_holiday(self, column: int) -> bool:
        """Raises CalendarUnknown for a year without known days off."""
        first, last = self.bounds(column)
        days = (first + timedelta(days=i) for i in range((last - first).days + 1))
        return sum(d.weekday() < 5 and not is_working_day(d) for d in days) >= _HOLIDAY

    def exposure(self, campaigns: Sequence[Campaign]) -> np.ndarray:
        """What each period is expected to bring: 1, and more by the days of a campaign."""
        result = np.ones(len(self.starts))
        for column in range(len(self.starts)):
            first, last = self.bounds(column)
            n = (last - first).days + 1
            for campaign in campaigns:
                days = _overlap(first, last, campaign)
                result[column] += days / n * (campaign.factor.value - 1)
        return result


def _overlap(first: date, last: date, campaign: Campaign) -> int:
    return max(0, (min(last, campaign.last_day) - max(first, campaign.first_day)).days + 1)


def under_way(first: date, last: date, campaigns: Sequence[Campaign]) -> list[str]:
    """The campaigns that touch the days, by name."""
    return [c.name for c in campaigns if _overlap(first, last, c)]
