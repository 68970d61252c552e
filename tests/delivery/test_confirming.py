"""The outbox of sign-ups: who gets which mail, how often, and what a crash leaves."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.audience.data import ask_for_data
from bot.audience.enrolment import forget
from bot.audience.links import PREFERENCES, read_data_link
from bot.audience.newsletters import letter_channel, newsletters
from bot.audience.signup import CONFIRM, Stand, Wish, confirm, look, request
from bot.delivery import confirming
from bot.delivery.confirming import Desk, mail_due
from bot.editions.notice import confirmation
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, RenderError, ServerBusy
from bot.model import Preferences, Receipt, SignupOutcome, Suppression
from bot.settings import shipped
from bot.testing import KEYS, NOW, ScriptedChannel, settings, subscribe

DAY = timedelta(days=1)
TOML = """
[audiences.weekend]
name = "The Weekend"

[channels.mail]
type = "email"
from = "The Record <news@record.example>"
host = "mail.record.example"

[schedules.morning]
name = "Morning briefing"
cron = "0 7 * * *"
audience = "readers"
channels = ["mail"]

[schedules.saturday]
name = "The Weekend"
cron = "30 8 * * 6"
audience = "weekend"
channels = ["mail"]

[signup]
"""


class Killed(BaseException):
    """What no part of the program catches."""


class Office:
    """A store with its outbox."""

    def __init__(self, store, clock, configured):
        self.store, self.clock = store, clock
        self.settings = configured
        self.channel = ScriptedChannel()

    @property
    def desk(self):
        return Desk(
            store=self.store,
            keys=KEYS,
            newsroom=self.settings.newsroom,
            folders=(shipped("templates"),),
            rules=self.settings.signup,
            offered=newsletters(self.settings),
            channel=letter_channel(self.settings),
            clock=self.clock,
        )

    def ask(self, address="mara@example.org", *, network="net", language="en", **choices):
        wish = Wish(
            address=address,
            choices=choices or {"readers": Preferences()},
            language=language,
            form="page",
            network=network,
        )
        assert request(self.store, KEYS, self.settings.signup, wish, now=self.clock()) is None

    async def mail(self, **kind):
        before = len(self.channel.sent)
        told = await mail_due(self.desk, {"mail": self.channel}, **kind)
        self.told = told
        return self.channel.sent[before:]

    def outcomes(self):
        query = "SELECT outcome FROM signups ORDER BY requested, address"
        with self.store.read() as tx:
            return [row.outcome for row in tx.connection.exec_driver_sql(query)]

    def wait(self, **span):
        self.clock.advance(**span)


@pytest.fixture
def build(store, clock, tmp_path):
    return lambda rules="": Office(store, clock, settings(tmp_path, TOML + rules))


@pytest.fixture
def office(build):
    return build()


def token_in(parcel, purpose):
    url = next(line for line in parcel.rendition.email.text.splitlines() if "/" + purpose + "/" in line)
    return KEYS.verify(purpose, url.rpartition("/")[2])


async def test_who_asked_gets_one_short_mail_with_a_link_that_confirms(office):
    office.ask()
    (parcel,) = await office.mail()
    email = parcel.rendition.email
    assert parcel.recipient.address == "mara@example.org"
    assert email.subject == "Confirm your subscription to The Port Alder Record"
    assert "<b><bdi>Morning briefing</bdi></b>" in email.html
    assert "mara@example.org" not in email.html + email.text
    assert "<img" not in email.html
    (signup,) = token_in(parcel, CONFIRM)
    confirm(office.store, signup, language="en", now=office.clock())
    with office.store.read() as tx:
        assert [each.state for each in tx.subscribers.find("mara@example.org")] == ["subscribed"]


async def test_it_speaks_the_readers_language(office):
    office.ask(language="ar")
    (parcel,) = await office.mail()
    assert 'dir="rtl"' in parcel.rendition.email.html
    assert "تأكيد الاشتراك" in parcel.rendition.email.html


async def test_a_mail_that_cannot_be_made_holds_up_no_other(office, monkeypatch):
    def broken(*args, language, **more):
        if language == "de":
            raise RenderError("mail/signup.html.j2, line 3: a block has no end")
        return confirmation(*args, language=language, **more)

    monkeypatch.setattr("bot.delivery.confirming.confirmation", broken)
    office.ask("udo@example.org", language="de")
    with pytest.raises(RenderError):
        await office.mail()
    office.ask("mara@example.org")
    assert [parcel.recipient.address for parcel in await office.mail()] == ["mara@example.org"]
    monkeypatch.undo()
    assert [parcel.recipient.address for parcel in await office.mail()] == ["udo@example.org"]


async def test_nothing_is_sent_twice_by_the_same_or_another_process(office):
    office.ask()
    assert len(await office.mail()) == 1
    assert await office.mail() == []
    assert office.outcomes() == ["confirm"]


async def test_one_mail_a_day_goes_to_an_address_whoever_asks_and_however_it_is_spelled(office):
    for number, address in enumerate(["mara@example.org", "MARA@example.org", "Mara@EXAMPLE.org"]):
        office.ask(address, network=f"net {number}")
    assert len(await office.mail()) == 1
    assert sorted(office.outcomes()) == ["confirm", "repeated", "repeated"]
    office.wait(hours=23, minutes=59)
    office.ask()
    assert await office.mail() == []
    office.wait(hours=2)
    office.ask()
    assert len(await office.mail()) == 1


async def test_an_address_that_is_typed_in_day_after_day_is_mailed_three_times_a_week_and_always_has_a_good_link(
    office,
):
    sent = []
    for _ in range(40):
        office.ask()
        for parcel in await office.mail():
            (signup,) = token_in(parcel, CONFIRM)
            sent.append(signup)
        with office.store.read() as tx:
            assert look(tx, sent[-1], office.clock())[0] is Stand.OPEN
        office.wait(hours=20)
    weeks = 40 * 20 / 24 / 7
    assert 2 * weeks < len(sent) <= 3 * (weeks + 1)


async def test_a_mailbox_with_any_number_of_addresses_is_mailed_five_times_a_day_and_hinders_no_other(office):
    for number in range(12):
        spelled = "m.ara" if number % 2 else "mara"
        office.ask(f"{spelled}+{number}@{'gmail' if number % 3 else 'googlemail'}.com", network=str(number))
        office.wait(minutes=1)
    office.ask("noor@gmail.com")
    sent = [each.recipient.address for each in await office.mail()]
    assert len(sent) == 6
    assert "noor@gmail.com" in sent
    office.wait(hours=20)
    assert await office.mail() == []


async def test_who_gets_all_of_it_is_led_to_their_preferences_and_that_is_the_days_mail(office):
    (subscriber,) = subscribe(office.store, "mara@example.org")
    office.ask()
    office.ask()
    (parcel,) = await office.mail()
    assert token_in(parcel, PREFERENCES) == [subscriber, "readers", ""]
    assert "/c/" not in parcel.rendition.email.html
    assert sorted(office.outcomes()) == ["known", "repeated"]


async def test_who_gets_one_and_asks_for_another_is_asked_to_confirm(office):
    subscribe(office.store, "mara@example.org")
    office.ask(readers=Preferences(), weekend=Preferences())
    (parcel,) = await office.mail()
    assert token_in(parcel, CONFIRM)


@pytest.mark.parametrize("reason", ["complaint", "bounced", "editor"])
async def test_an_address_that_must_not_be_mailed_gets_nothing(office, reason):
    with office.store.write() as tx:
        tx.suppressions.add(Suppression(address="mara@example.org", reason=reason, at=NOW))
    office.ask()
    assert await office.mail() == []
    assert office.outcomes() == ["suppressed"]


async def test_of_several_only_what_it_may_get_is_named(office):
    with office.store.write() as tx:
        tx.suppressions.add(Suppression(address="mara@example.org", reason="complaint", at=NOW, audience="readers"))
    office.ask(readers=Preferences(), weekend=Preferences())
    (parcel,) = await office.mail()
    assert "The Weekend" in parcel.rendition.email.text
    assert "Morning briefing" not in parcel.rendition.email.text


async def test_an_address_the_server_refuses_for_good_is_kept_and_never_tried_again(office):
    def refuse(parcel):
        raise DeliveryError("550 5.1.1 no such user", permanent=True, code=550)

    office.channel.answer = refuse
    office.ask()
    assert len(await office.mail()) == 1
    office.wait(hours=1)
    assert await office.mail() == []
    assert office.outcomes() == ["refused"]


@pytest.mark.parametrize("error", [ServerBusy("421"), ChannelRefused("535"), DeliveryError("450", permanent=False)])
async def test_what_surely_did_not_go_out_is_tried_again_as_the_same_message_and_counts_for_nothing(office, error):
    def refuse(parcel):
        raise error

    office.channel.answer = refuse
    office.ask()
    (first,) = await office.mail()
    assert await office.mail() == []
    office.channel.answer = lambda parcel: Receipt(server="test", code=250)
    office.wait(minutes=2)
    (second,) = await office.mail()
    assert first.token == second.token
    assert office.outcomes() == ["confirm"]


async def test_a_server_that_is_down_is_left_alone_for_a_while(office):
    def refuse(parcel):
        raise ServerBusy("down")

    office.channel.answer = refuse
    office.channel.connections = 1
    for number in range(5):
        office.ask(f"reader{number}@example.org")
    assert len(await office.mail()) == 1
    assert office.told.rests


@pytest.mark.parametrize("error", [OutcomeUnknown("broke off"), RuntimeError("a fault of ours")])
async def test_what_may_have_arrived_is_not_sent_again(office, error):
    def fail(parcel):
        raise error

    office.channel.answer = fail
    office.ask()
    await office.mail()
    office.wait(hours=1)
    assert await office.mail() == []


async def test_a_crash_before_the_mail_went_ahead_loses_nothing(office, monkeypatch):
    office.ask()

    async def crash(self, parcel):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(confirming._Outbox, "ahead", crash)
        with pytest.raises(Killed):
            await office.mail()
    assert len(await office.mail()) == 1


async def test_a_crash_after_it_doubles_nothing(office):
    def crash(parcel):
        raise Killed

    office.channel.answer = crash
    office.ask()
    with pytest.raises(Killed):
        await office.mail()
    office.channel.answer = lambda parcel: Receipt(server="test", code=250)
    office.wait(hours=1)
    assert await office.mail() == []


async def test_more_to_one_domain_than_its_limit_wait_and_hold_up_no_other(build):
    office = build('per_domain = "2/h"\n')
    for number in range(4):
        office.ask(f"reader{number}@big.example")
    office.ask("mara@small.example")
    sent = [parcel.recipient.address for parcel in await office.mail()]
    assert len(sent) == 3
    assert "mara@small.example" in sent
    office.wait(minutes=70)
    assert len(await office.mail()) == 2


async def test_more_in_all_than_the_limit_wait(build):
    office = build('mails = "3/h"\n')
    for number in range(5):
        office.ask(f"reader@domain{number}.example")
    assert len(await office.mail()) == 3
    assert await office.mail() == []
    office.wait(minutes=70)
    assert len(await office.mail()) == 2


async def test_a_mail_that_would_come_a_day_late_does_not_come(office):
    office.ask()
    office.wait(hours=24, seconds=1)
    assert await office.mail() == []
    assert office.outcomes() == [SignupOutcome.LATE]


async def test_after_a_flood_a_few_go_out_until_it_is_seen_whether_it_is_over(office):
    for number in range(40):
        office.ask(f"reader{number}@example.org", network=f"net {number}")
    assert len(await office.mail(state="trial")) == 30


async def test_two_processes_at_once_send_one_mail_to_each(office):
    for number in range(6):
        office.ask(f"reader{number}@example.org", network=f"net {number}")
        office.ask(f"Reader{number}@example.org", network=f"other net {number}")
    await asyncio.gather(*(mail_due(office.desk, {"mail": office.channel}) for _ in range(3)))
    addresses = [parcel.recipient.address.lower() for parcel in office.channel.sent]
    assert sorted(addresses) == [f"reader{number}@example.org" for number in range(6)]


def asks_for_data(office, address="mara@example.org"):
    with office.store.read() as tx:
        reader = tx.subscribers.id_of(address)
    return reader, ask_for_data(office.store, reader, language="en", now=office.clock())


async def test_a_reader_who_asks_for_their_data_is_mailed_a_link_that_only_this_mail_has(office):
    subscribe(office.store, "mara@example.org")
    reader, taken = asks_for_data(office)
    assert taken
    (parcel,) = await office.mail()
    email = parcel.rendition.email
    assert parcel.recipient.address == "mara@example.org"
    assert email.subject == "Your data at The Port Alder Record"
    assert "mara@example.org" not in email.html + email.text
    url = next(line for line in email.text.splitlines() if "/d/" in line)
    link, asked = read_data_link(KEYS, url.rpartition("/")[2])
    assert (link.subscriber, link.audience, asked) == (reader, "readers", office.clock().replace(microsecond=0))
    assert await office.mail() == []
    assert not asks_for_data(office)[1]


async def test_a_link_to_ones_data_neither_counts_as_a_sign_up_nor_hinders_one(office):
    subscribe(office.store, "mara@example.org")
    office.ask(weekend=Preferences())
    asks_for_data(office)
    assert len(await office.mail()) == 2
    with office.store.read() as tx:
        assert tx.signups.confirmed(NOW - DAY, NOW + DAY).mailed == 1


async def test_who_complained_or_was_erased_meanwhile_gets_no_link_to_their_data(office):
    for address in ("mara@example.org", "noor@example.org"):
        subscribe(office.store, address)
        asks_for_data(office, address)
    with office.store.write() as tx:
        tx.suppressions.add(Suppression(address="mara@example.org", reason="complained", at=NOW))
    forget(office.store, "noor@example.org", who="ida", now=NOW)
    assert await office.mail() == []
    assert office.outcomes() == [SignupOutcome.SUPPRESSED]
