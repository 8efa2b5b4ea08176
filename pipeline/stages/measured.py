"""The classifier's measured errors, from the figures that training wrote into its model card."""

import re
from pathlib import Path

from pipeline.domain.errors import OperatorError
from pipeline.domain.labels import ProblemType
from pipeline.report.correction import measured_types
from pipeline.settings import MODELS_DIR
from pipeline.stages.champion import Champion

_VERSION = re.compile(r"^Version `(\w+)`, trained from .*\(E1 (\d+) ", re.M)
_ENFORCEMENT = re.compile(
    r"^\| \*\*this model\*\* \| (0\.\d{3}|1\.000) / (0\.\d{3}|1\.000) /", re.M
)
_TYPE = re.compile(r"^\| (T\d\d) \S+ \| (\d+) \| (\d\.\d+) \| (\d\.\d+) \|", re.M)


class CardUnread(OperatorError, ValueError):
    """The model card of the model in force lacks the figures that training writes."""


def measured_errors(model: Champion, card: Path = MODELS_DIR / "MODEL_CARD.md") -> dict | None:
    """``{"version", "types"}`` (see report.correction.measured_types) of the model in force.

    None for a model that learned supervisors' labels, whose card nobody wrote, and where the card
    speaks of another model. Raises :class:`CardUnread`.
    """
    text = card.read_text(encoding="utf-8")
    version = _VERSION.search(text)
    if not model.is_shipped or (version and version[1] != model.version):
        return None
    enforcement = _ENFORCEMENT.search(text)
    rows = _TYPE.findall(text)
    if not version or not enforcement or not rows:
        raise CardUnread(
            f"{card.name} 中没有训练写入的各类型精确率和召回率，请重新运行 hotline train。"
        )
    slugs = {kind.code: kind.value for kind in ProblemType}
    return {
        "version": version[1],
        "types": measured_types(
            {
                "enforcement": {
                    "n": int(version[2]),
                    "precision": float(enforcement[1]),
                    "recall": float(enforcement[2]),
                },
                "types": {
                    slugs[code]: {"n": int(n), "precision": float(p), "recall": float(r)}
                    for code, n, p, r in rows
                },
            }
        ),
    }
