"""What a channel must answer, and the registry of their kinds.

A kind of channel is one file (or folder) of ``bot/channels/``, or an entry point of the group
``broadsheet.channels``, with one class that satisfies ``Channel`` and is registered with ``@kind("name")``.
Nothing else changes when one is added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

from bot.clock import Clock
from bot.dns import Resolver
from bot.http import Http
from bot.model import Checked, Idempotency, Limits, Newsroom, Pace, Parcel, PostRules, Reactions, Receipt, ServerNow
from bot.settings import Settings, Table
from bot.settings.registry import Registry
from bot.store import Store
from bot.tokens import KeyRing


class Surroundings(Protocol):
    """What a channel may use of the installation."""

    @property
    def newsroom(self) -> Newsroom: ...

    @property
    def http(self) -> Http: ...

    @property
    def keys(self) -> KeyRing: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def store(self) -> Store | None:
        """Where limits that outlive the process are kept; None: there are none (a message on its own)."""
        ...


class Feed(Protocol):
    """What a carrier takes its parcels from, and tells what became of each. For one event loop."""

    def take(self) -> Parcel | None:
        """The next parcel; None when there is no more to be sent now."""
        ...

    def give_back(self, parcel: Parcel, not_before: datetime | None = None) -> None:
        """A parcel that was taken and is not sent now, nor before then: nothing was attempted."""
        ...

    async def ahead(self, parcel: Parcel) -> bool:
        """Commits that ``parcel`` is being sent: to be awaited before its last byte goes out.

        False: it must not be sent (the reader left, the edition was paused, another worker has it). Nothing more is
        to be told of it then.
        """
        ...

    def settle(self, parcel: Parcel, answer: Receipt | Exception, *, elsewhere: bool = False) -> timedelta:
        """What the channel answered to a parcel, attempted or refused before; returns how long its server shall rest.

        It is committed together with the next ``ahead``. ``elsewhere``: another server may take what a busy one
        does not.
        """
        ...


@runtime_checkable
class Carrier(Protocol):
    """A channel that sends many parcels at once by its own means."""

    async def carry(self, feed: Feed) -> None:
        """Sends what ``feed`` gives until it gives no more, or until nothing can be sent for a while.

        Each parcel that was taken is settled, or given back.
        """
        ...

    def rests_until(self) -> datetime | None:
        """When the channel can send again; None: now."""
        ...


@runtime_checkable
class Serving(Protocol):
    """A channel that can tell how its servers are."""

    def servers(self) -> Sequence[ServerNow]:
        """All of them, in use or not."""
        ...


@runtime_checkable
class Inspected(Protocol):
    """A channel of which others judge by what the DNS says."""

    async def inspect(self, dns: Resolver) -> Sequence[Checked]:
        """What receivers see; ids begin with ``channel.NAME``. Nothing is sent, nobody asked but ``dns``."""
        ...


@runtime_checkable
class Posting(Protocol):
    """A channel whose medium is ``post``: what composing, pacing and the preview must know of it.

    ``idempotency`` is what keeps a post from standing there twice. ``verified`` is the day (ISO) on which it last ran
    against its real network or server; "" when it only met its fake of ``bot.testing.networks``.
    """

    idempotency: ClassVar[Idempotency]
    verified: ClassVar[str]
    rules: PostRules
    pace: Pace

    def payload(self, parcel: Parcel) -> Any:
        """What ``send`` would put on the wire, as JSON types: pure, the same each time, without a secret.

        Pictures stand in it by their addresses. Raises ``DeliveryError`` when it may not go out: too long, no link.
        """
        ...


@runtime_checkable
class Learning(Protocol):
    """A channel whose limits its server tells."""

    async def learn(self) -> Limits:
        """Asks the server now. Raises ``DeliveryError``."""
        ...


@runtime_checkable
class Recalling(Protocol):
    """A channel that can find out what became of a post."""

    async def recall(self, parcel: Parcel, began: datetime) -> Receipt | None:
        """What became of ``parcel``, whose newest attempt ``began`` then (UTC) and whose outcome nobody knows.

        Its receipt when it stands there, None when it surely does not and will not. Raises ``OutcomeUnknown`` when
        nobody can tell, ``DeliveryError`` when it could not be asked now.
        """
        ...


@runtime_checkable
class Editing(Protocol):
    """A channel whose posts can be changed where they stand."""

    async def edit(self, id: str, parcel: Parcel) -> Receipt:
        """Makes the post ``id`` (``Receipt.id``) say what ``parcel`` says. Doing it twice does no more.

        Raises as ``send``; ``DeliveryError`` with ``permanent`` when the post is gone or may not be changed any more.
        """
        ...


@runtime_checkable
class Measuring(Protocol):
    """A channel whose network tells how followers reacted to its posts.

    ``at_once`` is how many posts one ``measure`` may ask for. ``measures`` is how many may be asked for in each period,
    so few that posting has all it needs of what the network allows.
    """

    at_once: ClassVar[int]
    measures: ClassVar[Mapping[timedelta, int]]

    async def measure(self, ids: Sequence[str]) -> Mapping[str, Reactions | None]:
        """What is told of the posts ``ids`` (``Receipt.id``); None of one that surely stands there no more.

        What the network leaves out of its answer, or names in a way that cannot be understood, is left out here.
        Nothing changes by asking. Raises ``ChannelRefused`` when the account, or its permission, may not ask,
        ``ServerBusy`` and any other ``DeliveryError`` when it could not be asked now.
        """
        ...


@runtime_checkable
class Addressed(Protocol):
    """A channel whose posts have pages that people can open."""

    def address(self, id: str) -> str:
        """The page of the post ``id`` (``Receipt.id``), as the network documents it; "" where nobody can say. Pure."""
        ...


@runtime_checkable
class Removing(Protocol):
    """A channel whose posts can be taken down."""

    async def remove(self, id: str) -> None:
        """Takes down the post ``id`` (``Receipt.id``); one that is gone is no fault. Raises ``DeliveryError``."""
        ...


class Channel(Protocol):
    """A configured outlet. ``Options`` are its keys in ``[channels.NAME]`` (``type`` left out), secrets ``SecretStr``.

    It is an asynchronous context manager: connections live between enter and exit. ``connections`` is how many
    ``send`` may run at once; a channel that is a ``Carrier`` too is not asked to ``send`` editions one by one.
    ``template`` names its file in ``templates/posts/`` ("" for mail). A channel whose medium is ``post`` is ``Posting``
    too; what else it can (``Learning``, ``Recalling``, ``Editing``, ``Removing``, ``Measuring``,
    ``Addressed``) it shows by having the methods.
    """

    Options: ClassVar[type[Table]]
    medium: ClassVar[str]
    """``email`` or ``post``."""
    limits: Limits
    template: str
    connections: int

    def __init__(self, name: str, options: Any, around: Surroundings) -> None: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def send(self, parcel: Parcel) -> Receipt:
        """Sends one delivery and returns the server's positive answer.

        The caller has committed the attempt. Raises ``DeliveryError`` (with its ``permanent`` bit) when it surely
        did not arrive, ``ServerBusy`` when the server is down or slows us, ``ChannelRefused`` when we, not the
        recipient, are refused, ``OutcomeUnknown`` when it may have arrived. The same parcel sent again must carry
        the same Message-ID, idempotency key or record key.
        """
        ...

    async def check(self) -> str:
        """One line that says the channel works (login done, nothing sent). Raises ``DeliveryError`` if it does not."""
        ...


class Unopened:
    """For a channel that keeps nothing open between two posts: there is nothing to enter, and nothing to leave."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


REGISTRY: Registry[Channel] = Registry("channels", package="bot.channels", group="broadsheet.channels")
KINDS = REGISTRY.known
kind = REGISTRY.kind
kinds = REGISTRY.kinds


def configured(settings: Settings, around: Surroundings) -> dict[str, Channel]:
    """The channels of the settings, checked. Raises ``SettingsError`` naming file, key or missing secret."""
    made: dict[str, Channel] = {}
    for name in settings.channels:
        cls, options = REGISTRY.chosen(settings, name)
        made[name] = cls(name, options, around)
    return made
