"""Who wrote a story's texts, as an editor is told: the program from the article, or a language model."""

from __future__ import annotations

from typing import Any

from bot.model import EditionStory, Phrase, Several, Way, several


def origin(story: EditionStory, report: dict[str, Any]) -> str:
    """One line: what a language model wrote of the story, and what it did not and why; "" where none was asked.

    ``report`` is that of the edition's drafting; of a revision that was taken later it says nothing.
    """
    parts = []
    by = {"summary": story.summary.origin == "llm", "subject": bool(story.subject), "post": bool(story.post)}
    written = tuple(_kind(what) for what, done in by.items() if done)
    if written:
        parts.append(Phrase("by the language model: %(texts)s", texts=Several(written)))
    for kind, what in _machine(story, report).items():
        if isinstance(what, dict) and what.get("reason"):
            why = str(what["reason"])
            parts.append(Phrase("no %(text)s by the language model, %(why)s", text=_kind(kind), why=why))
    return several(tuple(parts), Way.APART) if parts else ""


def _kind(text: str) -> str:
    known = {"summary": Phrase("summary"), "subject": Phrase("subject"), "post": Phrase("post")}
    return known.get(text, text)


def _machine(story: EditionStory, report: dict[str, Any]) -> dict[str, Any]:
    for pick in report.get("picks") or ():
        if (pick.get("id"), pick.get("revision")) == (story.article.id, story.article.revision):
            machine = pick.get("machine")
            return machine if isinstance(machine, dict) else {}
    return {}
