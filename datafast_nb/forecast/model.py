"""A model of who buys, learned from what came true."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import polars as pl

from datafast_nb.checks import checked_duration
from datafast_nb.conversion.events import ONE_SALE
from datafast_nb.conversion.funnel import Payment
from datafast_nb.currencies import coded
from datafast_nb.errors import TooLittleRecordedError
from datafast_nb.files import write_whole
from datafast_nb.forecast import site_level, site_pages
from datafast_nb.forecast.discrimination import auc, spread
from datafast_nb.forecast.expectation import Expected, in_groups, interval, poisson_binomial, revenue_interval
from datafast_nb.forecast.features import prospects
from datafast_nb.forecast.formula import (
    NAMES,
    WITH_ACTIVITY,
    WITHOUT_RATE,
    Formula,
    Name,
    chosen,
    fitted,
    probabilities,
)
from datafast_nb.forecast.outcomes import Money, conversions, money
from datafast_nb.forecast.prospect_moments import moments, prospect_moments
from datafast_nb.forecast.quality import AFTER, BASELINE, BEFORE, CHOICE, Quality, judged
from datafast_nb.forecast.record import Record
from datafast_nb.forecast.saved_model import Learned, decoded, encoded, read
from datafast_nb.text import duration, number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

ENOUGH: Final = 30
"""Buyers from which on a formula is fitted. With fewer, the service's rate is kept, and only its level is corrected."""

_BELIEF: Final = 5.0  # purchases that the service's own level is worth, where there are few buyers
_NO_BELIEF: Final = 0.5
_FEWEST: Final = 10  # buyers, where the service predicts nothing
_LATER: Final = 2 / 3  # of the purchases are in the earlier part
_DRAWS: Final = 64
_MOST_TYPICAL: Final = 4_000  # prospects
_SEED: Final = 20_260_206
_MOST_AMOUNTS: Final = 2_000
_OVERLAP: Final = (
    "The record is short for a horizon of {}: some purchases count both in the part that the quality was learned from "
    "and in the later one, so it looks better than it is."
)
_PREDICTED: Final = (
    "visitor_id",
    "probability",
    "expected_value",
    "minutes_idle",
    "minutes_on_site",
    "visits_before",
    "predicted_rate",
    "predicted_value",
    "score",
    "confidence",
)


class Model:
    """A model of whether a prospect who is on the site buys within a horizon. `learn` makes one.

    Attributes
    ----------
    horizon : timedelta
        How long after a moment a purchase counts.
    formula : str
        What the probability is computed from: ``baseline`` (the same for everybody), ``rate`` (the service's),
        ``activity`` (minutes idle and on site, visits before), ``isotonic`` (the recalibrated rate), ``logistic`` (rate
        and activity), or ``isotonic with activity``.
    quality : Quality
        How good the probabilities are on later data than they were learned from, before and after. The formula was
        chosen on that data too, which favors the model.
    currency : str or None
        The currency of expected values; None if they are not known.
    start, end : datetime
        The first and the last moment learned from.
    moments, prospects, visitors, buyers : int
        How many moments that were, how many prospects at them in all, how many visitors these were, and how many of
        them bought within the horizon.
    notes : tuple of str
        What to know about the model, in sentences.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> history = dfn.History("site-history")  # doctest: +SKIP
    >>> model = dfn.learn(history, horizon="1d")  # doctest: +SKIP
    >>> print(model.expected(dfn.connect().snapshot()))  # doctest: +SKIP
    """

    def __init__(self, learned: Learned, quality: Quality) -> None:
        self._learned = learned
        self.quality = quality
        self.horizon = timedelta(seconds=learned.horizon)
        self.formula: Name = learned.formula.name
        self.currency = learned.currency
        self.start, self.end = learned.start, learned.end
        self.moments, self.prospects = learned.moments, learned.rows
        self.visitors, self.buyers = learned.visitors, learned.buyers
        self.notes = learned.notes

    def __repr__(self) -> str:
        within = duration(self.horizon.total_seconds())
        return f"Model(formula={self.formula!r}, horizon={within!r}, {number(self.buyers, 'buyer')})"

    def __str__(self) -> str:
        within, span = duration(self.horizon.total_seconds()), (self.start, self.end)
        seen = " to ".join(f"{when:%Y-%m-%d %H:%M}" for when in span)
        learned = (
            f"Who buys within {within}, learned from {number(self.visitors, 'prospect')} seen from {seen} UTC, of whom "
            f"{self.buyers:,} bought"
        )
        sentences = [f"{sentence.rstrip('.')}." for sentence in (learned, *self.notes)]
        return "\n".join([*sentences, str(self.quality)])

    def predict(self, snapshot: Any) -> pl.DataFrame:  # noqa: ANN401 - anything but a snapshot is refused
        """Return the probability to buy of each prospect of a snapshot, highest first.

        Parameters
        ----------
        snapshot : Snapshot
            A snapshot of the site that the model was learned from. If it has no predictions, the service's typical rate
            stands in for them.

        Returns
        -------
        polars.DataFrame
            ``visitor_id``, ``probability`` (that they buy within the horizon), ``expected_value`` (what they will pay
            on average, in `currency`; null if that is not known), ``minutes_idle`` (since their last event),
            ``minutes_on_site``, ``visits_before``; and the service's own figures: ``predicted_rate``,
            ``predicted_value`` (USD), ``score`` and ``confidence``.

        Raises
        ------
        ModelError
            The snapshot is of another site than the model, or of several.
        TypeError
            It is not a snapshot.
        """
        import numpy as np

        here, amount = self._prospects(snapshot), self.quality.amount
        chance = np.clip(self._learned.level.mean * probabilities(self._learned.formula, here), 0.0, 1.0)
        predicted = here.with_columns(
            predicted_value="expected_value",
            probability=pl.Series(chance),
            expected_value=pl.lit(None, pl.Float64) if amount is None else pl.Series(chance * amount),
        )
        return predicted.select(_PREDICTED).sort("probability", descending=True, maintain_order=True)

    def expected(self, snapshot: Any) -> Expected:  # noqa: ANN401 - as above
        """Return how many sales, and what revenue, to expect from those who are here now, within the horizon.

        Parameters
        ----------
        snapshot : Snapshot
            As for `predict`.

        Returns
        -------
        Expected
            The mean and a 95 % interval of each; it prints as a sentence. Visitors who come later do not count.

        Raises
        ------
        ModelError
            The snapshot is of another site than the model, or of several.

        Notes
        -----
        If everybody's probability were known, the number would have a Poisson-binomial distribution. This is the mean
        of such distributions over 64 draws from what the model does not know: the level of the site, which is the less
        certain the more it has drifted and the older the model is, and the coefficients. The draws are the same each
        time. The amounts are drawn from those recorded.
        """
        import numpy as np

        chances, mean, prospects_here = self._counted(snapshot)
        low, high = interval(chances)
        paid: tuple[float | None, float | None, float | None] = (None, None, None)
        if self.quality.amount is not None:
            ends = revenue_interval(chances, np.array(self._learned.amounts), _SEED)
            paid = (mean * self.quality.amount, *ends)
        return Expected(mean, low, high, *paid, self.currency, prospects_here, self.horizon)

    def chances(self, snapshot: Any) -> Numbers:  # noqa: ANN401 - as above
        """Return how likely it is that 0, 1, 2, … of those who are here now buy within the horizon.

        Parameters
        ----------
        snapshot : Snapshot
            As for `predict`.

        Returns
        -------
        array of float
            Probabilities that add up to 1, that of no purchase first. `expected` takes its interval from them.

        Raises
        ------
        ModelError
            The snapshot is of another site than the model, or of several.
        """
        return self._counted(snapshot)[0]

    def _counted(self, snapshot: Any) -> tuple[Numbers, float, int]:  # noqa: ANN401 - as above
        """Return the probabilities of 0, 1, … purchases, their mean, and how many prospects there are."""
        import numpy as np

        here = self._prospects(snapshot)
        levels = site_level.draws(self._learned.level, snapshot.fetched_at, _DRAWS, _SEED)
        typical, each = self._typical(here)
        rates, sizes = in_groups(np.clip(levels[:, None] * self._drawn(typical), 0.0, 1.0))
        sizes = sizes * each
        return poisson_binomial(rates, sizes), float((rates @ sizes).mean()), here.height

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file as JSON, which `load` reads. It holds no names, addresses or ids of visitors."""
        write_whole(Path(path), encoded(self._learned, self.quality))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a model that `save` wrote.

        Raises
        ------
        ModelError
            There is no such file, it is not a model, or it is of another version.
        """
        return cls(*decoded(read(Path(path)), str(path)))

    def _prospects(self, snapshot: Any) -> pl.DataFrame:  # noqa: ANN401 - as above
        """Return the prospects of a snapshot of this site."""
        site_pages.check(snapshot, self._learned.pages)
        return prospects(snapshot)

    def _typical(self, here: pl.DataFrame) -> tuple[pl.DataFrame, float]:
        """Return some thousand prospects, at equal distances by their probability, and how many each stands for."""
        if here.height <= _MOST_TYPICAL:
            return here, 1.0
        place = (2 * pl.int_range(_MOST_TYPICAL, eager=True) + 1) * here.height // (2 * _MOST_TYPICAL)
        ranked = pl.Series(probabilities(self._learned.formula, here)).arg_sort()
        return here[ranked.gather(place)], here.height / _MOST_TYPICAL

    def _drawn(self, here: pl.DataFrame) -> Numbers:
        """Return the formula's probabilities for each draw of its coefficients: of shape (draws or 1, prospects)."""
        import numpy as np

        formula = self._learned.formula
        if formula.name not in WITH_ACTIVITY:
            return probabilities(formula, here)[None, :]
        draw = np.random.default_rng(_SEED)
        mean, covariance = np.array(formula.coefficients), np.array(formula.covariance)
        values, directions = np.linalg.eigh((covariance + covariance.T) / 2.0)
        along = draw.normal(size=(_DRAWS, len(mean))) * np.sqrt(np.maximum(values, 0.0))
        return probabilities(formula, here, (mean + along @ directions.T).T).T


def learn(
    history: Record,
    horizon: timedelta | str | float = "1d",
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    rates: Mapping[str, float] | None = None,
) -> Model:
    """Learn from a history who buys.

    Of the prospects who were on the site at many moments, some bought within the horizon. From the service's rate, the
    minutes idle and on the site, and earlier visits, the model gives the probability that a prospect who is on the site
    now buys, too. Which of these it uses, and how, is decided on later data than it learned from: it takes the simplest
    formula that is as good as the best. Then it is fitted to all data.

    Parameters
    ----------
    history
        A record of some days at least, such as a ``History``.
    horizon
        How long after a moment a purchase counts: a timedelta, seconds, or text such as ``"1h"`` or ``"1d"``. Only
        moments count after which that time was recorded without a gap.
    start, end
        Learn only from what was seen from `start` until before `end` (with a time zone).
    rates
        USD for one unit of each currency, such as ``{"EUR": 1.1}``. Needed for expected values if payments are in
        several currencies; those in a currency without a rate have no amount.

    Returns
    -------
    Model
        It prints as a few sentences: what it was learned from, what it uses, and how good it is.

    Raises
    ------
    TooLittleRecordedError
        No moment was recorded to the end of its horizon, no prospects were, or the service predicts nothing and
        fewer than ten visitors bought.
    NotRecordedError
        There is no history at this location.

    Notes
    -----
    A buyer is a prospect with a payment above 0 that can be traced to them, as in ``calibration``; the notes of the
    model say how many sales could not be traced. If fewer than 30 visitors bought, the service's rate is multiplied by
    a factor between 1 and the observed ratio, nearer to the latter if more bought. If the rate separates buyers from
    others no better than chance (the 95 % interval of its AUC includes 0.5), it is not used.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     history = dfn.demo.simulate(folder, days=0.3, visitors_per_day=2_000, every=60, progress=False)
    ...     model = dfn.learn(history, horizon="1h")
    >>> model.formula
    'rate'
    """
    if not hasattr(history, "polls"):
        raise TypeError(f"learn takes a History, not {type(history).__name__}.")
    within = checked_duration(horizon, "horizon")
    at = moments(history, within, start, end)
    if not len(at):
        raise TooLittleRecordedError(_too_short(history, within))
    paid = _paid(history, rates, start, end)
    first = conversions(history, Payment(), paid.found.sold, start, end)
    rows = prospect_moments(history, first, at, within, start, end)
    if not rows.height:
        raise TooLittleRecordedError("No prospect was on the site at a recorded moment. Record until visitors come.")
    return _learned(history, rows, paid, first, within, at, start, end)


# Parts


class _Paid(NamedTuple):
    """The payments of a record, and the one currency of their values, if there is one."""

    found: Money
    currency: str | None
    note: str


class _Fit(NamedTuple):
    """A formula with the level at its end."""

    formula: Formula
    level: site_level.Level
    dispersion: float


class _Found(NamedTuple):
    """What was chosen and fitted, how good such a model is on later data, and what to know about it."""

    fit: _Fit
    quality: Quality
    notes: list[str]


def _too_short(history: Record, within: timedelta) -> str:
    """Return what to record, if no moment was recorded to the end of its horizon."""
    span = history.collect(history.polls().select(pl.col("seen_at").max() - pl.col("seen_at").min())).item()
    known = duration(span.total_seconds()) if span is not None else "nothing"
    return (
        f"No moment was recorded to the end of its horizon, {duration(within.total_seconds())}, without a gap: the "
        f"history spans {known}, with {number(history.gaps().height, 'gap')}. Record for longer, or ask for a shorter "
        "horizon, such as horizon='10m'."
    )


def _paid(history: Record, rates: Mapping[str, float] | None, start: datetime | None, end: datetime | None) -> _Paid:
    """Return the payments with their values in one currency, if that is possible."""
    listed = coded(history.collect(history.payments(start, end).filter(pl.col("amount") > 0)))
    codes = sorted(listed["currency"].drop_nulls().unique())
    if rates is None and len(codes) == 1:
        worth = {} if codes[0] == "USD" else {codes[0]: 1.0}
        return _Paid(money(history, worth, start, end, renewals=False), codes[0], "")
    found = money(history, rates or {}, start, end, renewals=False)
    if rates is not None:
        return _Paid(found, "USD", "")
    several = f"Payments are in {len(codes)} currencies: give rates= for expected values." if codes else ""
    return _Paid(found, None, several)


def _amounts(paid: _Paid, first: pl.DataFrame) -> tuple[float, ...]:
    """Return what buyers paid first, in ascending order; if they are many, at equal distances."""
    if paid.currency is None:
        return ()
    sales = paid.found.paid.filter(pl.col("value") > 0).join(first, on="visitor_id")
    nearby = (pl.col("at") - pl.col("converted_at")).abs() <= ONE_SALE
    values = sales.filter(nearby)["value"].sort()
    if len(values) > _MOST_AMOUNTS:
        place = pl.int_range(_MOST_AMOUNTS, eager=True)
        values = values.gather((2 * place + 1) * len(values) // (2 * _MOST_AMOUNTS))
    return tuple(values.to_list())


def _learned(
    history: Record,
    rows: pl.DataFrame,
    paid: _Paid,
    first: pl.DataFrame,
    within: timedelta,
    at: pl.Series,
    start: datetime | None,
    end: datetime | None,
) -> Model:
    """Return the model of prospect-moments."""
    amounts = _amounts(paid, first)
    found = _found(rows, within)
    learned = Learned(
        formula=found.fit.formula,
        level=found.fit.level,
        horizon=within.total_seconds(),
        start=at[0],
        end=at[-1],
        moments=len(at),
        rows=rows.height,
        visitors=rows["visitor"].n_unique(),
        buyers=_buyers(rows),
        sales=paid.found.sold.height + paid.found.unmatched,
        unmatched=paid.found.unmatched,
        amounts=amounts,
        currency=paid.currency if amounts else None,
        pages=site_pages.of_record(history, start, end),
        notes=tuple(filter(None, [*found.notes, *_unmatched_note(paid.found), paid.note])),
    )
    amount = sum(amounts) / len(amounts) if amounts else None
    return Model(learned, replace(found.quality, amount=amount, currency=learned.currency))


def _found(rows: pl.DataFrame, within: timedelta) -> _Found:
    """Return the formula that suits the rows best, fitted to them."""
    buyers, predicted = _buyers(rows), rows["predicted_rate"].count() > 0
    if not predicted and buyers < _FEWEST:
        raise TooLittleRecordedError(
            f"The service predicts nothing here, and {number(buyers, 'prospect')} bought: record until {_FEWEST} have."
        )
    few = buyers < ENOUGH
    names, note = _candidates(rows, few=few, predicted=predicted)
    earlier, later, apart = _split(rows, within)
    name, table = names[0], CHOICE.to_frame()
    if len(names) > 1 and earlier["converted"].any() and later["converted"].any():
        name, table = chosen(earlier, later, names)
    fit = _fit(name, rows, few=few)
    overlap = [] if apart else [_OVERLAP.format(duration(within.total_seconds()))]
    notes = [*note, *overlap, *_few_note(fit, buyers, predicted=predicted, few=few)]
    return _Found(fit, _quality(name, earlier, later, fit, table, few=few), notes)


def _buyers(rows: pl.DataFrame) -> int:
    """Return how many prospects bought."""
    return rows.filter("converted")["visitor"].n_unique()


def _candidates(rows: pl.DataFrame, *, few: bool, predicted: bool) -> tuple[tuple[Name, ...], list[str]]:
    """Return the formulas to choose from, simplest first, and why some are not among them."""
    if few:
        return ("rate",) if predicted else ("baseline",), []
    if not predicted:
        return WITHOUT_RATE, ["The service predicts nothing here."]
    known = rows.filter(pl.col("predicted_rate").is_not_null())
    area = auc(*(known[name].to_numpy() for name in ("predicted_rate", "converted", "visitor")))
    if area is None or area.low <= 0.5:  # noqa: PLR2004 - what chance gives
        figures = "" if area is None else f" (AUC {area.value:.2f}, 95 % interval {area.low:.2f} to {area.high:.2f})"
        why = f"The service's rate tells buyers from others no better than chance{figures}"
        return WITHOUT_RATE, [f"{why}: the site's baseline is used instead."]
    return NAMES, []


def _split(rows: pl.DataFrame, within: timedelta) -> tuple[pl.DataFrame, pl.DataFrame, bool]:
    """Return the rows before two thirds of the purchases, up to a horizon before the rest; the rest; and if so.

    Where the horizon would leave out most of the earlier rows, it is not kept free: the same purchase may be in both.
    """
    came = rows["converted"].cast(pl.Int64).cum_sum()
    place = int(came.search_sorted(max(1, round(float(came[-1]) * _LATER))))
    moment = rows["moment"][min(place, rows.height - 1)]
    later = rows.filter(pl.col("moment") > moment)
    earlier = rows.filter(pl.col("moment") <= moment)
    apart = earlier.filter(pl.col("moment") <= moment - within)
    if 2 * apart["converted"].sum() > earlier["converted"].sum():
        return apart, later, True
    return earlier, later, not earlier["converted"].any()


def _fit(name: Name, rows: pl.DataFrame, *, few: bool) -> _Fit:
    """Fit a formula and the site's level."""
    formula = fitted(name, rows)
    expected = probabilities(formula, rows)
    chance = float((expected * (1.0 - expected)).sum())
    apart = spread(rows["converted"].to_numpy() - expected, rows["visitor"].to_numpy()) ** 2
    dispersion = max(1.0, apart / chance) if chance else 1.0
    timed = rows.select("moment", "converted", expected=pl.Series(expected))
    level = site_level.learned(timed, dispersion, _BELIEF if few else _NO_BELIEF)
    return _Fit(formula, level, dispersion)


def _quality(
    name: Name, earlier: pl.DataFrame, later: pl.DataFrame, fit: _Fit, table: pl.DataFrame, *, few: bool
) -> Quality:
    """Return how good a model of the earlier rows is on the later ones, beside the service's rate and the baseline."""
    import numpy as np

    if not (earlier.height and later.height):
        return judged(later.clear(), {}, table, 1.0)
    before = _fit(name, earlier, few=few)
    typical = fitted("rate", earlier)
    predictors = {
        BEFORE: probabilities(typical, later),
        AFTER: np.clip(before.level.mean * probabilities(before.formula, later), 0.0, 1.0),
        BASELINE: probabilities(fitted("baseline", earlier), later),
    }
    if not earlier["predicted_rate"].count():
        del predictors[BEFORE]
    return judged(later, predictors, table, fit.dispersion)


def _few_note(fit: _Fit, buyers: int, *, predicted: bool, few: bool) -> list[str]:
    """Return what is done where there are too few buyers to learn from."""
    if not few:
        return []
    what = f"the service's rate times {fit.level.mean:.2g}" if predicted else "the same for everybody"
    return [f"Only {number(buyers, 'prospect')} bought, too few to learn from ({ENOUGH} are needed): it is {what}."]


def _unmatched_note(found: Money) -> list[str]:
    """Return how many sales can't be traced, and what that means."""
    if not found.unmatched:
        return []
    sales = found.sold.height + found.unmatched
    most = f"up to {sales / found.sold.height:.2f} times as many may buy" if found.sold.height else "more may buy"
    return [f"Of {number(sales, 'sale')} {found.unmatched:,} could not be traced to a visitor: {most}."]
