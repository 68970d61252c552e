"""Whose export a file is, told by its columns, and what those mean.

- Mailchimp: one file for each state (`subscribed_…`, `unsubscribed_…`, `cleaned_…`, `nonsubscribed_…`), none of which
  has a column that names it; `UNSUB_TIME` and `CLEAN_TIME` stand after `MEMBER_RATING` in those two. Columns as in
  public exports, e.g. the fixtures of HoneyFormat; checked 2026-11-26 (Mailchimp’s own page was not).
- listmonk: `ExportSubscribers` in `cmd/subscribers.go`, checked 2026-11-26.
- Ghost: `ghost/members-csv/lib/unparse.js` and the end-to-end tests of the members export, checked 2026-11-26.
- Buttondown: the subscriber's fields (docs.buttondown.com/api-subscribers-introduction), the columns of its list
  (…/subscriber-dashboard) and the types (buttondown/openapi, `enums.json`), checked 2026-11-26; no export was at hand.
- MailPoet: `lib/Subscribers/ImportExport` (`ImportExportFactory.php`, `Export.php`), checked 2026-11-26. It writes
  heads in the site's language: those in English are known, for others ``--map`` tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SUBSCRIBED = "subscribed"
UNSUBSCRIBED = "unsubscribed"
UNCONFIRMED = "unconfirmed"
BLOCKED = "blocked"

EVERYWHERE = frozenset({"cleaned", "bounced", "complaint", BLOCKED})
"""What was learned of the mailbox or said against the newsroom: it holds for all audiences."""

HERE = frozenset({UNSUBSCRIBED, "disabled"})
"""What was said of one list: it holds for the audience that is imported into."""

FIELDS = (
    "email", "name", "first_name", "last_name", "status", "list_status", "subscribed", "requested", "confirmed", "ip",
    "requested_ip", "tags", "left", "cleaned", "deleted", "language", "note", "agreed", "agreed_or_empty",
)  # fmt: skip
"""What a column can mean; ``--map FIELD=COLUMN`` says which. None guesses ``language`` and ``note``, the consent's.

``agreed`` is a yes or no, where an empty cell is a no; in ``agreed_or_empty`` it is a yes.
"""

_STATES = {
    "subscribed": SUBSCRIBED,
    "active": SUBSCRIBED,
    "enabled": SUBSCRIBED,
    "confirmed": SUBSCRIBED,
    "unsubscribed": UNSUBSCRIBED,
    "unconfirmed": UNCONFIRMED,
    "pending": UNCONFIRMED,
    "nonsubscribed": UNCONFIRMED,
    "cleaned": "cleaned",
    "bounced": "bounced",
    "complaint": "complaint",
    "complained": "complaint",
    "blocked": BLOCKED,
    "blocklisted": BLOCKED,
    "disabled": "disabled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A program's export. ``marks`` are columns that all stand in it; ``columns`` say which column a field may be."""

    name: str
    marks: frozenset[str]
    columns: Mapping[str, Sequence[str]]
    states: Mapping[str, str] = field(default_factory=lambda: _STATES)
    dated: bool = True
    """Whether who subscribed there has a date: without one they never did."""
    backslashes: bool = False


_NAMES = {"first_name": ("first name", "first_name", "firstname"), "last_name": ("last name", "last_name", "lastname")}

PLAIN = Origin(
    name="",
    marks=frozenset(),
    columns={
        "email": ("email", "e-mail", "email address", "e-mail address", "mail", "address"),
        "name": ("name", "full name"),
        **_NAMES,
        "subscribed": ("subscribed",),
        "status": ("status", "state"),
        "left": ("unsub_time", "unsubscribed_at", "unsubscribed at", "unsubscribe_date", "unsubscription_date"),
        "cleaned": ("clean_time", "cleaned_at", "bounced_at", "bounced at", "undeliverability_date"),
    },
    dated=False,
)
"""Any other file: also one of a program above that lost the columns by which it is known."""

ORIGINS = (
    Origin(
        name="mailchimp",
        # Others are often cut from it in a spreadsheet.
        marks=frozenset({"member_rating"}),
        columns={
            "email": ("email address", "email", "e-mail"),
            "name": ("name", "full name"),
            **_NAMES,
            "requested": ("optin_time",),
            "requested_ip": ("optin_ip",),
            "confirmed": ("confirm_time",),
            "ip": ("confirm_ip",),
            "left": ("unsub_time",),
            "cleaned": ("clean_time",),
            "tags": ("tags",),
        },
    ),
    Origin(
        name="listmonk",
        marks=frozenset({"uuid", "email", "attributes", "status", "created_at", "updated_at"}),
        columns={
            "email": ("email",),
            "name": ("name",),
            "status": ("status",),
            "subscribed": ("created_at",),
            "left": ("updated_at",),
        },
        states={"enabled": SUBSCRIBED, "disabled": "disabled", "blocklisted": BLOCKED},
    ),
    Origin(
        name="ghost",
        marks=frozenset({"email", "subscribed_to_emails", "complimentary_plan", "created_at"}),
        columns={
            "email": ("email",),
            "name": ("name",),
            "status": ("subscribed_to_emails",),
            "subscribed": ("created_at",),
            "deleted": ("deleted_at",),
            "tags": ("labels",),
        },
        states={"true": SUBSCRIBED, "false": UNSUBSCRIBED, "": UNSUBSCRIBED},
    ),
    Origin(
        name="buttondown",
        marks=frozenset({"email_address", "type", "creation_date"}),
        columns={
            "email": ("email_address",),
            "status": ("type",),
            "subscribed": ("creation_date",),
            "ip": ("ip_address",),
            "left": ("unsubscription_date",),
            "cleaned": ("undeliverability_date",),
            "tags": ("tags",),
        },
        states={
            **dict.fromkeys(
                ("regular", "premium", "trialed", "unpaid", "gifted", "churning", "churned", "paused", "past_due"),
                SUBSCRIBED,
            ),
            "unactivated": UNCONFIRMED,
            "unsubscribed": UNSUBSCRIBED,
            "removed": UNSUBSCRIBED,
            "undeliverable": "bounced",
            "complained": "complaint",
            "spammy": BLOCKED,
            "blocked": BLOCKED,
        },
    ),
    Origin(
        name="mailpoet",
        marks=frozenset({"email", "global status", "list status"}),
        columns={
            "email": ("email",),
            **_NAMES,
            "status": ("global status",),
            "list_status": ("list status",),
            "requested": ("subscription time",),
            "requested_ip": ("subscription ip",),
            "confirmed": ("confirmation time",),
            "ip": ("confirmation ip",),
        },
        # Who is `inactive` has not opened a mail for months; they are subscribed all the same.
        states={**_STATES, "inactive": SUBSCRIBED},
        # `"Ida \\"Joy\\" Roe"`: Export.php puts backslashes before quotation marks.
        backslashes=True,
    ),
)


def origin_of(columns: Sequence[str]) -> Origin:
    """Whose export has these columns (in small letters); ``PLAIN`` when nobody's that is known."""
    return next((each for each in ORIGINS if each.marks <= set(columns)), PLAIN)


def places(columns: Sequence[str], origin: Origin, mapped: Mapping[str, str]) -> dict[str, int]:
    """Where each field of ``origin`` stands. ``mapped`` says it of some by their columns ("": by none).

    Raises ``KeyError`` with a column that is not there.
    """
    found: dict[str, int] = {}
    for name in FIELDS:
        if name in mapped:
            if not mapped[name]:
                continue
            wanted = mapped[name].strip().casefold()
            if wanted not in columns:
                raise KeyError(mapped[name])
            found[name] = columns.index(wanted)
            continue
        candidates = [each for each in origin.columns.get(name, ()) if each in columns]
        if candidates:
            found[name] = _last(columns, candidates[0]) if origin.name == "mailchimp" else columns.index(candidates[0])
    return found


def _last(columns: Sequence[str], name: str) -> int:
    # Newsrooms have merge fields of the same names, which stand before Mailchimp's own columns.
    return len(columns) - 1 - list(reversed(columns)).index(name) if name.endswith("_time") else columns.index(name)


def named_state(sheet: str) -> str:
    """The state that Mailchimp's name of a file says, "" when it says none or that they are subscribed."""
    stem = sheet.rpartition("/")[2].casefold()
    return next((_STATES[word] for word in ("nonsubscribed", "unsubscribed", "cleaned") if stem.startswith(word)), "")


def sheet_state(origin: Origin, columns: Sequence[str], sheet: str) -> str:
    """The state that a whole file of ``origin`` is of, "" when each row says its own; ``sheet`` is the file's name."""
    if origin.name != "mailchimp":
        return ""
    if named := named_state(sheet):
        return named
    own = columns[list(columns).index("member_rating") :]
    if "clean_time" in own:
        return "cleaned"
    return UNSUBSCRIBED if "unsub_time" in own else SUBSCRIBED
