"""``[llm]``: a language model that writes summaries, subject lines and posts. Off unless its address is set."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, StrictInt, field_validator

from bot.settings.check import with_secrets
from bot.settings.kinds import Duration, OptionalUrl, Table, at_least

_Second = at_least(timedelta(seconds=1))


class LlmTable(Table):
    """A language model that may write summaries, subject lines and posts, held against the article. See docs/llm.md."""

    url: OptionalUrl = Field(
        "",
        description="Address of an OpenAI-compatible endpoint, to which `/chat/completions` is added: "
        '`"http://127.0.0.1:11434/v1"` (Ollama), `"https://api.openai.com/v1"`. It may be on this machine or in your '
        "network. Without it no model is ever asked.",
    )
    model: str = Field(
        "", description="The model's name, as the endpoint knows it. Take one that does not think aloud."
    )
    key: SecretStr | None = Field(None, description="The endpoint's key, if it wants one.")
    write: tuple[Literal["summaries", "subjects", "posts"], ...] = Field(
        ("summaries",), description="What it writes: any of `summaries`, `subjects`, `posts`."
    )
    timeout: Annotated[Duration, _Second] = Field(timedelta(seconds=60), description="Longest wait for one answer.")
    ahead: Annotated[Duration, _Second] = Field(
        timedelta(minutes=10),
        description="How long before an edition is drafted its texts are begun. What is not written by then, is not "
        "waited for.",
    )
    patience: Annotated[Duration, _Second] = Field(
        timedelta(minutes=2), description="How long `run` and `preview` wait for all texts of an edition."
    )
    requests_per_day: StrictInt = Field(200, ge=1, description="At most so many questions in any 24 hours.")
    tokens_per_day: StrictInt = Field(
        0, ge=0, description="At most so many tokens in any 24 hours, questions and answers. 0: no limit."
    )

    @field_validator("url")
    @classmethod
    def _base(cls, url: str) -> str:
        """The endpoint's base URL also where somebody gave the whole of it."""
        return url.removesuffix("/chat/completions").rstrip("/")

    @property
    def on(self) -> bool:
        """Whether a model is asked at all."""
        return bool(self.url and self.write)


def with_llm_secret(raw: Mapping[str, Any], *, file: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """The whole configuration with ``BROADSHEET_LLM_KEY`` in ``[llm]``. Raises ``SettingsError``."""
    table = raw.get("llm")
    if not isinstance(table, Mapping):
        return dict(raw)
    return {**raw, "llm": with_secrets(LlmTable, table, file=file, at="llm", name="llm", environment=environment)}
