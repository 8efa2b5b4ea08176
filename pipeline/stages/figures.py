"""The figures of a report, checked by Great Expectations (``hotline verify``).

Before publication the linter proves the same and more; it does not cost the seconds that Great
Expectations takes to start.
"""

from collections.abc import Iterable

from pipeline.report import Finding
from pipeline.report.figures import Figure
from pipeline.settings import EXPECTATIONS_DIR

_COUNTS = ("件", "人", "项", "天", "行", "个", "工作日")


def expected(figures: Iterable[Figure]) -> list[Finding]:
    """What expectations/report.json finds wrong; severity stop is an error, warn a warning.

    Raises quality.checking.SuiteBroken.
    """
    from pipeline.quality.checking import run_suite
    from pipeline.quality.suites import load_suite

    rows = list(figures)
    columns = {
        "number": [f.number for f in rows],
        "label": [f.label for f in rows],
        "unit": [f.unit for f in rows],
        "origin": [f.query or f.formula for f in rows],
        # Signed by nature: differences. Everything else that counts is at least 0.
        "count": [f.value if f.unit in _COUNTS and not _is_change(f) else None for f in rows],
        "rate": [f.value if f.unit == "%" and not _is_change(f) else None for f in rows],
    }
    return [
        Finding(
            "error" if result.severity == "stop" else "warning",
            result.code,
            f"{result.message}（{result.failing}处）。"
            if result.failing
            else f"{result.message}。",
        )
        for result in run_suite(load_suite(EXPECTATIONS_DIR / "report.json"), columns, {})
        if not result.passed
    ]


def _is_change(figure: Figure) -> bool:
    return (figure.formula or "").startswith(("change(", "diff("))
