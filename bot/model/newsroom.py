"""The publisher that one installation serves."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsroom:
    """Name, home page, language (BCP 47), timezone (IANA), postal address, public address of our own pages, brand."""

    name: str
    url: str
    language: str = "en"
    timezone: str = "UTC"
    address: str = ""
    corrections_to: str = ""
    privacy_url: str = ""
    public_url: str = "http://127.0.0.1:8080"
    accent: str = "#0B5D4B"
    accent_dark: str = ""
    logo: str = ""
    logo_dark: str = ""
    headlines: str = "serif"
    footer: str = ""

    @property
    def site(self) -> str:
        """The host of the home page, in lower case and without ``www.``."""
        return (urlsplit(self.url).hostname or "").removeprefix("www.")
