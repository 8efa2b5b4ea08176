"""Tries to get in, out or across: all refused. Scripts in pages and downloads by path are in
test_safety, injection into SQL in test_attacks_sql, forms without token in test_matrix.
"""

import io
from urllib.parse import quote

import openpyxl
import pytest
import sqlalchemy as sa

from pipeline.domain.calendar import CalendarUnknown
from pipeline.review.access import Role
from pipeline.review.api.tokens import TokenScope, issue
from pipeline.review.guard import HEADERS, MAX_BODY
from pipeline.review.session import COOKIE, Session, Sessions
from pipeline.store import tables as t
from tests.review.conftest import NOW, V1, Browser
from tests.review.test_safety import NAMES


@pytest.fixture
def settings(sqlite_settings):
    """Nothing here depends on the database."""
    return sqlite_settings


# --- forged cookies ---------------------------------------------------------------------------


def test_forged_cookies_open_nothing(app, store, as_role, settings, clock):
    store.person("李四", Role.ADMIN)
    as_role(Role.CHIEF).get("/items")
    good = as_role(Role.CHIEF).cookies[COOKIE]
    body, _, mac = good.rpartition(".")
    ours = Sessions(settings.secret)
    old = Session()
    old.sign_in("某负责人", epoch=99, at=clock.at)
    nobody = Session()
    nobody.sign_in("没有这个人", epoch=0, at=clock.at)
    theirs = Session()
    theirs.sign_in("某负责人", epoch=0, at=clock.at)
    forged = {
        "without signature": body,
        "another signature": f"{body}.{mac[:-2]}AA",
        "another body": f"{body[:-2]}AA.{mac}",
        "another's key": Sessions(b"k" * 32).write(theirs),
        "an ended session": ours.write(old),
        "nobody": ours.write(nobody),
        "no cookie at all": "",
        "not a cookie": "%00';--",
        "long": "A" * 6000,
    }
    for what, cookie in forged.items():
        client = Browser(app, cookies={COOKIE: cookie})
        answer = client.get("/items", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login"), what
    assert Browser(app, cookies={COOKIE: good}).get("/items").status_code == 200


def test_a_browsers_session_opens_nothing_of_the_interface(store, as_role):
    """So no page of another site can misuse it there: the interface needs no CSRF token."""
    item = store.item(store.ticket())
    client = as_role(Role.CHIEF)
    assert client.get(f"/items/{item}").status_code == 200
    step = {"to_state": "督办中", "reason": "已核对"}
    url = f"{V1}/items/{item}"
    assert client.get(url).status_code == 401
    assert client.post(f"{url}/transitions", json=step).status_code == 401
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    preflight = client.options(f"{url}/transitions", headers=headers)
    assert preflight.status_code == 405
    assert not [name for name in preflight.headers if name.startswith("access-control")]
    assert [row["state"] for row in store.rows(t.supervision_item)] == ["待核"]


def test_a_form_of_another_site_does_nothing(store, as_role):
    item = store.item(store.ticket())
    step = {"to_state": "督办中", "reason": "已核对", "row_version": "1"}
    url = f"/items/{item}/transition"
    client = as_role(Role.CHIEF)
    for kind in ("application/x-www-form-urlencoded", "text/plain", "application/json"):
        body = "&".join(f"{k}={quote(v)}" for k, v in step.items())
        headers = {"Content-Type": kind, "Origin": "https://evil.example"}
        assert client.post(url, content=body, headers=headers).status_code in {403, 422}, kind
    override = {"X-HTTP-Method-Override": "POST"}
    assert client.get(url, params=step, headers=override).status_code == 405
    assert [row["state"] for row in store.rows(t.supervision_item)] == ["待核"]
    cookie = (
        client.get("/login").headers.get("set-cookie")
        or Browser(client.app).get("/login").headers["set-cookie"]
    )
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


# --- paths and templates ----------------------------------------------------------------------


def test_documents_of_the_interface_are_those_it_lists(store, as_client, settings):
    folder = settings.home / "reports" / "2026-10"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "deep.docx").write_bytes(b"deep")
    (folder / "report.docx").write_bytes(b"docx")
    (settings.home / "secrets").mkdir()
    (settings.home / "secrets" / "key").write_text("key")
    (folder / "link.docx").symlink_to(settings.home / "secrets" / "key")
    report = store.report()
    for name in set(NAMES) - {".."}:  # the client itself shortens that one
        answer = as_client(Role.VIEWER, "GET", f"/reports/{report}/documents/{name}")
        assert answer.status_code in {404, 405}, name
    for path in ("/nights/%0a2026", f"/reports/{report}/documents/report.docx%00", "/items/%1b"):
        answer = as_client(Role.VIEWER, "GET", path)
        assert (answer.status_code, answer.json()["title"]) == (400, "请求有误"), path
    good = as_client(Role.VIEWER, "GET", f"/reports/{report}/documents/report.docx")
    assert good.content == b"docx"
    assert "attachment" in good.headers["content-disposition"]
    for path in ("/../people", "/%2e%2e/people", "//items", "/items/"):
        assert as_client(Role.VIEWER, "GET", path).status_code in {401, 404}, path


def test_what_people_write_is_never_a_template(store, as_role, as_client):
    item = store.item(store.ticket())
    tag = as_client(Role.SUPERVISOR, "GET", f"/items/{item}").headers["etag"]
    for text in ("{{ 7*7 }}{% include '/etc/passwd' %}", "${7*7}#{7*7}<%= 7*7 %>"):
        url, headers = f"/items/{item}/transitions", {"If-Match": tag}
        step = {"to_state": "督办中" if "{{" in text else "已反馈", "reason": text}
        done = as_client(Role.SUPERVISOR, "POST", url, headers=headers, json=step)
        assert done.status_code == 200
        tag = done.headers["etag"]
    shown = as_role(Role.VIEWER).get(f"/items/{item}").text
    assert "{{ 7*7 }}{% include" in shown
    assert "${7*7}#{7*7}&lt;%= 7*7 %&gt;" in shown
    assert "49" not in str([e["reason"] for e in store.rows(t.item_event)])


def test_the_interface_answers_no_browser_would_run(store, as_client, anonymous):
    attack = "<script>alert(1)</script>"
    ticket = store.ticket(attack, title=attack)
    answers = [
        as_client(Role.VIEWER, "GET", f"/tickets/{ticket}"),
        as_client(Role.VIEWER, "GET", f"/{attack}"),
        as_client(Role.VIEWER, "GET", "/tickets", params={attack: attack}),
        as_client(Role.VIEWER, "GET", "/tickets", params={"scope": attack}),
        anonymous.get(f"{V1}/items"),
        anonymous.get(f"{V1}/openapi.json"),
    ]
    for answer in answers:
        assert answer.headers["content-type"].split(";")[0].endswith("json")
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
        assert "set-cookie" not in answer.headers


# --- spreadsheets -----------------------------------------------------------------------------

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=cmd|'/c calc'!A1", "＝1+1", " =1"]


def test_no_export_holds_a_formula(store, as_role):
    for text in FORMULAS:
        store.item(unit=text, region=text, summary=text, state="待核")
    client = as_role(Role.VIEWER)
    lines = client.get("/items.csv").content.decode("utf-8-sig").splitlines()
    assert len(lines) == 1 + len(FORMULAS)
    for line in lines:
        for cell in line.strip('"').split('","'):
            assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝")), line
    book = openpyxl.load_workbook(io.BytesIO(client.get("/items.xlsx").content))
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds


# --- across units, into confidential things -----------------------------------------------------


@pytest.fixture
def bound(store, anonymous):
    """Asks the interface as a 负责人 of 甲大队 alone; what is whose is in ``bound.keys``."""
    mine, other = (store.ticket(target_unit=u, region=None) for u in ("甲大队", "乙大队"))
    lead = store.ticket(target_unit="甲大队", region=None, primary="integrity")
    store.person("某甲", Role.CHIEF, units=["甲大队"])
    scopes = list(TokenScope)
    headers = {
        "Authorization": f"Bearer {issue(store.engine, '平台', '某甲', scopes, NOW, days=1)}"
    }

    def ask(method: str, path: str, **kwargs):
        given = headers | kwargs.pop("headers", {})
        return anonymous.request(method, V1 + path, headers=given, **kwargs)

    fields = {"region": None, "problem_type": "procedure"}
    ask.keys = {
        "mine": (mine, store.item(mine, other, unit="甲大队", **fields)),
        "other": (other, store.item(other, mine, unit="乙大队", **fields)),
        "lead": (lead, store.item(lead, level="X", unit="甲大队", region=None)),
    }
    return ask


def test_another_units_things_do_not_exist(bound, store):
    before = [store.rows(table) for table in (t.item_event, t.review_decision)]
    mine = bound.keys["mine"]
    assert [row["id"] for row in bound("GET", "/tickets").json()["tickets"]] == [mine[0]]
    assert [row["id"] for row in bound("GET", "/items").json()["items"]] == [mine[1]]
    inside = bound("GET", f"/items/{mine[1]}/tickets").json()["tickets"]
    assert [row["id"] for row in inside] == [mine[0]]
    assert [i["id"] for i in bound("GET", f"/tickets/{mine[0]}").json()["items"]] == [mine[1]]
    step = {"to_state": "督办中", "reason": "已核对"}
    for whose in ("other", "lead"):
        ticket, item = bound.keys[whose]
        for method, path, body in [
            ("GET", f"/tickets/{ticket}", None),
            ("POST", f"/tickets/{ticket}/decisions", {"action": "accept"}),
            ("GET", f"/items/{item}", None),
            ("GET", f"/items/{item}/events", None),
            ("GET", f"/items/{item}/tickets", None),
            ("POST", f"/items/{item}/transitions", step),
            ("POST", f"/items/{item}/conditions", {"condition": "核实结论", "note": "卷宗"}),
            ("POST", f"/items/{item}/deadline", {"action": "暂停计时", "reason": "核查"}),
        ]:
            answer = bound(method, path, json=body, headers={"If-Match": '"x"'})
            nothing = bound(method, path.replace(f"/{item}", "/999"), json=body)
            assert answer.status_code == 404, (whose, path)
            if nothing.status_code == 404:  # the same words as for what was never there
                assert answer.content == nothing.content
    assert [store.rows(table) for table in (t.item_event, t.review_decision)] == before


def test_whoever_is_bound_to_a_unit_sees_nothing_of_the_whole(bound):
    for path in ("/quarantine", "/nights", "/checks", "/reports", "/model"):
        assert bound("GET", path).status_code == 403, path


def test_nobodys_token_shows_confidential_things(store, as_client):
    lead = store.ticket("收受红包", primary="integrity")
    item = store.item(lead, level="X", problem_type="integrity", summary="收受红包")
    ordinary = store.item(lead, problem_type="procedure")
    for role in (Role.VIEWER, Role.REVIEWER, Role.SUPERVISOR, Role.CHIEF):
        for path in (f"/tickets/{lead}", f"/items/{item}", f"/items/{item}/events"):
            assert as_client(role, "GET", path).status_code == 404
        assert as_client(role, "GET", "/tickets").json()["tickets"] == []
        listed = as_client(role, "GET", "/items?state=all").json()["items"]
        assert [row["id"] for row in listed] == [ordinary]
        assert as_client(role, "GET", f"/items/{ordinary}/tickets").json() == {"tickets": []}


def test_persons_data_stays_inside(store, as_client):
    ticket = store.ticket("大队长张伟，工号34010012，动手打人", plate="皖A·***45")
    store.officers(ticket, ["张伟"], ["34010012"])
    item = store.item(ticket)
    for path in (f"/tickets/{ticket}", "/tickets", f"/items/{item}/tickets"):
        text = as_client(Role.CHIEF, "GET", path).text
        for secret in ("1380000", "138****", "caller", "王某", "34010012", "皖A", "张伟"):
            assert secret not in text, (path, secret)


# --- more than was asked for --------------------------------------------------------------------


def test_nothing_can_be_set_that_is_not_offered(store, as_client):
    ticket = store.ticket()
    item = store.item(ticket)
    step = {"to_state": "督办中", "reason": "已核对"}
    for more in (
        {"level": "L0"},
        {"person": "别人"},
        {"missing": []},
        {"row_version": 9},
        {"id": 2},
    ):
        answer = as_client(
            Role.CHIEF,
            "POST",
            f"/items/{item}/transitions",
            json=step | more,
            headers={"If-Match": as_client(Role.CHIEF, "GET", f"/items/{item}").headers["etag"]},
        )
        assert answer.status_code == 422, more
        assert answer.json()["errors"] == [f"{next(iter(more))}：没有这一项"]
    verdict = {"action": "accept", "person": "别人", "is_current": True}
    url = f"/tickets/{ticket}/decisions"
    assert as_client(Role.CHIEF, "POST", url, json=verdict).status_code == 422
    assert as_client(Role.VIEWER, "GET", "/items?role=负责人").status_code == 422
    assert as_client(Role.VIEWER, "GET", "/items?limit=201").status_code == 422
    assert len(store.rows(t.item_event)) == 1
    assert store.rows(t.review_decision) == []


BODIES = [
    (b"{", 422),
    (b"[" * 50_000, 400),
    (b'{"to_state": "\xff", "reason": "x"}', 400),
    ('{"to_state": "督办中", "reason": "\\u0000"}'.encode(), 422),
    ('{"to_state": "督办中", "reason": "\\ud800"}'.encode(), 422),
    ('{"to_state": "督办中", "reason": "x", "\\ud800": 1}'.encode(), 422),
    ('{"to_state": "督办中", "reason": NaN}'.encode(), 422),
    (b'{"reason": ' + b"9" * 5000 + b"}", 400),
    (b'"x"', 422),
    (b"null", 422),
    (b"", 422),
    ('{"to_state": "督办中", "reason": "   "}'.encode(), 422),
    (b'{"reason": "' + b"a" * MAX_BODY + b'"}', 413),
    (b'{"reason": "a\x00b"}', 400),
]


def test_broken_bodies_end_in_a_problem(store, as_client):
    item = store.item(store.ticket())
    url, headers = f"/items/{item}/transitions", {"Content-Type": "application/json"}
    for body, status in BODIES:
        answer = as_client(Role.CHIEF, "POST", url, content=body, headers=headers)
        assert answer.status_code == status, (body[:60], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status
    good = '{"to_state": "督办中", "reason": "已核对"}'.encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = as_client(Role.CHIEF, "POST", url, content=good, headers={"Content-Type": kind})
        assert answer.status_code == 422, kind
    assert len(store.rows(t.item_event)) == 1


def test_failures_of_the_interface_show_nothing(store, as_client, anonymous, monkeypatch):
    anonymous._transport.raise_server_exceptions = False
    faults = {
        503: sa.exc.OperationalError("SELECT secret", {}, Exception("locked")),
        500: RuntimeError("secret"),
        409: CalendarUnknown("2027 年的节假日安排尚未收录。"),
    }
    for status, fault in faults.items():

        def fails(*_args, fault=fault, **_kwargs):
            raise fault

        monkeypatch.setattr("pipeline.review.items.load_item", fails)
        answer = as_client(Role.VIEWER, "GET", "/items/1")
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "secret" not in answer.text
