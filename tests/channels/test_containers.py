"""What a network made is kept until it is surely published."""

from __future__ import annotations

from bot.channels.containers import Container, Containers, content_of
from bot.clock import SetClock
from bot.store import Store
from tests.channels.posts import TOKEN


def test_a_container_is_found_again_by_its_parcel_in_another_process(store: Store, clock: SetClock) -> None:
    made = Container("18078", content_of({"text": "a"}), clock())
    Containers(store).keep(TOKEN, made)
    assert Containers(store).find(TOKEN) == made
    assert Containers(store).find("another") is None


def test_a_newer_one_takes_its_place_and_old_ones_are_forgotten(store: Store, clock: SetClock) -> None:
    Containers(store).keep("old", Container("1", "x", clock()))
    clock.advance(days=6)
    Containers(store).keep(TOKEN, Container("2", "x", clock()))
    assert Containers(store).find("old") is not None
    clock.advance(days=2)
    Containers(store).keep(TOKEN, Container("3", "x", clock()))
    assert Containers(store).find("old") is None
    assert Containers(store).find(TOKEN) == Container("3", "x", clock())


def test_other_content_has_another_name() -> None:
    assert content_of({"text": "a", "media_type": "TEXT"}) == content_of({"media_type": "TEXT", "text": "a"})
    assert content_of({"text": "a"}) != content_of({"text": "b"})
