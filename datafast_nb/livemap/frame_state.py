"""One moment, prepared for drawing, and what is new in it. Independent of any widget."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Final, get_args

import polars as pl

from datafast_nb.conversion import Derived, effects_of, factors_of, in_words, rate_of, with_dimensions
from datafast_nb.currencies import coded
from datafast_nb.errors import ModelError
from datafast_nb.filters import Filters
from datafast_nb.forecast.model import Model
from datafast_nb.livemap.clusters import project
from datafast_nb.livemap.prospects import with_model
from datafast_nb.schema import EVENTS, PAYMENTS, RANGES, VISITORS
from datafast_nb.snapshot import Snapshot

_MOST_KNOWN: Final = 100_000  # maximum number of payments to remember
_MOST_EXPLAINED: Final = 5_000  # about; of more visitors, a regular sample tells what moves their predictions

ONE_SITE: Final = ""
"""The name of the site if there is only one."""


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """What is new in one moment, compared with the previous one.

    Attributes
    ----------
    arrived : polars.DataFrame
        The new visitors.
    payments : polars.DataFrame
        The new payments.
    """

    arrived: pl.DataFrame
    payments: pl.DataFrame


class FrameState:
    """The data frames of one moment, as the map, the panel and the header draw them.

    Parameters
    ----------
    snapshot
        The snapshot; None before the first answer.
    sites
        The names of the sites that have answered; by default, one without a name.
    last
        The previous frame state, if there is one.
    model
        A model of the site's record, if there is one.

    Attributes
    ----------
    snapshot : Snapshot or None
        As above.
    visitors, events, payments : polars.DataFrame
        The snapshot's data frames with a column ``site``. Each visitor id occurs once: of several rows, the first
        counts. Impossible numbers are null. Visitors have a position on the map, as returned by `project`. Visitors and
        events have a column ``_key``, a hash of the visitor's id and site. With a model, visitors have its
        ``probability`` and ``worth``.
    model : Model or None
        The model, unless it can't be used.
    model_fault : str
        Why the model can't be used; empty if it can.
    known_payments : polars.Series
        Hashes of the payments in this and earlier moments.
    """

    def __init__(
        self,
        snapshot: Snapshot | None,
        sites: Collection[str] | None = None,
        last: FrameState | None = None,
        model: Model | None = None,
    ) -> None:
        self.snapshot = snapshot
        self.sites = frozenset(sites if sites is not None else () if snapshot is None else (ONE_SITE,))
        visitors, events, payments = (
            _with_site(empty.to_frame() if snapshot is None else getattr(snapshot, name))
            for name, empty in (("visitors", VISITORS), ("events", EVENTS), ("payments", PAYMENTS))
        )
        visitors = _sane(visitors).with_columns(_key=keys_of(visitors, "visitor_id"))
        self.model, self.model_fault = model, ""
        self.visitors = self._with_model(project(_once(visitors)))
        self.events = events.with_columns(_key=keys_of(events, "visitor_id"))
        payments = coded(payments).with_columns(_payment=payment_keys_of(payments))
        self.payments = payments.unique("_payment", maintain_order=True)
        paid = self.payments["_payment"].drop_nulls()
        # A payment that is missing from one answer and back in the next is not new.
        before = paid.clear() if last is None else last.known_payments
        self.known_payments: pl.Series = pl.concat([before, paid]).unique(maintain_order=True).tail(_MOST_KNOWN)

    def _with_model(self, visitors: pl.DataFrame) -> pl.DataFrame:
        """Return the visitors with the model's figures. A model that does not fit is put aside, with the reason."""
        if self.model is None or self.snapshot is None:
            return visitors
        try:
            return with_model(visitors, self.snapshot, self.model)
        except ModelError as error:
            self.model, self.model_fault = None, str(error)
            return visitors

    @cached_property
    def _effects(self) -> pl.DataFrame:
        """What each matched dimension and value multiplies the predicted rates by."""
        rate = None if self.snapshot is None else rate_of(self.snapshot, None)
        return effects_of(self.visitors, rate, _MOST_EXPLAINED)

    def reasons(self, members: pl.DataFrame) -> tuple[str, ...]:
        """Return what moves the predictions of some visitors most, on average, such as "Germany ×1.8"."""
        members = members.gather_every(1 + members.height // _MOST_EXPLAINED)
        mean = (pl.col("factor").log().sum() / members.height).exp()
        shared = self.factors(members).group_by("label").agg(factor=mean)
        strongest = shared.sort(pl.col("factor").log().abs(), "label", descending=[True, False])
        words = in_words(strongest.with_columns(_row=pl.lit(0)))["reasons"]
        return tuple(words.item()) if words.len() else ()

    def factors(self, members: pl.DataFrame) -> pl.DataFrame:
        """Return what moves the prediction of each of some visitors: their ``_row``, ``label`` and ``factor``."""
        return factors_of(members, self._effects)

    @cached_property
    def paid(self) -> pl.DataFrame:
        """The payments with their payers, as returned by `with_payers`."""
        return with_payers(self.payments, self.visitors)

    def with_dimensions(self, *names: str) -> pl.DataFrame:
        """Return the visitors with derived dimensions as columns. Each is computed once, when first requested."""
        new = [name for name in get_args(Derived) if name in names and name not in self.visitors.columns]
        if new:
            self.visitors = with_dimensions(self.visitors, *new)
        return self.visitors

    def chosen(self, filters: Filters) -> pl.DataFrame:
        """Return the visitors who pass the filters."""
        return filters.apply(self.with_dimensions(*filters.derived))

    @property
    def original(self) -> FrameState:
        """The frame state with the names: this one, unless it is redacted."""
        return self

    def originals(self, visitors: pl.DataFrame) -> pl.DataFrame:
        """Return some visitors of this frame state with their names: as they are, unless it is redacted."""
        return visitors

    def known_news(self, news: News) -> News:
        """Return news as it is known here: as it is, unless this frame state is redacted."""
        return news

    def news_since(self, last: FrameState) -> News:
        """Return what is new since `last`. A site that was not there before is skipped, as all of it would be new."""
        known = pl.col("site").is_in(list(last.sites))
        return News(
            self.visitors.filter(known, ~pl.col("_key").is_in(last.visitors["_key"].implode())),
            self.payments.filter(known, ~pl.col("_payment").is_in(last.known_payments.implode())),
        )


def of_visitors(rows: pl.DataFrame, visitors: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of some visitors, such as their events; both frames are those of a frame state."""
    return rows.filter(pl.col("_key").is_in(visitors["_key"].implode()))


def part_of(
    snapshot: Snapshot, visitors: pl.DataFrame, events: pl.DataFrame, payments: pl.DataFrame, *, count: int
) -> Snapshot:
    """Return a snapshot with rows of a frame state in place of its own; `count` is its number of visitors."""
    site = ["site"] if "site" in snapshot.visitors.columns else []
    return Snapshot(
        visitors.select(*site, *VISITORS),
        events.select(*site, *EVENTS),
        payments.select(*site, *PAYMENTS),
        count=count,
        has_predictions=snapshot.has_predictions,
        baseline=snapshot.baseline,
        fetched_at=snapshot.fetched_at,
    )


def with_payers(payments: pl.DataFrame, visitors: pl.DataFrame) -> pl.DataFrame:
    """Match payments to active visitors by e-mail address or name, as payments have no visitor id.

    Parameters
    ----------
    payments : polars.DataFrame
        The payments of a frame state.
    visitors : polars.DataFrame
        The visitors of a frame state.

    Returns
    -------
    polars.DataFrame
        The same payments in the same order with the payer's ``_key``, ``latitude``, ``longitude``, ``x``, ``city``
        and ``country_code``, null if nobody matches. The address takes precedence over the name; of several matching
        visitors, the first is used.
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
            # Filter before the join, as payments are few and visitors may be many.
            .filter(pl.col(theirs).is_in(asked[theirs].drop_nulls().unique().implode()))
            .unique(["site", theirs], keep="first", maintain_order=True)
            .collect()
        )
        matches.append(asked.join(named, on=["site", theirs], how="left", maintain_order="left")["_row"])
    row = pl.select(pl.coalesce(*matches)).to_series() if payments.height else pl.Series([], dtype=pl.UInt32)
    return payments.hstack(visitors.select(pl.col(about).gather(row)))


def _lowered(column: str) -> pl.Expr:
    """Return a name or an address in the form used for comparison."""
    return pl.col(column).str.strip_chars().str.to_lowercase()


def _folded(column: str) -> pl.Expr:
    """Return a name or an address in the form used for comparison; null if it is blank."""
    return pl.when(pl.col(column).str.strip_chars() != "").then(_lowered(column))


def _with_site(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with a column ``site``."""
    return frame if "site" in frame.columns else frame.select(pl.lit(ONE_SITE).alias("site"), pl.all())


def _sane(visitors: pl.DataFrame) -> pl.DataFrame:
    """Return the visitors with impossible numbers replaced by null, so that all can be summed and drawn."""
    return visitors.with_columns(
        pl.when(pl.col(name).is_between(low, high)).then(pl.col(name)).alias(name)
        for name, (low, high) in RANGES.items()
        if name in VISITORS
    )


def _once(visitors: pl.DataFrame) -> pl.DataFrame:
    """Return one row per visitor. Each row without an id counts as a separate visitor."""
    keys = visitors["_key"]
    if keys.n_unique() == visitors.height:  # the usual case, and cheaper to check than to filter
        return visitors
    return visitors.filter(keys.is_first_distinct() | keys.is_null())


def keys_of(frame: pl.DataFrame, column: str, seed: int = 0) -> pl.Series:
    """Return a hash of each row's id and site, null without an id. Two ids almost never share one.

    With a secret seed, the hash does not reveal the id.
    """
    ids = frame[column]
    several = frame.height > 0 and frame["site"][0] != ONE_SITE
    hashes = ids.hash(seed) ^ frame["site"].hash(seed) if several else ids.hash(seed)
    return pl.select(pl.when(ids.is_not_null()).then(hashes)).to_series()


def payment_keys_of(payments: pl.DataFrame) -> pl.Series:
    """Return a hash of each payment; one without an id is identified by payer, time and amount."""
    hashes = payments.select(pl.struct("site", "timestamp", "email", "name", "amount", "currency").hash()).to_series()
    named = payments["payment_id"].str.strip_chars().fill_null("") != ""
    return pl.select(pl.when(named).then(keys_of(payments, "payment_id")).otherwise(hashes)).to_series()
