"""The measured errors of the model in force, from the card that training wrote."""

from pathlib import Path

import pytest

from pipeline.settings import MODELS_DIR
from pipeline.stages.champion import Champion
from pipeline.stages.measured import CardUnread, measured_errors

CARD = MODELS_DIR / "MODEL_CARD.md"


def version() -> str:
    return CARD.read_text(encoding="utf-8").split("Version `")[1].split("`")[0]


def champion(name: str, base: str | None = None) -> Champion:
    return Champion(base or name, name, Path())


def test_the_card_gives_every_type():
    measured = measured_errors(champion(version()))
    assert measured["version"] == version()
    assert len(measured["types"]) == 12
    for errors in measured["types"].values():
        assert 0.5 < errors["sensitivity"] <= 1
        assert 0.9 < errors["specificity"] <= 1
        assert errors["positives"] < errors["negatives"]


def test_another_model_has_no_measured_errors():
    assert measured_errors(champion("0" * 12)) is None
    assert measured_errors(champion(version(), base="0" * 12)) is None


def test_a_card_without_figures_is_an_error(tmp_path):
    card = tmp_path / "CARD.md"
    card.write_text("nothing", encoding="utf-8")
    with pytest.raises(CardUnread, match="hotline train"):
        measured_errors(champion("0" * 12), card)
