"""The main paths in a real browser: ten tickets by keyboard, an item by three people, a report by
two, a quarantined row, and what each screen owes to people who cannot see or use a mouse.
"""

import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe

from pipeline.report import ReportPolicy, make_report
from pipeline.review.access import Role
from pipeline.review.api.tokens import issue
from pipeline.review.decisions import Verdict, decide, stamp
from pipeline.store import tables as t
from tests.review.conftest import NOW, PASSWORD
from tests.web.test_browser import (  # noqa: F401  fixtures
    address,
    chromium,
    page,
    store,
    troubles,
)

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    from tests.review import conftest

    monkeypatch.setattr("pipeline.review.people._hasher", conftest._quick_hasher)
    monkeypatch.setattr(
        "pipeline.review.people._nobody", lambda: conftest._quick_hasher().hash("nobody")
    )


def sign_in(page, store, name: str, role: Role) -> None:  # noqa: F811
    """As that person, who is made if need be; whoever was signed in leaves."""
    with store.engine.begin() as connection:
        known = connection.scalar(sa.select(t.person.c.name).where(t.person.c.name == name))
    if known is None:
        store.person(name, role)
    page.context.clear_cookies()
    page.goto("/login")
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_selector("text=退出")


def test_ten_tickets_by_keyboard(page, store):  # noqa: F811
    for n in range(10):
        store.ticket(f"第{n}件：执法人员推搡司机。", score=0.5 + n / 100)
    sign_in(page, store, "某复核", Role.REVIEWER)
    page.goto("/queue/next")
    for n in range(8):
        page.keyboard.press("a")
        page.wait_for_selector(f"#source >> text=第{n + 1}件")
    page.keyboard.press("u")  # the last one was a slip
    page.wait_for_selector("#source >> text=第7件")
    for key in "04":
        page.keyboard.press(key)
    assert page.is_checked("input[name=primary][value=rough]")
    for key in "s09":
        page.keyboard.press(key)
    assert page.is_checked("input[name=labels][value=procedure]")
    page.keyboard.press("d")
    assert page.is_visible("tr:has([value=rough]) .definition")
    page.keyboard.press("n")
    page.keyboard.type("acr推搡即粗暴")  # in the box, no key of the desk
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.wait_for_selector("#source >> text=第8件")
    page.keyboard.press("p")
    page.wait_for_selector("#source >> text=第9件")
    page.keyboard.press("r")
    page.wait_for_selector("text=没有待复核的工单")
    made = {r["ticket_id"]: r for r in store.rows(t.review_decision) if r["is_current"]}
    assert len(made) == 9
    assert made[8]["labels_json"] == ["rough", "procedure"]
    assert made[8]["reason"] == "acr推搡即粗暴"


def test_an_item_by_three_people(page, store):  # noqa: F811
    missing = ["核实结论"]
    item = store.item(store.ticket(), level="L3", missing_json=missing)
    url = f"/items/{item}"

    def step(name: str, reason: str) -> None:
        page.goto(url)
        page.fill("form[action$=transition] textarea", reason)
        page.click(f"form[action$=transition] button:has-text('{name}')")
        page.wait_for_selector(f".timeline >> text={reason}")

    sign_in(page, store, "某负责人", Role.CHIEF)
    step("转入督办", "同意约谈")
    sign_in(page, store, "某监督员", Role.SUPERVISOR)
    step("登记反馈", "单位已书面反馈")
    page.goto(url)
    for _ in range(20):  # L3 asks for fewer
        if not page.locator("form[action$=conditions] option").count():
            break
        if page.locator("details.fold:not([open])").count():
            page.click("summary:has-text('登记一项销号条件')")
        page.fill("form[action$=conditions] textarea", "见案卷")
        with page.expect_navigation():
            page.click("form[action$=conditions] button")
    step("提请销号", "条件已齐")
    assert page.locator("button:has-text('销号')").count() == 0  # not his to close
    sign_in(page, store, "另一负责人", Role.CHIEF)
    step("销号", "同意销号")
    assert store.rows(t.supervision_item)[0]["state"] == "已销号"
    people = [row["person"] for row in store.rows(t.item_event)]
    assert {"某负责人", "某监督员", "另一负责人"} <= set(people)


def test_a_report_by_two_and_nothing_for_a_viewer(page, store, troubles):  # noqa: F811
    store.report(state="pending")
    item = store.item(store.ticket())
    sign_in(page, store, "某监督员", Role.SUPERVISOR)
    page.goto("/reports")
    page.click("text=审核通过")
    page.wait_for_selector("text=须由另一人发布")
    sign_in(page, store, "某负责人", Role.CHIEF)
    page.goto("/reports")
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("button:has-text('发布')")
    page.wait_for_selector("text=已发布并归档")
    assert store.rows(t.report)[0]["state"] == "filed"
    sign_in(page, store, "某查看", Role.VIEWER)
    for url in ("/queue", "/queue/1", "/audit", "/people", "/quarantine/1", "/items/bulk"):
        page.goto(url)
        assert page.is_visible("text=不能使用此功能"), url
    for url in ("/items", f"/items/{item}", "/tickets/1", "/reports", "/quarantine"):
        page.goto(url)
        forms = page.locator("main form[method=post]:not([action^='/items/views'])")
        assert forms.count() == 0, url
    assert all("403" in said for said in troubles)
    troubles.clear()


# Role → the screens that are looked at as a person of that role.
SCREENS = {
    Role.CHIEF: (
        "/", "/items", "/items/1", "/items/bulk?item=1&to_state=督办中", "/queue", "/queue/1",
        "/queue/2/second", "/tickets", "/tickets?number=none", "/tickets/1", "/tickets/2",
        "/quarantine", "/quarantine/1", "/reports", "/reports/1/figures",
        "/reports/1/figures?number=1.enforcement", "/models?said=procedure&made=rough", "/audit",
        "/password", "/nowhere",
    ),
    Role.ADMIN: ("/people", "/tokens"),
}  # fmt: skip


def faults(page) -> list[str]:  # noqa: F811
    """What axe-core finds, of any impact: rule, impact, where."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{one['impact']} {one['id']}: {node['target']} {node['html'][:90]}"
        for one in found
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("width", [1366, 390])
def test_no_screen_shuts_anybody_out(page, store, sqlite_settings, troubles, width):  # noqa: F811
    ticket = store.ticket(evidence={"procedure": ["没有出示证件"]})
    blind = store.ticket(text_hash="ff00" + "f" * 28)
    with store.engine.begin() as connection:
        for one in (ticket, blind):
            verdict = Verdict("correct", "E1", "rough")
            decide(connection, one, verdict, person="第一人", at=NOW, expected=stamp(one, None))
    store.item(ticket)
    store.quarantined()
    store.stop()
    make_report(
        store.engine, month="2026-10", policy=ReportPolicy(), as_of=NOW.date(), at=NOW,
        out_dir=sqlite_settings.home / "reports", code_version="c", model_version="model-1",
    )  # fmt: skip
    store.person("某查看", Role.VIEWER)
    issue(store.engine, "平台", "某查看", ["items:read"], NOW, days=30)
    page.set_viewport_size({"width": width, "height": 768})
    page.goto("/login")
    found = {"/login": faults(page)}
    for role, urls in SCREENS.items():
        sign_in(page, store, f"某{role}", role)
        for url in urls:
            answer = page.goto(url)
            assert answer.status == (404 if url == "/nowhere" else 200), url
            found[url] = faults(page)
    assert {url: said for url, said in found.items() if said} == {}
    assert all("404" in said for said in troubles)  # of the screen that is not there
    troubles.clear()


def test_the_keyboard_reaches_the_text_first_and_sees_where_it_is(page, store):  # noqa: F811
    store.item(store.ticket())
    sign_in(page, store, "某负责人", Role.CHIEF)
    page.goto("/items")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"  # to the text, first
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate(outline) != "none", page.evaluate("document.activeElement.outerHTML")
