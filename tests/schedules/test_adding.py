"""What a new channel needs in the files: each kind says it, and what it says is taken."""

from __future__ import annotations

import tomllib

import pytest

from bot.channels.base import kinds
from bot.channels.credentials import Connecting
from bot.errors import NotFound
from bot.schedules.adding import new_channel
from bot.settings import PostTable, is_secret

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


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_the_lines_of_a_kind_are_those_of_its_table_and_are_taken_once_filled_in(kind):
    new, options = new_channel(kind, ()), kinds()[kind].Options
    written = tomllib.loads(new.lines)["channels"][kind]
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
    behind = [line.removeprefix("# ") for line in new.more.splitlines() if line.startswith("# ") and " = " in line]
    assert behind or not new.more
    fields = {info.alias or key for key, info in kinds()[kind].Options.model_fields.items()}
    for line in behind:
        assert set(tomllib.loads(line)) <= fields
    for key in PostTable.model_fields:
        assert f"\n# {key} = " not in new.lines + new.more


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_the_secrets_have_the_names_that_the_program_reads(kind):
    found = {each.variable: each.needed for each in new_channel(kind, ()).secrets}
    for key, info in kinds()[kind].Options.model_fields.items():
        if is_secret(info.annotation):
            assert found[f"BROADSHEET_{kind.upper()}_{key.upper()}"] is info.is_required()


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
