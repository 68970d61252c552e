"""The demo's configuration folder: an ordinary one, filled in with the addresses of its servers."""

from __future__ import annotations

import base64
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from dotenv import dotenv_values

from bot.demo.articles import TIMEZONE
from bot.demo.durable import write_over
from bot.settings import SECRET_KEYS, secret_variable
from bot.tokens import KeyRing

TEMPLATE = Path(__file__).resolve().parent / "broadsheet.toml"
HOOK_SECRET = secret_variable("hook", "secret")


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the demo's servers listen."""

    newsroom_url: str
    hook_url: str
    public_url: str
    smtp_port: int
    web_port: int
    timezone: str = TIMEZONE


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


def write_configuration(folder: Path, addresses: Addresses, before: Addresses | None = None) -> Path:
    """Writes ``folder/broadsheet.toml`` and returns it.

    A file that is there keeps all that its owner changed: only lines that still name the addresses of ``before`` get
    the new ones.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "broadsheet.toml"
    template = TEMPLATE.read_text("utf-8")
    if not file.exists():
        write_over(file, _filled(template, addresses).encode())
    elif before is not None and before != addresses:
        text = file.read_text("utf-8")
        for line in template.splitlines():
            old = _filled(line, before)
            if old != line:
                text = text.replace(old, _filled(line, addresses))
        write_over(file, text.encode())
    return file


def _filled(text: str, addresses: Addresses) -> str:
    for name, value in asdict(addresses).items():
        text = text.replace(f"{{{name}}}", str(value))
    return text
