"""RFC 8058, and the page behind the footer's link."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.audience.links import PREFERENCES, UNSUBSCRIBE
from bot.model import DeliveryState
from bot.testing import KEYS, NOW, subscribe
from bot.tokens import KeyRing

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


async def test_the_page_asks_and_shows_the_address_masked(web, reader):
    page = await web.get(web.unsubscribe_path(reader))
    assert page.status_code == 200
    assert "Unsubscribe from <bdi>Morning briefing</bdi>?" in page.text
    assert "m•••••@example.org" in page.text
    assert "mara@" not in page.text


async def test_rfc8058_1_looking_never_unsubscribes_however_often(web, reader):
    path = web.unsubscribe_path(reader)
    async with web.client() as client:
        for method in ("GET", "HEAD", "OPTIONS", "GET") * 5:
            await client.request(method, path, headers={"User-Agent": "LinkScanner/1.0"})
        await client.get(path, params={"scope": "all", "List-Unsubscribe": "One-Click", "act": "undo"})
    assert web.states(reader) == {"readers": "subscribed", "weekend": "subscribed"}
    with web.store.read() as tx:
        assert tx.acts.newest() == []


@pytest.mark.parametrize("body", [{"data": ONE_CLICK}, {"files": {"List-Unsubscribe": (None, "One-Click")}}])
async def test_rfc8058_3_2_one_click_unsubscribes_in_both_encodings(web, reader, body):
    answer = await web.post(web.unsubscribe_path(reader), **body)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "set-cookie" not in answer.headers
    assert web.states(reader) == {"readers": "unsubscribed", "weekend": "subscribed"}


async def test_rfc8058_3_1_one_click_needs_no_origin_and_bears_a_foreign_one(web, reader):
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://mail.example"}
    answer = await web.post(web.unsubscribe_path(reader), data=ONE_CLICK, headers=headers)
    assert answer.status_code == 200
    assert web.states(reader)["readers"] == "unsubscribed"


async def test_rfc8058_3_1_one_click_may_come_again(web, reader, clock):
    path = web.unsubscribe_path(reader)
    for _ in range(3):
        assert (await web.post(path, data=ONE_CLICK)).status_code == 200
        clock.advance(minutes=1)
    with web.store.read() as tx:
        assert [act.what for act in tx.acts.newest(thing=f"subscriber:{reader}")] == ["unsubscribe"]


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=x", "text/plain", ""])
async def test_a_post_with_a_broken_body_still_unsubscribes(web, reader, kind):
    headers = {"Content-Type": kind} if kind else {}
    answer = await web.post(web.unsubscribe_path(reader), content=b"--y\r\nbroken", headers=headers)
    assert answer.status_code == 200
    assert web.states(reader)["readers"] == "unsubscribed"


@pytest.mark.parametrize("age", [0, 30, 4000])
async def test_rfc8058_1_get_and_head_change_nothing_at_any_age_of_the_link(web, reader, sending, clock, age):
    clock.advance(days=age)
    async with web.client() as client:
        page = await client.get(web.unsubscribe_path(reader))
        bare = await client.head(web.unsubscribe_path(reader))
    assert (page.status_code, bare.status_code, bare.content) == (200, 200, b"")
    assert web.states(reader) == {"readers": "subscribed", "weekend": "subscribed"}
    with web.store.read() as tx:
        assert tx.deliveries.balance(sending.id).states == {DeliveryState.PENDING: 3}  # two mails and a post


@pytest.mark.parametrize("age", [0, 30, 4000])
async def test_can_spam_the_link_works_however_old_it_is(web, reader, clock, age):
    path = web.unsubscribe_path(reader)
    clock.advance(days=age)
    assert (await web.post(path, data=ONE_CLICK)).status_code == 200
    assert web.states(reader)["readers"] == "unsubscribed"


@pytest.mark.parametrize("path", ["", "?utm_source=x", "?List-Unsubscribe=One-Click"])
@pytest.mark.parametrize("body", [{"data": ONE_CLICK}, {"files": {"List-Unsubscribe": (None, "One-Click")}}])
async def test_rfc8058_3_1_no_cookie_no_login_no_redirect(web, reader, body, path):
    """As a mail service posts: nothing but the body, whatever was added to the address on the way."""
    async with web.client(address="192.0.2.9", url="https://news.record.example") as client:
        answer = await client.post(web.unsubscribe_path(reader) + path, headers={"User-Agent": "mail"}, **body)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert "location" not in answer.headers
    assert "www-authenticate" not in answer.headers
    assert web.states(reader) == {"readers": "unsubscribed", "weekend": "subscribed"}


async def test_gmail_and_yahoo_one_click_reaches_a_delivery_that_a_worker_holds_already(web, reader, sending):
    with web.store.write() as tx:
        chunk = tx.chunks.claim("mail", owner="elsewhere", now=NOW, until=NOW + timedelta(minutes=10))
        due = {each.recipient.subscriber: each.id for each in tx.deliveries.due(chunk, NOW)}
    assert (await web.post(web.unsubscribe_path(reader), data=ONE_CLICK)).status_code == 200
    with web.store.write() as tx:
        begun = tx.deliveries.attempt(chunk, list(due.values()), NOW)
    assert reader in due
    assert begun == set(due.values()) - {due[reader]}


async def test_the_act_is_on_record_without_the_address(web, reader):
    await web.post(web.unsubscribe_path(reader), data=ONE_CLICK)
    with web.store.read() as tx:
        (act,) = tx.acts.newest()
    assert (act.who, act.thing, act.before, act.after) == (
        "reader",
        f"subscriber:{reader}",
        "subscribed",
        "unsubscribed",
    )
    assert "@" not in f"{act}"


async def test_gmail_and_yahoo_what_is_being_sent_at_this_moment_is_stopped(web, reader, sending):
    await web.post(web.unsubscribe_path(reader), data=ONE_CLICK)
    with web.store.read() as tx:
        rows = {each.subscriber: each for each in tx.deliveries.page(edition=sending.id) if each.subscriber}
        balance = tx.deliveries.balance(sending.id)
    assert (rows[reader].state, rows[reader].reason) == (DeliveryState.CANCELLED, "unsubscribed")
    assert [each.state for id_, each in rows.items() if id_ != reader] == [DeliveryState.PENDING]
    assert balance.balanced


async def test_rfc8058_3_1_another_audiences_delivery_goes_on(web, reader):
    made = web.add_edition(schedule="weekend")
    web.send(made, audience="weekend")
    await web.post(web.unsubscribe_path(reader), data=ONE_CLICK)
    with web.store.read() as tx:
        states = [each.state for each in tx.deliveries.page(edition=made.id) if each.subscriber == reader]
    assert states == [DeliveryState.PENDING]


async def test_everything_ends_all_audiences_and_all_deliveries(web, reader, sending):
    page = await web.post(web.unsubscribe_path(reader), data={"scope": "all"})
    assert set(web.states(reader).values()) == {"unsubscribed"}
    assert "The Weekend" not in page.text
    with web.store.read() as tx:
        assert tx.deliveries.balance(sending.id).states[DeliveryState.CANCELLED] == 1


async def test_the_result_says_what_is_still_sent_and_offers_undo(web, reader):
    page = await web.post(web.unsubscribe_path(reader), data={"scope": "one"})
    assert "You are unsubscribed" in page.text
    assert "You still get" in page.text
    assert "The Weekend" in page.text
    assert page.text.count("<button") == 1
    assert 'value="undo"' in page.text


async def test_undo_restores_this_audience_alone(web, reader, clock):
    path = web.unsubscribe_path(reader)
    await web.post(web.unsubscribe_path(reader, "weekend"), data={"scope": "one"})
    clock.advance(minutes=1)
    await web.post(path, data={"scope": "one"})
    clock.advance(minutes=1)
    page = await web.post(path, data={"scope": "one", "act": "undo"})
    assert "You are subscribed again" in page.text
    assert web.states(reader) == {"readers": "subscribed", "weekend": "unsubscribed"}


async def test_undo_of_everything_restores_what_that_act_ended(web, reader, clock):
    subscribe(web.store, "mara@example.org", audience="sport")
    await web.post(web.unsubscribe_path(reader, "weekend"), data={"scope": "one"})
    clock.advance(minutes=1)
    await web.post(web.unsubscribe_path(reader), data={"scope": "all"})
    clock.advance(minutes=1)
    await web.post(web.unsubscribe_path(reader), data={"scope": "all", "act": "undo"})
    assert web.states(reader) == {"readers": "subscribed", "sport": "subscribed", "weekend": "unsubscribed"}


async def test_undo_does_not_overrule_somebody_else(web, reader, clock):
    with web.store.write() as tx:
        tx.subscribers.unsubscribe(reader, "readers", via="complaint", now=clock())
    path = web.unsubscribe_path(reader)
    assert 'value="undo"' not in (await web.get(path)).text
    page = await web.post(path, data={"act": "undo"})
    assert "There is nothing to undo" in page.text
    assert web.states(reader)["readers"] == "unsubscribed"


async def test_a_cancelled_delivery_stays_cancelled_after_undo(web, reader, sending):
    await web.post(web.unsubscribe_path(reader), data={"scope": "one"})
    await web.post(web.unsubscribe_path(reader), data={"act": "undo"})
    with web.store.read() as tx:
        states = [each.state for each in tx.deliveries.page(edition=sending.id) if each.subscriber == reader]
    assert states == [DeliveryState.CANCELLED]


def _bad_tokens(subscriber):
    good = KEYS.sign(UNSUBSCRIBE, subscriber, "readers", "")
    version, key, purpose, payload, mac = good.split(".")
    return {
        "forged": f"{version}.{key}.{purpose}.{payload}.{'A' * len(mac)}",
        "another reader": f"{version}.{key}.{purpose}.{KEYS.sign(UNSUBSCRIBE, 999, 'readers', '').split('.')[3]}.{mac}",
        "truncated": good[:-1],
        "other purpose": KEYS.sign(PREFERENCES, subscriber, "readers", ""),
        "other key": KeyRing({"k1": b"x" * 32}).sign(UNSUBSCRIBE, subscriber, "readers", ""),
        "unknown key": KeyRing({"k9": b"x" * 32}).sign(UNSUBSCRIBE, subscriber, "readers", ""),
        "other shape": KEYS.sign(UNSUBSCRIBE, "readers"),
        "not a token": "hello",
        "not ascii": "v1.k1.u.é.é",
    }


async def test_rfc8058_3_1_every_bad_token_gets_the_same_answer_and_does_nothing(web, reader):
    async with web.client() as client:
        for method in ("GET", "POST"):
            answers = {name: await client.request(method, f"/u/{token}") for name, token in _bad_tokens(reader).items()}
            first = answers["forged"]
            assert first.status_code == 404
            for name, answer in answers.items():
                assert (answer.status_code, answer.text) == (first.status_code, first.text), name
    assert web.states(reader)["readers"] == "subscribed"


async def test_an_erased_reader_is_told_they_are_not_subscribed(web, reader):
    with web.store.write() as tx:
        tx.subscribers.forget("mara@example.org", NOW)
    path = web.unsubscribe_path(reader)
    shown = await web.get(path)
    assert shown.status_code == 200
    assert "You are not subscribed" in shown.text
    assert (await web.post(path, data=ONE_CLICK)).status_code == 200
    assert "You are not subscribed" in (await web.post(path, data={"act": "undo"})).text


async def test_the_reader_of_one_audience_is_not_offered_everything(web):
    lone = subscribe(web.store, "lone@example.org")[0]
    assert 'value="all"' not in (await web.get(web.unsubscribe_path(lone))).text


@pytest.mark.parametrize("address", ['"<script>alert(1)</script>"@example.org', "m@<script>alert(1)</script>.example"])
async def test_a_hostile_address_is_text(web, address):
    hostile = subscribe(web.store, address)[0]
    path = web.unsubscribe_path(hostile)
    for page in (await web.get(path), await web.post(path), await web.get(web.preferences_path(hostile))):
        assert page.status_code == 200
        assert "<script" not in page.text
