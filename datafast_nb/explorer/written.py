"""Polars expressions written down as Python code, in the place of being evaluated."""

from __future__ import annotations


class Written:
    """Code that gives an expression. What is asked of it is written behind it, as `polars` would be asked.

    Parameters
    ----------
    code
        The code, such as ``pl``.
    is_whole
        Whether it stays together beside any operator without brackets.

    Examples
    --------
    >>> pl = Written("pl")
    >>> str(~(pl.col("score").fill_nan(None) >= 60) | pl.col("city").is_in(["Bonn", None]))
    '~(pl.col("score").fill_nan(None) >= 60) | pl.col("city").is_in(["Bonn", None])'
    """

    def __init__(self, code: str, *, is_whole: bool = True) -> None:
        self._code = code
        self._is_whole = is_whole

    def __str__(self) -> str:
        return self._code

    def __getattr__(self, name: str) -> Written:
        if name.startswith("_"):  # which Python itself asks for, to copy and the like
            raise AttributeError(name)
        return Written(f"{self._together}.{name}")

    def __call__(self, *args: object, **options: object) -> Written:  # noqa: D102 - a call is written as one
        given = [*map(literal, args), *(f"{name}={literal(value)}" for name, value in options.items())]
        return Written(f"{self._together}({', '.join(given)})")

    def __invert__(self) -> Written:
        return Written(f"~{self._together}", is_whole=False)

    def __or__(self, other: Written) -> Written:
        return Written(f"{self._beside} | {other._beside}", is_whole=False)

    def __ge__(self, other: object) -> Written:
        return Written(f"{self._together} >= {literal(other)}", is_whole=False)

    def __eq__(self, other: object) -> Written:  # type: ignore[override] # as that of an expression
        return Written(f"{self._together} == {literal(other)}", is_whole=False)

    __hash__ = None  # type: ignore[assignment] # as an expression has none

    @property
    def _together(self) -> str:
        """The code, in brackets where an operator in it would bind less than what follows."""
        return self._code if self._is_whole else f"({self._code})"

    @property
    def _beside(self) -> str:
        """The code beside ``|``, which binds more than a comparison, but less than ``~``."""
        return self._code if self._code.startswith("~") else self._together


def literal(value: object) -> str:
    """Write a value as a literal, whatever is in it; a text in double quotes, unless it holds some."""
    if isinstance(value, Written):
        return str(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(literal, value))}]"
    text = repr(value)
    return f'"{text[1:-1]}"' if text.startswith("'") and '"' not in text else text
