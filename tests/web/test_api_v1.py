"""Calls of ``/api/v1``: who may, how often, once, and on record."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.accounts import api_tokens, sessions, users
from bot.model import EditionState, Role, Scope
from bot.testing import NOW
from bot.web.api.problem import PROBLEM
from bot.web.api.v1.rates import Rates
from tests.web.api_v1 import ROOT, Program


@pytest.fixture
def awaiting(web):
    return web.add_edition(state=EditionState.AWAITING, approval=True)


def told(answer):
    assert answer.headers["content-type"] == PROBLEM
    problem = answer.json()
    assert problem["status"] == answer.status_code
    return problem


async def test_a_token_says_whose_it_is_and_what_it_may(web):
    program = Program(web, Scope.WRITE)
    answer = (await program.get("/me")).json()
    assert (answer["name"], answer["role"], answer["token"], answer["scope"]) == (
        program.user.name,
        "editor",
        "the CMS",
        "write",
    )


async def test_the_role_of_the_token_and_that_of_its_person_are_told_apart(web):
    program = Program(web, Scope.ADMIN)
    token, _ = api_tokens.make(web.store, program.user, "a dashboard", Scope.READ, api_tokens.LONGEST, now=NOW)
    answer = (await web.get(f"{ROOT}/me", headers={"Authorization": f"Bearer {token}"})).json()
    assert (answer["scope"], answer["role"], answer["user_role"]) == ("read", "viewer", "admin")


@pytest.mark.parametrize("path", ["/api/", "/api/v1", "/api/nothing"])
async def test_who_looks_for_the_api_is_told_where_both_are_described(web, path):
    answer = await web.get(path)
    assert answer.status_code == 404
    assert "/api/v1/openapi.json" in answer.json()["detail"]
    assert "/api/openapi.json" in answer.json()["detail"]


async def test_the_readers_api_names_that_of_the_newsroom(web):
    assert (await web.get("/api/openapi.json")).json()["externalDocs"]["url"].endswith("/api/v1/openapi.json")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer bst_", "Basic bXlzZWxmOg==", "Bearer bst_é"])
async def test_without_a_token_nothing_opens(web, header):
    Program(web, Scope.ADMIN)
    answer = await web.get(f"{ROOT}/me", headers={"Authorization": header.encode()} if header else {})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    told(answer)


async def test_a_cookie_is_nobody_and_being_at_this_machine_is_nobody_too(web):
    assert (await web.get(f"{ROOT}/me")).status_code == 401
    program = Program(web, Scope.ADMIN)
    with web.store.write() as tx:
        cookie = sessions.log_in(tx, program.user, NOW, kept=True)
    answer = await web.get(f"{ROOT}/me", headers={"Cookie": f"__Host-broadsheet={cookie}; broadsheet={cookie}"})
    assert answer.status_code == 401


async def test_a_token_that_is_revoked_or_over_or_of_somebody_shut_out_opens_nothing(web):
    revoked, over, shut = Program(web, Scope.READ), Program(web, Scope.WRITE), Program(web, Scope.APPROVE)
    for each in (revoked, over, shut):
        assert (await each.get("/me")).status_code == 200
    api_tokens.revoke(web.store, revoked.kept.id, who="Ann", now=NOW)
    users.disable(web.store, shut.user.id, who="Ann", now=NOW)
    assert (await revoked.get("/me")).status_code == 401
    assert (await shut.get("/me")).status_code == 401
    assert (await over.get("/me")).status_code == 200
    web.installation.clock.moment = NOW + timedelta(days=30)
    assert (await over.get("/me")).status_code == 401


async def test_a_token_may_no_more_than_its_users_role_by_now(web, awaiting):
    boss = Program(web, Scope.ADMIN, name="Boss")
    program = Program(web, Scope.APPROVE)
    users.change_role(web.store, program.user.id, Role.VIEWER, who=boss.user.name, now=NOW)
    answer = await program.post(f"/editions/{awaiting.id}/hold")
    assert answer.status_code == 403
    assert 'scope="approve"' in answer.headers["www-authenticate"]
    assert (await program.get(f"/editions/{awaiting.id}")).status_code == 200


async def test_a_change_is_on_record_with_the_user_and_with_the_token(web, approver, awaiting):
    assert (await approver.post(f"/editions/{awaiting.id}/hold", json={"note": "wait"})).status_code == 200
    with web.store.read() as tx:
        (held,) = [each for each in tx.acts.newest(thing=f"edition:{awaiting.id}") if each.what == "hold"]
        (called,) = [each for each in tx.acts.newest(thing=f"token:{approver.kept.id}") if each.what == "call api"]
    assert (held.who, held.note) == (approver.user.name, "wait")
    assert (called.who, called.note) == (approver.user.name, "the CMS")
    assert called.after == f"POST {ROOT}/editions/{awaiting.id}/hold"


async def test_what_was_refused_or_only_looked_at_is_not_on_record(web, approver, awaiting):
    await approver.get(f"/editions/{awaiting.id}")
    assert (await approver.post(f"/editions/{awaiting.id}/resume")).status_code == 409
    with web.store.read() as tx:
        assert "call api" not in [each.what for each in tx.acts.newest()]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "pointer"),
    [
        ("POST", "/editions/{id}/approve", b"", 422, "#"),
        ("POST", "/editions/{id}/approve", b"{", 400, None),
        ("POST", "/editions/{id}/approve", b"\xff\xfe", 400, None),
        ("POST", "/editions/{id}/approve", b"[" * 60_000, 400, None),
        ("POST", "/editions/{id}/approve", b'{"version": 0}', 422, "#/version"),
        ("POST", "/editions/{id}/approve", b'{"version": 1, "overrule": ["a", 7]}', 422, "#/overrule/1"),
        ("POST", "/editions/{id}/approve", b'{"version": 1, "really/~": true}', 422, "#/really~1~0"),
        ("POST", "/editions/{id}/approve", b'{"version": 1, "note": "a\\u0000b"}', 422, "#/note"),
        ("POST", "/editions/{id}/approve", b'{"version": 1, "note": "\\ud800"}', 422, "#/note"),
        ("GET", "/editions?limit=0", None, 422, "limit"),
        ("GET", "/editions?cursor=v1.k.api-cursor.W10.AAAA", None, 422, "cursor"),
        ("GET", "/editions/nosuchthing", None, 404, None),
        ("GET", "/nothing", None, 404, None),
        ("DELETE", "/editions", None, 405, None),
        ("QUERY", "/me", None, 405, None),
    ],
)
async def test_what_is_wrong_is_told_by_its_place_rfc_9457(approver, awaiting, method, path, body, status, pointer):
    headers = {"Content-Type": "application/json"} if body is not None else {}
    answer = await approver(method, path.replace("{id}", awaiting.id), content=body, headers=headers)
    assert answer.status_code == status
    problem = told(answer)
    if pointer is not None:
        assert pointer in [each["pointer"] for each in problem["errors"]]


async def test_what_an_address_takes_is_told_with_405(approver):
    answer = await approver("PATCH", "/imports")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")


async def test_what_can_be_had_can_be_asked_for_by_head(approver):
    assert (await approver("HEAD", "/editions")).status_code == 200


async def test_a_form_reaches_nothing(web, approver, awaiting):
    answer = await approver.post(f"/editions/{awaiting.id}/approve", data={"version": "1"})
    assert (answer.status_code, answer.headers["accept"]) == (415, "application/json")
    told(answer)


async def test_a_body_that_is_too_large_is_refused(approver, awaiting):
    answer = await approver.post(f"/editions/{awaiting.id}/approve", json={"version": 1, "note": "x" * 70_000})
    assert answer.status_code == 413
    told(answer)


async def test_a_key_has_a_call_done_once_and_answered_as_before(web, approver, awaiting):
    first = await approver.post(f"/editions/{awaiting.id}/approve", json={"version": 1}, key="k1")
    again = await approver.post(f"/editions/{awaiting.id}/approve", json={"version": 1}, key="k1")
    assert (first.status_code, first.json()["state"]) == (200, "approved")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    # Without the key it is a second call, which is refused.
    assert (await approver.post(f"/editions/{awaiting.id}/approve", json={"version": 1})).status_code == 409


async def test_a_refusal_is_answered_as_before_too(web, approver, awaiting):
    path = f"/editions/{awaiting.id}/resume"
    first = await approver.post(path, key="k1")
    again = await approver.post(path, key="k1")
    assert (first.status_code, again.status_code) == (409, 409)
    assert again.json() == first.json()
    assert again.headers["content-type"] == PROBLEM


async def test_a_key_of_another_call_is_refused(approver, awaiting):
    await approver.post(f"/editions/{awaiting.id}/hold", json={"note": "a"}, key="k1")
    for path, body in ((f"/editions/{awaiting.id}/hold", {"note": "b"}), (f"/editions/{awaiting.id}/release", None)):
        answer = await approver.post(path, json=body, key="k1")
        assert answer.status_code == 422
        assert told(answer)["errors"][0]["pointer"] == "Idempotency-Key"


async def test_what_was_not_taken_for_its_form_can_be_mended_under_its_key(approver, awaiting):
    path = f"/editions/{awaiting.id}/approve"
    assert (await approver.post(path, json={"version": "x"}, key="k1")).status_code == 422
    assert (await approver.post(path, json={"version": 1}, key="k1")).status_code == 200


async def test_a_key_is_one_tokens_alone_and_holds_for_a_day(web, approver, awaiting):
    other = Program(web, Scope.APPROVE, name="Noor Haddad")
    path = f"/editions/{awaiting.id}/hold"
    assert (await approver.post(path, key="k1")).status_code == 200
    assert (await other.post(path, key="k1")).status_code == 409
    web.installation.clock.moment = NOW + timedelta(hours=24)
    answer = await approver.post(path, key="k1")
    assert answer.status_code == 409
    assert "idempotent-replayed" not in answer.headers


async def test_of_two_that_come_at_once_one_is_done(web, approver):
    made = web.add_edition(state=EditionState.AWAITING, approval=True)
    calls = [approver.post(f"/editions/{made.id}/hold", key="k1") for _ in range(6)]
    answers = await asyncio.gather(*calls)
    done = [each for each in answers if each.status_code == 200]
    assert done
    assert {each.status_code for each in answers} <= {200, 409}
    with web.store.read() as tx:
        assert [each.what for each in tx.acts.newest(thing=f"edition:{made.id}")].count("hold") == 1


@pytest.mark.parametrize("key", ["x" * 256, "k\u00e9"])
async def test_a_key_that_is_none_is_refused(approver, awaiting, key):
    answer = await approver.post(f"/editions/{awaiting.id}/hold", headers={"Idempotency-Key": key.encode()})
    assert answer.status_code == 400
    told(answer)


async def test_a_token_that_calls_too_often_is_told_when_to_go_on(web, approver):
    web.app.state.api_rates = Rates(web.store, {timedelta(minutes=1): 20})
    answers = [await approver.get("/me") for _ in range(25)]
    assert [each.status_code for each in answers].count(200) == 20
    refused = answers[-1]
    told(refused)
    seconds = int(refused.headers["retry-after"])
    assert 0 < seconds <= 64
    assert (await Program(web, Scope.READ).get("/me")).status_code == 200
    web.installation.clock.moment = NOW + timedelta(seconds=seconds)
    assert (await approver.get("/me")).status_code == 200


async def test_pages_follow_one_another_to_the_end_and_leave_nothing_out(web, approver):
    made = [web.add_edition(id=f"ed{at}", slot_key=f"s{at}", slot=NOW + timedelta(hours=at // 2)) for at in range(7)]
    path, seen = "/editions?limit=3&schedule=morning", []
    while path:
        page = (await approver.get(path)).json()
        seen += [each["id"] for each in page["data"]]
        assert len(page["data"]) <= 3
        path = f"/editions{page['next']}" if page["next"] else ""
    assert sorted(seen) == sorted(each.id for each in made)
    assert [each[2:] for each in seen] == sorted((each[2:] for each in seen), key=int, reverse=True)


async def test_a_cursor_is_good_for_its_own_list_alone(web, approver):
    for at in range(3):
        web.add_edition(id=f"ed{at}", slot_key=f"s{at}", slot=NOW + timedelta(hours=at))
    following = (await approver.get("/editions?limit=1")).json()["next"]
    assert (await approver.get(f"/editions{following}")).status_code == 200
    assert (await approver.get(f"/editions{following}&schedule=morning")).status_code == 422
    assert (await approver.get(f"/acts{following}")).status_code == 422
