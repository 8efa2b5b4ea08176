"""The life of an item: who may do what in which state, and the person's decisions.

Every change is one event, and an item's ``row_version`` is the number of its events: whoever
decides names the version he saw, so that two people (or a person and the night) never overwrite
each other. What a person writes about a confidential item is sealed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa

from pipeline.domain.calendar import add_working_days, working_days_between
from pipeline.domain.errors import OperatorError
from pipeline.store import tables as t
from pipeline.store.vault import Vault
from pipeline.supervise.closing import RECEIPT, conditions, missing
from pipeline.supervise.rules.spec import CONFIDENTIAL
from pipeline.supervise.states import CONFIDENTIAL_TRANSITIONS, FINAL, LEVELS, TRANSITIONS, State

SYSTEM = "system"
SEALED = "(保密内容已加密)"
KEPT = ("recorded", "paused_on", "days_left", "extended_to", "recurred_as")
"""Of an item's numbers, those that come from its life and not from the rule."""


class UnknownItem(OperatorError, LookupError):
    """No such item (or none that the caller may see)."""


class StaleItem(Exception):
    """The item changed since the person looked at it."""


class TransitionForbidden(ValueError):
    """The step is not in the table, or what it needs is missing; the message says which."""


class Clock(StrEnum):
    """What may be done to an item's deadline."""

    PAUSE = "暂停计时"
    RESUME = "恢复计时"
    EXTEND = "延期"


class Role(StrEnum):
    """Who acts on items. The desk has more roles; these it shares by name."""

    SUPERVISOR = "监督员"
    CHIEF = "负责人"
    LIAISON = "纪检联络员"


_OF_THE_CHIEF = frozenset(
    {State.SUPERVISED, State.CLOSED, State.UNFOUNDED, State.REFERRED, State.REOPENED}
)
"""Of L3 and L4, which are suggestions for a named approver (domain D2)."""

_TAKEN_OFF = "挂牌人批准摘牌"


@dataclass(frozen=True, slots=True)
class Act:
    """Who does something to an item, why and when, and the version he saw.

    ``vault`` seals what is written about a confidential item, and is needed for those alone.
    """

    person: str
    role: str
    reason: str
    at: datetime
    expected_version: int
    vault: Vault | None = None


def allowed(level: str, state: State) -> frozenset[State]:
    """The states that may follow (conditions and roles may still refuse some)."""
    table = CONFIDENTIAL_TRANSITIONS if level == CONFIDENTIAL else TRANSITIONS
    return table.get(state, frozenset())


def permitted(level: str, state: State, role: str) -> frozenset[State]:
    """Of the states that may follow, those this role may choose."""
    steps = allowed(level, state)
    if level == CONFIDENTIAL:
        return steps if role == Role.LIAISON else frozenset()
    if role == Role.SUPERVISOR:
        return steps - (_OF_THE_CHIEF if level in {"L3", "L4"} else {State.REFERRED})
    return steps if role in set(Role) else frozenset()


def steps(item: Mapping, role: str) -> list[State]:
    """The states that this role may choose next for this item as it stands, in order."""
    level = item["level"]
    found = set(permitted(level, State(item["state"]), role))
    if level == CONFIDENTIAL and "lapsed_on" not in item["numbers_json"]:
        found.discard(State.UNFOUNDED)  # a lead that stands is referred, not judged
    if item["missing_json"]:
        found.discard(State.CLOSED)
    if level == LEVELS[-1]:
        found.discard(State.ESCALATED)
    return [state for state in State if state in found]


def recordable(item: Mapping, role: str) -> list[str]:
    """The closing conditions this role may record as met."""
    may = {Role.LIAISON} if item["level"] == CONFIDENTIAL else set(Role)
    if role not in may or item["state"] in {State.CLOSED, State.UNFOUNDED}:
        return []
    not_his = {_TAKEN_OFF} if role == Role.SUPERVISOR else set()
    return [c for c in item["missing_json"] if c not in not_his]


def transition(engine: sa.Engine, item_id: int, to_state: str, act: Act) -> int:
    """Move an item on in a person's name; returns its new version.

    升级 raises the level by one. Raises :class:`UnknownItem`, :class:`StaleItem` where the version
    is not the item's, :class:`TransitionForbidden` for a step outside the table or not the
    role's, for one without person or reason, and for 已销号 while a closing condition is missing.
    """
    target = State(to_state)
    with engine.begin() as connection:
        item = _locked(connection, item_id, act)
        state, level = State(item["state"]), item["level"]
        if target not in allowed(level, state):
            raise TransitionForbidden(f"监督事项 {item_id} 不能从“{state}”到“{target}”。")
        if target not in permitted(level, state, act.role):
            raise TransitionForbidden(f"“{act.role}”不能把监督事项 {item_id} 转为“{target}”。")
        if target is State.CLOSED and item["missing_json"]:
            raise TransitionForbidden(f"还不能销号,缺:{'、'.join(item['missing_json'])}。")
        holds = "lapsed_on" not in item["numbers_json"]
        if target is State.UNFOUNDED and level == CONFIDENTIAL and holds:
            raise TransitionForbidden("廉政线索只能移送并凭回执销号。")
        changes: dict = {"state": target.value}
        if target is State.ESCALATED:
            changes |= one_level_up(item)
        if target is State.REOPENED:
            changes |= cleared(item)
        return _write(connection, item, changes, "transition", act)


def record(engine: sa.Engine, item_id: int, condition: str, act: Act) -> int:
    """Record a closing condition (D4) as met; the act's reason says where the proof lies.

    A lead's receipt must bear its number. Raises as :func:`transition`; a condition that is not
    missing is forbidden.
    """
    with engine.begin() as connection:
        item = _locked(connection, item_id, act)
        if condition not in item["missing_json"] or item["state"] == State.CLOSED:
            raise TransitionForbidden(f"监督事项 {item_id} 不缺“{condition}”。")
        if condition not in recordable(item, act.role):
            raise TransitionForbidden(f"“{condition}”不由“{act.role}”登记。")
        if condition == RECEIPT and not re.search("[0-90-9]", act.reason):
            raise TransitionForbidden("须写明移送回执编号。")
        recorded = [*item["numbers_json"].get("recorded", []), condition]
        changes = {
            "missing_json": [c for c in item["missing_json"] if c != condition],
            "numbers_json": item["numbers_json"] | {"recorded": recorded},
        }
        return _write(connection, item, changes, "record", act, f"{condition}:")


# --- deadlines --------------------------------------------------------------------------------


def clock_steps(item: Mapping, role: str, today: date) -> list[Clock]:
    """What this role may do to the deadline of this item as it stands, on ``today``."""
    try:
        _approver(item, role)
    except TransitionForbidden:
        return []
    if "paused_on" in item["numbers_json"]:
        return [Clock.RESUME]
    if item["due_on"] is None:
        return []
    return [Clock.EXTEND] if item["due_on"] < today else [Clock.PAUSE, Clock.EXTEND]


def extend(engine: sa.Engine, item_id: int, days: int, act: Act) -> int:
    """Approve ``days`` more working days, counted from the deadline; returns the new version."""
    with engine.begin() as connection:
        item = _with_deadline(connection, item_id, act)
        if days < 1:
            raise TransitionForbidden("延期须至少一个工作日。")
        due = add_working_days(item["due_on"], days)
        numbers = item["numbers_json"] | {"extended_to": due.isoformat()}
        changes = {"due_on": due, "numbers_json": numbers}
        told = f"延期{days}个工作日至{due:%Y-%m-%d}:"
        return _write(connection, item, changes, "extend", act, told)


def pause(engine: sa.Engine, item_id: int, act: Act) -> int:
    """Stop the clock (a check or a case elsewhere must come first); returns the new version."""
    with engine.begin() as connection:
        item = _with_deadline(connection, item_id, act)
        left = working_days_between(act.at.date(), item["due_on"])
        if left < 0:
            raise TransitionForbidden("已逾期,不能暂停,请延期或升级。")
        paused = {"paused_on": act.at.date().isoformat(), "days_left": left}
        changes = {"due_on": None, "numbers_json": item["numbers_json"] | paused}
        return _write(connection, item, changes, "pause", act, f"暂停计时,剩余{left}个工作日:")


def resume(engine: sa.Engine, item_id: int, act: Act) -> int:
    """Let the clock go on with the working days that were left; returns the new version."""
    with engine.begin() as connection:
        item = _locked(connection, item_id, act)
        _approver(item, act.role)
        if "paused_on" not in item["numbers_json"]:
            raise TransitionForbidden(f"监督事项 {item_id} 没有暂停计时。")
        due = add_working_days(act.at.date(), item["numbers_json"]["days_left"])
        gone = {"paused_on", "days_left"}
        numbers = {k: v for k, v in item["numbers_json"].items() if k not in gone}
        changes = {"due_on": due, "numbers_json": numbers}
        told = f"恢复计时,期限{due:%Y-%m-%d}:"
        return _write(connection, item, changes, "resume", act, told)


def _with_deadline(connection: sa.Connection, item_id: int, act: Act) -> dict:
    item = _locked(connection, item_id, act)
    _approver(item, act.role)
    if item["due_on"] is None:
        raise TransitionForbidden(f"监督事项 {item_id} 没有在计的期限。")
    return item


def _approver(item: Mapping, role: str) -> None:
    is_lead = item["level"] == CONFIDENTIAL
    approver = Role.LIAISON if is_lead else Role.CHIEF
    if role != approver:
        raise TransitionForbidden(f"期限的暂停、恢复和延期须由{approver}批准。")
    # A lead that was referred still waits for its receipt.
    if State(item["state"]) in (FINAL - {State.REFERRED} if is_lead else FINAL):
        raise TransitionForbidden(f"监督事项 {item['id']} 已办结,没有期限。")


# --- reading and writing ----------------------------------------------------------------------


def reason_of(event: Mapping, vault: Vault | None) -> str:
    """An event's reason; of a confidential one in clear only with the vault."""
    if event["sealed"] is None or vault is None:
        return event["reason"]
    return vault.open(event["sealed"], "item_event").decode()


def _locked(connection: sa.Connection, item_id: int, act: Act) -> dict:
    if not act.person.strip() or act.person == SYSTEM:
        raise TransitionForbidden("须由具名人员办理。")
    if not act.reason.strip():
        raise TransitionForbidden("须填写理由。")
    query = sa.select(t.supervision_item).where(t.supervision_item.c.id == item_id)
    row = connection.execute(query.with_for_update()).mappings().one_or_none()
    if row is None:
        raise UnknownItem(f"没有监督事项 {item_id}。")
    if row["row_version"] != act.expected_version:
        raise StaleItem(f"监督事项 {item_id} 已被他人更新,请刷新后再办。")
    return dict(row)


def one_level_up(item: Mapping) -> dict:
    """The level above, and what closing needs there beyond what the item already has."""
    index = LEVELS.index(item["level"]) + 1
    if index == len(LEVELS):
        raise TransitionForbidden("已是最高级别,不能再升级。")
    level = LEVELS[index]
    had = set(conditions(item["level"], item["rule"])) - set(item["missing_json"])
    return {"level": level, "missing_json": missing(level, (), had, item["rule"])}


def cleared(item: Mapping) -> dict:
    """An item that opens again starts its closing conditions anew."""
    gone = {"recorded", "paused_on", "days_left", "extended_to"}
    numbers = {k: v for k, v in item["numbers_json"].items() if k not in gone}
    return {"missing_json": missing(item["level"], (), (), item["rule"]), "numbers_json": numbers}


def _write(  # noqa: PLR0917
    connection: sa.Connection, item: dict, changes: dict, action: str, act: Act, told: str = ""
) -> int:
    version = item["row_version"] + 1
    reason, sealed = f"{told}{act.reason}", None
    if CONFIDENTIAL in {item["level"], changes.get("level")}:
        if act.vault is None:
            raise TransitionForbidden("保密事项须加密登记,请在督查台办理。")
        reason, sealed = SEALED, act.vault.seal(reason.encode(), "item_event")
    items = t.supervision_item
    connection.execute(
        sa.update(items)
        .where(items.c.id == item["id"])
        .values(**changes, row_version=version, updated_on=max(item["updated_on"], act.at.date()))
    )
    tickets = connection.scalars(
        sa.select(t.item_ticket.c.ticket_id)
        .where(t.item_ticket.c.item_id == item["id"])
        .order_by(t.item_ticket.c.ticket_id)
    ).all()
    connection.execute(
        sa.insert(t.item_event),
        {
            "item_id": item["id"],
            "seq": version,
            "at": act.at,
            "person": act.person,
            "action": action,
            "from_state": item["state"],
            "to_state": changes.get("state", item["state"]),
            "level": changes.get("level", item["level"]),
            "reason": reason,
            "sealed": sealed,
            "ticket_ids_json": list(tickets),
        },
    )
    return version
