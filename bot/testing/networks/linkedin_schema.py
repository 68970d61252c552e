"""What LinkedIn's schema asks of a post, and how it says no.

Missing and unknown fields: the n8n text of social.md. A text that is too long is 400: n8n-io/n8n#22899; it speaks of
the parsed text, and that its characters are UTF-16 units is inferred. Duplicates: Arisamiga/Linkedin-RSS#5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.testing.networks.call import Refused
from bot.testing.networks.linkedin_text import little

COMMENTARY = 3000
_BAD = "com.linkedin.content.common.exception.BadRequestResponseException"


def error(status: int, code: str, message: str, service: int | None = None) -> Refused:
    """An error as most endpoints word it."""
    told: dict[str, Any] = {"status": status, "code": code, "message": message}
    return Refused(status, told if service is None else {**told, "serviceErrorCode": service})


def invalid(message: str) -> Refused:
    """422: the schema does not allow it."""
    return Refused(422, {"message": message + "\n", "status": 422})


def duplicate(urn: str) -> Refused:
    """422: the same content as ``urn``."""
    wrong = {"description": "Duplicate post is detected", "input": {}, "code": "DUPLICATE_POST"}
    return _bad_request(422, f"Content is a duplicate of {urn}", wrong)


def require(given: Mapping[str, Any], path: str, required: Sequence[str], optional: Sequence[str]) -> None:
    """Raises ``Refused`` naming every field of the record at ``path`` that is missing or unknown."""
    unknown = sorted(set(given) - {*required, *optional})
    missing = [name for name in required if given.get(name) is None]
    wrong = [f"ERROR :: {path}/{name} :: unrecognized field found but not allowed" for name in unknown]
    wrong += [f"ERROR :: {path}/{name} :: field is required but not found and has no default value" for name in missing]
    if wrong:
        raise invalid("\n".join(wrong))


def check_post(body: Mapping[str, Any]) -> None:
    """Raises ``Refused`` unless ``body`` is a post; its ``content`` is not looked at."""
    required = ("author", "commentary", "visibility", "distribution", "lifecycleState")
    require(body, "", required, ("content", "isReshareDisabledByAuthor"))
    if not isinstance(body["commentary"], str):
        raise invalid("ERROR :: /commentary :: is not a string")
    check_length(body["commentary"])
    distribution = body["distribution"] if isinstance(body["distribution"], dict) else {}
    channels = ("targetEntities", "thirdPartyDistributionChannels")
    require(distribution, "/distribution", ("feedDistribution",), channels)
    for path, value, allowed in (
        ("/visibility", body["visibility"], ("PUBLIC", "CONNECTIONS", "LOGGED_IN")),
        ("/lifecycleState", body["lifecycleState"], ("PUBLISHED",)),
        ("/distribution/feedDistribution", distribution["feedDistribution"], ("MAIN_FEED", "NONE")),
    ):
        if value not in allowed:
            raise invalid(f'ERROR :: {path} :: "{value}" is not an enum symbol')


def check_length(commentary: str) -> None:
    """Raises ``Refused`` when readers would see more than 3,000 characters."""
    length = len(little(commentary).encode("utf-16-le")) // 2
    if length > COMMENTARY:
        wrong = {"description": "Size of array cannot be higher than the maxLength", "maxLength": COMMENTARY}
        most = f"exceeded the maximum allowed ({COMMENTARY} characters)"
        why = f"ShareCommentary text length ({length} characters) {most}"
        raise _bad_request(400, why, {**wrong, "code": "FIELD_ARRAY_SIZE_TOO_HIGH"})


def _bad_request(status: int, why: str, wrong: Mapping[str, Any]) -> Refused:
    told = {"errorDetailType": "com.linkedin.common.error.BadRequest", "message": f"{_BAD}: {why}", "status": status}
    return Refused(status, {**told, "errorDetails": {"inputErrors": [dict(wrong)]}})
