"""A stored edition's mail, sent to one address to be looked at."""

from __future__ import annotations

from dataclasses import replace

from bot.errors import NotFound, NothingToDo, SettingsError
from bot.model import Parcel, Phrase, Receipt, Recipient
from bot.schedules.installation import Installation
from bot.settings import is_address
from bot.tokens import delivery_token


async def send_test(installation: Installation, edition: str, to: str) -> list[Receipt]:
    """Sends the edition's mail as it is by now to one address, its subject marked ``[Test]``. No ledger knows of it.

    Raises ``DeliveryError``, ``NotFound``, ``SettingsError`` (no address), ``NothingToDo`` (it sends no mail).
    """
    if not is_address(to):
        raise SettingsError(f"{to}: is not a mail address")
    with installation.store.read() as tx:
        found = tx.editions.get(edition)
    if found is None:
        raise NotFound(f"there is no edition {edition}; `broadsheet editions` lists them")
    mails = [each for each in found.renditions if each.email and each.channel in installation.configured]
    if not mails:
        raise NothingToDo(Phrase("the edition has no mail to test"))
    now = installation.clock()
    table = installation.settings.schedules.get(found.schedule)
    reader = Recipient(subscriber=0, address=to, audience=table.audience if table else "", subscribed=found.created)
    receipts: list[Receipt] = []
    async with installation.connected() as connected:
        for rendition in mails:
            assert rendition.email is not None
            marked = replace(rendition, email=replace(rendition.email, subject=f"[Test] {rendition.email.subject}"))
            # Another one each time, or a mailbox that has the last one would take it for the same mail.
            token = delivery_token(installation.keys, found.id, rendition.channel, f"test:{to}/{now.isoformat()}", 0)
            parcel = replace(Parcel.of(found, rendition, token, recipient=reader), rendition=marked)
            receipts.append(await connected.channels[rendition.channel].send(parcel))
    return receipts
