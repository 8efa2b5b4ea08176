"""What makes a complaint an integrity lead (domain D3): it lives apart from then on."""

from collections.abc import Collection

from pipeline.domain.labels import ProblemType

INTEGRITY_CERTAIN = "廉政:明确"


def is_integrity_lead(labels: Collection[str] | None, flags: Collection[str] | None) -> bool:
    """Whether T12 is among the labels and the flag says 明确 (labelling guide §6)."""
    return ProblemType.INTEGRITY.value in (labels or ()) and INTEGRITY_CERTAIN in (flags or ())
