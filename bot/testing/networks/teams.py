"""A strict fake of a Microsoft Teams workflow that posts Adaptive Cards to a channel when its webhook is called.

After https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook (28 KB,
four requests a second), .../connectors-using (Workflows take Adaptive Cards only),
https://learn.microsoft.com/connectors/teams ("Request Entity Too Large" when the card is posted, not when it is taken),
https://learn.microsoft.com/adaptive-cards/schema-explorer (all checked 2026-11-29). The answers of the trigger and the
Markdown that Teams shows are from memory.

A workflow answers 202 before it runs: a card that is wrong is taken, its run fails, and nobody tells the sender.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import Response

from bot.clock import Clock, system_clock
from bot.testing.networks.base import Endpoint, Network, network
from bot.testing.networks.call import Call, Refused
from bot.testing.networks.posted import Picture, Posted
from bot.testing.networks.rates import Moving

FLOW = "9a1b6f0e3c5d4e7f8091a2b3c4d5e6f7"
SIGNATURE = "Zk3vQ0w8Yb2Lr6Tn1Xc5Hd9Ms4Pj7Ug0Ae"
ADAPTIVE = "application/vnd.microsoft.card.adaptive"
LARGEST = 28 * 1024
_VERSIONS = {"1.0", "1.1", "1.2", "1.3", "1.4", "1.5"}
_CONTAINERS = {"Container": "items", "ColumnSet": "columns", "Column": "items", "ImageSet": "images"}
_URL = re.compile(r"https?://\S+$")
SAMPLE = {"url": "{base}{hook}"}
"""What a newsroom sets to post here (bot.testing.networks.sample)."""


class BadCard(Exception):
    """Why a run failed."""


@dataclass(frozen=True)
class Run:
    """One run of the workflow; ``failed`` says why, "" when its card was posted."""

    id: str
    when: datetime
    failed: str = ""


@network
class Teams(Network):
    """Posts appear ``delay`` seconds after the 202. ``runs`` tells what became of each call, as the owner sees it.

    ``drop(n)`` lets the next ``n`` runs fail. ``trouble`` is "", "disabled" or "orphaned" (its owner left).
    ``fields`` of a post: ``links`` (label, URL; buttons too).
    """

    kind = "teams"

    def __init__(self, clock: Clock = system_clock, *, delay: float = 2.0, a_second: int = 4) -> None:
        super().__init__(clock)
        self._signature = SIGNATURE
        self._delay = timedelta(seconds=delay)
        self._pace = Moving(a_second, 1)
        self._dropped = 0
        self.trouble = ""
        self.runs: list[Run] = []

    @property
    def credentials(self) -> dict[str, str]:
        path = f"/workflows/{FLOW}/triggers/manual/paths/invoke"
        query = f"api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={self._signature}"
        return {"hook": f"{path}?{query}"}

    def revoke(self) -> None:
        self._signature = ""

    @property
    def posts(self) -> list[Posted]:
        now = self.clock()
        return [each for each in super().posts if each.when <= now]

    def drop(self, times: int = 1) -> None:
        """The next runs fail after their 202, by no fault of the sender."""
        with self.lock:
            self._dropped += times

    def endpoints(self) -> Sequence[Endpoint]:
        return [("POST", "/workflows/{flow}/triggers/manual/paths/invoke", self._invoke)]

    def _invoke(self, call: Call) -> Response:
        if call.parts["flow"] != FLOW or self.trouble == "orphaned":
            raise _error(404, "WorkflowNotFound", "The workflow could not be found.")
        if not self._signature or call.query.get("sig") != self._signature or "api-version" not in call.query:
            raise _error(401, "DirectApiAuthorizationRequired", "The request must be authenticated.")
        if self.trouble:
            raise _error(400, "WorkflowTriggerIsNotEnabled", "The workflow is not enabled.")
        now = self.clock()
        reading = self._pace.take(now)
        if not reading.allowed:
            wait = max(1, math.ceil((reading.reset - now).total_seconds()))
            body = {"error": {"code": "429", "message": "Too many requests"}}
            raise Refused(429, body, {"Retry-After": str(wait)})
        if not isinstance(call.json, dict):
            raise _error(
                400, "InvalidRequestContent", "The request content is not valid and could not be deserialized."
            )
        run = f"0858{self.number():032d}CU99"
        try:
            self._run(call, run)
        except BadCard as error:
            self.runs.append(Run(run, now, str(error)))
        else:
            self.runs.append(Run(run, now))
        return Response(status_code=202, headers={"x-ms-workflow-run-id": run})

    def _run(self, call: Call, run: str) -> None:
        if self._dropped:
            self._dropped -= 1
            raise BadCard("the connection to Teams failed")
        attachments = call.json.get("attachments")
        if call.json.get("type") != "message" or not isinstance(attachments, list) or not attachments:
            raise BadCard("the body is no message with attachments")
        shown = [_attachment(each) for each in attachments]
        for number, (card, lines) in enumerate(shown):
            if card.get("fallbackText") is not None and not isinstance(card["fallbackText"], str):
                raise BadCard("fallbackText must be a string")
            self.publish(
                Posted(
                    id=f"{run}/{number}",
                    text="\n".join(line for line in (each.text for each in lines) if line),
                    when=self.clock() + self._delay,
                    account=FLOW,
                    pictures=tuple(each.picture for each in lines if each.picture),
                    language=str(card.get("lang") or ""),
                    raw=call.body,
                    fields={"links": tuple(link for each in lines for link in each.links)},
                )
            )


@dataclass(frozen=True)
class _Line:
    text: str = ""
    links: tuple[tuple[str, str], ...] = ()
    picture: Picture | None = None


def _attachment(found: Any) -> tuple[Mapping[str, Any], list[_Line]]:
    if not isinstance(found, dict) or found.get("contentType") != ADAPTIVE:
        raise BadCard(f"the attachment's contentType must be {ADAPTIVE}")
    card = found.get("content")
    if not isinstance(card, dict):
        raise BadCard("content must be a card, as an object")
    if len(json.dumps(card, ensure_ascii=False, separators=(",", ":")).encode()) > LARGEST:
        raise BadCard("Request Entity Too Large")
    if card.get("type") != "AdaptiveCard":
        raise BadCard("Property 'type' must be 'AdaptiveCard'")
    if str(card.get("version")) not in _VERSIONS or not isinstance(card["version"], str):
        raise BadCard(f"version must be one of {', '.join(sorted(_VERSIONS))}")
    body, actions = card.get("body", []), card.get("actions", [])
    if not isinstance(body, list) or not isinstance(actions, list) or not (body or actions):
        raise BadCard("the card has neither body nor actions")
    if len(actions) > 6:
        raise BadCard("more than 6 actions")
    lines = [line for each in body for line in _element(each)]
    lines += [line for each in actions for line in _action(each)]
    return card, lines


def _element(element: Any) -> Iterator[_Line]:
    kind = str(element.get("type")) if isinstance(element, dict) else ""
    if kind == "TextBlock":
        text, links = markdown(_text(element, "text"))
        yield _Line(text, links)
    elif kind == "RichTextBlock":
        yield _rich(element)
    elif kind == "FactSet":
        for each in _list(element, "facts"):
            title, value = markdown(_text(each, "title")), markdown(_text(each, "value"))
            yield _Line(f"{title[0]} {value[0]}", title[1] + value[1])
    elif kind == "Image":
        yield _Line(picture=Picture(alt=str(element.get("altText") or ""), url=_url(element)))
    elif kind == "ActionSet":
        for each in _list(element, "actions"):
            yield from _action(each)
    elif kind in _CONTAINERS:
        for each in _list(element, _CONTAINERS[kind]):
            child = {"type": "Column", **each} if kind == "ColumnSet" and isinstance(each, dict) else each
            yield from _element(child)
    else:
        raise BadCard(f"unknown element {kind!r}")
    if element.get("selectAction") is not None:
        yield from _action(element["selectAction"], shown=False)


def _rich(element: Mapping[str, Any]) -> _Line:
    text, links = "", []
    for each in _list(element, "inlines"):
        run = {"type": "TextRun", "text": each} if isinstance(each, str) else each
        if not isinstance(run, dict) or run.get("type") != "TextRun":
            raise BadCard("unknown inline in a RichTextBlock")
        part = _text(run, "text")
        text += part
        if run.get("selectAction") is not None:
            links += [(part, url) for line in _action(run["selectAction"]) for _, url in line.links]
    return _Line(text, tuple(links))


def _action(action: Any, *, shown: bool = True) -> Iterator[_Line]:
    kind = action.get("type") if isinstance(action, dict) else None
    if kind != "Action.OpenUrl":  # A webhook has no bot behind it that could take what a Submit sends.
        raise BadCard(f"unknown or useless action {kind!r}")
    title = str(action.get("title") or "")
    if shown and not title:
        raise BadCard("a button without a title")
    yield _Line(title if shown else "", ((title or _url(action), _url(action)),))


def _text(element: Any, name: str) -> str:
    found = element.get(name) if isinstance(element, dict) else None
    if not isinstance(found, str):
        raise BadCard(f"{name} must be a string")
    return found


def _list(element: Mapping[str, Any], name: str) -> list[Any]:
    found = element.get(name)
    if not isinstance(found, list) or not found:
        raise BadCard(f"{element['type']} needs {name}")
    return found


def _url(element: Mapping[str, Any]) -> str:
    url = _text(element, "url")
    if not _URL.match(url):
        raise BadCard(f"url must be https:// or http://, not {url[:40]!r}")
    return url


def markdown(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A TextBlock as Teams shows it: bold, italic, lists and links are parsed; HTML is not, and stands as it is."""
    held: list[str] = []
    links: list[tuple[str, str]] = []

    def keep(piece: str) -> str:
        held.append(piece)
        return f"\0{len(held) - 1}\0"

    def link(found: re.Match[str]) -> str:
        links.append((found[1], found[2]))
        return keep(found[1])

    text = text.replace("\0", "")
    text = re.sub(r"\\([\\`*_{}\[\]()#+\-.!~|<>&])", lambda found: keep(found[1]), text)
    text = re.sub(r"\[([^\[\]\n]+)\]\((https?://[^\s()\0]+|mailto:[^\s()\0]+)\)", link, text)
    for sign in (r"\*\*", "__", r"\*"):
        text = re.sub(rf"{sign}(?=\S)(.+?)(?<=\S){sign}", r"\1", text)
    text = re.sub(r"(?<!\w)_(?=\S)([^_\n]+?)(?<=\S)_(?!\w)", r"\1", text)
    text = re.sub(r"(?m)^[-*+] (?=\S)", "• ", text)
    while "\0" in text:
        text = re.sub("\0(\\d+)\0", lambda found: held[int(found[1])], text)
    return text, tuple((re.sub("\0(\\d+)\0", lambda found: held[int(found[1])], label), url) for label, url in links)


def _error(status: int, code: str, message: str) -> Refused:
    return Refused(status, {"error": {"code": code, "message": message}})
