"""What follows from a report, and what does not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.audience.links import ReaderLink, unsubscribe_url
from bot.audience.subscriptions import undo
from bot.model import DeliveryState, Effect, Newsroom, Report, Verdict
from bot.store.tables import attempts
from bot.testing import KEYS, NOW, subscribe
from bot.tokens import KeyRing, delivery_token
from tests.delivery.returned import RETURNS, Sent, complaint, dsn, mail

IDA, BEN, EVE = "ida@example.org", "Ben@Example.org", "eve@example.org"
DIGITS = str.maketrans("0123456789", "abcdefghij")
STRANGERS = KeyRing({"k1": b"another newsroom's key, as secret"})
NEWSROOM = Newsroom(name="The Record", url="https://record.example", public_url="https://news.record.example")


@pytest.fixture
async def sent(store, clock):
    """An edition that went out to three readers; ``id`` is its id."""
    made = Sent(store, clock)
    made.id = await made.edition(IDA, BEN, EVE)
    return made


def _token(sent, address=IDA):
    return sent.tokens[sent.id, address]


def test_rfc3464_a_permanent_failure_suppresses_the_reader_and_changes_no_delivery(sent):
    (event,) = sent.take(dsn(IDA, token=_token(sent)))
    assert (event.verdict, event.effect, event.edition) == (Verdict.HARD, Effect.WAITING, sent.id)
    assert sent.settle().suppressed == 1
    assert sent.suppressed(IDA) == "bounced"
    assert sent.suppressed(IDA, "weekend") == "bounced"
    assert sent.suppressed(BEN) == ""
    (kept,) = sent.events()
    assert (kept.effect, kept.code, kept.source) == (Effect.SUPPRESSED, "5.1.1", "maildir")
    with sent.store.read() as tx:
        assert tx.deliveries.balance(sent.id).states == {"accepted": 3}
        assert tx.suppressions.of(IDA).source == "maildir"
        assert sent.id in tx.suppressions.of(IDA).note


async def test_what_waits_for_a_dead_address_is_cancelled(sent):
    going = await sent.edition(deliver=False)
    sent.take(dsn(IDA, token=_token(sent)))
    sent.settle()
    with sent.store.read() as tx:
        assert tx.deliveries.of_edition(going, sent.subscriber(IDA))[0].state is DeliveryState.CANCELLED


def test_verp_alone_is_proof_enough(sent):
    (event,) = sent.take(dsn(IDA, verp=_token(sent)))
    assert event.effect is Effect.WAITING
    (event,) = sent.take(dsn(BEN, verp=_token(sent, BEN).upper()))
    assert event.effect is Effect.WAITING, "B1: servers change the case of a local part"


def test_b6_the_same_report_twice_is_one_event(sent):
    again = dsn(IDA, token=_token(sent), message_id="one@mx.example")
    sent.take(again)
    sent.settle()
    (event,) = sent.take(again, source="imap")
    assert len(sent.events()) == 1
    with sent.store.write() as tx:
        tx.suppressions.remove(IDA)
    sent.take(again)
    sent.settle()
    assert sent.suppressed(IDA) == "", "an old report does not undo what an editor did since"


def test_b1_a_token_of_another_newsroom_suppresses_nobody(sent):
    forged = delivery_token(STRANGERS, sent.id, "mail", "", sent.subscriber(IDA))
    for message in (dsn(IDA, token=forged), dsn(IDA, verp=forged), complaint(token=forged, recipient=IDA)):
        (event,) = sent.take(message)
        assert event.effect is Effect.UNPROVEN
    sent.settle()
    assert sent.suppressed(IDA) == ""


def test_b1_a_report_without_a_token_suppresses_nobody_whatever_address_it_names(sent):
    for message in (
        dsn(IDA),
        dsn("never-mailed@example.org"),
        complaint(recipient=IDA),
        mail(sender=IDA, subject="unsubscribe"),
    ):
        (event,) = sent.take(message)
        assert (event.effect, event.subscriber) == (Effect.UNPROVEN, None)
    sent.settle()
    assert (sent.suppressed(IDA), sent.state(IDA)) == ("", "subscribed")


def test_a_report_of_another_address_than_the_tokens_suppresses_neither(sent):
    (event,) = sent.take(dsn(BEN, token=_token(sent)))
    assert (event.verdict, event.reason, event.subscriber) == (Verdict.SOFT, "forwarded", sent.subscriber(IDA))
    sent.settle()
    assert (sent.suppressed(BEN), sent.suppressed(IDA)) == ("", "")


def test_rfc3461_the_original_recipient_says_whose_a_forwarded_mail_was(sent):
    (event,) = sent.take(dsn("gone@forwarder.example", token=_token(sent), original=IDA))
    assert event.verdict is Verdict.HARD


def test_an_address_without_what_follows_its_plus_is_the_same_mailbox(store, clock, sent):
    (event,) = sent.take(dsn("ida+news@example.org", token=_token(sent)))
    assert event.verdict is Verdict.HARD


def test_rfc5965_a_complaint_suppresses_at_once_also_when_it_names_nobody(sent):
    (event,) = sent.take(complaint(token=_token(sent)))
    assert (event.verdict, event.effect) == (Verdict.COMPLAINT, Effect.SUPPRESSED)
    assert sent.suppressed(IDA) == "complained"


def test_b7_a_complaint_that_holds_a_link_alone_does_what_the_link_does_and_no_more(sent):
    """Who was passed the mail on has its links, too: the reader can take back what it did."""
    link = unsubscribe_url(NEWSROOM, KEYS, ReaderLink(sent.subscriber(EVE), "readers", sent.id))
    (event,) = sent.take(complaint(link=link))
    assert (event.edition, event.verdict, event.effect) == (sent.id, Verdict.COMPLAINT, Effect.UNSUBSCRIBED)
    assert (sent.state(EVE), sent.suppressed(EVE), sent.suppressed(IDA)) == ("unsubscribed", "", "")


def test_a_bounce_that_holds_a_link_alone_counts_for_nothing(sent):
    link = unsubscribe_url(NEWSROOM, KEYS, ReaderLink(sent.subscriber(EVE), "readers", sent.id))
    (event,) = sent.take(dsn(EVE, headers=f"List-Unsubscribe: <{link}>\n"))
    assert (event.subscriber, event.effect) == (sent.subscriber(EVE), Effect.UNPROVEN)
    sent.settle()
    assert sent.suppressed(EVE) == ""


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure"])
def test_b7_what_is_no_complaint_suppresses_nobody(sent, kind):
    sent.take(complaint(token=_token(sent), kind=kind))
    sent.settle()
    assert sent.suppressed(IDA) == ""


def test_u7_an_unsubscribe_mail_ends_that_subscription_alone_and_can_be_undone(sent):
    subscribe(sent.store, IDA, audience="weekend")
    (event,) = sent.take(mail(subject=f"unsubscribe {_token(sent)}"))
    assert (event.verdict, event.effect) == (Verdict.OPT_OUT, Effect.UNSUBSCRIBED)
    assert (sent.state(IDA), sent.state(IDA, "weekend"), sent.suppressed(IDA)) == ("unsubscribed", "subscribed", "")
    link = ReaderLink(sent.subscriber(IDA), "readers", sent.id)
    assert undo(sent.store, link, everything=False, clock=sent.clock) == ("readers",)


def test_u7_an_unsubscribe_mail_from_another_address_counts_for_its_token(sent):
    sent.take(mail(sender="ida.other@elsewhere.example", subject=f"unsubscribe {_token(sent)}"))
    assert sent.state(IDA) == "unsubscribed"


@pytest.mark.parametrize(
    "headers",
    ["Auto-Submitted: auto-replied\n", "Return-Path: <>\nAuto-Submitted: auto-generated\n", "X-Autoreply: yes\n"],
)
def test_rfc3834_an_automatic_answer_to_the_unsubscribe_address_unsubscribes_nobody(sent, headers):
    away = mail(subject=f"Out of office: unsubscribe {_token(sent)}", text="I am out of the office.", headers=headers)
    (event,) = sent.take(away)
    assert event.verdict in (Verdict.AUTO_REPLY, Verdict.NONE)
    assert sent.state(IDA) == "subscribed"


def test_rfc3464_a_bounce_of_the_unsubscribe_mail_itself_unsubscribes_nobody(sent):
    sent.take(dsn("leave@record.example", headers=f"X-Subject: unsubscribe {_token(sent)}\n"))
    assert sent.state(IDA) == "subscribed"


async def test_an_unsubscribe_mail_works_when_its_edition_has_long_been_folded(sent, clock):
    token = _token(sent)
    with sent.store.write() as tx:
        tx.folds.fold(sent.id, 1000, NOW)
    (event,) = sent.take(mail(subject=f"unsubscribe {token}"))
    assert event.effect is Effect.UNSUBSCRIBED
    assert sent.state(IDA) == "unsubscribed"


async def test_b1_a_bounce_of_a_folded_edition_is_stale_and_suppresses_nobody(sent):
    token = _token(sent)
    with sent.store.write() as tx:
        tx.folds.fold(sent.id, 1000, NOW)
    (event,) = sent.take(dsn(IDA, token=token))
    assert event.effect is Effect.UNPROVEN
    sent.settle()
    assert sent.suppressed(IDA) == ""


@pytest.mark.parametrize("action", ["delayed", "relayed", "delivered", "expanded"])
def test_rfc3464_only_a_failure_counts(sent, action):
    status = "4.4.1" if action == "delayed" else "2.0.0"
    (event,) = sent.take(dsn(IDA, token=_token(sent), action=action, status=status, said="will be tried again"))
    assert (event.verdict, event.effect) == (Verdict.NONE, Effect.NONE)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("5.2.2", "552 5.2.2 mailbox full"),
        ("5.7.1", "550 5.7.1 message refused by policy"),
        ("5.7.26", "550 5.7.26 DMARC policy of the sender's domain"),
        ("5.3.4", "552 5.3.4 message too large"),
        ("4.2.2", "452 4.2.2 over quota"),
    ],
)
def test_b4_what_is_no_fault_of_the_address_suppresses_nobody(sent, status, said):
    (event,) = sent.take(dsn(IDA, token=_token(sent), status=status, said=said))
    assert event.verdict is Verdict.SOFT
    sent.settle()
    assert sent.suppressed(IDA) == ""
    assert sent.events()[0].effect is Effect.COUNTED


FULL = {"status": "5.2.2", "said": "552 5.2.2 mailbox full"}


async def _editions(sent, count, *, apart, **kind):
    """Editions that each come back from Ida, ``apart`` days."""
    for _ in range(count):
        sent.clock.moment += apart
        made = await sent.edition()
        sent.take(dsn(IDA, token=sent.tokens[made, IDA], **(kind or FULL)))
        sent.settle()


async def test_b4_soft_bounces_of_five_editions_over_a_week_suppress(sent):
    await _editions(sent, 4, apart=timedelta(days=2))
    assert sent.suppressed(IDA) == ""
    await _editions(sent, 1, apart=timedelta(days=2))
    assert sent.suppressed(IDA) == "bounced"
    assert sent.suppressed(BEN) == ""


async def test_b4_soft_bounces_of_many_editions_in_few_days_do_not(sent):
    await _editions(sent, 9, apart=timedelta(hours=12))
    assert sent.suppressed(IDA) == ""


async def test_b4_an_edition_that_arrived_ends_the_run(sent):
    await _editions(sent, 4, apart=timedelta(days=2))
    await sent.edition()
    await _editions(sent, 4, apart=timedelta(days=2))
    assert sent.suppressed(IDA) == ""


async def test_b4_policy_refusals_never_suppress_however_many(sent):
    policy = {"status": "5.7.1", "said": "550 5.7.1 message refused by policy"}
    await _editions(sent, 8, apart=timedelta(days=2), **policy)
    assert sent.suppressed(IDA) == ""


async def test_several_soft_bounces_of_one_edition_count_once(sent):
    for _ in range(8):
        sent.clock.moment += timedelta(days=2)
        sent.take(dsn(IDA, token=_token(sent), **FULL))
    sent.settle()
    assert sent.suppressed(IDA) == ""


def test_an_erased_reader_leaves_events_without_a_person(sent):
    sent.take(dsn(IDA, token=_token(sent), said="550 5.1.1 <ida@example.org> is unknown"))
    sent.take(complaint(recipient=IDA))
    with sent.store.write() as tx:
        assert tx.subscribers.forget(IDA, NOW)
    for event in sent.events():
        assert (event.subscriber, event.address_hash, event.evidence) == (None, "", "")
    assert sent.settle().suppressed == 0
    assert {each.verdict for each in sent.events()} == {Verdict.HARD, Verdict.COMPLAINT}


def test_an_erasure_reaches_what_strangers_wrote_of_an_address_that_was_never_a_readers(sent):
    sent.take(dsn("nobody@example.org"))
    with sent.store.write() as tx:
        assert tx.subscribers.forget("nobody@example.org", NOW)
    assert sent.events()[0].address_hash == ""


@pytest.mark.parametrize("message", [b"", b"\x00\xff" * 200, b"Subject: \xed\xa0\x80\r\n\r\n\x00", b"\r\n" * 5000])
def test_rubbish_is_put_on_record_and_does_nothing(sent, message):
    (event,) = sent.take(message)
    assert event.effect is Effect.NONE


def _report(**fields):
    given = {
        "verdict": Verdict.HARD,
        "recipient": IDA,
        "code": "",
        "reply": 0,
        "reason": "",
        "evidence": "",
        "named": (),
    }
    return Report(**{**given, "key": "one", **fields})


@pytest.mark.parametrize(
    "recipient", ["a\ud800@example.org", "a\x00b@example.org", "@", "x" * 400, "ida@example.org\r\nbcc:x"]
)
def test_a_recipient_that_is_none_is_put_on_record_without_it(sent, recipient):
    with sent.store.write() as tx:
        taken = RETURNS.take(tx, _report(recipient=recipient), source="imap", now=NOW)
        assert taken.event.effect is Effect.UNPROVEN


def test_of_a_message_with_a_thousand_tokens_few_are_looked_for(sent):
    many = tuple(
        " ".join(f"{number:026d}".translate(DIGITS) for number in range(start, start + 30)) for start in range(40)
    )
    with sent.store.write() as tx:
        late = RETURNS.take(tx, _report(named=(*many, _token(sent))), source="imap", now=NOW)
        assert late.event.effect is Effect.UNPROVEN
        early = RETURNS.take(tx, _report(named=(_token(sent), *many), key="two"), source="imap", now=NOW)
        assert early.event.effect is Effect.WAITING


def test_a_relays_long_name_for_a_message_proves_it_with_the_readers_address_alone(sent):
    name = "0100018f2b3c4d5e-6f708192-a3b4-c5d6-e7f8-091a2b3c4d5e-000000"
    with sent.store.read() as tx:
        delivery = tx.deliveries.of_subscriber(sent.subscriber(IDA))[0].id
    with sent.store.write() as tx:
        tx.connection.execute(update(attempts).where(attempts.c.delivery == delivery).values(provider_id=name))
        for key, recipient, effect in (
            ("a", BEN, Effect.UNPROVEN),
            ("b", "", Effect.UNPROVEN),
            ("c", IDA, Effect.WAITING),
        ):
            named = (f"<{name}@eu-west-1.amazonses.com>",)
            taken = RETURNS.take(tx, _report(named=named, key=key, recipient=recipient), source="imap", now=NOW)
            assert taken.event.effect is effect, recipient
        tx.connection.execute(update(attempts).where(attempts.c.delivery == delivery).values(provider_id="4bXYZ1234Q"))
        taken = RETURNS.take(tx, _report(named=("4bXYZ1234Q",), key="d"), source="imap", now=NOW)
        assert taken.event.effect is Effect.UNPROVEN, "a queue id can be guessed"
