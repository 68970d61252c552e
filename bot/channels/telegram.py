"""Posts to a Telegram channel or group by a bot.

Checked 2026-11-29: https://core.telegram.org/bots/api (``sendMessage``, ``sendPhoto``, ``editMessageText``,
``editMessageCaption``, ``deleteMessage``, HTML style, ``ResponseParameters``). Limits (4,096 and 1,024 characters after
the markup was taken off, 100 entities, photos of 10 MB): python-telegram-bot 22.8. That they are counted in UTF-16, and
the flood limits (a message a second to a chat, 20 a minute to a group), are from memory.

A bot cannot read what it posted, and nothing keeps a message from being posted twice: what has no clear answer is
``OutcomeUnknown`` until an editor looks.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any, ClassVar

from pydantic import Field, SecretStr

from bot.channels.base import Surroundings, Unopened, kind
from bot.channels.exchange import Exchange, Refusal, advised
from bot.channels.fit import fitting
from bot.channels.parts import headline_of
from bot.channels.pictures import made_fit
from bot.editions.counting import fits
from bot.editions.escaping import escaped
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy
from bot.http import Upload
from bot.model import Counting, Idempotency, Limits, Markup, Parcel, Phrase, Post, Receipt
from bot.settings import PostTable, Table, Url, secret_variable

TEXT = 4096
CAPTION = 1024
_OF_CAPTION = Limits(characters=CAPTION, counting=Counting.UTF16)
_PHOTO = 10_000_000
_PIXELS = 2560
_LOST = (
    "chat not found",
    "bot is not a member",
    "not enough rights",
    "need administrator rights",
    "have no rights",
    "chat_write_forbidden",
    "group chat was upgraded",
)
"""What Telegram says (in a 400) when the bot, not the message, is at fault."""


class TelegramOptions(PostTable):
    """A bot (its token from @BotFather), and where it may post."""

    chat: str = Field(
        pattern=r"^(@[A-Za-z][A-Za-z0-9_]{3,31}|-?\d{1,20})$",
        description="A public channel's `@name`, or the number of a chat: `-100…` for channels and big groups.",
    )
    token: SecretStr = Field(description="The bot's token.")
    silent: bool = Field(False, description="Whether its messages make no sound on readers' phones.")
    api: Url = Field("https://api.telegram.org", description="The Bot API's server.")


@kind("telegram")
class TelegramChannel(Unopened):
    """A chat that a bot may write in."""

    Options: ClassVar[type[Table]] = TelegramOptions
    medium: ClassVar[str] = "post"
    idempotency: ClassVar[Idempotency] = Idempotency.NONE
    verified: ClassVar[str] = ""
    template = "telegram"
    connections = 1

    def __init__(self, name: str, options: TelegramOptions, around: Surroundings) -> None:
        self.limits = Limits(
            characters=TEXT,
            counting=Counting.UTF16,
            markup=Markup.HTML,
            images=1,
            image_size=_PHOTO,
            thread=True,
            mentions=True,
        )
        self.rules = options.rules
        self.pace = options.pace((timedelta(minutes=1), 20))
        self._around = around
        self._chat = options.chat
        self._silent = options.silent
        self._token = options.token
        self._variable = secret_variable(name, "token")
        self._api = options.api.rstrip("/")
        self._exchange = Exchange(
            around.http, around.clock, options.api, judge=self._judged, secrets=[options.token.get_secret_value()]
        )
        self._server = self._exchange.server

    async def send(self, parcel: Parcel) -> Receipt:
        """Posts once; ``Receipt.id`` is ``CHAT/MESSAGE``. A picture that is not to be had costs the picture only."""
        post = fitting(parcel, self.limits, self._server)
        if _as_photo(post):
            picture = await self._picture(post)
            if picture is not None:
                try:
                    return self._sent(await self._ask("sendPhoto", self._photo(post), picture=picture))
                except DeliveryError as error:
                    # Of a shape that Telegram does not take (PHOTO_INVALID_DIMENSIONS): surely nothing was posted.
                    if error.code != 400 or not re.search("photo|image", str(error), re.IGNORECASE):
                        raise
        return self._sent(await self._ask("sendMessage", self._message(post)))

    def payload(self, parcel: Parcel) -> dict[str, Any]:
        """The fields of ``sendPhoto`` (with the picture's address as ``photo``) or of ``sendMessage``."""
        post = fitting(parcel, self.limits, self._server)
        if _as_photo(post):
            return {**self._photo(post), "photo": post.pictures[0].url}
        return self._message(post)

    async def edit(self, id: str, parcel: Parcel) -> Receipt:
        """Changes the text, or a photo's caption; a photo itself stays."""
        post = fitting(parcel, self.limits, self._server)
        where = _where(id)
        said = _html(post)
        text = {**where, "text": said, "parse_mode": "HTML", "link_preview_options": self._preview(post)}
        caption = {**where, "caption": said, "parse_mode": "HTML"}
        first, second = ("editMessageCaption", caption), ("editMessageText", text)
        if not _as_photo(post):
            first, second = second, first
        for method, fields in (first, second):
            try:
                return self._receipt(await self._ask(method, fields, repeatable=True), id)
            except _Same:
                return Receipt(server=self._server, code=200, text="it says so already", id=id)
            except _OtherForm as error:
                refused = error
        raise refused

    def address(self, id: str) -> str:
        """The message's page, of a public channel."""
        number = id.rpartition("/")[2]
        known = (
            self._api == "https://api.telegram.org" and self._chat.startswith("@") and re.fullmatch("[0-9]+", number)
        )
        return f"https://t.me/{self._chat[1:]}/{number}" if known else ""

    async def remove(self, id: str) -> None:
        """Deletes the message, which a bot may within 48 hours."""
        try:
            await self._ask("deleteMessage", _where(id), repeatable=True)
        except DeliveryError as error:
            if "message to delete not found" not in str(error):
                raise

    async def check(self) -> str:
        """Asks who the bot is, and whether it knows the chat."""
        bot = await self._ask("getMe", {}, repeatable=True)
        chat = await self._ask("getChat", {"chat_id": self._chat}, repeatable=True)
        return Phrase(
            "%(account)s posts to %(channel)s",
            account=f"@{bot.get('username', '')}",
            channel=str(chat.get("title") or self._chat),
        )

    def _message(self, post: Post) -> dict[str, Any]:
        return {
            **self._to(post),
            "text": _html(post),
            "parse_mode": "HTML",
            "link_preview_options": self._preview(post),
        }

    def _photo(self, post: Post) -> dict[str, Any]:
        return {**self._to(post), "caption": _html(post), "parse_mode": "HTML"}

    def _to(self, post: Post) -> dict[str, Any]:
        fields: dict[str, Any] = {"chat_id": self._chat}
        if self._silent:
            fields["disable_notification"] = True
        if post.answers:
            # When that message is gone, the reply stands on its own.
            message = _where(post.answers)["message_id"]
            fields["reply_parameters"] = {"message_id": message, "allow_sending_without_reply": True}
        return fields

    def _preview(self, post: Post) -> dict[str, Any]:
        """The card that Telegram makes of the page."""
        if not post.url or self.rules.picture == "none":
            return {"is_disabled": True}
        return {"url": post.url, "prefer_large_media": True}

    async def _picture(self, post: Post) -> Upload | None:
        made = await made_fit(post.pictures[0].url, self._around, longest=_PIXELS, size=_PHOTO)
        return Upload("picture.jpg", "image/jpeg", made) if made else None

    async def _ask(
        self, method: str, fields: dict[str, Any], *, repeatable: bool = False, picture: Upload | None = None
    ) -> dict[str, Any]:
        url = f"{self._api}/bot{self._token.get_secret_value()}/{method}"
        if picture is None:
            told = await self._exchange.ask("POST", url, repeatable=repeatable, json=fields)
        else:
            form = {key: each if isinstance(each, str) else json.dumps(each) for key, each in fields.items()}
            told = await self._exchange.ask("POST", url, repeatable=repeatable, form=form, files={"photo": picture})
        result = told.data.get("result")
        return result if isinstance(result, dict) else {}

    def _sent(self, message: dict[str, Any]) -> Receipt:
        """Of a success without a message nobody knows whether it is one."""
        receipt = self._receipt(message)
        if not receipt.id:
            said = f"{self._server} answers without a message; it may have been posted"
            raise OutcomeUnknown(said, server=self._server)
        return receipt

    def _receipt(self, message: dict[str, Any], id: str = "") -> Receipt:
        where = message.get("chat")
        chat, number = where.get("id") if isinstance(where, dict) else None, message.get("message_id")
        told = f"{chat}/{number}" if chat is not None and number is not None else id
        return Receipt(server=self._server, code=200, id=told)

    def _judged(self, refusal: Refusal) -> DeliveryError | None:
        status, words = refusal.status, str(refusal.data.get("description", "")).lower()
        if status == 429:
            told = refusal.data.get("parameters")
            wait = self._exchange.wait(refusal.headers, told if isinstance(told, dict) else {})
            return ServerBusy(refusal.said, code=429, retry_after=wait, server=self._server)
        if status in (401, 404) and refusal.data.get("ok") is False:
            # A token that was never one is answered with 404: it is part of the path.
            said = Phrase(
                "%(server)s does not know the bot's token (HTTP %(status)s); put the token that @BotFather shows into "
                "%(variable)s",
                server=self._server,
                status=status,
                variable=self._variable,
            )
            return ChannelRefused(said, code=status, server=self._server)
        if status == 403 or (status == 400 and any(each in words for each in _LOST)):
            made = Phrase("make the bot an administrator of %(chat)s that may post", chat=str(self._chat))
            said = advised(refusal.said, made)
            return ChannelRefused(said, code=status, server=self._server)
        if status == 400 and "message is not modified" in words:
            return _Same(refusal.said, permanent=True, code=status, server=self._server)
        if status == 400 and re.search(r"there is no (text|caption) in the message to edit", words):
            return _OtherForm(refusal.said, permanent=True, code=status, server=self._server)
        return None


class _Same(DeliveryError):
    """The message says so already."""


class _OtherForm(DeliveryError):
    """It is a photo with a caption, or a text, and was taken for the other."""


def _as_photo(post: Post) -> bool:
    """Whether it goes out as a photo with a caption: a longer text is better whole, with the page's preview."""
    return bool(post.pictures) and fits(post.text, _OF_CAPTION)


def _html(post: Post) -> str:
    headline = headline_of(post)
    rest = escaped(post.text[len(headline) :], Markup.HTML)
    return f"<b>{escaped(headline, Markup.HTML)}</b>{rest}" if headline else rest


def _where(id: str) -> dict[str, Any]:
    chat, _, message = id.partition("/")
    if not re.fullmatch(r"-?\d{1,20}", chat) or not re.fullmatch(r"\d{1,20}", message):
        raise DeliveryError(f'"{id[:60]}" names no message of Telegram', permanent=True)
    return {"chat_id": int(chat), "message_id": int(message)}
