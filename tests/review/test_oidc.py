"""统一身份认证 against a real provider on loopback: who gets in, and everything that must not."""

import base64
import json
import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import OctKey, RSAKey

from pipeline.review.access import Role
from pipeline.review.app import create_app
from pipeline.review.people import disable_person
from pipeline.review.session import IDLE, WAITING
from pipeline.settings import SettingsError
from pipeline.store import tables as t
from tests.review.conftest import NOW, Browser
from tests.review.oidc_provider import CLIENT_ID, CLIENT_SECRET, Lies, running

BUTTON = "统一身份认证登录"
DESK = "http://127.0.0.1:8080"


@pytest.fixture(scope="module")
def _running():
    with running() as provider:
        yield provider


@pytest.fixture
def provider(_running):
    _running.person, _running.lies = {"preferred_username": "王某"}, Lies()
    return _running


@pytest.fixture
def settings(sqlite_settings, provider):
    """Who somebody is does not depend on the database."""
    return sqlite_settings.model_copy(
        update={
            "oidc_issuer": provider.issuer,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": CLIENT_SECRET,
            "desk_url": DESK,
        }
    )


def leave(browser) -> str:
    """To the provider and back: the address that it sends the browser to."""
    answer = browser.get("/login/oidc", follow_redirects=False)
    assert answer.status_code == 303
    back = httpx.get(answer.headers["location"], trust_env=False).headers["location"]
    assert back.startswith(f"{DESK}/login/oidc/callback?")
    return back.removeprefix(DESK)


def sign_in(browser):
    return browser.get(leave(browser), follow_redirects=False)


def is_in(browser) -> bool:
    return browser.get("/password", follow_redirects=False).status_code == 200


def failures(store) -> list[tuple[str, str | None]]:
    return [
        (row["person"], row["detail_json"].get("problem"))
        for row in store.rows(t.audit_event)
        if row["action"] == "login_failed"
    ]


def test_a_known_person_comes_in_as_what_he_is_here(store, anonymous, clock):
    store.person("王某", Role.REVIEWER, must_change=True)  # never used his one-time password
    assert BUTTON in anonymous.get("/login").text
    answer = sign_in(anonymous)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    text = anonymous.get("/").text
    assert "王某 · 复核" in text
    assert anonymous.get("/people").status_code == 403
    (login,) = [row for row in store.rows(t.audit_event) if row["action"] == "login"]
    assert (login["person"], login["detail_json"]["by"]) == ("王某", "统一身份认证")
    clock.pass_(seconds=IDLE.total_seconds() + 1)
    assert not is_in(anonymous)


def test_leaving_ends_it_and_says_what_is_left(store, anonymous):
    store.person("王某", Role.VIEWER)
    sign_in(anonymous)
    kept = anonymous.cookies["hotline_session"]
    anonymous.submit("/logout")
    assert "共用电脑请一并退出" in anonymous.get("/login").text
    anonymous.cookies.set("hotline_session", kept)
    assert not is_in(anonymous)


def test_what_is_asked_of_the_provider(store, anonymous, provider):
    store.person("王某", Role.VIEWER)
    sign_in(anonymous)
    first = provider.asked[-1]
    assert first["scope"].split()[0] == "openid"
    assert first["redirect_uri"] == f"{DESK}/login/oidc/callback"
    sign_in(anonymous)
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 20
        assert first[name] != provider.asked[-1][name], name
    url = anonymous.get("/login/oidc", follow_redirects=False).headers["location"]
    assert CLIENT_SECRET not in url


def test_a_name_only_userinfo_tells(store, anonymous, provider):
    store.person("王某", Role.VIEWER)
    provider.person = {}
    provider.lies.userinfo = {"preferred_username": "王某"}
    assert sign_in(anonymous).status_code == 303
    assert is_in(anonymous)


# --- refused --------------------------------------------------------------------------------------


def refused(browser, answer, words: str) -> None:
    assert answer.status_code in {401, 403}
    assert words in answer.text
    assert not is_in(browser)


def test_a_stranger_gets_no_account(store, anonymous, provider):
    provider.person = {"preferred_username": "李某"}
    refused(anonymous, sign_in(anonymous), "没有“李某”这个账号，请联系管理员")
    assert [row["name"] for row in store.rows(t.person)] == []
    assert failures(store) == [("(未知用户)", None)]


def test_a_disabled_account_stays_shut(store, engine, anonymous):
    store.person("王某", Role.CHIEF)
    disable_person(engine, "王某", NOW)
    refused(anonymous, sign_in(anonymous), "账号“王某”已停用")
    assert failures(store) == [("王某", None)]


HOUR = 3600
LIES = {
    "wrong nonce": (Lies(claims={"nonce": "n" * 20}), "invalid_claim"),
    "no nonce": (Lies(claims={"nonce": None}), "missing_claim"),
    "wrong audience": (Lies(claims={"aud": "another"}), "invalid_claim"),
    "wrong audience, our azp": (Lies(claims={"aud": "another", "azp": CLIENT_ID}), "invalid_claim"),
    "ours among others": (Lies(claims={"aud": [CLIENT_ID, "x"], "azp": "x"}), "invalid_claim"),
    "no audience": (Lies(claims={"aud": None}), "missing_claim"),
    "another issuer": (Lies(claims={"iss": "https://evil.example"}), "invalid_claim"),
    "expired": (Lies(claims={"exp": int(time.time()) - HOUR}), "expired_token"),
    "no end": (Lies(claims={"exp": None}), "missing_claim"),
    "of tomorrow": (Lies(claims={"iat": int(time.time()) + 24 * HOUR}), "invalid_claim"),
    "no subject": (Lies(claims={"sub": None}), "missing_claim"),
    "bad signature": (
        Lies(key=RSAKey.generate_key(2048, {"kid": "one"}, private=True)),
        "bad_signature",
    ),
    "another key": (
        Lies(key=RSAKey.generate_key(2048, {"kid": "two"}, private=True), header={"kid": "two"}),
        None,
    ),
    "signed with the client's secret": (
        Lies(key=OctKey.import_key(CLIENT_SECRET), header={"alg": "HS256"}),
        None,
    ),
    "no token": (Lies(raw="nonsense"), None),
    "no name": (Lies(claims={"preferred_username": None}), "no_name"),
    "a name with a zero byte": (Lies(claims={"preferred_username": "王某\0"}), "no_name"),
    "a name that is none": (Lies(claims={"preferred_username": ["王某"]}), "no_name"),
    "userinfo of another": (
        Lies(
            claims={"preferred_username": None},
            userinfo={"sub": "person-2", "preferred_username": "王某"},
        ),
        "ValueError",
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_a_token_that_does_not_fit(store, anonymous, provider, name):
    store.person("王某", Role.CHIEF)
    provider.lies, problem = LIES[name]
    words = "没有给出用户名" if problem == "no_name" else "未通过校验"
    refused(anonymous, sign_in(anonymous), words)
    ((person, said),) = failures(store)
    assert person == "(未知用户)"
    assert said == problem or problem is None


def test_an_unsigned_token(store, anonymous, provider):
    def part(value: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    store.person("王某", Role.CHIEF)
    back = leave(anonymous)
    at = int(time.time())
    claims = {
        "iss": provider.issuer, "sub": "x", "aud": CLIENT_ID, "iat": at, "exp": at + 60,
        "nonce": provider.asked[-1]["nonce"], "preferred_username": "王某",
    }  # fmt: skip
    provider.lies.raw = f"{part({'alg': 'none'})}.{part(claims)}."
    refused(anonymous, anonymous.get(back), "未通过校验")


def test_a_state_of_others_is_refused(store, app, anonymous):
    store.person("王某", Role.CHIEF)
    back = leave(anonymous)
    stranger = Browser(app)
    refused(stranger, stranger.get(back), "来源不明")  # an attacker's code in another's browser
    leave(stranger)
    refused(stranger, stranger.get(back), "来源不明")
    code = parse_qs(urlsplit(back).query)["code"][0]
    for state in ("", "forged", "中文"):
        leave(anonymous)
        url = f"/login/oidc/callback?code={code}&state={state}"
        refused(anonymous, anonymous.get(url), "来源不明")


def test_an_answer_serves_once_and_soon(store, anonymous, clock):
    store.person("王某", Role.CHIEF)
    back = leave(anonymous)
    clock.pass_(seconds=WAITING.total_seconds() + 1)
    refused(anonymous, anonymous.get(back), "登录已过期")
    back, cookie = leave(anonymous), anonymous.cookies["hotline_session"]
    assert anonymous.get(back, follow_redirects=False).status_code == 303
    anonymous.submit("/logout")
    refused(anonymous, anonymous.get(back), "登录已过期")
    anonymous.cookies.set("hotline_session", cookie)  # the provider takes a code once
    refused(anonymous, anonymous.get(back), "未通过校验")


def test_a_code_without_its_verifier(store, app, anonymous, provider):
    """PKCE: a code caught on its way is worth nothing to another of our own sessions."""
    store.person("王某", Role.CHIEF)
    caught = parse_qs(urlsplit(leave(anonymous)).query)["code"][0]
    thief = Browser(app)
    state = parse_qs(urlsplit(leave(thief)).query)["state"][0]
    url = f"/login/oidc/callback?code={caught}&state={state}"
    refused(thief, thief.get(url), "未通过校验")
    assert failures(store) == [("(未知用户)", "invalid_grant")]


def test_the_provider_says_no(store, anonymous):
    state = parse_qs(urlsplit(leave(anonymous)).query)["state"][0]
    url = f"/login/oidc/callback?state={state}&error=access_denied"
    refused(anonymous, anonymous.get(url), "没有同意登录（access_denied）")
    state = parse_qs(urlsplit(leave(anonymous)).query)["state"][0]
    url = f"/login/oidc/callback?state={state}&error=<script>"
    refused(anonymous, anonymous.get(url), "没有同意登录（unknown）")


def test_an_unverified_address_is_no_name(store, settings, engine, clock, provider):
    store.person("wang@example.cn", Role.VIEWER)
    app = create_app(settings.model_copy(update={"oidc_claim": "email"}), engine, clock)
    provider.person = {"email": "wang@example.cn"}
    browser = Browser(app)
    refused(browser, sign_in(browser), "邮箱未经验证")
    provider.person["email_verified"] = True
    assert sign_in(browser).status_code == 303


# --- configuration --------------------------------------------------------------------------------


def test_off_until_configured(sqlite_settings, engine, clock):
    browser = Browser(create_app(sqlite_settings, engine, clock))
    assert BUTTON not in browser.get("/login").text
    for url in ("/login/oidc", "/login/oidc/callback?code=x&state=y"):
        assert browser.get(url, follow_redirects=False).status_code == 404


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"oidc_client_secret": ""}, "HOTLINE_OIDC_CLIENT_SECRET"),
        ({"oidc_client_id": ""}, "HOTLINE_OIDC_CLIENT_ID"),
        ({"desk_url": ""}, "HOTLINE_DESK_URL"),
        ({"oidc_issuer": "http://id.example.cn"}, "HOTLINE_OIDC_ISSUER"),
        ({"desk_url": "http://desk.example.cn"}, "HOTLINE_DESK_URL"),
    ],
)
def test_half_a_configuration_stops_the_start(settings, engine, clock, changes, named):
    with pytest.raises(SettingsError, match=named):
        create_app(settings.model_copy(update=changes), engine, clock)


def test_a_provider_out_of_reach_leaves_the_password(settings, engine, clock, store):
    changed = settings.model_copy(update={"oidc_issuer": "http://127.0.0.1:1"})
    browser = Browser(create_app(changed, engine, clock))
    answer = browser.get("/login/oidc")
    assert answer.status_code == 503
    assert "暂时连不上统一身份认证" in answer.text
    store.person("王某", Role.VIEWER)
    assert browser.log_in("王某").status_code == 303


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("issuer", "https://evil.example"),
        ("token_endpoint", "http://id.example/token"),  # would carry the secret in clear
        ("id_token_signing_alg_values_supported", ["HS256", "none"]),
    ],
)
def test_a_provider_that_cannot_be_relied_on(anonymous, provider, monkeypatch, name, value):
    with monkeypatch.context() as changed:
        changed.setitem(provider.metadata, name, value)
        assert anonymous.get("/login/oidc").status_code == 503
    assert anonymous.get("/login/oidc", follow_redirects=False).status_code == 303
