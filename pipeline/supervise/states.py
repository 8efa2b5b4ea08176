"""The states and levels of an item, and what may follow what (domain D2, D4)."""

from enum import StrEnum

LEVELS = ("L0", "L1", "L2", "L3", "L4")


class State(StrEnum):
    PENDING = "待核"
    SUPERVISED = "督办中"
    ANSWERED = "已反馈"
    CLOSING = "待销号"
    CLOSED = "已销号"
    UNFOUNDED = "不属实"
    REFERRED = "转移送"
    ESCALATED = "升级"
    REOPENED = "重开"


FINAL = frozenset({State.CLOSED, State.UNFOUNDED, State.REFERRED})

_S = State
TRANSITIONS: dict[State, frozenset[State]] = {
    _S.PENDING: frozenset({_S.SUPERVISED, _S.UNFOUNDED, _S.REFERRED, _S.ESCALATED}),
    _S.SUPERVISED: frozenset({_S.ANSWERED, _S.UNFOUNDED, _S.REFERRED, _S.ESCALATED}),
    _S.ANSWERED: frozenset({_S.CLOSING, _S.SUPERVISED, _S.UNFOUNDED, _S.REFERRED, _S.ESCALATED}),
    _S.CLOSING: frozenset({_S.CLOSED, _S.SUPERVISED, _S.REFERRED}),
    _S.CLOSED: frozenset({_S.REOPENED}),
    _S.UNFOUNDED: frozenset({_S.REOPENED}),
    _S.REFERRED: frozenset(),
    _S.ESCALATED: frozenset({_S.SUPERVISED, _S.UNFOUNDED, _S.REFERRED}),
    _S.REOPENED: frozenset({_S.SUPERVISED, _S.UNFOUNDED, _S.REFERRED, _S.ESCALATED}),
}

CONFIDENTIAL_TRANSITIONS: dict[State, frozenset[State]] = {
    # A lead is referred, and closed by the receipt alone. 不属实 only where a review decision
    # took the lead's label away (the rule no longer holds): the hotline does not judge it.
    _S.PENDING: frozenset({_S.REFERRED, _S.UNFOUNDED}),
    _S.REFERRED: frozenset({_S.CLOSED}),
    _S.CLOSED: frozenset({_S.REOPENED}),
    _S.UNFOUNDED: frozenset({_S.REOPENED}),
    _S.REOPENED: frozenset({_S.REFERRED, _S.UNFOUNDED}),
}
