"""The real model once a session (kept under models/artifacts by version), and a small corpus."""

import shutil

import pytest

from pipeline.classify import Classifier, is_built, train
from pipeline.classify.artifact import corpus_files
from pipeline.settings import MODELS_DIR


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    artifacts = MODELS_DIR / "artifacts"
    if not is_built(MODELS_DIR, artifacts):
        train(MODELS_DIR, artifacts, card=False)
    return Classifier.load(MODELS_DIR, artifacts)


@pytest.fixture
def small_models(tmp_path):
    """A models/ folder with every eighth ticket: trained in a second or two."""
    target = tmp_path / "models"
    (target / "corpus").mkdir(parents=True)
    shutil.copytree(MODELS_DIR / "lexicon", target / "lexicon")
    for name in ("params.yaml", "MODEL_CARD.md"):
        shutil.copy(MODELS_DIR / name, target / name)
    for path in corpus_files(MODELS_DIR):
        lines = path.read_text(encoding="utf-8").splitlines()
        (target / "corpus" / path.name).write_text("\n".join(lines[::8]) + "\n", encoding="utf-8")
    return target
