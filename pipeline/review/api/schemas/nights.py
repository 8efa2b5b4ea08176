"""Nights, failed checks and quarantined rows."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from pipeline.review.api.answers import PageQuery, Strict
from pipeline.review.api.schemas.common import NO_ZERO, Moment, Short


class FileRow(Strict):
    """An export and what became of its rows."""

    id: int
    name: str
    sha256: str
    as_of: date
    landed_at: Moment
    loaded_at: Moment | None
    state: str
    layout: str | None
    reason: str | None
    message: str | None
    rows_read: int
    inserted: int
    updated: int
    unchanged: int
    duplicate: int
    quarantined: int


class Run(Strict):
    """One step of a night."""

    id: int
    stage: str
    started_at: Moment
    finished_at: Moment
    status: str
    counts: dict[str, Any]
    message: str | None


class Night(Strict):
    """What one night did."""

    as_of: date
    files: list[FileRow]
    runs: list[Run]


class NightPage(Strict):
    """Days on which files landed or steps ran, newest first."""

    nights: list[date]


class Check(Strict):
    """A failed check that stops a month's publication, and its clearance."""

    id: int
    code: str
    message: str
    file: str
    as_of: date
    cleared_by: str | None
    cleared_at: Moment | None
    reason: str | None


class Checks(Strict):
    """Failed checks, in the order they were found."""

    checks: list[Check]


class CheckQuery(Strict):
    """Open ones, or all."""

    state: Literal["open", "all"] = "open"


class ClearIn(Strict):
    """Let a failed check pass in a person's name."""

    reason: Annotated[
        str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True), NO_ZERO
    ]


class QuarantineQuery(PageQuery):
    """Open rows of one reason, or all."""

    reason: Short = ""


class QuarantineRow(Strict):
    """A quarantined row, masked; of a repair that failed, the export and row it began as."""

    id: int
    file: str
    sheet: str | None
    row_no: int
    source_row: int | None
    reasons: list[str]
    preview: str | None


class QuarantinePage(Strict):
    """Newest first."""

    rows: list[QuarantineRow]
    next: str | None


class QuarantineCells(Strict):
    """An open row, cell by cell under the export's own headings, masked."""

    id: int
    cells: dict[str, str]


class RepairIn(Strict):
    """New texts by heading. A cell left out or sent back as shown keeps what was received."""

    cells: dict[
        Annotated[str, StringConstraints(max_length=100), NO_ZERO],
        Annotated[str, StringConstraints(max_length=20_000), NO_ZERO],
    ] = Field(max_length=100)


class Replayed(Strict):
    """What became of the repaired row: one of the counts is 1."""

    file_id: int
    inserted: int
    updated: int
    unchanged: int
    duplicate: int
    quarantined: int
