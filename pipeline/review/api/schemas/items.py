"""监督事项: queries, items, what may be done with them."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from pipeline.domain.labels import ProblemType
from pipeline.review.api.answers import PageQuery, Strict
from pipeline.review.api.schemas.common import BLIND, NO_ZERO, Moment, Reason, Short
from pipeline.supervise.items import Clock, State


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

    condition: Annotated[str, StringConstraints(min_length=1, max_length=100), NO_ZERO]
    note: Reason


class DeadlineIn(Strict):
    """Extend (by working days), pause or resume the deadline."""

    action: Clock
    days: int | None = Field(None, ge=1, le=250, description="延期的工作日数，仅用于延期。")
    reason: Reason
