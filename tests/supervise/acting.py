"""What tests of items do and look at: people's steps, and the rows that come of them."""

from datetime import date, datetime

import sqlalchemy as sa

from pipeline.policies import load_profile
from pipeline.store import tables as t
from pipeline.store.vault import Vault
from pipeline.supervise.items import Act, Role, record, transition

PROFILE = load_profile("mot-2024-25")
AS_OF = date(2026, 10, 20)
CONCRETE = "执法人员说这个月还差三台车的任务"


def stored_items(engine) -> list[dict]:
    with engine.connect() as connection:
        query = sa.select(t.supervision_item).order_by(t.supervision_item.c.id)
        return [dict(row) for row in connection.execute(query).mappings()]


def events_of(engine, item_id: int = 1) -> list[dict]:
    with engine.connect() as connection:
        query = sa.select(t.item_event).where(t.item_event.c.item_id == item_id)
        return [
            dict(row) for row in connection.execute(query.order_by(t.item_event.c.seq)).mappings()
        ]


def tickets_of(engine, item_id: int = 1) -> list[int]:
    with engine.connect() as connection:
        link = t.item_ticket.c
        return sorted(connection.scalars(sa.select(link.ticket_id).where(link.item_id == item_id)))


VAULT = Vault(b"k" * 40)


def act(
    version: int, person="李督察", reason="理由", *, role=Role.CHIEF, at=None, vault=VAULT
) -> Act:
    return Act(person, role, reason, at or datetime(2026, 10, 20, 9), version, vault)


def move(engine, item_id: int, *states: str, role=Role.CHIEF, at=None) -> None:
    for state in states:
        version = next(i for i in stored_items(engine) if i["id"] == item_id)["row_version"]
        transition(engine, item_id, state, act(version, role=role, at=at))


def record_all(engine, item_id: int, role=Role.CHIEF, reason="见卷宗第12号") -> None:
    item = next(i for i in stored_items(engine) if i["id"] == item_id)
    for n, condition in enumerate(item["missing_json"]):
        said = act(item["row_version"] + n, role=role, reason=reason)
        record(engine, item_id, condition, said)


def close(engine, item_id: int, at: datetime) -> None:
    move(engine, item_id, "督办中", "已反馈", "待销号", at=at)
    record_all(engine, item_id)
    move(engine, item_id, "已销号", at=at)


def set_matter(engine, matters: dict[int, int]) -> None:
    with engine.begin() as connection:
        connection.execute(sa.delete(t.matter))
        rows = [{"ticket_id": i, "matter_id": m} for i, m in matters.items()]
        connection.execute(sa.insert(t.matter), rows)
