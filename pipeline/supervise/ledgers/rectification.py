"""突出问题整治清单: the problems of a period as 新增, 反弹, 持续 or 销号."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import sqlalchemy as sa

from pipeline.domain.ledger import Cell, Column
from pipeline.policies import Profile
from pipeline.store import tables as t
from pipeline.supervise.items import ordinary
from pipeline.supervise.ledgers.items import (
    CHANGED,
    Item,
    counted,
    due_text,
    items_on,
    missing_text,
    rule_title,
)
from pipeline.supervise.ledgers.period import Period
from pipeline.supervise.ledgers.sheet import NOT_A_FINDING, PEOPLE, WITHHELD, Sheet
from pipeline.supervise.rules import catalogue
from pipeline.supervise.states import State


def is_problem(item: Item) -> bool:
    """Whether an item is about a problem of a unit or of several people, not about one ticket."""
    rule = catalogue().get(item.rule)
    return rule is not None and rule.per != "ticket" and item.level in {"L2", "L3", "L4"}


def rectification(connection: sa.Connection, profile: Profile, period: Period) -> Sheet:
    """Problems of the period: 新增, 持续, 销号 or 反弹, by that, then by unit and day."""
    now = [
        item
        for item in items_on(connection, profile, period.end, raised_before=period.known_before)
        if is_problem(item) and item.arose_on < period.end.date()
    ]
    reopened = _reopened(connection, period)
    closings = _closings(connection, profile)
    rebound = profile.threshold("R26", "days")
    found: list[tuple[str, Item]] = []
    left: Counter[State] = Counter()
    for item in now:
        state = rectification_state(
            item, period, reopened, closings=closings, rebound_days=int(rebound.value)
        )
        if state:
            found.append((state, item))
        elif item.changed_at >= period.start and not item.is_open:
            left[item.state] += 1
    found.sort(key=lambda one: (_ORDER.index(one[0]), one[1].where, one[1].raised_on, one[1].id))
    numbers = counted(connection, (item for _, item in found))
    rows: list[tuple[Cell, ...]] = [
        (
            n,
            state,
            item.id,
            item.where,
            item.type_zh if item.problem_type else rule_title(item.rule),
            item.summary,
            *numbers[item.id],
            f"{item.level} {profile.levels[item.level]}",
            item.state.value,
            f"{item.raised_on:%Y-%m-%d}",
            due_text(item, period.as_of),
            missing_text(item) if item.is_open else "",
            "",
            "",
        )
        for n, (state, item) in enumerate(found, 1)
    ]
    states = Counter(state for state, _ in found)
    told = "，".join(f"{state}{states[state]}项" for state in _ORDER)
    others = "，".join(f"{state}{n}项" for state, n in sorted(left.items()))
    return Sheet(
        columns=(
            Column("序号", 3),
            Column("整治状态", 3),
            Column("编号", 3),
            Column("单位", 8),
            Column("问题", 6),
            Column("反映情况", 17),
            Column("件数", 3),
            Column("人数", 3),
            Column("级别", 6),
            Column("办理状态", 4),
            Column("提出日", 6.5),
            Column("期限", 6.5),
            Column("销号尚缺", 11),
            Column("整改措施", 9, is_open=True),
            Column("责任人", 4, is_open=True),
        ),
        rows=rows,
        empty="本期无突出问题。",
        summary=f"本期{told}" + (f"；另有{others}，不列入。" if others else "。"),
        notes=(
            "范围：按单位、按事项提出的督办及以上级别的监督事项；按单件工单提出的办理类事项不列。",
            "新增是反映在期间内受理的（数据在期末以后才到的，同样列入）；持续是以前受理、期末仍未销号的；"
            "销号是期间内经人工销号的；"
            f"反弹是期间内重开的，或同一单位同一规则同一类型销号后{rebound.value:g}日内又提出的"
            f"（日数为{rebound.origin_zh}值）。",
            f"办理状态是期末的，期末以后提出的是提出时的；“{CHANGED}”指其后又有办理。",
            "整改措施、责任人由责任单位填写。",
            PEOPLE,
            NOT_A_FINDING,
            WITHHELD,
        ),
    )


_ORDER = ("新增", "反弹", "持续", "销号")


def rectification_state(
    item: Item,
    period: Period,
    reopened: frozenset[int],
    *,
    closings: Mapping[tuple, Sequence[date]],
    rebound_days: int,
) -> str | None:
    """新增, 持续, 销号 or 反弹; None where it left otherwise or before the period."""
    if item.state is State.CLOSED:
        return "销号" if item.changed_at >= period.start else None
    if not item.is_open:
        return None
    if item.id in reopened:
        return "反弹"
    if item.arose_on < period.start.date():
        return "持续"
    since = item.raised_on - timedelta(days=rebound_days)
    before = closings.get(_likeness(item), ())
    return "反弹" if any(since <= day <= item.raised_on for day in before) else "新增"


def _likeness(item: Item) -> tuple:
    return item.rule, item.where, item.problem_type


def _reopened(connection: sa.Connection, period: Period) -> frozenset[int]:
    event = t.item_event.c
    return frozenset(
        connection.scalars(
            sa.select(event.item_id).where(
                event.to_state == State.REOPENED.value,
                event.from_state != State.REOPENED.value,
                event.at >= period.start,
                event.at < period.end,
            )
        )
    )


def _closings(connection: sa.Connection, profile: Profile) -> dict[tuple, list[date]]:
    """Likeness (rule, place, type) → the days on which such an item was closed."""
    event, item = t.item_event.c, t.supervision_item.c
    query = (
        sa.select(item.rule, item.unit, item.region, item.problem_type, event.at)
        .join(t.supervision_item, item.id == event.item_id)
        .where(
            item.profile == profile.id,
            event.to_state == State.CLOSED.value,
            event.from_state != State.CLOSED.value,
            ordinary(),
        )
    )
    days: dict[tuple, list[date]] = {}
    for rule, unit, region, problem_type, at in connection.execute(query):
        where = unit or (f"{region}（未填单位）" if region else "未填单位")
        days.setdefault((rule, where, problem_type), []).append(at.date())
    return days
