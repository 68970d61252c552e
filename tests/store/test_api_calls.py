"""Calls of the API that are known again by their key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from bot.accounts import api_calls, api_tokens
from bot.model import Role, Scope, User
from bot.testing import NOW


@pytest.fixture
def token(store):
    with store.write() as tx:
        added = tx.users.add(
            User(id=0, name="Mara", address="mara@record.example", role=Role.ADMIN),
            name_key="mara",
            password="none",
            now=NOW,
        )
        user = tx.users.get(added)
    return api_tokens.make(store, user, "CMS", Scope.ADMIN, timedelta(days=30), now=NOW)[1].id


def test_the_first_is_to_do_it_and_the_second_is_told_what_came_of_it(store, token):
    assert api_calls.begin(store, token, "k", "digest", NOW) is None
    under_way = api_calls.begin(store, token, "k", "digest", NOW)
    assert (under_way.status, under_way.digest, under_way.began) == (0, "digest", NOW)
    api_calls.end(store, token, "k", 201, "application/json", b'{"a": "\xc3\xa9"}')
    done = api_calls.begin(store, token, "k", "other", NOW)
    assert (done.status, done.kind, done.body, done.digest) == (
        201,
        "application/json",
        b'{"a": "\xc3\xa9"}',
        "digest",
    )


def test_of_many_at_once_one_is_to_do_it(store, token):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: api_calls.begin(store, token, "k", "digest", NOW), range(8)))
    assert found.count(None) == 1


def test_a_key_is_free_again_after_a_day_and_what_it_stood_for_is_swept(store, token):
    api_calls.begin(store, token, "k", "digest", NOW)
    almost = NOW + timedelta(hours=24) - timedelta(seconds=1)
    assert api_calls.begin(store, token, "k", "digest", almost) is not None
    assert api_calls.begin(store, token, "k", "new", NOW + timedelta(hours=24)) is None
    assert api_calls.prune(store, NOW + timedelta(hours=47)) == 0
    assert api_calls.prune(store, NOW + timedelta(hours=48, seconds=1)) == 1
    assert api_calls.begin(store, token, "k", "third", NOW + timedelta(hours=49)) is None
