"""The list of items: dates and profile, saved views, xlsx, actions on several at once."""

import io
from datetime import date

import pytest
from python_calamine import CalamineWorkbook

from pipeline.review.access import Role
from pipeline.store import tables as t
from tests.review.test_items import FORMULAS, ids, table


@pytest.fixture
def four(store):
    return [store.item(due_on=date(2026, 11, 4 + n), summary=f"反映{n}") for n in range(4)]


def sheet(answer, name: str) -> list[list]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    return book.get_sheet_by_name(name).to_python()


def test_due_dates_and_profile_filter(four, as_role, store):
    other = store.item(profile="ah-2024", due_on=date(2026, 11, 5))
    client = as_role(Role.VIEWER)
    found = ids(client.get("/items?due_from=2026-11-05&due_until=2026-11-06").text)
    assert set(found) == {four[1], four[2], other}
    assert ids(client.get("/items?profile=ah-2024").text) == [other]
    assert "交办法〔2024〕25号" in client.get("/items").text
    assert client.get("/items?due_from=昨天").status_code == 422


def test_xlsx_is_exactly_the_list_and_runs_nothing(store, as_role):
    for text in FORMULAS:
        store.item(unit=text, summary=text, due_on=date(2026, 11, 9))
    client = as_role(Role.VIEWER)
    answer = client.get("/items.xlsx?sort=raised_on&unit=%2B1")
    head, *lines = sheet(answer, "监督事项")
    assert head == table(client.get("/items.csv"))[0]
    assert [(line[3], line[4], line[8]) for line in lines] == [("+1", "+1", date(2026, 11, 9))]
    everything = sheet(client.get("/items.xlsx"), "监督事项")[1:]
    assert {line[4] for line in everything} == set(FORMULAS)  # text, none of them computed
    assert ["导出人", "某查看"] in sheet(answer, "说明")
    assert [e["action"] for e in store.rows(t.audit_event)].count("items_exported") == 3


def test_a_view_is_kept_shown_and_its_owners_alone(four, as_role, store):
    client, other = as_role(Role.SUPERVISOR), as_role(Role.CHIEF)
    form = {"name": "督办", "query": "level=L2&sort=due_on&direction=asc&role=管理员&page=7"}
    assert client.submit("/items/views", form).headers["location"].startswith("/items?level=L2")
    (kept,) = store.rows(t.saved_view)
    assert kept["query_json"] == {"level": "L2", "sort": "due_on", "direction": "asc"}
    link = "/items?level=L2&amp;sort=due_on&amp;direction=asc"
    assert link in client.get("/items").text
    assert link not in other.get("/items").text
    delete = f"/items/views/{kept['id']}/delete"
    assert other.submit(delete).status_code == 404
    client.submit("/items/views", form | {"query": "level=L3"})  # the same name: the new filter
    (kept,) = store.rows(t.saved_view)
    assert kept["query_json"] == {"level": "L3"}
    assert client.submit(f"/items/views/{kept['id']}/delete").status_code == 303
    assert store.rows(t.saved_view) == []
    assert client.submit("/items/views", form | {"query": "due_from=x"}).status_code == 422


def test_several_at_once_with_preview(four, as_role, store):
    closing = store.item(state="待销号")
    client = as_role(Role.SUPERVISOR)
    chosen = [("item", key) for key in (*four[:3], closing)]
    preview = client.get("/items/bulk", params=[*chosen, ("to_state", "不属实")])
    assert "将转为“不属实” <small>3 项" in preview.text
    assert "不能这样处理 <small>1 项" in preview.text
    assert all(row["state"] != "不属实" for row in store.rows(t.supervision_item))
    # Somebody else moves one of them on before it is confirmed.
    moved = {"to_state": "督办中", "reason": "先督办", "row_version": 1}
    assert as_role(Role.CHIEF).submit(f"/items/{four[0]}/transition", moved).status_code == 303
    form = {"to_state": "不属实", "chosen": [f"{key}:1" for key in four[:3]]}
    assert client.submit("/items/bulk", form).status_code == 400  # no reason
    answer = client.submit("/items/bulk", form | {"reason": "逐件核实，均与执法无关"})
    assert "已处理 2 项，1 项没有处理" in answer.text
    assert "已被他人更新" in answer.text
    states = {row["id"]: row["state"] for row in store.rows(t.supervision_item)}
    assert [states[key] for key in (*four, closing)] == [
        "督办中", "不属实", "不属实", "待核", "待销号",
    ]  # fmt: skip


def test_bulk_refuses_what_the_person_may_not(four, as_role, store):
    secret = store.item(level="X", problem_type="integrity", rule="R07", summary="保密的事")
    grave = store.item(level="L4")
    client = as_role(Role.SUPERVISOR)
    preview = client.get(f"/items/bulk?item={secret}&item={grave}&to_state=督办中").text
    assert "保密的事" not in preview
    assert "不能这样处理 <small>1 项" in preview
    form = {"to_state": "督办中", "reason": "试试看", "chosen": [f"{secret}:1", f"{grave}:1"]}
    assert "1 项没有处理" in client.submit("/items/bulk", form).text
    assert client.get("/items/bulk?to_state=督办中").status_code == 400
    assert client.get(f"/items/bulk?item={grave}&to_state=删除").status_code == 400
    assert client.submit("/items/bulk", form | {"chosen": ["1:x"]}).status_code == 422
    assert {row["state"] for row in store.rows(t.supervision_item)} == {"待核"}


def test_a_summary_is_set_in_chinese_punctuation_on_the_page_and_in_the_files(store, as_role):
    store.item(summary='青原县大队:2026年10月反映3件,不少于3人(系统默认),10:30前<b>"核实"</b>')
    client = as_role(Role.VIEWER)
    said = "青原县大队：2026年10月反映3件，不少于3人（系统默认），10:30前"
    page = client.get("/items").text
    assert said in page
    assert "<b>" not in page  # escaped as before
    assert said in client.get("/items.csv").text
    assert said in sheet(client.get("/items.xlsx"), "监督事项")[1][3]
