"""The ways to group visitors: the columns of a frame, and dimensions that are derived from them."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, overload

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.checks import checked_choice
from datafast_nb.conversion.channels import known_site
from datafast_nb.conversion.frames import BLANKS_AROUND, AnyFrame, Frame, number, opened, require, text, without
from datafast_nb.text import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Dimension = Literal[
    "channel",
    "page",
    "visit_kind",
    "score_band",
    "confidence_band",
    "dimension_matches",
    "country_code",
    "region",
    "city",
    "browser",
    "os",
    "device",
    "current_url",
    "referrer",
    "visit_count",
    "ref",
    "source",
    "via",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_content",
    "utm_term",
    "is_customer",
    "has_profile",
    "is_baseline",
]
"""A way to group visitors: a derived dimension (the first six) or a column. Other columns of a frame work too."""

Derived = Literal["channel", "page", "visit_kind", "score_band", "confidence_band"]
"""A dimension that is computed from the columns of ``schema.VISITORS``, one value for each visitor."""

ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "campaign": "utm_campaign",
        "medium": "utm_medium",
        "content": "utm_content",
        "term": "utm_term",
        "country": "country_code",
    }
)
"""Shorter names of columns, which work for any dimension, unless the frame has a column of that name."""

# The service does not say which parameter its "source" and "channel" come from.
MATCHED: Final[Mapping[str, str | None]] = MappingProxyType(
    {
        "country": "country_code",
        "region": "region",
        "city": "city",
        "device": "device",
        "os": "os",
        "browser": "browser",
        "referrer": "referrer",
        "source": None,
        "channel": None,
        "medium": "utm_medium",
        "campaign": "utm_campaign",
        "content": "utm_content",
        "term": "utm_term",
        "ref": "ref",
        "via": "via",
        "utm_source": "utm_source",
        "utm_medium": "utm_medium",
        "utm_campaign": "utm_campaign",
        "utm_content": "utm_content",
        "utm_term": "utm_term",
        "page": "current_url",
    }
)
"""The dimensions that a prediction may be based on, as the service names them, and the column with their value."""

CONFIDENT: Final = 0.5
"""The least confidence at which a prediction counts: DataFast advises against decisions based on less."""


@overload
def with_dimensions(data: Frame, *dimensions: Derived | str) -> Frame: ...
@overload
def with_dimensions(data: AnyFrame, *dimensions: Derived | str) -> AnyFrame: ...
def with_dimensions(data: AnyFrame, *dimensions: Derived | str) -> AnyFrame:
    """Add derived dimensions to a frame of visitors as columns.

    Parameters
    ----------
    data : frame
        A Polars frame of visitors, or any frame that Narwhals reads. A column that already exists is kept.
    *dimensions : str
        ``channel``, ``page``, ``visit_kind``, ``score_band``, ``confidence_band``, as `breakdown` explains them, or
        one of the shorter names of columns, such as ``campaign``.

    Returns
    -------
    frame
        The same frame with one more column for each dimension; lazy if `data` is lazy.

    Raises
    ------
    ValueError
        A dimension is not a derived one, or the frame lacks a column that it is derived from.

    Examples
    --------
    >>> import polars as pl
    >>> from datafast_nb.conversion import with_dimensions
    >>> frame = pl.DataFrame({"current_url": ["https://example.com/pricing?plan=pro", "/docs#install", ""]})
    >>> with_dimensions(frame, "page")["page"].to_list()
    ['/pricing', '/docs', '/']
    """
    for name in dimensions:
        checked_choice(name, _DERIVED, "derived dimension")
    frame, restore = opened(data)
    return restore(with_derived(frame, dimensions))


def _host(column: str) -> nw.Expr:
    """Return the host of a URL, with or without a scheme: in lower case, without `www.` and port."""
    host = without(
        text(column).str.to_lowercase(),
        [r"^([a-z][a-z0-9+.-]*:)?//", r"(?s)[/?#].*$", r"^.*@", r":[0-9]*$", r"^www\."],
    )
    return nw.when(host != "").then(host)


def _channel() -> nw.Expr:
    """Return the first parameter that names where a visitor came from, else the referrer; known sites by one name."""
    named = [text(column) for column in ("utm_source", "ref", "source", "via")]
    return nw.coalesce(known_site(nw.coalesce(*named, _host("referrer"))), nw.lit("direct"))


def page(column: str) -> nw.Expr:
    """Return the path of a page, given as a full URL or as a bare path."""
    url = nw.col(column).cast(nw.String)
    path = without(url, [BLANKS_AROUND, r"^([A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*", r"(?s)[?#].*$"])
    return nw.when(path == "").then(nw.lit("/")).otherwise(path)


def _visit_kind() -> nw.Expr:
    """Return ``new`` for a first visit and ``returning`` for a later one."""
    visits = nw.col("visit_count")
    kind = nw.when(visits > 1).then(nw.lit("returning")).otherwise(nw.lit("new"))
    return nw.when(~visits.is_null()).then(kind)


def _band(column: str, *bounds: float) -> nw.Expr:
    """Return the half-open interval that a value is in; the last one includes its upper bound too."""
    value = number(column)
    (first, second), *others = pairwise(bounds)
    label = nw.lit(f"{first:g}–{second:g}")
    for low, high in others:
        label = nw.when(value >= low).then(nw.lit(f"{low:g}–{high:g}")).otherwise(label)
    return nw.when(~value.is_null()).then(label)


# The columns that each derived dimension is computed from, and the expression that computes it.
_DERIVED: Final[Mapping[str, tuple[tuple[str, ...], nw.Expr]]] = MappingProxyType(
    {
        "channel": (("utm_source", "ref", "source", "via", "referrer"), _channel()),
        "page": (("current_url",), page("current_url")),
        "visit_kind": (("visit_count",), _visit_kind()),
        "score_band": (("score",), _band("score", 0, 20, 40, 60, 80, 100)),
        "confidence_band": (("confidence",), _band("confidence", 0, CONFIDENT, 0.75, 1)),
        **{alias: ((column,), nw.col(column)) for alias, column in ALIASES.items()},
    }
)

_REMEMBERED: Final = 1_000  # combinations of values from one batch to the next, and from one frame to the next
_LONGEST_REMEMBERED: Final = 2**20  # bytes of all of these, as a text may have any length
_OF_TEXT: Final = ("channel", "page")  # derived from texts, which takes many times as long as from numbers


def is_derived(name: str) -> bool:
    """Return whether a dimension is computed from columns, or is another name of one."""
    return name in _DERIVED


def made_of(name: str) -> tuple[str, ...]:
    """Return the columns that a derived dimension is computed from."""
    return _DERIVED[name][0]


def with_derived(frame: nw.LazyFrame[Any], names: Sequence[str]) -> nw.LazyFrame[Any]:
    """Add the derived dimensions that the frame does not have yet."""
    columns = frame.collect_schema().names()
    wanted = [name for name in names if name in _DERIVED and name not in columns]
    for name in wanted:
        require(frame, _DERIVED[name][0], name)
    native = nw.to_native(frame)
    if isinstance(native, pl.LazyFrame):
        frame = nw.from_native(native.with_columns(_by_distinct(name) for name in wanted if name in _OF_TEXT))
    others = [name for name in wanted if name not in frame.collect_schema().names()]
    return frame.with_columns(**{name: _DERIVED[name][1] for name in others}) if others else frame


def _by_distinct(name: str) -> pl.Expr:
    """Return a derived dimension in Polars, computed once for each combination of values: visitors share theirs.

    Polars computes it batch by batch, and the later batches of a query hold hardly anything new. Nor does the next
    moment of a website.
    """
    columns, derived = _DERIVED[name]

    def derive(rows: pl.Series) -> pl.Series:
        given = rows.struct.unnest()
        all_text = all(dtype == pl.String for dtype in given.dtypes)  # not so in a frame of somebody's own
        found = _known.get(name) if all_text else None  # another thread may set it at any time
        new = given.unique()
        if found is not None:
            new = new.join(found, on=columns, how="anti", nulls_equal=True)
        if found is None or new.height:
            added = nw.from_native(new).with_columns(derived.alias(name)).to_native()
            found = added if found is None else pl.concat([found, added])
            if all_text:
                _remember(name, found, added)
        return given.join(found, on=columns, how="left", nulls_equal=True, maintain_order="left").get_column(name)

    return pl.struct(columns).map_batches(derive, return_dtype=pl.String, is_elementwise=True).alias(name)


_known: Final[dict[str, pl.DataFrame]] = {}  # combinations of values, and the dimension that is derived from them


def _remember(name: str, *candidates: pl.DataFrame) -> None:
    """Keep the first of some frames that is not too large."""
    for each in candidates:
        if each.height <= _REMEMBERED and each.estimated_size() <= _LONGEST_REMEMBERED:
            _known[name] = each
            return


def dimension_names(by: str | Sequence[str]) -> list[str]:
    """Return the dimensions as a list; raise an error unless `by` is a name or a list of names."""
    names = [by] if isinstance(by, str) else list(by) if isinstance(by, (list, tuple)) else [None]
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"by takes the name of a dimension or a list of names, such as by='channel', not {by!r:.60}.")
    return names  # type: ignore[return-value]


def check_dimensions(frame: nw.LazyFrame[Any], names: Sequence[str], measures: Sequence[str]) -> None:
    """Reject dimensions that the frame can't be grouped by; `measures` are the table's own columns."""
    columns = frame.collect_schema().names()
    if not names:
        raise ValueError("Give at least one dimension to break down by, such as by='country_code'.")
    if len(set(names)) < len(names):
        raise ValueError(f"A dimension is named twice in by={list(names)!r:.200}.")
    for name in names:
        if not name:
            raise ValueError("A column without a name can't be a dimension; give it one.")
        if name.startswith("_"):
            raise ValueError(f"{quoted(name)} begins with an underscore, as the table's own columns do; rename it.")
        if name in measures:
            raise ValueError(
                f"{name!r} is a measure of the table, not a dimension; group by 'score_band' or 'confidence_band', "
                "or by a column of your own with another name."
            )
        if name not in columns and name not in _DERIVED:
            checked_choice(name, [*_DERIVED, *(each for each in columns if each not in measures)], "dimension")
        if name in columns and not _groups(frame, name):
            raise TypeError(
                f"The column {quoted(name)} holds lists or similar values, which pandas can't group by. Give a column "
                "of text, numbers or dates; for lists, frame.explode(...) makes a row of each item."
            )


def _groups(frame: nw.LazyFrame[Any], name: str) -> bool:
    """Return whether a frame can be grouped by a column; pandas needs its values to be hashable."""
    dtype = frame.collect_schema()[name]
    if name == "dimension_matches" or not frame.implementation.is_pandas_like():
        return True
    if dtype.is_nested():
        return False
    return dtype != nw.Object or all(isinstance(it, Hashable) for it in frame.select(name).collect()[name])


def one_row_per_group(frame: nw.LazyFrame[Any], names: Sequence[str]) -> nw.LazyFrame[Any]:
    """Return one row for each visitor and matched dimension, if visitors are grouped by matched dimensions."""
    if "dimension_matches" not in names:
        return frame
    matches = nw.col("dimension_matches").list.unique()
    return frame.with_columns(dimension_matches=matches).explode("dimension_matches")
