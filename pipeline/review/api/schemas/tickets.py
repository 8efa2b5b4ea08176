"""工单: queries, tickets, decisions."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, create_model

from pipeline.domain.labels import ProblemType, Scope
from pipeline.domain.ticket import FIELDS, Hotline, Kind
from pipeline.review.api.answers import PageQuery, Strict
from pipeline.review.api.schemas.common import BLIND, NO_ZERO, Moment, Short

CONTACT_FIELDS = frozenset({"caller_name", "caller_phone", "caller_key", "agent_no", "plate"})
"""Of a ticket's fields, those of persons: the desk shows them masked, the interface not at all."""

_TYPES = {
    Kind.TEXT: str,
    Kind.CODE: str,
    Kind.TIME: Moment,
    Kind.COUNT: int,
    Kind.FLAG: bool,
}
SHOWN_FIELDS = tuple(f for f in FIELDS if f.name not in CONTACT_FIELDS)


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
    text: Annotated[str, StringConstraints(min_length=1, max_length=2000), NO_ZERO]


class DecisionIn(Strict):
    """A person's decision. 改判 of E1 needs ``primary``; 退回 needs a reason."""

    action: Literal["accept", "correct", "reject", "postpone", "return"]
    scope: Scope | None = None
    primary: ProblemType | None = None
    labels: list[ProblemType] = Field([], max_length=3, description="兼有的类型。")
    evidence: list[Evidence] = Field([], max_length=20)
    reason: Annotated[str, StringConstraints(max_length=2000), NO_ZERO] = ""
