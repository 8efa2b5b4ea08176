"""Ledgers and lists to hand out (台账、清单), each under the name that the profile gives it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from pipeline.domain.errors import OperatorError
from pipeline.domain.ledger import Ledger
from pipeline.policies import Profile
from pipeline.supervise.ledgers.casebook import casebook
from pipeline.supervise.ledgers.fines import disputed_fines
from pipeline.supervise.ledgers.follow_up import follow_up_sheet
from pipeline.supervise.ledgers.handling import broken_loop, unanswered
from pipeline.supervise.ledgers.items import supervision_items
from pipeline.supervise.ledgers.period import Period, PeriodUnfit, period_of
from pipeline.supervise.ledgers.rectification import rectification
from pipeline.supervise.ledgers.referrals import referrals
from pipeline.supervise.ledgers.sheet import Sheet
from pipeline.supervise.ledgers.visits import visit_clues

__all__ = [
    "FOLLOW_UP",
    "KINDS",
    "Kind",
    "LedgerUnknown",
    "Period",
    "PeriodUnfit",
    "Sheet",
    "bound",
    "build",
    "kind_of",
    "period_of",
]


class LedgerUnknown(OperatorError, LookupError):
    """No list of that name; the message names those there are."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of list. ``own_words``: by what a profile's own name for it is known."""

    id: str
    name: str
    about: str
    rows: Callable[[sa.Connection, Profile, Period], Sheet]
    own_words: tuple[str, ...] = ()
    is_restricted: bool = False

    def title(self, profile: Profile) -> str:
        """The profile's name for the list, else the general one."""
        names = (*profile.ledgers, *(report.name for report in profile.reports))
        own = (name for name in names if any(word in name for word in self.own_words))
        # Of 错题本 and 执法典型案例错题本 the longer says more.
        return max(own, key=len, default=self.name)


FOLLOW_UP = Kind(
    "follow-up", "回访抽样名单", "按单位分层、可重抽的回访样本，可回填", follow_up_sheet
)

KINDS = {
    kind.id: kind
    for kind in (
        Kind("items", "监督事项清单", "未销号的监督事项", supervision_items, ("工作台账",)),
        Kind(
            "rectification", "突出问题整治清单", "新增、持续、销号、反弹的突出问题",
            rectification, ("整治清单", "问题清单"),
        ),
        Kind("broken-loop", "断环清单", "受理至归档缺哪一环节，逐单", broken_loop),
        Kind("unanswered", "未回应清单", "到期没有答复的工单", unanswered),
        Kind("visits", "查访线索表", "地点、时段、类型，不含投诉人信息", visit_clues),
        Kind("disputed-fines", "争议罚款事项表", "被争议的处罚事项，按件数", disputed_fines),
        FOLLOW_UP,
        Kind("casebook", "错题本", "核查属实、已去标识的案例", casebook, ("错题本",)),
        Kind("referrals", "移送清单", "另报事项，限纪检联络员", referrals, is_restricted=True),
    )
}  # fmt: skip


def kind_of(kind_id: str) -> Kind:
    """Raises :class:`LedgerUnknown`."""
    if kind_id not in KINDS:
        known = "、".join(f"{kind.id}({kind.name})" for kind in KINDS.values())
        raise LedgerUnknown(f"没有清单“{kind_id}”。现有:{known}")
    return KINDS[kind_id]


def build(connection: sa.Connection, kind: Kind, profile: Profile, period: Period) -> Ledger:
    """The list as it is handed out. The caller has checked who may have a restricted one."""
    return bound(kind, profile, period, kind.rows(connection, profile, period))


def bound(
    kind: Kind, profile: Profile, period: Period, sheet: Sheet, *, is_restricted: bool = False
) -> Ledger:
    """Rows and notes under title, plan and period."""
    return Ledger(
        kind=kind.id,
        title=kind.title(profile),
        plan=f"{profile.source_zh}　{_status(profile, period.as_of)}",
        period=period.text,
        as_of=period.as_of,
        columns=tuple(sheet.columns),
        rows=tuple(sheet.rows),
        empty=sheet.empty,
        notes=tuple(sheet.notes),
        summary=sheet.summary,
        is_expired=period.as_of > profile.valid_to,
        is_restricted=is_restricted or kind.is_restricted,
    )


def _status(profile: Profile, as_of: date) -> str:
    status = profile.status_zh(as_of)
    return f"「{status}」" if status != "有效" else status
