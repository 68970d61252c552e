"""The fake's own pages below ``/_fake``: what followers see, what shall go wrong, the credentials that work."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from bot.testing.networks.faults import OWN, Fault
from bot.testing.networks.posted import Posted, as_json

if TYPE_CHECKING:
    from bot.testing.networks.base import Network

_STYLE = (
    "body{font:16px/1.45 system-ui,sans-serif;max-width:38rem;margin:2rem auto;padding:0 1rem;color:#1c2024}"
    "article{border:1px solid #d5d9de;border-radius:10px;padding:.8rem 1rem;margin:1rem 0}"
    "p{white-space:pre-wrap;overflow-wrap:anywhere;margin:.3rem 0}small{color:#5b636b}"
    "del{opacity:.6}aside{border-left:3px solid #d5d9de;padding-left:.7rem;margin:.5rem 0}"
)


def own_routes(network: Network) -> list[Route]:
    """``/_fake/`` in HTML; ``posts``, ``asked`` and ``credentials`` in JSON; ``faults`` and ``revoke`` take POST.

    A fault is ``{"status": 504, "when": "after", "how": "answer", "times": 1, "path": "*", "method": "*"}``, every
    key may be left out; DELETE forgets those that are planned.
    """

    async def page(_: Request) -> Response:
        return HTMLResponse(_page(network))

    async def posts(_: Request) -> Response:
        return JSONResponse(as_json(network.posts))

    async def asked(_: Request) -> Response:
        return JSONResponse([[each.method, each.path, each.status, each.when.isoformat()] for each in network.asked])

    async def credentials(_: Request) -> Response:
        return JSONResponse(network.credentials)

    async def faults(request: Request) -> Response:
        if request.method == "DELETE":
            network.faults.clear()
            return Response(status_code=204)
        try:
            wanted = json.loads(await request.body())
            plan = {name: wanted.pop(name) for name in ("times", "path", "method") if name in wanted}
            network.fail(Fault.of(wanted), **plan)
        except (ValueError, TypeError, AttributeError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return Response(status_code=204)

    async def revoke(_: Request) -> Response:
        network.revoke()
        return Response(status_code=204)

    return [
        Route(f"{OWN}/", page),
        Route(f"{OWN}/posts", posts),
        Route(f"{OWN}/asked", asked),
        Route(f"{OWN}/credentials", credentials),
        Route(f"{OWN}/faults", faults, methods=["POST", "DELETE"]),
        Route(f"{OWN}/revoke", revoke, methods=["POST"]),
    ]


def _page(network: Network) -> str:
    posts = "".join(_article(each) for each in reversed(network.posts)) or "<p>Nothing was posted yet.</p>"
    kind = escape(network.kind)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>A fake {kind}</title><style>{_STYLE}</style>'
        f"<h1>A fake {kind}</h1><p>What followers would see, newest first.</p>{posts}</html>"
    )


def _article(post: Posted) -> str:
    text = f"<p dir=auto>{escape(post.text)}</p>"
    if post.warning:
        text = f"<p><strong>{escape(post.warning)}</strong></p>{text}"
    for each in post.pictures:
        text += (
            f"<aside><small>Picture, {len(each.data)} bytes</small><p>{escape(each.alt or 'no alt text')}</p></aside>"
        )
    if post.card:
        title = escape(post.card.title or post.card.url)
        text += f"<aside><strong>{title}</strong><p>{escape(post.card.description)}</p></aside>"
    if post.url:
        text += f"<p><small>{escape(post.url)}</small></p>"
    if post.deleted:
        text = f"<del>{text}</del>"
    told = [f"{post.when:%Y-%m-%d %H:%M:%S} UTC", escape(post.id)]
    told += [f"answers {escape(post.reply_to)}"] if post.reply_to else []
    told += [escape(post.language)] if post.language else []
    told += ["edited"] if post.edited else []
    told += ["deleted"] if post.deleted else []
    return f"<article>{text}<small>{' · '.join(told)}</small></article>"
