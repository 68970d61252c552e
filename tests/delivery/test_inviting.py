"""The mails that let somebody in: who gets one, once, and what a server that refuses leaves."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from bot.accounts import invitations, logins
from bot.delivery.inviting import CLAIM, Office, desk_channel, mail_invitations
from bot.errors import DeliveryError, OutcomeUnknown, ServerBusy
from bot.model import Purpose, Role
from bot.settings import shipped
from bot.testing import KEYS, NOW, ScriptedChannel, settings
from tests.accounts.conftest import PASSWORD

TOML = """
[channels.feed]
type = "webhook"
url = "https://record.example/hook"

[channels.mail]
type = "email"
from = "The Record <news@record.example>"
host = "mail.record.example"
"""


class Post:
    """A store with its outbox for those who work at the desk."""

    def __init__(self, store, clock, newsroom):
        self.store, self.clock, self.newsroom = store, clock, newsroom
        self.channel = ScriptedChannel()

    def invite(self, address="mara@record.example", role=Role.ADMIN, **kind):
        made = invitations.invite(self.store, address, role, who="Inés Roca", now=self.clock(), mail=True, **kind)
        return made.id

    async def mail(self):
        office = Office(
            store=self.store,
            keys=KEYS,
            newsroom=self.newsroom,
            folders=(shipped("templates"),),
            channel="mail",
            clock=self.clock,
        )
        before = len(self.channel.sent)
        await mail_invitations(office, {"mail": self.channel})
        return self.channel.sent[before:]

    def get(self, invitation):
        with self.store.read() as tx:
            return tx.invitations.get(invitation)

    def answer(self, error):
        def refuse(parcel):
            raise error

        self.channel.answer = refuse


@pytest.fixture
def post(store, clock, tmp_path):
    return Post(store, clock, settings(tmp_path, TOML).newsroom)


def _link(parcel):
    return re.search(r"https://news\.record\.example/(\w+)/(\S+)", parcel.rendition.email.text)


async def test_who_was_invited_gets_one_mail_whose_link_lets_them_in(post):
    made = post.invite()
    [parcel] = await post.mail()
    assert parcel.recipient.address == "mara@record.example"
    assert not parcel.rendition.email.bulk
    assert "Inés Roca invites you" in parcel.rendition.email.text
    path, token = _link(parcel).groups()
    assert (path, invitations.read_link(KEYS, Purpose.JOIN, token)) == ("invitation", made)
    assert invitations.join(post.store, made, "Mara Lindqvist", PASSWORD, now=NOW).role is Role.ADMIN
    assert await post.mail() == []


@pytest.mark.parametrize(
    ("language", "word"), [("de", "lädt Sie"), ("ja", "招待"), ("ar", "يدعوك"), ("fr", "invite"), ("es", "invita")]
)
async def test_the_mail_speaks_the_language_they_were_invited_in(post, language, word):
    post.invite(language=language)
    [parcel] = await post.mail()
    assert word in parcel.rendition.email.text
    assert parcel.rendition.email.language == language


async def test_the_name_of_who_invites_is_text_and_nothing_else(post):
    made = invitations.invite(
        post.store, "mara@record.example", Role.ADMIN, who="<b>Eve</b> {newsroom}", now=NOW, mail=True
    )
    [parcel] = await post.mail()
    email = parcel.rendition.email
    assert "<b>Eve" not in email.html
    assert "<bdi>&lt;b&gt;Eve" in email.html
    assert "{newsroom} invites you" in email.text
    assert post.get(made.id).mailed == NOW


async def test_an_invitation_without_a_mail_sends_none(post):
    invitations.invite(post.store, "mara@record.example", Role.ADMIN, who="root", now=NOW)
    assert await post.mail() == []


async def test_a_forgotten_password_is_mailed_to_who_has_an_account_and_nobody_else(post):
    made = post.invite()
    invitations.join(post.store, made, "Mara Lindqvist", PASSWORD, now=NOW)
    for address in ("MARA@record.example", "nobody@record.example"):
        logins.forgotten(post.store, KEYS, address, network="net", now=NOW)
    [parcel] = await post.mail()
    # To the address of the account, not to what was typed.
    assert parcel.recipient.address == "mara@record.example"
    path, token = _link(parcel).groups()
    assert path == "reset"
    chosen = invitations.read_link(KEYS, Purpose.RESET, token)
    assert invitations.choose(post.store, chosen, "another long one", now=NOW).name == "Mara Lindqvist"
    post.clock.advance(hours=1)
    assert await post.mail() == []


async def test_a_server_that_is_down_is_tried_again_with_the_same_link(post):
    made = post.invite()
    post.answer(ServerBusy("mail.record.example: down"))
    [first] = await post.mail()
    assert (post.get(made).mailed, post.get(made).fault) == (None, "mail.record.example: down")
    assert await post.mail() == []
    post.channel.answer = ScriptedChannel.answer
    post.clock.advance(seconds=31)
    [second] = await post.mail()
    assert (second.token, _link(second).group()) == (first.token, _link(first).group())
    assert (post.get(made).due, post.get(made).fault) == (None, "")


async def test_an_address_that_is_refused_for_good_is_not_tried_again_and_says_why(post):
    made = post.invite()
    post.answer(DeliveryError("no such mailbox", permanent=True, code=550))
    assert len(await post.mail()) == 1
    post.clock.advance(hours=1)
    assert await post.mail() == []
    assert post.get(made).fault == "no such mailbox"


async def test_a_mail_that_may_have_arrived_is_not_sent_twice(post):
    made = post.invite()
    post.answer(OutcomeUnknown("the line broke"))
    assert len(await post.mail()) == 1
    post.clock.advance(hours=1)
    assert await post.mail() == []
    assert post.get(made).mailed == NOW


async def test_what_a_crash_left_in_doubt_is_sent_again_later_by_whoever_comes(post):
    post.invite()
    with post.store.write() as tx:
        [due] = tx.invitations.due(NOW, 1)
        assert tx.invitations.claim(due, NOW + CLAIM)
        assert not tx.invitations.claim(due, NOW + CLAIM)
    assert await post.mail() == []
    post.clock.moment = NOW + CLAIM
    assert len(await post.mail()) == 1


async def test_an_invitation_that_waited_too_long_is_not_mailed(post):
    post.invite()
    post.clock.moment = NOW + timedelta(days=7)
    assert await post.mail() == []


def test_the_desk_is_mailed_by_the_channel_that_mails_readers_else_by_any_that_mails(tmp_path):
    assert desk_channel(settings(tmp_path)) == ""
    assert desk_channel(settings(tmp_path, TOML)) == "mail"
    assert desk_channel(settings(tmp_path, TOML + TOML.split("\n\n")[1].replace(".mail]", ".letters]"))) == "mail"
    signup = TOML + '\n[channels.letters]\ntype = "email"\nfrom = "news@record.example"\nhost = "localhost"\n'
    assert desk_channel(settings(tmp_path, signup + '[signup]\nchannel = "letters"\n')) == "letters"
