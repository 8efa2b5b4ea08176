"""Every route × every role: who may, who may not, and nothing left out of the table."""

import pytest
from fastapi.routing import APIRoute

from pipeline.review.access import Role

V, R, S, C, L, A = Role
STAFF = {V, R, S, C}

# method, path → roles that may. The rest gets 403, a stranger the login page.
MATRIX = {
    ("GET", "/"): set(Role),
    ("GET", "/items"): STAFF | {L},
    ("GET", "/items.csv"): STAFF | {L},
    ("GET", "/items.xlsx"): STAFF | {L},
    ("GET", "/items/bulk"): {S, C, L},
    ("POST", "/items/bulk"): {S, C, L},
    ("POST", "/items/views"): STAFF | {L},
    ("POST", "/items/views/{view_id}/delete"): STAFF | {L},
    ("GET", "/items/{item_id}"): STAFF | {L},
    ("POST", "/items/{item_id}/transition"): {S, C, L},
    ("POST", "/items/{item_id}/conditions"): {S, C, L},
    ("POST", "/items/{item_id}/clock"): {S, C, L},
    ("GET", "/queue"): {R, S, C, L},
    ("GET", "/queue/next"): {R, S, C, L},
    ("POST", "/queue/undo"): {R, S, C, L},
    ("GET", "/queue/{ticket_id}/second"): {R, S, C, L},
    ("POST", "/queue/{ticket_id}/second"): {R, S, C, L},
    ("GET", "/queue/{ticket_id}"): {R, S, C, L},
    ("POST", "/queue/{ticket_id}"): {R, S, C, L},
    ("GET", "/tickets"): STAFF | {L},
    ("GET", "/tickets/{ticket_id}"): STAFF | {L},
    ("POST", "/tickets/{ticket_id}/contact"): {S, C, L},
    ("POST", "/tickets/{ticket_id}/officers"): {S, C, L},
    ("GET", "/quarantine"): STAFF,
    ("GET", "/quarantine/{row_id}"): {R, S, C},
    ("POST", "/quarantine/{row_id}"): {R, S, C},
    ("POST", "/checks/{check_id}/clear"): {C},
    ("GET", "/reports"): STAFF,
    ("GET", "/reports/{report_id}/files/{name}"): STAFF,
    ("GET", "/reports/{report_id}/figures"): STAFF,
    ("POST", "/reports/{report_id}/steps"): {S, C},
    ("GET", "/models"): STAFF,
    ("GET", "/audit"): {C, L, A},
    ("GET", "/people"): {A},
    ("POST", "/people"): {A},
    ("POST", "/people/bounds"): {A},
    ("POST", "/people/reset"): {A},
    ("POST", "/people/disable"): {A},
    ("GET", "/tokens"): {A},
    ("POST", "/tokens"): {A},
    ("POST", "/tokens/{token_id}/revoke"): {A},
    ("GET", "/password"): set(Role),
    ("POST", "/password"): set(Role),
    ("POST", "/logout"): set(Role),
}
OPEN = {("GET", "/login"), ("POST", "/login")} | {
    ("GET", "/login/oidc"),  # 404 until configured; tested with the provider
    ("GET", "/login/oidc/callback"),
}


def routes(app) -> set[tuple[str, str]]:
    """Every (method, path) of the application's pages."""
    return {
        (method, route.path)
        for route in app.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }


def test_the_table_names_every_route(app):
    assert routes(app) == set(MATRIX) | OPEN


@pytest.fixture
def urls(store, settings):
    """Path templates filled in: with ordinary things, and with confidential ones for 纪检联络员."""
    ticket, lead = store.ticket(verified="属实"), store.ticket(primary="integrity")
    item = store.item(ticket)
    secret = store.item(lead, level="X", rule="R07", problem_type="integrity")
    folder = settings.home / "reports" / "2026-10"
    folder.mkdir(parents=True)
    (folder / "report.docx").write_bytes(b"docx")
    report, check = store.report(), store.stop()

    def fill(path: str, role: Role | None) -> str:
        keys = {
            "item_id": secret if role is L else item,
            "ticket_id": lead if role is L else ticket,
            "report_id": report,
            "check_id": check,
            "token_id": 1,
            "view_id": 1,
            "row_id": 1,
            "name": "report.docx",
        }
        return path.format(**keys)

    return fill


def ask(client, method: str, url: str):
    return client.get(url, follow_redirects=False) if method == "GET" else client.submit(url)


def test_each_role_meets_its_row(urls, as_role):
    for role in Role:
        client = as_role(role)
        for (method, path), allowed in MATRIX.items():
            if path == "/logout":
                continue  # would end the session; tested with the logins
            answer = ask(client, method, urls(path, role))
            good = {200, 303, 400, 409, 422} if role in allowed else {403}
            if any(part in path for part in ("view_id", "row_id", "second")) and role in allowed:
                good = {404}  # nobody's view, no such row, a second review not drawn
            assert answer.status_code in good, f"{role} {method} {path}: {answer.status_code}"


def test_a_stranger_is_sent_to_the_login_page(urls, anonymous):
    for method, path in MATRIX:
        answer = anonymous.request(method, urls(path, None), follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login"), path


def test_a_one_time_password_opens_nothing_but_the_password_page(urls, app, store, anonymous):
    once = store.person("新人", S, must_change=True)
    assert anonymous.log_in("新人", once).headers["location"] == "/password"
    for method, path in MATRIX:
        if path in {"/password", "/logout"}:
            continue
        answer = ask(anonymous, method, urls(path, S))
        assert (answer.status_code, answer.headers["location"]) == (303, "/password"), path


def test_no_form_without_its_token(urls, store, as_role):
    clients = {role: as_role(role) for role in (C, A)}
    before = {table: len(store.rows(table)) for table in store.changing}
    for method, path in sorted(MATRIX):
        if method == "POST":
            client = clients[A if path.startswith(("/people", "/tokens")) else C]
            for data in ({}, *({"csrf_token": token} for token in ("", "0" * 64, "中文"))):
                answer = client.post(urls(path, C), data=data, follow_redirects=False)
                assert answer.status_code == 403, path
    assert {table: len(store.rows(table)) for table in store.changing} == before


def test_another_sessions_token_is_refused(urls, as_role):
    foreign = as_role(S).token()
    answer = as_role(C).post(urls("/items/{item_id}/transition", C), data={"csrf_token": foreign})
    assert answer.status_code == 403


def test_login_needs_its_token_too(app, store, anonymous):
    store.person("某人", V)
    answer = anonymous.post("/login", data={"name": "某人", "password": "x"})
    assert answer.status_code == 403
