"""Double opt-in: what a request keeps, what a confirmation writes, and whom it may not bring back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.audience.enrolment import forget
from bot.audience.links import PREFERENCES
from bot.audience.signup import (
    CONFIRM,
    GOOD_FOR,
    KEPT_FOR,
    Stand,
    Wish,
    confirm,
    confirmation_url,
    consent_text,
    gets_it_all,
    look,
    prune,
    read_confirmation,
    request,
    wording_version,
)
from bot.errors import TokenError
from bot.model import Newsroom, Preferences, Suppression
from bot.settings.signup import SignupTable
from bot.testing import KEYS, NOW, subscribe

RULES = SignupTable()
LATER = NOW + timedelta(minutes=5)
NEWSROOM = Newsroom(name="The Record", url="https://record.example", public_url="https://news.record.example")


def wish(address="mara@example.org", **fields):
    given = {
        "choices": {"readers": Preferences()},
        "language": "en",
        "form": "page",
        "page": "https://news.record.example/subscribe",
        "network": "192.0.2.0/24",
        "ip": "192.0.2.7",
    }
    return Wish(address=address, **{**given, **fields})


def ask(store, *addresses, rules=RULES, now=NOW, **fields):
    """The ids of new sign-ups."""
    ids = []
    for address in addresses or ("mara@example.org",):
        assert request(store, KEYS, rules, wish(address, **fields), now=now) is None
        with store.read() as tx:
            ids += [each.id for each in tx.signups.due(now + KEPT_FOR, 100) if each.address == address]
    return ids


def find(store, address="mara@example.org"):
    with store.read() as tx:
        return {each.audience: each for each in tx.subscribers.find(address)}


def acts(store, what):
    with store.read() as tx:
        return [act for act in tx.acts.newest() if act.what == what]


def test_a_request_subscribes_nobody(store):
    ask(store)
    assert find(store) == {}


def test_a_confirmation_subscribes_with_the_evidence_of_gdpr_article_7(store):
    (signup,) = ask(store)
    stand, found, subscriber = confirm(store, signup, language="en", now=LATER)
    assert (stand, found.address) == (Stand.OPEN, "mara@example.org")
    reader = find(store)["readers"]
    assert (reader.state, reader.id, reader.consent.at) == ("subscribed", subscriber, LATER)
    evidence = reader.consent.evidence
    assert (evidence.form, evidence.page) == ("page", "https://news.record.example/subscribe")
    assert (evidence.requested, evidence.confirmed) == (NOW, LATER)
    assert evidence.wording == wording_version("en")
    (act,) = acts(store, "subscribe")
    assert (act.who, act.thing) == ("reader", f"subscriber:{subscriber}")


def test_the_words_behind_a_version_are_on_record_once(store):
    for number, signup in enumerate(ask(store, "mara@example.org", "noor@example.org")):
        confirm(store, signup, language="en", now=LATER + timedelta(minutes=number))
    (act,) = acts(store, "consent wording")
    assert act.thing == f"wording:{wording_version('en')}"
    assert act.note == consent_text("en")
    assert "Your address is used for these newsletters only." in act.note


def test_other_words_are_another_version():
    assert wording_version("de") != wording_version("en").replace("en-", "de-")


def test_the_ip_address_is_kept_only_where_the_newsroom_says_so(store):
    for rules, address, kept in (
        (RULES, "mara@example.org", ""),
        (SignupTable(keep_ip=True), "noor@x.example", "192.0.2.7"),
    ):
        (signup,) = ask(store, address, rules=rules)
        confirm(store, signup, language="en", now=LATER)
        assert find(store, address)["readers"].consent.evidence.ip == kept


def test_what_was_chosen_is_what_is_sent(store):
    chosen = {
        "readers": Preferences(schedules=("morning",), topics=("Harbour",), language="de"),
        "weekend": Preferences(),
    }
    (signup,) = ask(store, choices=chosen)
    confirm(store, signup, language="de", now=LATER)
    found = find(store)
    assert found["readers"].preferences == chosen["readers"]
    assert found["weekend"].preferences == Preferences()


def test_confirming_twice_is_harmless_and_so_is_a_press_after_leaving(store):
    (signup,) = ask(store)
    _, _, subscriber = confirm(store, signup, language="en", now=LATER)
    assert confirm(store, signup, language="en", now=LATER)[0] is Stand.DONE
    with store.write() as tx:
        tx.subscribers.unsubscribe(subscriber, "readers", via="test", now=LATER)
    assert confirm(store, signup, language="en", now=LATER + timedelta(minutes=1))[0] is Stand.DONE
    assert find(store)["readers"].state == "unsubscribed"
    assert len(acts(store, "subscribe")) == 1


def test_a_link_works_for_seven_days(store):
    (signup,) = ask(store)
    assert confirm(store, signup, language="en", now=NOW + GOOD_FOR + timedelta(seconds=1))[0] is Stand.EXPIRED
    assert find(store) == {}
    assert confirm(store, signup, language="en", now=NOW + GOOD_FOR)[0] is Stand.OPEN


def test_who_left_comes_back_and_the_old_consent_stays_provable(store):
    (subscriber,) = subscribe(store, "mara@example.org", at=NOW - timedelta(days=9))
    with store.write() as tx:
        tx.subscribers.unsubscribe(subscriber, "readers", via="page", now=NOW - timedelta(days=2))
    (signup,) = ask(store)
    confirm(store, signup, language="en", now=LATER)
    assert find(store)["readers"].state == "subscribed"
    with store.read() as tx:
        assert [consent.via for _, consent, _ in tx.subscribers.past_consents(subscriber)] == ["test"]


@pytest.mark.parametrize("reason", ["unsubscribed", "erased"])
@pytest.mark.parametrize("audience", ["", "readers"])
def test_a_confirmation_takes_back_what_the_reader_themselves_decided(store, reason, audience):
    with store.write() as tx:
        tx.suppressions.add(Suppression(address="Mara@Example.org", reason=reason, at=NOW, audience=audience))
    (signup,) = ask(store)
    assert confirm(store, signup, language="en", now=LATER)[0] is Stand.OPEN
    with store.read() as tx:
        assert tx.suppressions.against("mara@example.org") == []
    assert find(store)["readers"].state == "subscribed"
    assert reason in acts(store, "allow")[0].note


@pytest.mark.parametrize("reason", ["complaint", "bounced", "editor", "anything else"])
def test_it_never_takes_back_a_complaint_a_bounce_or_an_editors_word(store, reason):
    (signup,) = ask(store)
    # After the request: suppression is looked at again when the button is pressed.
    with store.write() as tx:
        tx.suppressions.add(Suppression(address="mara@example.org", reason=reason, at=NOW))
    assert confirm(store, signup, language="en", now=LATER)[0] is Stand.BLOCKED
    assert find(store) == {}
    with store.read() as tx:
        assert len(tx.suppressions.against("mara@example.org")) == 1


def test_a_suppression_of_one_audience_keeps_nobody_from_another(store):
    with store.write() as tx:
        tx.suppressions.add(Suppression(address="mara@example.org", reason="complaint", at=NOW, audience="weekend"))
    (signup,) = ask(store, choices={"readers": Preferences(), "weekend": Preferences()})
    assert confirm(store, signup, language="en", now=LATER)[0] is Stand.OPEN
    assert set(find(store)) == {"readers"}


def test_who_gets_one_newsletter_of_an_audience_and_confirms_another_gets_both(store):
    (subscriber,) = subscribe(store, "mara@example.org")
    with store.write() as tx:
        tx.subscribers.prefer(subscriber, "readers", Preferences(schedules=("noon",), topics=("Harbour",), hour=9))
    (signup,) = ask(store, choices={"readers": Preferences(schedules=("morning",))})
    confirm(store, signup, language="en", now=LATER)
    assert find(store)["readers"].preferences == Preferences(schedules=("morning", "noon"), topics=("Harbour",), hour=9)


@pytest.mark.parametrize(
    ("has", "asks", "known"),
    [
        (Preferences(), Preferences(), True),
        (Preferences(), Preferences(schedules=("noon",)), True),
        (Preferences(schedules=("noon",)), Preferences(schedules=("noon",)), True),
        (Preferences(schedules=("noon",)), Preferences(schedules=("morning",)), False),
        (Preferences(schedules=("noon",)), Preferences(), False),
    ],
)
def test_known_is_who_gets_all_that_is_asked_for(store, has, asks, known):
    (subscriber,) = subscribe(store, "mara@example.org")
    with store.write() as tx:
        tx.subscribers.prefer(subscriber, "readers", has)
    ask(store, choices={"readers": asks})
    with store.read() as tx:
        assert gets_it_all(tx, tx.signups.due(NOW, 1)[0]) is known


def test_one_network_is_told_to_wait_and_others_are_not(store):
    rules = SignupTable(per_network="3/h")
    for number in range(3):
        ask(store, f"reader{number}@example.org", rules=rules)
    until = request(store, KEYS, rules, wish("one.more@example.org"), now=NOW)
    assert NOW < until <= NOW + timedelta(minutes=66)
    assert request(store, KEYS, rules, wish("other@example.org", network="198.51.100.0/24"), now=NOW) is None
    assert request(store, KEYS, rules, wish("one.more@example.org"), now=until) is None


def test_all_together_are_limited_too_and_a_refused_request_counts_for_nothing(store):
    rules = SignupTable(mails="1/h", per_network="100/h")
    for number in range(10):
        ask(store, f"reader{number}@example.org", rules=rules, network=f"net {number}")
    for _ in range(5):
        assert request(store, KEYS, rules, wish(network="victim"), now=NOW) is not None
    with store.read() as tx:
        rows = tx.connection.exec_driver_sql("SELECT key, used FROM allowances").all()
    assert KEYS.derived_id("signup network", "victim") not in str([row for row in rows if row.used])


def test_no_network_and_no_address_stands_in_the_counts(store):
    ask(store)
    with store.read() as tx:
        keys = [row.key for row in tx.connection.exec_driver_sql("SELECT key FROM allowances")]
    assert keys
    assert not [key for key in keys if "192.0.2" in key or "example.org" in key]


def test_what_is_over_is_deleted_with_its_address(store):
    ask(store, "early@example.org")
    ask(store, "late@example.org", now=NOW + timedelta(days=2))
    assert prune(store, NOW + KEPT_FOR + timedelta(seconds=1)) == 1
    with store.read() as tx:
        assert [each.address for each in tx.signups.due(NOW + KEPT_FOR, 10)] == ["late@example.org"]


def test_who_is_erased_is_erased_where_they_only_asked(store):
    (signup,) = ask(store)
    assert forget(store, "MARA@example.org", who="editor", now=LATER)
    with store.read() as tx:
        assert look(tx, signup, LATER) == (Stand.EXPIRED, None)


def test_a_link_holds_a_number_and_no_address():
    url = confirmation_url(NEWSROOM, KEYS, "a" * 26)
    token = url.removeprefix("https://news.record.example/c/")
    assert read_confirmation(KEYS, token) == "a" * 26
    assert KEYS.verify(CONFIRM, token) == ["a" * 26]


@pytest.mark.parametrize(
    "token", ["", "x", KEYS.sign(PREFERENCES, "a"), KEYS.sign(CONFIRM, 7), KEYS.sign(CONFIRM, "a", "b")]
)
def test_a_token_of_another_purpose_or_shape_is_none(token):
    with pytest.raises(TokenError):
        read_confirmation(KEYS, token)


def test_a_forged_token_is_none():
    good = KEYS.sign(CONFIRM, "a" * 26)
    with pytest.raises(TokenError):
        read_confirmation(KEYS, good[:-1] + ("A" if good[-1] != "A" else "B"))


def test_the_sign_up_of_an_api_has_the_words_of_the_confirmation_alone(store):
    (signup,) = ask(store, form="api")
    confirm(store, signup, language="fr", now=LATER)
    assert find(store)["readers"].consent.evidence.wording == wording_version("fr")
