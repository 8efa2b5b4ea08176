"""What goes in and out, field by field. Times carry Beijing's offset; absent is null."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainSerializer, StringConstraints, create_model

from pipeline.domain.calendar import SHANGHAI
from pipeline.domain.labels import ProblemType, Scope
from pipeline.domain.ticket import FIELDS, Hotline, Kind
from pipeline.review.api.answers import PageQuery, Strict
from pipeline.supervise.items import Clock, State

Moment = Annotated[
    datetime,
    PlainSerializer(
        lambda at: at.replace(tzinfo=SHANGHAI).isoformat(timespec="seconds"), return_type=str
    ),
    Field(json_schema_extra={"format": "date-time"}),
]


def _without_zero(text: str) -> str:
    if "\0" in text:  # no text of the store holds one, and PostgreSQL refuses it
        raise ValueError("zero byte")
    return text


_NO_ZERO = AfterValidator(_without_zero)
Short = Annotated[str, StringConstraints(max_length=200), _NO_ZERO]
Reason = Annotated[
    str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True), _NO_ZERO
]

CONTACT_FIELDS = frozenset({"caller_name", "caller_phone", "caller_key", "agent_no", "plate"})
"""Of a ticket's fields, those of persons: the desk shows them masked, the interface not at all."""

BLIND = Field(description="待此用户盲复核：给出意见之前不给出标注和复核。")

_TYPES = {
    Kind.TEXT: str,
    Kind.CODE: str,
    Kind.TIME: Moment,
    Kind.COUNT: int,
    Kind.FLAG: bool,
}
SHOWN_FIELDS = tuple(f for f in FIELDS if f.name not in CONTACT_FIELDS)


# --- tickets ----------------------------------------------------------------------------------


class TicketQuery(PageQuery):
    """Which tickets; conditions are joined by and."""

    hotline: Hotline | None = None
    number: Short = Field("", description="工单编号，完全相同。")
    scope: Scope | None = None
    problem_type: ProblemType | None = Field(None, description="主要类型。")
    unit: Short = ""
    region: Short = ""
    status: Short = ""
    needs_review: bool | None = Field(None, description="模型弃权、尚未有人复核。")
    accepted_from: date | None = None
    accepted_to: date | None = Field(None, description="含当日。")


class TicketRow(Strict):
    """A ticket in a list."""

    id: int
    hotline: str
    ticket_no: str
    accepted_at: Moment | None
    title: str | None
    unit: str | None
    region: str | None
    status: str | None
    scope: str | None
    primary_type: str | None
    score: float | None
    needs_review: bool | None
    is_reviewed: bool
    is_blind: bool = BLIND


class TicketPage(Strict):
    """Newest first."""

    tickets: list[TicketRow]
    next: str | None


class Classification(Strict):
    """What the model says."""

    scope: str
    primary_type: str | None
    labels: list[str]
    scores: dict[str, float]
    evidence: dict[str, list[str]]
    flags: list[str]
    score: float
    needs_review: bool
    model_version: str
    classified_at: Moment


class Decision(Strict):
    """What a person decided; ``is_current`` stands above every model."""

    id: int
    person: str
    decided_at: Moment
    action: str
    is_current: bool
    scope: str
    primary_type: str | None
    labels: list[str]
    evidence: dict[str, list[str]]
    reason: str | None
    undoes: int | None = Field(description="撤销了哪一次复核。")


class TicketVersion(Strict):
    """One state of the ticket, and the file and row that brought it."""

    version: int
    recorded_at: Moment
    file: str
    row_no: int
    changes: dict[str, list[Any]]


class Link(Strict):
    """Another ticket of the same caller or matter."""

    id: int
    hotline: str
    ticket_no: str
    kind: str
    note: str | None


class ItemOfTicket(Strict):
    """An item that the ticket belongs to."""

    id: int
    level: str
    rule: str
    state: str
    due_on: date | None


_fields: dict[str, Any] = {f.name: (_TYPES[f.kind] | None, ...) for f in SHOWN_FIELDS}
Ticket = create_model(
    "Ticket",
    __base__=Strict,
    __doc__="A ticket with everything known of it but persons' data.",
    id=(int, ...),
    hotline=(str, ...),
    ticket_no=(str, ...),
    unit=(str | None, ...),
    **_fields,
    scope=(str | None, ...),
    primary_type=(str | None, ...),
    labels=(list[str], ...),
    evidence=(dict[str, list[str]], ...),
    is_reviewed=(bool, ...),
    is_blind=(bool, BLIND),
    classification=(Classification | None, ...),
    decisions=(list[Decision], ...),
    versions=(list[TicketVersion], ...),
    links=(list[Link], ...),
    items=(list[ItemOfTicket], ...),
)


class Evidence(Strict):
    """An exact piece of the ticket that carries a label."""

    label: ProblemType
    text: Annotated[str, StringConstraints(min_length=1, max_length=2000), _NO_ZERO]


class DecisionIn(Strict):
    """A person's decision. 改判 of E1 needs ``primary``; 退回 needs a reason."""

    action: Literal["accept", "correct", "reject", "postpone", "return"]
    scope: Scope | None = None
    primary: ProblemType | None = None
    labels: list[ProblemType] = Field([], max_length=3, description="兼有的类型。")
    evidence: list[Evidence] = Field([], max_length=20)
    reason: Annotated[str, StringConstraints(max_length=2000), _NO_ZERO] = ""


# --- items ------------------------------------------------------------------------------------


class ItemQuery(PageQuery):
    """Which items; conditions are joined by and."""

    level: Literal["", "L0", "L1", "L2", "L3", "L4"] = ""
    rule: Short = ""
    unit: Short = ""
    region: Short = ""
    problem_type: ProblemType | None = None
    state: State | Literal["open", "all"] = "open"
    due: Literal["", "over", "soon"] = ""


class ItemRow(Strict):
    """An item in a list."""

    id: int
    level: str
    rule: str
    summary: str
    unit: str | None
    region: str | None
    problem_type: str | None
    state: str
    due_on: date | None
    raised_on: date


class ItemPage(Strict):
    """Newest first."""

    items: list[ItemRow]
    next: str | None


class Item(ItemRow):
    """An item as it stands, and what this client's person may do with it now."""

    profile: str
    subject: str
    clause: str
    threshold_origin: str
    numbers: dict[str, Any]
    missing: list[str]
    updated_on: date
    version: int
    next_states: list[str]
    recordable: list[str]
    deadline: list[str]


class ItemEvent(Strict):
    """One step in an item's life."""

    seq: int
    at: Moment
    person: str
    action: str
    from_state: str | None
    to_state: str
    level: str
    reason: str


class ItemEvents(Strict):
    """Newest first."""

    events: list[ItemEvent]


class ItemTicket(Strict):
    """A ticket of an item; officers are named only where it was found true."""

    id: int
    hotline: str
    ticket_no: str
    accepted_at: Moment | None
    status: str | None
    title: str | None
    content: str | None
    reply: str | None
    satisfaction: str | None
    verified: str | None
    primary_type: str | None
    evidence: dict[str, list[str]]
    is_reviewed: bool
    is_blind: bool = BLIND


class ItemTickets(Strict):
    """The newest 100."""

    tickets: list[ItemTicket]


class TransitionIn(Strict):
    """Move an item on."""

    to_state: State
    reason: Reason


class ConditionIn(Strict):
    """Record a closing condition as met, with where the proof lies."""

    condition: Annotated[str, StringConstraints(min_length=1, max_length=100), _NO_ZERO]
    note: Reason


class DeadlineIn(Strict):
    """Extend (by working days), pause or resume the deadline."""

    action: Clock
    days: int | None = Field(None, ge=1, le=250, description="延期的工作日数，仅用于延期。")
    reason: Reason


# --- nights, checks, quarantine ---------------------------------------------------------------


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
        str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True), _NO_ZERO
    ]


class QuarantineQuery(PageQuery):
    """Open rows of one reason, or all."""

    reason: Short = ""


class QuarantineRow(Strict):
    """A quarantined row, masked."""

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
        Annotated[str, StringConstraints(max_length=100), _NO_ZERO],
        Annotated[str, StringConstraints(max_length=20_000), _NO_ZERO],
    ] = Field(max_length=100)


class Replayed(Strict):
    """What became of the repaired row: one of the counts is 1."""

    file_id: int
    inserted: int
    updated: int
    unchanged: int
    duplicate: int
    quarantined: int


# --- reports and model ------------------------------------------------------------------------


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
    note: Annotated[str, StringConstraints(max_length=500, strip_whitespace=True), _NO_ZERO] = ""


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
