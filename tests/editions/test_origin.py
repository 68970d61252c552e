from __future__ import annotations

from bot.editions.origin import origin
from bot.model import EditionStory, Summary
from bot.testing import article

LEAD = article(id=7, revision=2)
PICK = {"id": 7, "revision": 2, "machine": {"summary": {"text": "", "reason": "refused: a number"}}}


def story(**fields):
    given = {"position": 1, "article": LEAD, "summary": Summary("It returns."), **fields}
    return EditionStory(**given)


def test_of_a_story_without_a_model_nothing_is_said():
    assert origin(story(), {}) == ""
    assert origin(story(), {"picks": [{"id": 7, "revision": 2}]}) == ""


def test_what_the_model_wrote_is_named():
    made = story(summary=Summary("It returns.", (), "llm"), subject="It returns", post="It returns.")
    assert origin(made, {}) == "by the language model: summary, subject, post"


def test_why_the_model_wrote_nothing_is_named():
    assert origin(story(), {"picks": [PICK]}) == "no summary by the language model, refused: a number"


def test_a_report_about_another_revision_says_nothing():
    assert origin(story(), {"picks": [{**PICK, "revision": 1}]}) == ""
