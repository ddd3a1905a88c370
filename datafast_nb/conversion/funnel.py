"""How many visitors go how far: pages, goals and payments in order, and where they are lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, overload

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.conversion.dimensions import (
    Dimension,
    check_dimensions,
    dimension_names,
    one_row_per_group,
    with_derived,
)
from datafast_nb.conversion.events import PAGEVIEW, matched_payments, opened_events
from datafast_nb.conversion.frames import Frame, opened, ratio, shown
from datafast_nb.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLUMNS: Final = (
    "step",
    "name",
    "visitors",
    "share_of_first",
    "share_of_previous",
    "dropped",
    "median_seconds",
)
_PAYMENT_EVENTS: Final = ("payment", "payment_received")


@dataclass(frozen=True, slots=True)
class Goal:
    """A funnel's step: a goal or custom event. Made by `goal`."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Payment:
    """A funnel's step: a payment. Made by `payment`."""

    renewals: bool = False

    def __str__(self) -> str:
        return "payment"


Step = str | Goal | Payment
"""A step of a funnel: the path of a page, a goal, or a payment."""


def goal(name: str) -> Goal:
    """Name a goal or custom event as a step of a `funnel`.

    Parameters
    ----------
    name : str
        The event's ``type``, as it is in the events.

    Returns
    -------
    Goal

    Raises
    ------
    ValueError
        The name is blank, or that of page views, which are named by their path.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> dfn.goal("signup")
    Goal(name='signup')
    """
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"goal takes the name of an event, such as goal('signup'), not {name!r:.60}.")
    if name == PAGEVIEW:
        raise ValueError("A page view is no goal; give the page's path as the step, such as '/pricing'.")
    return Goal(name)


def payment(*, renewals: bool = False) -> Payment:
    """Name a payment as a step of a `funnel`.

    Parameters
    ----------
    renewals : bool, default False
        Count renewals of subscriptions too, which happen without a visitor's doing.

    Returns
    -------
    Payment

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> dfn.payment()
    Payment(renewals=False)
    """
    return Payment(renewals)


@overload
def funnel(
    data: Snapshot, steps: Sequence[Step], *, by: Dimension | str | Sequence[Dimension | str] | None = None
) -> pl.DataFrame: ...
@overload
def funnel(
    data: Frame,
    steps: Sequence[Step],
    *,
    by: Dimension | str | Sequence[Dimension | str] | None = None,
    visitors: pl.DataFrame | pl.LazyFrame | None = None,
    payments: pl.DataFrame | pl.LazyFrame | None = None,
) -> Frame: ...
@overload
def funnel(
    data: Any,  # noqa: ANN401 - any frame that Narwhals reads
    steps: Sequence[Step],
    *,
    by: Dimension | str | Sequence[Dimension | str] | None = None,
    visitors: Any = None,  # noqa: ANN401
    payments: Any = None,  # noqa: ANN401
) -> Any: ...  # noqa: ANN401
def funnel(
    data: Any,
    steps: Sequence[Step],
    *,
    by: Dimension | str | Sequence[Dimension | str] | None = None,
    visitors: Any = None,
    payments: Any = None,
) -> Any:
    """Count the visitors who take some steps in order, and those who are lost on the way.

    Parameters
    ----------
    data : Snapshot or frame
        A snapshot, or a frame of events with the columns ``event_id``, ``type``, ``visitor_id``, ``timestamp`` and
        ``path``.
    steps : sequence of str, goal or payment
        Each is the path of a page, such as ``"/pricing"`` (``"/docs/*"`` for all that begin with ``/docs/``), a
        ``goal("signup")`` or a ``payment()``.
    by : str or sequence of str, optional
        Columns or derived dimensions of the visitors, as for `breakdown`: a funnel for each group.
    visitors : frame, optional
        With a frame of events: the visitors, which `by` and payments need. Of the same kind as `data`.
    payments : frame, optional
        With a frame of events: the payments. Without them a payment is known from the events alone.

    Returns
    -------
    frame
        One row for each step; with `by` for each group and step, the largest group first and then by its name:

        ===================== =========================================================================
        the `by` columns      the group
        ``step``, ``name``    the number of the step, from 1; what the step is
        ``visitors``          those who took this step after all the steps before it
        ``share_of_first``    their share of the visitors of the first step, 0 to 1
        ``share_of_previous`` their share of the visitors of the step before, 0 to 1; null for the first step
        ``dropped``           visitors of the step before who did not take this one; 0 for the first step
        ``median_seconds``    median time since the step before, in seconds; null for the first step
        ===================== =========================================================================

    Raises
    ------
    ValueError
        There is no step, `by` or payments are asked for without visitors, or a dimension is unknown.
    TypeError
        A step is none of those above.

    Notes
    -----
    A step is the first that fits after the step before; other events may lie between. Of two events at the same
    moment either may come first, but one event is never two steps; where both fit a step, it is the one that fits fewer
    of the later steps. Without an id, events of one type, page and moment are one event. The events reach back ten
    minutes, so whoever took the first step before that is not in the funnel.

    A payment is an event of type ``payment`` or ``payment_received``, or a payment whose e-mail address is a
    visitor's; where no visitor has the address, one whose name is that of a single visitor.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> snap = dfn.demo.Site(seed=0).snapshot()
    >>> table = dfn.funnel(snap, steps=["/", "/pricing", dfn.goal("signup")])
    >>> table.select("step", "name").rows()
    [(1, '/'), (2, '/pricing'), (3, 'signup')]
    """
    chosen = _checked(steps)
    names = [] if by is None else dimension_names(by)
    if isinstance(data, Snapshot):
        visitors, payments = data.visitors, data.payments
    events, restore = opened_events(data, "funnel")
    people = None if visitors is None else opened(visitors, by_polars=True)[0]
    if people is None and (names or payments is not None):
        raise ValueError("by and payments need the visitors too: funnel(events, steps, visitors=frame).")
    sales = None if payments is None else opened(payments, by_polars=True)[0]
    happenings = [_happenings(chosen[place:], events, people, sales) for place in range(len(chosen))]
    reached = _reached(happenings)
    if people is not None and by is not None:
        if "visitor_id" in names:
            raise ValueError("A funnel of each visitor alone says nothing; group by 'device' or another dimension.")
        check_dimensions(people, names, _COLUMNS)
        groups = one_row_per_group(with_derived(people, names), names).select("visitor_id", *names).unique()
        reached = [step.join(groups, on="visitor_id", how="left") for step in reached]
    return restore(_table(reached, events, chosen, names))


def _checked(steps: Sequence[Step]) -> list[Step]:
    """Give the steps, or refuse what is none."""
    if isinstance(steps, (str, Goal, Payment)) or not hasattr(steps, "__iter__"):
        raise TypeError(f"steps takes a list, such as ['/', '/pricing', goal('signup')], not {steps!r:.60}.")
    chosen = list(steps)
    if not chosen:
        raise ValueError("Give at least one step, such as steps=['/', '/pricing', goal('signup'), payment()].")
    for step in chosen:
        if not isinstance(step, (str, Goal, Payment)):
            raise TypeError(f"A step is the path of a page, a goal(...) or a payment(), not {step!r:.60}.")
        if isinstance(step, str) and not step.startswith(("/", "*")):
            raise ValueError(
                f"The step {shown(step)} is no path: a page is named as '/pricing', an event as goal({shown(step)})."
            )
    return chosen


def _happenings(
    steps: Sequence[Step],
    events: nw.LazyFrame[Any],
    people: nw.LazyFrame[Any] | None,
    sales: nw.LazyFrame[Any] | None,
) -> nw.LazyFrame[Any]:
    """Give whatever counts as the first step: `visitor_id`, `_time`, `_event`, and how many `_later` steps it fits."""
    step, *others = steps
    columns = ("visitor_id", "_time", "_event", "_later")
    later = nw.sum_horizontal(nw.lit(0), *(_fits(each).cast(nw.Int64) for each in others)).cast(nw.Int64)
    found = events.filter(_fits(step)).with_columns(_later=later).select(*columns)
    if not isinstance(step, Payment) or sales is None or people is None:
        return found
    payments = nw.lit(sum(isinstance(each, Payment) for each in others)).cast(nw.Int64)
    paid = matched_payments(sales, people).filter(nw.col("_amount") > 0).with_columns(_later=payments)
    paid = paid if step.renewals else paid.filter(~nw.col("_renewal"))
    return nw.concat([found, paid.select(*columns)])


def _fits(step: Step) -> nw.Expr:
    """Say whether an event is a step."""
    kind, path = nw.col("_type"), nw.col("_page")
    if isinstance(step, Goal):
        return kind == step.name
    if isinstance(step, Payment):
        return kind.is_in(_PAYMENT_EVENTS)
    at = path.str.starts_with(step.removesuffix("*")) if step.endswith("*") else path == step
    return (kind == PAGEVIEW) & at


def _reached(happenings: list[nw.LazyFrame[Any]]) -> list[nw.LazyFrame[Any]]:
    """Give for each step who reached it: `visitor_id`, the `_seconds` since the step before, and what led there."""
    first, *others = happenings
    reached = [
        _first_of_each(first).with_columns(_seconds=nw.lit(None, dtype=nw.Float64)).rename({"_event": "_event_0"})
    ]
    for number, found in enumerate(others, 1):
        used = [f"_event_{earlier}" for earlier in range(number)]
        before = reached[-1].select("visitor_id", *used, _before=nw.col("_time"))
        fits = nw.col("_time") > nw.col("_before")
        unused = nw.all_horizontal(*(nw.col("_event") != nw.col(event) for event in used), ignore_nulls=True)
        later = found.join(before, on="visitor_id", how="inner").filter(
            fits | ((nw.col("_time") == nw.col("_before")) & unused)
        )
        step = _first_of_each(later).with_columns(_seconds=(nw.col("_time") - nw.col("_before")) / 1000.0)
        reached.append(step.rename({"_event": f"_event_{number}"}).drop("_before"))
    return reached


def _first_of_each(found: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Keep the first happening of each visitor; of several at one moment, the one that is needed least afterwards."""
    order = ["_time", "_later", "_event"]
    return found.filter(nw.col("visitor_id").is_first_distinct().over("visitor_id", order_by=order)).drop("_later")


def _table(
    reached: list[nw.LazyFrame[Any]], events: nw.LazyFrame[Any], steps: list[Step], names: list[str]
) -> nw.LazyFrame[Any]:
    """Count who reached each step; a step that nobody of a group reached has a row too."""
    rows = []
    # One row that counts nobody, for each group that took the first step; without groups for the whole site.
    nobody = reached[0].select(*names) if names else events.select(_rows=nw.len())
    for number, those in enumerate(reached, 1):
        place = nw.lit(number).cast(nw.Int64).alias("step")
        one, none = (nw.lit(it).cast(nw.Int64).alias("_one") for it in (1, 0))
        seconds = nw.lit(None, dtype=nw.Float64).alias("_seconds")
        rows.append(those.select(*names, place, one, "_seconds"))
        rows.append(nobody.with_columns(place, none, seconds).select(*names, "step", "_one", "_seconds"))
    table = (
        nw.concat(rows)
        .group_by(*names, "step")
        .agg(visitors=nw.col("_one").sum(), median_seconds=nw.col("_seconds").median())
        .with_columns(visitors=nw.col("visitors").cast(nw.Int64), _all=nw.lit(0))
    )
    group = names or ["_all"]
    before = nw.col("visitors").shift(1).over(*group, order_by="step")
    name = nw.lit(str(steps[0]))
    for number, step in enumerate(steps[1:], 2):
        name = nw.when(nw.col("step") == number).then(nw.lit(str(step))).otherwise(name)
    table = table.with_columns(name=name, _first=nw.col("visitors").max().over(*group), _before=before).with_columns(
        share_of_first=ratio(nw.col("visitors"), nw.col("_first")),
        share_of_previous=ratio(nw.col("visitors"), nw.col("_before")),
        dropped=(nw.col("_before") - nw.col("visitors")).fill_null(0),
    )
    order = ["_first", *names, "step"]
    return table.sort(*order, descending=[True] + [False] * (len(order) - 1), nulls_last=True).select(*names, *_COLUMNS)
