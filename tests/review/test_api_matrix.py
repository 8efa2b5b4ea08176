"""Every route of the interface × every role, and × every scope; nothing left out of the table."""

import pytest
from fastapi.routing import APIRoute

from pipeline.review.access import Role
from pipeline.review.api.tokens import ROLES, STAFF, TokenScope, issue
from pipeline.store import tables as t
from tests.review.conftest import NOW, V1

V, R, S, C, L, A = Role
READERS = {V, R, S, C}

# method, path → the scope it takes, and the roles that may. The rest gets 403, a stranger 401.
MATRIX = {
    ("GET", "/tickets"): ("tickets:read", READERS),
    ("GET", "/tickets/{ticket_id}"): ("tickets:read", READERS),
    ("POST", "/tickets/{ticket_id}/decisions"): ("decisions:write", {R, S, C}),
    ("POST", "/tickets/{ticket_id}/decisions/{decision_id}/undo"): ("decisions:write", {R, S, C}),
    ("GET", "/items"): ("items:read", READERS),
    ("GET", "/items/{item_id}"): ("items:read", READERS),
    ("GET", "/items/{item_id}/events"): ("items:read", READERS),
    ("GET", "/items/{item_id}/tickets"): ("items:read", READERS),
    ("POST", "/items/{item_id}/transitions"): ("items:write", {S, C}),
    ("POST", "/items/{item_id}/conditions"): ("items:write", {S, C}),
    ("POST", "/items/{item_id}/deadline"): ("items:write", {S, C}),
    ("GET", "/quarantine"): ("quarantine:read", READERS),
    ("GET", "/quarantine/{row_id}"): ("quarantine:read", READERS),
    ("POST", "/quarantine/{row_id}/replay"): ("quarantine:write", {R, S, C}),
    ("GET", "/nights"): ("nights:read", READERS),
    ("GET", "/nights/{as_of}"): ("nights:read", READERS),
    ("GET", "/checks"): ("nights:read", READERS),
    ("POST", "/checks/{check_id}/clearance"): ("checks:write", {C}),
    ("GET", "/reports"): ("reports:read", READERS),
    ("GET", "/reports/{report_id}"): ("reports:read", READERS),
    ("GET", "/reports/{report_id}/figures"): ("reports:read", READERS),
    ("GET", "/reports/{report_id}/figures/{number}/tickets"): ("reports:read", READERS),
    ("GET", "/reports/{report_id}/documents/{name}"): ("reports:read", READERS),
    ("POST", "/reports/{report_id}/steps"): ("reports:write", {S, C}),
    ("GET", "/model"): ("model:read", {R, S, C}),
}
BODIES = {
    "decisions": {"action": "accept"},
    "transitions": {"to_state": "督办中", "reason": "已核对"},
    "conditions": {"condition": "核实结论", "note": "卷宗"},
    "deadline": {"action": "暂停计时", "reason": "等候鉴定"},
    "replay": {"cells": {}},
    "clearance": {"reason": "已核对"},
    "steps": {"step": "approve"},
    "undo": None,
}


@pytest.fixture
def settings(sqlite_settings):
    """Permissions do not depend on the database."""
    return sqlite_settings


def test_the_table_names_every_route(api):
    found = {
        (method, route.path)
        for route in api.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }
    assert found == set(MATRIX)


def test_only_the_contract_is_open(api):
    others = {route.path for route in api.routes if not isinstance(route, APIRoute)}
    assert others == {"/openapi.json"}


@pytest.fixture
def world(store, anonymous, settings):
    """Something of everything, and a way to ask with a token of any scopes in anybody's name."""
    ticket = store.ticket()
    keys = {
        "ticket_id": ticket,
        "item_id": store.item(ticket),
        "check_id": store.stop(),
        "report_id": store.report(),
        "decision_id": 1,
        "row_id": 1,
        "as_of": "2026-11-03",
        "number": "1.total",
        "name": "report.docx",
    }
    folder = settings.home / "reports" / "2026-10"
    folder.mkdir(parents=True)
    (folder / "report.docx").write_bytes(b"docx")
    for role in Role:
        store.person(f"某{role}", role)

    def ask(method: str, path: str, token: str | None) -> int:
        headers = {"Authorization": f"Bearer {token}".encode()} if token is not None else {}
        body = BODIES[path.rpartition("/")[2]] if method == "POST" else None
        url = V1 + path.format(**keys)
        return anonymous.request(method, url, headers=headers, json=body).status_code

    return ask


def all_scopes(store, role: Role) -> str:
    """A token of every scope, with the person's role changed after it was issued."""
    store.person(f"曾{role}", C)
    token = issue(store.engine, "平台", f"曾{role}", list(TokenScope), NOW, days=1)
    with store.engine.begin() as connection:
        connection.execute(
            t.person.update().where(t.person.c.name == f"曾{role}").values(role=role.value)
        )
    return token


def test_each_role_meets_its_row(world, store):
    before = len(store.rows(t.item_event)), len(store.rows(t.review_decision))
    for role in Role:
        token = all_scopes(store, role)
        for (method, path), (_scope, allowed) in MATRIX.items():
            status = world(method, path, token)
            # Writers are asked for the version they saw (428); a made-up row or number is 404.
            good = {200, 404, 409, 428} if role in allowed else {403}
            assert status in good, f"{role} {method} {path}: {status}"
    assert before == (len(store.rows(t.item_event)), len(store.rows(t.review_decision)))


def test_a_scope_opens_its_routes_and_no_other(world, store):
    for scope in TokenScope:
        token = issue(store.engine, "平台", "某负责人", [scope], NOW, days=1)
        for (method, path), (needed, _allowed) in MATRIX.items():
            status = world(method, path, token)
            assert (status == 403) == (needed != scope), f"{scope} {method} {path}: {status}"


def test_a_stranger_gets_nothing(world):
    forged = ["", "hl_", "hl_" + "A" * 43, "x" * 5000, "hl_中文", "hl_' OR 1=1 --"]
    for method, path in MATRIX:
        assert world(method, path, None) == 401, path
    for token in forged:
        assert world("GET", "/items", token) == 401, token


def test_tokens_speak_for_no_role_without_a_place_in_the_interface():
    assert STAFF == READERS
    for scope, roles in ROLES.items():
        assert roles <= STAFF
        assert {allowed for needed, allowed in _rows() if needed == scope} == {roles}


def _rows():
    return [(needed, frozenset(allowed)) for needed, allowed in MATRIX.values()]
