"""Run a suite over columns with Great Expectations.

Facts this module rests on (GX 1.24): an unknown expectation type is dropped with a log line
only, so counts are compared; results come in another order than the suite, so they are joined
on ``meta``; COMPLETE with an index column lists every failing row.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pipeline.quality.suites import Expectation, Suite

if TYPE_CHECKING:
    import pandas as pd


_EVERY_ROW = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": ["position"],
    "exclude_unexpected_values": True,
}
_COUNTS = {"result_format": "BASIC", "partial_unexpected_count": 0}


class SuiteBroken(Exception):
    """Great Expectations could not run the suite as written; nothing was checked."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One expectation's verdict. ``failing_rows``, of suites over rows alone, are positions in
    the columns given; one that ``rested`` for want of a parameter was not judged, and counts as
    passed.
    """

    suite: str
    expectation: str
    severity: str
    code: str
    passed: bool
    rested: bool
    failing: int
    failing_rows: tuple[int, ...]
    observed: dict[str, Any]
    message: str

    def plus(self, more: "CheckResult") -> "CheckResult":
        """The verdict over this block of rows and another; positions, which differ, left out."""
        counts = {
            key: self.observed[key] + more.observed[key]
            for key in ("element_count", "missing_count")
            if key in self.observed
        }
        failing = self.failing + more.failing
        present = counts.get("element_count", 0) - counts.get("missing_count", 0)
        if "unexpected_percent" in self.observed:
            # As the library says of all rows at once: blocks must not show in the verdict.
            counts["unexpected_percent"] = failing / present * 100 if present else None
        return replace(
            self,
            passed=self.passed and more.passed,
            failing=failing,
            failing_rows=(),
            observed=self.observed | counts,
        )


def warm_up() -> None:
    """Pay for the import of Great Expectations (seconds) ahead of the first suite."""
    import great_expectations  # noqa: F401


def run_suite(
    suite: Suite, columns: Mapping[str, Sequence], parameters: Mapping[str, Any]
) -> list[CheckResult]:
    """Check columns of equal length; ``parameters`` binds ``$name`` values of the suite.

    Returns one result per expectation, in the suite's order; an expectation that lacks a
    parameter it ``needs`` rests, and is left out where it has nothing to say of that. Raises
    :class:`SuiteBroken`.
    """
    import pandas as pd

    parameters = {f"${key}": s.value for key, s in suite.settings.items()} | dict(parameters)
    frame = pd.DataFrame({name: _column(columns[name]) for name in suite.columns}, copy=False)
    # The library compares nanoseconds as an array, any other unit of time value by value.
    times = frame.select_dtypes("datetime64").columns
    frame = frame.astype(dict.fromkeys(times, "datetime64[ns]"))
    over_rows = any(e.meta.severity == "row" for e in suite.expectations)
    if over_rows:
        frame["position"] = range(len(frame))
    bound = [(index, e, e.bound(parameters)) for index, e in enumerate(suite.expectations)]
    raw = _validate(
        frame,
        [
            {"type": e.type, "kwargs": kwargs, "meta": {"index": index}}
            for index, e, kwargs in bound
            if kwargs is not None
        ],
        _EVERY_ROW if over_rows else _COUNTS,
    )
    by_index = {result["expectation_config"]["meta"]["index"]: result for result in raw}
    if set(by_index) != {index for index, _, kwargs in bound if kwargs is not None}:
        raise SuiteBroken(f"{suite.name}: Great Expectations dropped an expectation")
    return [
        _rested(suite, e, parameters)
        if kwargs is None
        else _as_result(suite, e, by_index[index], parameters)
        for index, e, kwargs in bound
        if kwargs is not None or e.meta.rests
    ]


def _column(values: Sequence) -> Sequence:
    """A list for pandas to find the type of; what has a type keeps it."""
    return values if hasattr(values, "dtype") else list(values)


def _rested(suite: Suite, expectation: Expectation, parameters: Mapping[str, Any]) -> CheckResult:
    return CheckResult(
        suite=suite.name,
        expectation=expectation.type,
        severity=expectation.meta.severity,
        code=expectation.meta.code,
        passed=True,
        rested=True,
        failing=0,
        failing_rows=(),
        observed=expectation.figures(parameters, rested=True),
        message=expectation.said(parameters, rested=True),
    )


def _as_result(
    suite: Suite, expectation: Expectation, result: dict, parameters: Mapping[str, Any]
) -> CheckResult:
    if result["exception_info"].get("raised_exception") or any(
        isinstance(info, dict) and info.get("raised_exception")
        for info in result["exception_info"].values()
    ):
        raise SuiteBroken(f"{expectation.meta.code}: {result['exception_info']}")
    found = result["result"]
    rows = _positions(found.get("unexpected_index_list"))
    observed = {
        key: found[key]
        for key in ("observed_value", "element_count", "missing_count", "unexpected_percent")
        if key in found
    }
    return CheckResult(
        suite=suite.name,
        expectation=expectation.type,
        severity=expectation.meta.severity,
        code=expectation.meta.code,
        passed=bool(result["success"]),
        rested=False,
        failing=len(rows) or int(found.get("unexpected_count") or 0),
        failing_rows=rows,
        observed=observed | expectation.figures(parameters),
        message=expectation.said(parameters),
    )


def _positions(index_list: object) -> tuple[int, ...]:
    # Without unexpected values the list is {"position": [all of them]}; with them, one
    # {"position": n, column: value} per row. Both shapes occur across expectation types.
    entries = [index_list] if isinstance(index_list, dict) else index_list or []
    found: set[int] = set()
    for entry in entries:
        position = entry["position"]
        found.update(position if isinstance(position, list) else [position])
    return tuple(sorted(found))


def _validate(frame: "pd.DataFrame", expectations: list[dict], result_format: dict) -> list[dict]:
    import great_expectations as gx

    # The library logs an INFO line per metric and draws progress bars on stderr otherwise.
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = (
        context.data_sources.add_pandas("pandas")
        .add_dataframe_asset("rows")
        .add_batch_definition_whole_dataframe("all")
        .get_batch(batch_parameters={"dataframe": frame})
    )
    try:
        suite = gx.ExpectationSuite(name="run", expectations=expectations)
        validated = batch.validate(suite, result_format=result_format)
    except (TypeError, ValueError) as error:
        raise SuiteBroken(str(error)) from error
    return validated.to_json_dict()["results"]
