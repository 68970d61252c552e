"""Amazon SES: bounces and complaints by SNS, as feedback notifications or as published events.

Sources: https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html and …/notification-examples.html (stored
copies, seen 2026-11-26), …/event-publishing-retrieving-sns-contents.html (not looked at again).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from bot.delivery.hooks.call import Call, HookRefused, Vouched, failed, items, made, text
from bot.delivery.hooks.sns import Certificates, Message, is_amazons, verified
from bot.model import Report, Verdict
from bot.settings.bounces import SesTable

log = logging.getLogger(__name__)

_SUPPRESSED = ("Suppressed", "OnAccountSuppressionList")
_NO_COMPLAINT = ("not-spam", "auth-failure")
_HEADERS = ("message-id", "list-unsubscribe", "return-path")


class Ses:
    """The topics of one newsroom."""

    def __init__(self, table: SesTable, certificates: Certificates, fetch: Callable[[str], Awaitable[bytes]]) -> None:
        self._topics = table.topics
        self._certificates = certificates
        self._fetch = fetch

    async def read(self, call: Call, now: datetime) -> list[Vouched]:
        message = await verified(call.json(), self._topics, self._certificates, now)
        if message.kind == "SubscriptionConfirmation":
            await self._confirm(message)
            return []
        if message.kind != "Notification":
            log.warning("the topic %s sends its bounces here no more", message.topic)
            return []
        try:
            data = json.loads(message.content)
        except (ValueError, RecursionError):
            # Of the topic's, and of nobody's who could mend it: also what SNS says at the beginning.
            log.warning("a notification of %s is none of SES", message.topic)
            return []
        return _vouched(data)

    async def _confirm(self, message: Message) -> None:
        if not is_amazons(message.confirm_at, message.topic):
            raise HookRefused("is to be confirmed at another address than Amazon's")
        await self._fetch(message.confirm_at)
        log.warning("confirmed: the topic %s sends its bounces here", message.topic)


def _vouched(data: Any) -> list[Vouched]:
    kind = text(data, "notificationType") or text(data, "eventType")
    mail = data.get("mail") if isinstance(data, dict) else None
    ids = tuple(filter(None, [text(mail, "messageId")]))
    named = [
        text(each, "value")
        for each in items(mail.get("headers") if isinstance(mail, dict) else None)
        if text(each, "name").lower() in _HEADERS
    ]
    if kind == "Bounce":
        bounce = data.get("bounce")
        found = items(bounce.get("bouncedRecipients") if isinstance(bounce, dict) else None)
        return [Vouched(_bounced(bounce, each, named, ids), ids) for each in found]
    if kind == "Complaint":
        complaint = data.get("complaint")
        found = items(complaint.get("complainedRecipients") if isinstance(complaint, dict) else None)
        return [Vouched(_complained(complaint, each, named, ids), ids) for each in found]
    return []


def _bounced(bounce: Any, recipient: Any, named: list[str], ids: tuple[str, ...]) -> Report:
    kind, subkind = text(bounce, "bounceType"), text(bounce, "bounceSubType")
    code, said = text(recipient, "status"), text(recipient, "diagnosticCode")
    if subkind in _SUPPRESSED:
        # It did not even try: the address bounced before.
        verdict, reason = Verdict.HARD, "no such user"
    elif kind == "Permanent":
        verdict, reason = failed(code, said, hard=subkind in ("General", "NoEmail"))
    elif not (code or said):
        # So it reports an out-of-office answer, too, which is none.
        verdict, reason = Verdict.AUTO_REPLY, "maybe automatic"
    else:
        verdict, reason = Verdict.SOFT, failed(code, said, hard=False)[1]
    return made(
        "ses",
        (text(bounce, "feedbackId") or "".join(ids), "bounce"),
        verdict,
        text(recipient, "emailAddress"),
        reason=reason,
        evidence=said or f"{kind} {subkind}",
        code=code,
        named=named,
    )


def _complained(complaint: Any, recipient: Any, named: list[str], ids: tuple[str, ...]) -> Report:
    kind = text(complaint, "complaintFeedbackType")
    verdict = Verdict.NONE if kind in _NO_COMPLAINT else Verdict.COMPLAINT
    return made(
        "ses",
        (text(complaint, "feedbackId") or "".join(ids), "complaint"),
        verdict,
        text(recipient, "emailAddress"),
        reason=kind[:40] or "complaint",
        evidence=" ".join(filter(None, [kind, text(complaint, "userAgent")])),
        named=named,
    )
