"""What somebody says in an article, to be set large: word for word, and with the article's words on who says it."""

from __future__ import annotations

from dataclasses import dataclass

import regex

from bot.editions.environment import one_line
from bot.summaries.quotes import Quotes, quotes

_SHORTEST, _LONGEST = 24, 150
_LONGEST_SPEAKER = 120
_MARKS = (("“", "”"), ("«", "»"), ("„", "“"), ("»", "«"), ('"', '"'))
# The first sentence said, and what stands behind it up to the sentence's end: «…,» said Renske Vaal, who ….
_SAID = {
    (opened, closed): regex.compile(
        rf"^{opened}(\s?)([^{opened}{closed}]+?)(,?)(\s?){closed},?\s*"
        rf"([^{opened}{closed}.!?…]{{4,{_LONGEST_SPEAKER}}}(?:\p{{L}}{{3}}|\p{{N}}))\.(?=\s|$)"
    )
    for opened, closed in _MARKS
}
_NAMED = regex.compile(r"\p{Lu}[\p{L}’'-]+[\s\u00a0]+(?:\p{Lu}|[a-zà-ÿ]{1,3}[\s\u00a0]+\p{Lu})")
_UNCASED = regex.compile(r"[\p{Arabic}\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Hebrew}\p{Thai}]")
_ENDED = regex.compile(r"[.!?…]$")


@dataclass(frozen=True, slots=True)
class Quotation:
    """``text`` in its own quotation marks; ``speaker`` as the article has it: ``said Renske Vaal, who …``."""

    text: str
    speaker: str


def quotation(paragraphs: tuple[str, ...]) -> Quotation | None:
    """The first paragraph's that begins with what somebody says in full, and then names them; None when none does.

    ``speaker`` holds a name of at least two words: who "she" is, a sentence that stands alone does not say. In scripts
    without capitals no name can be told from other words, and there is none.
    """
    for paragraph in paragraphs:
        line = one_line(paragraph)
        for (opened, closed), pattern in _SAID.items():
            found = pattern.match(line)
            if found and _stands_alone(found[2], found[5]):
                # The comma before "said" was a full stop when it was spoken.
                stop = "." if found[3] and not _ENDED.search(found[2]) else ""
                return Quotation(f"{opened}{found[1]}{found[2]}{stop}{found[4]}{closed}", found[5].strip())
    return None


def _stands_alone(said: str, speaker: str) -> bool:
    if not _SHORTEST <= len(said) <= _LONGEST or quotes(said) is not Quotes.WHOLE or _UNCASED.search(said + speaker):
        return False
    return said[0].isupper() and _NAMED.search(speaker) is not None
