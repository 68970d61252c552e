from __future__ import annotations

from bot.audience.links import UNSUBSCRIBE
from bot.model import Suppression
from bot.testing import KEYS, NOW


async def test_looking_changes_nothing(web, reader):
    async with web.client() as client:
        for method in ("GET", "HEAD") * 3:
            await client.request(method, web.preferences_path(reader), params={"act": "leave", "audience": "readers"})
    assert web.states(reader) == {"readers": "subscribed", "weekend": "subscribed"}


async def test_it_shows_each_audience_with_its_state(web, reader):
    page = await web.get(web.preferences_path(reader))
    assert "Morning briefing" in page.text
    assert "The Weekend" in page.text
    assert page.text.count('value="leave"') == 2
    assert "24 November 2026" in page.text.replace("\u00a0", " ")


async def test_a_reader_leaves_one_and_comes_again_with_a_new_consent(web, reader, clock):
    path = web.preferences_path(reader)
    clock.advance(days=1)
    left = await web.post(path, data={"act": "leave", "audience": "weekend"})
    assert "is not sent to you any more" in left.text
    assert web.states(reader) == {"readers": "subscribed", "weekend": "unsubscribed"}
    clock.advance(days=1)
    joined = await web.post(path, data={"act": "join", "audience": "weekend"})
    assert "from the next edition on" in joined.text
    with web.store.read() as tx:
        subscriber = tx.subscribers.get(reader, "weekend")
        acts = [(act.who, act.what) for act in tx.acts.newest()]
    assert (subscriber.state, subscriber.consent.at, subscriber.consent.via) == (
        "subscribed",
        clock(),
        "preferences page",
    )
    assert acts == [("reader", "resubscribe"), ("reader", "unsubscribe")]


async def test_an_audience_the_reader_never_chose_cannot_be_joined_or_left(web, reader):
    for audience in ("sport", "", "<script>"):
        for act in ("join", "leave"):
            await web.post(web.preferences_path(reader), data={"act": act, "audience": audience})
    assert web.states(reader) == {"readers": "subscribed", "weekend": "subscribed"}


async def test_a_blocked_address_is_told_that_nothing_is_mailed(web, reader):
    with web.store.write() as tx:
        tx.suppressions.add(Suppression(address="mara@example.org", reason="bounced", at=NOW))
    assert "holding back all mail" in (await web.get(web.preferences_path(reader))).text


async def test_a_token_of_the_unsubscribe_link_is_none_here(web, reader):
    assert (await web.get(f"/p/{KEYS.sign(UNSUBSCRIBE, reader, 'readers', '')}")).status_code == 404


async def test_a_form_of_another_site_is_refused(web, reader):
    data = {"act": "leave", "audience": "readers"}
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
    ):
        answer = await web.post(web.preferences_path(reader), data=data, headers=headers)
        assert answer.status_code == 403
    assert web.states(reader)["readers"] == "subscribed"
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
    assert (await web.post(web.preferences_path(reader), data=data, headers=own)).status_code == 200
    assert web.states(reader)["readers"] == "unsubscribed"


async def test_a_browser_that_hides_where_its_form_is_from_is_heard_on_a_page_with_a_token(web, reader):
    data = {"act": "leave", "audience": "weekend"}
    hidden = {"Origin": "null"}
    assert (await web.post(web.preferences_path(reader), data=data, headers=hidden)).status_code == 200
    assert web.states(reader)["weekend"] == "unsubscribed"
    foreign = {"Origin": "null", "Sec-Fetch-Site": "cross-site"}
    assert (await web.post(web.preferences_path(reader), data=data, headers=foreign)).status_code == 403


async def test_a_desk_form_from_nowhere_is_refused(web):
    made = web.add_edition(state="draft")
    answer = await web.post(f"/editions/{made.id}/cancel", data={}, headers={"Origin": "null"})
    assert answer.status_code == 403
