"""The only SQL: tables, migrations, one repository a noun. Returns nouns of ``bot.model``."""

from bot.store.store import Store, Transaction

__all__ = ["Store", "Transaction"]
