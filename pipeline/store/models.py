"""Which model is in force: decisions between champion and challenger, append-only."""

from datetime import datetime

import sqlalchemy as sa

from pipeline.store import tables as t

PROMOTED, KEPT, REVERTED = "promoted", "kept", "reverted"
_c = t.model_decision.c


def in_force(connection: sa.Connection, base: str) -> sa.RowMapping | None:
    """The decision that put a challenger in force on ``base`` (corpus, parameters and code).

    None where the base's own model stands.
    """
    row = _newest(connection, base, PROMOTED, REVERTED)
    return row if row is not None and row["verdict"] == PROMOTED else None


def last_contest(connection: sa.Connection, base: str) -> sa.RowMapping | None:
    """The newest comparison on ``base``, whoever won."""
    return _newest(connection, base, PROMOTED, KEPT)


def _newest(connection: sa.Connection, base: str, *verdicts: str) -> sa.RowMapping | None:
    query = (
        sa.select(t.model_decision)
        .where(_c.base == base, _c.verdict.in_(verdicts))
        .order_by(_c.id.desc())
        .limit(1)
    )
    return connection.execute(query).mappings().one_or_none()


def decisions(connection: sa.Connection) -> list[dict]:
    """Every decision, the newest first."""
    query = sa.select(t.model_decision).order_by(_c.id.desc())
    return [dict(row) for row in connection.execute(query).mappings()]


def record_decision(
    connection: sa.Connection,
    at: datetime,
    *,
    base: str,
    champion: str,
    challenger: str,
    verdict: str,
    person: str,
    reason: str,
    figures: dict,
    gold: list[int],
) -> int:
    """Append a decision and return its id."""
    return connection.execute(
        sa.insert(t.model_decision)
        .values(
            decided_at=at,
            base=base,
            champion=champion,
            challenger=challenger,
            verdict=verdict,
            person=person,
            reason=reason,
            figures_json=figures,
            gold_json=gold,
        )
        .returning(_c.id)
    ).scalar_one()
