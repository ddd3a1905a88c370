"""How far visitors get through pages, goals and payments in order: who is on the way, and who is lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.checks import checked_choice, checked_duration
from datafast_nb.conversion.chains import at, fits, with_furthest
from datafast_nb.conversion.dimensions import Dimension, check_dimensions, dimension_names
from datafast_nb.conversion.events import EPOCH, PAGEVIEW, opened_events, with_sales
from datafast_nb.conversion.frames import AnyFrame, Frame, counts, opened, ratio
from datafast_nb.conversion.interval import wilson
from datafast_nb.conversion.visits import PAUSE, first_touch, has_sessions, with_visits
from datafast_nb.snapshot import Snapshot
from datafast_nb.text import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Goal:
    """A step of a funnel: a goal or custom event. Created by `goal`."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Payment:
    """A step of a funnel: a payment. Created by `payment`."""

    renewals: bool = False

    def __str__(self) -> str:
        return "payment"


Step = str | Goal | Payment
"""A step of a funnel: the path of a page, a goal, or a payment."""


def goal(name: str) -> Goal:
    """Return a goal or custom event as a step of a `funnel`.

    Parameters
    ----------
    name : str
        The event's ``type``, as in the events.

    Returns
    -------
    Goal

    Raises
    ------
    ValueError
        The name is blank, or is that of page views, which are steps by their paths.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> dfn.goal("signup")
    Goal(name='signup')
    """
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"goal takes the name of an event, such as goal('signup'), not {name!r:.60}.")
    if name == PAGEVIEW:
        raise ValueError("A page view is not a goal; give the page's path as the step, such as '/pricing'.")
    return Goal(name)


def payment(*, renewals: bool = False) -> Payment:
    """Return a payment of more than 0 as a step of a `funnel`; trials and refunds don't count.

    Parameters
    ----------
    renewals : bool, default False
        Also count renewals of subscriptions, which happen without any action of the visitor.

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


Unit = Literal["visitor", "visit"]
"""What a funnel counts: people, over all of their visits, or single visits."""


@overload
def funnel(
    data: Snapshot,
    steps: Sequence[Step],
    *,
    by: Dimension | str | Sequence[Dimension | str] | None = None,
    within: timedelta | str | float | None = None,
    unit: Unit = "visitor",
) -> pl.DataFrame: ...
@overload
def funnel(
    data: Frame,
    steps: Sequence[Step],
    *,
    by: Dimension | str | Sequence[Dimension | str] | None = None,
    within: timedelta | str | float | None = None,
    unit: Unit = "visitor",
    visitors: pl.DataFrame | pl.LazyFrame | None = None,
    payments: pl.DataFrame | pl.LazyFrame | None = None,
) -> Frame: ...
@overload
def funnel(
    data: AnyFrame,
    steps: Sequence[Step],
    *,
    by: Dimension | str | Sequence[Dimension | str] | None = None,
    within: timedelta | str | float | None = None,
    unit: Unit = "visitor",
    visitors: AnyFrame | None = None,
    payments: AnyFrame | None = None,
) -> AnyFrame: ...
def funnel(
    data: Snapshot | AnyFrame,
    steps: Sequence[Step],
    *,
    by: Dimension | str | Sequence[Dimension | str] | None = None,
    within: timedelta | str | float | None = None,
    unit: Unit = "visitor",
    visitors: AnyFrame | None = None,
    payments: AnyFrame | None = None,
) -> AnyFrame:
    """Count the visitors who take a series of steps in order, those still on the way, and those lost.

    Parameters
    ----------
    data : Snapshot or frame
        A snapshot, or a frame of events with the columns ``event_id``, ``type``, ``visitor_id``, ``timestamp`` and
        ``path``, such as ``history.events()``.
    steps : sequence of str, goal or payment
        Each is the path of a page, such as ``"/pricing"`` (``"/docs/*"`` for all pages that begin with ``/docs/``), a
        ``goal("signup")`` or a ``payment()``.
    by : str or sequence of str, optional
        Columns or derived dimensions of the visitors, as for `breakdown`, for a funnel of each group.
    within : timedelta, str or float, optional
        How long after the first step the others count: a timedelta, ``"30m"``, ``"12h"``, ``"7d"``, or seconds. No
        limit by default.
    unit : {"visitor", "visit"}, default "visitor"
        Count people, whose steps may span several visits, or count visits. A visit begins where the visitors'
        ``session_start_time`` says so, and after half an hour without an event.
    visitors : frame, optional
        With a frame of events: the visitors, which `by` and `payments` need, and which tell when visits began. The
        frame must be of the same kind as `data`. If a visitor has several rows, the earliest determines the group.
    payments : frame, optional
        With a frame of events: the payments. Without them, payments are known only from the events.

    Returns
    -------
    frame
        One row for each step; with `by`, for each group and step, largest group first, ties by name:

        ================================ ==============================================================================
        the `by` columns                 the group
        ``step``, ``name``               the number of the step, from 1; what the step is
        ``visitors``                     those who took this step after all the steps before it; named ``visits``
                                         if `unit` is ``"visit"``
        ``share_of_first``               their share of those who took the first step, 0 to 1
        ``share_of_first_low, _high``    its 95 % interval (Wilson); null for the first step
        ``share_of_previous``            their share of those who took the step before, 0 to 1; null for the first step
        ``share_of_previous_low, _high`` its 95 % interval (Wilson); null for the first step
        ``on_the_way``                   those who took the step before and may still take this one; 0 for the
                                         first step
        ``dropped``                      those who took the step before, and left or ran out of time before this one; 0
                                         for the first step
        ``began_before``                 those who took this step but are not counted, as their visit began before the
                                         first event: they may have taken the earlier steps unseen; null if nothing
                                         tells when visits began
        ``median_seconds``               median time since the step before, in seconds; null for the first step
        ================================ ==============================================================================

        The visitors of a step are the sum of those of the next one, those on the way to it, and those dropped before
        it. With `by`, there is a funnel for each group in which anyone took the first step.

    Raises
    ------
    ValueError
        There is no step, `by` or `payments` is given without visitors, a dimension or the unit is unknown, or `within`
        is not a length of time.
    TypeError
        A step is none of those above.

    Notes
    -----
    Each step is the first event that fits after the step before; other events may lie in between. Of two events at the
    same moment, either may come first, but one event never counts as two steps. Without an id, events of the same type,
    page and moment are one event. With `within`, the chain of steps that gets furthest counts, or the first of several.

    A payment is an event of type ``payment`` or ``payment_received``, or a payment whose email address is a visitor's;
    if several visitors share it, it is that of the visitor seen last before the payment. If no visitor has the address,
    a name that only one visitor has is enough, unless another address of theirs is known. The amount must be above 0:
    trials, refunds and payments without an amount are not steps, but an event without an amount is. The event and the
    payment of one sale are one step.

    In a snapshot, those who are still among its visitors are on the way. In a frame of events, they are those whose
    last event is less than half an hour before the last event of all; with `within` and people as the unit, all who
    still have time then. While anyone is on the way, a share is a lower bound of its final value. The events of a
    snapshot reach back ten minutes: visitors who took the first step before that are not in the funnel.

    The group of a visitor is that of their first touch: their earliest row, by ``session_start_time``, ``first_seen``
    and ``seen_at``. With visits as the unit, it is the earliest row of the visit. With the overlapping dimension
    ``dimension_matches``, visitors count in each of their groups. The intervals assume that what is counted is
    independent, which several visits of one person are not quite.

    Examples
    --------
    >>> import datafast_nb as dfn
    >>> snap = dfn.demo.Site(seed=0).snapshot()
    >>> table = dfn.funnel(snap, steps=["/", "/pricing", dfn.goal("signup")], within="10m")
    >>> table.select("step", "name").rows()
    [(1, '/'), (2, '/pricing'), (3, 'signup')]
    """
    chosen = _checked(steps)
    checked_choice(unit, get_args(Unit), "unit")
    time = None if within is None else checked_duration(within, "within") / timedelta(milliseconds=1)
    names = [] if by is None else dimension_names(by)
    if isinstance(data, Snapshot):
        visitors, payments = data.visitors, data.payments
    events, restore = opened_events(data, "funnel")
    people = None if visitors is None else opened(visitors, by_polars=True)[0]
    if people is None and (names or payments is not None):
        raise ValueError("by and payments need the visitors too: funnel(events, steps, visitors=frame).")
    sales = None if payments is None else opened(payments, by_polars=True)[0]
    if people is not None and by is not None:
        _check_groups(people, names, unit)
    moments = with_visits(_moments(chosen, with_sales(events, sales, people)), people)
    keys = ["visitor_id", "_visit"] if unit == "visit" else ["visitor_id"]
    ways = _ways(moments, keys, chosen, time)
    if isinstance(data, Snapshot) and people is not None:
        ways = _here(ways, people, data.fetched_at)
    else:
        ways = ways.with_columns(_active=_seen_recently(patient=unit == "visitor" and time is not None))
    ways = ways.with_columns(_waiting=_waiting(time))
    if people is not None and names:
        groups, shared = first_touch(people, names, each_visit=unit == "visit")
        ways = ways.join(groups, on=shared, how="left")
    table = _table(ways, chosen, names, unit)
    if people is None or not has_sessions(people):
        table = table.with_columns(began_before=nw.lit(None, dtype=nw.Int64))
    return restore(table)


def _check_groups(people: nw.LazyFrame[Any], names: list[str], unit: Unit) -> None:
    """Reject dimensions that a funnel can't be grouped by."""
    if "visitor_id" in names:
        raise ValueError("A funnel for each visitor alone says nothing; group by 'device' or another dimension.")
    check_dimensions(people, names, _columns(unit))


def _checked(steps: Sequence[Step]) -> list[Step]:
    """Return the steps; raise an error for anything else."""
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
                f"The step {quoted(step)} is not a path: write a page as '/pricing', an event as goal({quoted(step)})."
            )
    return chosen


def _moments(steps: Sequence[Step], happened: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return a row for each moment of a visitor: `_time`, how many events fit each step, and if any was an event."""
    counted = {fits(place): _fits(step).fill_null(value=False).cast(nw.Int64) for place, step in enumerate(steps)}
    flags = {**counted, "_has_event": (~nw.col("_type").is_null()).cast(nw.Int64)}
    each = happened.with_columns(**flags).group_by("visitor_id", "_time", "_event")
    distinct = each.agg(*(nw.col(name).max() for name in flags))
    return distinct.group_by("visitor_id", "_time").agg(nw.col(*counted).sum(), nw.col("_has_event").max())


def _fits(step: Step) -> nw.Expr:
    """Return whether an event fits a step."""
    kind, path = nw.col("_type"), nw.col("_page")
    if isinstance(step, Goal):
        return kind == step.name
    if isinstance(step, Payment):
        return nw.col("_sale") if step.renewals else nw.col("_sale") & ~nw.col("_renewal")
    at = path.str.starts_with(step.removesuffix("*")) if step.endswith("*") else path == step
    return (kind == PAGEVIEW) & at


def _parts(steps: Sequence[Step]) -> list[list[int]]:
    """Return, for each step, the steps whose events all fit it too, itself included."""
    return [[place for place, step in enumerate(steps) if _is_part(step, whole)] for whole in steps]


def _is_part(step: Step, whole: Step) -> bool:
    """Return whether every event that fits a step fits the other one too."""
    if isinstance(step, str) and isinstance(whole, str) and whole.endswith("*"):
        return step.startswith(whole.removesuffix("*"))
    if isinstance(step, Payment) and isinstance(whole, Payment):
        return whole.renewals or not step.renewals
    return step == whole


def _ways(
    moments: nw.LazyFrame[Any], keys: list[str], steps: Sequence[Step], within: float | None
) -> nw.LazyFrame[Any]:
    """Return a row for each visitor or visit: its chain of steps, and what is known of its beginning and its end.

    `_last` is its last moment, `_latest` the last at which it took the first step, `_newest` whether it is the
    visitor's last visit, `_cut` whether it began before the first event, and `_end` the time of the last event of all.
    """
    event_time = nw.when(nw.col("_has_event") > 0).then(nw.col("_time"))
    visit = nw.col("_visit")
    moments = moments.with_columns(_start=event_time.min(), _end=event_time.max()).with_columns(
        _newest=(visit == visit.max().over("visitor_id")).cast(nw.Int64),
        _oldest=(visit == visit.min().over("visitor_id")).cast(nw.Int64),
        _latest=nw.when(nw.col(fits(0)) > 0).then(nw.col("_time")),
    )
    moments = with_furthest(moments, keys, _parts(steps), within)
    chain = [name(place) for name in (fits, at) for place in range(len(steps))]
    ways = moments.group_by(*keys).agg(
        nw.col("_session").min(),
        nw.col("_time").max().alias("_last"),
        nw.col("_start", "_end", "_newest", "_oldest", "_latest", "_length", *chain).max(),
    )
    cut = (nw.col("_oldest") == 1) & (nw.col("_session") < nw.col("_start")).fill_null(value=False)
    return ways.with_columns(_cut=cut, _newest=nw.col("_newest") == 1)


def _here(ways: nw.LazyFrame[Any], people: nw.LazyFrame[Any], fetched_at: datetime) -> nw.LazyFrame[Any]:
    """Add who is still on the site, and when the snapshot was taken."""
    here = people.select("visitor_id", _active=nw.lit(value=True)).unique()
    end = nw.lit((fetched_at - EPOCH) / timedelta(milliseconds=1))
    return ways.join(here, on="visitor_id", how="left").with_columns(nw.col("_active").fill_null(value=False), _end=end)


def _seen_recently(*, patient: bool) -> nw.Expr:
    """Return whether a visit may still go on when the events end; with `patient`, it always may."""
    return nw.lit(value=True) if patient else nw.col("_end") - nw.col("_last") < PAUSE


def _waiting(within: float | None) -> nw.Expr:
    """Return whether another step may still be taken."""
    in_time = nw.lit(value=True) if within is None else nw.col("_end") - nw.col("_latest") < within
    return (nw.col("_active") & nw.col("_newest") & in_time).fill_null(value=False)


def _columns(unit: Unit) -> list[str]:
    """Return the columns of the table after those of the group."""
    shares = [f"share_of_{base}{end}" for base in ("first", "previous") for end in ("", "_low", "_high")]
    return ["step", "name", f"{unit}s", *shares, "on_the_way", "dropped", "began_before", "median_seconds"]


def _table(ways: nw.LazyFrame[Any], steps: Sequence[Step], names: list[str], unit: Unit) -> nw.LazyFrame[Any]:
    """Count how many reached each step; a step that no one of a group reached has a row too."""
    length = nw.col("_length").fill_null(0)
    sums = {}
    for place in range(len(steps)):
        sums[f"_reached_{place}"] = length > place
        sums[f"_waiting_{place}"] = (length == place) & nw.col("_waiting")
        sums[f"_before_{place}"] = (length <= place) & nw.col("_cut") & (nw.col(fits(place)) > 0)
    times = {
        f"_seconds_{place}": (nw.col(at(place)) - nw.col(at(place - 1))) / 1000.0 for place in range(1, len(steps))
    }
    ways = ways.with_columns(**{name: each.cast(nw.Int64) for name, each in sums.items()}, **times)
    totals = [*(nw.col(name).sum() for name in sums), *(nw.col(name).median() for name in times)]
    groups = ways.group_by(*names).agg(*totals) if names else ways.select(*totals)
    groups = groups.with_columns(counts(*sums))
    if names:
        groups = groups.filter(nw.col("_reached_0") > 0)
    order = ["_reached_0", *names, "step"]
    table = _with_shares(_each_step(groups, steps))
    table = table.sort(*order, descending=[True] + [False] * (len(order) - 1), nulls_last=True)
    return table.with_columns(nw.col("_reached").alias(f"{unit}s")).select(*names, *_columns(unit))


def _each_step(groups: nw.LazyFrame[Any], steps: Sequence[Step]) -> nw.LazyFrame[Any]:
    """Return a row for each step of a group, and how many `_reached` it and the one before, `_previous`.

    The rows are exploded from one: a frame for each step, concatenated, would make Spark search all chains once for
    each.
    """
    places = range(len(steps))
    numbers = nw.lit(" ".join(str(place + 1) for place in places)).str.split(" ")
    rows = groups.with_columns(step=numbers).explode("step").with_columns(nw.col("step").cast(nw.Int64))
    columns = {
        "name": [nw.lit(str(step)) for step in steps],
        "_reached": [nw.col(f"_reached_{place}") for place in places],
        "_previous": [nw.col(f"_reached_{max(place - 1, 0)}") for place in places],
        "on_the_way": [nw.lit(0).cast(nw.Int64), *(nw.col(f"_waiting_{place}") for place in places[1:])],
        "began_before": [nw.col(f"_before_{place}") for place in places],
        "median_seconds": [nw.lit(None, dtype=nw.Float64), *(nw.col(f"_seconds_{place}") for place in places[1:])],
    }
    return rows.with_columns(**{name: _of_step(values) for name, values in columns.items()})


def _of_step(values: Sequence[nw.Expr]) -> nw.Expr:
    """Return, of one value for each step, that of the row's own."""
    found = values[0]
    for place, value in enumerate(values[1:], 2):
        found = nw.when(nw.col("step") == place).then(value).otherwise(found)
    return found


def _with_shares(rows: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add the shares of a step with their intervals, and how many were lost before it."""
    reached, later = nw.col("_reached"), nw.when(nw.col("step") > 1)
    shares = {"share_of_first": ratio(reached, nw.col("_reached_0"))}
    for base, trials in (("first", nw.col("_reached_0")), ("previous", nw.col("_previous"))):
        low, high = wilson(reached, trials)
        shares |= {f"share_of_{base}_low": later.then(low), f"share_of_{base}_high": later.then(high)}
    shares["share_of_previous"] = later.then(ratio(reached, nw.col("_previous")))
    return rows.with_columns(**shares, dropped=nw.col("_previous") - reached - nw.col("on_the_way"))
