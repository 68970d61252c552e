"""The articles that summaries are measured on, and the figures at a tiny size."""

from bot.articles.text import paragraphs
from bot.summaries.sentences import split_sentences
from tests.bench.summarising import SENTENCES_AN_ARTICLE, long_reads, measured


def test_the_articles_are_the_same_each_time_and_as_long_as_they_are_said_to_be():
    made = long_reads(40)
    assert made == long_reads(40)
    sentences = sum(len(split_sentences(text, "en")) for each in made for text in paragraphs(each.body))
    assert abs(sentences / len(made) - SENTENCES_AN_ARTICLE) < 5


def test_the_figures_are_rates_and_a_ratio_to_counting_words():
    two, three, over = measured(5, 1)
    assert [each.name for each in (two, three, over)] == [
        "summaries.rate",
        "summaries.three",
        "summaries.over_counting",
    ]
    assert two.value > 0 and three.value > 0 and over.value > 1
