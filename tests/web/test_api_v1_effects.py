"""What each writing call of ``/api/v1`` does, looked at in the store; a POST under a key does it once.

Those to editions are in ``test_api_v1_editions``, whole ways through the API in ``test_api_v1_resources``.
"""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest

from bot.model import (
    Change,
    Decision,
    EditionState,
    EditionStory,
    ImportStage,
    Role,
    Scope,
    Summary,
)
from bot.schedules.imports import import_due
from bot.testing import NOW, article, subscribe
from bot.testing.networks import running
from bot.web.api.v1 import DESCRIPTION, PREFIX
from tests.sources.conftest import Site
from tests.web.api_v1 import Program, effect
from tests.web.conftest import TOML
from tests.web.test_desk_sources import feed

HERE = "\n[http]\nallow_loopback = true\n"
CSV = "E-Mail\nida@example.org\n"


def did(web, thing):
    """What was done to a thing, the newest first."""
    with web.store.read() as tx:
        return [each.what for each in tx.acts.newest(thing=thing)]


async def test_each_writing_operation_has_a_test_of_its_effect(web):
    paths = (await web.get(DESCRIPTION)).json()["paths"]
    writing = {
        f"{method.upper()} {path.removeprefix(PREFIX)}"
        for path, operations in paths.items()
        for method in operations
        if method != "get"
    }
    files = [each for each in Path(__file__).parent.glob("test_api_v1*.py") if "@effect(" in each.read_text("utf-8")]
    tests = [each for file in files for each in vars(import_module(f"tests.web.{file.stem}")).values()]
    tested = {operation for each in tests for operation in getattr(each, "operations", ())}
    assert sorted(writing - tested) == []
    assert sorted(tested - writing) == []


# Articles


@pytest.fixture
def told(web):
    """The ferry's article, after an edition told it by mail and the newsroom changed it."""
    one = article(source="site", title="The ferry returns", body="<p>It costs £2.4 million a year.</p>")
    with web.store.write() as tx:
        tx.articles.put(one, url_key=one.url, present={one.guid}, now=NOW)
        kept = tx.articles.get(1)
    subscribe(web.store, "mara@example.org")
    story = EditionStory(position=1, article=kept, summary=Summary("It costs £2.4 million a year."), article_ids=(1,))
    made = web.add_edition(stories=(story,))
    web.send(made)
    with web.store.write() as tx:
        tx.editions.consume(made.id)
        change = Change(
            article=1, edition=made.id, revision=2, withdrawn=False, at=NOW, title=kept.title, what="numbers changed"
        )
        tx.changes.put(change)
    return made


def decisions(web):
    with web.store.read() as tx:
        return [each.decided for each in tx.changes.of_articles([1])]


@effect("POST /articles/{article}/corrections", "DELETE /articles/{article}/corrections/{correction}")
async def test_readers_are_told_once_what_is_right_unless_it_is_taken_back(web, approver, told):
    given = {"said": "It costs £4.2 million.", "right": "It costs £2.4 million a year.", "mail": ["morning"]}
    (made,) = (await approver.once("/articles/1/corrections", json=given)).json()["data"]
    with web.store.read() as tx:
        (waits,) = tx.corrections.waiting("morning")
    assert (waits.id, waits.right, waits.who) == (made["id"], given["right"], approver.user.name)
    assert decisions(web) == [Decision.CORRECTED]
    assert did(web, f"edition:{told.id}").count("correct") == 1
    assert (await approver("DELETE", f"/articles/1/corrections/{waits.id}")).status_code == 204
    with web.store.read() as tx:
        assert tx.corrections.waiting("morning") == []


@effect("POST /articles/{article}/dismiss")
async def test_readers_need_not_be_told(web, writer, told):
    await writer.once("/articles/1/dismiss", json={"note": "a comma"})
    assert decisions(web) == [Decision.DISMISSED]
    assert did(web, "article:1") == ["correction not needed"]


# Channels and sources


@pytest.fixture
def network(clock):
    with running("ntfy", clock) as (base, state):
        state.base = base
        yield state


@pytest.fixture
def posting(build_web, network):
    """A web whose schedule posts to the network."""
    token = network.credentials["token"]
    channel = f'[channels.phone]\ntype = "ntfy"\nserver = "{network.base}"\ntopic = "{network.credentials["topic"]}"\n'
    return build_web(toml=TOML + HERE + channel, environment={"BROADSHEET_PHONE_TOKEN": token})


@effect("POST /channels/{name}/test")
async def test_a_channel_is_tried_on_record_and_posts_nothing(posting, network):
    writer = Program(posting, Scope.WRITE)
    await writer.once("/channels/phone/test")
    assert did(posting, "channel:phone") == ["test channel"]
    assert network.asked
    assert network.posts == []


@effect("POST /channels/{name}/pause", "POST /channels/{name}/resume")
async def test_a_channel_pauses_and_goes_on(posting):
    approver = Program(posting, Scope.APPROVE)
    await approver.once("/channels/phone/pause", json={"note": "too loud"})
    with posting.store.read() as tx:
        assert tx.channels.get("phone").paused == "too loud"
    await approver.once("/channels/phone/resume")
    with posting.store.read() as tx:
        assert tx.channels.get("phone").paused == ""
    assert did(posting, "channel:phone") == ["resume channel", "pause channel"]


@pytest.fixture
def site():
    made = Site()
    yield made
    made.close()


@effect("POST /sources/find", "POST /sources", "POST /sources/{name}/collect", "DELETE /sources/{name}")
async def test_a_source_is_found_added_and_visited_once_and_removed(build_web, site):
    site.pages["/feed.xml"] = feed(site.url, "Tunnel closes", "Ferry returns")
    web = build_web(toml=TOML + HERE)
    writer = Program(web, Scope.WRITE)
    found = (await writer.once("/sources/find", json={"url": f"{site.url}/feed.xml"})).json()
    with web.store.read() as tx:
        assert (tx.articles.newest(), tx.declarations.all()) == ([], [])
    await writer.once("/sources", json={name: found[name] for name in ("key", "type", "url")})
    visited = (await writer.once(f"/sources/{found['key']}/collect")).json()
    assert (visited["new"], visited["error"]) == (2, "")
    with web.store.read() as tx:
        assert [each.key for each in tx.declarations.all()] == [found["key"]]
        assert sorted(each.title for each in tx.articles.newest()) == ["Ferry returns", "Tunnel closes"]
    assert (await writer("DELETE", f"/sources/{found['key']}")).status_code == 204
    with web.store.read() as tx:
        assert tx.declarations.all() == []
        assert len(tx.articles.newest()) == 2


# Schedules


@effect("POST /schedules/{key}/extra")
async def test_an_extra_edition_is_made_once(web, approver):
    one = article(source="site", title="The ferry returns")
    with web.store.write() as tx:
        tx.articles.put(one, url_key=one.url, present={one.guid}, now=NOW)
    made = (await approver.once("/schedules/morning/extra")).json()
    with web.store.read() as tx:
        assert [each.id for each in tx.editions.newest(schedule="morning")] == [made["id"]]
        assert [each.article.title for each in tx.editions.get(made["id"]).stories] == ["The ferry returns"]
        assert [each.who for each in tx.acts.newest(thing=f"edition:{made['id']}")] == [approver.user.name]


@effect(
    "POST /schedules/{schedule}/slots/move",
    "POST /schedules/{schedule}/slots/put-back",
    "POST /schedules/{schedule}/slots/skip",
)
async def test_a_slot_stands_where_it_was_put_and_one_that_is_skipped_has_its_edition(web, writer):
    (slot, *_more) = (await writer.get("/schedules/morning/slots")).json()["data"]
    due = NOW + timedelta(days=2, hours=3)
    await writer.once("/schedules/morning/slots/move", json={"key": slot["key"], "due": due.isoformat()})
    with web.store.read() as tx:
        (moved,) = tx.moved_slots.of("morning")
    assert (moved.slot_key, moved.due, moved.who) == (slot["key"], due, writer.user.name)
    await writer.once("/schedules/morning/slots/put-back", json={"key": slot["key"]})
    with web.store.read() as tx:
        (back,) = tx.moved_slots.of("morning")
    assert back.due == back.was
    await writer.once("/schedules/morning/slots/skip", json={"key": slot["key"], "note": "holiday"})
    with web.store.read() as tx:
        skipped = tx.editions.of_slot("morning", slot["key"])
    assert (skipped.state, "holiday" in skipped.reason) == (EditionState.SKIPPED, True)


# Readers


@effect("POST /readers/{reader}/suppress", "POST /readers/{reader}/allow")
async def test_a_reader_is_mailed_no_more_until_it_is_allowed(web, writer, sending, reader):
    assert (await writer.once(f"/readers/{reader}/suppress", json={"note": "by phone"})).json() == {"changed": 1}
    with web.store.read() as tx:
        assert tx.suppressions.of("mara@example.org").note == "by phone"
        # What was about to go out to them does not.
        assert [each.state for each in tx.deliveries.of_subscriber(reader)] == ["cancelled"]
    assert (await writer.once(f"/readers/{reader}/allow")).json() == {"changed": 1}
    with web.store.read() as tx:
        assert tx.suppressions.of("mara@example.org") is None


@effect("POST /imports/{id}/pause", "DELETE /imports/{id}")
async def test_an_import_is_paused_and_its_file_is_deleted(web, writer):
    sent = await writer.post("/imports", content=CSV, headers={"Content-Type": "text/csv"})
    id = sent.json()["id"]
    said = {"audience": "readers", "consent": "signed list at the Coast Press Day", "columns": {"email": "e-mail"}}
    await writer("PUT", f"/imports/{id}/columns", json=said)
    import_due(web.installation)
    await writer.post(f"/imports/{id}/begin")
    await writer.once(f"/imports/{id}/pause")
    import_due(web.installation)
    with web.store.read() as tx:
        assert tx.reader_imports.get(id).stage is ImportStage.PAUSED
        assert list(tx.subscribers.every()) == []
    assert (await writer("DELETE", f"/imports/{id}")).status_code == 204
    with web.store.read() as tx:
        assert tx.reader_imports.get(id) is None
        assert list(tx.reader_imports.content(id)) == []


# Users


@effect("POST /users/{user}/role", "POST /users/{user}/disable", "POST /users/{user}/enable")
async def test_a_user_gets_another_role_is_shut_out_and_let_in_again(web, admin):
    colleague = Program(web, Scope.WRITE)

    def user():
        with web.store.read() as tx:
            return tx.users.get(colleague.user.id)

    await admin.once(f"/users/{colleague.user.id}/role", json={"role": "viewer"})
    assert user().role is Role.VIEWER
    await admin.once(f"/users/{colleague.user.id}/disable", json={"note": "left"})
    assert user().disabled == NOW
    assert (await colleague.get("/me")).status_code == 401
    await admin.once(f"/users/{colleague.user.id}/enable")
    assert user().disabled is None
