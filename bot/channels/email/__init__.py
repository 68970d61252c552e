"""Digests by mail, through a submission server (SMTP)."""

from __future__ import annotations

from types import TracebackType
from typing import ClassVar, Self

from bot.audience.links import ReaderLink, preferences_url, unsubscribe_url
from bot.channels.base import Surroundings, kind
from bot.channels.email.answers import queue_id
from bot.channels.email.fields import ascii_domain
from bot.channels.email.letter import Letter
from bot.channels.email.message import Letterhead, compose
from bot.channels.email.options import EmailOptions
from bot.channels.email.pool import Pool
from bot.channels.email.transport import Envelope, Server
from bot.editions.wording import Wording, wording
from bot.errors import DeliveryError, SettingsError
from bot.model import Email, Limits, MergeField, Parcel, Receipt, Recipient
from bot.settings import Table, secret_variable

_LETTERS = 4
"""Editions whose mail is kept cut; more are rarely sent at once."""


@kind("email")
class EmailChannel:
    """A sender of mail. One message for each recipient, personal only in its links, address and date of consent."""

    Options: ClassVar[type[Table]] = EmailOptions
    medium: ClassVar[str] = "email"
    template = ""

    def __init__(self, name: str, options: EmailOptions, around: Surroundings) -> None:
        """Raises ``SettingsError`` when a login has no password."""
        if options.username and not options.password:
            raise SettingsError(
                f"channels.{name}: username is set but its password is missing; "
                f"put {secret_variable(name, 'password')}=… into .env"
            )
        self.limits = Limits()
        self.connections = options.connections
        self._around = around
        self._head = Letterhead.of(options, around.newsroom)
        self._server = Server(
            host=options.host,
            port=options.port,
            security=options.security,
            hello=self._head.domain,
            timeout=options.timeout.total_seconds(),
            ca_file=options.ca_file,
            username=options.username,
            password=options.password.get_secret_value() if options.password else "",
        )
        self._per_connection = options.per_connection
        self._pool: Pool | None = None
        self._letters: dict[str, Letter] = {}
        self._wordings: dict[str, Wording] = {}

    async def __aenter__(self) -> Self:
        self._pool = self._new_pool()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool:
            await self._pool.close()

    def compose(self, parcel: Parcel) -> bytes:
        """The message ``send`` would send now. Raises ``DeliveryError`` for an address no message can be made for."""
        email, recipient = _addressed(parcel)
        try:
            return compose(
                parcel,
                recipient,
                letter=self._letter(parcel.edition, email),
                head=self._head,
                values=self._values(parcel, email, recipient),
                at=self._around.clock(),
            )
        except ValueError as error:
            raise DeliveryError(f"{recipient.address}: {error}", permanent=True, enhanced="5.1.3") from error

    async def send(self, parcel: Parcel) -> Receipt:
        """Sends one message; ``Receipt.id`` is the server's queue id where it tells one."""
        content = self.compose(parcel)
        _, recipient = _addressed(parcel)
        envelope = Envelope(self._head.envelope_sender(parcel.token), ascii_domain(recipient.address), content)
        if self._pool is None:
            self._pool = self._new_pool()
        async with self._pool.session() as session:
            reply = await session.send(envelope)
        return Receipt(
            server=str(self._server),
            code=reply.code,
            text=reply.text,
            enhanced=reply.enhanced,
            id=queue_id(reply.text),
        )

    async def check(self) -> str:
        """Connects, secures, logs in and quits."""
        pool = self._new_pool()
        try:
            async with pool.session():
                pass
        finally:
            await pool.close()
        how = {"starttls": "STARTTLS", "tls": "TLS", "none": "no TLS"}[self._server.security]
        login = f", logged in as {self._server.username}" if self._server.username else ""
        return f"{self._server} answers ({how}{login})"

    def _new_pool(self) -> Pool:
        return Pool(self._server, connections=self.connections, per_connection=self._per_connection)

    def _letter(self, edition: str, email: Email) -> Letter:
        known = self._letters.get(edition)
        # A test send has another subject than its edition.
        if known is None or known.email != email:
            known = Letter.cut(email, edition)
            self._letters[edition] = known
            for oldest in list(self._letters)[:-_LETTERS]:
                del self._letters[oldest]
        return known

    def _values(self, parcel: Parcel, email: Email, recipient: Recipient) -> dict[MergeField, str]:
        newsroom, keys = self._around.newsroom, self._around.keys
        link = ReaderLink(recipient.subscriber, recipient.audience, parcel.edition)
        words = self._wordings.get(email.language)
        if words is None:
            words = self._wordings[email.language] = wording(email.language, newsroom.timezone)
        return {
            MergeField.UNSUBSCRIBE_URL: unsubscribe_url(newsroom, keys, link),
            MergeField.PREFERENCES_URL: preferences_url(newsroom, keys, link),
            MergeField.ADDRESS: recipient.address,
            MergeField.SUBSCRIBED: words.day(recipient.subscribed or parcel.slot),
        }


def _addressed(parcel: Parcel) -> tuple[Email, Recipient]:
    if parcel.rendition.email is None or parcel.recipient is None:
        raise DeliveryError(f"edition {parcel.edition}: is no mail to a reader", permanent=True)
    return parcel.rendition.email, parcel.recipient
