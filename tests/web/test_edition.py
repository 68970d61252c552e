from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import Act, EditionState, EditionStory, Image, Role, Summary
from bot.schedules import editing
from bot.schedules.plan import Slot
from bot.schedules.slot import make
from bot.store.sources import SourceState
from bot.testing import NOW, article, subscribe
from tests.web.test_access import join, with_session

HOSTILE = "\"><script>alert('x')</script><img src=x onerror=alert(1)>"
EARLY = NOW - timedelta(minutes=46)
SECRETS = {"BROADSHEET_MASTODON_TOKEN": "m", "BROADSHEET_BLUESKY_PASSWORD": "b"}
TOML = """
[images]
host = false

[sources.site]
type = "feed"
url = "https://record.example/feed"

[channels.mail]
type = "email"
from = "The Record <news@record.example>"
host = "mail.record.example"

[channels.mastodon]
type = "mastodon"
instance = "https://social.record.example"

[channels.bluesky]
type = "bluesky"
handle = "record.example"

[schedules.morning]
name = "Morning briefing"
cron = "0 7 * * *"
audience = "readers"
approval = true
channels = ["mail", "mastodon", "bluesky"]
"""
TUNNEL = {
    "title": "Harbour tunnel to close for eleven nights",
    "standfirst": "The tunnel shuts from 22:00 to 05:00. The work costs the council £2.4 million.",
    "body": "<p>The tunnel shuts from 22:00 to 05:00.</p><p>The work on its fans costs the council £2.4 million.</p>",
    "image": Image(url="https://record.example/tunnel.jpg", alt="The north entrance", credit="Jo Prentice"),
}
FALSE = "The tunnel shuts from 22:00 to 05:00. The work costs the council £4.2 million."


class Work:
    """An edition that waits for approval, of three stories, as an editor at this machine works on it."""

    def __init__(self, web):
        self.web = web
        self.store = web.store
        web.installation.clock.moment = EARLY
        titles = ({"title": "Night buses kept, 31 votes to 14"}, {"title": "Two rescued off Gannet Point"})
        for number, fields in enumerate((TUNNEL, *titles)):
            self.publish(published=EARLY - timedelta(minutes=10 * (number + 1)), **fields)
        subscribe(self.store, "ada@example.org", "grace@example.org")
        self.id = make(web.installation, "morning", Slot("morning", "2026-11-24T07:00", NOW), EARLY).id

    def publish(self, **fields):
        one = article(**{"body": f"<p>{fields['title']}.</p>", "standfirst": "", **fields})
        with self.store.write() as tx:
            tx.articles.put(one, url_key=one.url, present=(), now=EARLY)

    @property
    def edition(self):
        with self.store.read() as tx:
            return tx.editions.get(self.id)

    def story(self, place=1):
        """The article's id of the story at a place."""
        return self.edition.stories[place - 1].article.id

    @property
    def order(self):
        return [each.article.title.split()[0] for each in self.edition.stories]

    async def page(self, tab="", **kind):
        answer = await self.web.get(f"/editions/{self.id}{tab}", **kind)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def post(self, tab="", **fields):
        given = {"version": self.edition.version, **fields}
        return await self.web.post(f"/editions/{self.id}{tab}", data=given)

    async def tell(self, place=1, **fields):
        told = self.edition.stories[place - 1].told
        was = {"title_was": told.article.title, "summary_was": told.summary.text}
        return await self.post(act="tell", story=self.story(place), **{**was, **fields})


@pytest.fixture
def work(build_web):
    return Work(build_web(toml=TOML, environment=SECRETS))


def words_of(page):
    """What is read on a page, without its elements."""
    body = re.sub(r"<(script|style)\b.*?</\1>|<input[^>]*>", " ", page, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", body)).split())


async def test_a_story_is_shown_with_what_readers_get_and_what_its_article_says(work):
    page = await work.page()
    said = words_of(page)
    assert "Harbour tunnel to close for eleven nights" in said
    assert "The work costs the council £2.4 million." in said
    assert '<mark class="rests"' in page
    assert "Goes out today 07:00 to 2 readers and 2 channels in 46 min" in said
    assert "If nobody approves it, it is held." in said
    assert 'data-approve="yes"' in page
    assert f'src="../editions/{work.id}/preview/mail?view=phone&amp;marks=1"' in page


async def test_another_story_is_picked_by_its_address(work):
    page = await work.page(f"?story={work.story(3)}")
    assert 'name="title_was" value="Two rescued off Gannet Point"' in page
    for nonsense in ("x", "9" * 30, "-1", "٣"):
        assert "Harbour tunnel" in await work.page(f"?story={nonsense}")


async def test_a_summary_is_saved_and_what_is_not_in_the_article_is_found_and_stands_in_the_way(work):
    answer = await work.tell(summary=FALSE)
    assert answer.status_code == 303
    assert work.edition.stories[0].told.summary.text == FALSE
    page = await work.page()
    said = words_of(page)
    assert "A figure is not in the article" in said
    assert "The article says: The work costs the council £2.4 million." in said
    assert "1 thing to fix before it can be approved" in said
    assert "Go to the problem" in said
    assert "data-approve" not in page
    assert '<mark class="nearest"' in page
    assert "you edited 06:14" in said


async def test_the_mending_that_is_offered_puts_what_is_true_in_its_place(work):
    await work.tell(summary=FALSE)
    key = re.search(r'name="use" value="([^"]+)"', await work.page())[1]
    await work.tell(summary=FALSE, use=key)
    assert work.edition.stories[0].told.summary.text == FALSE.replace("£4.2", "£2.4")
    assert "to fix before" not in words_of(await work.page())
    await work.tell(summary="The council pays £2.4 million.")
    assert "Its figures, names, dates and quotations are in the article." in words_of(await work.page())


async def test_the_articles_own_sentences_come_back(work):
    own = work.edition.stories[0].summary.text
    await work.tell(summary="The tunnel shuts.", title="Tunnel shuts")
    await work.tell(own="summary")
    await work.tell(own="title")
    assert work.edition.stories[0].told.summary.text == own
    assert work.edition.stories[0].told.article.title == TUNNEL["title"]


async def test_alt_text_credit_and_whether_the_picture_is_shown_are_changed(work):
    fields = {"picture_was": "yes", "alt_was": "The north entrance", "credit_was": "Jo Prentice"}
    await work.tell(**fields, picture="yes", alt="The tunnel’s north entrance at dusk", credit="Mara Lind")
    image = work.edition.stories[0].told.article.image
    assert (image.alt, image.credit) == ("The tunnel’s north entrance at dusk", "Mara Lind")
    await work.tell(**fields)
    assert work.edition.stories[0].told.article.image is None


async def test_fields_that_nobody_wrote_in_change_nothing(work):
    before = work.edition.version
    told = work.edition.stories[0].told
    answer = await work.tell(title=told.article.title, summary=told.summary.text)
    assert answer.status_code == 303
    assert work.edition.version == before


async def test_what_somebody_else_changed_elsewhere_stands_beside_ones_own(work):
    seen = work.edition.version
    editing.tell(work.web.installation, work.id, work.story(), title="Tunnel shuts", version=seen, who="Tom", now=EARLY)
    told = work.edition.stories[0]
    answer = await work.post(
        act="tell",
        story=work.story(),
        version=seen,
        title=TUNNEL["title"],
        title_was=TUNNEL["title"],
        summary="The tunnel shuts at 22:00.",
        summary_was=told.summary.text,
    )
    assert answer.status_code == 303
    assert work.edition.stories[0].told.article.title == "Tunnel shuts"
    assert work.edition.stories[0].told.summary.text == "The tunnel shuts at 22:00."


async def test_two_people_in_one_field_see_both_versions_and_choose(work):
    seen, story = work.edition.version, work.story()
    editing.tell(work.web.installation, work.id, story, title="Tunnel shuts", version=seen, who="Tom", now=EARLY)
    fields = {"act": "tell", "story": story, "title": "Tunnel closes", "title_was": TUNNEL["title"]}
    answer = await work.post(**fields, version=seen)
    assert answer.status_code == 409
    said = words_of(answer.text)
    assert "Tom changed this 06:14. Which is to stand?" in said
    assert re.search("Theirs ?Tunnel shuts ?Yours ?Tunnel closes", said)
    assert work.edition.stories[0].told.article.title == "Tunnel shuts"
    form = re.search(r'<form method="post" action="[^"]*">(?:(?!</form>).)*Use mine', answer.text, re.S)[0]
    mine = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
    assert (await work.web.post(f"/editions/{work.id}", data=mine)).status_code == 303
    assert work.edition.stories[0].told.article.title == "Tunnel closes"


async def test_stories_move_by_arrows_by_dragging_and_stay_where_they_are_pinned(work):
    assert work.order == ["Harbour", "Night", "Two"]
    await work.post(act="order", down=work.story(1))
    assert work.order == ["Night", "Harbour", "Two"]
    await work.post(act="order", up=work.story(2))
    assert work.order == ["Harbour", "Night", "Two"]
    await work.post(act="order", moved=work.story(3), to=1)
    assert work.order == ["Two", "Harbour", "Night"]
    await work.post(act="order", pin=work.story(1))
    assert "Pinned by" in words_of(await work.page())
    await work.post(act="order", up=work.story(2))
    assert work.order[0] == "Two"
    await work.post(act="order", unpin=work.story(1))
    assert "Pinned by" not in words_of(await work.page())


async def test_the_first_story_moves_no_higher(work):
    version = work.edition.version
    assert (await work.post(act="order", up=work.story(1))).status_code == 303
    assert work.edition.version == version


async def test_a_story_is_dropped_and_put_back_where_it_was(work):
    dropped = work.story(2)
    async with work.web.client() as browser:
        data = {"act": "drop", "story": dropped, "version": work.edition.version}
        answer = await browser.post(f"/editions/{work.id}", data=data, follow_redirects=True)
        assert work.order == ["Harbour", "Two"]
        assert "“Night buses kept, 31 votes to 14” is dropped." in words_of(answer.text)
        toast = answer.text.split('id="toast"')[1]
        back = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', toast))
        assert (await browser.post(f"/editions/{work.id}", data=back)).status_code == 303
    assert work.order == ["Harbour", "Night", "Two"]


async def test_a_story_is_told_by_another_of_its_articles_and_as_before_again(work):
    other = article(
        title="Eleven nights without the tunnel", body="<p>It shuts at ten.</p>", source="other", published=EARLY
    )
    with work.store.write() as tx:
        tx.articles.put(other, url_key=other.url, present=(), now=EARLY)
        known = next(each for each in tx.articles.newest() if each.title == other.title)
        first, *rest = tx.editions.get(work.id).stories
        both = replace(first, article_ids=(*first.article_ids, known.id))
        tx.editions.replace_stories(replace(tx.editions.get(work.id), stories=(both, *rest)))
    page = await work.page()
    assert "Tell it by the other article" in words_of(page)
    assert f'name="by" value="{known.id}"' in page
    fields = {"act": "retell", "version": "1", "story": str(first.article.id), "by": str(known.id)}
    answer = await work.web.post(f"/editions/{work.id}", data=fields)
    assert answer.status_code == 303
    assert [each.article.id for each in work.edition.stories][0] == known.id
    assert work.edition.stories[0].told.article.title == "Eleven nights without the tunnel"
    back = {**fields, "version": "2", "story": str(known.id), "by": str(first.article.id)}
    assert (await work.web.post(f"/editions/{work.id}", data=back)).status_code == 303
    assert work.edition.stories[0].article.id == first.article.id
    none = {**fields, "version": "3", "by": "999999"}
    assert (await work.web.post(f"/editions/{work.id}", data=none)).status_code == 422


async def test_a_story_is_found_by_words_of_its_headline_and_added(work):
    work.publish(title="The last boatbuilder on the Row", published=EARLY - timedelta(minutes=90))
    assert "boatbuilder" in words_of(await work.page("?add=yes"))
    page = await work.page("?add=yes&q=last+boatbuilder")
    assert "boatbuilder" in words_of(page)
    added = re.search(r'name="story" value="(\d+)">Add', page)[1]
    assert (await work.post(act="add", story=added)).status_code == 303
    assert work.order == ["Harbour", "Night", "Two", "The"]
    assert "No article matches “zeppelin”" in words_of(await work.page("?add=yes&q=zeppelin"))


async def test_what_cannot_be_done_is_said_where_it_was_asked_and_what_was_written_stays(work):
    with work.store.write() as tx:
        tx.editions.move(work.id, to=EditionState.SENDING, since=[EditionState.AWAITING], now=EARLY)
    answer = await work.tell(summary="Too late.")
    assert answer.status_code == 422
    assert "That was not saved." in answer.text
    assert work.edition.stories[0].told.summary.text != "Too late."


@pytest.mark.parametrize("fields", [{}, {"act": "nonsense"}, {"act": "order"}, {"act": "drop", "story": "999999"}])
async def test_an_act_that_is_none_is_not_found(work, fields):
    assert (await work.post(**fields)).status_code == 404


async def test_an_edition_says_what_was_left_out_and_why(web):
    old = {"title": "Old news", "url": "https://record.example/old", "rule": "too-old", "reason": "4 days old"}
    many = [{"title": f"Number {number}", "rule": "too-old"} for number in range(40)]
    made = web.add_edition(report={"rejections": [old, *many, {"title": "Half a row"}]})
    page = (await web.get(f"/editions/{made.id}")).text
    said = words_of(page)
    assert "42 not picked, and why" in said
    assert "too old 41" in said
    assert "4 days old" in said
    assert "Half a row" in said
    assert "Number 30" not in said
    assert "Number 30" in words_of((await web.get(f"/editions/{made.id}?left=too-old")).text)


async def test_an_edition_says_what_the_language_model_wrote_and_why_it_wrote_no_more(web):
    lead = EditionStory(
        position=1, article=article(id=0), summary=Summary("It returns.", (), "llm"), post="It returns."
    )
    machine = {"subject": {"text": "", "reason": f"refused: a number: “{HOSTILE}”"}}
    pick = {"id": lead.article.id, "revision": lead.article.revision, "machine": machine}
    told = web.add_edition(stories=(lead,), report={"picks": [pick]})
    page = (await web.get(f"/editions/{told.id}")).text
    assert "by the language model: summary, post; no subject by the language model, refused: a number" in page
    assert "<script>alert" not in page


async def test_an_edition_that_went_out_is_read_and_not_edited(web, sending):
    page = (await web.get(f"/editions/{sending.id}")).text
    assert "<textarea" not in page
    assert "See its delivery" in page
    assert f'href="../e/{sending.id}"' in page
    assert "Goes out now" in page


async def test_an_edition_without_stories_has_all_its_pages(web):
    made = web.add_edition(state=EditionState.SKIPPED, reason="2 new, needs 3", stories=(), renditions=())
    for tab, said in (("", "It holds no story."), ("/email", "It sends no mail."), ("/posts", "It sends no posts.")):
        page = (await web.get(f"/editions/{made.id}{tab}")).text
        assert said in page
        assert "2 new, needs 3" in page
    assert "Skipped" in (await web.get(f"/editions/{made.id}/checks")).text


@pytest.mark.parametrize("tab", ["", "/email", "/posts", "/checks", "/preview/mail"])
async def test_an_edition_that_is_none_is_not_found(web, tab):
    for nonsense in ("none", "%00", "a.b", "x" * 500):
        assert (await web.get(f"/editions/{nonsense}{tab}")).status_code == 404


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_is_offered_what_it_may_and_no_more(work, role):
    _, token = join(work.web, role)
    page = await work.page(headers=with_session(token))
    assert ("<textarea" in page) is role.may(Role.EDITOR)
    assert ("data-approve" in page) is role.may(Role.APPROVER)
    assert ("/hold" in page) is role.may(Role.APPROVER)
    if role is Role.EDITOR:
        assert "It waits for an approver. You may edit it until then." in words_of(page)
    answer = await work.web.post(f"/editions/{work.id}", data={"act": "tell"}, headers=with_session(token))
    assert (answer.status_code == 403) is not role.may(Role.EDITOR)


async def test_hostile_text_is_text_on_each_tab(web):
    poisoned = article(
        title=HOSTILE,
        url="javascript:alert(1)",
        standfirst=HOSTILE,
        body="<p>x</p>",
        authors=(HOSTILE,),
        sections=(HOSTILE,),
        language='"><script>',
        image=Image(url="javascript:alert(2)", alt=HOSTILE, credit=HOSTILE),
        id=1,
    )
    story = EditionStory(
        position=1,
        article=poisoned,
        summary=Summary(HOSTILE),
        also=((HOSTILE, "javascript:alert(3)"),),
        article_ids=(1,),
        reason=HOSTILE,
    )
    made = web.add_edition(
        stories=(story,),
        name=HOSTILE,
        reason=HOSTILE,
        state=EditionState.HELD,
        report={"rejections": [{"title": HOSTILE, "url": "javascript:alert(1)", "rule": HOSTILE, "reason": HOSTILE}]},
    )
    with web.store.write() as tx:
        tx.sources.put(SourceState(source="site", last_visit=NOW))
    for tab in ("", f"?story=1&q={HOSTILE}&view={HOSTILE}&left={HOSTILE}", "/email", "/posts", "/checks"):
        answer = await web.get(f"/editions/{made.id}{tab}")
        assert answer.status_code == 200, tab
        assert HOSTILE in html.unescape(answer.text), tab
        assert "<script>" not in answer.text, tab
        assert "<img src=x" not in answer.text, tab
        assert not re.search(r'(?:href|src|action)="javascript:', answer.text), tab


async def test_a_page_that_stays_open_follows_what_becomes_of_its_edition(work):
    page = await work.page("/email")
    live = html.unescape(re.search(r'id="bar"[^>]* hx-get="[^"]*(/bar[^"]*)"', page)[1])
    bar = await work.page(live)
    assert 'data-approve="yes"' in bar
    await work.post("/hold")
    said = words_of(await work.page(live))
    assert "It does not go out until it is released." in said
    assert "Hold" not in said.split()


async def test_who_looks_at_older_words_is_not_asked_for_a_yes_to_newer_ones(work):
    live = f"/bar?version={work.edition.version}&tab=posts"
    await work.tell(summary="The tunnel shuts from 22:00 to 05:00.")
    bar = await work.page(live)
    assert "You edited it in another window" in words_of(bar)
    assert "data-approve" not in bar
    assert f'editions/{work.id}/posts"' in bar
    assert live.replace("&", "&amp;").split("?")[1].split("&")[0] in bar, "it stays so until they load it again"
    with work.store.write() as tx:
        tx.acts.add(Act(at=EARLY, who=HOSTILE, what="edit summary", thing=f"edition:{work.id}"))
    assert f"{HOSTILE} edited it" in html.unescape(await work.page(live))
    assert "<script>" not in await work.page(live)


@pytest.mark.parametrize("asked", ["", "?version=x", "?version=-1&tab=../x", f"?version={'9' * 40}", "?version=٣"])
async def test_a_bar_without_a_sound_version_offers_nothing_to_approve(work, asked):
    assert "data-approve" not in await work.page(f"/bar{asked}")


async def test_what_goes_out_at_once_is_asked_first_and_says_to_whom(work):
    whom = "It goes out at once, to 2 readers and 2 channels. What has gone out cannot be called back."
    page = await work.page()
    assert whom in words_of(page), "what is to go out before its time"
    assert re.search(r'<form method="post" action="[^"]*/send-now">', page)
    work.web.installation.clock.moment = NOW + timedelta(minutes=1)
    for tab in ("", "/checks"):
        page = await work.page(tab)
        assert whom in words_of(page)
        assert "Approve, and send now" in words_of(page)
        assert re.search(r'<form method="post" action="[^"]*/approve"', page)
        assert not re.search(r'<form method="post" action="[^"]*/send-now"', page)
    assert 'id="send"' in page, "for those without a script"


async def test_stories_that_these_readers_have_already_are_named_before_anybody_says_yes(build_web):
    late = '\n[schedules.late]\nname = "Late news"\ncron = "0 22 * * *"\naudience = "readers"\nchannels = ["mail"]\n'
    work = Work(build_web(toml=TOML + late, environment=SECRETS))
    told = work.edition.stories[:1]
    before = {"schedule": "late", "name": "Late news", "slot": EARLY - timedelta(hours=1)}
    work.web.add_edition(state=EditionState.SENT, stories=told, **before)
    said = words_of(await work.page())
    assert "1 of its stories went to these readers already." in said
    assert "These readers have it from Late news, 05:14" in said
    assert said.count("These readers have it") == 1


async def test_pages_of_a_long_edition_stay_light(web):
    stories = tuple(
        EditionStory(
            position=place,
            article=article(id=place, body="<p>One sentence of many words follows another. </p>" * 400),
            summary=Summary("What it is about. " * 20),
            article_ids=(place,),
            reason="Newest in its section, told by four outlets; 2 h old",
        )
        for place in range(1, 31)
    )
    rejections = [
        {"title": f"Left out, number {n}", "rule": f"rule-{n % 9}", "reason": "below place 30"} for n in range(5000)
    ]
    made = web.add_edition(stories=stories, report={"rejections": rejections})
    for tab in ("", "/email", "/posts", "/checks"):
        assert len((await web.get(f"/editions/{made.id}{tab}")).content) < 150_000, tab
