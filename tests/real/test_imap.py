"""A mailbox on a real IMAP server: Dovecot, over TLS."""

from __future__ import annotations

import secrets

import pytest

from bot.delivery.intake.imap import read_imap
from bot.delivery.intake.message import Intake
from bot.errors import MailboxError, SettingsError, StoreError
from bot.settings.bounces import ImapTable
from bot.store import Store
from tests.delivery.returned import RETURNS, Sent, dsn, mail

pytestmark = pytest.mark.real
IDA, BEN = "ida@example.org", "ben@example.org"


@pytest.fixture
async def sent(tmp_path, clock):
    store = Store.open(f"sqlite:///{tmp_path}/broadsheet.db")
    made = Sent(store, clock)
    made.id = await made.edition(IDA, BEN)
    yield made
    store.close()


@pytest.fixture
def user():
    return f"bounces{secrets.token_hex(4)}"


def _table(server, user, **fields):
    given = {
        "host": "127.0.0.1",
        "port": server.tls_port,
        "username": user,
        "password": "secret",
        "ca_file": server.ca_file,
        "timeout": "20s",
    }
    return ImapTable.model_validate({**given, **fields})


def _read(sent, table):
    return read_imap(table, Intake(sent.store, RETURNS, sent.clock, "imap"))


def _bounces(sent):
    return [dsn(each, token=sent.tokens[sent.id, each]) for each in (IDA, BEN)]


def test_rfc6851_what_is_on_record_is_moved_and_mail_for_people_apart(sent, imap_server, user):
    imap_server.deliver(user, *_bounces(sent), mail(subject="A question", text="When does the ferry leave?"))
    box = _read(sent, _table(imap_server, user))
    assert (box.messages, box.events["hard"], box.other, box.left) == (3, 2, 1, [])
    assert [imap_server.count(user, name) for name in ("", "Processed", "Other")] == [0, 2, 1]
    assert sent.settle().suppressed == 2
    assert {each.source for each in sent.events()} == {"imap"}
    assert _read(sent, _table(imap_server, user)).messages == 0


def test_over_starttls_and_folders_with_names_of_their_own(sent, imap_server, user):
    imap_server.deliver(user, *_bounces(sent))
    table = _table(
        imap_server, user, port=imap_server.port, security="starttls", done="Zurück & erledigt", other='Für "Menschen"'
    )
    assert _read(sent, table).messages == 2
    assert imap_server.count(user) == 0


def test_a_server_without_move_and_uidplus_keeps_what_was_copied_as_deleted(sent, plain_imap_server, user):
    plain_imap_server.deliver(user, *_bounces(sent))
    assert _read(sent, _table(plain_imap_server, user)).messages == 2
    assert plain_imap_server.count(user, "Processed") == 2
    assert _read(sent, _table(plain_imap_server, user)).messages == 0, "what is marked as deleted is not read again"


def test_b5_nothing_leaves_the_mailbox_while_the_store_takes_nothing(sent, imap_server, user):
    imap_server.deliver(user, *_bounces(sent))

    def down(message):
        raise StoreError("the disk is full")

    with pytest.raises(StoreError):
        read_imap(_table(imap_server, user), down)
    assert imap_server.count(user) == 2
    assert _read(sent, _table(imap_server, user)).events == {"hard": 2}


def test_a_wrong_password_is_one_line_without_it(sent, imap_server, user):
    with pytest.raises(MailboxError) as raised:
        _read(sent, _table(imap_server, user, password="Tr0ub4dor"))
    assert "refuses" in str(raised.value)
    assert "Tr0ub4dor" not in str(raised.value)


@pytest.mark.parametrize(
    ("fields", "said"), [({"ca_file": ""}, "certificate"), ({"port": 9}, "reached"), ({"folder": "Nowhere"}, "Nowhere")]
)
def test_a_mailbox_that_cannot_be_read_says_why(sent, imap_server, user, fields, said):
    with pytest.raises(MailboxError, match=said):
        _read(sent, _table(imap_server, user, **fields))


def test_without_tls_only_a_server_on_this_machine_is_talked_to(sent, imap_server, user):
    with pytest.raises(SettingsError, match="another"):
        _read(sent, _table(imap_server, user, security="none", host="imap.example.org"))
