"""今日: failed checks that hold back a report, and the form of 负责人 to clear them."""

import pytest

from pipeline.review.access import Role
from pipeline.store import tables as t
from tests.review.conftest import NOW

SAID = "本次 120 行，近 8 个周五中位数 480 行，下限 240 行"
URL = "/checks/{}/clear"


def test_staff_see_the_stops_and_only_the_chief_a_form(store, as_role):
    check = store.stop()
    for role in (Role.VIEWER, Role.REVIEWER, Role.SUPERVISOR, Role.CHIEF):
        text = as_role(role).get("/").text
        assert SAID in text
        assert "12328工单.xlsx" in text
        assert (f'action="{URL.format(check)}"' in text) == (role is Role.CHIEF)
    assert "未放行的检查" not in as_role(Role.LIAISON).get("/").text


def test_a_quiet_desk_shows_no_empty_list(as_role):
    assert "未放行的检查" not in as_role(Role.CHIEF).get("/").text


def test_the_chief_clears_with_a_reason_once_and_it_is_audited(store, as_role):
    check, other = store.stop(), store.stop("另一项检查")
    chief = as_role(Role.CHIEF)
    done = chief.submit(URL.format(check), {"reason": " 平台升级,\n已补导核对 "})
    assert (done.status_code, done.headers["location"]) == (303, "/")
    text = chief.get("/").text
    assert f"已放行检查 {check}" in text
    assert SAID not in text
    assert "另一项检查" in text
    (row,) = store.rows(t.check_clearance)
    assert dict(row) == {
        "id": row["id"], "check_id": check, "person": "某负责人", "reason": "平台升级, 已补导核对",
        "at": NOW,
    }  # fmt: skip
    (event,) = [e for e in store.rows(t.audit_event) if e["action"] == "check_cleared"]
    assert (event["person"], event["subject"]) == ("某负责人", f"check:{check}")
    assert "平台升级" in chief.get("/audit").text
    again = chief.submit(URL.format(check), {"reason": "再来一次"})
    assert again.status_code == 400
    assert "已由某负责人" in again.text
    assert len(store.rows(t.check_clearance)) == 1
    (first, second) = store.rows(t.check_result)  # the verdicts stay as they were
    assert (first["passed"], second["id"]) == (False, other)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("", "请写明放行理由"),
        ("字" * 501, "请写明放行理由"),
        ("已电话核实,13812345678", "个人信息"),
        ("联系人王建国已核实", "个人信息"),
    ],
)
def test_a_reason_that_no_report_could_print_is_refused_and_kept_for_mending(
    store, as_role, reason, said
):
    check = store.stop()
    answer = as_role(Role.CHIEF).submit(URL.format(check), {"reason": reason})
    assert answer.status_code == 400
    assert said in answer.text
    assert reason in answer.text
    assert store.rows(t.check_clearance) == []


def test_what_is_no_stop_cannot_be_cleared(store, as_role):
    answer = as_role(Role.CHIEF).submit(URL.format(99999), {"reason": "理由"})
    assert answer.status_code == 400
    assert "没有编号 99999" in answer.text
