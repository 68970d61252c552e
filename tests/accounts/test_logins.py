from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from bot.accounts import logins, sessions
from bot.accounts.passwords import outdated
from bot.accounts.users import disable
from bot.model import Purpose, Role
from bot.testing import KEYS, NOW
from tests.accounts.conftest import PASSWORD

ADDRESS = "mara@record.example"


def _try(store, password=PASSWORD, *, address=ADDRESS, network="192.0.2.0/24", now=NOW, **kind):
    return logins.attempt(store, KEYS, address, password, network=network, now=now, **kind)


def test_the_right_password_opens_a_session_and_is_on_the_record(newsroom, store):
    mara = newsroom.join()
    login = _try(store, address=" MARA@record.example ", browser="Firefox")
    assert login.user == mara
    found = sessions.logged_in(store, login.token, NOW)
    assert (found.user, found.session.browser, found.session.network) == (mara, "Firefox", "192.0.2.0/24")
    assert newsroom.acts(f"user:{mara.id}")[-1][:2] == ("Mara Lindqvist", "log in")


def test_the_store_never_holds_the_token_or_the_password(newsroom, store):
    newsroom.join()
    token = _try(store).token
    with store.read() as tx:
        for table in ("sessions", "users", "acts", "allowances"):
            rows = str(tx.connection.exec_driver_sql(f"SELECT * FROM {table}").all())
            assert token not in rows
            assert PASSWORD not in rows


def test_an_address_that_nobody_has_is_answered_like_a_wrong_password(newsroom, store):
    newsroom.join()
    wrong = [_try(store, "wrong wrong wrong") for _ in range(6)]
    unknown = [_try(store, "wrong wrong wrong", address="nobody@record.example") for _ in range(6)]
    assert [(each.token, each.user, each.tries) for each in wrong] == [("", None, left) for left in (4, 3, 2, 1, 0, 0)]
    assert unknown == wrong


def test_after_five_wrong_ones_the_right_one_waits_fifteen_minutes_too(newsroom, store):
    newsroom.join()
    for _ in range(5):
        assert not _try(store, "wrong wrong wrong").token
    locked = _try(store)
    assert not locked.token
    assert timedelta(minutes=14) < locked.until - NOW < timedelta(minutes=17)
    assert _try(store, now=locked.until).token


def test_who_is_locked_out_by_a_stranger_logs_in_from_their_own_network(newsroom, store):
    newsroom.join()
    for _ in range(6):
        _try(store, "wrong wrong wrong", network="203.0.113.0/24")
    assert _try(store).token


def test_one_network_does_not_try_addresses_without_end(newsroom, store):
    newsroom.join()
    for number in range(50):
        _try(store, "wrong wrong wrong", address=f"reader{number}@record.example")
    assert not _try(store).token
    assert _try(store, network="203.0.113.0/24").token


def test_the_right_password_does_not_count(newsroom, store):
    newsroom.join()
    for _ in range(8):
        assert _try(store).token
    assert _try(store, "wrong wrong wrong").tries == 4


def test_many_tries_at_once_are_no_more_than_one_after_the_other(newsroom, store):
    newsroom.join()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: _try(store, f"wrong number {number}"), range(12)))
    looked_at = [each for each in found if each.until == NOW + timedelta(minutes=15)]
    assert len(looked_at) == 5


def test_the_session_that_the_browser_came_with_ends(newsroom, store):
    newsroom.join()
    planted = _try(store).token
    mine = _try(store, before=planted).token
    assert sessions.logged_in(store, planted, NOW) is None
    assert sessions.logged_in(store, mine, NOW)


def test_who_is_disabled_is_answered_like_a_wrong_password(newsroom, store):
    newsroom.join()
    tom = newsroom.join("Tom Adeyemi", Role.EDITOR)
    disable(store, tom.id, who="root", now=NOW)
    login = _try(store, address="tom@record.example")
    assert (login.token, login.tries) == ("", 4)


def test_a_hash_of_old_parameters_is_renewed_at_the_login(newsroom, store):
    mara = newsroom.join()
    made = Argon2id(salt=b"0123456789abcdef", length=32, iterations=1, lanes=1, memory_cost=64)
    with store.write() as tx:
        tx.users.set_password(mara.id, made.derive_phc_encoded(PASSWORD.encode()))
    assert _try(store).token
    with store.read() as tx:
        assert not outdated(tx.users.password(mara.id))
    assert _try(store).token


def test_a_forgotten_password_leaves_the_same_in_the_store_for_everybody(newsroom, store):
    newsroom.join()
    for address in (ADDRESS, "nobody@record.example"):
        logins.forgotten(store, KEYS, address, network="net", now=NOW)
    with store.read() as tx:
        found = tx.invitations.due(NOW, 10)
    assert {(each.address, each.purpose, each.ends) for each in found} == {
        (address, Purpose.RESET, NOW + timedelta(hours=2)) for address in (ADDRESS, "nobody@record.example")
    }


def test_an_address_is_not_mailed_without_end(newsroom, store):
    newsroom.join()
    for number in range(10):
        logins.forgotten(store, KEYS, ADDRESS, network=f"net {number}", now=NOW)
    logins.forgotten(store, KEYS, "no address", network="net", now=NOW)
    with store.read() as tx:
        assert len(tx.invitations.due(NOW, 100)) == 2
