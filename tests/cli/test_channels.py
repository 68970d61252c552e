"""``channels``: what is listed, how an account is connected from a terminal or a script, and how a channel goes on."""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bot.channels.credentials import Credential, closed
from bot.cli import channels
from bot.delivery.pausing import pause_channel
from bot.model import Grade, Quota
from bot.schedules.checkup import checkup
from bot.schedules.installation import opened
from bot.testing import KEYS, Zones
from bot.testing.networks import Fault, running
from tests.cli.conftest import configure

TOML = """
[http]
allow_loopback = true

[channels.news]
type = "x"
client_id = "x-client"
api = "{base}"
authorize = "{base}/i/oauth2/authorize"

[channels.sky]
type = "bluesky"
handle = "record.test"

[alerts]
channels = ["mail"]
to = ["desk@record.example"]
"""
SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=5)


@pytest.fixture
def x():
    with running("x") as (base, state):
        state.base = base
        yield state


@pytest.fixture
def newsroom(folder, x, monkeypatch):
    monkeypatch.setenv("BROADSHEET_SKY_PASSWORD", "abcd-efgh")
    configure(folder, TOML.format(base=x.base))
    return folder


def back(url):
    """The address that a browser comes back to when the owner says yes."""
    return httpx.get(url).headers["location"]


def write(newsroom, change):
    with opened(newsroom / "config") as installation, installation.store.write() as tx:
        change(tx)


def test_each_channel_is_listed_with_how_it_is(newsroom, broadsheet):
    def known(tx):
        credential = closed(Credential(access="access-secret", account="@record"), KEYS)
        tx.channels.save("news", credential, account="@record", expires=SOON, now=SOON, serial=0)
        tx.channels.told("news", Quota(remaining=7, limit=100, resets=SOON))
        pause_channel(tx, "sky", "sky: a new app password is needed", SOON)

    write(newsroom, known)
    said = broadsheet("channels")
    mail, news, sky = (line.split("\t") for line in said.out.splitlines())
    assert mail[:3] == ["mail", "email", "ok"]
    assert mail[-1] == "morning, alerts"
    assert news[:5] == ["news", "x", "ok: not yet verified live", "@record", "7 of 100 left"]
    assert news[5].startswith(f"{SOON:%Y-%m-%d}")
    assert news[6] == "not by us: after a lost answer it is looked for, or waits for you"
    assert sky[2] == "paused: sky: a new app password is needed"
    assert sky[6] == "never doubled: by the network's own key"
    assert "access-secret" not in said.out


def test_the_list_has_stable_keys_for_programs(newsroom, broadsheet):
    mail, news, _ = broadsheet("channels", "--json").value
    assert list(news) == [
        "channel",
        "type",
        "medium",
        "schedules",
        "alerts",
        "state",
        "paused",
        "paused_at",
        "rests_until",
        "signs_in",
        "connected",
        "account",
        "expires",
        "quota",
        "learned",
        "idempotency",
        "verified",
    ]
    assert (news["state"], news["signs_in"], news["connected"]) == ("not connected", True, False)
    assert (news["idempotency"], news["verified"]) == ("none", "")
    assert (mail["idempotency"], mail["verified"], mail["alerts"]) == (None, None, True)


def test_a_script_connects_in_two_calls(newsroom, broadsheet, x):
    begun = broadsheet("channels", "connect", "news", "--json").value
    assert (begun["connected"], begun["redirect"]) == (False, "https://news.record.example/oauth/callback")
    done = broadsheet("channels", "connect", "news", "--code", back(begun["url"]), "--json").value
    assert (done["connected"], done["account"], done["resumed"]) == (True, "@record", False)
    assert broadsheet("channels", "test", "news").out.endswith("as @record\n")
    assert "@record" in broadsheet("acts").out


def test_without_a_terminal_it_says_how_to_end_it(newsroom, broadsheet):
    said = broadsheet("channels", "connect", "news")
    assert said.code == 0
    assert "/i/oauth2/authorize?" in said.out
    assert "channels connect news --code CODE-OR-ADDRESS" in said.out


class Terminal(io.StringIO):
    """A terminal on which an editor pastes what they came back to."""

    def __init__(self, paste):
        super().__init__()
        self._paste = paste

    def isatty(self):
        return True

    def __iter__(self):
        return self

    def __next__(self):
        line, self._paste = self._paste(), lambda: None
        if line is None:
            raise StopIteration
        return line


def printed(capsys):
    """The address that was printed."""
    return next(line for line in capsys.readouterr().out.splitlines() if "/authorize?" in line)


@pytest.mark.parametrize("whole", [True, False])
def test_at_a_terminal_the_address_or_its_code_is_pasted(newsroom, broadsheet, monkeypatch, capsys, whole):
    def paste():
        address = back(printed(capsys))
        return f"{address if whole else address.partition('code=')[2].partition('&')[0]}\n"

    monkeypatch.setattr(sys, "stdin", Terminal(paste))
    said = broadsheet("channels", "connect", "news")
    assert (said.code, said.out) == (0, "news is connected as @record\n")


def test_at_a_terminal_it_ends_when_the_browser_did(newsroom, broadsheet, monkeypatch, capsys):
    from bot.schedules.connection import finish_pasted

    def said_yes_elsewhere():
        import asyncio

        with opened(newsroom / "config") as installation:
            asyncio.run(finish_pasted(installation, "news", back(printed(capsys))))

    monkeypatch.setattr(channels, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(sys, "stdin", Terminal(said_yes_elsewhere))
    said = broadsheet("channels", "connect", "news")
    assert (said.code, said.out) == (0, "news is connected as @record\n")


def test_a_code_without_a_beginning_is_refused(newsroom, broadsheet):
    said = broadsheet("channels", "connect", "news", "--code", "x-code-1")
    assert said.code == 1
    assert "no sign-in of news waits" in said.err


def test_connecting_lets_a_paused_channel_go_on(newsroom, broadsheet):
    write(newsroom, lambda tx: pause_channel(tx, "news", "its permission was taken back", SOON))
    begun = broadsheet("channels", "connect", "news", "--json").value
    said = broadsheet("channels", "connect", "news", "--code", back(begun["url"]))
    assert said.out == "news is connected as @record; it was paused, and goes on\n"


def test_an_account_is_forgotten(newsroom, broadsheet):
    begun = broadsheet("channels", "connect", "news", "--json").value
    broadsheet("channels", "connect", "news", "--code", back(begun["url"]))
    assert broadsheet("channels", "disconnect", "news", "--json").value["account"] == "@record"
    assert broadsheet("channels", "--json").value[1]["connected"] is False
    assert broadsheet("channels", "disconnect", "news").code == 3


def test_a_paused_channel_is_let_go_on(newsroom, broadsheet):
    write(newsroom, lambda tx: pause_channel(tx, "sky", "a new password is needed", SOON))
    assert broadsheet("channels", "resume", "sky").code == 0
    assert broadsheet("channels", "--json").value[2]["state"] == "ok"
    again = broadsheet("channels", "resume", "sky")
    assert (again.code, "is not paused" in again.err) == (3, True)


@pytest.fixture
def toots(folder, monkeypatch):
    """A newsroom with a Mastodon account whose instance takes 5,000 characters."""
    with running("mastodon", max_characters=5000) as (base, state):
        monkeypatch.setenv("BROADSHEET_TOOTS_TOKEN", state.credentials["token"])
        channel = f'[channels.toots]\ntype = "mastodon"\ninstance = "{base}"\n'
        configure(folder, f"[http]\nallow_loopback = true\n\n{channel}")
        yield state


def learnt(folder):
    with opened(folder / "config") as installation:
        return installation.outlets["toots"].limits.characters


def test_a_test_keeps_what_limits_the_server_tells(folder, toots, broadsheet):
    assert learnt(folder) == 500
    assert "its limits are kept" in broadsheet("channels", "test", "toots").out
    assert learnt(folder) == 5000
    assert broadsheet("channels", "--json").value[1]["learned"]


def test_a_test_says_when_the_server_is_down(folder, toots, broadsheet):
    toots.fail(Fault(500), path="*", times=9)
    said = broadsheet("channels", "test", "toots")
    assert (said.code, said.err[:27]) == (1, "broadsheet: channel toots: ")
    assert learnt(folder) == 500


def test_check_learns_limits_that_nobody_knows(folder, toots):
    found = {each.id: each for each in checkup(folder / "config", dns=Zones({}))}
    assert found["channel.toots.limits"].grade is Grade.OK
    assert learnt(folder) == 5000
    assert "channel.toots.limits" not in {each.id for each in checkup(folder / "config", dns=Zones({}))}


def test_a_preview_learns_limits_that_nobody_knows(folder, toots, broadsheet):
    assert broadsheet("preview", "morning", "--out", folder / "preview").code in (0, 3)
    assert learnt(folder) == 5000


def test_a_preview_does_without_a_server_that_is_down(folder, toots, broadsheet):
    toots.fail(Fault(500), path="*", times=99)
    assert broadsheet("preview", "morning", "--out", folder / "preview").code in (0, 3)
    assert learnt(folder) == 500


@pytest.mark.parametrize("verb", ["connect", "disconnect", "resume", "test"])
def test_a_channel_that_is_none_is_named_with_those_there_are(newsroom, broadsheet, verb):
    said = broadsheet("channels", verb, "newz")
    assert said.code == 1
    assert 'there is no channel "newz"' in said.err


def test_mail_is_not_signed_in_to(newsroom, broadsheet):
    said = broadsheet("channels", "connect", "mail")
    assert said.code == 2
    assert "what email needs is its secrets in .env" in said.err


def test_check_warns_of_a_permission_that_ends_and_of_a_pause(newsroom, broadsheet):
    def known(tx):
        credential = closed(Credential(access="a", account="@record"), KEYS)
        tx.channels.save("news", credential, account="@record", expires=SOON, now=SOON, serial=0)
        pause_channel(tx, "sky", "a new password is needed", SOON)

    write(newsroom, known)
    found = {each["id"]: each for each in broadsheet("check", "--offline", "--json").value}
    assert found["channel.news.permission"]["grade"] == "warning"
    assert "news stops in" in found["channel.news.permission"]["said"]
    assert found["channel.news.permission"]["fix"] == "run `broadsheet channels connect news`"
    assert found["channel.sky.paused"]["grade"] == "fault"
