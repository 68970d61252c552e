"""What a webhook sends, read without trust, and the report that is made of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from bot.audience.bounces import judge
from bot.audience.bounces.judging import code_in, reply_in
from bot.errors import BroadsheetError
from bot.model import Report, Verdict
from bot.settings.bounces import REPLAYS

SKEW = timedelta(minutes=10)
"""How far a provider's clock may be ahead of ours."""
_VAGUE = ("", "refused")


class HookRefused(BroadsheetError):
    """A webhook is not believed. ``status`` is the HTTP status it gets; the message goes on "it …", for the log."""

    def __init__(self, message: str, status: int = 403) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Call:
    """A request's body, and its headers with lower-case names."""

    body: bytes
    headers: Mapping[str, str]

    def json(self) -> Any:
        """The body as JSON. Raises ``HookRefused``."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise HookRefused("is not JSON") from error


@dataclass(frozen=True, slots=True)
class Vouched:
    """A report for which a provider vouches. ``ids`` are its names for the message.

    ``once``: what may come with this event alone ("": nothing), where a signature does not cover the event.
    """

    report: Report
    ids: tuple[str, ...] = ()
    once: str = ""


class Hook(Protocol):
    """A provider's webhook."""

    async def read(self, call: Call, now: datetime) -> list[Vouched]:
        """What a call reports. Raises ``HookRefused``."""
        ...


@dataclass(frozen=True, slots=True)
class NotSet:
    """The webhook of a provider that the settings do not name. ``status`` is what a wrong proof gets from it."""

    name: str
    status: int = 403

    async def read(self, call: Call, now: datetime) -> list[Vouched]:  # noqa: ARG002
        raise HookRefused(f"is of a provider that is not set (bounces.{self.name})", self.status)


def text(data: Any, *path: str) -> str:
    """The text, or number, at ``path`` within foreign JSON; "" where there is none."""
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    if isinstance(data, bool):
        return ""
    # JSON can spell halves of characters, which nothing can store or sign.
    return str(data).encode("utf-8", "replace").decode() if isinstance(data, str | int | float) else ""


def items(data: Any) -> list[Any]:
    """A list of foreign JSON; [] for what is none."""
    return data if isinstance(data, list) else []


def need_fresh(seconds: str, now: datetime) -> None:
    """Refuses what was signed at a Unix time too long ago, or that is still to come. Raises ``HookRefused``."""
    try:
        moment = datetime.fromtimestamp(float(seconds), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise HookRefused("has a time that is none") from error
    need_recent(moment, now)


def need_recent(moment: datetime, now: datetime) -> None:
    """Raises ``HookRefused``."""
    if not now - REPLAYS <= moment <= now + SKEW:
        raise HookRefused(f"was signed at {moment:%Y-%m-%dT%H:%M:%SZ}: too long ago, or not yet")


def failed(code: str, said: str, *, hard: bool) -> tuple[Verdict, str]:
    """What a provider's failure means. ``hard``: it calls the address dead, which counts where the words are vague."""
    verdict, reason = judge(reply_in(said), code or code_in(said), said)
    if reason in _VAGUE or verdict is Verdict.NONE:
        return (Verdict.HARD, "no such user") if hard else (Verdict.SOFT, reason or "refused")
    return verdict, reason


def made(
    provider: str,
    identity: Iterable[str],
    verdict: Verdict,
    recipient: str,
    *,
    reason: str,
    evidence: str = "",
    code: str = "",
    named: Iterable[str] = (),
) -> Report:
    """A report; ``identity`` is equal when the provider says the same again."""
    said = "\0".join([provider, *identity, recipient.casefold(), verdict])
    line = "".join(each if each.isprintable() else " " for each in evidence[:2000])
    return Report(
        verdict=verdict,
        recipient=recipient[:320],
        code=code[:12],
        reply=reply_in(evidence),
        reason=reason,
        evidence=" ".join(line.split())[:500],
        named=tuple(each[:1000] for each in named if each),
        key=hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:40],
    )
