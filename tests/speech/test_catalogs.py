"""Every word of the desk is said in every language it speaks."""

from __future__ import annotations

import ast
import re
import tomllib
from itertools import combinations
from pathlib import Path

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

from bot.speech.catalog import CATALOGS, LANGUAGES

ROOT = Path(__file__).parents[2]
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd]|\{\w+\}")
CODE = re.compile("`[^`]+`")


@pytest.fixture(scope="module")
def words():
    """The desk's own words, each with its context: singular, or (singular, plural)."""
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]
    found = extract_from_dir(
        ROOT,
        [(each["pattern"], each["method"]) for each in mappings],
        {each["pattern"]: {key: value for key, value in each.items() if key == "trimmed"} for each in mappings},
        {**DEFAULT_KEYWORDS, "N_": None, "Phrase": None, "plural": (2, 3)},
        directory_filter=lambda folder: Path(folder).name not in {".venv", ".git", "node_modules", "tests"},
    )
    return {(each[2], each[4]) for each in found}


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_every_word_is_translated(words, language):
    with (CATALOGS / f"{language}.po").open("rb") as stream:
        catalog = read_po(stream, locale=language)
    missing, wrong = [], []
    for word, context in words:
        message = catalog.get(word[0] if isinstance(word, tuple) else word, context)
        # What is fuzzy no catalog tells.
        if (
            message is None
            or message.fuzzy
            or not message.string
            or (isinstance(message.string, tuple) and not all(message.string))
        ):
            missing.append(word)
        elif not _fits(word, message.string):
            wrong.append((word, message.string))
    assert missing == [], f"{len(missing)} words; `make words` puts them into the catalog"
    assert wrong == [], "placeholders differ"


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_code_within_words_is_never_translated(words, language):
    with (CATALOGS / f"{language}.po").open("rb") as stream:
        catalog = read_po(stream, locale=language)
    found = {word: catalog.get(word, context) for word, context in words if isinstance(word, str)}
    said = {word: message.string for word, message in found.items() if message}
    assert any(CODE.search(word) for word in said)
    assert [word for word in said if sorted(CODE.findall(word)) != sorted(CODE.findall(said[word]))] == []


def test_no_language_borrows_the_words_of_another(words):
    """What reads the same in two languages is a name or a piece of code, and so the same in English."""
    said = {}
    for language in LANGUAGES:
        if language != "en":
            with (CATALOGS / f"{language}.po").open("rb") as stream:
                catalog = read_po(stream, locale=language)
            said[language] = {
                (one := word[0] if isinstance(word, tuple) else word, context): catalog.get(one, context).string
                for word, context in words
            }
    borrowed = [
        (first, second, word)
        for first, second in combinations(said, 2)
        for (word, context), string in said[first].items()
        if string == said[second][word, context] and string != word
    ]
    assert borrowed == []


def test_what_is_said_below_is_given_as_it_stands():
    """A catalog knows a template only where the code has it whole."""
    known = {"bot/model/phrase.py"}
    made = [
        f"{path}:{node.lineno}"
        for path, node in _phrases()
        if path not in known and not all(isinstance(each, ast.Constant) for each in _templates(node))
    ]
    assert made == []


def _phrases():
    for file in sorted((ROOT / "bot").rglob("*.py")):
        text = file.read_text()
        if "Phrase(" in text or "plural(" in text:
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Phrase", "plural"):
                    yield file.relative_to(ROOT).as_posix(), node


def _templates(call):
    return call.args[:1] if call.func.id == "Phrase" else call.args[1:3]


def _fits(word, said):
    """Whether a translation names what its sentence names: a plural form may leave the number to its words."""
    sources = word if isinstance(word, tuple) else (word,)
    known = {found for each in sources for found in PLACEHOLDER.findall(each)}
    forms = said if isinstance(said, tuple) else (said,)
    if not isinstance(word, tuple):
        return (
            sorted(PLACEHOLDER.findall(said)) == sorted(PLACEHOLDER.findall(word)) if isinstance(said, str) else False
        )
    return all(set(PLACEHOLDER.findall(form)) <= known for form in forms)
