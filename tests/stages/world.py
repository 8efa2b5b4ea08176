"""A store filled by hand with tickets of the corpus, for the life of a model."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from pipeline.store import tables as t
from pipeline.store.bulk import insert_rows

LANDED = datetime(2026, 11, 1, 2)


def add_tickets(engine: sa.Engine, told: Sequence[dict], first: int = 1, **values) -> list[int]:
    """One ticket for each (keys of the ticket table; title and content at least); their ids."""
    keys = list(range(first, first + len(told)))
    columns = ("title", "content", "accepted_at", "intake_channel", "region", "category")
    with engine.begin() as connection:
        if not connection.scalar(sa.select(sa.func.count()).select_from(t.export_file)):
            connection.execute(
                sa.insert(t.export_file).values(
                    id=1, sha256="0" * 64, name="a.csv", size_bytes=1, landed_at=LANDED,
                    as_of=LANDED.date(), state="loaded",
                )
            )  # fmt: skip
        rows = [
            {
                "id": key,
                "hotline": "12328",
                "ticket_no": f"N{key}",
                "text_hash": f"{key * 2654435761 % 2**32:032x}",
                "row_hash": f"{key:032x}",
                "state_at": LANDED,
                "version": 1,
                "first_file_id": 1,
                "first_row_no": key,
                "last_file_id": 1,
                "last_row_no": key,
                **{name: ticket.get(name) for name in columns},
            }
            | {"accepted_at": ticket.get("accepted_at", LANDED)}
            | values
            for key, ticket in zip(keys, told, strict=True)
        ]
        insert_rows(connection, t.ticket, rows)
    return keys


def decide(engine: sa.Engine, keys: Sequence[int], told: Sequence[dict], at: datetime) -> list[int]:
    """A supervisor's decision for each ticket, labelled as ``told``; their ids."""
    with engine.begin() as connection:
        return [
            connection.execute(
                sa.insert(t.review_decision)
                .values(
                    ticket_id=key, person="张三", decided_at=at, action="correct", is_current=True,
                    scope=ticket["scope"], primary_type=ticket["primary"],
                    labels_json=[x for x in (ticket["primary"], *ticket["secondary"]) if x],
                    evidence_json=ticket["evidence"],
                )
                .returning(t.review_decision.c.id)
            ).scalar_one()
            for key, ticket in zip(keys, told, strict=True)
        ]  # fmt: skip


def count(engine: sa.Engine, table: sa.Table, *where: sa.ColumnElement) -> int:
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table).where(*where))
