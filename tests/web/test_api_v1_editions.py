"""What each writing call of ``/api/v1`` does to an edition, looked at in the store; a POST under a key does it once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.delivery import failures
from bot.delivery.alert import PREFLIGHT
from bot.delivery.engine import Engine
from bot.errors import DeliveryError, OutcomeUnknown, ServerBusy
from bot.model import DeliveryState, EditionState, Receipt, Scope
from bot.settings.tables import DeliveryTable
from bot.testing import KEYS, ScriptedChannel, article
from tests.delivery.returned import Sent, dsn
from tests.delivery.smtp_server import smtp_server
from tests.sources.conftest import Site
from tests.web.api_v1 import Program, effect
from tests.web.conftest import TOML
from tests.web.test_edition import SECRETS, Work
from tests.web.test_edition import TOML as NETWORKS

BUSY = ServerBusy("mx:25: 421 4.7.0 too many connections", code=421, enhanced="4.7.0", server="mx:25")
REFUSED = DeliveryError("the network refuses it", permanent=True, code=403)
LOST = OutcomeUnknown("mx:25 broke off after the last byte")
HERE = "\n[http]\nallow_loopback = true\n"


@pytest.fixture
def work(build_web):
    return Work(build_web(toml=NETWORKS, environment=SECRETS))


@pytest.fixture
def writer(work):
    return Program(work.web, Scope.WRITE)


@pytest.fixture
def approver(work):
    return Program(work.web, Scope.APPROVE)


def did(store, edition, what):
    """Who did that to an edition, the newest first."""
    with store.read() as tx:
        return [each.who for each in tx.acts.newest(thing=f"edition:{edition}") if each.what == what]


def balance(store, edition):
    with store.read() as tx:
        return tx.deliveries.balance(edition)


@effect("POST /editions/{edition}/approve")
async def test_a_yes_stands_on_the_version_that_was_seen_and_is_given_once(work, approver):
    await approver.once(f"/editions/{work.id}/approve", json={"version": 1, "note": "good"})
    assert work.edition.state is EditionState.APPROVED
    with work.store.read() as tx:
        approved = tx.versions.approved(work.id)
    assert (approved.number, approved.approver, approved.note) == (1, approver.user.name, "good")
    assert did(work.store, work.id, "approve") == [approver.user.name]


@effect("POST /editions/{edition}/return", "POST /editions/{edition}/ask")
async def test_what_is_returned_is_a_draft_until_it_is_asked_for_again(work, approver, writer):
    await approver.once(f"/editions/{work.id}/return", json={"version": 1, "note": "the mayor is missing"})
    assert (work.edition.state, work.edition.approval) == (EditionState.DRAFTED, True)
    assert "the mayor is missing" in work.edition.reason
    assert did(work.store, work.id, "return") == [approver.user.name]
    await writer.once(f"/editions/{work.id}/ask", json={"note": "she is in it"})
    assert work.edition.state is EditionState.AWAITING
    assert did(work.store, work.id, "ask") == [writer.user.name]


@effect("POST /editions/{edition}/take-back")
async def test_a_yes_is_taken_back(work, approver):
    await approver.post(f"/editions/{work.id}/approve", json={"version": 1})
    await approver.once(f"/editions/{work.id}/take-back", json={"note": "wait"})
    assert work.edition.state is EditionState.AWAITING
    assert did(work.store, work.id, "take back") == [approver.user.name]


@effect("POST /editions/{edition}/hold", "POST /editions/{edition}/release")
async def test_an_edition_is_held_and_let_go(work, approver):
    await approver.once(f"/editions/{work.id}/hold", json={"note": "wait for the vote"})
    assert (work.edition.state, work.edition.reason) == (EditionState.HELD, "wait for the vote")
    await approver.once(f"/editions/{work.id}/release")
    assert work.edition.state is EditionState.AWAITING
    assert did(work.store, work.id, "hold") == did(work.store, work.id, "release") == [approver.user.name]


@effect("POST /editions/{edition}/send-now")
async def test_an_edition_begins_to_go_out_now_and_once(work, approver):
    await approver.once(f"/editions/{work.id}/send-now", json={"version": 1})
    assert work.edition.state is EditionState.SENDING
    # Two readers, and a post on each of two networks.
    books = balance(work.store, work.id)
    assert (books.snapshot, books.states) == (4, {DeliveryState.PENDING: 4})
    assert did(work.store, work.id, "send now") == did(work.store, work.id, "approve") == [approver.user.name]


@effect("POST /editions/{edition}/pause", "POST /editions/{edition}/resume", "POST /editions/{edition}/cancel")
async def test_a_send_is_paused_goes_on_and_is_cancelled(work, approver):
    await approver.post(f"/editions/{work.id}/send-now", json={"version": 1})
    await approver.once(f"/editions/{work.id}/pause", json={"note": "wrong list"})
    assert work.edition.state is EditionState.PAUSED
    await approver.once(f"/editions/{work.id}/resume")
    assert work.edition.state is EditionState.SENDING
    await approver.once(f"/editions/{work.id}/cancel")
    assert work.edition.state is EditionState.CANCELLED
    assert balance(work.store, work.id).states == {DeliveryState.CANCELLED: 4}
    assert [did(work.store, work.id, each) for each in ("pause", "resume", "cancel")] == [[approver.user.name]] * 3


class Out:
    """An edition that two readers get, over a channel that answers what the test says."""

    def __init__(self, web, sending):
        self.web = web
        self.id = sending.id
        self.error: Exception | None = None
        self.mail = ScriptedChannel(answer=self._answer)

    def _answer(self, parcel):
        if self.error and parcel.recipient.address == "noor@example.org":
            raise self.error
        return Receipt(server="mx:25", code=250)

    async def deliver(self, error=None, post=None):
        self.error = error

        def network(parcel):
            if post:
                raise post
            return Receipt(server="bsky", code=200)

        channels = {"mail": self.mail, "bluesky": ScriptedChannel(medium="post", answer=network)}
        clock, rules = self.web.installation.clock, DeliveryTable()
        engine = Engine(
            store=self.web.store, channels=channels, keys=KEYS, clock=clock, rules=rules, jitter=lambda: 0.5
        )
        await engine.deliver()

    def in_state(self, state):
        with self.web.store.read() as tx:
            return tx.deliveries.page(edition=self.id, states=[state])

    @property
    def to_noor(self):
        return sum(each.recipient.address == "noor@example.org" for each in self.mail.sent)


@pytest.fixture
def out(web, sending):
    return Out(web, sending)


@effect("POST /editions/{edition}/retry")
async def test_what_is_deferred_is_tried_at_once(web, out):
    await out.deliver(BUSY)
    approver = Program(web, Scope.APPROVE)
    (waits,) = out.in_state(DeliveryState.DEFERRED)
    assert waits.not_before is not None
    assert (await approver.once(f"/editions/{out.id}/retry")).json() == {"changed": 1}
    (due,) = out.in_state(DeliveryState.DEFERRED)
    assert due.not_before is None
    assert did(web.store, out.id, "retry") == [approver.user.name]
    await out.deliver()
    assert out.to_noor == 2
    assert balance(web.store, out.id).states == {DeliveryState.ACCEPTED: 3}


async def test_a_post_that_failed_is_tried_again(web, out):
    await out.deliver(post=REFUSED)
    approver = Program(web, Scope.APPROVE)
    (failed,) = out.in_state(DeliveryState.FAILED)
    assert (await approver.once(f"/editions/{out.id}/retry", json={"delivery": failed.id})).json() == {"changed": 1}
    await out.deliver()
    assert balance(web.store, out.id).states == {DeliveryState.ACCEPTED: 3}


@effect("POST /editions/{edition}/leave")
async def test_what_failed_is_left_at_that(web, out):
    await out.deliver(post=REFUSED)
    approver = Program(web, Scope.APPROVE)
    said = {"note": "The other post stands"}
    assert (await approver.once(f"/editions/{out.id}/leave", json=said)).json() == {"changed": 1}
    assert did(web.store, out.id, "leave failed") == [approver.user.name]
    with web.store.read() as tx:
        assert failures.left_of(tx, [out.id]) == {out.id: 1}


@effect("POST /editions/{edition}/resolve")
async def test_what_may_have_arrived_is_settled_or_sent_again_once(web, out):
    await out.deliver(LOST)
    approver = Program(web, Scope.APPROVE)
    (unknown,) = out.in_state(DeliveryState.UNKNOWN)
    sent_again = {"arrived": False, "delivery": unknown.id}
    assert (await approver.once(f"/editions/{out.id}/resolve", json=sent_again)).json() == {"changed": 1}
    await out.deliver(LOST)
    assert out.to_noor == 2
    assert (await approver.once(f"/editions/{out.id}/resolve", json={"arrived": True})).json() == {"changed": 1}
    assert balance(web.store, out.id).states == {DeliveryState.ACCEPTED: 3}
    with web.store.read() as tx:
        settled = [each.what for each in tx.acts.newest(thing="deliveries")]
    assert settled == ["resolve as sent", "resolve as unsent"]


@effect("POST /editions/{edition}/bounces/settle")
async def test_what_came_back_at_once_is_decided_once(web):
    clock = web.installation.clock
    sent, here = Sent(web.store, clock), [f"reader{number}@company.example" for number in range(30)]
    edition = await sent.arrived(*here)
    approver = Program(web, Scope.APPROVE)
    path = f"/editions/{edition}/bounces"
    assert (await approver.get(path)).json()["number"] == 0
    for address in here:
        sent.take(dsn(address, token=sent.tokens[edition, address]))
    sent.settle()
    told = (await approver.get(path)).json()
    assert (told["number"], told["tried"]) == (30, 30)
    assert told["providers"] == [{"provider": "company.example", "number": 30, "tried": 30}]
    assert [each["number"] for each in told["answers"]] == [30]
    clock.advance(minutes=1)
    last = (await approver.get(path)).json()["last"]
    assert (await approver.post(f"{path}/settle", json={"dead": True, "last": last - 1})).status_code == 409
    assert (await approver.once(f"{path}/settle", json={"dead": True, "last": last})).json() == {"changed": 30}
    assert {sent.suppressed(each) for each in here} == {"bounced"}
    assert did(web.store, edition, "settle bounces") == [approver.user.name]
    assert (await approver.get(path)).json()["number"] == 0
    again = await approver.post(f"{path}/settle", json={"dead": False, "last": last})
    assert again.status_code == 409


@effect("PATCH /editions/{edition}/mail")
async def test_the_mails_lines_are_changed(work, writer):
    lines = {"version": 1, "subject": "Eleven nights", "preheader": "And the buses stay"}
    assert (await writer("PATCH", f"/editions/{work.id}/mail", json=lines)).status_code == 200
    made = work.edition
    mail = next(each.email for each in made.renditions if each.email)
    assert (made.version, mail.subject, mail.preheader) == (2, "Eleven nights", "And the buses stay")


@effect("PUT /editions/{edition}/posts")
async def test_a_post_is_written_anew(work, writer):
    given = {"version": 1, "channel": "mastodon", "text": "Eleven nights without the tunnel"}
    assert (await writer("PUT", f"/editions/{work.id}/posts", json=given)).status_code == 200
    texts = {each.channel: each.post.text for each in work.edition.renditions if each.post}
    assert texts["mastodon"].startswith("Eleven nights without the tunnel")
    assert not texts["bluesky"].startswith("Eleven nights without the tunnel")


@effect("PUT /editions/{edition}/order")
async def test_the_stories_are_put_into_another_order(work, writer):
    ids = [each.article.id for each in work.edition.stories]
    given = {"version": 1, "articles": ids[::-1]}
    assert (await writer("PUT", f"/editions/{work.id}/order", json=given)).status_code == 200
    assert [each.article.id for each in work.edition.stories] == ids[::-1]


@effect("POST /editions/{edition}/stories", "DELETE /editions/{edition}/stories/{article}")
async def test_a_story_is_added_once_and_taken_out(work, writer):
    work.publish(title="The ferry returns", published=work.edition.slot - timedelta(hours=2))
    with work.store.read() as tx:
        (ferry,) = [each.id for each in tx.articles.newest() if each.title == "The ferry returns"]
    await writer.once(f"/editions/{work.id}/stories", json={"version": 1, "article": ferry, "at": 1})
    assert [each.article.id == ferry for each in work.edition.stories] == [True, False, False, False]
    gone = await writer("DELETE", f"/editions/{work.id}/stories/{ferry}?version=2")
    assert gone.status_code == 200
    assert ferry not in [each.article.id for each in work.edition.stories]
    with work.store.read() as tx:
        assert ferry not in tx.editions.held("morning", work.edition.slot - timedelta(days=1))[1]


@effect("PATCH /editions/{edition}/stories/{article}")
async def test_a_story_is_told_in_other_words_and_pinned(work, writer):
    given = {"version": 1, "title": "Tunnel shut", "pinned": True}
    answer = await writer("PATCH", f"/editions/{work.id}/stories/{work.story()}", json=given)
    assert answer.status_code == 200
    first = work.edition.stories[0]
    assert (first.told.article.title, first.words.pinned) == ("Tunnel shut", writer.user.name)
    mail = next(each.email for each in work.edition.renditions if each.email)
    assert "Tunnel shut" in mail.html


@effect("POST /editions/{edition}/stories/{article}/retell")
async def test_a_story_is_told_by_another_of_its_articles_once(work, writer):
    work.publish(title="Eleven nights without the tunnel", published=work.edition.slot - timedelta(hours=3))
    with work.store.write() as tx:
        (other,) = [each.id for each in tx.articles.newest() if each.title == "Eleven nights without the tunnel"]
        first, *rest = work.edition.stories
        both = replace(first, article_ids=(*first.article_ids, other))
        tx.editions.replace_stories(replace(tx.editions.get(work.id), stories=(both, *rest)))
    path = f"/editions/{work.id}/stories/{first.article.id}/retell"
    await writer.once(path, json={"version": 1, "by": other})
    told = work.edition.stories[0]
    assert (told.article.id, told.told.article.title) == (other, "Eleven nights without the tunnel")
    assert [each.article.id for each in work.edition.stories[1:]] == [each.article.id for each in rest]


@effect("POST /editions/{edition}/test")
async def test_a_test_goes_to_one_address_once_and_into_no_ledger(build_web):
    with smtp_server(slow=0) as server:
        host = f'"127.0.0.1"\nport = {server.port}\nsecurity = "none"'
        web = build_web(toml=TOML.replace('"mail.record.example"', host))
        writer, made = Program(web, Scope.WRITE), web.add_edition(state=EditionState.AWAITING)
        await writer.once(f"/editions/{made.id}/test", json={"to": "ann@example.org"})
        assert server.arrived == ["ann@example.org"]
        await writer.once(f"/editions/{made.id}/test")
        assert server.arrived == ["ann@example.org", writer.user.address]
    assert balance(web.store, made.id).states == {}


@pytest.fixture
def site():
    made = Site()
    yield made
    made.close()


@effect("POST /editions/{edition}/checks")
async def test_links_are_asked_again_and_what_became_of_them_is_kept(build_web, site):
    site.pages["/ferry"] = (200, {"Content-Type": "text/html"}, b"<p>It sails</p>")
    web = build_web(toml=TOML + HERE)
    made = web.add_edition(state=EditionState.AWAITING, lead=article(id=7, url=f"{site.url}/ferry"))
    writer = Program(web, Scope.WRITE)
    await writer.once(f"/editions/{made.id}/checks")
    assert [path for path, _query, _headers in site.asked] == ["/ferry"]
    with web.store.read() as tx:
        found = tx.editions.report(made.id)[PREFLIGHT]["reached"]["found"]
    assert found[f"{site.url}/ferry"][0] == "answers"
