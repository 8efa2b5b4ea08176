"""An outside table of fines for R28: ``fines.csv`` with the headings 单位, 月份, 罚没收入."""

import csv
import re
from pathlib import Path

from pipeline.domain.errors import OperatorError
from pipeline.supervise.facts import Fines

_HEADINGS = ("单位", "月份", "罚没收入")


class FinesUnreadable(OperatorError, ValueError):
    """The table cannot be read; the message says which line."""


def read_fines(path: Path) -> Fines | None:
    """(Unit, month) → sum; None where there is no such file. Raises :class:`FinesUnreadable`."""
    if not path.exists():
        return None
    fines: dict[tuple[str, str], float] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if not set(_HEADINGS) <= set(rows.fieldnames or ()):
            raise FinesUnreadable(f"{path.name} 须有表头:{'、'.join(_HEADINGS)}。")
        for line, row in enumerate(rows, start=2):
            unit, month, amount = ((row[name] or "").strip() for name in _HEADINGS)
            is_month = re.fullmatch("[0-9]{4}-(?:0[1-9]|1[0-2])", month)
            if not (unit and is_month and re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", amount)):
                raise FinesUnreadable(
                    f"{path.name} 第 {line} 行不对:月份写作 2026-10,罚没收入写作数字。"
                )
            fines[unit, month] = float(amount)
    return fines
