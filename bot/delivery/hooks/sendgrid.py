"""SendGrid's signed event webhook.

Sources: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
and https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event (stored copies, seen 2026-11-26). The
signature is ECDSA (P-256, SHA-256) over the timestamp header and the raw body.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from bot.delivery.hooks.call import Call, HookRefused, Vouched, failed, items, made, need_fresh, text
from bot.errors import SettingsError
from bot.model import Verdict
from bot.settings.bounces import SendgridTable

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
_DROPPED = {
    "bounced address": (Verdict.HARD, "no such user"),
    "invalid": (Verdict.HARD, "no such user"),
    "spam reporting address": (Verdict.COMPLAINT, "abuse"),
    "unsubscribed address": (Verdict.OPT_OUT, "opt-out"),
    "spam content": (Verdict.SOFT, "content"),
}


class Sendgrid:
    """The webhook of one SendGrid account. Raises ``SettingsError`` for a key that is none."""

    def __init__(self, table: SendgridTable) -> None:
        try:
            key = load_der_public_key(base64.b64decode(table.verification_key, validate=True))
        except (ValueError, binascii.Error, UnsupportedAlgorithm) as error:
            raise SettingsError("bounces.sendgrid.verification_key: is no public key; copy it from SendGrid") from error
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise SettingsError("bounces.sendgrid.verification_key: is not the key of an elliptic curve")
        self._key = key

    async def read(self, call: Call, now: datetime) -> list[Vouched]:
        timestamp = call.headers.get(TIMESTAMP, "")
        try:
            signature = base64.b64decode(call.headers.get(SIGNATURE, ""), validate=True)
            self._key.verify(signature, timestamp.encode() + call.body, ec.ECDSA(SHA256()))
        except (InvalidSignature, ValueError) as error:
            raise HookRefused("has a wrong signature") from error
        need_fresh(timestamp, now)
        return [_event(each) for each in items(call.json())]


def _event(data: Any) -> Vouched:
    verdict, reason = _verdict(data)
    said = text(data, "reason") or text(data, "response")
    report = made(
        "sendgrid",
        (
            text(data, "sg_event_id")
            or f"{text(data, 'sg_message_id')} {text(data, 'timestamp')} {text(data, 'event')}",
        ),
        verdict,
        text(data, "email"),
        reason=reason,
        evidence=said,
        code=text(data, "status"),
        named=[text(data, "token"), text(data, "smtp-id")],
    )
    return Vouched(report, tuple(filter(None, [text(data, "sg_message_id")])))


def _verdict(data: Any) -> tuple[Verdict, str]:
    match text(data, "event"):
        case "spamreport":
            return Verdict.COMPLAINT, "abuse"
        case "unsubscribe" | "group_unsubscribe":
            return Verdict.OPT_OUT, "opt-out"
        case "dropped":
            return _DROPPED.get(text(data, "reason").strip().lower(), (Verdict.SOFT, "policy"))
        case "bounce":
            dead = text(data, "bounce_classification").lower() == "invalid address"
            verdict, reason = failed(text(data, "status"), text(data, "reason"), hard=dead)
            # What SendGrid calls blocked it tries again the next time.
            blocked = text(data, "type") == "blocked" and not dead
            return (Verdict.SOFT if blocked else verdict), reason
    return Verdict.NONE, "nothing that counts"
