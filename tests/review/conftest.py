"""A desk over a store filled by a small builder, and one signed-in client per role."""

import shutil
from datetime import date, datetime, timedelta
from functools import cache

import orjson
import pytest
import sqlalchemy as sa
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from starlette.testclient import TestClient

from pipeline.review import people
from pipeline.review.access import Role
from pipeline.review.api.tokens import ROLES, TokenScope, issue
from pipeline.review.app import create_app
from pipeline.review.people import add_person
from pipeline.settings import Settings
from pipeline.store import tables as t
from pipeline.store.engine import make_engine, upgrade
from pipeline.store.vault import Vault

NOW = datetime(2026, 11, 4, 9, 0)
V1 = "/api/v1"
PASSWORD = "三更灯火五更鸡正是读书时"


class Clock:
    """What the desk takes for the present; tests move it."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, **delta: float) -> None:
        self.at += timedelta(**delta)


@cache
def _quick_hasher() -> PasswordHash:
    return PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))


@pytest.fixture(autouse=True)
def _quick_hashing(request, monkeypatch):
    """Argon2 that costs next to nothing, but for the test that looks at its cost."""
    if "real_hashing" not in request.fixturenames:
        monkeypatch.setattr(people, "_hasher", _quick_hasher)
        monkeypatch.setattr(people, "_nobody", lambda: _quick_hasher().hash("nobody"))


@pytest.fixture
def real_hashing():
    """Ask for it to hash passwords as in production."""


@cache
def _password_hash() -> str:
    return _quick_hasher().hash(PASSWORD)


class Store:
    """Puts rows where the pipeline would: enough of each for the desk to show."""

    changing = (
        t.review_decision, t.contact_access, t.item_event, t.person, t.audit_event,
        t.check_clearance,
    )  # fmt: skip

    def __init__(self, engine: sa.Engine, settings) -> None:
        self.engine, self.vault = engine, Vault(settings.secret)
        with engine.begin() as connection:
            self.file_id = connection.execute(
                sa.insert(t.export_file)
                .values(
                    sha256="a" * 64,
                    name="12328工单.xlsx",
                    size_bytes=1,
                    landed_at=NOW,
                    as_of=date(2026, 11, 3),
                    state="loaded",
                    layout="12328",
                    rows_read=3,
                    inserted=2,
                    quarantined=1,
                )
                .returning(t.export_file.c.id)
            ).scalar_one()
        self.next_ticket = self.next_classification = 0

    def ticket(
        self,
        content: str = "司机反映被拦停检查,执法人员没有出示证件就罚款两千元。",
        *,
        scope: str = "E1",
        primary: str | None = "procedure",
        evidence: dict | None = None,
        review: bool = True,
        score: float = 0.6,
        text_hash: str = "ff" * 16,
        phone: str | None = "13800001234",
        **fields,
    ) -> int:
        self.next_ticket += 1
        key = self.next_ticket
        values = {
            "hotline": "12328",
            "ticket_no": f"25091210110810{key:04d}",
            "accepted_at": datetime(2026, 10, 5, 8, 0) + timedelta(hours=key),
            "category": "投诉举报",
            "title": f"反映执法问题之{key}",
            "content": content,
            "target_unit": "甲县交通执法大队",
            "region": "甲县",
            "status": "办理中",
            "caller_name": "王某",
            "caller_phone": "138****1234",
        } | fields
        with self.engine.begin() as connection:
            connection.execute(
                sa.insert(t.ticket).values(
                    id=key,
                    text_hash=text_hash,
                    state_at=values["accepted_at"],
                    row_hash=f"{key:032x}",
                    first_file_id=self.file_id,
                    first_row_no=key,
                    last_file_id=self.file_id,
                    last_row_no=key,
                    **values,
                )
            )
            if phone:
                clear = orjson.dumps({"name": "王建国", "phone": phone})
                connection.execute(
                    sa.insert(t.contact).values(
                        ticket_id=key, sealed=self.vault.seal(clear, "contact")
                    )
                )
        self.classify(
            key,
            scope=scope,
            primary=primary if scope == "E1" else None,
            evidence=evidence,
            review=review,
            score=score,
            text_hash=text_hash,
        )
        return key

    def officers(self, ticket_id: int, names: list[str], badges: list[str]) -> None:
        clear = orjson.dumps({"names": names, "badges": badges})
        with self.engine.begin() as connection:
            connection.execute(
                sa.insert(t.ticket_officer).values(
                    ticket_id=ticket_id, sealed=self.vault.seal(clear, "officers")
                )
            )

    def classify(
        self,
        ticket_id: int,
        *,
        scope: str = "E1",
        primary: str | None = "procedure",
        evidence: dict | None = None,
        review: bool = True,
        score: float = 0.6,
        text_hash: str = "ff" * 16,
        at: datetime = NOW - timedelta(hours=7),
    ) -> int:
        self.next_classification += 1
        labels = [primary] if primary else []
        with self.engine.begin() as connection:
            c = t.classification.c
            connection.execute(
                sa.update(t.classification).where(c.ticket_id == ticket_id).values(is_current=False)
            )
            connection.execute(
                sa.insert(t.classification).values(
                    id=self.next_classification,
                    ticket_id=ticket_id,
                    model_version="model-1",
                    text_hash=text_hash,
                    is_current=True,
                    scope=scope,
                    score=score,
                    primary_type=primary,
                    labels_json=labels,
                    scores_json={"procedure": 0.71, "rough": 0.12},
                    evidence_json=evidence or {},
                    flags_json=["货车司机"],
                    review=review,
                    classified_at=at,
                )
            )
            for label in labels:
                connection.execute(
                    sa.insert(t.classification_label).values(
                        classification_id=self.next_classification,
                        problem_type=label,
                        is_primary=True,
                    )
                )
        return self.next_classification

    def item(self, *ticket_ids: int, **fields) -> int:
        values = {
            "profile": "mot-2024-25",
            "rule": "R04",
            "level": "L2",
            "subject": "甲县交通执法大队 · 程序不规范",
            "unit": "甲县交通执法大队",
            "region": "甲县",
            "problem_type": "procedure",
            "summary": "甲县交通执法大队:2026年10月反映程序不规范2件2人",
            "clause": "交办法〔2024〕25号:「及时调查核实、督查督办」",
            "threshold_origin": "default",
            "numbers_json": {"tickets": 2, "people": 2, "month": "2026-10"},
            "missing_json": ["核实结论"],
            "state": "待核",
            "raised_on": date(2026, 10, 30),
            "due_on": date(2026, 11, 6),
            "updated_on": date(2026, 10, 30),
        } | fields
        with self.engine.begin() as connection:
            number = 1 + (connection.scalar(sa.select(sa.func.max(t.supervision_item.c.id))) or 0)
            connection.execute(
                sa.insert(t.supervision_item).values(id=number, item_key=f"key{number}", **values)
            )
            for ticket_id in ticket_ids:
                connection.execute(
                    sa.insert(t.item_ticket).values(item_id=number, ticket_id=ticket_id)
                )
            connection.execute(
                sa.insert(t.item_event).values(
                    item_id=number,
                    seq=1,
                    at=datetime(2026, 10, 30, 2, 0),
                    person="system",
                    action="raised",
                    from_state=None,
                    to_state=values["state"],
                    level=values["level"],
                    reason="规则触发",
                    ticket_ids_json=list(ticket_ids),
                )
            )
        return number

    def quarantined(
        self,
        preview: str = "工单编号= | 内容=路边检查",
        reasons=("no_ticket_no",),
        cells: dict[str, str] | None = None,
    ):
        kept = {"layout": "12328", "cells": cells or {"工单编号": "", "内容": "路边检查"}}
        with self.engine.begin() as connection:
            number = connection.scalar(sa.select(sa.func.count()).select_from(t.quarantine_row))
            connection.execute(
                sa.insert(t.quarantine_row).values(
                    file_id=self.file_id,
                    row_no=900 + number,
                    sheet="工单",
                    source_row=903 + number,
                    reasons_json=list(reasons),
                    sealed=self.vault.seal(orjson.dumps(kept), "quarantine"),
                    preview=preview,
                    state="open",
                )
            )

    def stop(self, message: str = "本次 120 行，近 8 个周五中位数 480 行，下限 240 行") -> int:
        """A failed check of severity stop of the store's file."""
        with self.engine.begin() as connection:
            return connection.execute(
                sa.insert(t.check_result)
                .values(
                    file_id=self.file_id,
                    suite="history",
                    expectation="expect_column_values_to_be_between",
                    severity="stop",
                    code="rows_low",
                    passed=False,
                    failing=1,
                    message=message,
                )
                .returning(t.check_result.c.id)
            ).scalar_one()

    def report(self, directory: str | None = "reports/2026-10", **fields) -> int:
        values = {
            "month": "2026-10",
            "profile": "mot-2024-25",
            "revision": 1,
            "frozen_at": NOW,
            "as_of": date(2026, 11, 2),
            "input_hash": "b" * 64,
            "manifest_json": {},
            "state": "filed",
            "findings_json": [
                {"severity": "warning", "code": "few", "message": "满意率样本不足 10 件,只列件数。"}
            ],
            "directory": directory,
        } | fields
        with self.engine.begin() as connection:
            return connection.execute(
                sa.insert(t.report).values(**values).returning(t.report.c.id)
            ).scalar_one()

    def rows(self, table: sa.Table) -> list[sa.RowMapping]:
        with self.engine.begin() as connection:
            return list(connection.execute(sa.select(table)).mappings())

    def person(
        self, name: str, role: Role, *, must_change: bool = False, units=(), regions=()
    ) -> str:
        """A person with the tests' password; returns the one-time password of before."""
        once = add_person(self.engine, name, role, NOW, units=units, regions=regions)
        if not must_change:
            with self.engine.begin() as connection:
                connection.execute(
                    sa.update(t.person)
                    .where(t.person.c.name == name)
                    .values(must_change=False, password_hash=_password_hash())
                )
        return once


class Browser(TestClient):
    """A client that fills in the CSRF token of the page it last saw, as a browser would."""

    def token(self) -> str:
        text = self.get("/password").text
        return text.split('name="csrf_token" value="')[1].split('"')[0]

    def submit(self, url: str, data: dict | None = None, **kwargs):
        fields = {"csrf_token": self.token()} | (data or {})
        return self.post(url, data=fields, follow_redirects=False, **kwargs)

    def log_in(self, name: str, password: str = PASSWORD):
        text = self.get("/login").text
        token = text.split('name="csrf_token" value="')[1].split('"')[0]
        fields = {"csrf_token": token, "name": name, "password": password}
        return self.post("/login", data=fields, follow_redirects=False)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """An empty SQLite store, migrated once for all tests of this room."""
    settings = Settings(home=tmp_path_factory.mktemp("migrated"), secret_key="x" * 32)
    engine = make_engine(settings)
    upgrade(engine)
    engine.dispose()
    return settings.home / "hotline.db"


@pytest.fixture
def engine(settings, migrated):
    if settings.is_embedded:  # PostgreSQL's database is a copy of a migrated one already
        settings.home.mkdir(parents=True)
        shutil.copy(migrated, settings.home)
    engine = make_engine(settings)
    yield engine
    engine.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(engine, settings) -> Store:
    return Store(engine, settings)


@pytest.fixture
def app(settings, engine, clock):
    return create_app(settings, engine, clock)


@pytest.fixture
def anonymous(app) -> Browser:
    return Browser(app)


@pytest.fixture
def as_role(app, store):
    """``as_role(Role.VIEWER)``: a client signed in as a person of that role."""
    known: dict[Role, Browser] = {}

    def sign_in(role: Role) -> Browser:
        if role not in known:
            store.person(f"某{role}", role)
            known[role] = Browser(app)
            assert known[role].log_in(f"某{role}").status_code == 303
        return known[role]

    return sign_in


@pytest.fixture
def as_person(app, store):
    """``as_person("某甲", Role.VIEWER, units=["甲大队"])``: a client of a person of that name."""

    def sign_in(name: str, role: Role, **bounds) -> Browser:
        store.person(name, role, **bounds)
        client = Browser(app)
        assert client.log_in(name).status_code == 303
        return client

    return sign_in


@pytest.fixture
def api(app):
    """The interface that the desk mounts."""
    return next(route.app for route in app.router.routes if route.path == V1)


@pytest.fixture
def as_client(store, anonymous):
    """``as_client(Role.CHIEF)``: asks with a token of that role and every scope it may have."""

    def ask(role: Role, method: str, path: str, **kwargs):
        name = f"某{role}"
        if name not in {row["name"] for row in store.rows(t.person)}:
            store.person(name, role)
        if name not in tokens:
            scopes = [scope for scope in TokenScope if role in ROLES[scope]]
            tokens[name] = issue(store.engine, "平台", name, scopes, NOW, days=30)
        headers = {"Authorization": f"Bearer {tokens[name]}"} | kwargs.pop("headers", {})
        return anonymous.request(method, V1 + path, headers=headers, **kwargs)

    tokens: dict[str, str] = {}
    return ask
