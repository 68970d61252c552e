from __future__ import annotations

from datetime import timedelta

from bot.testing import NOW, article


def _put(store, *brought, now=NOW, keys=None):
    present = {each.guid for each in brought}
    with store.write() as tx:
        return [
            tx.articles.put(each, url_key=(keys or {}).get(each.guid, each.url), present=present, now=now)
            for each in brought
        ]


def _all(store):
    with store.read() as tx:
        return tx.articles.newest()


def test_an_article_comes_back_as_it_went_in(store):
    one = article(title="Hafen: „Größe“ 🚢", tags=("a", "b"))
    assert _put(store, one) == ["new"]
    (found,) = _all(store)
    assert found.content() == one.content()
    assert (found.revision, found.withdrawn, found.first_seen) == (1, False, NOW)


def test_the_same_article_again_changes_nothing(store):
    one = article()
    _put(store, one)
    assert _put(store, one, now=NOW + timedelta(hours=1)) == ["unchanged"]
    assert [each.revision for each in _all(store)] == [1]


def test_an_edited_article_becomes_a_revision_and_the_old_one_is_kept(store):
    one = article(guid="a", url="https://record.example/a", title="430 homes")
    _put(store, one)
    edited = article(guid="a", url="https://record.example/a", title="340 homes")
    assert _put(store, edited) == ["changed"]
    (found,) = _all(store)
    assert (found.title, found.revision) == ("340 homes", 2)
    with store.read() as tx:
        assert tx.articles.revision(found.id, 1).title == "430 homes"


def test_a_touched_modification_time_alone_is_no_revision(store):
    one = article(guid="a", url="https://record.example/a", title="T", standfirst="S", body="<p>B</p>")
    _put(store, one)
    touched = article(guid="a", url="https://record.example/a", title="T", standfirst="S", body="<p>B</p>", updated=NOW)
    assert _put(store, touched) == ["unchanged"]


def test_a_changed_guid_with_the_same_url_is_the_same_article(store):
    _put(store, article(guid="http://record.example/?p=1", url="https://record.example/a", title="T"))
    moved = article(guid="https://record.example/?p=1", url="https://record.example/a", title="T2")
    assert _put(store, moved) == ["changed"]
    assert len(_all(store)) == 1


def test_items_that_share_one_link_stay_apart(store):
    brought = [article(guid=str(number), url="https://record.example/live") for number in range(3)]
    assert _put(store, *brought) == ["new", "new", "new"]
    assert _put(store, *brought) == ["unchanged"] * 3


def test_two_sources_with_one_article_hold_it_once(store):
    _put(store, article(source="site", guid="1", url="https://record.example/a"))
    assert _put(store, article(source="feed", guid="x", url="https://record.example/a", title="other")) == ["unchanged"]
    assert len(_all(store)) == 1


def test_a_withdrawn_article_stays_known_and_may_return(store):
    one = article(guid="a")
    _put(store, one)
    with store.write() as tx:
        assert len(tx.articles.withdraw("site", ["a"], NOW)) == 1
        assert tx.articles.withdraw("site", ["a"], NOW) == []
        assert tx.articles.known("site", NOW - timedelta(days=7)) == []
    assert [each.withdrawn for each in _all(store)] == [True]
    assert _put(store, one) == ["returned"]
    assert [each.withdrawn for each in _all(store)] == [False]


def test_a_guid_of_another_source_is_not_withdrawn(store):
    _put(store, article(source="site", guid="a"))
    with store.write() as tx:
        assert tx.articles.withdraw("feed", ["a"], NOW) == []


def test_openings_are_the_beginnings_of_what_was_published_between(store):
    old = article(published=NOW - timedelta(days=9), title="Old „Größe“", standfirst="", body=f"<p>{'é' * 4000}</p>")
    gone = article(published=NOW - timedelta(days=9))
    _put(store, old, gone, article())
    with store.write() as tx:
        tx.articles.withdraw(gone.source, [gone.guid], NOW)
        [(id, revision)] = tx.articles.published(since=NOW - timedelta(days=30), until=NOW - timedelta(days=4))
        assert tx.articles.published(since=NOW - timedelta(days=8), until=NOW - timedelta(days=4)) == []
        found = tx.articles.openings([id, 12345])
    assert revision == 1
    assert found == {id: ("Old „Größe“", "", f"<p>{'é' * 2997}")}


def test_some_articles_are_read_at_once_the_newest_first(store):
    with store.write() as tx:
        for hours in (3, 1, 2):
            one = article(title=f"{hours} hours old", published=NOW - timedelta(hours=hours))
            tx.articles.put(one, url_key=one.url, present=(), now=NOW)
        ids = [each.id for each in tx.articles.newest()]
        assert [each.title for each in tx.articles.those([*ids[1:], 12345])] == ["2 hours old", "3 hours old"]
        assert tx.articles.those([]) == []
