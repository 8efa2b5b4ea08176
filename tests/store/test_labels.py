"""Gold labels: the decisions in force as training tickets; batches of what is to be classified."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from pipeline.classify.corpus import check
from pipeline.domain.labels import Prediction, ProblemType, Scope
from pipeline.store import tables as t
from pipeline.store.labels import (
    gold_labels,
    outdated,
    outdated_count,
    store_predictions,
    unclassified,
)

NOW = datetime(2026, 11, 20, 9)
TEXT = "执法人员在治超站推倒司机,还说这个月任务没完成"


class Store:
    """Tickets and decisions put in place by hand."""

    def __init__(self, engine):
        self.engine = engine
        with engine.begin() as connection:
            connection.execute(
                sa.insert(t.export_file).values(
                    id=1, sha256="0" * 64, name="a.csv", size_bytes=1, landed_at=NOW,
                    as_of=NOW.date(), state="loaded",
                )
            )  # fmt: skip

    def ticket(self, key, content=TEXT, **values):
        with self.engine.begin() as connection:
            connection.execute(
                sa.insert(t.ticket).values(
                    **{
                        "id": key, "hotline": "12328", "ticket_no": f"N{key}", "content": content,
                        "accepted_at": NOW, "text_hash": f"{key:032x}", "row_hash": "0" * 32,
                        "state_at": NOW, "first_file_id": 1, "first_row_no": key,
                        "last_file_id": 1, "last_row_no": key,
                    }
                    | values
                )
            )  # fmt: skip

    def decide(self, ticket, scope="E1", labels=("rough",), evidence=None, at=NOW, **values):
        with self.engine.begin() as connection:
            return connection.execute(
                sa.insert(t.review_decision)
                .values(
                    **{
                        "ticket_id": ticket, "person": "张三", "decided_at": at,
                        "action": "correct", "is_current": True, "scope": scope,
                        "primary_type": labels[0] if labels else None,
                        "labels_json": list(labels), "evidence_json": evidence or {},
                    }
                    | values
                )
                .returning(t.review_decision.c.id)
            ).scalar_one()  # fmt: skip

    def reword(self, ticket, at, **changes):
        with self.engine.begin() as connection:
            connection.execute(
                sa.insert(t.ticket_version).values(
                    ticket_id=ticket, version=2, file_id=1, row_no=1, recorded_at=at,
                    changes_json={name: ["前", "后"] for name in changes},
                )
            )  # fmt: skip

    def classify(self, ticket, version="m1", flags=(), at=NOW):
        said = Prediction(
            id=str(ticket["id"]), scope=Scope.E1, score=0.9, primary=ProblemType.ROUGH,
            labels=(ProblemType.ROUGH,), scores={}, evidence={}, flags=tuple(flags),
            model_version=version,
        )  # fmt: skip
        with self.engine.begin() as connection:
            store_predictions(connection, [ticket], [said], at)

    def gold(self):
        with self.engine.connect() as connection:
            return gold_labels(connection)


@pytest.fixture
def store(engine):
    return Store(engine)


def test_a_decision_in_force_is_a_labelled_ticket_of_the_corpus_format(store):
    store.ticket(7, title="治超站")
    store.classify({"id": 7, "text_hash": f"{7:032x}"}, flags=["货车司机", "廉政", "廉政:明确"])
    first = store.decide(7, is_current=False)
    second = store.decide(
        7, labels=("rough", "profit_driven"), evidence={"rough": ["推倒司机"], "procedure": []}
    )
    (gold,) = store.gold()
    assert first != second == gold["decision_id"]
    assert check(gold) == []
    assert gold == {
        "id": "gold-7", "decision_id": second, "matter_id": 7, "text_hash": f"{7:032x}",
        "channel": "12328", "category": None, "title": "治超站", "content": TEXT,
        "scope": "E1", "primary": "rough", "secondary": ["profit_driven"],
        "flags": ["货车司机", "廉政"], "evidence": {"rough": ["推倒司机"]},
    }  # fmt: skip


def test_flags_are_those_the_person_was_shown(store):
    store.ticket(1)
    for flags, hour in ((["涉企"], -2), (["群体"], -1), (["媒体"], 1)):
        at = NOW + timedelta(hours=hour)
        store.classify({"id": 1, "text_hash": f"{1:032x}"}, flags=flags, at=at)
    store.decide(1)
    (gold,) = store.gold()
    assert gold["flags"] == ["群体"]


def test_postponed_tickets_are_no_gold_and_rejected_ones_are(store):
    store.ticket(1)
    store.ticket(2)
    store.decide(1, action="postpone", is_current=False)
    store.decide(2, scope="E0", labels=(), action="reject")
    (gold,) = store.gold()
    assert (gold["id"], gold["scope"], gold["primary"]) == ("gold-2", "E0", None)
    assert check(gold) == []


def test_a_label_belongs_to_the_text_that_was_read(store):
    for key in (1, 2, 3, 4):
        store.ticket(key)
        store.decide(key)
    store.reword(1, NOW + timedelta(hours=1), content=True)
    store.reword(2, NOW - timedelta(hours=1), content=True)
    store.reword(3, NOW + timedelta(hours=1), status=True)
    store.reword(4, NOW + timedelta(hours=1), title=True, status=True)
    assert [gold["id"] for gold in store.gold()] == ["gold-2", "gold-3"]


def test_spans_that_the_text_does_not_hold_are_left_out(store):
    store.ticket(1)
    store.decide(1, evidence={"rough": ["推倒司机", "没有这句话"]})
    (gold,) = store.gold()
    assert gold["evidence"] == {"rough": ["推倒司机"]}


def test_tickets_of_one_matter_say_so(store, engine):
    for key in (3, 5):
        store.ticket(key)
        store.decide(key)
    with engine.begin() as connection:
        connection.execute(sa.insert(t.matter).values(ticket_id=5, matter_id=3))
    assert [gold["matter_id"] for gold in store.gold()] == [3, 3]


def test_new_text_is_unclassified_and_an_older_model_s_word_is_outdated(store, engine):
    for key in range(1, 8):
        store.ticket(key)
    for key in (1, 2, 3, 4):
        store.classify({"id": key, "text_hash": f"{key:032x}"}, "m1")
    store.classify({"id": 4, "text_hash": f"{4:032x}"}, "m2")
    store.classify({"id": 5, "text_hash": "another text"}, "m2")
    with engine.connect() as connection:
        batches = list(unclassified(connection, batch=2))
        assert [[row["id"] for row in batch] for batch in batches] == [[5, 6], [7]]
        assert [row["id"] for row in outdated(connection, "m2")] == [1, 2, 3]
        assert [row["id"] for row in outdated(connection, "m2", after=1, batch=1)] == [2]
        assert outdated_count(connection, "m2") == 3
        row = outdated(connection, "m1")[0]
        assert (row["id"], row["scope"], row["primary_type"]) == (4, "E1", "rough")
        assert {"title", "content", "channel", "category", "text_hash"} <= set(row)
