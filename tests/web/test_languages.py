from __future__ import annotations

import pytest

from bot.testing import subscribe


@pytest.mark.parametrize(
    ("language", "direction", "word"),
    [("ar", "rtl", "إلغاء الاشتراك"), ("ja", "ltr", "停止"), ("de", "ltr", "Abbestellen")],
)
async def test_public_pages_speak_the_newsrooms_language(build_web, language, direction, word):
    web = build_web(newsroom=f'language = "{language}"')
    reader = subscribe(web.store, "mara@example.org")[0]
    page = await web.get(web.unsubscribe_path(reader))
    assert f'<html lang="{language}" dir="{direction}">' in page.text
    assert word in page.text
