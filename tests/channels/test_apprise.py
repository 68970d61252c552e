"""Apprise, with its JSON service against a server on loopback."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.errors import OutcomeUnknown, SettingsError
from bot.model import Post
from bot.testing.server import served
from tests.channels.posts import HOSTILE, HOSTILE_POST, POST, URL, opened, parcel, refusal

pytest.importorskip("apprise")
SECRET = "s3cret-t0ken"


class Service:
    """What a service was sent, and what it answers."""

    def __init__(self) -> None:
        self.came: list[dict[str, Any]] = []
        self.status = 200

    async def take(self, request: Request) -> Response:
        self.came.append(json.loads(await request.body()))
        return Response(status_code=self.status, headers={"Location": "/elsewhere"} if self.status == 302 else {})


@pytest.fixture
def service() -> Iterator[tuple[Service, dict[str, str]]]:
    made = Service()
    with served(Starlette(routes=[Route("/{path:path}", made.take, methods=["POST", "GET"])])) as base:
        yield made, {"url": f"{base.replace('http://', f'json://record:{SECRET}@')}/news"}


async def test_a_post_is_its_text_and_nothing_beside_it(service, clock) -> None:
    taken, options = service
    async with opened("apprise", clock, **options) as channel:
        receipt = await channel.send(parcel())
        assert channel.payload(parcel())["body"] == POST.text
    (came,) = taken.came
    assert (came["message"], came["title"], came["type"]) == (POST.text, "", "info")
    assert (receipt.server, receipt.text, receipt.id) == ("apprise (JSON)", "taken", "")


async def test_a_headline_calls_nobody_and_a_link_stays_whole(service, clock) -> None:
    taken, options = service
    url = "https://record.example/@everyone/ferry"
    async with opened("apprise", clock, **options) as channel:
        await channel.send(parcel(HOSTILE_POST))
        await channel.send(parcel(Post(text=f"@here {url}", url=url)))
    first, second = (each["message"] for each in taken.came)
    assert not any(call in first for call in ("@everyone", "@channel", "<!here", "<@U1"))
    assert first.replace("\u200b", "") == f"{HOSTILE}\n\n{HOSTILE}\n\n{URL}"
    assert second == f"@\u200bhere {url}"


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503, 302])
async def test_whatever_is_no_clear_yes_is_unknown_and_nothing_is_sent_twice(service, clock, status) -> None:
    taken, options = service
    taken.status = status
    async with opened("apprise", clock, **options) as channel:
        error = await refusal(channel.send(parcel()), SECRET)
    assert isinstance(error, OutcomeUnknown)
    assert len(taken.came) == 1


async def test_a_plugin_that_raises_is_unknown_and_its_words_are_not_repeated(service, clock, monkeypatch) -> None:
    from apprise.plugins.custom_json import NotifyJSON

    def breaks(*_: Any, **__: Any) -> bool:
        raise ValueError(f"bad address {SECRET}")

    monkeypatch.setattr(NotifyJSON, "send", breaks)
    _, options = service
    async with opened("apprise", clock, **options) as channel:
        assert isinstance(await refusal(channel.send(parcel()), SECRET), OutcomeUnknown)


async def test_the_text_is_as_long_as_the_service_takes(clock) -> None:
    async with opened("apprise", clock, url="json://localhost/") as channel:
        assert channel.limits.characters == 2000
    async with opened("apprise", clock, url="d7sms://user:pass@+15551234567") as channel:
        assert channel.limits.characters == 160


@pytest.mark.parametrize("url", ["nonsense", f"nosuchservice://{SECRET}", ""])
async def test_an_address_that_is_none_is_found_before_anything_is_sent(clock, url) -> None:
    with pytest.raises(SettingsError, match="BROADSHEET_NEWS_URL is no address") as raised:
        async with opened("apprise", clock, url=url):
            pass
    assert SECRET not in str(raised.value)


async def test_without_the_package_it_says_what_to_install(clock, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(SettingsError, match=r"install broadsheet\[apprise\]"):
        async with opened("apprise", clock, url="json://localhost/"):
            pass


async def test_a_check_promises_nothing(service, clock) -> None:
    _, options = service
    async with opened("apprise", clock, **options) as channel:
        assert "only a post shows whether it works" in await channel.check()
