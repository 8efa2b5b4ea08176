"""What a policy profile decides about a report. ``pipeline.policies`` fills it in."""

import dataclasses
from dataclasses import dataclass, field

from pipeline.domain.ticket import Satisfaction

SATISFIED = (
    Satisfaction.VERY_SATISFIED.value,
    Satisfaction.SATISFIED.value,
    Satisfaction.FAIRLY_SATISFIED.value,
    Satisfaction.BASICALLY_SATISFIED.value,
)
"""Domain E1: the product's default of what counts as satisfied."""


@dataclass(frozen=True, slots=True)
class Target:
    """A target the plan's text sets, e.g. 安徽: ``Target("closure_a", 100.0, "AH-01 …")``.

    ``value`` is in percent; ``at_most`` turns the comparison round; ``hotline`` is the one
    platform whose tickets alone the text means, e.g. 12328.
    """

    indicator: str
    value: float
    clause: str
    at_most: bool = False
    hotline: str | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """A document that the plan asks for beside the main report (``reports:`` of the profile).

    ``form`` names its builder in report/papers.py. ``due_day`` is a day of the month after the
    report month, with ``due_origin`` text or default.
    """

    form: str
    name: str
    to: str = ""
    reviewer: str = ""
    clause: str = ""
    due_day: int | None = None
    due_origin: str = "default"


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the 错题本 says of one problem type: what is wrong, what is right, on what ground."""

    wrong: str
    right: str
    ground: str


LEVEL_ZH = {"L0": "关注", "L1": "提醒", "L2": "督办", "L3": "约谈建议", "L4": "挂牌督办建议"}


IN_FORCE = "有效"
"""``status_zh`` of a plan in force."""


@dataclass(frozen=True, slots=True)
class ReportPolicy:
    """Everything of a profile that a report's content depends on; part of its input hash.

    ``status_zh`` (生效中, 已到期 …) is what the profile says on the day of freezing. It is printed
    but not hashed: a plan that expires does not by itself restate the months it covered.
    """

    id: str = "mot-2024-25"
    doc_no: str | None = "交办法〔2024〕25号"
    title: str = "交通运输行政执法质量效能提升三年行动方案(2024—2026年)"
    version: str = "1"
    status_zh: str = ""
    report_name: str = "执法类投诉举报分析报告"
    issuer: str = ""
    satisfied: tuple[str, ...] = SATISFIED
    min_n_for_rate: int = 10
    min_base_for_change: int = 10
    min_cell: int = 3
    repeat_days: int = 90
    high_frequency: int = 3
    sprout_count: int = 2
    group_callers: int = 3
    max_cases: int = 3
    band_months: int = 2
    yellow_least: int = 3
    yellow_times: float = 2.0
    red_least: int = 5
    red_times: float = 3.0
    expected_hotlines: tuple[str, ...] = ("12328", "12345", "web")
    targets: tuple[Target, ...] = ()
    headline_types: tuple[str, ...] = ("profit_driven", "one_size_fits_all", "disproportionate")
    terms: tuple[tuple[str, str], ...] = ()  # the plan's own words and their problem types
    levels: dict[str, str] = field(default_factory=lambda: dict(LEVEL_ZH))
    notes: tuple[str, ...] = ()  # the profile's own remarks on definitions
    red_head: bool = False  # 红头: the issuer's masthead over a red rule
    papers: tuple[Paper, ...] = ()
    lessons: dict[str, Lesson] = field(default_factory=dict)

    @property
    def basis_zh(self) -> str:
        """``《…方案》(交办法〔2024〕25号)``."""
        return f"《{self.title}》" + (f"({self.doc_no})" if self.doc_no else "")

    @property
    def footer_zh(self) -> str:
        """The foot of every page: the plan, and its status unless it is in force."""
        return f"依据{self.basis_zh}" + ("" if self.status_zh == IN_FORCE else self.status_zh)

    def as_json(self) -> dict:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: dict) -> "ReportPolicy":
        values = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        values["targets"] = tuple(Target(**target) for target in data["targets"])
        # Reports frozen before there were papers have none of these keys.
        values["terms"] = tuple((term, slug) for term, slug in data.get("terms", ()))
        values["papers"] = tuple(Paper(**paper) for paper in data.get("papers", ()))
        lessons = data.get("lessons", {})
        values["lessons"] = {slug: Lesson(**one) for slug, one in lessons.items()}
        return cls(**values)
