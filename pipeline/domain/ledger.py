"""A list to hand out (清单): plain values, so that the one who fills it knows no spreadsheet and
the one who prints it knows no rules.
"""

import re
from dataclasses import dataclass
from datetime import date

Cell = str | int | None

_BY_AMOUNT = re.compile(r"罚款(?:数额|金额|总额)|罚没|金额|数额|排名|名次|得分")


@dataclass(frozen=True, slots=True)
class Column:
    """``width`` in full-width characters. ``is_open``: left for people to fill in, with one of
    ``choices`` where there are any.
    """

    name: str
    width: float
    is_open: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ledger:
    """One list as it is handed out. ``empty`` is the sentence that stands where there is no row;
    ``notes`` say how it was counted (口径). Raises ValueError for rows of another width and for
    a column that would rank units or count by amounts of fines (M-10).
    """

    kind: str
    title: str
    plan: str  # the plan with its status, 已到期 where it expired
    period: str
    as_of: date
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str
    notes: tuple[str, ...]
    summary: str = ""
    is_expired: bool = False
    is_restricted: bool = False
    sign: tuple[str, ...] = ("制表人", "审核人", "日期")

    def __post_init__(self) -> None:
        if named := [c.name for c in self.columns if _BY_AMOUNT.search(c.name)]:
            raise ValueError(f"a ledger never counts or ranks by amount: {named}")
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"{self.kind}: a row is not as wide as the headings")

    @property
    def heading(self) -> str:
        """The line under the title: plan, period, day, number of rows."""
        parts = [f"方案：{self.plan}", f"期间：{self.period}", f"数据截至：{self.as_of:%Y-%m-%d}"]
        return "　".join([*parts, f"共{len(self.rows)}行"])

    @property
    def running(self) -> str:
        """What stands on every page."""
        kept = "　内部限权资料，不得复制、转发" if self.is_restricted else ""
        return f"{self.title}　{self.plan}{kept}"
