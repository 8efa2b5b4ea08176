"""The queue and the decisions: append-only, above the model, never on what one did not see."""

import pytest
import sqlalchemy as sa

from pipeline.domain.labels import Prediction, ProblemType, Scope
from pipeline.review.access import Role, Sight
from pipeline.review.definitions import definitions
from pipeline.review.views import labelled
from pipeline.review.waiting import queue
from pipeline.store import tables as t
from pipeline.store.labels import store_predictions
from tests.review.conftest import NOW


class Desk:
    """A reviewer at the queue."""

    def __init__(self, client, store) -> None:
        self.client, self.store = client, store

    def stamp(self, ticket_id: int) -> str:
        text = self.client.get(f"/queue/{ticket_id}").text
        return text.split('name="expected" value="')[1].split('"')[0]

    def decide(self, ticket_id: int, action: str, expected: str | None = None, **fields):
        stamp = self.stamp(ticket_id) if expected is None else expected
        return self.client.submit(
            f"/queue/{ticket_id}", {"action": action, "expected": stamp} | fields
        )

    def correct(self, ticket_id: int, primary: str, **fields):
        return self.decide(ticket_id, "correct", scope="E1", primary=primary, **fields)

    def in_force(self, ticket_id: int) -> sa.RowMapping:
        with self.store.engine.begin() as connection:
            query = sa.select(labelled).where(labelled.c.id == ticket_id)
            return connection.execute(query).mappings().one()

    def waiting(self, at=NOW, role=Role.REVIEWER, person="某复核") -> list[int]:
        with self.store.engine.begin() as connection:
            return [row["id"] for row in queue(connection, Sight(role), person, at)]


@pytest.fixture
def desk(as_role, store):
    return Desk(as_role(Role.REVIEWER), store)


def test_queue_takes_the_most_uncertain_first_and_then_random_audits(desk, store):
    sure = store.ticket(score=0.95)
    border = store.ticket(score=0.52)
    audit = store.ticket(review=False, text_hash="00" * 16)
    store.ticket(review=False)
    assert desk.waiting() == [border, sure, audit]
    text = desk.client.get("/queue").text
    assert "2 件模型拿不准" in text
    assert "随机抽检" in text
    assert desk.client.get("/queue/next", follow_redirects=False).headers["location"] == (
        f"/queue/{border}"
    )


def test_accept_takes_the_models_word_and_the_next_ticket_comes(desk, store):
    ticket = store.ticket(evidence={"procedure": ["没有出示证件"]})
    answer = desk.decide(ticket, "accept")
    assert answer.headers["location"] == "/queue/next"
    row = desk.in_force(ticket)
    assert (row["is_reviewed"], row["scope"], row["primary_type"]) == (True, "E1", "procedure")
    assert row["evidence_json"] == {"procedure": ["没有出示证件"]}
    (label,) = store.rows(t.decision_label)
    assert (label["problem_type"], label["is_primary"]) == ("procedure", True)
    assert desk.waiting() == []
    assert "没有待复核的工单了" in desk.client.get("/queue/next").text


def test_correct_writes_labels_and_exact_evidence(desk, store):
    ticket = store.ticket("第一行没有出示证件\n第二行罚款两千元")
    answer = desk.correct(
        ticket,
        "disproportionate",
        labels=["procedure", "disproportionate"],
        evidence=["disproportionate:罚款两千元", "procedure:没有出示证件\r\n第二行", "rough:无关"],
        reason="致电13912345678核实过",
    )
    assert answer.status_code == 303
    row = desk.in_force(ticket)
    assert row["labels_json"] == ["disproportionate", "procedure"]
    assert row["evidence_json"] == {
        "disproportionate": ["罚款两千元"],
        "procedure": ["没有出示证件\n第二行"],
    }
    (decision,) = store.rows(t.review_decision)
    assert decision["person"] == "某复核"
    assert "13912345678" not in decision["reason"]
    assert {r["problem_type"]: r["is_primary"] for r in store.rows(t.decision_label)} == {
        "disproportionate": True,
        "procedure": False,
    }


def test_reject_leaves_no_labels(desk, store):
    ticket = store.ticket()
    assert desk.decide(ticket, "reject", other_scope="E2").status_code == 303
    row = desk.in_force(ticket)
    assert (row["scope"], row["primary_type"], row["labels_json"]) == ("E2", None, [])
    assert store.rows(t.decision_label) == []


IMPOSSIBLE = [
    ("reject", {"other_scope": "E1"}),
    ("reject", {"other_scope": "E9"}),
    ("reject", {}),
    ("correct", {"scope": "E1"}),
    ("correct", {"scope": "E1", "primary": "nonsense"}),
    ("correct", {"scope": "E1", "primary": "rough", "labels": ["nonsense"]}),
    ("correct", {"scope": "E1", "primary": "rough", "labels": ["unspecified"]}),
    ("correct", {"scope": "E1", "primary": "rough", "evidence": ["rough:不在原文里"]}),
    ("correct", {"scope": "E1", "primary": "rough", "evidence": ["rough: "]}),
    (
        "correct",
        {"scope": "E1", "primary": "rough", "labels": ["excessive", "selective", "inaction"]},
    ),
    ("return", {"reason": "  "}),
    ("delete", {}),
    ("", {}),
]


def test_what_cannot_stand_is_refused_and_leaves_nothing(desk, store):
    ticket = store.ticket()
    for action, fields in IMPOSSIBLE:
        assert desk.decide(ticket, action, **fields).status_code == 400, (action, fields)
    assert store.rows(t.review_decision) == []


def test_accept_needs_a_primary_type(desk, store):
    ticket = store.ticket(primary=None)
    assert desk.decide(ticket, "accept").status_code == 400


def test_decisions_are_append_only_and_the_newest_is_current(desk, store):
    ticket = store.ticket()
    desk.correct(ticket, "rough", reason="第一次")
    first = dict(store.rows(t.review_decision)[0])
    desk.correct(ticket, "excessive", reason="第二次")
    desk.decide(ticket, "reject", other_scope="E0", reason="第三次")
    rows = store.rows(t.review_decision)
    assert [(r["primary_type"], r["is_current"]) for r in rows] == [
        ("rough", False),
        ("excessive", False),
        (None, True),
    ]
    assert dict(rows[0]) == first | {"is_current": False}
    page = desk.client.get(f"/tickets/{ticket}").text
    assert all(word in page for word in ("第一次", "第二次", "第三次"))


def test_a_later_model_never_overwrites_a_person(desk, store, engine):
    ticket = store.ticket()
    desk.correct(ticket, "rough")
    said = Prediction(
        id=str(ticket), scope=Scope.E0, score=0.01, primary=None, labels=(), scores={},
        evidence={}, model_version="model-2", review=True,
    )  # fmt: skip
    with engine.begin() as connection:
        store_predictions(connection, [{"id": ticket, "text_hash": "ff" * 16}], [said], NOW)
    row = desk.in_force(ticket)
    assert (row["primary_type"], row["model_version"]) == ("rough", "model-2")
    assert desk.waiting() == []


def test_postponed_returns_tomorrow_and_stays_for_others(desk, store, clock):
    ticket = store.ticket()
    assert desk.decide(ticket, "postpone").status_code == 303
    assert desk.waiting() == []
    assert desk.waiting(person="别人") == [ticket]
    clock.pass_(days=1)
    assert desk.waiting(clock()) == [ticket]
    row = desk.in_force(ticket)
    assert (row["is_reviewed"], row["primary_type"], row["review"]) == (False, "procedure", True)


def test_returned_waits_for_new_text_and_stays_in_sight(desk, store, clock):
    ticket = store.ticket()
    assert desk.decide(ticket, "return", reason="内容不全,请补充地点").status_code == 303
    clock.pass_(days=3)
    assert desk.waiting(clock()) == []
    desk.client.log_in("某复核")
    assert "请补充地点" in desk.client.get("/queue").text
    assert desk.in_force(ticket)["is_reviewed"] is False
    clock.pass_(minutes=1)
    store.classify(ticket, at=clock())  # by another model: the text is what it was
    assert desk.waiting(clock()) == []
    store.classify(ticket, at=clock(), text_hash="ee" * 16)
    assert desk.waiting(clock()) == [ticket]
    desk.decide(ticket, "accept")
    assert "请补充地点" not in desk.client.get("/queue").text


def test_settled_labels_survive_a_later_postponement(desk, store):
    ticket = store.ticket()
    desk.correct(ticket, "rough")
    desk.decide(ticket, "return", reason="再看看")
    assert desk.in_force(ticket)["primary_type"] == "rough"


def test_the_second_of_two_people_is_told(desk, store, as_role):
    ticket = store.ticket()
    seen = desk.stamp(ticket)
    other = Desk(as_role(Role.SUPERVISOR), store)
    assert other.correct(ticket, "rough").status_code == 303
    late = desk.decide(ticket, "accept", expected=seen)
    assert late.status_code == 409
    assert "已有新的复核" in late.text
    assert desk.in_force(ticket)["primary_type"] == "rough"
    again = late.text.split('name="expected" value="')[1].split('"')[0]
    assert desk.decide(ticket, "accept", expected=again).status_code == 303


def test_a_new_classification_makes_the_form_stale(desk, store):
    ticket = store.ticket()
    seen = desk.stamp(ticket)
    store.classify(ticket, primary="rough")
    assert desk.decide(ticket, "accept", expected=seen).status_code == 409


def test_decision_is_audited(desk, store):
    ticket = store.ticket()
    desk.decide(ticket, "accept")
    (event,) = [r for r in store.rows(t.audit_event) if r["action"] == "decision"]
    assert (event["person"], event["subject"]) == ("某复核", f"ticket:{ticket}")


def test_definitions_are_at_hand_for_every_label(desk, store):
    text = desk.client.get(f"/queue/{store.ticket()}").text
    assert text.count('<p class="definition">') == len(ProblemType)
    for label in (*ProblemType, *Scope):
        assert len(definitions()[label.value]) > 15
    assert "通风报信" in text
    assert "没有指责执法机关" in text
