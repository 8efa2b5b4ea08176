"""The desk in a real browser: first login, an item, a decision by keyboard, and a look back."""

import os
import shutil

import pytest
from playwright.sync_api import Error, sync_playwright

from pipeline.review.access import Role
from pipeline.review.app import create_app
from pipeline.store.engine import make_engine, upgrade
from tests.review.conftest import Clock, Store
from tests.review.oidc_provider import CLIENT_ID, CLIENT_SECRET, free_port, running, serving

pytestmark = pytest.mark.browser

ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
NEW = "晴空一鹤排云上便引诗情到碧霄"


@pytest.fixture(scope="module")
def chromium():
    if not os.path.exists(CHROMIUM):
        if os.environ.get("CI"):
            pytest.fail("CI needs chromium: apt-get install -y chromium fonts-noto-cjk")
        pytest.skip("needs chromium: apt-get install -y chromium fonts-noto-cjk")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def store(sqlite_settings):
    engine = make_engine(sqlite_settings)
    upgrade(engine)
    yield Store(engine, sqlite_settings)
    engine.dispose()


@pytest.fixture
def address(sqlite_settings, store):
    """The desk on a free port, in a thread."""
    port = free_port()
    with serving(create_app(sqlite_settings, store.engine, Clock()), port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def troubles() -> list[str]:
    """Script errors and refused resources that the browser told of."""
    return []


@pytest.fixture
def page(chromium, address, troubles):
    """A page that fails the test where it leaves troubles."""
    context = chromium.new_context(
        base_url=address, viewport={"width": 1366, "height": 768}, locale="zh-CN"
    )
    page = context.new_page()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert troubles == []


def log_in(page, name: str, once: str) -> None:
    page.goto("/")
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", once)
    page.press("input[name=password]", "Enter")
    page.fill("input[name=old]", once)
    page.fill("input[name=new]", NEW)
    page.fill("input[name=again]", NEW)
    page.click("main button.main")
    page.wait_for_selector("text=密码已修改")


def test_in_by_the_identity_provider_and_by_a_link_of_another_site(
    chromium, store, sqlite_settings
):
    store.person("王某", Role.REVIEWER)
    with running() as provider:
        port = free_port()
        desk = f"http://127.0.0.1:{port}"
        settings = sqlite_settings.model_copy(
            update={
                "oidc_issuer": provider.issuer,
                "oidc_client_id": CLIENT_ID,
                "oidc_client_secret": CLIENT_SECRET,
                "desk_url": desk,
            }
        )
        with serving(create_app(settings, store.engine, Clock()), port):
            page = chromium.new_page()
            page.goto(f"{desk}/login")
            page.click("text=统一身份认证登录")
            page.wait_for_selector("text=王某 · 复核")
            page.goto(f"{provider.issuer}/jwks")  # another site, such as the mail's
            page.evaluate("url => { location.href = url }", f"{desk}/items")
            page.wait_for_selector("h1:has-text('监督事项')")
            page.click("text=退出")
            page.wait_for_selector("text=已退出")
            page.close()


def select(page, words: str) -> None:
    """Select words of the ticket's text as a mouse would."""
    page.evaluate(
        """words => {
          const text = document.querySelector('#source .content').firstChild;
          const start = text.data.indexOf(words);
          window.getSelection().setBaseAndExtent(text, start, text, start + words.length);
        }""",
        words,
    )


def test_a_morning_at_the_desk(page, store):
    text = "司机反映被拦停检查,没有出示证件就罚款两千元。<script>document.title='坏'</script>"
    first = store.ticket(text, score=0.5)
    second = store.ticket("反映检查时被推搡,手臂擦伤。", score=0.55, primary="rough")
    third = store.ticket("咨询年审。", score=0.6, primary="procedure")
    item = store.item(first, second)
    log_in(page, "某监督员", store.person("某监督员", Role.SUPERVISOR, must_change=True))

    page.click("text=监督事项 >> nth=0")
    page.click("table.list a >> nth=-1")
    assert page.url.endswith(f"/items/{item}")
    assert page.title().startswith("监督事项")
    page.fill("textarea[name=reason]", "已调取当日记录仪")
    page.click("button:has-text('转入督办')")
    page.wait_for_selector("text=已转为“督办中”")
    page.wait_for_selector(".timeline >> text=已调取当日记录仪")

    page.click("nav >> text=工单复核")
    page.click("text=开始复核")
    assert page.url.endswith(f"/queue/{first}")
    page.check("input[name=primary][value=disproportionate]")
    select(page, "罚款两千元")
    page.keyboard.press("e")
    page.wait_for_selector("#evidence >> text=罚款两千元")
    page.keyboard.press("c")
    page.wait_for_selector("text=已改判")
    assert page.url.endswith(f"/queue/{second}")
    page.keyboard.press("a")
    page.wait_for_selector("text=已认可")
    assert page.url.endswith(f"/queue/{third}")
    page.select_option("select[name=other_scope]", "E3")
    page.keyboard.press("r")
    page.wait_for_selector("text=没有待复核的工单")

    page.goto(f"/tickets/{first}")
    page.wait_for_selector("h2:has-text('复核记录') + ol >> text=改判")
    assert page.inner_text("mark") == "罚款两千元"
    assert page.inner_text(".scope >> nth=0").startswith("E1")
    assert "坏" not in page.title()

    page.goto(f"/queue/{second}")
    page.fill("textarea[name=reason]", "a c r")  # typing presses no key of the desk
    assert page.url.endswith(f"/queue/{second}")
    page.click("text=退出")
    page.wait_for_selector("text=已退出")
    page.goto("/items")
    assert page.url.endswith("/login")


def test_contact_vanishes_after_a_minute(page, store):
    ticket = store.ticket(phone="13800001234")
    page.clock.install()
    log_in(page, "某负责人", store.person("某负责人", Role.CHIEF, must_change=True))
    page.goto(f"/tickets/{ticket}")
    page.fill("input[name=reason]", "回访核实扣车情况")
    page.click("text=查看联系方式")
    page.wait_for_selector("text=13800001234")
    page.clock.run_for(61_000)
    page.wait_for_selector("text=已隐去")
    assert "13800001234" not in page.content()


@pytest.mark.parametrize("width", [390, 1366])
def test_no_screen_is_wider_than_the_window(page, store, width):
    ticket = store.ticket("长" * 300 + "A" * 200, ticket_no="2" * 40)
    item = store.item(ticket, unit="某某市某某区交通运输综合行政执法支队第三大队")
    store.quarantined("很长的预览" * 40)
    store.report()
    log_in(page, "某负责人", store.person("某负责人", Role.CHIEF, must_change=True))
    page.set_viewport_size({"width": width, "height": 768})
    urls = ["/", "/items", f"/items/{item}", "/queue", f"/queue/{ticket}", f"/tickets/{ticket}"]
    for url in [
        *urls,
        "/tickets?number=x",
        "/quarantine",
        "/reports",
        "/models",
        "/audit",
        "/password",
    ]:
        page.goto(url)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{url} at {width}: {wide}"


def test_scripts_of_others_do_not_run(page, store, troubles):
    log_in(page, "某负责人", store.person("某负责人", Role.CHIEF, must_change=True))
    with pytest.raises(Error):
        page.add_script_tag(content="document.title = '坏'")
    assert "坏" not in page.title()
    assert len(troubles) == 1
    assert "Content Security Policy" in troubles.pop()
