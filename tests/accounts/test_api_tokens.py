from __future__ import annotations

from datetime import timedelta

import pytest

from bot.accounts import api_tokens
from bot.accounts.users import change_role, disable
from bot.errors import StateError, UsageError
from bot.model import AT_THIS_MACHINE, Role, Scope
from bot.testing import NOW

MONTH = timedelta(days=30)


@pytest.fixture
def tom(newsroom):
    newsroom.join()
    return newsroom.join("Tom Adeyemi", Role.APPROVER)


def _role(store, token, now=NOW):
    found = api_tokens.user_of(store, token, now)
    return found and found.role


def test_a_token_works_in_its_makers_name_with_no_more_than_its_scope(store, tom):
    for scope, role in ((Scope.READ, Role.VIEWER), (Scope.WRITE, Role.EDITOR), (Scope.APPROVE, Role.APPROVER)):
        token, kept = api_tokens.make(store, tom, "archive export", scope, MONTH, now=NOW)
        assert token.startswith("bst_")
        found = api_tokens.user_of(store, token, NOW)
        assert (found.id, found.name_on_record, found.role) == (tom.id, "Tom Adeyemi", role)
        assert token.endswith(kept.tail)


def test_a_token_may_no_more_than_its_maker_then_or_later(store, tom):
    with pytest.raises(StateError):
        api_tokens.make(store, tom, "too much", Scope.ADMIN, MONTH, now=NOW)
    token, _ = api_tokens.make(store, tom, "approvals", Scope.APPROVE, MONTH, now=NOW)
    change_role(store, tom.id, Role.VIEWER, who="root", now=NOW)
    assert _role(store, token) is Role.VIEWER


def test_the_store_knows_no_token(newsroom, store, tom):
    token, kept = api_tokens.make(store, tom, "archive export", Scope.READ, MONTH, now=NOW)
    with store.read() as tx:
        for table in ("api_tokens", "acts"):
            assert token[4:] not in str(tx.connection.exec_driver_sql(f"SELECT * FROM {table}").all())
    assert newsroom.acts(f"token:{kept.id}") == [("Tom Adeyemi", "make token", "", "read")]


def test_a_token_ends_with_its_time(store, tom):
    token, _ = api_tokens.make(store, tom, "archive export", Scope.READ, MONTH, now=NOW)
    assert _role(store, token, NOW + MONTH - timedelta(seconds=1)) is Role.VIEWER
    assert _role(store, token, NOW + MONTH) is None


def test_a_token_that_was_revoked_or_whose_maker_is_disabled_is_worth_nothing(store, tom):
    revoked, kept = api_tokens.make(store, tom, "archive export", Scope.READ, MONTH, now=NOW)
    other, _ = api_tokens.make(store, tom, "numbers", Scope.READ, MONTH, now=NOW)
    assert api_tokens.revoke(store, kept.id, who="root", now=NOW)
    assert not api_tokens.revoke(store, kept.id, who="root", now=NOW)
    assert (_role(store, revoked), _role(store, other)) == (None, Role.VIEWER)
    disable(store, tom.id, who="root", now=NOW)
    assert _role(store, other) is None


def test_it_is_kept_when_a_token_was_used_last(store, tom):
    token, kept = api_tokens.make(store, tom, "archive export", Scope.READ, MONTH, now=NOW)
    for minutes in (0, 1, 7):
        api_tokens.user_of(store, token, NOW + timedelta(minutes=minutes))
    with store.read() as tx:
        assert tx.api_tokens.get(kept.id).used == NOW + timedelta(minutes=7)


@pytest.mark.parametrize("wrong", ["", "bst_", "bst_" + "A" * 43, "A" * 47, "bst_é" + "A" * 42])
def test_what_is_no_token_opens_nothing(store, tom, wrong):
    assert api_tokens.user_of(store, wrong, NOW) is None


@pytest.mark.parametrize(
    ("name", "good_for"), [("", MONTH), ("x\x00y", MONTH), ("long", timedelta(days=367)), ("none", timedelta(0))]
)
def test_a_token_has_a_name_and_an_end(store, tom, name, good_for):
    with pytest.raises(UsageError):
        api_tokens.make(store, tom, name, Scope.READ, good_for, now=NOW)


def test_who_has_no_account_has_no_token(store):
    with pytest.raises(StateError):
        api_tokens.make(store, AT_THIS_MACHINE, "anything", Scope.READ, MONTH, now=NOW)
