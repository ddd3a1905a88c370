"""Credits purchases to visits: the first, the last, all equally, or by position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.checks import checked_choice
from datafast_nb.conversion import with_dimensions
from datafast_nb.conversion.frames import opened, ratio, require
from datafast_nb.conversion.interval import wilson
from datafast_nb.errors import TooLittleRecordedError
from datafast_nb.forecast.dimensions import checked_dimensions, columns_of, derived
from datafast_nb.forecast.outcomes import USD, Money, money, with_refunds_at_sales
from datafast_nb.forecast.record import Record
from datafast_nb.history.coverage import coverage
from datafast_nb.history.sessions import began
from datafast_nb.schema import RANGES
from datafast_nb.text import number, plain

AttributionModel = Literal["first", "last", "linear", "position"]
"""How a purchase is credited to the visits before it."""

RULES: Final[dict[AttributionModel, str]] = {
    "first": "the first visit",
    "last": "the last visit",
    "linear": "all visits alike",
    "position": "40 % the first visit, 40 % the last, 20 % those between",
}
"""What each model credits, in words."""

_ENDS: Final = 0.4  # of a purchase, for the first touch and for the last
_BETWEEN: Final = 0.2
_TOLD: Final = 3


@dataclass(frozen=True, slots=True, repr=False)
class Attribution:
    """What each channel, or another group of visits, is credited with.

    Attributes
    ----------
    groups : polars.DataFrame
        A row for each group, those with most conversions first: ``matched`` (false for the last row, the purchases for
        which no visit is known); ``conversions``, the credit for purchases, which adds up to all of them; its ``share``
        (0 to 1); and ``buyers``, how many buyers came by this group at least once.
    money : polars.DataFrame
        A row for each group and currency: ``matched``, ``currency`` and ``amount``, the credit for payments in that
        currency, less refunds.
    summary : polars.DataFrame
        One row: ``conversions``, those of them ``unmatched``; ``buyers`` with a known visit before they bought; those
        with ``several_touches`` before their first purchase, their share (``several_touches_share``) with its 95 %
        interval (Wilson) ``…_low`` and ``…_high``; and ``earlier_visits``, the buyers who had come before the record
        began: their first touch is not known.
    model : {"first", "last", "linear", "position"}
        How purchases are credited.
    """

    groups: pl.DataFrame
    money: pl.DataFrame
    summary: pl.DataFrame
    model: AttributionModel

    @property
    def names(self) -> list[str]:
        """The dimensions of the groups."""
        return self.groups.columns[: self.groups.columns.index("matched")]

    def __repr__(self) -> str:
        it = self.summary.row(0, named=True)
        known = self.groups.filter("matched").head(_TOLD)
        largest = "; ".join(
            f"{' · '.join('none' if name is None else plain(name, 40) for name in row[:-1])} {row[-1]:.0%}"
            for row in known.select(*self.names, "share").iter_rows()
        )
        sentences = [
            f"{number(it['conversions'], 'purchase')}, each credited to {RULES[self.model]}",
            f"Most: {largest}" if largest else "",
            f"{it['unmatched']:,} can't be matched to a visit" if it["unmatched"] else "",
            self.touches(),
        ]
        return ". ".join(filter(None, sentences)) + "."

    def touches(self) -> str:
        """Describe how many buyers had more than one touch; return empty text if there are no buyers."""
        it: dict[str, Any] = self.summary.row(0, named=True)
        if not it["buyers"]:
            return ""
        low, high = it["several_touches_share_low"], it["several_touches_share_high"]
        earlier = f", and {it['earlier_visits']:,} had come before the record began" if it["earlier_visits"] else ""
        return (
            f"Of {number(it['buyers'], 'buyer')} {it['several_touches_share']:.0%} ({low:.0%} to {high:.0%}) came more "
            f"than once before they bought{earlier}"
        )


def attribution(
    history: Record,
    model: AttributionModel = "last",
    by: str | Sequence[str] = "channel",
    *,
    rates: Mapping[str, float] | None = None,
    renewals: bool = False,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Attribution:
    """Credit each purchase to the visits of its buyer that began before it.

    Parameters
    ----------
    history
        A history.
    model
        ``"first"`` or ``"last"``: the first or the last visit gets all of the credit. ``"linear"``: all visits get the
        same. ``"position"``: the first and the last get 40 % each, and those between share 20 %; if there are two
        visits, each gets half.
    by
        Dimensions to group the visits by, as in ``breakdown``, such as ``"channel"`` or ``"utm_campaign"``; as they
        were at the beginning of the visit.
    rates
        USD for one unit of each currency, such as ``{"EUR": 1.1}``. Without it, each currency has its own rows;
        currencies are never added up.
    renewals
        Whether to credit renewals, too.
    start, end
        Only visits and payments seen from `start` until before `end` (with a time zone).

    Returns
    -------
    Attribution
        ``groups``, ``money`` and ``summary``; it prints as a sentence.

    Raises
    ------
    TooLittleRecordedError
        No payment was recorded.
    ValueError
        The model or a dimension is unknown.

    Notes
    -----
    A purchase is a payment above 0, matched to a visitor as `calibration` does; a refund lowers the money of the visits
    of the purchase before it. Purchases without a visitor, or without a recorded visit before them, have a row of their
    own. ``conversions`` include sales known only as an event, which has no currency; ``money`` can't.

    Credit is a convention, not an effect: nobody knows who would have bought without a visit. The shares of 40, 20 and
    40 % are those of Google Analytics ("Position based", *Attribution model comparison*).

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     history = dfn.demo.simulate(folder, days=0.3, visitors_per_day=1_000, progress=False)
    ...     found = dfn.attribution(history, "linear")
    >>> found.groups.columns
    ['channel', 'matched', 'conversions', 'share', 'buyers']
    """
    checked_choice(model, get_args(AttributionModel), "attribution model")
    names = checked_dimensions(by)
    if not names:
        raise ValueError("Give at least one dimension to credit, such as by='channel'.")
    found = money(history, rates or {}, start, end, renewals=renewals)
    if found.paid.is_empty() and found.sold.is_empty():
        raise TooLittleRecordedError(
            "No payment was recorded in this time, so there is nothing to credit. Record for longer: "
            "history.record(client); or give a longer time with start and end."
        )
    sales = _sales(found, priced=rates is not None)
    touches = _touches(history, sales, names, start, end)
    credit = credited(touches, sales.drop_nulls("visitor_id").select("sale", "visitor_id", "at"), names, model)
    return Attribution(*_added_up(credit, sales, names), _summary(touches, sales, credit), model)


def _sales(found: Money, *, priced: bool) -> pl.DataFrame:
    """Return a row for each conversion and each payment: `sale`, whose and when, its `conversions` (1 or 0), its money.

    The conversions without a visitor are one row.
    """
    sold = found.sold.select("visitor_id", "at", conversions=1.0)
    if found.unmatched:
        sold = pl.concat([sold, pl.DataFrame({"conversions": [float(found.unmatched)]})], how="diagonal")
    matched = found.paid.filter(pl.col("visitor_id").is_not_null())
    paid = pl.concat([with_refunds_at_sales(matched), found.paid.filter(pl.col("visitor_id").is_null())])
    in_usd = pl.col("value").is_not_null() & priced
    paid = paid.filter(pl.col("amount").is_between(*RANGES["amount"])).select(
        "visitor_id",
        "at",
        conversions=0.0,
        currency=pl.when(in_usd).then(pl.lit(USD)).otherwise("currency"),
        amount=pl.when(in_usd).then("value").otherwise("amount"),
    )
    return pl.concat([sold, paid], how="diagonal").with_row_index("sale")


def _touches(
    history: Record, sales: pl.DataFrame, names: Sequence[str], start: datetime | None, end: datetime | None
) -> pl.DataFrame:
    """Return the visits of buyers: `visitor_id`, when each began, as `since`, the dimensions, and `earlier`.

    The last is whether its visitor had come before the record began.
    """
    buyers = sales.lazy().select("visitor_id").drop_nulls().unique()
    columns = dict.fromkeys(["visitor_id", "session_start_time", "first_seen", "visit_count", *columns_of(names)])
    visits = history.sessions(start, end).select(*columns).join(buyers, on="visitor_id", how="semi")
    record_began = coverage(history, start, end)["from"].min()
    seen = history.collect(visits.with_columns(since=began()).sort("since", "first_seen", *columns_of(names)))
    seen = seen.unique(["visitor_id", "since"], keep="first", maintain_order=True)
    first = pl.col("since") == pl.col("since").min().over("visitor_id")
    earlier = (pl.col("visit_count") > 1) | (pl.col("since") < pl.lit(record_began, seen["since"].dtype))
    touches = with_dimensions(seen, *derived(names)).with_columns(earlier=(first & earlier).fill_null(value=False))
    return touches.select(*dict.fromkeys(["visitor_id", *names]), "since", "earlier")


def credited(touches: Any, sales: Any, by: Sequence[str], model: AttributionModel) -> Any:  # noqa: ANN401 - any frames
    """Return the share of each sale that each group of visits is credited with.

    Parameters
    ----------
    touches : frame
        One row for each visit: `visitor_id`, when it began, as `since`, and the `by` columns. Lazy frames stay lazy.
    sales : frame
        One row for each sale, of the same kind of frame: `sale`, its number, `visitor_id`, and when it was, as `at`.
    by
        The columns to group by.
    model
        How a sale is credited.

    Returns
    -------
    frame
        `by`, `sale`, and its ``credit``, which adds up to 1 for each sale with at least one visit before it.
    """
    visits, restore = opened(touches, by_polars=True)
    bought, _ = opened(sales, by_polars=True)
    require(visits, ("visitor_id", "since", *by), "an attribution")
    require(bought, ("sale", "visitor_id", "at"), "an attribution")
    columns = list(dict.fromkeys(["visitor_id", *by]))
    before = visits.select(*columns, "since").join(bought.select("sale", "visitor_id", "at"), on="visitor_id")
    before = before.filter(nw.col("since") <= nw.col("at")).with_columns(
        _place=nw.col("since").cum_count().over("sale", order_by=("since", *by)),
        _touches=nw.col("since").count().over("sale"),
    )
    shares = before.with_columns(credit=_credit(model)).filter(nw.col("credit") > 0)
    return restore(shares.group_by(*by, "sale").agg(nw.col("credit").sum()))


def _credit(model: AttributionModel) -> nw.Expr:
    """Return the credit of a touch by its `_place` from 1 to the number of `_touches`."""
    place, touches = nw.col("_place").cast(nw.Float64), nw.col("_touches").cast(nw.Float64)
    one, none = nw.lit(1.0), nw.lit(0.0)
    if model == "first":
        return nw.when(place == 1).then(one).otherwise(none)
    if model == "last":
        return nw.when(place == touches).then(one).otherwise(none)
    if model == "linear":
        return 1.0 / touches
    between = ratio(nw.lit(_BETWEEN), touches - 2.0)
    at_an_end = nw.when((place == 1) | (place == touches)).then(nw.lit(_ENDS)).otherwise(between)
    return nw.when(touches <= 2).then(1.0 / touches).otherwise(at_an_end)  # noqa: PLR2004 - both ends


def _added_up(credit: pl.DataFrame, sales: pl.DataFrame, names: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the conversions and the money that each group is credited with; a row for each without credit is last."""
    known = credit.with_columns(matched=pl.lit(value=True)).join(
        sales.rename({"visitor_id": "_buyer"}).drop("at"), on="sale"
    )
    lost = sales.join(credit, on="sale", how="anti").select(
        "sale", "conversions", "currency", "amount", matched=pl.lit(value=False), credit=1.0
    )
    every = pl.concat([known, lost], how="diagonal")
    keys, order = [*names, "matched"], [False for _ in names]
    conversions = (pl.col("conversions") * pl.col("credit")).sum()
    sold = pl.col("conversions") > 0
    groups = (
        every.filter(sold)
        .group_by(keys)
        .agg(conversions=conversions, buyers=pl.col("_buyer").n_unique().cast(pl.Int64))
        .with_columns(
            share=pl.col("conversions") / pl.col("conversions").sum(),
            buyers=pl.when("matched").then("buyers"),
        )
        .sort("matched", "conversions", *names, descending=[True, True, *order], nulls_last=True)
        .select(*keys, "conversions", "share", "buyers")
    )
    paid = (
        every.filter(~sold)
        .group_by(*keys, "currency")
        .agg(amount=(pl.col("amount") * pl.col("credit")).sum())
        .sort("matched", "currency", "amount", *names, descending=[True, False, True, *order], nulls_last=True)
        .select(*keys, "currency", "amount")
    )
    return groups, paid


def _summary(touches: pl.DataFrame, sales: pl.DataFrame, credit: pl.DataFrame) -> pl.DataFrame:
    """Return how many purchases and buyers there are, and how many of these had several touches."""
    sold = sales.filter(pl.col("conversions") > 0)
    first = sold.drop_nulls("visitor_id").group_by("visitor_id").agg(pl.col("at").min())
    before = touches.join(first, on="visitor_id").filter(pl.col("since") <= pl.col("at"))
    buyers = before.group_by("visitor_id").agg(touches=pl.len(), earlier=pl.col("earlier").any())
    total, matched = int(sold["conversions"].sum()), sold.join(credit, on="sale", how="semi").height
    figures = pl.DataFrame(
        {
            "conversions": [total],
            "unmatched": [total - matched],
            "buyers": [buyers.height],
            "several_touches": [buyers.filter(pl.col("touches") > 1).height],
            "earlier_visits": [int(buyers["earlier"].sum())],
        }
    )
    several, count = nw.col("several_touches").cast(nw.Float64), nw.col("buyers").cast(nw.Float64)
    low, high = wilson(several, count)
    shares = {"several_touches_share": ratio(several, count), "several_touches_share_low": low}
    shares["several_touches_share_high"] = high
    summary: pl.DataFrame = nw.from_native(figures).with_columns(**shares).to_native()
    return summary.select("conversions", "unmatched", "buyers", "several_touches", *shares, "earlier_visits")
