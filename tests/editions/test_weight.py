from __future__ import annotations

from bisect import bisect_left

from bot.editions.digest import LARGE, compile_email
from bot.editions.weight import weight
from bot.model import EditionStory
from tests.editions.test_digest import digest, story


def test_a_usual_mail_is_light_enough() -> None:
    found = weight(compile_email(digest(*_many(5))), 5)
    assert (found.said, found.fix, found.grave) == ("", "", False)


def test_a_mail_that_comes_near_is_warned_of_and_how_many_stories_fewer_would_do() -> None:
    def comes_near(count: int) -> bool:
        return weight(compile_email(digest(*_many(count))), count).size > LARGE

    count = 10 + bisect_left(range(10, 100), True, key=comes_near)
    found = weight(compile_email(digest(*_many(count))), count)
    assert found.said == f"its mail has {found.size // 1000} kB of the 100 kB that Gmail shows" and not found.grave
    assert found.fix == "1 story fewer would do"


def test_a_mail_too_heavy_says_how_many_stories_are_too_many() -> None:
    stories = _many(60)
    mail = compile_email(digest(*stories))
    found = weight(mail, 60)
    assert found.grave and found.surplus == mail.left_out > 0
    assert found.said.startswith(f"{mail.left_out} stories too many: its mail would have more than 100 kB")
    fewer = compile_email(digest(*stories[: found.fit]))
    assert fewer.left_out == 0 and f"selection.maximum = {found.fit} or fewer" in found.fix


def _many(count: int) -> list[EditionStory]:
    long = "word " * 55
    return [story(place, title=f"Headline {place} {long}", authors=(long,)) for place in range(1, count + 1)]
