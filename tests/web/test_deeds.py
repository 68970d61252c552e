"""What was done is said on the desk: every act that the program can write has a sentence."""

from __future__ import annotations

from bot.web.editor.deeds import SENTENCES
from tests.acts import act_words


def test_every_act_that_the_program_can_write_has_a_sentence():
    assert sorted(act_words() - SENTENCES.keys()) == []


def test_no_sentence_is_of_an_act_that_nobody_writes():
    assert sorted(SENTENCES.keys() - act_words()) == []
