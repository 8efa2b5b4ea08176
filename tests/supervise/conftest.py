"""A builder that puts classified tickets into a store in one line each."""

import hashlib
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from pipeline.domain.ticket import FIELD_NAMES
from pipeline.policies import Profile, load_profile
from pipeline.store import tables as t
from pipeline.supervise.facts import load_facts
from pipeline.supervise.items import supervise
from pipeline.supervise.rules import run_rules
from tests.supervise.acting import AS_OF, CONCRETE, PROFILE


class Builder:
    """``add`` collects tickets, ``save`` writes them. Defaults: an open E1 ticket of one unit."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.rows: list[tuple[dict, dict]] = []
        self.next_id = 1
        with engine.begin() as connection:
            file = {
                "id": 1,
                "sha256": "0" * 64,
                "name": "a.xlsx",
                "size_bytes": 1,
                "as_of": date(2026, 1, 1),
                "landed_at": datetime(2026, 1, 1),
                "state": "loaded",
            }
            connection.execute(sa.insert(t.export_file), file)

    def add(
        self,
        accepted_at: str,
        *labels: str,
        scope: str = "E1",
        flags: tuple[str, ...] = (),
        evidence: dict | None = None,
        n: int = 1,
        **columns,
    ) -> int:
        """One ticket (or ``n`` alike, an hour apart, of different callers); the id of the last."""
        start = datetime.fromisoformat(accepted_at)
        for i in range(n):
            ticket_id, self.next_id = self.next_id, self.next_id + 1
            at = start + timedelta(hours=i)
            ticket = (
                dict.fromkeys(FIELD_NAMES)
                | {
                    "hotline": "12328",
                    "ticket_no": f"T{ticket_id:06d}",
                    "accepted_at": at,
                    "category": "投诉举报",
                    "status": "办理中",
                    "target_unit": "青原县大队",
                    "region": "青原县",
                    "caller_key": f"caller-{ticket_id}",
                    "content": f"反映事项之{ticket_id}",
                    "due_at": datetime(2027, 6, 30),
                    "first_file_id": 1,
                }
                | columns
            )
            text = f"{ticket['title'] or ''}\n{ticket['content']}"
            digest = hashlib.md5(text.encode()).hexdigest()  # noqa: S324
            ticket |= {
                "id": ticket_id,
                "text_hash": digest,
                "row_hash": digest,
                "state_at": at,
                "version": 1,
                "first_row_no": ticket_id,
                "last_file_id": 1,
                "last_row_no": ticket_id,
            }
            said = {
                "id": ticket_id,
                "ticket_id": ticket_id,
                "model_version": "test",
                "text_hash": digest,
                "is_current": True,
                "scope": scope,
                "score": 0.9,
                "primary_type": labels[0] if labels else None,
                "labels_json": list(labels),
                "scores_json": {},
                "evidence_json": evidence or {},
                "flags_json": list(flags),
                "review": False,
                "classified_at": at,
            }
            self.rows.append((ticket, said))
        return ticket_id

    def save(self) -> None:
        if not self.rows:
            return
        with self.engine.begin() as connection:
            connection.execute(sa.insert(t.ticket), [ticket for ticket, _ in self.rows])
            connection.execute(sa.insert(t.classification), [said for _, said in self.rows])
        self.rows = []

    def update(self, ticket_id: int, **columns) -> None:
        self.save()
        with self.engine.begin() as connection:
            connection.execute(
                sa.update(t.ticket).where(t.ticket.c.id == ticket_id).values(**columns)
            )

    def found(
        self,
        rule: str,
        as_of: str = "2026-11-20",
        profile: str | Profile = "mot-2024-25",
        fines: dict | None = None,
    ) -> list:
        """What one rule finds in the store as it stands."""
        profile = load_profile(profile) if isinstance(profile, str) else profile
        self.save()
        with self.engine.connect() as connection:
            facts = load_facts(connection, datetime.fromisoformat(as_of).date(), fines)
        return [f for f in run_rules(facts, profile).found if f.rule == rule]

    def resting(self, as_of: str = "2026-11-20", profile: str = "mot-2024-25") -> dict[str, str]:
        self.save()
        with self.engine.connect() as connection:
            facts = load_facts(connection, datetime.fromisoformat(as_of).date())
        return run_rules(facts, load_profile(profile)).resting


@pytest.fixture
def store(engine) -> Builder:
    return Builder(engine)


@pytest.fixture
def raised(store, engine):
    store.add("2026-10-12 08:00", "profit_driven", content=CONCRETE)
    store.save()
    result = supervise(engine, PROFILE, AS_OF)
    assert (result.raised, result.items) == (1, [1])
    return store
