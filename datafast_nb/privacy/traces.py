"""Finds addresses and names in text, in whatever encoding, and blanks them out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from datafast_nb.privacy.encodings import Text, folded, hidden, peeled, unbroken, unquoted
from datafast_nb.privacy.people import ASCII_WORD, HASHES, WORD, People

BLANK: Final = "(redacted)"

Span = tuple[int, int]

_LAYERS: Final = 64
_WORK: Final = 64
"""The most work per text, in multiples of its length; a text that needs more is blanked as a whole."""

_BEFORE: Final = frozenset(' \t\r\n\x0b\x0c"<>()[],;:\\/?&@|')
"""The characters that end a local part on its left. RFC 5322 allows some, but then whole URLs would be blanked."""

_QUOTES: Final = "'`*{}"
_PARAMETER: Final = re.compile(r"[\w.\-%$\[\]]{1,64}=")
_LATER_PARAMETER: Final = re.compile(r".*#[\w.\-%$\[\]]{1,64}=")
_USER: Final = re.compile(r"[^/?#\s@]+:")
_LONGEST_USER: Final = 300  # characters between // and @
_LABEL: Final = r"[^\s@\"'<>()\[\]{},;:\\/?&=#|%!*+^`$.]+"
_DOMAIN: Final = re.compile(rf"\[[^\]\s]{{2,80}}\]|{_LABEL}(?:\.{_LABEL})*")
_OPEN, _CLOSE, _BLANKS = r"[(\[{<][\s+]{0,3}", r"[\s+]{0,3}[)\]}>]", r"[\s+]{0,3}"
_SPELLED_AT: Final = re.compile(rf"[\s+]{{1,3}}@{_BLANKS}|@[\s+]{{1,3}}|{_BLANKS}{_OPEN}(?:at|@){_CLOSE}{_BLANKS}")
_SPELLED_DOT: Final = re.compile(rf"{_BLANKS}{_OPEN}(?:dot|\.){_CLOSE}{_BLANKS}")
_SPELLED_DOMAIN: Final = re.compile(rf"{_LABEL}(?:(?:\.|{_SPELLED_DOT.pattern}){_LABEL})+")
_FOUR_NUMBERS: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_OF_THE_WEB: Final = re.compile(r".+\.(?:[^\W\d_]{2,}|xn--[a-z0-9-]+)")
_RETINA: Final = re.compile(r"\d(?:\.\d)?x\.(?:avif|gif|jpe?g|png|svg|webp)")
_GAP: Final = re.compile(r"[\s_.+,'\"·~*-]{0,4}|\s+\S\s+")
_HOST: Final = re.compile(r"//[^/?#\s\"'<>]*")
_HASH: Final = re.compile(r"(?<![0-9a-z])[0-9a-f]{32,128}(?![0-9a-z])")


def blanked(text: str, people: People) -> str:
    """Blank out what identifies people in a text.

    Parameters
    ----------
    text
        Any text. All e-mail addresses are blanked out.
    people
        The people whose names, and the hashes of whose addresses, are also blanked out.

    Returns
    -------
    str
        The same text if it identifies nobody. As little as possible is blanked out; if the rest is in doubt, all
        of it.

    Examples
    --------
    >>> import polars as pl
    >>> from datafast_nb.privacy.people import People
    >>> ada = People(pl.Series(["Ada Lovelace"]))
    >>> blanked("/login?next=%2Fcart%3Femail%3Djane%2540example.com&by=Ada+Lovelace", ada)
    '/login?next=%2Fcart%3Femail%3D(redacted)&by=(redacted)'
    """
    try:
        spans = _traces(text, people, _Effort(text))
        if not spans:
            return text
        left = _without(text, spans)
        return left if not _traces(left, people, _Effort(left)) else BLANK
    except _InDoubtError:
        return BLANK


class _InDoubtError(Exception):
    """A text is encoded so often that its content is unknown."""


class _Effort:
    """The work that is left for decoding one text."""

    def __init__(self, text: str) -> None:
        self._left = _WORK * (len(text) + 256)

    def spend(self, text: str) -> None:
        self._left -= len(text) + 16
        if self._left < 0:
            raise _InDoubtError


def _without(text: str, spans: Iterable[Span]) -> str:
    """Replace parts of a text with blanks; one blank for parts that touch."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    cuts = [(0, 0), *merged, (len(text), len(text))]
    return BLANK.join(text[end:start] for (_, end), (start, _) in pairwise(cuts))


def _traces(text: str, people: People, effort: _Effort) -> list[Span]:
    """Find all traces in text, including those in encoded parts."""
    spans: list[Span] = []
    seen: set[str] = set()
    # From the innermost layer outward, where an address is easiest to separate from the rest of its URL.
    for layer in reversed(list(_layers(text, effort))):
        plain = folded(layer)
        spans += _addresses(plain, spans)
        spans += _spelled_addresses(plain)
        spans += _names(plain, people)
        spans += _hashes(plain, people)
        spans += _quoted_printable(layer, people, effort)
        spans += _encoded(layer, people, effort, seen)
    return spans


def _layers(text: str, effort: _Effort) -> Iterator[Text]:
    """Yield text as it is written, then with one more layer of encoding removed each time."""
    layer = Text.written(text)
    for _ in range(_LAYERS):
        effort.spend(layer.text)
        yield layer
        inner = peeled(layer)
        if inner is layer or inner.text == layer.text:
            return
        layer = inner
    raise _InDoubtError


def _quoted_printable(layer: Text, people: People, effort: _Effort) -> Iterator[Span]:
    """Find traces in quoted-printable text, as in e-mail."""
    inner = unquoted(layer)
    if inner is layer:
        return
    effort.spend(inner.text)
    inner = peeled(inner)
    plain = folded(inner)
    yield from _addresses(plain, [], of_the_web=True)
    yield from _names(plain, people)


def _encoded(layer: Text, people: People, effort: _Effort, seen: set[str]) -> Iterator[Span]:
    """Find text in base64, base32 or hexadecimal that holds traces."""
    for one in {id(each): each for each in (layer, unbroken(layer))}.values():
        for inner, start, end in hidden(one.text):
            if inner in seen:
                continue
            effort.spend(inner)
            if _traces(inner, people, effort):
                yield one.span(start, end)
            else:
                seen.add(inner)


# Addresses


def _addresses(plain: Text, known: list[Span], *, of_the_web: bool = False) -> Iterator[Span]:
    """Find e-mail addresses, except those whose @ was found already."""
    text = plain.text
    at = text.find("@")
    while at >= 0:
        written = plain.starts[at]
        if not any(start <= written < end for start, end in known):
            domain = _DOMAIN.match(text, at + 1)
            start = _local_part(text, at)
            if domain and start < at and _is_domain(domain[0], of_the_web=of_the_web):
                yield plain.span(start, domain.end())
        at = text.find("@", at + 1)


def _spelled_addresses(plain: Text) -> Iterator[Span]:
    """Find e-mail addresses that are written to hide from robots: "jane (at) example (dot) com"."""
    text = plain.text
    for at in _SPELLED_AT.finditer(text):
        domain = _SPELLED_DOMAIN.match(text, at.end())
        if domain and _is_domain(_SPELLED_DOT.sub(".", domain[0]), of_the_web=True):
            start = _local_part(text, at.start())
            if start < at.start():
                yield plain.span(start, domain.end())


def _local_part(text: str, at: int) -> int:
    """Return where the local part of an address begins, or the place of its @ if there is none."""
    if text[at - 1 : at] == '"':
        return _quoted_local_part(text, at)
    start = at
    while start and text[start - 1] not in _BEFORE and not text[start - 1].isspace():
        start -= 1
    if start and text[start - 1] in "?&;" and (key := _PARAMETER.match(text, start, at)):
        start = key.end()
    elif later := _LATER_PARAMETER.match(text, start, at):
        start = later.end()
    while start < at and text[start] in _QUOTES:
        start += 1
    slashes = text.rfind("//", max(0, start - _LONGEST_USER), start)
    if slashes >= 0 and _USER.fullmatch(text, slashes + 2, start):
        start = slashes + 2
    return start if any(each.isalnum() for each in text[start:at]) else at


def _quoted_local_part(text: str, at: int) -> int:
    start = text.rfind('"', 0, at - 1)
    holds = start >= 0 and any(each.isalnum() for each in text[start:at])
    return start if holds and not text[max(0, start - 1) : start].isalnum() else at


def _is_domain(domain: str, *, of_the_web: bool) -> bool:
    """Return whether this is a domain or an IP address, not a package's version or a picture's size."""
    if _OF_THE_WEB.fullmatch(domain):
        return not _RETINA.fullmatch(domain)
    if of_the_web:
        return False
    return domain[0] == "[" or bool(_FOUR_NUMBERS.fullmatch(domain)) or domain.rpartition(".")[2][0].isalpha()


# Names and hashes


def _names(plain: Text, people: People) -> Iterator[Span]:
    """Find full names: consecutive words that form a name without what is between them."""
    if not people.longest:
        return
    text = plain.text
    words = [found.span() for found in (ASCII_WORD if text.isascii() else WORD).finditer(text)]
    hosts: list[Span] | None = None
    for first, (start, _) in enumerate(words):
        letters, before = "", start
        for count, (left, right) in enumerate(words[first:], 1):
            letters += text[left:right]
            if not people.begins(letters) or len(letters) > people.longest or not _GAP.fullmatch(text, before, left):
                break
            before = right
            if people.named(letters, count):
                hosts = [host.span() for host in _HOST.finditer(text)] if hosts is None else hosts
                if not _crosses_a_dot(text, start, right, hosts):
                    yield plain.span(start, right)


def _crosses_a_dot(text: str, start: int, end: int, hosts: list[Span]) -> bool:
    """Return whether words are labels of a host: a name such as "Example Com" must not blank out a website."""
    return "." in text[start:end] and any(left <= start and end <= right for left, right in hosts)


def _hashes(plain: Text, people: People) -> Iterator[Span]:
    """Find hashes of known addresses."""
    if people.hashes:
        for found in _HASH.finditer(plain.text):
            if len(found[0]) in HASHES and found[0] in people.hashes:
                yield plain.span(*found.span())
