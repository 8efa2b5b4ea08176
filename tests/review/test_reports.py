"""Reports on the desk: approved and published by two persons, each number led to its tickets."""

import pytest

from pipeline.report import ReportPolicy, make_report
from pipeline.review.access import Role
from pipeline.store import tables as t
from tests.review.conftest import NOW


def step(client, report_id: int, name: str, note: str = "") -> str:
    """What the desk says after the step."""
    answer = client.submit(f"/reports/{report_id}/steps", {"step": name, "note": note})
    assert answer.status_code == 303
    return client.get("/reports").text


def test_two_persons_publish(store, as_role, as_person):
    report = store.report(state="pending")
    supervisor, chief = as_role(Role.SUPERVISOR), as_role(Role.CHIEF)
    assert "审核通过" in chief.get("/reports").text
    assert "审核通过" not in as_role(Role.VIEWER).get("/reports").text
    assert "还没有审核" in step(chief, report, "publish")
    assert "已审核。" in step(chief, report, "approve")
    assert "两个人" in step(chief, report, "publish")  # not the one who approved
    refused = supervisor.submit(f"/reports/{report}/steps", {"step": "publish"})
    assert refused.status_code == 403  # a supervisor publishes nothing
    assert store.rows(t.report)[0]["state"] == "pending"
    other = as_person("另一负责人", Role.CHIEF)
    assert 'value="publish"' in other.get("/reports").text
    assert "已发布并归档" in step(other, report, "publish", "同意发布")
    assert store.rows(t.report)[0]["state"] == "filed"
    text = chief.get("/reports").text
    assert "某负责人" in text
    assert "发布：同意发布" in text
    assert 'value="return"' not in text
    assert supervisor.submit(f"/reports/{report}/steps", {"step": "delete"}).status_code == 422


@pytest.fixture
def report(store, engine, settings):
    """A real report of three tickets, one of which becomes a lead after it was frozen."""
    tickets = [store.ticket(title=f"第{n}件", phone=None) for n in range(3)]
    made = make_report(
        engine, month="2026-10", policy=ReportPolicy(), as_of=NOW.date(), at=NOW,
        out_dir=settings.home / "reports", code_version="c", model_version="model-1",
    )  # fmt: skip
    store.classify(tickets[0], primary="integrity")
    return made.report_id, tickets


def test_each_number_leads_to_its_tickets(report, as_role, store):
    report_id, tickets = report
    client = as_role(Role.VIEWER)
    text = client.get(f"/reports/{report_id}/figures").text
    numbers = {row["number"] for row in store.rows(t.report_figure)}
    assert text.count("?number=") == len(numbers) > 100
    found = client.get(f"/reports/{report_id}/figures?number=1.enforcement").text
    for ticket in tickets[1:]:
        assert f'href="/tickets/{ticket}"' in found
    assert f'href="/tickets/{tickets[0]}"' not in found  # a lead by now
    assert "第0件" not in found
    assert "列出 2 件" in found
    derived = next(
        row["number"] for row in store.rows(t.report_figure)
        if (row["formula"] or "").startswith("ratio(")
    )  # fmt: skip
    text = client.get(f"/reports/{report_id}/figures", params={"number": derived}).text
    assert "由以下数字计算" in text
    assert text.count("?number=") == 2
    for url in (f"/reports/{report_id}/figures?number=9.none", "/reports/77/figures"):
        assert client.get(url).status_code == 404, url
    (event,) = [
        e for e in store.rows(t.audit_event)
        if e["action"] == "figure_traced" and e["detail_json"]["number"] == "1.enforcement"
    ]  # fmt: skip
    assert event["person"] == "某查看"


def test_each_number_leads_programs_to_its_tickets(report, as_client, store):
    report_id, _tickets = report

    def trace(number: str):
        return as_client(Role.VIEWER, "GET", f"/reports/{report_id}/figures/{number}/tickets")

    figures = as_client(Role.VIEWER, "GET", f"/reports/{report_id}/figures").json()["figures"]
    assert len(figures) == len(store.rows(t.report_figure))
    found = trace("1.enforcement").json()
    assert (found["value"], len(found["tickets"]), found["hidden"]) == (3, 2, 1)  # a lead by now
    derived = next(f for f in figures if (f["formula"] or "").startswith("ratio("))
    assert len(trace(derived["number"]).json()["operands"]) == 2
    assert trace("2.integrity.count").json()["withheld"] is True
    for number in ("9.none", "1.enforcement'--", "..%2f..%2fkey"):
        assert trace(number).status_code == 404, number
    traced = [e["detail_json"] for e in store.rows(t.audit_event) if e["action"] == "figure_traced"]
    assert traced[0] == {"number": "1.enforcement", "client": "平台"}


# --- by programs ----------------------------------------------------------------------------------


@pytest.fixture
def signs(as_client):
    """``signs(role, step)``: takes the step by a program that has read the newest state."""

    def sign(role: Role, name: str, note: str = "", report: int = 1):
        url = f"/reports/{report}"
        tag = as_client(role, "GET", url).headers["etag"]
        body = {"step": name, "note": note}
        return as_client(role, "POST", f"{url}/steps", json=body, headers={"If-Match": tag})

    return sign


def test_one_of_the_two_signs_at_the_desk(store, signs, as_role, as_client):
    report, chief = store.report(state="pending"), as_role(Role.CHIEF)
    early = as_client(Role.CHIEF, "GET", f"/reports/{report}").headers["etag"]
    answer = signs(Role.SUPERVISOR, "publish")
    assert (answer.status_code, "不能发布报告" in answer.json()["detail"]) == (403, True)
    assert "还没有审核" in signs(Role.CHIEF, "publish").json()["detail"]
    approved = signs(Role.SUPERVISOR, "approve", "数字已核对，电话13800001234").json()
    (made,) = approved["steps"]
    assert (made["person"], made["step"], made["client"]) == ("某监督员", "approved", "平台")
    assert "13800001234" not in made["note"]
    stale = as_client(
        Role.CHIEF, "POST", f"/reports/{report}/steps",
        json={"step": "publish"}, headers={"If-Match": early},
    )  # fmt: skip
    assert stale.status_code == 412
    refused = signs(Role.CHIEF, "publish")  # another person's token, and who knows whose program
    assert (refused.status_code, "至少一步须由本人" in refused.json()["detail"]) == (409, True)
    assert store.rows(t.report)[0]["state"] == "pending"
    assert "某监督员（经 平台）" in chief.get("/reports").text
    assert "已发布并归档" in step(chief, report, "publish")
    assert store.rows(t.report)[0]["state"] == "filed"
    events = {e["action"]: e for e in store.rows(t.audit_event)}
    assert events["report_approved"]["detail_json"]["client"] == "平台"
    assert "client" not in (events["report_published"]["detail_json"] or {})


def test_a_program_publishes_what_another_person_approved_at_the_desk(store, signs, as_role):
    report = store.report(state="pending")
    step(as_role(Role.CHIEF), report, "approve")
    assert "两个人" in signs(Role.CHIEF, "publish").json()["detail"]  # the same person's token
    store.person("另一负责人", Role.CHIEF)
    with store.engine.begin() as connection:
        connection.execute(t.api_token.update().values(person="另一负责人"))
    assert signs(Role.CHIEF, "publish").json()["state"] == "filed"
    assert "不在待审状态" in signs(Role.CHIEF, "return", "重做").json()["detail"]


def test_a_program_sends_back_with_a_reason(store, signs):
    store.report(state="pending")
    assert "退回须写明原因" in signs(Role.SUPERVISOR, "return").json()["detail"]
    assert signs(Role.SUPERVISOR, "return", "3.2 与附表不符").json()["state"] == "returned"
