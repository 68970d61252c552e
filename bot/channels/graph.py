"""What Facebook and Threads have in common: Meta's errors, and the tokens that an editor's sign-in gives.

Checked 2026-11-29: https://developers.facebook.com/docs/graph-api/guides/error-handling (codes and what helps),
https://developers.facebook.com/docs/graph-api/overview/rate-limiting (``X-Business-Use-Case-Usage``, whose
``estimated_time_to_regain_access`` is in minutes; from memory). That a token may stand in the header ``Authorization``
as ``Bearer`` is from memory: there no log of addresses shows it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.channels.exchange import Refusal
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy

_LIMITED = frozenset({4, 9, 17, 32, 341, 613, *range(80000, 80015)})
_NO_TOKEN = frozenset({102, 190, 2500})
_NO_PERMISSION = frozenset({3, 10, *range(200, 300)})
_BLOCKED = 368
_TROUBLE = frozenset({1, 2})
_DUPLICATE = 506
_UNREAD_LINK = 1609005
_MISSING = frozenset({(24, 4279009), (100, 33)})


class Missing(DeliveryError):
    """The post or container is not there, or not ours."""


def judged(refusal: Refusal, *, cure: str, permissions: str) -> DeliveryError | None:
    """What an error of the Graph API means; None: what it means everywhere.

    ``cure`` says how an editor gets a new token, ``permissions`` which the app must have.
    """
    told = refusal.data.get("error")
    if refusal.status >= 500 or not isinstance(told, dict):
        return None
    code, subcode, status, server = told.get("code"), told.get("error_subcode"), refusal.status, refusal.server
    said = refusal.said
    if code in _LIMITED:
        return ServerBusy(said, code=status, retry_after=_wait(refusal.headers), server=server)
    if code in _NO_TOKEN:
        return ChannelRefused(f"{said}; {cure}", code=status, server=server)
    if code in _NO_PERMISSION:
        return ChannelRefused(f"{said}; give the app {permissions}, then {cure}", code=status, server=server)
    if code == _BLOCKED:
        return ChannelRefused(
            f"{said}; look at the account's support inbox before you resume", code=status, server=server
        )
    if code == _DUPLICATE:
        return DeliveryError(f"{said}; the same post stands there already", permanent=True, code=status, server=server)
    if code == _UNREAD_LINK:
        # The article may be published a moment later than its post.
        return DeliveryError(f"{said}; is the article public?", permanent=False, code=status, server=server)
    if code in _TROUBLE:
        return OutcomeUnknown(f"{said}; it may have been posted", server=server)
    if (code, subcode) in _MISSING:
        return Missing(said, permanent=True, code=status, server=server)
    return None


def _wait(headers: Mapping[str, str]) -> float | None:
    """Seconds until an account may ask again; None: it is not said."""
    try:
        told: Any = json.loads(headers.get("x-business-use-case-usage", "{}"))
        minutes = [float(use["estimated_time_to_regain_access"]) for uses in told.values() for use in uses]
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return max(minutes) * 60 if minutes and max(minutes) > 0 else None
