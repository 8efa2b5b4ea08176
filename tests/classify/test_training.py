"""Training is deterministic, its version names everything that made it, its corpus is clean."""

import json
import re

import pytest

from pipeline.classify import Classifier, current_version, evaluate, is_built, train
from pipeline.classify.corpus import CorpusError, check, load_corpus
from pipeline.settings import MODELS_DIR, PROJECT_ROOT

DEV = PROJECT_ROOT.parent / "shared" / "evaluation" / "dev.jsonl"
PLAIN = re.compile(
    "交通运输|综合行政执法|执法大队|执法支队|道路运输|网约车|来电人|从业资格|超限|检测站|治超站|工作人员"
    "|高速公路|出租车|货车司机"
)
"""Phrases of the trade that two people may well write alike."""


def test_two_trainings_give_the_same_bytes(small_models, tmp_path):
    first = train(small_models, tmp_path / "a", card=False)
    second = train(small_models, tmp_path / "b", card=False)
    assert first.version == second.version
    names = sorted(path.name for path in first.path.iterdir())
    assert names == ["arrays.npz", "model.json"]
    for name in names:
        assert (first.path / name).read_bytes() == (second.path / name).read_bytes()


def test_the_version_follows_corpus_parameters_and_lexica(small_models):
    seen = {current_version(small_models)}
    for name in (
        "params.yaml",
        "lexicon/classes.yaml",
        "lexicon/flags.yaml",
        "corpus/stream.jsonl",
    ):
        with (small_models / name).open("a", encoding="utf-8") as handle:
            handle.write("\n")
        seen.add(current_version(small_models))
    assert len(seen) == 5
    assert all(re.fullmatch("[0-9a-f]{12}", version) for version in seen)


def test_the_card_keeps_its_text_and_gets_figures(small_models, tmp_path):
    report = train(small_models, tmp_path / "artifacts")
    card = (small_models / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert report.version in card
    for name in ("this model", "keyword list", "plain TF-IDF", "jieba + logistic regression"):
        assert name in card
    assert is_built(small_models, tmp_path / "artifacts")
    again = train(small_models, tmp_path / "artifacts")
    assert (small_models / "MODEL_CARD.md").read_text(encoding="utf-8") == card
    assert again.tickets == report.tickets


def test_evaluate_gives_the_contract(small_models, tmp_path):
    train(small_models, tmp_path, card=False)
    classifier = Classifier.load(small_models, tmp_path)
    gold = load_corpus(small_models).tickets
    figures = evaluate(classifier, gold)
    assert list(figures) == [
        "n", "scope", "enforcement", "types", "macro_f1", "micro_f1", "ece", "abstained",
        "docs_per_second",
    ]  # fmt: skip
    assert figures["n"] == len(gold)
    assert set(figures["enforcement"]) == {"precision", "recall", "f1"}
    assert figures["enforcement"]["f1"] > 0.95  # it has seen these
    assert len(figures["types"]) == 12
    json.dumps(figures)


def test_a_broken_line_is_named(small_models):
    path = small_models / "corpus" / "zz.jsonl"
    path.write_text('{"id": "x"}\n', encoding="utf-8")
    with pytest.raises(CorpusError, match=r"zz\.jsonl:1"):
        load_corpus(small_models)


def test_check_finds_each_fault():
    good = {
        "id": "1", "title": "甲", "content": "被执法人员推倒", "scope": "E1", "primary": "rough",
        "secondary": [], "flags": [], "evidence": {"rough": ["被执法人员推倒"]},
    }  # fmt: skip
    assert check(good) == []
    for change in (
        {"scope": "E9"},
        {"primary": None},
        {"primary": "nothing"},
        {"secondary": ["rough"]},
        {"flags": ["好"]},
        {"evidence": {"rough": ["不在原文"]}},
        {"evidence": {"procedure": ["被执法人员推倒"]}},
        {"scope": "E0"},
    ):
        assert check({**good, **change}), change


def test_minimal_pairs_stay_in_one_fold():
    corpus = load_corpus(MODELS_DIR)
    folds = corpus.folds(5)
    fold_of: dict[int, set[int]] = {}
    for group, fold in zip(corpus.group, folds, strict=True):
        fold_of.setdefault(int(group), set()).add(int(fold))
    assert all(len(found) == 1 for found in fold_of.values())
    assert len(fold_of) < len(corpus.tickets)


def test_ids_are_unique():
    ids = [ticket["id"] for ticket in load_corpus(MODELS_DIR).tickets]
    assert len(ids) == len(set(ids))


@pytest.mark.skipif(not DEV.is_file(), reason="../shared/evaluation is not beside this checkout")
def test_no_ticket_shares_eight_characters_with_the_evaluation_sample():
    def runs(ticket):
        text = re.sub(r"\W+", "", f"{ticket['title']} {ticket['content']}")
        return {text[n : n + 8] for n in range(len(text) - 7)}

    held = set().union(*(runs(json.loads(line)) for line in DEV.read_text("utf-8").splitlines()))
    shared = {
        ticket["id"]: found
        for ticket in load_corpus(MODELS_DIR).tickets
        if (found := {run for run in runs(ticket) & held if not PLAIN.search(run)})
    }
    assert shared == {}
