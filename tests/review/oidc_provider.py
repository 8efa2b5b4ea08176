"""A real identity provider on loopback: discovery, authorize, token, keys, userinfo (OpenID Connect
Core 1.0). It signs in whomever the test names, and lies where the test tells it to.
"""

import base64
import hashlib
import secrets
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import urlencode

import uvicorn
from fastapi import FastAPI, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT_ID, CLIENT_SECRET = "hotline-desk", "s" * 40


@dataclass
class Lies:
    """What the next token says instead of the truth. ``claims`` of None are left out."""

    claims: dict = field(default_factory=dict)
    userinfo: dict = field(default_factory=dict)
    header: dict = field(default_factory=dict)
    key: RSAKey | OctKey | None = None
    raw: str | None = None


class Provider:
    """``person``: who is signed in there; ``codes``: given out and not yet used."""

    def __init__(self, issuer: str) -> None:
        self.issuer, self.person, self.lies = issuer, {"preferred_username": "王某"}, Lies()
        self.key = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
        self.codes: dict[str, dict] = {}
        self.asked: list[dict] = []
        self.metadata = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/jwks",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        def discovery():
            return self.metadata

        @app.get("/jwks")
        def jwks():
            return {"keys": [self.key.as_dict(private=False)]}

        @app.get("/authorize")
        def authorize(request: Request):
            query = dict(request.query_params)
            self.asked.append(query)
            assert query["client_id"] == CLIENT_ID
            assert query["response_type"] == "code"
            assert query["code_challenge_method"] == "S256"
            code = secrets.token_urlsafe(16)
            self.codes[code] = query
            back = urlencode({"code": code, "state": query["state"]})
            return RedirectResponse(f"{query['redirect_uri']}?{back}", 302)

        @app.post("/token")
        def token(
            *,
            grant_type: Annotated[str, Form()],
            code: Annotated[str, Form()],
            redirect_uri: Annotated[str, Form()],
            code_verifier: Annotated[str, Form()] = "",
            client_id: Annotated[str, Form()] = "",
            client_secret: Annotated[str, Form()] = "",
        ):
            if (client_id, client_secret) != (CLIENT_ID, CLIENT_SECRET):
                return JSONResponse({"error": "invalid_client"}, 401)
            query = self.codes.pop(code, None)
            digest = hashlib.sha256(code_verifier.encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            if (
                grant_type != "authorization_code"
                or query is None
                or query["redirect_uri"] != redirect_uri
                or query["code_challenge"] != challenge
            ):
                return JSONResponse({"error": "invalid_grant"}, 400)
            return {
                "access_token": secrets.token_urlsafe(16),
                "token_type": "Bearer",
                "expires_in": 60,
                "id_token": self.lies.raw or self._id_token(query["nonce"]),
            }

        @app.get("/userinfo")
        def userinfo():
            return {"sub": "person-1", **self.lies.userinfo}

        return app

    def _id_token(self, nonce: str) -> str:
        at = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "person-1",
            "aud": CLIENT_ID,
            "iat": at,
            "exp": at + 60,
            "nonce": nonce,
            **self.person,
            **self.lies.claims,
        }
        header = {"alg": "RS256", "kid": "one", **self.lies.header}
        said = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(header, said, self.lies.key or self.key, algorithms=[header["alg"]])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running():
    """A provider on a free port of loopback."""
    port = free_port()
    provider = Provider(f"http://localhost:{port}")  # another site than the desk's 127.0.0.1
    with serving(provider.app(), port):
        yield provider


@contextmanager
def serving(app: FastAPI, port: int):
    """The application on loopback, in a thread."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)
