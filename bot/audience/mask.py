"""Addresses as pages show them: enough for their owner to know which one, too little for anybody else."""

from __future__ import annotations


def masked(address: str) -> str:
    """``mara@example.org`` → ``m•••••@example.org``; the bullets do not tell how long it is."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}•••••{at}{domain}" if at else "•••••"
