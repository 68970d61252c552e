from __future__ import annotations

import pytest

from bot.editions.quotation import quotation


@pytest.mark.parametrize(
    ("paragraph", "said", "speaker"),
    [
        (
            "“They are paying us for the boats,” said Renske Vaal, who has lived here for 22 years. “Nobody asked.”",
            "“They are paying us for the boats.”",
            "said Renske Vaal, who has lived here for 22 years",
        ),
        (
            "“Is nobody going to say a word about it?” asked Dr Ximena Thorsby.",
            "“Is nobody going to say a word about it?”",
            "asked Dr Ximena Thorsby",
        ),
        (
            "« Nous avons attendu toute la nuit ici », dit Marie Curie, de Lyon.",
            "« Nous avons attendu toute la nuit ici »",
            "dit Marie Curie, de Lyon",
        ),
        (
            "„Wir haben die ganze Nacht gewartet“, sagte Anna von Berg.",
            "„Wir haben die ganze Nacht gewartet“",
            "sagte Anna von Berg",
        ),
    ],
)
def test_what_somebody_says_is_taken_with_the_articles_words_on_who(paragraph: str, said: str, speaker: str) -> None:
    found = quotation(("Nothing is said here.", paragraph))
    assert found is not None
    assert (found.text, found.speaker) == (said, speaker)


@pytest.mark.parametrize(
    "paragraph",
    [
        "“They do not stand about for nothing, as you see,” he said.",
        "“They are paying us for all the boats,” said Renske Vaal, “but not enough.”",
        "“They are paying us for all the boats,” said Renske J. Vaal, aged 64.",
        "“and then they paid us for all the boats,” said Renske Vaal.",
        "“Too short,” said Renske Vaal.",
        f"“{'Far too long to be set large. ' * 8},” said Renske Vaal.",
        "Renske Vaal said: “They are paying us for all the boats.”",
        "“They are paying us for “all” the boats,” said Renske Vaal.",
        "“They are paying us for all the boats.”",
        "「船の代金は払ってくれるそうです。行き先の話はまだありません」と大久保いねさんは話した。",
        "",
    ],
)
def test_what_does_not_stand_alone_or_names_nobody_is_not_taken(paragraph: str) -> None:
    assert quotation((paragraph,)) is None
