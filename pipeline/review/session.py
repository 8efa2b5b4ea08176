"""Sessions in a signed cookie, CSRF tokens, and the throttle of logins.

The cookie holds only who, since when, and a nonce, and on the way to the identity provider and
back what ties the answer to this browser; its signature and the person's ``session_epoch`` make it
valid. It ends after IDLE without a request and after LONGEST anyway.
"""

import hashlib
import hmac
import secrets
from collections import deque
from dataclasses import astuple, dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from itsdangerous import BadSignature, URLSafeSerializer

COOKIE = "hotline_session"
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=10)
WAITING = timedelta(minutes=10)  # for somebody who left for the identity provider
_RENEW_AFTER = timedelta(minutes=1)  # a cookie younger than this is not sent again
_ERA = datetime(2020, 1, 1)


def _seconds(at: datetime) -> int:
    return int((at - _ERA).total_seconds())


@dataclass(frozen=True, slots=True)
class Pending:
    """What must fit when the browser comes back from the identity provider."""

    state: str
    nonce: str
    verifier: str


@dataclass(slots=True)
class Session:
    """``name`` is None before login; ``notice`` is shown once on the next page. ``is_vouched``:
    signed in on the identity provider's word, without the desk's password. ``pending`` holds the
    fields of Pending and when the browser left.
    """

    name: str | None = None
    epoch: int = 0
    began: int = 0
    seen: int = 0
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    notice: str = ""
    is_vouched: bool = False
    pending: list | None = None
    is_changed: bool = False

    def sign_in(self, name: str, epoch: int, at: datetime, *, is_vouched: bool = False) -> None:
        """Become that person's session, with a new nonce (against session fixation)."""
        self.name, self.epoch, self.is_vouched, self.pending = name, epoch, is_vouched, None
        self.began = self.seen = _seconds(at)
        self.nonce = secrets.token_urlsafe(16)
        self.is_changed = True

    def sign_out(self, notice: str = "") -> None:
        self.name, self.epoch, self.is_vouched = None, 0, False
        self.nonce = secrets.token_urlsafe(16)
        self.notice, self.is_changed = notice, True

    def say(self, notice: str) -> None:
        self.notice, self.is_changed = notice, True

    def leave(self, pending: Pending, at: datetime) -> None:
        """For the identity provider."""
        self.pending = [*astuple(pending), _seconds(at)]
        self.is_changed = True

    def come_back(self, at: datetime) -> Pending | None:
        """What the browser left with, once and within WAITING."""
        pending, self.pending, self.is_changed = self.pending, None, True
        if pending and 0 <= _seconds(at) - pending[-1] <= WAITING.total_seconds():
            return Pending(*pending[:-1])
        return None

    def take_notice(self) -> str:
        notice = self.notice
        if notice:
            self.notice, self.is_changed = "", True
        return notice


class Sessions:
    """Reads and writes cookies with a key derived from the project's secret."""

    def __init__(self, secret: bytes) -> None:
        self._key = hashlib.blake2b(secret, person=b"hotline-web", digest_size=32).digest()
        self._serializer = URLSafeSerializer(
            self._key,
            salt="session",
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
        )

    def read(self, cookie: str | None, at: datetime) -> Session:
        """The cookie's session; a fresh anonymous one where it is missing, forged or expired."""
        if not cookie:
            return Session(is_changed=True)
        try:
            session = Session(*self._serializer.loads(cookie))
        except (BadSignature, ValueError, TypeError):  # TypeError: of an older desk
            return Session(is_changed=True)
        now, began, seen = _seconds(at), session.began, session.seen
        if session.name is None:
            return session
        if now - seen > IDLE.total_seconds() or now - began > LONGEST.total_seconds():
            session.sign_out("长时间没有操作，请重新登录。")
        elif now - seen > _RENEW_AFTER.total_seconds():
            session.seen, session.is_changed = now, True
        return session

    def write(self, session: Session) -> str:
        return self._serializer.dumps(
            [
                session.name,
                session.epoch,
                session.began,
                session.seen,
                session.nonce,
                session.notice,
                session.is_vouched,
                session.pending,
            ]
        )

    def token(self, session: Session) -> str:
        """The CSRF token of a session: bound to it, so that another's is refused."""
        message = f"csrf\n{session.nonce}\n{session.name or ''}".encode()
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()

    def is_token(self, session: Session, token: str) -> bool:
        return hmac.compare_digest(self.token(session).encode(), token.encode())


class Throttle:
    """At most ``limit`` failed logins per address within ``window``; kept in this process."""

    def __init__(self, limit: int = 20, window: timedelta = timedelta(minutes=10)) -> None:
        self._limit, self._window = limit, window
        self._failures: dict[str, deque[datetime]] = {}
        self._lock = Lock()

    def is_blocked(self, address: str, at: datetime) -> bool:
        with self._lock:
            failures = self._failures.get(address)
            while failures and at - failures[0] > self._window:
                failures.popleft()
            if failures is not None and not failures:
                del self._failures[address]
            return bool(failures) and len(failures) >= self._limit

    def failed(self, address: str, at: datetime) -> None:
        with self._lock:
            if len(self._failures) > 10_000:  # a flood of addresses must not fill the memory
                self._failures.clear()
            self._failures.setdefault(address, deque(maxlen=self._limit)).append(at)
