"""Webhooks by the API, and what its description says of them: it is held against what is posted."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from bot.audience import enrolment
from bot.delivery.outgoing.telling import body
from bot.model import Consent, EditionState, EventType, Suppression
from bot.standard_webhooks import new_secret
from bot.testing import NOW, edition
from bot.web.api.v1 import DESCRIPTION
from bot.web.api.v1.event_shapes import SHAPE_OF
from tests.web.api_v1 import effect

ROOT = Path(__file__).resolve().parents[2]
SECRET = new_secret()
NEW = {"name": "The CMS", "url": "https://cms.record.example/s3cr3t", "types": ["edition.drafted"], "secret": SECRET}


@effect(
    "POST /webhooks",
    "PUT /webhooks/{webhook}",
    "POST /webhooks/{webhook}/secret",
    "POST /webhooks/{webhook}/disable",
    "POST /webhooks/{webhook}/enable",
    "DELETE /webhooks/{webhook}",
)
async def test_a_webhook_is_made_changed_turned_off_and_removed_and_no_answer_holds_its_secret(web, admin):
    made = await admin.post("/webhooks", json=NEW, key="once")
    again = await admin.post("/webhooks", json=NEW, key="once")
    assert (made.status_code, again.status_code, made.json()) == (201, 201, again.json())
    path = f"/webhooks/{made.json()['id']}"
    changed = await admin("PUT", path, json={"name": "CMS", "types": ["edition.sent", "edition.held"]})
    assert (changed.json()["name"], changed.json()["types"]) == ("CMS", ["edition.held", "edition.sent"])
    rotated = await admin.post(f"{path}/secret", json={"secret": new_secret()})
    off = await admin.post(f"{path}/disable")
    assert (off.json()["why"], (await admin.post(f"{path}/enable")).json()["why"]) == ("by hand", None)
    answers = [made, again, changed, rotated, off, await admin.get(path), await admin.get("/webhooks")]
    assert not any("s3cr3t" in each.text or "whsec_" in each.text for each in answers)
    with web.store.read() as tx:
        for table in ("api_calls", "acts", "endpoints"):
            rows = str(tx.connection.exec_driver_sql(f"SELECT * FROM {table}").all())
            assert SECRET not in rows, table
    assert (await admin("DELETE", path)).status_code == 204
    assert (await admin.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"url": "http://10.0.0.8/"}, "#/url"),
        ({"secret": "whsec_c2hvcnQ="}, "#/secret"),
        ({"secret": ""}, "#/secret"),
        ({"types": ["ping"]}, "#/types"),
        ({"types": []}, "#/types"),
        ({"name": "\u202e"}, "#/name"),
    ],
)
async def test_what_is_wrong_is_pointed_at(admin, wrong, pointer):
    answer = await admin.post("/webhooks", json={**NEW, **wrong})
    assert (answer.status_code, [each["pointer"] for each in answer.json()["errors"]]) == (422, [pointer])


@effect("POST /webhooks/{webhook}/events/{event}/again", "POST /webhooks/{webhook}/ping")
async def test_events_are_paged_and_told_again(web, admin):
    made = (await admin.post("/webhooks", json=NEW)).json()
    path = f"/webhooks/{made['id']}/events"
    for number in range(5):
        web.add_edition(id=f"e{number}", slot_key=f"e{number}")
    page, seen = f"{path}?limit=2", []
    while page:
        found = (await admin.get(page)).json()
        seen += found["data"]
        page = path + found["next"] if found["next"] else ""
    assert [each["data"]["id"] for each in seen] == ["e4", "e3", "e2", "e1", "e0"]
    with web.store.write() as tx:
        call = tx.endpoints.call(made["id"], seen[0]["id"])
        assert tx.endpoints.settle(call, state="failed", due=None, code=500, said="", now=NOW)
    assert (await admin.get(f"{path}/{seen[0]['id']}")).json()["state"] == "failed"
    again = (await admin.post(f"{path}/{seen[0]['id']}/again")).json()
    assert (again["state"], again["tries"]) == ("waiting", 0)
    assert (await admin.post(f"/webhooks/{made['id']}/ping")).json() == {"changed": 1}
    assert (await admin.get(f"/webhooks/{made['id']}")).json()["waiting"] == 6


async def test_every_type_is_described_and_on_the_page_of_the_documents(web):
    described = (await web.get(DESCRIPTION)).json()
    page = (ROOT / "docs" / "webhooks.md").read_text("utf-8")
    assert list(described["webhooks"]) == [*map(str, SHAPE_OF)]
    assert set(SHAPE_OF) == set(EventType)
    assert [each for each in EventType if f"| `{each}` |" not in page] == []


async def test_what_is_posted_is_what_the_description_says(web, admin):
    made = (
        await admin.post("/webhooks", json={**NEW, "types": [str(each) for each in EventType if each != "ping"]})
    ).json()
    described = (await web.get(DESCRIPTION)).json()
    await asyncio.to_thread(everything, web.store, made["id"])
    with web.store.read() as tx:
        calls = tx.endpoints.calls(made["id"], 200)
    assert {each.type for each in calls} == set(EventType)
    for call in calls:
        shape = SHAPE_OF[call.type]
        content = described["webhooks"][call.type]["post"]["requestBody"]["content"]
        assert content["application/json"]["schema"]["$ref"].endswith(f"/{shape.__name__}")
        assert shape.__name__ in described["components"]["schemas"]
        # What it does not know, it does not take.
        shape.model_validate(json.loads(body(call, "https://news.record.example")))


def everything(store, endpoint):
    """Each thing that may happen, once."""
    with store.write() as tx:
        for state in EditionState:
            tx.editions.add(edition(id=state.value, slot_key=state, state=state), expires=NOW, report={})
        tx.editions.set_snapshot("sending", 3)
        tx.editions.move("awaiting", to=EditionState.DRAFTED, since=[EditionState.AWAITING], now=NOW)
        tx.editions.move("sending", to=EditionState.SENT, since=[EditionState.SENDING], now=NOW)
        tx.subscribers.subscribe("ida@example.org", "readers", Consent(at=NOW, via="sign-up"))
        tx.subscribers.unsubscribe(tx.subscribers.id_of("ida@example.org"), "", via="one click", now=NOW)
        tx.suppressions.add(Suppression(address="tom@example.org", reason="bounced", at=NOW))
        tx.suppressions.add(Suppression(address="ida@example.org", reason="bounced", at=NOW, audience="readers"))
        tx.imports.begin("0" * 64, "readers", "readers.csv", {}, NOW)
        tx.imports.advance("0" * 64, {"accepted": 3}, NOW, before=0, rows=3, ended=True)
        tx.outbox.ping(endpoint, NOW, "Mara")
    enrolment.forget(store, "ida@example.org", who="Mara", now=NOW)
