"""What was answered so far on the first run. It stays in this process's memory until all of it is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from bot.model import Checked
from bot.schedules.newcomer import Mailer, Newcomer
from bot.sources.discovery import Found
from bot.sources.first_look import FirstLook, key_for


@dataclass
class Answers:
    """One newsroom in the making; whoever is at this machine fills it in."""

    name: str = ""
    url: str = ""
    language: str = ""
    timezone: str = "UTC"
    address: str = ""
    looks: list[FirstLook] = field(default_factory=list)
    chosen: list[str] = field(default_factory=list)
    """The addresses of the looks that become sources."""
    mail: Mailer | None = None
    checks: list[Checked] = field(default_factory=list)

    def found(self, look: FirstLook) -> None:
        """Adds what was found, or puts it in the place of what was found there before."""
        self.looks = [each for each in self.looks if each.found.url != look.found.url] + [look]

    @property
    def newcomer(self) -> Newcomer:
        """The newsroom as it stands."""
        sources: dict[str, Found] = {}
        for look in self.looks:
            if look.found.url in self.chosen:
                sources[key_for(look.found, sources)] = look.found
        return Newcomer(
            name=self.name,
            url=self.url,
            sources=sources,
            language=self.language,
            timezone=self.timezone,
            # Who is at this machine may reach it anyway; of a site elsewhere the guard holds.
            allow_loopback=any(loopback(each) for each in (self.url, *(source.url for source in sources.values()))),
            address=" ".join(self.address.split()),
            mail=self.mail,
            declared=True,
        )


def loopback(url: str) -> bool:
    """Whether ``url`` names this machine itself."""
    try:
        host = urlsplit(url if "://" in url else f"https://{url}").hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
