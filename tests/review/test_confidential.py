"""Integrity leads: seen by 纪检联络员, by nobody else, in no list, search, file, count or page."""

import pytest
import sqlalchemy as sa

from pipeline.review.access import Role
from pipeline.store import tables as t
from tests.review.conftest import NOW

OTHERS = [Role.VIEWER, Role.REVIEWER, Role.SUPERVISOR, Role.CHIEF]
SECRET = "停车场老板按月收钱放行"


@pytest.fixture
def leads(store, engine):
    """A plain ticket and item, and every way in which a thing can be confidential."""
    plain = store.ticket("普通反映", ticket_no="PLAIN1", title="普通工单标题")
    lead = store.ticket(SECRET, primary="integrity", ticket_no="LEAD1", title=SECRET)
    audit = store.ticket(
        SECRET, primary="integrity", ticket_no="LEAD2", review=False, text_hash="00" * 16
    )
    attached = store.ticket(SECRET, primary="rough", ticket_no="LEAD3", title=SECRET)
    also = store.ticket(SECRET, primary="rough", ticket_no="LEAD4", title=SECRET)
    decided = store.ticket(SECRET, primary="rough", ticket_no="LEAD5", title=SECRET)
    with engine.begin() as connection:
        said = t.classification
        connection.execute(
            sa.update(said)
            .where(said.c.ticket_id.in_([also, decided]))
            .values(labels_json=["rough", "integrity"], flags_json=["廉政", "廉政:明确"])
        )
        connection.execute(sa.insert(t.review_decision).values(
            ticket_id=decided, person="某人", decided_at=NOW, action="accept", scope="E1",
            is_current=True, primary_type="rough", labels_json=["rough", "integrity"],
            evidence_json={},
        ))  # fmt: skip
    mixed = store.item(plain, lead, attached, summary="普通事项摘要")
    secret = store.item(
        lead, attached, level="X", rule="R07", problem_type="integrity", summary=SECRET, unit="密署"
    )
    typed = store.item(lead, level="L2", problem_type="integrity", summary=SECRET, unit="密署")
    with engine.begin() as connection:
        connection.execute(
            sa.insert(t.ticket_link).values(
                ticket_id=lead, other_id=plain, kind="same_caller", score=1.0, known_on=NOW.date()
            )
        )
    return {
        "plain": plain,
        "tickets": [lead, audit, attached, also, decided],
        "items": [secret, typed],
        "mixed": mixed,
    }


def test_nobody_else_is_told(leads, as_role):
    pages = ["/", "/items", "/items?state=all&level=X", "/items.csv?state=all", "/queue", "/audit"]
    pages += ["/items?problem_type=integrity", f"/items/{leads['mixed']}"]
    pages += [f"/tickets/{leads['plain']}", f"/queue/{leads['plain']}"]
    pages += [f"/tickets?number=LEAD{n}" for n in (1, 2, 3, 4, 5)]
    for role in OTHERS:
        client = as_role(role)
        for url in pages:
            text = client.get(url).text
            assert SECRET not in text, f"{role} {url}"
            assert "密署" not in text, f"{role} {url}"
            assert "LEAD1</a>" not in text, f"{role} {url}"
        for ticket_id in leads["tickets"]:
            for url in (f"/tickets/{ticket_id}", f"/queue/{ticket_id}"):
                status = client.get(url).status_code
                expected = 403 if role is Role.VIEWER and "queue" in url else 404
                assert status == expected, f"{role} {url}"
        for item_id in leads["items"]:
            assert client.get(f"/items/{item_id}").status_code == 404, role


def test_the_interface_tells_nothing_either(leads, as_client):
    mixed, plain = leads["mixed"], leads["plain"]
    paths = ["/tickets", "/tickets?scope=E1", "/items?state=all", f"/items/{mixed}"]
    paths += [f"/items/{mixed}/events", f"/items/{mixed}/tickets", f"/tickets/{plain}"]
    hidden = [f"/tickets/{n}" for n in leads["tickets"]]
    hidden += [f"/items/{n}{part}" for n in leads["items"] for part in ("", "/events", "/tickets")]
    for role in OTHERS:
        for path in paths:
            answer = as_client(role, "GET", path)
            assert answer.status_code == 200, f"{role} {path} {answer.text}"
            for told in (SECRET, "密署", "LEAD1", "LEAD2", "LEAD3", "LEAD4", "LEAD5"):
                assert told not in answer.text, f"{role} {path}"
        for path in hidden:
            assert as_client(role, "GET", path).status_code == 404, f"{role} {path}"


def test_a_suspicion_or_a_label_a_person_took_away_is_no_lead(leads, as_role, store, engine):
    suspected = store.ticket("听说有人收钱", primary="rough", ticket_no="PLAIN2")
    cleared = store.ticket("听说有人收钱", primary="rough", ticket_no="PLAIN3")
    with engine.begin() as connection:
        said = t.classification
        for ticket_id, flags in ((suspected, ["廉政"]), (cleared, ["廉政", "廉政:明确"])):
            connection.execute(
                sa.update(said)
                .where(said.c.ticket_id == ticket_id)
                .values(labels_json=["rough", "integrity"], flags_json=flags)
            )
        connection.execute(sa.insert(t.review_decision).values(
            ticket_id=cleared, person="某人", decided_at=NOW, action="correct", scope="E1",
            is_current=True, primary_type="rough", labels_json=["rough"], evidence_json={},
        ))  # fmt: skip
    for role, status in ((Role.SUPERVISOR, 200), (Role.LIAISON, 404)):
        for ticket_id in (suspected, cleared):
            assert as_role(role).get(f"/tickets/{ticket_id}").status_code == status


def test_what_is_hidden_looks_like_what_is_not_there(leads, as_role):
    client = as_role(Role.CHIEF)
    for hidden, missing in (
        (f"/items/{leads['items'][0]}", "/items/999999"),
        (f"/tickets/{leads['tickets'][0]}", "/tickets/999999"),
        (f"/queue/{leads['tickets'][0]}", "/queue/999999"),
    ):
        assert client.get(hidden).text == client.get(missing).text
    for hidden, missing in (
        (f"/items/{leads['items'][0]}/transition", "/items/999999/transition"),
        (f"/items/{leads['items'][0]}/conditions", "/items/999999/conditions"),
        (f"/tickets/{leads['tickets'][0]}/contact", "/tickets/999999/contact"),
        (f"/tickets/{leads['tickets'][0]}/officers", "/tickets/999999/officers"),
        (f"/queue/{leads['tickets'][0]}", "/queue/999999"),
    ):
        data = {"reason": "想看一看", "action": "accept"}
        answers = [client.submit(url, data) for url in (hidden, missing)]
        assert [a.status_code for a in answers] == [404, 404]


def test_chief_is_told_a_number_and_others_not_even_that(leads, as_role):
    assert "<b>2</b><span>廉政线索" in as_role(Role.CHIEF).get("/").text
    for role in (Role.VIEWER, Role.REVIEWER, Role.SUPERVISOR):
        assert "廉政线索(由" not in as_role(role).get("/").text


def test_liaison_sees_leads_and_nothing_else(leads, as_role):
    client = as_role(Role.LIAISON)
    text = client.get("/items?state=all").text
    assert SECRET in text
    assert "普通事项摘要" not in text
    for ticket_id in leads["tickets"]:
        assert client.get(f"/tickets/{ticket_id}").status_code == 200
    for item_id in leads["items"]:
        assert client.get(f"/items/{item_id}").status_code == 200
    queue = client.get("/queue").text
    assert "LEAD1" in queue
    assert "LEAD2" in queue
    assert "PLAIN1" not in queue
    for url in (f"/tickets/{leads['plain']}", f"/items/{leads['mixed']}", "/queue/999"):
        assert client.get(url).status_code == 404
    assert "普通" not in client.get("/tickets?number=PLAIN1").text.split("没有编号为")[0]
    assert "普通事项摘要" not in client.get("/items.csv?state=all").text


def test_the_liaison_learns_of_whom_a_lead_speaks_though_nobody_found_it_true(
    leads, as_role, store
):
    ticket = leads["tickets"][0]
    store.officers(ticket, ["张明"], ["0417"])
    client = as_role(Role.LIAISON)
    assert "查看执法人员" in client.get(f"/tickets/{ticket}").text
    answer = client.submit(f"/tickets/{ticket}/officers", {"reason": "移送前核对"})
    assert "张明" in answer.text
    assert "0417" in answer.text
    kinds = [(row["action"], row["subject"]) for row in store.rows(t.audit_event)]
    assert ("officers_shown", f"ticket:{ticket}") in kinds


def test_looking_at_a_lead_is_written_down_and_only_the_liaison_reads_it(leads, as_role, store):
    client = as_role(Role.LIAISON)
    client.get(f"/items/{leads['items'][0]}")
    client.get(f"/tickets/{leads['tickets'][0]}")
    client.submit(f"/tickets/{leads['tickets'][0]}/contact", {"reason": "核实线索细节"})
    kinds = [(row["action"], row["subject"]) for row in store.rows(t.audit_event)]
    assert ("confidential_seen", f"item:{leads['items'][0]}") in kinds
    assert ("confidential_seen", f"ticket:{leads['tickets'][0]}") in kinds
    assert ("contact_shown", f"ticket:{leads['tickets'][0]}") in kinds
    own = client.get("/audit").text
    assert f'"/items/{leads["items"][0]}"' in own
    assert "新增用户" not in own.split("<tbody>")[1]
    for role in (Role.CHIEF, Role.ADMIN):
        text = as_role(role).get("/audit").text
        for key in (*leads["tickets"], *leads["items"]):
            assert f"工单 {key}<" not in text
            assert f"事项 {key}<" not in text
        assert "查看保密内容</td>" not in text


def test_a_decision_moves_a_ticket_into_and_out_of_confidence(leads, as_role, store):
    reviewer, liaison = as_role(Role.REVIEWER), as_role(Role.LIAISON)
    plain, lead = leads["plain"], leads["tickets"][1]
    stamp = reviewer.get(f"/queue/{plain}").text.split('name="expected" value="')[1].split('"')[0]
    reviewer.submit(
        f"/queue/{plain}",
        {"action": "correct", "scope": "E1", "primary": "integrity", "expected": stamp},
    )
    assert reviewer.get(f"/queue/{plain}").status_code == 404
    assert liaison.get(f"/queue/{plain}").status_code == 200
    stamp = liaison.get(f"/queue/{lead}").text.split('name="expected" value="')[1].split('"')[0]
    liaison.submit(
        f"/queue/{lead}",
        {"action": "correct", "scope": "E1", "primary": "selective", "expected": stamp},
    )
    assert reviewer.get(f"/queue/{lead}").status_code == 200
    assert liaison.get(f"/queue/{lead}").status_code == 404


def test_a_lapsed_lead_releases_its_tickets_and_stays_hidden_itself(leads, as_role, engine):
    attached, secret = leads["tickets"][2], leads["items"][0]
    with engine.begin() as connection:
        item = t.supervision_item
        connection.execute(
            sa.update(item).where(item.c.id == secret).values(state="不属实", updated_on=NOW.date())
        )
    client = as_role(Role.SUPERVISOR)
    assert client.get(f"/tickets/{attached}").status_code == 200
    assert SECRET not in client.get("/items?state=all").text
    assert client.get(f"/items/{secret}").status_code == 404
