"""What Meta's networks share: where parameters and tokens may stand, and the form of errors.

https://developers.facebook.com/docs/graph-api/guides/error-handling (read 2026-11-29). From memory: an expired
session is 401, an unknown or revoked token 400; both are code 190, and only the code may be trusted.
"""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from bot.testing.networks.call import Call, Refused
from bot.testing.networks.grants import Grant, Grants


def error(
    status: int, message: str, code: int, *, type: str = "OAuthException", subcode: int | None = None, **more: Any
) -> Refused:
    """An error as the Graph API words it."""
    told: dict[str, Any] = {"message": message, "type": type, "code": code}
    if subcode is not None:
        told["error_subcode"] = subcode
    return Refused(status, {"error": {**told, "is_transient": False, **more, "fbtrace_id": "AfAkEtRaCe"}})


def parameters(call: Call) -> dict[str, Any]:
    """Query, form and JSON together; the body counts more."""
    return {**call.query, **call.fields}


def signed_in(grants: Grants, call: Call, *scopes: str) -> Grant:
    """The token of the header or a parameter. Raises ``Refused``: 190 when it does not live, 200 without the scopes."""
    token = call.bearer or str(parameters(call).get("access_token", ""))
    if not token:
        raise error(400, "An active access token must be used to query information about the current user.", 2500)
    grant = grants.find(token)
    if grant is None:
        raise error(400, "Invalid OAuth access token - Cannot parse access token", 190)
    if grant.revoked:
        message = "Error validating access token: The user has not authorized application 1."
        raise error(400, message, 190, subcode=458)
    if grants.expired(grant):
        raise error(401, "Error validating access token: Session has expired.", 190, subcode=463)
    if missing := sorted(set(scopes) - grant.scopes):
        raise error(403, f"(#200) Requires {', '.join(missing)} permission", 200)
    return grant


def missing(identity: str, method: str) -> Refused:
    """The object is not there, or not ours."""
    message = (
        f"Unsupported {method.lower()} request. Object with ID '{identity}' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation"
    )
    return error(400, message, 100, type="GraphMethodException", subcode=33)


def public_url(url: Any) -> bool:
    """Whether Meta's crawler would look there: http(s), and no name or address of a private network."""
    parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or any(mark in url for mark in ' <>"'):
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".localhost", ".internal", ".test"))


def true(given: Any) -> bool:
    """A boolean parameter as it comes in a form."""
    return str(given).lower() in ("true", "1")
