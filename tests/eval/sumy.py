"""sumy's methods (sumy is no dependency: ``pip install sumy``), with our splitter in place of its NLTK data.

sumy's own tokenizer downloads NLTK's "punkt"; nothing here needs a network. Stemming and stop words are sumy's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any

from sumy.models.dom import ObjectDocumentModel, Paragraph, Sentence
from sumy.nlp.stemmers import Stemmer, null_stemmer
from sumy.summarizers.kl import KLSummarizer
from sumy.summarizers.lex_rank import LexRankSummarizer
from sumy.summarizers.lsa import LsaSummarizer
from sumy.summarizers.luhn import LuhnSummarizer
from sumy.summarizers.reduction import ReductionSummarizer
from sumy.summarizers.sum_basic import SumBasicSummarizer
from sumy.summarizers.text_rank import TextRankSummarizer
from sumy.utils import get_stop_words

from bot.summaries.sentences import split_sentences
from tests.eval.dataset import Example
from tests.eval.methods import Budget, Method, fitted
from tests.eval.rouge import Words

_CLASSES = {
    "sumy LexRank": LexRankSummarizer,
    "sumy TextRank": TextRankSummarizer,
    "sumy LSA": LsaSummarizer,
    "sumy Luhn": LuhnSummarizer,
    "sumy KL": KLSummarizer,
    "sumy SumBasic": SumBasicSummarizer,
    "sumy Reduction": ReductionSummarizer,
}
_LANGUAGES = {
    "en": "english",
    "de": "german",
    "fr": "french",
    "es": "spanish",
    "zh": "chinese",
    "ja": "japanese",
    "ar": "arabic",
}


def methods() -> dict[str, Method]:
    """All of sumy's methods but Edmundson, which wants its key words from the caller."""
    return {name: _method(name) for name in _CLASSES}


def _method(name: str) -> Method:
    def sentences(example: Example, budget: Budget) -> Sequence[str]:
        language = (example.article.language or "en").split("-")[0]
        words = SimpleNamespace(to_words=Words().tokenize)
        document = ObjectDocumentModel(
            [
                Paragraph([Sentence(text, words) for text in split_sentences(paragraph, language)])
                for paragraph in example.paragraphs
            ]
        )
        try:
            chosen = _summarizer(name, language)(document, budget.sentences)
        except (ValueError, ZeroDivisionError):
            # Some of them fail on very short texts.
            chosen = document.sentences[: budget.sentences]
        return fitted([str(sentence) for sentence in chosen], budget)

    return sentences


@cache
def _summarizer(name: str, language: str) -> Any:
    known = _LANGUAGES.get(language, "english")
    try:
        stemmer = Stemmer(known)
    except LookupError:
        stemmer = null_stemmer
    summarizer = _CLASSES[name](stemmer)
    try:
        summarizer.stop_words = get_stop_words(known)
    except LookupError:
        summarizer.stop_words = frozenset()
    return summarizer
