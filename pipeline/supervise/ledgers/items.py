"""Lists of supervision items as they stood on a day: what the events tell is replayed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from pipeline.domain.calendar import working_days_between
from pipeline.domain.labels import ProblemType
from pipeline.domain.ledger import Column
from pipeline.policies import ORIGIN_ZH, Profile
from pipeline.store import tables as t
from pipeline.store.bulk import among
from pipeline.supervise.items import ordinary
from pipeline.supervise.ledgers.period import Period
from pipeline.supervise.ledgers.sheet import NOT_A_FINDING, PEOPLE, WITHHELD, Sheet
from pipeline.supervise.rules import catalogue
from pipeline.supervise.states import FINAL, LEVELS, State

CHANGED = "此后已有变动"


@dataclass(frozen=True, slots=True)
class Item:
    """An item on a day: state, level, tickets and version are those of its last event by then."""

    id: int
    rule: str
    subject: str
    unit: str | None
    region: str | None
    problem_type: str | None
    summary: str
    clause: str
    threshold_origin: str
    missing: Sequence[str]
    raised_on: date
    due_on: date | None
    state: State
    level: str
    tickets: Sequence[int]
    changed_at: datetime
    numbers: Mapping[str, object]
    is_current: bool  # nothing has happened to it since that day
    arose_on: date  # when the newest complaint it was raised for came in

    @property
    def is_open(self) -> bool:
        return self.state not in FINAL

    @property
    def where(self) -> str:
        return self.unit or (f"{self.region}（未填单位）" if self.region else "未填单位")

    @property
    def type_zh(self) -> str:
        return ProblemType(self.problem_type).name_zh if self.problem_type else "—"


def items_on(
    connection: sa.Connection,
    profile: Profile,
    before: datetime,
    *,
    raised_before: datetime | None = None,
    confidential: bool = False,
) -> list[Item]:
    """Every item of the profile raised before that moment, as it then stood, in order of id.

    ``raised_before``: a later moment; those raised in between are told as they were raised.
    """
    event, item = t.item_event, t.supervision_item
    last = (
        sa.select(event.c.item_id, sa.func.max(event.c.seq).label("seq"))
        .where(
            (event.c.at < before) | ((event.c.seq == 1) & (event.c.at < (raised_before or before)))
        )
        .group_by(event.c.item_id)
        .subquery()
    )
    query = (
        sa.select(
            item.c.id, item.c.rule, item.c.subject, item.c.unit, item.c.region,
            item.c.problem_type, item.c.summary, item.c.clause, item.c.threshold_origin,
            item.c.missing_json, item.c.raised_on, item.c.due_on, event.c.to_state,
            event.c.level, event.c.ticket_ids_json, event.c.at, item.c.numbers_json,
            event.c.seq == item.c.row_version,
        )
        .join(last, last.c.item_id == item.c.id)
        .join(event, (event.c.item_id == last.c.item_id) & (event.c.seq == last.c.seq))
        .where(item.c.profile == profile.id, ~ordinary() if confidential else ordinary())
        .order_by(item.c.id)
    )  # fmt: skip
    rows = connection.execute(query).all()
    arose = _arose(connection, {row.id: row.raised_on for row in rows})
    return [Item(*row[:12], State(row[12]), *row[13:], arose[row.id]) for row in rows]


def _arose(connection: sa.Connection, raised_on: Mapping[int, date]) -> Mapping[int, date]:
    """Item → the day on which the newest complaint it was raised for came in.

    A month's export lands when the month is over: what it brings is that month's all the same.
    """
    event = t.item_event.c
    query = sa.select(event.item_id, event.ticket_ids_json).where(
        event.seq == 1, among(connection, event.item_id, sorted(raised_on))
    )
    raised_for = dict(connection.execute(query).all())
    c = t.ticket.c
    ids = sorted({ticket_id for tickets in raised_for.values() for ticket_id in tickets})
    times = dict(
        connection.execute(sa.select(c.id, c.accepted_at).where(among(connection, c.id, ids))).all()
    )

    def day(item_id: int) -> date:
        came = [times[i].date() for i in raised_for.get(item_id, ()) if i in times]
        return max(came, default=raised_on[item_id])

    return {item_id: day(item_id) for item_id in raised_on}


def counted(connection: sa.Connection, items: Iterable[Item]) -> Mapping[int, tuple[int, int]]:
    """Item → its tickets and its people, as its rule counted them where that still holds.

    Otherwise callers who left no number count as one.
    """
    items = list(items)
    ids = sorted({ticket_id for item in items for ticket_id in item.tickets})
    c = t.ticket.c
    query = sa.select(c.id, c.caller_key).where(among(connection, c.id, ids))
    callers = dict(connection.execute(query).all())

    def people(item: Item) -> int:
        said = item.numbers.get("people") if item.is_current else None
        return said if isinstance(said, int) else len({callers.get(i) for i in item.tickets})

    return {item.id: (len(item.tickets), people(item)) for item in items}


def _rank(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def due_text(item: Item, as_of: date) -> str:
    if item.is_current and "paused_on" in item.numbers:
        return "暂停计时"
    if item.due_on is None:
        return "未定"
    over = working_days_between(item.due_on, as_of) if item.due_on < as_of else 0
    return f"{item.due_on:%Y-%m-%d}" + (f"（已过{over}个工作日）" if over else "")


def missing_text(item: Item) -> str:
    return ("、".join(item.missing) or "无") if item.is_current else CHANGED


def supervision_items(connection: sa.Connection, profile: Profile, period: Period) -> Sheet:
    """Items that arose by the period's end, open on the day; the highest level first."""
    items = [
        item
        for item in items_on(connection, profile, period.known_before)
        if item.is_open and item.arose_on < period.end.date()
    ]
    items.sort(key=lambda i: (-_rank(i.level), i.due_on or date.max, i.id))
    numbers = counted(connection, items)
    rows = [
        (
            n,
            item.id,
            f"{item.level} {profile.levels[item.level]}",
            f"{item.rule} {rule_title(item.rule)}",
            item.summary,
            item.where,
            item.type_zh,
            *numbers[item.id],
            item.clause,
            ORIGIN_ZH[item.threshold_origin],
            item.state.value,
            f"{item.raised_on:%Y-%m-%d}",
            due_text(item, period.as_of),
            missing_text(item),
        )
        for n, item in enumerate(items, 1)
    ]
    levels = Counter(item.level for item in items)
    told = "，".join(f"{profile.levels[k]}{levels[k]}项" for k in reversed(LEVELS) if levels[k])
    return Sheet(
        columns=(
            Column("序号", 3),
            Column("编号", 3),
            Column("级别", 6),
            Column("规则", 6),
            Column("反映情况", 17),
            Column("单位", 8),
            Column("反映类型", 5),
            Column("件数", 3),
            Column("人数", 3),
            Column("依据", 15),
            Column("阈值来源", 4),
            Column("状态", 4),
            Column("提出日", 6.5),
            Column("期限", 6.5),
            Column("销号尚缺", 12),
        ),
        rows=rows,
        empty="本期无未销号的监督事项。",
        summary=f"未销号监督事项{len(rows)}项：{told}。" if rows else "",
        notes=(
            "每一项都是供具名人员决定的建议，须经审核后办理，系统不自动发送。",
            "阈值来源为系统默认的，触发条件是本系统的默认值，不是文件规定。",
            f"期限自提出次日起按工作日计算，天数为系统默认值；“{CHANGED}”指数据截至日以后又有办理。",
            PEOPLE,
            NOT_A_FINDING,
            WITHHELD,
        ),
    )


def rule_title(rule: str) -> str:
    known = catalogue().get(rule)
    return known.title if known else "（规则已停用）"
