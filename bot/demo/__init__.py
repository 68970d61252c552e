"""A bundled newsroom, mailbox, webhook and social networks on loopback, for ``broadsheet demo`` and for tests."""

from bot.demo.running import Running, running

__all__ = ["Running", "running"]
