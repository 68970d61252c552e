"""LinkedIn against its strict fake: little text, cards, pictures, versions, what broke off, what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bot.channels.base import Editing, Posting, Recalling, Removing
from bot.channels.credentials import Credential
from bot.channels.linkedin import LinkedInChannel, LinkedInOptions, commentary_of, content_of
from bot.clock import SetClock
from bot.errors import ChannelRefused, DeliveryError, NothingToDo, OutcomeUnknown, ServerBusy
from bot.model import Card, Post, PostPicture
from bot.store import Store
from bot.testing import NOW
from bot.testing.networks import BREAK, DROP, Fault, running
from bot.testing.networks.linkedin import LinkedIn, little
from tests.channels.account import Around, around, keep, parcel
from tests.pictures import photograph, picture_site

REDIRECT = "https://news.record.example/oauth/callback"
CARD = Card(url="https://record.example/ferry", title="The ferry returns", description="From Monday.")


@dataclass
class Account:
    """A fake LinkedIn, connected."""

    base: str
    linkedin: LinkedIn
    store: Store

    def options(self, **fields: Any) -> LinkedInOptions:
        told = self.linkedin.credentials
        given = {
            "api": self.base,
            "oauth": f"{self.base}/oauth/v2",
            "client_id": told["client_id"],
            "client_secret": told["client_secret"],
            "organization": told["organization"],
            "version": told["version"],
        }
        return LinkedInOptions(**{**given, **fields})

    def channel(self, here: Around, **fields: Any) -> LinkedInChannel:
        return LinkedInChannel("li", self.options(**fields), here)

    def connect(self) -> None:
        told = self.linkedin.credentials
        keep(
            self.store,
            "li",
            Credential(
                access=told["token"],
                refresh=told["refresh_token"],
                account="page 2414183",
                id=told["member"],
                expires=NOW + timedelta(days=60),
                ends=NOW + timedelta(days=60),
            ),
        )


@pytest.fixture
def account(clock: SetClock, tmp_path: Any) -> Iterator[Account]:
    store = Store.open(f"sqlite:///{tmp_path}/linkedin.db")
    with running("linkedin", clock) as (base, state):
        made = Account(base, cast(LinkedIn, state), store)
        made.connect()
        yield made
    store.close()


async def test_a_page_posts_with_a_card_and_its_own_thumbnail(account: Account, clock: SetClock) -> None:
    with picture_site() as site:
        card = replace(CARD, image_url=site.put("/ferry.jpg", photograph()), image_alt="The ferry")
        async with around(clock, account.store) as here:
            receipt = await account.channel(here).send(parcel("Back on Monday (at last) #Ferry", card=card))
    (post,) = account.linkedin.visible
    assert post.id == receipt.id
    assert receipt.code == 201
    assert post.account == account.linkedin.organization
    assert post.text == "Back on Monday (at last) #Ferry"
    assert post.card is not None
    assert (post.card.url, post.card.title, post.card.description) == (CARD.url, CARD.title, CARD.description)
    assert post.card.thumbnail is not None
    assert post.card.thumbnail.alt == "The ferry"


async def test_a_member_posts_as_themselves(account: Account, clock: SetClock) -> None:
    async with around(clock, account.store) as here:
        await account.channel(here, organization="").send(parcel("Hello"))
    (post,) = account.linkedin.visible
    assert post.account == account.linkedin.member


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_pictures_bring_their_words(account: Account, clock: SetClock, number: int) -> None:
    with picture_site() as site:
        found = [site.put(f"/{each}.jpg", photograph((300 + each, 200))) for each in range(number)]
        pictures = tuple(PostPicture(url=url, alt=f"Picture {place}") for place, url in enumerate(found))
        async with around(clock, account.store) as here:
            await account.channel(here).send(parcel("Look", card=CARD, pictures=pictures))
    (post,) = account.linkedin.visible
    assert [each.alt for each in post.pictures] == [f"Picture {each}" for each in range(number)]


async def test_a_picture_that_is_not_to_be_had_never_costs_the_post(account: Account, clock: SetClock) -> None:
    card = replace(CARD, image_url=f"{account.base}/nothing.jpg")
    async with around(clock, account.store) as here:
        await account.channel(here).send(parcel("Look", card=card))
    (post,) = account.linkedin.visible
    assert post.card is not None
    assert post.card.thumbnail is None


@given(text=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=200))
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_is_cut_in_silence(text: str) -> None:
    assume("http" not in text)
    assert little(commentary_of(Post(text=text))) == text


def test_an_address_stays_whole() -> None:
    url = "https://record.example/ferry_again?utm_source=li_page&a=(b)"
    seen = little(commentary_of(Post(text=f"Ferry (again): {url} #Ferry", url=url)))
    assert seen == f"Ferry (again): {url.replace('(', '%28').replace(')', '%29')} #Ferry"


async def test_what_is_too_long_with_its_escapes_is_not_even_sent(account: Account, clock: SetClock) -> None:
    async with around(clock, account.store) as here:
        li = account.channel(here)
        await li.send(parcel("(" * 1500))
        with pytest.raises(DeliveryError, match="more than the 3,000 characters") as raised:
            await li.send(parcel("(" * 1501))
    assert raised.value.permanent
    assert len(account.linkedin.visible) == 1


async def test_the_same_words_twice_are_explained(account: Account, clock: SetClock) -> None:
    async with around(clock, account.store) as here:
        li = account.channel(here)
        await li.send(parcel())
        with pytest.raises(DeliveryError, match="takes the same words only once") as raised:
            await li.send(parcel())
    assert raised.value.permanent
    assert not isinstance(raised.value, ChannelRefused)


@pytest.mark.parametrize("fault", [BREAK, Fault(504, when="after"), Fault(500, when="after")], ids=str)
async def test_what_broke_off_after_it_was_written_is_unknown_and_found_again(
    account: Account, clock: SetClock, fault: Fault
) -> None:
    account.linkedin.fail(fault, path="/rest/posts", method="POST")
    async with around(clock, account.store) as here:
        li = account.channel(here)
        with pytest.raises(OutcomeUnknown):
            await li.send(parcel("Ferry (again) #Ferry"))
        clock.advance(minutes=2)
        receipt = await li.recall(parcel("Ferry (again) #Ferry"), NOW)
    assert receipt is not None
    assert receipt.id == account.linkedin.visible[0].id


async def test_what_never_arrived_is_surely_not_there(account: Account, clock: SetClock) -> None:
    account.linkedin.fail(DROP, path="/rest/posts", method="POST")
    async with around(clock, account.store) as here:
        li = account.channel(here)
        with pytest.raises(OutcomeUnknown):
            await li.send(parcel("Lost"))
        await li.send(parcel("Another"))
        clock.advance(minutes=2)
        assert await li.recall(parcel("Lost"), NOW) is None


async def test_a_post_that_is_told_in_other_words_is_left_to_the_editor(account: Account, clock: SetClock) -> None:
    clock.advance(minutes=2)
    shown = {"id": "urn:li:share:7", "commentary": "Ferry (again) #Ferry", "publishedAt": NOW.timestamp() * 1000}
    body = json.dumps({"elements": [shown]})
    account.linkedin.fail(Fault(200, {"content-type": "application/json"}, body), path="/rest/posts", method="GET")
    async with around(clock, account.store) as here:
        with pytest.raises(OutcomeUnknown, match="a post like it"):
            await account.channel(here).recall(parcel("Ferry (again) #Ferry"), NOW)


async def test_posts_that_were_changed_since_may_hide_it(account: Account, clock: SetClock) -> None:
    clock.advance(minutes=2)
    old, changed = (NOW - timedelta(days=9)).timestamp() * 1000, NOW.timestamp() * 1000
    rows = [{"id": f"{n}", "commentary": "Old", "publishedAt": old, "lastModifiedAt": changed} for n in range(50)]
    body = json.dumps({"elements": rows})
    account.linkedin.fail(Fault(200, {"content-type": "application/json"}, body), path="/rest/posts", method="GET")
    async with around(clock, account.store) as here:
        with pytest.raises(OutcomeUnknown, match="do not reach back"):
            await account.channel(here).recall(parcel("Ferry"), NOW)


async def test_a_members_posts_cannot_be_read_back(account: Account, clock: SetClock) -> None:
    clock.advance(minutes=2)
    async with around(clock, account.store) as here:
        with pytest.raises(OutcomeUnknown, match="look at the profile"):
            await account.channel(here, organization="").recall(parcel(), NOW)
    assert account.linkedin.asked == []


async def test_a_post_is_edited_where_it_stands_and_keeps_its_card(account: Account, clock: SetClock) -> None:
    async with around(clock, account.store) as here:
        li = account.channel(here)
        receipt = await li.send(parcel("Twelve berths", card=CARD))
        await li.edit(receipt.id, parcel("Correction: six berths (not twelve)"))
        await li.edit(receipt.id, parcel("Correction: six berths (not twelve)"))
        with pytest.raises(DeliveryError, match="no post of LinkedIn"):
            await li.edit("../v2/userinfo", parcel())
    (post,) = account.linkedin.visible
    assert post.text == "Correction: six berths (not twelve)"
    assert post.card is not None


async def test_a_removed_post_is_gone_and_may_be_removed_again(account: Account, clock: SetClock) -> None:
    async with around(clock, account.store) as here:
        li = account.channel(here)
        receipt = await li.send(parcel())
        await li.remove(receipt.id)
        await li.remove(receipt.id)
    assert account.linkedin.visible == []


async def test_an_edit_of_a_removed_post_is_refused_for_good(account: Account, clock: SetClock) -> None:
    async with around(clock, account.store) as here:
        li = account.channel(here)
        receipt = await li.send(parcel())
        await li.remove(receipt.id)
        with pytest.raises(DeliveryError) as raised:
            await li.edit(receipt.id, parcel("Changed"))
    assert raised.value.permanent


async def test_a_version_that_linkedin_retired_says_what_to_set(account: Account, clock: SetClock) -> None:
    async with around(clock, account.store) as here:
        with pytest.raises(
            ChannelRefused, match=r"retired the API version 202401: set channels\.li\.version"
        ) as raised:
            await account.channel(here, version="202401").send(parcel())
        # What it names is one that lives.
        named = str(raised.value).rpartition('such as "')[2][:6]
        await account.channel(here, version=named).send(parcel())


async def test_check_warns_of_a_version_before_it_ends(account: Account, clock: SetClock) -> None:
    async with around(clock, account.store) as here:
        new = await account.channel(here).check()
        old = await account.channel(here, version=account.linkedin.versions[-1]).check()
        member = await account.channel(here, organization="").check()
    assert new.endswith("and may post as page 2414183")
    assert "11 months old: set channels.li.version anew soon" in old
    assert member.endswith("as Ines Okafor")


async def test_a_page_that_is_not_ours_pauses_the_channel_and_says_where_to_look(
    account: Account, clock: SetClock
) -> None:
    async with around(clock, account.store) as here:
        with pytest.raises(ChannelRefused, match="administrator of the page"):
            await account.channel(here, organization="999").send(parcel())


@pytest.mark.parametrize("how", ["revoked", "expired"])
async def test_a_permission_that_is_over_names_the_command(account: Account, clock: SetClock, how: str) -> None:
    if how == "revoked":
        account.linkedin.revoke()
    else:
        clock.advance(days=61)
    async with around(clock, account.store) as here:
        version = {"version": account.linkedin.versions[0]}
        with pytest.raises(ChannelRefused, match="its permission has ended; run `broadsheet channels connect li`"):
            await account.channel(here, **version).send(parcel())


async def test_the_days_posts_are_waited_for_until_midnight_utc(clock: SetClock, tmp_path: Any) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/linkedin.db")
    with running("linkedin", clock, posts_a_day=1) as (base, state):
        account = Account(base, cast(LinkedIn, state), store)
        account.connect()
        async with around(clock, store) as here:
            li = account.channel(here)
            await li.send(parcel("One"))
            with pytest.raises(ServerBusy) as raised:
                await li.send(parcel("Two"))
    store.close()
    assert raised.value.retry_after == 17 * 3600


async def test_a_page_is_connected_and_says_which(account: Account, clock: SetClock) -> None:
    async with around(clock, account.store) as here:
        li = account.channel(here)
        begun = await li.sign_in(REDIRECT, "state")
        assert "code_challenge" not in begun.url
        answer = await here.http.request("GET", begun.url)
        back = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
        credential = await li.connect(back, begun, REDIRECT)
        with pytest.raises(NothingToDo):
            await li.renew(credential)
    assert (credential.account, credential.ends) == ("page 2414183", NOW + timedelta(days=60))


async def test_a_member_of_an_approved_app_is_renewed(clock: SetClock, tmp_path: Any) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/linkedin.db")
    with running("linkedin", clock, refreshable=True) as (base, state):
        account = Account(base, cast(LinkedIn, state), store)
        async with around(clock, store) as here:
            li = account.channel(here, organization="")
            begun = await li.sign_in(REDIRECT, "state")
            answer = await here.http.request("GET", begun.url)
            credential = await li.connect(dict(parse_qsl(urlsplit(answer.headers["location"]).query)), begun, REDIRECT)
            renewed = await li.renew(credential)
    store.close()
    assert (credential.account, credential.id) == ("Ines Okafor", account.linkedin.member)
    assert credential.ends == NOW + timedelta(days=365)
    assert renewed.access != credential.access


async def test_the_token_is_shown_to_no_address_but_linkedins(account: Account, clock: SetClock) -> None:
    async with around(clock, account.store) as here:
        real = account.channel(here, api="https://api.linkedin.com")
        asked = [
            real._is_own(url)
            for url in (
                "https://www.linkedin.com/dms-uploads/1",
                "http://www.linkedin.com/dms-uploads/1",
                "https://linkedin.com.evil.example/dms-uploads/1",
                "https://evillinkedin.com/dms-uploads/1",
                "https://user:pass@evil.example/?https://www.linkedin.com",
            )
        ]
    assert asked == [True, False, False, False, False]


async def test_the_payload_shows_what_is_sent(account: Account, clock: SetClock) -> None:
    async with around(clock, account.store) as here:
        li = account.channel(here)
        payload = li.payload(parcel("Hello (you)", card=replace(CARD, image_url="https://record.example/f.jpg")))
        assert isinstance(li, Posting)
        assert isinstance(li, Recalling)
        assert isinstance(li, Editing)
        assert isinstance(li, Removing)
    assert payload["commentary"] == r"Hello \(you\)"
    assert payload["content"]["article"]["thumbnail"] == "https://record.example/f.jpg"


def test_a_card_without_a_title_is_none() -> None:
    assert content_of(Post(text="x", card=Card(url="https://record.example", title="")), [], "") is None
