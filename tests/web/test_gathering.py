"""The catalogs hold what tables of settings say of a new channel, and nothing that no page shows."""

from __future__ import annotations

from io import BytesIO

from bot.channels.base import KINDS
from bot.settings import PostTable
from bot.testing import ScriptedChannel
from bot.web.editor.gathering import new_channels


def gathered(code=b""):
    return [(name, said) for _line, name, said, _comments in new_channels(BytesIO(code), {"Phrase": None}, (), {})]


def words():
    return [said for name, said in gathered() if name is None]


def test_a_table_is_gathered_with_what_it_says_of_lines_and_secrets():
    found = words()
    for said in (
        "An account, by an access token (Preferences → Development → New application).",
        "The account's server, e.g. `https://mastodon.social`.",
        "An app password, never the account's own.",
    ):
        assert found.count(said) == 1
    assert any(said.startswith("What kind of server it is") and "`sendgrid`" in said for said in found)


def test_what_all_channels_have_in_common_is_not_gathered_for_no_page_shows_it():
    assert PostTable.model_fields["gap"].description not in words()


def test_what_the_code_says_is_gathered_too():
    assert ("Phrase", "there is none") in gathered(b'Phrase("there is none")')


def test_a_kind_of_another_package_has_no_words_in_our_catalogs(monkeypatch):
    class Pigeon(ScriptedChannel):
        class Options(PostTable):
            """A bird."""

    before = words()
    monkeypatch.setitem(KINDS, "pigeon", Pigeon)
    assert words() == before
