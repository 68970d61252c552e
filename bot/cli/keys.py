"""``keys``: what signs our mails."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from bot.channels.email.options import SELECTOR_RULE, EmailOptions, is_selector
from bot.channels.email.signing_key import SigningKey
from bot.cli.command import Session, command
from bot.clock import system_clock
from bot.errors import NotFound, StateError, UsageError
from bot.settings import Settings, load_settings, nearest, secret_variable


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Keys that sign mails.", no_args_is_help=True)
    command(group)(dkim)
    app.add_typer(group, name="keys")


def dkim(
    session: Session,
    channel: Annotated[str, typer.Option("--channel", help="A mail channel; needed where there are several.")] = "",
    selector: Annotated[
        str, typer.Option("--selector", help="The record's own name; bs and today's date without it.")
    ] = "",
    ed25519: Annotated[
        bool, typer.Option("--ed25519", help="An Ed25519 key, to sign beside the RSA key, not in its place.")
    ] = False,
) -> None:
    """Makes a DKIM key beside .env and prints the DNS record to publish and the settings to add. Sends nothing."""
    settings = load_settings(session.config)
    name = _mail_channel(settings, channel)
    field = "dkim_ed25519" if ed25519 else "dkim"
    selector = selector or f"bs{system_clock():%Y%m%d}{'e' if ed25519 else ''}"
    if not is_selector(selector):
        raise UsageError(f'"{selector}": {SELECTOR_RULE}')
    options = settings.table(EmailOptions, "channels", name)
    if selector.lower() in (options.dkim_selector.lower(), options.dkim_ed25519_selector.lower()):
        raise StateError(f"the selector {selector} is in use; a new key needs a new one, name it with --selector")
    key = SigningKey.new(options.signing_domain, selector, ed25519=ed25519)
    file = _written(session.config / f"dkim-{selector}.pem", key.pem)
    record = key.record
    setting = f'{field}_selector = "{selector}"'
    line = f"{secret_variable(name, f'{field}_key')}_FILE={_quoted(str(file.resolve()))}"
    session.out.say(f"written: {file} (the private key: keep it secret, and in your backup)")
    session.out.say(f"\n1. Publish this TXT record in the DNS of {key.domain}:")
    session.out.say(f"\nname   {record.name}\nvalue  {record.value}")
    session.out.say(f"\n   or, as a line of a zone file:\n\n{record.zone_line}")
    session.out.say(f"\n2. As soon as `dig +short TXT {record.name}` shows it, add to {settings.file}:")
    session.out.say(f"\n[channels.{name}]\n{setting}")
    session.out.say(f"\n3. and to {session.config / '.env'}:\n\n{line}")
    session.out.value(
        {
            "channel": name,
            "algorithm": key.algorithm,
            "domain": key.domain,
            "selector": selector,
            "file": file,
            "record": {
                "name": record.name,
                "value": record.value,
                "strings": record.strings,
                "zone_line": record.zone_line,
            },
            "setting": setting,
            "env": line,
        }
    )


def _mail_channel(settings: Settings, asked: str) -> str:
    mail = [name for name, table in settings.channels.items() if table.get("type") == "email"]
    there = f"there are: {', '.join(mail) or 'none'}"
    if asked and asked not in mail:
        raise NotFound(f'there is no mail channel "{asked}"{nearest(asked, mail)}; {there}')
    if not mail:
        raise NotFound(f'{settings.file}: no channel sends mail; add one of the type "email" first')
    if not asked and len(mail) > 1:
        raise UsageError(f"several channels send mail; name one with --channel; {there}")
    return asked or mail[0]


def _written(file: Path, text: str) -> Path:
    """A new file that only its owner can read; one that is there is never overwritten."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise StateError(
            f"{file}: is there already, and mails may be signed with it; name another --selector"
        ) from error
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(text)
    return file


def _quoted(path: str) -> str:
    """A value of ``.env``, quoted where python-dotenv would read it otherwise."""
    return path if re.fullmatch(r"[\w./:-]+", path) else "'" + re.sub(r"(['\\])", r"\\\1", path) + "'"
