"""The contract (OpenAPI) holds under generated requests, valid and not: schemathesis."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as bounds
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from pipeline.review.access import Role
from pipeline.review.api.client import RateLimit
from pipeline.review.api.tokens import TokenScope, issue
from pipeline.store import tables as t
from tests.review.conftest import NOW, V1

EXAMPLES = 2
"""Of each kind (valid, invalid) for each of the routes: the whole takes seconds."""


@pytest.fixture
def settings(sqlite_settings):
    """The contract does not depend on the database."""
    return sqlite_settings


@pytest.fixture
def world(store, api):
    """Some of everything, and the token of a 负责人 with every scope."""
    store.person("某负责人", Role.CHIEF)
    tickets = [store.ticket() for _ in range(3)]
    store.item(*tickets)
    store.quarantined()
    store.stop()
    store.report()
    api.state.rate = RateLimit(limit=1_000_000)
    return issue(store.engine, "平台", "某负责人", list(TokenScope), NOW, days=1)


@pytest.mark.filterwarnings("ignore")
def test_generated_requests_meet_the_contract(world, app, store):
    schema = schemathesis.openapi.from_asgi(f"{V1}/openapi.json", app)
    headers, asked, codes = {"Authorization": f"Bearer {world}"}, set(), set()
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @bounds(
                max_examples=EXAMPLES,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case):
                answer = case.call(headers=headers)
                # A made-up cursor (400) or version (412, 428) fits the schema and nothing else.
                case.validate_response(answer, excluded_checks=[positive_data_acceptance])
                asked.add((case.method, case.path))
                codes.add(answer.status_code)

            ask()
    assert len(asked) == sum(1 for _ in schema.get_all_operations()) > 20
    assert {200, 404, 422} <= codes
    assert not codes & {500, 503}
    assert [row["state"] for row in store.rows(t.supervision_item)] == ["待核"]
