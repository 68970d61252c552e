from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi import APIRouter
from starlette.requests import Request

from bot.delivery.counters import Counters
from bot.web import api, health, metrics
from bot.web.api import hooks
from bot.web.editor import articles, preview, progress, sources, today
from bot.web.editor import edition as edition_page
from bot.web.editor.desk import Desk
from bot.web.public import archive, data, edition, find, image, link, preferences, signup, unsubscribe
from bot.web.security import stranger
from bot.web.site import Site

DOCS = Path(__file__).parents[2] / "docs"


def _request(
    *, client=("127.0.0.1", 50000), server=("127.0.0.1", 8080), version="1.1", host="127.0.0.1:8080", **headers
):
    raw = [(b"host", host.encode()), *((name.encode(), value.encode()) for name, value in headers.items())]
    return Request({"type": "http", "client": client, "server": server, "http_version": version, "headers": raw})


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"client": ("::1", 1), "server": ("::1", 8080), "host": "[::1]:8080"},
        {"host": "localhost"},
        {"server": None},
    ],
)
def test_who_is_at_this_machine_is_no_stranger(fields):
    assert stranger(_request(**fields)) == ""


@pytest.mark.parametrize(
    "fields",
    [
        {"client": ("192.168.1.5", 1)},
        {"client": None},
        {"server": ("192.168.1.2", 8080)},
        {"host": "rebound.evil.example"},
        {"host": ""},
        {"version": "1.0"},
        {"via": "1.1 proxy"},
        {"forwarded": "for=127.0.0.1"},
    ],
)
def test_everybody_else_is_told_why(fields):
    assert stranger(_request(**fields)).endswith(".")


def _paths(routers):
    """The paths of the modules' routes, with something in their braces."""
    found = [route.path for router in routers for route in router.routes]
    return {re.sub(r"\{\w+(:\w+)?\}", "x", each) for each in found}


def test_the_proxy_of_the_docs_passes_every_public_page_and_nothing_of_the_desk(web):
    text = (DOCS / "first-newsroom.md").read_text("utf-8")
    passed = re.compile(re.search(r"location ~ (\S+) \{", text)[1])
    site = Site(web.installation)
    modules = (unsubscribe, preferences, data, find, archive, signup, api, edition, image, link, health)
    public = _paths([*(each.routes(site) for each in modules), hooks.routes(web.installation)])
    assert len(public) > 20
    assert [each for each in sorted(public | {"/static/brand.css"}) if not passed.search(each)] == []
    desk = APIRouter()
    for module in (today, edition_page, progress, preview, articles, sources):
        module.routes(Desk(site), desk)
    own = _paths([desk, metrics.routes(web.installation, Counters())])
    assert "/metrics" in own and len(own) > 5
    assert [each for each in sorted(own) if passed.search(each)] == []
