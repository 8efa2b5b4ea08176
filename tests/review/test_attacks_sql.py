"""Injection into SQL: every filter takes text as text, on both databases."""

import base64

import pytest

from pipeline.review.access import Role
from pipeline.store import tables as t

PAYLOADS = [
    "' OR '1'='1",
    '" OR ""="',
    "'; DROP TABLE ticket; --",
    "甲县交通执法大队' AND 1=1 --",
    "%",
    "\\",
    "%(unit)s :unit",
]
API = {
    "/tickets": ("number", "unit", "region", "status"),
    "/items": ("rule", "unit", "region"),
    "/reports": ("profile",),
}
DESK = {"/items": ("unit", "state"), "/tickets": ("number",)}


@pytest.fixture
def filled(store):
    """One of each, which every payload would find were it more than text."""
    store.item(store.ticket())
    store.report()
    return store


def test_filters_take_text_as_text(filled, as_client, as_role):
    desk = as_role(Role.CHIEF)
    for payload in PAYLOADS:
        for path, names in API.items():
            for name in names:
                answer = as_client(Role.CHIEF, "GET", path, params={name: payload})
                assert answer.status_code == 200, (path, name, payload)
                assert answer.json()[path.strip("/")] == [], (path, name, payload)
        for path, names in DESK.items():
            for name in names:
                answer = desk.get(path, params={name: payload}, follow_redirects=False)
                assert answer.status_code == 200, (path, name, payload)
                assert "甲县交通执法大队:2026年10月" not in answer.text
    for table in (t.ticket, t.supervision_item, t.report):
        assert len(filled.rows(table)) == 1


def test_cursors_sorts_and_ids_take_nothing_else(filled, as_client, as_role):
    desk = as_role(Role.CHIEF)
    for text in ("items:1 OR 1=1", "tickets:1", "items:-1", "items:0", "items:99999999999", "x"):
        cursor = base64.urlsafe_b64encode(text.encode()).decode()
        answer = as_client(Role.CHIEF, "GET", "/items", params={"cursor": cursor})
        assert answer.status_code == 400, text
    for path in ("/items/1 OR 1=1", "/items/1;--", "/tickets/0x1", "/nights/2026-11-03'--"):
        assert as_client(Role.CHIEF, "GET", path).status_code == 404, path
    sorts = {"sort": "level; DROP TABLE ticket", "direction": "asc; --"}
    assert desk.get("/items", params=sorts).status_code == 200
    assert len(filled.rows(t.ticket)) == 1
