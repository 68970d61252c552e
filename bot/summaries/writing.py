"""Texts about one article by a language model, each held against the article before anybody sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from bot.errors import LlmError
from bot.http import Http
from bot.model import Article, TextKind, Written
from bot.summaries.grounding import Ground, Offence
from bot.summaries.llm import Answered, Endpoint, ask
from bot.summaries.prompt import CHARACTERS, again, messages

LONGEST_REASON = 500

Conversation = Sequence[Mapping[str, str]]
Spend = Callable[[int], Awaitable[Callable[[int], Awaitable[None]]]]
"""Asks the budget for one question of about so many tokens; what it gives is told what the answer cost in the end.
Raises ``LlmError`` when the budget is used up.
"""


class Writer:
    """Asks ``endpoint``, within a budget. Remembers whether it knows structured output."""

    def __init__(self, http: Http, endpoint: Endpoint, spend: Spend) -> None:
        self._http = http
        self._endpoint = endpoint
        self._spend = spend
        self._plain = False

    async def write(self, article: Article, kinds: Sequence[TextKind]) -> list[Written]:
        """A text of each kind that passes the gate, or the reason why there is none.

        What does not pass is asked for once more, with what was wrong. Raises ``LlmError`` when the endpoint cannot be
        asked, or answers what cannot be read.
        """
        ground = Ground(article)
        conversation = messages(article, kinds)
        texts = await self._ask(conversation, kinds)
        offences = judged(ground, texts, kinds)
        passed = {kind: texts[kind] for kind in kinds if not offences[kind]}
        refused = {kind: found for kind, found in offences.items() if found}
        if refused:
            try:
                second = await self._ask([*conversation, *again(texts, refused)], list(refused))
            except LlmError:
                # What passed is kept. The rest is asked for another time, from the beginning.
                if not passed:
                    raise
                second = {}
            if second:
                offences = judged(ground, second, list(refused))
                passed |= {kind: second[kind] for kind, found in offences.items() if not found}
                refused = {kind: found for kind, found in offences.items() if found}
            else:
                return [*_passed(article, passed), *_refused(article, refused, settled=False)]
        return [*_passed(article, passed), *_refused(article, refused)]

    async def _ask(self, conversation: Conversation, kinds: Sequence[TextKind]) -> Mapping[TextKind, str]:
        spent = await self._spend(sum(len(each["content"]) for each in conversation) // 3)
        try:
            answered: Answered = await ask(self._http, self._endpoint, conversation, kinds, plain=self._plain)
        except LlmError:
            await spent(0)
            raise
        self._plain = answered.plain
        await spent(answered.tokens)
        return answered.texts


def judged(
    ground: Ground, texts: Mapping[TextKind, str], kinds: Sequence[TextKind]
) -> dict[TextKind, tuple[Offence, ...]]:
    """What is wrong with each text; a text that was not given is one that is empty."""
    return {
        kind: ground.offences(texts.get(kind, ""), characters=CHARACTERS[kind], post=kind is TextKind.POST)
        for kind in kinds
    }


def _passed(article: Article, texts: Mapping[TextKind, str]) -> list[Written]:
    return [Written(fingerprint=article.fingerprint, kind=kind, text=text) for kind, text in texts.items()]


def _refused(
    article: Article, offences: Mapping[TextKind, Sequence[Offence]], *, settled: bool = True
) -> list[Written]:
    return [
        Written(
            fingerprint=article.fingerprint,
            kind=kind,
            reason=f"refused: {'; '.join(each.said for each in found)}"[:LONGEST_REASON],
            settled=settled,
        )
        for kind, found in offences.items()
    ]
