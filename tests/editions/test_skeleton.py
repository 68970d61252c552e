from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from babel.dates import format_skeleton

from bot.editions.skeleton import by_skeleton

SKELETONS = ("yMMMM", "Ed", "EEEdMMM", "EEEd", "dMMM", "MMMMEEEEd", "yMMM", "MMM", "MMMEd", "MMMd", "yMMMd")
DAYS = (date(2026, 3, 1), datetime(2026, 11, 30, 23, 59, tzinfo=ZoneInfo("Asia/Tokyo")))


@pytest.mark.parametrize("language", ["en", "en_GB", "de", "ja", "ar", "fr", "pt_BR", "zh_Hant", "fa"])
def test_a_day_is_told_as_babel_tells_it_by_the_nearest_skeleton(language: str) -> None:
    locale = Locale.parse(language)
    for skeleton in SKELETONS:
        for day in DAYS:
            assert by_skeleton(skeleton, day, locale) == format_skeleton(skeleton, day, locale=locale)
            assert by_skeleton(skeleton, day, locale) == by_skeleton(skeleton, day, locale)
