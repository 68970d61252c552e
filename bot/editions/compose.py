"""Freezes what a selection picked and renders it for every channel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from bot.audience.links import link_url
from bot.editions.digest import Digest, compile_email
from bot.editions.entry import Pictures, addresses
from bot.editions.posts import Composer, Place, Seen
from bot.editions.rewriting import rewritten
from bot.editions.variants import Variant
from bot.model import (
    Article,
    Correction,
    EditionStory,
    EditionWords,
    HostedImage,
    Limits,
    Newsroom,
    Phrase,
    PostRules,
    Rendition,
    Selected,
    Story,
    Summary,
    TextKind,
    Written,
)
from bot.settings import DEFAULT_SUBJECT, ScheduleTable
from bot.summaries.extractive import summarise


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """What composing must know of a channel: ``medium`` is ``email`` or ``post``, ``kind`` its type in the settings.

    ``edits``, ``removes``: whether its posts can be changed, and taken down.
    """

    channel: str
    medium: str
    limits: Limits
    template: str
    kind: str = ""
    rules: PostRules = field(default_factory=PostRules)
    edits: bool = False
    removes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The hosted pictures of an edition. ``cards`` are share cards, by their stories' positions.

    What is not among ``pictures`` is shown from where its article has it. ``always``: posts show cards rather than
    pictures; ``in_mail``: a lead without a picture shows its card in the mail.
    """

    pictures: Pictures = field(default_factory=dict)
    cards: Mapping[int, HostedImage] = field(default_factory=dict)
    always: bool = False
    in_mail: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """All of an edition but its stories. ``slot`` is in UTC; ``outlets`` are the schedule's channels, in its order.

    ``clicks``: the links of its mail that lead to stories are counted.
    ``open``: whether anybody may subscribe to something of the newsroom by its pages. ``corrections`` are those that
    its mail tells; ``correcting``: it is sent for them. ``shown`` are its hosted pictures. ``key`` is the schedule's
    key in the settings. ``words`` are an editor's for all of it.
    """

    edition: str
    schedule: ScheduleTable
    slot: datetime
    newsroom: Newsroom
    folders: tuple[Path, ...]
    outlets: tuple[Outlet, ...]
    clicks: bool = False
    open: bool = False
    corrections: tuple[Correction, ...] = ()
    correcting: bool = False
    shown: Shown = field(default_factory=Shown)
    key: str = ""
    words: EditionWords = field(default_factory=EditionWords)


Texts = Mapping[str, Mapping[TextKind, Written]]
"""What a language model wrote, by the fingerprint of the revision it wrote about."""


def freeze(
    selected: Selected,
    texts: Texts = MappingProxyType({}),
    *,
    site: str = "",
    outlets: Mapping[str, str] = MappingProxyType({}),
) -> tuple[EditionStory, ...]:
    """The picked stories as the edition keeps them, each with its summary, in the selection's order.

    Of ``texts`` those are taken that are about the very revision that was picked. Other tellings are named by outlet:
    ``outlets`` are names by source. On ``site``, the newsroom's own, and on that of the lead, they are named by author.
    """
    return tuple(
        with_texts(
            EditionStory(
                position=position,
                article=pick.story.lead,
                summary=summarise(pick.story.lead),
                also=tellings(pick.story, site, outlets),
                article_ids=tuple(article.id for article in pick.story.articles),
                also_about=topics(pick.story),
                reason=pick.reason,
            ),
            texts,
        )
        for position, pick in enumerate(selected.picks, start=1)
    )


def with_texts(story: EditionStory, texts: Texts) -> EditionStory:
    """The story with a machine's words. Its own summary stays where an editor wrote it: a standfirst."""
    written = texts.get(story.article.fingerprint) if texts else None
    if not written:
        return story
    said = {kind: written[kind].text for kind in TextKind if kind in written}
    summary = said.get(TextKind.SUMMARY, "")
    if summary and story.summary.origin == "extract":
        story = replace(story, summary=Summary(summary, (), "llm"))
    return replace(story, subject=said.get(TextKind.SUBJECT, ""), post=said.get(TextKind.POST, ""))


def tellings(story: Story, site: str, outlets: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Who else told the story, and where, as ``freeze`` names them."""
    told: dict[str, str] = {}
    own = {"", site, _host(story.lead)}
    for other in story.others:
        host = _host(other)
        if host in own or (site and host.endswith(f".{site}")):
            # The same outlet, told by somebody else.
            teller = other.authors[0] if other.authors else host or other.source
        else:
            teller = outlets.get(other.source) or host
        told.setdefault(teller, other.url)
    return tuple(told.items())


def _host(article: Article) -> str:
    return (urlsplit(article.url).hostname or "").removeprefix("www.")


def topics(story: Story) -> tuple[str, ...]:
    """What the story's other tellings are about."""
    return tuple(dict.fromkeys(topic for other in story.others for topic in (*other.sections, *other.tags)))


def links(frame: Frame, stories: Sequence[EditionStory]) -> tuple[str, ...]:
    """The addresses whose clicks are counted, in the order of their numbers; none where clicks are not counted."""
    return addresses(stories) if frame.clicks else ()


def render(frame: Frame, stories: Sequence[EditionStory]) -> tuple[Rendition, ...]:
    """The edition for each of its channels, in an editor's words where there are any. Raises ``RenderError``."""
    made: list[Rendition] = []
    stories = tuple(story.told for story in stories)
    composer = Composer(edition_name=frame.schedule.name, newsroom=frame.newsroom, folders=frame.folders)
    for outlet in frame.outlets:
        if outlet.medium == "email":
            card = frame.shown.cards.get(stories[0].position) if stories else None
            email = replace(compile_email(_digest(frame, stories, stories)), card=card.name if card else "")
            images = _shown(frame, email.html, email.web, f"/i/{email.card}")
            made.append(Rendition(channel=outlet.channel, email=email, images=images))
            continue
        made += _posts(frame, stories, outlet, composer)
    return tuple(made)


def _posts(frame: Frame, stories: Sequence[EditionStory], outlet: Outlet, composer: Composer) -> Iterator[Rendition]:
    """The channel's posts: of the lead for the whole edition, of each story, or of all of them in a thread.

    The first part of a thread is the edition's own, its subject is ""; the others go by their articles.
    """
    posts = frame.schedule.posts
    threaded = posts == "thread" and outlet.limits.thread and len(stories) > 1
    follows = ""
    for number, story in enumerate(stories if threaded or posts == "each" else stories[:1], start=1):
        subject = "" if posts == "edition" or (posts == "thread" and number == 1) else str(story.article.id)
        post = composer.post(
            story,
            template=outlet.template,
            limits=outlet.limits,
            rules=outlet.rules,
            campaign=_campaign(frame, outlet),
            seen=Seen(
                pictures=frame.shown.pictures,
                drawn=frame.shown.cards.get(story.position),
                always=frame.shown.always,
            ),
            place=Place(part=number, parts=len(stories), follows=follows) if threaded else None,
        )
        own = frame.words.post(outlet.channel, story.article.id)
        if own:
            post = rewritten(post, own)
        seen = (*(picture.url for picture in post.pictures), *((post.card.image_url,) if post.card else ()))
        yield Rendition(channel=outlet.channel, subject=subject, post=post, images=_shown(frame, *seen))
        follows = subject


def _campaign(frame: Frame, outlet: Outlet) -> dict[str, str]:
    """What the channel's ``utm`` may name; the day is that of the slot, where the schedule's clock hangs."""
    zone = ZoneInfo(frame.schedule.timezone or frame.newsroom.timezone)
    return {
        "channel": outlet.channel,
        "network": outlet.kind,
        "schedule": frame.key,
        "date": frame.slot.astimezone(zone).date().isoformat(),
    }


def render_variant(frame: Frame, stories: Sequence[EditionStory], variant: Variant, channel: str) -> Rendition:
    """The mail of an edition of ``stories`` for the readers of one variant. Raises ``RenderError``.

    It has no public page of its own: "View in browser" shows the general edition. An editor's subject and preheader are
    about that one: a variant that begins with another story has the schedule's.
    """
    stories, told = tuple(story.told for story in stories), tuple(story.told for story in variant.stories)
    email = compile_email(_digest(frame, told, stories, variant.language), page=False)
    return Rendition(channel=channel, subject=variant.id, email=email, images=_shown(frame, email.html))


def _shown(frame: Frame, *texts: str) -> tuple[str, ...]:
    """The hosted pictures that stand in ``texts``: a template may leave some out."""
    pictures = (image.name for picture in frame.shown.pictures.values() if picture for image in picture.images)
    images = (*pictures, *(card.name for card in frame.shown.cards.values()))
    return tuple(name for name in dict.fromkeys(images) if any(f"/i/{name}" in text for text in texts))


def _digest(frame: Frame, shown: Sequence[EditionStory], stories: Sequence[EditionStory], language: str = "") -> Digest:
    # Numbered as the whole edition is, so that a link's clicks are counted together, whoever got which variant.
    numbered = enumerate(links(frame, stories), start=1)
    words = frame.words if shown[0].article.id == stories[0].article.id else EditionWords()
    return Digest(
        edition=frame.edition,
        name=frame.schedule.name,
        newsroom=frame.newsroom,
        slot=frame.slot,
        timezone=frame.schedule.timezone or frame.newsroom.timezone,
        language=language or frame.newsroom.language,
        stories=tuple(shown),
        subject=frame.schedule.subject,
        written=shown[0].subject if frame.schedule.subject == DEFAULT_SUBJECT else "",
        preheader=frame.schedule.preheader,
        own_subject=words.subject,
        own_preheader=words.preheader,
        template=frame.schedule.template,
        folders=frame.folders,
        links={url: link_url(frame.newsroom, frame.edition, number) for number, url in numbered},
        ways=_ways(frame),
        corrections=frame.corrections,
        correcting=frame.correcting,
        pictures=frame.shown.pictures,
        lead_card=frame.shown.cards.get(shown[0].position) if frame.shown.in_mail and shown else None,
    )


def _ways(frame: Frame) -> tuple[tuple[str, str], ...]:
    public = frame.newsroom.public_url
    subscribe = (("subscribe", f"{public}/subscribe"),) if frame.open else ()
    archive = (("all_editions", f"{public}/archive"),) if frame.schedule.archive and frame.schedule.audience else ()
    return (*subscribe, *archive)


def report(
    selected: Selected, stories: Sequence[EditionStory] = (), texts: Texts = MappingProxyType({})
) -> dict[str, Any]:
    """The selection with its reasons, as JSON types: what ``selection.json`` and the desk show.

    Of each of ``stories`` it says who made its summary, and what became of a machine's ``texts``.
    """
    made = {story.position: story for story in stories}
    return {
        "picks": [
            {
                **_named(pick.story.lead),
                "position": position,
                **_reason(pick.reason),
                "score": round(pick.score, 4),
                "score_parts": {part: round(value, 4) for part, value in pick.parts.items()},
                "also": [_named(other) for other in pick.story.others],
                **(_made(made[position], texts) if position in made else {}),
            }
            for position, pick in enumerate(selected.picks, start=1)
        ],
        "rejections": [
            {**_named(rejection.article), "rule": rejection.rule, **_reason(rejection.reason)}
            for rejection in selected.rejections
        ],
        "skip": selected.skip,
        "hold": selected.hold,
    }


def _reason(said: str) -> dict[str, Any]:
    """In English, and as what other languages are made of."""
    return {"reason": said, **({"why": said.content()} if isinstance(said, Phrase) else {})}


def reason_of(named: Mapping[str, Any]) -> str:
    """The reason of a pick or rejection of a report."""
    return Phrase.from_content(named["why"]) if "why" in named else str(named.get("reason") or "")


def _made(story: EditionStory, texts: Texts) -> dict[str, Any]:
    written = texts.get(story.article.fingerprint, {}) if texts else {}
    machine = {kind.value: {"text": each.text, "reason": each.reason} for kind, each in sorted(written.items())}
    return {"summary": story.summary.origin, **({"machine": machine} if machine else {})}


def _named(article: Article) -> dict[str, Any]:
    return {
        "id": article.id,
        "revision": article.revision,
        "title": article.title,
        "url": article.url,
        "published": article.published.isoformat(),
    }
