"""``[bounces]``: where what comes back is read from, and what follows from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, StrictInt
from pydantic_core import PydanticCustomError

from bot.settings.check import with_secrets
from bot.settings.kinds import Duration, Keeping, LocalPath, Table, at_least

REPLAYS = timedelta(days=3)
"""A signed webhook older than this is refused: no provider tries for longer, and its event may be pruned one day."""
_SHORTEST = timedelta(days=7)


def _known_for_long(kept: timedelta | None) -> timedelta | None:
    if kept is not None and kept < _SHORTEST:
        raise PydanticCustomError("duration", "at least 7d: a report that comes again must still be known")
    return kept


def _topic(value: str) -> str:
    if not re.fullmatch(r"arn:aws(-cn|-us-gov)?:sns:[a-z0-9-]{3,30}:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?", value):
        raise PydanticCustomError("topic", 'a topic is its ARN: "arn:aws:sns:eu-west-1:123456789012:bounces"')
    return value


Topic = Annotated[str, AfterValidator(_topic)]


class ImapTable(Table):
    """A mailbox that bounces go to, read over IMAP."""

    host: str = Field(min_length=1, description="The IMAP server.")
    port: StrictInt = Field(993, ge=1, le=65535, description="Its port.")
    security: Literal["tls", "starttls", "none"] = Field(
        "tls", description="`none` is for a server on this machine only."
    )
    username: str = Field(min_length=1, description="The login.")
    password: SecretStr = Field(description="Its password.")
    folder: str = Field("INBOX", min_length=1, description="The folder that is read.")
    done: str = Field("Processed", min_length=1, description="Where what is on record goes; made when it is missing.")
    other: str = Field(
        "Other", min_length=1, description="Where mail goes that reports nothing: a person should look at it."
    )
    ca_file: str = Field("", description="PEM file of certificates to trust; the machine's when left out.")
    timeout: Annotated[Duration, at_least(timedelta(seconds=1))] = Field(
        timedelta(seconds=60), description="Longest wait for an answer."
    )


class SesTable(Table):
    """Amazon SES, whose bounces and complaints come by SNS to `/hooks/ses`."""

    topics: tuple[Topic, ...] = Field(min_length=1, description="ARNs of the topics that are believed.")


class PostmarkTable(Table):
    """Postmark's webhooks at `/hooks/postmark`: they log in by HTTP Basic."""

    username: str = Field("postmark", min_length=1, description="The login that stands in the webhook's URL.")
    password: SecretStr = Field(min_length=16, description="Its password, 16 characters at least.")


class MailgunTable(Table):
    """Mailgun's webhooks at `/hooks/mailgun`."""

    signing_key: SecretStr = Field(min_length=16, description="The account's HTTP webhook signing key.")


class SendgridTable(Table):
    """SendGrid's signed event webhook at `/hooks/sendgrid`."""

    verification_key: str = Field(
        min_length=80, description="The public key that SendGrid shows for it, base64 on one line."
    )


class BouncesTable(Table):
    """What comes back: where it is read from, and what follows. See docs/intake.md."""

    maildir: LocalPath | None = Field(
        None, description="A Maildir that the mail server delivers bounces to. Nothing in it is deleted."
    )
    every: Annotated[Duration, at_least(timedelta(seconds=10))] = Field(
        timedelta(minutes=5), description="How often `up` and `scheduler` look into it."
    )
    soft_run: StrictInt = Field(
        5, ge=2, le=100, description="After soft bounces of so many editions in a row a reader is suppressed …"
    )
    soft_over: Duration = Field(timedelta(days=7), description="… when they are spread over at least this time.")
    keep: Annotated[Keeping, AfterValidator(_known_for_long)] = Field(
        timedelta(days=365),
        description='How long it is kept what came back (7d at least, or `"forever"`). Suppressions stay.',
    )
    imap: ImapTable | None = Field(None, description="A mailbox read over IMAP.")
    ses: SesTable | None = Field(None, description="Amazon SES.")
    postmark: PostmarkTable | None = Field(None, description="Postmark.")
    mailgun: MailgunTable | None = Field(None, description="Mailgun.")
    sendgrid: SendgridTable | None = Field(None, description="SendGrid.")


SERVICES: Mapping[str, type[Table]] = {
    "imap": ImapTable,
    "ses": SesTable,
    "postmark": PostmarkTable,
    "mailgun": MailgunTable,
}


def with_bounce_secrets(raw: Mapping[str, Any], *, file: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """The whole configuration with the secrets of ``[bounces.NAME]`` filled in: ``BROADSHEET_BOUNCES_NAME_FIELD``.

    Raises ``SettingsError``.
    """
    bounces = raw.get("bounces")
    if not isinstance(bounces, Mapping):
        return dict(raw)
    filled = dict(bounces)
    for name, model in SERVICES.items():
        table = bounces.get(name)
        if isinstance(table, Mapping):
            filled[name] = with_secrets(
                model, table, file=file, at=f"bounces.{name}", name=f"bounces_{name}", environment=environment
            )
    return {**raw, "bounces": filled}
