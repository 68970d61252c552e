"""What a channel must answer, and the registry of their kinds.

A kind of channel is one file (or folder) of ``bot/channels/``, or an entry point of the group
``broadsheet.channels``, with one class that satisfies ``Channel`` and is registered with ``@kind("name")``.
Nothing else changes when one is added.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, ClassVar, Protocol, Self

from bot.clock import Clock
from bot.http import Http
from bot.model import Limits, Newsroom, Parcel, Receipt
from bot.settings import Settings, Table
from bot.settings.registry import Registry
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


class Channel(Protocol):
    """A configured outlet. ``Options`` are its keys in ``[channels.NAME]`` (``type`` left out), secrets ``SecretStr``.

    It is an asynchronous context manager: connections live between enter and exit. ``connections`` is how many
    ``send`` may run at once. ``template`` names its file in ``templates/posts/`` ("" for mail).
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
