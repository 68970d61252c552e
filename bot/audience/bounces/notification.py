"""Amazon SES's notifications where SNS delivers them as mail: JSON in JSON.

https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html (not looked at again; the shape was read in mail).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from bot.audience.bounces.letter import Letter

_FIELD = "x-amz-sns-message-id"
_KINDS = ("Bounce", "Complaint", "Delivery")
MOST = 100


@dataclass(frozen=True, slots=True)
class Notified:
    """One recipient: ``kind`` is "Bounce", "Complaint" or "Delivery"; ``diagnostic`` and ``status`` as SES has them."""

    kind: str
    recipient: str
    status: str
    diagnostic: str
    permanent: bool


def read_notification(letter: Letter) -> tuple[Notified, ...]:
    """The recipients of an SES notification; () when ``letter`` is none."""
    if _FIELD not in letter.fields:
        return ()
    text = "".join(part.text for part in letter.of("text/plain"))
    message = _object(text.replace("\n", ""))
    message = _object(message["Message"]) if isinstance(message.get("Message"), str) else message
    kind = str(message.get("notificationType") or message.get("eventType"))
    if kind not in _KINDS:
        return ()
    said = message.get(kind.lower())
    said = said if isinstance(said, dict) else {}
    named = said.get({"Bounce": "bouncedRecipients", "Complaint": "complainedRecipients"}.get(kind, "recipients"))
    return tuple(
        Notified(
            kind=kind,
            recipient=str(each.get("emailAddress", "") if isinstance(each, dict) else each),
            status=str(each.get("status") or "") if isinstance(each, dict) else "",
            diagnostic=str(each.get("diagnosticCode") or "") if isinstance(each, dict) else "",
            permanent=said.get("bounceType") == "Permanent",
        )
        for each in (named if isinstance(named, list) else [])[:MOST]
    )


def _object(text: str) -> dict[str, Any]:
    try:
        # SNS adds a footer to what it mails.
        found, _ = json.JSONDecoder(strict=False).raw_decode(text.lstrip())
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
