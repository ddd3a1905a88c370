"""Tells at once which of many texts may hold a trace of somebody, so that only those are looked into."""

from __future__ import annotations

from typing import Final

import polars as pl

from datafast_nb.privacy.encodings import BASE32, BASE64, HEX
from datafast_nb.privacy.people import HASHES, People

_PERCENT: Final = "%(?:25)*"
_ENCODED: Final = "|".join(
    (
        r"[@＠﹫]",
        # Percent-encoded letters, digits, @, \ and what is not ASCII. Other signs and blanks are so in every URL.
        rf"{_PERCENT}(?:3[0-9]|4[0-9A-Fa-f]|5[0-9ACac]|6[0-9A-Fa-f]|7[0-9Aa]|[89A-Fa-f][0-9A-Fa-f]|u)",
        rf"(?:&|{_PERCENT}26)(?:#|{_PERCENT}23|[A-Za-z][A-Za-z0-9]{{1,30}}(?:;|{_PERCENT}3[Bb]))",
        r"\\",
        rf"(?:=|{_PERCENT}3[Dd])(?:40|20|5F|5f|2[DEde]|[C-Fc-f][0-9A-Fa-f](?:=|%)|\r?\n)",
        # The word at in brackets, as in addresses against robots.
        rf"(?i:(?:[(\[{{<]|{_PERCENT}(?:28|5B|7B|3C))(?:\s|\+|{_PERCENT}20){{0,3}}at(?:[\s+)\]}}>]|%))",
        BASE64,
        BASE32,
        HEX,
    )
)
_HASH: Final = "[0-9A-Fa-f]{32,128}"
_WORDS: Final = "[a-z]+|[0-9]+"
_ESCAPED: Final = "%(?:25)*[0-9a-f]{2}"


def suspects(texts: pl.Series, people: People) -> pl.Series:
    """Give those of many texts that may hold a trace, and few that hold none.

    Parameters
    ----------
    texts
        Texts that differ.
    people
        Whose names and hashes are looked for.
    """
    may = texts.str.contains(_ENCODED)
    if people.hashes:
        may |= texts.str.contains(_HASH)
    if people.spelled.len():
        may |= texts.str.contains(r"[^\x00-\x7F]")
        rest = texts.filter(~may)
        return pl.concat([texts.filter(may), rest.filter(_may_name(rest, people))])
    return texts.filter(may)


def sizes_of_hashes(texts: pl.Series) -> set[int]:
    """Give the numbers of hexadecimal digits of the hashes that texts may hold."""
    return {size for size in HASHES if texts.str.contains(f"[0-9A-Fa-f]{{{size}}}").any()}


def _may_name(texts: pl.Series, people: People) -> pl.Series:
    """Say of which ASCII texts a word is a whole name, or two words in a row the beginning of one."""
    plain = texts.str.to_lowercase().str.replace_all(_ESCAPED, " ").str.extract_all(_WORDS)
    words = pl.DataFrame({"row": pl.int_range(texts.len(), eager=True), "word": plain}).explode("word")
    two = pl.col("word") + pl.col("word").shift(-1, fill_value="")
    names = pl.concat([people.spelled, people.beginnings]).implode()
    rows = words.filter(pl.col("word").is_in(names) | two.is_in(names))["row"]
    return pl.int_range(texts.len(), eager=True).is_in(rows.unique().implode())
