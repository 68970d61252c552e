"""Postmark's webhooks for bounces, spam complaints and subscription changes.

Sources: https://postmarkapp.com/email-webhooks, https://postmarkapp.com/developer/webhooks/subscription-change-webhook
and https://postmarkapp.com/developer/api/bounce-api (stored copies, seen 2026-11-26). It does not sign: it logs in with
the HTTP Basic credentials of the webhook's URL.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from datetime import datetime

from bot.delivery.hooks.call import Call, HookRefused, Vouched, failed, made, text
from bot.model import Verdict
from bot.settings.bounces import PostmarkTable

_HARD = {"HardBounce", "BadEmailAddress"}
_COUNTED = {"SoftBounce", "DnsError", "Unknown", "DMARCPolicy", "SMTPApiError", "InboundError"}
_CONTENT = {"SpamNotification", "VirusNotification", "Blocked"}
_AUTOMATIC = {"AutoResponder", "ChallengeVerification", "AddressChange"}


class Postmark:
    """The webhook of one Postmark server."""

    def __init__(self, table: PostmarkTable) -> None:
        login = f"{table.username}:{table.password.get_secret_value()}"
        self._login = login.encode()

    async def read(self, call: Call, now: datetime) -> list[Vouched]:  # noqa: ARG002
        scheme, _, given = call.headers.get("authorization", "").partition(" ")
        try:
            login = base64.b64decode(given.strip(), validate=True) if scheme.lower() == "basic" else b""
        except (binascii.Error, ValueError):
            login = b""
        if not hmac.compare_digest(login, self._login):
            raise HookRefused("has a wrong login", status=401)
        data = call.json()
        kind = text(data, "RecordType") or "Bounce"
        verdict, reason = _verdict(kind, data)
        said = text(data, "Details") or text(data, "Description") or text(data, "SuppressionReason")
        identity = (kind, text(data, "ID") or text(data, "MessageID"), text(data, "ChangedAt"), text(data, "Type"))
        report = made(
            "postmark",
            identity,
            verdict,
            text(data, "Email") or text(data, "Recipient"),
            reason=reason,
            evidence=said,
            named=[text(data, "Metadata", "token")],
        )
        return [Vouched(report, tuple(filter(None, [text(data, "MessageID")])))]


def _verdict(kind: str, data: object) -> tuple[Verdict, str]:
    what, said = text(data, "Type"), text(data, "Details")
    if kind == "SpamComplaint" or what == "SpamComplaint":
        return Verdict.COMPLAINT, "abuse"
    if kind == "SubscriptionChange":
        return _changed(data)
    if kind != "Bounce":
        return Verdict.NONE, "nothing that counts"
    if what in _HARD:
        return failed("", said, hard=True)
    if what == "Unsubscribe":
        return Verdict.OPT_OUT, "opt-out"
    if what in _CONTENT:
        return Verdict.SOFT, "policy" if what == "Blocked" else "content"
    if what in _COUNTED:
        return Verdict.SOFT, failed("", said, hard=False)[1]
    if what in _AUTOMATIC:
        return Verdict.AUTO_REPLY, "automatic answer"
    # "Transient" is tried again; the others say nothing of the address.
    return Verdict.NONE, "delayed" if what == "Transient" else "nothing that counts"


def _changed(data: object) -> tuple[Verdict, str]:
    suppresses = isinstance(data, dict) and data.get("SuppressSending") is True
    why, whose = text(data, "SuppressionReason"), text(data, "Origin")
    if suppresses and why == "SpamComplaint":
        return Verdict.COMPLAINT, "abuse"
    if suppresses and why == "ManualSuppression" and whose == "Recipient":
        return Verdict.OPT_OUT, "opt-out"
    # A hard bounce comes as one too, with what the server said.
    return Verdict.NONE, "nothing that counts"
