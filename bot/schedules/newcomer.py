"""The first configuration of a new newsroom."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory

from dotenv import set_key
from jinja2 import Environment, StrictUndefined

from bot.channels import base as channels
from bot.dns import SystemResolver
from bot.errors import BroadsheetError, DnsError, UsageError
from bot.model import Checked, Phrase, said_by
from bot.model.checked import fault, ok, warning
from bot.schedules.declaring import declare
from bot.schedules.installation import Installation, opened
from bot.settings import SECRET_KEYS, load_settings, secret_variable, shipped
from bot.sources.discovery import Found
from bot.tokens import KeyRing

MAIL = "mail"
"""The key of a newcomer's only channel."""
READERS, FIRST = "readers", "morning"
"""The keys of a newcomer's audience and schedule."""
_PORTS = {"none": 25, "starttls": 587, "tls": 465}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailer:
    """The mail server of a newcomer: ``host`` may end in ``:PORT``; the port says how the line is secured."""

    sender: str
    host: str = "127.0.0.1"
    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """The host without its port."""
        return self.host.partition(":")[0]

    @property
    def port(self) -> int:
        """That of ``host``; without one 25 on this machine, 587 elsewhere."""
        given = self.host.partition(":")[2]
        return int(given) if given.isdecimal() else _PORTS["none" if self.here else "starttls"]

    @property
    def security(self) -> str:
        """``none`` on this machine only, ``tls`` on port 465, else ``starttls``."""
        return "none" if self.here else "tls" if self.port == _PORTS["tls"] else "starttls"

    @property
    def here(self) -> bool:
        """Whether it is a server on this machine."""
        try:
            return self.name == "localhost" or ip_address(self.name).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """What ``init`` and the first run found out. ``sources`` are by their keys; without ``mail`` a sample stands there.

    ``declared``: sources and schedules are not for the file, but for the desk, where they may be changed.
    """

    name: str
    url: str
    sources: Mapping[str, Found]
    language: str = ""
    timezone: str = "UTC"
    allow_loopback: bool = False
    address: str = ""
    mail: Mailer | None = None
    declared: bool = False

    @property
    def speaks(self) -> str:
        """Its language: as given, else as its site says."""
        return self.language or next((each.language for each in self.sources.values() if each.language), "") or "en"


def write_newcomer(folder: Path, newcomer: Newcomer) -> Path:
    """Writes ``FOLDER/config/broadsheet.toml`` and ``.env``; returns the config folder. Overwrites nothing.

    Raises ``UsageError`` when there is a configuration already, ``SettingsError`` when what was given is not valid.
    """
    return write_configuration(folder / "config", newcomer)


def write_configuration(config: Path, newcomer: Newcomer) -> Path:
    """As ``write_newcomer``, into the configuration's own folder."""
    file = config / "broadsheet.toml"
    if file.exists():
        raise UsageError(Phrase("%(file)s: is there already; name another folder, or edit it", file=str(file)))
    template = Environment(  # noqa: S701
        undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True
    ).from_string((shipped("templates") / "config" / "broadsheet.toml.j2").read_text("utf-8"))
    # A JSON string is a TOML basic string (TOML 1.0, "String").
    quoted = {"q": lambda text: json.dumps(text, ensure_ascii=False)}
    text = template.render(newcomer=newcomer, **quoted)
    try:
        config.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}") from error
    env = write_env(config)
    try:
        if newcomer.mail and newcomer.mail.password:
            set_key(env, secret_variable(MAIL, "password"), newcomer.mail.password, quote_mode="always")
            env.chmod(0o600)
        load_settings(config)
    except Exception:
        # A configuration that does not load is worse than none: the next try must not find it in its way.
        file.unlink()
        raise
    return config


def write_env(config: Path) -> Path:
    """``.env`` with new keys, readable by its owner alone; one that is there is kept as it is."""
    file = config / ".env"
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(
                "# Secrets of this newsroom. Keep this file out of version control, and in your backup:\n"
                "# the links in mails already sent are signed with these keys.\n"
                f"{SECRET_KEYS}={KeyRing.generate()}\n"
            )
    return file


def declare_newcomer(installation: Installation, newcomer: Newcomer, *, who: str, now: datetime) -> None:
    """Puts the newcomer's sources and first schedule where the desk can change them. Each edition waits for a yes."""
    for key, source in newcomer.sources.items():
        declare(installation, "sources", key, {"type": source.type, "url": source.url}, who=who, now=now)
    first = {
        "name": f"{newcomer.name}: Morning briefing",
        "cron": "0 7 * * *",
        "audience": READERS,
        "channels": [MAIL],
        "approval": True,
    }
    declare(installation, "schedules", FIRST, first, who=who, now=now)


def settle(config: Path, newcomer: Newcomer, *, who: str, now: datetime) -> None:
    """Writes the configuration, and declares the rest of the newcomer. What fails leaves no configuration behind.

    Raises ``UsageError``, ``SettingsError``, ``StoreError``.
    """
    write_configuration(config, newcomer)
    try:
        with opened(config) as installation:
            declare_newcomer(installation, newcomer, who=who, now=now)
    except Exception:
        (config / "broadsheet.toml").unlink()
        raise


async def try_mail(newcomer: Newcomer) -> list[Checked]:
    """Logs in at the newcomer's mail server and looks what receivers see of it in the DNS; sends nothing.

    Raises ``SettingsError`` for what could not be configured at all.
    """
    with TemporaryDirectory(prefix="broadsheet-") as folder:
        config = await asyncio.to_thread(write_newcomer, Path(folder), newcomer)
        with opened(config) as installation:
            async with installation.connected() as connected:
                channel = connected.channels[MAIL]
                try:
                    lines = [ok(f"channel.{MAIL}", await channel.check())]
                except BroadsheetError as error:
                    lines = [fault(f"channel.{MAIL}", said_by(error), "")]
                if isinstance(channel, channels.Inspected):
                    try:
                        lines += await channel.inspect(SystemResolver())
                    except DnsError as error:
                        lines.append(
                            warning(
                                "dns",
                                Phrase("not looked at: %(why)s", why=said_by(error)),
                                Phrase("give this machine a resolver"),
                            )
                        )
                return lines
