from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import EditionState, Fetched, HostedImage, HostedPicture, Rendition
from bot.store import copying
from bot.store.backup import back_up, verify
from bot.store.moving import move
from bot.testing import NOW, edition, email

MONTH = timedelta(days=30)
WHOLE = HostedImage(name="a" * 32 + ".jpg", width=1200, height=900)
CROP = HostedImage(name="b" * 32 + ".jpg", width=720, height=480)
URL = "https://record.example/cranes.jpg"
CONTENT = bytes(range(256)) * 40


@pytest.fixture
def kept(store):
    """A picture with both of its copies."""
    fetched = Fetched(url=URL, at=NOW, picture=HostedPicture(whole=WHOLE, crop=CROP), etag='"1"', modified="then")
    with store.write() as tx:
        for image in (WHOLE, CROP):
            tx.images.put(image, CONTENT, NOW)
        tx.images.note(fetched)
    return fetched


def sweep(store, at):
    with store.write() as tx:
        return tx.images.sweep(at)


def add(store, images, **fields):
    made = edition(renditions=(Rendition(channel="mail", email=email(), images=images),), **fields)
    with store.write() as tx:
        tx.editions.add(made, expires=made.slot, report={})
    return made


def test_a_picture_is_known_by_its_address_with_its_copies_and_validators(store, kept):
    with store.read() as tx:
        assert tx.images.known([URL, "https://record.example/other.jpg"]) == {URL: kept}
        assert tx.images.content(WHOLE.name) == CONTENT
        assert tx.images.content("c" * 32 + ".jpg") is None


def test_the_same_image_of_two_articles_is_kept_once(store, kept):
    with store.write() as tx:
        tx.images.put(WHOLE, CONTENT, NOW)
        assert tx.counts()["images"] == 2


def test_a_picture_without_a_copy_is_known_by_its_fault(store):
    broken = Fetched(url=URL + "\ud800\0", at=NOW, fault="no\0 picture")
    with store.write() as tx:
        tx.images.note(broken)
        assert tx.images.known([broken.url])[broken.url].fault == "no picture"


def test_what_is_noted_later_takes_the_place_of_what_was_known(store, kept):
    later = replace(kept, at=NOW + timedelta(days=1), picture=HostedPicture(whole=WHOLE))
    with store.write() as tx:
        tx.images.note(later)
        assert tx.images.known([URL]) == {URL: later}


def test_what_nobody_used_for_long_is_swept_and_no_longer_known(store, kept):
    assert sweep(store, NOW) == 0
    assert sweep(store, NOW + MONTH) == 2
    with store.read() as tx:
        assert tx.images.known([URL]) == {}
        assert (tx.counts()["images"], tx.counts()["pictures"]) == (0, 0)


def test_what_is_used_again_stays(store, kept):
    with store.write() as tx:
        tx.images.use([WHOLE.name, CROP.name], NOW + MONTH)
    assert sweep(store, NOW + MONTH) == 0


@pytest.mark.parametrize("state", [EditionState.SENT, EditionState.SENDING, EditionState.HELD, EditionState.AWAITING])
def test_what_an_edition_shows_stays_for_ever(store, kept, state):
    add(store, (WHOLE.name,), state=state)
    assert sweep(store, NOW + 100 * MONTH) == 1
    with store.read() as tx:
        assert tx.images.content(WHOLE.name) == CONTENT
        # Without its crop the picture is to be fetched anew.
        assert tx.images.known([URL]) == {}


def test_what_an_edition_shows_that_went_to_nobody_goes_with_time(store, kept):
    add(store, (WHOLE.name,), state=EditionState.EXPIRED)
    assert sweep(store, NOW + MONTH) == 2


def test_what_a_cancelled_edition_shows_stays_where_somebody_got_it(store, kept):
    made = add(store, (WHOLE.name,), state=EditionState.CANCELLED)
    with store.write() as tx:
        tx.editions.set_snapshot(made.id, 3)
    sweep(store, NOW + MONTH)
    with store.read() as tx:
        assert tx.images.of(made.id) == (WHOLE.name,)


def test_an_edition_shows_what_its_newest_renditions_and_variants_show(store, kept):
    made = add(store, (WHOLE.name,))
    with store.write() as tx:
        tx.editions.put_renditions(made.id, [Rendition(channel="mail", email=email())])
        assert tx.images.of(made.id) == ()
        variant = Rendition(channel="mail", subject="variant-1", email=email(), images=(CROP.name,))
        tx.editions.add_variants(made.id, [variant])
        assert tx.images.of(made.id) == (CROP.name,)


def test_images_are_in_a_backup_and_in_a_moved_store(store, store_url, kept, tmp_path):
    made = add(store, (WHOLE.name,))
    back_up(store_url, tmp_path / "backup.db", now=NOW)
    assert verify(tmp_path / "backup.db").tables["images"].rows == 2
    store.close()
    moved = f"sqlite:///{tmp_path}/moved.db"
    assert move(store_url, moved, who="test", now=NOW).tables["edition_images"].rows == 1
    there = type(store).open(moved)
    with there.read() as tx:
        assert tx.images.content(WHOLE.name) == CONTENT
        assert tx.images.of(made.id) == (WHOLE.name,)
    there.close()


def test_few_files_are_in_memory_at_once_while_a_store_is_copied(store, monkeypatch):
    with store.write() as tx:
        for number in range(2 * copying.LARGE_BATCH):
            tx.images.put(replace(WHOLE, name=f"{number:032d}.jpg"), b"x", NOW)
    with store.read() as tx:
        table = next(each for each in _tables() if each.name == "images")
        assert max(len(rows) for rows in copying._batches(tx.connection, table)) == copying.LARGE_BATCH


def _tables():
    from bot.store.tables import metadata

    return metadata.sorted_tables


def test_the_newest_image_is_the_one_that_was_used_last(store):
    with store.write() as tx:
        assert tx.images.newest() == ""
        tx.images.put(WHOLE, CONTENT, NOW)
        tx.images.put(CROP, CONTENT, NOW - MONTH)
        assert tx.images.newest() == WHOLE.name
        tx.images.use([CROP.name], NOW + MONTH)
        assert tx.images.newest() == CROP.name
