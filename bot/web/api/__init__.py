"""``/api/``: what programs of the newsroom may ask for. Public, and no more than the pages say."""

from __future__ import annotations

from bot.web.api.problem import problem, refused
from bot.web.api.signup import PREFIX, routes

__all__ = ["PREFIX", "problem", "refused", "routes"]
