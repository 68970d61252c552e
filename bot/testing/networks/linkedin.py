"""A strict LinkedIn: the Posts API of a member and of the pages the member keeps.

Documents: learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/posts-api (read 2026-11-29), and
what ``linkedin_text.py`` and ``linkedin_schema.py`` name. A retired version is 426 NONEXISTENT_VERSION:
gitroomhq/postiz-app#2005. That deleting does not free a duplicate: ComposioHQ/composio#2710. A revoked token:
decioferreira/omniauth-linkedin-oauth2#81. 150 posts a day: social.md. Upload URLs ask no token: dev.to, "7 API
quirks", read 2026-11-29. From memory: the bodies of 403, 429 and of an expired token, the limits of titles and alt
texts, that a daily limit ends at midnight UTC.

Not here: video, documents, polls, comments, targeting.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, Response

from bot.clock import Clock, system_clock
from bot.testing.networks.base import Endpoint, Network, network
from bot.testing.networks.call import Call, Refused
from bot.testing.networks.grants import BadGrant, Grants
from bot.testing.networks.linkedin_schema import check_length, check_post, duplicate, error, invalid, require
from bot.testing.networks.linkedin_text import little
from bot.testing.networks.posted import Card, Picture, Posted, picture
from bot.testing.networks.rates import Daily

SAMPLE = {
    "api": "{base}",
    "oauth": "{base}/oauth/v2",
    "client_id": "{client_id}",
    "client_secret": "{client_secret}",
    "organization": "{organization}",
    "version": "{version}",
}
"""What a newsroom sets to post here (bot.testing.networks.sample)."""
CREDENTIAL = {"access": "{token}", "account": "page", "id": "{organization}"}
"""The account, connected."""
SCOPES = ("openid", "profile", "email", "w_member_social", "w_organization_social", "r_organization_social")
ACCESS_SECONDS = 60 * 86_400
REFRESH_SECONDS = 365 * 86_400
UPLOAD_SECONDS = 86_400
DUPLICATE_SECONDS = 2 * 86_400
TITLE = 400
ALT = 4086
PIXELS = 36_152_320
TYPES = ("image/jpeg", "image/png", "image/gif")
MONTHS = 12
"""A version lives about a year."""


@dataclass(frozen=True)
class _Image:
    urn: str
    owner: str
    expires: datetime
    picture: Picture | None = None


@network
class LinkedIn(Network):
    """``versions`` are those that live (``YYYYMM``); by default the last twelve months by the clock.

    ``refreshable``: LinkedIn gives refresh tokens to approved partners only.
    """

    kind: ClassVar[str] = "linkedin"

    def __init__(
        self,
        clock: Clock = system_clock,
        *,
        versions: Sequence[str] | None = None,
        refreshable: bool = False,
        posts_a_day: int = 150,
    ) -> None:
        super().__init__(clock)
        self._versions = tuple(versions) if versions is not None else None
        self.refreshable = refreshable
        self.member = "urn:li:person:rEcOrD123"
        self.organization = "urn:li:organization:2414183"
        self.client = ("linkedin-client", "linkedin-secret")
        self.grants = Grants("linkedin", clock)
        self._first = self.grants.issue(self.member, seconds=ACCESS_SECONDS, scopes=SCOPES, refreshable=refreshable)
        self._images: dict[str, _Image] = {}
        self._made: dict[str, tuple[datetime, str]] = {}
        self._days: dict[str, Daily] = {each: Daily(posts_a_day) for each in (self.member, self.organization)}

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions that live now, newest first."""
        if self._versions is not None:
            return self._versions
        now = self.clock()
        months = [now.year * 12 + now.month - 1 - back for back in range(MONTHS)]
        return tuple(f"{each // 12}{each % 12 + 1:02d}" for each in months)

    @property
    def credentials(self) -> dict[str, str]:
        return {
            "token": self._first.access,
            "refresh_token": self._first.refresh,
            "client_id": self.client[0],
            "client_secret": self.client[1],
            "member": self.member,
            "organization": self.organization,
            "version": self.versions[0],
        }

    def revoke(self) -> None:
        self.grants.end_all()

    def endpoints(self) -> Sequence[Endpoint]:
        return [
            ("POST", "/rest/posts", self._post),
            ("GET", "/rest/posts", self._find),
            ("GET", "/rest/posts/{urn}", self._show),
            ("POST", "/rest/posts/{urn}", self._update),
            ("DELETE", "/rest/posts/{urn}", self._delete),
            ("POST", "/rest/images", self._initialize),
            ("GET", "/rest/images/{urn}", self._image),
            ("PUT", "/dms-uploads/{id}", self._put),
            ("GET", "/v2/userinfo", self._userinfo),
            ("GET", "/rest/organizationAcls", self._pages),
            ("GET", "/oauth/v2/authorization", self._authorize),
            ("POST", "/oauth/v2/accessToken", self._tokens),
        ]

    # Who asks, and in which version

    def _scopes(self, call: Call) -> frozenset[str]:
        grant = self.grants.find(call.bearer)
        if grant is None:
            raise error(401, "INVALID_ACCESS_TOKEN", "Invalid access token", 65600)
        if grant.revoked:
            raise error(
                401, "REVOKED_ACCESS_TOKEN", "The token used in the request has been revoked by the user", 65601
            )
        if self.grants.expired(grant):
            raise error(401, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired", 65602)
        return grant.scopes

    def _versioned(self, call: Call) -> frozenset[str]:
        """The token's scopes, when the call has the headers that every call must have."""
        scopes = self._scopes(call)
        version = call.headers.get("linkedin-version", "")
        if not version:
            raise error(
                400,
                "VERSION_MISSING",
                "A version must be present. Please specify a version by adding the LinkedIn-Version header.",
            )
        if version not in self.versions:
            raise error(426, "NONEXISTENT_VERSION", f"Requested version {version}01 is not active")
        if call.headers.get("x-restli-protocol-version") != "2.0.0":
            raise error(400, "ILLEGAL_ARGUMENT", "X-Restli-Protocol-Version: 2.0.0 is required")
        return scopes

    def _may(self, scopes: frozenset[str], author: str, *, write: bool, method: str) -> None:
        kind = "organization" if author == self.organization else "member"
        if f"{'w' if write else 'r'}_{kind}_social" not in scopes:
            raise error(
                403, "ACCESS_DENIED", f"Not enough permissions to access: partnerApiPostsExternal.{method}", 100
            )

    def _urn(self, call: Call) -> str:
        if ":" in call.raw_path.rpartition("/")[2]:
            raise error(400, "ILLEGAL_ARGUMENT", "Syntax exception in path variables")
        return call.parts["urn"]

    # Posts

    def _post(self, call: Call) -> Response:
        scopes = self._versioned(call)
        body = call.json if call.content_type == "application/json" else None
        if not isinstance(body, dict):
            raise error(400, "ILLEGAL_ARGUMENT", "Request body could not be converted to data map")
        check_post(body)
        author = str(body["author"])
        if author not in self._days:
            message = "Field Value validation failed in REQUEST_BODY: Data Processing Exception on fields [/author]"
            raise error(403, "ACCESS_DENIED", message, 100)
        self._may(scopes, author, write=True, method="CREATE")
        card, pictures = self._content(body.get("content"), author)
        if not body["commentary"].strip() and card is None and not pictures:
            raise invalid("ERROR :: /commentary :: text or content is required")
        now = self.clock()
        print_of = json.dumps([author, body["commentary"], body.get("content")], sort_keys=True)
        known = self._made.get(print_of)
        if known and now - known[0] < timedelta(seconds=DUPLICATE_SECONDS):
            raise duplicate(known[1])
        if not self._days[author].take(now).allowed:
            message = "Resource level throttle APPLICATION_AND_MEMBER DAY limit for calls to this resource is reached."
            raise error(429, "TOO_MANY_REQUESTS", message, 101)
        urn = f"urn:li:share:{7_400_000_000_000_000_000 + self.number()}"
        self.publish(
            Posted(
                id=urn,
                text=little(body["commentary"]),
                when=now,
                account=author,
                card=card,
                url=card.url if card else "",
                pictures=pictures,
                raw=call.body,
                fields={"commentary": body["commentary"], "visibility": body["visibility"]},
            )
        )
        self._made[print_of] = (now, urn)
        return Response(status_code=201, headers={"x-restli-id": urn})

    def _content(self, content: Any, author: str) -> tuple[Card | None, tuple[Picture, ...]]:
        if content is None:
            return None, ()
        if not isinstance(content, dict) or len(content) != 1 or set(content) - {"article", "media", "multiImage"}:
            raise invalid("ERROR :: /content :: union must have exactly one member of article, media, multiImage")
        ((kind, given),) = content.items()
        if not isinstance(given, dict):
            raise invalid(f"ERROR :: /content/{kind} :: is not a record")
        if kind == "article":
            return self._article(given, author), ()
        wanted = given.get("images") if kind == "multiImage" else [given]
        if not isinstance(wanted, list) or (kind == "multiImage" and not 2 <= len(wanted) <= 20):
            raise invalid("ERROR :: /content/multiImage/images :: 2 to 20 images are allowed")
        return None, tuple(self._shown(each, author, f"/content/{kind}") for each in wanted)

    def _article(self, given: Mapping[str, Any], author: str) -> Card:
        require(given, "/content/article", ("source", "title"), ("description", "thumbnail", "thumbnailAltText"))
        source = str(given["source"])
        if urlsplit(source).scheme not in ("http", "https") or not urlsplit(source).netloc:
            raise invalid("ERROR :: /content/article/source :: is not a valid URL")
        if len(given["title"]) > TITLE or len(given.get("description") or "") > ALT:
            raise invalid("ERROR :: /content/article :: title or description is too long")
        thumbnail = None
        if given.get("thumbnail"):
            told = {"id": given["thumbnail"], "altText": given.get("thumbnailAltText", "")}
            thumbnail = self._shown(told, author, "/content/article/thumbnail")
        return Card(source, str(given["title"]), str(given.get("description") or ""), thumbnail)

    def _shown(self, given: Any, author: str, path: str) -> Picture:
        if not isinstance(given, dict):
            raise invalid(f"ERROR :: {path} :: is not a record")
        require(given, path, ("id",), ("altText", "title"))
        held = self._images.get(str(given["id"]))
        if held is None or held.owner != author:
            raise error(400, "INVALID_CONTENT_OWNERSHIP", f"{given['id']} is no image of {author}")
        if held.picture is None:
            raise error(400, "MEDIA_ASSET_WAITING_UPLOAD", f"{held.urn} was not uploaded")
        alt = str(given.get("altText") or "")
        if len(alt) > ALT:
            raise invalid(f"ERROR :: {path}/altText :: length is out of range 0..{ALT}")
        return replace(held.picture, alt=alt)

    def _own(self, call: Call, scopes: frozenset[str], *, write: bool, method: str) -> Posted:
        urn = self._urn(call)
        found = self.find(urn)
        self._may(scopes, self._author(urn), write=write, method=method)
        if found is None:
            raise error(404, "NOT_FOUND", f"Could not find entity {urn}")
        return found

    def _author(self, urn: str) -> str:
        """Whose post it is or was; nobody's is the member's."""
        return next((each.account for each in self.posts if each.id == urn), self.member)

    def _show(self, call: Call) -> Response:
        return JSONResponse(_entity(self._own(call, self._versioned(call), write=False, method="GET")))

    def _find(self, call: Call) -> Response:
        scopes = self._versioned(call)
        author = call.query.get("author", "")
        if call.query.get("q") != "author" or author not in self._days:
            raise error(400, "ILLEGAL_ARGUMENT", "q=author and an author of this token are required")
        self._may(scopes, author, write=False, method="FINDER-author")
        count = min(100, call.number("count", 10))
        found = [each for each in reversed(self.visible) if each.account == author][:count]
        paging = {"start": 0, "count": count, "links": []}
        return JSONResponse({"elements": [_entity(each) for each in found], "paging": paging})

    def _update(self, call: Call) -> Response:
        scopes = self._versioned(call)
        if call.headers.get("x-restli-method", "").upper() != "PARTIAL_UPDATE":
            raise error(400, "ILLEGAL_ARGUMENT", "X-RestLi-Method: PARTIAL_UPDATE is required")
        found = self._own(call, scopes, write=True, method="PARTIAL_UPDATE")
        patch = call.json.get("patch") if isinstance(call.json, dict) else None
        changes = patch.get("$set") if isinstance(patch, dict) else None
        if not isinstance(changes, dict) or not isinstance(changes.get("commentary"), str) or len(changes) != 1:
            raise invalid("ERROR :: /patch/$set :: commentary is what can be changed")
        check_length(changes["commentary"])
        fields = {**found.fields, "commentary": changes["commentary"]}
        self.edit(found.id, text=little(changes["commentary"]), raw=call.body, fields=fields)
        return Response(status_code=204)

    def _delete(self, call: Call) -> Response:
        scopes = self._versioned(call)
        urn = self._urn(call)
        self._may(scopes, self._author(urn), write=True, method="DELETE")
        found = self.find(urn)  # Deleting is idempotent: what is gone is gone.
        if found is not None:
            self.remove(found.id)
        return Response(status_code=204)

    # Images

    def _initialize(self, call: Call) -> Response:
        scopes = self._versioned(call)
        asked = call.json.get("initializeUploadRequest") if isinstance(call.json, dict) else None
        if call.query.get("action") != "initializeUpload" or not isinstance(asked, dict):
            raise error(400, "ILLEGAL_ARGUMENT", "action=initializeUpload and initializeUploadRequest are required")
        owner = str(asked.get("owner"))
        if owner not in self._days:
            raise error(403, "ACCESS_DENIED", "owner is not one of this token", 100)
        self._may(scopes, owner, write=True, method="UPLOAD")
        name = f"C4E{self.number():010d}"
        expires = self.clock() + timedelta(seconds=UPLOAD_SECONDS)
        urn = f"urn:li:image:{name}"
        self._images[urn] = _Image(urn, owner, expires)
        told = {"uploadUrlExpiresAt": int(expires.timestamp() * 1000), "uploadUrl": f"{call.base}/dms-uploads/{name}"}
        return JSONResponse({"value": {**told, "image": urn}})

    def _put(self, call: Call) -> Response:
        held = self._images.get(f"urn:li:image:{call.parts['id']}")
        if held is None or held.expires <= self.clock():
            raise Refused(404, "Not Found")
        found = picture(call.body)
        if found is None or found.content_type not in TYPES or found.width * found.height >= PIXELS:
            raise Refused(400, "the image is not supported")
        self._images[held.urn] = replace(held, picture=found)
        return Response(status_code=201)

    def _image(self, call: Call) -> Response:
        self._versioned(call)
        held = self._images.get(self._urn(call))
        if held is None:
            raise error(404, "NOT_FOUND", "Could not find entity")
        status = "AVAILABLE" if held.picture else "WAITING_UPLOAD"
        return JSONResponse({"id": held.urn, "owner": held.owner, "status": status})

    # Who it is, and OAuth

    def _userinfo(self, call: Call) -> Response:
        scopes = self._scopes(call)
        if not {"openid", "profile"} <= scopes:
            raise error(403, "ACCESS_DENIED", "Not enough permissions to access: userinfo.GET.NO_VERSION", 100)
        return JSONResponse({"sub": self.member.rpartition(":")[2], "name": "Ines Okafor", "locale": "en_US"})

    def _pages(self, call: Call) -> Response:
        self._may(self._versioned(call), self.organization, write=True, method="FINDER-roleAssignee")
        if call.query.get("q") != "roleAssignee":
            raise error(400, "ILLEGAL_ARGUMENT", "q=roleAssignee is required")
        told = {"roleAssignee": self.member, "organization": self.organization, "role": "ADMINISTRATOR"}
        return JSONResponse({"elements": [{**told, "state": "APPROVED"}]})

    def _authorize(self, call: Call) -> Response:
        return self.grants.authorize(call, client=self.client[0], scopes=SCOPES)

    def _tokens(self, call: Call) -> Response:
        fields = {name: str(value) for name, value in call.form}
        try:
            if (fields.get("client_id"), fields.get("client_secret")) != self.client:
                raise BadGrant("invalid_client", "Client authentication failed")
            if fields.get("grant_type") == "authorization_code":
                redirect = fields.get("redirect_uri", "")
                scopes = self.grants.redeem(fields.get("code", ""), client=self.client[0], redirect=redirect)
                made = self.grants.issue(
                    self.member, seconds=ACCESS_SECONDS, scopes=scopes, refreshable=self.refreshable
                )
                refresh = made.refresh
            elif fields.get("grant_type") == "refresh_token" and self.refreshable:
                # LinkedIn's refresh token stays the same, and outlives the access tokens it gives.
                refresh = fields.get("refresh_token", "")
                held = self.grants.by_refresh(refresh)
                if held is None or held.revoked:
                    raise BadGrant("invalid_request", "The provided refresh token is invalid or revoked")
                made = self.grants.issue(self.member, seconds=ACCESS_SECONDS, scopes=held.scopes, family=held.family)
            else:
                raise BadGrant("unsupported_grant_type", "grant_type is not supported for this application")
        except BadGrant as bad:
            status = 401 if bad.error == "invalid_client" else 400
            raise Refused(status, {"error": bad.error, "error_description": bad.description}) from bad
        told: dict[str, Any] = {"access_token": made.access, "expires_in": ACCESS_SECONDS, "token_type": "Bearer"}
        if refresh:
            told |= {"refresh_token": refresh, "refresh_token_expires_in": REFRESH_SECONDS}
        return JSONResponse({**told, "scope": ",".join(sorted(made.scopes))})


def _entity(post: Posted) -> dict[str, Any]:
    """Texts are read back in "little" format, as they were sent."""
    told = {"id": post.id, "author": post.account, "commentary": post.fields["commentary"]}
    moment = int(post.when.timestamp() * 1000)
    return {**told, "visibility": post.fields["visibility"], "lifecycleState": "PUBLISHED", "publishedAt": moment}
