"""The figures of a report against expectations/report.json."""

from dataclasses import replace

from pipeline.report.figures import Figure
from pipeline.stages.figures import expected

SOUND = [
    Figure("1.received", "1", "受理量", 12.0, "件", query="received"),
    Figure("1.received.mom_diff", "1", "差", -3.0, "件", formula="diff(a,b)"),
    Figure("1.received.mom", "1", "环比", -120.0, "%", formula="change(a,b)"),
    Figure("4.visit.rate", "4", "回访率", None, "%", formula="ratio(a,b)"),
]


def codes(*figures: Figure) -> set[str]:
    return {finding.code for finding in expected(figures) if finding.severity == "error"}


def test_sound_figures_pass_and_each_fault_is_found():
    assert codes(*SOUND) == set()
    first, _, _, rate = SOUND
    faults = [
        first,
        replace(first, value=-1.0, unit="人"),
        replace(rate, number="4.a.rate", value=140.0),
        replace(first, number="1.b", unit="元", query=None),
    ]
    assert codes(*faults) == {
        "number_twice", "count_negative", "rate_range", "unit_unknown", "untraceable",
    }  # fmt: skip
