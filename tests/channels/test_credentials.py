"""The tokens of an account: encrypted, renewed by one process at a time, saved before they are used."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.channels.credentials import Credential, Credentials, closed, due, opened, signs_in
from bot.channels.facebook import FacebookChannel, FacebookOptions
from bot.channels.linkedin import LinkedInChannel, LinkedInOptions
from bot.channels.threads import ThreadsChannel, ThreadsOptions
from bot.channels.x import XChannel, XOptions
from bot.clock import SetClock
from bot.errors import ChannelRefused, DeliveryError, NothingToDo, ServerBusy, StoreError, StoreHeld
from bot.store import Store
from bot.store.flags import RESTORED, Restored
from bot.testing import KEYS, NOW
from bot.tokens import KeyRing
from tests.channels.account import Around, around, keep

OLD = Credential(
    access="access-old",
    refresh="refresh-old",
    secret="secret-old",
    account="@record",
    id="7",
    expires=NOW + timedelta(hours=2),
    extra={"page": "page-token"},
)
Renew = Callable[[Credential], Awaitable[Credential]]


def once(log: list[str], clock: SetClock) -> Renew:
    """A network whose refresh tokens are good once."""

    async def renew(old: Credential) -> Credential:
        if old.refresh in log:
            raise ChannelRefused("Value passed for the token was invalid.")
        log.append(old.refresh)
        await asyncio.sleep(0)
        number = len(log)
        return Credential(access=f"access-{number}", refresh=f"refresh-{number}", expires=clock() + timedelta(hours=2))

    return renew


async def never(_: Credential) -> Credential:
    raise AssertionError("there was nothing to renew")


def kept(store: Store) -> Credential:
    with store.read() as tx:
        return opened(tx.channels.get("x").credential, KEYS, "x")


@pytest.fixture
def of(store: Store, clock: SetClock) -> Callable[[], Around]:
    return lambda: Around(http=None, clock=clock, store=store)  # type: ignore[arg-type]


async def test_good_tokens_are_taken_as_they_are(store: Store, of: Any) -> None:
    keep(store, "x", OLD)
    assert await Credentials("x", of(), never).current() == OLD


async def test_tokens_that_end_soon_are_renewed_and_keep_what_the_network_does_not_repeat(
    store: Store, of: Any, clock: SetClock
) -> None:
    keep(store, "x", OLD)
    clock.advance(minutes=119)
    fresh = await Credentials("x", of(), once([], clock)).current()
    assert (fresh.access, fresh.account, fresh.id, fresh.extra) == ("access-1", "@record", "7", {"page": "page-token"})
    assert kept(store) == fresh
    with store.read() as tx:
        state = tx.channels.get("x")
    assert (state.account, state.renewed, state.serial) == ("@record", clock(), 2)


async def test_rotated_tokens_are_in_the_store_before_anybody_uses_them(store: Store, of: Any, clock: SetClock) -> None:
    keep(store, "x", OLD)
    used: list[str] = []
    credentials = Credentials("x", of(), once([], clock))
    fresh = await credentials.renewed(OLD)
    used.append(fresh.access)
    # Whoever dies here has lost nothing: another process goes on with what was saved.
    assert (await Credentials("x", of(), never).current()).access == used[0]


@pytest.mark.parametrize("fails", [2, 8], ids=["for a while", "longer"])
async def test_tokens_that_the_store_does_not_take_are_not_lost(
    store: Store, of: Any, clock: SetClock, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    keep(store, "x", OLD)
    log: list[str] = []

    async def at_once(_: float) -> None: ...

    credentials = Credentials("x", of(), once(log, clock), sleep=at_once)
    left, write = [fails], credentials._write

    def written(credential: Credential, serial: int) -> bool:
        left[0] -= 1
        if left[0] >= 0:
            raise StoreError("the disk is full")
        return write(credential, serial)

    monkeypatch.setattr(credentials, "_write", written)
    if fails > 7:
        with pytest.raises(StoreError):
            await credentials.renewed(OLD)
    assert (await credentials.renewed(OLD)).access == "access-1"
    assert log == ["refresh-old"]
    assert kept(store).access == "access-1"


@pytest.mark.parametrize("error", [ServerBusy("502"), DeliveryError("unsupported request", permanent=True)], ids=str)
async def test_tokens_that_cannot_be_renewed_now_are_used_while_they_are_good(
    store: Store, of: Any, clock: SetClock, error: DeliveryError
) -> None:
    own = Credential(access="a", expires=NOW + timedelta(days=30), ends=NOW + timedelta(days=60))
    keep(store, "x", own)

    async def renew(_: Credential) -> Credential:
        raise error

    clock.advance(days=31)
    assert await Credentials("x", of(), renew).current() == own
    clock.advance(days=30)
    with pytest.raises(ServerBusy):
        await Credentials("x", of(), renew).current()


async def test_tokens_of_one_network_are_not_shown_to_another_of_the_same_name(
    store: Store, of: Any, clock: SetClock
) -> None:
    keep(store, "x", replace(OLD, kind="x"))
    assert (await Credentials("x", of(), once([], clock), kind="x").renewed(OLD)).kind == "x"
    for act in ("current", "ahead"):
        with pytest.raises(ChannelRefused, match="connected to x, and is of the type linkedin now"):
            await getattr(Credentials("x", of(), never, kind="linkedin"), act)()


async def test_of_two_processes_that_renew_at_once_one_asks_and_both_go_on(
    store: Store, of: Any, clock: SetClock
) -> None:
    keep(store, "x", OLD)
    asked: list[str] = []
    renew, begun, go_on = once(asked, clock), asyncio.Event(), asyncio.Event()

    async def slowly(old: Credential) -> Credential:
        begun.set()
        await go_on.wait()
        return await renew(old)

    async def look(_: float) -> None:
        go_on.set()
        await asyncio.sleep(0.01)

    first = asyncio.create_task(Credentials("x", of(), slowly).renewed(OLD))
    await begun.wait()
    second = await Credentials("x", of(), renew, sleep=look).renewed(OLD)
    assert asked == ["refresh-old"]
    assert second.access == (await first).access == "access-1"


async def test_within_one_process_two_posts_renew_once(store: Store, of: Any, clock: SetClock) -> None:
    keep(store, "x", OLD)
    asked: list[str] = []
    credentials = Credentials("x", of(), once(asked, clock))
    both = await asyncio.gather(credentials.renewed(OLD), credentials.renewed(OLD))
    assert (asked, [each.access for each in both]) == (["refresh-old"], ["access-1", "access-1"])


async def test_a_process_that_died_while_renewing_holds_nobody_up_for_ever(
    store: Store, of: Any, clock: SetClock
) -> None:
    keep(store, "x", OLD)
    with store.write() as tx:
        tx.flags.set("renewing:x", "claimed", clock())
    looks = 0

    async def look(_: float) -> None:
        nonlocal looks
        looks += 1
        clock.advance(seconds=30)

    fresh = await Credentials("x", of(), once([], clock), sleep=look).renewed(OLD)
    assert (fresh.access, looks) == ("access-1", 4)


async def test_one_who_waits_too_long_for_another_is_told_to_come_later(store: Store, of: Any) -> None:
    keep(store, "x", OLD)
    with store.write() as tx:
        tx.flags.set("renewing:x", "claimed", NOW)

    async def look(_: float) -> None:
        pass

    with pytest.raises(ServerBusy, match="another process renews"):
        await Credentials("x", of(), never, sleep=look).renewed(OLD)


async def test_a_failed_renewal_lets_the_next_one_try(store: Store, of: Any, clock: SetClock) -> None:
    keep(store, "x", OLD)

    async def busy(_: Credential) -> Credential:
        raise ServerBusy("X is down")

    with pytest.raises(ServerBusy):
        await Credentials("x", of(), busy).renewed(OLD)
    assert (await Credentials("x", of(), once([], clock)).renewed(OLD)).access == "access-1"


async def test_from_a_restored_store_no_token_is_renewed_for_the_other_one_may_be_in_use(
    store: Store, of: Any, clock: SetClock
) -> None:
    keep(store, "x", OLD)
    with store.write() as tx:
        tx.flags.set(RESTORED, Restored(backup=NOW).text(), NOW)
    clock.advance(hours=3)
    with pytest.raises(StoreHeld):
        await Credentials("x", of(), never).current()


async def test_a_revoked_permission_names_the_command_that_helps(store: Store, of: Any) -> None:
    keep(store, "x", OLD)

    async def revoked(_: Credential) -> Credential:
        raise ChannelRefused("X renews the permission no more")

    with pytest.raises(ChannelRefused, match="run `broadsheet channels connect x`"):
        await Credentials("x", of(), revoked).renewed(OLD)


async def test_tokens_that_no_program_renews_have_ended(store: Store, of: Any, clock: SetClock) -> None:
    keep(store, "x", OLD)
    clock.advance(hours=3)

    async def not_here(_: Credential) -> Credential:
        raise NothingToDo

    with pytest.raises(ChannelRefused, match="its permission has ended; run `broadsheet channels connect x`"):
        await Credentials("x", of(), not_here).current()


async def test_a_channel_that_nobody_connected_says_so(of: Any) -> None:
    with pytest.raises(ChannelRefused, match="it is not connected; run `broadsheet channels connect x`"):
        await Credentials("x", of(), never).current()


def test_an_older_key_of_the_ring_still_opens_what_it_closed() -> None:
    before = KeyRing({"k1": b"1" * 32})
    after = KeyRing({"k2": b"2" * 32, "k1": b"1" * 32})
    text = closed(OLD, before)
    assert opened(text, after, "x") == OLD
    assert opened(closed(OLD, after), KeyRing({"k2": b"2" * 32}), "x") == OLD


def test_a_wrong_key_is_said_to_be_one() -> None:
    with pytest.raises(ChannelRefused, match="no key of BROADSHEET_SECRET_KEYS opens its tokens; put the old key back"):
        opened(closed(OLD, KeyRing({"k1": b"1" * 32})), KeyRing({"k1": b"3" * 32}), "x")


async def test_nothing_secret_is_shown_logged_or_put_on_record(
    store: Store, of: Any, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    keep(store, "x", OLD)
    fresh = await Credentials("x", of(), once([], clock)).renewed(OLD)
    with store.read() as tx:
        state, acts = tx.channels.get("x"), tx.acts.newest()
    shown = " ".join([repr(OLD), repr(fresh), repr(state), repr(acts), caplog.text, state.credential])
    for secret in ("access-old", "refresh-old", "secret-old", "page-token", "access-1", "refresh-1"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("lasts", "after", "expected"),
    [
        (timedelta(days=60), timedelta(days=39), False),
        (timedelta(days=60), timedelta(days=41), True),
        (timedelta(days=60), timedelta(days=61), True),
        (timedelta(days=9), timedelta(days=5), False),
        (timedelta(days=9), timedelta(days=7), True),
        (timedelta(hours=2), timedelta(hours=3), False),
        (timedelta(hours=2), timedelta(days=7), True),
    ],
)
def test_tokens_are_renewed_in_the_last_third_of_their_time(lasts: timedelta, after: timedelta, expected: bool) -> None:
    assert due(Credential(access="a", expires=NOW + lasts), NOW, NOW + after) is expected


def test_tokens_without_an_end_are_not_renewed() -> None:
    assert not due(Credential(access="a"), NOW, datetime.max.replace(tzinfo=NOW.tzinfo))


async def test_what_is_due_is_renewed_though_nobody_posts(store: Store, of: Any, clock: SetClock) -> None:
    keep(store, "x", OLD)
    credentials = Credentials("x", of(), once([], clock))
    assert not await credentials.ahead()
    clock.advance(days=8)
    assert await credentials.ahead()
    assert kept(store).access == "access-1"


async def test_what_no_program_renews_is_left_alone_while_it_is_good(store: Store, of: Any, clock: SetClock) -> None:
    keep(store, "x", Credential(access="a", expires=NOW + timedelta(days=60)))
    clock.advance(days=55)

    async def not_here(_: Credential) -> Credential:
        raise NothingToDo

    assert not await Credentials("x", of(), not_here).ahead()


async def test_a_channel_with_keys_of_its_own_is_not_signed_in(clock: SetClock) -> None:
    async with around(clock) as here:
        secret = {"client_secret": "s"}
        assert signs_in(XChannel("x", XOptions(client_id="c"), here))
        assert signs_in(LinkedInChannel("li", LinkedInOptions(client_id="c", **secret), here))  # type: ignore[arg-type]
        four = ("consumer_key", "consumer_secret", "access_token", "access_secret")
        assert not signs_in(XChannel("x", XOptions(**dict.fromkeys(four, "k")), here))  # type: ignore[arg-type]


@pytest.mark.parametrize(("cls", "options"), [(FacebookChannel, FacebookOptions), (ThreadsChannel, ThreadsOptions)])
async def test_a_channel_that_was_given_a_token_is_not_signed_in(cls: Any, options: Any, clock: SetClock) -> None:
    page = {"page": "546349135390552"} if cls is FacebookChannel else {}
    async with around(clock) as here:
        assert signs_in(cls("f", options(client_id="1", client_secret="s", **page), here))
        assert not signs_in(cls("f", options(token="t", **page), here))
