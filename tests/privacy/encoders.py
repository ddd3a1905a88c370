"""The ways in which text gets into a URL or an event."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

Encoder = Callable[[str], str]


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _base64url(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _token(text: str) -> str:
    """Return a JSON Web Token with text in its payload."""
    return ".".join(_base64url(part) for part in ('{"alg":"HS256","typ":"JWT"}', json.dumps({"sub": text}), "signed?"))


def _letters(form: Callable[[int], str]) -> Encoder:
    """Return a function that writes every character as its number; those beyond 16 bits, as in JavaScript, as is."""
    return lambda text: "".join(form(ord(each)) if ord(each) < 0x10000 else each for each in text)


ENCODERS: dict[str, Encoder] = {
    "percent": lambda text: quote(text, safe=""),
    "percent, as forms": quote_plus,
    "percent, every byte": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "encodeURIComponent": lambda text: quote(text, safe="!'()*"),
    "escape": lambda text: "".join(
        f"%u{ord(each):04X}"
        if 0xFF < ord(each) < 0x10000
        else quote(each, safe="", encoding="latin-1", errors="ignore")
        for each in text
    ).replace("%40", "%u0040"),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JavaScript": _letters(lambda code: f"\\u{code:04x}"),
    "HTML, decimal": _letters(lambda code: f"&#{code};"),
    "HTML, hexadecimal": _letters(lambda code: f"&#x{code:X};"),
    "HTML, the @": lambda text: text.replace("&", "&amp;").replace("@", "&commat;").replace(".", "&period;"),
    "base64": _base64,
    "base64url": _base64url,
    "JSON Web Token": _token,
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "base32, as in hosts": lambda text: base64.b32encode(text.encode()).decode().rstrip("=").lower(),
    "hexadecimal": lambda text: text.encode().hex(),
}
