"""Rules about a ticket on its way: due soon, the truck drivers' limits, passed around, R23."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from pipeline.domain.calendar import add_working_days, working_days_between
from pipeline.domain.ticket import Status
from pipeline.policies import Profile
from pipeline.supervise import replies
from pipeline.supervise.facts import Case, Facts, people
from pipeline.supervise.rules.handling import due_date, is_open
from pipeline.supervise.rules.spec import Finding, Findings, per_ticket

TRUCK_DRIVER = "货车司机"
_HOTLINE = "12328"
_NOT_TAKEN = {
    Status.PENDING.value, Status.ACCEPTED.value, Status.DISPATCHED.value, Status.RETURNED.value,
}  # fmt: skip
_CLOSED = {s.value for s in Status if s.is_closed}


def due_soon(facts: Facts, profile: Profile, out: Findings) -> None:
    """R01: not closed, and due today or within one working day; the item is due as the ticket."""
    if facts.cases and not facts.has("status"):
        return out.rest("R01", "导出表没有状态一栏,无法判断是否办结")
    left = int(profile.threshold("R01", "days_left").value)
    soon = add_working_days(facts.as_of, left + 1) if facts.cases else facts.as_of
    for case in facts.recent:
        if case.status is None or not is_open(case) or case.is_extended:
            continue
        due, is_own = due_date(case, profile)
        if facts.as_of <= due < soon:
            origin = "平台所列时限" if is_own else "系统默认时限"
            what = f"应于{due:%Y-%m-%d}办结({origin}),即将到期"
            numbers = {"due": due.isoformat(), "due_origin": origin}
            finding = per_ticket("R01", "L1", case, what, **numbers)
            out.found.append(replace(finding, due_on=due))
    return None


def truck_drivers(facts: Facts, profile: Profile, out: Findings) -> None:
    """R06: the ministry's limits for truck drivers (2252): dispatch, reply, visit.

    They are the 12328 hotline's: a ticket of another channel has its own platform's limits.
    No known export tells when the unit reported back, so that this one limit rests.
    """
    ours = (case for case in facts.recent if case.hotline == _HOTLINE)
    cases = [case for case in ours if TRUCK_DRIVER in case.flags]
    if not cases:
        return None
    lacking = [zh for name, zh in _TRUCK_COLUMNS.items() if not facts.has(name)]
    if len(lacking) == len(_TRUCK_COLUMNS):
        return out.rest("R06", f"导出表没有{'、'.join(lacking)}")
    out.note("R06", f"“反馈”时限未核:导出表没有{'、'.join(['反馈时间', *lacking])}")
    limits = {name: setting.value for name, setting in profile.truck_driver_deadlines.items()}
    known = {name for name in _TRUCK_COLUMNS if facts.has(name)}
    for case in cases:
        if late := _late_steps(case, facts, limits, known):
            what = f"为货车司机投诉,{'、'.join(late)},建议标记省级提级管理"
            out.found.append(per_ticket("R06", "L2", case, what, late=late))
    return None


_TRUCK_COLUMNS = {"dispatched_at": "转办时间", "closed_at": "办结时间", "visited_at": "回访时间"}


def _late_steps(case: Case, facts: Facts, limits: dict, known: set[str]) -> list[str]:
    end = datetime.combine(facts.as_of + timedelta(days=1), time())
    late = []
    hours = timedelta(hours=limits["dispatch_hours"])
    is_moving = case.status not in {Status.REFUSED.value, Status.WITHDRAWN.value}
    dispatched = case.dispatched_at or (end if is_open(case) else None)
    if "dispatched_at" in known and dispatched and dispatched - case.accepted_at > hours:
        late.append(f"转办超过{limits['dispatch_hours']:g}小时")
    if "closed_at" in known and is_moving:
        start = (case.dispatched_at or case.accepted_at).date()
        answered = case.closed_at.date() if case.closed_at else facts.as_of
        is_known = case.closed_at or is_open(case)
        if is_known and _is_past(answered, start, limits["reply_days"]):
            late.append(f"回复超过{limits['reply_days']:g}个工作日")
    if "visited_at" in known and case.closed_at:
        visited = case.visited_at.date() if case.visited_at else facts.as_of
        if _is_past(visited, case.closed_at.date(), limits["visit_days"]):
            late.append(f"办结后回访超过{limits['visit_days']:g}个工作日")
    return late


def _is_past(day: date, start: date, days: float) -> bool:
    """Whether a limit of ``days`` working days after ``start`` ended before ``day``."""
    return day > start and working_days_between(start, day - timedelta(days=1)) >= days


def passed_around(facts: Facts, profile: Profile, out: Findings) -> None:
    """R24: returned twice or more, or nobody took it for five working days after dispatch."""
    if facts.cases and not facts.has("return_count") and not facts.has("status"):
        return out.rest("R24", "导出表没有退单次数或状态一栏")
    most = profile.threshold("R24", "returns").value
    days = int(profile.threshold("R24", "days_without_unit").value)
    for case in facts.recent:
        if not is_open(case):
            continue
        said, numbers = [], {}
        if (case.return_count or 0) >= most:
            said.append(f"退单、改派{case.return_count}次")
            numbers["returns"] = case.return_count
        start = (case.dispatched_at or case.accepted_at).date()
        is_waiting = case.status in _NOT_TAKEN and case.signed_at is None
        if is_waiting and working_days_between(start, facts.as_of) >= days:
            said.append(f"自{start:%Y-%m-%d}起{days}个工作日无人承办(状态:{case.status})")
            numbers["since"] = start.isoformat()
        if said:
            out.found.append(per_ticket("R24", "L2", case, "、".join(said), **numbers))
    return None


def not_really_closed(facts: Facts, profile: Profile, out: Findings) -> None:
    """R23: closed, but its reply or the caller's word says that it is not settled.

    One item per ticket; where its only fault is a reply used elsewhere or without content, one
    per place and month.
    """
    if facts.cases and not facts.has("reply"):
        return out.rest("R23", "导出表没有办理结果一栏")
    shared = replies.shared(
        facts.cases,
        least=int(profile.threshold("R23", "same_reply").value),
        length=int(profile.threshold("R23", "same_reply_length").value),
    )
    of_many: dict[tuple[str, str, str], list[tuple[Case, str]]] = {}
    for case in facts.recent:
        if case.closed_at is None and case.status not in _CLOSED:
            continue
        faults = replies.faults(case, shared)
        if len(faults) == 1 and replies.OF_MANY & set(faults):
            ((fault, told),) = faults.items()
            key = (fault, case.where or "未填单位", case.month)
            of_many.setdefault(key, []).append((case, told))
        elif faults:
            what = f"已办结,答复有待核对:{';'.join(faults.values())}(系统比对,供人工核定)"
            out.found.append(per_ticket("R23", "L2", case, what, reply_faults=list(faults)))
    out.found += [_of_many(*key, told) for key, told in of_many.items()]
    return None


def _of_many(fault: str, where: str, month: str, told: list[tuple[Case, str]]) -> Finding:
    """Tickets with no other fault than how their place answers: one item per place and month."""
    cases = [case for case, _ in told]
    n = len(cases)
    example = f"如{told[0][1]}" if n > 1 else told[0][1]
    return Finding(
        rule="R23",
        level="L2",
        subject=f"{where} · {fault}",
        window=month,
        summary=f"{where}:{month}受理、已办结的{n}件答复有待核对:{example}(系统比对,供人工核定)",
        tickets=tuple(sorted(case.id for case in cases)),
        unit=cases[0].unit,
        region=cases[0].region,
        numbers={"tickets": n, "people": people(cases), "reply_faults": [fault]},
    )
