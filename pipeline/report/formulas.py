"""Derived figures: a number computed from other numbers, written so that it can be checked.

``ratio(a,b)`` is 100 a/b in percent, null under the minimum n; ``change(a,b)`` is 100 (a-b)/b,
null under the minimum base; ``diff(a,b)``; ``median(a,…)``; ``band(a,b)`` is the band of a count
against its own median; ``manifest(path)`` is a value of the frozen manifest, or the length of a
list there. ``corrected(labelled,by_model,tickets,of_model;type)`` and its ``_low`` and ``_high``
are a share in percent, corrected for the model's errors of that type (see correction).
"""

import re
from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING

from pipeline.report.correction import Measured, corrected_share

if TYPE_CHECKING:
    from pipeline.report.policy import ReportPolicy

_FORMULA = re.compile(
    r"(ratio|change|diff|median|band|manifest|corrected(?:_low|_high)?)\(([^;]*)(?:;(\w+))?\)", re.S
)
SEPARATOR = ","  # no number contains one: figures.token() sees to it
_CORRECTED = ("corrected", "corrected_low", "corrected_high")


class Manifest(dict):
    """A frozen manifest that finds the rows of its lists by a key's value without a search each
    time: a large month has thousands of items, each with figures of its own."""

    def __init__(self, values: dict) -> None:
        super().__init__(values)
        self._found: dict[tuple[str, str], dict[str, list[dict]]] = {}

    def rows(self, name: str, key: str, value: str) -> list[dict]:
        """The rows of list ``name`` whose ``key`` is ``value``, written as text."""
        if (name, key) not in self._found:
            found: dict[str, list[dict]] = {}
            for row in self[name]:
                found.setdefault(str(row[key]), []).append(row)
            self._found[name, key] = found
        return self._found[name, key].get(value, [])


def parse(formula: str) -> tuple[str, list[str]]:
    """``"ratio(a,b)"`` → ``("ratio", ["a", "b"])``; raises ValueError for anything else."""
    match = _match(formula)
    return match[1], match[2].split(SEPARATOR)


def _match(formula: str) -> re.Match:
    match = _FORMULA.fullmatch(formula)
    if not match:
        raise ValueError(f"not a formula: {formula}")
    return match


def evaluate(
    formula: str,
    value_of: Callable[[str], float | None],
    manifest: Manifest,
    policy: "ReportPolicy",
) -> float | None:
    """The formula's value; null where an operand is null, or n or the base is too small."""
    name, operands = parse(formula)
    if name == "manifest":
        return _from_manifest(manifest, operands[0])
    values = [value_of(number) for number in operands]
    if any(value is None for value in values):
        return None
    if name == "median":
        return float(median(values))
    if name in _CORRECTED:
        errors = Measured(**manifest["measured"]["types"][_match(formula)[3]])
        return _corrected(_CORRECTED.index(name), values, errors, policy.min_n_for_rate)
    a, b = values
    if name == "band":
        return float(band(a, b, policy))
    if name == "diff":
        return round(a - b, 6)
    if name == "ratio":
        return round(100 * a / b, 6) if b >= max(policy.min_n_for_rate, 1) else None
    return round(100 * (a - b) / b, 6) if b >= max(policy.min_base_for_change, 1) else None


def band(count: float, own_median: float, policy: "ReportPolicy") -> int:
    """0 绿, 1 黄, 2 红: a count against the median of its own months, which counts at least 1.

    The red bound is that of rule R11 (domain E4), the yellow one the product's default.
    """
    times = count / max(own_median, 1)
    if count >= policy.red_least and times >= policy.red_times:
        return 2
    return int(count >= policy.yellow_least and times >= policy.yellow_times)


def _corrected(which: int, values: list[float], errors: Measured, min_n: int) -> float | None:
    """People's decisions stand as they are; the model's share is corrected. In percent."""
    labelled, by_model, tickets, of_model = values
    if tickets < max(min_n, 1):
        return None
    decided = labelled - by_model
    if not of_model:
        return round(100 * decided / tickets, 6)
    shares = corrected_share(by_model, of_model, errors)
    return round(100 * (decided + shares[which] * of_model) / tickets, 6) if shares else None


def _from_manifest(manifest: Manifest, path: str) -> float:
    """``files.*.rows_read`` sums over a list; ``items[level=L2]`` counts the matching ones."""
    value = manifest
    selection = re.fullmatch(r"(\w+)\[(\w+)=(\w+)\](?:\.(\w+))?", path)
    if selection:
        found = manifest.rows(selection[1], selection[2], selection[3])
        if selection[4]:
            return float(sum(row[selection[4]] for row in found))
        return float(len(found))
    for step in path.split("."):
        if isinstance(value, list):
            return float(len(value) if step == "*" else sum(row[step] for row in value))
        value = value[step]
    return float(len(value) if isinstance(value, list) else value)
