"""Flags of a ticket (guide §6) by pattern; 廉政:明确 by the two-of-three rule (guide §4, T12)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pipeline.classify.text import Batch

INTEGRITY, INTEGRITY_CLEAR = "廉政", "廉政:明确"

# The three kinds of detail that make a suspicion a lead: who, what, when or where.
_WHO = re.compile(
    "[\u4e00-\u9fff](?:某某?|队长|站长|科长|主任|所长|局长|队|站)|姓.|工号|警号|车牌|尾号|"
    "(?:副)?(?:大|中)?队长|站长|科长|绰号|外号|叫.{1,3}的|微信名|个人(?:微信|收款码|账户)"
)
_WHAT = re.compile(
    "[0零一二两三四五六七八九十百千万几]+(?:多)?(?:元|块|万|千|百|条|箱|瓶)|转账|红包|截图|收款码|"
    "现金|账本|[条箱](?:烟|酒)|购物卡|加油卡"
)
_WHEN_WHERE = re.compile(
    "00?月|0+[:点]|昨|今天|前天|上周|当晚|当天|[上下]午|"
    "[省市县区镇乡][\u4e00-\u9fff]{0,8}(?:站|点|口|队|路)|"
    "[sgx]0{2,3}|治超[站点]|超限站|检查站|检测站|停车场|收费站|国道|省道|高速"
)


@dataclass(frozen=True)
class FlagRules:
    """``rules``: flag → {any, not} as in models/lexicon/flags.yaml."""

    rules: Mapping[str, Mapping[str, str]]

    @cached_property
    def _compiled(self) -> list[tuple[str, re.Pattern, re.Pattern | None]]:
        return [
            (
                flag,
                re.compile(rule["any"]),
                re.compile(rule["not"]) if "not" in rule else None,
            )
            for flag, rule in self.rules.items()
        ]

    def matched(self, batch: Batch) -> list[list[str]]:
        """For each ticket of the batch the flags whose rule holds, in the order of the rules.

        Each pattern runs once over the joined text; none matches across tickets.
        """
        flags: list[list[str]] = [[] for _ in range(len(batch))]
        for flag, wanted, barred in self._compiled:
            found = _tickets(wanted, batch)
            if barred and found:
                found -= _tickets(barred, batch)
            for ticket in found:
                flags[ticket].append(flag)
        return flags

    def of(
        self, batch: Batch, ticket: int, matched: Sequence[str], learned: Sequence[str] = ()
    ) -> list[str]:
        """Flags of one ticket: the ``learned`` ones, then those of a rule (:meth:`matched`)."""
        flags = [*learned, *(flag for flag in matched if flag not in learned)]
        if INTEGRITY in flags and is_clear(batch.normalised(ticket)):
            flags.append(INTEGRITY_CLEAR)
        return flags


def _tickets(pattern: re.Pattern, batch: Batch) -> set[int]:
    starts = [match.start() for match in pattern.finditer(batch.spoken)]
    return set(batch.owner[starts].tolist()) if starts else set()


def is_clear(text: str) -> bool:
    """Two or more of: person or post or plate; sum, goods or transfer; time or place."""
    return sum(bool(kind.search(text)) for kind in (_WHO, _WHAT, _WHEN_WHERE)) >= 2
