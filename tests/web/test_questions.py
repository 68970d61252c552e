"""No page of the desk and no GET of ``/api/v1`` asks the store once a thing: of twenty as often as of two.

A page whose number of questions grows with what it shows takes ever longer, and the longer the further the database.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from sqlalchemy import event

from bot.clock import SetClock
from bot.model import Scope
from bot.schedules.installation import Installation
from bot.store import Store
from bot.testing import KEYS, NOW, settings
from bot.web import following
from bot.web.api.v1 import PREFIX, made, rates
from bot.web.api.v1.call import Call
from tests import crowd
from tests.desk import addresses
from tests.web.api_v1 import Program
from tests.web.conftest import TOML, Web

FEW, MANY = 2, 20
HEAVIEST = 150_000
"""Bytes of a page."""
MOST = 45
"""Questions of a page, be they ever so few a thing."""
SLOT = "2026-11-25T07:00"
"""The next slot of the schedule ``morning``."""
VIEWS = (
    f"/calendar?slot=morning/{SLOT}",
    "/deliveries?reader=reader0@example.org",
    "/numbers?span=12w",
    "/numbers?schedule=morning&rows=all",
    "/schedules/evening0",
    "/schedules/evening0?look=yes",
    "/schedules/new?look=yes",
    "/channels/p1",
    "/sources/north0",
)


@pytest.fixture(scope="module")
def desks(tmp_path_factory, empty_store) -> Iterator[dict[int, SimpleNamespace]]:
    """By number, a desk with so many of everything."""
    found = {}
    for count in (FEW, MANY):
        folder = tmp_path_factory.mktemp(f"desk{count}")
        shutil.copy(empty_store, folder / "broadsheet.db")
        store = Store.open(f"sqlite:///{folder}/broadsheet.db")
        configured = settings(folder, TOML + crowd.toml(count))
        web = Web(Installation(configured, store, KEYS, SetClock(NOW)))
        found[count] = SimpleNamespace(web=web, things=crowd.crowd(web.installation, count))
    yield found
    for each in found.values():
        each.web.store.close()


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """Nothing is asked but by what is looked at: not whether the settings were changed, nor how often a token calls."""
    monkeypatch.setattr(following, "SECONDS", float("inf"))
    monkeypatch.setattr(rates, "AT_ONCE", 100_000)


@contextmanager
def questions(store):
    """The statements that the store is asked meanwhile, without what begins a transaction."""
    asked = []

    def note(_connection, _cursor, statement, *_more):
        asked.extend([] if statement.startswith("BEGIN") else [statement])

    event.listen(store._engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(store._engine, "before_cursor_execute", note)


def grown(few, many):
    """What is wrong with how often the store was asked for ``many``; "" when it is as for ``few``."""
    # Not as many: of twenty things of a kind, a page may show those that come first.
    if len(many) <= min(len(few), MOST):
        return ""
    more = Counter(map(_shape, many))
    more.subtract(map(_shape, few))
    named = "".join(f"\n    {number:+d} × {each}" for each, number in more.most_common() if number)
    return f"{len(few)} questions for {FEW} of everything, {len(many)} for {MANY}{named}"


def _shape(statement):
    """One text for the same question about some things and about others."""
    text = " ".join(statement.split())
    text = re.sub(r"\(\?(, \?)+\)", "(?)", text)
    columns, _from, rest = text.partition(" FROM ")
    return f"{columns[:80]} … FROM {rest[:300]}" if rest else text[:380]


def told(asked, addresses):
    """What ``grown`` says of each address; ``asked`` is by its place, and by how much there was."""
    found = ((each, grown(asked[place][FEW], asked[place][MANY])) for place, each in enumerate(addresses))
    return [f"{address}: {wrong}" for address, wrong in found if wrong]


def test_one_question_a_thing_is_told_by_its_name():
    one = "SELECT editions.expires FROM editions WHERE editions.id = ?"
    (fault,) = told([{FEW: [one] * 2, MANY: [one] * 20}], ["/page"])
    assert "/page: 2 questions for 2 of everything, 20 for 20" in fault
    assert "+18 × SELECT editions.expires … FROM editions WHERE editions.id = ?" in fault
    assert grown(["SELECT 1 FROM a WHERE b IN (?)"], ["SELECT 1 FROM a WHERE b IN (?, ?, ?)"]) == ""
    assert grown([one] * (MOST + 1), [one] * (MOST + 1))


async def test_no_page_of_the_desk_asks_the_store_once_a_thing(desks):
    asked, faults = {}, []
    for count, each in desks.items():
        async with each.web.client() as client:
            client.cookies.update(each.things.cookies)
            # Who comes back after a while is noted.
            assert (await client.get("/settings")).status_code == 200
            pages = [*addresses(each.web.app, each.things), *VIEWS]
            for place, address in enumerate(pages):
                with questions(each.web.store) as statements:
                    answer = await client.get(address)
                asked.setdefault(place, {})[count] = statements
                if answer.status_code != 200:
                    faults.append(f"{address}: {answer.status_code}")
                if len(answer.content) > HEAVIEST:
                    faults.append(f"{address}: {len(answer.content):,} bytes")
    faults += told(asked, pages)
    assert not faults, "\n".join(faults)


async def test_no_get_of_the_api_asks_the_store_once_a_thing(desks):
    asked, faults = {}, []
    for count, each in desks.items():
        program = Program(each.web, Scope.ADMIN)
        assert (await program.get("/me")).status_code == 200
        paths = list(api_paths(each.web.installation, each.things))
        for place, path in enumerate(paths):
            with questions(each.web.store) as statements:
                answer = await program.get(path)
            asked.setdefault(place, {})[count] = statements
            if answer.status_code != 200:
                faults.append(f"{path}: {answer.status_code} {answer.text[:200]}")
    faults += told(asked, paths)
    assert not faults, "\n".join(faults)


def api_paths(installation, things):
    """Each GET of the API, of an edition that waits and of one that went out, fifty things a page."""
    with installation.store.read() as tx:
        event = tx.endpoints.calls(things.webhook, 1)[0].message
    for route in made(installation).routes:
        if not isinstance(route, Call) or "GET" not in route.methods:
            continue
        path = route.path.removeprefix(PREFIX)
        name = {"channels": "p0", "sources": things.source}.get(path.split("/")[1], "")
        holes = {"article": things.article, "reader": things.reader, "id": things.upload, "name": name, "user": 1}
        holes |= {"webhook": things.webhook, "event": event}
        taken = {each.name for each in route.dependant.query_params}
        query = "&".join(f"{name}={value}" for name, value in {"limit": 50, "key": SLOT}.items() if name in taken)
        for edition in (things.sent, things.waiting) if "{edition}" in path else ("",):
            yield path.format(edition=edition, key="morning", schedule="morning", **holes) + f"?{query}"
