"""What ``/api/v1`` says of itself holds: it is asked for whatever its description allows, and what it does not."""

from __future__ import annotations

from datetime import timedelta

import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bot.model import Scope
from bot.testing import NOW, article
from bot.web.api.v1 import DESCRIPTION
from bot.web.api.v1.rates import Rates
from tests.web.api_v1 import token

HOLDS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ELSEWHERE = ("/sources/find", "/collect", "/test", "/checks")
"""Asks other servers: tested with real ones."""


@pytest.fixture
def known(web):
    """Something of each kind, so that what is asked for is found."""
    web.add_edition()
    with web.store.write() as tx:
        each = article(source="site")
        tx.articles.put(each, url_key=each.url, present={each.guid}, now=NOW)
    web.app.state.api_rates = Rates(web.store, {timedelta(minutes=1): 1_000_000})
    return web


@pytest.mark.slow
def test_schemathesis_finds_nothing(known):
    made, _kept, _user = token(known, Scope.ADMIN)
    schema = schemathesis.openapi.from_asgi(DESCRIPTION, known.app)
    seen = {}

    def holds(case):
        answer = case.call(headers={"Authorization": f"Bearer {made}"})
        seen.setdefault(answer.status_code, []).append(case.operation.label)
        case.validate_response(answer, checks=HOLDS)

    bounded = hypothesis_settings(
        max_examples=1, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
    )
    operations = [each.ok() for each in schema.get_all_operations()]
    assert len(operations) > 80
    for operation in operations:
        if operation.path.endswith(ELSEWHERE) or operation.path.startswith("/api/v1/users/"):
            continue
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
            bounded(given(case=operation.as_strategy(generation_mode=mode))(holds))()
    assert {200, 404, 422} <= set(seen)
