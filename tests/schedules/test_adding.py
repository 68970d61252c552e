"""What a new channel needs in the files: each kind says it, and what it says is taken."""

from __future__ import annotations

import tomllib

import pytest
from pydantic import Field, SecretStr

from bot.channels.base import KINDS, kinds
from bot.channels.credentials import Connecting
from bot.errors import NotFound
from bot.schedules.adding import new_channel
from bot.settings import PostTable, is_secret
from bot.testing import ScriptedChannel

GOOD = {
    "url": "https://hooks.example/x",
    "instance": "https://social.example",
    "homeserver": "https://matrix.example",
    "room": "!abc:matrix.example",
    "handle": "record.bsky.social",
    "topic": "record",
    "chat": "@record",
    "page": "546349135390552",
    "client_id": "app",
    "from": "The Record <news@record.example>",
}
"""What an editor fills in, by key."""


class Pigeon(ScriptedChannel):
    class Options(PostTable):
        """A bird, and its ``loft``."""

        loft: str = Field(description="Where it\nlives.")
        routes: tuple[str, ...] = Field(
            tuple(f"{number} miles along the river" for number in range(9)), description="A"
        )
        call: SecretStr = Field(description="What it comes to.")


def _written(lines):
    return "".join(f"\n# {each.says}\n{each.code}\n" for each in lines)


@pytest.fixture
def pigeon(monkeypatch):
    """A kind of another package."""
    monkeypatch.setitem(KINDS, "pigeon", Pigeon)


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_the_lines_of_a_kind_are_those_of_its_table_and_are_taken_once_filled_in(kind):
    new, options = new_channel(kind, ()), kinds()[kind].Options
    written = tomllib.loads(new.head + _written(new.lines))["channels"][kind]
    assert written.pop("type") == kind
    needed = {info.alias or key for key, info in options.model_fields.items() if info.is_required()}
    secrets = {key for key, info in options.model_fields.items() if is_secret(info.annotation)}
    assert set(written) == needed - secrets
    given = {**written, **{key: GOOD[key] for key in written}, **dict.fromkeys(secrets & needed, "s3cret")}
    if kind == "email":
        given["host"] = "mail.record.example"
    options.model_validate(given)


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_what_may_be_left_out_can_be_taken_as_it_stands(kind):
    new = new_channel(kind, ())
    behind = [each.code.removeprefix("# ") for each in new.lines + new.more if each.code.startswith("# ")]
    assert len(behind) >= len(new.more)
    fields = {info.alias or key for key, info in kinds()[kind].Options.model_fields.items()}
    for line in behind:
        assert set(tomllib.loads(line)) <= fields
    for key in PostTable.model_fields:
        assert not any(line.startswith(f"{key} = ") for line in behind)


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_the_secrets_have_the_names_that_the_program_reads(kind):
    found = {each.variable: each.needed for each in new_channel(kind, ()).secrets}
    for key, info in kinds()[kind].Options.model_fields.items():
        if is_secret(info.annotation):
            assert found[f"BROADSHEET_{kind.upper()}_{key.upper()}"] is info.is_required()


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_all_that_a_kind_of_ours_says_is_said_in_other_words_when_asked(kind):
    new = new_channel(kind, (), lambda said: f"<{said}>")
    said = [new.says, *(each.says for each in (*new.lines, *new.more, *new.secrets))]
    assert [each for each in said if not (each.startswith("<") and each.endswith((">", ">.")))] == []
    assert new.ours


def test_what_a_kind_of_another_package_says_stays_as_it_is(pigeon):
    new = new_channel("pigeon", (), lambda _said: "other words")
    assert (new.says, new.lines[0].says, new.secrets[0].says) == (
        "A bird, and its `loft`.",
        "Where it lives.",
        "What it comes to.",
    )
    assert (new.ours, new.page) == (False, "")


def test_a_list_of_many_lines_stands_behind_the_sign_whole(pigeon):
    (routes,) = new_channel("pigeon", ()).more
    assert len(routes.code.splitlines()) > 9
    assert tomllib.loads(routes.code) == {}


def test_the_values_that_a_line_may_have_are_listed_behind_what_it_says():
    (visibility,) = new_channel("mastodon", ()).more
    assert visibility.says.endswith("or followers. One of: `public`, `unlisted`, `private`.")


def test_a_name_that_a_channel_has_is_not_given_again():
    assert new_channel("x", ("x", "x2", "mail")).name == "x3"
    assert new_channel("x", ("x",)).secrets[0].variable.startswith("BROADSHEET_X2_")


def test_the_kinds_that_are_signed_in_to_say_so():
    assert {kind for kind, cls in kinds().items() if new_channel(kind, ()).connects} == {
        kind for kind, cls in kinds().items() if issubclass(cls, Connecting)
    }


def test_a_kind_that_nobody_knows_is_not_found():
    with pytest.raises(NotFound):
        new_channel("<script>", ())
