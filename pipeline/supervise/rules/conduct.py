"""Rules about what officers are said to have done. 反映, never 认定 (domain D5)."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from pipeline.domain.labels import ProblemType
from pipeline.policies import Profile
from pipeline.supervise.facts import Case, Facts, grouped, most_within, people, voices
from pipeline.supervise.rules import words
from pipeline.supervise.rules.spec import CONFIDENTIAL, Finding, Findings


def integrity_lead(facts: Facts, _profile: Profile, out: Findings) -> None:
    """R07: integrity leads marked certain. The summary tells nothing of their content."""
    recent = [case for case in facts.leads if case.accepted_at >= facts.since]
    for matter_id, cases in grouped(recent, lambda c: c.matter_id).items():
        first = cases[0]
        out.found.append(
            Finding(
                rule="R07",
                level=CONFIDENTIAL,
                subject=f"廉政线索({first.hotline}-{first.ticket_no})",
                window=f"matter-{matter_id}",
                summary=f"收到廉政线索反映{len(cases)}件,请按保密渠道呈批并移送纪检监察机关"
                "(系统默认:1个工作日内呈批、15个工作日内移送)",
                tickets=tuple(sorted(case.id for case in cases)),
                unit=first.unit,
                region=first.region,
                problem_type=ProblemType.INTEGRITY.value,
                numbers={"tickets": len(cases), "people": people(cases)},
            )
        )


def _month_zh(month: str) -> str:
    return f"{month[:4]}年{int(month[5:])}月"


def monthly(
    facts: Facts,
    rule: str,
    cases: Iterable[Case],
    *,
    what: str,
    level_of: Callable[[int], str | None],
    days: int = 30,
    problem_type: ProblemType | None = None,
    notes: Callable[[Sequence[Case]], dict] = lambda cases: {},
) -> list[Finding]:
    """One finding per place and month of ``cases``.

    ``level_of`` takes the most complaints within ``days`` days that end in the month (history
    counts), and answers None where there is nothing to raise. A ticket that names neither unit
    nor region stands alone.
    """
    found = []
    for where, all_of_it in grouped(
        cases, lambda c: c.where or f"工单{c.hotline}-{c.ticket_no}"
    ).items():
        for month, of_month in grouped(all_of_it, lambda c: c.month).items():
            if of_month[-1].accepted_at < facts.since:
                continue
            most = most_within(all_of_it, days, month=month)
            level = level_of(most)
            if level is None:
                continue
            n, persons = len(of_month), people(of_month)
            told = f"{n}件,不少于{persons}人" if n > 1 else "1件"
            earlier: list[Case] = []
            if most > voices(of_month):  # the peak stands on the month before: show those too
                earlier = [c for c in all_of_it if _shortly_before(c, of_month[0], days)]
                told += f"(另有此前{days}日内{len(earlier)}件)"
            if most > 1:
                told += f",{days}日内最多{most}件(同一人只计一次)"
            found.append(
                Finding(
                    rule=rule,
                    level=level,
                    subject=f"{where} · {what}",
                    window=month,
                    summary=f"{where}:{_month_zh(month)}{what}反映{told}",
                    tickets=tuple(sorted(case.id for case in (*earlier, *of_month))),
                    unit=of_month[0].unit,
                    region=of_month[0].region,
                    problem_type=problem_type.value if problem_type else None,
                    numbers={"month": month, "tickets": len(earlier) + n}
                    | {"people": people([*earlier, *of_month]), "most": most}
                    | ({"earlier": len(earlier)} if earlier else {})
                    | notes(of_month),
                )
            )
    return found


def _shortly_before(case: Case, first: Case, days: int) -> bool:
    is_before = case.month < first.month
    return is_before and first.accepted_at - case.accepted_at <= timedelta(days=days)


def _step(profile: Profile, rule: str) -> Callable[[int], str]:
    """L2 for one concrete complaint, L4 from the profile's number within its days."""
    limit = profile.threshold(rule, "tickets").value
    return lambda most: "L4" if most >= limit else "L2"


def profit_driven(facts: Facts, profile: Profile, out: Findings) -> None:
    """R14: profit-driven enforcement with a sum, a quota, a paper or a time."""
    kind = ProblemType.PROFIT_DRIVEN
    concrete = {
        case.id: kinds
        for case in facts.cases
        if kind.value in case.labels and (kinds := words.concrete_kinds(case.text))
    }

    def notes(cases: Sequence[Case]) -> dict:
        return {"concrete": sorted({k for case in cases for k in concrete[case.id]})}

    out.found += monthly(
        facts,
        "R14",
        (case for case in facts.cases if case.id in concrete),
        what="逐利执法具体",
        level_of=_step(profile, "R14"),
        days=int(profile.threshold("R14", "days").value),
        problem_type=kind,
        notes=notes,
    )


def entrapment(facts: Facts, profile: Profile, out: Findings) -> None:
    """R15: entrapment with time, place or plate."""
    kind = ProblemType.ENTRAPMENT

    def is_concrete(case: Case) -> bool:
        return bool(
            case.plate
            or case.place
            or words.has_time(case.text)
            or words.has_place(case.text)
            or words.has_plate(case.text)
        )

    out.found += monthly(
        facts,
        "R15",
        (case for case in facts.cases if kind.value in case.labels and is_concrete(case)),
        what="钓鱼执法具体",
        level_of=_step(profile, "R15"),
        days=int(profile.threshold("R15", "days").value),
        problem_type=kind,
    )


def qualification(facts: Facts, _profile: Profile, out: Findings) -> None:
    """R18: no papers shown, one officer alone, auxiliaries who enforce."""
    cases = (
        case
        for case in facts.cases
        if ProblemType.PROCEDURE.value in case.labels and words.QUALIFICATION.search(case.text)
    )
    out.found += monthly(
        facts,
        "R18",
        cases,
        what="主体资格(未亮证、单人、辅助人员执法)",
        level_of=lambda most: "L2",
        problem_type=ProblemType.PROCEDURE,
    )


def seizure(facts: Facts, _profile: Profile, out: Findings) -> None:
    """R19: seized without papers, not returned in time, or for a fee."""
    faults = {
        case.id: kinds
        for case in facts.cases
        if words.SEIZED.search(case.text)
        and (kinds := [k for k, p in words.SEIZURE_FAULT.items() if p.search(case.text)])
    }

    def notes(cases: Sequence[Case]) -> dict:
        return {"faults": sorted({k for case in cases for k in faults[case.id]})}

    cases = (case for case in facts.cases if case.id in faults)
    out.found += monthly(
        facts, "R19", cases, what="扣押手续与费用", level_of=lambda most: "L2", notes=notes
    )


_CONCENTRATED = (
    ProblemType.SELECTIVE,
    ProblemType.ROUGH,
    ProblemType.ONE_SIZE_FITS_ALL,
    ProblemType.DISPROPORTIONATE,
    ProblemType.ARBITRARY,
    ProblemType.INACTION,
)


def concentrated(facts: Facts, profile: Profile, out: Findings) -> None:
    """R29: concrete complaints (time and place) of one type gather at one unit.

    Below the limit they are L0, which needs no item: every ticket is in the store and counted.
    """
    limit = profile.threshold("R29", "tickets").value
    for kind in _CONCENTRATED:
        cases = (
            case
            for case in facts.cases
            if kind.value in case.labels
            and words.has_time(case.text)
            and (case.place or words.has_place(case.text))
        )
        out.found += monthly(
            facts,
            "R29",
            cases,
            what=f"{kind.name_zh}具体",
            level_of=lambda most: "L2" if most >= limit else None,
            days=int(profile.threshold("R29", "days").value),
            problem_type=kind,
        )


_INSPECTED = re.compile(
    "检查|查车|拦(?:车|停|下|我)|盘查|抽查|查(?:了|过)?[一两二三四五六七八九十0-9几好]+[次遍回趟]"
)


def inspected_again(facts: Facts, profile: Profile, out: Findings) -> None:
    """R17: overlapping inspections, or one business or vehicle complains of them twice in 30 days.

    A vehicle is a plate (masked) in the hands of one caller, a business a caller marked so.
    Complaints of one matter are one inspection.
    """
    limit = profile.threshold("R17", "tickets").value
    days = int(profile.threshold("R17", "days").value)
    kind = ProblemType.OVERLAPPING.value
    looked_at = [c for c in facts.cases if kind in c.labels or _INSPECTED.search(c.text)]
    for inspected, cases in grouped(looked_at, _inspected).items():
        overlapping = [case for case in cases if kind in case.labels]
        most = most_within(cases, days, lambda some: len({c.matter_id for c in some}))
        if cases[-1].accepted_at < facts.since or (most < limit and not overlapping):
            continue
        raised = cases if most >= limit else overlapping
        first, last = raised[0], raised[-1]
        parts = [f"反映多头重复执法{len(overlapping)}件"] if overlapping else []
        if most >= limit:
            parts.append(f"同一企业或车辆{days}日内最多{most}次因检查投诉")
        out.found.append(
            Finding(
                rule="R17",
                level="L2",
                subject=f"多头重复检查(首单{first.hotline}-{first.ticket_no})",
                window=f"{inspected[0]}-{first.id}",
                summary=f"{last.where or '未填单位'}:{'、'.join(parts)}",
                tickets=tuple(sorted(case.id for case in raised)),
                unit=last.unit,
                region=last.region,
                problem_type=kind if overlapping else last.primary,
                numbers={"tickets": len(raised), "people": people(raised), "most": most},
            )
        )


def _inspected(case: Case) -> tuple[str, object]:
    if case.caller_key and case.plate:
        return "vehicle", (case.caller_key, case.plate)
    if case.caller_key and "涉企" in case.flags:
        return "business", case.caller_key
    return "matter", case.matter_id
