"""断环清单 (which step of a ticket's way left no trace) and 未回应清单 (nobody was answered)."""

from collections.abc import Mapping
from datetime import date, datetime

import sqlalchemy as sa

from pipeline.domain.calendar import working_days_between
from pipeline.domain.ledger import Cell, Column
from pipeline.domain.ticket import Hotline, Status
from pipeline.policies import Profile
from pipeline.store import tables as t
from pipeline.supervise.ledgers.period import Period
from pipeline.supervise.ledgers.sheet import NOT_A_FINDING, WITHHELD, Sheet
from pipeline.supervise.ledgers.tickets import LEFT, Ticket, due_day, limit_day, load_tickets

STEPS = ("受理", "转办", "签收", "办理", "答复", "回访", "归档")
_HANDLED = frozenset(
    status.value
    for status in Status
    if status.is_closed or status in {Status.IN_PROGRESS, Status.EXTENDED, Status.REDONE}
)
_GAP, _AHEAD, _NOT_KEPT = "缺", "—", "未采集"


def _done(ticket: Ticket) -> dict[str, datetime | bool | None]:
    """Per step its time, True where it is done without one, None or False where it is not."""
    answered = bool(ticket.reply)
    return {
        "受理": ticket.accepted_at,
        "转办": ticket.dispatched_at,
        "签收": ticket.signed_at,
        "办理": ticket.closed_at or ticket.status in _HANDLED,
        "答复": (ticket.closed_at or True) if answered else None,
        "回访": ticket.visited_at or bool(ticket.visit_result),
        "归档": ticket.status == Status.ARCHIVED.value,
    }


def missing_steps(
    ticket: Ticket, kept: frozenset[str], visit_days: int, as_of: date
) -> tuple[str, ...]:
    """Steps of the way without a trace though a later one was reached or their time is over.

    ``kept`` are the steps that the hotline's exports show at all. A closed ticket needs its
    answer at once, its visit ``visit_days`` working days later, its filing as many after that.
    """
    done = _done(ticket)
    last = max(n for n, step in enumerate(STEPS) if done[step])
    gaps = {step for step in STEPS[:last] if not done[step]}
    if ticket.is_closed:
        if not done["答复"]:
            gaps.add("答复")
        for step, before in (("回访", ticket.closed_at), ("归档", ticket.visited_at)):
            limit = limit_day(before.date(), visit_days, as_of) if before else None
            if not done[step] and limit and limit < as_of:
                gaps.add(step)
    return tuple(step for step in STEPS if step in gaps & kept)


def _kept_steps(connection: sa.Connection, period: Period) -> Mapping[str, frozenset[str]]:
    """Hotline → steps that any of its tickets of the period shows (E1 or not)."""
    c = t.ticket.c
    columns = {
        "转办": sa.func.count(c.dispatched_at),
        "签收": sa.func.count(c.signed_at),
        "办理": sa.func.count(c.status),
        "答复": sa.func.count(c.reply),
        "回访": sa.func.count(sa.func.coalesce(c.visited_at, c.closed_at)).filter(
            c.visited_at.is_not(None) | c.visit_result.is_not(None)
        ),
        "归档": sa.func.count().filter(c.status == Status.ARCHIVED.value),
    }
    query = (
        sa.select(c.hotline, *columns.values())
        .where(c.accepted_at >= period.start, c.accepted_at < period.end)
        .group_by(c.hotline)
    )
    return {
        hotline: frozenset(("受理", *(step for step, n in zip(columns, counts, strict=True) if n)))
        for hotline, *counts in connection.execute(query)
    }


def broken_loop(connection: sa.Connection, profile: Profile, period: Period) -> Sheet:
    """One row for each complaint accepted in the period with a step missing, by unit and time."""
    kept = _kept_steps(connection, period)
    limit = profile.truck_driver_deadlines["visit_days"]
    visit_days = int(limit.value)
    found = []
    for ticket in load_tickets(connection, period):
        if ticket.status in LEFT:
            continue
        steps = kept[ticket.hotline]
        if gaps := missing_steps(ticket, steps, visit_days, period.as_of):
            found.append((ticket, gaps, steps))
    found.sort(key=lambda one: (one[0].where, one[0].accepted_at, one[0].id))
    rows = [
        (
            n,
            ticket.number,
            ticket.where,
            ticket.types_zh,
            ticket.status or "未填",
            *_marks(ticket, gaps, steps),
            "、".join(gaps),
        )
        for n, (ticket, gaps, steps) in enumerate(found, 1)
    ]
    resting = [
        f"{Hotline(hotline).name_zh}导出表没有"
        f"{'、'.join(step for step in STEPS if step not in steps)}的记录，不作判断。"
        for hotline, steps in sorted(kept.items())
        if len(steps) < len(STEPS)
    ]
    by_step = {step: sum(step in gaps for _, gaps, _ in found) for step in STEPS}
    counted = "，".join(f"{step}{n}件" for step, n in by_step.items() if n)
    return Sheet(
        columns=(
            Column("序号", 3),
            Column("工单", 14),
            Column("单位", 11),
            Column("反映类型", 7),
            Column("状态", 4),
            *(Column(step, 5) for step in STEPS),
            Column("断在何处", 6),
        ),
        rows=rows,
        empty="本期无断环工单。",
        summary=f"断环工单{len(rows)}件：{counted}（一件可缺多个环节）。" if rows else "",
        notes=(
            "范围：期间内受理的执法类投诉举报，不予受理和撤销的除外。",
            f"“{_GAP}”指后面的环节已有记录而本环节没有记录，或已办结而未答复、逾时未回访未归档；"
            f"“{_AHEAD}”指尚未进行到；“{_NOT_KEPT}”指导出表没有这一项，不要求补填。",
            f"办结后{visit_days}个工作日内回访：货车司机工单按{limit.source}，"
            "其他工单和归档时间比照执行，为系统默认值。",
            *resting,
            NOT_A_FINDING,
            WITHHELD,
        ),
    )


def _marks(ticket: Ticket, gaps: tuple[str, ...], kept: frozenset[str]) -> list[Cell]:
    marks = []
    for step, value in _done(ticket).items():
        if step in gaps:
            marks.append(_GAP)
        elif isinstance(value, datetime):
            marks.append(f"{value:%m-%d %H:%M}")
        elif value:
            marks.append("有")
        else:
            marks.append(_AHEAD if step in kept else _NOT_KEPT)
    return marks


def unanswered(connection: sa.Connection, profile: Profile, period: Period) -> Sheet:
    """Complaints past their day without an answer, and closed ones without, the oldest first."""
    rows: list[tuple[Cell, ...]] = []
    for ticket in load_tickets(connection, period, since=period.since(_STOCK_MONTHS)):
        if ticket.reply or ticket.status in LEFT:
            continue
        due, is_own = due_day(ticket, profile, period.as_of)
        is_over = due is not None and due < period.as_of
        if not (is_over or ticket.is_closed):
            continue
        days = working_days_between(due, period.as_of) if is_over else 0
        rows.append(
            (
                len(rows) + 1,
                ticket.number,
                f"{ticket.accepted_at:%Y-%m-%d %H:%M}",
                ticket.where,
                ticket.types_zh,
                ticket.status or "未填",
                f"{due:%Y-%m-%d}（{'平台' if is_own else '系统默认'}）" if due else "未定",
                days,
                {True: "是", False: "否", None: "未填"}[ticket.is_extended],
                ticket.return_count,
                ticket.urge_count,
                "已办结而无答复内容" if ticket.is_closed else "到期未答复",
            )
        )
    closed = sum(row[-1] == "已办结而无答复内容" for row in rows)
    return Sheet(
        columns=(
            Column("序号", 3),
            Column("工单", 15),
            Column("受理时间", 9),
            Column("单位", 15),
            Column("反映类型", 10),
            Column("状态", 6),
            Column("应答复日", 9),
            Column("已过工作日", 5),
            Column("延期", 4),
            Column("退单次数", 4),
            Column("催办次数", 4),
            Column("情形", 9),
        ),
        rows=rows,
        empty="本期无到期未回应的执法类投诉举报。",
        summary=f"未回应{len(rows)}件，其中已办结而无答复内容{closed}件。" if rows else "",
        notes=(
            f"范围：至期末{_STOCK_MONTHS}个月内受理、到期没有答复内容的执法类投诉举报，"
            "以及已办结而没有答复内容的；不予受理和撤销的除外。",
            "应答复日取平台所列时限；平台未列的按方案档的办理时限推算，为系统默认值。",
            "退单、催办次数为空的，是导出表没有这一项。",
            NOT_A_FINDING,
            WITHHELD,
        ),
    )


_STOCK_MONTHS = 6
