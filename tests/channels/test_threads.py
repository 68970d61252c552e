"""A Threads profile, against its fake."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from bot.channels.credentials import Credential, closed, signs_in
from bot.channels.threads import INSIGHTS, ThreadsChannel
from bot.clock import SetClock
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy, SettingsError
from bot.model import EditionState, Post
from bot.store import Store
from bot.testing import KEYS
from bot.testing.networks import BREAK, DROP, HANG, Fault
from bot.testing.networks.threads import SCOPES, Threads
from tests.channels.posts import BARE, HOSTILE_POST, TITLE, URL, opened, parcel, pictured, refusal, served_by
from tests.delivery.posting import Process, begin, books, thread

PICTURE = "https://record.example/ferry.jpg"
BACK = "https://desk.record.example/connected"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ThreadsChannel, "waits", (0, 0))


@pytest.fixture
def threads(clock: SetClock, stage) -> tuple[Threads, dict[str, str]]:
    network = Threads(clock)
    base = served_by(stage, network)
    return network, {"api": base, "login": base, "token": network.credentials["token"]}


def made(network: Threads) -> int:
    """How many containers were made."""
    return sum(each.path == "/v1.0/me/threads" and each.method == "POST" for each in network.asked)


async def test_a_post_has_its_words_a_card_and_the_quota_that_is_left(threads, clock, store: Store) -> None:
    network, options = threads
    async with opened("threads", clock, store=store, **options) as channel:
        receipt = await channel.send(parcel(BARE))
    (post,) = network.visible
    assert (post.text, post.url, receipt.id) == (BARE.text, URL, post.id)
    assert receipt.quota is not None
    assert (receipt.quota.remaining, receipt.quota.limit) == (249, 250)
    assert receipt.quota.resets == clock() + timedelta(days=1)


async def test_a_picture_is_fetched_by_the_network_and_has_its_description(threads, clock, store: Store) -> None:
    network, options = threads
    post = pictured(PICTURE, alt="a" * 1200)
    async with opened("threads", clock, store=store, **options) as channel:
        told = channel.payload(parcel(post))
        await channel.send(parcel(post))
    (posted,) = network.visible
    assert (posted.text, posted.pictures[0].url, posted.pictures[0].alt) == (BARE.text, PICTURE, "a" * 1000)
    assert told == {"media_type": "IMAGE", "text": BARE.text, "image_url": PICTURE, "alt_text": "a" * 1000}


async def test_a_picture_that_the_network_cannot_reach_costs_the_picture_not_the_post(threads, clock, store) -> None:
    network, options = threads
    async with opened("threads", clock, store=store, **options) as channel:
        await channel.send(parcel(pictured("http://127.0.0.1:9/ferry.jpg")))
    (post,) = network.visible
    assert (post.text, post.pictures, post.url) == (BARE.text, (), URL)


async def test_a_picture_that_fails_while_it_is_fetched_costs_the_picture_not_the_post(threads, clock, store) -> None:
    network, options = threads
    told = '{"status": "ERROR", "error_message": "UNKNOWN"}'
    network.fail(Fault(200, {"Content-Type": "application/json"}, told), path="/v1.0/18*")
    async with opened("threads", clock, store=store, **options) as channel:
        await channel.send(parcel(pictured(PICTURE)))
    (post,) = network.visible
    assert (post.text, post.pictures) == (BARE.text, ())


async def test_markup_is_words_here(threads, clock, store: Store) -> None:
    network, options = threads
    async with opened("threads", clock, store=store, **options) as channel:
        await channel.send(parcel(HOSTILE_POST))
    assert network.visible[0].text == HOSTILE_POST.text


@pytest.mark.parametrize("fault", [BREAK, HANG, Fault(502, when="after"), Fault(500, when="after")])
async def test_a_publishing_whose_answer_is_lost_is_unknown_and_stays_so_without_a_store(threads, clock, fault) -> None:
    network, options = threads
    network.fail(fault, path="*/threads_publish")
    async with opened("threads", clock, timeout="1s", **options) as channel:
        assert isinstance(await refusal(channel.send(parcel(BARE)), options["token"]), OutcomeUnknown)
        assert isinstance(await refusal(channel.recall(parcel(BARE), clock()), options["token"]), OutcomeUnknown)


async def test_what_is_out_is_told_by_its_container_and_sent_again_stands_there_once(threads, clock, store) -> None:
    network, options = threads
    network.fail(BREAK, path="*/threads_publish")
    async with opened("threads", clock, store=store, **options) as channel:
        assert isinstance(await refusal(channel.send(parcel(BARE)), options["token"]), OutcomeUnknown)
    async with opened("threads", clock, store=store, **options) as restarted:
        recalled = await restarted.recall(parcel(BARE), clock())
        again = await restarted.send(parcel(BARE))
    (post,) = network.visible
    assert recalled.id == again.id == post.id
    assert made(network) == 1


async def test_a_container_that_the_network_forgot_is_no_second_post(threads, clock, store: Store) -> None:
    network, options = threads
    network.fail(BREAK, path="*/threads_publish")
    async with opened("threads", clock, store=store, **options) as channel:
        await refusal(channel.send(parcel(BARE)), options["token"])
        network._containers.clear()
        recalled = await channel.recall(parcel(BARE), clock())
        again = await channel.send(parcel(BARE))
        (post,) = network.visible
        assert recalled.id == again.id == post.id
        await channel.remove(post.id)
        assert isinstance(await refusal(channel.recall(parcel(BARE), clock()), options["token"]), OutcomeUnknown)


async def test_what_is_not_out_is_surely_not_and_the_same_container_is_published(threads, clock, store: Store) -> None:
    network, options = threads
    network.fail(DROP, path="*/threads_publish")
    async with opened("threads", clock, store=store, **options) as channel:
        assert isinstance(await refusal(channel.send(parcel(BARE)), options["token"]), OutcomeUnknown)
        assert await channel.recall(parcel(BARE), clock()) is None
        await channel.send(parcel(BARE))
    assert made(network) == len(network.visible) == 1


async def test_a_crash_before_anything_was_made_left_nothing(threads, clock, store: Store) -> None:
    _, options = threads
    async with opened("threads", clock, store=store, **options) as channel:
        assert await channel.recall(parcel(BARE), clock()) is None


async def test_a_container_whose_answer_is_lost_is_made_again_and_published_once(threads, clock, store: Store) -> None:
    network, options = threads
    network.fail(BREAK, path="*/threads", method="POST")
    async with opened("threads", clock, store=store, **options) as channel:
        error = await refusal(channel.send(parcel(BARE)), options["token"])
        assert (type(error), error.permanent) == (DeliveryError, False)
        await channel.send(parcel(BARE))
    assert made(network) == 2
    assert len(network.visible) == 1


async def test_a_request_that_was_taken_for_lost_and_arrives_late_is_no_second_post(threads, clock, store) -> None:
    """The status says FINISHED, then the lost request publishes, then ours comes."""
    network, options = threads
    network.fail(DROP, path="*/threads_publish")
    async with opened("threads", clock, store=store, **options) as channel:
        assert isinstance(await refusal(channel.send(parcel(BARE)), options["token"]), OutcomeUnknown)
        ready = Fault(200, {"Content-Type": "application/json"}, '{"status": "FINISHED"}')
        network.fail(ready, times=2, path="/v1.0/18*")
        container = next(iter(network._containers))
        headers = {"Authorization": f"Bearer {options['token']}"}
        async with httpx.AsyncClient(base_url=options["api"], headers=headers) as late:
            await late.post("/v1.0/me/threads_publish", data={"creation_id": container})
        receipt = await channel.send(parcel(BARE))
    (post,) = network.visible
    assert receipt.id == post.id


async def test_a_container_that_ended_is_made_anew(threads, clock, store: Store) -> None:
    network, options = threads
    network.fail(DROP, path="*/threads_publish")
    async with opened("threads", clock, store=store, **options) as channel:
        await refusal(channel.send(parcel(BARE)), options["token"])
        clock.advance(hours=25)
        assert await channel.recall(parcel(BARE), clock()) is None
        await channel.send(parcel(BARE))
    assert made(network) == 2
    assert len(network.visible) == 1


async def test_a_text_that_was_changed_meanwhile_is_the_one_that_goes_out(threads, clock, store: Store) -> None:
    network, options = threads
    network.fail(DROP, path="*/threads_publish")
    said = replace(BARE, text=BARE.text.replace("again", "on Monday"))
    async with opened("threads", clock, store=store, **options) as channel:
        await refusal(channel.send(parcel(BARE)), options["token"])
        await channel.send(parcel(said))
    assert [each.text for each in network.visible] == [said.text]


async def test_what_takes_long_to_be_made_ready_is_gone_on_with_later(clock, stage, store: Store) -> None:
    network = Threads(clock, processing=5)
    base = served_by(stage, network)
    options = {"api": base, "token": network.credentials["token"]}
    async with opened("threads", clock, store=store, **options) as channel:
        error = await refusal(channel.send(parcel(BARE)), options["token"])
        assert (error.permanent, error.retry_after) == (False, 60)
        error = await refusal(channel.recall(parcel(BARE), clock()), options["token"])
        assert (type(error), error.permanent) == (DeliveryError, False)
        await channel.send(parcel(BARE))
    assert made(network) == len(network.visible) == 1


async def test_the_parts_of_a_thread_answer_one_another(threads, clock, store: Store) -> None:
    network, options = threads
    async with opened("threads", clock, store=store, **options) as channel:
        first = await channel.send(parcel(BARE, token="a" * 26))
        await channel.send(parcel(replace(BARE, text="2/2", answers=first.id), token="b" * 26))
    assert network.visible[1].reply_to == first.id


async def test_a_post_is_taken_down_and_twice_is_no_fault(threads, clock, store: Store) -> None:
    network, options = threads
    async with opened("threads", clock, store=store, **options) as channel:
        receipt = await channel.send(parcel(BARE))
        for _ in range(2):
            await channel.remove(receipt.id)
        assert (await refusal(channel.remove("me"), options["token"])).permanent
    assert network.visible == []


async def test_a_token_that_was_revoked_refuses_the_channel_and_says_where_the_new_one_goes(threads, clock) -> None:
    network, options = threads
    network.revoke()
    async with opened("threads", clock, **options) as channel:
        for asked in (channel.send(parcel(BARE)), channel.check()):
            error = await refusal(asked, options["token"])
            assert isinstance(error, ChannelRefused)
            assert "BROADSHEET_NEWS_TOKEN" in str(error)


async def test_the_251st_post_of_a_day_waits(threads, clock, store: Store) -> None:
    network, options = threads
    async with opened("threads", clock, store=store, **options) as channel:
        for _ in range(250):
            network._publishing.take(clock())
        error = await refusal(channel.send(parcel(BARE)), options["token"])
        assert isinstance(error, ServerBusy)
        clock.advance(hours=24, seconds=1)
        await channel.send(parcel(BARE))
    assert len(network.visible) == 1


async def test_a_server_in_trouble_never_refuses_the_channel(threads, clock, store: Store) -> None:
    network, options = threads
    async with opened("threads", clock, store=store, **options) as channel:
        for path in ("*/threads", "*/threads_publish"):
            network.fail(Fault(503, body='{"error": {"code": 190}}'), path=path)
            assert not isinstance(await refusal(channel.send(parcel(BARE)), options["token"]), ChannelRefused)


@pytest.mark.parametrize(
    "text", ["x" * 501, "🛥️" * 80, " ".join(f"https://record.example/{number}" for number in range(6))]
)
async def test_what_the_network_would_refuse_never_goes_out(threads, clock, text) -> None:
    network, options = threads
    async with opened("threads", clock, **options) as channel:
        assert (await refusal(channel.send(parcel(Post(text=text))), options["token"])).permanent
    assert network.asked == []


async def test_a_check_says_whose_token_it_is(threads, clock) -> None:
    _, options = threads
    async with opened("threads", clock, **options) as channel:
        assert (await channel.check()).startswith("posts as @record to 127.0.0.1")


async def test_an_editor_who_signs_in_gives_a_token_of_sixty_days_that_is_renewed(threads, clock, store) -> None:
    network, options = threads
    given = network.credentials
    asked = {"api": options["api"], "login": options["login"]}
    asked |= {"client_id": given["client_id"], "client_secret": given["client_secret"]}
    async with opened("threads", clock, store=store, **asked) as channel:
        error = await refusal(channel.send(parcel(BARE)), "threads-secret")
        assert isinstance(error, ChannelRefused)
        assert "broadsheet channels connect news" in str(error)
        begun = await channel.sign_in(BACK, "state-1")
        async with httpx.AsyncClient() as browser:
            came = await browser.get(begun.url)
        query = {key: values[0] for key, values in parse_qs(urlsplit(came.headers["location"]).query).items()}
        credential = await channel.connect(query, begun, BACK)
        assert (credential.account, credential.id) == ("@record", given["user"])
        assert credential.ends == clock() + timedelta(days=60)
        with store.write() as tx:
            kept = closed(credential, KEYS)
            tx.channels.save("news", kept, account="@record", expires=credential.ends, now=clock(), serial=0)
        await channel.send(parcel(BARE, token="a" * 26))
        # Renewed at half its life, again and again: a year later it still posts.
        for number in range(9):
            clock.advance(days=40)
            await channel.send(parcel(replace(BARE, text=f"{TITLE} {number}"), token=f"{number:026d}"))
    assert len(network.visible) == 10
    with store.read() as tx:
        assert tx.channels.get("news").expires == clock() + timedelta(days=60)


async def test_a_renewal_that_is_refused_says_to_connect_again_and_quotes_no_token(threads, clock, store) -> None:
    network, options = threads
    token = options["token"]
    asked = {"api": options["api"], "client_id": "threads-app", "client_secret": "threads-secret"}
    async with opened("threads", clock, store=store, **asked) as channel:
        network.revoke()
        begun = await channel.sign_in(BACK, "s")
        error = await refusal(channel.connect({"code": "a-code-that-is-none"}, begun, BACK), "a-code-that-is-none")
        assert error.permanent
        told = f'{{"error": {{"message": "{token} is over", "code": 190}}}}'
        network.fail(Fault(400, {"Content-Type": "application/json"}, told), path="/refresh_access_token")
        refused = await refusal(channel.renew(Credential(access=token)), token)
        assert isinstance(refused, ChannelRefused)


async def test_a_profile_whose_token_is_given_needs_no_sign_in(threads, clock, store: Store) -> None:
    _, options = threads
    async with opened("threads", clock, **options) as channel:
        assert not signs_in(channel)
        assert (await refusal(channel.sign_in(BACK, "s"), options["token"])).permanent
    asked = {"api": options["api"], "client_id": "threads-app", "client_secret": "threads-secret"}
    async with opened("threads", clock, store=store, **asked) as channel:
        assert signs_in(channel)


async def test_without_a_way_to_sign_in_and_a_token_nothing_starts(clock) -> None:
    with pytest.raises(SettingsError, match="BROADSHEET_NEWS_CLIENT_SECRET"):
        async with opened("threads", clock, client_id="1234"):
            pass


async def test_without_a_picture_no_card_is_asked_for(threads, clock, store: Store) -> None:
    network, options = threads
    async with opened("threads", clock, store=store, picture="none", **options) as channel:
        await channel.send(parcel(BARE))
    assert network.visible[0].card is None


@pytest.mark.parametrize("fault", [BREAK, DROP], ids=["it is out", "it is not"])
async def test_a_thread_goes_out_once_in_its_order_though_a_process_dies_over_its_second_part(
    threads, clock, store: Store, fault
) -> None:
    """Through the ledger: the answer to the second publishing is lost, and another process goes on."""
    network, options = threads
    made_edition = begin(store, clock(), *thread("Ferry", 3))
    async with opened("threads", clock, store=store, gap="10s", **options) as channel:
        await Process(store, clock, channel).look()
        assert [each.text for each in network.visible] == ["Ferry"]
        network.fail(fault, path="*/threads_publish")
        for _ in range(12):
            clock.advance(seconds=20)
            await Process(store, clock, channel).look()
    assert books(store, made_edition) == (EditionState.SENT, {"accepted": 3})
    assert [each.text for each in network.visible] == ["Ferry", "Ferry/2", "Ferry/3"]
    assert [each.reply_to for each in network.visible] == ["", network.posts[0].id, network.posts[1].id]


async def test_without_the_permission_for_insights_it_says_which_one_is_missing(clock, stage, store: Store) -> None:
    network = Threads(clock, scopes=[each for each in SCOPES if each != INSIGHTS])
    base = served_by(stage, network)
    options = {"api": base, "login": base, "token": network.credentials["token"], "reactions": True}
    async with opened("threads", clock, store=store, **options) as channel:
        receipt = await channel.send(parcel(BARE))
        with pytest.raises(ChannelRefused) as raised:
            await channel.measure([receipt.id])
    assert INSIGHTS in str(raised.value)


@pytest.mark.parametrize("reactions", [True, False])
async def test_the_permission_for_insights_is_asked_for_only_where_reactions_are_wanted(
    clock, stage, store: Store, reactions: bool
) -> None:
    base = served_by(stage, Threads(clock))
    options = {"api": base, "login": base, "client_id": "threads-app", "client_secret": "threads-secret"}
    async with opened("threads", clock, store=store, reactions=reactions, **options) as channel:
        begun = await channel.sign_in(BACK, "state")
    assert (INSIGHTS in parse_qs(urlsplit(begun.url).query)["scope"][0].split(",")) is reactions
