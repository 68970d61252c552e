"""Networks by the names that people call them."""

from __future__ import annotations

from bot.web.editor.speech import N_

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
