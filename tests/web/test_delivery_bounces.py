"""A burst of bounces on the desk: what came back at once is shown, and an editor says whether it is dead."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import event

from bot.delivery.sending import pause
from bot.delivery.settling import HELD, SETTLE
from bot.model import EditionState, Effect, Role
from bot.testing import NOW
from tests.delivery.returned import Sent, dsn
from tests.web.test_access import join, with_session

HERE = [f"reader{number:03d}@company.example" for number in range(34)]
THERE = [f"reader{number:03d}@example.org" for number in range(100)]
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
SAID = f"550 5.1.1 {HOSTILE} is no user here"


@pytest.fixture
def sent(web):
    web.installation.clock.moment = NOW
    return Sent(web.store, web.installation.clock)


async def burst(sent, addresses=HERE, said=SAID):
    """An edition of which these came back at once; its id."""
    edition = await sent.arrived(*HERE, *THERE)
    for address in addresses:
        sent.take(dsn(address, token=sent.tokens[edition, address], said=said))
    sent.settle()
    sent.clock.advance(minutes=10)
    return edition


def plain(page):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def effects(sent, edition):
    return {each.effect for each in sent.events(edition=edition)}


def shown(sent, edition):
    """What the page's form names those by who were shown."""
    with sent.store.read() as tx:
        return tx.suspects.of(edition).last


def decided(sent, edition):
    with sent.store.read() as tx:
        return [
            (each.who, str(each.note)) for each in tx.acts.newest(thing=f"edition:{edition}") if each.what == SETTLE
        ]


async def test_today_asks_in_plain_words_and_leads_to_where_it_is_decided(web, sent):
    edition = await burst(sent)
    page = await web.get("/")
    assert (
        "34 addresses of Morning briefing came back at once: are they dead, or was it their provider? "
        "Until somebody decides they stay readers, and get the next edition."
    ) in plain(page)
    assert f'href="./editions/{edition}/delivery#bounces"' in page.text
    rail = re.search(r'<li class="deliveries"><a .*?</a>', page.text).group(0)
    assert re.search(r'class="badge warn">1<', rail)
    assert "(1) Today" in page.text


async def test_a_few_that_came_back_ask_nobody(web, sent):
    await burst(sent, HERE[:15])
    assert "Nothing needs you" in plain(await web.get("/"))


async def test_what_was_not_looked_at_by_the_program_yet_asks_nobody(web, sent):
    edition = await sent.arrived(*HERE)
    sent.take(dsn(HERE[0], token=sent.tokens[edition, HERE[0]]))
    assert "came back at once" not in (await web.get("/")).text
    assert "came back at once" not in (await web.get(f"/editions/{edition}/delivery")).text


async def test_the_delivery_says_how_many_where_and_in_which_words(web, sent):
    edition = await burst(sent, [*HERE, *THERE[:25]])
    page = await web.get(f"/editions/{edition}/delivery")
    said = plain(page)
    assert "59 addresses came back at once: are they dead, or was it their provider?" in said
    assert "59 of the 134 mails of this edition" in said
    assert "company.example : 34 of 34 mails" in said
    assert "example.org : 25 of 100 mails" in said
    assert "59 times" in said
    assert 'id="bounces"' in page.text
    assert "<script>alert" not in page.text
    assert HOSTILE in html.unescape(page.text)
    assert not any(address in page.text for address in HERE), "the words are without the readers"


async def test_who_they_are_is_told_page_by_page_and_in_part_to_who_only_looks(web, sent):
    edition = await burst(sent)
    await burst_more(sent, edition)
    here = f"/editions/{edition}/delivery/bounces"
    page = await web.get(here)
    assert HERE[0] in page.text
    assert THERE[15] in page.text
    assert THERE[16] not in page.text
    following = re.search(r'rel="next" href="[^"]*/bounces(\?after=\d+)"', page.text).group(1)
    assert THERE[16] in (await web.get(here + following)).text
    _, token = join(web, Role.VIEWER)
    looked = (await web.get(here, headers=with_session(token))).text
    assert HERE[0] not in looked
    assert "Approvers decide." in looked
    assert "never-mail" not in looked


async def burst_more(sent, edition):
    for address in THERE[:30]:
        sent.take(dsn(address, token=sent.tokens[edition, address]))
    sent.settle()


async def test_good_ones_stay_readers_and_nobody_is_asked_any_more(web, sent):
    edition = await burst(sent)
    user, token = join(web, Role.APPROVER)
    headers = with_session(token)
    here = f"/editions/{edition}/delivery"
    answer = await web.post(f"{here}/bounces", data={"as": "good", "last": shown(sent, edition)}, headers=headers)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"../../../editions/{edition}/delivery")
    assert effects(sent, edition) == {Effect.DISMISSED}
    assert not any(sent.suppressed(each) for each in HERE)
    assert decided(sent, edition) == [(user.name, "34 good")]
    assert "Nothing needs you" in plain(await web.get("/", headers=headers))
    assert "came back at once" not in (await web.get(here, headers=headers)).text
    assert "waits for a word" in (await web.get(f"{here}/bounces", headers=headers)).text


async def test_dead_ones_are_never_mailed_again_after_a_question(web, sent):
    edition = await burst(sent)
    here = f"/editions/{edition}/delivery"
    page = (await web.get(here)).text
    assert f'href="../../editions/{edition}/delivery/bounces" data-dialog="dead"' in page
    assert "Never mail these 34 addresses again?" in page
    assert not any(sent.suppressed(each) for each in HERE), "a link alone does nothing"
    asked = (await web.get(f"{here}/bounces")).text
    assert "of no audience" in asked
    await web.post(f"{here}/bounces", data={"as": "dead", "last": shown(sent, edition)})
    assert {sent.suppressed(each) for each in HERE} == {"bounced"}
    assert [note for _, note in decided(sent, edition)] == ["34 dead"]
    assert "Nothing needs you" in plain(await web.get("/"))


async def test_two_presses_are_one_decision(web, sent):
    edition = await burst(sent)
    here = f"/editions/{edition}/delivery/bounces"
    last = shown(sent, edition)
    for word in ("good", "dead"):
        assert (await web.post(here, data={"as": word, "last": last})).status_code == 303
    assert [note for _, note in decided(sent, edition)] == ["34 good"]
    assert not any(sent.suppressed(each) for each in HERE)


async def test_what_else_came_back_meanwhile_is_not_the_editors_to_decide(web, sent):
    edition = await burst(sent)
    sent.take(dsn(THERE[0], token=sent.tokens[edition, THERE[0]]))
    sent.clock.advance(minutes=1)
    await web.post(f"/editions/{edition}/delivery/bounces", data={"as": "good", "last": shown(sent, edition)})
    sent.settle()
    assert (sent.suppressed(HERE[0]), sent.suppressed(THERE[0])) == ("", "bounced")
    assert [note for _, note in decided(sent, edition)] == ["34 good"]


@pytest.mark.parametrize("word", ["good", "dead"])
async def test_a_word_on_others_than_were_shown_decides_nothing(web, sent, word):
    edition = await burst(sent)
    last = shown(sent, edition)
    assert f'name="last" value="{last}"' in (await web.get(f"/editions/{edition}/delivery/bounces")).text
    assert (await web.get(f"/editions/{edition}/delivery")).text.count(f'name="last" value="{last}"') == 2
    await burst_more(sent, edition)
    here = f"/editions/{edition}/delivery/bounces"
    answer = await web.post(here, data={"as": word, "last": last})
    assert answer.status_code == 409
    assert "look at it again" in answer.text
    assert (await web.post(here, data={"as": word})).status_code == 409
    assert decided(sent, edition) == []
    assert effects(sent, edition) == {Effect.WAITING}


async def test_who_came_back_after_the_page_was_shown_is_not_decided_with_it(web, sent):
    edition = await burst(sent)
    last = shown(sent, edition)
    for address in THERE[:60]:
        sent.take(dsn(address, token=sent.tokens[edition, address]))
    await web.post(f"/editions/{edition}/delivery/bounces", data={"as": "dead", "last": last})
    assert [note for _, note in decided(sent, edition)] == ["34 dead"]
    assert {sent.suppressed(each) for each in HERE} == {"bounced"}
    sent.settle()
    assert not any(sent.suppressed(each) for each in THERE)
    assert "60 addresses of Morning briefing came back at once" in plain(await web.get("/"))


async def test_what_was_shown_is_kept_though_the_edition_has_grown(web, sent, monkeypatch):
    edition = await burst(sent)
    last = shown(sent, edition)
    monkeypatch.setattr("bot.store.events.Events.tried", lambda *_: 500)
    await web.post(f"/editions/{edition}/delivery/bounces", data={"as": "good", "last": last})
    assert [note for _, note in decided(sent, edition)] == ["34 good"]
    sent.settle()
    assert not any(sent.suppressed(each) for each in HERE)


async def test_the_rest_of_a_burst_whose_addresses_are_good_asks_anew_however_few(web, sent):
    edition = await burst(sent, HERE[:22])
    await web.post(f"/editions/{edition}/delivery/bounces", data={"as": "good", "last": shown(sent, edition)})
    sent.clock.advance(minutes=5)
    for address in [*HERE[22:], THERE[0]]:
        sent.take(dsn(address, token=sent.tokens[edition, address]))
    sent.settle()
    assert not any(sent.suppressed(each) for each in HERE)
    assert sent.suppressed(THERE[0]) == "bounced"
    assert "12 addresses of Morning briefing came back at once" in plain(await web.get("/"))
    with sent.store.read() as tx:
        told = [act for act in tx.acts.newest(thing=f"edition:{edition}") if act.what == HELD]
    assert len(told) == 2, "each look is followed by an alert of its own"


async def test_of_very_many_dead_ones_the_rest_is_suppressed_at_the_next_look(web, sent, monkeypatch):
    edition = await burst(sent)
    monkeypatch.setattr("bot.web.editor.delivery_bounces.AT_ONCE", 10)
    await web.post(f"/editions/{edition}/delivery/bounces", data={"as": "dead", "last": shown(sent, edition)})
    assert sum(bool(sent.suppressed(each)) for each in HERE) == 10
    assert "Nothing needs you" in plain(await web.get("/"))
    sent.settle()
    assert all(sent.suppressed(each) for each in HERE)


async def test_before_a_paused_edition_goes_on_it_says_what_that_means(web, sent):
    edition = await burst(sent)
    with web.store.write() as tx:
        pause(tx, edition, "complaints", NOW)
        assert tx.editions.state(edition) is EditionState.PAUSED
    assert "when it goes on, they count as dead" in plain(await web.get(f"/editions/{edition}/delivery"))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
async def test_who_may_not_approve_decides_nothing(web, sent, role):
    edition = await burst(sent)
    _, token = join(web, role)
    given = {"as": "dead", "last": shown(sent, edition)}
    answer = await web.post(f"/editions/{edition}/delivery/bounces", data=given, headers=with_session(token))
    assert answer.status_code == 403
    assert effects(sent, edition) == {Effect.WAITING}


@pytest.mark.parametrize("word", ["", "gone"])
async def test_a_word_that_is_none_decides_nothing(web, sent, word):
    edition = await burst(sent)
    assert (await web.post(f"/editions/{edition}/delivery/bounces", data={"as": word})).status_code == 404
    assert effects(sent, edition) == {Effect.WAITING}
    assert (await web.post("/editions/nosuch/delivery/bounces", data={"as": "dead"})).status_code == 404


async def test_a_page_asks_no_more_of_the_store_however_many_came_back(web, sent):
    async def asked(path):
        seen = []

        def note(_connection, _cursor, statement, *_more):
            seen.append(statement)

        # What is looked at but now and then is looked at here.
        await web.get(path)
        event.listen(web.store._engine, "before_cursor_execute", note)
        await web.get(path)
        event.remove(web.store._engine, "before_cursor_execute", note)
        return len(seen)

    edition = await burst(sent, HERE[:22])
    few = [await asked("/sources"), await asked(f"/editions/{edition}/delivery")]
    for address in HERE[22:]:
        sent.take(dsn(address, token=sent.tokens[edition, address]))
    sent.clock.moment += timedelta(minutes=1)
    sent.settle()
    assert [await asked("/sources"), await asked(f"/editions/{edition}/delivery")] == few
