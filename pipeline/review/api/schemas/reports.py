"""报告 and 模型."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from pipeline.review.api.answers import PageQuery, Strict
from pipeline.review.api.schemas.common import NO_ZERO, Moment, Short


class ReportQuery(PageQuery):
    """Which reports."""

    month: Annotated[str, StringConstraints(pattern=r"^(\d{4}-(0[1-9]|1[0-2]))?$")] = ""
    profile: Short = ""


class Finding(Strict):
    """What the linter found."""

    severity: str
    code: str
    message: str


class ReportStep(Strict):
    """Who approved, published or sent back, and through which program, where one was used."""

    step: str
    person: str
    at: Moment
    note: str | None
    client: str | None


class ReportStepIn(Strict):
    """Approve, publish, or send back (needs a note)."""

    step: Literal["approve", "publish", "return"]
    note: Annotated[str, StringConstraints(max_length=500, strip_whitespace=True), NO_ZERO] = ""


class Report(Strict):
    """One revision of a month's report."""

    id: int
    month: str
    profile: str
    revision: int
    state: str
    frozen_at: Moment
    as_of: date
    input_hash: str
    findings: list[Finding]
    documents: list[str]
    steps: list[ReportStep]


class ReportPage(Strict):
    """Newest first."""

    reports: list[Report]
    next: str | None


class Figure(Strict):
    """A number of a report, and where it comes from."""

    number: str
    section: str
    label: str
    value: float | None
    unit: str
    query: str | None
    params: dict[str, Any]
    formula: str | None


class Figures(Strict):
    """In the report's order."""

    figures: list[Figure]


class TracedTicket(Strict):
    """A ticket behind a number."""

    hotline: str
    ticket_no: str
    accepted_at: str


class Trace(Strict):
    """A number's tickets, or the numbers it is computed from. Integrity leads are withheld;
    ``hidden`` counts tickets that this client must not know of.
    """

    number: str
    label: str
    value: float | None
    unit: str
    query: str | None
    params: dict[str, Any]
    formula: str | None
    withheld: bool
    tickets: list[TracedTicket]
    hidden: int
    operands: list["Trace"]


class ModelDecision(Strict):
    """A comparison of champion and challenger."""

    id: int
    decided_at: Moment
    champion: str
    challenger: str
    verdict: str
    person: str
    reason: str
    figures: dict[str, Any]
    labels: int


class DriftMonth(Strict):
    """A month as the model saw it, against its reference months."""

    month: str
    measured_at: Moment
    reference: list[str]
    tickets: int
    enforcement: int
    measures: dict[str, Any]
    warnings: list[str]


class Model(Strict):
    """The model in force, and its life."""

    model_version: str
    base: str
    is_shipped: bool
    labels: int
    new_labels: int
    outdated: int
    decisions: list[ModelDecision]
    drift: list[DriftMonth]
