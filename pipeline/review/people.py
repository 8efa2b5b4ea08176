"""Persons of the desk: accounts, one-time passwords, login with lockout.

Passwords are Argon2id hashes (pwdlib's recommended parameters). There is no default password:
an account begins with a random one-time password that must be changed at the first login.
"""

import functools
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from pipeline.domain.errors import OperatorError
from pipeline.review.access import Role, Sight
from pipeline.review.audit import record
from pipeline.store import tables as t
from pipeline.store.engine import read_only

MAX_FAILED_LOGINS = 5
LOCKED_FOR = timedelta(minutes=15)
MIN_PASSWORD = 10
MAX_PASSWORD = 128  # Argon2 reads all of it: a bound on what one attempt may cost
_MAX_NAME = 40
_MAX_BOUNDS, _MAX_BOUND = 100, 100

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that reads like something else
_hashing = threading.BoundedSemaphore(2)  # each hash takes 64 MiB: many at once would starve all


class PersonError(OperatorError, ValueError):
    """What was asked of an account cannot be done; the Chinese message says why."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person as a request needs to know them; ``client`` is the program that acts as them."""

    name: str
    role: Role
    must_change: bool
    session_epoch: int
    units: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    client: str | None = None

    @property
    def sight(self) -> Sight:
        """What every query about tickets and items is asked with."""
        return Sight(self.role, self.units, self.regions)


@functools.cache
def _hasher():
    from pwdlib import PasswordHash

    return PasswordHash.recommended()


@functools.cache
def _nobody() -> str:
    return _hash(secrets.token_hex(16))


def _hash(password: str) -> str:
    with _hashing:
        return _hasher().hash(password)


def _matches(password: str, password_hash: str) -> bool:
    with _hashing:
        return _hasher().verify(password, password_hash)


def one_time_password() -> str:
    """Four groups of four, about 79 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def has_people(engine: sa.Engine) -> bool:
    with read_only(engine).connect() as connection:
        return connection.scalar(sa.select(sa.exists(sa.select(t.person.c.name))))


def add_person(
    engine: sa.Engine,
    name: str,
    role: str,
    at: datetime,
    by: str = "命令行",
    *,
    units: Iterable[str] = (),
    regions: Iterable[str] = (),
) -> str:
    """Create an account and return its one-time password, which is stored nowhere.

    ``units`` and ``regions`` bound what the person sees (access.Sight). Raises PersonError for
    an unusable name, an unknown role, or a name already taken.
    """
    name = name.strip()
    if not name or len(name) > _MAX_NAME or not name.isprintable():
        raise PersonError(f"用户名须为 1—{_MAX_NAME} 个可见字符。")
    if role not in set(Role):
        raise PersonError(f"没有“{role}”这个角色。可选：{'、'.join(Role)}。")
    password, bounds = one_time_password(), _bounds(units, regions)
    try:
        with engine.begin() as connection:
            connection.execute(
                sa.insert(t.person).values(
                    name=name, role=role, password_hash=_hash(password), created_at=at, **bounds
                )
            )
            detail = {"role": role} | _bounds_said(bounds)
            record(connection, at, by, "person_added", f"person:{name}", detail=detail)
    except sa.exc.IntegrityError as error:
        raise PersonError(f"用户“{name}”已存在。") from error
    return password


def set_bounds(
    engine: sa.Engine,
    name: str,
    *,
    units: Iterable[str],
    regions: Iterable[str],
    at: datetime,
    by: str = "命令行",
) -> None:
    """Bind an account to units and regions, or to nothing; takes effect with the next request.

    Raises PersonError for an unknown name or entries too many or too long.
    """
    bounds = _bounds(units, regions)
    with engine.begin() as connection:
        done = connection.execute(
            sa.update(t.person).where(t.person.c.name == name).values(**bounds)
        )
        if not done.rowcount:
            raise PersonError(f"没有用户“{name}”。")
        record(connection, at, by, "bounds_set", f"person:{name}", detail=_bounds_said(bounds))


def _bounds(units: Iterable[str], regions: Iterable[str]) -> dict[str, list[str]]:
    found = {}
    for column, names in (("units_json", units), ("regions_json", regions)):
        kept = list(dict.fromkeys(name.strip() for name in names if name.strip()))
        if len(kept) > _MAX_BOUNDS or any(len(name) > _MAX_BOUND for name in kept):
            raise PersonError(f"单位、地区各最多 {_MAX_BOUNDS} 个，每个最多 {_MAX_BOUND} 个字符。")
        found[column] = kept
    return found


def _bounds_said(bounds: dict[str, list[str]]) -> dict[str, list[str]]:
    names = {"units_json": "units", "regions_json": "regions"}
    return {names[column]: kept for column, kept in bounds.items() if kept}


def reset_password(engine: sa.Engine, name: str, at: datetime, by: str = "命令行") -> str:
    """A new one-time password; unlocks and reactivates the account, ends its sessions.

    Raises PersonError for an unknown name.
    """
    password = one_time_password()
    values = {
        "password_hash": _hash(password),
        "must_change": True,
        "is_active": True,
        "failed_logins": 0,
        "locked_until": None,
    }
    _update(engine, name, values, at=at, by=by, action="password_reset")
    return password


def disable_person(engine: sa.Engine, name: str, at: datetime, by: str = "命令行") -> None:
    """Close the account, end its sessions and, for good, the tokens of programs that act in its
    name. Raises PersonError for an unknown name.
    """
    token = t.api_token.c
    with engine.begin() as connection:
        connection.execute(
            sa.update(t.api_token)
            .where(token.person == name, token.revoked_at.is_(None))
            .values(revoked_at=at)
        )
    _update(engine, name, {"is_active": False}, at=at, by=by, action="person_disabled")


def _update(
    engine: sa.Engine, name: str, values: dict, *, at: datetime, by: str, action: str
) -> None:
    c = t.person.c
    with engine.begin() as connection:
        done = connection.execute(
            sa.update(t.person)
            .where(c.name == name)
            .values(**values, session_epoch=c.session_epoch + 1)
        )
        if not done.rowcount:
            raise PersonError(f"没有用户“{name}”。")
        record(connection, at, by, action, f"person:{name}")


def change_password(engine: sa.Engine, name: str, old: str, new: str, at: datetime) -> Account:
    """Set a password of the person's own and end every other session.

    Raises PersonError where the old one is wrong or the new one too weak.
    """
    c = t.person.c
    with read_only(engine).connect() as connection:
        current = connection.scalar(sa.select(c.password_hash).where(c.name == name, c.is_active))
    if current is None or len(old) > MAX_PASSWORD or not _matches(old, current):
        raise PersonError("原密码不正确。")
    if problem := weakness(name, old, new):
        raise PersonError(problem)
    values = {"password_hash": _hash(new), "must_change": False}
    _update(engine, name, values, at=at, by=name, action="password_changed")
    return load_account(engine, name)


def weakness(name: str, old: str, new: str) -> str | None:
    """Why ``new`` cannot be a password, in Chinese; None where it can.

    Length instead of rules on kinds of characters, as NIST SP 800-63B §5.1.1.2 advises.
    """
    if not MIN_PASSWORD <= len(new) <= MAX_PASSWORD:
        return f"新密码须为 {MIN_PASSWORD}—{MAX_PASSWORD} 个字符。"
    if new == old:
        return "新密码不能与原密码相同。"
    if name.lower() in new.lower():
        return "新密码不能包含用户名。"
    if len(set(new)) < 5 or new.lower() in _guessed_first():
        return "新密码太容易被猜到，请换一个。"
    return None


@functools.cache
def _guessed_first() -> frozenset[str]:
    stems = ("password", "passw0rd", "qwertyuiop", "admin", "hotline", "12328", "12345", "jiaotong")
    ends = ("", "1", "12", "123", "1234", "12345", "123456", "2025", "2026", "@123", "@2026", "!")
    runs = ("1234567890", "0123456789", "0987654321", "1qaz2wsx3edc", "abcdefghij", "12345678910")
    return frozenset(stem + end for stem in stems for end in ends) | frozenset(runs)


def load_account(engine: sa.Engine, name: str) -> Account | None:
    """The active account of that name, or None."""
    c = t.person.c
    with read_only(engine).connect() as connection:
        row = connection.execute(
            sa.select(t.person).where(c.name == name, c.is_active)
        ).one_or_none()
    return _account(row) if row else None


def _account(row: sa.Row) -> Account:
    return Account(
        row.name,
        Role(row.role),
        row.must_change,
        row.session_epoch,
        tuple(row.units_json),
        tuple(row.regions_json),
    )


def verify_login(
    engine: sa.Engine, name: str, password: str, at: datetime, address: str = ""
) -> Account | None:
    """The account where name and password fit and it is neither disabled nor locked, else None.

    After MAX_FAILED_LOGINS failures in a row the account is locked for LOCKED_FOR; while locked
    even the right password is refused. Whatever is wrong, the answer and its time are the same.
    Attempts are audited, those of unknown names under ``(未知用户)``: people mistype passwords
    into the name field, and those must not be kept.
    """
    c = t.person.c
    with read_only(engine).connect() as connection:
        person = connection.execute(sa.select(t.person).where(c.name == name)).one_or_none()
    fits = len(password) <= MAX_PASSWORD and _matches(
        password, person.password_hash if person else _nobody()
    )
    with engine.begin() as connection:
        if person is None:
            record(connection, at, "(未知用户)", "login_failed", None, detail={"address": address})
            return None
        # Read again under the write lock: many attempts at once must not slip past the count.
        now = connection.execute(sa.select(t.person).where(c.name == name).with_for_update()).one()
        locked = now.locked_until is not None and now.locked_until > at
        if fits and now.is_active and not locked and now.password_hash == person.password_hash:
            connection.execute(
                sa.update(t.person).where(c.name == name).values(failed_logins=0, locked_until=None)
            )
            record(connection, at, name, "login", f"person:{name}", detail={"address": address})
            return _account(now)
        record(connection, at, name, "login_failed", f"person:{name}", detail={"address": address})
        if locked or not now.is_active:
            return None
        failed = now.failed_logins + 1
        lock = failed >= MAX_FAILED_LOGINS
        connection.execute(
            sa.update(t.person)
            .where(c.name == name)
            .values(
                failed_logins=0 if lock else failed,
                locked_until=at + LOCKED_FOR if lock else None,
            )
        )
        if lock:
            record(connection, at, name, "locked", f"person:{name}", detail={"address": address})
        return None


def admit(engine: sa.Engine, name: str, at: datetime, address: str = "") -> Account:
    """The account of somebody whom the identity provider vouches for; audited either way.

    No account is made here, and none is locked: nobody guesses passwords this way. Raises
    PersonError where there is no such account or it is disabled.
    """
    detail = {"address": address, "by": "统一身份认证"}
    account = load_account(engine, name)
    with engine.begin() as connection:
        if account is not None:
            record(connection, at, name, "login", f"person:{name}", detail=detail)
            return account
        if connection.scalar(sa.select(t.person.c.name).where(t.person.c.name == name)):
            record(connection, at, name, "login_failed", f"person:{name}", detail=detail)
            problem = f"账号“{name}”已停用，请联系管理员。"
        else:
            detail["for"] = name[:_MAX_NAME]
            record(connection, at, "(未知用户)", "login_failed", None, detail=detail)
            problem = f"复核台没有“{name[:_MAX_NAME]}”这个账号，请联系管理员开通。"
    raise PersonError(problem)


def end_sessions(engine: sa.Engine, name: str, at: datetime) -> None:
    """Log out everywhere: a copied cookie is worthless afterwards."""
    _update(engine, name, {}, at=at, by=name, action="logout")


def list_people(engine: sa.Engine) -> list[sa.RowMapping]:
    """Every account without its password hash, by name."""
    c = t.person.c
    columns = (
        c.name,
        c.role,
        c.is_active,
        c.must_change,
        c.locked_until,
        c.created_at,
        c.units_json,
        c.regions_json,
    )
    with read_only(engine).connect() as connection:
        return list(connection.execute(sa.select(*columns).order_by(c.name)).mappings())
