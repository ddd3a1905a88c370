"""Checks the condition of an alert: a Polars expression, or SQL text that can't read anything but a row."""

from __future__ import annotations

import re
from typing import Final

import polars as pl

from datafast_nb.checks import checked_country
from datafast_nb.errors import AlertError
from datafast_nb.text import nearest, plain, quoted

_LITERAL: Final = r"(?<![\w&$])'(?:[^']|'')*'"
_NAME: Final = r'(?<![\w&$])"[^"]*"'
# The values that SQL text compares the country with. A literal or a name that begins earlier is passed over.
_COUNTRIES: Final = re.compile(
    rf"""(?ix) (?:(?<![\w"])country_code\b|"country_code") \s* (?:==?|<>|!=|(?:\bnot\s+)?\bin\b) \s*
    (?P<values>{_LITERAL} | \( (?:{_LITERAL} | [^()'])* \)) | {_LITERAL} | {_NAME}"""
)
_EXTRACT: Final = r"(?i)\b(extract\s*\(\s*\w+\s+)from\b"
_ALLOWED: Final = re.compile(r"[\w\s.,()<>=!+*/%|~^&\[\]:@-]*")
_COMMENT: Final = re.compile(r"--|/\*")
# A subquery reads tables, and Polars has functions that make a table of a file.
_QUERIES: Final = re.compile(
    r"(?i)\b(?:select|from|with|values|table|exists|union|intersect|except|join|lateral|unnest|read_\w+)\b"
)

# What Polars raises for an expression that does not fit a frame; a panic is a BaseException of its own.
_UNFIT: Final = (pl.exceptions.PolarsError, pl.exceptions.PanicException, TypeError, ValueError)


def parsed(where: object) -> pl.Expr:
    """Return a condition as an expression.

    Parameters
    ----------
    where : polars.Expr or str
        An expression, or SQL of a row, such as ``"score > 80 and country_code = 'DE'"``.

    Raises
    ------
    AlertError
        The text is not a condition of a row. Subqueries are refused before Polars sees them, because it reads the files
        that a subquery names while it parses the text.
    TypeError
        It is of another type.

    Examples
    --------
    >>> str(parsed("score > 80"))
    '[(col("score")) > (dyn int: 80)]'
    """
    if isinstance(where, pl.Expr):
        return where
    if not isinstance(where, str):
        raise TypeError(f"where takes a Polars expression or SQL of a row, such as 'score > 80', not {where!r:.60}.")
    if not where.strip():
        raise AlertError("where is empty: give a condition, such as 'score > 80'.")
    _check_text(where)
    _check_countries(where)
    try:
        return pl.sql_expr(where)
    except _UNFIT as error:
        raise AlertError(
            f"where is not a SQL condition: {plain(error, 160)}. Text is in single quotes: \"country_code = 'DE'\"."
        ) from None


def _check_text(where: str) -> None:
    """Refuse text that is more than a condition of a row."""
    # In one pass from the left, as a quote in a name begins no literal, and the other way around.
    bare = re.sub(_EXTRACT, r"\1", re.sub(f"{_LITERAL}|{_NAME}", " ", where))
    found = _QUERIES.search(bare)
    if found:
        raise AlertError(
            f"where is a condition of a row, without {found[0]!r}: it can't read tables or files. A Polars expression "
            "can do more."
        )
    if "\\'" in where or _COMMENT.search(bare) or not _ALLOWED.fullmatch(bare):
        raise AlertError(
            "where is a condition of a row: comments, semicolons and signs such as ` $ \\ ? are not part of it, and "
            "text is in single quotes."
        )


def _check_countries(where: str) -> None:
    """Refuse text that compares ``country_code`` with the name of a country, which no row has."""
    for found in _COUNTRIES.finditer(where):
        for literal in re.findall(_LITERAL, found["values"] or ""):
            try:
                checked_country(literal[1:-1].replace("''", "'"))
            except ValueError as error:
                raise AlertError(str(error)) from None


def checked_for(condition: pl.Expr, schema: pl.Schema, about: str) -> None:
    """Refuse a condition that can't be evaluated for the rows that an alert is about.

    Raises
    ------
    AlertError
        It names a column that the rows do not have, fits no type, or is neither true nor false.
    """
    unknown = [name for name in condition.meta.root_names() if name not in schema]
    if unknown:
        near = nearest(unknown[0].lower(), schema)
        raise AlertError(
            f"There is no column {quoted(unknown[0])} in the rows of about={about!r}.{near} "
            f"There are: {', '.join(schema)}."
        )
    try:
        result = schema.to_frame().select(condition)
    except _UNFIT as error:
        raise AlertError(f"where can't be evaluated for about={about!r}: {plain(error, 200)}") from None
    if result.width != 1 or result.dtypes != [pl.Boolean]:
        raise AlertError(
            f"where gives {', '.join(map(str, result.dtypes))}: it must be true or false for each row, such as "
            "'score > 80'."
        )
