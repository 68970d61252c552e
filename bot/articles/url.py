"""Addresses: what readers are sent to, and when two of them mean the same article."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, unquote_to_bytes, urljoin, urlsplit, urlunsplit

# Names of parameters that only say where a reader came from (research of 2026-11-23, checked 2026-11-24).
_TRACKING = re.compile(
    r"(?:utm_.*|fbclid|gclid|gclsrc|dclid|wbraid|gbraid|msclkid|yclid|igshid|igsh|mc_cid|mc_eid|_ga|_gl|_hs.*|mkt_tok"
    r"|ref|ref_src|cmpid|smid|at_.*|xtor|ns_.*|s_cid|icid|share|spm)",
    re.IGNORECASE,
)
_PORTS = {"http": 80, "https": 443}
_SAFE_PATH = "/:@!$&'()*+,;=-._~"
_SAFE_QUERY = _SAFE_PATH + "?[]|"
_AROUND = "".join(map(chr, range(0x21))) + "\x7f"
"""What may stand around an address without being part of it."""
_LONGEST = 8_000
"""Characters; RFC 9110 §4.1 (checked 2026-11-24) asks servers for no more."""
_PHOTON = re.compile(r"i[0-3]\.wp\.com")


def canonical_url(url: str, base: str = "") -> str:
    """The address readers are sent to: absolute, without tracking parameters and fragment; "" if not http(s).

    The order of parameters and a trailing slash stay as they are, since servers may mind them.
    """
    parts = _split(url, base)
    if parts is None:
        return ""
    pairs = [pair for pair in parts.query.split("&") if pair and not _TRACKING.fullmatch(pair.partition("=")[0])]
    query = "&".join(_escaped(pair, _SAFE_QUERY) for pair in pairs)
    return urlunsplit((parts.scheme, parts.netloc, _path(parts.path), query, ""))


def identity_key(url: str) -> str:
    """Equal for addresses of the same article: http and https, a trailing slash, the order of parameters don't count.

    "" if ``url`` is not http(s). For comparing only; never a link.
    """
    canonical = canonical_url(url)
    if not canonical:
        return ""
    parts = urlsplit(canonical)
    query = "&".join(sorted(parts.query.split("&")))
    return f"//{parts.netloc}{parts.path.rstrip('/')}" + (f"?{query}" if query else "")


def absolute_url(url: str, base: str = "") -> str:
    """``url`` made absolute and otherwise as it is; "" if not http(s)."""
    parts = _split(url, base)
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", parts.query, parts.fragment)) if parts else ""


def image_url(url: str, base: str = "") -> str:
    """The absolute address of a picture at its origin, behind Jetpack's proxy ``i0.wp.com``; "" if not http(s)."""
    parts = _split(url, base)
    if parts is None:
        return ""
    if _PHOTON.fullmatch(parts.netloc):
        scheme = "https" if "ssl=1" in parts.query.split("&") else "http"
        return canonical_url(f"{scheme}:/{parts.path}") if "/" in parts.path.strip("/") else ""
    # Escapes that are there stay as they are written: some servers sign the query.
    query = quote(parts.query, safe=_SAFE_QUERY + "%")
    return urlunsplit((parts.scheme, parts.netloc, _escaped(parts.path, _SAFE_PATH), query, ""))


def image_key(url: str) -> str:
    """Equal for the sizes that WordPress makes of one picture (``x-1024x768.jpg``, ``x-scaled.jpg``, ``?w=690``)."""
    path = re.sub(r"-(?:\d{2,5}x\d{2,5}|scaled)(?=\.\w{2,5}$)", "", urlsplit(image_url(url)).path)
    return f"{urlsplit(image_url(url)).netloc}{path}"


def _split(url: str, base: str) -> SplitResult | None:
    """The parts of a good http(s) address, its host lower-case and in ASCII, without login and default port."""
    # Only this entity: others, such as &copy, are also the beginnings of parameters.
    text = re.sub(r"&(?:amp|#0*38|#x0*26);", "&", re.sub(r"[\t\r\n\ud800-\udfff]", "", url.strip(_AROUND)))
    if not text or len(text) > _LONGEST:
        return None
    try:
        parts = urlsplit(urljoin(base, text) if base else text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    host = _host(host)
    # A backslash ends the host for browsers but not for Python.
    if parts.scheme not in _PORTS or not host or "\\" in parts.netloc:
        return None
    netloc = host if port in (None, _PORTS[parts.scheme]) else f"{host}:{port}"
    return parts._replace(netloc=netloc)


def _host(host: str) -> str:
    if ":" in host:
        return f"[{host}]"
    host = host.rstrip(".")
    if not host.isascii():
        try:
            ascii_host = host.encode("idna").decode("ascii")
            # IDNA 2003 reads ß as ss, which is another site: such a name stays as it is written.
            host = ascii_host if ascii_host.encode().decode("idna") == host else host
        except UnicodeError:
            return ""
    return host if re.fullmatch(r"[^\s/?#@<>\"'`{}|^%\x00-\x20]+", host) else ""


def _path(path: str) -> str:
    kept: list[str] = []
    segments = _escaped(path, _SAFE_PATH).split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments and segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _escaped(text: str, safe: str) -> str:
    """``text`` with its percent-escapes in one form: those of unreserved characters undone, the rest upper-case."""
    return re.sub(
        r"((?:%[0-9A-Fa-f]{2})+)|%|([^%]+)",
        lambda match: (
            "".join(_escape(byte) for byte in unquote_to_bytes(match[1]))
            if match[1]
            else quote(match[2], safe=safe)
            if match[2]
            else "%25"
        ),
        text,
    )


def _escape(byte: int) -> str:
    character = chr(byte)
    return character if character.isascii() and (character.isalnum() or character in "-._~") else f"%{byte:02X}"
