"""A real WordPress becomes one post on every network at once, and what is done to it later follows everywhere."""

from __future__ import annotations

import json
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from bot.channels.base import Editing, Removing, kinds
from bot.clock import system_clock
from bot.demo.networks import Standing, networks
from bot.schedules.installation import opened
from bot.testing.networks import Posted, made
from bot.testing.networks import running as serving
from tests.real.test_main_job import SITE, Newsroom

pytestmark = [pytest.mark.real, pytest.mark.slow]

PATIENCE = 60.0
SCHEDULE = """
[schedules.now]
name = "Now"
cron = "0 7 * * *"
channels = {channels}
max_lateness = "26h"

[schedules.now.selection]
window = "last 96h"
sections = ["{section}"]
"""
ALT = "A tram stands before the hospital in the rain"
WRONG, RIGHT = "The tram runs 214 times a day.", "The tram runs 241 times a day."


@dataclass
class Town:
    """The newsroom, its WordPress post, and all networks."""

    newsroom: Newsroom
    standing: dict[str, Standing]
    url: str
    title: str
    write: Callable[[str], Any]
    trash: Callable[[], Any]

    def seen(self) -> dict[str, list[Posted]]:
        return {kind: each.network.visible for kind, each in self.standing.items()}

    def until(self, come: Callable[[], bool], what: str) -> None:
        """Lets ``broadsheet up`` run until it is so."""
        up = self.newsroom.start("up")
        try:
            deadline = time.monotonic() + PATIENCE
            while not come():
                states = {kind: [each.text for each in seen] for kind, seen in self.seen().items()}
                assert time.monotonic() < deadline, f"no {what} within {PATIENCE} s: {states}"
                time.sleep(0.1)
        finally:
            up.send_signal(signal.SIGTERM)
            up.communicate(timeout=60)


def able(town: Town, what: Any) -> set[str]:
    """The kinds whose channels, as they are set up here, can do it."""
    with opened(town.newsroom.folder / "config") as installation:
        return {kind for kind in town.standing if isinstance(installation.configured[kind], what)}


@pytest.fixture
def town(
    tmp_path: Path,
    wordpress_server: dict[str, str],
    wordpress_script: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Town]:
    token = secrets.token_hex(3)
    title, section, body = f"Tram {token} reaches the hospital", f"Trams {token}", tmp_path / "body.html"
    with urlopen(f"{wordpress_server['REST_URL']}/media?per_page=1&media_type=image") as answer:
        picture = json.load(answer)[0]["source_url"]

    def write(words: str) -> Path:
        body.write_text(
            f"<p>{words} It stops at the main gate.</p>\n"
            f'<figure class="wp-block-image"><img src="{picture}" alt="{ALT}"/></figure>\n<p>It is on time.</p>\n'
        )
        return body

    def published(*arguments: object) -> dict[str, str]:
        said = wordpress_script(*arguments)
        return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)

    post = published("publish", title, write(WRONG), section)
    with ExitStack() as stack:
        stack.callback(lambda: wordpress_script("trash", post["ID"]) if _public(wordpress_script, post["ID"]) else None)
        found = list(stack.enter_context(networks(system_clock, {})))
        base, hook = stack.enter_context(serving(made("webhook"), system_clock))
        found.append(Standing("webhook", base, hook))
        toml = [SITE.format(**wordpress_server)]
        environment: dict[str, str] = {}
        for each in found:
            keys = {"type": each.kind, **each.options(), "gap": "0s"}
            toml.append("\n".join([f"[channels.{each.kind}]", *(f'{key} = "{value}"' for key, value in keys.items())]))
            environment |= each.secrets()
        toml.append(SCHEDULE.format(channels=json.dumps([each.kind for each in found]), section=section))
        newsroom = Newsroom(tmp_path / "newsroom", "\n\n".join(toml), **environment)
        for name, value in newsroom.environment.items():
            monkeypatch.setenv(name, value)
        with opened(newsroom.folder / "config") as installation:
            for each in found:
                each.connect(installation.store, installation.keys, system_clock())
        yield Town(
            newsroom=newsroom,
            standing={each.kind: each for each in found},
            url=post["URL"],
            title=title,
            write=lambda words: published("update", post["ID"], write(words)),
            trash=lambda: wordpress_script("trash", post["ID"]),
        )


def links(post: Posted) -> list[str]:
    """All the addresses that a reader of the post can follow."""
    found = [post.url, post.card.url if post.card else "", *(to for _, to in post.fields.get("links", ()))]
    return [*found, *(word for word in post.text.split() if word.startswith("http"))]


def test_an_article_is_posted_everywhere_once_corrected_where_that_can_be_and_taken_down(town: Town) -> None:
    posting = {name for name, cls in kinds().items() if cls.medium == "post"} - {"apprise"}
    assert set(town.standing) == posting
    edition = town.newsroom("run", "now")["edition"]
    assert set(town.newsroom.states(edition).values()) == {"accepted"}
    first = town.seen()
    described = set()
    for kind, seen in first.items():
        (post,) = seen
        assert town.title in f"{post.text} {post.card.title if post.card else ''}", kind
        assert town.url in links(post), kind
        if post.pictures:
            described |= {kind} if ALT in {each.alt for each in post.pictures} else set()
    assert described >= {"mastodon", "facebook", "threads", "x"}

    # The same slot again, and the article edited: nobody posts that.
    again = town.newsroom.start("run", "now")
    assert "nothing is sent twice" in again.communicate(timeout=60)[1]
    town.write(RIGHT)
    assert town.newsroom("collect")[0]["changed"] >= 1
    assert town.newsroom.start("run", "now", "--extra").wait(60) == 3
    assert town.seen() == first

    (article,) = (each for each in town.newsroom("articles", "--since", "-30d") if each["title"] == town.title)
    assert article["revision"] == 2
    edits, removes = able(town, Editing), able(town, Removing)
    assert edits >= {"mastodon", "discord", "telegram", "slack", "matrix"}
    town.newsroom("correct", str(article["id"]), "--said", WRONG, "--right", RIGHT, "--posts", "edit")
    town.until(lambda: all(_says(seen, RIGHT) for seen in town.seen().values()), "correction on each network")
    for kind, seen in town.seen().items():
        if kind in edits:
            (post,) = seen
            assert (post.id, post.edited is not None) == (first[kind][0].id, True), kind
            assert town.url in links(post), kind
        else:
            assert first[kind][0].id in {each.id for each in seen} or kind in removes, kind

    town.trash()
    assert town.newsroom("collect")[0]["withdrawn"] == 1
    standing = town.newsroom("posts", "--withdrawn")
    assert standing
    town.newsroom("posts", "remove", str(article["id"]))
    town.until(lambda: not standing_of(town, first) & removes, "removal from each network that can")
    assert standing_of(town, first) == posting - removes


def standing_of(town: Town, first: dict[str, list[Posted]]) -> set[str]:
    """Where the article's post still stands."""
    return {kind for kind, seen in town.seen().items() if first[kind][0].id in {each.id for each in seen}}


def _public(wordpress_script: Callable[..., str], post: str) -> bool:
    return not any(line.startswith(f"{post}\ttrash\t") for line in wordpress_script("list").splitlines())


def _says(seen: list[Posted], words: str) -> bool:
    return any(words in " ".join(each.text.split()) for each in seen)
