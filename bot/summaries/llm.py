"""One question to a language model over an OpenAI-compatible endpoint: ``POST URL/chat/completions``.

The protocol as llama.cpp's server, Ollama, vLLM and OpenAI speak it (platform.openai.com/docs/api-reference/chat, from
memory 2026-11-29, and held against a server of our own in the tests). The endpoint is believed in nothing: whatever it
answers, the outcome is texts, or one ``LlmError``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import regex

from bot.errors import FetchError, LlmError
from bot.http import Answer, Http
from bot.model import TextKind
from bot.model.checked import one_line
from bot.summaries.prompt import answer_format

MOST_TOKENS = 2_000
"""Of one answer. Three texts take some 300 of them; the rest is for thoughts and for languages that take more."""
_UNKNOWN_OPTION = frozenset({400, 404, 415, 422})
"""What endpoints answer that do not know ``response_format`` or another option."""
_OF_THIS_QUESTION = frozenset({400, 413, 422})
"""What is wrong with one question, such as an article that is too long for the model; others may fare better."""
_BUSY = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_LONGEST_ANSWER = 50_000
_LONGEST_TEXT = 4_000
_SHOWN = 160


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is asked. ``timeout`` in seconds, for one whole exchange."""

    url: str
    model: str
    key: str = field(default="", repr=False)
    timeout: float = 60.0


@dataclass(frozen=True, slots=True)
class Answered:
    """``texts`` as the model wrote them, stripped of space around; ``tokens`` that question and answer cost.

    ``plain``: the endpoint does not know structured output, and was asked without.
    """

    texts: Mapping[TextKind, str]
    tokens: int
    plain: bool


async def ask(
    http: Http, endpoint: Endpoint, messages: Sequence[Mapping[str, str]], kinds: Sequence[TextKind], *, plain: bool
) -> Answered:
    """Asks for texts of ``kinds``; ``plain`` without options that not every endpoint knows.

    An endpoint that refuses the options is asked once more without them. Raises ``LlmError``: ``rest`` when it should
    be left alone for a while.
    """
    body: dict[str, Any] = {"model": endpoint.model, "messages": list(messages)}
    options = {"response_format": answer_format(kinds), "temperature": 0.2, "max_tokens": MOST_TOKENS}
    answer = await _post(http, endpoint, body if plain else body | options)
    if not plain and answer.status in _UNKNOWN_OPTION:
        plain, answer = True, await _post(http, endpoint, body)
    if not 200 <= answer.status < 300:
        raise _refused(endpoint, answer)
    said = _said(answer)
    try:
        texts = _texts(said.text, kinds)
    except LlmError as error:
        if said.cut:
            raise LlmError(_cut(said.answer_tokens or (0 if plain else MOST_TOKENS))) from error
        raise
    sent = sum(len(each["content"]) for each in messages)
    return Answered(texts, said.tokens or (sent + len(said.text)) // 3, plain)


async def _post(http: Http, endpoint: Endpoint, body: Mapping[str, Any]) -> Answer:
    headers = {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
    try:
        return await http.post(f"{endpoint.url}/chat/completions", json=body, headers=headers, timeout=endpoint.timeout)
    except FetchError as error:
        late = isinstance(error.__cause__, TimeoutError)
        why = " (llm.timeout): is the model still loading, or does it think aloud?" if late else ""
        raise LlmError(f"{one_line(str(error))}{why}", rest=True) from error


def _refused(endpoint: Endpoint, answer: Answer) -> LlmError:
    said = answer.body.decode("utf-8", "replace")
    if endpoint.key:
        # Before it is cut: no half of a key either.
        said = said.replace(endpoint.key, "…")
    said = one_line(said)[:_SHOWN]
    what = f"the model's endpoint answers {answer.status}{f': {said}' if said else ''}"
    return LlmError(
        what,
        rest=answer.status not in _OF_THIS_QUESTION,
        rest_seconds=_retry_after(answer) if answer.status in _BUSY else None,
    )


def _retry_after(answer: Answer) -> float | None:
    given = answer.headers.get("retry-after", "").strip()
    return float(given) if regex.fullmatch(r"\d{1,6}(\.\d{1,3})?", given) else None


@dataclass(frozen=True, slots=True)
class _Said:
    """A model's words. What they cost, with and without the question: 0 where the endpoint does not say.

    ``cut``: the answer, or what was thought before it, was longer than it may be, or the model's context was full.
    """

    text: str
    tokens: int
    answer_tokens: int
    cut: bool


def _said(answer: Answer) -> _Said:
    try:
        found = answer.json()
    except FetchError as error:
        raise LlmError("the model's endpoint does not answer in JSON", rest=True) from error
    try:
        choice = found["choices"][0]
        cut = choice.get("finish_reason") == "length"
        message = choice["message"]
        # Thoughts may stand in a field of their own, and be all there is.
        text = message.get("content", "") if cut else message["content"]
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise LlmError("the model's endpoint answers without a text (choices[0].message.content)", rest=True) from error
    usage = found.get("usage")
    cost = usage if isinstance(usage, dict) else {}
    return _Said(
        text if isinstance(text, str) else "",
        _count(cost.get("total_tokens")),
        _count(cost.get("completion_tokens")),
        cut,
    )


def _count(given: object) -> int:
    return given if isinstance(given, int) and 0 < given < 10**7 else 0


def _cut(tokens: int) -> str:
    """What to do about an answer that was cut at so many ``tokens``, 0 if nobody knows."""
    where = f"at {tokens:,} tokens" if tokens else "short"
    if tokens >= MOST_TOKENS:
        why = "does it think aloud? take one that does not, or turn its thinking off"
    else:
        why = "is its context full? give it a longer one, or take a model that does not think aloud"
    return f"the model's answer was cut {where}: {why}"


def _texts(said: str, kinds: Sequence[TextKind]) -> Mapping[TextKind, str]:
    """The JSON object in ``said``, also with a fence of Markdown, thoughts or words around it."""
    said = _thought(said)[:_LONGEST_ANSWER]
    if not said.strip():
        raise LlmError("the model answers nothing")
    start = said.find("{")
    try:
        found, _ = json.JSONDecoder().raw_decode(said, start) if start >= 0 else (None, 0)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise LlmError("the model does not answer with a JSON object")
    texts = {kind: found.get(kind.value) for kind in kinds}
    return {kind: _whole(text).strip()[:_LONGEST_TEXT] for kind, text in texts.items() if isinstance(text, str)}


def _thought(said: str) -> str:
    """``said`` without what the model thought aloud before: some templates write the first ``<think>`` themselves."""
    said = said.rpartition("</think>")[2]
    return "" if said.lstrip().startswith("<think>") else said


def _whole(text: str) -> str:
    """With U+FFFD, which the gate refuses, for halves of surrogate pairs, which JSON can hold and UTF-8 cannot."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
