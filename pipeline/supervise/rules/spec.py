"""A rule as data, and what a rule finds."""

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from pipeline.domain.ticket import Hotline
from pipeline.policies import Profile, load_profile
from pipeline.policies.profile import Level, Origin
from pipeline.supervise.facts import Case

CONFIDENTIAL: Level = "X"
_MINISTRY = "mot-2024-25"


class Rule(BaseModel):
    """One line of catalogue.yaml; domain.md D3 is the source of all of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    trigger: str  # Chinese, with its default numbers; those in force stand in the profile
    level: Level
    days: int  # 0: no deadline of its own
    per: Literal["ticket", "matter", "unit", "month", "quarter", "item"]
    origin: Origin
    clauses: tuple[str, ...]

    def clause(self, profile: Profile) -> str:
        """The quotation that carries the rule: the profile's own, else the ministry's."""
        for source in (profile, load_profile(_MINISTRY)):
            for key in self.clauses:
                if key in source.clauses:
                    return source.quote(key)
        raise LookupError(f"{self.id}: neither {profile.id} nor the ministry has {self.clauses}")

    def threshold_origin(self, profile: Profile) -> Origin:
        """``text`` only where the trigger and every threshold come from a text."""
        origins = {self.origin} | {s.origin for s in profile.rules.get(self.id, {}).values()}
        return "text" if origins == {"text"} else "default"


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Rule]:
    """Rule id → rule, in order of id."""
    import yaml

    lines = yaml.safe_load((Path(__file__).parent / "catalogue.yaml").read_text(encoding="utf-8"))
    return {key: Rule(id=key, **line) for key, line in sorted(lines.items())}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule saw: the same tickets always give the same finding, whatever the day.

    ``subject`` is readable and, with rule and window, tells findings apart. ``numbers`` hold
    JSON values; ``tickets`` ids in ascending order.
    """

    rule: str
    level: Level
    subject: str
    window: str  # "2026-10", or the ticket where the rule is per ticket
    summary: str
    tickets: tuple[int, ...]
    unit: str | None = None
    region: str | None = None
    problem_type: str | None = None
    numbers: dict = field(default_factory=dict)
    due_on: date | None = None  # where the rule sets a day instead of working days


@dataclass(slots=True)
class Findings:
    """All findings of a run and, for rules that rest, why (Chinese). ``notes``: rules that work,
    but for a part that lacks data.
    """

    found: list[Finding] = field(default_factory=list)
    resting: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def rest(self, rule: str, why: str) -> None:
        self.resting[rule] = why

    def note(self, rule: str, what: str) -> None:
        self.notes[rule] = what


def per_ticket(rule: str, level: Level, case: Case, what: str, **numbers) -> Finding:
    """A finding about one ticket; ``what`` is said of it."""
    where, hotline = case.where or "未填单位", Hotline(case.hotline).name_zh
    return Finding(
        rule=rule,
        level=level,
        subject=f"{case.hotline}-{case.ticket_no}",
        window=f"{case.accepted_at:%Y-%m-%d}",
        summary=f"{where}:{case.accepted_at:%Y-%m-%d}受理的{hotline}工单{case.ticket_no}{what}",
        tickets=(case.id,),
        unit=case.unit,
        region=case.region,
        problem_type=case.primary,
        numbers=numbers,
    )
