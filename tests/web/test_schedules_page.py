"""The desk's pages of schedules: what goes out when, and what it would pick."""

from __future__ import annotations

import html
import re
from dataclasses import asdict
from datetime import timedelta

import pytest
from sqlalchemy import event

from bot.accounts import sessions
from bot.model import EditionState, Role, User
from bot.schedules.declaring import declare
from bot.schedules.moving import move, skip_slot
from bot.schedules.tick import tick
from bot.testing import NOW, article, edition, subscribe
from bot.web import following
from bot.web.editor.schedule_form import form_of

EVENING = {
    "name": "Evening five",
    "times": ["18:00"],
    "days": "mon-fri",
    "audience": "readers",
    "channels": ["mail"],
    "selection": {"window": "last 24h", "maximum": 2},
}
SESSION = "__Host-broadsheet"


def fields(table, **changes):
    """What a browser sends of the form of ``table`` with ``changes``."""
    form = {**asdict(form_of(table)), **changes}
    return {name: ("yes" if value else "") if isinstance(value, bool) else value for name, value in form.items()}


def said(answer):
    """The page's text as it is read."""
    text = re.sub(r"<(script|style).*?</\\1>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
    return " ".join(html.unescape(text).split())


@pytest.fixture
def evening(web):
    """A schedule that was made on the desk."""
    return declare(web.installation, "schedules", "evening", EVENING, who="Inés", now=NOW - timedelta(days=2))


@pytest.fixture
def news(web):
    """Five articles, the newest first; the last is old."""
    titles = ("The ferry returns", "Night buses kept", "The whale is gone", "Rents rise", "Last year's news")
    ages, sections = (1, 2, 3, 4, 90), ("Harbour", "Council", "Sport", "Harbour", "Sport")
    with web.store.write() as tx:
        for title, age, section in zip(titles, ages, sections, strict=True):
            body = f"<p>{title} is what this article is about, and nothing else.</p>"
            each = article(title=title, body=body, published=NOW - timedelta(hours=age), sections=(section,))
            tx.articles.put(each, url_key=each.url, present={each.guid}, now=each.published)


@pytest.fixture
def log_in(web):
    """Logs somebody of a role in; gives the headers of their requests."""

    def join(role):
        with web.store.write() as tx:
            user = User(id=0, name=f"Mara {role}", address=f"{role}@record.example", role=role)
            added = tx.users.get(tx.users.add(user, name_key=user.name.casefold(), password="none", now=NOW))
            return {"Cookie": f"{SESSION}={sessions.log_in(tx, added, NOW, kept=False)}"}

    return join


def declared(web, key="evening"):
    with web.store.read() as tx:
        return tx.declarations.get("schedules", key)


def newest_act(web, thing="schedule:evening"):
    with web.store.read() as tx:
        return tx.acts.newest(thing=thing)[0]


async def test_the_list_says_when_each_goes_out_to_whom_and_where_it_comes_from(web, evening):
    answer = await web.get("/schedules")
    page = said(answer)
    assert "2 schedules, 2 on" in page
    assert "Evening five 18:00 Morning briefing mail not asked for none yet the desk Inés" in page
    assert "Morning briefing tomorrow 07:00 Morning briefing mail not asked for none yet the settings' file" in page
    # What goes out first stands first.
    assert page.index("Evening five") < page.index("tomorrow 07:00")


async def test_the_list_says_what_an_edition_that_is_to_go_out_waits_for(web, evening):
    for state in (EditionState.APPROVED, EditionState.APPROVED, EditionState.AWAITING, EditionState.SENT):
        web.add_edition(schedule="evening", name="Evening five", state=state)
    page = said(await web.get("/schedules"))
    assert "not asked for 4 1 awaiting approval 2 approved the desk" in page


async def test_the_list_tells_the_command_that_writes_a_file_to_who_runs_the_server(web, log_in):
    assert "config export" not in said(await web.get("/schedules")), "nothing was made here"
    declare(web.installation, "schedules", "evening", EVENING, who="Inés", now=NOW)
    assert "config export" not in said(await web.get("/schedules", headers=log_in(Role.APPROVER)))
    assert "broadsheet config export" in said(await web.get("/schedules", headers=log_in(Role.ADMIN)))


async def test_the_list_asks_the_store_no_more_for_many_schedules(web, evening, monkeypatch):
    # Each page looks for changes, so that all are alike.
    monkeypatch.setattr(following, "SECONDS", 0)
    await web.get("/schedules")
    questions = []
    event.listen(web.store._engine, "before_cursor_execute", lambda *call: questions.append(call[2]))
    counts = []
    for _ in range(2):
        questions.clear()
        await web.get("/schedules")
        counts.append(len(questions))
        for number in range(10):
            with web.store.write() as tx:
                tx.declarations.put("schedules", f"s-{len(counts)}-{number}", EVENING, who="Inés", now=NOW)
        web.installation.refresh()
    assert len(web.installation.settings.schedules) == 22
    assert counts[0] == counts[1]


async def test_a_schedule_of_a_file_is_text_with_its_place_and_can_be_copied_alone(web, news):
    answer = await web.get("/schedules/morning")
    page = said(answer)
    line = web.installation.settings.origin("schedules", "morning").line
    assert f"From config/broadsheet.toml , line {line}." in page
    assert "Every day at 07:00, UTC time" in page
    assert 'href="../schedules/new?from=morning"' in answer.text
    assert 'id="schedule"' not in answer.text
    assert "Turn off" not in page
    for path in ("/schedules/morning", "/schedules/morning/turn", "/schedules/morning/remove"):
        assert (await web.post(path, data=fields(EVENING))).status_code in (404, 409)
    assert declared(web, "morning") is None


async def test_a_copy_has_all_its_rules_and_a_name_of_its_own(web):
    page = (await web.get("/schedules/new?from=morning")).text
    assert 'value="Morning briefing, copy"' in page
    assert re.search(r'name="times" value="07:00"', page)
    answer = await web.post(
        "/schedules/new", data={**fields(EVENING), "name": "Morning briefing, copy", "times": "07:00"}
    )
    assert answer.headers["location"] == "../schedules/morning-briefing-copy"


async def test_a_new_schedule_is_in_force_and_on_the_record(web):
    answer = await web.post("/schedules/new", data=fields(EVENING, name="Abend – fünf", maximum="6"))
    assert (answer.status_code, answer.headers["location"]) == (303, "../schedules/abend-funf")
    assert web.installation.settings.schedules["abend-funf"].selection.maximum == 6
    assert newest_act(web, "schedule:abend-funf").what == "make"


async def test_a_second_one_of_the_same_name_gets_a_key_of_its_own(web):
    for key in ("evening-five", "evening-five-2"):
        assert (await web.post("/schedules/new", data=fields(EVENING))).headers["location"] == f"../schedules/{key}"


@pytest.mark.parametrize("name", ["夕刊", "New", "!!!"])
async def test_any_name_gives_a_key(web, name):
    answer = await web.post("/schedules/new", data=fields(EVENING, name=name))
    assert answer.status_code == 303
    assert (await web.get(answer.headers["location"].removeprefix(".."))).status_code == 200


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"name": ""}, "name", "Give it a name"),
        ({"days": []}, "days", "Choose at least one day."),
        ({"times": ""}, "times", "Write at what time"),
        ({"times": "25:00"}, "times", "a time is a wall time"),
        ({"channels": []}, "channels", "Choose where it goes."),
        ({"audience": ""}, "audience", "must know to whom"),
        ({"maximum": "many"}, "maximum", "valid integer"),
        ({"since": "span", "hours": "long"}, "hours", "a duration is a number"),
        ({"max_lateness": "soon"}, "max_lateness", "a duration is a number"),
        ({"rhythm": "cron", "cron": "often"}, "cron", "cron takes five fields"),
        ({"subject_as": "own", "subject": "{{ nonsense }}"}, "subject", "nonsense"),
        ({"weights": "Sport"}, "weights", "weights are of"),
        ({"timezone": "Mars"}, "timezone", "IANA"),
    ],
)
@pytest.mark.parametrize("path", ["/schedules/new", "/schedules/evening"])
async def test_what_is_wrong_stands_at_its_field_and_what_was_written_is_kept(
    web, evening, path, change, field, message
):
    answer = await web.post(path, data=fields(EVENING, description="Weekdays at six", **change))
    assert answer.status_code == 422
    assert message in said(answer)
    assert f'href="#f-{field}"' in answer.text
    assert f'id="f-{field}"' in answer.text
    assert "Weekdays at six" in answer.text
    assert declared(web).content == EVENING


async def test_a_change_is_saved_under_the_name_of_who_made_it(web, evening, log_in):
    answer = await web.post("/schedules/evening", data=fields(EVENING, maximum="6"), headers=log_in(Role.EDITOR))
    assert answer.headers["location"] == "../schedules/evening"
    assert declared(web).content == {**EVENING, "selection": {"window": "last 24h", "maximum": 6}}
    act = newest_act(web)
    assert (act.who, act.what, act.note) == ("Mara editor", "change", "selection.maximum: 2 → 6")


def coming(web, **changes):
    return web.post("/schedules/evening", data=fields({**EVENING, "approval": True}, **changes))


async def toast(web, answer):
    """What the next page says of what was done."""
    path = answer.headers["location"].removeprefix("..")
    async with web.client() as client:
        name, _equals, value = answer.headers["set-cookie"].partition(";")[0].partition("=")
        client.cookies.set(name, value)
        shown = await client.get(path)
    return re.search(r'class="toast".*?<p>(.*?)</p>', shown.text, re.DOTALL)[1].strip()


class TestWhatComesOfIt:
    """NOW is 07:00 in UTC, the newsroom's zone."""

    @pytest.mark.parametrize(
        ("changes", "then"),
        [
            ({}, "Its next edition, for 18:00, is made 17:30, and waits on Today until it is approved."),
            (
                {"times": "07:08"},
                "Its next edition, for 07:08, is made now, and waits on Today until it is approved.",
            ),
            (
                {"days": ["sun"], "prepare": "90"},
                "Its next edition, for Sun 18:00, is made Sun 16:30, and waits on Today until it is approved.",
            ),
            ({"approval": "no"}, "Its next edition is made and goes out 18:00."),
            (
                {"approval": "no", "times": "07:08", "prepare": "20"},
                "Its next edition, for 07:08, is made now, and stands on Today.",
            ),
            (
                {"approval": "no", "prepare": "20"},
                "Its next edition, for 18:00, is made 17:40, and stands on Today.",
            ),
        ],
    )
    async def test_who_saves_is_told_when_it_is_made_and_where_it_stands_then(self, web, evening, changes, then):
        answer = await coming(web, **changes)
        assert await toast(web, answer) == f"Schedule saved. {then}"
        assert f"No edition yet. {then}" in said(await web.get("/schedules/evening"))

    async def test_what_is_said_to_be_made_now_is_made(self, web, evening, news):
        await coming(web, times="07:08")
        made = next(each for each in tick(web.installation, NOW).made if each.schedule == "evening")
        page = await web.get("/schedules/evening")
        assert "1 edition. Its next edition, for 07:08, is made." in said(page)
        assert f'href="../editions/{made.id}"' in page.text
        assert "until it is approved" not in said(page)

    async def test_a_slot_before_one_that_was_made_already_is_not_promised(self, web, evening, news):
        await coming(web, times="07:20")
        tick(web.installation, NOW)
        await coming(web, times="07:10, 18:00")
        assert tick(web.installation, NOW).made == []
        assert "Its next edition, for 18:00, is made 17:30" in said(await web.get("/schedules/evening"))

    async def test_a_slot_that_was_skipped_is_not_promised(self, web, evening):
        slot, then = web.installation.timetable("evening").after(NOW, count=2)
        skip_slot(web.installation, "evening", slot.key, who="Tom", now=NOW)
        assert then.due.date() > slot.due.date()
        assert "Its next edition is made and goes out tomorrow 18:00." in said(await web.get("/schedules/evening"))

    async def test_of_what_is_off_or_waits_for_articles_nothing_is_promised(self, web, evening):
        await web.post("/schedules/evening/turn", data={"on": ""})
        assert "Its next edition" not in said(await web.get("/schedules/evening"))
        answer = await web.post("/schedules/new", data=fields(EVENING, rhythm="publish"))
        assert await toast(web, answer) == "The schedule is made."


class TestTheLinesOfTheMail:
    async def test_are_plain_choices_in_which_no_code_is_written(self, web):
        page = (await web.get("/schedules/new")).text
        for name in ("subject", "preheader"):
            assert re.search(rf'name="{name}_as" value="usual" checked', page)
            assert re.search(rf'id="f-{name}" name="{name}" value=""', page)
        assert "Preview line" in page
        assert "Preheader" not in page

    async def test_the_usual_ones_are_not_stored(self, web):
        await web.post("/schedules/new", data=fields(EVENING, subject="left over, and not chosen"))
        assert declared(web, "evening-five").content == EVENING

    async def test_own_words_are_stored_as_they_are(self, web, evening):
        await web.post("/schedules/evening", data=fields(EVENING, preheader_as="own", preheader="At six"))
        assert declared(web).content == {**EVENING, "preheader": "At six"}
        page = (await web.get("/schedules/evening")).text
        assert re.search(r'name="preheader_as" value="own" checked', page)
        assert '<details id="pattern-preheader">' in page

    async def test_a_pattern_that_is_there_is_shown_with_what_its_code_means(self, web):
        table = {**EVENING, "subject": "{{ edition_name }}: {{ lead.title }}"}
        declare(web.installation, "schedules", "evening", table, who="Inés", now=NOW)
        page = (await web.get("/schedules/evening")).text
        assert 'value="{{ edition_name }}: {{ lead.title }}"' in page
        assert '<details id="pattern-subject" open>' in page
        await web.post("/schedules/evening", data=fields(table, maximum="6"))
        assert declared(web).content["subject"] == table["subject"]

    async def test_each_word_that_changes_with_the_edition_is_one_that_a_line_knows(self, web, evening):
        page = (await web.get("/schedules/evening")).text
        pattern = re.search(r'id="pattern-subject">.*?</details>', page, re.DOTALL)[0]
        codes = [html.unescape(each) for each in re.findall(r"<code[^>]*>(.*?)</code>", pattern)]
        assert len(codes) == 5
        answer = await web.post(
            "/schedules/evening", data=fields(EVENING, subject_as="own", subject=" ".join(codes), version="1")
        )
        assert answer.status_code == 303


async def test_who_was_slower_sees_both_and_chooses(web, evening):
    declare(web.installation, "schedules", "evening", {**EVENING, "name": "Evening"}, who="Tom", now=NOW, version=1)
    answer = await web.post("/schedules/evening", data={**fields(EVENING, maximum="6"), "version": "1"})
    page = said(answer)
    assert answer.status_code == 409
    assert "Tom changed this meanwhile." in page
    assert "Name: Evening → Evening five" in page
    assert "Stories at most: 2 → 6" in page
    version = re.search(r'name="version" value="(\d+)"', answer.text)[1]
    again = await web.post("/schedules/evening", data={**fields(EVENING, maximum="6"), "version": version})
    assert again.status_code == 303
    assert declared(web).content["name"] == "Evening five"


class TestPickedNow:
    async def test_shows_what_goes_in_and_why_and_the_others_by_reason_with_a_sum(self, web, evening, news):
        page = said(await web.get("/schedules/evening?look=yes"))
        assert "2 of 4 new stories go in. 5 articles were looked at." in page
        assert "1 The ferry returns Newest in Harbour; 1 h old. 2 Night buses kept" in page
        assert "Why not the other 3" in page
        assert "2 below the last place" in page
        assert "1 too old" in page
        assert "2 + 1 = 3" in page

    async def test_says_whether_what_found_no_room_comes_back(self, web, evening, news):
        page = said(await web.get("/schedules/evening?look=yes"))
        assert "Next time they stand in line again, as long as they are of the last 24 hours." in page
        since = fields({**EVENING, "selection": {"maximum": 2}}, form="yes", times="06:00")
        web.add_edition(schedule="evening", state=EditionState.SENT, created=NOW - timedelta(hours=9))
        page = said(await web.get("/schedules/evening", params=since))
        assert "2 below the last place Next time they are not picked either" in page

    async def test_shows_all_of_the_first_twenty_of_a_reason(self, web, evening):
        with web.store.write() as tx:
            for number in range(30):
                each = article(title=f"Old news, part {number}.", published=NOW - timedelta(hours=80, minutes=number))
                tx.articles.put(each, url_key=each.url, present={each.guid}, now=each.published)
        answer = await web.get("/schedules/evening?look=yes")
        more = re.search(r'<details id="left-too-old-more">(.*?)</details>', answer.text, re.DOTALL)[1]
        assert "and 25 more" in more
        assert "The first 20 of 30 are shown." in more
        assert [f"part {number}." in answer.text for number in (0, 4, 5, 19, 20)] == [True, True, True, True, False]
        assert ("part 4." in more, "part 5." in more) == (False, True)

    async def test_says_at_a_pick_that_these_readers_have_it_by_another_schedule(self, web, evening, news):
        with web.store.read() as tx:
            ferry = next(each for each in tx.articles.newest(limit=9) if each.title == "The ferry returns")
        subscribe(web.store, "mara@example.org")
        sent = edition(lead=ferry, state=EditionState.DRAFTED, slot=NOW - timedelta(minutes=29))
        with web.store.write() as tx:
            tx.editions.add(sent, expires=NOW, report={})
        page = await web.get("/schedules/evening?look=yes")
        assert "These readers have it" not in said(page), "it did not go out"
        web.send(sent)
        page = said(await web.get("/schedules/evening?look=yes"))
        assert "1 h old. These readers have it from Morning briefing , 06:31 2 Night buses kept" in page
        assert page.count("These readers have it") == 1
        others = fields(EVENING, audience="weekend", form="yes")
        assert "These readers have it" not in said(await web.get("/schedules/evening", params=others))

    async def test_asks_once_for_all_picks_what_these_readers_have(self, web, evening, news, monkeypatch):
        asked = []
        with web.store.read() as tx:
            real = type(tx.editions).telling
            monkeypatch.setattr(
                type(tx.editions), "telling", lambda *given: asked.append(set(given[1])) or real(*given)
            )
        await web.get("/schedules/evening?look=yes")
        typing = {"params": {**fields(EVENING, name="Five"), "form": "yes"}, "headers": {"HX-Request": "true"}}
        await web.get("/schedules/evening", **typing)
        assert [len(each) for each in asked] == [2]

    async def test_marks_what_comes_in_and_falls_out_with_a_change_that_is_not_saved(self, web, evening, news):
        changed = fields(EVENING, maximum="3", exclude_sections=["Council"])
        answer = await web.get("/schedules/evening", params={**changed, "form": "yes"})
        page = said(answer)
        assert re.search(r"The whale is gone Newest in Sport; 3 h old\. in with your change", page)
        assert "Night buses kept out with your change" in page
        assert "The ferry returns Newest in Harbour; 1 h old. in with" not in page
        assert "2 changes, not saved." in page
        assert "Stories at most: 2 → 3" in page
        assert "Sections left out: – → Council" in page
        assert "From 18:00 on." in page
        assert declared(web).content == EVENING

    async def test_says_what_hinders_it_and_shows_nothing_else(self, web, evening, news):
        answer = await web.get("/schedules/evening", params={**fields(EVENING, maximum="many"), "form": "yes"})
        assert answer.status_code == 200
        assert "It cannot be tried like this" in said(answer)
        assert "The ferry returns" not in said(answer)

    async def test_says_of_a_new_one_what_hinders_it_and_not_that_it_has_no_name(self, web, news):
        answer = await web.get("/schedules/new", params=fields(EVENING, form="yes", name="", rhythm="cron", cron=""))
        hindrance = re.search(r"It cannot be tried like this: (.*?)</span>", answer.text)[1]
        assert "name" not in hindrance

    async def test_is_asked_for_by_a_page_that_does_not_wait_for_it(self, web, evening, news):
        answer = await web.get("/schedules/evening")
        assert "The ferry returns" not in said(answer)
        assert re.search(r'<div id="picked" hx-get="../schedules/evening" hx-trigger="load"', answer.text)
        assert "tomorrow 18:00" in said(answer)

    @pytest.mark.parametrize("path", ["new", "evening", "morning"])
    async def test_is_led_to_from_the_top_where_it_stands_below_the_form(self, web, evening, path):
        page = (await web.get(f"/schedules/{path}")).text
        assert page.index('href="#picked"') < page.index('<div id="picked"')
        assert page.index('href="#picked"') < page.index('<div class="schedule">')

    async def test_of_a_files_schedule_is_shown_too(self, web, news):
        answer = await web.get("/schedules/morning")
        asked = re.search(r'<div id="picked" hx-get="../(schedules/morning\?look=yes)"', answer.text)[1]
        assert "The ferry returns" in said(await web.get(f"/{asked}"))

    async def test_is_shown_before_a_new_one_has_a_name(self, web, news):
        assert "The ferry returns" in said(await web.get("/schedules/new?look=yes"))

    async def test_says_when_no_edition_would_be_made(self, web, evening, news):
        answer = await web.get("/schedules/evening", params={**fields(EVENING, minimum="9"), "form": "yes"})
        assert "No edition: 4 new stories, at least 9 are wanted." in said(answer)

    async def test_of_what_goes_out_on_publish_shows_what_would_be_told(self, web, news):
        table = {"name": "Now", "on_publish": True, "channels": ["mail"], "audience": "readers"}
        declare(web.installation, "schedules", "now", table, who="Inés", now=NOW)
        page = said(await web.get("/schedules/now?look=yes"))
        assert "4 of 4 new stories go in." in page
        assert "Next ten" not in page

    async def test_looks_into_the_store_once_for_somebody_who_types(self, web, evening, news, monkeypatch):
        looks = []
        real = type(web.store).read
        monkeypatch.setattr(type(web.store), "read", lambda store: looks.append(1) or real(store))
        await web.get("/schedules/evening?look=yes")
        whole = len(looks)
        typing = {"params": {**fields(EVENING, maximum="3"), "form": "yes"}, "headers": {"HX-Request": "true"}}
        looks.clear()
        answer = await web.get("/schedules/evening", **typing)
        assert "in with your change" in said(answer)
        assert len(looks) < whole


async def test_the_next_ten_say_what_the_clocks_do(build_web):
    web = build_web(newsroom="")
    table = {**EVENING, "timezone": "Europe/London", "times": ["01:30"], "days": "sun"}
    web.installation.clock.moment = NOW.replace(month=3, day=20)
    declare(web.installation, "schedules", "late", table, who="Inés", now=NOW)
    assert "clock change: moved from 01:30" in said(await web.get("/schedules/late"))
    web.installation.clock.moment = NOW.replace(month=10, day=10)
    declare(web.installation, "schedules", "late", {**table, "times": ["07:00"]}, who="Inés", now=NOW)
    assert "winter time" in said(await web.get("/schedules/late"))


async def test_the_next_ten_stand_where_they_were_moved_and_say_by_whom(web, evening):
    slots = web.installation.timetable("evening").after(NOW, count=2)
    due = slots[0].due + timedelta(minutes=95)
    move(web.installation, "evening", slots[0].key, due, who="Tom Adeyemi", now=NOW)
    for answer in (await web.get("/schedules/evening"), await web.get("/schedules/evening?look=yes")):
        first = re.search(r'<ol class="next-ten"><li>(.*?)</li>', answer.text)[1]
        assert f'datetime="{due:%Y-%m-%dT%H:%M}' in first
        assert "by Tom Adeyemi" in first


async def test_a_slot_that_was_skipped_is_not_told_as_one_that_comes(web, evening):
    slots = web.installation.timetable("evening").after(NOW, count=2)
    skip_slot(web.installation, "evening", slots[0].key, who="Tom", now=NOW)
    page = (await web.get("/schedules/evening")).text
    first = re.search(r'<ol class="next-ten"><li>(.*?)</li>', page)[1]
    assert first.startswith("<del>")
    assert "skipped" in first
    row = re.search(r"<tr>(?:(?!</tr>).)*Evening five.*?</tr>", (await web.get("/schedules")).text, re.DOTALL)[0]
    assert f'datetime="{slots[1].due:%Y-%m-%dT%H:%M}' in row
    assert f'datetime="{slots[0].due:%Y-%m-%dT%H:%M}' not in row


@pytest.mark.parametrize(
    ("rules", "field"),
    [({"approval": "no"}, "approval"), ({"approval": "yes", "if_unapproved": "send"}, "if_unapproved")],
)
@pytest.mark.parametrize("path", ["/schedules/new", "/schedules/asked"])
async def test_who_may_not_approve_is_told_at_the_choice_that_asks_nobody(web, log_in, path, rules, field):
    asked = {**EVENING, "approval": True}
    declare(web.installation, "schedules", "asked", asked, who="Inés", now=NOW)
    form = fields(asked, description="Weekdays at six", **rules)
    answer = await web.post(path, data=form, headers=log_in(Role.EDITOR))
    assert answer.status_code == 422
    assert "for an approver to make" in re.search(rf'id="f-{field}-error">(.*?)</p>', answer.text)[1]
    assert f'href="#f-{field}"' in answer.text
    assert "Weekdays at six" in answer.text
    chosen = f'name="approval" value="{rules["approval"]}"[^>]* checked'
    assert re.search(chosen, answer.text), "what was chosen stays chosen"
    assert declared(web, "asked").content == asked
    assert (await web.post(path, data=form, headers=log_in(Role.APPROVER))).status_code == 303


async def test_it_is_turned_off_and_on_again(web, evening):
    answer = await web.post("/schedules/evening/turn", data={"on": ""})
    assert answer.headers["location"] == "../../schedules/evening"
    assert not web.installation.settings.schedules["evening"].enabled
    assert "Off" in said(await web.get("/schedules"))
    await web.post("/schedules/evening/turn", data={"on": "yes"})
    assert declared(web).content == EVENING


async def test_it_is_removed_and_what_it_sent_stays(web, evening):
    made = web.add_edition(schedule="evening", name="Evening five")
    page = said(await web.get("/schedules/evening"))
    assert "Its 1 edition stays as it is. 1 that waits does not go out any more." in page
    answer = await web.post("/schedules/evening/remove", data={"version": "1"})
    assert answer.headers["location"] == "../../schedules"
    assert (await web.get("/schedules/evening")).status_code == 404
    assert "Evening five" in said(await web.get(f"/editions/{made.id}"))


async def test_of_one_that_made_nothing_no_edition_is_told_when_it_is_removed(web, evening):
    page = said(await web.get("/schedules/evening"))
    assert "It has made no edition yet, and makes none once it is removed. It cannot be undone." in page
    assert not re.search(r"\b0 edition", page)
    assert "What it sent stays" not in page


async def test_an_older_page_does_not_remove_what_a_colleague_changed(web, evening):
    declare(web.installation, "schedules", "evening", {**EVENING, "name": "Evening"}, who="Tom", now=NOW)
    assert (await web.post("/schedules/evening/remove", data={"version": "1"})).status_code == 409
    assert declared(web).who == "Tom"


async def test_an_approver_makes_an_edition_outside_the_timetable(web, evening, news, log_in):
    refused = await web.post("/schedules/evening/extra", headers=log_in(Role.EDITOR))
    assert refused.status_code == 403
    answer = await web.post("/schedules/evening/extra", headers=log_in(Role.APPROVER))
    edition = answer.headers["location"].rpartition("/")[2]
    with web.store.read() as tx:
        made = tx.editions.get(edition)
    assert (made.state, len(made.stories), made.slot_key[:6]) == (EditionState.DRAFTED, 2, "extra:")
    assert newest_act(web, f"edition:{edition}").who == "Mara approver"


async def test_who_may_only_look_sees_text_and_changes_nothing(web, evening, log_in):
    viewer = log_in(Role.VIEWER)
    page = await web.get("/schedules/evening", headers=viewer)
    assert "Mon–Fri at 18:00, UTC time" in said(page)
    assert 'id="schedule"' not in page.text
    assert "New schedule" not in said(await web.get("/schedules", headers=viewer))
    assert (await web.get("/schedules/new", headers=viewer)).status_code == 403
    for path in ("", "/turn", "/remove", "/extra"):
        assert (await web.post(f"/schedules/evening{path}", data=fields(EVENING), headers=viewer)).status_code == 403
    assert declared(web).content == EVENING


async def test_hostile_names_and_headlines_are_text(web, news):
    evil = "<script>alert(1)</script>"
    table = {**EVENING, "name": f"A {evil}", "description": evil, "selection": {"exclude_sections": [f'"{evil}']}}
    declare(web.installation, "schedules", "evil", table, who=evil, now=NOW)
    with web.store.write() as tx:
        each = article(title=f"{evil} strikes", sections=(evil,), language='x"y')
        tx.articles.put(each, url_key=each.url, present={each.guid}, now=NOW)
    answers = [
        await web.get(path) for path in ("/schedules", "/schedules/evil?look=yes", "/schedules/new?from=evil&look=yes")
    ]
    answers.append(await web.get("/schedules/evil", params={**fields(table, name=evil, weights=evil), "form": "yes"}))
    answers.append(await web.post("/schedules/evil", data=fields(table, times=evil)))
    for answer in answers:
        assert "<script>alert" not in answer.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
        assert " style=" not in answer.text


@pytest.mark.parametrize("path", ["/schedules/nonsense", "/schedules/..%2F..%2Fetc"])
async def test_what_is_not_there_is_missing(web, path):
    assert (await web.get(path)).status_code == 404
    assert (await web.post(path, data=fields(EVENING))).status_code == 404


async def test_what_does_not_hold_is_named_on_the_list(web):
    table = {**EVENING, "channels": ["mail"]}
    with web.store.write() as tx:
        tx.declarations.put("schedules", "broken", {**table, "channels": ["fax"]}, who="Inés", now=NOW)
    page = said(await web.get("/schedules"))
    assert "schedules.broken is left out." in page
    assert 'there is no channel "fax"' in page
