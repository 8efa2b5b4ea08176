"""What a linter has to say: errors stop publication, warnings are printed in the 口径说明."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """``code`` is stable (for tests and tools); ``message`` is Chinese, for the analyst."""

    severity: Literal["error", "warning"]
    code: str
    message: str

    def as_json(self) -> dict:
        return {"severity": self.severity, "code": self.code, "message": self.message}


def error(code: str, message: str) -> Finding:
    return Finding("error", code, message)


def warning(code: str, message: str) -> Finding:
    return Finding("warning", code, message)


def is_blocked(findings: list[Finding]) -> bool:
    return any(finding.severity == "error" for finding in findings)
