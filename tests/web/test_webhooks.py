"""Webhooks at the desk: made, tried, rotated, turned off and on, removed; and what became of each event."""

from __future__ import annotations

import asyncio
import html
import re
from dataclasses import replace

import pytest

from bot.model import EndpointOff, EventType, Role
from bot.schedules.webhooks import tell_now
from bot.testing import NOW
from tests.delivery.hearing import listening
from tests.html_validate import PAGE
from tests.web.conftest import TOML
from tests.web.test_login import join
from tests.web.test_settings_pages import Desk

LIST = "/settings/webhooks"


@pytest.fixture
def listener():
    with listening() as one:
        yield one


@pytest.fixture
def mara(build_web):
    """An admin of an installation that lets loopback through."""
    web = build_web(toml=TOML + "\n[http]\nallow_loopback = true\n")
    return Desk(web, join(web))


def kept(web):
    with web.store.read() as tx:
        return tx.endpoints.every()


async def add(mara, url, *types, name="The CMS <b>"):
    answer = await mara.post(LIST, name=name, url=url, types=list(types or ["edition.drafted"]))
    assert answer.status_code == 200, answer.text
    return re.search(r'value="(whsec_[^"]+)"', answer.text)[1], kept(mara.web)[-1].id


async def tell(mara):
    return await asyncio.to_thread(tell_now, mara.web.installation)


async def test_a_webhook_is_added_its_secret_shown_once_and_a_test_heard(mara, listener):
    secret, endpoint = await add(mara, listener.url, "edition.sent", "subscriber.erased")
    assert kept(mara.web)[0].types == {EventType.EDITION_SENT, EventType.SUBSCRIBER_ERASED}
    for path in (LIST, f"{LIST}/{endpoint}"):
        page = (await mara.get(path)).text
        assert secret not in page
        assert "s3cr3t" not in page
        assert "The CMS &lt;b&gt;" in page
        assert "Not called yet" in page
    assert (await mara.post(f"{LIST}/{endpoint}/test")).status_code == 303
    assert await tell(mara) == 1
    assert listener.heard[0].signed_by(secret)
    page = (await mara.get(f"{LIST}/{endpoint}")).text
    for said in ("Answers", "Taken", "HTTP 204", "ping"):
        assert said in page


async def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(mara):
    answer = await mara.post(LIST, name="", url="http://10.0.0.8/", types=["ping", "edition.sent"])
    assert answer.status_code == 422
    assert "Write which program listens" in answer.text
    answer = await mara.post(LIST, name="CMS", url="http://10.0.0.8/", types=["edition.sent"])
    assert "begin with https://" in answer.text
    assert re.search(r'value="edition.sent" checked', answer.text)
    answer = await mara.post(LIST, name="CMS", url="https://cms.example/", types=["ping", "nosuch"])
    assert "Choose what it is to be told." in answer.text
    assert kept(mara.web) == []


async def test_a_failure_is_told_with_its_answer_and_sent_again_by_hand(mara, listener):
    _secret, endpoint = await add(mara, listener.url)
    await mara.post(f"{LIST}/{endpoint}/test")
    listener.answers = [500]
    await tell(mara)
    page = (await mara.get(f"{LIST}/{endpoint}")).text
    assert "Trying again" in page
    assert "HTTP 500" in page
    message = re.search(r'name="message" value="(msg_[0-9a-f]+)"', page)[1]
    assert (await mara.post(f"{LIST}/{endpoint}/again", message=message)).status_code == 303
    await tell(mara)
    assert [each.id for each in listener.heard] == [message, message]
    assert (await mara.post(f"{LIST}/{endpoint}/again", message="msg_nosuch")).status_code == 404


async def test_a_new_secret_is_shown_once_and_both_sign(mara, listener):
    old, endpoint = await add(mara, listener.url)
    answer = await mara.post(f"{LIST}/{endpoint}/secret")
    new = re.search(r'value="(whsec_[^"]+)"', answer.text)[1]
    assert "Two secrets sign until" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    await mara.post(f"{LIST}/{endpoint}/test")
    await tell(mara)
    assert (listener.heard[0].signed_by(old), listener.heard[0].signed_by(new)) == (True, True)


async def test_it_is_turned_off_and_on_changed_and_removed(mara, listener):
    _secret, endpoint = await add(mara, listener.url)
    page = f"{LIST}/{endpoint}"
    assert (await mara.post(f"{page}/disable")).status_code == 303
    assert "Somebody turned it off." in (await mara.get(page)).text
    assert (await mara.post(f"{page}/test")).status_code == 409
    assert (await mara.post(f"{page}/enable")).status_code == 303
    assert (await mara.post(page, name="CMS", url="", types=["edition.held"])).status_code == 303
    (one,) = kept(mara.web)
    assert (one.name, one.url, one.types, one.disabled) == ("CMS", listener.url, {EventType.EDITION_HELD}, None)
    assert (await mara.post(f"{page}/remove")).headers["location"].endswith("settings/webhooks")
    assert kept(mara.web) == []
    for gone in (page, f"{page}/test", f"{page}/remove", f"{page}/secret", f"{page}/enable", f"{page}/disable"):
        answer = await (mara.get(gone) if gone == page else mara.post(gone))
        assert answer.status_code == 404, gone
    activity = (await mara.get("/activity?kind=webhook")).text
    for said in ("added the webhook", "turned off the webhook", "removed the webhook"):
        assert said in activity


async def test_one_that_is_gone_stands_on_today_for_admins_with_the_way_to_it(mara, listener):
    _secret, endpoint = await add(mara, listener.url, name="The CMS")
    with mara.web.store.write() as tx:
        tx.endpoints.disable(endpoint, EndpointOff.GONE, NOW)
    today = (await mara.get("/")).text
    assert "The webhook The CMS is told nothing any more" in today
    assert f"settings/webhooks/{endpoint}" in today
    tom = Desk(mara.web, join(mara.web, "Tom Adeyemi", Role.EDITOR))
    assert (await tom.get(LIST)).status_code == 403


async def test_what_a_newer_version_wanted_does_not_break_the_page(mara, listener):
    _secret, endpoint = await add(mara, listener.url)
    with mara.web.store.write() as tx:
        found = tx.endpoints.get(endpoint)
        tx.endpoints.change(endpoint, name=found.name, url=found.url, types=[*found.types, "edition.translated"])
    assert (await mara.get(f"{LIST}/{endpoint}")).status_code == 200
    assert kept(mara.web)[0] == replace(found, types=frozenset({EventType.EDITION_DRAFTED}))


async def test_the_pages_are_good_html(mara, listener, validator, tmp_path):
    _secret, endpoint = await add(mara, listener.url)
    await mara.post(f"{LIST}/{endpoint}/test")
    listener.answers = [500]
    await tell(mara)
    pages = {
        "list": (await mara.get(LIST)).text,
        "one": (await mara.get(f"{LIST}/{endpoint}")).text,
        "wrong": (await mara.post(f"{LIST}/{endpoint}", name="")).text,
        "secret": (await mara.post(f"{LIST}/{endpoint}/secret")).text,
    }
    assert "\n".join(validator.faults(pages, tmp_path, PAGE)) == ""


async def test_the_page_looks_again_while_a_test_is_under_way_and_not_afterwards(mara, listener):
    _, endpoint = await add(mara, listener.url)
    page = f"{LIST}/{endpoint}"
    assert "hx-trigger" not in (await mara.get(page)).text.split("<main")[1]
    await mara.post(f"{page}/test")
    waiting = (await mara.get(page)).text
    assert 'id="told" data-live="always"' in waiting
    assert 'hx-select-oob="#standing,' in waiting
    await tell(mara)
    assert 'id="told">' in (await mara.get(page)).text


async def test_the_lines_that_the_page_shows_tell_our_calls_from_others(mara, listener):
    secret, endpoint = await add(mara, listener.url)
    page = html.unescape((await mara.get(f"{LIST}/{endpoint}")).text)
    for header in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        assert f'<code dir="ltr">{header}</code>' in page
    await mara.post(f"{LIST}/{endpoint}/test")
    await tell(mara)
    heard = listener.heard[0]
    lines = page.partition('<pre dir="ltr" tabindex="0">')[2].partition("</pre>")[0]
    for body, good in ((heard.body, True), (heard.body + b" ", False)):
        known = {"secret": secret, "headers": heard.headers, "body": body}
        exec(lines, known)  # noqa: S102
        assert known["good"] is good
        assert known["fresh"] is not None
