"""What a step hands to the next one and to people: keys, counts and sentences, never rows."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class Status(IntEnum):
    """The exit codes of the command line (design contract)."""

    DONE = 0
    ATTENTION = 1
    FAILED = 2


@dataclass(frozen=True, slots=True)
class StageOutcome:
    """``keys`` are ids for the next step; ``counts`` are figures; ``messages`` are Chinese."""

    stage: str
    status: Status = Status.DONE
    keys: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    messages: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "stage": self.stage,
            "status": self.status.name.lower(),
            "keys": self.keys,
            "counts": self.counts,
            "messages": list(self.messages),
        }
