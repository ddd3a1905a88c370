"""One moment, prepared for drawing, and what is new in it. Knows no widget."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Final, get_args

import polars as pl

from datafast_nb.conversion import Derived, made_of, with_dimensions
from datafast_nb.currencies import coded
from datafast_nb.filters import Filters
from datafast_nb.livemap.clusters import project
from datafast_nb.schema import EVENTS, PAYMENTS, RANGES, VISITORS
from datafast_nb.snapshot import Snapshot

_MOST_KNOWN: Final = 100_000  # payments that are remembered as known

ONE_SITE: Final = ""
"""The site's name where there is only one."""


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """What one moment has that the one before had not.

    Attributes
    ----------
    arrived : polars.DataFrame
        Visitors who were not there.
    payments : polars.DataFrame
        Payments that were not there.
    """

    arrived: pl.DataFrame
    payments: pl.DataFrame


class FrameState:
    """The frames of one moment, as the map, the panel and the header draw them.

    Parameters
    ----------
    snapshot
        The moment; None before the first answer.
    sites
        The names of the sites that have answered; by default one without a name.
    last
        The frame_state before, if there was one.

    Attributes
    ----------
    snapshot : Snapshot or None
        As above.
    visitors, events, payments : polars.DataFrame
        The snapshot's frames with a column ``site``. A visitor's id is there once: of two rows with one, the first
        counts. Numbers of no sense are null. Visitors have their place on the map, as `project` gives it. Visitors and
        events have a column ``_key``, a number for the visitor's id within the site.
    known_payments : polars.Series
        Such numbers of the payments that are there, or were before.
    """

    def __init__(
        self, snapshot: Snapshot | None, sites: Collection[str] | None = None, last: FrameState | None = None
    ) -> None:
        self.snapshot = snapshot
        self.sites = frozenset(sites if sites is not None else () if snapshot is None else (ONE_SITE,))
        visitors, events, payments = (
            _with_site(empty.to_frame() if snapshot is None else getattr(snapshot, name))
            for name, empty in (("visitors", VISITORS), ("events", EVENTS), ("payments", PAYMENTS))
        )
        visitors = _sane(visitors).with_columns(_key=_keys(visitors, "visitor_id"))
        self.visitors = project(_once(visitors))
        self.events = events.with_columns(_key=_keys(events, "visitor_id"))
        payments = coded(payments).with_columns(_payment=_payment_keys(payments))
        self.payments = payments.unique("_payment", maintain_order=True)
        paid = self.payments["_payment"].drop_nulls()
        # A payment that is missing from one answer and back in the next is not new.
        before = paid.clear() if last is None else last.known_payments
        self.known_payments: pl.Series = pl.concat([before, paid]).unique(maintain_order=True).tail(_MOST_KNOWN)

    @cached_property
    def paid(self) -> pl.DataFrame:
        """The payments with their payers, as `with_payers` gives them."""
        return with_payers(self.payments, self.visitors)

    def with_dimensions(self, *names: str) -> pl.DataFrame:
        """Give the visitors with derived dimensions as columns; each is computed once, when first asked for."""
        for name in get_args(Derived):
            if name in names and name not in self.visitors.columns:
                # Each combination of texts is worked out once: many visitors share one.
                known = self.visitors.select(made_of(name))
                worked_out = with_dimensions(known.unique(), name)
                derived = known.join(worked_out, on=known.columns, how="left", nulls_equal=True, maintain_order="left")
                self.visitors = self.visitors.with_columns(derived[name])
        return self.visitors

    def chosen(self, filters: Filters) -> pl.DataFrame:
        """Give the visitors that pass."""
        return filters.apply(self.with_dimensions(*filters.derived))

    def news_since(self, last: FrameState) -> News:
        """Give what is new; nothing of a site that was not there before, all of which would be."""
        known = pl.col("site").is_in(list(last.sites))
        return News(
            self.visitors.filter(known, ~pl.col("_key").is_in(last.visitors["_key"].implode())),
            self.payments.filter(known, ~pl.col("_payment").is_in(last.known_payments.implode())),
        )


def of_visitors(rows: pl.DataFrame, visitors: pl.DataFrame) -> pl.DataFrame:
    """Give the events of some visitors; both are a frame_state's."""
    return rows.filter(pl.col("_key").is_in(visitors["_key"].implode()))


def with_payers(payments: pl.DataFrame, visitors: pl.DataFrame) -> pl.DataFrame:
    """Match payments to active visitors: they carry no visitor's id, but an e-mail address or a name.

    Parameters
    ----------
    payments : polars.DataFrame
        A frame_state's payments.
    visitors : polars.DataFrame
        A frame_state's visitors.

    Returns
    -------
    polars.DataFrame
        The same payments in the same order with the payer's ``_key``, ``latitude``, ``longitude``, ``x``, ``city``
        and ``country_code``, null where nobody matches. The address counts before the name; of several, the first.
    """
    about = ("_key", "latitude", "longitude", "x", "city", "country_code")
    asked = payments.select("site", email=_folded("email"), name=_folded("name"))
    matches = []
    for theirs, ours in (("email", "customer_email"), ("name", "customer_name"), ("name", "display_name")):
        named = (
            visitors.lazy()
            .with_row_index("_row")
            .filter(pl.col(ours).is_not_null())
            .select("_row", "site", _lowered(ours).alias(theirs))
            # Only those named in a payment, before anything is joined: payments are few, visitors may be many.
            .filter(pl.col(theirs).is_in(asked[theirs].drop_nulls().unique().implode()))
            .unique(["site", theirs], keep="first", maintain_order=True)
            .collect()
        )
        matches.append(asked.join(named, on=["site", theirs], how="left", maintain_order="left")["_row"])
    row = pl.select(pl.coalesce(*matches)).to_series() if payments.height else pl.Series([], dtype=pl.UInt32)
    return payments.hstack(visitors.select(pl.col(about).gather(row)))


def _lowered(column: str) -> pl.Expr:
    """Give a name or an address as it is compared."""
    return pl.col(column).str.strip_chars().str.to_lowercase()


def _folded(column: str) -> pl.Expr:
    """Give a name or an address as it is compared; blank ones are nobody's."""
    return pl.when(pl.col(column).str.strip_chars() != "").then(_lowered(column))


def _with_site(frame: pl.DataFrame) -> pl.DataFrame:
    """Give a frame that names the site of each row."""
    return frame if "site" in frame.columns else frame.select(pl.lit(ONE_SITE).alias("site"), pl.all())


def _sane(visitors: pl.DataFrame) -> pl.DataFrame:
    """Give visitors with numbers that can be added up and drawn; one of no sense is null."""
    return visitors.with_columns(
        pl.when(pl.col(name).is_between(low, high)).then(pl.col(name)).alias(name)
        for name, (low, high) in RANGES.items()
        if name in VISITORS
    )


def _once(visitors: pl.DataFrame) -> pl.DataFrame:
    """Give each visitor once; rows without an id are somebody each."""
    keys = visitors["_key"]
    if keys.n_unique() == visitors.height:  # which is the rule, and quicker to see than to bring about
        return visitors
    return visitors.filter(keys.is_first_distinct() | keys.is_null())


def _keys(frame: pl.DataFrame, column: str) -> pl.Series:
    """Give a number for each row's id within its site, null without an id; no two ids have the same, as good as."""
    ids = frame[column]
    several = frame.height > 0 and frame["site"][0] != ONE_SITE
    hashes = ids.hash() ^ frame["site"].hash() if several else ids.hash()
    return pl.select(pl.when(ids.is_not_null()).then(hashes)).to_series()


def _payment_keys(payments: pl.DataFrame) -> pl.Series:
    """Give a number for each payment; one without an id is known by who paid what when."""
    told = payments.select(pl.struct("site", "timestamp", "email", "name", "amount", "currency").hash()).to_series()
    named = payments["payment_id"].str.strip_chars().fill_null("") != ""
    return pl.select(pl.when(named).then(_keys(payments, "payment_id")).otherwise(told)).to_series()
