"""Providers' webhooks: who sent one is proven first, then it is read. One file a provider; nothing here is stored."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.delivery.hooks.call import Call, Hook, HookRefused, NotSet, Vouched
from bot.delivery.hooks.mailgun import Mailgun
from bot.delivery.hooks.postmark import Postmark
from bot.delivery.hooks.sendgrid import Sendgrid
from bot.delivery.hooks.ses import Ses
from bot.delivery.hooks.sns import Certificates
from bot.settings.bounces import BouncesTable

__all__ = ["Call", "Hook", "HookRefused", "Vouched", "hooks"]


def hooks(
    rules: BouncesTable, fetch: Callable[[str], Awaitable[bytes]], clock: Callable[[], datetime]
) -> dict[str, Hook]:
    """All webhooks by name; those that are not set refuse as the others do. ``fetch`` gets a page over HTTPS."""
    found: dict[str, Hook] = {name: NotSet(name) for name in ("ses", "mailgun", "sendgrid")}
    found["postmark"] = NotSet("postmark", status=401)
    if rules.ses:
        found["ses"] = Ses(rules.ses, Certificates(fetch, clock), fetch)
    if rules.postmark:
        found["postmark"] = Postmark(rules.postmark)
    if rules.mailgun:
        found["mailgun"] = Mailgun(rules.mailgun)
    if rules.sendgrid:
        found["sendgrid"] = Sendgrid(rules.sendgrid)
    return found
