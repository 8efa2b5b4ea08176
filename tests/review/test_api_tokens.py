"""Tokens of programs: issued, used, bounded, ended."""

import pytest
import sqlalchemy as sa

from pipeline.review.access import Role
from pipeline.review.api.client import RateLimit
from pipeline.review.api.tokens import TokenError, issue, list_tokens, revoke
from pipeline.review.people import disable_person, reset_password
from pipeline.store import tables as t
from tests.review.conftest import NOW, V1


@pytest.fixture
def settings(sqlite_settings):
    """The walk through the interface runs on both databases; this needs one."""
    return sqlite_settings


def test_only_the_hash_of_a_token_is_kept(store, engine):
    store.person("张三", Role.SUPERVISOR)
    token = issue(engine, "平台", "张三", ["items:read"], NOW, days=1)
    assert token not in str([store.rows(t.api_token), store.rows(t.audit_event)])
    assert "token_hash" not in list_tokens(engine)[0]


def test_a_token_ends_with_its_time_its_revocation_and_its_persons_account(
    store, engine, anonymous, clock
):
    store.person("张三", Role.SUPERVISOR)

    def status(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return anonymous.get(f"{V1}/items", headers=headers).status_code

    token = issue(engine, "平台", "张三", ["items:read"], NOW, days=1)
    other = issue(engine, "平台", "张三", ["items:read"], NOW, days=2)
    assert (status(token), status(other)) == (200, 200)
    used = {row["id"]: row["last_used_at"] for row in list_tokens(engine)}
    assert set(used.values()) == {clock.at}
    clock.pass_(days=1)
    assert (status(token), status(other)) == (401, 200)
    revoke(engine, 2, clock.at)
    assert status(other) == 401
    with pytest.raises(TokenError, match="没有未吊销的令牌"):
        revoke(engine, 2, clock.at)
    third = issue(engine, "平台", "张三", ["items:read"], clock.at, days=2)
    with engine.begin() as connection:
        connection.execute(sa.update(t.person).values(role=Role.ADMIN.value))
    assert status(third) == 403
    disable_person(engine, "张三", clock.at)
    assert status(third) == 401
    reset_password(engine, "张三", clock.at)  # opens the account again, and not to old programs
    assert status(third) == 401


REFUSED = [
    (" ", "张三", ["items:read"], 1, "客户端名称"),
    ("平台", "李四", ["items:read"], 1, "没有在用的用户"),
    ("平台", "张三", [], 1, "至少写明一项"),
    ("平台", "张三", ["items:all"], 1, "没有“items:all”"),
    ("平台", "张三", ["decisions:write"], 1, "角色是“查看”"),
    ("平台", "张三", ["items:read"], 0, "有效期"),
    ("平台", "张三", ["items:read"], 367, "有效期"),
    ("平台", "王五", ["items:read"], 1, "角色是“纪检联络员”"),
]


def test_tokens_that_are_not_issued(store):
    store.person("张三", Role.VIEWER)
    store.person("王五", Role.LIAISON)
    for client, person, scopes, days, said in REFUSED:
        with pytest.raises(TokenError, match=said):
            issue(store.engine, client, person, scopes, NOW, days=days)
    assert store.rows(t.api_token) == []


def test_the_administrator_gives_and_ends_tokens_at_the_desk(store, as_role, anonymous):
    store.person("张三", Role.VIEWER)
    store.person("<b>李四", Role.CHIEF)
    store.person("王五", Role.LIAISON)
    admin, form = as_role(Role.ADMIN), {"client": "平台", "person": "张三", "days": "30"}
    page = admin.get("/tokens").text
    assert "还没有开通过令牌" in page
    assert "&lt;b&gt;李四（负责人）" in page
    assert "王五" not in page  # no token acts as 纪检联络员
    refused = admin.submit("/tokens", form | {"scopes": ["items:write"]})
    assert (refused.status_code, "角色是“查看”" in refused.text) == (400, True)
    assert 'value="items:write" checked' in refused.text  # what was filled in, stays
    for wrong in ({}, {"scopes": ["items:read"], "days": "x"}, {"scopes": ["items:read"] * 50}):
        assert admin.submit("/tokens", form | wrong).status_code in {400, 422}, wrong
    text = admin.submit("/tokens", form | {"scopes": ["items:read", "tickets:read"]}).text
    token = text.split('class="secret">')[1].split("<")[0]
    headers = {"Authorization": f"Bearer {token}"}
    assert anonymous.get(f"{V1}/items", headers=headers).status_code == 200
    page = admin.get("/tokens").text
    assert token not in page
    assert "2026-11-04 09:00" in page  # used just now
    assert admin.submit("/tokens/1/revoke").status_code == 200
    assert anonymous.get(f"{V1}/items", headers=headers).status_code == 401
    again = admin.submit("/tokens/1/revoke")
    assert (again.status_code, "没有未吊销的令牌" in again.text) == (400, True)
    events = [
        (event["person"], event["action"], event["subject"])
        for event in store.rows(t.audit_event)
        if event["action"].startswith("token")
    ]
    assert events == [
        ("某管理员", "token_issued", "token:1"),
        ("某管理员", "token_revoked", "token:1"),
    ]


def test_requests_of_a_token_are_bounded(api, as_client, clock):
    api.state.rate = RateLimit(limit=3)
    codes = [as_client(Role.VIEWER, "GET", "/items").status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    refused = as_client(Role.VIEWER, "GET", "/items")
    assert 0 < int(refused.headers["retry-after"]) <= 61
    assert as_client(Role.CHIEF, "GET", "/items").status_code == 200
    clock.pass_(seconds=61)
    assert as_client(Role.VIEWER, "GET", "/items").status_code == 200
