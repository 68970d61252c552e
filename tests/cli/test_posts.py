from __future__ import annotations

import base64

import pytest

from bot.clock import system_clock
from bot.demo.receiver import receiver
from tests.cli.conftest import configure

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
HOOK = """
[http]
allow_loopback = true

[channels.hook]
type = "webhook"
url = "{url}"

[schedules.posts]
name = "Posts"
cron = "0 7 * * *"
channels = ["hook"]
posts = "each"
max_lateness = "1d"
"""


@pytest.fixture
def posted(broadsheet, folder, tmp_path, monkeypatch):
    """The id of an article that was posted to a real receiver."""
    monkeypatch.setenv("BROADSHEET_HOOK_SECRET", SECRET)
    with receiver(tmp_path / "received", SECRET, system_clock) as url:
        configure(folder, HOOK.format(url=url))
        assert broadsheet("run", "posts").code == 0
        yield next(each["id"] for each in broadsheet("articles", "--json").value if "ferry" in each["title"])


def withdraw(broadsheet, folder):
    (folder / "articles" / "ferry.md").unlink()
    for _ in range(2):
        broadsheet("collect")


def test_it_lists_what_was_posted_and_nothing_to_take_down(broadsheet, posted):
    found = broadsheet("posts", "--json").value
    assert [(each["channel"], each["removed"], each["withdrawn"]) for each in found] == [("hook", False, False)] * 3
    assert posted in [each["article"] for each in found]
    assert broadsheet("posts", "--withdrawn", "--json").value == []


def test_posts_about_a_withdrawn_article_are_taken_down_by_one_command(broadsheet, folder, posted):
    withdraw(broadsheet, folder)
    said = broadsheet("posts", "--withdrawn")
    assert f"to take them down: broadsheet posts remove {posted}" in said.out
    (done,) = broadsheet("posts", "remove", "--withdrawn", "--json").value
    assert (done["article"], done["posts"]) == (posted, 1)
    edition = broadsheet("editions", done["edition"], "--json").value
    assert edition["name"] == "Posts: posts taken down"
    again = broadsheet("posts", "remove", posted)
    assert (again.code, again.err.count("\n")) == (1, 1)
    assert "is to remove its post on hook already" in again.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "name articles, or --withdrawn"),
        (("1", "--withdrawn"), 2, "name articles, or --withdrawn"),
        (("--withdrawn",), 3, "no post stands that is to be taken down"),
        (("77",), 1, "article 77: there is none"),
        (("1", "--channel", "other"), 3, "no post stands that is to be taken down"),
    ],
)
def test_what_cannot_be_done_is_one_line(broadsheet, posted, arguments, code, said):
    found = broadsheet("posts", "remove", *arguments)
    assert (found.code, found.err.count("\n")) == (code, 1)
    assert said in found.err


def test_what_is_being_taken_down_already_keeps_no_other_post_up(broadsheet, folder, posted):
    others = [each["article"] for each in broadsheet("posts", "--json").value if each["article"] != posted]
    broadsheet("posts", "remove", posted)
    (pending,) = (each["pending"] for each in broadsheet("posts", "--json").value if each["article"] == posted)
    assert f"edition {pending} is to remove it" in broadsheet("posts").out
    done = broadsheet("posts", "remove", posted, *others, "--json").value
    assert [each["article"] for each in done] == others


def test_posts_of_a_channel_that_left_the_settings_are_to_be_corrected_by_hand(broadsheet, folder, posted, monkeypatch):
    assert "by hand" not in broadsheet("correct", posted).out
    path = folder / "config" / "broadsheet.toml"
    path.write_text(
        path.read_text("utf-8").replace("channels.hook]", "channels.other]").replace('["hook"]', '["other"]')
    )
    monkeypatch.setenv("BROADSHEET_OTHER_SECRET", SECRET)
    assert "; the channel left the settings: correct it by hand" in broadsheet("correct", posted).out
