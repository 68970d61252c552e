"""Where people can open a post that stands on its network."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bot.channels.base import Addressed, configured
from bot.clock import SetClock
from bot.model import Newsroom
from bot.testing import ENVIRONMENT, KEYS, NOW, settings

TOML = """
[channels.x]
type = "x"
client_id = "app"
{x}
[channels.linkedin]
type = "linkedin"
client_id = "app"
{linkedin}
[channels.facebook]
type = "facebook"
page = "546349135390552"
{facebook}
[channels.telegram]
type = "telegram"
chat = "{chat}"

[channels.bluesky]
type = "bluesky"
handle = "record.bsky.social"
{bluesky}
"""
SECRETS = {
    **ENVIRONMENT,
    "BROADSHEET_LINKEDIN_CLIENT_SECRET": "s",
    "BROADSHEET_FACEBOOK_TOKEN": "s",
    "BROADSHEET_TELEGRAM_TOKEN": "1:s",
    "BROADSHEET_BLUESKY_PASSWORD": "s",
}
IDS = {
    "x": "1790000000000000004",
    "linkedin": "urn:li:share:7400000000000000004",
    "facebook": "546349135390552_1220000000004",
    "telegram": "-1001436591873/2",
    "bluesky": "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.feed.post/3n3jtxhsd432x",
}


def channels(folder, chat="@record", **more):
    told = {"x": "", "linkedin": "", "facebook": "", "bluesky": "", **more}
    around = SimpleNamespace(
        http=None,
        clock=SetClock(NOW),
        store=None,
        keys=KEYS,
        newsroom=Newsroom(name="The Record", url="https://r.example"),
    )
    return configured(settings(folder, TOML.format(chat=chat, **told), environment=SECRETS), around)


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("x", "https://x.com/i/status/1790000000000000004"),
        ("linkedin", "https://www.linkedin.com/feed/update/urn:li:share:7400000000000000004/"),
        ("facebook", "https://www.facebook.com/546349135390552_1220000000004"),
        ("telegram", "https://t.me/record/2"),
        ("bluesky", "https://bsky.app/profile/did:plc:ewvi7nxzyoun6zhxrhs64oiz/post/3n3jtxhsd432x"),
    ],
)
def test_a_post_has_the_page_that_its_network_documents(tmp_path, name, page):
    channel = channels(tmp_path)[name]
    assert isinstance(channel, Addressed)
    assert channel.address(IDS[name]) == page


@pytest.mark.parametrize("id", ["", "javascript:alert(1)", '4"><script>', "../../login", "at://x/y/z", "1/../2"])
def test_an_id_that_is_none_of_the_networks_leads_nowhere_else(tmp_path, id):
    for name, channel in channels(tmp_path).items():
        made = channel.address(id)
        assert made == "" or (name == "telegram" and made == "https://t.me/record/2")


def test_a_chat_without_a_public_name_has_no_page(tmp_path):
    assert channels(tmp_path, chat="-1001436591873")["telegram"].address(IDS["telegram"]) == ""


def test_a_server_that_is_not_the_networks_own_has_no_page_there(tmp_path):
    own = dict.fromkeys(("x", "linkedin", "facebook"), 'api = "https://social.example"')
    made = channels(tmp_path, **own)
    assert [made[name].address(IDS[name]) for name in own] == ["", "", ""]
