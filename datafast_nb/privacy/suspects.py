"""Finds which of many texts may hold a trace of a person, so that only those need a thorough search."""

from __future__ import annotations

from typing import Final

import polars as pl

from datafast_nb.privacy.encodings import BASE32, BASE64, HEX
from datafast_nb.privacy.people import HASHES, People

_PERCENT: Final = "%(?:25)*"
# Each is searched for by itself: in identifiers, one pattern of all of them takes three to fifteen times as long.
_ENCODED: Final = (
    r"[@＠﹫]",
    # Percent-encoded letters, digits, @, \ and non-ASCII. Other signs and blanks are encoded in every URL.
    rf"{_PERCENT}(?:3[0-9]|4[0-9A-Fa-f]|5[0-9ACac]|6[0-9A-Fa-f]|7[0-9Aa]|[89A-Fa-f][0-9A-Fa-f]|u)",
    rf"(?:&|{_PERCENT}26)(?:#|{_PERCENT}23|[A-Za-z][A-Za-z0-9]{{1,30}}(?:;|{_PERCENT}3[Bb]))",
    r"\\",
    rf"(?:=|{_PERCENT}3[Dd])(?:40|20|5F|5f|2[DEde]|[C-Fc-f][0-9A-Fa-f](?:=|%)|\r?\n)",
    # The word "at" in brackets, as in addresses that are written to hide from robots.
    rf"(?i:(?:[(\[{{<]|{_PERCENT}(?:28|5B|7B|3C))(?:\s|\+|{_PERCENT}20){{0,3}}at(?:[\s+)\]}}>]|%))",
    BASE64,
    BASE32,
    HEX,
)
_HASH: Final = "[0-9A-Fa-f]{32,128}"
_WORDS: Final = "[a-z]+|[0-9]+"
_ESCAPED: Final = "%(?:25)*[0-9a-f]{2}"


def suspects(texts: pl.Series, people: People) -> pl.Series:
    """Return the texts that may hold a trace; few of them hold none.

    Parameters
    ----------
    texts
        Distinct texts.
    people
        The people whose names and hashes to search for.
    """
    each = pl.col(texts.name)
    may = texts.to_frame().select(pl.any_horizontal(each.str.contains(form) for form in _ENCODED)).to_series()
    if people.hashes:
        may |= texts.str.contains(_HASH)
    if people.spelled.len():
        may |= texts.str.contains(r"[^\x00-\x7F]")
        rest = texts.filter(~may)
        return pl.concat([texts.filter(may), rest.filter(_may_name(rest, people))])
    return texts.filter(may)


def sizes_of_hashes(texts: pl.Series) -> set[int]:
    """Return the numbers of hexadecimal digits of the hashes that texts may hold."""
    return {size for size in HASHES if texts.str.contains(f"[0-9A-Fa-f]{{{size}}}").any()}


def _may_name(texts: pl.Series, people: People) -> pl.Series:
    """Return which ASCII texts hold a whole name as one word, or the beginning of one as two consecutive words."""
    plain = texts.str.to_lowercase().str.replace_all(_ESCAPED, " ").str.extract_all(_WORDS)
    words = pl.DataFrame({"row": pl.int_range(texts.len(), eager=True), "word": plain}).explode("word")
    two = pl.col("word") + pl.col("word").shift(-1, fill_value="")
    names = pl.concat([people.spelled, people.beginnings]).implode()
    rows = words.filter(pl.col("word").is_in(names) | two.is_in(names))["row"]
    return pl.int_range(texts.len(), eager=True).is_in(rows.unique().implode())
