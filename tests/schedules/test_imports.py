from __future__ import annotations

import io
from datetime import timedelta

import pytest

from bot.audience import reader_import
from bot.audience.reader_import import begin, bring, choose, pause
from bot.model import ImportStage
from bot.schedules import imports
from bot.schedules.imports import import_due, sweep
from bot.schedules.installation import Installation
from bot.store.reader_imports import ReaderImports
from bot.testing import KEYS, NOW, settings, subscribe

CONSENT = "signed list at the Coast Press Day 2026"


@pytest.fixture
def installation(store, tmp_path, clock):
    return Installation(settings(tmp_path), store, KEYS, clock)


def _bring(installation, *lines, header="E-Mail,Full name,agreed"):
    content = "".join(f"{line}\n" for line in (header, *lines)).encode()
    made = bring(installation.store, "conference-2026.csv", io.BytesIO(content), who="mara", now=installation.clock())
    columns = {"email": "e-mail", "name": "full name", "subscribed": "agreed"}
    assert choose(
        installation.store,
        made,
        installation.settings,
        audience="readers",
        consent=CONSENT,
        columns=columns,
        who="mara",
    )
    return made


def _seen(installation, made):
    with installation.store.read() as tx:
        return tx.reader_imports.get(made.id)


def _readers(installation):
    with installation.store.read() as tx:
        return sorted(each.address for each in tx.subscribers.every())


ROWS = (
    "ida@example.org,Ida,2025-03-01",
    "tom@example.org,Tom,2025-03-01",
    "jo@@example.org,Jo,2025-03-01",
    "ida@example.org,,",
)


def test_a_trial_run_says_what_would_become_of_the_rows_and_stores_none(installation):
    subscribe(installation.store, "tom@example.org")
    made = _bring(installation, *ROWS)
    assert import_due(installation) == 1
    seen = _seen(installation, made)
    assert seen.stage is ImportStage.TRIED
    told = {name: seen.trial[name] for name in ("rows", "accepted", "known", "repeated", "refused")}
    assert told == {"rows": 4, "accepted": 1, "known": 1, "repeated": 1, "refused": 1}
    assert seen.trial["samples"]["accepted"] == ["ida@example.org"]
    assert _readers(installation) == ["tom@example.org"]
    with installation.store.read() as tx:
        (refused,) = tx.reader_imports.refusals(made.id, trial=True, limit=9)
    assert (refused.line, refused.value, refused.reason) == (4, "jo@@example.org", "not a mail address")


def test_an_import_does_what_the_trial_said_and_forgets_the_file(installation):
    made = _bring(installation, *ROWS)
    import_due(installation)
    assert begin(installation.store, made, who="tom", now=NOW)
    assert import_due(installation) == 1
    seen = _seen(installation, made)
    assert seen.stage is ImportStage.DONE
    assert seen.counts == {name: seen.trial[name] for name in seen.counts}
    assert "samples" not in seen.trial
    assert _readers(installation) == ["ida@example.org", "tom@example.org"]
    with installation.store.read() as tx:
        assert list(tx.reader_imports.content(made.id)) == []
        assert [each.line for each in tx.reader_imports.refusals(made.id, trial=False, limit=9)] == [4]
        (ida,) = tx.subscribers.find("ida@example.org")
    assert ida.name == "Ida"
    assert ida.consent.note == CONSENT
    assert ida.consent.via == "import of conference-2026.csv by tom"
    assert ida.consent.at.isoformat() == "2025-03-01T00:00:00+00:00"


def test_nothing_is_imported_before_an_editor_says_so(installation):
    made = _bring(installation, *ROWS)
    import_due(installation)
    assert import_due(installation) == 0
    assert _seen(installation, made).stage is ImportStage.TRIED
    assert _readers(installation) == []


@pytest.fixture
def many(installation, monkeypatch):
    """An import of 20 rows in batches of 2, tried and begun."""
    monkeypatch.setattr(reader_import, "BATCH", 2)
    rows = [f"reader{number}@example.org,,2025-03-01" for number in range(19)]
    made = _bring(installation, *rows[:9], "no", *rows[9:])
    import_due(installation)
    assert begin(installation.store, made, who="mara", now=NOW)
    return made


def test_an_import_that_is_stopped_goes_on_at_the_next_row(installation, many):
    asked = iter([False, False, False, True])
    import_due(installation, stop=lambda: next(asked, True))
    seen = _seen(installation, many)
    assert seen.stage is ImportStage.IMPORTING
    assert seen.counts["rows"] == 6
    assert import_due(installation) == 1
    seen = _seen(installation, many)
    assert (seen.stage, seen.counts["rows"], seen.counts["accepted"]) == (ImportStage.DONE, 20, 19)
    assert len(_readers(installation)) == 19
    with installation.store.read() as tx:
        assert len(tx.reader_imports.refusals(many.id, trial=False, limit=99)) == 1


def test_who_was_killed_in_mid_import_is_followed_by_another_once_they_are_silent(installation, many, clock):
    class Killed(BaseException):
        pass

    calls = iter(range(99))

    def stop():
        if next(calls) == 5:
            raise Killed
        return False

    with pytest.raises(Killed):
        import_due(installation, stop=stop)
    with installation.store.write() as tx:
        # A process that is killed lets nothing go.
        tx.connection.exec_driver_sql("UPDATE reader_imports SET owner = 'dead'")
        assert tx.reader_imports.beat(many.id, "dead", clock(), {"rows": 8}, trial=False)
    assert import_due(installation) == 0
    clock.moment += imports.DEAD + timedelta(seconds=1)
    assert import_due(installation) == 1
    seen = _seen(installation, many)
    assert (seen.stage, seen.counts["rows"], seen.counts["accepted"]) == (ImportStage.DONE, 20, 19)


def test_a_pause_stops_after_the_batch_and_can_be_gone_on_from(installation, many):
    calls = iter(range(99))

    def stop():
        if next(calls) == 3:
            assert pause(installation.store, many, who="mara", now=NOW)
        return False

    import_due(installation, stop=stop)
    seen = _seen(installation, many)
    assert (seen.stage, seen.beat) == (ImportStage.PAUSED, None)
    assert 0 < seen.counts["rows"] < 20
    assert import_due(installation) == 0
    assert begin(installation.store, many, who="mara", now=NOW)
    import_due(installation)
    assert _seen(installation, many).counts["rows"] == 20


def test_killed_after_the_last_row_an_import_is_not_counted_again(installation, many, monkeypatch):
    def killed(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ReaderImports, "done", killed)
        with pytest.raises(KeyboardInterrupt):
            import_due(installation)
    import_due(installation)
    seen = _seen(installation, many)
    assert (seen.stage, seen.counts["accepted"], seen.counts["known"]) == (ImportStage.DONE, 19, 0)


def test_a_file_that_cannot_be_read_says_so_and_can_be_described_anew(installation):
    made = _bring(installation, "ida@example.org,Ida,2025-03-01")
    with installation.store.write() as tx:
        tx.connection.exec_driver_sql("DELETE FROM reader_import_pieces")
    import_due(installation)
    seen = _seen(installation, made)
    assert seen.stage is ImportStage.COLUMNS
    assert seen.error
    assert "/tmp" not in seen.error


def test_uploads_that_nobody_goes_on_with_are_deleted(installation, clock):
    left, done = _bring(installation, *ROWS), _bring(installation, *ROWS)
    import_due(installation)
    begin(installation.store, done, who="mara", now=NOW)
    import_due(installation)
    clock.moment += reader_import.LEFT + timedelta(hours=1)
    assert sweep(installation) == 1
    assert _seen(installation, left) is None
    assert _seen(installation, done) is not None
    clock.moment += reader_import.KEPT
    assert sweep(installation) == 1
    with installation.store.read() as tx:
        counts = tx.counts()
    assert [counts[f"reader_import{each}"] for each in ("s", "_pieces", "_refusals")] == [0, 0, 0]
