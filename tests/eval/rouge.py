"""ROUGE-1, ROUGE-2 and ROUGE-L as F1, by the package ``rouge-score``, with words for scripts it knows nothing of."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import regex
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenizers import DefaultTokenizer, Tokenizer

from bot.summaries.sentences import split_sentences

# A word, but each character by itself where a script puts no space between words.
_WORD = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*"
    r"|[\p{L}\p{N}--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]][\p{M}\u0640]*"
    r"(?:[\p{L}\p{N}--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]][\p{M}\u0640]*)*",
    regex.VERSION1,
)
# Arabic writes vowels and a stretched line or leaves them out.
_OPTIONAL = regex.compile(r"[\u064b-\u0652\u0640]")


class Words(Tokenizer):
    """Words in lower case, unstemmed; characters of Chinese, Japanese and the like."""

    def tokenize(self, text: str) -> list[str]:
        plain = _OPTIONAL.sub("", unicodedata.normalize("NFKC", text).casefold())
        return _WORD.findall(plain)


@dataclass(frozen=True, slots=True)
class Rouge:
    """F1 of ROUGE-1, ROUGE-2 and summary-level ROUGE-L, 0 to 100."""

    one: float
    two: float
    long: float

    @property
    def mean(self) -> float:
        return (self.one + self.two + self.long) / 3


def rouge(sentences: Sequence[str], references: Sequence[str], language: str) -> Rouge:
    """What a summary's ``sentences`` share with ``references``; with several, the best of each measure.

    ``language`` is a BCP 47 tag. English is stemmed (Porter), as all papers do; nothing else is. A reference with line
    breaks has a sentence a line.
    """
    spoken = language.replace("_", "-").split("-")[0].casefold() or "en"
    scorer = _ENGLISH if spoken == "en" else _OTHERS
    targets = [
        reference if "\n" in reference else "\n".join(split_sentences(reference, language)) for reference in references
    ]
    found = scorer.score_multi(targets, "\n".join(sentences))
    return Rouge(*(100 * found[name].fmeasure for name in _MEASURES))


_MEASURES = ("rouge1", "rouge2", "rougeLsum")
_ENGLISH = RougeScorer(_MEASURES, tokenizer=DefaultTokenizer(use_stemmer=True))
_OTHERS = RougeScorer(_MEASURES, tokenizer=Words())
