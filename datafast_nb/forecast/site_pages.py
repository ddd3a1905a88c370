"""Recognizes the site of a model by the pages that visitors are on, as the endpoint does not name the site."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import polars as pl

from datafast_nb.conversion import with_dimensions
from datafast_nb.errors import ModelError
from datafast_nb.forecast.record import Record
from datafast_nb.snapshot import Snapshot

_MOST: Final = 300  # pages
_COVERED: Final = 0.9  # of the visitors are on one of these, or the pages can't identify the site
_ENOUGH: Final = 10  # visitors of a snapshot
_FIRST: Final = 1_000  # visitors that are looked at first: mostly, one of them is on a known page
_HOST: Final = r"^(?:[a-z][a-z0-9+.-]*:)?//(?:www\.)?([^/?#]+)"


def of_record(history: Record, start: datetime | None, end: datetime | None) -> tuple[str, ...]:
    """Return hashes of the most common pages; none if they can't identify the site."""
    states = history.visitors(start, end).select("current_url")
    pages = history.collect(_pages(states).group_by("page").len())
    common = pages.sort("len", "page", descending=[True, False]).head(_MOST)
    if not pages.height or float(common["len"].sum()) < _COVERED * float(pages["len"].sum()):
        return ()
    return tuple(sorted(_hashed(common["page"])))


def check(snapshot: Any, known: Iterable[str]) -> None:  # noqa: ANN401 - anything but a snapshot is refused
    """Refuse what is not a snapshot of the site with these pages; with fewer than ten visitors on others, warn.

    Raises
    ------
    ModelError
        It is of several sites, or nobody of at least ten visitors is on a page that is known.
    TypeError
        It is not a snapshot.
    """
    if not isinstance(snapshot, Snapshot):
        raise TypeError(f"A model takes a snapshot, such as client.snapshot(), not {type(snapshot).__name__}.")
    if "site" in snapshot.visitors.columns:
        raise ModelError("This snapshot is of several websites, but a model is of one. Give the snapshot of its site.")
    urls = snapshot.visitors["current_url"]
    if not known or _any_known(urls.head(_FIRST), known):
        return
    if not urls.count() or _any_known(urls, known):
        return
    if urls.count() < _ENOUGH:
        warnings.warn(
            "None of the visitors' pages existed when the model was learned: it may be of another website.",
            stacklevel=4,
        )
    else:
        raise ModelError(
            "This model is of another website: none of the visitors' pages existed when it was learned. "
            "Learn one from this site's history: dfn.learn(history)."
        )


def _any_known(urls: pl.Series, known: Iterable[str]) -> bool:
    """Return whether somebody is on a page that is known."""
    pages = _pages(urls.unique().to_frame().lazy()).collect()["page"]
    return not set(known).isdisjoint(_hashed(pages))


def _pages(states: pl.LazyFrame) -> pl.LazyFrame:
    """Return the `page` of each state with its host, if that is known, as every site has a page ``/``."""
    host = pl.col("current_url").str.strip_chars().str.to_lowercase().str.extract(_HOST).fill_null("")
    paths = with_dimensions(states, "page").drop_nulls("page")
    return paths.with_columns(page=pl.concat_str(host, "page"))


def _hashed(pages: pl.Series) -> list[str]:
    """Return short hashes, so that a saved model holds no text that a visitor wrote."""
    return [hashlib.sha256(page.encode()).hexdigest()[:12] for page in pages]
