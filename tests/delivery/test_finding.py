from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest

from bot.delivery.engine import Engine
from bot.delivery.finding import editions_of, find, of_provider, of_reader, of_token
from bot.delivery.sending import begin_sending
from bot.model import DeliveryState, Post, Receipt, Rendition
from bot.settings.tables import DeliveryTable
from bot.testing import KEYS, NOW, ScriptedChannel, edition, email, subscribe
from bot.tokens import KeyRing, delivery_token

READERS = ["ida@example.org", "Ben@Example.org", "eve@example.org"]
OTHERS = KeyRing({"k1": b"another newsroom's key, as secret"})
IDS = {
    "ida@example.org": "0100018f2b3c4d5e-6f708192-000000",
    "Ben@Example.org": "14c5d75ce93.dfd.64b469",
    "eve@example.org": "<7a1b@mail.gun.example>".strip("<>"),
}


@pytest.fixture
async def sent(store, clock):
    """Two editions that went out by mail and as a post; ``tokens`` are those of the first one's mails."""
    subscribe(store, *READERS)
    mail = ScriptedChannel(
        answer=lambda parcel: Receipt(server="mx", code=250, id=IDS[parcel.recipient.address] + parcel.edition[-3:])
    )
    social = ScriptedChannel(
        medium="post", answer=lambda parcel: Receipt(server="pds", code=200, id=f"at://did:plc:x/post/{parcel.edition}")
    )
    made = []
    for _ in range(2):
        one = edition(
            renditions=(
                Rendition(channel="mail", email=email()),
                Rendition(channel="social", post=Post(text="The ferry returns")),
            )
        )
        with store.write() as tx:
            tx.editions.add(one, expires=NOW + timedelta(hours=3), report={})
        assert begin_sending(store, one, audience="readers", now=NOW)
        made.append(one)
    channels = {"mail": mail, "social": social}
    await Engine(store=store, channels=channels, keys=KEYS, clock=clock, rules=DeliveryTable()).deliver()
    first = made[0].id
    tokens = {each.recipient.address: each.token for each in mail.sent if each.edition == first}
    return made, tokens


def _found(store, text, by=find, keys=KEYS):
    with store.read() as tx:
        found = by(tx, keys, text) if by in (find, of_token, editions_of) else by(tx, text)
    return [(each.edition, each.destination) for each in found]


@pytest.mark.parametrize(
    "said",
    [
        "{token}",
        " {token}\n",
        "<{token}@news.record.example>",
        "Message-ID: <{token}@news.record.example>",
        "<{token}@a-relay-that-changed-our-domain.example>",
        "bounces+{token}@news.record.example",
        "<bounces+{token}@news.record.example>",
        "SRS0=abcd=XY=record.example=bounces+{token}@forwarder.example",
        "unsubscribe {token}",
        "Re: unsubscribe {token}",
        "unsubscribe%20{token}",
        '{{"token": "{token}"}}',
    ],
)
@pytest.mark.parametrize("upper", [False, True])
def test_a_token_names_its_delivery_in_whatever_dress(store, sent, said, upper):
    made, tokens = sent
    text = said.format(token=tokens["ida@example.org"].upper() if upper else tokens["ida@example.org"])
    assert _found(store, text) == [(made[0].id, "ida@example.org")]


def test_the_mailto_of_an_unsubscription_names_its_delivery(store, sent):
    made, tokens = sent
    text = f"mailto:leave@record.example?subject={quote('unsubscribe ' + tokens['eve@example.org'])}"
    assert _found(store, text) == [(made[0].id, "eve@example.org")]


def test_several_tokens_name_several_deliveries_each_once(store, sent):
    made, tokens = sent
    text = " ".join([*tokens.values(), *tokens.values()])
    assert sorted(_found(store, text)) == sorted((made[0].id, address) for address in tokens)


def test_a_token_of_another_newsroom_names_nothing(store, sent):
    made, _ = sent
    with store.read() as tx:
        reader = tx.subscribers.id_of("ida@example.org")
    foreign = delivery_token(OTHERS, made[0].id, "mail", "", reader)
    assert _found(store, foreign) == []
    assert _found(store, foreign, by=editions_of) == []


@pytest.mark.parametrize("place", [0, 9, 25])
def test_a_token_with_one_letter_changed_names_nothing(store, sent, place):
    _, tokens = sent
    token = tokens["ida@example.org"]
    for letter in "abcdefghijklmnopqrstuvwxyz234567":
        forged = token[:place] + letter + token[place + 1 :]
        assert len(_found(store, forged)) == (forged == token)


def test_a_token_of_another_channel_than_the_ledgers_names_nothing(store, sent):
    made, _ = sent
    with store.read() as tx:
        reader = tx.subscribers.id_of("ida@example.org")
    assert _found(store, delivery_token(KEYS, made[0].id, "other-mail", "", reader)) == []


def test_tokens_are_read_after_the_keys_were_rotated_in_either_order(store, sent):
    made, tokens = sent
    new = {"k2": b"a key of the newsroom that is new"}
    for ring in (KeyRing({**new, **KEYS.keys}), KeyRing({**KEYS.keys, **new})):
        assert _found(store, tokens["ida@example.org"], keys=ring) == [(made[0].id, "ida@example.org")]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("ida@example.org", "{id}"),
        ("ida@example.org", "<{id}@eu-west-1.amazonses.com>"),
        ("ida@example.org", "250 Ok {id}"),
        ("Ben@Example.org", "{id}.filterdrecv-5645d9c87f-78xcl-1-62A1"),
        ("Ben@Example.org", "250 2.0.0 Ok: queued as {id}"),
        ("eve@example.org", "<{id}>"),
        ("eve@example.org", "  {id} "),
    ],
)
def test_a_providers_id_names_its_delivery_as_its_answer_and_as_its_event_has_it(store, sent, address, said):
    made, _ = sent
    text = said.format(id=IDS[address] + made[1].id[-3:])
    assert _found(store, text, by=of_provider) == _found(store, text) == [(made[1].id, address)]


def test_a_posts_address_names_its_delivery(store, sent):
    made, _ = sent
    assert _found(store, f"at://did:plc:x/post/{made[1].id}") == [(made[1].id, "")]


@pytest.mark.parametrize("said", ["ben@example.org", "<BEN@example.org>", "mailto:Ben@Example.org"])
def test_an_address_names_all_that_was_sent_to_its_reader_the_newest_first(store, sent, said):
    made, _ = sent
    assert _found(store, said) == [(made[1].id, "Ben@Example.org"), (made[0].id, "Ben@Example.org")]


def test_of_a_reader_who_was_erased_nothing_is_found(store, sent):
    with store.write() as tx:
        tx.subscribers.forget("ida@example.org", NOW)
    _, tokens = sent
    assert _found(store, "ida@example.org", by=of_reader) == []
    assert _found(store, tokens["ida@example.org"]) == []


@pytest.mark.parametrize(
    "said",
    [
        "",
        " ",
        "<>",
        "@",
        "nobody@example.org",
        "250",
        "a" * 26,
        "x" * 100_000,
        "%ff\x00é",
        "\ud800",
        "\x00@example.org",
    ],
)
def test_what_names_nothing_finds_nothing(store, sent, said):
    assert _found(store, said) == []


def test_a_token_still_names_its_edition_when_its_deliveries_were_folded(store, sent):
    made, tokens = sent
    with store.write() as tx:
        tx.folds.fold(made[0].id, 100, NOW)
    token = tokens["ida@example.org"]
    assert _found(store, token) == []
    with store.read() as tx:
        assert editions_of(tx, KEYS, f"<{token}@news.record.example>") == [made[0].id]
        assert tx.deliveries.balance(made[0].id).states == {DeliveryState.ACCEPTED: 4}
