"""The demo's configuration folder: an ordinary one, filled in with the addresses of its servers."""

from __future__ import annotations

import base64
import json
import secrets
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

from bot.demo.durable import write_over
from bot.settings import SECRET_KEYS, secret_variable
from bot.settings.load import FILE
from bot.tokens import KeyRing

TEMPLATE = Path(__file__).resolve().parent / "broadsheet.toml"
HOOK_SECRET = secret_variable("hook", "secret")
_CHANNELS, _NAMES = "{networks}", "{network_names}"
_WEB_PORT = "port = {}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the demo's servers listen. ``networks`` are the keys of each network's channel but its secrets, by kind."""

    newsroom_url: str
    hook_url: str
    public_url: str
    inbox_url: str
    smtp_port: int
    web_port: int
    timezone: str
    networks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def write_secrets(folder: Path) -> str:
    """Makes ``folder/.env`` complete and returns the webhook's secret. A secret that is there stays as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / ".env"
    known = dotenv_values(file, interpolate=False)
    hook = known.get(HOOK_SECRET) or "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    wanted = {SECRET_KEYS: known.get(SECRET_KEYS) or KeyRing.generate(), HOOK_SECRET: hook}
    missing = [f"{variable}={value}\n" for variable, value in wanted.items() if not known.get(variable)]
    if missing:
        old = (
            file.read_text("utf-8")
            if file.exists()
            else "# The demo's own secrets. Keep them out of version control.\n"
        )
        write_over(file, (old + "".join(missing)).encode(), mode=0o600)
    return hook


def write_network_secrets(folder: Path, wanted: Mapping[str, str]) -> None:
    """Makes ``folder/.env`` say of the networks what is true now: addresses that are secrets name a port."""
    file = folder / ".env"
    known = dotenv_values(file, interpolate=False)
    stale = tuple(f"{name}=" for name, value in wanted.items() if known.get(name) != value)
    if stale:
        kept = [line for line in file.read_text("utf-8").splitlines() if not line.startswith(stale)]
        new = [f"{line}{wanted[line[:-1]]}" for line in stale]
        write_over(file, ("\n".join([*kept, *new]) + "\n").encode(), mode=0o600)


def write_configuration(folder: Path, addresses: Addresses, before: Addresses | None = None) -> Path:
    """Writes ``folder/broadsheet.toml`` and returns it.

    A file that is there keeps all that its owner changed: only lines that still name the addresses of ``before`` get
    the new ones.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    template = TEMPLATE.read_text("utf-8")
    if not file.exists():
        write_over(file, _filled(template, addresses).encode())
    elif before is not None and before != addresses:
        write_over(file, _moved(file.read_text("utf-8"), template, before, addresses).encode())
    return file


def _moved(text: str, template: str, before: Addresses, addresses: Addresses) -> str:
    changes = dict(_changes(template, before, addresses))
    port = {_WEB_PORT.format(before.web_port): _WEB_PORT.format(addresses.web_port)}
    lines, table = [], ""
    for line in text.splitlines(keepends=True):
        if line.startswith("["):
            table = line.partition("#")[0].strip()
        # What its owner wrote behind it stays there.
        bare = line.partition(" #")[0].rstrip()
        # Anybody may be given the number of another's port: that of the pages is known by its table.
        new = (port if table == "[web]" else changes).get(bare, bare)
        lines.append(new + line[len(bare) :])
    return "".join(lines)


def _changes(template: str, before: Addresses, addresses: Addresses) -> Iterator[tuple[str, str]]:
    """The lines that changed, but the port of the pages."""
    for line in template.splitlines():
        if "{" in line and line not in (_CHANNELS, _NAMES, _WEB_PORT.format("{web_port}")):
            yield _filled(line, before), _filled(line, addresses)
    for kind in before.networks.keys() & addresses.networks.keys():
        old, new = before.networks[kind], addresses.networks[kind]
        for key in old.keys() & new.keys():
            yield _line(key, old[key]), _line(key, new[key])


def _filled(text: str, addresses: Addresses) -> str:
    for name in ("newsroom_url", "hook_url", "public_url", "inbox_url", "smtp_port", "web_port", "timezone"):
        text = text.replace(f"{{{name}}}", str(getattr(addresses, name)))
    quoted = "".join(f"{_quoted(each)}, " for each in addresses.networks).rstrip()
    names = textwrap.fill(quoted, 90, initial_indent="    ", subsequent_indent="    ")
    blocks = "\n".join(_block(kind, told) for kind, told in addresses.networks.items())
    return text.replace(_NAMES, names).replace(_CHANNELS, blocks)


def _block(kind: str, told: Mapping[str, str]) -> str:
    return "\n".join([f"[channels.{kind}]", _line("type", kind), *(_line(*each) for each in told.items()), ""])


def _line(key: str, value: str) -> str:
    return f"{key} = {_quoted(value)}"


def _quoted(value: str) -> str:
    # What JSON escapes, TOML's basic strings escape the same way.
    return json.dumps(value, ensure_ascii=False)
