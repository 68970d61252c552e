from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from pathlib import Path

import httpx
from pydantic import SecretStr

from bot.channels.base import kinds
from bot.channels.credentials import opened
from bot.clock import SetClock
from bot.demo.networks import Standing, networks, social
from bot.store import Store
from bot.testing import KEYS
from bot.testing.networks import Posted
from bot.testing.ports import free_port

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


def standing(found: tuple[Standing, ...], kind: str) -> Standing:
    return next(each for each in found if each.kind == kind)


def test_every_kind_that_posts_and_has_a_fake_is_there() -> None:
    assert {"mastodon", "bluesky", "x", "linkedin", "facebook", "threads", "telegram"} <= set(social())
    assert {"slack", "discord", "teams", "matrix", "ntfy"} <= set(social())
    assert not {"email", "webhook", "apprise"} & set(social())


def test_each_answers_as_itself_at_an_address_of_its_own() -> None:
    with networks(SetClock(NOW), {}) as found:
        assert len({each.base for each in found}) == len(found) == len(social())
        for each in found:
            assert f"A fake {each.kind}" in httpx.get(each.page, trust_env=False).text


def test_a_port_that_is_taken_is_replaced_and_the_others_are_kept() -> None:
    ports = {kind: free_port() for kind in social()}
    with socket.create_server(("127.0.0.1", ports["x"])), networks(SetClock(NOW), ports) as found:
        assert standing(found, "x").port != ports["x"]
        assert standing(found, "threads").port == ports["threads"]


def test_what_stands_in_the_settings_and_what_in_the_environment_is_together_a_channel() -> None:
    with networks(SetClock(NOW), {}) as found:
        for each in found:
            table = kinds()[each.kind].Options
            names = {f"BROADSHEET_{each.kind}_{key}".upper(): key for key in table.model_fields}
            secrets = {names[variable]: value for variable, value in each.secrets().items()}
            assert not secrets.keys() & each.options().keys()
            made = table.model_validate({**each.options(), **secrets})
            assert all(isinstance(getattr(made, key), SecretStr) for key in secrets)


def test_an_account_is_kept_encrypted_and_only_where_a_network_wants_one(sqlite_file, tmp_path: Path) -> None:
    store = Store.open(sqlite_file.copy(tmp_path / "broadsheet.db"))
    with networks(SetClock(NOW), {}) as found:
        for _ in range(2):
            for each in found:
                each.connect(store, KEYS, NOW)
        with store.read() as tx:
            kept = {name: state.credential for name, state in tx.channels.all().items() if state.credential}
        assert set(kept) == {"linkedin"}
        token = standing(found, "linkedin").network.credentials["token"]
    store.close()
    assert token not in kept["linkedin"]
    assert opened(kept["linkedin"], KEYS, "linkedin").access == token


def test_what_followers_see_is_a_file_and_stays_when_the_network_has_forgotten_it(tmp_path: Path) -> None:
    with networks(SetClock(NOW), {}) as found:
        telegram = standing(found, "telegram")
        assert telegram.write(tmp_path) is None
        telegram.network.publish(Posted(id="1", text="The ferry returns", when=NOW))
        file = telegram.write(tmp_path)
    assert file is not None
    with networks(SetClock(NOW), {}) as found:
        standing(found, "telegram").write(tmp_path)
    assert [each["text"] for each in json.loads(file.read_text())] == ["The ferry returns"]
