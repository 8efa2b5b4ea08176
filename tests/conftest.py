"""Fixtures: a fresh store on SQLite and on PostgreSQL for every test that asks for ``engine``."""

import json
import os
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.settings import MODELS_DIR, Settings
from pipeline.store.engine import make_engine, upgrade
from tests.databases import PostgresDatabases

EXPORTS = Path(__file__).parent / "exports"
# Tests, and the commands they start, write their files just before they read them.
os.environ["HOTLINE_SETTLE_SECONDS"] = "0.05"
SECRET = "a secret of the tests, 32 characters or more"


def _postgres_url() -> str:
    return os.environ.get(
        "HOTLINE_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres"
    )


@pytest.fixture(scope="session")
def postgres_server() -> sa.Engine:
    """The server's administrative engine; skips where no server answers, fails so in CI."""
    url = _postgres_url().replace("postgresql://", "postgresql+psycopg://", 1)
    engine = sa.create_engine(
        url, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3}
    )
    try:
        with engine.connect():
            pass
    except sa.exc.OperationalError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"needs PostgreSQL, none answers at HOTLINE_TEST_POSTGRES_URL: {error.orig}")
    return engine


@pytest.fixture(scope="session")
def postgres_databases(postgres_server):
    """Databases for tests, each used again once it is empty (a new one for each test would take
    most of the test's time)."""
    databases = PostgresDatabases(postgres_server)
    yield databases
    databases.close()


@pytest.fixture
def sqlite_settings(tmp_path) -> Settings:
    return Settings(home=tmp_path / "home", secret_key=SECRET)


@pytest.fixture
def postgres_settings(tmp_path, postgres_databases):
    url = postgres_databases.take()
    yield Settings(
        home=tmp_path / "home",
        database_url=url.set(drivername="postgresql").render_as_string(hide_password=False),
        secret_key=SECRET,
    )
    postgres_databases.give_back(url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def settings(request) -> Settings:
    """Settings with an empty HOTLINE_HOME; the test runs once on each database."""
    kind = "sqlite_settings" if request.param == "sqlite" else "postgres_settings"
    return request.getfixturevalue(kind)


@pytest.fixture
def engine(settings):
    """A migrated, empty store."""
    engine = make_engine(settings)
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def four_kinds(tmp_path_factory) -> tuple[Path, dict[str, list[dict]]]:
    """A models/ folder with 80 corpus tickets each of T01, T04, E0 and E2, a frozen set among
    them, and a minimum case: a model is fitted in a second. And 80 others of each kind.
    """
    import yaml

    from pipeline.classify.championship import CASES, draw_frozen
    from pipeline.classify.corpus import load_corpus

    models = tmp_path_factory.mktemp("four_kinds") / "models"
    (models / "corpus").mkdir(parents=True)
    shutil.copytree(MODELS_DIR / "lexicon", models / "lexicon")
    shutil.copy(MODELS_DIR / "params.yaml", models)
    case = {"text": "执法人员上来就骂人,把司机推倒在地。", "scope": "E1", "primary": "rough"}
    (models / CASES).write_text(yaml.safe_dump({"minimum": [case]}), encoding="utf-8")
    kinds = {("E1", "profit_driven"): [], ("E1", "rough"): [], ("E0", None): [], ("E2", None): []}
    for ticket in load_corpus(MODELS_DIR).tickets:
        kinds.get((ticket["scope"], ticket["primary"]), []).append(ticket)
    lines = [json.dumps(t, ensure_ascii=False) for found in kinds.values() for t in found[:80]]
    (models / "corpus" / "few.jsonl").write_text("\n".join(lines), encoding="utf-8")
    frozen = draw_frozen(load_corpus(models), 0.1)
    (models / "regression.txt").write_text("\n".join(frozen), encoding="utf-8")
    return models, {slug or scope: found[80:160] for (scope, slug), found in kinds.items()}
