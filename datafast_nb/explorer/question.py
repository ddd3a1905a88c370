"""A question of the explorer: dimensions, measure and filters. Independent of any widget."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final, Self, get_args

import polars as pl

from datafast_nb.charts.measures import Measure
from datafast_nb.checks import checked_choice
from datafast_nb.conversion import ALIASES, Derived, dimension_names, with_dimensions
from datafast_nb.conversion.frames import once
from datafast_nb.filters import DIMENSIONS, Filters, standard
from datafast_nb.snapshot import Snapshot

MOST_DIMENSIONS: Final = 2
"""The maximum number of dimensions that a chart can show."""


@dataclass(frozen=True)
class Question:
    """A question about the visitors of a snapshot. Immutable.

    Attributes
    ----------
    by : tuple of str
        One dimension or two.
    measure : str
        The measure of each group.
    filters : Filters
        The active filters. A filter of a dimension in `by` picks groups and keeps the others, as usual in
        crossfiltering: a bar can be compared with its neighbors, and they can be picked, too.
    """

    by: tuple[str, ...]
    measure: Measure
    filters: Filters = field(default_factory=Filters)

    @property
    def about(self) -> Filters:
        """The filters that select the visitors to break down."""
        return self.filters.but(**dict.fromkeys(self.by))

    def visitors(self, snapshot: Snapshot) -> pl.DataFrame:
        """Return the visitors to break down."""
        visitors = once(snapshot.visitors)
        return chosen(_with_site(visitors) if "site" in self.by else visitors, self.about)

    def picks(self, group: dict[str, Any]) -> bool:
        """Return whether a group is picked: by the filters of all its dimensions that have one."""
        active = [name for name in group if name in self.filters.values]
        return bool(active) and all(
            set(accepted(name, group[name])) <= set(self.filters.values[name]) for name in active
        )

    def toggled(self, group: dict[str, Any]) -> dict[str, Any]:
        """Return the changes to the filters that pick a group, or release it if it is picked.

        Groups of one dimension are picked one by one. A pair of groups replaces the previous pair.
        """
        values = {name: accepted(name, value) for name, value in group.items()}
        if len(values) > 1:
            again = all(self.filters.values.get(name) == each for name, each in values.items())
            return {name: None if again else list(each) for name, each in values.items()}
        ((name, (value,)),) = values.items()
        present = list(self.filters.values.get(name, ()))
        changed = [each for each in present if each != value] if value in present else [*present, value]
        return {name: changed or None}

    def but(self, **changes: Any) -> Self:  # noqa: ANN401 - the fields
        """Return the same question with changes to its fields."""
        return replace(self, **changes)


def checked_dimensions(by: object) -> tuple[str, ...]:
    """Return one or two dimensions as a tuple, after checking them.

    Raises
    ------
    TypeError
        `by` is neither a name nor a list of names.
    ValueError
        A dimension is unknown or repeated, or there are none or too many.
    """
    names = dimension_names(by)  # type: ignore[arg-type] # checked inside
    names = [ALIASES.get(name, name) for name in names]
    for name in names:
        checked_choice(name, DIMENSIONS, "dimension")
    if not 1 <= len(names) <= MOST_DIMENSIONS or len({*names}) < len(names):
        raise ValueError(f"by takes one dimension or two different ones, not {names!r:.80}.")
    return tuple(names)


def after_choosing(by: tuple[str, ...], control: str, dimension: str | None) -> tuple[str, ...]:
    """Return the dimensions after a choice of the first or the second. If both would be the same, they swap places.

    Examples
    --------
    >>> after_choosing(("channel", "device"), "first", "device")
    ('device', 'channel')
    >>> after_choosing(("channel", "device"), "second", None)
    ('channel',)
    """
    first, second = by[0], by[1] if by[1:] else None
    if control == "first":
        pair = (dimension, first if dimension == second else second)
    elif dimension == first:
        pair = (second or first, first if second else None)
    else:
        pair = (first, dimension)
    return tuple(name for name in pair if name is not None)


def chosen(visitors: pl.DataFrame, filters: Filters) -> pl.DataFrame:
    """Return the visitors who pass the filters."""
    asked = _with_site(visitors) if "site" in filters.values else visitors
    derived: list[Derived] = [name for name in get_args(Derived) if name in filters.values]
    return filters.apply(with_dimensions(asked, *derived)).select(visitors.columns)


def _with_site(visitors: pl.DataFrame) -> pl.DataFrame:
    """Return the visitors with a column ``site``; the name of a single site is empty."""
    return visitors if "site" in visitors.columns else visitors.with_columns(site=pl.lit(""))


def accepted(name: str, value: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a group's value, of any type
    """Return a group in the form that the filter of its dimension holds."""
    if name == "is_customer" and value is None:
        value = False  # a visitor who is not known to be a customer counts as a prospect
    values: tuple[Any, ...] = standard(name, [value])
    return values
