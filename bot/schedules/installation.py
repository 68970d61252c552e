"""One installation, opened: settings, store, keys and clock together. Commands and pages start from it."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bot.audience.newsletters import newsletters
from bot.channels import base as channels
from bot.channels.base import Channel
from bot.clock import Clock, system_clock
from bot.editions.compose import Frame, Outlet, Shown
from bot.http import Http
from bot.model import ChannelState, Correction, Declaration, MovedSlot, Newsroom, PostRules
from bot.schedules.plan import Slot
from bot.schedules.timetable import Timetable
from bot.settings import Settings, load_settings
from bot.settings.overlay import overlaid
from bot.sources import base as sources
from bot.store import Store, Transaction
from bot.store.flags import MOVED
from bot.tokens import KeyRing, edition_id


@dataclass(frozen=True)
class Around:
    """What channels may use while an event loop runs (``bot.channels.base.Surroundings``)."""

    newsroom: Newsroom
    http: Http
    keys: KeyRing
    clock: Clock
    store: Store | None = None


class _Held:
    """Settings, and what is made of them: swapped as one."""

    def __init__(self, settings: Settings, mark: str, keys: KeyRing, clock: Clock) -> None:
        self.settings = settings
        self.mark = mark
        self._keys = keys
        self._clock = clock

    @cached_property
    def newsroom(self) -> Newsroom:
        return self.settings.newsroom

    @cached_property
    def sources(self) -> dict[str, sources.Source]:
        return sources.configured(self.settings)

    @cached_property
    def channels(self) -> dict[str, Channel]:
        return self.built_channels(Http(self.settings.http))

    def built_channels(self, http: Http) -> dict[str, Channel]:
        return channels.configured(self.settings, Around(self.newsroom, http, self._keys, self._clock))


class Installation:
    """An open installation. Safe to share between threads; ``connected`` is for one event loop.

    Its settings are the files', and what was made on the desk as of the last ``refresh``. They change while it runs:
    who reads them more than once for one piece of work takes ``current``, which does not.
    """

    def __init__(self, settings: Settings, store: Store, keys: KeyRing, clock: Clock) -> None:
        self.store = store
        self.keys = keys
        self.clock = clock
        self._files = settings
        self._held = _Held(settings, "", keys, clock)
        self._swapping = threading.Lock()
        self._fixed = False

    def refresh(self) -> bool:
        """Takes over what was made or changed on the desk since, be it on another machine; True when anything was.

        When nothing was it costs one look-up by a primary key. Raises ``StoreError``.
        """
        if self._fixed:
            return False
        with self.store.read() as tx:
            if tx.declarations.mark() == self._held.mark:
                return False
        with self._swapping:
            with self.store.read() as tx:
                mark, declared = tx.declarations.mark(), tx.declarations.all()
            if mark == self._held.mark:
                return False
            settings = overlaid(self._files, declared, judged)
            self._held = _Held(settings, mark, self.keys, self.clock)
        return True

    def current(self) -> Installation:
        """This installation as it is now, whatever is changed on the desk meanwhile."""
        return self._with(self._held)

    def trying(self, settings: Settings) -> Installation:
        """This installation as it would be with ``settings``: for looking, not for sending."""
        return self._with(_Held(settings, self._held.mark, self.keys, self.clock))

    def at(self, clock: Clock) -> Installation:
        """This installation by another ``clock``; it follows the desk no more."""
        held = self._held
        return self._with(_Held(held.settings, held.mark, self.keys, clock), clock)

    def _with(self, held: _Held, clock: Clock | None = None) -> Installation:
        other = Installation(self._files, self.store, self.keys, clock or self.clock)
        other._held = held
        other._fixed = True
        return other

    @property
    def settings(self) -> Settings:
        return self._held.settings

    @property
    def files(self) -> Settings:
        """What the files alone say."""
        return self._files

    @property
    def newsroom(self) -> Newsroom:
        return self._held.newsroom

    @property
    def sources(self) -> dict[str, sources.Source]:
        """The configured sources."""
        return self._held.sources

    def channels(self, http: Http) -> dict[str, channels.Channel]:
        """The configured channels, not yet entered."""
        return self._held.built_channels(http)

    @property
    def _channels(self) -> dict[str, Channel]:
        return self._held.channels

    @property
    def configured(self) -> Mapping[str, Channel]:
        """The configured channels to look at, in the settings' order: never entered, nothing is sent by them."""
        return self._channels

    @property
    def learning(self) -> frozenset[str]:
        """The channels whose server tells limits."""
        return frozenset(name for name, each in self._channels.items() if isinstance(each, channels.Learning))

    @property
    def measuring(self) -> frozenset[str]:
        """The channels whose network is asked how followers reacted."""
        return frozenset(
            name
            for name, each in self._channels.items()
            if isinstance(each, channels.Measuring) and isinstance(each, channels.Posting) and each.rules.reactions
        )

    @property
    def outlets(self) -> dict[str, Outlet]:
        """What composing must know of each channel; limits that its server told take the place of the channel's own.

        Made anew, with a look into the store, each time it is asked for: a loop asks before it begins.
        """
        known: dict[str, ChannelState] = {}
        if self.learning:
            with self.store.read() as tx:
                known = tx.channels.all()
        return {
            name: Outlet(
                channel=name,
                medium=each.medium,
                limits=(known[name].limits if name in known else None) or each.limits,
                template=each.template,
                kind=str(self.settings.channels.get(name, {}).get("type", "")),
                rules=each.rules if isinstance(each, channels.Posting) else PostRules(),
                edits=isinstance(each, channels.Editing),
                removes=isinstance(each, channels.Removing),
            )
            for name, each in self._channels.items()
        }

    def frame(
        self, schedule: str, slot: Slot, corrections: Sequence[Correction] = (), shown: Shown | None = None
    ) -> Frame:
        """The edition of ``slot`` without its stories, telling ``corrections``, with ``shown``, its hosted pictures."""
        table, outlets = self.settings.schedules[schedule], self.outlets
        return Frame(
            edition=edition_id(self.keys, schedule, slot.seed),
            schedule=table,
            slot=slot.due,
            newsroom=self.newsroom,
            folders=self.settings.template_folders(),
            outlets=tuple(outlets[name] for name in table.channels),
            clicks=self.settings.tracking.clicks,
            open=bool(newsletters(self.settings)),
            corrections=tuple(corrections),
            shown=shown or Shown(),
            key=schedule,
        )

    def timezone(self, schedule: str) -> str:
        """The timezone in which the schedule's cron is read."""
        return self.settings.schedules[schedule].timezone or self.newsroom.timezone

    def timetable(
        self, schedule: str, tx: Transaction | None = None, *, moves: Sequence[MovedSlot] | None = None
    ) -> Timetable:
        """The schedule's slots as they stand by now: seen by ``tx`` if there is one, with ``moves`` if they are known.

        What goes out on publish has none.
        """
        if moves is None:
            if tx is None:
                with self.store.read() as looking:
                    return self.timetable(schedule, looking)
            moves = tx.moved_slots.of(schedule)
        return Timetable(schedule, self.settings.schedules[schedule].crons, self.timezone(schedule), tuple(moves))

    def sends_mail(self, schedule: str) -> bool:
        """Whether an edition of the schedule goes out as mail, and not as posts alone."""
        table = self.settings.schedules.get(schedule)
        return table is not None and any(self._channels[name].medium == "email" for name in table.channels)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Connected]:
        """Opens HTTP and all channels for the running event loop, and closes them at the end."""
        async with AsyncExitStack() as stack:
            http = await stack.enter_async_context(Http(self.settings.http))
            around = Around(self.newsroom, http, self.keys, system_clock, self.store)
            channels_of = channels.configured(self.settings, around)
            opened = {name: await stack.enter_async_context(each) for name, each in channels_of.items()}
            yield Connected(self, http, opened)


def judged(settings: Settings, declaration: Declaration) -> None:
    """Raises ``SettingsError`` when what was made on the desk is no source that can be visited."""
    if declaration.kind == "sources":
        sources.built(settings, declaration.key)


@dataclass(frozen=True)
class Connected:
    """An installation with its HTTP client and channels open."""

    installation: Installation
    http: Http
    channels: dict[str, channels.Channel]


@contextmanager
def opened(folder: Path, clock: Clock = system_clock) -> Iterator[Installation]:
    """Loads and checks everything: settings, keys, sources, channels, store. Raises ``BroadsheetError``."""
    settings = load_settings(folder)
    keys = KeyRing.parse(settings.secret_keys)
    sources.configured(settings)
    channels.configured(settings, Around(settings.newsroom, Http(settings.http), keys, clock))
    store = Store.open(settings.store_url, keys.address_key)
    try:
        with store.read() as tx:
            if tx.flags.get(MOVED):
                # Also what a reader does on its pages would be lost to the store that sends.
                tx.flags.need_open()
        installation = Installation(settings, store, keys, clock)
        installation.refresh()
        yield installation
    finally:
        store.close()
