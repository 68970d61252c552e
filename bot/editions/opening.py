"""How a digest lets an article begin: by its first paragraphs, or as much of its text as a mail has room for."""

from __future__ import annotations

from bot.articles.text import Passage, passages
from bot.editions.environment import letters_of, one_line
from bot.editions.graphemes import Room, shortened
from bot.summaries.sentences import split_sentences

_PARAGRAPHS = 2
_CHARACTERS = 620
_TEXT_CHARACTERS = 4000
_TEXT_PASSAGES = 24


def opening(paragraphs: tuple[str, ...], summary: str, language: str) -> tuple[str, ...]:
    """The first two paragraphs that ``summary`` has not said, in about 620 characters."""
    said = letters_of(summary)
    shown: list[str] = []
    for paragraph in paragraphs:
        text = one_line(paragraph)
        letters = letters_of(text)
        if not letters or letters in said or (said and (said in letters or letters.startswith(said[:60]))):
            continue
        if shown and sum(map(len, shown)) + len(text) > _CHARACTERS:
            break
        shown.append(_cut(text, language, _CHARACTERS))
        if len(shown) == _PARAGRAPHS:
            break
    return tuple(shown)


def text_of(body: str, language: str, *, standfirst: str) -> tuple[Passage, ...]:
    """The text of an article in order, with its subheads, up to about 4,000 characters; it ends with a paragraph.

    A first paragraph that says what ``standfirst`` says is left out.
    """
    parts: list[Passage] = []
    room = _TEXT_CHARACTERS
    for passage in passages(body)[:_TEXT_PASSAGES]:
        text = one_line(passage.text)
        if not parts and standfirst and letters_of(text) == letters_of(standfirst):
            continue
        if len(text) > room:
            if not any(not part.heading for part in parts):
                parts.append(Passage(_cut(text, language, room)))
            break
        parts.append(Passage(text, passage.heading))
        room -= len(text)
    # A heading with no paragraph below it: what stood there, a table or a film, cannot be shown in a mail.
    followed = [*(not part.heading for part in parts[1:]), False]
    return tuple(part for part, below in zip(parts, followed, strict=False) if below or not part.heading)


def _cut(text: str, language: str, longest: int) -> str:
    """``text``, or as many of its whole sentences as fit; a first sentence too long is cut at a word, with "…"."""
    if len(text) <= longest:
        return text
    end = 0
    for sentence in split_sentences(text, language):
        after = text.index(sentence, end) + len(sentence)
        if after > longest:
            break
        end = after
    return text[:end] or shortened(text, Room(longest, 4 * longest))
