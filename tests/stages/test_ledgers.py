"""Lists on disk: who may have them, what is written down, what comes back filled in."""

import stat
from datetime import date, datetime

import openpyxl
import orjson
import pytest
import sqlalchemy as sa

from pipeline.domain.ticket import FIELD_NAMES
from pipeline.review.access import CONTACT, Role
from pipeline.review.audit import ACTIONS
from pipeline.stages import ledgers
from pipeline.stages.context import Context
from pipeline.stages.ledgers import Bearer, LedgerRefused, export, refill
from pipeline.store import tables as t
from pipeline.store.vault import Vault
from pipeline.supervise.ledgers import LedgerUnknown
from pipeline.supervise.ledgers.refill import RefillRefused

NOW = datetime(2026, 11, 20, 9)
PHONE, NAME = "13812345678", "王建国"


@pytest.fixture
def context(settings, engine) -> Context:
    """Twelve closed complaints of two units, the first with a contact; one lead; four people."""
    context = Context(settings, engine, Vault(settings.secret), clock=lambda: NOW)
    file = {
        "id": 1, "sha256": "0" * 64, "name": "a.xlsx", "size_bytes": 1,
        "as_of": date(2026, 10, 1), "landed_at": NOW, "state": "loaded",
    }  # fmt: skip
    tickets, labels, contacts = [], [], []
    for n in range(1, 14):
        kind = "integrity" if n == 13 else "rough"
        tickets.append(
            dict.fromkeys(FIELD_NAMES)
            | {
                "id": n, "hotline": "12328", "ticket_no": f"T{n:06d}", "category": "投诉举报",
                "accepted_at": datetime(2026, 10, n), "closed_at": datetime(2026, 10, n + 5),
                "status": "已办结", "target_unit": f"{n % 2}县大队", "caller_key": f"caller-{n}",
                "content": "推搡", "is_confidential": n == 12, "text_hash": "x", "row_hash": "x",
                "state_at": NOW, "version": 1, "first_file_id": 1, "first_row_no": n,
                "last_file_id": 1, "last_row_no": n,
            }
        )  # fmt: skip
        labels.append(
            {
                "id": n, "ticket_id": n, "model_version": "test", "text_hash": "x",
                "is_current": True, "scope": "E1", "score": 0.9, "primary_type": kind,
                "labels_json": [kind], "scores_json": {}, "evidence_json": {}, "flags_json": [],
                "review": False, "classified_at": NOW,
            }
        )  # fmt: skip
        sealed = context.vault.seal(orjson.dumps({"name": NAME, "phone": PHONE}), "contact")
        contacts.append({"ticket_id": n, "sealed": sealed})
    people = [
        {"name": name, "role": role.value, "password_hash": "x", "created_at": NOW,
         "is_active": name != "离任"}
        for name, role in (
            ("李督察", Role.SUPERVISOR), ("赵联络", Role.LIAISON), ("钱复核", Role.REVIEWER),
            ("离任", Role.LIAISON),
        )
    ]  # fmt: skip
    with engine.begin() as connection:
        connection.execute(sa.insert(t.export_file), file)
        connection.execute(sa.insert(t.ticket), tickets)
        connection.execute(sa.insert(t.classification), labels)
        connection.execute(sa.insert(t.contact), contacts)
        connection.execute(sa.insert(t.person), people)
    return context


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def _rows(context, table) -> list[dict]:
    with context.engine.connect() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def _lines(path) -> list[list]:
    return [list(row) for row in openpyxl.load_workbook(path).active.iter_rows(values_only=True)]


def _said(path) -> str:
    return "\n".join(str(cell) for row in _lines(path) for cell in row if cell is not None)


def _sample(context, out, **more):
    return export(context, "follow-up", month="2026-10", output=out, **more)


def test_the_guards_are_those_of_the_desk():
    assert {role.value for role in CONTACT} == ledgers.MAY_SEE_CONTACTS
    assert {role.value for role in Role if role.sees_confidential} == ledgers.MAY_SEE_LEADS
    assert {"confidential_seen", "contact_shown", "follow_up_filled"} <= set(ACTIONS)


@pytest.mark.parametrize("form", ["xlsx", "html"])
def test_every_ordinary_list_is_written(context, out, form):
    for kind in ("items", "rectification", "broken-loop", "unanswered", "visits", "casebook"):
        made = export(context, kind, month="2026-10", form=form, output=out)
        assert made.path.read_bytes()
        assert made.path.suffix == f".{form}"
    assert not list(out.glob(".*"))
    assert _rows(context, t.audit_event) == []


def test_a_sample_is_drawn_once_and_never_from_leads_or_secret_callers(context, out):
    made = _sample(context, out)
    drawn = _rows(context, t.follow_up)
    assert {row["stratum"] for row in drawn} == {"0县大队", "1县大队"}
    assert made.rows == len(drawn) == 2
    assert not {row["ticket_id"] for row in drawn} & {12, 13}
    before = made.path.read_bytes()
    assert _sample(context, out).path.read_bytes() == before
    assert _rows(context, t.follow_up) == drawn
    assert PHONE not in _said(made.path)
    assert _rows(context, t.contact_access) == []


def test_contacts_are_given_to_the_permitted_and_each_look_is_written_down(context, out):
    bearer = Bearer("李督察", f"回访,另问{PHONE}")
    made = _sample(context, out, contacts_for=bearer)
    assert _said(made.path).count(PHONE) == 2
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    looks = _rows(context, t.contact_access)
    assert {look["ticket_id"] for look in looks} == {
        row["ticket_id"] for row in _rows(context, t.follow_up)
    }
    assert {look["person"] for look in looks} == {"李督察"}
    assert all(PHONE not in look["reason"] for look in looks)
    (event,) = _rows(context, t.audit_event)
    assert (event["person"], event["action"]) == ("李督察", "contact_shown")
    assert PHONE not in str(event["detail_json"])


def test_what_became_a_lead_after_the_draw_is_shown_no_more(context, out):
    _sample(context, out)
    first = _rows(context, t.follow_up)[0]["ticket_id"]
    with context.engine.begin() as connection:
        connection.execute(
            sa.update(t.classification)
            .where(t.classification.c.ticket_id == first)
            .values(primary_type="integrity", labels_json=["integrity"])
        )
    made = _sample(context, out, contacts_for=Bearer("李督察", "回访"))
    assert f"T{first:06d}" not in _said(made.path)
    assert first not in {look["ticket_id"] for look in _rows(context, t.contact_access)}
    assert made.rows >= 1


@pytest.mark.parametrize(
    ("person", "reason"),
    [("钱复核", "回访"), ("无此人", "回访"), ("离任", "回访"), ("李督察", " ")],
)
def test_contacts_are_refused_to_others(context, out, person, reason):
    with pytest.raises(LedgerRefused):
        _sample(context, out, contacts_for=Bearer(person, reason))
    assert not out.exists()
    for table in (t.contact_access, t.audit_event, t.follow_up):
        assert _rows(context, table) == []


def test_only_the_sample_has_contacts(context, out):
    with pytest.raises(LedgerRefused, match="只有回访抽样"):
        export(context, "items", output=out, contacts_for=Bearer("李督察", "x"))


def test_referrals_only_for_the_liaison_and_written_down(context, out):
    for bearer in (None, Bearer("李督察"), Bearer("离任"), Bearer("")):
        with pytest.raises(LedgerRefused):
            export(context, "referrals", output=out, leads_for=bearer)
    with pytest.raises(LedgerRefused, match="不是限权清单"):
        export(context, "items", output=out, leads_for=Bearer("赵联络"))
    assert not out.exists()
    made = export(context, "referrals", month="2026-10", output=out, leads_for=Bearer("赵联络"))
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert "内部限权资料" in _said(made.path)
    (event,) = _rows(context, t.audit_event)
    assert (event["person"], event["action"]) == ("赵联络", "confidential_seen")


@pytest.mark.parametrize(
    ("kind", "asked", "error"),
    [("league-table", {}, LedgerUnknown), ("items", {"form": "pdf"}, LedgerRefused)],
)
def test_what_there_is_not(context, out, kind, asked, error):
    with pytest.raises(error, match="现有"):
        export(context, kind, output=out, **asked)


# --- filled in again ----------------------------------------------------------------------------


def _fill(path, *answers: tuple) -> None:
    book = openpyxl.load_workbook(path)
    sheet = book.active
    head = next(r for r in range(1, 20) if sheet.cell(r, 2).value == "工单")
    first = [cell.value for cell in sheet[head]].index("回访情况") + 1
    for n, answer in enumerate(answers, head + 1):
        for c, value in enumerate(answer, first):
            sheet.cell(n, c).value = value
    book.save(path)


def test_answers_come_back_once_masked_and_are_shown_again(context, out):
    path = _sample(context, out).path
    _fill(path, ("接通", "未解决", "不满意", f"再打{PHONE}"), ("未接通",))
    assert refill(context, path, month="2026-10", by="李督察") == {
        "recorded": 2, "unchanged": 0, "empty": 0
    }  # fmt: skip
    stored = {row["reached"]: row for row in _rows(context, t.follow_up)}
    assert stored["接通"]["satisfaction"] == "不满意"
    assert PHONE not in stored["接通"]["note"]
    assert stored["接通"]["recorded_by"] == "李督察"
    again = refill(context, path, month="2026-10", by="李督察")
    assert again == {"recorded": 0, "unchanged": 2, "empty": 0}
    assert [e["action"] for e in _rows(context, t.audit_event)] == ["follow_up_filled"]
    shown = _sample(context, out).path
    assert "接通1件，未接通1件" in _said(shown)
    assert refill(context, shown, month="2026-10", by="李督察")["unchanged"] == 2


def test_an_unfilled_line_takes_nothing_back(context, out):
    path = _sample(context, out).path
    _fill(path, ("接通", "已解决", "满意", ""), ())
    assert refill(context, path, month="2026-10", by="李督察")["empty"] == 1


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (("打通了",), "回访情况"),
        (("接通", "", "还行"), "满意度"),
        (("未接通", "已解决"), "没有接通"),
        (("接通", "", "", "长" * 501), "备注"),
    ],
)
def test_wrong_answers_are_named_and_nothing_is_taken(context, out, answer, why):
    path = _sample(context, out).path
    _fill(path, ("接通",), answer)
    with pytest.raises(RefillRefused, match=why):
        refill(context, path, month="2026-10", by="李督察")
    assert all(row["reached"] is None for row in _rows(context, t.follow_up))


def test_another_month_another_person_and_another_file_are_refused(context, out, tmp_path):
    path = _sample(context, out).path
    _fill(path, ("接通",))
    with pytest.raises(LedgerRefused, match="没有"):
        refill(context, path, month="2026-09", by="李督察")
    with pytest.raises(LedgerRefused, match="账号"):
        refill(context, path, month="2026-10", by="钱复核")
    other = export(context, "items", output=tmp_path).path
    with pytest.raises(RefillRefused, match="不是回访抽样名单"):
        refill(context, other, month="2026-10", by="李督察")
    (tmp_path / "x.xlsx").write_text("no sheet")
    with pytest.raises(RefillRefused, match="不是可读"):
        refill(context, tmp_path / "x.xlsx", month="2026-10", by="李督察")
