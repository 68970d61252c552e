"""The desk's door: logging in and out, forgotten passwords, links that let somebody in."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

import bot.testing
from bot.accounts import invitations, sessions, users
from bot.model import Purpose, Role
from bot.testing import KEYS, NEWSROOM, NOW

SECURE = "__Host-broadsheet"
PASSWORD = "harbour ferry tunnel"


def invite(web, address="mara@record.example", role=Role.ADMIN, **kind):
    return invitations.invite(web.store, address, role, who="Inés Roca", now=web.installation.clock(), **kind)


def join(web, name="Mara Lindqvist", role=Role.ADMIN):
    made = invite(web, f"{name.split()[0].lower()}@record.example", role)
    return invitations.join(web.store, made.id, name, PASSWORD, now=NOW)


def path(made):
    return invitations.link(KEYS, made, "")


async def log_in(client, *, password=PASSWORD, address="mara@record.example", **fields):
    return await client.post("/login", data={"address": address, "password": password, **fields})


def secure(web, **kind):
    """A browser that reaches the desk as readers do, through a proxy with TLS."""
    return web.client(url="https://news.record.example", **kind)


def token_of(answer):
    return re.search(rf"{SECURE}=([^;]+)", answer.headers["set-cookie"])[1]


async def test_the_right_password_opens_the_page_that_was_asked_for(web):
    join(web)
    async with secure(web, address="203.0.113.9") as client:
        asked = await client.get("/settings/people?x=1")
        assert asked.headers["location"] == "../login?next=settings/people%3Fx%3D1"
        shown = await client.get("/login?next=settings/people%3Fx%3D1")
        assert 'value="settings/people?x=1"' in shown.text
        answer = await log_in(client, next="settings/people?x=1")
        assert (answer.status_code, answer.headers["location"]) == (303, "./settings/people?x=1")
        assert "Mara Lindqvist" in (await client.get("/settings/people")).text


async def test_the_cookie_is_for_https_this_host_and_no_script(web):
    join(web)
    async with secure(web) as client:
        set_cookie = (await log_in(client)).headers["set-cookie"]
        parts = {part.strip().lower() for part in set_cookie.split(";")[1:]}
        assert parts == {"httponly", "path=/", "samesite=lax", "secure"}
        kept = (await log_in(client, keep="yes")).headers["set-cookie"]
        assert f"Max-Age={90 * 24 * 3600}" in kept


async def test_on_plain_http_the_cookie_has_its_other_name(build_web, monkeypatch):
    plain = NEWSROOM.replace("https://news.record.example", "http://127.0.0.1:8080")
    monkeypatch.setattr(bot.testing, "NEWSROOM", plain)
    web = build_web()
    join(web)
    async with web.client() as client:
        set_cookie = (await log_in(client)).headers["set-cookie"]
        assert set_cookie.startswith("broadsheet=")
        assert "Secure" not in set_cookie
        assert (await client.get("/settings")).status_code == 200


async def test_a_wrong_password_says_how_many_tries_are_left_and_keeps_the_address(web):
    join(web)
    async with secure(web) as client:
        answer = await log_in(client, password="wrong wrong wrong", address='mara@record.example"><script>')
        assert "<script>alert" not in answer.text and '"><script>' not in answer.text
        answer = await log_in(client, password="wrong wrong wrong")
        assert answer.status_code == 422
        assert "4 tries left, then wait 15 minutes." in answer.text
        assert 'value="mara@record.example"' in answer.text
        assert "wrong wrong wrong" not in answer.text
        assert "set-cookie" not in answer.headers
        for _ in range(4):
            await log_in(client, password="wrong wrong wrong")
        locked = await log_in(client)
        assert (locked.status_code, "Too many tries." in locked.text) == (429, True)


async def test_an_unknown_address_is_answered_to_the_letter_like_a_wrong_password(web):
    join(web)
    async with secure(web) as client:
        known = await log_in(client, password="wrong wrong wrong")
        unknown = await log_in(client, password="wrong wrong wrong", address="nora@record.example")
    assert unknown.status_code == known.status_code
    assert unknown.text.replace("nora@", "mara@") == known.text


@pytest.mark.parametrize(
    "wish", ["//evil.example", "https://evil.example", "\\\\evil.example", "/\\evil.example", "x\r\nSet-Cookie: a=b"]
)
async def test_the_login_leads_to_no_other_site(web, wish):
    join(web)
    async with secure(web) as client:
        where = (await log_in(client, next=wish)).headers["location"]
        assert where.startswith("./")
        assert str(client.base_url.join(where)).startswith("https://news.record.example/")
        assert "\n" not in where


async def test_a_session_that_was_planted_is_worth_nothing_after_the_login(web):
    join(web)
    async with secure(web) as client:
        planted = token_of(await log_in(client))
        mine = token_of(await log_in(client))
    assert planted != mine
    assert (await web.get("/settings", headers={"Cookie": f"{SECURE}={planted}"})).status_code == 303
    assert (await web.get("/settings", headers={"Cookie": f"{SECURE}={mine}"})).status_code == 200


async def test_logging_out_ends_the_session_itself_and_not_the_cookie_alone(web):
    join(web)
    async with secure(web) as client:
        token = token_of(await log_in(client))
        answer = await client.post("/logout")
        assert (answer.status_code, answer.headers["location"]) == (303, "./login")
    assert (await web.get("/settings", headers={"Cookie": f"{SECURE}={token}"})).status_code == 303


async def test_another_site_logs_nobody_in_or_out(web):
    join(web)
    for address in ("/login", "/logout", "/forgotten"):
        answer = await web.post(address, headers={"Sec-Fetch-Site": "cross-site"}, data={"address": "x"})
        assert answer.status_code == 403, address


async def test_who_is_logged_in_or_needs_no_login_is_led_on(web):
    assert (await web.get("/login?next=activity")).headers["location"] == "./activity"
    join(web)
    async with secure(web) as client:
        await log_in(client)
        assert (await client.get("/login?next=activity")).headers["location"] == "./activity"


@pytest.mark.parametrize(
    "end",
    [
        lambda web, mara, tom: users.change_role(web.store, tom.id, Role.VIEWER, who="root", now=NOW),
        lambda web, mara, tom: users.disable(web.store, tom.id, who="root", now=NOW),
        lambda web, mara, tom: users.change_password(web.store, tom.id, PASSWORD, "another long one", here="", now=NOW),
        lambda web, mara, tom: invitations.choose(
            web.store,
            invitations.let_choose(web.store, tom, who="root", now=NOW).id,
            "another long one",
            now=NOW,
        ),
    ],
    ids=["role", "disabled", "password", "reset"],
)
async def test_a_cookie_opens_nothing_after_what_ends_its_session(web, end):
    """What listmonk lacked: CVE-2026-34828."""
    mara, tom = join(web), join(web, "Tom Adeyemi", Role.EDITOR)
    async with secure(web) as client:
        await log_in(client, address="tom@record.example")
        assert (await client.get("/settings")).status_code == 200
        end(web, mara, tom)
        assert (await client.get("/settings")).status_code == 303
        assert (await client.post("/settings/tastes", data={})).status_code == 401


async def test_who_is_out_by_another_role_is_told_why_and_nobody_else_is(web):
    join(web)
    tom = join(web, "Tom Adeyemi", Role.EDITOR)
    async with secure(web) as client:
        await log_in(client, address="tom@record.example")
        users.change_role(web.store, tom.id, Role.VIEWER, who="root", now=NOW)
        page = (await client.get("/login")).text
        assert "Your role was changed." in page
        await log_in(client, address="tom@record.example")
        await client.post("/logout")
        assert "Your role was changed." not in (await client.get("/login")).text
    assert "Your role was changed." not in (await web.get("/login")).text


async def test_who_was_invited_joins_and_is_logged_in(web):
    made = invite(web, language="de")
    async with secure(web, address="203.0.113.9") as client:
        for _ in range(2):
            shown = await client.get(path(made))
            assert shown.status_code == 200
            assert "Inés Roca" in shown.text
            assert 'lang="de"' in shown.text
        short = await client.post(path(made), data={"name": "Mara Lindqvist", "password": "short"})
        assert short.status_code == 422
        assert 'value="Mara Lindqvist"' in short.text
        joined = await client.post(path(made), data={"name": "Mara Lindqvist", "password": PASSWORD})
        assert (joined.status_code, joined.headers["location"]) == (303, "../")
        assert "Mara Lindqvist" in (await client.get("/settings")).text
        assert (await client.get(path(made))).status_code == 410
        again = await client.post(path(made), data={"name": "Eve", "password": PASSWORD})
        assert again.status_code == 410
    with web.store.read() as tx:
        assert [each.name for each in tx.users.every()] == ["Mara Lindqvist"]


async def test_a_link_that_is_none_or_over_says_so(web):
    made = invite(web)
    token = path(made).rpartition("/")[2]
    for wrong in ("/invitation/x", f"/reset/{token}", f"/invitation/{token[:-2]}aa", "/reset/" + "a" * 600):
        for answer in (await web.get(wrong), await web.post(wrong, data={"name": "Eve", "password": PASSWORD})):
            assert answer.status_code == 410, wrong
    web.installation.clock.moment = NOW + timedelta(days=7)
    assert "opens nothing any more" in (await web.get(path(made))).text


async def test_the_address_of_a_link_is_told_to_no_other_site(web):
    made = invite(web)
    assert (await web.get(path(made))).headers["referrer-policy"] == "no-referrer"
    # A page under that policy sends its own form with "Origin: null".
    answer = await web.post(path(made), data={"name": "x", "password": "y"}, headers={"Origin": "null"})
    assert answer.status_code == 422


async def test_a_new_password_is_chosen_behind_the_mailed_link(web):
    mara = join(web)
    answers = {}
    async with secure(web) as client:
        for address in ("mara@record.example", "nora@record.example"):
            answers[address] = (await client.post("/forgotten", data={"address": address})).text
    assert answers["mara@record.example"] == answers["nora@record.example"]
    with web.store.read() as tx:
        [made] = [each for each in tx.invitations.due(NOW, 10) if each.address == mara.address]
    async with secure(web) as client:
        assert (await client.get(path(made))).status_code == 200
        chosen = await client.post(path(made), data={"password": "another long one"})
        assert (chosen.status_code, chosen.headers["location"]) == (303, "../login?changed=yes")
        assert "Your password is changed." in (await client.get("/login?changed=yes")).text
        assert (await log_in(client)).status_code == 422
        assert (await log_in(client, password="another long one")).status_code == 303


async def test_a_desk_that_cannot_mail_says_what_to_do_instead(build_web):
    web = build_web(toml="")
    assert "broadsheet users password" in (await web.get("/forgotten")).text
    await web.post("/forgotten", data={"address": "mara@record.example"})
    with web.store.read() as tx:
        assert tx.invitations.open(Purpose.RESET, NOW) == []


async def test_while_nobody_has_an_account_a_stranger_is_not_asked_for_a_password(web):
    async with secure(web, address="203.0.113.9") as client:
        answer = await client.get("/login")
    assert (answer.status_code, "only on the machine" in answer.text) == (403, True)


async def test_a_sessions_browser_and_network_are_kept_to_know_it_again(web):
    mara = join(web)
    async with secure(web, address="203.0.113.9") as client:
        await client.post(
            "/login",
            data={"address": mara.address, "password": PASSWORD},
            headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/150.0"},
        )
        page = (await client.get("/settings")).text
    assert "Firefox · Windows" in page
    assert "203.0.113.0/24" in page
    with web.store.read() as tx:
        [session] = tx.sessions.of(mara.id)
    assert sessions.holds(session, NOW)


@pytest.mark.parametrize("charset", ["undefined", "punycode", "unicode_escape"])
async def test_a_multipart_form_is_in_utf_8_whatever_codec_it_names(web, charset):
    join(web)
    body = b'--x\r\nContent-Disposition: form-data; name="address"\r\n\r\n\\ud800\xc3\xa9-a@\r\n--x--\r\n'
    headers = {"Content-Type": f"multipart/form-data; boundary=x; charset={charset}"}
    answer = await web.post("/login", content=body, headers=headers)
    assert answer.status_code == 422
    assert 'value="\\ud800é-a@"' in answer.text
