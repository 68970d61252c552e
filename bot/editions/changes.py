"""What became of an edition's stories between drafting and sending. Nothing changes silently."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import regex

from bot.editions.gate import still_true
from bot.model import Article, EditionStory, EditionWords, Phrase, Several
from bot.sanitize import bounded, parsed
from bot.summaries.extractive import summarise
from bot.summaries.sentences import split_sentences

_BLOCKS = ("p", "div", "li", "td", "th", "pre", "br", "blockquote", "figure", "figcaption", "h2", "h3", "h4")
_BREAK = "\u2029"
# Marks of format (Unicode Cf), such as the soft hyphen, are not seen by readers.
_UNSEEN = regex.compile(r"\p{Cf}")
_TOKEN = regex.compile(
    r"(?P<number>(?:(?<![\p{L}\p{N}])[-−–+±])?(?:[\p{Sc}<>≤≥≈~]\s?)?(?:(?<![\p{L}\p{N}])[.,])?"
    r"\p{N}+(?:[.,:'’/٫٬]\p{N}+)*+(?:\s?[%‰٪°\p{Sc}])?)"
    r"|[\p{L}\p{M}]+"
)
_SPELT = regex.compile(
    r"zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
    r"|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|(?:hundred|thousand|million|billion|trillion|dozen|quarter)s?"
    r"|half|twice|double|triple|first|second|thirds?|fourth|fifth"
    r"|(?!(?:und|ein)$)(?:null|eins?|zwei|drei|vier|fünf|sechs?|sieb(?:en)?|acht|neun|zehn|elf|zwölf|und|zwan|zig|ßig"
    r"|hundert|tausend)+|halb\p{L}*|doppelt"
    r"|deux|trois|quatre|cinq|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize|vingts?|trente|quarante"
    r"|cinquante|soixante|cents?|mille|milliards?|moitié|demi"
    r"|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|veinte|treinta|cien(?:to)?|mil|millón|millones"
)
_NEGATION = regex.compile(
    r"not|no|never|none|nobody|nothing|neither|nor|without|nicht|kein\p{L}*|nie|niemals|niemand|nichts|ohne|weder"
    r"|ne|n|pas|jamais|aucune?|rien|sans|non|nunca|jamás|ni|sin|ningun[oa]|ningún|nadie|nada|não|niet|geen|inte|ikke"
)
_CONTRACTED = (
    (regex.compile(r"\bcan(?:['’]t|not)\b", regex.IGNORECASE), "can not"),
    (regex.compile(r"\bwon['’]t\b", regex.IGNORECASE), "will not"),
    (regex.compile(r"n['’]t\b", regex.IGNORECASE), " not"),
)
# Letters without capitals: Georgian has some since Unicode 11, for headings only.
_CASELESS = regex.compile(r"[\p{Lo}\p{Georgian}]")
_CAPITAL = regex.compile(r"[\p{Lu}\p{Lt}]")
# What may stand between two words of one clause; after anything else a capital need not mean a name.
_JOINS = regex.compile(r"[\s,;/&.'’-]*")
# A mark that nothing closes in its paragraph opens a quotation that the next one goes on with. Single marks must be
# a pair: most are apostrophes.
_QUOTATION = regex.compile(
    r"„([^„“”]+)[“”]?|“([^“”]+)”?|«([^«»]+)»?|»([^«»]+)«?|‹([^‹›]+)›|›([^‹›]+)‹|「([^」]+)」?|『([^』]+)』?"
    r'|(?<!\p{N})"([^"]+)"?|(?<=^|[\s(])”([^”]+)”'
    r"|(?<![\p{L}\p{N}])[‘‚']((?:[^‘’']|(?<=\p{L})['’](?=\p{L}))++)['’‘](?![\p{L}\p{N}])"
)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The stories as they are now, with an editor's ``words``. ``changes`` says what is different, a line each;
    ``material``: approve it again.
    """

    stories: tuple[EditionStory, ...]
    changes: tuple[str, ...] = ()
    material: bool = False
    words: EditionWords = field(default_factory=EditionWords)


def refresh(
    stories: Sequence[EditionStory], current: Mapping[int, Article | None], words: EditionWords | None = None
) -> Refreshed:
    """Takes over what the newsroom changed: withdrawn stories and other tellings are dropped, new revisions taken.

    ``current`` holds the store's newest revision of each article. A change is material when it is one of
    ``differences``, or a story is gone; that one outlet fewer is linked is not. What an editor wrote stays where it is
    still true (``still_true``); that some of it is not is a material change.
    """
    kept: list[EditionStory] = []
    changes: list[str] = []
    material = False
    for story in stories:
        now = current.get(story.article.id)
        if now is None or now.withdrawn:
            changes.append(Phrase("dropped: “%(title)s” was withdrawn", title=story.article.title))
            material = True
            continue
        story, withdrawn = _without_withdrawn(story, current)
        changes += withdrawn
        if now.revision == story.article.revision:
            kept.append(story)
        else:
            what = differences(story.article, now)
            material = material or bool(what)
            places = Several(tuple(PLACES[each] for each in what or ["wording"]))
            changes.append(Phrase("updated: “%(title)s” (%(what)s changed)", title=now.title, what=places))
            # A machine's words are about the old revision.
            kept.append(replace(story, article=now, summary=summarise(now), subject="", post=""))
    renumbered = tuple(replace(story, position=position) for position, story in enumerate(kept, start=1))
    if not changes:
        return Refreshed(renumbered, words=words or EditionWords())
    held = still_true(stories, renumbered, words or EditionWords())
    changes += [
        Phrase("taken back: %(what)s says what the newsroom does not say any more", what=what) for what in held.lost
    ]
    return Refreshed(held.stories, tuple(changes), material or bool(held.lost), held.words)


def _without_withdrawn(story: EditionStory, current: Mapping[int, Article | None]) -> tuple[EditionStory, list[str]]:
    """The story without its other tellings that were withdrawn, and a line for each of these."""
    others = {each: current.get(each) for each in story.article_ids if each != story.article.id}
    gone = {each: other for each, other in others.items() if other and other.withdrawn}
    if not gone:
        return story, []
    named = {url: who for who, url in story.also}
    kept = [other for each, other in others.items() if other and each not in gone]
    # Another may stand at the same address, or have none either.
    dead = {other.url for other in gone.values()} - {other.url for other in kept}
    fresh = replace(
        story,
        also=tuple(each for each in story.also if each[1] not in dead),
        article_ids=tuple(each for each in story.article_ids if each not in gone),
        also_about=tuple(dict.fromkeys(topic for other in kept for topic in (*other.sections, *other.tags))),
    )
    told = [named.get(other.url) or other.source for other in gone.values()]
    title = story.article.title
    return fresh, [
        Phrase("dropped: what %(who)s told of “%(title)s” was withdrawn", who=who, title=title) for who in told
    ]


PLACES = {
    "title": Phrase("title"),
    "standfirst": Phrase("standfirst"),
    "numbers": Phrase("numbers"),
    "names": Phrase("names"),
    "quotations": Phrase("quotations"),
    "negation": Phrase("negation"),
    "byline": Phrase("byline"),
    "wording": Phrase("wording"),
}
"""What differs of an article, for people."""


def differences(before: Article, after: Article) -> list[str]:
    """What an editor must see again; empty when no more than punctuation, spacing, case or wording is different.

    ``title``, ``standfirst`` (added or removed), ``numbers`` (or what stands beside one), ``names``, ``quotations``,
    ``negation``, ``byline``; ``wording`` only in scripts without capitals, where names cannot be told. All are
    compared in their order. A sentence's first word is a name unless the same word is written small elsewhere.
    """
    blocks = _blocks(before), _blocks(after)
    old, new = (_tokens(each, after.language) for each in blocks)
    reworded = _flow(old) != _flow(new)
    found = {
        "title": _headline(before) != _headline(after),
        "standfirst": bool(before.standfirst.strip()) != bool(after.standfirst.strip()),
        "numbers": reworded and _numbers(old) != _numbers(new),
        "names": reworded and _names(old, old + new) != _names(new, old + new),
        "quotations": _quotations(blocks[0]) != _quotations(blocks[1]),
        "negation": reworded and _negations(old) != _negations(new),
        "byline": _flow(_tokens(before.authors)) != _flow(_tokens(after.authors)),
        "wording": reworded and _flow(old, caseless=True) != _flow(new, caseless=True),
    }
    return [what for what, differs in found.items() if differs]


@dataclass(frozen=True, slots=True)
class _Token:
    """A word or number, case folded. ``opens``: it stands where any word may have a capital."""

    word: str
    sentence: int
    opens: bool
    capital: bool
    number: bool


def _blocks(article: Article) -> list[str]:
    """All that may be read under the title, a paragraph each: quotations set apart, tables and captions too."""
    root = parsed(bounded(article.body))
    for element in root.iter(*_BLOCKS):
        element.text = f"{_BREAK}{element.text or ''}"
        element.tail = f"{_BREAK}{element.tail or ''}"
    image = article.image
    shown = (image.alt, image.caption, image.credit) if image else ()
    texts = (article.standfirst, *root.text_content().split(_BREAK), *shown)
    return [clean for text in texts if (clean := _clean(text))]


def _clean(text: str) -> str:
    return " ".join(_UNSEEN.sub("", unicodedata.normalize("NFC", text)).split())


def _tokens(blocks: Sequence[str], language: str = "") -> list[_Token]:
    sentences = (sentence for block in blocks for sentence in split_sentences(_clean(block), language))
    return [token for number, sentence in enumerate(sentences) for token in _read(sentence, number)]


def _read(sentence: str, number: int) -> Iterator[_Token]:
    for pattern, whole in _CONTRACTED:
        sentence = pattern.sub(whole, sentence)
    end = 0
    for match in _TOKEN.finditer(sentence):
        opens = end == 0 or not _JOINS.fullmatch(sentence, end, match.start())
        word = match[0].casefold()
        if match["number"] is not None:
            word = "".join(str(unicodedata.decimal(each, each)) for each in word if not each.isspace())
            word = word.translate(str.maketrans("−–’", "--'"))
        is_number = match["number"] is not None or _SPELT.fullmatch(word) is not None
        yield _Token(word, number, opens, _CAPITAL.search(match[0]) is not None, is_number)
        end = match.end()


def _headline(article: Article) -> tuple[str, list[str], int]:
    """A question is another title than its answer."""
    title = _clean(article.title)
    return _flow(_tokens([title])), _quotations([title]), len(regex.findall("[?？؟]", title))


def _flow(tokens: Sequence[_Token], *, caseless: bool = False) -> str:
    """The words, or the ``caseless`` ones alone, without punctuation; without spaces where a script may have none."""
    parts = (token.word if _CASELESS.search(token.word) else f" {token.word} " * (not caseless) for token in tokens)
    return "".join(parts)


def _numbers(tokens: Sequence[_Token]) -> list[tuple[str, ...]]:
    return [_beside(tokens, place, 1, 2) for place, token in enumerate(tokens) if token.number]


def _negations(tokens: Sequence[_Token]) -> list[tuple[str, ...]]:
    return [_beside(tokens, place, 2, 1) for place, token in enumerate(tokens) if _NEGATION.fullmatch(token.word)]


def _beside(tokens: Sequence[_Token], place: int, before: int, after: int) -> tuple[str, ...]:
    """The word at ``place`` with what it is said of: so many words before and after it in its sentence."""
    near = tokens[max(0, place - before) : place + after + 1]
    return tuple(token.word for token in near if token.sentence == tokens[place].sentence)


def _names(tokens: Sequence[_Token], both: Sequence[_Token]) -> list[str]:
    inside = {token.word for token in both if token.capital and not token.opens}
    small = {token.word for token in both if not token.capital} - inside
    capitals = (token for token in tokens if token.capital and not token.number and token.word != "i")
    return [token.word for token in capitals if not (token.opens and token.word in small)]


def _quotations(blocks: Sequence[str]) -> list[str]:
    """What is quoted, word for word; of a quotation inside another the words count only once."""
    found = (next(filter(None, match.groups())) for block in blocks for match in _QUOTATION.finditer(block))
    return [" ".join(match[0].casefold() for match in _TOKEN.finditer(each)) for each in found]
