"""A quarantined row repaired on the screen: stored, or quarantined anew; nothing is lost."""

import html
import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.review.access import Role
from pipeline.review.app import create_app
from pipeline.settings import Settings
from pipeline.stages import Context, loading
from pipeline.stages.landing import land
from pipeline.store import tables as t
from pipeline.store.engine import make_engine, upgrade
from pipeline.store.lock import writing
from pipeline.store.vault import Vault
from tests.review.conftest import Browser, Clock, Store

EXPORT = Path(__file__).parents[1] / "exports" / "composed" / "12345_2026-10.csv"
PHONE = "13800009999"


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A client of a reviewer over a store that has loaded an export of three rows, two bad."""
    head, *lines = EXPORT.read_text(encoding="gb18030").splitlines()
    assert head.startswith("工单编号,")
    assert head.endswith("反映人,来电号码,催办次数,关联工单")
    settings = Settings(home=tmp_path_factory.mktemp("desk"), secret_key="x" * 32)
    export = settings.home / "三行.csv"
    bad = []
    for line in lines[:2]:
        cells = line.split(",")
        cells[0], cells[-4], cells[-3] = "", "孙建国", PHONE
        bad.append(",".join(cells))
    export.write_text("\n".join([head, *bad, lines[2]]), encoding="gb18030")
    engine, clock = make_engine(settings), Clock()
    upgrade(engine)
    context = Context(settings, engine, Vault(settings.secret), clock)
    landed = land(context, [export], clock().date())
    loading.load_files(context, landed.keys["pending"], lambda _line: None)
    app = create_app(settings, engine, clock)
    store = Store(engine, settings)
    store.person("某复核", Role.REVIEWER)
    client = Browser(app)
    client.log_in("某复核")
    yield client, store, settings
    engine.dispose()


def form(text: str, **changed: str) -> dict:
    """The page's form as the browser would send it, some cells edited."""
    headings = [html.unescape(h) for h in re.findall('name="heading" value="([^"]*)"', text)]
    cells = re.findall(r'name="cell"[^>]*>\n([^<]*)</textarea>', text)
    shown = dict(zip(headings, map(html.unescape, cells), strict=True)) | changed
    return {"heading": list(shown), "cell": [c.replace("\n", "\r\n") for c in shown.values()]}


def test_repair_in_place(desk):
    client, store, _settings = desk
    rows = [r for r in store.rows(t.quarantine_row) if r["state"] == "open"]
    assert [row["reasons_json"] for row in rows] == [["no_ticket_no"]] * 2
    key = rows[0]["id"]
    assert f'href="/quarantine/{key}"' in client.get("/quarantine").text
    page = client.get(f"/quarantine/{key}").text
    assert "缺工单编号" in page
    assert "****" in page  # the caller's phone goes out masked …
    again = client.submit(f"/quarantine/{key}", form(page))  # nothing repaired
    anew = int(again.headers["location"].rsplit("/", 1)[1])
    assert anew not in {row["id"] for row in rows}
    text = client.get(again.headers["location"]).text
    assert "仍未通过检查" in text
    assert "三行.csv" in text  # not the repair that failed
    (told,) = [r for r in client.get("/quarantine").text.split("<tr>") if f"/{anew}" in r]
    assert "三行.csv" in told
    done = client.submit(f"/quarantine/{anew}", form(page, 工单编号="R-1"))
    assert done.headers["location"] == "/quarantine"
    assert "新增工单" in client.get("/quarantine").text
    with store.engine.connect() as connection:
        ticket = connection.execute(sa.select(t.ticket).where(t.ticket.c.ticket_no == "R-1")).one()
        sealed = connection.scalar(
            sa.select(t.contact.c.sealed).where(t.contact.c.ticket_id == ticket.id)
        )
    assert "****" in ticket.caller_phone
    assert PHONE.encode() in store.vault.open(sealed, "contact")  # … and comes in whole
    states = [row["state"] for row in store.rows(t.quarantine_row)]
    assert states == ["replayed", "open", "replayed"]
    assert {row["resolved_by"] for row in store.rows(t.quarantine_row)} == {"某复核", None}
    names = [e["action"] for e in store.rows(t.audit_event)]
    assert names.count("quarantine_repaired") == 2
    for number in (key, anew):  # done is done
        assert client.get(f"/quarantine/{number}").status_code == 404

    other = rows[1]["id"]
    page = client.get(f"/quarantine/{other}").text
    assert client.submit(f"/quarantine/{other}", {"heading": ["甲"]}).status_code == 400
    strange = client.submit(f"/quarantine/{other}", {"heading": ["甲"], "cell": ["乙"]})
    assert strange.headers["location"] == "/quarantine"
    assert "不在待修复之列" in client.get("/quarantine").text
    assert [row["state"] for row in store.rows(t.quarantine_row)].count("open") == 1


def test_a_night_at_work_is_told_and_the_edits_stay(desk, monkeypatch):
    client, store, settings = desk
    key = next(r["id"] for r in store.rows(t.quarantine_row) if r["state"] == "open")
    page = client.get(f"/quarantine/{key}").text
    with writing(settings, store.engine):
        monkeypatch.setattr("pipeline.store.lock._held", False)  # as another process sees it
        answer = client.submit(f"/quarantine/{key}", form(page, 工单编号="R-9"))
        monkeypatch.setattr("pipeline.store.lock._held", True)
    assert answer.status_code == 503
    assert "正在写入数据库" in answer.text
    assert "R-9" in answer.text
