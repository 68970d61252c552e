"""Posts: one story composed and checked for fifteen networks, beside rendering their templates by plain Jinja."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from time import process_time
from typing import Any

from jinja2 import Environment, FileSystemLoader

from bot.editions.counting import fits
from bot.editions.posts import Composer
from bot.model import Counting, EditionStory, Limits, Markup, Newsroom, Post, PostRules, Summary
from bot.settings import shipped
from bot.testing import article
from tests.bench.figure import Figure, in_turns

NETWORKS: Mapping[str, Limits] = {
    "bluesky": Limits(characters=300, size=3000, card=True),
    "mastodon": Limits(characters=500, counting=Counting.MASTODON, url=23, warning=True),
    "x": Limits(characters=280, counting=Counting.WEIGHTED, url=23),
    "linkedin": Limits(characters=3000, counting=Counting.UTF16, markup=Markup.LITTLE, marked_up=True, card=True),
    "facebook": Limits(characters=63_206, counting=Counting.UTF16),
    "threads": Limits(characters=500, counting=Counting.THREADS, links=5),
    "telegram": Limits(characters=4096, counting=Counting.UTF16, markup=Markup.HTML),
    "slack": Limits(characters=3000, counting=Counting.UTF16, markup=Markup.MRKDWN, marked_up=True, card=True),
    "discord": Limits(characters=2000, counting=Counting.UTF16, markup=Markup.MARKDOWN, marked_up=True, card=True),
    "teams": Limits(size=21_000, card=True),
    "matrix": Limits(size=16_000),
    "ntfy": Limits(size=4096),
    "webhook": Limits(size=8000, card=True),
    "apprise": Limits(characters=250, counting=Counting.UTF16),
    "default": Limits(characters=500),
}
"""Of which Bluesky, Mastodon, Threads, Apprise and the default have to cut the story."""
_RULES = PostRules(hashtags=3, utm={"utm_source": "{network}", "utm_campaign": "{schedule}"})
_SUMMARY = (
    "The harbour authority said on Monday that boats would run again from the old quay, which was mended in October. "
    "“We’ll sail in any weather,” said its director, Renske Vaal, who has led it since 2019. "
    "Tickets cost as much as before, €14.10 for adults; children go free until the end of the year. "
    "The council had asked for an earlier start, and for two more boats than the authority has crews for. "
    "It will look at the timetable again in spring, when the summer’s numbers are known to both of them."
)
_NEWSROOM = Newsroom(name="The Port Alder Record", url="https://record.com", language="en")


def story(number: int) -> EditionStory:
    """The same story again, at an address of its own: nothing kept of one serves another."""
    told = article(
        title="Ferry returns to Port Alder after a winter of storms – and fares stay",
        standfirst="",
        tags=("City Council", "Ferry", "Harbour"),
        url=f"https://record.com/2026/11/ferry-{number}",
    )
    return EditionStory(position=number, article=told, summary=Summary(_SUMMARY))


def composed(composer: Composer, told: EditionStory) -> dict[str, Post]:
    """The story's posts, each of which its network takes."""
    posts = {}
    for network, limits in NETWORKS.items():
        campaign = {"network": network, "channel": network, "schedule": "morning", "date": "2026-11-29"}
        post = composer.post(told, template=network, limits=limits, rules=_RULES, campaign=campaign)
        if not fits(post.text, limits):
            raise RuntimeError(f"a post is too long for {network}")
        posts[network] = post
    return posts


def measured(stories: int, repeats: int) -> list[Figure]:
    """Of one story in an edition of its own, as a process makes it that made one before, and of further stories of one.

    Like such a process, ours keeps compiled templates between editions, and reads each file again for every edition;
    plain Jinja keeps nothing.
    """
    told = [story(number) for number in range(1, stories + 1)]

    def editions() -> None:
        for each in told:
            composed(_composer(), each)

    def one_edition() -> None:
        composer = _composer()
        for each in told:
            composed(composer, each)

    first = in_turns(repeats, lambda: _rate(editions, stories), lambda: _rate(lambda: _plain_each(told), stories))
    next_ = in_turns(repeats, lambda: _rate(one_edition, stories), lambda: _rate(lambda: _plain(told), stories))
    return [
        Figure(
            name="posts.milliseconds",
            value=1000 / max(first.candidate),
            aim=20,
            at_most=True,
            unit="ms",
            why="processor time of composing and checking one story for 15 networks, an edition of its own",
            raw=first.raw(),
        ),
        Figure(
            name="posts.over_jinja",
            value=1 / first.ratio,
            aim=2,
            at_most=True,
            why="the same ÷ 15 plain Jinja renders of the same templates, each loaded by an Environment of its own",
            raw=first.raw(),
        ),
        Figure(
            name="posts.over_loaded_jinja",
            value=1 / next_.ratio,
            aim=12,
            at_most=True,
            why="a further story of an edition ÷ 15 plain renders of templates that are loaded already",
            raw=next_.raw(),
        ),
    ]


def _composer() -> Composer:
    return Composer(edition_name="Morning briefing", newsroom=_NEWSROOM, folders=(shipped("templates"),))


def _plain_each(told: list[EditionStory]) -> None:
    for each in told:
        _plain([each])


def _plain(told: list[EditionStory]) -> None:
    environment = Environment(loader=FileSystemLoader(shipped("templates")), autoescape=False)  # noqa: S701
    templates = [environment.get_template(f"posts/{network}.txt.j2") for network in NETWORKS]
    for each in told:
        words = _words(each)
        for template in templates:
            template.render(words)


def _words(told: EditionStory) -> dict[str, Any]:
    return {
        "title": told.article.title,
        "standfirst": told.article.standfirst,
        "summary": told.summary.text,
        "written": told.post,
        "url": told.article.url,
        "linked": True,
        "section": told.article.sections[0],
        "authors": told.article.authors,
        "tags": told.article.tags,
        "hashtags": ("#CityCouncil", "#Ferry", "#Harbour"),
        "newsroom": _NEWSROOM.name,
        "edition": "Morning briefing",
    }


def _rate(work: Callable[[], object], stories: int) -> float:
    gc.collect()
    begun = process_time()
    work()
    return stories / (process_time() - begun)
