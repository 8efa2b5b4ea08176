"""The audit trail: who did what, and who saw what is guarded. Append-only."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pipeline.store import tables as t

ACTIONS = {
    "login": "登录",
    "login_failed": "登录失败",
    "locked": "账号锁定",
    "logout": "退出",
    "password_changed": "修改密码",
    "person_added": "新增用户",
    "password_reset": "重置密码",
    "person_disabled": "停用用户",
    "bounds_set": "限定范围",
    "decision": "工单复核",
    "transition": "事项处置",
    "contact_shown": "查看联系方式",
    "officers_shown": "查看执法人员",
    "confidential_seen": "查看保密内容",
    "items_exported": "导出事项清单",
    "quarantine_repaired": "修复隔离行",
    "report_downloaded": "下载报告",
    "report_approved": "审核报告",
    "report_published": "发布报告",
    "report_returned": "退回报告",
    "figure_traced": "追溯报告数字",
    "check_cleared": "放行检查",
    "follow_up_filled": "回填回访结果",
    "token_issued": "开通接口令牌",
    "token_revoked": "吊销接口令牌",
}
PEOPLE_ACTIONS = frozenset(
    {
        "login",
        "login_failed",
        "locked",
        "logout",
        "password_changed",
        "person_added",
        "password_reset",
        "person_disabled",
        "token_issued",
        "token_revoked",
        "bounds_set",
    }
)


def record(
    connection: sa.Connection,
    at: datetime,
    person: str,
    action: str,
    subject: str | None = None,
    *,
    detail: dict[str, Any] | None = None,
) -> None:
    """Append one event. ``subject`` is ``kind:key`` (``ticket:17``); no ticket text in ``detail``.

    Raises KeyError for an action that ACTIONS does not name.
    """
    ACTIONS[action]
    connection.execute(
        sa.insert(t.audit_event).values(
            at=at, person=person, action=action, subject=subject, detail_json=detail
        )
    )
