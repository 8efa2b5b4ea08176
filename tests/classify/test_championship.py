"""Champion against challenger: the rule of promotion, the frozen set, folds that gold keeps."""

from dataclasses import replace

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.classify import Classifier, current_version
from pipeline.classify.championship import (
    CASES,
    Answer,
    Rule,
    compare,
    contest,
    draw_frozen,
    version_with,
    with_gold,
)
from pipeline.classify.corpus import (
    TYPES,
    Corpus,
    CorpusError,
    label_set,
    load_corpus,
    load_parts,
)
from pipeline.domain.labels import HEADLINE_TYPES, ProblemType, Scope
from pipeline.settings import MODELS_DIR

RULE = Rule(confidence=0.95, resamples=300, least_tickets=20, tolerance=0.01)
LENIENT = replace(RULE, tolerance=0.2)
T01 = ProblemType.PROFIT_DRIVEN


def ticket(scope, primary=None, **more):
    return {
        "id": "1", "title": "", "content": "", "scope": scope, "primary": primary,
        "secondary": [], "flags": [], "evidence": {}, **more,
    }  # fmt: skip


def answer(scope, *labels):
    return Answer(Scope(scope), 0.5, frozenset(labels), False)


def corpus_of(tickets):
    return Corpus(tickets, np.arange(len(tickets)))


# --- the rule ---------------------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(st.sampled_from(list(Scope)), st.sampled_from(TYPES), st.sampled_from(TYPES)),
        min_size=1,
        max_size=30,
    )
)
def test_two_equal_models_never_fall(rows):
    tickets = [ticket(scope, kind if scope is Scope.E1 else None) for scope, kind, _ in rows]
    said = [answer(scope, other) for scope, _, other in rows]
    lines = compare(corpus_of(tickets), said, said, RULE)
    assert not any(line["fell"] for line in lines.values())
    assert all((line["low"], line["high"]) == (0, 0) for line in lines.values())
    assert ("enforcement" in lines) == any(scope is Scope.E1 for scope, _, _ in rows)


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_fall_counts_when_the_draws_agree_and_a_gain_never_does(worse, better):
    tickets = [ticket("E1", T01)] * 60
    before = [answer("E1", T01)] * (60 - better) + [answer("E0")] * better
    after = [answer("E0")] * worse + [answer("E1", T01)] * (60 - worse)
    line = compare(corpus_of(tickets), before, after, RULE)[T01.value]
    assert line["low"] <= line["high"]
    assert not (line["fell"] and line["challenger"] >= line["champion"])
    if worse - better > 25:
        assert line["fell"]
    if better == 0 and worse <= 2:
        assert not line["fell"]  # one or two tickets are noise


def test_a_handful_of_tickets_decides_nothing():
    tickets = [ticket("E1", T01)] * 19
    line = compare(corpus_of(tickets), [answer("E1", T01)] * 19, [answer("E0")] * 19, RULE)[
        T01.value
    ]
    assert (line["champion"], line["challenger"], line["fell"]) == (1, 0, False)


def test_a_fall_that_is_sure_and_slight_is_borne():
    tickets = [ticket("E1", T01)] * 4000
    before, after = [answer("E1", T01)] * 4000, [answer("E0")] * 60 + [answer("E1", T01)] * 3940
    assert compare(corpus_of(tickets), before, after, RULE)[T01.value]["high"] < 0
    assert not compare(corpus_of(tickets), before, after, RULE)[T01.value]["fell"]
    strict = replace(RULE, tolerance=0.005)
    assert compare(corpus_of(tickets), before, after, strict)[T01.value]["fell"]


def test_the_members_of_a_group_are_one_observation():
    tickets = [ticket("E1", T01)] * 60
    before, after = [answer("E1", T01)] * 60, [answer("E0")] * 12 + [answer("E1", T01)] * 48
    apart = compare(corpus_of(tickets), before, after, RULE)[T01.value]
    groups = np.arange(60)
    groups[:12] = 0
    together = compare(Corpus(tickets, groups), before, after, RULE)[T01.value]
    assert apart["fell"]
    assert not together["fell"]  # one storyline told twelve times proves nothing


def test_other_agencies_complaints_are_left_out():
    tickets = [ticket("E4", T01), ticket("E1", T01)]
    said = [answer("E1", T01)] * 2
    line = compare(corpus_of(tickets), said, said, RULE)["enforcement"]
    assert (line["n"], line["champion"]) == (1, 1.0)


# --- gold and folds ---------------------------------------------------------------------------


def gold_of(tickets, first=1):
    return [
        {**t, "decision_id": n, "matter_id": n, "text_hash": "0" * 32}
        for n, t in enumerate(tickets, start=first)
    ]


@given(st.lists(st.integers(1, 9), max_size=12), st.integers(2, 6))
def test_tickets_of_one_matter_stay_in_one_fold_and_apart_from_the_corpus(matters, count):
    corpus = Corpus([ticket("E0")] * 30, np.arange(30) // 2)
    gold = [ticket("E0", decision_id=n, matter_id=m) for n, m in enumerate(matters)]
    joint = with_gold(corpus, gold)
    assert len(joint.tickets) == 30 + len(gold)
    assert len(set(joint.group[30:])) == len(set(matters))
    assert not set(joint.group[:30]) & set(joint.group[30:])
    assert (joint.group[:30] == corpus.group).all()
    by_matter = dict(zip(matters, joint.folds(count)[30:], strict=True))
    assert [by_matter[m] for m in matters] == list(joint.folds(count)[30:])


def test_a_gold_ticket_that_breaks_the_format_is_named():
    gold = [ticket("E1", None, decision_id=17, matter_id=1)]
    with pytest.raises(CorpusError, match="17"):
        with_gold(corpus_of([ticket("E0")]), gold)


def test_the_version_follows_the_gold_labels_alone():
    gold = gold_of([ticket("E1", T01, content="甲"), ticket("E0", content="乙")])
    version = version_with("0123456789ab", gold)
    assert version == version_with("0123456789ab", [{**g, "matter_id": 99} for g in gold])
    others = [
        version_with("ba9876543210", gold),
        version_with("0123456789ab", gold[:1]),
        version_with("0123456789ab", [gold[0] | {"primary": "rough"}, gold[1]]),
        version_with("0123456789ab", [gold[0] | {"text_hash": "1" * 32}, gold[1]]),
    ]
    assert len({version, *others}) == 5


# --- the frozen set ---------------------------------------------------------------------------


def test_no_model_learns_from_the_frozen_set_and_it_holds_every_type():
    whole = load_corpus(MODELS_DIR)
    learned, frozen = load_parts(MODELS_DIR)
    assert len(learned.tickets) + len(frozen.tickets) == len(whole.tickets)
    assert not set(learned.group) & set(frozen.group)  # nor from the other half of a pair
    assert {t["primary"] for t in frozen.tickets} == {None, *TYPES}
    assert {t["scope"] for t in frozen.tickets} == set(Scope)
    counts = [sum(kind in label_set(t) for t in frozen.tickets) for kind in HEADLINE_TYPES]
    assert min(counts) >= 20


def test_the_draw_is_fixed_and_keeps_pairs_together():
    corpus = load_corpus(MODELS_DIR)
    ids = set(draw_frozen(corpus, 0.05))
    assert ids == set(draw_frozen(corpus, 0.05))
    groups = {int(g) for t, g in zip(corpus.tickets, corpus.group, strict=True) if t["id"] in ids}
    inside = [
        t["id"] for t, g in zip(corpus.tickets, corpus.group, strict=True) if int(g) in groups
    ]
    assert set(inside) == ids
    assert 0.03 < len(ids) / len(corpus.tickets) < 0.08


def test_an_id_that_the_corpus_lacks_is_named(small_models):
    version = current_version(small_models)
    (small_models / "regression.txt").write_text("# said so\nnobody\n", encoding="utf-8")
    assert current_version(small_models) != version
    with pytest.raises(CorpusError, match="nobody"):
        load_parts(small_models)


# --- whole contests ---------------------------------------------------------------------------


def test_what_is_saved_is_what_was_measured_and_equal_models_draw(four_kinds, tmp_path):
    models, others = four_kinds
    gold = gold_of([t for found in others.values() for t in found[:30]])
    version = version_with(current_version(models), gold)
    held = contest(models, version, gold, set(), LENIENT)
    assert held.is_won, (held.fallen, held.lost)
    assert list(held.figures) == ["corpus", "gold", "frozen"]
    assert held.figures["gold"]["n"] == len(gold)
    assert held.figures["frozen"]["n"] == len(load_parts(models)[1].tickets)
    first = held.save(tmp_path / "a")
    loaded = Classifier.load(models, tmp_path / "a", version)
    assert loaded.version == version
    assert loaded.predict(others["rough"]) == held.classifier.predict(others["rough"])
    # A champion that knows all of it is the same model: nothing can fall or rise.
    even = contest(models, version, gold, {g["decision_id"] for g in gold}, LENIENT)
    assert all(part["champion"] == part["challenger"] for part in even.figures.values())
    second = even.save(tmp_path / "b")
    for name in ("arrays.npz", "model.json"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_labels_that_spoil_a_headline_type_lose(four_kinds):
    models, others = four_kinds
    wrong = {"primary": "rough", "secondary": [], "evidence": {}}
    gold = gold_of([{**t, **wrong} for t in others[T01]])
    held = contest(models, version_with(current_version(models), gold), gold, set(), RULE)
    assert not held.is_won
    assert ("corpus", T01.value) in held.fallen


def test_a_minimum_case_that_is_lost_keeps_the_champion(four_kinds):
    models, others = four_kinds
    (case,) = (c["text"] for c in yaml.safe_load((models / CASES).read_text("utf-8"))["minimum"])
    wrong = {"content": case, "title": "", "primary": T01, "secondary": [], "evidence": {}}
    gold = gold_of([{**t, **wrong} for t in others["rough"]])
    held = contest(models, version_with(current_version(models), gold), gold, set(), RULE)
    assert held.lost == [case]
    assert not held.is_won
