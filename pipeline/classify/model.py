"""The trained parameters and the arithmetic from features to calibrated probabilities."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from pipeline.classify.corpus import LEARNED_FLAGS, SCOPES, TYPES
from pipeline.classify.features import FAMILIES, FeatureSpace
from pipeline.classify.lexicon import Lexicon
from pipeline.classify.ngrams import Vocabulary

HEADS = {
    "scope": len(SCOPES),
    "primary": len(TYPES),
    "types": len(TYPES),
    "flags": len(LEARNED_FLAGS),
}
"""Outputs of each linear head, one a column."""


def softmax(values: np.ndarray) -> np.ndarray:
    shifted = np.exp(values - values.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(values, -40, 40)))


def logit(p: np.ndarray) -> np.ndarray:
    p = np.clip(p, 1e-9, 1 - 1e-9)
    return np.log(p / (1 - p))


@dataclass(frozen=True)
class Decisions:
    """Calibration and thresholds, fitted by cross-fitting on the corpus.

    ``enforcement``: (slope, offset) of the log odds; ``types``: the same, a row for each type.
    ``threshold``: least probability of E1. ``secondary``: the same for each type as secondary.
    ``scope_band`` and ``type_band``: nearer than this to another decision, a person looks.
    ``flags``: least log odds of each learned flag.
    """

    enforcement: tuple[float, float]
    types: np.ndarray
    threshold: float
    secondary: np.ndarray
    scope_band: float
    type_band: float
    flags: np.ndarray

    def enforcement_score(self, scope_logits: np.ndarray) -> np.ndarray:
        odds = logit(softmax(scope_logits)[:, 0])
        slope, offset = self.enforcement
        return sigmoid(slope * odds + offset)

    def type_scores(self, type_logits: np.ndarray) -> np.ndarray:
        """Probability of each type, given that the ticket is E1."""
        return sigmoid(type_logits * self.types[:, 0] + self.types[:, 1])


@dataclass(frozen=True)
class Model:
    space: FeatureSpace
    weights: np.ndarray  # columns × all heads' outputs, side by side in the order of HEADS
    offsets: np.ndarray
    decisions: Decisions

    def logits(self, matrix: sp.csr_matrix) -> dict[str, np.ndarray]:
        return split(matrix @ self.weights + self.offsets)

    @property
    def type_weights(self) -> np.ndarray:
        return split(self.weights)["types"] + split(self.weights)["primary"]

    def arrays(self) -> dict[str, np.ndarray]:
        stored = {"weights": self.weights, "offsets": self.offsets}
        for family, vocabulary in self.space.vocabularies.items():
            stored[f"{family}_kept"] = vocabulary.kept
            stored[f"{family}_idf"] = vocabulary.idf
        stored["calibration"] = self.decisions.types
        stored["secondary"] = self.decisions.secondary
        stored["flags"] = self.decisions.flags
        return stored

    def settings(self) -> dict:
        d = self.decisions
        return {
            "sizes": list(self.space.sizes),
            "family_weights": self.space.weights,
            "classes": {k: list(map(str, v)) for k, v in self.space.lexicon.classes.items()},
            "patterns": dict(self.space.lexicon.patterns),
            "marks": [list(group) for group in self.space.lexicon.marks],
            "enforcement": list(d.enforcement),
            "threshold": d.threshold,
            "scope_band": d.scope_band,
            "type_band": d.type_band,
        }

    @classmethod
    def of(cls, arrays: dict, settings: dict) -> "Model":
        """The model that :meth:`arrays` and :meth:`settings` describe."""
        vocabularies = {
            family: Vocabulary.of(arrays[f"{family}_kept"], arrays[f"{family}_idf"])
            for family in FAMILIES
        }
        space = FeatureSpace(
            Lexicon(settings["classes"], settings["patterns"], settings["marks"]),
            tuple(settings["sizes"]),
            vocabularies,
            settings["family_weights"],
        )
        decisions = Decisions(
            tuple(settings["enforcement"]),
            arrays["calibration"],
            settings["threshold"],
            arrays["secondary"],
            settings["scope_band"],
            settings["type_band"],
            arrays["flags"],
        )
        return cls(space, arrays["weights"], arrays["offsets"], decisions)


def split(stacked: np.ndarray) -> dict[str, np.ndarray]:
    """The heads' columns by name."""
    parts, at = {}, 0
    for head, width in HEADS.items():
        parts[head] = stacked[..., at : at + width]
        at += width
    return parts
