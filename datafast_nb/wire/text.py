"""Reads the text of a body, and mends it before it is decoded again."""

from __future__ import annotations

import codecs
import re
from typing import Final

import polars as pl

from datafast_nb.errors import InvalidResponseError
from datafast_nb.wire.problems import Deadline

_OTHER_ENCODINGS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
    (b"\x00", "UTF-16 or UTF-32"),  # JSON begins with ASCII, whose first or second byte is then 0
)


def utf8_of(body: bytes | str) -> bytes:
    """Return a body in UTF-8 without a byte-order mark; refuse bytes that are not UTF-8."""
    if isinstance(body, str):
        try:
            return body.removeprefix("\ufeff").encode()
        except UnicodeEncodeError:
            return without_lone_surrogates(body.removeprefix("\ufeff")).encode()
    for mark, encoding in _OTHER_ENCODINGS:
        if body.startswith(mark) or (len(mark) == 1 and body[1:2] == mark):
            raise InvalidResponseError(
                f"The response is in {encoding}, but JSON must be in UTF-8. Something between here and the service "
                "changed it: check base_url and any proxy. To read a file, pass its text: path.read_text(encoding=…)."
            )
    try:
        _check_utf8(body)
    except UnicodeDecodeError as error:
        raise InvalidResponseError(
            f"The response is not valid UTF-8 (byte {error.start}). Something between here and the service "
            "changed it: check base_url and any proxy."
        ) from None
    return body.removeprefix(codecs.BOM_UTF8)


def _check_utf8(body: bytes) -> None:
    """Raise ``UnicodeDecodeError`` if a body is not UTF-8; Polars looks through one in a fifth of Python's time."""
    if body.isascii():
        return
    try:
        pl.Series([bytes(body)], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.PolarsError:
        body.decode("utf-8-sig")


# An escape of JSON text: a surrogate pair, half of one, or any other.
_ESCAPE: Final = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


def without_lone_surrogates(text: str) -> str:
    """Replace unpaired surrogates in JSON text with U+FFFD.

    JavaScript leaves them behind when it cuts an emoji in two, and msgspec refuses them.
    """
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if r"\ud" not in text and r"\uD" not in text:
        return text
    return _ESCAPE.sub(lambda match: r"\ufffd" if match[1] else match[0], text)


TOO_DEEP: Final = '{"nested too deeply":null}'
"""Replaces a value that is nested too deeply."""

_LEAVES: Final = 7  # a value in the deepest object of a record is at the seventh level of a response
_DEEPEST: Final = 200  # msgspec and Python both fail at about 1,000 levels

# A string. Most strings hold no escape, so their end is searched for at once. Groups that backtrack are repeated within
# an atomic one: after a possessive repetition of them, Python loses its place until 3.11.5 (CPython's issue 106052).
_STRING: Final = r'"(?:[^"]*+(?<!\\)"|[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z))'
_BETWEEN: Final = r'[^"\[\]{}]*+'
_FLAT: Final = rf"[\[{{]{_BETWEEN}(?>(?:{_STRING}{_BETWEEN})*)[\]}}]"
_SHALLOW: Final = rf"[\[{{]{_BETWEEN}(?>(?:(?:{_STRING}|{_FLAT}){_BETWEEN})*)[\]}}]"

# Text to skip, mainly strings and shallow values, then a run of one bracket, or the end. It matches at every position,
# so that no text is searched again from the next position on.
_BRACKETS: Final = re.compile(rf"{_BETWEEN}(?>(?:(?:{_STRING}|{_SHALLOW}){_BETWEEN})*)(\[+|{{+|\]+|}}+|\Z)", re.DOTALL)
_PATIENCE: Final = 1 << 16  # tokens between two checks of the clock


def without_deep_values(text: str, deadline: Deadline) -> str:
    """Replace the values of JSON text that are nested too deeply below the level of the fields with `TOO_DEEP`."""
    pieces, kept, depth, deepest, begin = [], 0, 0, 0, 0
    for count, match in enumerate(_BRACKETS.finditer(text)):
        if not count % _PATIENCE:
            deadline.check()
        brackets, start = match[1], match.start(1)
        if brackets[:1] in ("[", "{"):
            if depth < _LEAVES <= depth + len(brackets):
                begin, deepest = start + _LEAVES - depth - 1, 0
            depth += len(brackets)
            deepest = max(deepest, depth)
            continue
        if depth - len(brackets) < _LEAVES <= depth and deepest > _DEEPEST:
            pieces += [text[kept:begin], TOO_DEEP]
            kept = start + depth - _LEAVES + 1
        depth -= len(brackets)
    return "".join([*pieces, text[kept:]]) if pieces else text


_ITEMS: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*+(?:"|\Z)|([\[\]{},])', re.DOTALL)


def holds_more_than(most: int, items: str, deadline: Deadline) -> bool:
    """Return whether a JSON list holds more than `most` items, without building any."""
    depth = 0
    for count, match in enumerate(_ITEMS.finditer(items)):
        if not count % _PATIENCE:
            deadline.check()
        character = match[1]
        if character is None:
            continue
        if character == ",":
            most -= depth == 1
            if most <= 0:
                return True
        else:
            depth += 1 if character in "[{" else -1
    return False
