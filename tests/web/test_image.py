from __future__ import annotations

import pytest

from bot.editions.image import fitted
from bot.testing import NOW
from tests.pictures import photograph


@pytest.fixture
def hosted(web):
    """A picture that is hosted: (its path, its bytes)."""
    file, _ = fitted(photograph())
    with web.store.write() as tx:
        tx.images.put(file.image, file.content, NOW)
    return f"/i/{file.image.name}", file.content


async def test_a_picture_is_served_as_what_it_is_and_for_ever(web, hosted):
    path, content = hosted
    answer = await web.get(path)
    assert answer.status_code == 200
    assert answer.content == content
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "set-cookie" not in answer.headers


async def test_who_has_it_already_is_sent_nothing(web, hosted):
    path, _ = hosted
    tag = (await web.get(path)).headers["etag"]
    again = await web.get(path, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (await web.get(path, headers={"If-None-Match": '"other"'})).status_code == 200


async def test_head_says_the_same_without_the_picture(web, hosted):
    path, content = hosted
    async with web.client() as client:
        answer = await client.head(path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(content))


@pytest.mark.parametrize(
    "name",
    [
        f"{'0' * 32}.jpg",
        "0",
        "%00.jpg",
        f"{'A' * 32}.jpg",
        f"{'0' * 32}.svg",
        f"{'0' * 32}.jpg%0a",
        "..%2f..%2fetc%2fpasswd",
        "a" * 5000,
    ],
)
async def test_what_is_not_there_is_missing(web, name):
    answer = await web.get(f"/i/{name}")
    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"


async def test_nobody_posts_to_a_picture(web, hosted):
    assert (await web.post(hosted[0])).status_code in (403, 405)
