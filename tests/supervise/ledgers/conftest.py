"""Ledgers built from a store of a few lines; items written with their events as they stood."""

from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.domain.ledger import Ledger
from pipeline.policies import load_profile
from pipeline.store import tables as t
from pipeline.supervise.ledgers import build, kind_of, period_of

GOLDEN = Path(__file__).parent / "golden"


class Desk:
    """``ledger`` builds one; ``item`` writes a supervision item with its events."""

    def __init__(self, engine: sa.Engine, store) -> None:
        self.engine, self.store, self.last = engine, store, 0

    def ledger(
        self, kind: str, month="2026-10", as_of="2026-11-20", profile="mot-2024-25"
    ) -> Ledger:
        self.store.save()
        day = date.fromisoformat(as_of) if as_of else None
        period = period_of(month, day, date(2026, 11, 20))
        with self.engine.connect() as connection:
            return build(connection, kind_of(kind), load_profile(profile), period)

    def rows(self, kind: str, *columns: str, **asked) -> list[tuple]:
        """The named columns of a list's rows."""
        ledger = self.ledger(kind, **asked)
        places = [[c.name for c in ledger.columns].index(name) for name in columns]
        return [tuple(row[p] for p in places) for row in ledger.rows]

    def item(self, raised: str, *events: tuple[str, str], tickets=(), **columns) -> int:
        """``events``: (moment, state reached) after the raising."""
        self.store.save()
        self.last += 1
        steps = [(f"{raised} 00:00", "待核"), *events]
        row = {
            "id": self.last,
            "item_key": f"key-{self.last}",
            "profile": "mot-2024-25",
            "rule": "R14",
            "level": "L2",
            "subject": "青原县大队 · 逐利执法具体",
            "unit": "青原县大队",
            "region": "青原县",
            "problem_type": "profit_driven",
            "summary": f"青原县大队:反映之{self.last}",
            "clause": "「聚焦」(交办法〔2024〕25号,M-07)",
            "threshold_origin": "default",
            "numbers_json": {},
            "missing_json": ["核实结论"],
            "state": steps[-1][1],
            "raised_on": date.fromisoformat(raised),
            "due_on": date(2026, 11, 2),
            "updated_on": datetime.fromisoformat(steps[-1][0]).date(),
            "row_version": len(steps),
        } | columns
        before = [None, *(state for _, state in steps)]
        history = [
            {
                "item_id": self.last,
                "seq": n,
                "at": datetime.fromisoformat(at),
                "person": "李督察",
                "action": "raise" if n == 1 else "transition",
                "from_state": before[n - 1],
                "to_state": state,
                "level": row["level"],
                "reason": "理由",
                "ticket_ids_json": list(tickets),
            }
            for n, (at, state) in enumerate(steps, 1)
        ]
        links = [{"item_id": self.last, "ticket_id": ticket_id} for ticket_id in tickets]
        with self.engine.begin() as connection:
            connection.execute(sa.insert(t.supervision_item), row)
            connection.execute(sa.insert(t.item_event), history)
            if links:
                connection.execute(sa.insert(t.item_ticket), links)
        return self.last


@pytest.fixture
def desk(engine, store) -> Desk:
    return Desk(engine, store)


def as_text(ledger: Ledger) -> str:
    """Everything a list says, a line each."""
    lines = [ledger.title, ledger.heading, ledger.summary]
    lines.append(" | ".join(column.name for column in ledger.columns))
    lines += [" | ".join("" if cell is None else str(cell) for cell in row) for row in ledger.rows]
    lines += ledger.notes if ledger.rows else [ledger.empty, *ledger.notes]
    return "\n".join(lines) + "\n"


@pytest.fixture
def golden():
    """Compare with a golden file; one that is missing is written, and the test fails."""

    def compare(ledger: Ledger) -> None:
        path = GOLDEN / f"{ledger.kind}.txt"
        if not path.exists():
            path.write_text(as_text(ledger), encoding="utf-8")
            pytest.fail(f"{path.name} was missing and is written: please review it")
        assert as_text(ledger) == path.read_text(encoding="utf-8")

    return compare
