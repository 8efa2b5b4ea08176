"""The mixed queue, decisions taken back, blind second reviews and their agreement."""

from datetime import date, datetime

import pytest
import sqlalchemy as sa

from pipeline.review.access import Role, Sight
from pipeline.review.second import agreement
from pipeline.review.waiting import queue
from pipeline.store import tables as t
from pipeline.supervise.replay import past
from tests.review.conftest import NOW
from tests.review.test_decisions import Desk

DRAWN, NOT_DRAWN = "ff00" + "f" * 28, "ffff" + "f" * 28  # by the third and fourth digit


@pytest.fixture
def desk(as_role, store):
    return Desk(as_role(Role.REVIEWER), store)


def kinds(store, person="某复核", share=0.0) -> dict[int, str]:
    with store.engine.begin() as connection:
        found = queue(connection, Sight(Role.REVIEWER), person, NOW, share=share)
    return {row["id"]: row["why"] for row in found}


def flag(store, ticket_id: int, name: str) -> None:
    with store.engine.begin() as connection:
        connection.execute(
            sa.insert(t.classification_flag).values(classification_id=ticket_id, flag=name)
        )


# --- the mix --------------------------------------------------------------------------------------


def test_the_queue_mixes_its_kinds(store):
    unsure = [store.ticket(score=0.5 + n / 100) for n in range(4)]
    severe, mild = store.ticket(review=False), store.ticket(review=False, category="咨询")
    flag(store, severe, "人身")
    harmless = store.ticket(review=False, scope="E0")
    flag(store, harmless, "人身")
    audit = store.ticket(review=False, text_hash="00" + "f" * 30)
    store.ticket(review=False)
    assert list(kinds(store).items()) == [
        (unsure[0], "uncertain"),
        (unsure[1], "uncertain"),
        (severe, "severe"),
        (unsure[2], "uncertain"),
        (mild, "contradictory"),
        (unsure[3], "uncertain"),
        (audit, "audit"),
    ]


def test_a_ticket_of_two_kinds_stands_once(store):
    both = store.ticket(review=False, category="咨询", text_hash="00" + "f" * 30)
    flag(store, both, "群体")
    assert kinds(store) == {both: "severe"}


# --- undo -----------------------------------------------------------------------------------------


def undo(client, text: str | None = None):
    text = client.get("/queue").text if text is None else text
    key = text.split('name="decision" value="')[1].split('"')[0]
    return client.submit("/queue/undo", {"decision": key})


def test_undo_brings_back_what_was_in_force(desk, store):
    ticket = store.ticket()
    desk.correct(ticket, "rough")
    desk.correct(ticket, "excessive")
    assert undo(desk.client).headers["location"] == f"/queue/{ticket}"
    assert desk.in_force(ticket)["primary_type"] == "rough"
    assert 'name="decision"' not in desk.client.get("/queue").text  # no undoing of an undoing
    rows = {
        r["id"]: (r["action"], r["undoes"], r["is_current"]) for r in store.rows(t.review_decision)
    }
    assert rows == {
        1: ("correct", None, True), 2: ("correct", None, False), 3: ("undo", 2, False),
    }  # fmt: skip


@pytest.mark.parametrize("action", ["accept", "postpone", "return"])
def test_an_undone_ticket_waits_again(desk, store, action):
    ticket = store.ticket()
    assert desk.decide(ticket, action, reason="写错了").status_code == 303
    assert desk.waiting() == []
    undo(desk.client)
    assert desk.waiting() == [ticket]
    assert "写错了" not in desk.client.get("/queue").text  # neither among those sent back


def test_undo_is_ones_own_last_and_soon(desk, store, as_role, clock):
    ticket = store.ticket()
    desk.decide(ticket, "accept")
    page = desk.client.get("/queue").text
    other = Desk(as_role(Role.SUPERVISOR), store)
    assert 'name="decision"' not in other.client.get("/queue").text
    undo(other.client, page)
    assert desk.in_force(ticket)["is_reviewed"] is True
    other.correct(ticket, "rough")
    undo(desk.client, page)  # somebody decided since
    assert desk.in_force(ticket)["primary_type"] == "rough"
    own = other.client.get("/queue").text
    clock.pass_(minutes=29)
    other.client.get("/queue")  # keeps the session alive
    clock.pass_(minutes=2)
    undo(other.client, own)  # too late
    assert desk.in_force(ticket)["primary_type"] == "rough"
    assert {r["action"] for r in store.rows(t.review_decision)} == {"accept", "correct"}


def test_a_replay_knows_what_was_taken_back(desk, store, clock):
    ticket = store.ticket()
    desk.correct(ticket, "rough")
    clock.pass_(days=2)
    desk.client.log_in("某复核")
    desk.correct(ticket, "excessive")
    undo(desk.client)
    clock.pass_(days=2)
    desk.client.log_in("某复核")
    desk.decide(ticket, "reject", other_scope="E0")
    with store.engine.begin() as connection:
        known = past(connection, date(2026, 11, 7), datetime(2026, 10, 1)).labels
    assert known[ticket][:2] == ("E1", "rough")


# --- blind second review --------------------------------------------------------------------------


def test_the_share_is_drawn_by_the_text_and_never_ones_own(desk, store):
    drawn, other = store.ticket(text_hash=DRAWN), store.ticket(text_hash=NOT_DRAWN)
    for ticket in (drawn, other):
        desk.decide(ticket, "accept")
    assert kinds(store, "别人", share=0.1) == {drawn: "second"}
    assert kinds(store, "别人", share=0.0) == {}
    assert set(kinds(store, "别人", share=1.0)) == {drawn, other}
    assert kinds(store, "某复核", share=1.0) == {}
    undo(desk.client)
    desk.decide(other, "accept")
    assert set(kinds(store, "别人", share=1.0)) == {drawn, other}


def test_the_second_reviewer_sees_nothing_of_the_first(desk, store, as_role):
    ticket = store.ticket(text_hash=DRAWN, evidence={"procedure": ["没有出示证件"]})
    desk.correct(ticket, "rough", reason="第一人的话")
    client = as_role(Role.SUPERVISOR)
    assert client.get("/queue/next", follow_redirects=False).headers["location"] == (
        f"/queue/{ticket}/second"
    )
    text = client.get(f"/queue/{ticket}/second").text
    assert "司机反映被拦停检查" in text
    for words in ("第一人的话", "某复核", "<mark", "checked", "71%", "模型 model-1"):
        assert words not in text, words
    assert desk.client.get(f"/queue/{ticket}/second").status_code == 404  # his own
    form = {"action": "correct", "primary": "excessive", "reason": "电话13912345678"}
    url = f"/queue/{ticket}/second"
    assert client.submit(url, {"action": "accept"}).status_code == 400
    assert client.submit(url, form).status_code == 303
    assert client.submit(url, form).status_code == 404  # one is enough
    (kept,) = store.rows(t.second_review)
    assert (kept["person"], kept["primary_type"]) == ("某监督员", "excessive")
    assert "13912345678" not in kept["reason"]
    assert desk.in_force(ticket)["primary_type"] == "rough"  # no label changes
    page = client.get("/queue").text
    assert "待裁定 <small>1 件" in page
    assert "0 / 1 件一致" in page
    assert "待裁定" not in desk.client.get("/queue").text  # for supervisors to decide
    Desk(as_role(Role.CHIEF), store).correct(ticket, "excessive")
    assert "待裁定" not in client.get("/queue").text


WORDS = ("第一人的话", "某复核", "<mark", "粗暴", "程序不规范", "71%", "model-1")


def test_no_other_page_tells_the_second_reviewer_either(desk, store, as_role):
    ticket = store.ticket(text_hash=DRAWN, evidence={"procedure": ["没有出示证件"]})
    item = store.item(ticket, problem_type=None, summary="两件", subject="甲", rule="R01")
    desk.correct(ticket, "rough", reason="第一人的话")
    client, own = as_role(Role.SUPERVISOR), f"/tickets/{ticket}"
    pages = (own, f"/items/{item}", "/models?said=procedure&made=rough")
    for url in pages:
        text = client.get(url).text
        shown = text.split('id="confusions"')[-1].split("</table>")[-1]  # what is counted, stays
        assert not [words for words in WORDS if words in (text if url == own else shown)], url
    assert "待您盲复核" in client.get(own).text
    opened = client.get(f"/queue/{ticket}", follow_redirects=False)
    for answer in (opened, client.submit(f"/queue/{ticket}", {"action": "accept"})):
        assert answer.headers["location"] == f"/queue/{ticket}/second"
    assert len(store.rows(t.review_decision)) == 1
    for role in (Role.VIEWER, Role.REVIEWER):  # who never judges it blind sees it
        assert "第一人的话" in as_role(role).get(own).text
    client.submit(f"/queue/{ticket}/second", {"action": "correct", "primary": "rough"})
    assert "第一人的话" in client.get(own).text
    assert "粗暴" in client.get(f"/items/{item}").text
    assert client.get(f"/queue/{ticket}", follow_redirects=False).status_code == 200


def test_neither_does_the_interface(desk, store, as_role, as_client):
    ticket, other = store.ticket(text_hash=DRAWN), store.ticket(text_hash=NOT_DRAWN)
    item = store.item(ticket, other)
    for one in (ticket, other):
        desk.correct(one, "rough", reason="第一人的话")

    def ask(path, role=Role.SUPERVISOR, **kwargs):
        return as_client(role, "GET", path, **kwargs).json()

    body = ask(f"/tickets/{ticket}")
    assert (body["is_blind"], body["is_reviewed"]) == (True, True)
    assert (body["scope"], body["classification"], body["decisions"]) == (None, None, [])
    assert (body["labels"], body["evidence"], body["items"]) == ([], {}, [])
    for path in ("/tickets", f"/items/{item}/tickets"):
        rows = {row["id"]: row for row in ask(path)["tickets"]}
        assert (rows[ticket]["is_blind"], rows[ticket]["primary_type"]) == (True, None), path
        assert (rows[other]["is_blind"], rows[other]["primary_type"]) == (False, "rough"), path
    for query in ("problem_type=rough", "scope=E1", "needs_review=true", "needs_review=false"):
        assert ticket not in [row["id"] for row in ask(f"/tickets?{query}")["tickets"]], query
    read = {"If-Match": as_client(Role.SUPERVISOR, "GET", f"/tickets/{ticket}").headers["etag"]}
    url, accept = f"/tickets/{ticket}/decisions", {"action": "accept"}
    answer = as_client(Role.SUPERVISOR, "POST", url, json=accept, headers=read)
    assert (answer.status_code, "盲复核" in answer.json()["detail"]) == (409, True)
    assert ask(f"/tickets/{ticket}", Role.VIEWER)["primary_type"] == "rough"
    assert ask("/tickets?problem_type=rough", Role.VIEWER)["tickets"][1]["id"] == ticket


def test_kappa_is_cohens():
    # Cohen's example as commonly printed: 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no → 0.4
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    found = agreement(pairs)
    assert (found.pairs, found.same, found.share) == (50, 35, 0.7)
    assert found.kappa == pytest.approx(0.4)
    assert agreement(pairs[:9]).kappa is None
    assert agreement([("y", "y")] * 12).kappa is None  # chance alone would agree
