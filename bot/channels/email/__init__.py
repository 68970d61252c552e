"""Digests by mail, through submission servers (SMTP)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from functools import partial
from types import TracebackType
from typing import ClassVar, Self
from zoneinfo import ZoneInfo

from bot.channels.base import Feed, Surroundings, kind
from bot.channels.email import deliverability, dkim
from bot.channels.email.dispatch import SIGNERS, Dispatch
from bot.channels.email.greeting import Server
from bot.channels.email.line import Line
from bot.channels.email.message import Letterhead
from bot.channels.email.one import One
from bot.channels.email.options import EmailOptions
from bot.channels.email.pacing import Pacing, limits_of
from bot.channels.email.press import Press
from bot.channels.email.providers import by_provider
from bot.channels.email.relays import relay_for, relay_named
from bot.channels.email.server_options import ServerOptions
from bot.channels.email.warm_up import allowance
from bot.dns import Resolver
from bot.errors import SettingsError
from bot.model import Checked, Email, Limits, Parcel, Phrase, Receipt, Recipient, Rendition, ServerNow, Way, several
from bot.settings import Table, secret_variable
from bot.store.allowances import Limits as Rates

DAY = timedelta(days=1)


@kind("email")
class EmailChannel:
    """A sender of mail. One message for each recipient, personal only in its links, address and date of consent."""

    Options: ClassVar[type[Table]] = EmailOptions
    medium: ClassVar[str] = "email"
    template = ""

    def __init__(self, name: str, options: EmailOptions, around: Surroundings) -> None:
        """Raises ``SettingsError`` when a login has no password, or a DKIM key is missing or none."""
        self.limits = Limits()
        self._name = name
        self._options = options
        self._around = around
        self._head = Letterhead.of(options, around.newsroom)
        self._signer = dkim.configured(options, channel=name)
        self._lines = [self._line(key, each) for key, each in options.all_servers.items()]
        self.connections = sum(line.connections for line in self._lines)
        self._pacing = self._paced()
        self._signers: ThreadPoolExecutor | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(line.close() for line in self._lines))
        if self._signers:
            self._signers.shutdown()
            self._signers = None
        if self._pacing:
            self._pacing.close()

    async def carry(self, feed: Feed) -> None:
        """Sends what ``feed`` gives over all servers (``bot.channels.base.Carrier``)."""
        if self._signers is None and any(line.press.signer for line in self._lines):
            self._signers = ThreadPoolExecutor(SIGNERS, thread_name_prefix="signing")
        await Dispatch(self._lines, feed, pacing=self._pacing, clock=self._around.clock, signers=self._signers).run()
        if self._pacing:
            self._pacing.close()

    def rests_until(self) -> datetime | None:
        now = self._around.clock()
        ends = [line.rests_until(now) for line in self._lines]
        return None if None in ends else min((each for each in ends if each), default=None)

    def servers(self) -> list[ServerNow]:
        now = self._around.clock()
        return [
            ServerNow(
                channel=self._name,
                address=str(line.server),
                connections=line.connections,
                in_use=line.active,
                rests_until=line.rests_until(now),
            )
            for line in self._lines
        ]

    def compose(self, parcel: Parcel) -> bytes:
        """The message ``send`` would send now. Raises ``DeliveryError`` for an address no message can be made for."""
        now = self._around.clock()
        press = self._lines[0].press
        return press.signed(press.envelope(parcel, now), now).content

    async def send(self, parcel: Parcel) -> Receipt:
        """Sends one message by itself; ``Receipt.id`` is the server's name for it where it tells one."""
        one = One(parcel)
        await self.carry(one)
        return one.receipt()

    async def check(self) -> str:
        """Connects to each server, secures, logs in and quits."""
        said = []
        for line in self._lines:
            session = await line.session()
            await session.quit()
            await line.leave(session)
            how = {"starttls": "STARTTLS", "tls": "TLS", "none": Phrase("no TLS")}[line.server.security]
            facts = {"server": str(line.server), "how": how}
            said.append(
                Phrase("%(server)s answers (%(how)s, logged in as %(user)s)", user=line.server.username, **facts)
                if line.server.username
                else Phrase("%(server)s answers (%(how)s)", **facts)
            )
        return said[0] if len(said) == 1 else several(tuple(said), Way.APART)

    async def inspect(self, dns: Resolver) -> list[Checked]:
        """What receivers see of this channel in the DNS (``bot.channels.base.Inspected``)."""
        domain, now = self._head.domain.lower(), self._around.clock()

        def specimen(press: Press) -> bytes:
            return press.signed(press.envelope(_specimen(now), now), now).content

        sending = deliverability.Sending(
            domain=domain,
            bounces=self._head.envelope_sender("").rpartition("@")[2].lower(),
            keys=self._signer.keys if self._signer else (),
            origins=tuple(
                await asyncio.gather(
                    *(
                        deliverability.origin(line.name, options, line.relay, domain, dns, message=specimen(line.press))
                        for line, options in zip(self._lines, self._options.all_servers.values(), strict=True)
                    )
                )
            ),
        )
        return await deliverability.inspect(f"channel.{self._name}", sending, dns)

    def _line(self, key: str, options: ServerOptions) -> Line:
        if options.username and not options.password:
            of = self._name if options is self._options else f"{self._name}_{key}"
            at = f"channels.{self._name}" if options is self._options else f"channels.{self._name}.servers.{key}"
            raise SettingsError(
                f"{at}: username is set but its password is missing; put {secret_variable(of, 'password')}=… into .env"
            )
        server = Server(
            host=options.host,
            port=options.port,
            security=options.security,
            hello=self._head.domain,
            timeout=options.timeout.total_seconds(),
            ca_file=options.ca_file,
            username=options.username,
            password=options.password.get_secret_value() if options.password else "",
        )
        relay = relay_named(options.relay) or relay_for(options.host)
        return Line(
            key,
            server,
            relay=relay,
            press=Press(self._head, self._around.newsroom, self._around.keys, relay=relay, signer=self._signer),
            connections=options.connections,
            per_connection=options.per_connection,
            weight=options.weight,
        )

    def _paced(self) -> Pacing | None:
        servers: dict[str, Rates | partial[Rates]] = {}
        for key, each in self._options.all_servers.items():
            rates = limits_of(each.rates)
            servers[key] = partial(self._with_warm_up, each, rates) if each.warm_up else rates
        caps = by_provider(self._options.domain_rates)
        providers = {provider: limits_of(rates) for provider, rates in caps.items()}
        if self._around.store is None or not (providers or any(servers.values())):
            return None
        return Pacing(
            self._around.store, channel=self._name, servers=servers, providers=providers, clock=self._around.clock
        )

    def _with_warm_up(self, options: ServerOptions, rates: Mapping[timedelta, int], now: datetime) -> Rates:
        """The limits of a day of a warm-up, as the newsroom's calendar has it."""
        assert options.warm_up is not None
        day: date = now.astimezone(ZoneInfo(self._around.newsroom.timezone)).date()
        most = allowance(options.warm_up, day)
        return rates if most is None else {**rates, DAY: min(most, rates.get(DAY, most))}


def _specimen(at: datetime) -> Parcel:
    """A mail to nobody, to see what a message of the channel is like."""
    email = Email(subject="Check", preheader="", html="<p>Check</p>", text="Check\n")
    return Parcel(
        token="a" * 26,
        edition="check",
        schedule="check",
        slot=at,
        rendition=Rendition(channel="check", email=email),
        recipient=Recipient(subscriber=0, address="nobody@example.org", audience="check"),
    )
