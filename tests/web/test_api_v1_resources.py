"""What ``/api/v1`` does is what the desk does: looked at in the store."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.delivery.sending import begin_sending
from bot.model import DeliveryState, EditionState, EditionStory, Role, Scope, Summary
from bot.schedules.imports import import_due
from bot.store.flags import PAUSED
from bot.testing import NOW, article, subscribe
from tests.web.api_v1 import Program, effect

EVENING = {"name": "Evening five", "times": ["18:00"], "audience": "readers", "channels": ["mail"]}
CSV = "E-Mail,Full name\nida@example.org,Ida\njo@@x,Jo\n"


@pytest.fixture
def ferry(web):
    """An edition of one stored article that waits for approval."""
    each = article(source="site", title="The ferry returns")
    with web.store.write() as tx:
        tx.articles.put(each, url_key=each.url, present={each.guid}, now=NOW)
        kept = tx.articles.get(1)
    story = EditionStory(position=1, article=kept, summary=Summary("It sails on Friday."), article_ids=(1,))
    return web.add_edition(state=EditionState.AWAITING, approval=True, stories=(story,), slot=NOW + timedelta(hours=2))


async def test_an_edition_is_read_with_its_stories_and_its_bodies_when_asked_for(writer, ferry):
    made = (await writer.get(f"/editions/{ferry.id}")).json()
    assert (made["state"], made["version"], made["stories"][0]["title"]) == ("awaiting", 1, "The ferry returns")
    mail = next(each["email"] for each in made["renditions"] if each["email"])
    assert mail["html"] == ""
    whole = (await writer.get(f"/editions/{ferry.id}?whole=true")).json()
    assert "<h1>" in next(each["email"]["html"] for each in whole["renditions"] if each["email"])


async def test_an_edition_is_approved_in_the_version_that_was_seen_and_no_other(web, approver, ferry):
    wrong = await approver.post(f"/editions/{ferry.id}/approve", json={"version": 7})
    assert wrong.status_code == 409
    answer = await approver.post(f"/editions/{ferry.id}/approve", json={"version": 1, "note": "good"})
    assert (answer.status_code, answer.json()["state"]) == (200, "approved")
    with web.store.read() as tx:
        assert tx.editions.state(ferry.id) is EditionState.APPROVED
    assert (await approver.post(f"/editions/{ferry.id}/take-back")).json()["state"] == "awaiting"
    assert (await approver.post(f"/editions/{ferry.id}/cancel")).json()["state"] == "cancelled"


async def test_deliveries_are_paged_summed_up_and_masked_for_who_only_reads(web, approver):
    ids = subscribe(web.store, *(f"reader{at}@example.org" for at in range(5)))
    made = web.add_edition(state=EditionState.DRAFTED)
    assert begin_sending(web.store, made, audience="readers", now=NOW)
    path, seen = f"/editions/{made.id}/deliveries?limit=2", []
    while path:
        page = (await approver.get(path)).json()
        seen += page["data"]
        path = f"/editions/{made.id}/deliveries{page['next']}" if page["next"] else ""
    assert sorted(each["subscriber"] for each in seen if each["subscriber"]) == sorted(ids)
    assert "reader0@example.org" in [each["destination"] for each in seen]
    viewer = Program(web, Scope.READ)
    masked = (await viewer.get(f"/editions/{made.id}/deliveries")).json()["data"]
    assert "reader0@example.org" not in [each["destination"] for each in masked]
    totals = (await viewer.get(f"/editions/{made.id}/totals")).json()
    assert totals["state"] == "sending"
    assert sum(totals["states"].values()) == totals["total"] == len(seen)
    assert totals["states"][DeliveryState.PENDING] == len(seen)
    assert (await approver.post(f"/editions/{made.id}/pause", json={"note": "stop"})).json()["state"] == "paused"
    assert (await approver.post(f"/editions/{made.id}/retry")).json() == {"changed": 0}


@effect("POST /newsroom/pause", "POST /newsroom/resume")
async def test_everything_is_paused_and_goes_on(web, approver):
    assert (await approver.post("/newsroom/pause")).status_code == 200
    with web.store.read() as tx:
        assert tx.flags.get(PAUSED)
    assert (await approver.get("/newsroom")).json()["paused"] is True
    await approver.post("/newsroom/resume")
    assert (await approver.get("/newsroom")).json()["paused"] is False


@effect(
    "POST /schedules",
    "PUT /schedules/{key}",
    "POST /schedules/{key}/off",
    "POST /schedules/{key}/on",
    "DELETE /schedules/{key}",
)
async def test_a_schedule_is_made_changed_turned_off_and_removed(web, writer):
    made = await writer.post("/schedules", json={"key": "evening", "content": EVENING})
    assert (made.status_code, made.json()["origin"], made.json()["version"]) == (201, "desk", 1)
    assert "evening" in web.installation.settings.schedules
    again = await writer.post("/schedules", json={"key": "evening", "content": EVENING})
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (422, "#/key")
    changed = {**EVENING, "times": ["19:30"]}
    answer = await writer("PUT", "/schedules/evening", json={"content": changed, "version": 1})
    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    assert (await writer("PUT", "/schedules/evening", json={"content": EVENING, "version": 1})).status_code == 409
    wrong = await writer("PUT", "/schedules/evening", json={"content": {**EVENING, "times": ["25:00"]}})
    assert wrong.status_code == 422
    assert "times" in wrong.json()["errors"][0]["pointer"]
    assert (await writer.post("/schedules/evening/off")).json()["enabled"] is False
    assert (await writer.post("/schedules/evening/on")).json()["enabled"] is True
    assert (await writer("DELETE", "/schedules/evening")).status_code == 204
    assert "evening" not in web.installation.settings.schedules


async def test_a_schedule_of_a_file_is_shown_and_not_changed(web, writer):
    shown = (await writer.get("/schedules/morning")).json()
    assert (shown["origin"], shown["content"]["cron"]) == ("file", "0 7 * * *")
    answer = await writer("PUT", "/schedules/morning", json={"content": EVENING})
    assert answer.status_code == 409
    assert web.installation.settings.schedules["morning"].name == "Morning briefing"


@effect("POST /schedules/preview")
async def test_what_a_schedule_would_pick_is_told_with_what_is_left_out(web, writer):
    for title, age in (("The ferry returns", 1), ("Last year's news", 9000)):
        each = article(source="site", title=title, published=NOW - timedelta(hours=age))
        with web.store.write() as tx:
            tx.articles.put(each, url_key=each.url, present={each.guid}, now=NOW - timedelta(minutes=50))
    told = (await writer.post("/schedules/preview", json={"content": EVENING})).json()
    assert [each["title"] for each in told["picks"]] == ["The ferry returns"]
    assert told["articles"] == len(told["picks"]) + sum(each["count"] for each in told["left_out"])
    with web.store.read() as tx:
        assert tx.declarations.all() == []


async def test_a_slot_is_moved_skipped_and_put_back(web, writer):
    (slot, *_more) = (await writer.get("/schedules/morning/slots")).json()["data"]
    due = (NOW + timedelta(days=2, hours=3)).replace(second=0, microsecond=0).isoformat()
    moved = await writer.post("/schedules/morning/slots/move", json={"key": slot["key"], "due": due})
    assert (moved.status_code, moved.json()["slot"]["was"]) == (200, slot["due"])
    back = await writer.post("/schedules/morning/slots/put-back", json={"key": slot["key"]})
    assert back.json()["slot"]["due"] == slot["due"]
    skipped = await writer.post("/schedules/morning/slots/skip", json={"key": slot["key"], "note": "holiday"})
    assert (skipped.json()["skipped"], skipped.json()["state"]) == (True, "skipped")
    days = (await writer.get("/agenda", params={"until": (NOW + timedelta(days=3)).isoformat()})).json()["data"]
    assert slot["key"] in [each["key"] for each in days if each["skipped"]]


async def test_a_source_is_added_and_removed(web, writer):
    url = "https://north.example/feed"
    added = await writer.post("/sources", json={"key": "north", "type": "feed", "url": url})
    assert (added.status_code, added.json()["origin"]) == (201, "desk")
    assert "north" in web.installation.current().sources
    assert (await writer("DELETE", "/sources/north")).status_code == 204
    assert (await writer("DELETE", "/sources/site")).status_code == 404
    assert list(web.installation.current().sources) == ["site"]


async def test_articles_are_found_by_words_and_read_by_revision(web, writer, ferry):
    found = (await writer.get("/articles?q=ferry")).json()["data"]
    assert [each["title"] for each in found] == ["The ferry returns"]
    one = (await writer.get("/articles/1")).json()
    assert (one["title"], one["revision"]) == ("The ferry returns", 1)
    assert (await writer.get("/articles/1?revision=9")).status_code == 404
    assert len((await writer.get("/articles/1/revisions")).json()["data"]) == 1


@effect("POST /readers", "POST /readers/{reader}/unsubscribe", "DELETE /readers/{reader}")
async def test_a_reader_is_added_with_evidence_told_of_and_erased(web, writer, admin):
    given = {"address": "ida@example.org", "audience": "readers", "note": "signed at the Coast Press Day"}
    assert (await writer.post("/readers", json={**given, "note": "yes"})).status_code == 422
    added = await writer.post("/readers", json=given)
    assert (added.status_code, added.json()["outcome"]) == (201, "new")
    id = added.json()["id"]
    story = (await writer.get(f"/readers/{id}/story")).json()["data"]
    assert [(each["kind"], each["via"]) for each in story] == [("consent", f"api by {writer.user.name}")]
    viewer = Program(web, Scope.READ)
    assert (await viewer.get(f"/readers/{id}")).json()["address"] != "ida@example.org"
    export = await Program(web, Scope.APPROVE).get("/readers/export")
    assert "ida@example.org" in export.text
    left = (await writer.post(f"/readers/{id}/unsubscribe", json={"audience": "readers"})).json()
    assert left["audiences"] == ["readers"]
    assert web.states(id) == {"readers": "unsubscribed"}
    assert (await admin.get(f"/readers/{id}/data")).json()["address"] == "ida@example.org"
    assert (await admin("DELETE", f"/readers/{id}")).status_code == 204
    with web.store.read() as tx:
        assert tx.subscribers.find("ida@example.org") == []
    assert (await writer.post("/readers", json=given)).status_code == 409


@effect("POST /suppressions", "POST /suppressions/remove")
async def test_who_must_not_be_mailed_is_listed_and_taken_off(web, writer):
    body = {"address": "no@example.org", "note": "asked by phone"}
    assert (await writer.post("/suppressions", json=body)).json() == {"changed": 1}
    assert (await writer.post("/suppressions", json=body)).json() == {"changed": 0}
    with web.store.read() as tx:
        assert tx.suppressions.of("no@example.org").reason == "editor"
    listed = (await writer.get("/suppressions?q=no@")).json()["data"]
    assert [each["address"] for each in listed] == ["no@example.org"]
    assert (await writer.post("/suppressions/remove", json=body)).json() == {"changed": 1}
    with web.store.read() as tx:
        assert tx.suppressions.of("no@example.org") is None


@effect("POST /imports", "PUT /imports/{id}/columns", "POST /imports/{id}/begin")
async def test_a_csv_becomes_readers(web, writer):
    as_json = await writer.post("/imports", content=CSV, headers={"Content-Type": "application/json"})
    assert as_json.status_code == 415
    sent = await writer.post("/imports?name=day.csv", content=CSV, headers={"Content-Type": "text/csv"}, key="k1")
    again = await writer.post("/imports?name=day.csv", content=CSV, headers={"Content-Type": "text/csv"}, key="k1")
    assert (sent.status_code, again.json()) == (201, sent.json())
    id = sent.json()["id"]
    assert len((await writer.get("/imports")).json()["data"]) == 1
    columns = {"email": "e-mail", "name": "full name"}
    said = {"audience": "readers", "consent": "signed list at the Coast Press Day", "columns": columns}
    assert (await writer("PUT", f"/imports/{id}/columns", json=said)).json()["stage"] == "trying"
    assert (await writer.post(f"/imports/{id}/begin")).status_code == 409
    import_due(web.installation)
    tried = (await writer.get(f"/imports/{id}")).json()
    assert (tried["stage"], tried["trial"]["accepted"], tried["trial"]["refused"]) == ("tried", 1, 1)
    assert [each["value"] for each in (await writer.get(f"/imports/{id}/refused")).json()["data"]] == ["jo@@x"]
    assert (await writer.post(f"/imports/{id}/begin")).status_code == 200
    import_due(web.installation)
    assert (await writer.get(f"/imports/{id}")).json()["stage"] == "done"
    with web.store.read() as tx:
        assert [each.address for each in tx.subscribers.every()] == ["ida@example.org"]


async def test_channels_numbers_templates_and_people_are_told(web, admin):
    (mail,) = (await admin.get("/channels")).json()["data"]
    assert (mail["name"], mail["medium"], mail["condition"]) == ("mail", "email", "ok")
    assert (await admin.post("/channels/mail/pause")).status_code == 422
    assert (await admin.get("/numbers?schedule=morning")).json()["now"]["editions"] == 0
    assert (await admin.get("/numbers/editions?schedule=nosuch")).status_code == 422
    assert "briefing" in [each["name"] for each in (await admin.get("/templates")).json()["data"]]
    people = (await admin.get("/users")).json()["data"]
    assert admin.user.name in [each["name"] for each in people]
    assert (await admin.post(f"/users/{admin.user.id}/role", json={"role": "viewer"})).status_code == 422
    colleague = Program(web, Scope.WRITE)
    answer = await admin.post(f"/users/{colleague.user.id}/role", json={"role": "viewer"})
    assert answer.json()["role"] == Role.VIEWER
