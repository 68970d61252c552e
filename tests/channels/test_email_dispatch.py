from __future__ import annotations

import asyncio
import ssl
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from itertools import pairwise
from typing import Any

import dkim
import pytest

from bot.channels.email import EmailChannel, EmailOptions
from bot.channels.email.signing_key import SigningKey
from bot.clock import SetClock
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy
from bot.http import Http
from bot.model import Email, MergeField, Newsroom, Parcel, Receipt, Recipient, Rendition
from bot.settings.tables import HttpTable
from bot.store import Store
from bot.testing import KEYS, NOW
from tests.channels.scripted import ONE_BY_ONE, PIPELINING, Script, serving

HTTP = Http(HttpTable(), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
EDITION = "k7f3q9xdabcd"
REST = timedelta(minutes=5)
RSA = SigningKey.new("record.example", "news")
RENDITION = Rendition(
    channel="mail",
    email=Email(
        subject="Ferry returns",
        preheader="",
        html=f'<p>The ferry.</p><a href="{MergeField.UNSUBSCRIBE_URL.hole(EDITION)}">out</a>',
        text=f"The ferry.\nout: {MergeField.UNSUBSCRIBE_URL.hole(EDITION)}\n",
    ),
)


@dataclass
class Surroundings:
    clock: Any
    store: Store | None = None
    newsroom: Newsroom = Newsroom(
        name="The Record", url="https://record.example", public_url="https://news.record.example"
    )
    http: Http = HTTP
    keys: Any = KEYS


def parcel(number: int, domain: str = "readers.test") -> Parcel:
    return Parcel(
        token=f"token{number:021d}",
        edition=EDITION,
        schedule="morning",
        slot=NOW,
        rendition=RENDITION,
        recipient=Recipient(subscriber=number, address=f"reader{number}@{domain}", audience="readers"),
        delivery=number,
    )


class Feed:
    """Keeps the protocol of ``bot.channels.base.Feed``, and breaks the test at who does not."""

    def __init__(self, parcels: Iterable[Parcel], *, denied: Iterable[int] = (), stops_after: int = 10**9) -> None:
        self.waiting = deque(parcels)
        self.all = {each.delivery for each in self.waiting}
        self.denied = set(denied)
        self.stops_after = stops_after
        self.taken = 0
        self.looked = 0
        self.out: set[int] = set()
        self.allowed: set[int] = set()
        self.answers: dict[int, list[Receipt | Exception]] = {}
        self.dropped: list[int] = []
        self.postponed: dict[int, datetime] = {}
        self.most_unknown = 0

    def take(self) -> Parcel | None:
        self.looked += 1
        if not self.waiting or self.taken >= self.stops_after:
            return None
        self.taken += 1
        taken = self.waiting.popleft()
        assert taken.delivery not in self.out
        self.out.add(taken.delivery)
        return taken

    def give_back(self, parcel: Parcel, not_before: datetime | None = None) -> None:
        self.out.remove(parcel.delivery)
        assert parcel.delivery not in self.allowed
        self.taken -= 1
        if not_before:
            self.postponed[parcel.delivery] = not_before
        else:
            self.waiting.appendleft(parcel)

    async def ahead(self, parcel: Parcel) -> bool:
        assert parcel.delivery in self.out
        assert parcel.delivery not in self.allowed
        await asyncio.sleep(0)
        if parcel.delivery in self.denied:
            self.out.remove(parcel.delivery)
            self.dropped.append(parcel.delivery)
            return False
        self.allowed.add(parcel.delivery)
        self.most_unknown = max(self.most_unknown, len(self.allowed))
        return True

    def settle(self, parcel: Parcel, answer: Receipt | Exception, *, elsewhere: bool = False) -> timedelta:
        self.out.remove(parcel.delivery)
        self.allowed.discard(parcel.delivery)
        self.answers.setdefault(parcel.delivery, []).append(answer)
        busy = isinstance(answer, ServerBusy)
        if busy and elsewhere and len(self.answers[parcel.delivery]) < 50:
            self.waiting.append(parcel)
        return REST if busy else timedelta(0)

    @property
    def accepted(self) -> set[int]:
        return {number for number, answers in self.answers.items() if isinstance(answers[-1], Receipt)}

    def of(self, kind: type) -> set[int]:
        return {number for number, answers in self.answers.items() if isinstance(answers[-1], kind)}

    def balanced(self) -> bool:
        """Nothing is out, and each parcel has exactly one place."""
        where = [*self.answers.keys() - {each.delivery for each in self.waiting}, *self.dropped, *self.postponed]
        return not self.out and sorted([*where, *(each.delivery for each in self.waiting)]) == sorted(self.all)


def many(count: int, domain: str = "readers.test", first: int = 1) -> list[Parcel]:
    return [parcel(number, domain) for number in range(first, first + count)]


@dataclass
class Place:
    """Servers, and the channel that sends by them."""

    channel: EmailChannel
    scripts: dict[str, Script]
    clock: Any

    def kept(self, name: str) -> int:
        return len(self.scripts[name].kept)

    @property
    def recipients(self) -> Counter[str]:
        return Counter(recipient for script in self.scripts.values() for _, recipient, _ in script.kept)

    def line(self, name: str) -> Any:
        return next(line for line in self.channel._lines if line.name == name)


Opened = Callable[..., Awaitable[Place]]


@dataclass
class Opener:
    stack: AsyncExitStack
    store: Store | None = None

    async def __call__(
        self, scripts: dict[str, Script], options: dict[str, dict[str, Any]] | None = None, **own: Any
    ) -> Place:
        clock = own.pop("clock", SetClock(NOW))
        servers = {}
        for name, script in scripts.items():
            port = await self.stack.enter_async_context(serving(script))
            given = {"host": "127.0.0.1", "port": port, "security": "none", "timeout": "2s"}
            servers[name] = {**given, **(options or {}).get(name, {})}
        made = EmailOptions(**{"from": "The Record <briefing@record.example>", "servers": servers, **own})
        channel = EmailChannel("mail", made, Surroundings(clock, self.store))
        await self.stack.enter_async_context(channel)
        return Place(channel, scripts, clock)


@pytest.fixture
async def opened() -> Any:
    async with AsyncExitStack() as stack, asyncio.timeout(30):
        yield Opener(stack)


@pytest.fixture
async def opened_with_store(store: Store) -> Any:
    async with AsyncExitStack() as stack, asyncio.timeout(30):
        yield Opener(stack, store)


# --- shares


async def test_servers_get_mail_by_their_weights(opened: Opened) -> None:
    place = await opened(
        {"big": Script(pace=0.002), "small": Script(pace=0.002)}, {"big": {"weight": 3}, "small": {"weight": 1}}
    )
    feed = Feed(many(400))
    await place.channel.carry(feed)
    assert feed.accepted == feed.all
    assert 270 <= place.kept("big") <= 330
    assert set(place.recipients.values()) == {1}


async def test_a_fast_server_waits_for_a_slow_one_only_while_that_has_connections_to_spare(opened: Opened) -> None:
    place = await opened({"fast": Script(), "slow": Script(pace=0.05)}, {"slow": {"connections": 1}})
    feed = Feed(many(200))
    await place.channel.carry(feed)
    assert feed.accepted == feed.all
    assert place.kept("fast") > 150
    assert place.kept("slow") > 0


async def test_a_server_without_weight_is_idle_while_another_one_works(opened: Opened) -> None:
    place = await opened({"main": Script(), "spare": Script()}, {"spare": {"weight": 0}})
    feed = Feed(many(50))
    await place.channel.carry(feed)
    assert (place.kept("main"), place.kept("spare"), place.scripts["spare"].connections) == (50, 0, 0)


@pytest.mark.parametrize(
    "fault", [{"BANNER": "421 4.3.2 not now|close"}, {"MAIL": "451 4.3.0 later"}, {"BODY": "421 bye"}]
)
async def test_a_server_without_weight_steps_in_when_no_other_one_can(opened: Opened, fault: dict[str, str]) -> None:
    place = await opened({"main": Script(always=fault), "spare": Script()}, {"spare": {"weight": 0}})
    feed = Feed(many(50))
    await place.channel.carry(feed)
    assert feed.accepted == feed.all
    assert place.kept("spare") == 50
    assert set(place.recipients.values()) == {1}


# --- failover

FAULTS: dict[str, dict[str, str]] = {
    "421 at the door": {"BANNER": "421 4.3.2 too many|close"},
    "554 at the door": {"BANNER": "554 5.7.1 not you|close"},
    "hangs up": {"BANNER": "close"},
    "speaks nonsense": {"BANNER": "* OK IMAP4rev1"},
    "refuses the login": {"AUTH": "535 5.7.8 wrong"},
    "cannot log in": {"AUTH": "454 4.7.0 later"},
    "421 at MAIL": {"MAIL": "421 4.7.0 bye|close"},
    "451 at MAIL": {"MAIL": "451 4.3.0 later"},
    "421 at RCPT": {"RCPT": "421 4.7.0 bye|close"},
    "451 after the message": {"BODY": "451 4.3.0 later"},
    "hangs up at MAIL": {"MAIL": "close"},
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("signed", [False, True])
async def test_what_one_server_does_not_take_goes_by_the_other_once(opened: Opened, fault: str, signed: bool) -> None:
    offers = (*PIPELINING, "AUTH PLAIN")
    login = {"username": "bot", "password": "x"}
    keys = {"dkim_selector": "news", "dkim_key": RSA.pem} if signed else {}
    place = await opened(
        {"bad": Script(offers=offers, always=FAULTS[fault]), "good": Script(offers=offers, pace=0.001)},
        {"bad": login, "good": login},
        **keys,
    )
    feed = Feed(many(120))
    await place.channel.carry(feed)
    assert feed.balanced()
    assert feed.accepted == feed.all
    assert place.kept("good") == 120
    assert set(place.recipients.values()) == {1}
    assert place.line("bad").active == place.line("good").active == 0


async def test_a_server_that_is_not_there_costs_nobody_anything(opened: Opened, unused_tcp_port: int) -> None:
    place = await opened({"gone": Script(), "good": Script()}, {"gone": {"port": unused_tcp_port}})
    feed = Feed(many(60))
    await place.channel.carry(feed)
    assert feed.accepted == feed.all
    assert all(len(answers) == 1 for answers in feed.answers.values())
    assert place.channel.rests_until() is None


@pytest.mark.parametrize(("fault", "kind"), [("421 at the door", ServerBusy), ("refuses the login", ChannelRefused)])
async def test_the_only_server_is_not_asked_again_and_the_rest_waits(opened: Opened, fault: str, kind: type) -> None:
    script = Script(offers=(*PIPELINING, "AUTH PLAIN"), always=FAULTS[fault])
    place = await opened({"only": script}, {"only": {"username": "bot", "password": "x"}})
    feed = Feed(many(60))
    await place.channel.carry(feed)
    assert feed.balanced()
    assert {type(answers[-1]) for answers in feed.answers.values()} == {kind}
    assert len(feed.answers) <= 4
    assert script.connections <= 4
    until = place.channel.rests_until()
    assert until is not None
    assert until > NOW


async def test_a_server_that_takes_messages_and_never_answers_is_not_given_the_whole_edition(opened: Opened) -> None:
    script = Script(always={"BODY": "close"})
    place = await opened({"only": script}, {"only": {"connections": 3}})
    feed = Feed(many(60))
    await place.channel.carry(feed)
    assert feed.balanced()
    assert 1 <= len(feed.of(OutcomeUnknown)) <= 3
    assert len(feed.waiting) >= 57


# --- the breaker


async def test_a_server_that_failed_is_asked_with_one_message_and_then_given_the_rest(opened: Opened) -> None:
    script = Script(answers={"BANNER": ["421 4.3.2 not now|close"] * 4})
    place = await opened({"only": script})
    first = Feed(many(30))
    await place.channel.carry(first)
    assert not first.accepted
    until = place.channel.rests_until()
    assert until
    script.answers.clear()
    idle = Feed(many(30))
    await place.channel.carry(idle)
    assert (idle.answers, len(idle.waiting)) == ({}, 30)
    place.clock.moment = until
    script.always["BODY"] = "wait|normal"
    again = Feed(many(30))
    carrying = asyncio.create_task(place.channel.carry(again))
    while not again.allowed:
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.05)
    assert (script.open, again.most_unknown) == (1, 1)
    script.go.set()
    await carrying
    assert again.accepted == again.all


@pytest.mark.parametrize("servers", [1, 2])
async def test_a_probe_that_is_not_sent_holds_up_nobody(opened: Opened, servers: int) -> None:
    scripts = {name: Script() for name in ("a", "b")[:servers]}
    place = await opened(scripts)
    line = place.line("a")
    line.breaker.failed(NOW, REST)
    place.clock.advance(hours=2)
    feed = Feed(many(30), denied=[1, 2, 3])
    await place.channel.carry(feed)
    assert feed.balanced()
    assert sorted(feed.dropped) == [1, 2, 3]
    assert len(feed.accepted) == 27
    assert not line.breaker.half_open
    assert feed.looked < 1000


async def test_a_probe_to_an_address_that_is_none_holds_up_nobody(opened: Opened) -> None:
    place = await opened({"only": Script()})
    place.line("only").breaker.failed(NOW, REST)
    place.clock.advance(hours=2)
    feed = Feed([parcel(1, "-é-.example"), *many(20, first=2)])
    await place.channel.carry(feed)
    assert feed.of(DeliveryError) == {1}
    assert len(feed.accepted) == 20


@pytest.mark.parametrize("signed", [False, True])
async def test_a_throttled_server_gets_no_more_in_its_breath_and_half_the_connections_after(
    opened: Opened, signed: bool
) -> None:
    script = Script(answers={"MAIL": ["normal"] * 8 + ["451 4.7.0 rate limit, slow down"]})
    keys = {"dkim_selector": "news", "dkim_key": RSA.pem} if signed else {}
    place = await opened({"only": script}, {"only": {"connections": 8}}, **keys)
    feed = Feed(many(400))
    await place.channel.carry(feed)
    assert feed.balanced()
    assert len(feed.of(ServerBusy)) == 1
    assert len(feed.accepted) < 60
    line = place.line("only")
    assert line.breaker.allowed_connections(8) <= 4
    place.clock.moment = line.breaker.opens_at
    script.most = script.open
    rest = Feed(feed.waiting)
    await place.channel.carry(rest)
    assert rest.accepted == rest.all
    # On a busy machine the server sees one that was closed a moment longer.
    assert script.most <= 5


# --- pacing, with a store


async def test_a_servers_rate_is_kept_and_the_rest_waits_untouched(opened_with_store: Opened) -> None:
    place = await opened_with_store({"only": Script()}, {"only": {"rates": ["10/h"]}})
    feed = Feed(many(25))
    await place.channel.carry(feed)
    assert feed.balanced()
    sent = len(feed.accepted)
    assert 1 <= sent <= 10
    assert len(feed.waiting) == 25 - sent
    until = place.channel.rests_until()
    assert until is not None
    for _ in range(30):
        if not feed.waiting:
            break
        place.clock.moment = max(place.channel.rests_until() or NOW, place.clock.moment) + timedelta(seconds=1)
        before = len(feed.accepted)
        await place.channel.carry(feed)
        assert len(feed.accepted) > before
    assert feed.accepted == feed.all
    assert place.clock.moment >= NOW + timedelta(hours=1)


async def test_what_one_servers_rate_leaves_goes_by_the_other(opened_with_store: Opened) -> None:
    place = await opened_with_store({"slow": Script(), "free": Script()}, {"slow": {"rates": ["4/h"]}})
    feed = Feed(many(60))
    await place.channel.carry(feed)
    assert feed.accepted == feed.all
    assert place.kept("slow") <= 4
    assert place.kept("free") >= 56


async def test_a_domain_at_its_cap_waits_and_lets_the_others_pass(opened_with_store: Opened) -> None:
    place = await opened_with_store({"only": Script()}, domain_rates={"gmail.com": ["6/h"]})
    mixed = [parcel(number, "gmail.com" if number % 2 else "readers.test") for number in range(1, 61)]
    feed = Feed(mixed)
    await place.channel.carry(feed)
    assert feed.balanced()
    assert {number for number in feed.all if number % 2 == 0} <= feed.accepted
    assert 1 <= len([number for number in feed.accepted if number % 2]) <= 6
    assert feed.postponed.keys() == feed.all - feed.accepted
    assert all(NOW < until < NOW + timedelta(hours=2) for until in feed.postponed.values())
    assert place.channel.rests_until() is None


async def test_a_long_run_of_readers_who_must_wait_holds_up_nobody(opened_with_store: Opened) -> None:
    place = await opened_with_store({"only": Script()}, domain_rates={"gmail.com": ["1/h"]})
    waiting = [parcel(number, "gmail.com") for number in range(1, 701)]
    feed = Feed([*waiting, parcel(701, "readers.test")])
    looks: list[int] = []

    async def look() -> None:
        while True:
            looks.append(len(feed.postponed))
            await asyncio.sleep(0)

    looking = asyncio.create_task(look())
    await place.channel.carry(feed)
    looking.cancel()
    assert feed.balanced()
    assert 701 in feed.accepted
    assert len(feed.postponed) == 699
    steps = {after - before for before, after in pairwise(looks)}
    # A session may ask twice: behind a message, and after it.
    assert max(steps) <= 400


async def test_a_rate_by_the_second_is_waited_for_in_the_carrying(opened_with_store: Opened) -> None:
    place = await opened_with_store({"only": Script()}, {"only": {"rates": ["20/s"]}}, clock=lambda: datetime.now(UTC))
    feed = Feed(many(50))
    await place.channel.carry(feed)
    assert feed.accepted == feed.all


# --- feeds


async def test_an_empty_feed_connects_to_nobody(opened: Opened) -> None:
    place = await opened({"a": Script(), "b": Script()})
    await place.channel.carry(Feed([]))
    assert place.scripts["a"].connections == place.scripts["b"].connections == 0


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("stops_after", [1, 7, 40])
async def test_a_feed_that_stops_has_all_it_gave_told_of(opened: Opened, signed: bool, stops_after: int) -> None:
    keys = {"dkim_selector": "news", "dkim_key": RSA.pem} if signed else {}
    place = await opened({"a": Script(pace=0.001), "b": Script(pace=0.001)}, **keys)
    feed = Feed(many(100), stops_after=stops_after)
    await place.channel.carry(feed)
    assert feed.balanced()
    assert len(feed.accepted) == stops_after == place.kept("a") + place.kept("b")


async def test_a_reader_who_left_gets_nothing_and_the_others_theirs(opened: Opened) -> None:
    place = await opened({"a": Script(), "b": Script(offers=ONE_BY_ONE)})
    feed = Feed(many(100), denied=range(10, 20))
    await place.channel.carry(feed)
    assert feed.balanced()
    assert sorted(feed.dropped) == list(range(10, 20))
    assert not {f"reader{number}@readers.test" for number in range(10, 20)} & place.recipients.keys()
    assert len(feed.accepted) == 90


class Torn(Exception):
    pass


async def test_a_feed_that_fails_fails_the_carrying_and_leaves_nothing_out(opened: Opened) -> None:
    place = await opened({"only": Script(pace=0.002)})
    feed = Feed(many(60))
    usual = feed.take

    def take() -> Parcel | None:
        if feed.taken > 20:
            raise Torn
        return usual()

    feed.take = take  # type: ignore[method-assign]
    with pytest.raises(Torn):
        await place.channel.carry(feed)
    assert feed.balanced()
    assert len(place.recipients) == len(feed.accepted)
    assert place.line("only").active == 0


async def test_pacing_that_fails_fails_the_carrying_and_leaves_nothing_out(opened_with_store: Opened) -> None:
    place = await opened_with_store({"only": Script()}, {"only": {"rates": ["1000/s"]}})
    assert place.channel._pacing
    granted = place.channel._pacing.grant
    asked = 0

    def grant(server: str, domain: str) -> Any:
        nonlocal asked
        asked += 1
        if asked > 10:
            raise Torn
        return granted(server, domain)

    place.channel._pacing.grant = grant  # type: ignore[method-assign]
    feed = Feed(many(60))
    with pytest.raises(Torn):
        await place.channel.carry(feed)
    assert feed.balanced()


# --- connections


@pytest.mark.parametrize("per_connection", [1, 7, 100])
async def test_carryings_at_once_share_the_connections_of_a_server(opened: Opened, per_connection: int) -> None:
    script = Script(pace=0.001)
    place = await opened({"only": script}, {"only": {"connections": 3, "per_connection": per_connection}})
    feeds = [Feed(many(40, first=100 * n)) for n in range(1, 5)]
    await asyncio.gather(*(place.channel.carry(feed) for feed in feeds))
    for feed in feeds:
        assert feed.accepted == feed.all
    assert max(script.per_connection.values()) <= per_connection
    assert place.line("only").active == 0
    assert script.most <= 3


async def test_connections_stay_for_the_next_carrying_and_end_with_the_channel(opened: Opened) -> None:
    script = Script(pace=0.001)
    place = await opened({"only": script}, {"only": {"connections": 3}})
    await place.channel.carry(Feed(many(30)))
    made = script.connections
    await place.channel.carry(Feed(many(30, first=100)))
    assert script.connections == made <= 3
    await place.channel.__aexit__(None, None, None)
    assert script.said.count("QUIT") == made


@pytest.mark.parametrize("stage", ["BANNER", "EHLO", "MAIL", "DATA", "BODY", "QUIT"])
@pytest.mark.parametrize("signed", [False, True])
async def test_a_carrying_that_is_cancelled_leaves_no_connection_and_no_slot_taken(
    opened: Opened, stage: str, signed: bool
) -> None:
    script = Script(always={stage: "silence"})
    keys = {"dkim_selector": "news", "dkim_key": RSA.pem} if signed else {}
    place = await opened({"only": script}, {"only": {"connections": 2, "per_connection": 5}}, **keys)
    feed = Feed(many(60))
    carrying = asyncio.create_task(place.channel.carry(feed))
    await asyncio.sleep(0.1)
    carrying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await carrying
    assert feed.out == feed.allowed, "only what is on its way is not given back"
    assert len(feed.out) <= 2
    await asyncio.sleep(0.05)
    assert script.open == place.line("only").active == 0
    script.always.clear()
    again = Feed(many(20, first=100))
    await place.channel.carry(again)
    assert again.accepted == again.all


async def test_a_carrying_that_is_cancelled_at_once_leaves_no_slot_taken(opened: Opened) -> None:
    place = await opened({"only": Script()}, {"only": {"connections": 1}})
    for turns in range(4):
        feed = Feed(many(5))
        carrying = asyncio.create_task(place.channel.carry(feed))
        for _ in range(turns):
            await asyncio.sleep(0)
        carrying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await carrying
        await asyncio.sleep(0)
        assert feed.out == feed.allowed == set()
    assert place.line("only").active == 0
    last = Feed(many(5))
    await place.channel.carry(last)
    assert last.accepted == last.all


# --- signing


def valid(content: bytes) -> bool:
    found = {RSA.record.name: RSA.record.value.encode()}
    return bool(dkim.verify(content, dnsfunc=lambda name, timeout=5: found.get(name.decode().rstrip("."))))


async def test_messages_signed_in_threads_are_each_readers_own_and_verify(opened: Opened) -> None:
    place = await opened({"a": Script(), "b": Script(offers=ONE_BY_ONE)}, dkim_selector="news", dkim_key=RSA.pem)
    feed = Feed(many(150))
    await place.channel.carry(feed)
    assert feed.accepted == feed.all
    for script in place.scripts.values():
        for _, recipient, content in script.kept:
            number = int(recipient.partition("@")[0].removeprefix("reader"))
            message = message_from_bytes(content)
            assert message["Message-ID"] == f"<token{number:021d}@record.example>"
            assert message["To"] == recipient
            assert len(message.get_all("DKIM-Signature", [])) == 1
            assert valid(content)


async def test_a_fault_in_signing_loses_nothing(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    place = await opened({"only": Script()}, dkim_selector="news", dkim_key=RSA.pem)
    press = place.line("only").press
    usual = press.signed

    def signed(envelope: Any, at: datetime) -> Any:
        if envelope.parcel.delivery == 40:
            raise Torn
        return usual(envelope, at)

    monkeypatch.setattr(press, "signed", signed)
    feed = Feed(many(100))
    with pytest.raises(Torn):
        await place.channel.carry(feed)
    assert feed.balanced()
    assert 40 in {each.delivery for each in feed.waiting}
    assert len(place.recipients) == len(feed.accepted)


async def test_a_fault_of_the_ledger_while_messages_are_signed_leaves_nothing_out_that_was_not_said(
    opened: Opened,
) -> None:
    place = await opened({"only": Script()}, {"only": {"connections": 1}}, dkim_selector="news", dkim_key=RSA.pem)
    feed = Feed(many(100))

    async def ahead(_parcel: Parcel) -> bool:
        raise Torn

    feed.ahead = ahead  # type: ignore[method-assign]
    with pytest.raises(Torn):
        await place.channel.carry(feed)
    assert len(feed.out) == 1, "of the one whose attempt may be written nobody knows"
    assert place.line("only").active == 0


async def test_what_was_signed_for_a_server_that_rests_goes_by_another(opened: Opened) -> None:
    bad = Script(pace=0.01, answers={"MAIL": ["normal"] * 2}, always={"MAIL": "451 4.3.0 later"})
    place = await opened(
        {"bad": bad, "good": Script(pace=0.005)},
        {"bad": {"connections": 1}, "good": {"connections": 1}},
        dkim_selector="news",
        dkim_key=RSA.pem,
    )
    feed = Feed(many(150))
    await place.channel.carry(feed)
    assert feed.accepted == feed.all
    assert bad.said.count("MAIL") <= 4, "a server that asked to be left alone is"
