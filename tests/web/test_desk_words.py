"""What an error says at the desk: no command, since who reads it there has a page and its buttons."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bot.channels.exchange import advised
from bot.editions import lifecycle
from bot.errors import StateError
from bot.model import EditionState, Phrase, several
from bot.speech import desk_words
from bot.speech.catalog import LANGUAGES, speak
from bot.speech.phrases import told, told_error
from bot.testing import NOW
from tests.web.test_delivery import plain

BOT = Path(__file__).parents[2] / "bot"
LEFT = {
    "%(file)s: is larger than %(most)s MB; cut it in parts, or ask who runs the machine to do `broadsheet subscribers "
    "import`",
}
"""Said to who asks somebody at the machine: there is no page that does it."""


def templates():
    """The templates of all phrases that the layers below the screens make."""
    for folder in ("editions", "schedules", "delivery", "audience", "channels"):
        for file in sorted((BOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Phrase":
                    yield ast.literal_eval(node.args[0])


def test_every_phrase_that_names_a_command_has_words_of_the_desk():
    named = {each for each in templates() if "`broadsheet " in each or "`--" in each or " --extra" in each}
    stood = {each for each in named if "this needs one that is" in each}
    assert len(stood) == 1
    assert sorted(named - stood - LEFT - desk_words._SAID.keys()) == []


def test_no_words_of_the_desk_are_of_a_phrase_that_nobody_says():
    assert sorted(desk_words._SAID.keys() - set(templates())) == []


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lifecycle.hold, "the edition is sent: it cannot be held"),
        (lifecycle.approve, "the edition is sent: it cannot be approved"),
        (lifecycle.ask, "the edition is sent: approval cannot be asked for"),
        (lifecycle.take_back, "the edition is sent: there is no approval to take back"),
        (lifecycle.release, "the edition is sent: there is nothing to release"),
        (lifecycle.pause, "the edition is sent: it cannot be paused"),
        (lifecycle.resume, "the edition is sent: there is nothing to resume"),
        (lifecycle.cancel, "the edition is sent: it cannot be cancelled"),
    ],
)
def test_what_an_edition_does_not_allow_any_more_is_said_by_the_act(web, act, words):
    made = web.add_edition(state=EditionState.SENT)
    with pytest.raises(StateError) as caught:
        act(web.store, made.id, who="Mara", now=NOW)
    assert told_error(caught.value) == words
    assert f"`broadsheet editions {made.id}` shows it" in str(caught.value), "the terminal names its command"


async def test_an_edition_that_was_sent_meanwhile_is_not_held_and_says_so_in_plain_words(web):
    made = web.add_edition(state=EditionState.SENT)
    answer = plain(await web.post(f"/editions/{made.id}/hold"))
    assert "The edition is sent: it cannot be held." in answer
    assert f"broadsheet editions {made.id}" not in answer
    paused = plain(await web.post(f"/editions/{made.id}/delivery/pause"))
    assert "The edition is sent: it cannot be paused." in paused


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_command_within_a_phrase_is_left_out_too(language):
    speak(language)
    try:
        said = advised("401", Phrase("run `broadsheet channels connect %(name)s`", name="news"))
        for each in (told(said), told(several((said, "and so on")))):
            assert "401" in each
            assert "broadsheet" not in each
    finally:
        speak("en")
