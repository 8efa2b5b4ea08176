"""查访线索表: place × time of day × type, for unannounced visits; nobody can be told from it.

A line stands for at least the profile's ``min_cell`` people. Where a cell has fewer, its
complaints are counted with the type, the time of day or the place left out, until there are
enough; each complaint is in one line at most, so that no line can be had by subtraction.
"""

import re
from collections.abc import Sequence

import sqlalchemy as sa

from pipeline.domain.labels import ProblemType
from pipeline.domain.ledger import Column
from pipeline.domain.privacy import mask_text
from pipeline.policies import Profile
from pipeline.supervise.facts import grouped, people
from pipeline.supervise.ledgers.period import Period
from pipeline.supervise.ledgers.sheet import NOT_A_FINDING, PEOPLE, WITHHELD, Sheet
from pipeline.supervise.ledgers.tickets import Ticket, load_tickets

MONTHS = 3
SLOTS = ("凌晨（0—6时）", "上午（6—12时）", "下午（12—18时）", "夜间（18—24时）", "时段不详")
ALL = "（合并）"
NO_REGION = "未填地区"

_WORDS = {
    SLOTS[0]: re.compile("凌晨|后半夜|半夜"),
    SLOTS[1]: re.compile("早上|早晨|清晨|一早|上午|早高峰"),
    SLOTS[2]: re.compile("中午|午后|下午"),
    SLOTS[3]: re.compile("傍晚|晚上|晚高峰|夜间|夜里|深夜|[今昨前当]晚"),
}
_HOUR = re.compile(
    r"(?<![0-9])([01]?[0-9]|2[0-3])(?:时(?!间|段|限|候)|点(?!位|多钱)|[:：][0-5][0-9])"
)


def slot_of(text: str) -> str:
    """The time of day a text tells, in words or else by the clock; 不详 where it tells several.

    The time of the call is no answer: people call afterwards.
    """
    told = {slot for slot, pattern in _WORDS.items() if pattern.search(text)}
    told = told or {SLOTS[int(hour) // 6] for hour in _HOUR.findall(text)}
    return told.pop() if len(told) == 1 else SLOTS[-1]


def _place(ticket: Ticket) -> str:
    if ticket.place and ticket.place != ticket.region:
        return mask_text(ticket.place)
    return f"{ticket.target_unit}（未填地点）" if ticket.target_unit else ALL


def _type(ticket: Ticket) -> str:
    kind = ticket.primary_type
    return ProblemType(kind).name_zh if kind else "类型未定"


Key = tuple[str, str, str, str]
_DETAIL = ("place slot kind", "place slot", "place kind", "place", "kind")
"""What a line says beside its region, from all to least."""


def _key(ticket: Ticket, detail: str) -> Key | None:
    """Region, place, time and type as far as the detail goes; None where that is no clue: the
    region alone, or an unknown time instead of the type.
    """
    place = _place(ticket) if "place" in detail else ALL
    slot = slot_of(ticket.text) if "slot" in detail else ALL
    kind = _type(ticket) if "kind" in detail else ALL
    if kind == ALL and (slot == SLOTS[-1] or place == slot == ALL):
        return None
    return ticket.region or NO_REGION, place, slot, kind


def clues(tickets: Sequence[Ticket], least: int) -> tuple[list[tuple[Key, list[Ticket]]], int]:
    """Lines of at least ``least`` people, by region, place, time and type; and how many
    complaints stand in none.
    """
    left = list(tickets)
    lines: dict[Key, list[Ticket]] = {}
    for detail in _DETAIL:
        groups = grouped(left, lambda k, detail=detail: _key(k, detail))
        enough = {k: v for k, v in groups.items() if people(v) >= least}
        for k, group in enough.items():
            lines.setdefault(k, []).extend(group)
        taken = {ticket.id for group in enough.values() for ticket in group}
        left = [ticket for ticket in left if ticket.id not in taken]
    return sorted(lines.items(), key=lambda line: _order(line[0])), len(left)


def _order(key: Key) -> tuple:
    region, place, slot, kind = key
    return (
        region == NO_REGION,
        region,
        place == ALL,
        place,
        SLOTS.index(slot) if slot in SLOTS else -1,
        kind,
    )


def visit_clues(connection: sa.Connection, profile: Profile, period: Period) -> Sheet:
    """Where and when to look, from three months of complaints that end with the period."""
    least = int(profile.min_cell.value)
    tickets = load_tickets(connection, period, since=period.since(MONTHS))
    lines, left = clues(tickets, least)
    rows = [(n, *key, len(group), people(group), "") for n, (key, group) in enumerate(lines, 1)]
    scattered = f"{left}件" if left >= least else f"不足{least}件"
    return Sheet(
        columns=(
            Column("序号", 3),
            Column("地区", 7),
            Column("地点", 20),
            Column("时段", 9),
            Column("反映类型", 8),
            Column("件数", 5),
            Column("人数（不少于）", 6),
            Column("查访情况", 16, is_open=True),
        ),
        rows=rows,
        empty="本期无可列的查访线索。",
        summary=f"线索{len(rows)}条；另有零星反映{scattered}，不列。" if left else "",
        notes=(
            f"范围：至期末{MONTHS}个月内受理的执法类投诉举报（月数为系统默认值）；"
            "按地区、地点名称排列。",
            f"每条至少{least}人（{profile.min_cell.origin_zh}值）；不足的合并时段、类型或地点后再列，"
            f"标“{ALL}”，仍不足的不列，防止由线索推知投诉人。每件只在一条中计数。",
            "时段取自诉求所述的发生时间，不是来电时间；没有说明或说了几个时段的为“时段不详”。",
            "采取“四不两直”方式查访，不得向被查访单位透露线索来源。",
            PEOPLE,
            NOT_A_FINDING,
            WITHHELD,
        ),
    )
