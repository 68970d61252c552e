"""Settings: one's own account, people, API tokens, the newsroom."""

from __future__ import annotations

import html
import re

import pytest

from bot.accounts import api_tokens, invitations, sessions
from bot.model import Purpose, Role, Scope
from bot.testing import KEYS, NOW
from tests.web.test_login import PASSWORD, SECURE, invite, join, log_in, secure


class Desk:
    """The desk as somebody who is logged in has it."""

    def __init__(self, web, user):
        self.web, self.user = web, user
        with web.store.write() as tx:
            self.token = sessions.log_in(tx, user, NOW, kept=True)

    async def get(self, path):
        return await self.web.get(path, headers={"Cookie": f"{SECURE}={self.token}"})

    async def post(self, path, **data):
        headers = {"Cookie": f"{SECURE}={self.token}"}
        async with self.web.client() as client:
            return await client.post(path, data=data, headers=headers, follow_redirects=False)


@pytest.fixture
def mara(web):
    return Desk(web, join(web))


@pytest.fixture
def tom(web, mara):
    return Desk(web, join(web, "Tom Adeyemi", Role.EDITOR))


def people(web):
    with web.store.read() as tx:
        return {each.name: each for each in tx.users.every()}


async def test_while_nobody_has_an_account_settings_says_who_can_open_the_desk(web):
    for path in ("/settings", "/settings/people"):
        page = (await web.get(path)).text
        assert "Only who is at this machine can open the desk." in page
        assert "Invite someone" in page
    assert "Invite yourself first" in (await web.get("/settings/tokens")).text


async def test_the_first_is_invited_from_the_page_and_from_then_on_everybody_logs_in(build_web):
    web = build_web(toml="")
    refused = await web.post("/settings/people/invite", data={"address": "mara@record.example", "role": "editor"})
    assert (refused.status_code, "must be an admin" in refused.text) == (422, True)
    shown = await web.post("/settings/people/invite", data={"address": "mara@record.example", "role": "admin"})
    link = re.search(r'value="(https://news\.record\.example/invitation/[^"]+)"', shown.text)[1]
    assert link not in (await web.get("/settings/people")).text
    async with secure(web) as client:
        assert (await client.post(link, data={"name": "Mara Lindqvist", "password": PASSWORD})).status_code == 303
    assert (await web.get("/settings/people")).status_code == 303


async def test_an_invitation_goes_out_by_mail_or_is_shown(web, mara):
    answer = await mara.post(
        "/settings/people/invite", address="ines@record.example", role="approver", name="Inés Roca"
    )
    assert answer.status_code == 303
    shown = await mara.post("/settings/people/invite", address="lin@record.example", role="editor", link="yes")
    assert (shown.status_code, "/invitation/" in shown.text) == (200, True)
    with web.store.read() as tx:
        assert [(each.address, each.by) for each in tx.invitations.due(NOW, 10)] == [
            ("ines@record.example", "Mara Lindqvist")
        ]
    page = (await mara.get("/settings/people")).text
    assert "its mail waits to go out" in page
    assert "by a link, without a mail" in page


async def test_a_field_that_cannot_be_taken_says_so_and_keeps_the_rest(mara):
    answer = await mara.post("/settings/people/invite", address="no address", role="approver", name="Inés Roca")
    assert answer.status_code == 422
    assert "This is no mail address" in answer.text
    assert 'value="Inés Roca"' in answer.text
    taken = await mara.post(
        "/settings/people/invite", address="other@record.example", role="editor", name="mara lindqvist"
    )
    assert "has this name already" in taken.text
    assert (await mara.post("/settings/people/invite", address="a@b.example", role="owner")).status_code == 422


async def test_an_invitation_is_withdrawn(web, mara):
    made = invite(web, "ines@record.example", Role.EDITOR)
    assert (await mara.post("/settings/people/withdraw", invitation=made.id)).status_code == 303
    with web.store.read() as tx:
        assert tx.invitations.open(Purpose.JOIN, NOW) == []


async def test_admins_give_roles_rename_shut_out_and_let_in(web, mara, tom):
    number = tom.user.id
    assert (await tom.get("/settings")).status_code == 200
    assert (await mara.post("/settings/people/role", user=number, role="approver")).status_code == 303
    assert (await tom.get("/settings")).status_code == 303
    assert (await mara.post("/settings/people/rename", user=number, name="Tom A.")).status_code == 303
    assert (await mara.post("/settings/people/disable", user=number, note="left")).status_code == 303
    assert people(web)["Tom A."].disabled == NOW
    assert "shut out since" in (await mara.get("/settings/people")).text
    assert (await mara.post("/settings/people/enable", user=number)).status_code == 303
    assert (people(web)["Tom A."].role, people(web)["Tom A."].disabled) == (Role.APPROVER, None)
    with web.store.read() as tx:
        did = [(each.who, each.what) for each in reversed(tx.acts.newest(thing=f"user:{number}"))]
    assert did[1:] == [("Mara Lindqvist", what) for what in ("give role", "rename", "disable", "enable")]


async def test_what_cannot_be_is_said_and_not_done(web, mara, tom):
    for path, data, status in (
        ("role", {"user": mara.user.id, "role": "viewer"}, 409),
        ("disable", {"user": mara.user.id}, 409),
        ("rename", {"user": tom.user.id, "name": "Broadsheet"}, 409),
        ("role", {"user": tom.user.id, "role": "owner"}, 404),
        ("role", {"user": 99, "role": "viewer"}, 404),
        ("disable", {"user": "x"}, 404),
        ("enable", {}, 404),
        ("rename", {"user": 0, "name": "X"}, 404),
        ("password", {"user": 99}, 404),
    ):
        assert (await mara.post(f"/settings/people/{path}", **data)).status_code == status, (path, data)
    assert people(web).keys() == {"Mara Lindqvist", "Tom Adeyemi"}


async def test_an_admin_has_a_link_for_a_new_password_mailed(web, mara, tom):
    assert (await mara.post("/settings/people/password", user=tom.user.id)).status_code == 303
    with web.store.read() as tx:
        [due] = tx.invitations.due(NOW, 10)
    assert (due.purpose, due.address) == (Purpose.RESET, "tom@record.example")


async def test_others_see_people_and_who_looks_after_them(tom):
    page = (await tom.get("/settings/people")).text
    assert "Mara Lindqvist" in page
    assert "Admins invite, give roles and shut out:" in page
    assert 'action="../settings/' not in page


async def test_the_desk_is_set_up_as_one_likes_it(tom):
    assert (await tom.post("/settings/tastes", language="de", scheme="dark")).status_code == 303
    page = (await tom.get("/settings")).text
    assert '<html lang="de" dir="ltr" data-scheme="dark" data-keys="off">' in page
    assert (await tom.post("/settings/tastes", language="tlh", scheme="pink", keys="yes")).status_code == 303
    assert "data-" not in re.search(r"<html[^>]*>", (await tom.get("/settings")).text)[0]


async def test_a_new_password_leaves_this_browser_logged_in_and_no_other(web, tom):
    other = Desk(web, tom.user)
    wrong = await tom.post("/settings/password", old="wrong wrong wrong", new="another long one")
    assert (wrong.status_code, "This is not your password." in wrong.text) == (422, True)
    short = await tom.post("/settings/password", old=PASSWORD, new="short")
    assert (short.status_code, "Use 12 characters or more" in short.text) == (422, True)
    assert (await tom.post("/settings/password", old=PASSWORD, new="another long one")).status_code == 303
    assert ((await tom.get("/settings")).status_code, (await other.get("/settings")).status_code) == (200, 303)
    async with secure(web) as client:
        assert (await log_in(client, address="tom@record.example", password="another long one")).status_code == 303


async def test_sessions_are_ended_one_or_all_and_nobody_elses(web, mara, tom):
    second, third = Desk(web, tom.user), Desk(web, tom.user)
    with web.store.read() as tx:
        mine = {each.id for each in tx.sessions.of(tom.user.id)}
        [admins] = tx.sessions.of(mara.user.id)
    assert (await tom.post("/settings/sessions/end", session=admins.id)).status_code == 303
    assert (await mara.get("/settings")).status_code == 200
    assert (await tom.post("/settings/sessions/end", session=min(mine - {min(mine)}))).status_code == 303
    assert ((await second.get("/settings")).status_code, (await third.get("/settings")).status_code) == (303, 200)
    assert (await tom.post("/settings/sessions/end-others")).status_code == 303
    assert ((await tom.get("/settings")).status_code, (await third.get("/settings")).status_code) == (200, 303)


async def test_a_token_is_shown_once_and_works(web, tom):
    made = await tom.post("/settings/tokens", name="Archive <b>export</b>", scope="write", days="30")
    token = re.search(r'value="(bst_[^"]+)"', made.text)[1]
    assert api_tokens.user_of(web.store, token, NOW).role is Role.EDITOR
    page = (await tom.get("/settings/tokens")).text
    assert token not in page
    assert "Archive &lt;b&gt;export&lt;/b&gt;" in page
    assert made.headers["cache-control"] == "no-store"


async def test_the_page_of_tokens_says_where_the_api_is_with_a_call_that_works(web, tom):
    page = (await tom.get("/settings/tokens")).text
    assert "https://news.record.example/api/v1" in page
    assert 'href="../settings/api"' in page
    assert 'href="../api/v1/openapi.json"' in page
    made = html.unescape((await tom.post("/settings/tokens", name="CMS", scope="read", days="30")).text)
    header, address = re.search(
        r'curl -H "Authorization: (Bearer bst_[^"]+)" https://news\.record\.example([^<\s]+)<', made
    ).groups()
    answer = await web.get(address, headers={"Authorization": header})
    assert (answer.status_code, answer.json()["name"]) == (200, "Tom Adeyemi")


async def test_every_call_of_the_api_stands_on_the_page_that_people_read(web):
    described = (await web.get("/api/v1/openapi.json")).json()
    parts = {tag for methods in described["paths"].values() for each in methods.values() for tag in each["tags"]}
    pages = {part: html.unescape((await web.get(f"/settings/api?part={part}")).text) for part in parts}
    for path, methods in described["paths"].items():
        for method, each in methods.items():
            assert f"<strong>{method.upper()}</strong> {path.removeprefix('/api/v1')}<" in pages[each["tags"][0]]
    assert (await web.get("/settings/api?part=nothing")).status_code == 404


async def test_a_call_says_what_it_takes_and_answers(web):
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", (await web.get("/settings/api?part=deliveries")).text))
    assert "POST /editions/{edition}/resolve approve" in page
    assert "arrived body, needed true | false" in page


async def test_a_token_is_given_no_more_than_its_maker_may(tom):
    answer = await tom.post("/settings/tokens", name="", scope="approve", days="9999")
    assert answer.status_code == 422
    for said in ("Write which program has it.", "A token may do no more than you.", "Choose how long it is good."):
        assert said in answer.text


async def test_a_token_is_revoked_by_its_maker_or_an_admin_and_nobody_else(web, mara, tom):
    _, mine = api_tokens.make(web.store, mara.user, "CMS", Scope.ADMIN, api_tokens.LONGEST, now=NOW)
    token, kept = api_tokens.make(web.store, tom.user, "Archive", Scope.READ, api_tokens.LONGEST, now=NOW)
    assert "CMS" not in (await tom.get("/settings/tokens")).text
    assert (await tom.post("/settings/tokens/revoke", token=mine.id)).status_code == 404
    assert "Tom Adeyemi" in (await mara.get("/settings/tokens")).text
    assert (await mara.post("/settings/tokens/revoke", token=kept.id)).status_code == 303
    assert api_tokens.user_of(web.store, token, NOW) is None


async def test_the_newsrooms_facts_say_where_they_are_set(mara):
    page = (await mara.get("/settings/newsroom")).text
    assert "The Port Alder Record" in page
    assert "newsroom.timezone" in page
    assert "from config/broadsheet.toml" in page
    assert "not set: what holds without it" in page
    assert "Off: an approver may approve what they changed themselves." in page


async def test_it_says_whether_approving_takes_four_eyes(build_web):
    web = build_web(toml="\n[desk]\nfour_eyes = true\n")
    assert "On: who changed an edition cannot approve it" in (await web.get("/settings/newsroom")).text


async def test_a_link_that_an_admin_made_opens_the_account_it_is_for(web, mara, tom):
    made = invitations.let_choose(web.store, tom.user, who="Mara Lindqvist", now=NOW)
    page = (await web.get(invitations.link(KEYS, made, ""))).text
    assert "tom@record.example" in page
