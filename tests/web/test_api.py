"""The public API: its own description holds, and no site may use it that was not named."""

from __future__ import annotations

import json

import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from bot.web.api.problem import PROBLEM
from tests.web.test_signup import TOML, kept

GOOD = {"address": "mara@example.org", "newsletters": ["morning"]}


@pytest.fixture
def web(build_web):
    return build_web(toml=TOML)


async def test_a_sign_up_is_taken_with_the_page_as_evidence(web):
    headers = {"Origin": "https://partner.example", "Referer": "https://partner.example/news?utm=1"}
    answer = await web.post("/api/subscribe", json={**GOOD, "language": "de"}, headers=headers)
    assert answer.status_code == 202
    assert answer.json()["status"] == "check_inbox"
    assert answer.headers["access-control-allow-origin"] == "https://partner.example"
    (signup,) = kept(web)
    assert (signup.evidence.form, signup.evidence.page) == ("api", "https://partner.example/news")
    assert signup.language == "de"


async def test_a_program_of_the_newsroom_needs_no_origin(web):
    assert (await web.post("/api/subscribe", json=GOOD)).status_code == 202


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://partner.example.evil.example", "http://partner.example"]
)
async def test_a_site_that_was_not_named_may_not(web, origin):
    answer = await web.post("/api/subscribe", json=GOOD, headers={"Origin": origin, "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    async with web.client() as client:
        assert (await client.options("/api/subscribe", headers={"Origin": origin})).status_code == 403
    assert kept(web) == []


async def test_a_named_sites_browser_is_told_what_it_may_send_fetch_cors_preflight(web):
    headers = {"Origin": "https://partner.example", "Access-Control-Request-Method": "POST"}
    async with web.client() as client:
        answer = await client.options("/api/subscribe", headers=headers)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://partner.example"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_a_form_of_another_site_cannot_reach_it(web, kind):
    answer = await web.post("/api/subscribe", content=json.dumps(GOOD), headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert kept(web) == []


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        (b"", 400, None),
        (b"{", 400, None),
        (b"\xff\xfe", 400, None),
        (b"[" * 60_000, 400, None),
        (b"[]", 422, "#"),
        (b"{}", 422, "#/address"),
        (b'{"address": 7, "newsletters": ["morning"]}', 422, "#/address"),
        (b'{"address": "mara@exa\\u0000mple.org", "newsletters": ["morning"]}', 422, "#/address"),
        (b'{"address": "\\ud800@example.org", "newsletters": ["morning"]}', 422, "#/address"),
        (b'{"address": "a@example.org\\r\\nBcc: b@example.org", "newsletters": ["morning"]}', 422, "#/address"),
        (b'{"address": "mara@example.org", "newsletters": []}', 422, "#/newsletters"),
        (b'{"address": "mara@example.org", "newsletters": "morning"}', 422, "#/newsletters"),
        (b'{"address": "mara@example.org", "newsletters": ["morning", {}]}', 422, "#/newsletters/1"),
        (b'{"address": "mara@example.org", "newsletters": ["internal"]}', 422, "#/newsletters/0"),
        (
            b'{"address": "mara@example.org", "newsletters": ["morning"], "topics": {"weekend": ["x"]}}',
            422,
            "#/topics/weekend",
        ),
        (
            b'{"address": "mara@example.org", "newsletters": ["morning"], "topics": {"weekend": [[]]}}',
            422,
            "#/topics/weekend",
        ),
        (b'{"address": "mara@example.org", "newsletters": ["morning"], "topics": 1}', 422, "#/topics"),
        (b'{"address": "mara@example.org", "newsletters": ["morning"], "language": "tlh"}', 422, "#/language"),
        (b'{"address": "mara@example.org", "newsletters": ["morning"], "admin": true}', 422, "#/admin"),
    ],
)
async def test_what_is_wrong_is_told_by_its_place_rfc_9457(web, body, status, pointer):
    answer = await web.post("/api/subscribe", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == PROBLEM
    told = answer.json()
    assert told["status"] == status
    assert pointer is None or pointer in [each["pointer"] for each in told["errors"]]
    assert kept(web) == []


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/api/nothing", 404), ("DELETE", "/api/subscribe", 405)]
)
async def test_what_it_does_not_know_is_a_problem_too(web, method, path, status):
    async with web.client() as client:
        answer = await client.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
    if status == 405:
        assert "POST" in answer.headers["allow"]


async def test_it_names_the_newsletters_that_are_open(web):
    found = (await web.get("/api/newsletters")).json()["newsletters"]
    assert [each["key"] for each in found] == ["morning", "saturday"]
    assert found[1]["topics"] == ["Harbour", "City hall"]


@pytest.mark.slow
def test_schemathesis_finds_nothing(build_web):
    web = build_web(toml=TOML + 'per_network = "100000/h"\nmails = "100000/h"\n')
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", web.app)
    seen = []

    def holds(case):
        answer = case.call()
        seen.append(answer.status_code)
        case.validate_response(answer)

    bounded = hypothesis_settings(
        max_examples=80, deadline=2000, derandomize=True, suppress_health_check=list(HealthCheck), database=None
    )
    operations = [each.ok() for each in schema.get_all_operations()]
    assert len(operations) == 2
    for operation in operations:
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
            bounded(given(case=operation.as_strategy(generation_mode=mode))(holds))()
    assert {200, 202, 422} <= set(seen)
    assert max(seen) < 500
