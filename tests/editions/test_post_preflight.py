from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.editions.post_preflight import looked_at
from bot.editions.posts import Composer
from bot.model import (
    Card,
    Counting,
    Edition,
    EditionState,
    EditionStory,
    Grade,
    Image,
    Limits,
    Newsroom,
    Post,
    PostRules,
    Rendition,
    Summary,
)
from bot.settings import shipped
from bot.testing import NOW, article

PICTURE = Image(url="https://record.com/ferry.jpg", alt="A white ferry")
NEWSROOM = Newsroom(name="The Record", url="https://record.com")
SKY = Limits(characters=300, card=True, warning=True)


def story(**fields: object) -> EditionStory:
    told = article(
        **{"id": 11, "title": "The ferry returns", "url": "https://record.com/ferry", "image": PICTURE, **fields}
    )
    return EditionStory(position=1, article=told, summary=Summary("Boats run again."))


def found(
    *posts: Post,
    about: EditionStory | None = None,
    limits: Limits = SKY,
    rules: PostRules = PostRules(hashtags=2),  # noqa: B008
) -> list[tuple[Grade, str, str]]:
    edition = Edition(
        id="e",
        schedule="morning",
        slot_key="k",
        slot=NOW,
        state=EditionState.AWAITING,
        created=NOW,
        stories=(about or story(),),
        renditions=tuple(Rendition(channel="sky", post=post) for post in posts),
    )
    return [(each.grade, each.said, each.where) for each in looked_at(edition, {"sky": limits}, {"sky": rules})]


def composed(about: EditionStory, limits: Limits = SKY, rules: PostRules = PostRules(hashtags=2)) -> Post:  # noqa: B008
    composer = Composer(edition_name="Morning", newsroom=NEWSROOM, folders=(shipped("templates"),))
    return composer.post(about, template="bluesky", limits=limits, rules=rules)


def test_a_good_post_fits_its_network() -> None:
    assert found(composed(story())) == [(Grade.OK, "The post fits its network", "")]
    assert found() == []


def test_a_post_is_counted_as_its_network_counts_with_the_warning() -> None:
    x = Limits(characters=280, counting=Counting.WEIGHTED)
    assert found(Post(text="渡" * 140), limits=x) == [(Grade.OK, "The post fits its network", "")]
    assert found(Post(text="渡" * 141), limits=x) == [(Grade.FAULT, "1 post too long for the network", "sky")]
    long = Post(text="渡" * 139, warning="War, violence")
    assert (Grade.FAULT, "1 post too long for the network", "sky") in found(long, limits=x)


@pytest.mark.parametrize("post", [Post(text=" "), Post(text="https://r.com/x", url="https://r.com/x")])
def test_a_post_of_nothing_but_its_link_is_without_a_word(post: Post) -> None:
    assert (Grade.FAULT, "1 post without a word", "sky") in found(post)


def test_a_headline_that_was_cut_is_told() -> None:
    about = story(title="The ferry returns to Port Alder " * 12)
    (finding,) = found(composed(about), about=about)
    assert finding == (Grade.WARNING, "1 post with a headline that is cut to fit", "sky")


def test_a_link_that_did_not_fit_is_told_where_no_card_leads_there() -> None:
    about = story(url="https://record.com/" + "a" * 300)
    bare = replace(SKY, card=False)
    assert found(composed(about, bare), about=about, limits=bare)[0][1].startswith("1 post without its link")
    assert found(composed(about), about=about)[0][0] is Grade.OK


def test_a_picture_described_by_the_headline_is_told_and_one_with_words_of_its_own_is_not() -> None:
    about = story(image=replace(PICTURE, alt=""))
    said = (Grade.WARNING, "Alt text is missing; the headline stands in for it", "“The ferry returns”")
    assert found(composed(about), about=about) == [said]
    own = replace(SKY, images=4)
    assert found(composed(about, own, PostRules(picture="image")), about=about, limits=own) == [said]
    captioned = story(image=replace(PICTURE, alt="", caption="In May"))
    assert found(composed(captioned), about=captioned)[0][0] is Grade.OK


def test_a_picture_without_any_description_is_told() -> None:
    card = Card(url="https://r.com", title="t", image_url="https://r.com/a.jpg")
    assert found(Post(text="x", card=card)) == [(Grade.WARNING, "1 post with a picture without alt text", "sky")]


def test_more_hashtags_than_the_channel_is_to_have_are_told(tmp_path: Path) -> None:
    told = (Grade.WARNING, "1 post with more hashtags than its channel is to have", "sky")
    assert told in found(Post(text="#a #b #c"))
    assert told not in found(Post(text="#a #b, No. #1 and https://r.com/#c", url="https://r.com/#c"))


def test_who_is_called_by_a_posts_words_is_told_where_the_network_calls_them() -> None:
    post = Post(text="Hoax about @mayor@town.example, mail ed@record.com\n\nhttps://r.com/@a", url="https://r.com/@a")
    told = (Grade.WARNING, "1 account called by a post's words, who will be notified", "sky: @mayor")
    assert told in found(post, limits=replace(SKY, mentions=True))
    assert told not in found(post)


def test_posts_behind_a_warning_are_named_with_its_words() -> None:
    rules = PostRules(warnings={"harbour": "Water"})
    assert found(composed(story(), rules=rules), rules=rules) == [
        (Grade.OK, "1 post folded behind a warning", "sky: Water"),
        (Grade.OK, "The post fits its network", ""),
    ]
