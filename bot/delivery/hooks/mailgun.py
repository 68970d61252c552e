"""Mailgun's webhooks.

Sources: https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks and
https://documentation.mailgun.com/docs/mailgun/api-reference/openapi-final/tag/Events (stored copies, seen 2026-11-26).
The signature is HMAC-SHA256 over ``timestamp`` + ``token`` and does not cover the event: a token is good for one event.
"""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Any

from bot.delivery.hooks.call import Call, HookRefused, Vouched, failed, made, need_fresh, text
from bot.model import Verdict
from bot.settings.bounces import MailgunTable

_SUPPRESSED = {
    "suppress-bounce": (Verdict.HARD, "no such user"),
    "suppress-complaint": (Verdict.COMPLAINT, "abuse"),
    "suppress-unsubscribe": (Verdict.OPT_OUT, "opt-out"),
}
_PLAIN = {"complained": (Verdict.COMPLAINT, "abuse"), "unsubscribed": (Verdict.OPT_OUT, "opt-out")}


class Mailgun:
    """The webhook of one Mailgun account."""

    def __init__(self, table: MailgunTable) -> None:
        self._key = table.signing_key.get_secret_value().encode()

    async def read(self, call: Call, now: datetime) -> list[Vouched]:
        data = call.json()
        timestamp, token = text(data, "signature", "timestamp"), text(data, "signature", "token")
        good = hmac.new(self._key, f"{timestamp}{token}".encode(), "sha256").hexdigest().encode()
        # That of a subaccount is signed by the account, too.
        given = [text(data, "signature", name).encode() for name in ("signature", "parent-signature")]
        if not token or not any(hmac.compare_digest(good, each) for each in given):
            raise HookRefused("has a wrong signature")
        need_fresh(timestamp, now)
        event = data.get("event-data")
        verdict, reason, code, said = _verdict(event)
        identity = (text(event, "event"), text(event, "id") or token)
        report = made(
            "mailgun",
            identity,
            verdict,
            text(event, "recipient"),
            reason=reason,
            evidence=said,
            code=code,
            # A relay that knows mails by our own Message-ID.
            named=[text(event, "user-variables", "token"), text(event, "message", "headers", "message-id")],
        )
        return [Vouched(report, once=token)]


def _verdict(event: Any) -> tuple[Verdict, str, str, str]:
    status = event.get("delivery-status") if isinstance(event, dict) else None
    code, reply = text(status, "enhanced-code"), text(status, "code")
    said = " ".join(filter(None, [text(status, "message"), text(status, "description")]))
    if reply.isdecimal() and 400 <= int(reply) < 600 and reply not in said[:20]:
        said = f"{reply} {said}"
    kind, why = text(event, "event"), text(event, "reason")
    if kind in _PLAIN:
        return *_PLAIN[kind], code, said
    if kind == "failed" and why == "old":
        # The last of its tries, whatever severity it names.
        return Verdict.SOFT, "expired", code, said
    if kind != "failed" or text(event, "severity") != "permanent":
        # A temporary failure is tried again by Mailgun.
        return Verdict.NONE, "delayed" if kind == "failed" else "nothing that counts", code, said
    if why in _SUPPRESSED:
        return *_SUPPRESSED[why], code, said
    return *failed(code, said, hard=False), code, said
