"""Attempts to get in or out: scripts in texts, paths, queries, bodies; and the headers."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

import pipeline.review
from pipeline.review.access import Role
from pipeline.review.guard import HEADERS, MAX_BODY
from pipeline.review.highlight import highlight, spans_of
from pipeline.review.server import serve
from pipeline.store import tables as t


@pytest.fixture
def settings(sqlite_settings):
    """Nothing here depends on the database."""
    return sqlite_settings


ROOM = Path(pipeline.review.__file__).parent
ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}"


def test_scripts_in_tickets_are_text(store, as_role, engine):
    ticket = store.ticket(
        ATTACK,
        title=ATTACK,
        ticket_no=ATTACK,
        target_unit=ATTACK,
        region=ATTACK,
        status=ATTACK,
        reply=ATTACK,
        caller_name=ATTACK,
        evidence={"procedure": ["<script>alert(1)</script>", "onerror"]},
    )
    item = store.item(ticket, unit=ATTACK, region=ATTACK, summary=ATTACK, subject=ATTACK)
    store.quarantined(ATTACK)
    store.report(findings_json=[{"severity": "error", "code": "x", "message": ATTACK}])
    client = as_role(Role.CHIEF)
    client.submit(
        f"/queue/{ticket}",
        {
            "action": "return",
            "reason": ATTACK,
            "expected": client.get(f"/queue/{ticket}")
            .text.split('name="expected" value="')[1]
            .split('"')[0],
        },
    )
    pages = ["/", "/items", f"/items/{item}", "/queue", f"/queue/{ticket}", f"/tickets/{ticket}"]
    pages += ["/quarantine", "/reports", "/audit"]
    seen = 0
    for url in pages:
        text = client.get(url).text
        assert "<script>alert" not in text, url
        assert "<img" not in text, url
        assert "&#39;49" not in text, url
        seen += "&lt;script&gt;" in text
    assert seen >= 7
    for url in (f"/tickets?number={ATTACK}", f"/audit?person={ATTACK}", f"/items?unit={ATTACK}"):
        assert "<script>alert" not in client.get(url).text, url
    assert "<script>alert" not in client.post("/login", data={"name": ATTACK}).text


def test_marks_stand_around_escaped_evidence():
    shown = highlight("a<b>没亮证&罚款", {"程序不规范": ["<b>没亮证", "亮证&"], "粗暴": [""]})
    assert shown == 'a<mark title="程序不规范">&lt;b&gt;没亮证&amp;</mark>罚款'
    assert highlight(None, None) == ""
    assert highlight("甲乙", {'"><script>': ["甲"]}).count("<script>") == 0


def test_spans_join_and_stay_in_order():
    assert spans_of("abcabc", ["bc", "ca", "zz"]) == [(1, 4), (4, 6)]
    assert spans_of("abcabc", ["a"]) == [(0, 1), (3, 4)]


def test_headers_stand_on_every_answer(store, as_role):
    client = as_role(Role.VIEWER)
    for path in ("/login", "/items", "/static/desk.js", "/nothing", "/items.csv", "/audit"):
        headers = client.get(path).headers
        for name, value in HEADERS.items():
            assert headers[name] == value, (path, name)
        is_static = path.startswith("/static")
        assert headers["cache-control"] == ("public, max-age=86400" if is_static else "no-store")
        assert "unsafe" not in headers["content-security-policy"]


def test_templates_need_no_inline_script_or_style_and_no_other_host():
    for path in (*ROOM.glob("templates/*.html"), *ROOM.glob("static/*")):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".html":
            assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:", text), path.name
            assert not re.search(r"<script(?![^>]*\ssrc=)", text), path.name
            assert "|safe" not in text.replace(" ", ""), path.name
        outside = text.replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"(https?:)?//[a-z]", outside), path.name
        assert "innerHTML" not in text


NAMES = [
    "../secrets/key",
    "..%2fsecrets%2fkey",
    "%2e%2e/secrets/key",
    "..",
    "....//key",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "link.docx",
    "inner",
    "inner/deep.docx",
    "REPORT.docx",
]


def test_downloads_serve_nothing_but_the_reports_own_files(store, as_role, settings):
    folder = settings.home / "reports" / "2026-10"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "deep.docx").write_bytes(b"deep")
    (folder / "report.docx").write_bytes(b"docx")
    secret = settings.home / "secrets"
    secret.mkdir()
    (secret / "key").write_text("key")
    (folder / "link.docx").symlink_to(secret / "key")
    report = store.report()
    client = as_role(Role.VIEWER)
    for name in NAMES:
        assert client.get(f"/reports/{report}/files/{name}").status_code == 404, name
    good = client.get(f"/reports/{report}/files/report.docx")
    assert good.content == b"docx"
    assert good.headers["content-type"] == "application/octet-stream"
    assert "attachment" in good.headers["content-disposition"]
    assert "link.docx" not in client.get("/reports").text
    events = [r for r in store.rows(t.audit_event) if r["action"] == "report_downloaded"]
    assert [e["detail_json"] for e in events] == [{"file": "report.docx"}]


def test_a_reports_directory_lies_under_home(store, as_role, settings):
    settings.home.mkdir(parents=True, exist_ok=True)
    outside = settings.home.parent / "other"
    outside.mkdir()
    (outside / "passwd").write_text("x")
    client = as_role(Role.VIEWER)
    for n, directory in enumerate(["..", "../other", "/etc", "reports/../../other", "", None]):
        report = store.report(directory, revision=n)
        assert client.get("/reports").status_code == 200
        assert client.get(f"/reports/{report}/files/passwd").status_code == 404, directory


def test_addresses_that_do_not_exist(store, as_role):
    for path in ("/items/abc", "/items/0", "/items/99999999999999999999", "/items?page=0", "/x"):
        answer = as_role(Role.VIEWER).get(path)
        assert answer.status_code == 404, path
        assert "没有这个页面" in answer.text


def test_bodies_are_bounded(store, as_role):
    client = as_role(Role.SUPERVISOR)
    item = store.item(store.ticket())

    def chunks():
        for _ in range(MAX_BODY // 1000 + 2):
            yield b"a" * 1000

    headers = {"content-type": "application/x-www-form-urlencoded"}
    url = f"/items/{item}/transition"
    assert client.post(url, content=chunks(), headers=headers).status_code == 413
    too_long = {"to_state": "督办中", "reason": "长" * 3000, "row_version": 1}
    assert client.submit(url, too_long).status_code == 422


def test_failures_say_so_and_show_nothing(app, store, as_role, monkeypatch):
    client = as_role(Role.VIEWER)
    client._transport.raise_server_exceptions = False

    def locked(*_args, **_kwargs):
        raise sa.exc.OperationalError("SELECT secret", {}, Exception("database is locked"))

    monkeypatch.setattr("pipeline.review.items.list_items", locked)
    answer = client.get("/items")
    assert answer.status_code == 503
    assert "secret" not in answer.text

    def defective(*_args, **_kwargs):
        raise RuntimeError("secret")

    monkeypatch.setattr("pipeline.review.items.list_items", defective)
    answer = client.get("/items")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_zero_bytes_stop_at_the_door(store, as_role):
    client = as_role(Role.ADMIN)
    for url in ("/items?unit=%00", "/items?unit=a%00b", "/reports/1/files/%00"):
        assert client.get(url).status_code == 400
    assert client.submit("/people", {"name": "a\0b", "role": "查看"}).status_code == 400


def test_mass_assignment_changes_nothing_else(store, as_role):
    item = store.item(store.ticket())
    as_role(Role.SUPERVISOR).submit(
        f"/items/{item}/transition",
        {
            "to_state": "督办中",
            "reason": "已核对",
            "row_version": 1,
            "level": "L0",
            "person": "别人",
            "missing_json": "[]",
        },
    )
    (row,) = store.rows(t.supervision_item)
    assert (row["level"], row["missing_json"]) == ("L2", ["核实结论"])
    assert store.rows(t.item_event)[-1]["person"] == "某监督员"


def test_no_documentation_routes(anonymous):
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert anonymous.get(path).status_code == 404


def test_the_desk_is_warm_before_it_serves(sqlite_settings, monkeypatch):
    """What a replay needs takes seconds to import: not in somebody's request."""
    steps = []
    monkeypatch.setattr("pipeline.stages.quarantine.warm_up", lambda: steps.append("warm"))
    monkeypatch.setattr("uvicorn.run", lambda app, **options: steps.append(options["host"]))
    serve(sqlite_settings, "127.0.0.1", 0)
    assert steps == ["warm", "127.0.0.1"]
