"""Failed stops: list them, and let a named person clear one with a reason.

A clearance is a row of its own beside the verdict, which stays as it was; both are kept for good.
"""

from datetime import datetime

import sqlalchemy as sa

from pipeline.domain.errors import OperatorError
from pipeline.domain.names import find_names
from pipeline.domain.privacy import find_personal_data
from pipeline.store import tables as t
from pipeline.store.checks import open_stops, stops
from pipeline.store.engine import read_only

_MAX_PERSON = 40
_MAX_REASON = 500


class ClearingRefused(OperatorError):
    """The check cannot be cleared so; the Chinese message says why."""


def list_stops(engine: sa.Engine, *, with_cleared: bool = False) -> list[dict]:
    """Failed stops in the order they were found, those that hold something or all."""
    query = stops() if with_cleared else open_stops()
    with read_only(engine).connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def clear(engine: sa.Engine, check_id: int, person: str, reason: str, at: datetime) -> dict:
    """Clear one failed stop, audited, and return it with its clearance.

    Raises ClearingRefused for a check that is no failed stop, that somebody cleared before, and
    for a reason that is missing or that no report could print.
    """
    person, reason = person.strip(), " ".join(reason.split())
    if problem := _unfit(person, reason):
        raise ClearingRefused(problem)
    this = stops().where(t.check_result.c.id == check_id)
    try:
        with engine.begin() as connection:
            stop = connection.execute(this).mappings().one_or_none()
            if stop is None:
                raise ClearingRefused(f"没有编号 {check_id} 的未通过检查。")
            if stop["cleared_at"] is not None:
                raise ClearingRefused(_cleared_before(stop))
            values = {"check_id": check_id, "person": person, "reason": reason, "at": at}
            connection.execute(sa.insert(t.check_clearance).values(values))
            connection.execute(
                sa.insert(t.audit_event).values(
                    at=at,
                    person=person,
                    action="check_cleared",
                    subject=f"check:{check_id}",
                    detail_json={"check": stop["code"], "file": stop["file"], "reason": reason},
                )
            )
            return dict(connection.execute(this).mappings().one())
    except sa.exc.IntegrityError as error:  # somebody else did a moment ago
        with read_only(engine).connect() as connection:
            stop = connection.execute(this).mappings().one()
        raise ClearingRefused(_cleared_before(stop)) from error


def _cleared_before(stop: sa.RowMapping) -> str:
    day = f"{stop['cleared_at']:%Y-%m-%d}"
    return f"检查 {stop['check_id']} 已由{stop['cleared_by']}于 {day} 放行。"


def _unfit(person: str, reason: str) -> str | None:
    """Why the clearance could not be kept or printed, in Chinese; None where it can."""
    if not 1 <= len(person) <= _MAX_PERSON or not person.isprintable():
        return f"请写明由谁放行（姓名 1—{_MAX_PERSON} 个字）。"
    if not 1 <= len(reason) <= _MAX_REASON or not reason.isprintable():
        return f"请写明放行理由（1—{_MAX_REASON} 个字）。"
    if find_personal_data(f"{person} {reason}") or find_names(reason):
        return "放行理由要印入月报口径说明，不得写入他人姓名、电话、证件号、车牌等个人信息。"
    return None
