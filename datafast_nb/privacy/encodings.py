"""Decodes text, and tracks where each decoded character came from."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from html.entities import html5
from typing import Final, NamedTuple


class Text(NamedTuple):
    """Characters, each with its start and end in the text that they were decoded from."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    @classmethod
    def written(cls, text: str) -> Text:
        """Return text as written, without decoding."""
        return cls(text, range(len(text)), range(1, len(text) + 1))

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of some characters in the written text."""
        return self.starts[start], self.ends[end - 1]


# A percent sign that is encoded repeatedly is %25, %2525 and so on: one step decodes them all.
_BYTE: Final = r"%(?:25)*[0-9A-Fa-f]{2}|\\+x[0-9A-Fa-f]{2}|\\[0-3][0-7]{2}"
_UNIT: Final = r"%(?:25)*u[0-9A-Fa-f]{4}|\\+u[0-9A-Fa-f]{4}"
_ESCAPE: Final = re.compile(
    rf"(?P<bytes>(?:{_BYTE})+)|(?P<units>(?:{_UNIT})+)"
    r"|\\+(?:u\{(?P<braced>[0-9A-Fa-f]{1,6})\}|U(?P<long>[0-9A-Fa-f]{8}))"
    r"|&(?:amp;)*(?:#[xX](?P<hex>[0-9A-Fa-f]{1,8});?|#(?P<decimal>[0-9]{1,8});?|(?P<named>[A-Za-z][A-Za-z0-9]{1,31};))"
    r"|\\+(?P<control>[nrtbfv])|\\+(?P<literal>[\"'/@.\-+])"
)
_ONE_BYTE: Final = re.compile(_BYTE)
_ONE_UNIT: Final = re.compile(_UNIT)
_QUOTED_PRINTABLE: Final = re.compile(r"(?P<bytes>(?:=[0-9A-Fa-f]{2})+)|=\r?\n")
_QUOTED_BYTE: Final = re.compile(r"=[0-9A-Fa-f]{2}")
_LINE_BREAKS: Final = re.compile(r"[\r\n]+")

Pieces = Iterator[tuple[str, int, int]]
"""Decoded characters, each with its start and end in the encoded text."""


def peeled(text: Text) -> Text:
    """Decode one layer of percent-encoding, JavaScript and JSON escapes, and HTML entities."""
    return _replaced(text, _ESCAPE, _unescaped)


def unquoted(text: Text) -> Text:
    """Decode quoted-printable. It is separate from `peeled`, as ``=40`` is a parameter's value in most URLs."""
    return _replaced(text, _QUOTED_PRINTABLE, lambda found: _characters(found, _QUOTED_BYTE))


def unbroken(text: Text) -> Text:
    """Remove line breaks, such as those in the base64 of e-mail."""
    return _replaced(text, _LINE_BREAKS, lambda found: iter(()))  # noqa: ARG005


def folded(text: Text) -> Text:
    """Return text without differences of case, accents, width and invisible characters."""
    if text.text.isascii():
        return text._replace(text=text.text.lower())
    characters, starts, ends = [], [], []
    for character, start, end in zip(*text, strict=True):
        plain = _folded(character)
        characters.append(plain)
        starts.extend([start] * len(plain))
        ends.extend([end] * len(plain))
    return Text("".join(characters), starts, ends)


def folded_text(text: str) -> str:
    """Return what `folded` does, without the places of the characters."""
    return text.lower() if text.isascii() else "".join(map(_folded, text))


_PLAIN: Final = str.maketrans(
    {"ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "。": ".", "’": "'", "ʼ": "'"}
    | dict.fromkeys("‘`´ʹʻʽʾʿ", "'")
)
_INVISIBLE: Final = frozenset({"Mn", "Me", "Cf"})


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    """Return a character's compatible form, caseless and without marks (Unicode Standard Annex 15, NFKD)."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(each for each in plain if unicodedata.category(each) not in _INVISIBLE).translate(_PLAIN)


def _replaced(text: Text, pattern: re.Pattern[str], decode: Callable[[re.Match[str]], Pieces]) -> Text:
    """Decode every match of a pattern."""
    if not pattern.search(text.text):
        return text
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []

    def keep(start: int, end: int) -> None:
        characters.append(text.text[start:end])
        starts.extend(text.starts[start:end])
        ends.extend(text.ends[start:end])

    done = 0
    for found in pattern.finditer(text.text):
        keep(done, found.start())
        for character, start, end in decode(found):
            characters.append(character)
            starts.append(text.starts[start])
            ends.append(text.ends[end - 1])
        done = found.end()
    keep(done, len(text.text))
    return Text("".join(characters), starts, ends)


def _unescaped(found: re.Match[str]) -> Pieces:
    """Decode one escape, or a run of escapes that belong together."""
    kind, value = found.lastgroup, found[found.lastgroup or 0]
    if kind == "bytes":
        return _characters(found, _ONE_BYTE)
    if kind == "units":
        return _units(found)
    if kind in {"braced", "long", "hex"}:
        plain = _character(int(value, 16))
    elif kind == "decimal":
        plain = _character(int(value))
    elif kind == "named":
        plain = html5.get(value, found[0])
    else:
        plain = value if kind == "literal" else " "
    return ((character, found.start(), found.end()) for character in plain)


def _characters(found: re.Match[str], one: re.Pattern[str]) -> Pieces:
    """Decode a run of bytes as UTF-8, and invalid bytes as Latin-1."""
    if found.lastgroup != "bytes":
        return
    each = list(one.finditer(found.string, found.start(), found.end()))
    values = bytes(int(byte[0][1:], 8) if _is_octal(byte[0]) else int(byte[0][-2:], 16) for byte in each)
    at = 0
    for plain, size in _decoded(values):
        yield plain, each[at].start(), each[at + size - 1].end()
        at += size


_OVERLONG: Final = re.compile(
    rb"[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x9f][\x80-\xbf]|\xf0[\x80-\x8f][\x80-\xbf]{2}", re.DOTALL
)
"""Characters in more bytes than necessary, which UTF-8 forbids (RFC 3629) but lenient readers accept."""


def _decoded(values: bytes) -> Iterator[tuple[str, int]]:
    """Yield the characters of bytes, and how many bytes each takes."""
    done = 0
    for overlong in _OVERLONG.finditer(values):
        yield from _strictly_decoded(values[done : overlong.start()])
        lead, *rest = overlong[0]
        code = lead & (0x3F >> len(rest))
        for byte in rest:
            code = code << 6 | byte & 0x3F
        yield _character(code), len(overlong[0])
        done = overlong.end()
    yield from _strictly_decoded(values[done:])


def _strictly_decoded(values: bytes) -> Iterator[tuple[str, int]]:
    for character in values.decode("utf-8", errors="surrogateescape"):
        is_text = not "\udc80" <= character <= "\udcff"
        yield (character, len(character.encode())) if is_text else (chr(ord(character) - 0xDC00), 1)


def _is_octal(escape: str) -> bool:
    return escape[0] == "\\" and "x" not in escape


def _units(found: re.Match[str]) -> Pieces:
    """Decode a run of UTF-16 units, two of which may form one character."""
    each = list(_ONE_UNIT.finditer(found.string, found.start(), found.end()))
    values = b"".join(int(unit[0][-4:], 16).to_bytes(2, "little") for unit in each)
    at = 0
    for character in values.decode("utf-16-le", errors="surrogatepass"):
        size = len(character.encode("utf-16-le", errors="surrogatepass")) // 2
        yield _character(ord(character)), each[at].start(), each[at + size - 1].end()
        at += size


_LAST: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)


def _character(code: int) -> str:
    """Return the character of a code point, or a blank for a number that is not one."""
    return chr(code) if code <= _LAST and code not in _SURROGATES else " "


# Text in base64, base32 or hexadecimal


def _joined(high: set[int], low: set[int]) -> set[int]:
    """Return the values of digits whose high bits come from one byte and whose low bits come from the next."""
    return {left | right for left in high for right in low}


def _quad(one: range, two: range, three: range) -> str:
    """Return the pattern of four base64 digits that encode three bytes of these values."""
    values = (
        {a >> 2 for a in one},
        _joined({(a & 3) << 4 for a in one}, {b >> 4 for b in two}),
        _joined({(b & 15) << 2 for b in two}, {c >> 6 for c in three}),
        {c & 63 for c in three},
    )
    digits = ({*(_DIGITS[value] for value in each), *(_URL_DIGITS[value] for value in each)} for each in values)
    return "".join(f"[{''.join(sorted(each)).replace('-', '')}{'-' * ('-' in each)}]" for each in digits)


_DIGITS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_URL_DIGITS: Final = _DIGITS[:-2] + "-_"
_AT: Final = range(0x40, 0x41)
_ASCII: Final = range(0x20, 0x7F)
_NEXT: Final = range(0x80, 0xC0)
_TWO: Final = range(0xC3, 0xE0)
_THREE: Final = range(0xE0, 0xF0)
_LATIN: Final = range(0xC3, 0xC6)
_TEXT: Final = _quad(_ASCII, _ASCII, _ASCII)
_WITH_AT: Final = "|".join(
    _quad(*(_AT if place == at else _ASCII for place in range(3))) for at in range(3)
)  # a third of the digits of a six-character address encode the @ and its neighbors
_LETTERS: Final = "|".join(
    _quad(*values)
    for values in (
        (_ASCII, _ASCII, _ASCII),
        (_LATIN, _NEXT, _ASCII),
        (_ASCII, _LATIN, _NEXT),
        (_ASCII, _ASCII, _LATIN),
        (_NEXT, _ASCII, _ASCII),
        (_NEXT, _LATIN, _NEXT),
        (_LATIN, _NEXT, _LATIN),
        (_NEXT, _ASCII, _LATIN),
    )
)
_OTHER: Final = "|".join(
    (
        _quad(_TWO, _NEXT, _TWO) + _quad(_NEXT, _TWO, _NEXT),
        _quad(_NEXT, _TWO, _NEXT) + _quad(_TWO, _NEXT, _TWO),
        _quad(_THREE, _NEXT, _NEXT) * 2,
        _quad(_NEXT, _THREE, _NEXT) * 2,
        _quad(_NEXT, _NEXT, _THREE) * 2,
    )
)
BASE64: Final = f"(?:{_LETTERS}){{3}}|{_TEXT}(?:{_WITH_AT})|(?:{_WITH_AT}){_TEXT}|{_OTHER}"
"""Matches whatever may be text in base64: ASCII or UTF-8 that holds an address or has at least nine bytes."""

_HEX_DIGIT: Final = "[0-9A-Fa-f]"
HEX: Final = (
    f"(?:[2-7]{_HEX_DIGIT}|[CDcd]{_HEX_DIGIT}[89ABab]{_HEX_DIGIT}|[Ee]{_HEX_DIGIT}(?:[89ABab]{_HEX_DIGIT}){{2}}){{5}}"
)
"""Matches whatever may be text in hexadecimal."""


def _octet(digits: str) -> str:
    """Return the pattern of eight base32 digits that encode five bytes of ASCII."""
    values = (
        {one >> 3 for one in _ASCII},
        _joined({(one & 7) << 2 for one in _ASCII}, {other >> 6 for other in _ASCII}),
        {one >> 1 & 31 for one in _ASCII},
        _joined({(one & 1) << 4 for one in _ASCII}, {other >> 4 for other in _ASCII}),
        {(one & 15) << 1 for one in _ASCII},
        {one >> 2 for one in _ASCII},
        _joined({(one & 3) << 3 for one in _ASCII}, {other >> 5 for other in _ASCII}),
        set(range(32)),
    )
    return "".join(f"[{''.join(digits[value] for value in sorted(each))}]" for each in values)


_BASE32_DIGITS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
BASE32: Final = "|".join(f"(?:{_octet(digits)}){{2}}" for digits in (_BASE32_DIGITS, _BASE32_DIGITS.lower()))
"""Matches whatever may be ASCII in base32, of at least ten bytes."""

_LIKE_BASE64: Final = re.compile(BASE64)
_LIKE_HEX: Final = re.compile(HEX)
_BASE64_RUN: Final = re.compile(r"[A-Za-z0-9+/\-_]{8,}={0,2}")
_LIKE_BASE32: Final = re.compile(BASE32)
_BASE32_RUN: Final = re.compile("[A-Z2-7]{16,}|[a-z2-7]{16,}")
_BASE32_TAILS: Final = (0, 0, 2, 2, 4, 5, 5, 7)  # how many of 0 to 7 digits encode whole bytes
_HEX_RUN: Final = re.compile(r"[0-9A-Fa-f]{10,}")
_STANDARD: Final = str.maketrans("-_", "+/")
_READABLE: Final = re.compile(
    rb"(?:[\t\n\r -~]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}){3,}"
)
_SURELY_TEXT: Final = 12  # consecutive bytes of text, which random bytes hardly ever are


def hidden(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the text in base64, base32 or hexadecimal, with its start and end, wherever its first digit is."""
    for run in _BASE64_RUN.finditer(text):
        if _LIKE_BASE64.search(run[0]):
            digits = run[0].rstrip("=").translate(_STANDARD)
            for first in range(4):
                whole = digits[first : first + (len(digits) - first) // 4 * 4]
                rest = digits[first + len(whole) :]
                padded = whole + (f"{rest}{'=' * (4 - len(rest))}" if len(rest) > 1 else "")
                yield from _readable(binascii.a2b_base64(padded), run, first, digits=4, size=3)
    for run in _BASE32_RUN.finditer(text):
        for first in range(8) if _LIKE_BASE32.search(run[0]) else ():
            digits = run[0][first:].upper()
            whole = digits[: len(digits) // 8 * 8 + _BASE32_TAILS[len(digits) % 8]]
            yield from _readable(base64.b32decode(whole + "=" * (-len(whole) % 8)), run, first, digits=8, size=5)
    for run in _HEX_RUN.finditer(text):
        if _LIKE_HEX.search(run[0]):
            for first in range(2):
                whole = run[0][first : first + (len(run[0]) - first) // 2 * 2]
                yield from _readable(bytes.fromhex(whole), run, first, digits=2, size=1)


def _readable(data: bytes, run: re.Match[str], first: int, *, digits: int, size: int) -> Pieces:
    """Yield the readable parts of decoded bytes that are too long to be readable by chance."""
    for found in _READABLE.finditer(data):
        start, end = found.span()
        if end - start >= min(_SURELY_TEXT, len(data) // 2):
            left = run.start() + first + start * digits // size
            right = run.start() + first - (-end * digits // size)
            yield found[0].decode(errors="replace"), left, run.end() if run.end() - right <= digits else right
