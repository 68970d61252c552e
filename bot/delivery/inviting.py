"""The mails that let somebody in: an invitation to the desk, a link for a new password.

They are no deliveries: no ledger names them. Who waits for one asked for it, and the same link twice does no harm, so
one that a crash leaves in doubt is sent again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot.accounts.invitations import link
from bot.audience.newsletters import letter_channel
from bot.channels.base import Channel
from bot.clock import Clock
from bot.editions.notice import joining, new_password
from bot.errors import BroadsheetError, DeliveryError, OutcomeUnknown
from bot.model import Email, Invitation, Newsroom, Parcel, Phrase, Purpose, Recipient, Rendition, cut, said_by
from bot.settings import Settings
from bot.store import Store
from bot.tokens import KeyRing, delivery_token

EDITION = "desk"
"""Stands where a parcel names its edition: these are of none."""
BATCH = 20
CLAIM = timedelta(minutes=5)
"""How long a process that sends one may take, or be dead, before another does."""
SHORTEST, LONGEST = timedelta(seconds=30), timedelta(minutes=30)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What inviting takes. ``channel`` is the one that mails it."""

    store: Store
    keys: KeyRing
    newsroom: Newsroom
    folders: Sequence[Path]
    channel: str
    clock: Clock


def desk_channel(settings: Settings) -> str:
    """Which channel mails those who work here: the one that mails readers what is of no newsletter, else any.

    "" when none mails.
    """
    mailing = (name for name, table in settings.channels.items() if table.get("type") == "email")
    return letter_channel(settings) or next(mailing, "")


async def mail_invitations(office: Office, channels: Mapping[str, Channel]) -> int:
    """Sends what is due, some of it; returns how many went out. Raises ``StoreError``, ``RenderError``."""
    sent = 0
    for invitation in await asyncio.to_thread(_due, office):
        made = await asyncio.to_thread(_email, office, invitation)
        if made is None or not await asyncio.to_thread(_claimed, office, invitation):
            continue
        try:
            await channels[office.channel].send(_parcel(office, invitation, *made))
        except Exception as error:
            await asyncio.to_thread(_failed, office, invitation, error)
        else:
            sent += 1
            await asyncio.to_thread(_went, office, invitation)
    return sent


def _due(office: Office) -> list[Invitation]:
    with office.store.read() as tx:
        return tx.invitations.due(office.clock(), BATCH)


def _email(office: Office, invitation: Invitation) -> tuple[Email, str] | None:
    """The mail, and to whom; None when nobody is to get it any more: who asked without an account is not told."""
    now, url = office.clock(), link(office.keys, invitation, office.newsroom.public_url)
    with office.store.read() as tx:
        user = tx.users.find(invitation.address)
    reset = invitation.purpose is Purpose.RESET
    useless = (user is None or user.disabled) if reset else user is not None
    if invitation.ends <= now or useless:
        with office.store.write() as tx:
            tx.invitations.no_mail(invitation.id, Phrase("too late") if invitation.ends <= now else "")
        return None
    language = (user.language if user else invitation.language) or office.newsroom.language
    if reset and user:
        # To the address of the account, never as somebody typed it: two spellings may be two mailboxes.
        return new_password(office.newsroom, office.folders, language=language, url=url), user.address
    made = joining(office.newsroom, office.folders, language=language, by=invitation.by, url=url, until=invitation.ends)
    return made, invitation.address


def _claimed(office: Office, invitation: Invitation) -> bool:
    with office.store.write() as tx:
        return tx.invitations.claim(invitation, office.clock() + CLAIM)


def _parcel(office: Office, invitation: Invitation, email: Email, address: str) -> Parcel:
    return Parcel(
        # The same on each attempt, and so is its Message-ID.
        token=delivery_token(office.keys, EDITION, office.channel, invitation.id, 0),
        edition=EDITION,
        schedule=EDITION,
        slot=invitation.created,
        rendition=Rendition(channel=office.channel, email=email),
        recipient=Recipient(subscriber=0, address=address, audience="", subscribed=invitation.created),
    )


def _went(office: Office, invitation: Invitation) -> None:
    with office.store.write() as tx:
        tx.invitations.mailed(invitation.id, office.clock())


def _failed(office: Office, invitation: Invitation, error: Exception) -> None:
    known = isinstance(error, BroadsheetError)
    log.error("the mail of invitation %s does not go out: %s", invitation.id[:8], _cause(error), exc_info=not known)
    now = office.clock()
    with office.store.write() as tx:
        if isinstance(error, OutcomeUnknown):
            # It may have arrived; if it did not, they ask again.
            tx.invitations.mailed(invitation.id, now)
        elif isinstance(error, DeliveryError) and error.permanent:
            tx.invitations.no_mail(invitation.id, cut(said_by(error), 500))
        else:
            said = cut(said_by(error), 500) if known else _cause(error)
            tx.invitations.put_off(invitation.id, _next(invitation, now), said)


def _next(invitation: Invitation, now: datetime) -> datetime:
    """Twice as long after it was made each time."""
    return now + min(max(now - invitation.created, SHORTEST), LONGEST)


def _cause(error: Exception) -> str:
    """Without the server's words, which may repeat the address."""
    if not isinstance(error, DeliveryError):
        return type(error).__name__
    said = (type(error).__name__, str(error.code or ""), error.enhanced, error.server)
    return " ".join(part for part in said if part)
