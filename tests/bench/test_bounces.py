from __future__ import annotations

import json

import pytest

from tests.audience.returned import MAILED, dsn, group, letter
from tests.bench import bounces


@pytest.fixture
def corpus(tmp_path):
    messages = {
        "hard.eml": (dsn(group(diagnostic="smtp; 550 5.1.1 User unknown")), MAILED, "hard"),
        "missed.eml": (dsn(group(diagnostic="smtp; 550 5.7.1 spam")), MAILED, "hard"),
        "wrong.eml": (dsn(group(diagnostic="smtp; 550 5.1.1 User unknown")), "other@reader.example", "soft"),
        "away.eml": (letter("Away.", Subject="Out of Office", From=MAILED), "", "auto-reply"),
        "quiet.eml": (letter("Hello.", Subject="Hello", From=MAILED, Return_Path=MAILED), "", "none"),
    }
    labels = []
    for name, (message, recipient, verdict) in messages.items():
        (tmp_path / name).write_bytes(message)
        labels.append({"file": name, "reports": [{"recipient": recipient, "verdict": verdict, "note": name}]})
    (tmp_path / "labels.jsonl").write_text("\n".join(json.dumps(each) for each in labels), "utf-8")
    return tmp_path


def test_recipients_precision_and_recall_are_counted(corpus, capsys):
    assert bounces.main([str(corpus)]) == 0
    said = capsys.readouterr().out
    assert "recipient found     2/3 = 66.7%" in said
    assert "hard precision      1/2 = 50.0%" in said
    assert "hard recall         1/2 = 50.0%" in said
    assert "counted and not due 0/2 = 0.0%" in said


def test_what_was_missed_is_shown_when_asked_for(corpus, capsys):
    bounces.main([str(corpus), "--wrong"])
    said = capsys.readouterr().out
    assert "missed.eml: hard" in said
    assert f"wrong.eml: recipient other@reader.example not found, but {MAILED}" in said
    assert "quiet.eml: " not in said


def test_labels_can_be_left_out_by_their_note(corpus, capsys):
    bounces.main([str(corpus), "--without", "wrong.eml"])
    assert "hard precision      1/1 = 100.0%" in capsys.readouterr().out


def test_a_file_that_is_no_labels_file_is_one_line(tmp_path, capsys):
    (tmp_path / "labels.jsonl").write_text("[]\nnot json", "utf-8")
    assert bounces.main([str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
