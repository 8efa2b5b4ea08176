"""What each list's own code gives: rows and how they were counted; the rest is the same for all."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.domain.ledger import Cell, Column

NOT_A_FINDING = "投诉内容是反映，不是认定；件数多少受车流、热线宣传等影响，不作单位之间的比较。"
WITHHELD = "另报事项按规定不列。"
NEVER_BY_AMOUNT = "只按件数、人数统计，不按罚款数额统计和排列（部方案M-10）。"
PEOPLE = "人数按来电人去重，未留联系方式的合计为1人，故为“不少于”。"


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of one list in their order, the sentence for none, one on the whole, and the 口径."""

    columns: Sequence[Column]
    rows: Sequence[tuple[Cell, ...]]
    empty: str
    notes: Sequence[str]
    summary: str = ""
