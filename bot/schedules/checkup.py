"""Looks at every part of an installation as users, readers and receivers would meet it: for real, sending nothing."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Iterable, Iterator
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from bot.channels import base as channels
from bot.delivery.permission import DAYS, consequence, headline, stage
from bot.dns import Resolver, SystemResolver
from bot.editions import compose
from bot.editions.card import lacking_font
from bot.editions.imprint import lacking
from bot.editions.lint import lint, own_templates
from bot.editions.weight import weight
from bot.errors import BroadsheetError, DnsError, LlmError
from bot.model import ARTICLE, Checked, TextKind
from bot.model.checked import fault, ok, warning
from bot.schedules import public_host
from bot.schedules.installation import Connected, Installation, opened
from bot.schedules.learning import learn, stale
from bot.schedules.machine_texts import endpoint, inside_http
from bot.schedules.plan import Slot
from bot.schedules.sample import sample_story
from bot.schedules.tick import held
from bot.sources.base import Source, Visit
from bot.summaries.grounding import Ground
from bot.summaries.llm import ask
from bot.summaries.prompt import messages
from bot.summaries.writing import judged

SKEW = timedelta(seconds=30)


def checkup(folder: Path, *, dns: Resolver | None = None, offline: bool = False) -> list[Checked]:
    """All checks of the installation configured in ``folder``; settings that do not load are the only one then.

    ``dns`` is the machine's resolver unless given; ``offline`` asks nobody outside: no DNS, no server.
    """
    try:
        with opened(folder) as installation:
            return [
                ok("settings", f"{installation.settings.file} is valid"),
                ok("store", f"{installation.store.shown} is open and of this version"),
                *_held(installation),
                *_desk(installation),
                public_host.scheme(installation.newsroom.public_url),
                *_address(installation),
                *_unheard(installation),
                *_permissions(installation),
                *_own_templates(installation),
                *_templates(installation),
                *_cards(installation),
                *(_left_out() if offline else asyncio.run(_outside(installation, dns))),
            ]
    except BroadsheetError as error:
        return [fault("settings", str(error), "")]


def _held(installation: Installation) -> Iterator[Checked]:
    said = held(installation)
    if said:
        yield fault("store", said, "")


def _desk(installation: Installation) -> Iterator[Checked]:
    """What was made on the desk: what of it does not hold is left out, and nobody would notice."""
    made, faults = installation.settings.declared, installation.settings.faults
    for each in faults:
        fix = "change or remove it on the desk, or mend what it needs in the settings"
        yield fault(f"desk.{each.declaration.at}", each.said, fix)
    if made:
        yield ok("desk", f"made on the desk, and in force: {', '.join(sorted(made))}")


def _left_out() -> Iterator[Checked]:
    yield warning("outside", "sources, channels, DNS and clock were not looked at (--offline)")


def _unheard(installation: Installation) -> Iterator[Checked]:
    """Readers who chose a schedule that has another name by now: they get nothing of it, and nobody would notice."""
    offered: dict[str, set[str]] = defaultdict(set)
    for name, table in installation.settings.schedules.items():
        offered[table.audience].add(name)
    for audience in sorted(offered.keys() - {""}):
        lost: Counter[str] = Counter()
        with installation.store.read() as tx:
            for chosen, readers in tx.subscribers.choices(audience):
                lost.update(dict.fromkeys(set(chosen.schedules or ()) - offered[audience], readers))
        for name, readers in sorted(lost.items()):
            said = f"{readers:,} of the audience {audience} chose the schedule {name[:40]}, which it does not have"
            yield warning("choices", said, "if it was renamed, give it its name back: its readers are known by that")


def _address(installation: Installation) -> Iterator[Checked]:
    if not installation.newsroom.address and any(each.medium == "email" for each in installation.configured.values()):
        said = "each mail must name your postal address (CAN-SPAM, 15 U.S.C. §7704(a)(5); other laws too)"
        yield fault("address", said, "set newsroom.address; a post office box will do")


def _permissions(installation: Installation) -> Iterator[Checked]:
    """How long each connected account's permission lasts, and what is paused."""
    now, timezone = installation.clock(), installation.newsroom.timezone
    with installation.store.read() as tx:
        known = tx.channels.all()
    for name, state in known.items():
        if name not in installation.settings.channels:
            continue
        if state.paused:
            fix = f"once that is mended, `broadsheet channels resume {name}` lets it go on"
            yield fault(f"channel.{name}.paused", f"it is paused, and its posts wait: {state.paused}", fix)
        if state.expires is None:
            continue
        reached, connect = stage(state.expires, now), f"run `broadsheet channels connect {name}`"
        said = f"{headline(name, state.expires, now)}. {' '.join(consequence(state.expires, now, timezone))}"
        if reached is None:
            yield ok(f"channel.{name}.permission", f"lasts until {state.expires:%Y-%m-%d}")
        else:
            yield (fault if reached <= DAYS[0] else warning)(f"channel.{name}.permission", said, connect)


def _own_templates(installation: Installation) -> Iterator[Checked]:
    """The newsroom's own digests, whether a schedule takes them or not."""
    folders = installation.settings.template_folders()
    for name in own_templates(folders[0]) if len(folders) > 1 else ():
        found = lint(name, folders, installation.newsroom)
        if not found:
            yield ok(f"template.{name}", "its files are sound, and samples render")
        for number, said in enumerate(found, start=1):
            yield fault(f"template.{name}.{number}", said, "")


def _templates(installation: Installation) -> Iterator[Checked]:
    for schedule, table in installation.settings.schedules.items():
        id, slot = f"schedule.{schedule}", _slot(installation, schedule)
        most = 1 if table.on_publish else table.selection.maximum
        frame = installation.frame(schedule, slot)
        try:
            made = compose.render(frame, [sample_story(installation, 1)])
            full = compose.render(frame, [sample_story(installation, place) for place in range(1, most + 1)])
        except BroadsheetError as error:
            yield fault(id, str(error), "")
            continue
        comes = "each new article goes out as it appears" if table.on_publish else f"next slot {slot.key}"
        yield ok(id, f"its templates render; {comes}")
        for email in [each.email for each in full if each.email]:
            heavy = weight(email, most)
            said = f"with {most} stories of usual length: {heavy.said}"
            if heavy.said:
                yield (fault if heavy.grave else warning)(f"{id}.size", said, heavy.fix)
        mails = [each.email for each in made if each.email]
        for found in lacking(mails[0], edition=frame.edition, address=frame.newsroom.address) if mails else ():
            file = f"templates/digests/{table.template}/digest.{'mjml' if found.part == 'HTML' else 'txt'}.j2"
            yield fault(
                f"{id}.{found.what}.{found.part.lower()}",
                f"its {found.part} part: {found.said}",
                f"{file}: {found.fix}",
            )


def _cards(installation: Installation) -> Iterator[Checked]:
    """Whether this machine has a font for the newsroom's language: share cards are drawn with it."""
    images, newsroom = installation.settings.images, installation.newsroom
    if not images.host or images.cards == "never":
        return
    missing = lacking_font(newsroom.language, newsroom.name)
    if missing:
        fix = 'install Noto fonts (Debian: fonts-noto-core, fonts-noto-cjk, libfribidi0), or set images.cards = "never"'
        yield warning("cards", f"share cards are left out: {missing}", fix)
    else:
        yield ok("cards", f"share cards can be drawn in the newsroom's language ({newsroom.language})")


def _slot(installation: Installation, schedule: str) -> Slot:
    table, now = installation.settings.schedules[schedule], installation.clock()
    if table.on_publish:
        return Slot(schedule, ARTICLE, now)
    return installation.timetable(schedule).after(now, count=1)[0]


async def _outside(installation: Installation, dns: Resolver | None) -> list[Checked]:
    async with installation.connected() as connected:
        asked: list[Awaitable[Iterable[Checked]]] = [
            *(_source(connected, name, source) for name, source in installation.sources.items()),
            *(_channel(name, channel) for name, channel in connected.channels.items()),
            _limits(connected),
            _clock(connected),
            _llm(installation),
            _pictures(connected),
        ]
        try:
            dns = dns or SystemResolver()
        except DnsError as error:
            unseen = warning("dns", f"not looked at: {error}", "give this machine a resolver")
            return [unseen, *(line for lines in await asyncio.gather(*asked) for line in lines)]
        asked.append(public_host.inspect(installation.newsroom.public_url, dns, installation.clock))
        asked += [each.inspect(dns) for each in connected.channels.values() if isinstance(each, channels.Inspected)]
        return [line for lines in await asyncio.gather(*asked) for line in lines]


async def _source(connected: Connected, name: str, source: Source) -> Iterable[Checked]:
    id = f"source.{name}"
    try:
        found = await source.collect(connected.http, Visit(now=connected.installation.clock()))
    except BroadsheetError as error:
        return [fault(id, str(error), "")]
    said = f"answers, {len(found.articles)} articles" + (f"; {found.warnings[0]}" if found.warnings else "")
    return [warning(id, said) if found.warnings or not found.articles else ok(id, said)]


async def _channel(name: str, channel: channels.Channel) -> Iterable[Checked]:
    try:
        return [ok(f"channel.{name}", await channel.check())]
    except BroadsheetError as error:
        return [fault(f"channel.{name}", str(error), "")]


async def _limits(connected: Connected) -> Iterable[Checked]:
    """Limits that servers tell and that were not asked for a day: what they say is kept."""
    installation = connected.installation
    told = await learn(connected, await asyncio.to_thread(stale, installation))
    fix = "until it answers, the last known limits hold, or its kind's usual ones"
    return [
        warning(f"channel.{name}.limits", f"its limits are not learnt: {each}", fix)
        if isinstance(each, str)
        else ok(f"channel.{name}.limits", "its server told its limits")
        for name, each in told.items()
    ]


async def _llm(installation: Installation) -> Iterable[Checked]:
    """Has the language model write about a sample; the question is not counted in the budget."""
    table = installation.settings.llm
    if not table.on:
        return []
    sample = sample_story(installation, 1).article
    kinds = (TextKind.SUMMARY,)
    async with inside_http(installation) as http:
        try:
            answered = await ask(http, endpoint(table), messages(sample, kinds), kinds, plain=False)
        except LlmError as error:
            return [fault("llm", str(error), "look at llm.url, llm.model and BROADSHEET_LLM_KEY; offline texts go out")]
    name = f"{table.model or 'the model'} answers {'without' if answered.plain else 'with'} structured output"
    refused = judged(Ground(sample), answered.texts, kinds)[TextKind.SUMMARY]
    if refused:
        said = f"{name}, but what it wrote about a sample does not pass: {refused[0].said}"
        return [warning("llm", said, "where a text does not pass, the offline one goes out; try another model")]
    return [ok("llm", f"{name}, and what it wrote about a sample passes the gate")]


async def _pictures(connected: Connected) -> Iterable[Checked]:
    """Fetches a picture that is hosted as readers would; none where there is none yet."""
    installation = connected.installation
    if not installation.settings.images.host:
        return []
    with installation.store.read() as tx:
        name = tx.images.newest()
    return await public_host.pictures(connected.http, installation.newsroom, name) if name else []


async def _clock(connected: Connected) -> Iterable[Checked]:
    """Holds this machine's clock against the newsroom's own web server."""
    url = connected.installation.newsroom.url
    try:
        answer = await connected.http.get(url)
        theirs = parsedate_to_datetime(answer.headers["date"]).astimezone(UTC)
    except (BroadsheetError, KeyError, ValueError):
        return []
    off = abs(theirs - connected.installation.clock())
    if off > SKEW:
        said = f"{off.total_seconds():.0f} s off {url}: mails get a wrong Date, links and logins fail"
        return [warning("clock", said, "set it by NTP")]
    return [ok("clock", f"agrees with {url}")]
