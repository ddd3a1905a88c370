"""The prospects to look after now: those worth most, and why."""

from __future__ import annotations

from typing import Any, Final, overload

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.checks import checked_whole
from datafast_nb.conversion.dimensions import CONFIDENT, MATCHED, with_derived
from datafast_nb.conversion.explain import with_reasons
from datafast_nb.conversion.frames import AnyFrame, Frame, flag, number, opened, rate_of, require, text
from datafast_nb.conversion.idle import MOST_IDLE, with_idle
from datafast_nb.conversion.measures import PREDICTIONS
from datafast_nb.conversion.predictor import Predictor, with_predictions
from datafast_nb.snapshot import Baseline, Snapshot

_NEEDED: Final = (
    "visitor_id",
    "visit_count",
    "country_code",
    "device",
    "is_customer",
    "dimension_matches",
    *PREDICTIONS,
)
_COLUMNS: Final = (
    "visitor_id",
    "page",
    "channel",
    "visit_count",
    "country_code",
    "device",
    "score",
    "confidence",
    "predicted_rate",
    "lift",
    "expected_value",
    "minutes_idle",
    "is_idle",
    "reason",
)
_BY_MODEL: Final = ("probability", "expected_value", "predicted_value")
_LONGEST: Final = 60  # characters of a stranger's text in the reason


@overload
def opportunities(
    data: Snapshot, *, top: int | None = None, baseline: Baseline | None = None, model: Predictor | None = None
) -> pl.DataFrame: ...
@overload
def opportunities(data: Frame, *, top: int | None = None, baseline: Baseline | None = None) -> Frame: ...
@overload
def opportunities(
    data: Snapshot | AnyFrame,
    *,
    top: int | None = None,
    baseline: Baseline | None = None,
    model: Predictor | None = None,
) -> AnyFrame: ...
def opportunities(
    data: Snapshot | AnyFrame,
    *,
    top: int | None = None,
    baseline: Baseline | None = None,
    model: Predictor | None = None,
) -> AnyFrame:
    """Rank the prospects by what to expect from them, with the reason for each in plain words.

    Parameters
    ----------
    data : Snapshot or frame
        A snapshot, or a frame of visitors with the columns of ``schema.VISITORS``.
    top : int, optional
        Return at most this many prospects.
    baseline : Baseline, optional
        The site's averages, against which ``lift`` is measured; by default the snapshot's own.
    model : Model, optional
        A model that ``datafast_nb.learn`` returned, to rank the prospects of a snapshot. Without one, they are ranked
        by the service's expected value, which assumes that each is just arriving.

    Returns
    -------
    frame
        Without a model, one row for each visitor who is not a customer and whose prediction has a confidence of at
        least 0.5 and an expected value: highest expected value first, but those who have been idle for more than two
        minutes last, as most of them have left. With a model, one row for each visitor who is not a customer, highest
        probability first:

        ==================== ==========================================================================
        ``visitor_id``       the visitor
        ``page``,            as `breakdown` explains them
        ``channel``
        ``visit_count``,     as in ``schema.VISITORS``
        ``country_code``,
        ``device``
        ``score``,           0 to 100, 0 to 1
        ``confidence``
        ``predicted_rate``   predicted probability
        ``lift``             ``predicted_rate`` over the baseline's; null without a baseline
        ``probability``      with a model: that they buy within its horizon
        ``expected_value``   in USD, as if the visitor were just arriving: the longer they are idle, the less it
                             applies; with a model, what it expects them to pay, in the model's currency
        ``predicted_value``  with a model: the service's expected value, in USD
        ``minutes_idle``     minutes since the visitor's last event, or since the visit began if there is none; for a
                             frame, taken from its column of this name, null without one
        ``is_idle``          whether these are more than two; null if not known
        ``reason``           page, channel, number of the visit and what moves the likelihood most, as `explain`
                             estimates it, or else the matched dimensions; texts that visitors wrote are cut off
                             after 60 characters and are not escaped
        ==================== ==========================================================================

    Raises
    ------
    ValueError
        The frame lacks a column, or `top` is less than 1.
    TypeError
        A model is given with a frame, which has no time, or `model` is not a model.
    ModelError
        The model is of another site.

    See Also
    --------
    datafast_nb.glossary : What the terms mean.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> import datafast_nb as dfn
    >>> site = dfn.demo.Site(seed=0, clock=lambda: datetime(2026, 2, 6, 15, tzinfo=UTC))
    >>> print(dfn.opportunities(site.snapshot(), top=1)["reason"].item())
    Is on /features; came from newsletter; on visit number 2; spring-offer ×2.8, Germany ×1.8, desktop ×1.2, Mac OS ×1.1
    """
    if top is not None:
        checked_whole(top, "top", 1)
    frame, restore = opened(_rows(data, model), by_polars=True)
    if "minutes_idle" not in frame.collect_schema().names():
        frame = frame.with_columns(minutes_idle=nw.lit(None, dtype=nw.Float64))
    require(frame, _NEEDED, "opportunities")
    frame = _with_reasons(frame, rate_of(data, baseline))
    cells = {name: number(name) for name in PREDICTIONS}
    prospects = frame.with_columns(
        **cells, is_customer=flag("is_customer"), is_idle=nw.col("minutes_idle") > MOST_IDLE
    ).filter(~nw.col("is_customer"))
    if model is None:
        sure = (nw.col("confidence") >= CONFIDENT) & ~nw.col("expected_value").is_null() & ~nw.col("score").is_null()
        prospects = prospects.filter(sure)
    rate = nw.lit(rate_of(data, baseline), dtype=nw.Float64)
    with_groups = with_derived(prospects, ["page", "channel"]).with_columns(
        predicted_rate=nw.col("conversion_rate"), lift=nw.col("conversion_rate") / rate, reason=_reason()
    )
    ranked = _by_value(with_groups) if model is None else _by_probability(with_groups)
    return restore(ranked if top is None else ranked.head(top))


def _rows(data: Any, model: Predictor | None) -> Any:  # noqa: ANN401 - any frame
    """Return the visitors with their idle time and what the model predicts; those of a frame without changes."""
    if model is None:
        return with_idle(data) if isinstance(data, Snapshot) else data
    if not isinstance(data, Snapshot):
        raise TypeError(f"A model ranks a snapshot, such as client.snapshot(), not {type(data).__name__}.")
    return with_predictions(with_idle(data), data, model, probability="probability", _value="expected_value")


def _by_value(prospects: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Rank prospects by the service's expected value, with those who are idle last."""
    placed = prospects.with_columns(_last=nw.when(nw.col("is_idle")).then(1).otherwise(0))
    keys, descending = ("_last", "expected_value", "visitor_id"), [False, True, False]
    return placed.sort(*keys, descending=descending, nulls_last=True).select(*_COLUMNS)


def _by_probability(prospects: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Rank prospects by a model's probability, with the service's expected value beside the model's."""
    valued = prospects.with_columns(predicted_value=nw.col("expected_value"), expected_value=nw.col("_value"))
    place = _COLUMNS.index("expected_value")
    columns = (*_COLUMNS[:place], *_BY_MODEL, *_COLUMNS[place + 1 :])
    return valued.sort("probability", "visitor_id", descending=[True, False], nulls_last=True).select(*columns)


def _with_reasons(frame: nw.LazyFrame[Any], rate: float | None) -> nw.LazyFrame[Any]:
    """Add the `reasons` for each prediction; null in other engines than Polars, where no factors are estimated."""
    if not frame.implementation.is_polars():
        return frame.with_columns(reasons=nw.lit(None, dtype=nw.String))
    return nw.from_native(with_reasons(frame.to_native(), rate))


def _reason() -> nw.Expr:
    """Return the reason to look after a visitor, in plain words."""
    visits = nw.col("visit_count").cast(nw.Int64)
    on_visit = (
        nw.when(visits > 1)
        .then(nw.concat_str([nw.lit("on visit number "), visits.cast(nw.String)]))
        .otherwise(nw.when(visits <= 1).then(nw.lit("on the first visit")))
    )
    channel = nw.concat_str([nw.lit("came from "), _short("channel")])
    matched = _matched()
    based_on = nw.when(matched != "").then(nw.concat_str([matched, nw.lit(" matched")]))
    parts = [
        nw.concat_str([nw.lit("Is on "), _short("page")]),
        nw.when(nw.col("channel") != "direct").then(channel).otherwise(nw.lit("came directly")),
        on_visit,
        nw.coalesce(nw.col("reasons"), based_on),
    ]
    return nw.concat_str(parts, separator="; ", ignore_nulls=True)


def _matched() -> nw.Expr:
    """List the matched dimensions with known names, and count the others; empty if there are none."""
    matches = nw.col("dimension_matches")
    filled = nw.when(matches.list.len() > 0).then(matches.list.unique())
    has_null = filled.list.sort(nulls_last=False).list.get(0).is_null().cast(nw.Int64)
    held = [matches.list.contains(name).fill_null(value=False) for name in MATCHED]
    unknown = filled.list.len().cast(nw.Int64) - has_null - nw.sum_horizontal(*(each.cast(nw.Int64) for each in held))
    known = [nw.when(each).then(nw.lit(name)) for each, name in zip(held, MATCHED, strict=True)]
    names = nw.concat_str(known, separator=", ", ignore_nulls=True)
    many = nw.concat_str([unknown.cast(nw.String), nw.lit(" others")])
    others = nw.when(unknown > 1).then(many).otherwise(nw.when(unknown == 1).then(nw.lit("1 other")))
    return nw.concat_str([nw.when(names != "").then(names), others], separator=" and ", ignore_nulls=True)


def _short(column: str) -> nw.Expr:
    """Return a text on one line, cut off if it is long."""
    line = text(column).str.replace_all(r"\s+", " ")
    cut = nw.concat_str([line.str.slice(0, _LONGEST), nw.lit("…")])
    return nw.when(line.str.len_chars() > _LONGEST).then(cut).otherwise(line)
