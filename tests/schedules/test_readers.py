"""An edition's readers by what they chose: what is rendered, what the snapshot makes of it, what goes out."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.delivery.engine import Engine
from bot.editions import compose, lifecycle
from bot.errors import DeliveryError, NotFound
from bot.model import EditionState, Preferences, Suppression
from bot.schedules.plan import Slot
from bot.schedules.preview import preview, send_test
from bot.schedules.readers import choices_of, prepare, survey
from bot.schedules.slot import advance, make
from bot.settings.tables import DeliveryTable
from bot.testing import KEYS, NOW, ScriptedChannel, article, subscribe
from bot.tokens import delivery_token

SLOT = Slot("morning", "2026-11-24T07:00", NOW)
SPORT, HARBOUR = Preferences(topics=("sport",)), Preferences(topics=("Harbour",))


@pytest.fixture
def prefer(store):
    """Subscribes a reader who chose something."""

    def put(address, preferences, audience="readers"):
        (subscriber,) = subscribe(store, address, audience=audience)
        with store.write() as tx:
            tx.subscribers.prefer(subscriber, audience, preferences)
        return subscriber

    return put


@pytest.fixture
def three_stories(publish):
    publish("The ferry returns", sections=("Harbour",))
    publish("Rovers win", sections=("Sport",))
    publish("The library opens", sections=("City hall",), tags=("Books",))


def _made(installation, now=NOW):
    made = make(installation, "morning", SLOT, now)
    assert made.stories
    return made


def _deliver(store, now, channel=None):
    """Everything that is due then; what each reader got: address → subject."""
    channel = channel or ScriptedChannel()
    engine = Engine(
        store=store, channels={"mail": channel}, keys=KEYS, clock=lambda: now, rules=DeliveryTable(), timezone="UTC"
    )
    asyncio.run(engine.deliver())
    return {parcel.recipient.address: parcel for parcel in channel.sent}


def _subjects(sent):
    return {address: parcel.rendition.email.subject for address, parcel in sent.items()}


def _balance(store, made):
    with store.read() as tx:
        balance = tx.deliveries.balance(made.id, counted=True)
        assert balance == tx.deliveries.balance(made.id)
    assert balance.balanced
    return balance.states


def test_readers_get_the_stories_of_their_topics_under_their_own_subject(newsroom, three_stories, prefer, store):
    installation = newsroom()
    prefer("sport@example.org", SPORT)
    prefer("books@example.org", Preferences(topics=("BOOKS",)))
    prefer("both@example.org", Preferences(topics=("Sport", "Books")))
    prefer("opera@example.org", Preferences(topics=("Opera",)))
    made = _made(installation)
    assert advance(installation, made, NOW) is EditionState.SENDING
    sent = _deliver(store, NOW)
    assert sorted(sent) == ["books@example.org", "both@example.org", "reader@example.org", "sport@example.org"]
    assert _subjects(sent)["sport@example.org"] == "Rovers win"
    assert _subjects(sent)["books@example.org"] == "The library opens"
    sport = sent["sport@example.org"].rendition.email
    assert "Rovers win" in sport.html and "The ferry returns" not in sport.html + sport.text
    for title in ("The ferry returns", "Rovers win", "The library opens"):
        assert title in sent["reader@example.org"].rendition.email.html
    assert _balance(store, made) == {"accepted": 4, "excluded": 1}
    with store.read() as tx:
        assert tx.editions.state(made.id) is EditionState.SENT
        (row,) = tx.deliveries.page(edition=made.id, states=["excluded"])
    assert (row.destination, row.reason) == ("opera@example.org", "no topic new")


def test_a_message_is_called_the_same_whatever_variant_its_reader_gets(newsroom, three_stories, prefer, store):
    installation = newsroom()
    reader = prefer("sport@example.org", SPORT)
    made = _made(installation)
    advance(installation, made, NOW)
    parcel = _deliver(store, NOW)["sport@example.org"]
    assert parcel.token == delivery_token(KEYS, made.id, "mail", "", reader)


def test_a_story_is_of_the_topics_of_all_its_articles(newsroom, store, prefer):
    installation = newsroom()
    body = (
        "<p>The ferry between the two quays returns to service on Monday after a year of repairs at the yard.</p>"
        "<p>Its new engines burn a third less oil, and the crossing takes four minutes less than it did before.</p>"
        "<p>Tickets cost as much as they did, and bicycles travel free of charge until the end of March.</p>"
    )
    with store.write() as tx:
        for number, section in enumerate(("Harbour", "Transport"), start=1):
            each = article(
                title="Harbour ferry between two quays returns on Monday",
                url=f"https://site{number}.example/ferry",
                source=f"source{number}",
                sections=(section,),
                body=body,
                published=NOW - timedelta(hours=1),
            )
            tx.articles.put(each, url_key=each.url, present={each.guid}, now=each.published)
    made = _made(installation)
    assert len(made.stories) == 1
    assert made.stories[0].topics == {"harbour", "transport"}
    with store.read() as tx:
        assert tx.editions.get(made.id).stories[0].topics == {"harbour", "transport"}


def test_who_wants_the_same_shares_one_rendition_and_nothing_is_rendered_for_each(
    newsroom, three_stories, prefer, store, monkeypatch
):
    installation = newsroom()
    for number in range(5):
        prefer(f"sport{number}@example.org", SPORT)
    rendered = []
    original = compose.render_variant
    monkeypatch.setattr(compose, "render_variant", lambda *given: rendered.append(given[2].id) or original(*given))
    made = _made(installation)
    advance(installation, made, NOW)
    assert len(rendered) == 1
    with store.read() as tx:
        assert tx.editions.variants(made.id, "mail") == set(rendered)
    assert set(_subjects(_deliver(store, NOW)).values()) >= {"Rovers win"}


def test_what_is_prepared_ahead_is_rendered_ahead(newsroom, three_stories, prefer, store):
    installation = newsroom()
    prefer("sport@example.org", SPORT)
    made = _made(installation, NOW - timedelta(minutes=30))
    with store.read() as tx:
        assert len(tx.editions.variants(made.id, "mail")) == 1


def test_too_many_variants_are_the_general_edition_for_the_rest(newsroom, three_stories, prefer, store, monkeypatch):
    monkeypatch.setattr("bot.schedules.readers.MOST", 1)
    installation = newsroom()
    prefer("sport1@example.org", SPORT)
    prefer("sport2@example.org", SPORT)
    prefer("books@example.org", Preferences(topics=("books",)))
    made = _made(installation)
    with store.read() as tx:
        found = survey(tx, choices_of(installation, made), "readers", NOW)
    assert [number for _, number in found.variants] == [2]
    assert (found.left_out, found.beyond, found.general) == (1, 1, 2)
    advance(installation, made, NOW)
    sent = _subjects(_deliver(store, NOW))
    assert sent["sport1@example.org"] == "Rovers win"
    assert sent["books@example.org"] == sent["reader@example.org"]


def test_who_chose_between_the_rendering_and_the_snapshot_gets_the_general_edition(
    newsroom, three_stories, prefer, store, monkeypatch
):
    installation = newsroom()

    def then_somebody_chooses(*given):
        plan = prepare(*given)
        prefer("late@example.org", SPORT)
        prefer("gone@example.org", Preferences(schedules=()))
        return plan

    monkeypatch.setattr("bot.schedules.slot.prepare", then_somebody_chooses)
    made = _made(installation)
    advance(installation, made, NOW)
    sent = _subjects(_deliver(store, NOW))
    assert sent["late@example.org"] == sent["reader@example.org"]
    assert "gone@example.org" not in sent
    assert _balance(store, made) == {"accepted": 2, "excluded": 1}


def test_a_variant_that_does_not_render_is_the_general_edition(newsroom, three_stories, prefer, store):
    installation = newsroom('subject = "{{ titles[2] }}"\n')
    prefer("sport@example.org", SPORT)
    made = _made(installation)
    assert advance(installation, made, NOW) is EditionState.SENDING
    sent = _subjects(_deliver(store, NOW))
    assert sent["sport@example.org"] == sent["reader@example.org"]


def test_a_story_that_is_corrected_before_the_send_is_corrected_in_every_variant(newsroom, publish, prefer, store):
    publish("The ferry returns", sections=("Harbour",))
    (rovers,) = publish("Rovers win", sections=("Sport",))
    installation = newsroom()
    prefer("sport@example.org", SPORT)
    made = _made(installation, NOW - timedelta(minutes=30))
    with store.write() as tx:
        fixed = replace(rovers, title="Rovers draw", body="<p>Rovers draw is what this article is about.</p>")
        tx.articles.put(fixed, url_key=fixed.url, present={fixed.guid}, now=NOW)
    advance(installation, made, NOW)
    sent = _deliver(store, NOW)
    assert _subjects(sent)["sport@example.org"] == "Rovers draw"
    assert "Rovers win" not in sent["reader@example.org"].rendition.email.html


def test_nothing_begins_with_stories_that_were_changed_while_variants_were_rendered(
    newsroom, three_stories, prefer, store, monkeypatch
):
    installation = newsroom()
    prefer("sport@example.org", SPORT)
    made = _made(installation)

    def then_a_story_is_dropped(*given):
        plan = prepare(*given)
        with store.write() as tx:
            stored = tx.editions.get(made.id)
            tx.editions.replace_stories(replace(stored, stories=stored.stories[:2]))
        return plan

    with monkeypatch.context() as patched:
        patched.setattr("bot.schedules.slot.prepare", then_a_story_is_dropped)
        assert advance(installation, made, NOW) is EditionState.DRAFTED
    assert _balance(store, made) == {}
    assert advance(installation, made, NOW) is EditionState.SENDING


def test_a_reader_gets_it_at_their_own_hour_and_the_edition_is_sent_when_the_last_has_it(
    newsroom, three_stories, prefer, store
):
    installation = newsroom()
    prefer("evening@example.org", Preferences(hour=18))
    prefer("tokyo@example.org", Preferences(hour=7, timezone="Asia/Tokyo", topics=("Sport",)))
    made = _made(installation)
    advance(installation, made, NOW)
    assert list(_deliver(store, NOW)) == ["reader@example.org"]
    with store.read() as tx:
        assert tx.editions.state(made.id) is EditionState.SENDING
    # Longer than max_lateness: that is how late an edition may begin.
    assert advance(installation, made, NOW + timedelta(hours=10)) is not EditionState.EXPIRED
    assert list(_deliver(store, NOW.replace(hour=17, minute=59))) == []
    assert list(_deliver(store, NOW.replace(hour=18))) == ["evening@example.org"]
    last = NOW.replace(hour=22)
    assert _subjects(_deliver(store, last)) == {"tokyo@example.org": "Rovers win"}
    assert _balance(store, made) == {"accepted": 3}
    with store.read() as tx:
        assert tx.editions.state(made.id) is EditionState.SENT


def test_a_refusal_at_the_own_hour_is_tried_again_for_as_long_as_at_any(newsroom, three_stories, prefer, store):
    installation = newsroom()
    prefer("evening@example.org", Preferences(hour=6))

    def refuse(_parcel):
        raise DeliveryError("451 later", permanent=False, code=451)

    made = _made(installation)
    advance(installation, made, NOW)
    _deliver(store, NOW)
    tomorrow = NOW + timedelta(hours=23)
    _deliver(store, tomorrow, ScriptedChannel(answer=refuse))
    assert _balance(store, made) == {"accepted": 1, "deferred": 1}
    assert list(_deliver(store, tomorrow + timedelta(hours=2))) == ["evening@example.org"]


def test_who_leaves_while_they_wait_for_their_hour_gets_nothing(newsroom, three_stories, prefer, store):
    installation = newsroom()
    wish = {"hour": 18, "topics": ("Sport",)}
    left = prefer("left@example.org", Preferences(**wish))
    paused = prefer("paused@example.org", Preferences(**wish))
    weekly = prefer("weekly@example.org", Preferences(**wish))
    prefer("bounced@example.org", Preferences(**wish))
    prefer("stays@example.org", Preferences(**wish))
    made = _made(installation)
    advance(installation, made, NOW)
    _deliver(store, NOW)
    with store.write() as tx:
        tx.subscribers.unsubscribe(left, "readers", via="one-click", now=NOW)
        assert tx.deliveries.cancel_subscriber(left, "readers", "unsubscribed", NOW) == 1
        tx.suppressions.add(Suppression(address="bounced@example.org", reason="bounce", at=NOW))
        tx.subscribers.prefer(paused, "readers", Preferences(paused_until=date(2026, 12, 1), **wish))
        tx.subscribers.prefer(weekly, "readers", Preferences(schedules=("weekly",), **wish))
    # At once: the row of who unsubscribed is settled before anybody claims it.
    with store.read() as tx:
        (row,) = tx.deliveries.of_edition(made.id, left)
    assert (row.state, row.reason) == ("cancelled", "unsubscribed")
    assert list(_deliver(store, NOW.replace(hour=18))) == ["stays@example.org"]
    assert _balance(store, made) == {"accepted": 2, "cancelled": 4}
    with store.read() as tx:
        reasons = {tx.deliveries.of_edition(made.id, each)[0].reason for each in (paused, weekly)}
        assert tx.editions.state(made.id) is EditionState.SENT
    assert reasons == {
        "paused until 2026-12-01, chosen after the snapshot",
        "other frequency, chosen after the snapshot",
    }


def test_an_edition_that_waits_for_hours_can_be_paused_resumed_and_cancelled(newsroom, three_stories, prefer, store):
    installation = newsroom()
    prefer("evening@example.org", Preferences(hour=18))
    made = _made(installation)
    advance(installation, made, NOW)
    _deliver(store, NOW)
    lifecycle.pause(store, made.id, who="editor", now=NOW)
    assert list(_deliver(store, NOW.replace(hour=18))) == []
    lifecycle.resume(store, made.id, who="editor", now=NOW)
    assert list(_deliver(store, NOW.replace(hour=17))) == []
    lifecycle.cancel(store, made.id, who="editor", now=NOW)
    assert list(_deliver(store, NOW.replace(hour=18))) == []
    assert _balance(store, made) == {"accepted": 1, "cancelled": 1}


def test_an_edition_nobody_wants_has_its_books_and_frees_its_stories(newsroom, publish, prefer, store):
    publish("The ferry returns", sections=("Harbour",))
    installation = newsroom()
    with store.write() as tx:
        (reader,) = [each.id for each in tx.subscribers.find("reader@example.org")]
        tx.subscribers.prefer(reader, "readers", SPORT)
    made = _made(installation)
    assert advance(installation, made, NOW) is EditionState.SENDING
    assert _deliver(store, NOW) == {}
    assert _balance(store, made) == {"excluded": 1}
    with store.read() as tx:
        assert tx.editions.state(made.id) is EditionState.SENT
        assert tx.editions.held("morning", NOW - timedelta(days=1)) == (frozenset(), frozenset())


async def test_a_preview_says_who_would_get_what(newsroom, three_stories, prefer, tmp_path, store):
    installation = newsroom()
    prefer("sport@example.org", SPORT)
    prefer("arabic@example.org", Preferences(language="ar", hour=18))
    prefer("opera@example.org", Preferences(topics=("Opera",)))
    seen = await preview(installation, "morning", SLOT, tmp_path / "out")
    written = json.loads((tmp_path / "out" / "selection.json").read_text("utf-8"))["readers"]
    assert written == seen.readers
    assert written["general"] == 1
    assert {(each["readers"], each["language"], len(each["stories"])) for each in written["variants"]} == {
        (1, "", 1),
        (1, "ar", 3),
    }
    assert written["excluded"] == {"no topic new": 1}
    assert written["waiting"] == [{"until": "2026-11-24T18:00:00+00:00", "readers": 1}]
    assert written["too_many"] == {"most": 500, "variants": 0, "readers": 0}
    with store.read() as tx:
        assert tx.editions.newest() == []


async def test_a_variant_can_be_previewed_and_sent_as_a_test(newsroom, three_stories, prefer, tmp_path):
    installation = newsroom()
    prefer("sport@example.org", SPORT)
    seen = await preview(installation, "morning", SLOT, None)
    (variant,) = seen.readers["variants"]
    again = await preview(installation, "morning", SLOT, tmp_path / "out", variant=variant["id"])
    assert again.edition.renditions[0].email.subject == "Rovers win"
    assert "The ferry returns" not in (tmp_path / "out" / "digest.html").read_text("utf-8")
    await send_test(installation, "morning", SLOT, "editor@example.org", variant=variant["id"])
    with pytest.raises(NotFound, match="no reader would get a variant variant-nonsense"):
        await preview(installation, "morning", SLOT, None, variant="variant-nonsense")
