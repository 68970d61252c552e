"""A post's link with the parameters by which the newsroom's statistics tell where readers came from. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit, urlunsplit


def tagged(url: str, utm: Mapping[str, str], values: Mapping[str, str]) -> str:
    """``url`` with the parameters ``utm``, their ``{names}`` filled in from ``values``; as it is where there are none.

    They stand behind the query's own, before the fragment. Another campaign's ``utm_…`` goes, and what is set here
    stands once. All else of the query stays letter for letter.
    """
    filled = {name: template.format_map(values) for name, template in utm.items()}
    added = [f"{name}={quote(value, safe='')}" for name, value in filled.items() if value]
    if not url or not added:
        return url
    parts = urlsplit(url)
    kept = [each for each in parts.query.split("&") if each and not _replaced(each, filled)]
    return urlunsplit(parts._replace(query="&".join((*kept, *added))))


def _replaced(parameter: str, filled: Mapping[str, str]) -> bool:
    name = unquote(parameter.partition("=")[0]).casefold()
    return name in filled or name.startswith("utm_")
