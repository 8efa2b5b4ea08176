"""The check of one landed file, block by block, so that memory does not grow with the file."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipeline.domain.outcome import RowReason
from pipeline.domain.ticket import TIME_FIELDS
from pipeline.quality.suites import Suite, load_suite
from pipeline.settings import EXPECTATIONS_DIR
from pipeline.store import tables as t

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.quality.checking import CheckResult

_COMPUTED = "closed_before_accepted"  # from other columns, by the check itself


def checked_columns() -> list[str]:
    """The ticket columns that any suite over rows looks at."""
    names = [name for suite in _suites() for name in suite.columns if name != _COMPUTED]
    return list(dict.fromkeys(names))


class FileCheck:
    """``take`` each block of a file's rows, then ``finish``.

    The row suite runs over each block. The batch suite runs once over what it needs of the
    accepted rows, and last the file is compared with the exports before it.
    """

    def __init__(self, file: Mapping) -> None:
        """``file``: the row of export_file, after its layout and period were recognised."""
        from pipeline.quality.history import Profile

        self.file = file
        self.rows = self.quarantined = 0
        self._parameters = suite_parameters(file)
        self._row_suite, self._batch_suite = _suites()
        self._row_results: list[CheckResult] = []
        self._accepted: list[dict[str, pd.Series | pd.Categorical]] = []
        self._profile = Profile(rows=0, quarantined=0, without_content=0, days={})

    def take(self, columns: Mapping[str, Sequence]) -> dict[int, list[str]]:
        """Check a block of :func:`checked_columns` and ``row_no``.

        Returns row number → reason codes of the rows that belong into quarantine.
        """
        from pipeline.quality.checking import run_suite
        from pipeline.quality.history import profile_of

        results = run_suite(self._row_suite, columns, self._parameters)
        reasons: dict[int, list[str]] = {}
        for result in results:
            for position in result.failing_rows:
                reasons.setdefault(position, []).append(result.code)
        if self._row_results:
            pairs = zip(self._row_results, results, strict=True)
            self._row_results = [before.plus(result) for before, result in pairs]
        else:
            self._row_results = [replace(result, failing_rows=()) for result in results]
        self._profile = self._profile.plus(profile_of(columns, reasons))
        self._accepted.append(self._narrow(columns, reasons))
        row_no = columns["row_no"]
        self.rows += len(row_no)
        self.quarantined += len(reasons)
        return {row_no[position]: codes for position, codes in reasons.items()}

    def _narrow(
        self, columns: Mapping[str, Sequence], refused: Mapping
    ) -> "dict[str, pd.Series | pd.Categorical]":
        """What the batch suite needs of the accepted rows, in few bytes a row."""
        import pandas as pd

        kept = [i for i in range(len(columns["row_no"])) if i not in refused]
        frame = {}
        for name in self._batch_suite.columns:
            if name == _COMPUTED:
                late = _closed_before_accepted(columns)
                frame[name] = pd.Series([late[i] for i in kept], dtype=bool)
            elif name in TIME_FIELDS:
                column = columns[name]
                frame[name] = pd.Series([column[i] for i in kept], dtype="datetime64[ns]")
            else:
                column = columns[name]
                words = pd.Series([column[i] for i in kept], dtype=object)
                frame[name] = pd.Categorical(words)  # few, repeated; a block may have none
        return frame

    def _all_accepted(self) -> "dict[str, pd.Series | pd.Categorical]":
        """The blocks as one; they are given up, or millions of rows would lie in memory twice."""
        import pandas as pd

        columns = {}
        for name in self._batch_suite.columns:
            parts = [block.pop(name) for block in self._accepted]
            if isinstance(parts[0], pd.Categorical):
                columns[name] = pd.api.types.union_categoricals(parts)
            else:
                columns[name] = pd.concat(parts, ignore_index=True)
        self._accepted.clear()
        return columns

    def finish(self, connection: sa.Connection) -> list["CheckResult"]:
        """Run the batch suite and the comparison with history, and write every verdict to
        check_result and the file's figures to its profile. Returns the verdicts.
        """
        from pipeline.quality.checking import run_suite
        from pipeline.quality.history import against_history, save_profile

        results = [
            *self._row_results,
            *run_suite(self._batch_suite, self._all_accepted(), self._parameters),
            *against_history(
                connection,
                self.file,
                self._profile,
                load_suite(EXPECTATIONS_DIR / "history.json"),
            ),
        ]
        save_profile(connection, self.file, self._profile)
        file_id = self.file["id"]
        connection.execute(sa.delete(t.check_result).where(t.check_result.c.file_id == file_id))
        connection.execute(
            sa.insert(t.check_result),
            [
                {
                    "file_id": file_id,
                    "suite": result.suite,
                    "expectation": result.expectation,
                    "severity": result.severity,
                    "code": result.code,
                    "passed": result.passed,
                    "rested": result.rested,
                    "failing": result.failing,
                    "observed_json": result.observed,
                    "message": result.message or RowReason(result.code).name_zh,
                }
                for result in results
            ],
        )
        return results


def suite_parameters(file: Mapping) -> dict[str, datetime | bool | None]:
    """What the suites may refer to, from a row of export_file.

    ``received_by``: a row accepted later than both the night and the landing is a typing error;
    the landing counts so that a backfilled night accepts files that the original night could
    not have had yet.
    """

    def end_of(day: date | None) -> datetime | None:
        return datetime.combine(day, time.max.replace(microsecond=0)) if day else None

    start = file.get("period_start")
    return {
        "$received_by": end_of(max(file["as_of"], file["landed_at"].date())),
        "$period_start": datetime.combine(start, time.min) if start else None,
        "$period_end": end_of(file.get("period_end")),
        "$has_unit": "handler_unit" in (file.get("headings_json") or {}).get("mapped", {}) or None,
    }


def _suites() -> tuple[Suite, Suite]:
    """The row and the batch suite."""
    return load_suite(EXPECTATIONS_DIR / "rows.json"), load_suite(EXPECTATIONS_DIR / "batch.json")


def _closed_before_accepted(columns: Mapping[str, Sequence]) -> list[bool]:
    return [
        closed is not None and accepted is not None and closed < accepted
        for closed, accepted in zip(columns["closed_at"], columns["accepted_at"], strict=True)
    ]
