from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.accounts import sessions, users
from bot.accounts.flaws import Flaw, Unfit
from bot.errors import NotFound, StateError
from bot.model import Role
from bot.testing import NOW
from tests.accounts.conftest import PASSWORD


def _session(store, user):
    with store.write() as tx:
        return sessions.log_in(tx, user, NOW, kept=True)


def _in(store, token):
    return sessions.logged_in(store, token, NOW) is not None


def test_a_new_role_ends_the_sessions_and_is_on_the_record(newsroom, store):
    newsroom.join()
    tom = newsroom.join("Tom Adeyemi", Role.EDITOR)
    token = _session(store, tom)
    assert users.change_role(store, tom.id, Role.APPROVER, who="Mara Lindqvist", now=NOW).role is Role.APPROVER
    assert not _in(store, token)
    assert newsroom.acts(f"user:{tom.id}")[-1] == ("Mara Lindqvist", "give role", "editor", "approver")


def test_the_same_role_again_logs_nobody_out(newsroom, store):
    newsroom.join()
    tom = newsroom.join("Tom Adeyemi", Role.EDITOR)
    token = _session(store, tom)
    users.change_role(store, tom.id, Role.EDITOR, who="root", now=NOW)
    assert _in(store, token)


def test_who_is_disabled_is_out_and_comes_back_only_by_logging_in(newsroom, store):
    newsroom.join()
    tom = newsroom.join("Tom Adeyemi", Role.EDITOR)
    token = _session(store, tom)
    users.disable(store, tom.id, who="root", now=NOW)
    assert not _in(store, token)
    users.enable(store, tom.id, who="root", now=NOW)
    assert not _in(store, token)
    assert [each[1] for each in newsroom.acts(f"user:{tom.id}")] == ["join", "disable", "enable"]


def test_an_own_new_password_ends_every_other_session(newsroom, store):
    mara = newsroom.join()
    here, there = _session(store, mara), _session(store, mara)
    users.change_password(store, mara.id, PASSWORD, "another long one", here=sessions.hash_of(here), now=NOW)
    assert (_in(store, here), _in(store, there)) == (True, False)
    with pytest.raises(Unfit) as refused:
        users.change_password(store, mara.id, PASSWORD, "and one more long one", here="", now=NOW)
    assert refused.value.flaw is Flaw.PASSWORD_WRONG


def test_the_old_password_is_not_tried_more_than_five_times(newsroom, store):
    mara = newsroom.join()
    for _ in range(5):
        with pytest.raises(Unfit):
            users.change_password(store, mara.id, "wrong wrong wrong", "another long one", here="", now=NOW)
    with pytest.raises(StateError):
        users.change_password(store, mara.id, PASSWORD, "another long one", here="", now=NOW)


def test_the_last_admin_stays(newsroom, store):
    mara = newsroom.join()
    for act in (
        lambda: users.change_role(store, mara.id, Role.EDITOR, who="root", now=NOW),
        lambda: users.disable(store, mara.id, who="root", now=NOW),
    ):
        with pytest.raises(Unfit) as refused:
            act()
        assert refused.value.flaw is Flaw.LAST_ADMIN
    newsroom.join("Inés Roca", Role.ADMIN)
    assert users.disable(store, mara.id, who="root", now=NOW).disabled == NOW


def test_two_admins_who_step_down_at_once_leave_one(newsroom, store):
    pair = [newsroom.join(), newsroom.join("Inés Roca", Role.ADMIN)]

    def step_down(user):
        try:
            users.change_role(store, user.id, Role.VIEWER, who=user.name, now=NOW)
        except Unfit:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(step_down, pair)) == [False, True]
    with store.read() as tx:
        assert tx.users.count(Role.ADMIN) == 1


def test_a_name_is_changed_on_the_record_and_stays_ones_own(newsroom, store):
    mara = newsroom.join()
    tom = newsroom.join("Tom Adeyemi", Role.EDITOR)
    assert users.rename(store, tom.id, "Tom A.", who="Mara Lindqvist", now=NOW).name_on_record == "Tom A."
    assert newsroom.acts(f"user:{tom.id}")[-1] == ("Mara Lindqvist", "rename", "Tom Adeyemi", "Tom A.")
    with pytest.raises(Unfit) as refused:
        users.rename(store, mara.id, "tom a.", who="root", now=NOW)
    assert refused.value.flaw is Flaw.NAME_TAKEN
    # One's own in other letters is one's own.
    assert users.rename(store, mara.id, "MARA LINDQVIST", who="root", now=NOW).name == "MARA LINDQVIST"


def test_nobody_is_not_found(store):
    with pytest.raises(NotFound):
        users.disable(store, 7, who="root", now=NOW)
