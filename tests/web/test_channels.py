"""The desk's page of channels, what Today says of them, and the page to which networks come back."""

from __future__ import annotations

import html
import re
import tomllib
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from pydantic import Field

from bot.channels.base import KINDS, kinds
from bot.channels.credentials import Credential, closed
from bot.delivery.pausing import pause_channel
from bot.model import DeliveryState, EditionState, Phrase, Post, Quota, Rendition
from bot.schedules.adding import new_channel
from bot.schedules.connection import begin
from bot.settings import PostTable
from bot.speech.catalog import LANGUAGES
from bot.testing import KEYS, NOW, ScriptedChannel
from bot.testing.networks import running
from tests.html_validate import PAGE

TOML = """
[http]
allow_loopback = true

[channels.mail]
type = "email"
from = "The Record <news@record.example>"
host = "mail.record.example"

[channels.news]
type = "x"
client_id = "x-client"
api = "{base}"
authorize = "{base}/i/oauth2/authorize"

[schedules.morning]
name = "Morning briefing"
cron = "0 7 * * *"
audience = "readers"
channels = ["mail", "news"]
"""
HOSTILE = "\"><script>alert('x')</script>"


@pytest.fixture
def x(clock):
    with running("x", clock) as (base, state):
        state.base = base
        yield state


@pytest.fixture
def desk(build_web, x):
    return build_web(toml=TOML.format(base=x.base))


def connect(web, *, account="@record", ends=None):
    with web.store.write() as tx:
        credential = closed(Credential(access="access-secret", account=account, ends=ends), KEYS)
        tx.channels.save("news", credential, account=account, expires=ends, now=NOW, serial=0)


async def came_back(web):
    """The path and query to which X sends the browser."""
    begun = await begin(web.installation, "news", "ines")
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(begun.url)
    parts = urlsplit(answer.headers["location"])
    return f"{parts.path}?{parts.query}"


async def test_the_page_is_for_who_is_at_this_machine(desk):
    async with desk.client(address="203.0.113.9") as client:
        assert (await client.get("/channels")).status_code == 403


async def test_a_channel_is_shown_with_its_account_limits_and_end(desk):
    connect(desk, ends=NOW + timedelta(days=40))
    with desk.store.write() as tx:
        tx.channels.told("news", Quota(remaining=12, limit=100, resets=NOW + timedelta(minutes=11)))
    page = (await desk.get("/channels")).text
    assert "@record" in page
    assert "88 of 100, until" in page
    assert 'width="88" height="5"' in page
    assert "look at its first post" in page
    assert "Ready" in page
    assert 'datetime="2027-01-03T07:00Z"' in page
    assert "access-secret" not in page


async def test_a_quota_that_is_over_is_not_shown(desk):
    with desk.store.write() as tx:
        tx.channels.told("news", Quota(remaining=12, limit=100, resets=NOW - timedelta(minutes=1)))
    page = (await desk.get("/channels")).text
    assert "12 of 100" not in page
    assert "the network has not said" in page


async def test_what_nobody_connected_says_how(desk):
    page = (await desk.get("/channels")).text
    assert "1 not connected" in page
    assert 'aria-label="Connect news"' in page


async def test_a_permission_that_ends_is_told_with_what_to_do(desk):
    connect(desk, ends=NOW + timedelta(days=6, hours=4))
    page = (await desk.get("/channels")).text
    assert "The permission of news ends soon" in page
    assert "It ends Mon 11:00. Connecting it again takes a minute." in page
    assert "Renew news" in page
    assert "The permission of news ends soon" in (await desk.get("/")).text


async def test_a_permission_that_lasts_is_no_news(desk):
    connect(desk, ends=NOW + timedelta(days=15))
    assert "Nothing needs you" in (await desk.get("/")).text


async def test_a_permission_that_has_ended_is_told(desk):
    connect(desk, ends=NOW - timedelta(minutes=1))
    assert "The permission of news has ended" in (await desk.get("/")).text
    assert "Permission ended" in (await desk.get("/channels")).text


@pytest.mark.parametrize("path", ["/", "/channels"])
async def test_a_paused_channel_says_why_and_how_it_goes_on(desk, path):
    with desk.store.write() as tx:
        pause_channel(tx, "news", f"X has no credits left {HOSTILE}", NOW)
    page = (await desk.get(path)).text
    assert "news is paused" in page
    assert "X has no credits left" in page
    assert "Resume news" in page or "broadsheet channels resume news" in page
    assert "<script>" not in page


async def test_the_last_posts_lead_to_their_editions(desk):
    made = desk.add_edition(
        state=EditionState.DRAFTED, renditions=(Rendition(channel="news", post=Post(text="The ferry returns")),)
    )
    desk.send(made)
    with desk.store.write() as tx:
        (delivery,) = tx.deliveries.page(edition=made.id)
        assert tx.deliveries.open_posts(["news"]) == {"news": 1}
    page = (await desk.get("/channels")).text
    assert "1 post waits" in page
    assert "look at its first post" in page
    with desk.store.write() as tx:
        tx.deliveries.doubt_edition(made.id, "restored", NOW)
        tx.deliveries.resolve([delivery.id], to=DeliveryState.ACCEPTED, reason="it is there", now=NOW)
    page = (await desk.get("/channels")).text
    assert f'href="./editions/{made.id}"' in page
    assert "post waits" not in page
    for path in ("/channels", "/channels/news"):
        assert "first post" not in (await desk.get(path)).text, "it stands there"


async def test_the_last_edition_that_was_mailed_stands_beside_the_channel(web):
    row = (await web.get("/channels")).text.split('href="./channels/mail"')[1].split("</tr>")[0]
    assert "nothing yet" in row
    old = web.add_edition(state=EditionState.SENT, slot=NOW - timedelta(days=1))
    newest = web.add_edition(state=EditionState.SENDING)
    with web.store.write() as tx:
        tx.editions.move(newest.id, to=EditionState.SENT, since=[EditionState.SENDING], now=NOW - timedelta(minutes=3))
    web.add_edition(state=EditionState.AWAITING, slot=NOW + timedelta(hours=1))
    row = (await web.get("/channels")).text.split('href="./channels/mail"')[1].split("</tr>")[0]
    assert f'href="./editions/{newest.id}"' in row and 'datetime="2026-11-24T06:57Z"' in row
    assert old.id not in row


async def test_a_channels_own_page_shows_its_record_limits_and_the_dangerous_corner(desk):
    connect(desk, ends=NOW + timedelta(days=40))
    with desk.store.write() as tx:
        pause_channel(tx, "news", f"no credits {HOSTILE}", NOW)
    page = (await desk.get("/channels/news")).text
    assert "paused the channel" in page and "no credits" in page
    assert "Disconnect news" in page
    assert "<script>alert" not in page
    assert (await desk.get("/channels/none")).status_code == 404


async def test_a_test_signs_in_and_is_on_the_record(desk, x):
    connect(desk)
    answer = await desk.post("/channels/test", data={"channel": "news", "from": "list"})
    with desk.store.read() as tx:
        (act,) = tx.acts.newest(thing="channel:news")
    assert act.what == "test channel"
    # This account has a token of nobody's: the network says so, and the page quotes it.
    assert answer.status_code == 409
    assert act.note.startswith("news: ")
    assert "That did not work" in answer.text
    assert (await desk.post("/channels/test", data={"channel": "none"})).status_code == 404


async def test_a_channel_is_connected_on_the_desk_with_what_the_network_shows(desk):
    begun = await desk.post("/channels/connect", data={"channel": "news"})
    assert begun.status_code == 200
    assert "https://news.record.example/oauth/callback" in begun.text
    url = html.unescape(begun.text.partition('class="button primary" href="')[2].partition('"')[0])
    async with httpx.AsyncClient() as browser:
        back = (await browser.get(url)).headers["location"]
    answer = await desk.post("/channels/paste", data={"channel": "news", "code": back})
    assert (answer.status_code, answer.headers["location"]) == (303, "../channels/news")
    with desk.store.read() as tx:
        assert tx.channels.get("news").account == "@record"
    assert (await desk.post("/channels/test", data={"channel": "news"})).status_code == 303


async def test_a_code_that_is_none_is_told_and_nothing_is_connected(desk):
    await desk.post("/channels/connect", data={"channel": "news"})
    answer = await desk.post("/channels/paste", data={"channel": "news", "code": f"a b {HOSTILE}"})
    assert answer.status_code == 422
    assert "That is no code" in answer.text
    with desk.store.read() as tx:
        assert tx.channels.get("news").credential == ""


async def test_mail_has_no_sign_in_and_is_not_paused_as_a_channel(desk):
    answer = await desk.post("/channels/connect", data={"channel": "mail"})
    assert answer.status_code == 409
    assert "is not signed in to" in answer.text
    assert (await desk.post("/channels/pause", data={"channel": "mail"})).status_code == 404


async def test_a_channel_is_paused_and_resumed_with_reasons_on_the_record(desk):
    assert (await desk.post("/channels/pause", data={"channel": "news", "note": "wrong picture"})).status_code == 303
    page = (await desk.get("/channels")).text
    assert "1 paused" in page and "wrong picture" in page
    resumed = {"channel": "news", "note": "picture taken down"}
    assert (await desk.post("/channels/resume", data=resumed)).status_code == 303
    assert (await desk.post("/channels/resume", data=resumed)).status_code == 409
    with desk.store.read() as tx:
        acts = [(act.what, act.note) for act in tx.acts.newest(thing="channel:news")]
        assert tx.channels.get("news").paused == ""
    assert acts == [("resume channel", "picture taken down"), ("pause channel", "wrong picture")]


async def test_a_channel_is_disconnected_once(desk):
    connect(desk)
    assert (await desk.post("/channels/disconnect", data={"channel": "news"})).status_code == 303
    with desk.store.read() as tx:
        assert tx.channels.get("news").credential == ""
    assert (await desk.post("/channels/disconnect", data={"channel": "news"})).status_code == 409


async def test_nothing_is_connected_paused_or_sent_by_get(desk):
    for act in ("test", "connect", "paste", "pause", "resume", "disconnect"):
        assert (await desk.get(f"/channels/{act}", params={"channel": "news"})).status_code == 404


async def test_the_page_is_good_html(desk, validator, tmp_path):
    connect(desk, ends=NOW + timedelta(days=6))
    with desk.store.write() as tx:
        tx.channels.told("news", Quota(remaining=12, limit=100, resets=NOW + timedelta(minutes=11)))
        pause_channel(tx, "news", "no credits", NOW)
    pages = {
        "channels": (await desk.get("/channels")).text,
        "channel": (await desk.get("/channels/news")).text,
        "begun": (await desk.post("/channels/connect", data={"channel": "news"})).text,
        "back": (await desk.get("/oauth/callback")).text,
    }
    assert "\n".join(validator.faults(pages, tmp_path, PAGE)) == ""


async def test_whoever_comes_back_with_a_code_is_connected_and_told_so(desk):
    path = await came_back(desk)
    async with desk.client(address="203.0.113.9", url="https://news.record.example") as client:
        answer = await client.get(path)
        again = await client.get(path)
    assert answer.status_code == 200
    assert "The channel news posts as @record from now on." in answer.text
    assert (answer.headers["referrer-policy"], answer.headers["cache-control"]) == ("no-referrer", "no-store")
    assert again.status_code == 400
    assert "No sign-in of news waits" in again.text
    with desk.store.read() as tx:
        assert tx.channels.get("news").account == "@record"
    code = dict(parse_qsl(urlsplit(path).query))["code"]
    assert code not in answer.text + again.text


async def test_a_look_ahead_or_a_head_takes_no_code(desk):
    path = await came_back(desk)
    assert (await desk.get(path, headers={"Sec-Purpose": "prefetch"})).status_code == 400
    async with desk.client() as client:
        assert (await client.head(path)).status_code == 405
    assert (await desk.get(path)).status_code == 200


@pytest.mark.parametrize(
    "query", ["", "?code=a", "?code=a&state=b", "?state=" + "a" * 5000, "?error=%3Cscript%3E&state=%3Cscript%3E"]
)
async def test_a_stranger_is_told_that_nothing_waits(desk, query):
    answer = await desk.get(f"/oauth/callback{query}")
    assert answer.status_code == 400
    assert "Not connected" in answer.text
    assert "<script>" not in answer.text


async def test_an_owner_who_said_no_is_told_how_to_begin_again(desk):
    state = dict(parse_qsl(urlsplit(await came_back(desk)).query))["state"]
    answer = await desk.get("/oauth/callback", params={"error": "access_denied", "state": state})
    assert answer.status_code == 400
    assert "X gave no permission: access_denied; connect it again" in answer.text


async def test_the_list_of_channels_leads_to_how_one_is_added(desk):
    assert 'href="./channels/new"' in (await desk.get("/channels")).text
    page = (await desk.get("/channels/new")).text
    for kind in kinds():
        assert f"channels/new?type={kind}" in page


@pytest.mark.parametrize("kind", sorted(kinds()))
async def test_every_kind_of_channel_says_what_to_do_in_plain_steps(desk, kind):
    page = html.unescape((await desk.get(f"/channels/new?type={kind}")).text)
    new = new_channel(kind, desk.installation.settings.channels)
    assert new.head in page
    assert "broadsheet check" in page
    assert f"docs/channels/{kind}.md" in page
    assert all(each.variable in page for each in new.secrets)
    assert (f"broadsheet channels connect {new.name}" in page) is new.connects


async def new_page(desk, kind, language="en"):
    async with desk.client() as client:
        client.headers["accept-language"] = language
        return (await client.get(f"/channels/new?type={kind}")).text


def plain(markup):
    return html.unescape(re.sub(r"<[^>]+>", "", markup))


def as_written(page):
    """What stands in the blocks to copy, up to the command that checks it."""
    blocks = [plain(each) for each in re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)]
    return blocks[: blocks.index("broadsheet check")]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", sorted(kinds()))
async def test_the_lines_are_the_same_table_in_every_language(desk, kind, language):
    new = new_channel(kind, desk.installation.settings.channels)
    blocks = as_written(await new_page(desk, kind, language))
    written = [line for block in blocks for line in block.splitlines() if line]
    code = [*new.head.splitlines(), *(line for each in new.lines + new.more for line in each.code.splitlines())]
    comments = [line for line in written if line not in code]
    assert [line for line in written if line in code] == code
    assert len(comments) == len(new.lines + new.more)
    assert all(line.startswith("# ") for line in comments)
    keys = {line.split(" = ")[0] for line in code if " = " in line and not line.startswith("#")}
    assert tomllib.loads("\n".join(blocks))["channels"][new.name].keys() == keys


async def test_a_network_is_told_in_the_editors_language(desk):
    page = await new_page(desk, "mastodon", "de")
    assert 'lang="en"' not in page
    assert "Ein Konto, über ein Zugriffstoken (Einstellungen → Entwicklung → Neue Anwendung)." in page
    assert "Das Zugriffstoken der Anwendung; Scopes " in page
    server, visible = as_written(page)
    assert "\n# Der Server des Kontos, z. B. `https://mastodon.social`.\ninstance = " in server
    assert visible.startswith("# Wer die Posts sieht: alle;")
    assert "nur Follower. Möglich sind: `public`, `unlisted`, `private`.\n# visibility = " in visible


async def test_words_from_the_right_stand_apart_from_the_code_among_them(desk):
    page = await new_page(desk, "matrix", "ar")
    assert '\n# <span dir="rtl">عنوان الغرفة، <bdi dir="ltr">`#news:example.org`</bdi>' in page
    assert '<pre dir="ltr" tabindex="0">[channels.matrix]' in page


class Pigeon(ScriptedChannel):
    class Options(PostTable):
        """A bird. <b>It flies.</b>"""

        loft: str = Field(description="Where it <i>lives</i>: `a <b>`.")


async def test_what_another_package_says_is_marked_as_no_translation(desk, monkeypatch):
    monkeypatch.setitem(KINDS, "pigeon", Pigeon)
    page = await new_page(desk, "pigeon", "ar")
    assert '<p class="facts" lang="en" dir="ltr">A bird. &lt;b&gt;It flies.&lt;/b&gt;</p>' in page
    assert '# <span lang="en" dir="ltr">Where it &lt;i&gt;lives' in page
    assert '<bdi dir="ltr">`a &lt;b&gt;`</bdi>' in page


async def test_a_kind_that_is_none_has_no_page(desk):
    assert (await desk.get("/channels/new?type=%3Cscript%3E")).status_code == 404


async def test_a_test_says_what_it_did_and_no_more(desk, monkeypatch):
    async def tried(*_):
        return Phrase("%(server)s answers (no TLS)", server="mail.record.example:25")

    monkeypatch.setattr("bot.web.editor.channels.try_out", tried)
    async with desk.client() as client:
        answer = await client.post("/channels/test", data={"channel": "mail"}, follow_redirects=True)
    assert "mail works: mail.record.example:25 answers (no TLS)" in answer.text
    assert "sign in" not in answer.text.split("mail works")[1]


async def test_what_has_posted_here_is_not_called_untried_any_more(desk):
    assert "Look at the first post" in (await desk.get("/channels/news")).text
    made = desk.add_edition(
        state=EditionState.DRAFTED, renditions=(Rendition(channel="news", post=Post(text="The ferry returns")),)
    )
    desk.send(made)
    with desk.store.write() as tx:
        (delivery,) = tx.deliveries.page(edition=made.id)
        tx.deliveries.doubt_edition(made.id, "restored", NOW)
        tx.deliveries.resolve([delivery.id], to=DeliveryState.ACCEPTED, reason="it is there", now=NOW)
    assert "Look at the first post" not in (await desk.get("/channels/news")).text
    assert "look at its first post" not in (await desk.get("/channels")).text
