"""One jurisdiction's plan as frozen values. What is text and what is default is kept apart."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from pipeline.domain.labels import ProblemType
from pipeline.domain.ticket import Satisfaction

Origin = Literal["text", "default"]
Level = Literal["L0", "L1", "L2", "L3", "L4", "X"]

ORIGIN_ZH: dict[Origin, str] = {"text": "文件规定", "default": "系统默认"}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Setting(_Frozen):
    """A number with its origin. ``clause`` names a clause of the same profile, ``source`` a text
    outside it; a number that claims a text must name one of the two.
    """

    value: int | float
    origin: Origin
    clause: str | None = None
    source: str | None = None

    @model_validator(mode="after")
    def _text_names_its_text(self) -> "Setting":
        if self.origin == "text" and not (self.clause or self.source):
            raise ValueError("origin is text, but neither clause nor source is named")
        return self

    @property
    def origin_zh(self) -> str:
        return ORIGIN_ZH[self.origin]


class Target(Setting):
    """A bound that a plan sets for an indicator, as a share (0.95 is 95 %)."""

    op: Literal[">=", "<="]
    hotline: str | None = None
    denominator: Literal["due_in_period", "accepted_in_period", "valid_ratings"] | None = None
    is_manual: bool = False  # entered by hand, never derived from tickets


class Report(_Frozen):
    """A document the plan asks for. One with a ``form`` is made with every monthly report: brief
    (one page), filing (figures to enter elsewhere), operation, casebook, summary.
    """

    name: str
    cadence: Literal["monthly", "yearly", "regular", "once"]
    is_main: bool = False  # the ministry's monthly analysis report
    form: Literal["brief", "filing", "operation", "casebook", "summary"] | None = None
    due_day: Setting | None = None  # day of the next month
    reviewer: str | None = None
    to: str | None = None
    clause: str | None = None


class Milestone(_Frozen):
    name: str
    by: date
    clause: str | None = None


class Focus(_Frozen):
    trade: str | None = None
    group: str | None = None


class Campaign(_Frozen):
    """A known event (专项行动): while it runs, ``factor`` times as many complaints are expected,
    and early warning measures by that.
    """

    name: str
    first_day: date
    last_day: date
    factor: Setting

    @model_validator(mode="after")
    def _runs_forward_and_raises(self) -> "Campaign":
        if self.last_day < self.first_day or self.factor.value < 1:
            raise ValueError("a campaign ends after it began and expects no fewer complaints")
        return self


class DeadlineTiers(_Frozen):
    days: tuple[int, ...]  # working days
    origin: Origin


class Profile(_Frozen):
    """A policy profile (方案档), loaded by :func:`pipeline.policies.load_profile`."""

    id: str
    title: str
    doc_no: str | None
    issuer: str
    issued: date | None
    valid_from: date
    valid_to: date
    tier: Literal["部", "省", "市", "区"]
    basis: tuple[str, ...] = ()
    covers_all_departments: bool = False
    channels: tuple[str, ...]
    focus: Focus = Focus()
    headline_types: tuple[ProblemType, ...]
    terms: dict[str, ProblemType]  # the plan's own words
    targets: dict[Literal["closure_rate", "satisfaction", "correction_rate"], Target]
    reports: tuple[Report, ...]
    milestones: tuple[Milestone, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    ledgers: tuple[str, ...]
    ticket_word: str = "工单"
    escalation_terms: tuple[str, ...]
    levels: dict[Level, str]
    notes: tuple[str, ...] = ()
    clauses: Annotated[dict[str, str], BeforeValidator(dict)]
    ticket_deadline_tiers: DeadlineTiers | None = None
    # from defaults.yaml unless the profile's own file says otherwise
    satisfied: tuple[Satisfaction, ...]
    min_n_for_rate: Setting
    min_cell: Setting
    ticket_deadlines: dict[Literal["咨询", "建议", "求助", "投诉举报"], Setting]
    truck_driver_deadlines: dict[
        Literal["dispatch_hours", "feedback_days", "reply_days", "visit_days"], Setting
    ]
    follow_up: dict[Literal["ratio", "least"], Setting]
    classifier: dict[
        Literal[
            "new_labels",
            "confidence",
            "resamples",
            "tolerance",
            "least_tickets",
            "reference_months",
            "drift_tickets",
            "drift_enforcement",
            "stability",
            "abstained_rise",
            "unknown_rise",
        ],
        Setting,
    ]
    rules: dict[str, dict[str, Setting]]

    @model_validator(mode="after")
    def _every_clause_named_is_quoted(self) -> "Profile":
        named = [(f"report {r.name}", r.clause) for r in self.reports]
        named += [(f"report {r.name}", r.due_day.clause) for r in self.reports if r.due_day]
        named += [(f"target {key}", target.clause) for key, target in self.targets.items()]
        named += [(f"milestone {m.name}", m.clause) for m in self.milestones]
        named += [
            (f"{rule} {name}", setting.clause)
            for rule, settings in self.rules.items()
            for name, setting in settings.items()
        ]
        for what, clause in named:
            if clause and clause not in self.clauses:
                raise ValueError(f"{what}: clause {clause} is not quoted in the profile")
        if sum(r.is_main for r in self.reports) != 1:
            raise ValueError("exactly one report must be the main one")
        if self.valid_to < self.valid_from:
            raise ValueError("valid_to lies before valid_from")
        return self

    @property
    def main_report(self) -> Report:
        return next(r for r in self.reports if r.is_main)

    @property
    def source_zh(self) -> str:
        """How documents cite the plan: its number where it has one, else its title."""
        return self.doc_no or f"《{self.title}》"

    def is_valid(self, as_of: date) -> bool:
        return self.valid_from <= as_of <= self.valid_to

    def status_zh(self, as_of: date) -> str:
        """有效, 尚未生效(自…起) or 已到期(有效期至…): shown on every page of its documents."""
        if as_of < self.valid_from:
            return f"尚未生效（自{self.valid_from:%Y-%m-%d}起）"
        if as_of > self.valid_to:
            return f"已到期（有效期至{self.valid_to:%Y-%m-%d}）"
        return "有效"

    def quote(self, clause: str) -> str:
        """``「…」(交办法〔2024〕25号,M-04)``. Raises KeyError for a clause it does not quote."""
        return f"「{self.clauses[clause]}」（{self.source_zh}，{clause}）"

    def threshold(self, rule: str, name: str) -> Setting:
        """A rule's threshold with its origin. Raises KeyError for one that nobody set."""
        return self.rules[rule][name]
