"""A model as plain JSON: what is kept, and how a file is read that may hold anything."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import polars as pl

from datafast_nb.errors import ModelError
from datafast_nb.forecast.features import ACTIVITY
from datafast_nb.forecast.formula import WITH_ACTIVITY, Formula
from datafast_nb.forecast.quality import BINS, CHOICE, GAINS, SCORES, Quality
from datafast_nb.forecast.site_level import Level

VERSION: Final = 1
"""The version of models that this package writes and reads."""

_LARGEST: Final = 20_000_000  # bytes
_AGAIN: Final = "Learn it again: dfn.learn(history)."
_TABLES: Final = {"scores": SCORES, "gains": GAINS, "bins": BINS, "choice": CHOICE}

_Part = TypeVar("_Part")
Cells = dict[str, list[bool | int | float | str | None]]


class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """All that a model consists of, except its quality.

    Attributes
    ----------
    formula, level
        How a probability is computed: the formula's, times the level.
    horizon
        Seconds within which a purchase counts.
    start, end
        The first and the last moment learned from.
    moments, rows, visitors, buyers
        How many moments there were, how many prospects at them in all, and how many visitors these were and bought.
    sales, unmatched
        The recorded sales, and those that could not be traced to a visitor.
    amounts, currency
        What buyers paid, and its currency; none if there are several currencies.
    pages
        Hashes of the pages that visitors were on, to recognize the site; none if they have too little in common.
    notes
        What to know about the model, in sentences.
    """

    formula: Formula
    level: Level
    horizon: float
    start: datetime
    end: datetime
    moments: int
    rows: int
    visitors: int
    buyers: int
    sales: int
    unmatched: int
    amounts: tuple[float, ...]
    currency: str | None
    pages: tuple[str, ...]
    notes: tuple[str, ...]


class _File(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file."""

    datafast_nb_model: int
    learned: Learned
    quality: dict[str, Cells]


class _Stamp(msgspec.Struct):
    """What is read first."""

    datafast_nb_model: int | None = None


def encoded(learned: Learned, quality: Quality) -> bytes:
    """Return a model as JSON."""
    tables = {name: getattr(quality, name).to_dict(as_series=False) for name in _TABLES}
    return msgspec.json.format(msgspec.json.encode(_File(datafast_nb_model=VERSION, learned=learned, quality=tables)))


def decoded(body: bytes, where: str) -> tuple[Learned, Quality]:
    """Return the model of a JSON text.

    Raises
    ------
    ModelError
        It is not a model, or of another version.
    """
    version = _read(body, _Stamp, where).datafast_nb_model
    if version is None:
        raise ModelError(f"{where} is not a model of this package. {_AGAIN}")
    if version != VERSION:
        raise ModelError(f"{where} has version {version}; this package reads version {VERSION}. {_AGAIN}")
    file = _read(body, _File, where)
    try:
        tables = {name: pl.DataFrame(file.quality[name], schema=schema) for name, schema in _TABLES.items()}
    except (KeyError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise ModelError(f"{where} lacks a table of the model's quality: {error!s:.200} {_AGAIN}") from error
    it = file.learned
    if not _sound(it):
        raise ModelError(f"{where} holds numbers that no model can have. {_AGAIN}")
    amount = sum(it.amounts) / len(it.amounts) if it.amounts else None
    return it, Quality(**tables, amount=amount, currency=it.currency)


def _read(body: bytes, kind: type[_Part], where: str) -> _Part:
    """Read a part of a JSON text."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise ModelError(f"{where} is not a whole model: {error!s:.200} {_AGAIN}") from error


def read(path: Path) -> bytes:
    """Return the content of a file.

    Raises
    ------
    ModelError
        There is no such file, it can't be read, or it is too large for a model.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise ModelError(f"{path} is too large for a model. {_AGAIN}")
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} can't be read: {error.strerror or error}. {_AGAIN}") from error


def _sound(it: Learned) -> bool:
    """Return whether all numbers are finite, in their range, and as many as they must be."""
    formula, level = it.formula, it.level
    wanted = 0 if formula.name not in WITH_ACTIVITY else 1 + ACTIVITY + 2 * (formula.name != "activity")
    square = len(formula.covariance) == wanted and all(len(row) == wanted for row in formula.covariance)
    parts = {len(each) for each in (level.kept, level.weights, level.shapes, level.rates)}
    lengths = len(formula.coefficients) == wanted and square and len(formula.rates) == len(formula.came)
    numbers = [formula.base, formula.typical_rate, *formula.rates, *formula.came, *level.kept, *level.weights]
    rates = all(0.0 <= number <= 1.0 for number in numbers) and list(formula.rates) == sorted(formula.rates)
    positive = all(0.0 < number < math.inf for number in (*level.shapes, *level.rates, level.every, it.horizon))
    cells: list[Any] = [*formula.coefficients, *(cell for row in formula.covariance for cell in row), *it.amounts]
    weighed = math.isclose(sum(level.weights), 1.0, abs_tol=1e-6)
    aware = all(when.tzinfo is not None for when in (level.until, it.start, it.end))
    counted = min(it.moments, it.rows, it.visitors, it.buyers, it.sales, it.unmatched) >= 0
    sane = all(math.isfinite(cell) for cell in cells) and it.horizon < 1e9 and it.level.every < 1e9  # noqa: PLR2004
    return all((lengths, parts == {len(level.kept)}, level.kept, rates, positive, weighed, aware, counted, sane))
