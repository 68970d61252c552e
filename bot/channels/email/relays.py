"""What a relay does to us, as data: which headers it keeps, how it names a message, where its events say that name.

Each profile names its vendor's page, and when it was looked at (in a stored copy; "": it was not). ``unverified`` names
the fields that no page of the vendor's settled: they hold what logs and other programs report, or the careful answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

CHECKED = "2026-11-25"
MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Relay:
    """A kind of submission server.

    ``hosts`` are patterns of host names. ``keeps_sender``: the envelope sender stays ours, so bounces come to us and
    VERP works. ``signs_dkim``: it signs for our domain once that is set up there, so we need not. ``spf``: the domain
    whose SPF record names its servers, to be included in that of the envelope sender.

    ``ids`` find its name for a message in the text of its 250, the first that fits; none: it knows the message by our
    Message-ID. ``event_id`` is where its events carry that name, a path with dots. ``foreign`` is what the name has in
    one place and lacks in the other. ``token_header`` carries a delivery's token (in the place of ``{token}``) to its
    events, which return it at ``event_token``: surer than the name, where both are there.

    ``headers`` are worth setting on each mail; for ``optional_headers`` the newsroom may have a value.
    ``largest`` is in bytes; ``connections`` and ``per_connection`` are the most it takes; None: it names no limit.
    """

    name: str
    page: str
    checked: str = ""
    hosts: tuple[str, ...] = ()
    keeps_message_id: bool = True
    keeps_date: bool = True
    keeps_sender: bool = True
    signs_dkim: bool = False
    spf: str = ""
    ids: tuple[str, ...] = ()
    event_id: str = ""
    foreign: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    token_header: tuple[str, str] | None = None
    event_token: str = ""
    optional_headers: tuple[str, ...] = ()
    largest: int | None = None
    connections: int | None = None
    per_connection: int | None = None
    unverified: tuple[str, ...] = ()


_QUEUED = r"\bqueued as <?([^\s<>]+)>?"
_EXIM = r"\bid=([\w.-]+)"
_EXCHANGE = r"<([^<>\s]+)>.*(\bqueued\b|\[hostname=)"
_SENDMAIL = r"^([\w.-]+) message accepted"
_SES = r"^ok:? ([0-9a-f]{8,}[\w.-]*)$"
_GMAIL = r"^ok:? +\d+ (\S+) - gsmtp"

GENERIC = Relay(
    "generic",
    "https://www.rfc-editor.org/rfc/rfc6409#section-8",
    ids=(_QUEUED, _EXIM, _EXCHANGE, _SENDMAIL, _SES, _GMAIL),
)
"""A server we know nothing of: RFC 6409 lets it add what is missing, and change no more."""

RELAYS = (
    GENERIC,
    Relay("postfix", "https://www.postfix.org/postconf.5.html#enable_long_queue_ids", ids=(_QUEUED,)),
    Relay("exim", "https://www.exim.org/exim-html-current/doc/html/spec_html/", ids=(_EXIM,)),
    Relay(
        "sendmail",
        "https://www.proofpoint.com/us/products/email-protection/open-source-email-solution",
        ids=(_SENDMAIL,),
        unverified=("ids",),
    ),
    Relay(
        "ses",
        "https://docs.aws.amazon.com/ses/latest/dg/header-fields.html",
        checked=CHECKED,
        hosts=("email-smtp.*.amazonaws.com", "email-smtp-fips.*.amazonaws.com", "email-smtp.*.amazonaws.com.cn"),
        keeps_message_id=False,
        keeps_date=False,
        keeps_sender=False,
        signs_dkim=True,
        spf="amazonses.com",
        ids=(_SES,),
        event_id="mail.messageId",
        foreign=r"@([\w-]+\.)*amazonses\.com$",
        optional_headers=("X-SES-CONFIGURATION-SET", "X-SES-MESSAGE-TAGS"),
        largest=40 * MEBIBYTE,
        unverified=("largest",),
    ),
    Relay(
        "mailgun",
        "https://documentation.mailgun.com/en/latest/api-sending.html",
        checked=CHECKED,
        hosts=("smtp.mailgun.org", "smtp.*.mailgun.org"),
        keeps_sender=False,
        signs_dkim=True,
        spf="mailgun.org",
        event_id="event-data.message.headers.message-id",
        headers=(("X-Mailgun-Track", "no"),),
        token_header=("X-Mailgun-Variables", '{"token": "{token}"}'),
        event_token="event-data.user-variables.token",
        optional_headers=("X-Mailgun-Tag",),
        largest=25 * MEBIBYTE,
        unverified=("keeps_date", "keeps_sender", "event_id", "spf"),
    ),
    Relay(
        "postmark",
        "https://postmarkapp.com/developer/user-guide/send-email-with-smtp",
        checked=CHECKED,
        hosts=("smtp.postmarkapp.com", "smtp-broadcasts.postmarkapp.com"),
        keeps_date=False,
        keeps_sender=False,
        signs_dkim=True,
        spf="spf.mtasv.net",
        ids=(_QUEUED,),
        event_id="MessageID",
        # Without X-PM-KeepID it replaces the Message-ID; without a stream a newsletter goes out as transactional mail.
        headers=(
            ("X-PM-Message-Stream", "broadcast"),
            ("X-PM-KeepID", "true"),
            ("X-PM-TrackOpens", "false"),
            ("X-PM-TrackLinks", "None"),
        ),
        token_header=("X-PM-Metadata-token", "{token}"),
        event_token="Metadata.token",
        optional_headers=("X-PM-Tag",),
        largest=10 * MEBIBYTE,
        unverified=("keeps_date", "keeps_sender", "ids", "largest", "spf"),
    ),
    Relay(
        "sendgrid",
        "https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event",
        checked=CHECKED,
        hosts=("smtp.sendgrid.net", "smtp.eu.sendgrid.net"),
        keeps_sender=False,
        signs_dkim=True,
        spf="sendgrid.net",
        ids=(_QUEUED,),
        event_id="sg_message_id",
        # The event's name goes on with the filter that took the message.
        foreign=r"\.(filter|recvd).*$",
        token_header=(
            "X-SMTPAPI",
            '{"unique_args": {"token": "{token}"}, "filters": {"clicktrack": {"settings": {"enable": 0}}, '
            '"opentrack": {"settings": {"enable": 0}}, "subscriptiontrack": {"settings": {"enable": 0}}}}',
        ),
        event_token="token",
        largest=30 * MEBIBYTE,
        unverified=("keeps_message_id", "keeps_date", "ids", "foreign", "largest", "spf"),
    ),
    Relay(
        "sparkpost",
        "https://developers.sparkpost.com/api/smtp",
        checked=CHECKED,
        hosts=("smtp.sparkpostmail.com", "smtp.*.sparkpostmail.com"),
        keeps_sender=False,
        signs_dkim=True,
        spf="sparkpostmail.com",
        ids=(r"^ok:? ([\w./-]+)$",),
        event_id="msys.message_event.message_id",
        token_header=(
            "X-MSYS-API",
            '{"metadata": {"token": "{token}"}, "options": {"open_tracking": false, "click_tracking": false}}',
        ),
        event_token="msys.message_event.rcpt_meta.token",
        largest=20 * MEBIBYTE,
        connections=10,
        per_connection=100,
        unverified=("keeps_message_id", "keeps_date", "keeps_sender", "ids", "event_id", "largest", "spf"),
    ),
    Relay(
        "brevo",
        "https://developers.brevo.com/docs/smtp-integration",
        checked=CHECKED,
        hosts=("smtp-relay.brevo.com", "smtp-relay.sendinblue.com"),
        keeps_sender=False,
        signs_dkim=True,
        spf="spf.brevo.com",
        ids=(_QUEUED,),
        event_id="message-id",
        # Its events return this header as it came, so it holds nothing but the token.
        token_header=("X-Mailin-custom", "{token}"),
        event_token="X-Mailin-custom",
        optional_headers=("X-Mailin-Tag",),
        unverified=("keeps_message_id", "keeps_date", "keeps_sender", "ids", "event_id", "event_token", "spf"),
    ),
    Relay(
        "mailjet",
        "https://dev.mailjet.com/docs/smtp_relay/custom_headers",
        checked=CHECKED,
        hosts=("in-v3.mailjet.com", "in.mailjet.com"),
        keeps_sender=False,
        signs_dkim=True,
        spf="spf.mailjet.com",
        ids=(_QUEUED,),
        # Its answer names a queue, its events a number or a UUID of their own: the token is what both know.
        headers=(("X-Mailjet-TrackOpen", "0"), ("X-Mailjet-TrackClick", "0")),
        token_header=("X-MJ-CustomID", "{token}"),
        event_token="CustomID",
        optional_headers=("X-Mailjet-Campaign",),
        largest=15 * MEBIBYTE,
        unverified=("keeps_message_id", "keeps_date", "largest", "spf"),
    ),
    Relay(
        "google",
        "https://support.google.com/a/answer/3726730",
        checked=CHECKED,
        hosts=("smtp.gmail.com", "smtp-relay.gmail.com", "aspmx.l.google.com"),
        signs_dkim=True,
        spf="_spf.google.com",
        ids=(_GMAIL,),
        largest=25 * MEBIBYTE,
        unverified=("keeps_message_id", "keeps_date", "keeps_sender", "largest", "spf"),
    ),
    Relay(
        "office365",
        "https://techcommunity.microsoft.com/t5/exchange-team-blog/"
        "changes-coming-to-the-smtp-authenticated-submission-client/ba-p/607825",
        checked=CHECKED,
        hosts=("smtp.office365.com", "smtp-mail.outlook.com", "*.mail.protection.outlook.com"),
        keeps_sender=False,
        signs_dkim=True,
        spf="spf.protection.outlook.com",
        ids=(_EXCHANGE,),
        connections=3,
        unverified=("keeps_message_id", "keeps_date", "keeps_sender", "spf"),
    ),
)


def relay_for(host: str) -> Relay:
    """The profile that the name of the server suggests; ``GENERIC`` when none does."""
    name = host.strip().lower().rstrip(".")
    for relay in RELAYS:
        if any(fnmatchcase(name, pattern) for pattern in relay.hosts):
            return relay
    return GENERIC


def relay_named(name: str) -> Relay | None:
    """The profile of that name."""
    return next((relay for relay in RELAYS if relay.name == name), None)


def provider_id(relay: Relay, reply_text: str) -> str:
    """The relay's name for a message it took, from the text of its 250 (without codes); "" when it gives none."""
    text = reply_text.strip()
    for pattern in relay.ids:
        found = _compiled(pattern).search(text)
        if found:
            return event_key(relay, found[1])
    return ""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.I)


def event_key(relay: Relay, value: str) -> str:
    """A name as its answer or its event has it, in the one form in which the two compare equal."""
    key = value.strip().strip("<>").strip()
    return re.sub(relay.foreign, "", key) if relay.foreign else key
