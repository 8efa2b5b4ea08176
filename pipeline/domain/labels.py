"""The labels of a ticket: scope, problem types, flags, and what a classifier says of one ticket.

Definitions: models/taxonomy.yaml (from the labelling guide). Slugs stand in data, code and
file names; Chinese names on screens and in reports.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Scope(StrEnum):
    """How a ticket relates to enforcement (labelling guide §2)."""

    E1 = "E1"
    E2 = "E2"
    E3 = "E3"
    E4 = "E4"
    E0 = "E0"

    @property
    def name_zh(self) -> str:
        return _SCOPE_ZH[self]

    @property
    def is_enforcement(self) -> bool:
        """Only E1 enters the denominator 执法类投诉举报."""
        return self is Scope.E1


_SCOPE_ZH = {
    Scope.E1: "投诉执法",
    Scope.E2: "要求执法",
    Scope.E3: "执法咨询建议",
    Scope.E4: "他部门执法",
    Scope.E0: "非执法",
}


class ProblemType(StrEnum):
    """Problem types T01–T12 and T98 (labelling guide §3), in the guide's order."""

    PROFIT_DRIVEN = "profit_driven"
    ONE_SIZE_FITS_ALL = "one_size_fits_all"
    DISPROPORTIONATE = "disproportionate"
    ROUGH = "rough"
    EXCESSIVE = "excessive"
    SELECTIVE = "selective"
    ENTRAPMENT = "entrapment"
    OVERLAPPING = "overlapping"
    PROCEDURE = "procedure"
    INACTION = "inaction"
    ARBITRARY = "arbitrary"
    INTEGRITY = "integrity"
    UNSPECIFIED = "unspecified"

    @property
    def code(self) -> str:
        return _TYPE_META[self][0]

    @property
    def name_zh(self) -> str:
        return _TYPE_META[self][1]


_TYPE_META = {
    ProblemType.PROFIT_DRIVEN: ("T01", "逐利执法"),
    ProblemType.ONE_SIZE_FITS_ALL: ("T02", "一刀切执法"),
    ProblemType.DISPROPORTIONATE: ("T03", "过罚失当"),
    ProblemType.ROUGH: ("T04", "粗暴执法"),
    ProblemType.EXCESSIVE: ("T05", "过度/运动式执法"),
    ProblemType.SELECTIVE: ("T06", "选择性执法"),
    ProblemType.ENTRAPMENT: ("T07", "钓鱼执法"),
    ProblemType.OVERLAPPING: ("T08", "多头重复执法"),
    ProblemType.PROCEDURE: ("T09", "程序不规范"),
    ProblemType.INACTION: ("T10", "不作为"),
    ProblemType.ARBITRARY: ("T11", "乱作为"),
    ProblemType.INTEGRITY: ("T12", "廉政线索"),
    ProblemType.UNSPECIFIED: ("T98", "执法争议(类型不明)"),
}

HEADLINE_TYPES = (
    ProblemType.PROFIT_DRIVEN,
    ProblemType.ONE_SIZE_FITS_ALL,
    ProblemType.DISPROPORTIONATE,
)

FLAGS = ("涉企", "货车司机", "重复", "群体", "媒体", "廉政", "人身", "紧急", "保密", "隐蔽")
"""Flags of labelling guide §6. 廉政 means 明确 or 疑似; ``廉政:明确`` is added where it is 明确."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the classifier says of one ticket.

    ``score`` is the calibrated probability of scope E1; ``scores`` one probability per problem
    type. ``labels`` holds the primary first, then secondaries; it is empty unless the scope is
    E1. ``evidence`` maps each label to exact substrings of title or content. ``review`` is true
    where the model abstains and a person must look.
    """

    id: str
    scope: Scope
    score: float
    primary: ProblemType | None
    labels: tuple[ProblemType, ...]
    scores: dict[ProblemType, float]
    evidence: dict[ProblemType, tuple[str, ...]]
    flags: tuple[str, ...] = ()
    review: bool = False
    model_version: str = ""
    scope_scores: dict[Scope, float] = field(default_factory=dict)

    @property
    def enforcement(self) -> bool:
        return self.scope.is_enforcement

    def as_json(self) -> dict:
        """The line of ``hotline classify`` (design contract); keys are part of the contract."""
        return {
            "id": self.id,
            "scope": self.scope.value,
            "enforcement": self.enforcement,
            "score": round(self.score, 6),
            "primary": self.primary.value if self.primary else None,
            "labels": [label.value for label in self.labels],
            # as round(p, 6), which takes three times as long
            "scores": {label._value_: int(p * 1e6 + 0.5) / 1e6 for label, p in self.scores.items()},
            "evidence": {label.value: list(spans) for label, spans in self.evidence.items()},
            "flags": list(self.flags),
            "review": self.review,
            "model_version": self.model_version,
        }
