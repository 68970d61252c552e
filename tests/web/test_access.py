from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import APIRouter

from bot.accounts import sessions
from bot.model import AT_THIS_MACHINE, Role, User, operator
from bot.testing import NOW
from bot.web.editor.access import Admin, Approver, Editor, Viewer

SECURE = "__Host-broadsheet"


def join(web, role, *, name="", kept=False, at=NOW):
    """Gives somebody an account and a session; returns the user and the session's token."""
    name = name or f"Mara {role}"
    address = f"{name.replace(' ', '.').lower()}@record.example"
    with web.store.write() as tx:
        added = tx.users.add(
            User(id=0, name=name, address=address, role=role), name_key=name.casefold(), password="none", now=at
        )
        user = tx.users.get(added)
        return user, sessions.log_in(tx, user, at, kept=kept)


@pytest.fixture
def doors(web):
    """A page for each role, and one act."""
    router = APIRouter()

    @router.api_route("/doors/viewer", methods=["GET", "HEAD"])
    def viewer(user: Viewer) -> str:
        return user.name_on_record

    @router.get("/doors/editor")
    def editor(user: Editor) -> str:
        return user.name_on_record

    @router.get("/doors/approver")
    def approver(user: Approver) -> str:
        return user.name_on_record

    @router.get("/doors/admin")
    def admin(user: Admin) -> str:
        return user.name_on_record

    @router.post("/doors/act")
    def act(user: Editor) -> str:
        return user.name_on_record

    web.app.include_router(router)
    return web


def with_session(token, **headers):
    return {"Cookie": f"{SECURE}={token}", **headers}


def test_each_role_may_what_the_ones_before_it_may():
    order = [Role.VIEWER, Role.EDITOR, Role.APPROVER, Role.ADMIN]
    for place, role in enumerate(order):
        assert [role.may(each) for each in order] == [each <= place for each in range(4)]


async def test_while_nobody_has_an_account_who_is_at_this_machine_may_all(doors):
    for role in Role:
        assert (await doors.get(f"/doors/{role}")).json() == operator()
    assert AT_THIS_MACHINE.role is Role.ADMIN


async def test_while_nobody_has_an_account_everybody_else_is_told_why_not(doors):
    async with doors.client(address="203.0.113.9") as client:
        answer = await client.get("/doors/viewer")
    assert answer.status_code == 403
    assert "only on the machine" in answer.text


@pytest.mark.parametrize("role", list(Role))
async def test_a_session_opens_what_its_role_may_and_nothing_more(doors, role):
    user, token = join(doors, role)
    for needed in Role:
        answer = await doors.get(f"/doors/{needed}", headers=with_session(token))
        if role.may(needed):
            assert (answer.status_code, answer.json()) == (200, user.name)
        else:
            assert answer.status_code == 403


async def test_a_refusal_names_those_who_may(doors):
    join(doors, Role.ADMIN, name="Inés Roca")
    join(doors, Role.EDITOR, name="Tom Adeyemi")
    _, token = join(doors, Role.VIEWER)
    answer = await doors.get("/doors/approver", headers=with_session(token))
    assert "Inés Roca" in answer.text
    assert "Tom Adeyemi" not in answer.text


async def test_once_somebody_has_an_account_being_at_this_machine_opens_nothing(doors):
    join(doors, Role.VIEWER)
    answer = await doors.get("/doors/viewer?month=2026-11&x=%26")
    assert answer.status_code == 303
    where = urlsplit(answer.headers["location"])
    assert where.path == "../login"
    assert parse_qs(where.query)["next"] == ["doors/viewer?month=2026-11&x=%26"]


async def test_an_act_without_a_session_changes_nothing_and_is_not_sent_to_the_login(doors):
    join(doors, Role.EDITOR)
    assert (await doors.post("/doors/act")).status_code == 401


async def test_a_part_of_a_page_without_a_session_has_the_page_loaded_again(doors):
    join(doors, Role.EDITOR)
    for answer in (
        await doors.get("/doors/editor", headers={"HX-Request": "true"}),
        await doors.post("/doors/act", headers={"HX-Request": "true"}),
    ):
        assert (answer.status_code, answer.headers["hx-refresh"], answer.text) == (401, "true", "")


async def test_a_token_that_is_none_opens_nothing(doors):
    _, token = join(doors, Role.ADMIN)
    for wrong in ("", "x", token[:-1], token + "A", token.swapcase(), sessions.hash_of(token), "é"):
        answer = await doors.get("/doors/viewer", headers={"Cookie": f"{SECURE}={wrong}".encode()})
        assert answer.status_code == 303, wrong


async def test_the_cookie_of_plain_http_is_not_taken_where_the_desk_has_https(doors):
    _, token = join(doors, Role.ADMIN)
    assert (await doors.get("/doors/viewer", headers={"Cookie": f"broadsheet={token}"})).status_code == 303


@pytest.mark.parametrize(("kept", "rest"), [(False, timedelta(hours=24)), (True, timedelta(days=14))])
async def test_a_session_ends_when_it_rests_too_long(doors, kept, rest):
    _, token = join(doors, Role.VIEWER, kept=kept)
    clock = doors.installation.clock
    clock.moment = NOW + rest - timedelta(minutes=1)
    assert (await doors.get("/doors/viewer", headers=with_session(token))).status_code == 200
    clock.moment += rest - timedelta(minutes=1)
    assert (await doors.get("/doors/viewer", headers=with_session(token))).status_code == 200
    clock.moment += rest
    assert (await doors.get("/doors/viewer", headers=with_session(token))).status_code == 303


async def test_a_session_ends_after_ninety_days_however_busy_it_is(doors):
    _, token = join(doors, Role.VIEWER, kept=True)
    for day in range(0, 90, 10):
        doors.installation.clock.moment = NOW + timedelta(days=day)
        assert (await doors.get("/doors/viewer", headers=with_session(token))).status_code == 200
    doors.installation.clock.moment = NOW + timedelta(days=90)
    assert (await doors.get("/doors/viewer", headers=with_session(token))).status_code == 303


async def test_who_is_disabled_is_out_at_once(doors):
    user, token = join(doors, Role.ADMIN)
    with doors.store.write() as tx:
        tx.users.set_disabled(user.id, NOW)
    assert (await doors.get("/doors/viewer", headers=with_session(token))).status_code == 303
