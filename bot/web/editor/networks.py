"""Networks by the names that people call them, and where their posts stand."""

from __future__ import annotations

from bot.channels.base import Addressed, Channel
from bot.model import Delivery, DeliveryState
from bot.speech.catalog import N_
from bot.web.site import web_url

NETWORKS = {
    "email": N_("Email"),
    "webhook": N_("Webhook"),
    "x": "X",
    "linkedin": "LinkedIn",
    "teams": "Microsoft Teams",
    "ntfy": "ntfy",
    "apprise": "Apprise",
}
"""By the type of the channel, where that is not the name but for its capital. To be translated where it is shown."""


def network_of(kind: str) -> str:
    """The network of a type of channels, a newcomer's too."""
    return NETWORKS.get(kind, kind.capitalize())


def page_of(post: Delivery, channel: Channel | None) -> str:
    """The page of a post at its network, where its server told it or the channel can say; else ""."""
    if post.state is not DeliveryState.ACCEPTED:
        return ""
    told = web_url(post.provider_id) or web_url(post.text)
    if told or not post.provider_id or not isinstance(channel, Addressed):
        return told
    return web_url(channel.address(post.provider_id))
