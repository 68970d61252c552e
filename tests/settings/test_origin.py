from __future__ import annotations

import pytest

from bot.settings.origin import line_of
from bot.testing import settings

TEXT = '''[newsroom]
name = """
[schedules.morning]
"""  # a text that looks like a head
[schedules."evening five"]
name = "Evening"
[ schedules . late ]
name = 'x'
[schedules.week.selection]
maximum = 3
[schedules]
inline = { name = "Inline", weights = ["""
[schedules.fooled]"""] }
dotted.name = "Dotted"
[[lists.of]]
[schedules.morning]
channels = [
  "mail",
]
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("schedules", "evening five"), 5),
        (("schedules", "late"), 7),
        (("schedules", "week"), 9),
        (("schedules", "inline"), 12),
        (("schedules", "dotted"), 14),
        (("schedules", "morning"), 16),
        (("schedules", "morning", "channels"), 17),
        (("schedules", "fooled"), 0),
        (("newsroom", "name"), 2),
        (("sources", "wire"), 0),
    ],
)
def test_the_line_of_a_table_is_found_however_it_is_written(path, line):
    assert line_of(TEXT, *path) == line


def test_settings_say_where_a_table_and_a_field_of_the_brand_stand(tmp_path):
    loaded = settings(
        tmp_path, '[brand]\naccent = "#0b5d4b"\n[sources.wire]\ntype = "feed"\nurl = "https://a.example"\n'
    )
    lines = (tmp_path / "config" / "broadsheet.toml").read_text("utf-8").splitlines()
    wire = loaded.origin("sources", "wire")
    assert wire.file == loaded.file
    assert lines[wire.line - 1] == "[sources.wire]"
    assert not wire.on_desk
    assert lines[loaded.origin("brand", "accent").line - 1] == 'accent = "#0b5d4b"'
    assert loaded.origin("brand", "footer") is None
    assert loaded.origin("sources", "nonsense") is None
