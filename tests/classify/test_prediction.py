"""Invariants of every prediction, on arbitrary text; evidence; lines of ``hotline classify``."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.classify import Classifier, ModelMissing
from pipeline.classify.lines import chunks, classify_chunk
from pipeline.classify.ngrams import WordFinder
from pipeline.domain.labels import FLAGS, ProblemType, Scope

SPOKEN = st.sampled_from(
    ["执法人员", "罚款", "扣车", "，", "。", "没给单子", "😀", "治超站", "ａＢ１２",
     "\n", " ", "\ud83d", "交了钱就放行", "直法", "、", "推搡", "公司", "", "\x00", "𠮷", "a" * 70]
)  # fmt: skip
TEXT = st.one_of(st.text(max_size=60), st.lists(SPOKEN, max_size=25).map("".join))


def holds(prediction, ticket) -> None:
    """What the contract says of one prediction."""
    assert 0 <= prediction.score <= 1
    assert set(prediction.scores) == set(ProblemType)
    assert all(0 <= p <= 1 for p in prediction.scores.values())
    assert set(prediction.scope_scores) == set(Scope)
    assert sum(prediction.scope_scores.values()) == pytest.approx(1)
    assert prediction.enforcement == bool(prediction.labels)
    assert (prediction.labels[0] if prediction.labels else None) is prediction.primary
    assert len(set(prediction.labels)) == len(prediction.labels) <= 3
    if prediction.primary is ProblemType.UNSPECIFIED:
        assert prediction.labels == (ProblemType.UNSPECIFIED,)
    assert set(prediction.evidence) == set(prediction.labels)
    for spans in prediction.evidence.values():
        assert spans
        for span in spans:
            assert 4 <= len(span) <= 60
            assert span in (ticket.get("title") or "") or span in (ticket.get("content") or "")
    assert set(prediction.flags) <= {*FLAGS, "廉政:明确"}
    assert "廉政" in prediction.flags or "廉政:明确" not in prediction.flags


TICKET = st.fixed_dictionaries({"id": st.just("x"), "title": TEXT, "content": TEXT})


@given(st.lists(TICKET, max_size=6))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_invariants_hold_for_any_text(classifier, tickets):
    said = classifier.predict(tickets)
    assert len(said) == len(tickets)
    for prediction, ticket in zip(said, tickets, strict=True):
        holds(prediction, ticket)


def test_very_long_and_empty_tickets(classifier):
    tickets = [
        {"id": 1, "title": None, "content": "执法人员扣车没给单子，" * 3000},
        {"id": 2, "title": "", "content": ""},
        {"id": 3, "title": "罚", "content": "扣"},
        {"id": 4, "title": "治超站执法人员打人骂人还扣车", "content": None},
        {"id": 5},
    ]
    said = classifier.predict(tickets)
    for prediction, ticket in zip(said, tickets, strict=True):
        holds(prediction, ticket)
    assert [p.id for p in said] == ["1", "2", "3", "4", "5"]
    assert not said[1].enforcement
    assert not said[2].enforcement
    assert said[0].enforcement


def test_a_ticket_is_judged_alone(classifier):
    """Neighbours in the batch change nothing."""
    tickets = [
        {"id": "a", "title": "", "content": "治超站交完罚款货没卸就放行，说任务还差几台"},
        {"id": "b", "title": "公交晚点", "content": "等了四十分钟"},
        {"id": "c", "title": "", "content": "执法人员拔走车钥匙，把人推倒"},
    ]
    together = classifier.predict(tickets)
    for ticket, expected in zip(tickets, together, strict=True):
        alone = classifier.predict([ticket])[0]
        assert alone.labels == expected.labels
        assert alone.evidence == expected.evidence
        assert alone.score == pytest.approx(expected.score, abs=1e-5)


def test_evidence_names_the_clause_that_counts(classifier):
    content = (
        "来电人是跑长途的，车况很好，天气也不错。昨天上午路过县城，吃了碗面。"
        "在治超站执法人员一把将我推倒还拔走车钥匙。后来回家了，孩子在读书。"
    )
    said = classifier.predict([{"id": "1", "title": "", "content": content}])[0]
    assert ProblemType.ROUGH in said.labels
    assert any("推倒" in span for span in said.evidence[ProblemType.ROUGH])


def test_lines_in_lines_out(classifier):
    source = [
        json.dumps({"id": "1", "title": "", "content": "执法人员打人"}).encode(),
        b"\n",
        b"{broken",
        b"[1, 2]",
        json.dumps({"id": "2", "title": 5, "content": "x"}).encode(),
        json.dumps({"id": "3"}).encode(),
        b'{"id": "4", "content": "\xff"}',
        json.dumps({"id": "5", "title": "公交晚点", "content": "要求道歉"}).encode(),
    ]
    (chunk,) = chunks(source)
    written, counts = classify_chunk(classifier, chunk)
    answers = [json.loads(line) for line in written.splitlines()]
    assert counts == {"lines": 7, "enforcement": 1, "review": counts["review"], "errors": 5}
    assert [a.get("line") for a in answers] == [None, 3, 4, 5, 6, 7, None]
    assert answers[0]["enforcement"] is True
    assert answers[0]["model_version"] == classifier.version
    assert set(answers[0]) == {
        "id", "scope", "enforcement", "score", "primary", "labels", "scores", "evidence", "flags",
        "review", "model_version",
    }  # fmt: skip
    assert answers[-1]["labels"] == []


def test_a_complaint_hidden_under_a_question_is_flagged(classifier):
    ticket = {"id": "1", "title": "", "content": "车被执法大队扣了二十天没给扣押单，请问合法吗"}
    hidden = classifier.predict([{**ticket, "category": "咨询"}, {**ticket, "category": "投诉"}])
    assert [("隐蔽" in p.flags) for p in hidden] == [True, False]


def test_missing_model_says_what_to_run(small_models, tmp_path):
    with pytest.raises(ModelMissing, match="hotline train"):
        Classifier.load(small_models, tmp_path / "none")


FEW = st.text(alphabet="扣车罚款𠮷", min_size=1, max_size=4)


@given(words=st.lists(FEW, min_size=1, max_size=8, unique=True), texts=st.lists(FEW))
def test_every_occurrence_of_every_word_is_found(words, texts):
    block = "".join(f"{text}\n" for text in texts)
    codes = np.array([ord(char) for char in block], dtype="<u4")
    found = {(int(at), words[n]) for at, n in zip(*WordFinder(words).find(codes), strict=True)}
    assert found == {
        (at, word) for word in words for at in range(len(block)) if block.startswith(word, at)
    }
