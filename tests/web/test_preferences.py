from __future__ import annotations

import pytest

from bot.audience.links import UNSUBSCRIBE
from bot.model import Suppression
from bot.testing import KEYS, NOW, subscribe


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
    made = web.add_edition(state="drafted")
    answer = await web.post(f"/editions/{made.id}/cancel", data={}, headers={"Origin": "null"})
    assert answer.status_code == 403


CHOICES = """
[audiences.weekend]
name = "The Weekend <b>"
description = "Saturdays <i>early</i>"

[audiences.sport]
name = "Sport"
topics = ["Football", "Rowing & <script>alert(1)</script>"]

[audiences.staff]
name = "Staff only"
open = false

[sources.site]
type = "feed"
url = "https://record.example/feed"

[channels.mail]
type = "email"
from = "The Record <news@record.example>"
host = "mail.record.example"

[schedules.daily]
name = "Every day"
description = "At seven"
cron = "0 7 * * *"
audience = "sport"
channels = ["mail"]

[schedules.weekly]
name = "Once a week"
cron = "0 7 * * 6"
audience = "sport"
channels = ["mail"]

[schedules.off]
name = "Not any more"
cron = "0 7 * * 6"
audience = "sport"
enabled = false
channels = ["mail"]
"""


@pytest.fixture
def choosing(build_web):
    """Pages of a newsroom whose sport readers have something to choose."""
    return build_web(toml=CHOICES)


@pytest.fixture
def fan(choosing):
    return subscribe(choosing.store, "mara@example.org", audience="sport")[0]


def _kept(web, reader, audience="sport"):
    with web.store.read() as tx:
        return tx.subscribers.get(reader, audience).preferences


async def test_the_page_shows_all_that_can_be_chosen(choosing, fan):
    page = (await choosing.get(choosing.preferences_path(fan, "sport"))).text
    assert page.count('name="topics:sport"') == 2
    assert page.count(" checked>") == 4
    assert "Every day" in page and "At seven" in page and "Once a week" in page
    assert "Not any more" not in page
    assert page.count("<option") > 24 + 400
    assert '<optgroup label="Europe">' in page
    assert 'min="2026-11-25" max="2027-11-25"' in page


async def test_what_is_saved_is_shown_again_and_kept(choosing, fan):
    path = choosing.preferences_path(fan, "sport")
    fields = {
        "act": "save",
        "asked": ["topics:sport", "schedules:sport"],
        "topics:sport": ["Football"],
        "schedules:sport": ["weekly"],
        "hour": "18",
        "timezone": "Asia/Tokyo",
        "language": "en",
        "paused_until": "2026-12-14",
    }
    answer = await choosing.post(path, data=fields)
    assert answer.status_code == 200
    assert "Your preferences are saved." in answer.text
    assert "You get no mail before <bdi>14\u00a0December\u00a02026</bdi>." in answer.text
    for page in (answer.text, (await choosing.get(path)).text):
        assert '<option value="18" selected>' in page
        assert '<option value="Asia/Tokyo" selected>' in page
        assert 'value="2026-12-14"' in page
        assert page.count(" checked>") == 2
    assert _kept(choosing, fan).schedules == ("weekly",)


async def test_the_pages_speak_the_language_that_was_chosen(choosing, fan):
    path = choosing.preferences_path(fan, "sport")
    answer = await choosing.post(path, data={"act": "save", "language": "ar"})
    assert '<html lang="ar" dir="rtl">' in answer.text
    assert "حُفظت تفضيلاتك" in answer.text
    opened = choosing.data_path(fan)
    for other in (f"{path}/data", opened, f"{opened}/erase", choosing.unsubscribe_path(fan, "sport")):
        assert '<html lang="ar" dir="rtl">' in (await choosing.get(other)).text
    left = await choosing.post(choosing.unsubscribe_path(fan, "sport"), data={"scope": "one"})
    assert "أُلغي اشتراكك" in left.text


async def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(choosing, fan):
    path = choosing.preferences_path(fan, "sport")
    fields = {"act": "save", "asked": ["topics:sport", "schedules:sport"], "topics:sport": ["Football"]}
    answer = await choosing.post(path, data={**fields, "paused_until": "2031-01-01", "hour": "99"})
    assert answer.status_code == 422
    assert "Choose at least one" in answer.text
    assert "Choose an hour from the list." in answer.text
    assert "Choose a day from" in answer.text
    assert 'value="2031-01-01"' in answer.text
    assert answer.text.count('aria-invalid="true"') == 2
    assert not _kept(choosing, fan)


async def test_what_is_typed_into_a_field_is_never_markup(choosing, fan):
    evil = '"><script>alert(1)</script>'
    names = ("hour", "timezone", "language", "paused_until", "asked", "topics:sport", "audience")
    fields = {"act": "save", **dict.fromkeys(names, evil)}
    page = await choosing.post(choosing.preferences_path(fan, "sport"), data=fields)
    assert page.status_code == 422
    assert "<script" not in page.text


async def test_names_of_audiences_and_topics_are_text(choosing, fan):
    subscribe(choosing.store, "mara@example.org", audience="weekend")
    path = choosing.preferences_path(fan, "sport")
    for each in (path, choosing.data_path(fan), choosing.unsubscribe_path(fan, "weekend")):
        page = (await choosing.get(each)).text
        assert "The Weekend &lt;b&gt;" in page
        assert "<script" not in page and "<i>" not in page


async def test_a_reader_of_several_audiences_sees_each(choosing, fan):
    subscribe(choosing.store, "mara@example.org")
    page = (await choosing.get(choosing.preferences_path(fan, "sport"))).text
    assert page.count('value="leave"') == 2
    assert "scope=all" in page


async def test_what_is_open_can_be_joined_with_a_consent_of_its_own(choosing, fan, clock):
    path = choosing.preferences_path(fan, "sport")
    await choosing.post(path, data={"act": "save", "language": "fr", "hour": "7"})
    clock.advance(days=1)
    answer = await choosing.post(path, data={"act": "join", "audience": "weekend"})
    assert choosing.states(fan) == {"sport": "subscribed", "weekend": "subscribed"}
    assert "<bdi>The Weekend &lt;b&gt;</bdi>" in answer.text
    with choosing.store.read() as tx:
        consent = tx.subscribers.get(fan, "weekend").consent
        act = tx.acts.newest()[0]
    assert (consent.at, consent.evidence.form, consent.evidence.confirmed) == (clock(), "preferences", clock())
    assert "The Weekend" in consent.evidence.wording
    assert (act.what, act.before, act.after) == ("subscribe", "", "subscribed")
    assert (_kept(choosing, fan, "weekend").language, _kept(choosing, fan, "weekend").hour) == ("fr", 7)


async def test_what_is_not_open_cannot_be_joined(choosing, fan):
    page = await choosing.post(choosing.preferences_path(fan, "sport"), data={"act": "join", "audience": "staff"})
    assert choosing.states(fan) == {"sport": "subscribed"}
    assert "Staff only" not in page.text


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"act": ["save", "leave"], "audience": "sport" * 500}},
        {"content": b"act=save&hour=7;hour=8&" + b"asked=" * 900},
        {"content": b"&".join(b"topics:sport=x" for _ in range(3000))},
        {"content": b"\xff\xfe=\x00", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"content": b"{}", "headers": {"Content-Type": "application/json"}},
        {"files": {"hour": ("x.txt", b"7", "text/plain"), "act": (None, "save")}},
    ],
)
async def test_a_form_that_no_browser_sends_changes_nothing(choosing, fan, body):
    answer = await choosing.post(choosing.preferences_path(fan, "sport"), **body)
    assert answer.status_code < 500
    assert choosing.states(fan) == {"sport": "subscribed"}
    assert not _kept(choosing, fan)


async def test_who_gets_nothing_is_told_so_and_may_come_again(choosing, fan):
    path = choosing.preferences_path(fan, "sport")
    page = await choosing.post(path, data={"act": "leave", "audience": "sport"})
    assert "sends nothing to" in page.text
    assert 'value="save"' not in page.text
    assert 'value="join"' in page.text


async def test_without_a_link_of_ones_own_the_page_says_where_it_is(choosing):
    page = await choosing.get("/preferences")
    assert page.status_code == 200
    assert "Topics and frequency" in page.text
    assert 'href="./subscribe"' in page.text
