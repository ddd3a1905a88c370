"""The ways to turn what is known about prospects into probabilities, how each is fitted, and which one is chosen."""

from __future__ import annotations

from functools import reduce
from operator import add, mul
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

import msgspec
import polars as pl

from datafast_nb.forecast.discrimination import by_visitor, isotonic, log_losses, spread
from datafast_nb.forecast.features import activity, column, log_odds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

Name = Literal["baseline", "rate", "activity", "isotonic", "logistic", "isotonic with activity"]
"""One probability for all; the service's rate; a regression on activity alone; the rate's isotonic regression; a
regression on rate and activity; and that on the isotonic rate and activity. The simplest come first."""

NAMES: Final[tuple[Name, ...]] = get_args(Name)
WITHOUT_RATE: Final[tuple[Name, ...]] = ("baseline", "activity")
WITH_ACTIVITY: Final[tuple[Name, ...]] = ("activity", "logistic", "isotonic with activity")

_RIDGE: Final = 1.0
_STEPS: Final = 50
_SETTLED: Final = 1e-5  # the next step would be about its square
_SINGULAR: Final = 1e-9
_FARTHEST: Final = 30.0  # times the base rate that a fitted curve may go below, as log-odds must stay finite
_MOST_KNOTS: Final = 400
_ALIKE: Final = 50  # visitors of about the same rate, whose share of buyers is one point of the isotonic curve


class Formula(msgspec.Struct, frozen=True, kw_only=True):
    """How a probability is computed, before the site's level.

    Attributes
    ----------
    name
        Which of the ways.
    base
        The share of prospect-moments with a purchase.
    typical_rate
        The service's mean rate; it stands in for one that is missing.
    rates, came
        The knots of the isotonic curve: the service's rate, and the share that bought.
    coefficients, covariance
        Of the regression: intercept, rate, missing rate, and activity; the covariance holds the level fixed.
    """

    name: Name
    base: float
    typical_rate: float
    rates: tuple[float, ...] = ()
    came: tuple[float, ...] = ()
    coefficients: tuple[float, ...] = ()
    covariance: tuple[tuple[float, ...], ...] = ()


class Choice(NamedTuple):
    """Which formula predicts later data best, and how it compares."""

    name: Name
    table: pl.DataFrame
    """``formula``, ``log_loss`` on later data, and ``worse`` than the best by how much, ± ``standard_error``."""


def probabilities(formula: Formula, frame: pl.DataFrame, coefficients: Numbers | None = None) -> Numbers:
    """Return the probability of each row, with other `coefficients` than the formula's own if given."""
    import numpy as np

    if formula.name == "baseline":
        return np.full(frame.height, formula.base)
    if formula.name == "rate":
        return _known_rate(formula, frame)
    if formula.name == "isotonic":
        return _curve(formula, frame)
    columns = _columns(formula, frame)
    if coefficients is not None:
        odds: Numbers = np.column_stack(columns) @ coefficients
    else:
        odds = reduce(add, map(mul, columns, formula.coefficients))
    result: Numbers = 1.0 / (1.0 + np.exp(-odds))
    return result


def fitted(name: Name, frame: pl.DataFrame) -> Formula:
    """Fit a formula to rows with ``features.FEATURES``, `visitor` and `converted`."""
    base, typical = _mean(frame["converted"]), _mean(frame["predicted_rate"])
    formula = Formula(name=name, base=base, typical_rate=typical or base)
    if name in ("isotonic", "isotonic with activity"):
        formula = msgspec.structs.replace(formula, **_knots(frame))
    return formula if name not in WITH_ACTIVITY else _regressed(formula, frame)


def chosen(earlier: pl.DataFrame, later: pl.DataFrame, names: tuple[Name, ...]) -> Choice:
    """Choose among formulas that were fitted on earlier rows by their logarithmic score on later ones.

    The simplest is taken that is within one standard error of the best (Breiman, Friedman, Olshen and Stone,
    *Classification and Regression Trees*, 1984), where the error is that of the difference, by visitor.
    """
    import numpy as np

    came, visitors = later["converted"].to_numpy(), later["visitor"].to_numpy()
    losses = {name: log_losses(_scaled(fitted(name, earlier), earlier, later), came) for name in names}
    best = min(losses.values(), key=lambda it: float(it.sum()))
    rows = []
    for name, loss in losses.items():
        worse = loss - best
        error = spread(worse - worse.mean(), visitors) / len(worse)
        rows.append((name, float(np.mean(loss)), float(worse.mean()), error))
    schema = ["formula", "log_loss", "worse", "standard_error"]
    simplest = next(name for name, _, worse, error in rows if worse <= error)
    return Choice(simplest, pl.DataFrame(rows, schema=schema, orient="row"))


def _scaled(formula: Formula, earlier: pl.DataFrame, later: pl.DataFrame) -> Numbers:
    """Return the probabilities of later rows, at the level that was right for the earlier ones."""
    import numpy as np

    level = float(earlier["converted"].sum()) / max(float(probabilities(formula, earlier).sum()), 1e-12)
    return np.clip(level * probabilities(formula, later), 0.0, 1.0)


# Parts


def _mean(values: pl.Series) -> float:
    """Return a mean, or 0 if there is none."""
    return float(values.cast(pl.Float64).mean() or 0.0)  # type: ignore[arg-type]


def _known_rate(formula: Formula, frame: pl.DataFrame) -> Numbers:
    """Return the service's rate, or the typical one where it is missing."""
    import numpy as np

    rates = column(frame, "predicted_rate")
    return np.where(np.isnan(rates), formula.typical_rate, rates)


def _curve(formula: Formula, frame: pl.DataFrame) -> Numbers:
    """Return the isotonic curve at the service's rate, or the base where it is missing."""
    import numpy as np

    if not formula.rates:
        return np.full(frame.height, formula.base)
    rates = column(frame, "predicted_rate")
    return np.where(np.isnan(rates), formula.base, np.interp(rates, formula.rates, formula.came))


def _knots(frame: pl.DataFrame) -> dict[str, tuple[float, ...]]:
    """Return both ends of each level part of an isotonic regression, between which it is interpolated.

    It is fitted to groups of visitors with about the same rate: by itself, its ends are those of the few visitors with
    the lowest and the highest rates, and if the one with the highest bought, everybody like them would for certain.
    """
    import numpy as np

    known = frame.filter(pl.col("predicted_rate").is_not_null()).sort("predicted_rate")
    if not known.height:
        return {}
    number = pl.col("visitor").is_first_distinct().cum_sum() - 1
    last = max(known["visitor"].n_unique() // _ALIKE - 1, 0)  # it also holds those who are left over
    groups = known.group_by((number.cast(pl.Int64) // _ALIKE).clip(0, last).alias("of"), maintain_order=True).agg(
        pl.col("predicted_rate", "converted").mean(), pl.len()
    )
    rates, came, size = (groups[name].to_numpy().astype(float) for name in ("predicted_rate", "converted", "len"))
    values, first = np.unique(rates, return_index=True)
    curve = isotonic(rates, came, size)[first]
    ends = np.ones(len(curve), dtype=bool)
    ends[1:-1] = (curve[1:-1] != curve[:-2]) | (curve[1:-1] != curve[2:])
    places = np.flatnonzero(ends)
    if len(places) > _MOST_KNOTS:
        places = places[np.linspace(0, len(places) - 1, _MOST_KNOTS).round().astype(int)]
    return {"rates": tuple(values[places].tolist()), "came": tuple(curve[places].tolist())}


def _columns(formula: Formula, frame: pl.DataFrame) -> list[Numbers]:
    """Return the columns of the regression, one for each coefficient."""
    import numpy as np

    one = np.ones(frame.height)
    if formula.name == "activity":
        return [one, *activity(frame)]
    unknown = np.isnan(column(frame, "predicted_rate"))
    if formula.name == "logistic":
        rate, typical = _known_rate(formula, frame), formula.typical_rate
    else:
        rate, typical = np.maximum(_curve(formula, frame), formula.base / _FARTHEST), formula.base
    odds = np.where(unknown, 0.0, log_odds(rate) - log_odds(np.array(typical)))
    return [one, odds, unknown.astype(float), *activity(frame)]


def _regressed(formula: Formula, frame: pl.DataFrame) -> Formula:
    """Fit a logistic regression with a ridge, by iteratively reweighted least squares.

    Source: McCullagh and Nelder, *Generalized Linear Models* (1989), section 2.5; the covariance is the "sandwich" by
    visitor (Liang and Zeger, *Biometrika* 73, 1986), given that the expected total stays what it is: `site_level` has
    the uncertainty of that.
    """
    import numpy as np

    columns, came = np.column_stack(_columns(formula, frame)), frame["converted"].to_numpy().astype(float)
    ridge = np.eye(columns.shape[1]) * _RIDGE
    ridge[0, 0] = 0.0
    beta = np.zeros(columns.shape[1])
    beta[0] = log_odds(np.array(formula.base))
    for _ in range(_STEPS):
        rate = 1.0 / (1.0 + np.exp(-(columns @ beta)))
        weighted = columns * (rate * (1.0 - rate))[:, None]
        bread = np.linalg.inv(weighted.T @ columns + ridge + np.eye(len(beta)) * _SINGULAR)
        step = bread @ (columns.T @ (came - rate) - ridge @ beta)
        beta = beta + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < _SETTLED:
            break
    visitors = frame["visitor"].to_numpy()
    scores = np.column_stack([by_visitor(each * (came - rate), visitors) for each in columns.T])
    spreads = bread @ (scores.T @ scores) @ bread
    along = spreads @ weighted.sum(axis=0)
    spreads = spreads - np.outer(along, along) / max(float(weighted.sum(axis=0) @ along), 1e-300)
    return msgspec.structs.replace(
        formula, coefficients=tuple(beta.tolist()), covariance=tuple(map(tuple, spreads.tolist()))
    )
