"""GDPR, articles 15, 17 and 20: see, take along, erase; and that looking at it erases nothing."""

from __future__ import annotations

import json

import pytest

from bot.audience.links import DATA, DATA_GOOD_FOR, PREFERENCES, UNSUBSCRIBE
from bot.model import Consent, DeliveryState, Evidence, Suppression
from bot.testing import KEYS, NOW, subscribe
from bot.tokens import KeyRing


def asked(web):
    with web.store.read() as tx:
        return [(each.address, each.language) for each in tx.signups.due(web.installation.clock(), 100)]


async def test_who_was_passed_an_edition_on_sees_no_data_and_cannot_erase(web, reader):
    with web.store.write() as tx:
        consent = Consent(at=NOW, via="import of readers.csv by anna")
        tx.subscribers.subscribe("noor@example.org", "readers", consent, name="Noor Haddad")
        noor = tx.subscribers.id_of("noor@example.org")
    path = web.preferences_path(noor)
    async with web.client() as client:
        for page in (path, f"{path}/data", f"{path}/data.json", f"{path}/erase", web.unsubscribe_path(noor)):
            shown = await client.get(page)
            for theirs in ("noor@example.org", "Haddad", "anna"):
                assert theirs not in shown.text, page
        for page in (path, f"{path}/data", f"{path}/erase"):
            await client.post(page, data={"act": "erase"})
    assert web.states(noor) == {"readers": "subscribed"}
    assert asked(web) == []


async def test_the_link_to_the_data_is_mailed_to_the_readers_own_address_once_a_day(web, reader):
    path = f"{web.preferences_path(reader)}/data"
    page = await web.get(path)
    assert "Mail me the link" in page.text and "m•••••@example.org" in page.text
    assert asked(web) == []
    for _ in range(3):
        answer = await web.post(path, data={"act": "send"})
        assert "Check your inbox" in answer.text
        assert asked(web) == [("mara@example.org", "en")]
    web.installation.clock.advance(hours=26)
    await web.post(path, data={"act": "send"})
    assert len(asked(web)) == 2


async def test_the_link_to_the_data_works_for_two_days_and_then_erases_nothing(web, reader):
    path = web.data_path(reader)
    web.installation.clock.advance(seconds=DATA_GOOD_FOR.total_seconds())
    assert (await web.get(path)).status_code == 200
    web.installation.clock.advance(seconds=2)
    for answer in (await web.get(f"{path}/data.json"), await web.post(f"{path}/erase", data={"act": "erase"})):
        assert answer.status_code == 410
        assert "mara@" not in answer.text
    assert web.states(reader)["readers"] == "subscribed"


async def test_the_page_says_in_words_what_is_held_and_shows_the_address_masked(web, reader):
    page = await web.get(web.data_path(reader))
    assert page.status_code == 200
    assert "The Weekend" in page.text
    assert "m•••••@example.org" in page.text
    assert "mara@" not in page.text


async def test_article_20_the_file_holds_the_address_and_the_proof_of_consent(web):
    evidence = Evidence(form="page", page="https://record.example/join", ip="203.0.113.9")
    with web.store.write() as tx:
        tx.subscribers.subscribe("noor@example.org", "readers", Consent(at=NOW, via="form", evidence=evidence))
        noor = tx.subscribers.id_of("noor@example.org")
    answer = await web.get(f"{web.data_path(noor)}/data.json")
    assert answer.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    held = json.loads(answer.text)
    assert held["address"] == "noor@example.org"
    assert [each["audience"] for each in held["subscriptions"]] == ["readers"]
    assert "203.0.113.9" in answer.text and "https://record.example/join" in answer.text


async def test_the_file_is_of_this_reader_alone(web, reader):
    subscribe(web.store, "noor@example.org")
    assert "noor" not in (await web.get(f"{web.data_path(reader)}/data.json")).text


async def test_looking_erases_nothing_however_often(web, reader):
    async with web.client() as client:
        for method in ("GET", "HEAD", "OPTIONS") * 3:
            for path in ("", "/data.json", "/erase", "/erase?act=erase"):
                await client.request(method, web.data_path(reader) + path)
        await client.post(f"{web.data_path(reader)}/erase", data={})
    assert web.states(reader) == {"readers": "subscribed", "weekend": "subscribed"}


async def test_article_17_erasing_leaves_a_keyed_hash_and_the_link_then_knows_nobody(web, reader):
    path = web.data_path(reader)
    question = await web.get(f"{path}/erase")
    assert "What is erased" in question.text and "keyed hash" in question.text
    answer = await web.post(f"{path}/erase", data={"act": "erase"})
    assert "Your data is erased" in answer.text
    assert web.states(reader) == {}
    with web.store.read() as tx:
        assert tx.suppressions.of("mara@example.org").reason == "erased"
        assert "mara@" not in f"{tx.acts.newest()}"
    for each in ("", "/data.json", "/erase"):
        after = await web.get(path + each)
        assert (after.status_code, "You are not subscribed" in after.text) == (200, True)
    again = await web.post(f"{path}/erase", data={"act": "erase"})
    assert "You are not subscribed" in again.text


async def test_what_waits_to_go_out_to_an_erased_reader_is_stopped(web, reader, sending):
    await web.post(f"{web.data_path(reader)}/erase", data={"act": "erase"})
    with web.store.read() as tx:
        assert tx.deliveries.balance(sending.id).states[DeliveryState.CANCELLED] == 1
        assert tx.deliveries.balance(sending.id).balanced


async def test_another_site_cannot_make_a_browser_erase(web, reader):
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    answer = await web.post(f"{web.data_path(reader)}/erase", data={"act": "erase"}, headers=headers)
    assert answer.status_code == 403
    assert web.states(reader)["readers"] == "subscribed"


@pytest.mark.parametrize("page", ["", "/data.json", "/erase"])
async def test_a_token_that_is_none_opens_nothing(web, reader, page):
    good = KEYS.sign(DATA, reader, "readers", int(NOW.timestamp()))
    bad = [
        KEYS.sign(PREFERENCES, reader, "readers", ""),
        KEYS.sign(DATA, reader, "readers", ""),
        KEYS.sign(UNSUBSCRIBE, reader, "readers", ""),
        KeyRing({"k1": b"x" * 32}).sign(DATA, reader, "readers", int(NOW.timestamp())),
        good[:-1],
        "x" * 5000,
        "%00",
    ]
    for token in bad:
        for answer in (
            await web.get(f"/d/{token}{page}"),
            await web.post(f"/d/{token}{page}", data={"act": "erase"}),
        ):
            assert answer.status_code in (404, 405), token[:20]
    assert web.states(reader)["readers"] == "subscribed"


async def test_a_suppressed_reader_still_sees_their_data(web, reader):
    with web.store.write() as tx:
        tx.suppressions.add(Suppression(address="mara@example.org", reason="bounced", at=NOW))
    assert (await web.get(web.data_path(reader))).status_code == 200
