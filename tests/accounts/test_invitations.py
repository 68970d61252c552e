from __future__ import annotations

from datetime import timedelta

import pytest

from bot.accounts import invitations, sessions
from bot.accounts.flaws import Flaw, Unfit
from bot.accounts.invitations import Stand
from bot.accounts.users import disable, enable
from bot.errors import StateError, TokenError
from bot.model import Purpose, Role
from bot.testing import KEYS, NOW
from tests.accounts.conftest import PASSWORD

DAY = timedelta(days=1)


def _stand(store, invitation, now=NOW):
    with store.read() as tx:
        return invitations.look(tx, invitation.id, now)[0]


def test_who_was_invited_joins_with_a_name_and_a_password_once(newsroom, store):
    made = invitations.invite(store, "mara@record.example", Role.ADMIN, who="root", now=NOW, language="de")
    user = invitations.join(store, made.id, "Mara Lindqvist", PASSWORD, now=NOW + DAY)
    assert (user.name, user.address, user.role, user.language) == (
        "Mara Lindqvist",
        "mara@record.example",
        Role.ADMIN,
        "de",
    )
    assert _stand(store, made) is Stand.USED
    with pytest.raises(StateError):
        invitations.join(store, made.id, "Somebody Else", PASSWORD, now=NOW + DAY)
    with store.read() as tx:
        assert [each.name for each in tx.users.every()] == ["Mara Lindqvist"]
    assert newsroom.acts() == [("root", "invite", "", "admin"), ("Mara Lindqvist", "join", "", "admin")]


def test_looking_at_a_link_changes_nothing(store):
    made = invitations.invite(store, "mara@record.example", Role.ADMIN, who="root", now=NOW)
    for _ in range(3):
        assert _stand(store, made) is Stand.OPEN
    assert invitations.join(store, made.id, "Mara Lindqvist", PASSWORD, now=NOW).id


def test_an_invitation_is_over_after_a_week(store):
    made = invitations.invite(store, "mara@record.example", Role.ADMIN, who="root", now=NOW)
    assert _stand(store, made, NOW + 7 * DAY - timedelta(seconds=1)) is Stand.OPEN
    assert _stand(store, made, NOW + 7 * DAY) is Stand.OVER
    with pytest.raises(StateError):
        invitations.join(store, made.id, "Mara Lindqvist", PASSWORD, now=NOW + 7 * DAY)


def test_a_second_invitation_makes_the_first_worthless(store):
    first = invitations.invite(store, "mara@record.example", Role.ADMIN, who="root", now=NOW)
    second = invitations.invite(store, "MARA@Record.example", Role.ADMIN, who="root", now=NOW)
    assert (_stand(store, first), _stand(store, second)) == (Stand.OVER, Stand.OPEN)


def test_an_invitation_that_was_withdrawn_lets_nobody_in(store):
    made = invitations.invite(store, "mara@record.example", Role.ADMIN, who="root", now=NOW)
    assert invitations.withdraw(store, made.id, who="root", now=NOW)
    assert not invitations.withdraw(store, made.id, who="root", now=NOW)
    assert _stand(store, made) is Stand.OVER


def test_the_first_account_is_an_admins(newsroom, store):
    with pytest.raises(Unfit) as refused:
        invitations.invite(store, "tom@record.example", Role.EDITOR, who="root", now=NOW)
    assert refused.value.flaw is Flaw.FIRST_ADMIN
    newsroom.join()
    assert newsroom.join("Tom Adeyemi", Role.EDITOR).role is Role.EDITOR


def test_nobody_is_invited_who_has_an_account_or_no_address(newsroom, store):
    newsroom.join()
    for address, flaw in (
        ("Mara@record.example", Flaw.ADDRESS_TAKEN),
        ("mara", Flaw.ADDRESS_UNFIT),
        ("a@b.example\r\nBcc: all@b.example", Flaw.ADDRESS_UNFIT),
    ):
        with pytest.raises(Unfit) as refused:
            invitations.invite(store, address, Role.EDITOR, who="root", now=NOW)
        assert refused.value.flaw is flaw


def test_two_people_do_not_have_one_name(newsroom, store):
    newsroom.join()
    made = invitations.invite(store, "other@record.example", Role.EDITOR, who="root", now=NOW)
    with pytest.raises(Unfit) as refused:
        invitations.join(store, made.id, "MARA  LINDQVIST", PASSWORD, now=NOW)
    assert refused.value.flaw is Flaw.NAME_TAKEN
    # Nothing was used up: another name does.
    assert invitations.join(store, made.id, "Mara L.", PASSWORD, now=NOW).name == "Mara L."


def test_a_new_password_ends_all_sessions_and_every_other_link(newsroom, store):
    user = newsroom.join()
    with store.write() as tx:
        token = sessions.log_in(tx, user, NOW, kept=True)
    first = invitations.let_choose(store, user, who="root", now=NOW)
    second = invitations.let_choose(store, user, who="root", now=NOW)
    invitations.choose(store, second.id, "another long one", now=NOW)
    assert sessions.logged_in(store, token, NOW) is None
    for made in (first, second):
        with pytest.raises(StateError):
            invitations.choose(store, made.id, "and one more long one", now=NOW)


def test_a_link_for_a_new_password_works_for_two_hours(newsroom, store):
    made = invitations.let_choose(store, newsroom.join(), who="root", now=NOW)
    with pytest.raises(StateError):
        invitations.choose(store, made.id, "another long one", now=NOW + timedelta(hours=2))


def test_who_is_disabled_gets_no_new_password(newsroom, store):
    newsroom.join()
    tom = newsroom.join("Tom Adeyemi", Role.EDITOR)
    made = invitations.let_choose(store, tom, who="root", now=NOW)
    shut = disable(store, tom.id, who="root", now=NOW)
    with pytest.raises(StateError):
        invitations.choose(store, made.id, "another long one", now=NOW)
    with pytest.raises(StateError):
        invitations.let_choose(store, shut, who="root", now=NOW)
    # Nor by the old link, once they are let in again.
    enable(store, tom.id, who="root", now=NOW)
    with pytest.raises(StateError):
        invitations.choose(store, made.id, "another long one", now=NOW)


def test_a_link_is_good_for_its_purpose_alone(store):
    made = invitations.invite(store, "mara@record.example", Role.ADMIN, who="root", now=NOW)
    token = invitations.link(KEYS, made, "https://news.record.example").rpartition("/")[2]
    assert invitations.read_link(KEYS, Purpose.JOIN, token) == made.id
    for purpose, wrong in ((Purpose.RESET, token), (Purpose.JOIN, token[:-2]), (Purpose.JOIN, made.id)):
        with pytest.raises(TokenError):
            invitations.read_link(KEYS, purpose, wrong)


def test_invitations_are_deleted_after_a_month_with_their_addresses(store):
    invitations.invite(store, "mara@record.example", Role.ADMIN, who="root", now=NOW)
    assert invitations.prune(store, NOW + 29 * DAY) == 0
    assert invitations.prune(store, NOW + 31 * DAY) == 1
