"""Behaviour tests of models/: minimum cases, invariance, direction (models/behaviour.yaml)."""

import pytest
import yaml

from pipeline.domain.labels import ProblemType
from pipeline.settings import MODELS_DIR

CASES = yaml.safe_load((MODELS_DIR / "behaviour.yaml").read_text(encoding="utf-8"))


def say(classifier, text):
    return classifier.predict([{"id": "1", "title": "", "content": text}])[0]


@pytest.mark.parametrize("case", CASES["minimum"], ids=lambda c: c["text"][:12])
def test_minimum(classifier, case):
    said = say(classifier, case["text"])
    assert said.scope == case["scope"]
    if "primary" in case:
        assert said.primary == case["primary"]


@pytest.mark.parametrize("case", CASES["same"], ids=lambda c: c["text"][:12])
def test_invariance(classifier, case):
    before = say(classifier, case["text"])
    for old, new in case["swaps"]:
        assert old in case["text"]
        after = say(classifier, case["text"].replace(old, new))
        assert after.labels == before.labels
        assert abs(after.score - before.score) < 0.1


@pytest.mark.parametrize("case", CASES["more"], ids=lambda c: c["score"])
def test_direction(classifier, case):
    kind = ProblemType(case["score"])
    before = say(classifier, case["text"]).scores[kind]
    after = say(classifier, case["text"] + case["add"]).scores[kind]
    assert after > before + 0.1
