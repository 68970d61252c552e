"""What a source must answer, and the registry of their kinds.

A kind of source is one file of ``bot/sources/`` (or an entry point of the group ``broadsheet.sources``) with one
class that satisfies ``Source`` and is registered with ``@kind("name")``. Nothing else changes when one is added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol

from pydantic import Field

from bot.http import Http
from bot.model import Article
from bot.settings import Settings, Table
from bot.settings.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval:
    """What the store keeps between two visits: validators verbatim, and a cursor only the source understands."""

    etag: str = ""
    last_modified: str = ""
    cursor: str = ""
    moved_to: str = ""
    """Where the last answer said, permanently, that the source now is; "" when it did not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An article the store has of this source and that is not withdrawn."""

    guid: str
    url: str
    published: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """All that a source is told when it is visited. ``now`` is in UTC, ``known`` newest first."""

    now: datetime
    retrieval: Retrieval = field(default_factory=Retrieval)
    known: Sequence[Known] = ()


@dataclass(frozen=True, slots=True)
class Hub:
    """Who tells when a feed changes (WebSub), and by what address it knows the feed; "" for a feed without one."""

    url: str = ""
    topic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What one visit brought. ``gone`` are the guids of known articles that are no longer published.

    ``doubtful``: that they are gone is only inferred from their absence; it must be seen twice before they are
    withdrawn. ``unchanged`` says that the source answered "nothing new" (304) and nothing else is to be read from this.
    ``warnings`` are one line each: an item that could not be read, a feed that is not well formed. ``hub`` is None
    where nothing was said of it.
    """

    articles: tuple[Article, ...] = ()
    gone: tuple[str, ...] = ()
    doubtful: bool = False
    retrieval: Retrieval = field(default_factory=Retrieval)
    unchanged: bool = False
    hub: Hub | None = None
    warnings: tuple[str, ...] = ()


class Source(Protocol):
    """A configured source. ``Options`` are its keys in ``[sources.NAME]`` (``type`` left out)."""

    Options: ClassVar[type[Table]]

    def __init__(self, name: str, options: Any) -> None: ...

    async def collect(self, http: Http, visit: Visit) -> Collected:
        """Reads what is published now. Raises ``FetchError`` or ``SourceError``."""
        ...


OUTLET: str = Field("", description="Its name in “Also reported by …”; without one it is the site's host.")
"""For the options of a source that is an outlet of its own."""

REGISTRY: Registry[Source] = Registry("sources", package="bot.sources", group="broadsheet.sources")
KINDS = REGISTRY.known
kind = REGISTRY.kind
kinds = REGISTRY.kinds


def configured(settings: Settings) -> dict[str, Source]:
    """The sources of the settings, checked. Raises ``SettingsError`` naming file and key."""
    return {name: built(settings, name) for name in settings.sources}


def built(settings: Settings, name: str) -> Source:
    """One source of the settings, checked. Raises ``SettingsError`` naming file and key."""
    cls, options = REGISTRY.chosen(settings, name)
    made: Source = cls(name, options)
    return made
