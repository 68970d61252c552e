"""The page that says who has an edition, who has not and why; and the list of all that went out."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import event

from bot.delivery.engine import Engine
from bot.editions import lifecycle
from bot.errors import DeliveryError, OutcomeUnknown, ServerBusy
from bot.model import DeliveryState, EditionState, Receipt, operator
from bot.settings.tables import DeliveryTable
from bot.testing import KEYS, NOW, ScriptedChannel, subscribe

HOSTILE = "<script>alert(1)</script>=cmd"
GONE = DeliveryError("mx:25: 550 5.1.1 <noor@example.org>: no such user", permanent=True, code=550, enhanced="5.1.1")
BUSY = ServerBusy("mx:25: 421 4.7.0 too many connections", code=421, enhanced="4.7.0", server="mx:25")
POISON = DeliveryError(f"mx:25: 550 5.7.1 {HOSTILE}", permanent=True, code=550, enhanced="5.7.1")


def plain(answer):
    """The page as words: tags away, gaps one space."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


async def deliver(web, clock, answers, post=None, receipt=None):
    """Sends with channels that answer as told: an error by address; ``post`` for the post; else it gets ``receipt``."""

    def mail(parcel):
        error = answers.get(parcel.recipient.address)
        if error:
            raise error
        return Receipt(server="mx:25", code=250)

    def network(parcel):
        if post:
            raise post
        return receipt or Receipt(server="bsky", code=200, id="https://bsky.example/post/1")

    channels = {
        "mail": ScriptedChannel(answer=mail),
        "bluesky": ScriptedChannel(medium="post", answer=network),
    }
    engine = Engine(
        store=web.store, channels=channels, keys=KEYS, clock=clock, rules=DeliveryTable(), jitter=lambda: 0.5
    )
    await engine.deliver()


def states(web, edition):
    with web.store.read() as tx:
        return tx.deliveries.balance(edition.id).states


async def test_the_states_are_shown_and_sum_up(web, sending, clock):
    await deliver(web, clock, {"noor@example.org": GONE})
    page = plain(await web.get(f"/editions/{sending.id}/delivery"))
    assert "2 of 3 accepted, mails and posts" in page
    assert "Accepted 2 Failed 1 Failed Sum 3 as many as there are" in page
    assert "do not balance" not in page


async def test_books_that_do_not_balance_are_a_red_band(web, sending):
    with web.store.write() as tx:
        tx.editions.set_snapshot(sending.id, 7)
    page = plain(await web.get(f"/editions/{sending.id}/delivery"))
    assert "The books do not balance. 3 deliveries are known, 7 were named" in page
    assert "not as many as there are" in page


async def test_failures_stand_by_their_reason_with_what_the_server_said_and_what_follows(web, sending, clock):
    await deliver(web, clock, {"noor@example.org": GONE})
    page = plain(await web.get(f"/editions/{sending.id}/delivery"))
    assert "No such mailbox example.org 550 5.1.1 …: no such user 1 Failed. No more mail to them." in page
    assert "noor@example.org" not in page


async def test_what_is_tried_again_says_when_and_may_be_tried_now(web, sending, clock):
    await deliver(web, clock, {"noor@example.org": BUSY})
    page = await web.get(f"/editions/{sending.id}/delivery")
    assert "Trying again 07:0" in plain(page)
    assert "Send to the 1 now" in plain(page)
    reason = re.search(r'name="reason" value="([^"]*)"', page.text).group(1)
    answer = await web.post(f"/editions/{sending.id}/delivery/retry", data={"reason": reason})
    assert answer.status_code == 303
    with web.store.read() as tx:
        (waits,) = tx.deliveries.page(edition=sending.id, states=[DeliveryState.DEFERRED])
        (act,) = [each for each in tx.acts.newest(thing=f"edition:{sending.id}") if each.what == "retry"]
    assert waits.not_before is None
    assert act.note.startswith("1 delivery")


async def test_the_readers_of_a_reason_are_told_by_address(web, sending, clock):
    await deliver(web, clock, {"noor@example.org": GONE})
    page = await web.get(f"/editions/{sending.id}/delivery")
    link = html.unescape(re.search(r'href="([^"]*/readers\?state=failed[^"]*)"', page.text).group(1))
    group = plain(await web.get(f"/editions/{sending.id}/delivery/{link.rpartition('/')[2]}"))
    assert "noor@example.org" in group
    assert "550 5.1.1" in group
    assert "mara@example.org" not in group


async def test_all_readers_are_told_by_name_with_what_became_of_each(web, sending, clock):
    await deliver(web, clock, {"noor@example.org": GONE})
    page = await web.get(f"/editions/{sending.id}/delivery")
    assert "All 2 readers, and what became of each" in plain(page)
    assert f'href="../../editions/{sending.id}/delivery/readers"' in page.text
    readers = plain(await web.get(f"/editions/{sending.id}/delivery/readers"))
    assert "mara@example.org Accepted" in readers
    assert re.search(r"noor@example\.org Failed .*no such user", readers)
    assert "bluesky" not in readers
    accepted = plain(await web.get(f"/editions/{sending.id}/delivery/readers?state=accepted"))
    assert "mara@example.org" in accepted
    assert "noor@example.org" not in accepted
    assert (await web.get(f"/editions/{sending.id}/delivery/readers?state=nonsense")).status_code == 404
    assert (await web.get("/editions/nope/delivery/readers")).status_code == 404


async def test_a_reader_is_told_in_words_that_the_mail_was_taken_before_its_servers_code(web, sending, clock):
    await deliver(web, clock, {})
    with web.store.read() as tx:
        reader = tx.subscribers.id_of("mara@example.org")
    assert "accepted Taken by the mail server. 250" in plain(await web.get(f"/audience/readers/{reader}"))


async def test_a_reader_of_an_edition_is_found_by_a_part_of_their_address(web, sending, clock):
    await deliver(web, clock, {})
    subscribe(web.store, "nora@example.org")
    path = f"/editions/{sending.id}/delivery/readers"
    found = plain(await web.get(f"{path}?q=noor"))
    assert "noor@example.org Accepted" in found
    assert "mara@example.org" not in found
    # She came after it was sent.
    assert "No reader of this edition matches “nora”." in plain(await web.get(f"{path}?q=nora"))
    assert "A search takes three letters or more." in plain(await web.get(f"{path}?q=no"))
    hostile = await web.get(path, params={"q": HOSTILE})
    assert "<script>alert" not in hostile.text
    assert "No reader of this edition matches" in hostile.text


async def test_many_readers_are_told_page_by_page_with_no_more_questions_than_few(web):
    def add(first, last):
        for number in range(first, last):
            subscribe(web.store, f"reader{number:03}@example.org")

    async def asked(path):
        seen = []

        def note(_connection, _cursor, statement, *_more):
            seen.append(statement)

        event.listen(web.store._engine, "before_cursor_execute", note)
        answer = await web.get(path)
        event.remove(web.store._engine, "before_cursor_execute", note)
        return answer, len(seen)

    add(0, 3)
    few = web.add_edition(state=EditionState.DRAFTED)
    web.send(few)
    add(3, 70)
    many = web.add_edition(state=EditionState.DRAFTED)
    web.send(many)
    for query in ("", "?q=reader"):
        _page, least = await asked(f"/editions/{few.id}/delivery/readers{query}")
        first, most = await asked(f"/editions/{many.id}/delivery/readers{query}")
        assert most <= least + 1
        shown = set(re.findall(r"reader\d{3}@", first.text))
        link = html.unescape(re.search(r'href="[^"]*/readers\?([^"]*after=[^"]*)"', first.text).group(1))
        second = await web.get(f"/editions/{many.id}/delivery/readers?{link}")
        others = set(re.findall(r"reader\d{3}@", second.text))
        assert (len(shown), len(others)) == (50, 20)
        assert shown | others == {f"reader{number:03}@" for number in range(70)}
        assert "after=" not in second.text


async def test_unknown_ones_are_decided_before_all_else(web, sending, clock):
    await deliver(web, clock, {"noor@example.org": OutcomeUnknown("mx:25 broke off after the last byte")})
    page = plain(await web.get(f"/editions/{sending.id}/delivery"))
    assert "1 unknown: sent or not?" in page
    assert "may or may not have it" in page
    assert "Send again, may double" in page


@pytest.mark.parametrize(("choice", "then"), [("sent", {"accepted": 3}), ("unsent", {"accepted": 2, "pending": 1})])
async def test_all_unknown_ones_of_an_edition_are_settled_at_once(web, sending, clock, choice, then):
    await deliver(web, clock, {"noor@example.org": OutcomeUnknown("mx:25 broke off after the last byte")})
    answer = await web.post(f"/editions/{sending.id}/delivery/resolve", data={"as": choice})
    assert answer.status_code == 303
    assert states(web, sending) == then


async def test_one_unknown_post_is_settled_by_itself(web, sending, clock):
    await deliver(web, clock, {}, post=OutcomeUnknown("the line broke after the last byte"))
    page = await web.get(f"/editions/{sending.id}/delivery")
    delivery = re.search(r'name="delivery" value="(\d+)"', page.text).group(1)
    await web.post(f"/editions/{sending.id}/delivery/resolve", data={"as": "sent", "delivery": delivery})
    assert states(web, sending) == {"accepted": 3}


async def test_a_delivery_of_another_edition_is_not_settled_here(web, sending, clock):
    await deliver(web, clock, {}, post=OutcomeUnknown("the line broke after the last byte"))
    other = web.add_edition(state=EditionState.DRAFTED)
    web.send(other)
    with web.store.read() as tx:
        (doubt,) = tx.deliveries.page(edition=sending.id, states=[DeliveryState.UNKNOWN])
    await web.post(f"/editions/{other.id}/delivery/resolve", data={"as": "sent", "delivery": str(doubt.id)})
    assert states(web, sending) == {"accepted": 2, "unknown": 1}


async def test_posts_stand_with_their_state_and_their_address(web, sending, clock):
    await deliver(web, clock, {})
    page = await web.get(f"/editions/{sending.id}/delivery")
    assert 'href="https://bsky.example/post/1"' in page.text


async def test_pause_and_resume_are_one_press_each_and_on_the_record(web, sending):
    page = await web.get(f"/editions/{sending.id}/delivery")
    assert 'data-key="p"' in page.text
    assert (await web.post(f"/editions/{sending.id}/delivery/pause")).status_code == 303
    page = plain(await web.get(f"/editions/{sending.id}/delivery"))
    assert "Nothing is being sent. 3 deliveries wait." in page
    assert "Paused by you" in page
    assert (await web.post(f"/editions/{sending.id}/delivery/resume")).status_code == 303
    with web.store.read() as tx:
        assert tx.editions.state(sending.id) is EditionState.SENDING
        assert [act.what for act in tx.acts.newest(thing=f"edition:{sending.id}", limit=2)] == ["resume", "pause"]


async def test_the_page_looks_again_while_it_is_sent_and_not_afterwards(web, sending, clock):
    assert "hx-trigger" in (await web.get(f"/editions/{sending.id}/delivery")).text
    await deliver(web, clock, {})
    assert "hx-trigger" not in (await web.get(f"/editions/{sending.id}/delivery")).text


async def test_cancelling_says_in_numbers_what_it_means_and_a_link_alone_does_nothing(web, sending):
    page = plain(await web.get(f"/editions/{sending.id}/delivery/cancel"))
    assert "3 deliveries that have not gone out never do" in page
    assert states(web, sending) == {"pending": 3}
    await web.post(f"/editions/{sending.id}/delivery/cancel", data={"note": "wrong picture"})
    assert states(web, sending) == {"cancelled": 3}
    with web.store.read() as tx:
        assert tx.acts.newest(thing=f"edition:{sending.id}", limit=1)[0].note == "wrong picture"


async def test_what_cannot_be_done_any_more_is_refused_with_the_reason(web, sending, clock):
    await deliver(web, clock, {})
    answer = await web.post(f"/editions/{sending.id}/delivery/pause")
    assert answer.status_code == 409
    assert "it cannot be paused" in plain(answer)


async def test_an_edition_that_never_began_has_no_delivery(web):
    drafted = web.add_edition(state=EditionState.DRAFTED)
    assert (await web.get(f"/editions/{drafted.id}/delivery")).status_code == 404
    assert (await web.get("/editions/nope/delivery")).status_code == 404
    assert (await web.post("/editions/nope/delivery/pause")).status_code == 404


async def test_what_a_server_says_is_text_wherever_it_stands(web, sending, clock):
    await deliver(web, clock, {"noor@example.org": POISON}, post=POISON)
    for path in (
        f"/editions/{sending.id}/delivery",
        f"/editions/{sending.id}/delivery/readers?state=failed",
        "/deliveries?reader=noor@example.org",
    ):
        page = await web.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text


async def test_the_file_opens_safely_in_a_spreadsheet(web, sending, clock):
    evil = DeliveryError("=cmd|'/c calc'!A1", permanent=True, code=550, enhanced="5.1.1")
    await deliver(web, clock, {"noor@example.org": evil})
    answer = await web.get(f"/editions/{sending.id}/delivery.csv")
    assert "attachment" in answer.headers["content-disposition"]
    header, row = list(csv.reader(io.StringIO(answer.text)))
    assert header[2:5] == ["to", "state", "reason"]
    assert (row[2], row[3]) == ("noor@example.org", "failed")
    assert row[6].startswith("'=cmd")


async def test_who_takes_the_file_of_an_editions_readers_is_on_record_with_how_many(web, sending, clock):
    await deliver(web, clock, {"noor@example.org": GONE})
    path, thing = f"/editions/{sending.id}/delivery.csv", f"edition:{sending.id}"
    async with web.client() as client:
        await client.head(path)
    with web.store.read() as tx:
        before = tx.acts.newest(thing=thing)
    await web.get(path)
    with web.store.read() as tx:
        act, *others = tx.acts.newest(thing=thing)
    assert others == before, "who asks for the headers alone takes nothing"
    assert (act.who, act.what, act.note) == (operator(), "export deliveries", "1 row, to a browser")
    assert f"{operator()} (you) exported who did not get {sending.name}" in plain(await web.get("/activity"))


async def test_the_list_shows_what_became_of_each_edition(web, sending, clock):
    await deliver(web, clock, {"noor@example.org": GONE})
    page = plain(await web.get("/deliveries"))
    assert "2 of 3 accepted · 1 failed Sent with failures" in page


async def test_the_list_goes_on_behind_its_last_row(web, monkeypatch):
    monkeypatch.setattr("bot.web.editor.deliveries.PAGE", 2)
    for number in range(3):
        slot = NOW - timedelta(days=number)
        web.send(web.add_edition(state=EditionState.DRAFTED, name=f"Number {number}", slot=slot))
    first = await web.get("/deliveries")
    assert len(re.findall(r'/delivery" dir="auto"', first.text)) == 2
    older = html.unescape(re.search(r'rel="next" href="([^"]*)"', first.text).group(1))
    second = await web.get(f"/{older.lstrip('./')}")
    assert "Number 2" in second.text
    assert "Number 0" not in second.text
    assert 'rel="next"' not in second.text


async def test_the_list_may_be_of_one_schedule_or_of_what_is_being_sent(web, sending):
    assert sending.id in (await web.get("/deliveries?state=sending&schedule=morning")).text
    lifecycle.cancel(web.store, sending.id, who="editor", now=NOW)
    nothing = await web.get("/deliveries?state=sending")
    assert "No edition matches." in nothing.text
    assert sending.id in (await web.get("/deliveries?state=cancelled")).text


async def test_an_address_finds_what_its_reader_got(web, sending, clock):
    await deliver(web, clock, {"noor@example.org": GONE})
    page = plain(await web.get("/deliveries?reader=noor@example.org"))
    assert "noor@example.org Failed mx:25: 550 5.1.1" in page
    assert "The whole story" in page
    assert "No delivery matches “lindd”" in plain(await web.get("/deliveries?reader=lindd"))


async def test_a_cursor_that_is_none_shows_the_first_page(web, sending):
    for before in ("x", "2026-11-24T07:00:00~a", "~", "2026-11-24T07:00:00+00:00~a'b"):
        assert sending.id in (await web.get("/deliveries", params={"before": before})).text


async def test_without_anything_sent_the_list_says_so(web):
    subscribe(web.store, "mara@example.org")
    assert "Nothing was sent yet" in (await web.get("/deliveries")).text


DUPLICATE = DeliveryError("api.x.com refuses it (HTTP 403): duplicate; a post says the same already", permanent=True)


def failed(web, edition):
    with web.store.read() as tx:
        return tx.deliveries.page(edition=edition.id, states=[DeliveryState.FAILED])


async def test_a_post_that_failed_may_be_tried_again_and_stands_first(web, sending, clock):
    await deliver(web, clock, {}, post=DUPLICATE)
    page = await web.get(f"/editions/{sending.id}/delivery")
    assert "1 failed: leave it at that?" in plain(page)
    assert "a post says the same already" in plain(page)
    (post,) = failed(web, sending)
    answer = await web.post(f"/editions/{sending.id}/delivery/retry", data={"delivery": str(post.id)})
    assert answer.status_code == 303
    assert states(web, sending) == {"accepted": 2, "pending": 1}
    await deliver(web, clock, {})
    assert states(web, sending) == {"accepted": 3}
    with web.store.read() as tx:
        (act,) = [each for each in tx.acts.newest(thing=f"edition:{sending.id}") if each.what == "retry"]
        assert [each["outcome"] for each in tx.deliveries.attempts(post.id)] == ["failed", "accepted"]
    assert (act.note, act.after) == ("bluesky", EditionState.SENDING)


async def test_what_failed_is_left_at_that_with_a_word_and_needs_nobody_any_more(web, sending, clock):
    await deliver(web, clock, {"noor@example.org": GONE}, post=DUPLICATE)
    assert "2 deliveries of Morning failed" in plain(await web.get("/")).replace("Morning briefing", "Morning")
    answer = await web.post(f"/editions/{sending.id}/delivery/leave", data={"note": HOSTILE})
    assert answer.status_code == 303
    page = await web.get(f"/editions/{sending.id}/delivery")
    assert "What failed was left at that by" in plain(page)
    assert HOSTILE in html.unescape(page.text)
    assert "<script>alert" not in page.text
    assert "leave it at that?" not in page.text
    assert "Nothing needs you" in plain(await web.get("/"))
    assert states(web, sending)["failed"] == 2


async def test_what_was_left_is_asked_about_again_when_it_was_tried_and_failed_again(web, sending, clock):
    await deliver(web, clock, {}, post=DUPLICATE)
    await web.post(f"/editions/{sending.id}/delivery/leave", data={})
    (post,) = failed(web, sending)
    await web.post(f"/editions/{sending.id}/delivery/retry", data={"delivery": str(post.id)})
    await deliver(web, clock, {}, post=DUPLICATE)
    assert "1 failed: leave it at that?" in plain(await web.get(f"/editions/{sending.id}/delivery"))


async def test_a_mail_that_failed_is_not_sent_again_whoever_asks(web, sending, clock):
    await deliver(web, clock, {"noor@example.org": GONE})
    (mail,) = failed(web, sending)
    await web.post(f"/editions/{sending.id}/delivery/retry", data={"delivery": str(mail.id)})
    assert states(web, sending) == {"accepted": 2, "failed": 1}
    assert ">Try again<" not in (await web.get(f"/editions/{sending.id}/delivery")).text


async def test_the_counts_lead_to_whom_they_count(web, sending, clock):
    await deliver(web, clock, {"noor@example.org": GONE})
    assert f'href="../editions/{sending.id}/delivery/readers?state=failed"'.replace("../", "") in (
        await web.get(f"/editions/{sending.id}/delivery")
    ).text.replace("../", "")


async def test_the_count_of_failed_posts_leads_to_the_posts(web, sending, clock):
    await deliver(web, clock, {}, post=DUPLICATE)
    assert (
        '<a href="#posts">1<span class="unseen"> Failed</span></a>'
        in (await web.get(f"/editions/{sending.id}/delivery")).text
    )


async def test_a_post_is_a_link_to_where_it_stands_if_its_server_said_so(web, sending, clock):
    told = Receipt(server="toot.example", code=200, id="117", text="https://toot.example/@record/117")
    await deliver(web, clock, {}, receipt=told)
    page = (await web.get(f"/editions/{sending.id}/delivery")).text
    assert '<a href="https://toot.example/@record/117" rel="noreferrer"><bdi dir="ltr">117</bdi></a>' in page


async def test_what_is_no_web_address_is_no_link(web, sending, clock):
    await deliver(
        web, clock, {}, receipt=Receipt(server="toot.example", code=200, id="117", text="javascript:alert(1)")
    )
    assert 'href="javascript' not in (await web.get(f"/editions/{sending.id}/delivery")).text
