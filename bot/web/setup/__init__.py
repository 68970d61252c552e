"""The first run: three steps on a page, then a newsroom with its configuration."""

from bot.web.setup.app import setup_app

__all__ = ["setup_app"]
