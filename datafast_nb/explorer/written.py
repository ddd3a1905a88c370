"""Polars expressions recorded as Python code instead of being evaluated."""

from __future__ import annotations


class Written:
    """The code of an expression. Attributes, calls and operators used on it are appended to the code.

    Parameters
    ----------
    code
        The code, such as ``pl``.
    is_whole
        Whether it needs no parentheses next to any operator.

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
        if name.startswith("_"):  # looked up by Python itself, as for copying
            raise AttributeError(name)
        return Written(f"{self._together}.{name}")

    def __call__(self, *args: object, **options: object) -> Written:  # noqa: D102 - records the call
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
        """The code, in parentheses if an operator in it binds less tightly than what follows."""
        return self._code if self._is_whole else f"({self._code})"

    @property
    def _beside(self) -> str:
        """The code next to ``|``, which binds more tightly than a comparison, but less than ``~``."""
        return self._code if self._code.startswith("~") else self._together


def literal(value: object) -> str:
    """Return any value as a Python literal. A string is in double quotes, unless it contains some."""
    if isinstance(value, Written):
        return str(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(literal, value))}]"
    text = repr(value)
    return f'"{text[1:-1]}"' if text.startswith("'") and '"' not in text else text
