"""How good the probabilities of a model are, on later data than they were learned from."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.checks import checked_between
from datafast_nb.conversion.interval import wilson
from datafast_nb.forecast.calibration import EDGES
from datafast_nb.forecast.discrimination import auc, brier_parts, log_losses, observed_over_expected
from datafast_nb.forecast.reliability import bins

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

BEFORE: Final = "before"
AFTER: Final = "after"
BASELINE: Final = "baseline"
"""The predictors: the service's own rate, the model, and the same probability for everybody."""

SCORES: Final = pl.Schema(
    {
        "predictor": pl.String(),
        "predictions": pl.Int64(),
        "visitors": pl.Int64(),
        "conversions": pl.Int64(),
        "expected_conversions": pl.Float64(),
        "observed_over_expected": pl.Float64(),
        "observed_over_expected_low": pl.Float64(),
        "observed_over_expected_high": pl.Float64(),
        "brier": pl.Float64(),
        "miscalibration": pl.Float64(),
        "discrimination": pl.Float64(),
        "uncertainty": pl.Float64(),
        "log_loss": pl.Float64(),
        "auc": pl.Float64(),
        "auc_low": pl.Float64(),
        "auc_high": pl.Float64(),
        "top_tenth": pl.Float64(),
    }
)
GAINS: Final = pl.Schema(
    {
        "predictor": pl.String(),
        "contacted": pl.Float64(),
        "threshold": pl.Float64(),
        "contacts": pl.Float64(),
        "buyers": pl.Float64(),
        "buyers_share": pl.Float64(),
    }
)
BINS: Final = pl.Schema(
    {
        "predictor": pl.String(),
        "bin_low": pl.Float64(),
        "bin_high": pl.Float64(),
        "predictions": pl.Int64(),
        "conversions": pl.Int64(),
        "predicted_rate": pl.Float64(),
        "observed_rate": pl.Float64(),
        "observed_rate_low": pl.Float64(),
        "observed_rate_high": pl.Float64(),
    }
)
CHOICE: Final = pl.Schema(
    {"formula": pl.String(), "log_loss": pl.Float64(), "worse": pl.Float64(), "standard_error": pl.Float64()}
)

_SHARES: Final = (0.0, 0.01, 0.02, 0.05, *(place / 20 for place in range(2, 21)))
_TENTH: Final = 0.1


@dataclass(frozen=True, slots=True)
class Quality:
    """How good probabilities are on the later part of a record, when learned from the earlier part.

    A row of that part is a prospect at a moment. As one visitor is there at several moments, all intervals are by
    visitor. If there were several formulas to choose from, they are in `choice`, and the choice was made on this same
    part: that favors ``after``.

    Attributes
    ----------
    scores : polars.DataFrame
        A row for each ``predictor``: ``before`` is the service's own rate, ``after`` the model, ``baseline`` the same
        probability for everybody. ``predictions``, ``visitors``, ``conversions``, ``expected_conversions``;
        ``observed_over_expected``, best at 1, with its 95 % interval ``…_low`` and ``…_high``; ``brier``, which is
        ``miscalibration - discrimination + uncertainty`` and best if small; ``log_loss``, likewise; ``auc`` with its
        95 % interval: how often a buyer had the higher probability, 0.5 by chance; and ``top_tenth``, the share of
        buyers among the tenth with the highest probabilities.
    gains : polars.DataFrame
        For each predictor, who is reached by contacting the most likely first: ``contacted``, the share of prospects;
        ``threshold``, the lowest probability among them; ``contacts``; ``buyers`` reached and ``buyers_share``, of all
        buyers.
    bins : polars.DataFrame
        For each predictor and bin of probabilities, ``predicted_rate`` (mean) and ``observed_rate`` with its 95 %
        interval (Wilson, with the rows of a visitor counted as fewer).
    choice : polars.DataFrame
        The formulas that were compared, simplest first: ``log_loss``, by how much it is ``worse`` than the best, and
        the ``standard_error`` of that.
    amount : float or None
        What a buyer pays on average, in `currency`.
    currency : str or None
        Its currency.
    """

    scores: pl.DataFrame
    gains: pl.DataFrame
    bins: pl.DataFrame
    choice: pl.DataFrame
    amount: float | None = None
    currency: str | None = None

    def __str__(self) -> str:
        if not self.scores.height:
            return "Too little was recorded to test the model on later data"
        rows, bought = self.scores.select("predictions", "conversions").row(0)
        lines = [
            f"On {rows:,} later prospect-moments, {bought:,} of them before a purchase:",
            *(f"- {_sentence(it)}" for it in self.scores.iter_rows(named=True)),
        ]
        chosen = ["The formula was chosen on the same moments, which favors it."] if self.choice.height else []
        return "\n".join([*lines, *chosen])

    def value(self, cost: float, worth: float | None = None) -> pl.DataFrame:
        """Return what contacting the most likely prospects is worth, at a cost per contact.

        Parameters
        ----------
        cost
            What one contact costs.
        worth
            The worth of reaching a person who will buy, in the same currency; by default `amount`, as if the contact
            decided the sale. If it decides one sale in ten, give a tenth of it.

        Returns
        -------
        polars.DataFrame
            `gains` with the column ``value``: buyers times worth, less contacts times cost. The best threshold has the
            highest value.

        Raises
        ------
        ValueError
            No `worth` is given, and the average amount is not known; or a number is below 0 or not finite.

        Examples
        --------
        >>> model.quality.value(cost=2, worth=30).sort("value").tail(1)  # doctest: +SKIP
        """
        each = self.amount if worth is None else checked_between(worth, "worth", 0.0, sys.float_info.max)
        if each is None:
            raise ValueError("The amount of a purchase is not known; give what reaching a buyer is worth: worth=30.")
        price = checked_between(cost, "cost", 0.0, sys.float_info.max)
        net = pl.col("buyers") * each - pl.col("contacts") * price
        return self.gains.with_columns(value=net)


def _sentence(row: Mapping[str, Any]) -> str:
    """Return the scores of one predictor in words; what is not known is left out."""
    ratio = "{observed_over_expected:.2f} ({observed_over_expected_low:.2f} to {observed_over_expected_high:.2f})"
    known = row["observed_over_expected"] is not None
    parts = [f"observed over expected {ratio.format(**row)}" if known else "it expects no purchase"]
    if row["auc"] is not None:
        parts.append("AUC {auc:.2f} ({auc_low:.2f} to {auc_high:.2f})".format(**row))
    if row["top_tenth"] is not None:
        parts.append(f"the top 10 % hold {row['top_tenth']:.0%} of the buyers")
    return f"{row['predictor']}: {', '.join(parts)}"


def judged(rows: pl.DataFrame, predictors: dict[str, Numbers], choice: pl.DataFrame, dispersion: float) -> Quality:
    """Return the quality of several predictors on rows with `visitor` and `converted`."""
    tables = [(name, rates) for name, rates in predictors.items() if rows.height]
    gains = [_gains(rows, name, rates) for name, rates in tables]
    tops = [it.filter(pl.col("contacted") == _TENTH)["buyers_share"].item() for it in gains]
    scores = [{**_scores(rows, name, rates), "top_tenth": top} for (name, rates), top in zip(tables, tops, strict=True)]
    binned = [_bins(rows, name, rates, dispersion) for name, rates in tables]
    return Quality(
        pl.DataFrame(scores, schema=SCORES),
        pl.concat([GAINS.to_frame(), *gains]),
        pl.concat([BINS.to_frame(), *binned]),
        choice,
    )


def _scores(rows: pl.DataFrame, name: str, rates: Numbers) -> dict[str, Any]:
    """Return the row of one predictor in ``scores``."""
    came, visitors = rows["converted"].to_numpy(), rows["visitor"].to_numpy()
    ratio, area = observed_over_expected(rates, came, visitors), auc(rates, came, visitors)
    known: dict[str, Any] = {"predictor": name, "predictions": rows.height, "visitors": rows["visitor"].n_unique()}
    known |= {"conversions": int(came.sum()), "expected_conversions": float(rates.sum())}
    for title, found in (("observed_over_expected", ratio), ("auc", area)):
        ends = (None, None, None) if found is None else found
        known |= dict(zip((title, f"{title}_low", f"{title}_high"), ends, strict=True))
    known |= brier_parts(rates, came)._asdict()
    return known | {"log_loss": float(log_losses(rates, came).mean())}


def _gains(rows: pl.DataFrame, name: str, rates: Numbers) -> pl.DataFrame:
    """Return whom one predictor reaches; of those with equal probabilities, a share of the buyers."""
    import numpy as np

    ranked = (
        pl.DataFrame({"rate": rates, "came": rows["converted"].cast(pl.Int64)})
        .group_by("rate")
        .agg(pl.len(), pl.col("came").sum())
        .sort("rate", descending=True)
    )
    reached, buyers = (np.append(0, ranked[it].cum_sum().to_numpy()) for it in ("len", "came"))
    contacts = np.array(_SHARES) * rows.height
    found = np.interp(contacts, reached, buyers)
    last = np.clip(np.searchsorted(reached, contacts - 1e-9) - 1, 0, ranked.height - 1)
    share = found / buyers[-1] if buyers[-1] else np.full(len(found), None)
    return pl.DataFrame(
        {
            "predictor": [name] * len(_SHARES),
            "contacted": _SHARES,
            "threshold": ranked["rate"].to_numpy()[last],
            "contacts": contacts,
            "buyers": found,
            "buyers_share": share,
        },
        schema=GAINS,
    )


def _bins(rows: pl.DataFrame, name: str, rates: Numbers, dispersion: float) -> pl.DataFrame:
    """Return the reliability table of one predictor."""
    outcomes = rows.select("converted", predicted=pl.Series(rates), expected_value=0.0, value=0.0)
    table = nw.from_native(bins(outcomes, [], EDGES))
    low, high = wilson(nw.col("conversions") / dispersion, nw.col("predictions") / dispersion)
    observed: pl.DataFrame = table.with_columns(observed_rate_low=low, observed_rate_high=high).to_native()
    return observed.with_columns(predictor=pl.lit(name)).select(BINS.names())
