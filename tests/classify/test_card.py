from pipeline.classify import current_version
from pipeline.settings import MODELS_DIR


def test_the_model_card_was_generated_for_this_corpus_these_parameters_and_this_code():
    """``hotline train`` writes it; a change without it would leave stale figures."""
    card = (MODELS_DIR / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert f"Version `{current_version(MODELS_DIR)}`" in card
