"""争议罚款事项表: which penalties people dispute, by how many complaints and people, never by
amounts (M-10, M-13, M-14).
"""

from datetime import timedelta

import sqlalchemy as sa

from pipeline.domain.labels import ProblemType
from pipeline.domain.ledger import Column
from pipeline.policies import Profile
from pipeline.supervise.facts import people, voices
from pipeline.supervise.ledgers.period import Period
from pipeline.supervise.ledgers.sheet import (
    NEVER_BY_AMOUNT,
    NOT_A_FINDING,
    PEOPLE,
    WITHHELD,
    Sheet,
)
from pipeline.supervise.ledgers.tickets import Ticket, load_tickets, units_of
from pipeline.supervise.rules.penalty_words import is_about_a_fine, penalty_items

UNNAMED = "未写明处罚事项"


def matters_of(text: str) -> list[str]:
    """The penalties that a text about a fine names (R27's words); UNNAMED where it names none."""
    if not is_about_a_fine(text):
        return []
    return penalty_items(text) or [UNNAMED]


def disputed_fines(connection: sa.Connection, profile: Profile, period: Period) -> Sheet:
    """Penalties by number of complaints, then by name, within R27's days to the period's end."""
    days = int(profile.threshold("R27", "days").value)
    least = profile.threshold("R27", "tickets")
    groups: dict[str, list[Ticket]] = {}
    frame = 0
    tickets = load_tickets(connection, period, since=period.end - timedelta(days=days))
    for ticket in tickets:
        names = matters_of(ticket.text)
        frame += bool(names)
        for name in names:
            groups.setdefault(name, []).append(ticket)
    unnamed = groups.pop(UNNAMED, [])
    order = sorted(groups, key=lambda name: (-len(groups[name]), name))
    if unnamed:
        groups[UNNAMED] = unnamed
        order.append(UNNAMED)

    def labelled(name: str, kind: ProblemType) -> int:
        return sum(kind.value in ticket.labels for ticket in groups[name])

    rows = [
        (
            n,
            name,
            len(groups[name]),
            people(groups[name]),
            labelled(name, ProblemType.DISPROPORTIONATE),
            labelled(name, ProblemType.PROFIT_DRIVEN),
            labelled(name, ProblemType.ONE_SIZE_FITS_ALL),
            units_of(groups[name]),
            "达到" if name != UNNAMED and voices(groups[name]) >= least.value else "",
            "",
        )
        for n, name in enumerate(order, 1)
    ]
    return Sheet(
        columns=(
            Column("序号", 3),
            Column("处罚事项", 24),
            Column("件数", 5),
            Column("人数（不少于）", 6),
            Column("其中反映过罚失当", 7),
            Column("其中反映逐利执法", 7),
            Column("其中反映一刀切", 7),
            Column("涉及单位数", 6),
            Column("评估提示", 5),
            Column("法规部门评估意见", 22, is_open=True),
        ),
        rows=rows,
        empty="本期无争议罚款事项。",
        summary=f"涉及处罚的执法类投诉举报{frame}件；一件可涉及几个事项。" if rows else "",
        notes=(
            f"范围：至期末{days}日内受理、诉求提到处罚的执法类投诉举报（日数为系统默认值）。",
            f"评估提示：同一事项{least.value:g}件以上（{least.origin_zh}值，同一人只计一次）的为“达到”。",
            "处罚事项由诉求用词归并，用词表为系统默认，不是法定事项名称；供评估清理罚款规定参考。",
            NEVER_BY_AMOUNT,
            PEOPLE,
            NOT_A_FINDING,
            WITHHELD,
        ),
    )
