"""统一身份认证 (OpenID Connect): who somebody is, on the word of the organisation's provider.

Authorization code flow with PKCE (OpenID Connect Core 1.0 §3.1, RFC 7636), by Authlib. Off until
configured. The provider says who; whether that person has an account, and which role, stays here.
"""

import re

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client import BaseApp, OAuth2Mixin, OpenIDMixin
from authlib.integrations.requests_client import OAuth2Session
from joserfc.errors import JoseError
from requests import RequestException

from pipeline.notify.channels import outside_address
from pipeline.review.session import Pending
from pipeline.settings import Settings, SettingsError

START, CALLBACK = "/login/oidc", "/login/oidc/callback"
_ENDPOINTS = {"authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"}
_TIMEOUT = 10  # seconds, of one request to the provider
_LEEWAY = 60  # seconds that the provider's clock may differ
# Of keys that the provider alone holds: a token signed with the client's secret, or not at all,
# proves nothing.
_SIGNED_WITH = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")


class SignInFailed(Exception):
    """Nobody is signed in. ``message`` is Chinese and shown; ``problem`` is for the audit."""

    def __init__(self, message: str, problem: str) -> None:
        super().__init__(message)
        self.message, self.problem = message, problem


class _App(OAuth2Mixin, OpenIDMixin, BaseApp):
    """Authlib's client as its framework integrations build it; here no framework keeps anything."""

    client_cls = OAuth2Session


class Provider:
    """The configured provider. Its metadata and keys are asked for once they are needed."""

    def __init__(self, settings: Settings) -> None:
        """Raises SettingsError for half of a configuration, or one that would speak in clear."""
        wanted = {
            "HOTLINE_OIDC_CLIENT_ID": settings.oidc_client_id,
            "HOTLINE_OIDC_CLIENT_SECRET": settings.oidc_client_secret,
            "HOTLINE_OIDC_CLAIM": settings.oidc_claim,
            "HOTLINE_DESK_URL": settings.desk_url,
        }
        if missing := [name for name, value in wanted.items() if not value]:
            raise SettingsError(f"使用统一身份认证还须设置 {'、'.join(missing)}。")
        outside_address(settings.oidc_issuer, "HOTLINE_OIDC_ISSUER")
        outside_address(settings.desk_url, "HOTLINE_DESK_URL")
        self._issuer, self._claim = settings.oidc_issuer, settings.oidc_claim
        self._callback = settings.desk_url.rstrip("/") + CALLBACK
        self._app = _App(
            framework=None,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            server_metadata_url=self._issuer.rstrip("/") + "/.well-known/openid-configuration",
            client_kwargs={
                "scope": settings.oidc_scope,
                "code_challenge_method": "S256",
                "default_timeout": _TIMEOUT,
                "leeway": 0,  # the access token is used at once or not at all
                "trust_env": False,  # no proxy is asked
                "verify": settings.oidc_ca or True,
                "max_redirects": 0,
            },
        )

    def begin(self) -> tuple[str, Pending]:
        """Where to send the browser, and what it keeps. Raises SignInFailed."""
        try:
            self._load()
            made = self._app.create_authorization_url(self._callback)
        except (RequestException, ValueError, TypeError, RuntimeError, SettingsError) as error:
            raise _unreachable(error) from error
        return made["url"], Pending(made["state"], made["nonce"], made["code_verifier"])

    def finish(self, pending: Pending | None, query: dict[str, str]) -> str:
        """The name that the provider gives in the configured claim, from what came back in the
        address. Raises SignInFailed for whatever does not fit.
        """
        if pending is None or query.get("state") != pending.state:
            raise SignInFailed("登录已过期或来源不明，请重新点击“统一身份认证登录”。", "state")
        if refusal := query.get("error"):
            code = refusal if re.fullmatch(r"[a-z_]{1,40}", refusal) else "unknown"
            raise SignInFailed(f"统一身份认证没有同意登录（{code}）。", code)
        try:
            self._load()
            token = self._app.fetch_access_token(
                self._callback,
                code=query.get("code", ""),
                code_verifier=pending.verifier,
            )
            said = self._app.parse_id_token(
                token, pending.nonce, claims_options=self._expected(), leeway=_LEEWAY
            )
            if said is not None and self._claim not in said:
                said = self._more(token, said)
        except (RequestException, SettingsError) as error:
            raise _unreachable(error) from error
        except (JoseError, AuthlibBaseError, ValueError, TypeError, LookupError) as error:
            raise SignInFailed(_UNPROVEN, getattr(error, "error", type(error).__name__)) from error
        if said is None:
            raise SignInFailed(_UNPROVEN, "no_id_token")
        return self._name(said)

    def _expected(self) -> dict:
        return {
            "iss": {"essential": True, "value": self._issuer},
            "aud": {"essential": True, "value": self._app.client_id},
        }

    def _load(self) -> None:
        """Ask for the metadata once. Raises RequestException, ValueError, SettingsError."""
        metadata = self._app.load_server_metadata()
        try:
            self._check(metadata)
        except (ValueError, SettingsError):
            metadata.pop("_loaded_at", None)  # asked again next time
            raise

    def _check(self, metadata: dict) -> None:
        """Refuse metadata that cannot be relied on, and keep what may be used of it."""
        if metadata.get("issuer") != self._issuer:
            raise ValueError("issuer")
        for name in _ENDPOINTS & metadata.keys():  # the secret is sent to one of them
            outside_address(metadata[name], name)
        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        known = [name for name in offered if name in _SIGNED_WITH]
        if not known:
            raise ValueError("algorithms")
        metadata["id_token_signing_alg_values_supported"] = known
        ways = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if "client_secret_basic" not in ways:
            self._app.client_kwargs["token_endpoint_auth_method"] = "client_secret_post"  # noqa: S105

    def _more(self, token: dict, said: dict) -> dict:
        """Also what the provider tells of the same person at its userinfo endpoint (§5.3.2)."""
        if not self._app.server_metadata.get("userinfo_endpoint"):
            return said
        told = self._app.userinfo(token=token)
        if told.get("sub") != said["sub"]:
            raise ValueError("userinfo")
        return {**told, **said}

    def _name(self, said: dict) -> str:
        name = said.get(self._claim)
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            message = f"统一身份认证没有给出用户名（{self._claim}），请告知管理员。"
            raise SignInFailed(message, "no_name")
        if self._claim == "email" and said.get("email_verified") is not True:
            raise SignInFailed("统一身份认证中的邮箱未经验证，不能用于登录。", "email_unverified")
        return name.strip()


_UNPROVEN = "统一身份认证返回的凭证未通过校验，没有登录。请重试；仍不行请告知管理员。"


def _unreachable(error: Exception) -> SignInFailed:
    message = "暂时连不上统一身份认证，请稍后再试，或用密码登录。"
    return SignInFailed(message, type(error).__name__)
