"""Bluesky: the channel, its session with the account's server, and the records that it writes."""

from bot.channels.bluesky.channel import BlueskyChannel, BlueskyOptions
from bot.channels.bluesky.record import COLLECTION, facets_of, record_key, record_of

__all__ = ["COLLECTION", "BlueskyChannel", "BlueskyOptions", "facets_of", "record_key", "record_of"]
