"""A post's record on Bluesky: what its lexicon refuses, and what a client shows of it.

After https://github.com/bluesky-social/atproto, lexicons/app/bsky/feed/post.json, embed/external.json,
embed/images.json and richtext/facet.json, and what a PDS 0.5.35 was measured to answer (social.md, 2026-11-23). Facets
are NOT compared with the text, for the server does not either: a client cuts the text at their bytes, as the RichText
class of @atproto/api does (from memory), and shows the damage.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import regex

from bot.testing.networks.posted import Card, Picture

POST = "app.bsky.feed.post"
_TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8})*|i-[a-z]+|x(-[A-Za-z0-9]{1,8})+")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,20})?(Z|[+-]\d\d:\d\d)")
_AT = re.compile(r"at://[^/\s]+/[a-zA-Z0-9.-]+/[A-Za-z0-9._:~-]+")
_FACETS = {"link": "uri", "mention": "did", "tag": "tag"}


class Invalid(Exception):
    """What the PDS says of a record, after "Invalid app.bsky.feed.post record: "."""


class Blobs(Protocol):
    """The pictures that were uploaded."""

    def blob(self, cid: str) -> Picture | None: ...


def graphemes(text: str) -> int:
    """Extended grapheme clusters, as the PDS counts them."""
    return len(regex.findall(r"\X", text))


def check_key(key: str) -> None:
    """Raises ``Invalid`` unless ``key`` is a TID, as a post's key must be."""
    if not _TID.fullmatch(key):
        raise Invalid("Invalid TID string (must be 13 characters of base32-sortable)")


def check(record: Mapping[str, Any], blobs: Blobs) -> None:
    """Raises ``Invalid``."""
    _text(record.get("text"), "Record/text", 3000, 300)
    created = record.get("createdAt")
    if not isinstance(created, str) or not _DATE.fullmatch(created) or not _moment(created):
        raise Invalid("Record/createdAt must be an valid atproto datetime (both RFC-3339 and ISO-8601)")
    for number, each in enumerate(_list(record, "langs", 3)):
        if not isinstance(each, str) or not _LANGUAGE.fullmatch(each):
            raise Invalid(f"Record/langs/{number} must be a well-formed BCP 47 language tag")
    for number, each in enumerate(_list(record, "tags", 8)):
        _text(each, f"Record/tags/{number}", 640, 64)
    for number, each in enumerate(_list(record, "facets", 10_000)):
        _facet(each, f"Record/facets/{number}")
    if (reply := record.get("reply")) is not None:
        for name in ("root", "parent"):
            _reference(_object(reply, "Record/reply").get(name), f"Record/reply/{name}")
    if (labels := record.get("labels")) is not None:
        _labels(_object(labels, "Record/labels"))
    if (embed := record.get("embed")) is not None:
        _embed(_object(embed, "Record/embed"), blobs)


def _text(value: Any, where: str, most_bytes: int, most_graphemes: int) -> None:
    if not isinstance(value, str):
        raise Invalid(f"{where} must be a string")
    if len(value.encode("utf-8", "surrogatepass")) > most_bytes:
        raise Invalid(f"{where} must not be longer than {most_bytes} characters")
    if graphemes(value) > most_graphemes:
        raise Invalid(f"{where} must not be longer than {most_graphemes} graphemes")


def _moment(value: str) -> bool:
    try:
        datetime.fromisoformat(re.sub(r"\.(\d{1,6})\d*", r".\1", value))
    except ValueError:
        return False
    return True


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Invalid(f"{where} must be an object")
    return value


def _list(record: Mapping[str, Any], name: str, most: int) -> list[Any]:
    found = record.get(name, [])
    if not isinstance(found, list):
        raise Invalid(f"Record/{name} must be an array")
    if len(found) > most:
        raise Invalid(f"Record/{name} must not have more than {most} elements")
    return found


def _facet(facet: Any, where: str) -> None:
    index = _object(_object(facet, where).get("index"), f"{where}/index")
    for name in ("byteStart", "byteEnd"):
        value = index.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise Invalid(f"{where}/index/{name} must be an integer, 0 or more")
    features = facet.get("features")
    if not isinstance(features, list):
        raise Invalid(f"{where}/features must be an array")
    for number, each in enumerate(features):
        kind = str(_object(each, f"{where}/features/{number}").get("$type", ""))
        if not kind:
            raise Invalid(f'{where}/features/{number} must be an object which includes the "$type" property')
        name = _FACETS.get(kind.removeprefix("app.bsky.richtext.facet#"), "")
        if name and not (isinstance(each.get(name), str) and each[name]):
            raise Invalid(f"{where}/features/{number}/{name} must be a string")
        if name == "uri" and not re.match(r"[a-z][a-z0-9+.-]*:\S+$", each["uri"], re.I):
            raise Invalid(f"{where}/features/{number}/uri must be a uri")
        if name == "tag":
            _text(each["tag"], f"{where}/features/{number}/tag", 640, 64)


def _labels(labels: Mapping[str, Any]) -> None:
    if labels.get("$type") != "com.atproto.label.defs#selfLabels":
        raise Invalid('Record/labels must be an object which includes the "$type" property')
    values = labels.get("values")
    if not isinstance(values, list) or len(values) > 10:
        raise Invalid("Record/labels/values must be an array of at most 10 elements")
    for number, each in enumerate(values):
        where = f"Record/labels/values/{number}"
        _text(_object(each, where).get("val"), f"{where}/val", 128, 128)


def _reference(value: Any, where: str) -> None:
    found = _object(value, where)
    if not _AT.fullmatch(str(found.get("uri", ""))) or not re.fullmatch(r"b[a-z2-7]{20,}", str(found.get("cid", ""))):
        raise Invalid(f"{where} must name a record by uri and cid")


def _embed(embed: Mapping[str, Any], blobs: Blobs) -> None:
    kind = embed.get("$type")
    if not isinstance(kind, str) or not kind:
        raise Invalid('Record/embed must be an object which includes the "$type" property')
    if kind == "app.bsky.embed.external":
        external = _object(embed.get("external"), "Record/embed/external")
        for name in ("uri", "title", "description"):
            if not isinstance(external.get(name), str):
                raise Invalid(f'Record/embed/external must have the property "{name}"')
        if not re.match(r"[a-z][a-z0-9+.-]*:\S+$", external["uri"], re.I):
            raise Invalid("Record/embed/external/uri must be a uri")
        if "thumb" in external:
            _blob(external["thumb"], blobs, 1_000_000, "Record/embed/external/thumb")
    if kind == "app.bsky.embed.images":
        images = embed.get("images")
        if not isinstance(images, list) or len(images) > 4:
            raise Invalid("Record/embed/images must not have more than 4 elements")
        for number, each in enumerate(images):
            where = f"Record/embed/images/{number}"
            if not isinstance(_object(each, where).get("alt"), str):
                raise Invalid(f'{where} must have the property "alt"')
            _blob(each.get("image"), blobs, 2_000_000, f"{where}/image")
            ratio = each.get("aspectRatio")
            if ratio is not None and not all(
                _positive(_object(ratio, where).get(side)) for side in ("width", "height")
            ):
                raise Invalid(f"{where}/aspectRatio must have width and height of 1 or more")
    if kind == "app.bsky.embed.record":
        _reference(embed.get("record"), "Record/embed/record")


def _positive(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _blob(value: Any, blobs: Blobs, largest: int, where: str) -> None:
    if not isinstance(value, dict) or value.get("$type") != "blob" or not isinstance(value.get("ref"), dict):
        raise Invalid(f"{where}: Expected blob value type")
    held = blobs.blob(str(value["ref"].get("$link", "")))
    if held is None:
        raise Invalid(f"{where}: Could not find blob: {value['ref'].get('$link')}")
    if not str(value.get("mimeType", "")).startswith("image/") or value["mimeType"] != held.content_type:
        raise Invalid(f"{where}: Wrong type of file. It is {held.content_type} but it must match image/*.")
    if value.get("size") != len(held.data):
        raise Invalid(f"{where}: size does not match the blob's {len(held.data)} bytes")
    if len(held.data) > largest:
        raise Invalid(f"{where}: blob too big (maximum {largest}, got {len(held.data)})")


def seen(record: Mapping[str, Any], blobs: Blobs) -> dict[str, Any]:
    """The fields of a ``Posted``: the text with its facets, the card, the pictures."""
    text, spans = _segments(record)
    embed = record.get("embed") or {}
    card: Card | None = None
    pictures: tuple[Picture, ...] = ()
    if embed.get("$type") == "app.bsky.embed.external":
        external = embed["external"]
        card = Card(
            external["uri"], external["title"], external["description"], _held(external.get("thumb"), blobs, "")
        )
    if embed.get("$type") == "app.bsky.embed.images":
        found = (_held(each["image"], blobs, each["alt"]) for each in embed["images"])
        pictures = tuple(each for each in found if each)
    labels = (record.get("labels") or {}).get("values") or []
    return {
        "text": text,
        "card": card,
        "url": card.url if card else "",
        "pictures": pictures,
        "reply_to": (record.get("reply") or {}).get("parent", {}).get("uri", ""),
        "language": next(iter(record.get("langs") or []), ""),
        "warning": ", ".join(str(each.get("val", "")) for each in labels),
        "fields": {
            f"{kind}s": tuple((label, target) for each, label, target in spans if each == kind) for kind in _FACETS
        },
    }


def _held(blob: Any, blobs: Blobs, alt: str) -> Picture | None:
    found = blobs.blob(blob["ref"]["$link"]) if blob else None
    return Picture(alt, found.content_type, found.data, found.url, found.width, found.height) if found else None


def _segments(record: Mapping[str, Any]) -> tuple[str, list[tuple[str, str, str]]]:
    raw = record["text"].encode("utf-8", "surrogatepass")
    parts: list[str] = []
    spans: list[tuple[str, str, str]] = []
    place = 0
    for facet in sorted(record.get("facets") or [], key=lambda each: each["index"]["byteStart"]):
        start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        if start < place or start >= end or start >= len(raw):
            continue
        parts.append(raw[place:start].decode("utf-8", "replace"))
        label = raw[start:end].decode("utf-8", "replace")
        parts.append(label)
        place = min(end, len(raw))
        for each in facet["features"][:1]:
            kind = str(each["$type"]).removeprefix("app.bsky.richtext.facet#")
            if kind in _FACETS and label.strip():
                spans.append((kind, label, each[_FACETS[kind]]))
    parts.append(raw[place:].decode("utf-8", "replace"))
    return "".join(parts), spans
