"""Logging in and staying in: passwords, lockout, throttle, cookies, timeouts."""

import pytest
import sqlalchemy as sa

from pipeline.review import people
from pipeline.review.access import Role
from pipeline.review.app import create_app
from pipeline.review.people import (
    LOCKED_FOR,
    MAX_FAILED_LOGINS,
    PersonError,
    add_person,
    change_password,
    disable_person,
    reset_password,
    verify_login,
    weakness,
)
from pipeline.review.session import COOKIE, IDLE, LONGEST, Session, Sessions
from pipeline.store import tables as t
from tests.review.conftest import NOW, PASSWORD, Browser

NEW = "晴空一鹤排云上便引诗情到碧霄"


def is_in(client) -> bool:
    return client.get("/password", follow_redirects=False).status_code == 200


def test_first_login_changes_the_password(store, anonymous, engine):
    once = store.person("某人", Role.VIEWER, must_change=True)
    assert anonymous.log_in("某人", once).headers["location"] == "/password"
    refused = anonymous.submit("/password", {"old": once, "new": "short", "again": "short"})
    assert refused.status_code == 400
    answer = anonymous.submit("/password", {"old": once, "new": NEW, "again": NEW})
    assert answer.headers["location"] == "/"
    assert anonymous.get("/").status_code == 200
    assert verify_login(engine, "某人", once, NOW) is None
    assert verify_login(engine, "某人", NEW, NOW).role is Role.VIEWER


def test_a_password_needs_the_old_one_and_both_new_ones_alike(store, as_role):
    client = as_role(Role.VIEWER)
    for fields in (
        {"old": "wrong", "new": NEW, "again": NEW},
        {"old": PASSWORD, "new": NEW, "again": NEW + "x"},
        {"old": PASSWORD, "new": PASSWORD, "again": PASSWORD},
    ):
        assert client.submit("/password", fields).status_code == 400
    assert client.log_in("某查看").status_code == 303


@pytest.mark.parametrize(
    "new", ["短", "x" * 129, "aaaaaaaaaaaa", "1234567890", "Password123", "某人某人某人的密码很长"]
)
def test_weak_passwords(new):
    assert weakness("某人", PASSWORD, new)


def test_a_long_phrase_is_no_weak_password():
    assert weakness("某人", PASSWORD, NEW) is None


def test_stored_hash_is_argon2id_at_full_cost(real_hashing, engine):
    once = add_person(engine, "某人", Role.VIEWER, NOW)
    with engine.begin() as connection:
        stored = connection.scalar(sa.select(t.person.c.password_hash))
    assert stored.startswith("$argon2id$")
    assert once not in stored
    memory = int(stored.split("m=")[1].split(",")[0])
    assert memory >= 19 * 1024  # KiB; OWASP's floor
    assert verify_login(engine, "某人", once, NOW)


def test_wrong_password_unknown_name_and_disabled_account_look_alike(store, engine, anonymous):
    store.person("某人", Role.VIEWER)
    store.person("前人", Role.VIEWER)
    disable_person(engine, "前人", NOW)
    answers = [
        anonymous.log_in("某人", "wrong"),
        anonymous.log_in("没有这人", PASSWORD),
        anonymous.log_in("前人", PASSWORD),
    ]
    assert [a.status_code for a in answers] == [401, 401, 401]
    names = ("某人", "没有这人", "前人")
    token = 'name="csrf_token"'
    pages = [a.text.replace(name, "·") for a, name in zip(answers, names, strict=True)]
    assert token in pages[0]
    assert len(set(pages)) == 1


def test_lockout_refuses_even_the_right_password_and_ends(store, engine, clock):
    store.person("某人", Role.VIEWER)
    for _ in range(MAX_FAILED_LOGINS - 1):
        assert verify_login(engine, "某人", "wrong", clock()) is None
    assert verify_login(engine, "某人", PASSWORD, clock())  # a success starts the count anew
    for _ in range(MAX_FAILED_LOGINS):
        assert verify_login(engine, "某人", "wrong", clock()) is None
    assert verify_login(engine, "某人", PASSWORD, clock()) is None
    clock.at += LOCKED_FOR
    assert verify_login(engine, "某人", PASSWORD, clock())
    actions = [row["action"] for row in store.rows(t.audit_event)]
    assert actions.count("locked") == 1


def test_one_address_cannot_try_many_names(store, anonymous, clock):
    store.person("某人", Role.VIEWER)
    for number in range(20):
        assert anonymous.log_in(f"没有{number}", "x").status_code == 401
    assert anonymous.log_in("某人").status_code == 429
    clock.pass_(minutes=11)
    assert anonymous.log_in("某人").status_code == 303


def test_passwords_typed_as_names_are_not_kept(store, engine, anonymous):
    anonymous.log_in("my secret password", "x")
    assert "my secret" not in str(store.rows(t.audit_event))


def test_session_cookie_is_guarded(store, app):
    store.person("某人", Role.VIEWER)
    for base, is_secure in (("http://testserver", False), ("https://testserver", True)):
        answer = Browser(app, base_url=base).log_in("某人")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert ("Secure" in cookie) == is_secure
        assert ("strict-transport-security" in answer.headers) == is_secure


def test_login_changes_the_token(store, anonymous):
    store.person("某人", Role.VIEWER)
    before = anonymous.get("/login").text.split('csrf_token" value="')[1][:64]
    anonymous.log_in("某人")
    assert anonymous.token() != before


def test_idle_and_longest_session(store, as_role, clock):
    client = as_role(Role.VIEWER)
    clock.at += IDLE
    assert is_in(client)
    clock.at += IDLE
    clock.pass_(seconds=1)
    assert not is_in(client)
    client.log_in("某查看")
    for _ in range(int(LONGEST / IDLE)):
        clock.at += IDLE
        assert is_in(client)
    clock.pass_(minutes=1)
    assert not is_in(client)


def test_forged_cookies_are_strangers(store, settings, as_role, app):
    client = as_role(Role.VIEWER)
    own = client.cookies[COOKIE]
    store.person("某头", Role.ADMIN)
    payload, signature = own.rsplit(".", 1)
    stolen = Session()
    stolen.sign_in("某头", 0, NOW)
    forged = [
        Sessions(b"another secret of thirty-two bytes").write(stolen),
        payload + "." + signature[::-1],
        payload[::-1] + "." + signature,
        "x",
        '["\\u67d0\\u5934",0,0,0,"",""]',
        Sessions(settings.secret).write(Session()),
    ]
    for cookie in forged:
        assert not is_in(Browser(app, cookies={COOKIE: cookie})), cookie
    assert is_in(Browser(app, cookies={COOKIE: own}))


@pytest.mark.parametrize("end", ["logout", "disable", "reset", "change", "remove"])
def test_a_copied_cookie_ends_with_the_session(store, engine, as_role, app, end):
    client = as_role(Role.VIEWER)
    copied = Browser(app, cookies={COOKIE: client.cookies[COOKIE]})
    assert is_in(copied)
    match end:
        case "logout":
            assert client.submit("/logout").headers["location"] == "/login"
        case "disable":
            disable_person(engine, "某查看", NOW)
        case "reset":
            reset_password(engine, "某查看", NOW)
        case "change":
            client.submit("/password", {"old": PASSWORD, "new": NEW, "again": NEW})
            assert is_in(client)
        case "remove":
            with engine.begin() as connection:
                connection.execute(sa.delete(t.person))
    assert not is_in(copied)


def test_a_changed_role_counts_at_once(store, engine, as_role):
    client = as_role(Role.CHIEF)
    assert client.get("/audit").status_code == 200
    with engine.begin() as connection:
        connection.execute(sa.update(t.person).values(role=Role.VIEWER))
    assert client.get("/audit").status_code == 403


def test_people_by_command(engine, store):
    with pytest.raises(PersonError, match="角色"):
        add_person(engine, "某人", "皇帝", NOW)
    with pytest.raises(PersonError, match="可见字符"):
        add_person(engine, "  ", Role.VIEWER, NOW)
    once = add_person(engine, " 某人 ", Role.VIEWER, NOW)
    with pytest.raises(PersonError, match="已存在"):
        add_person(engine, "某人", Role.VIEWER, NOW)
    with pytest.raises(PersonError, match="没有用户"):
        disable_person(engine, "无人", NOW)
    with pytest.raises(PersonError, match="没有用户"):
        reset_password(engine, "无人", NOW)
    disable_person(engine, "某人", NOW)
    assert verify_login(engine, "某人", once, NOW) is None
    again = reset_password(engine, "某人", NOW)
    assert again != once
    assert verify_login(engine, "某人", again, NOW).must_change
    with pytest.raises(PersonError, match="原密码"):
        change_password(engine, "某人", once, NEW, NOW)


def test_people_on_the_screen(store, as_role, anonymous, engine):
    admin = as_role(Role.ADMIN)
    answer = admin.submit("/people", {"name": "新人", "role": "复核"})
    once = answer.text.split('class="secret">')[1].split("<")[0]
    assert anonymous.log_in("新人", once).status_code == 303
    assert once not in admin.get("/people").text
    admin.submit("/people/disable", {"name": "新人"})
    assert verify_login(engine, "新人", once, NOW) is None
    for url in ("/people/disable", "/people/reset"):
        assert admin.submit(url, {"name": "某管理员"}).status_code == 400
        assert admin.submit(url, {"name": "没有"}).status_code == 400
    assert admin.submit("/people", {"name": "新人", "role": "复核"}).status_code == 400
    assert is_in(admin)


def test_one_time_passwords_differ():
    assert len({people.one_time_password() for _ in range(50)}) == 50


def test_first_start_tells_how_to_begin(engine, settings, capsys, monkeypatch):
    import uvicorn

    from pipeline.review import serve

    served = []
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: served.append((app, options)))
    serve(settings, "0.0.0.0", 8080)  # noqa: S104
    told = capsys.readouterr().out
    assert "hotline user add" in told
    assert "反向代理" in told
    page = Browser(create_app(settings, engine)).get("/login").text
    assert "hotline user add" in page
    add_person(engine, "某人", Role.ADMIN, NOW)
    serve(settings)
    told = capsys.readouterr().out
    assert "hotline user add" not in told
    assert "反向代理" not in told
    assert served[1][1]["access_log"] is False
