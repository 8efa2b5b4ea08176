"""What the other screens show: today, a ticket, contacts, quarantine, reports, audit."""

from datetime import date, datetime

import pytest
import sqlalchemy as sa

from pipeline.review.access import Role
from pipeline.store import tables as t
from tests.review.conftest import NOW


def test_today_tells_the_night_and_what_is_due(store, as_role, engine):
    store.item(summary="逾期的事", due_on=date(2026, 11, 3))
    store.item(summary="快到的事", due_on=date(2026, 11, 7))
    store.item(summary="还早的事", due_on=date(2026, 11, 8))
    store.item(summary="办完的事", due_on=date(2026, 11, 1), state="已销号")
    store.ticket()
    with engine.begin() as connection:
        connection.execute(
            sa.insert(t.export_file).values(
                sha256="c" * 64, name="旧文件.csv", size_bytes=1, landed_at=NOW, state="loaded",
                as_of=date(2026, 11, 2),
            )
        )  # fmt: skip
        connection.execute(
            sa.insert(t.export_file).values(
                sha256="d" * 64, name="坏文件.csv", size_bytes=1, landed_at=NOW, state="stopped",
                as_of=date(2026, 11, 3), message="文件是空的",
            )
        )  # fmt: skip
        connection.execute(
            sa.insert(t.stage_run).values(
                stage="classify", as_of=date(2026, 11, 3), started_at=NOW, finished_at=NOW,
                status="failed", counts_json={}, message="没有模型",
            )
        )  # fmt: skip
        for stage, as_of, status, message in (
            ("classify", date(2026, 11, 3), "done", None),
            ("report", date(2026, 11, 21), "done", "月报的话"),
        ):
            connection.execute(
                sa.insert(t.stage_run).values(
                    stage=stage, as_of=as_of, started_at=NOW, finished_at=NOW, status=status,
                    counts_json={}, message=message,
                )
            )  # fmt: skip
    text = as_role(Role.REVIEWER).get("/").text
    assert "月报的话" not in text  # a report made later is no night
    assert text.count('<li class="run-') == 1
    assert '<li class="run-failed"><span>分类' in text
    for words in ("逾期的事", "快到的事", "12328工单.xlsx", "坏文件.csv", "文件是空的", "没有模型"):
        assert words in text, words
    for words in ("还早的事", "办完的事", "旧文件.csv"):
        assert words not in text, words
    for count, name in ((1, "逾期事项"), (1, "三日内到期"), (3, "未了结事项"), (1, "待复核工单")):
        assert f"<b>{count}</b><span>{name}" in text
    assert "待复核工单" not in as_role(Role.VIEWER).get("/").text


def test_a_row_repaired_by_day_is_no_night(store, as_role, engine):
    store.quarantined()
    with engine.begin() as connection:
        file_id = connection.execute(
            sa.insert(t.export_file).values(
                sha256="e" * 64, name="隔离行1修复.json", size_bytes=1, landed_at=NOW,
                state="loaded", as_of=date(2026, 11, 4),
            ).returning(t.export_file.c.id)
        ).scalar_one()  # fmt: skip
        connection.execute(
            sa.update(t.quarantine_row).values(state="replayed", replay_file_id=file_id)
        )
    text = as_role(Role.VIEWER).get("/").text
    assert "最近一夜 <small>2026-11-03</small>" in text
    assert "12328工单.xlsx" in text


def test_an_empty_desk_says_so(app, engine, as_role):
    with engine.begin() as connection:
        connection.execute(sa.delete(t.export_file))
    client = as_role(Role.CHIEF)
    for url, words in (
        ("/", "还没有运行过夜间任务"),
        ("/items", "没有符合条件的监督事项"),
        ("/queue", "没有待复核的工单"),
        ("/quarantine", "隔离区是空的"),
        ("/reports", "还没有报告"),
    ):
        assert words in client.get(url).text, url


def test_ticket_page_tells_all_that_is_known(store, as_role, engine):
    ticket = store.ticket(evidence={"procedure": ["没有出示证件"]}, status="已办结", reply="已核实")
    other = store.ticket(title="同一人的另一件")
    item = store.item(ticket, summary="相关事项")
    with engine.begin() as connection:
        connection.execute(
            sa.insert(t.ticket_link).values(
                ticket_id=other, other_id=ticket, kind="repeat", score=1.0, known_on=NOW.date()
            )
        )
        connection.execute(
            sa.insert(t.ticket_version).values(
                ticket_id=ticket, version=2, file_id=store.file_id, row_no=77,
                recorded_at=datetime(2026, 11, 3, 1, 40),
                changes_json={"status": ["办理中", "已办结"]},
            )
        )  # fmt: skip
    text = as_role(Role.VIEWER).get(f"/tickets/{ticket}").text
    for words in (
        '<mark title="程序不规范">没有出示证件</mark>', "已核实", "12328工单.xlsx 第 77 行",
        "办理中 → 已办结", "71%", "model-1", "货车司机", "同一人的另一件", "重复投诉", "相关事项",
        f"/items/{item}", "138****1234", "还没有人复核过",
    ):  # fmt: skip
        assert words in text, words
    assert "13800001234" not in text
    back = as_role(Role.VIEWER).get(f"/tickets/{other}").text
    assert f'href="/tickets/{ticket}"' in back


def test_tickets_are_found_by_their_whole_number(store, as_role):
    one = store.ticket(ticket_no="A-1")
    store.ticket(ticket_no="A-12")
    store.ticket(ticket_no="B-1", title="热线一")
    store.ticket(ticket_no="B-1", hotline="12345", title="热线二")
    client = as_role(Role.VIEWER)
    answer = client.get("/tickets?number= A-1 ", follow_redirects=False)
    assert answer.headers["location"] == f"/tickets/{one}"
    text = client.get("/tickets?number=B-1").text
    assert "热线一" in text
    assert "热线二" in text
    assert "没有编号为" in client.get("/tickets?number=A").text


def test_contact_is_shown_once_with_a_reason_and_written_down(store, as_role):
    ticket = store.ticket(phone="13800001234")
    client = as_role(Role.SUPERVISOR)
    url = f"/tickets/{ticket}/contact"
    assert client.submit(url, {"reason": " 看 "}).status_code == 400
    assert store.rows(t.contact_access) == []
    shown = client.submit(url, {"reason": "回访核实,另一电话13912345678"})
    assert "13800001234" in shown.text
    assert "王建国" in shown.text
    assert shown.headers["cache-control"] == "no-store"
    (access,) = store.rows(t.contact_access)
    assert (access["person"], access["ticket_id"], access["at"]) == ("某监督员", ticket, NOW)
    assert "回访核实" in access["reason"]
    assert "13912345678" not in access["reason"]
    assert "13800001234" not in client.get(f"/tickets/{ticket}").text
    assert "13800001234" not in str(store.rows(t.audit_event))
    assert "查看联系方式" not in as_role(Role.REVIEWER).get(f"/tickets/{ticket}").text


def test_contact_that_is_not_there_or_cannot_be_opened(store, as_role, engine):
    client = as_role(Role.SUPERVISOR)
    none = store.ticket(phone=None)
    answer = client.submit(f"/tickets/{none}/contact", {"reason": "回访核实"})
    assert "没有保存" in answer.text
    broken = store.ticket()
    with engine.begin() as connection:
        connection.execute(
            sa.update(t.contact).where(t.contact.c.ticket_id == broken).values(sealed=b"x" * 40)
        )
    answer = client.submit(f"/tickets/{broken}/contact", {"reason": "回访核实"})
    assert answer.status_code == 500
    assert "无法解密" in answer.text
    assert store.rows(t.contact_access) == []


def test_officers_are_shown_with_a_reason_once_the_complaint_is_found_true(store, as_role):
    ticket = store.ticket(verified="部分属实", content="执法员张某,执法证号***,没有亮证。")
    store.officers(ticket, ["张明"], ["340123456", "0417"])
    client, url = as_role(Role.SUPERVISOR), f"/tickets/{ticket}/officers"
    page = client.get(f"/tickets/{ticket}").text
    assert "查看执法人员" in page
    assert "张明" not in page
    assert "340123456" not in page
    assert client.submit(url, {"reason": " 看 "}).status_code == 400
    assert store.rows(t.contact_access) == []
    shown = client.submit(url, {"reason": "属实后追责,问13912345678"})
    assert "张明" in shown.text
    assert "340123456、0417" in shown.text
    assert shown.headers["cache-control"] == "no-store"
    (access,) = store.rows(t.contact_access)
    assert (access["person"], access["ticket_id"]) == ("某监督员", ticket)
    assert "13912345678" not in access["reason"]
    (event,) = [row for row in store.rows(t.audit_event) if row["action"] == "officers_shown"]
    assert event["subject"] == f"ticket:{ticket}"
    assert "张明" not in client.get(f"/tickets/{ticket}").text
    assert "执法人员</h2>" not in as_role(Role.REVIEWER).get(f"/tickets/{ticket}").text
    assert as_role(Role.REVIEWER).submit(url, {"reason": "想看一看"}).status_code == 403


@pytest.mark.parametrize("verified", [None, "不属实", "无法核实"])
def test_officers_stay_unnamed_until_a_complaint_is_found_true(store, as_role, verified):
    ticket = store.ticket(verified=verified)
    store.officers(ticket, ["张明"], ["0417"])
    for role in (Role.SUPERVISOR, Role.CHIEF):
        client = as_role(role)
        page = client.get(f"/tickets/{ticket}").text
        assert "核实属实前不显示" in page
        assert "查看执法人员" not in page
        answer = client.submit(f"/tickets/{ticket}/officers", {"reason": "核实前想看"})
        assert answer.status_code == 403
        assert "张明" not in answer.text
    assert store.rows(t.contact_access) == []


def test_a_ticket_that_names_no_officer_says_so(store, as_role):
    ticket = store.ticket(verified="属实")
    client = as_role(Role.CHIEF)
    assert "执法人员</h2>" not in client.get(f"/tickets/{ticket}").text
    answer = client.submit(f"/tickets/{ticket}/officers", {"reason": "属实后追责"})
    assert "没有保存这件工单的执法人员" in answer.text
    assert store.rows(t.contact_access) == []


def test_quarantine_by_reason(store, as_role, engine):
    store.quarantined("甲行", ["no_content", "time_missing"])
    store.quarantined("乙行", ["no_content"])
    store.quarantined("丙行", ["ticket_no_lost"])
    with engine.begin() as connection:
        connection.execute(
            sa.update(t.quarantine_row)
            .where(t.quarantine_row.c.preview == "丙行")
            .values(state="replayed")
        )
    client = as_role(Role.VIEWER)
    text = client.get("/quarantine").text
    assert "缺受理内容 <b>2</b>" in text
    assert "缺受理时间 <b>1</b>" in text
    assert "丙行" not in text
    assert 'href="/quarantine/1"' not in text  # a viewer repairs nothing
    repairer = as_role(Role.REVIEWER).get("/quarantine").text
    assert 'href="/quarantine/1"' in repairer
    assert "hotline quarantine export" in repairer
    text = client.get("/quarantine?reason=time_missing").text
    assert "甲行" in text
    assert "乙行" not in text


def test_reports_with_their_files_and_findings(store, as_role, settings):
    folder = settings.home / "reports" / "2026-10"
    folder.mkdir(parents=True)
    (folder / "分析报告 2026-10.docx").write_bytes(b"docx")
    store.report()
    store.report(None, revision=2, state="blocked", findings_json=[])
    client = as_role(Role.VIEWER)
    text = client.get("/reports").text
    for words in (
        "2026-10",
        "第 1 版",
        "第 2 版",
        "已归档",
        "未通过核对",
        "只列件数",
        "没有它的文件",
    ):
        assert words in text, words
    link = text.split('<li><a href="')[1].split('"')[0]
    assert client.get(link).content == b"docx"


@pytest.mark.parametrize("role", [Role.CHIEF, Role.ADMIN])
def test_audit_filters_and_goes_back(store, as_role, engine, role):
    client = as_role(role)
    with engine.begin() as connection:
        connection.execute(
            sa.insert(t.audit_event),
            [
                {"at": NOW, "person": f"人{n % 2}", "action": "login", "subject": f"person:p{n}"}
                for n in range(150)
            ]
            + [{"at": NOW, "person": "人0", "action": "items_exported", "subject": None}],
        )
    text = client.get("/audit?person=人1").text
    body = text.split("<tbody>")[1]
    assert "人1</td>" in body
    assert "人0</td>" not in body
    assert ("导出事项清单</td>" in client.get("/audit").text) == (role is Role.CHIEF)
    first = client.get("/audit").text
    older = first.split('class="pager"><a href="')[1].split('"')[0].replace("&amp;", "&")
    second = client.get(older).text
    assert '<td data-name="对象">p0</td>' in second
    assert '<td data-name="对象">p0</td>' not in first


def test_queries_are_values_never_sql(store, as_role):
    store.item(store.ticket())
    store.quarantined()
    client = as_role(Role.CHIEF)
    for value in ("' OR 1=1 --", "%", "x'; DROP TABLE person; --", "\\"):
        for name in ("level", "rule", "unit", "region", "problem_type", "state"):
            answer = client.get("/items", params={name: value})
            assert answer.status_code == 200
            assert "没有符合条件" in answer.text, name
        for name in ("sort", "direction", "due"):
            assert client.get("/items", params={name: value}).status_code == 200
        assert "没有编号为" in client.get("/tickets", params={"number": value}).text
        assert client.get("/quarantine", params={"reason": value}).status_code == 200
        assert client.get("/audit", params={"person": value, "action": value}).status_code == 200
