"""Who wrote a story's texts, as an editor is told: the program from the article, or a language model."""

from __future__ import annotations

from typing import Any

from bot.model import EditionStory


def origin(story: EditionStory, report: dict[str, Any]) -> str:
    """One line: what a language model wrote of the story, and what it did not and why; "" where none was asked.

    ``report`` is that of the edition's drafting; of a revision that was taken later it says nothing.
    """
    parts = []
    written = [
        what
        for what, by in (("summary", story.summary.origin == "llm"), ("subject", story.subject), ("post", story.post))
        if by
    ]
    if written:
        parts.append(f"by the language model: {', '.join(written)}")
    for kind, what in _machine(story, report).items():
        if isinstance(what, dict) and what.get("reason"):
            parts.append(f"no {kind} by the language model, {what['reason']}")
    return "; ".join(parts)


def _machine(story: EditionStory, report: dict[str, Any]) -> dict[str, Any]:
    for pick in report.get("picks") or ():
        if (pick.get("id"), pick.get("revision")) == (story.article.id, story.article.revision):
            machine = pick.get("machine")
            return machine if isinstance(machine, dict) else {}
    return {}
