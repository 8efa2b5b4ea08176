"""The interface for programs: reading, paging, conditional requests, acting in a person's name."""

from pipeline.review.access import Role
from pipeline.store import tables as t


def test_a_walk_through_everything_that_can_be_read(store, as_client, settings):
    one, two = store.ticket("执法人员打人", target_unit="乙队"), store.ticket()
    item = store.item(one, two)
    store.quarantined()
    check = store.stop()
    report = store.report()
    folder = settings.home / "reports" / "2026-10"
    folder.mkdir(parents=True)
    (folder / "report.docx").write_bytes(b"docx")

    def chief(path):
        return as_client(Role.CHIEF, "GET", path)

    def body(path):
        answer = chief(path)
        assert answer.status_code == 200, (path, answer.text)
        assert answer.headers["cache-control"] == "private, no-cache"
        assert "set-cookie" not in answer.headers
        again = as_client(
            Role.CHIEF, "GET", path, headers={"If-None-Match": answer.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b""), path
        return answer.json()

    assert [row["id"] for row in body("/tickets")["tickets"]] == [two, one]
    ticket = body(f"/tickets/{one}")
    assert ticket["content"] == "执法人员打人"
    assert ticket["accepted_at"] == "2026-10-05T09:00:00+08:00"
    assert ticket["classification"]["scores"]["procedure"] == 0.71
    assert [version["version"] for version in ticket["versions"]] == [1]
    assert [found["id"] for found in ticket["items"]] == [item]
    assert [row["id"] for row in body("/items")["items"]] == [item]
    assert body(f"/items/{item}")["next_states"] == ["督办中", "不属实", "转移送", "升级"]
    assert [event["action"] for event in body(f"/items/{item}/events")["events"]] == ["raised"]
    assert [row["id"] for row in body(f"/items/{item}/tickets")["tickets"]] == [two, one]
    assert len(body("/quarantine")["rows"]) == 1
    assert body("/nights") == {"nights": ["2026-11-03"]}
    assert [file["inserted"] for file in body("/nights/2026-11-03")["files"]] == [2]
    assert [row["id"] for row in body("/checks")["checks"]] == [check]
    assert body("/reports")["reports"][0]["documents"] == ["report.docx"]
    assert body(f"/reports/{report}")["findings"][0]["code"] == "few"
    assert body(f"/reports/{report}/figures") == {"figures": []}
    assert body("/model")["is_shipped"] is True
    assert chief(f"/reports/{report}/documents/report.docx").content == b"docx"
    assert chief(f"/reports/{report}/figures/2.rough.count/tickets").status_code == 404


def test_filters_of_tickets(store, as_client):
    mine = store.ticket(region="乙县", target_unit="乙队", status="已办结", primary="rough")
    for _ in range(2):
        store.ticket(review=False)
    (row,) = [r for r in store.rows(t.ticket) if r["id"] == mine]
    for query in (
        {"region": "乙县"},
        {"unit": "乙队"},
        {"status": "已办结"},
        {"problem_type": "rough"},
        {"number": row["ticket_no"]},
        {"needs_review": "true"},
        {"accepted_to": "2026-10-05", "region": "乙县", "hotline": "12328", "scope": "E1"},
    ):
        found = as_client(Role.VIEWER, "GET", "/tickets", params=query).json()
        assert [ticket["id"] for ticket in found["tickets"]] == [mine], query
    none = as_client(Role.VIEWER, "GET", "/tickets", params={"accepted_from": "2026-10-06"})
    assert none.json() == {"tickets": [], "next": None}


def test_pages_hold_every_ticket_once_even_while_new_ones_arrive(store, as_client):
    made = [store.ticket() for _ in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        query = {"limit": 2, "cursor": cursor}
        page = as_client(Role.VIEWER, "GET", "/tickets", params=query).json()
        seen += [ticket["id"] for ticket in page["tickets"]]
        cursor = page["next"]
        store.ticket()
    assert seen == made[::-1]


def act(as_client, role, item, where="transitions", tag=None, **body):
    if tag is None:
        tag = as_client(role, "GET", f"/items/{item}").headers["etag"]
    headers = {"If-Match": tag}
    return as_client(role, "POST", f"/items/{item}/{where}", headers=headers, json=body)


def test_an_item_lives_by_the_interface_as_by_the_desk(store, as_client):
    item = store.item(store.ticket(), missing_json=["核实结论"])
    supervisor, chief = Role.SUPERVISOR, Role.CHIEF
    seen = as_client(supervisor, "GET", f"/items/{item}").headers["etag"]
    taken = act(as_client, supervisor, item, to_state="督办中", reason="电话13800001234核对")
    assert (taken.status_code, taken.json()["state"]) == (200, "督办中")
    assert taken.headers["etag"] != seen
    pause = {"action": "暂停计时", "reason": "核查"}
    assert act(as_client, supervisor, item, "deadline", **pause).status_code == 409
    longer = act(as_client, chief, item, "deadline", action="延期", days=2, reason="案情复杂")
    assert longer.json()["due_on"] == "2026-11-10"
    for step in ("暂停计时", "恢复计时"):
        done = act(as_client, chief, item, "deadline", action=step, reason="等候鉴定")
        assert done.status_code == 200, done.text
    assert act(as_client, supervisor, item, to_state="已反馈", reason="已反馈").status_code == 200
    assert act(as_client, supervisor, item, to_state="待销号", reason="提请").status_code == 200
    early = act(as_client, supervisor, item, to_state="已销号", reason="销号")
    assert (early.status_code, early.headers["content-type"]) == (409, "application/problem+json")
    note = act(as_client, supervisor, item, "conditions", condition="核实结论", note="卷宗3号")
    assert note.json()["missing"] == []
    closed = act(as_client, supervisor, item, to_state="已销号", reason="销号")
    assert (closed.json()["state"], closed.json()["next_states"]) == ("已销号", ["重开"])
    events = as_client(supervisor, "GET", f"/items/{item}/events").json()["events"]
    assert [event["person"] for event in events[::-1]] == [
        "system", "某监督员", *["某负责人"] * 3, *["某监督员"] * 4,
    ]  # fmt: skip
    assert "13800001234" not in str(store.rows(t.item_event))
    details = [r["detail_json"] for r in store.rows(t.audit_event) if r["action"] == "transition"]
    assert len(details) == 8
    assert {detail["client"] for detail in details} == {"平台"}


def test_whoever_did_not_see_the_newest_version_is_refused(store, as_client):
    item = store.item(store.ticket())
    tag = as_client(Role.CHIEF, "GET", f"/items/{item}").headers["etag"]
    step = {"to_state": "督办中", "reason": "已核对"}
    url = f"/items/{item}/transitions"
    for headers in ({}, {"If-Match": "*"}):
        missing = as_client(Role.CHIEF, "POST", url, headers=headers, json=step)
        assert missing.status_code == 428
    assert act(as_client, Role.CHIEF, item, tag=tag, **step).status_code == 200
    late = act(as_client, Role.CHIEF, item, tag=tag, to_state="不属实", reason="没看见")
    assert late.status_code == 412
    assert late.json()["title"] == "内容已更新"
    assert [row["state"] for row in store.rows(t.supervision_item)] == ["督办中"]


def test_a_person_decides_through_a_program(store, as_client):
    ticket = store.ticket("执法人员打人，没有出示证件。")

    def decide(role=Role.REVIEWER, tag=None, **verdict):
        tag = tag or as_client(role, "GET", f"/tickets/{ticket}").headers["etag"]
        url, headers = f"/tickets/{ticket}/decisions", {"If-Match": tag}
        return as_client(role, "POST", url, headers=headers, json=verdict)

    first = as_client(Role.REVIEWER, "GET", f"/tickets/{ticket}").headers["etag"]
    wrong = {"action": "correct", "scope": "E1", "primary": "rough"}
    evidence = [{"label": "rough", "text": "打伤人"}]
    assert "依据片段" in decide(**wrong, evidence=evidence).json()["detail"]
    evidence = [{"label": "rough", "text": "打人"}]
    made = decide(**wrong, labels=["procedure"], evidence=evidence)
    assert made.status_code == 201, made.text
    assert made.json()["labels"] == ["rough", "procedure"]
    assert made.json()["person"] == "某复核"
    assert decide(tag=first, action="accept").status_code == 412
    shown = as_client(Role.VIEWER, "GET", f"/tickets/{ticket}").json()
    assert (shown["primary_type"], shown["is_reviewed"]) == ("rough", True)
    (event,) = [r for r in store.rows(t.audit_event) if r["action"] == "decision"]
    assert (event["person"], event["detail_json"]["client"]) == ("某复核", "平台")
    lead = decide(action="correct", scope="E1", primary="integrity")
    assert lead.status_code == 201
    assert as_client(Role.REVIEWER, "GET", f"/tickets/{ticket}").status_code == 404


def test_a_decision_is_taken_back_through_a_program(store, as_client, clock):
    ticket = store.ticket()
    url = f"/tickets/{ticket}"

    def post(path, role=Role.REVIEWER, body=None):
        tag = as_client(role, "GET", url).headers["etag"]
        return as_client(role, "POST", f"{url}/{path}", headers={"If-Match": tag}, json=body)

    def decide(primary):
        return post("decisions", body={"action": "correct", "scope": "E1", "primary": primary})

    first, second = decide("rough").json()["id"], decide("excessive").json()["id"]
    assert "不能撤销" in post(f"decisions/{first}/undo").json()["detail"]  # not the newest
    others = post(f"decisions/{second}/undo", Role.SUPERVISOR)
    assert (others.status_code, "只能撤销自己的" in others.json()["detail"]) == (409, True)
    assert post("decisions/77/undo").status_code == 404
    assert as_client(Role.REVIEWER, "POST", f"{url}/decisions/{second}/undo").status_code == 428
    undone = post(f"decisions/{second}/undo")
    assert (undone.status_code, undone.json()["undoes"]) == (201, second)
    shown = as_client(Role.VIEWER, "GET", url).json()
    assert shown["primary_type"] == "rough"
    assert shown["decisions"][0]["action"] == "undo"
    event = [r for r in store.rows(t.audit_event) if r["action"] == "decision"][-1]
    assert event["detail_json"] == {"action": "undo", "decision": second, "client": "平台"}
    third = decide("excessive").json()["id"]
    clock.pass_(minutes=31)
    assert "超过" in post(f"decisions/{third}/undo").json()["detail"]


def test_a_check_is_cleared_once(store, as_client):
    check = store.stop()
    url, why = f"/checks/{check}/clearance", {"reason": "节假日来件少，已核对"}
    assert as_client(Role.SUPERVISOR, "POST", url, json=why).status_code == 403
    assert as_client(Role.CHIEF, "POST", url, json=why).json()["cleared_by"] == "某负责人"
    assert as_client(Role.CHIEF, "POST", url, json=why).status_code == 409
    assert as_client(Role.CHIEF, "GET", "/checks").json() == {"checks": []}
    every = as_client(Role.CHIEF, "GET", "/checks?state=all").json()["checks"]
    assert [row["cleared_by"] for row in every] == ["某负责人"]
