"""A strict Mastodon server, with one account.

Documents, checked 2026-11-23 (social.md): https://docs.joinmastodon.org/methods/statuses/, /methods/media/,
/entities/Instance/, /api/rate-limits/. That an edit without ``media_ids`` takes the pictures away: Mastodon's
``UpdateStatusService``; the form of X-RateLimit-Reset: ``config/initializers/rack_attack.rb``; both read 2026-11-29.
Several statuses at once since 4.3, fewer than were asked for when some are gone: /methods/statuses/#index, read
2026-11-29; that more than 20 are refused: from memory. Counting and links: ``mastodon_text.py``. The wording of errors
is from memory of Mastodon's English locale.

Not here: polls, scheduled statuses, visibility beyond its check, history of edits. One application is registered.

In one file, though it is long: what one account is answered rests on the same statuses, keys and limits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from html import escape
from typing import Any, ClassVar, Literal, NoReturn

from starlette.responses import HTMLResponse, JSONResponse, Response

from bot.clock import Clock, system_clock
from bot.testing.networks.base import Endpoint, Network, network
from bot.testing.networks.call import Call, Refused
from bot.testing.networks.grants import BadGrant, Grant, Grants
from bot.testing.networks.mastodon_media import Media, Medium, Unfit
from bot.testing.networks.mastodon_text import countable, graphemes, html
from bot.testing.networks.posted import Posted
from bot.testing.networks.rates import Reading, Window

SCOPES = ("read", "write", "profile", "write:statuses", "write:media", "read:statuses", "read:accounts")
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
KEY_SECONDS = 3600
AT_ONCE = 20
VISIBILITIES = ("public", "unlisted", "private", "direct")
TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp", "image/avif")
SAMPLE = {"instance": "{base}", "token": "{token}"}
"""What a newsroom sets to post here (bot.testing.networks.sample)."""


@network
class Mastodon(Network):
    """``like``: ``mastodon``; ``snac`` (no v2 of the instance: 404) or ``takahe`` (v2 is 500, refusals are 400).

    ``processing`` is how often a picture that was uploaded answers 206 before it is ready; with 0 it is ready at once.
    """

    kind: ClassVar[str] = "mastodon"

    def __init__(
        self,
        clock: Clock = system_clock,
        *,
        like: Literal["mastodon", "snac", "takahe"] = "mastodon",
        max_characters: int = 500,
        characters_reserved_per_url: int = 23,
        max_media_attachments: int = 4,
        description_limit: int = 1500,
        image_size_limit: int = 16_777_216,
        image_matrix_limit: int = 33_177_600,
        supported_mime_types: Sequence[str] = TYPES,
        processing: int = 1,
        handle: str = "record",
        requests: int = 300,
    ) -> None:
        super().__init__(clock)
        self.like = like
        self.max_characters = max_characters
        self.per_url = characters_reserved_per_url
        self.handle = handle
        self.account = "109000000000000001"
        self.client = ("mastodon-client", "mastodon-secret")
        self.grants = Grants("mastodon", clock)
        self._token = self.grants.issue(self.account, scopes=("read", "write")).access
        self._media = Media(
            most=max_media_attachments,
            description_limit=description_limit,
            image_size_limit=image_size_limit,
            image_matrix_limit=image_matrix_limit,
            types=tuple(supported_mime_types),
            processing=processing,
        )
        self._keys: dict[str, tuple[datetime, str]] = {}
        self._requests = Window(requests, 300)
        self._uploads = Window(30, 1800)
        self._deletions = Window(30, 1800)
        self._reading: Reading | None = None

    @property
    def credentials(self) -> dict[str, str]:
        client, secret = self.client
        return {"token": self._token, "account": self.account, "client_id": client, "client_secret": secret}

    def revoke(self) -> None:
        self.grants.end_all()

    def endpoints(self) -> Sequence[Endpoint]:
        return [
            ("GET", "/api/v2/instance", self._instance_v2),
            ("GET", "/api/v1/instance", self._instance_v1),
            ("POST", "/api/v1/statuses", self._post),
            ("GET", "/api/v1/statuses", self._several),
            ("GET", "/api/v1/statuses/{id}", self._show),
            ("PUT", "/api/v1/statuses/{id}", self._edit),
            ("DELETE", "/api/v1/statuses/{id}", self._delete),
            ("GET", "/api/v1/statuses/{id}/source", self._source),
            ("POST", "/api/v2/media", self._upload),
            ("GET", "/api/v1/media/{id}", self._medium),
            ("PUT", "/api/v1/media/{id}", self._describe),
            ("GET", "/media/{id}", self._file),
            ("GET", "/api/v1/accounts/verify_credentials", self._verify),
            ("GET", "/api/v1/accounts/{id}/statuses", self._statuses),
            ("POST", "/api/v1/apps", self._register),
            ("GET", "/oauth/authorize", self._authorize),
            ("POST", "/oauth/token", self._tokens),
            ("POST", "/oauth/revoke", self._revoke),
        ]

    # Who asks, and how often

    def after(self, call: Call, answer: Response) -> None:
        reading, self._reading = self._reading, None
        if reading is None:
            return
        answer.headers["X-RateLimit-Limit"] = str(reading.limit)
        answer.headers["X-RateLimit-Remaining"] = str(reading.remaining)
        answer.headers["X-RateLimit-Reset"] = reading.reset.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def _limited(self, bucket: Window) -> None:
        self._reading = bucket.take(self.clock())
        if not self._reading.allowed:
            raise Refused(429, {"error": "Too many requests"})

    def _signed_in(self, call: Call, scope: str) -> Grant:
        self._limited(self._requests)
        grant = self.grants.find(call.bearer)
        if grant is None or self.grants.expired(grant):
            raise Refused(400 if self.like == "takahe" else 401, {"error": "The access token is invalid"})
        if grant.revoked:
            raise Refused(400 if self.like == "takahe" else 401, {"error": "The access token was revoked"})
        if not {scope, scope.partition(":")[0]} & grant.scopes:
            raise Refused(403, {"error": "This action is outside the authorized scopes"})
        return grant

    def _invalid(self, why: str) -> NoReturn:
        if self.like == "takahe":
            raise Refused(400, {"error": why})
        raise Refused(422, {"error": f"Validation failed: {why}"})

    # The instance

    def _configuration(self) -> dict[str, Any]:
        return {
            "statuses": {
                "max_characters": self.max_characters,
                "max_media_attachments": self._media.most,
                "characters_reserved_per_url": self.per_url,
            },
            "media_attachments": self._media.configuration(),
        }

    def _instance_v2(self, call: Call) -> Response:
        self._limited(self._requests)
        if self.like == "snac":
            raise Refused(404, {"error": "Record not found"})
        if self.like == "takahe":
            raise Refused(500, "Internal Server Error")
        return JSONResponse(
            {"domain": "fake.test", "title": "Fake", "version": "4.5.0", "configuration": self._configuration()}
        )

    def _instance_v1(self, call: Call) -> Response:
        self._limited(self._requests)
        return JSONResponse(
            {"uri": "fake.test", "title": "Fake", "version": "4.5.0", "configuration": self._configuration()}
        )

    # Statuses

    def _post(self, call: Call) -> Response:
        grant = self._signed_in(call, "write:statuses")
        key = call.headers.get("idempotency-key", "")
        known = self._keys.get(f"{grant.account} {key}") if key else None
        if known and self.clock() < known[0] + timedelta(seconds=KEY_SECONDS):
            found = self.find(known[1])
            if found is None:
                raise Refused(404, {"error": "Record not found"})
            return JSONResponse(self._entity(found, call))
        fields = call.fields
        if fields.get("scheduled_at") or fields.get("poll"):
            raise Refused(501, {"error": "this fake knows neither scheduled statuses nor polls"})
        media = self._attachable(fields)
        text, warning = self._checked(fields, media)
        if fields.get("visibility", "public") not in VISIBILITIES:
            self._invalid("Visibility is not included in the list")
        reply_to = str(fields.get("in_reply_to_id") or "")
        if reply_to and self.find(reply_to) is None:
            raise Refused(404, {"error": "The post you are trying to reply to does not appear to exist."})
        now = self.clock()
        made = self.publish(
            Posted(
                id=str((int(now.timestamp() * 1000) << 16) + self.number()),
                text=text,
                when=now,
                account=grant.account,
                pictures=tuple(each.picture for each in media),
                reply_to=reply_to,
                language=_language(fields.get("language")) or "en",
                warning=warning,
                raw=call.body,
                fields=self._told(fields, warning),
            )
        )
        self._media.attach(media, made.id)
        if key:
            self._keys[f"{grant.account} {key}"] = (now, made.id)
        return JSONResponse(self._entity(made, call))

    def _edit(self, call: Call) -> Response:
        grant = self._signed_in(call, "write:statuses")
        post = self._own(call, grant)
        fields = call.fields
        media = self._attachable(fields, post.id)
        text, warning = self._checked(fields, media)
        edited = self.edit(
            post.id,
            text=text,
            warning=warning,
            pictures=tuple(each.picture for each in media),
            language=_language(fields.get("language")) or post.language,
            raw=call.body,
            fields={**post.fields, "sensitive": _true(fields.get("sensitive")) or bool(warning)},
        )
        self._media.attach(media, post.id)
        return JSONResponse(self._entity(edited, call))

    def _delete(self, call: Call) -> Response:
        grant = self._signed_in(call, "write:statuses")
        post = self._own(call, grant)
        self._limited(self._deletions)
        self.remove(post.id)
        return JSONResponse({**self._entity(post, call), "text": post.text})

    def _show(self, call: Call) -> Response:
        self._limited(self._requests)
        found = self.find(call.parts["id"])
        if found is None:
            raise Refused(404, {"error": "Record not found"})
        return JSONResponse(self._entity(found, call))

    def _several(self, call: Call) -> Response:
        """Those that are there. Servers that are no Mastodon know no such list."""
        self._signed_in(call, "read:statuses")
        if self.like != "mastodon":
            raise Refused(400 if self.like == "takahe" else 404, {"error": "Record not found"})
        wanted = call.every("id[]")
        if len(wanted) > AT_ONCE:
            self._invalid("too many statuses")
        found = [self.find(each) for each in dict.fromkeys(wanted)]
        return JSONResponse([self._entity(each, call) for each in found if each is not None])

    def _source(self, call: Call) -> Response:
        post = self._own(call, self._signed_in(call, "read:statuses"))
        return JSONResponse({"id": post.id, "text": post.text, "spoiler_text": post.warning})

    def _own(self, call: Call, grant: Grant) -> Posted:
        found = self.find(call.parts["id"])
        if found is None or found.account != grant.account:
            raise Refused(404, {"error": "Record not found"})
        return found

    def _checked(self, fields: Mapping[str, Any], media: Sequence[Medium]) -> tuple[str, str]:
        """The text and the warning, when they may be posted."""
        text, warning = str(fields.get("status") or ""), str(fields.get("spoiler_text") or "")
        if not text.strip() and not media:
            if not warning.strip():
                self._invalid("Text can't be blank")
            text, warning = warning, ""
        if countable(text, self.per_url) + graphemes(warning) > self.max_characters:
            if self.like == "takahe":
                raise Refused(400, {"error": "Status is too long"})
            self._invalid(f"Text character limit of {self.max_characters} exceeded")
        return text, warning

    def _told(self, fields: Mapping[str, Any], warning: str) -> dict[str, Any]:
        return {
            "visibility": fields.get("visibility", "public"),
            "sensitive": _true(fields.get("sensitive")) or bool(warning),
        }

    def _entity(self, post: Posted, call: Call) -> dict[str, Any]:
        return {
            "id": post.id,
            "created_at": _moment(post.when),
            "edited_at": _moment(post.edited) if post.edited else None,
            "in_reply_to_id": post.reply_to or None,
            "sensitive": post.fields["sensitive"],
            "spoiler_text": post.warning,
            "visibility": post.fields["visibility"],
            "language": post.language,
            "uri": f"{call.base}/users/{self.handle}/statuses/{post.id}",
            "url": f"{call.base}/@{self.handle}/{post.id}",
            "content": html(post.text),
            "favourites_count": self.reacted(post.id, "likes"),
            "reblogs_count": self.reacted(post.id, "reposts"),
            "replies_count": self.reacted(post.id, "replies"),
            # Others than Mastodon since 4.5 tell none.
            **({"quotes_count": self.reacted(post.id, "quotes")} if self.like == "mastodon" else {}),
            "account": self._profile(call),
            "media_attachments": [each.entity(call.base) for each in self._media.of(post.id)],
        }

    # Media

    def _attachable(self, fields: Mapping[str, Any], post: str = "") -> list[Medium]:
        """What ``media_ids`` names, with the descriptions of ``media_attributes``."""
        listed = fields.get("media_attributes")
        attributes = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        alts = {str(each.get("id")): each["description"] for each in attributes if "description" in each}
        try:
            found = self._media.attachable(fields.get("media_ids"), post)
            return [self._media.described(each, alts[each.id]) if each.id in alts else each for each in found]
        except Unfit as unfit:
            self._invalid(str(unfit))

    def _upload(self, call: Call) -> Response:
        self._signed_in(call, "write:media")
        self._limited(self._uploads)
        file = call.files.get("file")
        if file is None:
            self._invalid("File can't be blank")
        try:
            made = self._media.upload(str(self.number()), file.data, call.fields.get("description"))
        except Unfit as unfit:
            self._invalid(str(unfit))
        return JSONResponse(made.entity(call.base), 202 if made.pending else 200)

    def _medium(self, call: Call) -> Response:
        self._signed_in(call, "write:media")
        held = self._media.ask(call.parts["id"])
        if held is None:
            raise Refused(404, {"error": "Record not found"})
        return JSONResponse(held.entity(call.base), 206 if held.pending else 200)

    def _describe(self, call: Call) -> Response:
        self._signed_in(call, "write:media")
        held = self._media.find(call.parts["id"])
        if held is None or held.status:
            raise Refused(404, {"error": "Record not found"})
        try:
            changed = self._media.described(held, call.fields.get("description"))
        except Unfit as unfit:
            self._invalid(str(unfit))
        self._media.keep(changed)
        return JSONResponse(changed.entity(call.base))

    def _file(self, call: Call) -> Response:
        held = self._media.find(call.parts["id"])
        if held is None or held.pending:
            raise Refused(404, "Not Found")
        return Response(held.picture.data, media_type=held.picture.content_type)

    # The account

    def _profile(self, call: Call) -> dict[str, Any]:
        return {
            "id": self.account,
            "username": self.handle,
            "acct": self.handle,
            "display_name": self.handle,
            "url": f"{call.base}/@{self.handle}",
        }

    def _verify(self, call: Call) -> Response:
        self._signed_in(call, "read:accounts")
        return JSONResponse({**self._profile(call), "source": {"privacy": "public", "language": "en"}})

    def _statuses(self, call: Call) -> Response:
        self._limited(self._requests)
        if call.parts["id"] != self.account:
            raise Refused(404, {"error": "Record not found"})
        limit = min(40, call.number("limit", 20))
        shown = [each for each in reversed(self.visible) if int(each.id) > call.number("since_id", 0)]
        if below := call.number("max_id", 0):
            shown = [each for each in shown if int(each.id) < below]
        if _true(call.query.get("exclude_replies")):
            shown = [each for each in shown if not each.reply_to]
        return JSONResponse([self._entity(each, call) for each in shown[:limit]])

    # OAuth

    def _register(self, call: Call) -> Response:
        self._limited(self._requests)
        fields = call.fields
        if not fields.get("client_name") or not fields.get("redirect_uris"):
            raise Refused(422, {"error": "Validation failed: Application name can't be blank"})
        client, secret = self.client
        told = {"id": "1", "name": fields["client_name"], "client_id": client, "client_secret": secret}
        return JSONResponse({**told, "redirect_uri": fields["redirect_uris"]})

    def _authorize(self, call: Call) -> Response:
        answer = self.grants.authorize(call, client=self.client[0], scopes=SCOPES)
        if call.query.get("redirect_uri") == OUT_OF_BAND and answer.status_code == 302:
            code = answer.headers["location"].partition("code=")[2].partition("&")[0]
            return HTMLResponse(f"<input type=text readonly value={escape(code)!r}>")
        return answer

    def _tokens(self, call: Call) -> Response:
        fields = call.fields
        client, secret = self.client
        try:
            if (fields.get("client_id"), fields.get("client_secret")) != (client, secret):
                raise BadGrant("invalid_client", "Client authentication failed due to unknown client")
            if fields.get("grant_type") != "authorization_code":
                raise BadGrant("unsupported_grant_type", "The authorization grant type is not supported")
            scopes = self.grants.redeem(
                str(fields.get("code")),
                client=client,
                redirect=str(fields.get("redirect_uri")),
                verifier=str(fields.get("code_verifier", "")),
            )
        except BadGrant as bad:
            status = 401 if bad.error == "invalid_client" else 400
            raise Refused(status, {"error": bad.error, "error_description": bad.description}) from bad
        made = self.grants.issue(self.account, scopes=scopes)
        told = {"access_token": made.access, "token_type": "Bearer", "scope": " ".join(sorted(scopes))}
        return JSONResponse({**told, "created_at": int(self.clock().timestamp())})

    def _revoke(self, call: Call) -> Response:
        held = self.grants.find(str(call.fields.get("token")))
        if held is not None:
            self.grants.end(held)
        return JSONResponse({})


def _true(given: Any) -> bool:
    return str(given).lower() in ("true", "1", "on", "t")


def _language(given: Any) -> str:
    """Mastodon falls back to the account's language, in silence, when it does not know one."""
    return str(given) if re.fullmatch(r"[a-z]{2,3}(-[A-Za-z]{2,4})?", str(given or "")) else ""


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
