"""Whether the addresses of an edition answer: asked politely, and no longer than an editor waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from urllib.parse import urlsplit

from bot.editions.link_preflight import EXAMPLE
from bot.errors import BlockedAddress, FetchError, UnknownHost
from bot.http import Http, redacted, said
from bot.model import Reach, Reached

DEADLINE = 20.0
"""Seconds for all addresses together."""
EACH = 10.0
"""Seconds for one."""
AT_ONCE = 16
"""Addresses asked at the same time, and of one host ``AT_ONE_HOST``."""
AT_ONE_HOST = 2

_GLANCE = 0.25
"""Seconds between two looks at whether to stop."""
_DEAD = {404, 410}
_LATER = {429, 503}
# RFC 2606: names for examples, which never lead anywhere. Nobody's DNS is asked for them.
_EXAMPLES = (".example", ".test", ".invalid")


async def reach(
    http: Http,
    urls: Iterable[str],
    now: datetime,
    *,
    deadline: float = DEADLINE,
    each: float = EACH,
    stop: Callable[[], bool] = lambda: False,
) -> Reached:
    """Asks each of ``urls`` once, by HEAD, and by GET where that is not answered with a success.

    What has no answer when ``deadline`` (seconds) is over, or ``stop`` says so, is ``SILENT``. Raises nothing.
    """
    wanted = list(dict.fromkeys(urls))
    found: dict[str, tuple[Reach, str]] = {}
    all_ = asyncio.Semaphore(AT_ONCE)
    hosts = {_host(url): asyncio.Semaphore(AT_ONE_HOST) for url in wanted}

    async def ask(url: str) -> None:
        async with hosts[_host(url)], all_:
            found[url] = await _asked(http, url, each)

    tasks = {asyncio.ensure_future(ask(url)) for url in wanted}
    open_, until = tasks, asyncio.get_running_loop().time() + deadline
    while open_ and not stop() and (left := until - asyncio.get_running_loop().time()) > 0:
        _, open_ = await asyncio.wait(open_, timeout=min(left, _GLANCE))
    for task in open_:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    unasked = (Reach.SILENT, f"no answer within the {deadline:g} s that all addresses have")
    return Reached(now, {url: found.get(url, unasked) for url in wanted})


async def _asked(http: Http, url: str, seconds: float) -> tuple[Reach, str]:
    if _host(url).endswith(_EXAMPLES):
        return Reach.REFUSES, EXAMPLE
    try:
        status = await http.status(url, timeout=seconds)
        if not _good(status) and status not in _LATER:
            # Some servers know no HEAD, and say all sorts of things about it.
            status = await http.status(url, method="GET", timeout=seconds)
    except (UnknownHost, BlockedAddress) as error:
        return Reach.DEAD, str(error)
    except FetchError as error:
        return Reach.SILENT, str(error)
    if _good(status):
        return Reach.ANSWERS, ""
    if status in _DEAD:
        return Reach.DEAD, f"{redacted(url)} {said(status)}"
    return (Reach.SILENT if status >= 500 else Reach.REFUSES), f"{redacted(url)} {said(status)}"


def _good(status: int) -> bool:
    return 200 <= status < 300 or status == 304


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
