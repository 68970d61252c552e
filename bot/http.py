"""All outbound HTTP: one guarded client. It refuses internal addresses at connect time, on the resolved address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from bot.settings.tables import HttpTable


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer. ``url`` is where it came from after redirects; ``headers`` have lower-case names.

    ``moved_to`` is the final URL when every redirect on the way was permanent (301, 308), else "".
    """

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    moved_to: str = ""

    def json(self) -> Any:
        """The body as JSON. Raises ``FetchError``."""
        raise NotImplementedError


class Http:
    """The guarded client, an asynchronous context manager."""

    def __init__(self, options: HttpTable) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        raise NotImplementedError

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        raise NotImplementedError

    async def get(self, url: str, *, headers: Mapping[str, str] | None = None, max_bytes: int | None = None) -> Answer:
        """Fetches ``url``, following at most 5 redirects. 2xx and 304 are answers; all else raises ``FetchError``."""
        raise NotImplementedError

    async def post(
        self,
        url: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Posts once, never follows a redirect. Any status is an answer; none raises ``FetchError`` with ``sent``."""
        raise NotImplementedError
