"""Random numbers that are a pure function of their purpose.

A draw depends only on a key (a person, a visit) and on the name of the draw, so the moments of the simulation can be
computed independently and in any order. The generator is SplitMix64 (Steele, Lea and Flood, "Fast
splittable pseudorandom number generators", OOPSLA 2014) in wrapping 64-bit integer arithmetic: the same on every
platform and under every version of Polars.
"""

from __future__ import annotations

import hashlib

import polars as pl

_BELOW_ONE = 1 - 1e-9  # keeps group + u inside its group after rounding


def _words(value: int) -> pl.Series:
    """Return a 64-bit constant, which broadcasts to any column."""
    return pl.Series([value], dtype=pl.UInt64)


_STEP = _words(0x9E3779B97F4A7C15)
_ROUNDS = (
    (_words(2**30), _words(0xBF58476D1CE4E5B9)),
    (_words(2**27), _words(0x94D049BB133111EB)),
)
_LAST_SHIFT = _words(2**31)
_LOWEST_BITS = _words(2**11)  # a Float64 holds 53 of the 64 bits


def _constant(name: str) -> int:
    """Return the 64 bits that stand for a name."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")


def _scramble(value: pl.Series) -> pl.Series:
    """Return SplitMix64's output for each state in `value`."""
    value = value + _STEP
    for shift, factor in _ROUNDS:
        value = (value ^ (value // shift)) * factor
    return value ^ (value // _LAST_SHIFT)


def _scramble_to_unit(value: pl.Series) -> pl.Series:
    """Return SplitMix64's output as numbers in [0, 1)."""
    return (_scramble(value) // _LOWEST_BITS).cast(pl.Float64) * 2.0**-53


def _state(parent: str | pl.Expr, name: str, number: int | pl.Expr) -> pl.Expr:
    """Return the generator's state for the child `name`, `number` of `parent`."""
    parent = pl.col(parent) if isinstance(parent, str) else parent
    number = (
        pl.lit(number, dtype=pl.UInt64) if isinstance(number, int) else number.cast(pl.Int64).reinterpret(signed=False)
    )
    return (parent ^ pl.lit(_constant(name), dtype=pl.UInt64)) + number


def key(parent: str | pl.Expr, name: str, number: int | pl.Expr = 0) -> pl.Expr:
    """Return the key of the child `name`, `number` of `parent` (a column of keys)."""
    # A function of whole columns, not an expression: the value is used twice in every round, so an expression would
    # hold 2 to the power of 3 copies of its argument.
    return _state(parent, name, number).map_batches(_scramble, return_dtype=pl.UInt64, is_elementwise=True)


def uniform(parent: str | pl.Expr, name: str, number: int | pl.Expr = 0) -> pl.Expr:
    """Return a draw in [0, 1) for each key of `parent`."""
    state = _state(parent, name, number)
    return state.map_batches(_scramble_to_unit, return_dtype=pl.Float64, is_elementwise=True)


def root(seed: int) -> pl.Expr:
    """Return the key that every other key of a site descends from."""
    return pl.lit(_constant(f"seed {seed}"), dtype=pl.UInt64)


def choose(edges: pl.Series, draw: pl.Expr, group: pl.Expr | None = None) -> pl.Expr:
    """Return the row that each `draw` in [0, 1) selects among the rows of its `group`.

    `edges` is the result of :func:`cumulative` for the weights of the rows.
    """
    draw = draw * _BELOW_ONE if group is None else draw * _BELOW_ONE + group
    return pl.lit(edges).search_sorted(draw, side="right")


def cumulative(weights: pl.Series, group: pl.Series | None = None) -> pl.Series:
    """Return the end of each row's share of [group, group + 1); `group` must be sorted and start at 0."""
    table = pl.DataFrame({"weight": weights.cast(pl.Float64), "group": 0 if group is None else group})
    share = pl.col("weight").cum_sum().over("group") / pl.col("weight").sum().over("group")
    return table.select(edge=share + pl.col("group")).to_series()


def text(parent: str | pl.Expr, name: str, words: pl.Series) -> pl.Expr:
    """Return one of `words` for each key, all equally likely."""
    place = uniform(parent, name) * len(words)
    return pl.lit(words).gather(place.cast(pl.UInt32))


_HEXADECIMAL = pl.Series([f"{number:04x}" for number in range(2**16)])


def _hexadecimal(value: pl.Series) -> pl.Series:
    """Return the 16 hexadecimal digits of each UInt64."""
    four, *others = [(value // _words(2**shift)) % _words(2**16) for shift in (48, 32, 16, 0)]
    digits = _HEXADECIMAL.gather(four)
    for four in others:
        digits = digits + _HEXADECIMAL.gather(four)
    return digits


def hexadecimal(value: pl.Expr) -> pl.Expr:
    """Return the 16 hexadecimal digits of each UInt64."""
    return value.map_batches(_hexadecimal, return_dtype=pl.String, is_elementwise=True)
