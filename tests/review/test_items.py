"""Supervision items: filters, sort, paging, CSV, and what each role may do in each state."""

import csv
import io
from datetime import date

import pytest
import sqlalchemy as sa

from pipeline.domain.punctuation import typeset
from pipeline.review.access import Role
from pipeline.review.items import PER_PAGE
from pipeline.store import tables as t


def ids(text: str) -> list[int]:
    """The items of a list, in its order."""
    return [int(part.split("<")[0]) for part in text.split('<td data-name="编号">')[1:]]


def table(answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


@pytest.fixture
def many(store):
    """Ten items that differ in everything a list can ask for."""
    units = ["甲大队", "乙支队"]
    return [
        store.item(
            rule=["R02", "R04", "R10"][n % 3],
            level=f"L{n % 5}",
            unit=units[n % 2],
            region=["东县", "西县", None][n % 3],
            problem_type=["rough", "procedure"][n % 2],
            state=["待核", "督办中", "已销号", "不属实", "转移送"][n % 5],
            due_on=date(2026, 11, 1 + n),
            raised_on=date(2026, 10, 30 - n),
            summary=f"反映{n}",
        )
        for n in range(10)
    ]


def test_each_filter_shows_what_it_says(many, as_role, store):
    client = as_role(Role.VIEWER)
    rows = {row["id"]: row for row in store.rows(t.supervision_item)}
    for name in ("level", "rule", "unit", "region", "problem_type", "state"):
        for value in {row[name] for row in rows.values()} - {None}:
            found = ids(client.get("/items", params={"state": "all", name: value}).text)
            assert set(found) == {k for k, row in rows.items() if row[name] == value}, (name, value)
    is_open = {k for k, row in rows.items() if row["state"] in {"待核", "督办中"}}
    assert set(ids(client.get("/items").text)) == is_open
    late = {k for k in is_open if rows[k]["due_on"] < date(2026, 11, 4)}
    assert set(ids(client.get("/items?due=over").text)) == late
    soon = {k for k in is_open if date(2026, 11, 4) <= rows[k]["due_on"] <= date(2026, 11, 7)}
    assert set(ids(client.get("/items?due=soon").text)) == soon


def test_every_sort_sorts(many, as_role, store):
    client = as_role(Role.VIEWER)
    rows = {row["id"]: row for row in store.rows(t.supervision_item)}
    for key in ("level", "rule", "due_on", "raised_on", "problem_type"):
        for direction in ("asc", "desc"):
            url = f"/items?state=all&sort={key}&direction={direction}"
            values = [rows[k][key] for k in ids(client.get(url).text)]
            assert values == sorted(values, reverse=direction == "desc"), (key, direction)
            assert len(values) == 10


def test_pages_hold_every_item_once(store, as_role):
    made = {store.item(summary=f"第{n}项") for n in range(PER_PAGE + 3)}
    client = as_role(Role.VIEWER)
    first, second = (ids(client.get(f"/items?page={n}").text) for n in (1, 2))
    assert (len(first), len(second)) == (PER_PAGE, 3)
    assert set(first) | set(second) == made


def test_csv_is_exactly_the_list(many, as_role, store):
    client = as_role(Role.VIEWER)
    query = "state=all&unit=甲大队&sort=due_on&direction=asc"
    shown = ids(client.get(f"/items?{query}").text)
    answer = client.get(f"/items.csv?{query}")
    head, *lines = table(answer)
    assert head[0] == "编号"
    assert [int(line[0]) for line in lines] == shown
    assert "attachment" in answer.headers["content-disposition"]
    (event,) = [r for r in store.rows(t.audit_event) if r["action"] == "items_exported"]
    assert event["detail_json"]["filter"]["unit"] == "甲大队"


FORMULAS = ["=cmd|' /C calc'!A0", "+1", "-1+2", "@SUM(A1)", "\t=1", "  =1", "\uff1d1", "\n=1"]


def test_csv_cells_run_nothing(store, as_role):
    for text in FORMULAS:
        store.item(unit=text, summary=text)
    _, *lines = table(as_role(Role.VIEWER).get("/items.csv?sort=raised_on"))
    made = [["'" + typeset(text), "'" + text] for text in FORMULAS]
    assert [line[3:5] for line in reversed(lines)] == made


def test_item_page_says_why_and_what_is_missing(store, as_role):
    ticket = store.ticket(evidence={"procedure": ["没有出示证件"]})
    item = store.item(ticket)
    text = as_role(Role.VIEWER).get(f"/items/{item}").text
    for words in (
        "R04 差评重办",
        "及时调查核实、督查督办",
        "系统默认",
        "不是文件规定",
        '<mark title="程序不规范">没有出示证件</mark>',
        "核实结论",
        "规则触发",
        "反映，不是认定",
    ):
        assert words in text, words
    assert '<button name="to_state"' not in text
    text_item = store.item(ticket, rule="R21", threshold_origin="text")
    shown = as_role(Role.VIEWER).get(f"/items/{text_item}").text
    assert "文件规定" in shown
    assert "不是文件规定" not in shown


def test_officers_are_named_only_in_what_was_found_true(store, as_role):
    said = {
        "content": "中队长周某没有出示证件",
        "evidence": {"procedure": ["中队长周某没有出示证件"]},
    }
    open_item = store.item(store.ticket(**said))
    text = as_role(Role.VIEWER).get(f"/items/{open_item}").text
    assert "周某" not in text
    assert '<mark title="程序不规范">中队长××没有出示证件</mark>' in text
    found_true = store.item(store.ticket(**said, verified="属实"))
    assert "周某" in as_role(Role.VIEWER).get(f"/items/{found_true}").text


def act(client, item: int, to_state: str, version: int = 1, reason: str = "已核对材料"):
    return client.submit(
        f"/items/{item}/transition",
        {"to_state": to_state, "reason": reason, "row_version": version},
    )


def state_of(store, item: int) -> sa.RowMapping:
    return next(r for r in store.rows(t.supervision_item) if r["id"] == item)


def test_supervisor_moves_an_item_on(store, as_role):
    item = store.item(store.ticket())
    client = as_role(Role.SUPERVISOR)
    assert act(client, item, "督办中", reason="联系人电话13912345678").status_code == 303
    row = state_of(store, item)
    assert (row["state"], row["row_version"]) == ("督办中", 2)
    event = store.rows(t.item_event)[-1]
    assert (event["person"], event["to_state"]) == ("某监督员", "督办中")
    assert "13912345678" not in event["reason"]
    assert "已转为" in client.get(f"/items/{item}").text
    (audited,) = [r for r in store.rows(t.audit_event) if r["action"] == "transition"]
    assert audited["subject"] == f"item:{item}"


def test_the_second_of_two_people_is_told(store, as_role):
    item = store.item(store.ticket())
    assert act(as_role(Role.SUPERVISOR), item, "督办中").status_code == 303
    late = act(as_role(Role.CHIEF), item, "不属实", reason="我的理由写了很久")
    assert late.status_code == 409
    assert "已被他人更新" in late.text
    assert "我的理由写了很久" in late.text
    assert 'name="row_version" value="2"' in late.text
    assert state_of(store, item)["state"] == "督办中"


def test_steps_outside_the_table_are_refused(store, as_role):
    item = store.item(store.ticket(), level="L4")
    for to_state in ["已销号", "升级", "重开", "待核", "nonsense", ""]:
        assert act(as_role(Role.CHIEF), item, to_state).status_code == 400
    assert state_of(store, item)["row_version"] == 1


def test_a_step_needs_a_reason(store, as_role):
    item = store.item(store.ticket())
    assert act(as_role(Role.CHIEF), item, "督办中", reason="  ").status_code == 400


def test_l3_and_l4_need_the_chief(store, as_role):
    for level in ("L3", "L4"):
        item = store.item(store.ticket(), level=level)
        supervisor, chief = as_role(Role.SUPERVISOR), as_role(Role.CHIEF)
        assert 'value="督办中"' not in supervisor.get(f"/items/{item}").text
        assert act(supervisor, item, "督办中").status_code == 400
        assert 'value="督办中"' in chief.get(f"/items/{item}").text
        assert act(chief, item, "督办中").status_code == 303


def test_referral_of_an_ordinary_item_needs_the_chief(store, as_role):
    item = store.item(store.ticket())
    assert act(as_role(Role.SUPERVISOR), item, "转移送").status_code == 400
    assert act(as_role(Role.CHIEF), item, "转移送").status_code == 303


def note(client, item: int, condition: str, version: int, words: str = "案卷第 12 号"):
    fields = {"condition": condition, "note": words, "row_version": version}
    return client.submit(f"/items/{item}/conditions", fields)


def test_an_item_closes_only_when_nothing_is_missing(store, as_role):
    item = store.item(store.ticket(), state="待销号")
    client = as_role(Role.SUPERVISOR)
    assert act(client, item, "已销号").status_code == 400
    assert note(client, item, "不在清单", 1).status_code == 400
    assert note(client, item, "核实结论", 7).status_code == 409
    assert note(client, item, "核实结论", 1).status_code == 303
    assert act(client, item, "已销号", version=2).status_code == 303
    assert state_of(store, item)["state"] == "已销号"
    assert str(item) not in [str(k) for k in ids(client.get("/items").text)]


def test_taking_off_the_board_is_for_the_chief(store, as_role):
    item = store.item(store.ticket(), level="L4", missing_json=["挂牌人批准摘牌"])
    assert note(as_role(Role.SUPERVISOR), item, "挂牌人批准摘牌", 1).status_code == 400
    assert note(as_role(Role.CHIEF), item, "挂牌人批准摘牌", 1).status_code == 303


def test_a_lead_is_referred_and_closed_by_its_receipt(store, as_role):
    lead = store.ticket(primary="integrity")
    item = store.item(
        lead, level="X", rule="R07", problem_type="integrity", missing_json=["移送回执编号"]
    )
    client = as_role(Role.LIAISON)
    assert act(client, item, "不属实").status_code == 400
    assert act(client, item, "转移送", reason="已呈批").status_code == 303
    assert "已呈批" not in str(store.rows(t.item_event))
    assert "已呈批" in client.get(f"/items/{item}").text
    assert ids(client.get("/items").text) == [item]
    assert act(client, item, "已销号", version=2).status_code == 400
    assert note(client, item, "移送回执编号", 2).status_code == 303
    assert act(client, item, "已销号", version=3).status_code == 303


def set_clock(
    client, item: int, step: str, version: int, *, days: str = "", why: str = "等鉴定结论"
):
    fields = {"step": step, "days": days, "why": why, "row_version": version}
    return client.submit(f"/items/{item}/clock", fields)


def test_the_chief_pauses_resumes_and_extends(store, as_role):
    item = store.item(store.ticket(), due_on=date(2026, 11, 6))
    client = as_role(Role.CHIEF)
    for words in ("暂停计时", "延期工作日数"):
        assert words in client.get(f"/items/{item}").text
    assert set_clock(client, item, "暂停计时", 1, why="电话13912345678").status_code == 303
    row = state_of(store, item)
    assert (row["due_on"], row["numbers_json"]["days_left"]) == (None, 2)
    text = client.get(f"/items/{item}").text
    assert "剩余2个工作日" in text
    assert 'value="恢复计时"' in text
    assert 'value="延期"' not in text
    assert "13912345678" not in str(store.rows(t.item_event))
    assert set_clock(client, item, "恢复计时", 2).status_code == 303
    assert state_of(store, item)["due_on"] == date(2026, 11, 6)
    assert set_clock(client, item, "延期", 3, days="3").status_code == 303
    assert state_of(store, item)["due_on"] == date(2026, 11, 11)
    assert "延期3个工作日至2026-11-11" in client.get(f"/items/{item}").text
    events = [r for r in store.rows(t.audit_event) if r["action"] == "transition"]
    assert [e["detail_json"] for e in events] == [
        {"clock": "暂停计时"},
        {"clock": "恢复计时"},
        {"clock": "延期", "days": 3},
    ]


def test_others_are_offered_no_clock_and_refused(store, as_role):
    item = store.item(store.ticket())
    for role in (Role.VIEWER, Role.SUPERVISOR):
        assert "调整期限" not in as_role(role).get(f"/items/{item}").text
    assert set_clock(as_role(Role.SUPERVISOR), item, "延期", 1, days="3").status_code == 400
    assert state_of(store, item)["row_version"] == 1


def test_a_clock_step_needs_days_a_reason_and_the_newest_version(store, as_role):
    item = store.item(store.ticket())
    client = as_role(Role.CHIEF)
    for days in ("", "0", "-1", "三", "999", "9999"):  # days off of later years are not known
        answer = set_clock(client, item, "延期", 1, days=days)
        assert answer.status_code == 400, days
        assert "等鉴定结论" in answer.text
    assert set_clock(client, item, "延期", 1, days="3", why=" ").status_code == 400
    assert set_clock(client, item, "恢复计时", 1).status_code == 400
    assert set_clock(client, item, "nonsense", 1).status_code == 400
    assert set_clock(client, item, "延期", 7, days="3").status_code == 409
    assert state_of(store, item)["row_version"] == 1


def test_what_is_overdue_or_done_is_not_paused(store, as_role):
    late = store.item(store.ticket(), due_on=date(2026, 11, 3))
    client = as_role(Role.CHIEF)
    text = client.get(f"/items/{late}").text
    assert 'value="延期"' in text
    assert 'value="暂停计时"' not in text
    assert set_clock(client, late, "暂停计时", 1).status_code == 400
    for state in ("已销号", "不属实", "转移送"):
        done = store.item(store.ticket(), state=state)
        assert "调整期限" not in client.get(f"/items/{done}").text


def test_a_leads_clock_is_the_liaisons_and_its_reason_sealed(store, as_role):
    lead = store.item(store.ticket(primary="integrity"), level="X", rule="R07", state="转移送",
                      problem_type="integrity", missing_json=["移送回执编号"])  # fmt: skip
    client = as_role(Role.LIAISON)
    assert set_clock(client, lead, "延期", 1, days="5", why="等回执").status_code == 303
    assert "等回执" not in str(store.rows(t.item_event))
    assert "等回执" in client.get(f"/items/{lead}").text
