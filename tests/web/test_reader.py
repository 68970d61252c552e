from __future__ import annotations

from datetime import timedelta

import pytest

from bot.audience.suppression import suppress
from bot.model import Act, Consent, Event, Evidence, Preferences, Suppression, Verdict
from bot.testing import NOW, subscribe

HOSTILE = "<script>alert('x')</script>"


def _path(reader):
    return f"/audience/readers/{reader}"


async def test_a_consent_is_shown_with_its_evidence_and_the_words_that_were_agreed_to(web):
    evidence = Evidence(
        form="embed",
        wording="en-3f9a1c04d2",
        page="https://record.example/newsletters",
        requested=NOW - timedelta(minutes=4),
        confirmed=NOW,
    )
    with web.store.write() as tx:
        tx.subscribers.subscribe("ida@example.org", "readers", Consent(at=NOW, via="sign-up", evidence=evidence))
        ida = tx.subscribers.id_of("ida@example.org")
        tx.acts.add(
            Act(at=NOW, who="broadsheet", what="consent wording", thing="wording:en-3f9a1c04d2", note="Send me it.")
        )
    page = (await web.get(_path(ida))).text
    for words in ("confirmed", "record.example/newsletters", "en-3f9a1c04d2", "Send me it.", "embed"):
        assert words in page


async def test_what_readers_and_servers_wrote_is_shown_as_it_is_and_does_nothing(web):
    with web.store.write() as tx:
        consent = Consent(
            at=NOW, via=HOSTILE, note=HOSTILE, evidence=Evidence(form=HOSTILE, page=f"javascript:{HOSTILE}")
        )
        tx.subscribers.subscribe("ida@example.org", "readers", consent, name=HOSTILE)
        ida = tx.subscribers.id_of("ida@example.org")
        tx.subscribers.prefer(ida, "readers", Preferences(topics=(HOSTILE,)))
        tx.events.add(
            Event(
                key="k",
                at=NOW,
                verdict=Verdict.HARD,
                source="maildir",
                subscriber=ida,
                reason=HOSTILE,
                evidence=HOSTILE,
            )
        )
        thing = f"subscriber:{ida}"
        tx.acts.add(Act(at=NOW, who="reader", what="prefer", thing=thing, before="[1]", after="nonsense", note=HOSTILE))
    suppress(web.store, Suppression(address="ida@example.org", reason=HOSTILE[:20], note=HOSTILE, at=NOW), who="mara")
    for path in (_path(ida), "/audience?q=ida", "/audience/suppressions", f"{_path(ida)}/suppress"):
        page = (await web.get(path)).text
        assert "<script>alert" not in page, path
        assert 'href="javascript' not in page, path


@pytest.mark.parametrize("show", ["mail", "consent", "nonsense", ""])
async def test_the_story_is_shown_by_kind(web, reader, show):
    page = (await web.get(f"{_path(reader)}?show={show}")).text
    assert ("Subscribed to Morning briefing" in page) is (show != "mail")


@pytest.mark.parametrize("id", ["1", "0", "-1", "x", str(2**53), "9" * 400])
async def test_a_reader_who_is_not_there_is_not_found(web, id):
    assert (await web.get(_path(id))).status_code in (404, 422)


async def test_an_editor_unsubscribes_a_reader_from_one_audience(web, reader):
    answer = await web.post(f"{_path(reader)}/unsubscribe", data={"audience": "weekend", "note": "by telephone"})
    assert answer.status_code == 303
    assert web.states(reader) == {"readers": "subscribed", "weekend": "unsubscribed"}
    page = (await web.get(_path(reader))).text
    assert "Left The Weekend" in page


async def test_a_reader_is_never_mailed_again_and_then_is(web, reader):
    await web.post(f"{_path(reader)}/suppress", data={"note": "asked"})
    assert "Never mailed from here on" in (await web.get(_path(reader))).text
    sent = {"address": "mara@example.org", "audience": "", "note": "They asked to come back."}
    await web.post("/audience/suppressions/remove", data=sent)
    page = (await web.get(_path(reader))).text
    assert "Never mailed from here on" not in page
    assert "Taken off the list" in page


async def test_a_link_to_their_data_goes_to_the_reader_and_stands_in_their_story(web, reader):
    assert (await web.post(f"{_path(reader)}/data")).status_code == 303
    with web.store.read() as tx:
        (letter,) = tx.signups.due(NOW, 9)
    assert letter.address == "mara@example.org"
    assert "Was sent their data" in (await web.get(_path(reader))).text


async def test_an_erased_reader_is_gone_and_no_import_revives_them(web, reader):
    asked = (await web.get(f"{_path(reader)}/forget")).text
    assert "Erase this reader?" in asked
    assert web.states(reader)
    assert (await web.post(f"{_path(reader)}/forget")).status_code == 303
    assert (await web.get(_path(reader))).status_code == 404
    with web.store.read() as tx:
        assert tx.subscribers.id_of("mara@example.org") is None
        assert tx.suppressions.of("mara@example.org").reason == "erased"


@pytest.mark.parametrize("act", ["unsubscribe", "suppress", "forget"])
async def test_asking_changes_nothing(web, reader, act):
    assert (await web.get(f"{_path(reader)}/{act}")).status_code == 200
    assert web.states(reader) == {"readers": "subscribed", "weekend": "subscribed"}
    with web.store.read() as tx:
        assert tx.acts.newest() == []


@pytest.mark.parametrize("act", ["unsubscribe", "suppress", "data", "forget"])
async def test_another_site_s_form_does_nothing(web, reader, act):
    answer = await web.post(f"{_path(reader)}/{act}", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert web.states(reader) == {"readers": "subscribed", "weekend": "subscribed"}


async def test_a_mail_in_the_story_leads_to_its_edition(web, reader, sending):
    page = (await web.get(_path(reader))).text
    assert f"editions/{sending.id}" in page
    assert "Morning briefing: waiting" in page


async def test_a_mail_that_came_back_shows_in_the_list(web):
    (ida,) = subscribe(web.store, "ida@example.org")
    with web.store.write() as tx:
        at = NOW - timedelta(hours=1)
        tx.events.add(Event(key="k", at=at, verdict=Verdict.SOFT, source="maildir", subscriber=ida))
    assert "Mail came back 06:00" in (await web.get("/audience")).text


async def test_a_date_of_a_file_is_shown_as_it_stands_there_beside_when_it_was_brought_in(web):
    at = NOW - timedelta(days=600)
    evidence = Evidence(written="2025-01-01", imported=NOW - timedelta(days=30))
    with web.store.write() as tx:
        # A record of another zone: whatever moment is kept, the file's day is the day.
        consent = Consent(at=at, via="import of readers.csv by Erin", note="a form", evidence=evidence)
        tx.subscribers.subscribe("ida@example.org", "readers", consent)
        reader = tx.subscribers.id_of("ida@example.org")
    page = (await web.get(_path(reader))).text
    assert page.count('<time datetime="2025-01-01">1 Jan 2025</time>') == 2
    assert "says the file" in page
    assert "Imported into" in page
    assert "import of readers.csv by Erin" in page


async def test_who_is_subscribed_and_never_mailed_is_said_to_be_both(web, reader):
    assert "never mailed:" not in (await web.get(_path(reader))).text
    await web.post(f"{_path(reader)}/suppress")
    assert "Subscribed, but never mailed: an editor&#39;s decision" in (await web.get(_path(reader))).text
