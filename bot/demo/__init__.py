"""A bundled newsroom, mailbox and webhook receiver on loopback, for ``broadsheet demo`` and for tests."""

from bot.demo.running import Running, running

__all__ = ["Running", "running"]
