"""Data sets: what is read, and how a bad line is told."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from bot.summaries.sentences import split_sentences
from tests.eval.dataset import BUNDLED, Unreadable, read


def file(folder: Path, *rows: object) -> Path:
    path = folder / "set.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), "utf-8")
    return path


def test_paragraphs_title_language_and_references_are_read(tmp_path: Path) -> None:
    row = {
        "title": "Ferry",
        "body": "It stopped.\n\nA <b> & 3 < 4.",
        "summary": ["Stopped.", "No ferry."],
        "language": "en",
    }
    [example] = read(file(tmp_path, row, ""))
    assert example.paragraphs == ("It stopped.", "A <b> & 3 < 4.")
    assert (example.article.title, example.article.language) == ("Ferry", "en")
    assert example.references == ("Stopped.", "No ferry.")


def test_title_and_language_may_be_left_out(tmp_path: Path) -> None:
    [example] = read(file(tmp_path, {"body": "It stopped.", "summary": "Stopped."}))
    assert (example.article.title, example.article.language) == ("", "")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{", "set.jsonl:2: "),
        ([], "set.jsonl:2: is no object with title, body, summary, language"),
        ({"summary": "x"}, 'set.jsonl:2: needs "body", a text'),
        ({"body": " ", "summary": "x"}, 'set.jsonl:2: needs "body", a text'),
        ({"body": "x"}, 'set.jsonl:2: needs "summary", a text'),
        ({"body": "x", "summary": []}, 'set.jsonl:2: needs "summary", a text'),
        ({"body": "x", "summary": ["y", 3]}, 'set.jsonl:2: needs "summary", a text'),
        ({"body": "x", "summary": "y", "title": 3}, 'set.jsonl:2: "title" is no text'),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, row: object, said: str) -> None:
    with pytest.raises(Unreadable) as raised:
        read(file(tmp_path, {"body": "x", "summary": "y"}, row))
    assert said in str(raised.value)


def test_a_file_without_articles_and_one_that_is_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="holds no article"):
        read(file(tmp_path))
    with pytest.raises(Unreadable, match="No such file"):
        read(tmp_path / "missing.jsonl")


@pytest.mark.parametrize("path", sorted(BUNDLED.glob("*.jsonl")), ids=lambda path: path.stem)
def test_each_bundled_article_is_longer_than_its_summary_and_in_its_language(path: Path) -> None:
    for example in read(path):
        assert example.article.language == path.stem
        assert example.article.title
        [reference] = example.references
        body = " ".join(example.paragraphs)
        assert len(body) > 2.5 * len(reference)
        # People wrote it anew: no sentence of it is the article's.
        assert not any(sentence in body for sentence in split_sentences(reference, path.stem))


def test_the_bundled_set_speaks_seven_languages() -> None:
    counts = Counter({path.stem: len(read(path)) for path in BUNDLED.glob("*.jsonl")})
    assert set(counts) == {"ar", "de", "en", "es", "fr", "ja", "zh"}
    assert counts.total() >= 24
