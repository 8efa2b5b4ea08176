"""What a person does with an item: ``pipeline.supervise.life`` says who may do what in which state
(domain D2: L3, L4 and X are suggestions for a named approver); the desk masks and audits.
"""

from datetime import datetime

import sqlalchemy as sa

from pipeline.domain.calendar import CalendarUnknown
from pipeline.domain.privacy import mask_text
from pipeline.review.audit import record as audit
from pipeline.review.people import Account
from pipeline.store.vault import Vault
from pipeline.supervise.items import (
    Act,
    Clock,
    StaleItem,
    State,
    TransitionForbidden,
    UnknownItem,
    clock_steps,
    extend,
    pause,
    record,
    recordable,
    resume,
    steps,
    transition,
)

ACTION_NAMES = {
    State.SUPERVISED: "转入督办",
    State.ANSWERED: "登记反馈",
    State.CLOSING: "提请销号",
    State.CLOSED: "销号",
    State.UNFOUNDED: "认定不属实",
    State.REFERRED: "转移送",
    State.ESCALATED: "升一级",
    State.REOPENED: "重开",
}


class Stale(Exception):
    """The item changed after the page was shown."""


class NotAllowed(ValueError):
    """Not a step for this role in this state; the Chinese message says why."""


def move(
    engine: sa.Engine,
    item: sa.RowMapping,
    to_state: str,
    account: Account,
    *,
    vault: Vault,
    reason: str,
    at: datetime,
    expected_version: int,
) -> None:
    """Raises Stale, NotAllowed."""
    if item["row_version"] != expected_version:
        raise Stale
    if to_state not in steps(item, account.role):
        raise NotAllowed("当前状态下，您的角色不能这样处理这项监督事项。")
    act = Act(account.name, account.role, mask_text(reason), at, expected_version, vault)
    _apply(lambda: transition(engine, item["id"], to_state, act))
    _write_down(engine, item, account, at, {"to_state": to_state})


def note_condition(
    engine: sa.Engine,
    item: sa.RowMapping,
    condition: str,
    account: Account,
    *,
    vault: Vault,
    note: str,
    at: datetime,
    expected_version: int,
) -> None:
    """Record a closing condition as met, with where the proof lies. Raises Stale, NotAllowed."""
    if item["row_version"] != expected_version:
        raise Stale
    if condition not in recordable(item, account.role):
        raise NotAllowed("这项条件已登记，或不由您的角色登记。")
    act = Act(account.name, account.role, mask_text(note), at, expected_version, vault)
    _apply(lambda: record(engine, item["id"], condition, act))
    _write_down(engine, item, account, at, {"condition": condition})


def set_clock(
    engine: sa.Engine,
    item: sa.RowMapping,
    step: str,
    account: Account,
    *,
    vault: Vault,
    reason: str,
    days: int | None,
    at: datetime,
    expected_version: int,
) -> None:
    """Pause or resume an item's deadline, or extend it by ``days`` working days.

    Raises Stale, NotAllowed.
    """
    if item["row_version"] != expected_version:
        raise Stale
    if step not in clock_steps(item, account.role, at.date()):
        raise NotAllowed("当前状态下，您的角色不能这样调整期限。")
    if step == Clock.EXTEND and days is None:
        raise NotAllowed("延期须填写工作日数。")
    act = Act(account.name, account.role, mask_text(reason), at, expected_version, vault)
    steps_taken = {
        Clock.PAUSE: lambda: pause(engine, item["id"], act),
        Clock.RESUME: lambda: resume(engine, item["id"], act),
        Clock.EXTEND: lambda: extend(engine, item["id"], days, act),
    }
    _apply(steps_taken[Clock(step)])
    _write_down(
        engine, item, account, at, {"clock": step, "days": days} if days else {"clock": step}
    )


def _apply(step) -> None:
    try:
        step()
    except StaleItem as error:
        raise Stale from error
    except (TransitionForbidden, UnknownItem, CalendarUnknown) as error:
        raise NotAllowed(str(error)) from error


def _write_down(
    engine: sa.Engine, item: sa.RowMapping, account: Account, at: datetime, detail: dict
) -> None:
    if account.client:
        detail |= {"client": account.client}
    with engine.begin() as connection:
        audit(connection, at, account.name, "transition", f"item:{item['id']}", detail=detail)
