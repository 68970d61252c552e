"""Makes messages out of parcels, for one kind of server: compiled once for all readers, merged for each, signed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.audience.links import ReaderLinks
from bot.channels.email.dkim import Signer
from bot.channels.email.fields import ascii_domain, ascii_url
from bot.channels.email.letter import Letter
from bot.channels.email.message import Letterhead, fill, write
from bot.channels.email.relays import Relay
from bot.channels.email.transport import Envelope
from bot.editions.wording import Wording, wording
from bot.errors import DeliveryError, SettingsError
from bot.model import Email, MergeField, Newsroom, Parcel, Recipient
from bot.tokens import KeyRing

_DAYS = 10_000
_LETTERS = 8
"""Editions whose mail is kept compiled; more are rarely sent at once."""


class Press:
    """Thread-safe but for ``envelope``'s cache of letters: that is for one thread."""

    def __init__(
        self, head: Letterhead, newsroom: Newsroom, keys: KeyRing, *, relay: Relay, signer: Signer | None
    ) -> None:
        """Raises ``SettingsError`` when readers' links, under ``public_url``, could stand in no header."""
        self._head = head
        try:
            public_url = ascii_url(newsroom.public_url) if newsroom.public_url else ""
        except ValueError as error:
            raise SettingsError(f"newsroom.public_url: {error}") from error
        self._newsroom = replace(newsroom, public_url=public_url)
        self._keys = keys
        self._relay = relay
        # A signature covers Message-ID and Date: a relay that puts others in their place would break it.
        self.signer = signer if relay.keeps_message_id and relay.keeps_date else None
        self._letters: dict[tuple[str, str, str], Letter] = {}
        self._links: dict[tuple[str, str], ReaderLinks] = {}
        self._wordings: dict[str, Wording] = {}
        self._days: dict[tuple[str, datetime], str] = {}

    def envelope(self, parcel: Parcel, at: datetime) -> Envelope:
        """The message of ``parcel`` as it goes out at that moment, without its signature (``signed``).

        Raises ``DeliveryError`` for an address no message can be made for, and for what is no mail to a reader.
        """
        email, recipient = parcel.rendition.email, parcel.recipient
        if email is None or recipient is None:
            raise DeliveryError(f"edition {parcel.edition}: is no mail to a reader", permanent=True)
        letter = self._letter(parcel, email, recipient.audience)
        try:
            content = fill(letter, parcel.token, recipient, self._values(parcel, email, recipient), at)
            to = ascii_domain(recipient.address)
        except ValueError as error:
            raise DeliveryError(f"{recipient.address}: {error}", permanent=True, enhanced="5.1.3") from error
        token = parcel.token if self._relay.keeps_sender else ""
        return Envelope(parcel, self._head.envelope_sender(token), to, content)

    def signed(self, envelope: Envelope, at: datetime) -> Envelope:
        """The same message with its DKIM signatures, if there is a key. May be called in any thread."""
        if self.signer is None:
            return envelope
        head, _, body = envelope.content.partition(b"\r\n\r\n")
        signature = self.signer.sign(head + b"\r\n", body, at=at)
        return Envelope(envelope.parcel, envelope.sender, envelope.recipient, signature + envelope.content)

    def _letter(self, parcel: Parcel, email: Email, audience: str) -> Letter:
        key = (parcel.edition, parcel.rendition.subject, audience)
        known = self._letters.get(key)
        # A test send has another subject than its edition.
        if known is None or (known.email is not email and known.email != email):
            extra = [*self._relay.headers, *([self._relay.token_header] if self._relay.token_header else [])]
            known = self._letters[key] = write(email, parcel, audience, self._head, extra=extra)
            for oldest in list(self._letters)[:-_LETTERS]:
                del self._letters[oldest]
        return known

    def _values(self, parcel: Parcel, email: Email, recipient: Recipient) -> dict[MergeField, str]:
        links = self._links.get((parcel.edition, recipient.audience))
        if links is None:
            links = ReaderLinks(self._newsroom, self._keys, recipient.audience, parcel.edition)
            self._links[parcel.edition, recipient.audience] = links
            for oldest in list(self._links)[:-_LETTERS]:
                del self._links[oldest]
        words = self._wordings.get(email.language)
        if words is None:
            words = self._wordings[email.language] = wording(email.language, self._newsroom.timezone)
        return {
            MergeField.UNSUBSCRIBE_URL: links.unsubscribe(recipient.subscriber),
            MergeField.PREFERENCES_URL: links.preferences(recipient.subscriber),
            MergeField.ADDRESS: recipient.address,
            MergeField.SUBSCRIBED: self._day(words, email.language, recipient.subscribed or parcel.slot),
        }

    def _day(self, words: Wording, language: str, moment: datetime) -> str:
        """The day as readers read it, kept for each quarter of an hour: no zone's day begins within one."""
        key = (language, moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0))
        day = self._days.get(key)
        if day is None:
            if len(self._days) > _DAYS:
                self._days.clear()
            day = self._days[key] = words.day(key[1])
        return day
