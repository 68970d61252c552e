"""Subscribing on the page and in a frame, and confirming: as a reader, a scanner and somebody hostile meet it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from bot.audience.links import UNSUBSCRIBE
from bot.audience.signup import CONFIRM, GOOD_FOR, KEPT_FOR
from bot.model import EditionState, Suppression
from bot.schedules.installation import Installation
from bot.settings import load_settings
from bot.testing import ENVIRONMENT, KEYS, NOW, subscribe
from bot.web.app import create_app
from bot.web.public.signup_form import TRAP

TOML = """
[channels.mail]
type = "email"
from = "The Record <letters@record.example>"
host = "mail.record.example"

[audiences.weekend]
name = "The Weekend"
topics = ["Harbour", "City hall"]

[audiences.staff]
name = "Staff"
open = false

[schedules.morning]
name = "Morning briefing"
cron = "0 7 * * 1-5"
audience = "readers"
channels = ["mail"]

[schedules.saturday]
name = "The Weekend"
description = "Long reads."
cron = "30 8 * * 6"
audience = "weekend"
channels = ["mail"]

[schedules.internal]
name = "For us"
cron = "0 9 * * *"
audience = "staff"
channels = ["mail"]

[signup]
origins = ["https://partner.example"]
"""
ONE = """
[channels.mail]
type = "email"
from = "The Record <letters@record.example>"
host = "mail.record.example"

[schedules.morning]
name = "Morning briefing"
cron = "0 7 * * 1-5"
audience = "readers"
channels = ["mail"]
"""


@pytest.fixture
def web(build_web):
    return build_web(toml=TOML)


def hidden(page):
    """The fields of a form that its reader does not type."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
    return {name: [value for other, value in found if other == name] for name, _ in found}


async def filled(web, path="/subscribe", *, wait=5, **typed):
    """A form as a person sends it: shown, filled in, sent some seconds later."""
    shown = await web.get(path)
    web.installation.clock.advance(seconds=wait)
    given = {"address": "mara@example.org", "newsletter": ["morning"], **typed}
    return {**hidden(shown), **given}


async def send(web, path="/subscribe", **typed):
    fields = await filled(web, path, **typed)
    return await web.post(path, data=fields)


def kept(web):
    with web.store.read() as tx:
        return tx.signups.due(NOW + KEPT_FOR, 100)


def confirm_path(signup):
    return f"/c/{KEYS.sign(CONFIRM, signup.id)}"


async def signed_up(web, **typed):
    assert (await send(web, **typed)).status_code == 200
    return kept(web)[0]


async def test_the_page_offers_what_is_open_and_says_when_it_comes(web):
    page = await web.get("/subscribe")
    assert page.status_code == 200
    for said in ("Morning briefing", "Weekdays at 07:00", "The Weekend", "Long reads.", "Harbour"):
        assert said in page.text
    assert "For us" not in page.text


async def test_nothing_is_ticked_before_the_reader_does_gdpr_recital_32(web):
    assert " checked" not in (await web.get("/subscribe")).text
    # A link of the newsroom's own may name what its reader came for.
    assert (await web.get("/subscribe?newsletter=saturday")).text.count(" checked") == 1


async def test_who_signs_up_is_told_to_look_into_the_inbox_and_asked_nothing_more(web):
    answer = await send(web, newsletter=["morning", "saturday"], **{"topic:weekend": ["Harbour", "forged"]})
    assert answer.status_code == 200
    assert "Check your inbox" in answer.text
    assert "letters@record.example" in answer.text
    (signup,) = kept(web)
    assert signup.address == "mara@example.org"
    assert set(signup.choices) == {"readers", "weekend"}
    assert signup.choices["weekend"].topics == ("Harbour",)
    assert (signup.evidence.form, signup.evidence.page) == ("page", "https://news.record.example/subscribe")


async def test_with_one_newsletter_there_is_nothing_to_choose(build_web):
    web = build_web(toml=ONE)
    assert 'type="checkbox"' not in (await web.get("/subscribe")).text
    await send(web, newsletter=[])
    assert set(kept(web)[0].choices) == {"readers"}


async def test_the_newest_editions_stories_stand_beside_the_form(web):
    made = web.add_edition(state=EditionState.SENT)
    with web.store.write() as tx:
        tx.editions.set_snapshot(made.id, 3)
    page = await web.get("/subscribe")
    assert made.stories[0].article.title in page.text
    assert f'href="./e/{made.id}"' in page.text


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "Write your email address"),
        ("mara.example.org", "This address has no @"),
        ("mara@", "not an email address"),
        ("mara@example.org\r\nBcc: all@example.org", "not an email address"),
        ("mara@exa\x00mple.org", "not an email address"),
        ("a@b.c," * 30, "not an email address"),
        ("x" * 5000 + "@example.org", "not an email address"),
    ],
)
async def test_a_wrong_address_is_told_in_words_and_what_was_typed_stays(web, address, said):
    answer = await send(web, address=address, newsletter=["saturday"])
    assert answer.status_code == 422
    assert said in answer.text
    assert 'aria-invalid="true" aria-describedby="address-fault" autofocus' in answer.text
    assert 'value="saturday" checked' in answer.text
    assert kept(web) == []


@pytest.mark.parametrize("address", ["grüße@bücher.example", "李@例え.jp", "o'brien+news@example.org"])
async def test_addresses_of_all_languages_are_taken(web, address):
    await send(web, address=f"  {address} ")
    assert kept(web)[0].address == address


async def test_what_was_typed_is_text_and_no_markup(web):
    answer = await send(web, address='"><script>alert(1)</script>')
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text


async def test_without_a_choice_it_asks_for_one_and_keeps_the_address(web):
    answer = await send(web, newsletter=["internal", "nothing"])
    assert answer.status_code == 422
    assert "Choose at least one." in answer.text
    assert 'value="mara@example.org"' in answer.text
    assert kept(web) == []


# --- nobody learns whether an address is known


async def test_the_answer_is_the_same_for_known_unknown_and_suppressed_addresses(web):
    subscribe(web.store, "known@example.org")
    subscribe(web.store, "known@example.org", audience="weekend")
    with web.store.write() as tx:
        tx.suppressions.add(Suppression(address="bad@example.org", reason="complaint", at=NOW))
        tx.suppressions.add(Suppression(address="left@example.org", reason="unsubscribed", at=NOW))
    answers = []
    for address in ("known@example.org", "new@example.org", "bad@example.org", "left@example.org", "new@example.org"):
        for path in ("/subscribe", "/subscribe/embed"):
            answer = await send(web, path, address=address)
            answers.append((path, answer.status_code, answer.text, dict(answer.headers)))
        answer = await web.post("/api/subscribe", json={"address": address, "newsletters": ["morning"]})
        answers.append(("api", answer.status_code, answer.text, dict(answer.headers)))
    for path in ("/subscribe", "/subscribe/embed", "api"):
        assert len({str(each) for each in answers if each[0] == path}) == 1
    assert len(kept(web)) == 15


# --- floods and programs


async def test_a_network_that_sends_too_many_is_told_when_to_come_again(build_web):
    web = build_web(toml=TOML + 'per_network = "3/h"\n')
    for number in range(3):
        assert (await send(web, address=f"r{number}@example.org")).status_code == 200
    answer = await send(web)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 4000
    assert len(kept(web)) == 3
    api = await web.post("/api/subscribe", json={"address": "a@example.org", "newsletters": ["morning"]})
    assert api.status_code == 429
    assert api.headers["content-type"] == "application/problem+json"
    async with web.client(address="198.51.100.7") as client:
        other = await client.post("/subscribe", data=await filled(web))
    assert other.status_code == 200


async def test_a_header_of_its_own_makes_nobody_another_client(build_web):
    web = build_web(toml=TOML + 'per_network = "1/h"\n')
    fields = await filled(web)
    first = await web.post("/subscribe", data=fields, headers={"X-Forwarded-For": "198.51.100.1"})
    second = await web.post("/subscribe", data=fields, headers={"X-Forwarded-For": "198.51.100.200"})
    assert (first.status_code, second.status_code) == (200, 429)


async def test_behind_a_trusted_proxy_readers_are_told_apart(build_web):
    toml = TOML.replace("[signup]", '[web]\ntrusted_proxies = ["127.0.0.1"]\n[signup]\nper_network = "1/h"')
    web = build_web(toml=toml)
    fields = await filled(web)
    for address, status in (("198.51.100.1", 200), ("203.0.113.1", 200), ("198.51.100.2", 429)):
        answer = await web.post("/subscribe", data=fields, headers={"X-Forwarded-For": f"1.2.3.4, {address}"})
        assert answer.status_code == status


async def test_the_desk_stays_shut_behind_a_trusted_proxy(build_web):
    web = build_web(toml=TOML.replace("[signup]", '[web]\ntrusted_proxies = ["127.0.0.1"]\n[signup]'))
    assert (await web.get("/", headers={"X-Forwarded-For": "127.0.0.1"})).status_code == 403


async def test_who_fills_in_what_nobody_sees_gets_the_page_again_and_is_not_kept(web):
    answer = await send(web, **{TRAP: "https://buy.example"})
    assert "One field must stay empty" in answer.text
    assert 'value="mara@example.org"' in answer.text
    assert kept(web) == []


@pytest.mark.parametrize("wait", [0, 1, 25 * 3600])
async def test_a_form_sent_at_once_or_a_day_late_is_shown_again_with_what_was_typed(web, wait):
    answer = await send(web, wait=wait)
    assert "once more" in answer.text
    assert 'value="mara@example.org"' in answer.text
    assert 'value="morning" checked' in answer.text
    assert kept(web) == []


@pytest.mark.parametrize(
    "token", ["", "v1.k1.f.x.y", KEYS.sign(UNSUBSCRIBE, 1, "page", ""), KEYS.sign("f", "now", "page", "")]
)
async def test_a_form_that_holds_no_token_of_ours_needs_one_more_press(web, token):
    answer = await send(web, shown=token)
    assert "once more" in answer.text
    assert kept(web) == []
    web.installation.clock.advance(seconds=5)
    again = {**hidden(answer), "address": "mara@example.org", "newsletter": "morning"}
    assert "Check your inbox" in (await web.post("/subscribe", data=again)).text


async def test_a_form_that_a_site_wrote_by_hand_works_with_one_more_press(web):
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://record.example", "Referer": "https://record.example/"}
    fields = {"address": "mara@example.org", "newsletter": "morning", "form": "embed"}
    answer = await web.post("/subscribe", data=fields, headers=headers)
    assert "once more" in answer.text
    web.installation.clock.advance(seconds=5)
    await web.post("/subscribe", data={**hidden(answer), **fields})
    (signup,) = kept(web)
    assert (signup.evidence.form, signup.evidence.page) == ("embed", "https://record.example/")


# --- in a frame


async def test_only_the_newsrooms_sites_may_frame_the_form_and_nothing_else_of_ours(web):
    page = await web.get("/subscribe/embed")
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'self' https://record.example https://partner.example" in policy
    assert "default-src 'none'" in policy
    for path in ("/subscribe", confirm_path(await signed_up(web))):
        assert "frame-ancestors 'none'" in (await web.get(path)).headers["content-security-policy"]


async def test_the_answer_in_a_frame_can_be_shown_in_it_and_the_page_is_evidence(web):
    shown = await web.get(
        "/subscribe/embed?newsletter=morning", headers={"Referer": "https://record.example/harbour?x=1"}
    )
    web.installation.clock.advance(seconds=5)
    answer = await web.post("/subscribe/embed", data={**hidden(shown), "address": "mara@example.org"})
    assert "Check your inbox" in answer.text
    assert "frame-ancestors 'self' https://record.example" in answer.headers["content-security-policy"]
    (signup,) = kept(web)
    assert (signup.evidence.form, signup.evidence.page) == ("embed", "https://record.example/harbour")
    assert set(signup.choices) == {"readers"}


async def test_a_page_with_a_very_long_address_is_no_hindrance(web):
    shown = await web.get("/subscribe/embed", headers={"Referer": "https://record.example/" + "a" * 3000})
    web.installation.clock.advance(seconds=5)
    sent = {**hidden(shown), "address": "mara@example.org", "newsletter": "morning"}
    assert "Check your inbox" in (await web.post("/subscribe/embed", data=sent)).text
    longest = await web.get("/subscribe/embed", headers={"Referer": "https://record.example/" + "a" * 257})
    web.installation.clock.advance(seconds=5)
    assert "Check your inbox" in (await web.post("/subscribe/embed", data={**sent, **hidden(longest)})).text


@pytest.mark.parametrize("url", ["https://record.example;script-src *", "https://record.example x"])
async def test_no_site_of_the_settings_adds_a_directive(build_web, tmp_path, url):
    web = build_web(toml=TOML)
    file = tmp_path / "config" / "broadsheet.toml"
    file.write_text(file.read_text("utf-8").replace('url = "https://record.example"', f'url = "{url}"'), "utf-8")
    installation = Installation(
        load_settings(tmp_path / "config", ENVIRONMENT), web.store, web.installation.keys, web.installation.clock
    )
    web.app = create_app(installation)
    policy = (await web.get("/subscribe/embed")).headers["content-security-policy"]
    assert "frame-ancestors 'self' https://partner.example;" in policy
    assert "script-src" not in policy


async def test_only_signing_up_is_open_to_other_sites(web):
    signup = await signed_up(web)
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert (await web.post(confirm_path(signup), headers=foreign)).status_code == 403
    for path in ("/subscribe/other", "/subscribers", "/subscribe/embed/x"):
        assert (await web.post(path, headers=foreign)).status_code == 403
    assert (await web.post("/subscribe", headers=foreign)).status_code == 422


# --- confirming


async def test_the_link_shows_a_button_and_the_press_subscribes(web):
    signup = await signed_up(web, newsletter=["morning", "saturday"])
    page = await web.get(confirm_path(signup))
    assert page.status_code == 200
    assert "Confirm subscription" in page.text
    assert "m•••••@example.org" in page.text
    assert "mara@example.org" not in page.text
    assert "The first one comes on Wednesday 25 November 2026" in page.text
    answer = await web.post(confirm_path(signup))
    assert "You are subscribed" in answer.text
    (preferences,) = re.findall(r'href="\.\./(p/[^"]+)"', answer.text)
    assert (await web.get(f"/{preferences}")).status_code == 200
    with web.store.read() as tx:
        found = {each.audience: each for each in tx.subscribers.find("mara@example.org")}
    assert {each.state for each in found.values()} == {"subscribed"}
    assert found["readers"].consent.evidence.form == "page"


async def test_scanners_that_open_a_link_confirm_nothing(web):
    signup = await signed_up(web)
    async with web.client() as client:
        for method in ("GET", "HEAD", "OPTIONS", "GET"):
            await client.request(method, confirm_path(signup))
    with web.store.read() as tx:
        assert tx.subscribers.find("mara@example.org") == []


async def test_a_second_press_says_the_same_and_one_after_leaving_brings_nobody_back(web):
    signup = await signed_up(web)
    await web.post(confirm_path(signup))
    assert "You are subscribed" in (await web.post(confirm_path(signup))).text
    with web.store.write() as tx:
        (reader,) = tx.subscribers.find("mara@example.org")
        tx.subscribers.unsubscribe(reader.id, "", via="test", now=web.installation.clock())
    answer = await web.post(confirm_path(signup))
    assert "This link was used already" in answer.text
    assert web.states(reader.id) == {"readers": "unsubscribed"}


async def test_a_link_that_came_too_late_says_so_and_leads_back(web):
    signup = await signed_up(web)
    for span in (GOOD_FOR + timedelta(minutes=1), KEPT_FOR):
        web.installation.clock.moment = NOW + span
        with web.store.write() as tx:
            tx.signups.prune(web.installation.clock() - KEPT_FOR)
        for answer in (await web.get(confirm_path(signup)), await web.post(confirm_path(signup))):
            assert answer.status_code == 410
            assert "This link has expired" in answer.text
            assert 'href="../subscribe"' in answer.text


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "v1.k1.c.WyJhIl0.AAAA",
        KEYS.sign(UNSUBSCRIBE, 1, "readers", ""),
        KEYS.sign(CONFIRM, 1),
        KEYS.sign("p", "a" * 26),
    ],
)
async def test_a_forged_or_foreign_link_is_none(web, token):
    for answer in (await web.get(f"/c/{token}"), await web.post(f"/c/{token}")):
        assert answer.status_code == 404
        assert "This link does not work" in answer.text


async def test_an_address_that_was_suppressed_meanwhile_is_told_and_not_subscribed(web):
    signup = await signed_up(web)
    with web.store.write() as tx:
        tx.suppressions.add(Suppression(address="mara@example.org", reason="complaint", at=NOW))
    assert "We cannot mail this address" in (await web.post(confirm_path(signup))).text
    with web.store.read() as tx:
        assert tx.subscribers.find("mara@example.org") == []


async def test_the_page_speaks_the_language_it_is_asked_in_and_so_does_what_follows(web):
    page = await web.get("/subscribe?language=ar")
    assert '<html lang="ar" dir="rtl">' in page.text
    web.installation.clock.advance(seconds=5)
    answer = await web.post("/subscribe", data={**hidden(page), "address": "mara@example.org", "newsletter": "morning"})
    assert "تفقّد بريدك" in answer.text
    (signup,) = kept(web)
    assert (signup.language, signup.choices["readers"].language) == ("ar", "ar")
    assert "تأكيد الاشتراك" in (await web.get(confirm_path(signup))).text


async def test_japanese_sentences_follow_one_another_without_a_space(web):
    page = await web.get("/subscribe?language=ja")
    web.installation.clock.advance(seconds=5)
    await web.post("/subscribe", data={**hidden(page), "address": "mara@example.org", "newsletter": "morning"})
    (signup,) = kept(web)
    assert "。</bdi>最初の号は" in (await web.get(confirm_path(signup))).text


@pytest.mark.parametrize("language", ["tlh", "../../x", "en" * 100, "\x00"])
async def test_a_language_without_words_is_the_newsrooms(web, language):
    page = await web.get("/subscribe", params={"language": language})
    assert '<html lang="en"' in page.text


async def test_where_nobody_may_subscribe_there_is_no_form(build_web):
    web = build_web(toml="")
    for path in ("/subscribe", "/subscribe/embed"):
        assert (await web.get(path)).status_code == 404
        assert (await web.post(path, data={"address": "mara@example.org"})).status_code == 404


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"address=%ff%fe&newsletter=morning&shown=%00"),
        ("application/x-www-form-urlencoded", b"&&&===%%%"),
        ("application/x-www-form-urlencoded", b"newsletter=a&" * 3000),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("multipart/form-data", b"no boundary"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="address"; filename="a"\r\n\r\nx\r\n--x--',
        ),
        ("text/plain", b"address=mara@example.org"),
        ("application/json", b"[]"),
    ],
)
async def test_a_broken_body_is_an_empty_form(web, kind, body):
    for path in ("/subscribe", "/subscribe/embed"):
        answer = await web.post(path, content=body, headers={"Content-Type": kind})
        assert answer.status_code == 422
    assert kept(web) == []
