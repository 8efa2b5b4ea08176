"""What is still missing before an item may be closed (销号, domain D4)."""

from collections.abc import Collection, Sequence

from pipeline.supervise import replies
from pipeline.supervise.facts import Case

RECEIPT = "移送回执编号"
_CONCLUSION = "核实结论"
_CORRECTED = "属实问题已纠正"
_ANSWERED = "已答复并再次回访"
_L2 = (_CONCLUSION, "证据名录（执法记录仪、文书、案号）", _CORRECTED, _ANSWERED)

CONDITIONS: dict[str, tuple[str, ...]] = {
    "L0": (),
    "L1": ("承办单位回告原因与措施",),
    "L2": _L2,
    "L3": (*_L2, "约谈记录", "整改措施与时限"),
    "L4": (
        *_L2,
        "举一反三排查结果",
        "制度措施",
        "提级复查",
        "30日观察期无同类新增",
        "挂牌人批准摘牌",
    ),
    "X": (RECEIPT,),
}
"""By level. The signature of the one who closes is the closing event itself."""


_EXTRA = {"R25": ("廉政线索评估结论",)}
"""By rule: what its items need beside their level's conditions."""


def conditions(level: str, rule: str) -> tuple[str, ...]:
    return (*CONDITIONS[level], *_EXTRA.get(rule, ()))


def _met_by_tickets(cases: Sequence[Case]) -> set[str]:
    """Conditions that the tickets' own columns already show."""
    met = set()
    if cases and all(case.verified for case in cases):
        met.add(_CONCLUSION)
        if all(case.verified == "不属实" for case in cases):
            met.add(_CORRECTED)  # there is nothing to correct
    if cases and all(case.visited_at and replies.tells_something(case.reply) for case in cases):
        met.add(_ANSWERED)
    return met


def missing(level: str, cases: Sequence[Case], recorded: Collection[str], rule: str) -> list[str]:
    """Conditions of the level (and rule) neither recorded by a person nor shown by the tickets."""
    done = _met_by_tickets(cases) | set(recorded)
    return [condition for condition in conditions(level, rule) if condition not in done]
