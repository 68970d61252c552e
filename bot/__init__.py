"""Broadsheet: newsletters and posts of a newsroom, each sent once."""

__version__ = "0.1.0"
