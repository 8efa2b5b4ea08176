"""移送清单: confidential items, for the liaison alone."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from pipeline.domain.ledger import Column
from pipeline.policies import Profile
from pipeline.store import tables as t
from pipeline.store.bulk import among
from pipeline.store.vault import Vault
from pipeline.supervise.closing import RECEIPT
from pipeline.supervise.ledgers.items import Item, counted, due_text, items_on
from pipeline.supervise.ledgers.period import Period
from pipeline.supervise.ledgers.sheet import PEOPLE, Sheet
from pipeline.supervise.ledgers.tickets import limit_day
from pipeline.supervise.life import SEALED, reason_of

REFERRAL_DAYS = 15
"""Working days from the discovery of a lead to its referral (domain D1; 公开文本, 非本方案)."""


def referrals(
    connection: sa.Connection, profile: Profile, period: Period, vault: Vault | None = None
) -> Sheet:
    """移送清单: confidential items on the day. Only for the liaison, who is written down.

    ``vault`` opens the receipts, which are sealed.
    """
    items = items_on(connection, profile, period.known_before, confidential=True)
    receipts = _receipts(connection, items, period.known_before, vault)
    numbers, tickets = counted(connection, items), _ticket_numbers(connection, items)
    rows = []
    for n, item in enumerate(items, 1):
        limit = limit_day(item.raised_on, REFERRAL_DAYS, period.as_of)
        rows.append(
            (
                n,
                item.id,
                item.summary,
                item.where,
                "、".join(tickets[i] for i in item.tickets if i in tickets),
                *numbers[item.id],
                item.clause,
                item.state.value,
                f"{item.raised_on:%Y-%m-%d}",
                due_text(item, period.as_of),
                f"{limit:%Y-%m-%d}" if limit else "未定",
                receipts.get(item.id, ""),
                "",
            )
        )
    return Sheet(
        columns=(
            Column("序号", 3),
            Column("编号", 4),
            Column("线索概要", 13),
            Column("反映单位", 9),
            Column("工单", 14),
            Column("件数", 3),
            Column("人数", 3),
            Column("依据", 14),
            Column("状态", 6),
            Column("提出日", 7),
            Column("呈批期限", 6.5),
            Column("移送期限", 6.5),
            Column(RECEIPT, 8),
            Column("接收人", 6, is_open=True),
        ),
        rows=rows,
        empty="本期无移送事项。",
        notes=(
            "本清单由纪检联络员掌握，不入普通报告，不发被反映单位；系统内不因热线办结而关闭，"
            "凭移送回执编号销号。",
            "呈批期限为系统默认值；移送期限为发现之日起15个工作日，取自公开文本，不是本方案规定。",
            PEOPLE,
            "内容是反映，不是认定。",
        ),
    )


def _ticket_numbers(connection: sa.Connection, items: Iterable[Item]) -> dict[int, str]:
    ids = sorted({ticket_id for item in items for ticket_id in item.tickets})
    c = t.ticket.c
    query = sa.select(c.id, c.hotline, c.ticket_no).where(among(connection, c.id, ids))
    return {key: f"{hotline}-{number}" for key, hotline, number in connection.execute(query)}


def _receipts(
    connection: sa.Connection, items: Iterable[Item], before: datetime, vault: Vault | None
) -> dict[int, str]:
    event = t.item_event.c
    query = (
        sa.select(event.item_id, event.reason, event.sealed)
        .where(
            event.action == "record",
            event.at < before,
            among(connection, event.item_id, [item.id for item in items]),
        )
        .order_by(event.item_id, event.seq)
    )
    mark = f"{RECEIPT}:"
    return {
        row["item_id"]: said.removeprefix(mark)
        for row in connection.execute(query).mappings()
        if (said := reason_of(row, vault)).startswith(mark) or said == SEALED
    }
