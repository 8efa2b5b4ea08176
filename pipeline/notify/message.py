"""A notice, and how it is put into words."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pipeline.domain.calendar import SHANGHAI

KINDS = {"raised": "新的监督事项", "escalated": "逾期升级", "overdue": "已逾期"}


class Undelivered(Exception):
    """The other side did not take it; the Chinese message says why, without any secret."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to say of one item. ``id`` stays the same through all attempts."""

    id: int
    kind: str
    created_at: datetime
    item_id: int
    rule: str
    rule_title: str
    level: str
    unit: str | None
    region: str | None
    due_on: date | None
    link: str | None

    def as_json(self) -> dict[str, Any]:
        """The webhook's body."""
        return {
            "id": self.id,
            "event": f"item.{self.kind}",
            "created_at": self.created_at.replace(tzinfo=SHANGHAI).isoformat(timespec="seconds"),
            "item": {
                "id": self.item_id,
                "rule": self.rule,
                "rule_title": self.rule_title,
                "level": self.level,
                "unit": self.unit,
                "region": self.region,
                "due_on": self.due_on.isoformat() if self.due_on else None,
                "link": self.link,
            },
        }

    def as_line(self) -> str:
        """The e-mail's paragraph."""
        where = "、".join(name for name in (self.unit, self.region) if name) or "单位不详"
        due = f"期限{self.due_on:%Y-%m-%d}" if self.due_on else "无期限"
        rule = f"{self.rule} {self.rule_title}".strip()
        lines = [
            f"【{KINDS[self.kind]}】事项{self.item_id}，{self.level}，{rule}，{where}，{due}。"
        ]
        return "\n".join([*lines, self.link] if self.link else lines)
