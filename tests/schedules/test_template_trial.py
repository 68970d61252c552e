"""Templates are tried on samples and on real articles, in the newsroom's brand or another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.errors import NothingToDo
from bot.schedules.template_trial import tried_digest, tried_mail, tried_posts


def test_a_digest_is_tried_on_its_sample_in_the_newsrooms_name(newsroom):
    assert "The Port Alder Record" in tried_digest(newsroom(), "briefing").html


def test_a_digest_is_tried_on_the_newest_articles(newsroom, publish):
    publish("The ferry returns")
    with_real = tried_digest(newsroom(), "briefing", real=True)
    assert "The ferry returns" in with_real.html
    assert "The ferry returns" not in tried_digest(newsroom(), "briefing").html


def test_without_an_article_there_is_nothing_real_to_try_it_on(newsroom):
    with pytest.raises(NothingToDo, match="no article yet"):
        tried_digest(newsroom(), "briefing", real=True)


def test_a_digest_is_tried_in_another_colour(newsroom):
    installation = newsroom()
    other = replace(installation.newsroom, accent="#AA1133")
    assert "#AA1133" in tried_digest(installation, "briefing", newsroom=other).html.upper()


def test_a_post_is_tried_alone_where_no_channel_uses_its_template(newsroom):
    (shown,) = tried_posts(newsroom(), "mastodon")
    assert (shown.network, bool(shown.post.text)) == ("Mastodon", True)
    assert tried_posts(newsroom(), "default-correction") == ()


def test_the_mail_that_asks_to_confirm_is_shown_and_an_alert_is_not(newsroom):
    shown = tried_mail(newsroom(), "confirm")
    assert shown is not None and "The Port Alder Record" in shown.html
    assert tried_mail(newsroom(), "alert") is None
