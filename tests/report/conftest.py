from datetime import date, datetime

import pytest

from pipeline.report import ReportPolicy, make_report
from tests.report.builder import StoreBuilder


@pytest.fixture
def build(engine) -> StoreBuilder:
    """A small store made by hand; ``build.save()`` writes it."""
    return StoreBuilder(engine)


@pytest.fixture
def report_of(engine, tmp_path):
    """Make the report of a month with fixed versions and times."""

    def make(
        month="2026-10", policy=None, out="reports", at=datetime(2026, 11, 2, 6, 0), **changes
    ):
        return make_report(
            engine,
            month=month,
            policy=policy or ReportPolicy(),
            as_of=date(2026, 11, 2),
            at=at,
            out_dir=tmp_path / out,
            **({"code_version": "test", "model_version": "m1"} | changes),
        )

    return make
