"""Persons bound to units and regions: the rest does not exist for them, wherever they ask."""

from datetime import date

import pytest
import sqlalchemy as sa

from pipeline.review.access import Role
from pipeline.store import tables as t

OURS, THEIRS = "甲县交通执法大队", "乙县交通执法大队"
FOREIGN = "别处的话"


@pytest.fixture
def two_units(store, engine):
    """A ticket and an item of each unit, linked to one another, and things that name no unit."""
    ours = store.ticket("本地的话", title="本地标题", ticket_no="OURS1", region="甲县")
    theirs = store.ticket(
        FOREIGN, title=FOREIGN, ticket_no="THEIRS1", target_unit=THEIRS, region="乙县"
    )
    nobody = store.ticket(FOREIGN, title=FOREIGN, target_unit=None, region=None)
    audit = store.ticket(
        FOREIGN, target_unit=THEIRS, region="乙县", review=False, text_hash="00" * 16
    )
    foreign = {
        "unit": THEIRS, "region": "乙县", "summary": FOREIGN, "due_on": date(2026, 11, 3),
        "rule": "R10", "problem_type": "rough", "level": "L4",
    }  # fmt: skip
    item = store.item(ours, theirs, summary="本地事项")
    their_item = store.item(theirs, ours, **foreign)
    whole = store.item(ours, **foreign | {"unit": None, "region": None})
    store.quarantined(FOREIGN)
    store.stop(FOREIGN)
    store.report()
    with engine.begin() as connection:
        connection.execute(
            sa.insert(t.ticket_link).values(
                ticket_id=theirs,
                other_id=ours,
                kind="same_caller",
                score=1.0,
                known_on=date(2026, 11, 1),
            )
        )
    return {
        "ours": ours,
        "tickets": [theirs, nobody, audit],
        "item": item,
        "items": [their_item, whole],
    }


def test_others_do_not_exist_for_the_bounded(two_units, as_person):
    client = as_person("某甲", Role.CHIEF, units=[OURS])
    listings = [
        "/",
        "/items?state=all",
        "/items.csv?state=all",
        "/queue",
        "/tickets?number=THEIRS1",
    ]
    listings += ["/audit", f"/items/{two_units['item']}", f"/tickets/{two_units['ours']}"]
    listings += [f"/items?state=all&unit={THEIRS}", f"/queue/{two_units['ours']}"]
    for url in listings:
        answer = client.get(url)
        assert answer.status_code == 200, url
        for words in (FOREIGN, "乙县"):
            assert words not in answer.text, (url, words)
    assert "本地事项" in client.get("/items").text
    assert "本地标题" in client.get("/queue").text
    today = client.get("/").text
    for count, name in ((0, "逾期事项"), (1, "未了结事项"), (1, "待复核工单")):
        assert f"<b>{count}</b><span>{name}" in today
    assert "12328工单.xlsx" not in today  # counts of files are of the whole jurisdiction
    assert "<small>1 项</small>" in client.get("/items?state=all").text


def test_an_address_of_others_is_no_way_in(two_units, as_person, store):
    client = as_person("某甲", Role.CHIEF, units=[OURS])
    before = {table: len(store.rows(table)) for table in store.changing}
    for ticket in two_units["tickets"]:
        for method, url in (
            ("GET", f"/tickets/{ticket}"),
            ("GET", f"/queue/{ticket}"),
            ("POST", f"/queue/{ticket}"),
            ("POST", f"/tickets/{ticket}/contact"),
            ("POST", f"/tickets/{ticket}/officers"),
        ):
            form = {"action": "accept", "reason": "需要核实情况"}
            answer = client.get(url) if method == "GET" else client.submit(url, form)
            assert answer.status_code == 404, (method, url)
    for item in two_units["items"]:
        assert client.get(f"/items/{item}").status_code == 404
        for action in ("transition", "conditions"):
            form = {"to_state": "督办中", "reason": "需要", "row_version": 1}
            assert client.submit(f"/items/{item}/{action}", form).status_code == 404
    for url in ("/quarantine", "/reports", "/reports/1/files/x.docx"):
        assert client.get(url).status_code == 403, url
    assert client.submit("/checks/1/clear", {"reason": "核查过"}).status_code == 403
    assert {table: len(store.rows(table)) for table in store.changing} == before
    for link in ("/quarantine", "/reports"):
        assert f'href="{link}"' not in client.get("/").text


def test_units_and_regions_add_up(two_units, as_person, store):
    elsewhere = store.ticket("丙县的话", title="丙县标题", target_unit="丙队", region="丙县")
    client = as_person("某乙", Role.REVIEWER, units=[OURS], regions=["丙县"])
    for ticket, status in ((two_units["ours"], 200), (elsewhere, 200)):
        assert client.get(f"/tickets/{ticket}").status_code == status
    assert client.get(f"/tickets/{two_units['tickets'][0]}").status_code == 404
    region = as_person("某丙", Role.VIEWER, regions=["乙县"])
    assert region.get(f"/tickets/{two_units['tickets'][0]}").status_code == 200
    assert region.get(f"/tickets/{two_units['ours']}").status_code == 404


def test_the_bounded_chief_counts_leads_of_his_own(two_units, as_person, store):
    for unit in (OURS, THEIRS, THEIRS):
        store.item(level="X", problem_type="integrity", rule="R07", unit=unit, region=None)
    assert "<b>1</b><span>廉政线索" in as_person("某甲", Role.CHIEF, units=[OURS]).get("/").text


def test_the_administrator_binds_and_frees(two_units, as_person, store):
    admin = as_person("管理", Role.ADMIN)
    viewer = as_person("某丁", Role.VIEWER)
    theirs = f"/tickets/{two_units['tickets'][0]}"
    assert viewer.get(theirs).status_code == 200
    form = {"name": "某丁", "units": f" {OURS} \r\n\r\n{OURS}", "regions": ""}
    assert "某丁 的范围已更新" in admin.submit("/people/bounds", form).text
    assert viewer.get(theirs).status_code == 404  # with the next request
    assert "限定范围" in viewer.get("/").text
    (event,) = [e for e in store.rows(t.audit_event) if e["action"] == "bounds_set"]
    assert event["detail_json"] == {"units": [OURS]}
    assert admin.submit("/people/bounds", {"name": "某丁"}).status_code == 200
    assert viewer.get(theirs).status_code == 200
    assert admin.submit("/people/bounds", {"name": "没有的人"}).status_code == 400
    too_long = {"name": "某丁", "regions": "长" * 101}
    assert admin.submit("/people/bounds", too_long).status_code == 400
