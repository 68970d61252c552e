"""Endpoints as people make and change them; what is kept of it, and what is not."""

from __future__ import annotations

import base64

import pytest

from bot.delivery.outgoing import endpoints
from bot.delivery.outgoing.endpoints import MOST, WrongField, signing_keys
from bot.errors import NotFound, StateError
from bot.model import EndpointOff, EventType
from bot.standard_webhooks import key_of
from bot.testing import KEYS, NOW

URL = "https://cms.record.example/hooks/s3cr3t-path"
TYPES = [EventType.EDITION_SENT]


def make(store, *, name="The CMS", url=URL, types=TYPES, **more):
    return endpoints.make(store, KEYS, name=name, url=url, types=types, who="Mara", now=NOW, **more)


def kept(store, endpoint):
    with store.read() as tx:
        return tx.endpoints.get(endpoint)


def test_the_secret_is_told_once_and_kept_sealed(store):
    secret, made = make(store)
    assert signing_keys(kept(store, made.id), KEYS, NOW) == [key_of(secret)]
    with store.read() as tx:
        rows = str(tx.connection.exec_driver_sql("SELECT * FROM endpoints").all())
    assert secret not in rows
    assert secret.removeprefix("whsec_") not in rows
    assert secret not in repr(made)


def test_neither_address_nor_secret_stands_on_the_record(store):
    secret, made = make(store)
    endpoints.change(store, made.id, name="CMS", url=URL + "/2", types=TYPES, who="Mara", now=NOW)
    endpoints.rotate(store, KEYS, made.id, who="Mara", now=NOW)
    endpoints.ping(store, made.id, who="Mara", now=NOW)
    endpoints.disable(store, made.id, who="Mara", now=NOW)
    endpoints.enable(store, made.id, who="Mara", now=NOW)
    endpoints.remove(store, made.id, who="Mara", now=NOW)
    with store.read() as tx:
        acts = tx.acts.newest(thing=f"webhook:{made.id}")
    assert [each.what.split()[0] for each in reversed(acts)] == [
        *("make", "change", "rotate", "try", "disable", "enable", "remove")
    ]
    assert {each.who for each in acts} == {"Mara"}
    assert "cms.record.example, edition.sent" in acts[-1].after
    assert not any("s3cr3t" in str(each) or secret in str(each) for each in acts)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cms.record.example",
        "http://cms.record.example/hooks",
        "ftp://cms.record.example/",
        "https://",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.0.0.8/hooks",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "https://cms.record.example/ hooks",
        "https://cms.record.example:99999/",
        "https://cms.record.example/\nHost: evil",
        "https://[",
        "https://cms.record.example/" + "x" * 2_000,
    ],
)
def test_an_address_that_is_none_or_leads_inside_is_refused_at_once(store, url):
    with pytest.raises(WrongField) as raised:
        make(store, url=url)
    assert raised.value.field == "url"
    with store.read() as tx:
        assert tx.endpoints.every() == []


def test_where_loopback_is_let_through_a_program_of_this_machine_may_listen(store):
    assert make(store, url="http://127.0.0.1:9/hooks", loopback=True)
    with pytest.raises(WrongField):
        make(store, url="http://10.0.0.8/hooks", loopback=True)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"types": []}, "types"),
        ({"types": [EventType.PING]}, "types"),
        ({"secret": "whsec_c2hvcnQ="}, "secret"),
    ],
)
def test_what_cannot_be_says_which_field_it_is(store, wrong, field):
    with pytest.raises(WrongField) as raised:
        make(store, **wrong)
    assert raised.value.field == field


def test_a_secret_may_be_brought(store):
    secret = "whsec_" + base64.b64encode(b"k" * 24).decode()
    assert make(store, secret=secret)[0] == secret


def test_there_are_so_many_and_no_more(store):
    for number in range(MOST):
        make(store, name=f"CMS {number}")
    with pytest.raises(StateError, match="remove one first"):
        make(store)


def test_an_address_that_is_left_out_stays(store):
    _secret, made = make(store)
    changed = endpoints.change(store, made.id, name="CMS", url="", types=[EventType.EDITION_HELD], who="Mara", now=NOW)
    assert (changed.url, changed.types) == (URL, {EventType.EDITION_HELD})
    assert kept(store, made.id) == changed


def test_one_that_is_off_is_not_tried(store):
    _secret, made = make(store)
    assert endpoints.disable(store, made.id, who="Mara", now=NOW)
    assert not endpoints.disable(store, made.id, who="Mara", now=NOW)
    assert kept(store, made.id).why is EndpointOff.BY_HAND
    with pytest.raises(StateError, match="enable it first"):
        endpoints.ping(store, made.id, who="Mara", now=NOW)


def test_what_is_not_there_says_so(store):
    _secret, made = make(store)
    with pytest.raises(NotFound):
        endpoints.ping(store, made.id + 1, who="Mara", now=NOW)
    with pytest.raises(NotFound):
        endpoints.send_again(store, made.id, "msg_nosuch", who="Mara", now=NOW)
