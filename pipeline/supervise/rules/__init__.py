"""The rules: data in catalogue.yaml, thresholds in the profiles, one small function each."""

from collections.abc import Callable

from pipeline.domain.calendar import CalendarUnknown
from pipeline.policies import Profile
from pipeline.supervise.facts import Facts
from pipeline.supervise.rules import conduct, danger, flow, handling, patterns, penalties
from pipeline.supervise.rules.spec import CONFIDENTIAL, Finding, Findings, Rule, catalogue

__all__ = [
    "CONFIDENTIAL",
    "ON_ITEMS",
    "RULES",
    "TRUCK_DRIVERS",
    "Finding",
    "Findings",
    "Rule",
    "catalogue",
    "run_rules",
]

TRUCK_DRIVERS = "R06"
"""Its limits stand in the profile's ``truck_driver_deadlines``."""

ON_ITEMS = frozenset({"R22", "R26"})
"""Rules about items instead of tickets: ``items`` applies them to what is stored."""

RULES: dict[str, Callable[[Facts, Profile, Findings], None]] = {
    # R03 and R11 go first: a ticket or pair takes the higher level, and R02 and R12 leave it.
    "R03": handling.long_overdue,
    "R02": handling.overdue,
    "R01": flow.due_soon,
    "R06": flow.truck_drivers,
    "R24": flow.passed_around,
    "R23": flow.not_really_closed,
    "R04": handling.bad_rating,
    "R05": handling.complained_again,
    "R13": handling.hidden,
    "R16": handling.business_priority,
    "R20": handling.low_satisfaction,
    "R21": handling.unclosed_at_month_end,
    "R07": conduct.integrity_lead,
    "R14": conduct.profit_driven,
    "R15": conduct.entrapment,
    "R18": conduct.qualification,
    "R19": conduct.seizure,
    "R29": conduct.concentrated,
    "R17": conduct.inspected_again,
    "R08": danger.violence,
    "R09": danger.public_opinion,
    "R25": danger.retaliation,
    "R27": penalties.disputed,
    "R28": penalties.fines_grow,
    "R10": patterns.many_callers,
    "R11": patterns.frequent,
    "R12": patterns.emerging,
}


def run_rules(facts: Facts, profile: Profile) -> Findings:
    """Every rule over the facts. A rule that lacks data rests and says why."""
    out = Findings()
    for rule, run in RULES.items():
        own = Findings()
        try:
            run(facts, profile, own)
        except CalendarUnknown as error:
            own = Findings(resting={rule: str(error)})
        out.found += own.found
        out.resting |= own.resting
        out.notes |= own.notes
    out.found.sort(key=lambda finding: (finding.rule, finding.window, finding.subject))
    return out
