"""Reads text as somebody would who wants to know what was in it: every way to decode it, again and again.

Written apart from the package, and slow: it tells whether something is to be found, not where.
"""

from __future__ import annotations

import base64
import binascii
import html
import quopri
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote, unquote_to_bytes


def readings(text: str, depth: int = 12) -> set[str]:
    """Return all that text may say."""
    known, new = {text}, {text}
    for _ in range(depth):
        new = {inner for each in new for inner in _decoded(each)} - known
        if not new:
            break
        known |= new
    return known


def recoverable(text: str, secret: str) -> bool:
    """Say whether a secret can be read in text, whatever its case, width, accents and separators."""
    return any(_letters(secret) in _letters(each) for each in readings(text))


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(each for each in plain if each.isalnum() and not unicodedata.combining(each))


def _decoded(text: str) -> Iterator[str]:
    yield unquote(text)
    yield unquote(text.replace("+", " "))
    yield unquote_to_bytes(text).decode("latin-1")
    yield html.unescape(text)
    yield re.sub(r"%u([0-9A-Fa-f]{4})", lambda found: chr(int(found[1], 16)), text)
    yield re.sub(r"\\u([0-9A-Fa-f]{4})", lambda found: chr(int(found[1], 16)), text)
    yield re.sub(r"\\x([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)), text)
    yield text.replace("\\\\", "\\").replace('\\"', '"')
    if "=" in text:
        yield quopri.decodestring(text.encode(errors="replace")).decode(errors="replace")
    for run in re.findall(r"[A-Za-z0-9+/_-]{8,}", text):
        for first in range(4):
            digits = run[first:].replace("-", "+").replace("_", "/")
            digits = digits[: len(digits) - (len(digits) % 4 == 1)]
            yield _text(base64.b64decode(digits + "=" * (-len(digits) % 4)))
    for run in re.findall(r"[0-9A-Fa-f]{10,}", text):
        for first in range(2):
            yield _text(binascii.unhexlify(run[first : first + (len(run) - first) // 2 * 2]))


def _text(data: bytes) -> str:
    """Return what of bytes is text; nothing of those that hold little."""
    parts = re.findall(r"[^\x00-\x08\x0e-\x1f\x7f\ufffd]{5,}", data.decode(errors="replace"))
    return " | ".join(parts) if sum(map(len, parts)) * 2 > len(data) else ""
