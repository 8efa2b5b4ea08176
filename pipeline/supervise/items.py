"""Supervision items: what the rules found becomes one item per rule, subject and window.

A night inserts new items, updates those it changed, and leaves the others alone; each change is
one event. Items are proposals: nothing is sent, and only persons move them on (``life``).
"""

from datetime import date

import sqlalchemy as sa

from pipeline.domain.labels import ProblemType
from pipeline.policies import Profile
from pipeline.store import tables as t
from pipeline.store.engine import read_only
from pipeline.supervise.explain import ConfidentialItem, explain, explain_zh
from pipeline.supervise.facts import Fines, load_facts
from pipeline.supervise.life import (
    Act,
    Clock,
    Role,
    StaleItem,
    TransitionForbidden,
    UnknownItem,
    clock_steps,
    extend,
    pause,
    reason_of,
    record,
    recordable,
    resume,
    steps,
    transition,
)
from pipeline.supervise.rules import CONFIDENTIAL, catalogue, run_rules
from pipeline.supervise.states import FINAL, State
from pipeline.supervise.writer import SuperviseResult, Writer

__all__ = [
    "FINAL",
    "Act",
    "Clock",
    "ConfidentialItem",
    "Role",
    "StaleItem",
    "State",
    "SuperviseResult",
    "TransitionForbidden",
    "UnknownItem",
    "clock_steps",
    "explain",
    "explain_zh",
    "extend",
    "ordinary",
    "pause",
    "reason_of",
    "record",
    "recordable",
    "replayed",
    "resume",
    "steps",
    "supervise",
    "transition",
]


def ordinary() -> sa.ColumnElement[bool]:
    """The condition every ordinary list, count and report must apply: no confidential items,
    that is none of level X and none about integrity leads at any level (M-06).
    """
    item = t.supervision_item.c
    return (item.level != CONFIDENTIAL) & item.problem_type.is_distinct_from(
        ProblemType.INTEGRITY.value
    )


def replayed(
    engine: sa.Engine, profile: Profile, as_of: date, fines: Fines | None = None
) -> list[dict]:
    """What the rules find with what was known on ``as_of``; nothing is written.

    Ordinary findings alone, each with its clause, by rule, window and subject.
    """
    with read_only(engine).connect() as connection:
        findings = run_rules(load_facts(connection, as_of, fines), profile)
    return [
        {
            "rule": one.rule,
            "level": one.level,
            "window": one.window,
            "subject": one.subject,
            "unit": one.unit,
            "problem_type": one.problem_type,
            "summary": one.summary,
            "clause": catalogue()[one.rule].clause(profile),
            "threshold_origin": catalogue()[one.rule].threshold_origin(profile),
            "numbers": one.numbers,
            "tickets": list(one.tickets),
        }
        for one in findings.found
        if one.level != CONFIDENTIAL and one.problem_type != ProblemType.INTEGRITY
    ]


def supervise(
    engine: sa.Engine, profile: Profile, as_of: date, fines: Fines | None = None
) -> SuperviseResult:
    """Apply the profile's rules to everything accepted up to ``as_of`` and write what changed.

    Run again for the same day it changes nothing. An item last changed after ``as_of`` is left
    as it is: an older view never takes back a newer one.
    """
    with read_only(engine).connect() as connection:
        facts = load_facts(connection, as_of, fines)
    findings = run_rules(facts, profile)
    resting = [f"{rule}：{why}" for rule, why in sorted(findings.resting.items())]
    resting += [f"{rule}：{what}" for rule, what in sorted(findings.notes.items())]
    with engine.begin() as connection:
        writer = Writer(connection, profile, facts)
        for finding in findings.found:
            writer.take(finding)
        writer.lapse(skipping=set(findings.resting))
        writer.escalate()
        return writer.flush(resting)
