"""The next version of an edition: rendered outside of any transaction, stored in one, on the record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot.editions import compose
from bot.editions.lifecycle import keep_version
from bot.editions.told import told_of
from bot.model import Act, Edition, EditionVersion, cut
from bot.schedules.hosting import PictureTime, host_stories
from bot.schedules.installation import Installation
from bot.schedules.pictures import hosted
from bot.schedules.plan import Slot

_NOTE = 2_000


def revised(
    installation: Installation,
    before: Edition,
    after: Edition,
    *,
    what: str,
    who: str,
    now: datetime,
    note: str | Callable[[Edition], str],
    within: PictureTime | None = None,
) -> Edition | None:
    """Renders ``after``, ``before`` with other stories, words, state or reason, and puts it into its place.

    ``note`` says what was changed, or makes it of the edition as it is then. None, and nothing is changed, when it was
    changed or moved by somebody else since ``before``. The variants of some readers are rendered shortly before its
    slot. Raises ``RenderError``, ``ReservedElsewhere``.
    """
    slot = Slot(before.schedule, before.slot_key, before.slot)
    host_stories(installation, slot, after.stories, now, within=within)
    with installation.store.read() as tx:
        shown = hosted(tx, installation, slot, after.stories)
    frame = replace(
        installation.frame(before.schedule, slot, before.corrections, shown), edition=before.id, words=after.words
    )
    fresh = replace(
        after,
        version=before.version + 1,
        renditions=compose.render(frame, after.stories),
        links=compose.links(frame, after.stories),
    )
    said = cut(note if isinstance(note, str) else note(fresh), _NOTE)
    with installation.store.write() as tx:
        # Pictures and rendering take a while, and others decide meanwhile: on record it follows what it follows.
        now = max(now, installation.clock())
        if not tx.editions.revise(fresh, before=before, now=now):
            return None
        keep_version(tx, before)
        made = EditionVersion(number=fresh.version, at=now, who=who, what=said, told=told_of(fresh))
        tx.versions.keep(before.id, made)
        tx.acts.add(
            Act(
                at=now,
                who=who,
                what=what,
                thing=f"edition:{before.id}",
                before=before.state,
                after=fresh.state,
                note=said,
            )
        )
    return fresh
