"""What a real Postfix refuses, or takes and brings back, and what follows for the reader."""

from __future__ import annotations

import secrets
import shutil
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.channels.email import EmailChannel, EmailOptions
from bot.clock import system_clock
from bot.delivery.engine import Engine
from bot.delivery.intake.poll import poll
from bot.delivery.sending import begin_sending
from bot.model import DeliveryState, Effect, Verdict
from bot.schedules.installation import Installation
from bot.settings.tables import DeliveryTable
from bot.store import Store
from bot.testing import KEYS, edition, settings, subscribe
from bot.tokens import delivery_token
from tests.real.test_postfix import NEWSROOM, Surroundings, provider, submission

pytestmark = pytest.mark.real
PATIENCE = 60.0


class Newsroom:
    """An installation that sends through the real server and reads its bounces from a Maildir of its own."""

    def __init__(self, folder: Path, server: dict[str, str]) -> None:
        self.server = server
        self.maildir = folder / "bounces"
        for part in ("new", "cur", "tmp"):
            (self.maildir / part).mkdir(parents=True)
        configured = settings(folder, f'\n[bounces]\nmaildir = "{self.maildir}"\n')
        self.store = Store.open(f"sqlite:///{folder}/broadsheet.db", KEYS.address_key)
        self.installation = Installation(configured, self.store, KEYS, system_clock)

    async def send(self, channel: Any, *addresses: str, **rules: Any) -> str:
        now = system_clock()
        subscribe(self.store, *addresses, at=now)
        made = edition(created=now, slot=now)
        with self.store.write() as tx:
            tx.editions.add(made, expires=now + timedelta(hours=3), report={})
        assert begin_sending(self.store, made, audience="readers", now=now)
        await self.deliver(channel, **rules)
        return made.id

    async def deliver(self, channel: Any, **rules: Any) -> None:
        async with channel:
            engine = Engine(
                store=self.store,
                channels={"mail": channel},
                keys=KEYS,
                clock=system_clock,
                rules=DeliveryTable(**rules),
            )
            await engine.deliver()

    def brought_back(self, address: str) -> Path:
        """The report on ``address`` that the server delivered to the newsroom, put into our Maildir.

        Copied: others look into the newsroom's own at the same time.
        """
        local = address.partition("@")[0].encode()
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for file in (Path(self.server["MAILDIR_NEWSROOM"]) / "new").glob("*"):
                if local in file.read_bytes():
                    return Path(shutil.copy(file, self.maildir / "new"))
            time.sleep(0.3)
        pytest.fail(f"nothing came back of {address}")

    def suppressed(self, address: str) -> str:
        with self.store.read() as tx:
            found = tx.suppressions.of(address)
        return found.reason if found else ""

    def states(self, edition: str) -> dict[str, str]:
        with self.store.read() as tx:
            return {each.destination: str(each.state) for each in tx.deliveries.page(edition=edition)}

    def events(self) -> list[Any]:
        with self.store.read() as tx:
            return tx.events.newest()


@pytest.fixture
def newsroom(tmp_path, mail_server):
    made = Newsroom(tmp_path, mail_server)
    yield made
    made.store.close()


def reader(name: str) -> str:
    return f"{name}+intake{secrets.token_hex(5)}@readers.test"


def _provider(server: dict[str, str]) -> Any:
    """Straight to the readers' provider, with VERP."""
    options = EmailOptions(
        **{"from": "The Record <briefing@newsroom.test>"},
        host=server["SMTP_HOST"],
        port=int(server["SMTP_PORT"]),
        ca_file=server["TLS_CA"],
        bounces="bounces@newsroom.test",
        timeout="20s",
    )
    return EmailChannel("mail", options, Surroundings(NEWSROOM))


async def test_rfc5321_an_unknown_user_at_rcpt_is_suppressed(newsroom, mail_server):
    gone, there = reader("bounce-hard"), reader("ines")
    edition = await newsroom.send(provider(mail_server), gone, there)
    assert newsroom.states(edition) == {gone: "failed", there: "accepted"}
    assert poll(newsroom.installation).settled.suppressed == 1
    (event,) = newsroom.events()
    assert (event.source, event.code, event.reason) == ("smtp", "5.1.1", "no such user")
    assert (newsroom.suppressed(gone), newsroom.suppressed(there)) == ("bounced", "")


async def test_b4_a_full_mailbox_is_counted_and_suppresses_nobody(newsroom, mail_server):
    full = reader("full")
    edition = await newsroom.send(provider(mail_server), full, give_up_after="2s", retry_after="1s")
    assert newsroom.states(edition) == {full: "deferred"}
    assert newsroom.events() == []
    until = time.monotonic() + PATIENCE
    while newsroom.states(edition)[full] != DeliveryState.FAILED and time.monotonic() < until:
        time.sleep(1)
        await newsroom.deliver(provider(mail_server), give_up_after="2s", retry_after="1s")
    poll(newsroom.installation)
    (event,) = newsroom.events()
    assert (event.verdict, event.reason, event.effect) == (Verdict.SOFT, "mailbox full", Effect.COUNTED)
    assert newsroom.suppressed(full) == ""


async def test_a_greylisted_reader_is_no_event(newsroom, mail_server):
    grey = reader("greylist")
    edition = await newsroom.send(provider(mail_server), grey, retry_after="1s")
    assert newsroom.states(edition) == {grey: "deferred"}
    until = time.monotonic() + PATIENCE
    while newsroom.states(edition)[grey] != DeliveryState.ACCEPTED and time.monotonic() < until:
        time.sleep(1)
        await newsroom.deliver(provider(mail_server), retry_after="1s")
    assert newsroom.states(edition) == {grey: "accepted"}
    poll(newsroom.installation)
    assert newsroom.events() == []


async def test_rfc3464_a_mail_that_was_taken_and_comes_back_suppresses_its_reader(newsroom, mail_server):
    late, there = reader("late-bounce"), reader("noor")
    edition = await newsroom.send(_provider(mail_server), late, there)
    assert newsroom.states(edition) == {late: "accepted", there: "accepted"}
    file = newsroom.brought_back(late)
    polled = poll(newsroom.installation)
    assert (polled.box.events["hard"], polled.settled.suppressed) == (1, 1)
    assert (newsroom.suppressed(late), newsroom.suppressed(there)) == ("bounced", "")
    assert newsroom.states(edition)[late] == "accepted", "a bounce is an event, not a state"
    assert not file.exists()
    assert len(list((newsroom.maildir / ".Processed" / "cur").iterdir())) == 1


async def test_b1_our_own_server_brings_back_what_it_could_not_deliver(newsroom, mail_server):
    gone = reader("bounce-hard")
    edition = await newsroom.send(submission(mail_server, bounces="bounces@newsroom.test"), gone)
    assert newsroom.states(edition) == {gone: "accepted"}
    report = newsroom.brought_back(gone).read_bytes()
    assert b"bounces+" in report
    assert poll(newsroom.installation).settled.suppressed == 1
    assert newsroom.suppressed(gone) == "bounced"


async def test_b1_the_same_report_without_our_tokens_suppresses_nobody(newsroom, mail_server):
    late = reader("late-bounce")
    await newsroom.send(_provider(mail_server), late)
    file = newsroom.brought_back(late)
    with newsroom.store.read() as tx:
        (one,) = tx.deliveries.of_subscriber(tx.subscribers.id_of(late))
    token = delivery_token(KEYS, one.edition, "mail", "", one.subscriber).encode()
    report = file.read_bytes()
    assert token in report
    # Links of ours would prove it, too.
    file.write_bytes(report.replace(token, b"a" * 26).replace(b"/u/v1.", b"/u/v2."))
    assert poll(newsroom.installation).box.unproven == 1
    assert newsroom.suppressed(late) == ""
