"""What a full store holds beside articles, editions and deliveries: people and their acts, sign-ups, files, changes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import insert

from bot.model import (
    Act,
    Edition,
    EditionState,
    Layout,
    Preferences,
    ReaderImport,
    Role,
    Signup,
    SignupOutcome,
    User,
)
from bot.schedules.declaring import declare
from bot.schedules.installation import Installation
from bot.store import Store
from bot.store.sources import SourceState
from bot.store.tables import acts, changes
from tests.bench.full_ledger import EVIDENCE
from tests.bench.full_settings import Size

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
DECLARED = "desk"
"""The key of a schedule that was made on the desk."""
_WHATS = ("approve", "edit summary", "hold", "release", "sent")


def put(installation: Installation, size: Size, made: Sequence[Edition], now: datetime) -> str:
    """People, their acts, sign-ups, files, sources in need; returns the id of a file."""
    store, upload = installation.store, ""
    chance = random.Random(3)
    with store.write() as tx:
        for number in range(20):
            new = User(id=0, name=f"Tom {number}", address=f"tom{number}@record.example", role=Role.EDITOR)
            tx.users.add(new, name_key=f"tom{number}", password="none", now=now)
            upload = f"{number:016x}"
            layout = Layout(header=("email", "name"), first=(("ida@example.org", "Ida"),))
            moment = now - number * DAY
            file = ReaderImport(
                id=upload, file="readers.csv", audience="readers", who="Tom 1", at=moment, lines=2, layout=layout
            )
            tx.reader_imports.add(file, [b"email,name\nida@example.org,Ida\n"])
        for number in range(min(500, size.readers)):
            signup = Signup(
                id=f"signup{number}",
                address=f"new{number}@readers.test",
                choices={"readers": Preferences()},
                language="en",
                evidence=EVIDENCE,
                requested=now - number * HOUR,
                outcome=SignupOutcome.CONFIRM,
            )
            tx.signups.add(signup)
        for name in installation.settings.sources:
            failures = 3 if name == "s1" else 0
            state = SourceState(source=name, failures=failures, error="HTTP 500" if failures else "")
            tx.sources.put(replace(state, last_visit=now - 5 * MINUTE, last_success=now - 5 * MINUTE))
        step = size.span / size.acts
        for start in range(0, size.acts, 5_000):
            rows = [
                {
                    "at": now - number * step,
                    "who": f"Tom {chance.randrange(20)}" if number % 3 else "broadsheet",
                    "what": _WHATS[number % len(_WHATS)],
                    "thing": f"edition:{made[number * len(made) // size.acts].id}",
                    "before": "awaiting",
                    "after": "approved",
                    "note": "as agreed" if number % 4 == 0 else "",
                    "kind": "edition",
                }
                for number in range(start, min(start + 5_000, size.acts))
            ]
            tx.connection.execute(insert(acts), rows)
        tx.acts.add(Act(at=now, who="Tom 1", what="pause channel", thing="channel:town", after="paused"))
        tx.channels.pause("town", "town: the server said 401", now)
    content = {"name": "Made here", "times": ["09:30"], "audience": "readers", "channels": ["mail"]}
    declare(installation, "schedules", DECLARED, content, who="Tom 1", now=now)
    return upload


def change(store: Store, made: Sequence[Edition], now: datetime) -> None:
    """What changed after it was sent: of some editions, the newest of them not decided yet."""
    told = [each for each in made if each.state is EditionState.SENT]
    rows = [
        {
            "article": one.stories[0].article.id,
            "edition": one.id,
            "revision": 2,
            "withdrawn": False,
            "at": now - number * HOUR,
            "title": one.stories[0].article.title,
            "what": "numbers changed",
            "was": "It costs £2.4 million.",
            "now": "It costs £4.2 million.",
            "decided": "" if number < 30 else "dismissed",
        }
        for number, one in enumerate(told[:500])
    ]
    with store.write() as tx:
        tx.connection.execute(insert(changes), rows)
