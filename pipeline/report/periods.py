"""The months a report looks at (Asia/Shanghai, half open)."""

from dataclasses import dataclass
from datetime import datetime

from pipeline.domain.calendar import month_bounds, shift_month


@dataclass(frozen=True, slots=True)
class Period:
    """``name`` is report_ticket.period; ``[since, until)`` in accepted_at."""

    name: str
    since: datetime
    until: datetime
    enforcement_only: bool = False


def periods(month: str) -> tuple[Period, ...]:
    """Current, previous, same month last year, and the five months before the previous."""
    previous = shift_month(month, -1)
    return (
        Period("current", *month_bounds(month)),
        Period("previous", *month_bounds(previous)),
        Period("year_ago", *month_bounds(shift_month(month, -12))),
        Period(
            "history",
            month_bounds(shift_month(previous, -5))[0],
            month_bounds(previous)[0],
            enforcement_only=True,
        ),
    )


def baseline_months(month: str) -> list[str]:
    """The six months before ``month``, oldest first: a unit's own baseline."""
    return [shift_month(month, -n) for n in range(6, 0, -1)]


def month_zh(month: str) -> str:
    """``"2026-10"`` → ``"2026年10月"``."""
    year, number = month.split("-")
    return f"{year}年{int(number)}月"


def day_zh(day: str) -> str:
    """``"2026-11-02"`` → ``"2026年11月2日"``."""
    year, month, number = day.split("-")
    return f"{year}年{int(month)}月{int(number)}日"
