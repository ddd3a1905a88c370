"""The people to look for: their full names, in any spelling, and the hashes of their addresses."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from typing import Final

import polars as pl

from datafast_nb.privacy.encodings import Text, folded_text, peeled

HASHES: Final = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
"""The hashes that are used to pass on addresses, by the number of their hexadecimal digits."""

# Scripts without blanks between words: each of their characters is a word here.
_UNSPACED: Final = "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua960-\ua97f\ud7b0-\ud7ff"
_UNSPACED_TOO: Final = "\uf900-\ufaff\U00020000-\U0003ffff"
WORD: Final = re.compile(rf"[{_UNSPACED}{_UNSPACED_TOO}]|(?:(?![{_UNSPACED}{_UNSPACED_TOO}])[^\W\d_])+|\d+")
ASCII_WORD: Final = re.compile(r"[a-z]+|[0-9]+")
_LAYERS: Final = 4
_GERMAN: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
UNSPACED_NAME: Final = r"^[\p{Han}\p{Hangul}\p{Hiragana}\p{Katakana}ー·・]{3,}$"
"""A full name without a blank; one of two characters would be a word like any other."""

# Parts before or within a name that are often left out.
_LEFT_OUT: Final = r"\b(?:dr|prof|mr|mrs|ms|mx|sir|herr|frau|mme|[\p{Latin}\p{Greek}\p{Cyrillic}])\b\.?\s+"
_SHORTEST: Final = 6  # letters of a name that is searched for without anything between its words
_LONGEST: Final = 200  # letters of a name
_BEGINNING: Final = 4  # letters that rule out most words as the beginning of a name
_ADDRESS: Final = r"[^\s<>\"]*@[^\s<>\"]*"
_NOT_PLAIN: Final = r"[^\x00-\x7F]|[%\\&+=]"
_SIGNS: Final = r"[^\p{L}\p{N}]+"
_LAST_WORD: Final = r"(?s)^(.*)\s(\S*[\p{L}\p{N}]\S*)[^\p{L}\p{N}]*$"
_ASCII_WORDS: Final = "[a-z]+|[0-9]+"


class People:
    """The people whose traces are searched for in other text.

    Parameters
    ----------
    names
        Names. A single word may be an ordinary word of the page, so it is not searched for, except in scripts without
        blanks.
    addresses
        E-mail addresses. Any address is found in text; these are also found by their hashes.
    sizes
        The numbers of hexadecimal digits of the hashes to search for.

    Attributes
    ----------
    spelled : polars.Series
        The letters of each full name, without anything between its words; also with the last word first, without
        titles and initials, and with umlauts as two letters.
    beginnings : polars.Series
        The first two words of each full name in ASCII, spelled in the same way.
    hashes : set of str
        The hashes of the addresses.
    """

    def __init__(self, names: pl.Series, addresses: Iterable[str] = (), sizes: Iterable[int] = ()) -> None:
        unspaced = names.drop_nulls().str.strip_chars().str.contains(UNSPACED_NAME)
        plain = _plain(names)
        spelled, self.beginnings = _spelled(pl.concat([plain, plain.str.replace_all(_LEFT_OUT, "")]).unique())
        whole = _plain(names.drop_nulls().filter(unspaced)).str.replace_all(_SIGNS, "")
        self.spelled = pl.concat([spelled, whole.rename(spelled.name)]).unique()
        kinds = [HASHES[size] for size in sizes if size in HASHES]
        self.hashes = {digest for address in addresses for digest in _hashes(address, kinds)} if kinds else set()

    @cached_property
    def longest(self) -> int:
        """The number of letters in the longest name."""
        longest = self.spelled.str.len_chars().max()
        return longest if isinstance(longest, int) else 0

    def named(self, letters: str, words: int) -> bool:
        """Return whether consecutive words, without anything between them, are a full name."""
        return letters in self._names and (words > 1 or len(letters) >= _SHORTEST)

    def begins(self, letters: str) -> bool:
        """Return whether a full name may begin with these letters."""
        return letters[:_BEGINNING] in self._first_letters

    @cached_property
    def _first_letters(self) -> frozenset[str]:
        """The first letters of each name: so many, or fewer."""
        first = [self.spelled.str.head(length) for length in range(1, _BEGINNING + 1)]
        return frozenset(pl.concat(first).unique())

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(self.spelled)


def _plain(names: pl.Series) -> pl.Series:
    """Return names without encodings, and without differences of case and accents."""
    names = names.drop_nulls().str.replace_all(_ADDRESS, " ").unique()
    is_plain = ~names.str.contains(_NOT_PLAIN)
    others = [plain for name in names.filter(~is_plain) for plain in _variants(name)]
    return pl.concat([names.filter(is_plain).str.to_lowercase(), pl.Series(names.name, others, dtype=pl.String)])


@lru_cache(maxsize=2**14)
def _variants(name: str) -> frozenset[str]:
    """Return the variants of a name: without encodings, and with umlauts as two letters."""
    decoded = Text.written(name.replace("+", " "))
    for _ in range(_LAYERS):
        outer, decoded = decoded, peeled(decoded)
        if decoded is outer:
            break
    plain = unicodedata.normalize("NFC", decoded.text).lower()
    return frozenset(map(folded_text, {plain, plain.translate(_GERMAN)}))


def _spelled(names: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the letters and the beginnings of full names, of two words or more, in both orders."""
    parts = names.str.extract_groups(_LAST_WORD).struct.unnest().rename({"1": "rest", "2": "last"})
    letters = parts.select(pl.all().str.replace_all(_SIGNS, ""))
    length = pl.col("rest").str.len_chars() + pl.col("last").str.len_chars()
    is_full = letters.select((pl.col("rest") != "") & (length <= _LONGEST)).to_series().fill_null(value=False)
    letters, words = letters.filter(is_full), parts.filter(is_full).select(pl.all().str.extract_all(_ASCII_WORDS))
    orders = (("rest", "last"), ("last", "rest"))
    spelled = [letters.select(name=pl.concat_str(order)).to_series() for order in orders]
    both = [words.select(name=pl.concat_list(order).list.head(2).list.join("")).to_series() for order in orders]
    return pl.concat(spelled).unique(), pl.concat(both).unique()


def _hashes(address: str, kinds: list[str]) -> Iterator[str]:
    """Yield the hashes of an address, as it is written and as it is usually hashed."""
    for written in {address, address.strip(), address.strip().lower()}:
        for kind in kinds:
            yield hashlib.new(kind, written.encode(), usedforsecurity=False).hexdigest()
