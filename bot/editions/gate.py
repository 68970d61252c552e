"""What an editor wrote in an edition, held against its articles. Pure.

The gate of ``bot.summaries.grounding`` says what their words do not; a person may know more than the article does, so
what it finds is shown, and an approver may let it stand by name. How something is said is the editor's own business.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

import regex

from bot.editions.hashtags import found as hashtags_in
from bot.model import Article, Edition, EditionStory, EditionWords, Newsroom, Overruling, PostWords, StoryWords
from bot.summaries.grounding import Ground, Offence
from bot.summaries.mending import mending
from bot.summaries.source import SourceSentence, SourceText, spans

_TO_FIX = frozenset({"number", "date", "name", "quotation"})
_MENTION = regex.compile(r"(?<![\w.@/])@[\w.-]+(?:@[\w.-]+)?")
_ADDRESS = regex.compile(r"https?://\S+", regex.IGNORECASE)
_PLACE = regex.compile(r"(?<![\w/])\d{1,2}/\d{1,2}(?![\w/])")
"""Where in its thread a part stands."""
_OPENING = regex.compile(r"[\"'“‘„«»¿¡(\[\s]*")
_NOTHING: Mapping[str, Overruling] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFinding:
    """Something in an editor's words that the article does not say.

    ``place`` is ``title`` or ``summary`` (of the story ``article``), ``subject`` or ``preheader`` (``article`` 0), or
    ``post`` (of ``channel`` and ``subject``, its rendition's; ``article`` is its story's).
    ``what`` is ``number``, ``date``, ``name``, ``quotation`` or ``sentence``; ``fix``: it is to be fixed, else to know.
    ``text`` are the words, at ``start`` to ``end`` of what was written. ``nearest`` is the article's nearest sentence,
    ``sentence`` its number in ``bot.summaries.source.source_of`` ("" and 0: none is near), ``source`` the id of the
    article that has it. ``mending`` is what would be true in the place of ``text``, "" when nothing is sure. ``key``
    names the finding: the same words found again have the same. ``overruled``: by whom it was let stand, and why.
    """

    key: str
    place: str
    article: int = 0
    channel: str = ""
    subject: str = ""
    what: str
    fix: bool
    text: str
    start: int
    end: int
    source: int = 0
    nearest: str = ""
    sentence: int = 0
    mending: str = ""
    overruled: Overruling | None = None

    @property
    def stands_in_the_way(self) -> bool:
        """Whether it is to be fixed, or overruled, before anybody can approve the edition."""
        return self.fix and self.overruled is None


def looked_at(
    edition: Edition, newsroom: Newsroom, overruled: Mapping[str, Overruling] = _NOTHING
) -> tuple[TextFinding, ...]:
    """What is found in all that an editor wrote of ``edition``, in its order.

    What nobody changed is not looked at: it is the article's own, or passed the gate when it was written.
    """
    found: list[TextFinding] = []
    for place, text in (("subject", edition.words.subject), ("preheader", edition.words.preheader)):
        if text:
            found += _looked(text, _lines_grounds(edition, newsroom), newsroom, edition.name, place=place)
    for story in edition.stories:
        for place, text in (("title", story.words.title), ("summary", story.words.summary)):
            if text:
                found += _looked(text, (story.article,), newsroom, "", place=place, article=story.article.id)
    for each in edition.words.posts:
        subject = subject_of(edition, each)
        if subject is not None:
            about = _post_grounds(edition.stories, each)
            found += _looked(
                _bare(each.text),
                about,
                newsroom,
                edition.name,
                place="post",
                article=each.article,
                channel=each.channel,
                subject=subject,
            )
    return tuple(replace(each, overruled=overruled.get(each.key)) for each in found)


def subject_of(edition: Edition, words: PostWords) -> str | None:
    """The subject of the rendition that stands in these words; None: no post of the edition does by now."""
    lead = edition.stories[0].article.id if edition.stories else 0
    for each in edition.renditions:
        about = each.subject == str(words.article) or (not each.subject and words.article == lead)
        if about and each.channel == words.channel and each.post:
            return each.subject
    return None


def article_of(edition: Edition, subject: str) -> int:
    """The id of the article that a post with this subject is about, the lead's for "" ; 0 when it has none such."""
    if not subject:
        return edition.stories[0].article.id if edition.stories else 0
    return next((each.article.id for each in edition.stories if str(each.article.id) == subject), 0)


@dataclass(frozen=True, slots=True)
class Kept:
    """What of an editor's words is still true. ``lost`` says what is not, a phrase each."""

    stories: tuple[EditionStory, ...]
    words: EditionWords
    lost: tuple[str, ...] = ()


def still_true(before: Sequence[EditionStory], after: Sequence[EditionStory], words: EditionWords) -> Kept:
    """What an editor wrote of ``before``, held against the stories as they are ``after`` their articles changed.

    What says something that the articles do not say any more goes back to the articles' words. What they did not say
    before either stays: the editor knew. A picture's alt text and credit go with the picture, and the mail's lines with
    the story that led when they were written.
    """
    old = {each.article.id: each.article for each in before}
    kept, lost = [], []
    for story in after:
        known = old.get(story.article.id, story.article)
        fresh, gone = _story_words(story.words, known, story.article)
        lost += [f"the editor's {what} of “{story.article.title}”" for what in gone]
        kept.append(replace(story, words=fresh))
    there = {each.article.id: each.article for each in after}
    posts = [each for each in words.posts if each.article in there]
    for each in posts[:]:
        known = old.get(each.article, there[each.article])
        if _worse(_bare(each.text), (known,), (there[each.article],)):
            posts.remove(each)
            lost.append(f"the editor's post for {each.channel}")
    subject, preheader = words.subject, words.preheader
    were, are = tuple(each.article for each in before), tuple(there.values())
    left = words.about not in there
    if subject and (left or _worse(subject, were, are)):
        subject = ""
        lost.append("the editor's subject")
    if preheader and (left or _worse(preheader, were, are)):
        preheader = ""
        lost.append("the editor's preheader")
    about = words.about if subject or preheader else 0
    fresh_words = replace(words, subject=subject, preheader=preheader, about=about, posts=tuple(posts))
    return Kept(tuple(kept), fresh_words, tuple(lost))


def _story_words(words: StoryWords, before: Article, after: Article) -> tuple[StoryWords, list[str]]:
    gone: list[str] = []
    if words.title and _worse(words.title, (before,), (after,)):
        words, gone = replace(words, title=""), [*gone, "headline"]
    if words.summary and _worse(words.summary, (before,), (after,)):
        words, gone = replace(words, summary=""), [*gone, "summary"]
    pictures = [each.image.url if each.image else "" for each in (before, after)]
    if (words.alt or words.credit) and pictures[0] != pictures[1]:
        words, gone = replace(words, alt="", credit=""), [*gone, "words on the picture"]
    return words, gone


def _worse(text: str, before: Sequence[Article], after: Sequence[Article]) -> bool:
    """Whether ``text`` says something wrong by now that it did not say before."""
    if before == after:
        return False
    known = set(_in_all(before, text))
    return any(each.what in _TO_FIX and each not in known for each in _in_all(after, text))


def _looked(
    text: str,
    articles: Sequence[Article],
    newsroom: Newsroom,
    name: str,
    *,
    place: str,
    article: int = 0,
    channel: str = "",
    subject: str = "",
) -> Iterator[TextFinding]:
    asked = _without(text, (newsroom.name, name))
    last = 0
    for offence in _in_all(articles, asked):
        start = _at(asked, offence.text, last)
        end = start + len(offence.text) if start >= 0 else 0
        last, start = max(end, 0), max(start, 0)
        sentence, begins = _sentence(text, start, articles[0].language)
        source, near = _nearest(articles, sentence, offence)
        opening = _OPENING.match(sentence)
        first = begins + (opening.end() if opening else 0) == start
        said = [place, article, channel, subject, [each.revision for each in articles], offence.what, offence.text]
        yield TextFinding(
            key=hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32],
            place=place,
            article=article,
            channel=channel,
            subject=subject,
            what=offence.what,
            # Any word may stand with a capital at the beginning, or in capitals within a phrase of them.
            fix=offence.what in _TO_FIX
            and offence.sure
            and not (offence.what == "name" and first and " " not in offence.text),
            text=offence.text,
            start=start,
            end=end,
            source=source.id if near else 0,
            nearest=near.text if near else "",
            sentence=near.number if near else 0,
            mending=mending(offence, sentence, near, source.language) if near else "",
        )


def _nearest(articles: Sequence[Article], sentence: str, offence: Offence) -> tuple[Article, SourceSentence | None]:
    for article in articles:
        near = _source(article).nearest(sentence, offence.text)
        if near:
            return article, near
    return articles[0], None


def _in_all(articles: Sequence[Article], text: str) -> list[Offence]:
    """What none of the articles says: a subject line may speak of them all."""
    if not articles:
        return []
    first, *others = (_facts(each, text) for each in articles)
    return [each for each in first if all(each in other for other in others)]


@lru_cache(maxsize=256)
def _facts(article: Article, text: str) -> tuple[Offence, ...]:
    return _ground(article).facts(text)


@lru_cache(maxsize=32)
def _ground(article: Article) -> Ground:
    return Ground(article)


@lru_cache(maxsize=32)
def _source(article: Article) -> SourceText:
    return SourceText(article)


def _lines_grounds(edition: Edition, newsroom: Newsroom) -> tuple[Article, ...]:
    """All stories' articles; the first is also known as of the edition's own day, which a line may name."""
    articles = tuple(each.article for each in edition.stories)
    day = edition.slot.astimezone(ZoneInfo(newsroom.timezone))
    return (*articles, replace(articles[0], published=day)) if articles else ()


def _post_grounds(stories: Sequence[EditionStory], words: PostWords) -> tuple[Article, ...]:
    """Its story's article first; an edition's own post may speak of the others too."""
    own = tuple(each.article for each in stories if each.article.id == words.article)
    lead = bool(stories) and stories[0].article.id == words.article
    return (*own, *(each.article for each in stories[1:])) if lead else own


def _bare(text: str) -> str:
    """A post's text with what is no statement blanked out: every word keeps its place."""
    for pattern in (_ADDRESS, _MENTION, _PLACE):
        text = pattern.sub(lambda match: " " * len(match[0]), text)
    return _without(text, tuple(hashtags_in(text)))


def _without(text: str, phrases: Sequence[str]) -> str:
    for phrase in phrases:
        if phrase:
            text = text.replace(phrase, " " * len(phrase))
    return text


def _at(text: str, said: str, after: int) -> int:
    """Where ``said`` stands in ``text``, whole, best behind ``after``; -1: the gate read it in another form."""
    whole = regex.compile(rf"(?<![\p{{L}}\p{{N}}]){regex.escape(said)}(?![\p{{L}}\p{{N}}])")
    match = whole.search(text, after) or whole.search(text)
    return match.start() if match else text.find(said)


def _sentence(text: str, at: int, language: str) -> tuple[str, int]:
    """The sentence in which ``at`` is, and where it begins."""
    for start, end in spans(text, language):
        if start <= at < end:
            return text[start:end], start
    return text, 0
