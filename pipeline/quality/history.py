"""A file against the exports before it: its figures, and what earlier nights let one expect.

History is what the files of earlier nights (``as_of``) looked like when they were checked, kept
in export_profile and export_day. So a night repeated or backfilled gives the verdict that the
original night would have given, whatever has landed, been stored or been repaired since.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Any

import sqlalchemy as sa

from pipeline.quality.checking import CheckResult, run_suite
from pipeline.quality.suites import Suite
from pipeline.store import tables as t

_WEEKDAYS = "一二三四五六日"
_WEEK = timedelta(weeks=1)
_DAY = timedelta(days=1)
_LISTED = 10

_file, _profile, _days = t.export_file.c, t.export_profile.c, t.export_day.c


@dataclass(frozen=True, slots=True)
class Profile:
    """What later files are compared with. ``days``: accepted rows by day of acceptance."""

    rows: int
    quarantined: int
    without_content: int
    days: Mapping[date, int]

    def plus(self, more: "Profile") -> "Profile":
        """The figures of two blocks of one file."""
        return Profile(
            self.rows + more.rows,
            self.quarantined + more.quarantined,
            self.without_content + more.without_content,
            Counter(self.days) + Counter(more.days),
        )


def profile_of(columns: Mapping[str, Sequence], quarantined: Collection[int]) -> Profile:
    """The figures of a file from its checked columns; ``quarantined`` are positions in them."""
    accepted_at = columns["accepted_at"]
    days = Counter(
        at.date() for i, at in enumerate(accepted_at) if at is not None and i not in quarantined
    )
    without_content = sum(problem == "missing" for problem in columns["content_problem"])
    return Profile(len(accepted_at), len(quarantined), without_content, days)


def save_profile(connection: sa.Connection, file: Mapping[str, Any], profile: Profile) -> None:
    """Keep the profile, in place of one from a night that was killed after it."""
    for table in (t.export_profile, t.export_day):
        connection.execute(sa.delete(table).where(table.c.file_id == file["id"]))
    connection.execute(
        sa.insert(t.export_profile).values(
            file_id=file["id"],
            source=source_of(file["name"]),
            rows=profile.rows,
            quarantined=profile.quarantined,
            without_content=profile.without_content,
            newest_on=max(profile.days, default=None),
        )
    )
    if profile.days:
        connection.execute(
            sa.insert(t.export_day),
            [
                {"file_id": file["id"], "day": day, "tickets": count}
                for day, count in sorted(profile.days.items())
            ],
        )


def against_history(
    connection: sa.Connection, file: Mapping[str, Any], profile: Profile, suite: Suite
) -> list[CheckResult]:
    """The suite's verdicts on a row of export_file; those without enough history rest."""
    settings = {key: setting.value for key, setting in suite.settings.items()}
    alike = _alike(connection, file, settings)
    parameters = (
        _of_file(file, profile, settings)
        | _of_weekday(connection, file, alike, settings)
        | _of_exports(connection, alike, settings)
        | _of_days(connection, file, profile, alike, settings)
    )
    columns = {name: [parameters[name]] for name in suite.columns}
    return run_suite(suite, columns, {f"${key}": value for key, value in parameters.items()})


def source_of(name: str) -> str:
    """What the exports of one sender share: ``甲县_12345_2026-10-02.csv`` → ``甲县``."""
    stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return " ".join(re.findall(r"[^\W\d_]+", stem))


def _alike(
    connection: sa.Connection, file: Mapping[str, Any], settings: Mapping[str, Any]
) -> sa.ColumnElement[bool]:
    """Condition for the earlier exports to compare with: of the same sender, as its file names
    tell, where that sender is known; else all of the layout (names that change every night).
    """
    since = file["as_of"] - settings["lookback_weeks"] * _WEEK
    of_layout = sa.and_(
        _file.layout == file["layout"], _file.as_of < file["as_of"], _file.as_of >= since
    )
    of_source = sa.and_(of_layout, _profile.source == source_of(file["name"]))
    known = connection.scalar(_history(of_source, sa.func.count()))
    return of_source if known >= settings["min_exports"] else of_layout


def _history(alike: sa.ColumnElement[bool], *columns: sa.ColumnElement) -> sa.Select:
    return (
        sa.select(*columns)
        .select_from(t.export_profile)
        .join(t.export_file, _file.id == _profile.file_id)
        .where(alike)
    )


def _of_file(
    file: Mapping[str, Any], profile: Profile, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Shares (None in a file too small for them) and the age of the newest ticket in days."""
    is_large = profile.rows >= settings["min_rows"]
    newest_on, due_on = max(profile.days, default=None), _due_on(file)
    return {
        "rows": profile.rows,
        "quarantined": profile.quarantined,
        "without_content": profile.without_content,
        "quarantined_share": profile.quarantined / profile.rows if is_large else None,
        "no_content_share": profile.without_content / profile.rows if is_large else None,
        "newest_on": newest_on and newest_on.isoformat(),
        "due_on": due_on.isoformat(),
        "age": _age(due_on, newest_on),
    }


def _due_on(file: Mapping[str, Any] | sa.RowMapping) -> date:
    """Up to which day a file can have tickets: the night, or the end of the period it states."""
    return min(filter(None, (file["as_of"], file["period_end"])))


def _age(due_on: date, newest_on: date | None) -> int | None:
    return max(0, (due_on - newest_on).days) if newest_on else None


def _of_weekday(
    connection: sa.Connection,
    file: Mapping[str, Any],
    alike: sa.ColumnElement[bool],
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """Bounds of the row count from the nights of the same weekday.

    Only nights with a single export count: of an export in several parts, or of several senders
    under one name, no part can be told from a short night.
    """
    nights = [file["as_of"] - n * _WEEK for n in range(1, settings["lookback_weeks"] + 1)]
    query = (
        _history(alike, sa.func.max(_profile.rows))
        .where(_file.as_of.in_(nights))
        .group_by(_file.as_of)
        .having(sa.func.count() == 1)
        .order_by(_file.as_of.desc())
        .limit(settings["exports"])
    )
    rows = connection.scalars(query).all()
    typical = round(median(rows)) if rows else 0
    is_enough = len(rows) >= settings["min_exports"] and typical >= settings["min_rows"]
    return {
        "weekday": f"周{_WEEKDAYS[file['as_of'].weekday()]}",
        "weekday_exports": len(rows),
        "rows_median": typical,
        "rows_least": round(typical * settings["rows_low"]) if is_enough else None,
        "rows_most": round(typical * settings["rows_high"]) if is_enough else None,
    }


def _of_exports(
    connection: sa.Connection, alike: sa.ColumnElement[bool], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Bounds of the share quarantined and of the age from the newest exports of any weekday."""
    query = (
        _history(
            alike,
            _profile.rows, _profile.quarantined, _profile.newest_on, _file.as_of, _file.period_end,
        )
        .where(_profile.newest_on.is_not(None))
        .order_by(_file.as_of.desc(), _file.id.desc())
        .limit(settings["exports"])
    )  # fmt: skip
    found = connection.execute(query).mappings().all()
    is_enough = len(found) >= settings["min_exports"]
    share = median(row["quarantined"] / row["rows"] for row in found) if found else 0.0
    age = round(median(_age(_due_on(row), row["newest_on"]) for row in found)) if found else 0
    return {
        "exports_found": len(found),
        "quarantined_median": share,
        "quarantined_most": share + settings["quarantined_rise"] if is_enough else None,
        "age_median": age,
        "age_most": age + settings["age_rise"] if is_enough else None,
    }


def _of_days(
    connection: sa.Connection,
    file: Mapping[str, Any],
    profile: Profile,
    alike: sa.ColumnElement[bool],
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """The days without any ticket, here or before, that others of their weekday make unlikely.

    Looked at are the days that this file was the first to be able to tell of: after the newest
    ticket known before, within the period it states. None where no day can be judged.
    """
    nothing = {"missing_days": None, "missing_listed": ""}
    if not profile.days:
        return nothing
    last = min(_due_on(file), file["as_of"] - _DAY)  # the night's own day is not over
    if not file["period_end"]:
        last = min(last, max(profile.days))
    known_until = connection.scalar(_history(alike, sa.func.max(_profile.newest_on)))
    starts = filter(None, (file["period_start"], known_until and known_until + _DAY))
    first = max(max(starts, default=min(profile.days)), last - settings["lookback_weeks"] * _WEEK)
    span = settings["exports"] * _WEEK
    query = (
        _history(alike, _days.day, sa.func.max(_days.tickets))
        .join(t.export_day, _days.file_id == _file.id)
        .where(_days.day.between(first - span, last))
        .group_by(_days.day)
    )
    tickets = Counter(dict(connection.execute(query).all()))
    since = min([first, *tickets])  # before it nothing is known, which is not the same as none
    for day, count in profile.days.items():
        tickets[day] = max(tickets[day], count)
    missing, judged = [], 0
    for day in (first + n * _DAY for n in range((last - first).days + 1)):
        others = [
            tickets[other]
            for n in range(1, settings["exports"] + 1)
            for other in (day - n * _WEEK, day + n * _WEEK)
            if since <= other <= last
        ]
        if len(others) >= settings["min_days"] and median(others) >= settings["day_tickets"]:
            judged += 1
            if not tickets[day]:
                missing.append(day)
    if not judged:
        return nothing
    listed = "、".join(f"{day.month}月{day.day}日" for day in missing[:_LISTED])
    more = "等" if len(missing) > _LISTED else ""
    return {
        "missing_days": len(missing),
        "missing_listed": f":{listed}{more}" if missing else "",
    }
