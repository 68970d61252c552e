"""The tables. ``migrations/`` makes them; a test holds the two against each other.

In one file, though it is long: which table refers to which is read here, and nothing else stands in it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
    true,
)
from sqlalchemy.dialects import postgresql

from bot.store.said import Said

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """A moment: aware and in UTC in Python, ``timestamptz`` in PostgreSQL, UTC without offset in SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without timezone must not reach the store")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Id = BigInteger().with_variant(Integer, "sqlite")
# None is NULL, not JSON's null: only the former IS NULL.
Json = JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


# Ordered sign by sign on both, whatever the language of the database: what begins alike stands together in its index.
Signs = Text().with_variant(Text(collation="C"), "postgresql")


def _id() -> Column[Any]:
    return Column("id", Id, primary_key=True, autoincrement=True)


source_states = Table(
    "source_states",
    metadata,
    Column("source", String(100), primary_key=True),
    Column("etag", Text, nullable=False, server_default=""),
    Column("last_modified", Text, nullable=False, server_default=""),
    Column("cursor", Text, nullable=False, server_default=""),
    Column("moved_to", Text, nullable=False, server_default=""),
    Column("last_visit", Moment),
    Column("last_success", Moment),
    Column("not_before", Moment),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("error", Text, nullable=False, server_default=""),
    # GUIDs that one visit did not find: JSON. A second visit must miss them too before they are withdrawn.
    Column("doubted", Json, nullable=False),
)

articles = Table(
    "articles",
    metadata,
    _id(),
    Column("source", String(100), nullable=False),
    Column("guid", Text, nullable=False),
    Column("url_key", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("fingerprint", String(32), nullable=False),
    Column("content", Json, nullable=False),
    Column("published", Moment, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("withdrawn", Moment),
    # When it came to be published, as far as visits can tell; NULL for what stood there at its source's first visit.
    Column("appeared", Moment),
    UniqueConstraint("source", "guid"),
    Index("ix_articles_url_key", "url_key"),
    Index("ix_articles_published", "published"),
    Index("ix_articles_first_seen", "first_seen"),
    Index("ix_articles_appeared", "appeared"),
    Index("ix_articles_changed", "changed"),
    sqlite_autoincrement=True,
)

revisions = Table(
    "revisions",
    metadata,
    Column("article", Id, ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("content", Json, nullable=False),
    Column("seen", Moment, nullable=False),
)

schedule_states = Table(
    "schedule_states",
    metadata,
    Column("schedule", String(100), primary_key=True),
    Column("activated", Moment, nullable=False),
    Column("cron", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("reckoned", Moment, nullable=False),
)

# What a schedule that posts on publish has decided of an article: it has its edition, or is left out for a reason.
judged = Table(
    "judged",
    metadata,
    Column("schedule", String(100), primary_key=True),
    Column("article", Id, ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("reason", Said, nullable=False),
    Index("ix_judged_at", "at"),
)

# The hubs that feeds name (WebSub), and how the subscription of each source stands.
hubs = Table(
    "hubs",
    metadata,
    Column("source", String(100), primary_key=True),
    # What the feed names now; "" when it names none, or is no longer asked.
    Column("hub", Text, nullable=False),
    Column("topic", Text, nullable=False),
    # Where we subscribed, or asked to; "" while we are not subscribed.
    Column("held_hub", Text, nullable=False),
    Column("held_topic", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("until", Moment),
    Column("due", Moment, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("error", Text, nullable=False),
)

editions = Table(
    "editions",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("schedule", String(100), nullable=False),
    Column("slot_key", String(100), nullable=False),
    Column("slot", Moment, nullable=False),
    Column("state", String(12), nullable=False),
    Column("name", Text, nullable=False),
    Column("reason", Said, nullable=False, server_default=""),
    Column("approval", Boolean, nullable=False),
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("snapshot", Integer),
    Column("sent", Moment),
    Column("expires", Moment, nullable=False),
    Column("report", Json, nullable=False),
    # Counts up with each change of what readers are told: who changes, approves or sends it names the one they saw.
    Column("version", Integer, nullable=False, server_default="1"),
    # What an editor wrote for the whole of it (bot.model.EditionWords); NULL: nothing.
    Column("words", Json),
    # The deliveries by state whose rows were folded; NULL while the ledger holds them all.
    Column("totals", Json),
    # Until when the attempts were kept, and until when who got what; NULL while they are.
    Column("attempts_dropped", Moment),
    Column("folded", Moment),
    # Whoever inserts first owns the slot, on one machine or fifty.
    UniqueConstraint("schedule", "slot_key"),
    Index("ix_editions_state", "state"),
    # What is summed up over a span needs no rows: a report each lies in them.
    Index("ix_editions_slot", "slot", "schedule", "id"),
)

edition_stories = Table(
    "edition_stories",
    metadata,
    Column("edition", String(16), ForeignKey("editions.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("content", Json, nullable=False),
)

# What readers of a schedule are to be told that an edition said wrongly; carried by the edition that tells them.
corrections = Table(
    "corrections",
    metadata,
    _id(),
    Column("article", Id, nullable=False),
    Column("edition", String(16), nullable=False),
    Column("schedule", String(100), nullable=False),
    Column("title", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("said", Text, nullable=False),
    Column("right", Text, nullable=False),
    # When the edition that said it went out.
    Column("told", Moment, nullable=False),
    Column("at", Moment, nullable=False),
    Column("who", Text, nullable=False),
    Column("carried", String(16), nullable=False, server_default=""),
    Index("ix_corrections_schedule", "schedule", "carried"),
    Index("ix_corrections_edition", "edition"),
    Index("ix_corrections_article", "article"),
    sqlite_autoincrement=True,
)

# One row an article that an edition holds: "reserved" by it, "consumed" once its first delivery is attempted.
reservations = Table(
    "reservations",
    metadata,
    Column("schedule", String(100), primary_key=True),
    Column("article", Id, primary_key=True),
    Column("edition", String(16), ForeignKey("editions.id", ondelete="CASCADE"), nullable=False),
    Column("consumed", Boolean, nullable=False),
    Index("ix_reservations_edition", "edition"),
    Index("ix_reservations_article", "article"),
)

renditions = Table(
    "renditions",
    metadata,
    Column("edition", String(16), ForeignKey("editions.id", ondelete="CASCADE"), primary_key=True),
    Column("channel", String(100), primary_key=True),
    Column("subject", String(40), primary_key=True),
    Column("content", Json, nullable=False),
)

# A run of deliveries that one worker holds at a time: the lease, the time of the next work and the counts by state
# stand here, once for some hundreds of rows, so that a delivery's own row is written twice only.
chunks = Table(
    "chunks",
    metadata,
    _id(),
    Column("edition", String(16), ForeignKey("editions.id"), nullable=False),
    Column("channel", String(100), nullable=False),
    # "" for a post.
    Column("audience", String(100), nullable=False),
    # Ids of deliveries, both included. Those in between are all of this edition and channel.
    Column("first", Id, nullable=False),
    Column("last", Id, nullable=False),
    # When there is work; NULL when there is none left.
    Column("due", Moment),
    Column("owner", Text, nullable=False, server_default=""),
    Column("lease", String(16), nullable=False, server_default=""),
    Column("lease_until", Moment),
    # The deliveries by state; NULL while they change, then they are counted.
    Column("counts", Json),
    # The subject of the rendition that all of them get; "" for the general one, and for posts.
    Column("variant", String(40), nullable=False, server_default=""),
    Index("ix_chunks_edition", "edition"),
    # Those of posts are few among those of a million mails.
    Index(
        "ix_chunks_posts",
        "edition",
        sqlite_where=text("audience = ''"),
        postgresql_where=text("audience = ''"),
    ),
    Index("ix_chunks_due", "due", sqlite_where=text("due IS NOT NULL"), postgresql_where=text("due IS NOT NULL")),
    Index(
        "ix_chunks_lease_until",
        "lease_until",
        sqlite_where=text("lease_until IS NOT NULL"),
        postgresql_where=text("lease_until IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)

# No index holds what changes during a send, and no foreign key is looked up for each of a million rows.
deliveries = Table(
    "deliveries",
    metadata,
    _id(),
    Column("edition", String(16), nullable=False),
    # NULL when the reader was erased, 0 for a post.
    Column("subscriber", Id),
    Column("channel", String(100), nullable=False),
    Column("subject", String(40), nullable=False),
    Column("state", String(12), nullable=False),
    Column("reason", Said, nullable=False, server_default=""),
    # Attempts that began: the newest one's number, which every outcome must carry.
    Column("attempts", Integer, nullable=False, server_default="0"),
    # Those of them that the destination, not the server or we, made fail.
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("first_try", Moment),
    Column("not_before", Moment),
    Column("updated", Moment, nullable=False),
    UniqueConstraint("edition", "subscriber", "channel", "subject"),
    sqlite_autoincrement=True,
    # Room on each page for the two changes of every row, so that they touch no index.
    postgresql_with={"fillfactor": "60"},
)

attempts = Table(
    "attempts",
    metadata,
    Column("delivery", Id, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True),
    # Part of the key: an answer may still come to an attempt that was taken for unknown.
    Column("outcome", String(12), primary_key=True),
    Column("began", Moment, nullable=False),
    Column("ended", Moment, nullable=False),
    Column("server", Text, nullable=False, server_default=""),
    Column("code", Integer, nullable=False, server_default="0"),
    Column("enhanced", String(12), nullable=False, server_default=""),
    Column("text", Text, nullable=False, server_default=""),
    Column("provider_id", Text, nullable=False, server_default=""),
    Index(
        "ix_attempts_provider_id",
        "provider_id",
        sqlite_where=text("provider_id <> ''"),
        postgresql_where=text("provider_id <> ''"),
    ),
    sqlite_with_rowid=False,
)

subscribers = Table(
    "subscribers",
    metadata,
    _id(),
    Column("address", Text, nullable=False),
    Column("address_key", Signs, nullable=False),
    Column("address_hash", String(64), nullable=False),
    Column("name", Signs, nullable=False, server_default=""),
    Column("created", Moment, nullable=False),
    UniqueConstraint("address_key"),
    Index("ix_subscribers_address_hash", "address_hash"),
    # Only the desk's search asks for names: it walks this index, and never the million rows behind it.
    Index(
        "ix_subscribers_name",
        "name",
        "id",
        sqlite_where=text("name <> ''"),
        postgresql_where=text("name <> ''"),
    ),
    # An id is never given twice: links already sent name it.
    sqlite_autoincrement=True,
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("audience", String(100), primary_key=True),
    Column("subscriber", Id, ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True),
    Column("state", String(12), nullable=False),
    Column("consent_at", Moment, nullable=False),
    Column("consent_via", Text, nullable=False),
    Column("consent_note", Text, nullable=False, server_default=""),
    Column("ended", Moment),
    Column("ended_via", Text, nullable=False, server_default=""),
    # What else proves the consent: form, wording, page, moments of request and confirmation (bot.model.Evidence).
    Column("evidence", Json),
    # What the reader chose (bot.model.Preferences); NULL while they chose nothing: then they get all of it.
    Column("preferences", Json),
    Index("ix_subscriptions_subscriber", "subscriber"),
    # Those whom a snapshot must look at one by one.
    Index(
        "ix_subscriptions_chosen",
        "audience",
        "subscriber",
        sqlite_where=text("preferences IS NOT NULL"),
        postgresql_where=text("preferences IS NOT NULL"),
    ),
    # Who left, by day: an import of a million readers adds nothing to it.
    Index(
        "ix_subscriptions_audience_ended",
        "audience",
        "ended",
        sqlite_where=text("ended IS NOT NULL"),
        postgresql_where=text("ended IS NOT NULL"),
    ),
    # All that a snapshot asks, in its order: a million readers are named in a second.
    Index("ix_subscriptions_audience_state_subscriber", "audience", "state", "subscriber"),
)

# Consents that another one took the place of: what was sent under them must stay provable (GDPR, article 7(1)).
past_consents = Table(
    "past_consents",
    metadata,
    _id(),
    Column("subscriber", Id, ForeignKey("subscribers.id", ondelete="CASCADE"), nullable=False),
    Column("audience", String(100), nullable=False),
    Column("at", Moment, nullable=False),
    Column("via", Text, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("evidence", Json),
    Column("ended", Moment),
    Column("ended_via", Text, nullable=False, server_default=""),
    Index("ix_past_consents_subscriber", "subscriber"),
    sqlite_autoincrement=True,
)

# Who asked to subscribe, until they confirm or the time for it is over. The confirmation's link names the id: 26
# random letters.
signups = Table(
    "signups",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("address", Text, nullable=False),
    Column("address_hash", String(64), nullable=False),
    # What they asked for: {audience: preferences or null}.
    Column("choices", Json, nullable=False),
    Column("language", String(35), nullable=False, server_default=""),
    Column("evidence", Json, nullable=False),
    Column("requested", Moment, nullable=False),
    # When its mail is to be made; NULL when none is any more.
    Column("due", Moment),
    # When its mail went ahead: committed before the last byte goes out. NULL: none did.
    Column("mailed", Moment),
    # What became of it (bot.model.SignupOutcome); "" while it waits.
    Column("outcome", String(12), nullable=False, server_default=""),
    Column("confirmed", Moment),
    Index("ix_signups_address_hash", "address_hash"),
    Index("ix_signups_requested", "requested"),
    Index("ix_signups_mailed", "mailed"),
    Index("ix_signups_due", "due", sqlite_where=text("due IS NOT NULL"), postgresql_where=text("due IS NOT NULL")),
)

suppressions = Table(
    "suppressions",
    metadata,
    # The hash outlives an erasure, so that a later import cannot revive the address.
    Column("address_hash", String(64), primary_key=True),
    Column("audience", String(100), primary_key=True),
    Column("address", Text, nullable=False, server_default=""),
    Column("reason", String(20), nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("at", Moment, nullable=False),
    # Where it is known from: a file, a mailbox, a provider's webhook, the reader's page, an editor.
    Column("source", Text, nullable=False, server_default=""),
    # The newest first, page by page: an import lists thousands at one moment.
    Index("ix_suppressions_at", "at", "address_hash", "audience"),
)

# What came back of a delivery after the server had taken it, or was refused for good: bounces, complaints, replies.
# An event never changes the delivery's state.
events = Table(
    "events",
    metadata,
    _id(),
    # Equal for the same report, however often and by whatever way it comes.
    Column("key", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    # A bot.model.Verdict.
    Column("verdict", String(12), nullable=False),
    # A bot.model.Effect: what followed from it.
    Column("effect", String(12), nullable=False, server_default=""),
    # 0, "" and NULL where the report names no delivery of ours.
    Column("delivery", Id, nullable=False, server_default="0"),
    Column("edition", String(16), nullable=False, server_default=""),
    Column("channel", String(100), nullable=False, server_default=""),
    Column("subscriber", Id),
    # Of the recipient that the report names; "" when it names none, or was erased.
    Column("address_hash", String(64), nullable=False, server_default=""),
    Column("code", String(12), nullable=False, server_default=""),
    Column("reason", String(40), nullable=False, server_default=""),
    Column("source", String(40), nullable=False, server_default=""),
    Column("evidence", Text, nullable=False, server_default=""),
    UniqueConstraint("key"),
    Index("ix_events_edition", "edition", "verdict"),
    Index("ix_events_subscriber", "subscriber"),
    Index("ix_events_address_hash", "address_hash"),
    Index("ix_events_at", "at"),
    Index(
        "ix_events_waiting",
        "edition",
        sqlite_where=text("effect = 'waiting'"),
        postgresql_where=text("effect = 'waiting'"),
    ),
    sqlite_autoincrement=True,
)

# How far an import came, by the file's content and what was asked: the same command goes on where it stopped.
imports = Table(
    "imports",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("audience", String(100), nullable=False),
    Column("file", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("counts", Json, nullable=False),
    Column("began", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
    Column("ended", Moment),
)

# The links of an edition while clicks are counted: no other address is ever redirected to, no reader is recorded.
links = Table(
    "links",
    metadata,
    Column("edition", String(16), ForeignKey("editions.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("url", Text, nullable=False),
    Column("clicks", Integer, nullable=False, server_default="0"),
)

acts = Table(
    "acts",
    metadata,
    _id(),
    Column("at", Moment, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("thing", Text, nullable=False),
    Column("before", Text, nullable=False, server_default=""),
    Column("after", Text, nullable=False, server_default=""),
    Column("note", Said, nullable=False, server_default=""),
    # What stands before the colon of `thing`, to look for.
    Column("kind", String(40), nullable=False, server_default=""),
    Index("ix_acts_at", "at"),
    Index("ix_acts_thing", "thing"),
    Index("ix_acts_who_at_id", "who", "at", "id"),
    Index("ix_acts_kind_at_id", "kind", "at", "id"),
    sqlite_autoincrement=True,
)

flags = Table(
    "flags",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

# How much of an allowance was granted, by parts of its period (bot.store.allowances).
allowances = Table(
    "allowances",
    metadata,
    Column("key", Text, primary_key=True),
    Column("period", Integer, primary_key=True, autoincrement=False),
    Column("part", BigInteger, primary_key=True, autoincrement=False),
    Column("used", BigInteger, nullable=False),
)

# What each process says it did of an edition, once a second (bot.delivery.tally). No count of the books rests on it.
progress = Table(
    "progress",
    metadata,
    Column("edition", String(16), primary_key=True),
    Column("owner", Text, primary_key=True),
    Column("began", Moment, primary_key=True),
    Column("updated", Moment, nullable=False),
    Column("tried", Integer, nullable=False),
    # Deliveries a second over its last seconds; NULL when it is too early to tell.
    Column("rate", Float),
    Column("content", Json, nullable=False),
)

# What a language model wrote about a revision of an article (bot.model.written): an empty text was refused, or not
# to be had, and the reason says why. A row that is not settled is asked for again.
machine_texts = Table(
    "machine_texts",
    metadata,
    Column("fingerprint", String(32), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("maker", String(32), primary_key=True),
    Column("text", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("settled", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_machine_texts_at", "at"),
)

# Pictures that we serve under /i/NAME. A name is made of its content, so neither ever changes.
images = Table(
    "images",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    # When an edition could take it last.
    Column("used", Moment, nullable=False),
    Index("ix_images_used", "used"),
)

# What became of articles' pictures, by the SHA-256 of their addresses: their copies, or why there are none.
pictures = Table(
    "pictures",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("url", Text, nullable=False),
    Column("at", Moment, nullable=False),
    # Names of images, "" without; one that is gone makes the picture unknown.
    Column("whole", String(40), nullable=False, server_default=""),
    Column("crop", String(40), nullable=False, server_default=""),
    Column("fault", Text, nullable=False, server_default=""),
    Column("etag", Text, nullable=False, server_default=""),
    Column("modified", Text, nullable=False, server_default=""),
    Index("ix_pictures_at", "at"),
)

# Which images the renditions of an edition show: those of one that went out stay for ever.
edition_images = Table(
    "edition_images",
    metadata,
    Column("edition", String(16), ForeignKey("editions.id", ondelete="CASCADE"), primary_key=True),
    Column("image", String(40), primary_key=True),
    Index("ix_edition_images_image", "image"),
)

# What is known of a channel beside its settings (bot.model.channel).
channel_states = Table(
    "channel_states",
    metadata,
    Column("channel", String(100), primary_key=True),
    Column("limits", Json),
    Column("learned", Moment),
    Column("paused", Said, nullable=False, server_default=""),
    Column("paused_at", Moment),
    Column("rests_until", Moment),
    Column("quota", Json),
    Column("account", Text, nullable=False, server_default=""),
    # Encrypted with a key from the environment: a copy of the store gives nobody an account.
    Column("credential", Text, nullable=False, server_default=""),
    Column("expires", Moment),
    Column("renewed", Moment),
    # Counts the credentials saved: of two processes that renew one, the slower sees that it was done.
    Column("serial", Integer, nullable=False, server_default="0"),
)

# --- The calendar: slots that go out at another time than their timetable says (bot.model.moved_slot) ---

moved_slots = Table(
    "moved_slots",
    metadata,
    Column("schedule", String(100), primary_key=True),
    Column("slot_key", String(100), primary_key=True),
    Column("was", Moment, nullable=False),
    Column("due", Moment, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

# ---------------------------------------------------------------------------------------------------------------------
# Parts of the settings that were made on the desk (bot.model.declaration).
declarations = Table(
    "declarations",
    metadata,
    Column("kind", String(20), primary_key=True),
    # "" for what is one table, such as the brand.
    Column("key", String(100), primary_key=True),
    Column("content", Json, nullable=False),
    Column("version", Integer, nullable=False),
    Column("made", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("who", Text, nullable=False),
)

# Files of readers that are imported at the desk (bot.model.reader_import), step by step.
reader_imports = Table(
    "reader_imports",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("file", Text, nullable=False),
    Column("audience", String(100), nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("stage", String(12), nullable=False),
    Column("encoding", String(20), nullable=False),
    Column("lines", Integer, nullable=False),
    # Its header, whose export it is, and its first rows.
    Column("layout", Json, nullable=False),
    # Where and how they agreed, and which column means what.
    Column("consent", Text, nullable=False, server_default=""),
    Column("columns", Json, nullable=False),
    # What became of the rows in the trial run, and in the import; NULL before each.
    Column("trial", Json),
    Column("counts", Json),
    # Why it stopped, in a line for an editor.
    Column("error", Said, nullable=False, server_default=""),
    # Who works on it, and when they last said so.
    Column("owner", Text, nullable=False, server_default=""),
    Column("beat", Moment),
    # When it was begun, or gone on with, last; and at which row that was.
    Column("began", Moment),
    Column("from_row", Integer, nullable=False, server_default="0"),
    Column("ended", Moment),
    Index("ix_reader_imports_at", "at"),
)

# What was uploaded, until all of it is imported: in the store, since another machine may go on with it.
reader_import_pieces = Table(
    "reader_import_pieces",
    metadata,
    Column("import", String(16), ForeignKey("reader_imports.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)

# Rows that were not taken, to be handed back with the reason.
reader_import_refusals = Table(
    "reader_import_refusals",
    metadata,
    _id(),
    Column("import", String(16), ForeignKey("reader_imports.id", ondelete="CASCADE"), nullable=False),
    Column("trial", Boolean, nullable=False),
    Column("sheet", Text, nullable=False),
    Column("line", Integer, nullable=False),
    Column("value", Text, nullable=False),
    Column("reason", Said, nullable=False),
    Column("cells", Json, nullable=False),
    Index("ix_reader_import_refusals_import", "import", "trial", "id"),
    sqlite_autoincrement=True,
)

# Who works at the desk. Nobody is ever deleted: their names stand on the record.
users = Table(
    "users",
    metadata,
    _id(),
    Column("name", String(200), nullable=False),
    # Of two names that look alike one is taken (bot.accounts.names).
    Column("name_key", String(400), nullable=False),
    Column("address", Text, nullable=False),
    Column("address_key", Text, nullable=False),
    Column("role", String(12), nullable=False),
    Column("language", String(8), nullable=False, server_default=""),
    Column("scheme", String(8), nullable=False, server_default=""),
    Column("shortcuts", Boolean, nullable=False, server_default=true()),
    # Argon2id, in the form that carries its own parameters.
    Column("password", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("disabled", Moment),
    UniqueConstraint("name_key"),
    UniqueConstraint("address_key"),
    sqlite_autoincrement=True,
)

# Who is logged in. The cookie holds what `hash` is the SHA-256 of.
sessions = Table(
    "sessions",
    metadata,
    _id(),
    Column("hash", String(64), nullable=False),
    Column("user", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("created", Moment, nullable=False),
    # To some minutes: not each page is worth a write.
    Column("seen", Moment, nullable=False),
    # Whether the cookie outlives the browser.
    Column("kept", Boolean, nullable=False),
    Column("browser", String(200), nullable=False, server_default=""),
    Column("network", String(50), nullable=False, server_default=""),
    UniqueConstraint("hash"),
    Index("ix_sessions_user", "user"),
    Index("ix_sessions_seen", "seen"),
    sqlite_autoincrement=True,
)

# Links that let somebody in, once: to join the desk, or to choose a new password.
invitations = Table(
    "invitations",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("purpose", String(8), nullable=False),
    Column("address", Text, nullable=False),
    Column("address_key", Text, nullable=False),
    Column("name", String(200), nullable=False, server_default=""),
    # Of who joins; "" where somebody has it already.
    Column("role", String(12), nullable=False, server_default=""),
    Column("language", String(8), nullable=False, server_default=""),
    Column("by", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("ends", Moment, nullable=False),
    # When its mail is to go out next; null: none is, or none is any more.
    Column("due", Moment),
    Column("mailed", Moment),
    # Why its mail did not go out, "" while nothing was wrong.
    Column("fault", Said, nullable=False, server_default=""),
    Column("used", Moment),
    Index("ix_invitations_due", "due"),
    Index("ix_invitations_address_key", "address_key"),
    Index("ix_invitations_created", "created"),
)

# Keys of other programs (`bst_…`), of which only the SHA-256 is kept.
api_tokens = Table(
    "api_tokens",
    metadata,
    _id(),
    Column("hash", String(64), nullable=False),
    Column("user", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(200), nullable=False),
    # Its last characters, to know it again by.
    Column("tail", String(4), nullable=False),
    Column("scope", String(12), nullable=False),
    Column("created", Moment, nullable=False),
    Column("ends", Moment, nullable=False),
    Column("used", Moment),
    Column("revoked", Moment),
    UniqueConstraint("hash"),
    Index("ix_api_tokens_user", "user"),
    sqlite_autoincrement=True,
)

# --- Deliveries and numbers (0017)

# Why deliveries of a chunk were not accepted, counted whenever the chunk is: a page of a million deliveries reads
# these few rows. A chunk that is being worked on has those of before, which nobody reads.
reasons = Table(
    "reasons",
    metadata,
    Column("chunk", Id, ForeignKey("chunks.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    # "deferred", "failed" or "unknown".
    Column("state", String(12), nullable=False),
    Column("code", Integer, nullable=False),
    Column("enhanced", String(12), nullable=False),
    # The answer without what is one reader's alone, cut.
    Column("said", Text, nullable=False),
    # Of the readers; "" for the many of which few each have.
    Column("domain", Text, nullable=False),
    Column("number", Integer, nullable=False),
    # When the first of them is tried again.
    Column("due", Moment),
)

# The sums of an edition that went out, reckoned now and then (bot.store.figures). ``reckoned`` is NULL when they were
# changed since; ``unsubscribed`` is counted as it happens, and NULL where nobody counted.
edition_figures = Table(
    "edition_figures",
    metadata,
    Column("edition", String(16), ForeignKey("editions.id", ondelete="CASCADE"), primary_key=True),
    Column("reckoned", Moment),
    # All deliveries by state; the columns below are of mail alone.
    Column("states", Json, nullable=False),
    Column("readers", Integer, nullable=False, server_default="0"),
    Column("accepted", Integer, nullable=False, server_default="0"),
    Column("failed", Integer, nullable=False, server_default="0"),
    Column("unknown", Integer, nullable=False, server_default="0"),
    Column("bounced", Integer, nullable=False, server_default="0"),
    Column("complaints", Integer, nullable=False, server_default="0"),
    Column("unsubscribed", Integer),
    # NULL while clicks are not counted.
    Column("clicks", Integer),
)

# How many readers each audience had at the end of a day of the newsroom, and how many left it on that day.
audience_days = Table(
    "audience_days",
    metadata,
    Column("audience", String(100), primary_key=True),
    # ISO 8601.
    Column("day", String(10), primary_key=True),
    Column("readers", Integer, nullable=False),
    Column("left", Integer, nullable=False),
    Column("counted", Moment, nullable=False),
)

# --- articles on the desk (0019) ---

# What the list of articles is searched by: small rows beside the wide ones of articles (bot.store.headlines).
headlines = Table(
    "headlines",
    metadata,
    Column("article", Id, ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("source", String(100), nullable=False),
    Column("published", Moment, nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    # Case folded; the sections each between line ends.
    Column("title", Text, nullable=False),
    Column("sections", Text, nullable=False),
    Index("ix_headlines_published", "published", "article"),
    Index("ix_headlines_source", "source", "published", "article"),
)

# What of an edition's stories changed after it was sent, and what an editor decided of it (bot.model.change).
changes = Table(
    "changes",
    metadata,
    Column("article", Id, ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("edition", String(16), ForeignKey("editions.id", ondelete="CASCADE"), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Column("title", Text, nullable=False),
    Column("what", Said, nullable=False),
    Column("was", Text, nullable=False),
    Column("now", Text, nullable=False),
    # "" until somebody decides.
    Column("decided", String(12), nullable=False, server_default=""),
    Column("who", Text, nullable=False, server_default=""),
    Column("decided_at", Moment),
    Index("ix_changes_decided", "decided", "at"),
)

# What an edition told its readers, version by version (bot.model.EditionVersion), since it was changed or approved
# first.
edition_versions = Table(
    "edition_versions",
    metadata,
    Column("edition", String(16), ForeignKey("editions.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Said, nullable=False),
    Column("told", Json, nullable=False),
    # When it was approved last, by whom, and what they said; NULL and "": never.
    Column("approved", Moment),
    Column("approver", Text, nullable=False, server_default=""),
    Column("note", Said, nullable=False, server_default=""),
)

# Findings in an editor's words that an approver let stand (bot.model.Overruling).
overrulings = Table(
    "overrulings",
    metadata,
    Column("edition", String(16), ForeignKey("editions.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(32), primary_key=True),
    Column("who", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("note", Said, nullable=False),
)

# --- The API (0020)

# What a token did under an Idempotency-Key, and the answer, given again to a call that is repeated.
api_calls = Table(
    "api_calls",
    metadata,
    Column("token", Id, ForeignKey("api_tokens.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("key", String(255), primary_key=True),
    # SHA-256 of the request.
    Column("digest", String(64), nullable=False),
    Column("began", Moment, nullable=False),
    # The answer's; 0 while it is being done.
    Column("status", Integer, nullable=False, server_default="0"),
    Column("kind", String(100), nullable=False, server_default=""),
    Column("body", LargeBinary, nullable=False),
    Index("ix_api_calls_began", "began"),
)

# --- Programs that are told of events (0021)

# Where events are told (bot.model.Endpoint). Who tells one holds its lease, so that it is told in order.
endpoints = Table(
    "endpoints",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("name", String(200), nullable=False),
    Column("url", Text, nullable=False),
    # Both sealed; the one before signs too, until then.
    Column("secret", Text, nullable=False),
    Column("before", Text, nullable=False, server_default=""),
    Column("before_until", Moment),
    # A list of types.
    Column("types", Json, nullable=False),
    Column("by", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("disabled", Moment),
    Column("why", String(12), nullable=False, server_default=""),
    Column("failing", Moment),
    Column("rests", Moment),
    Column("code", Integer, nullable=False, server_default="0"),
    Column("said", Text, nullable=False, server_default=""),
    Column("answered", Moment),
    Column("lease", String(32), nullable=False, server_default=""),
    Column("lease_until", Moment),
    sqlite_autoincrement=True,
)

# What happened and somebody wants to be told of, written in the transaction in which it did.
outbox = Table(
    "outbox",
    metadata,
    # In the order of what happened, as well as can be.
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("message", String(40), nullable=False),
    Column("type", String(40), nullable=False),
    Column("at", Moment, nullable=False),
    Column("data", Json, nullable=False),
    # Whose address stands in ``data``; "" without.
    Column("address_hash", String(64), nullable=False, server_default=""),
    UniqueConstraint("message"),
    Index("ix_outbox_at", "at"),
    Index("ix_outbox_address_hash", "address_hash"),
    sqlite_autoincrement=True,
)

# How far each endpoint was told of each event. ``due`` is NULL when it is not told any more.
endpoint_calls = Table(
    "endpoint_calls",
    metadata,
    Column("endpoint", Id, ForeignKey("endpoints.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("event", Id, ForeignKey("outbox.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("state", String(12), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("due", Moment),
    Column("tried", Moment),
    Column("code", Integer, nullable=False, server_default="0"),
    Column("said", Text, nullable=False, server_default=""),
    Index("ix_endpoint_calls_due", "endpoint", "due"),
    Index("ix_endpoint_calls_event", "event"),
)

# --- Reactions to posts (0022)

# Posts that stand on networks that tell how followers reacted (bot.model.reactions), what they told last, and when they
# are asked next (NULL: no more). An edit and its post are one: the network's name for it comes once.
measured_posts = Table(
    "measured_posts",
    metadata,
    Column("delivery", Id, primary_key=True, autoincrement=False),
    Column("edition", String(16), ForeignKey("editions.id", ondelete="CASCADE"), nullable=False),
    Column("channel", String(100), nullable=False),
    Column("subject", String(40), nullable=False),
    Column("post", String(500), nullable=False),
    Column("sent", Moment, nullable=False),
    # NULL: the network does not tell.
    Column("likes", BigInteger),
    Column("reposts", BigInteger),
    Column("replies", BigInteger),
    Column("quotes", BigInteger),
    Column("views", BigInteger),
    Column("looked", Moment),
    Column("due", Moment),
    Column("gone", Moment),
    Column("first_day", BigInteger),
    UniqueConstraint("channel", "post"),
    Index("ix_measured_posts_edition", "edition"),
    Index(
        "ix_measured_posts_due",
        "channel",
        "due",
        sqlite_where=text("due IS NOT NULL"),
        postgresql_where=text("due IS NOT NULL"),
    ),
)

# What is known of asking a channel's network. ``not_before`` is the lease too: whoever asks moves it ahead.
measurements = Table(
    "measurements",
    metadata,
    Column("channel", String(100), primary_key=True),
    Column("not_before", Moment),
    Column("refused", Text, nullable=False, server_default=""),
    Column("at", Moment),
)
