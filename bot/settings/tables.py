"""The tables of ``broadsheet.toml``. Documentation, ``check`` and errors all derive from these fields.

In one file, though it is long: it is the file's outline, in its order. Tables with rules of their own have files.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictBool, StrictInt, field_validator, model_validator
from pydantic_core import PydanticCustomError

from bot.model import Phrase
from bot.settings.bounces import BouncesTable
from bot.settings.desk import DeskTable
from bot.settings.kinds import (
    Colour,
    Days,
    Duration,
    Keeping,
    MailAddress,
    Network,
    OptionalColour,
    OptionalCron,
    OptionalMailAddress,
    OptionalTimezone,
    OptionalUrl,
    Table,
    Timezone,
    Url,
    WallTimes,
    at_least,
    parse_days,
    parse_duration,
)
from bot.settings.llm import LlmTable
from bot.settings.signup import SignupTable

DEFAULT_SUBJECT = "{{ lead.title }}"
"""The subject line of who sets none."""

SomeTime = Annotated[Duration, at_least(timedelta(seconds=1))]


class NewsroomTable(Table):
    """The publisher: what readers see of you."""

    name: str = Field(min_length=1, description="The newsroom's name, as in the masthead.")
    url: Url = Field(description="Your site's home page.")
    language: str = Field(
        "en", pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$", description="Language of your articles (BCP 47)."
    )
    timezone: Timezone = Field("UTC", description="IANA timezone in which schedules run and times are shown.")
    address: str = Field("", description="Postal address, which the law wants in each mail (CAN-SPAM and others).")
    corrections_to: OptionalMailAddress = Field("", description="Where readers report errors; shown in the footer.")
    privacy_url: OptionalUrl = Field("", description="Your privacy notice; public pages link to it.")
    public_url: Url = Field(
        "http://127.0.0.1:8080",
        description="Where subscribers reach Broadsheet's own pages (unsubscribe, view in browser). "
        "Must be https:// as soon as mail leaves this machine.",
    )


class BrandTable(Table):
    """How mails and pages look."""

    accent: Colour = Field("#0B5D4B", description="The newsroom's one colour.")
    accent_dark: OptionalColour = Field("", description="The same for dark mode; derived from `accent` when left out.")
    logo: OptionalUrl = Field(
        "", description="URL of a PNG at 2×, at most 560 × 80; the name is set in type without it."
    )
    logo_dark: OptionalUrl = Field("", description="The logo for dark mode; without it dark keeps the name in type.")
    headlines: Literal["serif", "sans"] = Field("serif", description="The face of headlines.")
    footer: str = Field(
        "",
        max_length=500,
        description="Words of your own at the foot of each digest, such as who answers for it.",
    )


class ImagesTable(Table):
    """Pictures of stories in mails and posts (docs/images.md)."""

    host: StrictBool = Field(
        True,
        description="Fetch each picture once and serve a copy that every mail program shows, from `PUBLIC_URL/i/…`. "
        "`false` leaves pictures where they are: their server sees who opens a mail, Outlook shows no WebP or AVIF.",
    )
    cards: Literal["missing", "always", "never"] = Field(
        "missing",
        description="Share cards: a story's headline, drawn for who sees its link on a network. Where the story has no "
        "picture (`missing`), `always`, or `never`. An edition's public page has one unless `never`. Only with `host`.",
    )
    mail_cards: StrictBool = Field(
        False,
        description="Whether a lead without a picture shows its card in the mail, too; it says the headline again.",
    )


class StoreTable(Table):
    """Where everything is kept."""

    url: str = Field(
        "sqlite:///var/broadsheet.db",
        description="SQLAlchemy URL: `sqlite:///FILE` (relative to the folder that holds `config/`) or "
        "`postgresql://…`. The environment's `DATABASE_URL` wins.",
    )


class HttpTable(Table):
    """How Broadsheet fetches and posts."""

    allow_loopback: StrictBool = Field(False, description="Let it reach 127.0.0.1: for tests and the demo only.")
    timeout: SomeTime = Field(timedelta(seconds=30), description="Longest wait for a whole answer.")
    max_bytes: StrictInt = Field(10_000_000, ge=1000, description="Largest answer read, in bytes after decompression.")


class WebTable(Table):
    """The web server of `broadsheet up` and `broadsheet web`."""

    host: str = Field("127.0.0.1", description="Address to listen on; put a reverse proxy with TLS before it.")
    port: StrictInt = Field(8080, ge=0, le=65535, description="Port to listen on.")
    trusted_proxies: tuple[Network, ...] = Field(
        (),
        description="Addresses or networks of your reverse proxies: only what they write into `X-Forwarded-For` tells "
        "who a reader is. Without it all who come through a proxy share one limit of `signup.per_network`.",
    )


class DeliveryTable(Table):
    """How deliveries are tried again."""

    retry_after: SomeTime = Field(
        timedelta(minutes=1), description="Wait before the second attempt; each later wait is longer, up to an hour."
    )
    give_up_after: SomeTime = Field(
        timedelta(hours=24),
        description="How long a temporary refusal is tried again, and how long a post waits for its turn.",
    )
    unknown: Literal["ask", "resend"] = Field(
        "ask",
        description="When a line broke after a mail's last byte: `ask` leaves the delivery `unknown` for an editor, "
        "`resend` sends it again with the same Message-ID. Posts are never doubled (docs/posting.md).",
    )
    refused_share: StrictInt = Field(
        30,
        ge=1,
        le=100,
        description="When more than so many per cent of an edition's last 100 readers are refused for good (20 at "
        "least), it pauses: then it is hardly the readers. 100 is never.",
    )
    keep_attempts: Keeping = Field(
        timedelta(days=90),
        description="How long after an edition has ended it is kept what servers said to each attempt (a day at least, "
        'or `"forever"`). Providers tell of bounces and complaints within days.',
    )
    keep_deliveries: Keeping = Field(
        timedelta(days=365),
        description="How long after an edition has ended it is kept who got it; then its rows are folded into totals "
        '(a day at least, or `"forever"`). These are personal data: keep them for as long as you answer complaints by '
        "them, and no longer (GDPR, article 5(1)(e)). The proof of consent is kept elsewhere and is not touched.",
    )
    collect_every: Annotated[Duration, at_least(timedelta(seconds=10))] = Field(
        timedelta(minutes=5), description="How often `up` collects the sources; at least `10s`."
    )


class AlertsTable(Table):
    """Who is told when something stops: what the program paused, held or let expire, and what went out with gaps."""

    channels: tuple[str, ...] = Field(
        (),
        description="Over which of `[channels]`: `email` and `webhook` ones. Two are better than one: the mail server "
        "may be what failed. Empty: alerts stand on the desk and in the output of `up` alone.",
    )
    to: tuple[MailAddress, ...] = Field((), description="The mail addresses that are told over the email channels.")
    quiet: SomeTime = Field(
        timedelta(hours=1), description="Shortest time between two alerts about the same state of the same edition."
    )
    failed_share: StrictInt = Field(
        5, ge=0, le=100, description="An edition that went out is told of when more than so many per cent failed."
    )


class TrackingTable(Table):
    """What is counted of what readers do. Nothing, unless you say so; never who did it, and never by a picture."""

    clicks: StrictBool = Field(
        False,
        description="Count how often each link to a story is followed, in all of an edition and never by whom: those "
        "links then lead over `PUBLIC_URL/l/…`. No cookie, no address is kept.",
    )


class AudienceTable(Table):
    """A named list of subscribers."""

    name: str = Field(min_length=1, description="What subscribers see, e.g. on the unsubscribe page.")
    description: str = Field("", description="One sentence under its name on the sign-up page.")
    topics: tuple[str, ...] = Field(
        (),
        description="Sections or tags that readers may choose among; who chooses none gets all. Empty: no choice.",
    )
    open: StrictBool = Field(True, description="Whether anybody may subscribe on the public page and by its form.")


Window = Literal["since last"] | timedelta


class SelectionTable(Table):
    """Which stories an edition takes."""

    window: str = Field("since last", description='`"since last"` sent edition, or a fixed time such as `"last 24h"`.')
    sources: tuple[str, ...] = Field((), description="Only these sources; empty: all.")
    sections: tuple[str, ...] = Field((), description="Only these sections; empty: all.")
    exclude_sections: tuple[str, ...] = Field((), description="Never these sections.")
    tags: tuple[str, ...] = Field((), description="Only articles with one of these tags; empty: all.")
    exclude_tags: tuple[str, ...] = Field((), description="Never these tags.")
    authors: tuple[str, ...] = Field((), description="Only these authors; empty: all.")
    exclude_authors: tuple[str, ...] = Field((), description="Never these authors.")
    languages: tuple[str, ...] = Field((), description="Only these languages (`en` takes `en-GB` too); empty: all.")
    exclude_languages: tuple[str, ...] = Field((), description="Never these languages.")
    minimum: StrictInt = Field(1, ge=1, description="Fewer stories: the slot is skipped, with the reason on record.")
    maximum: StrictInt = Field(7, ge=1, le=60, description="At most so many stories.")
    max_age: SomeTime = Field(timedelta(days=3), description="Older articles are never picked.")
    section_maximum: StrictInt = Field(
        0,
        ge=0,
        description="At most so many stories of one section, pinned ones aside. 0: no more than half, unless nothing "
        "else is there.",
    )
    half_life: SomeTime = Field(timedelta(hours=18), description="After this time a story's newness counts half.")
    weights: dict[str, float] = Field(
        {},
        description='What is added to a story\'s score, in which newness is at most 1: `{"section:Sport" = -0.3, '
        '"tag:election" = 0.5, "source:wire" = -0.2}`. From -10 to 10.',
    )
    flood: StrictInt = Field(
        50, ge=1, description="More new articles than this at once: the edition is held for an editor."
    )

    @field_validator("weights")
    @classmethod
    def _known_weights(cls, value: dict[str, float]) -> dict[str, float]:
        for name, weight in value.items():
            kind, _, of = name.partition(":")
            if kind.strip() not in ("section", "source", "tag") or not of.strip():
                said = Phrase(
                    'weights are of "section:NAME", "source:NAME" or "tag:NAME", not of "%(name)s"', name=name
                )
                raise PydanticCustomError("weights", "{reason}", {"reason": said})
            if not -10 <= weight <= 10:
                said = Phrase('"%(name)s" weighs from -10 to 10', name=name)
                raise PydanticCustomError("weights", "{reason}", {"reason": said})
        return value

    @field_validator("window")
    @classmethod
    def _known_window(cls, value: str) -> str:
        try:
            parse_window(value)
        except ValueError as error:
            raise PydanticCustomError("window", "{reason}", {"reason": error.args[0]}) from error
        return value


def parse_window(value: str) -> timedelta | None:
    """``since last`` → None, ``last 24h`` → 24 hours. Raises ``ValueError``."""
    if value == "since last":
        return None
    if not value.startswith("last "):
        raise ValueError(Phrase('a window is "since last" or "last 24h"'))
    return parse_duration(value.removeprefix("last "))


class ScheduleTable(Table):
    """When, what, how, where."""

    name: str = Field(min_length=1, description="What readers see, e.g. `Morning briefing`. May change; the key never.")
    short: str = Field(
        "",
        max_length=12,
        description="A name of at most 12 letters for the calendar, e.g. `Morning`; made of the name.",
    )
    description: str = Field("", description="One sentence under its name where readers choose, e.g. `Weekdays at 7`.")
    archive: StrictBool = Field(True, description="Whether its sent editions stand in the public archive and its feed.")
    cron: OptionalCron = Field(
        "",
        description='When it goes out, in five fields: `"0 7 * * 1-5"` is 07:00 on weekdays, in the schedule\'s '
        "timezone. A schedule has one of `cron`, `times` and `on_publish`.",
    )
    times: WallTimes = Field(
        (), description='In place of `cron`: the best times of the day, `["08:10", "12:30", "17:45"]`.'
    )
    days: Days = Field("", description='On which days `times` hold, `"mon-fri"` or `"sat,sun"`; every day without it.')
    on_publish: StrictBool = Field(
        False, description="In place of `cron`: each new article goes out as it appears (docs/on-publish.md)."
    )
    settle: Duration = Field(
        timedelta(minutes=1),
        description="With `on_publish`: how long after it was first seen an article is told, in its newest revision, "
        "so that a slip which is mended at once is never posted.",
    )
    timezone: OptionalTimezone = Field("", description="IANA timezone; the newsroom's when left out.")
    enabled: StrictBool = Field(True, description="Whether its slots run.")
    audience: str = Field("", description="Who gets its mails: a key of `[audiences]`.")
    channels: tuple[str, ...] = Field(min_length=1, description="Where it goes: keys of `[channels]`.")
    template: str = Field(
        "briefing",
        description="`briefing`, `magazine`, `headlines` or `single`, or a folder of your own `templates/digests/`.",
    )
    subject: str = Field(
        DEFAULT_SUBJECT,
        description="Jinja template of the mail's subject line. While it is this one, a language model may write the "
        "line (`llm.write`).",
    )
    preheader: str = Field(
        "{{ titles[1:4] | join(' · ') }}", description="Jinja template of the line inboxes show after the subject."
    )
    posts: Literal["edition", "each", "thread"] = Field(
        "edition",
        description="On social channels: one post an edition (its lead story), one for `each` story, or a `thread` of "
        "all of them where the network knows threads (elsewhere as `edition`).",
    )
    catch_up: Literal["latest", "all", "skip"] = Field(
        "latest",
        description="What becomes of slots missed while Broadsheet was down. With `on_publish`, of articles that "
        "appeared meanwhile: `all` there unless you say otherwise.",
    )
    max_lateness: SomeTime = Field(timedelta(hours=3), description="Later than this an edition expires instead.")
    approval: StrictBool = Field(False, description="An editor must approve each edition.")
    prepare_before: Duration | None = Field(
        None, description="How long before the slot the edition is drafted; 30m with approval, else 0."
    )
    if_unapproved: Literal["hold", "send", "skip"] = Field("hold", description="At the slot, without approval.")
    selection: SelectionTable = Field(default_factory=SelectionTable, description="Which stories it takes.")

    @model_validator(mode="after")
    def _one_trigger(self) -> Self:
        said = _trigger_fault(self)
        if said:
            raise PydanticCustomError("trigger", "{reason}", {"reason": said})
        return self

    @property
    def crons(self) -> tuple[str, ...]:
        """The crons of its timetable, which are several for ``times``; none of what goes out on publish."""
        if self.on_publish:
            return ()
        if self.cron:
            return (self.cron,)
        walls = [each.split(":") for each in self.times]
        return tuple(f"{int(minute)} {int(hour)} * * {parse_days(self.days)}" for hour, minute in walls)

    @property
    def trigger(self) -> str:
        """Its timetable in one text: another one counts from when it is met first."""
        return "; ".join(self.crons) or "on publish"

    @property
    def catches_up(self) -> Literal["latest", "all", "skip"]:
        """``catch_up``; on publish all that is not too late, unless it is set: each article is news of its own."""
        return "all" if self.on_publish and "catch_up" not in self.model_fields_set else self.catch_up

    @property
    def lead_time(self) -> timedelta:
        """How long before its slot an edition is drafted; on publish, the time an editor has to approve it."""
        if self.prepare_before is not None:
            return self.prepare_before
        return timedelta(minutes=30) if self.approval else timedelta(0)


def _trigger_fault(table: ScheduleTable) -> str:
    """What is wrong with when a schedule goes out; "" when nothing is."""
    given = [name for name in ("cron", "times", "on_publish") if getattr(table, name)]
    if len(given) != 1:
        if not given:
            return Phrase(
                'a schedule takes exactly one of cron = "…", times = […] and on_publish = true; it has none of them'
            )
        return Phrase(
            'a schedule takes exactly one of cron = "…", times = […] and on_publish = true; it has %(given)s',
            given=" and ".join(given),
        )
    if table.days and not table.times:
        return Phrase("days belong to times; a schedule with %(given)s takes none", given=given[0])
    if not table.on_publish:
        return Phrase("settle belongs to on_publish = true") if "settle" in table.model_fields_set else ""
    if table.prepare_before is not None:
        return Phrase(
            "prepare_before makes no sense with on_publish: nobody knows before what will appear; leave it out"
        )
    if table.selection.minimum > 1:
        return Phrase(
            "selection.minimum makes no sense with on_publish: each article is an edition of its own; leave it out"
        )
    if "window" in table.selection.model_fields_set:
        return Phrase(
            "selection.window makes no sense with on_publish: selection.max_age says how old an article may be"
        )
    if table.settle >= min(table.max_lateness, table.selection.max_age):
        return Phrase(
            "settle is shorter than max_lateness and selection.max_age, or each article is too late when it has settled"
        )
    return ""


class SettingsTables(Table):
    """All of ``broadsheet.toml``. ``bot.sources`` and ``bot.channels`` check theirs by their own kinds."""

    newsroom: NewsroomTable
    brand: BrandTable = Field(default_factory=BrandTable)
    images: ImagesTable = Field(default_factory=ImagesTable)
    store: StoreTable = Field(default_factory=StoreTable)
    http: HttpTable = Field(default_factory=HttpTable)
    web: WebTable = Field(default_factory=WebTable)
    delivery: DeliveryTable = Field(default_factory=DeliveryTable)
    alerts: AlertsTable = Field(default_factory=AlertsTable)
    desk: DeskTable = Field(default_factory=DeskTable)
    signup: SignupTable = Field(default_factory=SignupTable)
    bounces: BouncesTable = Field(default_factory=BouncesTable)
    tracking: TrackingTable = Field(default_factory=TrackingTable)
    llm: LlmTable = Field(default_factory=LlmTable)
    sources: dict[str, dict[str, Any]] = Field(default_factory=dict)
    audiences: dict[str, AudienceTable] = Field(default_factory=dict)
    channels: dict[str, dict[str, Any]] = Field(default_factory=dict)
    schedules: dict[str, ScheduleTable] = Field(default_factory=dict)
