"""回访抽样: a stratified sample that anybody can draw again, and the list to call by."""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from math import ceil

import sqlalchemy as sa

from pipeline.domain.labels import ProblemType
from pipeline.domain.ledger import Cell, Column
from pipeline.domain.ticket import Satisfaction
from pipeline.policies import Profile
from pipeline.store import tables as t
from pipeline.supervise.facts import LABELLED, grouped
from pipeline.supervise.ledgers.period import Period
from pipeline.supervise.ledgers.sheet import WITHHELD, Sheet
from pipeline.supervise.ledgers.tickets import Ticket, load_tickets, withheld

REACHED = ("接通", "未接通", "拒访", "号码错误")
RESOLVED = ("已解决", "部分解决", "未解决")
RATINGS = tuple(rating.value for rating in Satisfaction if rating.is_valid_rating)
TICKET, REACHED_AT, RESOLVED_AT, RATING_AT, NOTE = "工单", "回访情况", "是否解决", "满意度", "备注"
CONTACT_COLUMNS = (Column("姓名", 5), Column("电话", 8))


def frame(connection: sa.Connection, period: Period) -> list[Ticket]:
    """Complaints closed in the period whose callers did not ask for secrecy."""
    tickets = load_tickets(connection, period, by=("closed_at",))
    return [ticket for ticket in tickets if not ticket.is_confidential]


def seed_of(profile: Profile, period: Period) -> str:
    return f"{profile.id}|{period.month}"


def draw(
    tickets: Sequence[Ticket],
    kept: Collection[int],
    *,
    ratio: float,
    least: int,
    seed: str,
) -> list[tuple[int, str]]:
    """(Ticket id, stratum) of the sample: of each unit ``ratio``, rounded up, and at least
    ``least``.

    The lot of a ticket depends on seed and number alone: not on the order of rows, nor on which
    others there are. Tickets in ``kept`` (drawn before) stay drawn.
    """
    drawn = []
    for stratum, members in sorted(grouped(tickets, lambda k: k.where).items()):
        size = min(len(members), max(least, ceil(Decimal(str(ratio)) * len(members))))
        by_lot = sorted(members, key=lambda k: (k.id not in kept, _lot(seed, k.number), k.id))
        already = sum(k.id in kept for k in members)
        drawn += [(k.id, stratum) for k in by_lot[: max(size, already)]]
    return drawn


def _lot(seed: str, number: str) -> str:
    return hashlib.sha256(f"{seed}|{number}".encode()).hexdigest()


def sampled(connection: sa.Connection, profile: Profile, period: Period) -> Sequence[sa.Row]:
    """The stored sample of the month with its answers, by unit and time.

    What became a lead, or secret, after it was drawn is no longer shown.
    """
    c, s = LABELLED.c, t.follow_up.c
    query = (
        sa.select(
            c.id, c.hotline, c.ticket_no, c.accepted_at, c.closed_at, c.verified, s.stratum,
            s.reached, s.resolved, s.satisfaction, s.note,
        )
        .join_from(t.follow_up, LABELLED, c.id == s.ticket_id)
        .where(
            s.profile == profile.id,
            s.month == period.month,
            c.is_confidential.is_not(True),
            c.primary_type.is_distinct_from(ProblemType.INTEGRITY.value),
            c.id.not_in(withheld()),
        )
        .order_by(s.stratum, c.accepted_at, c.id)
    )  # fmt: skip
    return connection.execute(query).all()


def follow_up_sheet(
    connection: sa.Connection,
    profile: Profile,
    period: Period,
    contacts: Mapping[int, tuple[str, str]] | None = None,
) -> Sheet:
    """The stored sample with what was filled in; ``contacts`` (name, phone) where permitted."""
    sample = sampled(connection, profile, period)
    rows: list[tuple[Cell, ...]] = [
        (
            n,
            f"{row.hotline}-{row.ticket_no}",
            row.stratum,
            f"{row.accepted_at:%Y-%m-%d}",
            f"{row.closed_at:%Y-%m-%d}" if row.closed_at else "",
            row.verified or "未填",
            *(contacts.get(row.id, ("未留", "未留")) if contacts is not None else ()),
            row.reached,
            row.resolved,
            row.satisfaction,
            row.note,
        )
        for n, row in enumerate(sample, 1)
    ]
    settings = profile.follow_up
    size = len(frame(connection, period))
    said = Counter(row.reached for row in sample if row.reached)
    filled = "，".join(f"{word}{said[word]}件" for word in REACHED if said[word]) or "尚未回填"
    return Sheet(
        columns=(
            Column("序号", 3),
            Column(TICKET, 14),
            Column("单位", 13),
            Column("受理日", 6),
            Column("办结日", 6),
            Column("核实", 5),
            *(CONTACT_COLUMNS if contacts is not None else ()),
            Column(REACHED_AT, 6, is_open=True, choices=REACHED),
            Column(RESOLVED_AT, 6, is_open=True, choices=RESOLVED),
            Column(RATING_AT, 6, is_open=True, choices=RATINGS),
            Column(NOTE, 14, is_open=True),
        ),
        rows=rows,
        empty="本期无可抽样的已办结执法类投诉举报。",
        summary=f"已办结{size}件，抽取{len(rows)}件；回访结果：{filled}。" if rows else "",
        notes=(
            "抽样框：期间内办结的执法类投诉举报，要求保密的除外。方案所称“已办结案件”是执法案件，"
            "本系统没有案件台账，以工单代替。",
            f"按单位分层，每层抽取{settings['ratio'].value:.0%}（{settings['ratio'].origin_zh}值，"
            f"进一取整），每层不少于{settings['least'].value:g}件（{settings['least'].origin_zh}值）。",
            f"抽签种子“{seed_of(profile, period)}”：同一种子、同一抽样框，任何人重抽结果相同；"
            "月内补办结的只增补，不换已抽中的。",
            f"填写“{REACHED_AT}”“{RESOLVED_AT}”“{RATING_AT}”“{NOTE}”后用命令回填；"
            "备注不写姓名、电话。",
            WITHHELD,
        ),
    )
