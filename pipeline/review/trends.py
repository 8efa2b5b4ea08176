"""Trend lines of the first screen: a number a day for the last DAYS days, as SVG points."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa

from pipeline.domain.labels import Scope
from pipeline.review.access import Sight, undecided, visible_items
from pipeline.store import tables as t

DAYS = 30
WIDTH, HEIGHT = 300, 56
_PAD = 3


@dataclass(frozen=True, slots=True)
class Trend:
    """``values``: one a day, oldest first, the last of them for ``until``."""

    name: str
    unit: str
    until: date
    values: Sequence[int]

    @property
    def since(self) -> date:
        return self.until - timedelta(days=len(self.values) - 1)

    @property
    def points(self) -> str:
        """The polyline within WIDTH × HEIGHT; zero lies on the ground."""
        top = max(self.values) or 1
        step = (WIDTH - 2 * _PAD) / (len(self.values) - 1)
        return " ".join(
            f"{_PAD + n * step:.1f},{HEIGHT - _PAD - value / top * (HEIGHT - 2 * _PAD):.1f}"
            for n, value in enumerate(self.values)
        )


def trends(connection: sa.Connection, sight: Sight, until: date) -> list[Trend]:
    """Tickets accepted, complaints about enforcement among them (as the model says), items raised:
    of what this person may see, per day of the DAYS up to ``until``.
    """
    since = until - timedelta(days=DAYS - 1)
    own, said, item = t.ticket.c, t.classification, t.supervision_item.c
    day = sa.func.date(own.accepted_at).label("day")
    by_day = connection.execute(
        sa.select(
            day,
            sa.func.count().label("all"),
            sa.func.sum(sa.case((said.c.scope == Scope.E1.value, 1), else_=0)).label("ours"),
        )
        .join(said, sa.and_(said.c.ticket_id == own.id, said.c.is_current))
        .where(
            own.accepted_at >= datetime.combine(since, time()),
            own.accepted_at < datetime.combine(until + timedelta(days=1), time()),
            undecided(sight, said),
        )
        .group_by(day)
    ).all()
    raised = connection.execute(
        sa.select(item.raised_on.label("day"), sa.func.count().label("all"))
        .where(item.raised_on.between(since, until), visible_items(sight))
        .group_by(item.raised_on)
    ).all()
    days = [str(since + timedelta(days=n)) for n in range(DAYS)]

    def line(name: str, unit: str, counts: dict[str, int]) -> Trend:
        return Trend(name, unit, until, [counts.get(each, 0) for each in days])

    return [
        line("受理工单", "件", {str(row.day): row.all for row in by_day}),
        line("其中执法类投诉", "件", {str(row.day): row.ours for row in by_day}),
        line("新提出的监督事项", "项", {str(row.day): row.all for row in raised}),
    ]
