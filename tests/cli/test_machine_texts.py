"""The job an editor sees: commands, a real mail server, and a language model behind a real HTTP server."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest

from bot.demo.mailbox import mailbox
from tests.summaries.model_server import Question, Raw, careless, honest, liar, serving

from .conftest import configure

BODIES = {
    "ferry.md": "The night ferry returns after 14 weeks. Its engine cost the county $2.1 million.",
    "library.md": "The map room opens at night from Monday. It holds 31,000 maps.",
    "market.md": "Fish is auctioned in whispers at Mill Lane. Forty traders signed for it.",
}
LLM = '\n[llm]\nurl = "{}"\nmodel = "tiny"\nwrite = ["summaries", "subjects"]\n{}'


@pytest.fixture
def newsroom(folder, broadsheet):
    """Three articles without a standfirst and one reader; it sends the slot's mail with the model at ``url``."""
    for name, text in BODIES.items():
        path = folder / "articles" / name
        head = path.read_text().rpartition("---\n")[0]
        path.write_text(f"{head}---\n{text}\n")
    broadsheet("subscribers", "add", "ida@example.org")

    def run(url, llm=""):
        with mailbox(folder / "mailbox") as port:
            configure(folder, LLM.format(url, llm), port=port)
            said = broadsheet("run", "morning", "--json")
        (file,) = (folder / "mailbox").rglob("*.eml")
        mail = message_from_bytes(file.read_bytes(), policy=policy.default)
        parts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
        return said.value, mail["subject"], [" ".join(part.split()) for part in parts]

    return run


def test_the_mail_that_arrives_holds_the_models_words_and_says_so(newsroom, broadsheet):
    with serving(honest) as server:
        value, _, parts = newsroom(server.url)
    assert value["state"] == "sent"
    assert len(parts) == 2
    for part in parts:
        for text in (
            "Its engine cost the county $2.1 million.",
            "It holds 31,000 maps.",
            "Forty traders signed for it.",
        ):
            assert text in part
        assert "Written in part by a language model" in part
    said = broadsheet("editions", value["edition"])
    assert "by the language model: summary, subject" in said.out


def test_the_mail_that_arrives_holds_no_word_of_a_lie(newsroom, broadsheet):
    def sometimes(question: Question) -> object:
        return {"The night": liar, "The map r": careless}.get(question.article["text"][0][:9], honest)(question)

    with serving(sometimes) as server:
        value, subject, parts = newsroom(server.url)
    assert value["state"] == "sent"
    for part in (subject, *parts):
        assert "987,654" not in part
    assert all("The night ferry returns after 14 weeks." in part for part in parts)
    assert all("It holds 31,000 maps." in part for part in parts)
    said = broadsheet("editions", value["edition"])
    assert "no summary by the language model, refused: a number that the article does not have" in said.out
    assert said.out.count("987,654") >= 1
    picks = broadsheet("editions", value["edition"], "--json").value["selection"]["picks"]
    assert sorted(each["summary"] for each in picks) == ["extract", "llm", "llm"]


@pytest.mark.parametrize("answer", [Raw(500, b"boom"), Raw(500, b"bo\0om \xed\xa0\xbd"), Raw(200, b"x" * 200_000)])
def test_the_mail_arrives_though_the_model_fails(newsroom, answer):
    with serving(lambda _: answer) as server:
        value, subject, parts = newsroom(server.url)
    assert value["state"] == "sent"
    assert subject
    assert all("Summaries are sentences from the articles themselves." in part for part in parts)


def test_the_mail_arrives_though_the_model_never_answers(newsroom):
    def never(_: Question) -> object:
        server.open.wait(60)
        return Raw(503)

    with serving(never) as server:
        value, _, parts = newsroom(server.url, 'patience = "1s"\n')
    assert value["state"] == "sent"
    assert all("The night ferry returns after 14 weeks." in part for part in parts)


def test_a_preview_shows_what_the_model_writes_and_the_edition_does_not_ask_again(newsroom, folder, broadsheet):
    with serving(honest) as server:
        configure(folder, LLM.format(server.url, ""))
        broadsheet("preview", "morning", "--out", "out")
        assert "It holds 31,000 maps." in " ".join((folder / "out" / "digest.txt").read_text().split())
        assert '"summary": "llm"' in (folder / "out" / "selection.json").read_text()
        asked = len(server.asked)
        newsroom(server.url)
        assert len(server.asked) == asked == 3
