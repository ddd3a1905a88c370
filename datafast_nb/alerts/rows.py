"""The rows that an alert's condition is evaluated for: visitors, payments, goals, or the site's totals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, Literal, get_args

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.conversion import ALIASES, Derived, with_dimensions
from datafast_nb.conversion.dimensions import page
from datafast_nb.conversion.events import PAGEVIEW, PAYMENT_EVENTS
from datafast_nb.conversion.frames import once
from datafast_nb.conversion.predictor import Predictor, with_predictions
from datafast_nb.schema import EVENTS, PAYMENTS, RANGES, VISITORS, WINDOW
from datafast_nb.snapshot import Snapshot

About = Literal["visitor", "payment", "goal", "traffic"]
"""What an alert is about."""

KEY: Final = "_key"
"""The column that tells one row from another: it identifies a visitor, a payment or a goal."""

PROBABILITY: Final = "probability"
"""The column that a model adds to visitors."""

TOTALS: Final = pl.Schema(
    {
        "visitors": pl.Int64(),
        "customers": pl.Int64(),
        "prospects": pl.Int64(),
        "returning": pl.Int64(),
        "pageviews": pl.Int64(),
        "goals": pl.Int64(),
        "payments": pl.Int64(),
        "revenue": pl.Float64(),
    }
)
"""The site's totals: who is there now, and what happened in the last ten minutes. `revenue` is null if payments of
several currencies were made."""

_DERIVED: Final = (*get_args(Derived), *ALIASES)
_FEWEST: Final = 3  # visitors whose pages tell the address of the website


def schema_of(about: About, *, model: bool = False) -> pl.Schema:
    """Return the columns that a condition can use."""
    if about == "traffic":
        return TOTALS
    columns = {
        "visitor": {
            **VISITORS,
            **dict.fromkeys(_DERIVED, pl.String()),
            **({PROBABILITY: pl.Float64()} if model else {}),
        },
        "payment": dict(PAYMENTS),
        "goal": {**EVENTS, "page": pl.String()},
    }
    return pl.Schema({"site": pl.String(), **columns[about]})


def rows_of(snapshot: Snapshot, about: About, model: Predictor | None = None) -> pl.DataFrame:
    """Return the rows of a snapshot that an alert is about, each with its `KEY`."""
    return rows_of_each([snapshot], about, model)[0]


def rows_of_each(snapshots: Sequence[Snapshot], about: About, model: Predictor | None = None) -> list[pl.DataFrame]:
    """Return the rows of many snapshots, such as of one site's past: much faster than one snapshot after another."""
    if about == "traffic":
        return [totals(each) for each in snapshots]
    frames: dict[str, Callable[[Snapshot], pl.DataFrame]] = {
        "visitor": lambda each: _predicted(once(each.visitors), each, model),
        "payment": lambda each: each.payments,
        "goal": lambda each: goals(each.events),
    }
    listed = pl.concat(frames[about](each).with_columns(_place=pl.lit(place)) for place, each in enumerate(snapshots))
    rows: pl.DataFrame = keyed(with_derived(listed, about), about)
    found = rows.unique(["_place", KEY], keep="first", maintain_order=True)
    return [found.filter(pl.col("_place") == place).drop("_place") for place in range(len(snapshots))]


def with_derived(frame: Any, about: About) -> Any:  # noqa: ANN401 - eager or lazy, as given
    """Add the derived dimensions that the frame does not have."""
    if about == "goal":
        return nw.from_native(frame).with_columns(page=page("path")).to_native()
    return with_dimensions(frame, *_DERIVED) if about == "visitor" else frame


def without_derived(frame: pl.DataFrame, about: About) -> pl.DataFrame:
    """Remove what `with_derived` and `keyed` add, such as before redacting what it was derived from."""
    return frame.drop(KEY, *{"visitor": _DERIVED, "goal": ("page",)}.get(about, ()), strict=False)


def keyed(frame: Any, about: About) -> Any:  # noqa: ANN401 - eager or lazy, as given
    """Add the column `KEY`. Without an id, it is made from the other values that don't change."""
    ids = {"visitor": "visitor_id", "payment": "payment_id", "goal": "event_id"}
    lasting = {
        "visitor": ("session_start_time", "country_code", "city", "browser", "os", "device"),
        "payment": ("timestamp", "email", "amount", "currency"),
        "goal": ("timestamp", "visitor_id", "type", "path"),
    }
    if "site" not in frame.lazy().collect_schema():
        frame = frame.with_columns(site=pl.lit(None, pl.String))
    without = pl.concat_str(
        [pl.lit("no id"), *(pl.col(name).cast(pl.String).fill_null("") for name in lasting[about])], separator="\n"
    )
    return frame.with_columns(
        pl.concat_str(["site", pl.coalesce(pl.col(ids[about]), without)], separator="\n", ignore_nulls=True).alias(KEY)
    )


def goals(events: Any) -> Any:  # noqa: ANN401 - eager or lazy, as given
    """Return the events that are goals: neither page views nor payments."""
    return events.filter(~pl.col("type").is_in([PAGEVIEW, *PAYMENT_EVENTS]))


def totals(snapshot: Snapshot) -> pl.DataFrame:
    """Return the site's totals as one row, with the columns of `TOTALS`."""
    who = once(snapshot.visitors).select(
        visitors=pl.len(),
        customers=pl.col("is_customer").fill_null(value=False).sum(),
        prospects=(~pl.col("is_customer").fill_null(value=False)).sum(),
        returning=(pl.col("visit_count") > 1).sum(),
    )
    events = recent(snapshot.events, snapshot.fetched_at).unique("event_id")
    is_view, is_payment = pl.col("type") == PAGEVIEW, pl.col("type").is_in(PAYMENT_EVENTS)
    what = events.select(pageviews=is_view.sum(), goals=(~is_view & ~is_payment).sum())
    paid = recent(received(snapshot.payments), snapshot.fetched_at).unique("payment_id").select(**sums())
    return pl.concat([who, what, paid], how="horizontal").cast(TOTALS).select(TOTALS.names())


def recent(frame: pl.DataFrame, when: datetime) -> pl.DataFrame:
    """Return what happened in the ten minutes up to a moment."""
    moment = pl.lit(when)
    return frame.filter(pl.col("timestamp") > moment - WINDOW, pl.col("timestamp") <= moment)


def received(payments: Any) -> Any:  # noqa: ANN401 - eager or lazy, as given
    """Return the payments that brought in money."""
    return payments.filter(pl.col("amount").is_between(*RANGES["amount"]), pl.col("amount") > 0)


def sums() -> dict[str, pl.Expr]:
    """Return the number and the sum of payments; the sum only if all are in one currency."""
    currencies = pl.col("currency").str.strip_chars().str.to_uppercase().n_unique()
    return {
        "payments": pl.len(),
        "revenue": pl.when(currencies <= 1).then(pl.col("amount").sum().round(2)),
    }


def site_of(snapshot: Snapshot) -> str | None:
    """Return the address of the website, if more than half of the visitors' pages name it.

    A few visitors can claim any address, so they are not enough.
    """
    url = pl.col("current_url").str.extract(r"^(https?://[A-Za-z0-9.:-]+)(?:[/?#]|$)")
    found = snapshot.visitors.select(url.alias("site")).group_by("site").len()
    is_most = (pl.col("len") >= _FEWEST) & (2 * pl.col("len") > pl.col("len").sum())
    most = found.filter(pl.col("site").is_not_null() & is_most)
    return None if most.is_empty() else most["site"][0]


def _predicted(visitors: pl.DataFrame, snapshot: Snapshot, model: Predictor | None) -> pl.DataFrame:
    """Add each visitor's probability, if there is a model; null for customers and those without a prediction."""
    if model is None:
        return visitors
    return with_predictions(visitors, snapshot, model, **{PROBABILITY: PROBABILITY})
