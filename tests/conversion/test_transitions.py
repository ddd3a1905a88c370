"""From which page to which visits go on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import duckdb
import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.schema import EVENTS
from tests.charts.sites import NOON


def events(*rows: tuple[str, float, str | None, str]) -> pl.DataFrame:
    """Return events: whose they are, after how many minutes, which page, and of which type."""
    made = [
        {
            "event_id": str(place),
            "visitor_id": who,
            "timestamp": NOON + timedelta(minutes=at),
            "path": path,
            "type": type_,
        }
        for place, (who, at, path, type_) in enumerate(rows)
    ]
    return pl.DataFrame(made, schema=EVENTS)


def viewed(*rows: tuple[str, float, str]) -> pl.DataFrame:
    return events(*((who, at, path, "pageview") for who, at, path in rows))


def moves(table: Any) -> dict[tuple[str, str | None], int]:
    return {(a, b): n for a, b, n in table.select("from_page", "to_page", "moves").rows()}


SITE = viewed(("a", 0, "/"), ("a", 1, "/"), ("a", 2, "/x"), ("a", 3, "/"), ("b", 0, "/"), ("b", 1, "/x"))


def test_each_view_has_a_next_page_or_none_and_a_reload_is_no_move() -> None:
    assert moves(dfn.transitions(SITE)) == {("/", "/x"): 2, ("/x", "/"): 1, ("/x", None): 1, ("/", None): 1}


def test_the_shares_of_a_page_add_up_to_one_and_are_over_its_views() -> None:
    table = dfn.transitions(SITE)
    assert table.group_by("from_page").agg(pl.col("share").sum())["share"].to_list() == [1.0, 1.0]
    assert table.filter(from_page="/", to_page="/x").select("views", "share").row(0) == (3, pytest.approx(2 / 3))


def test_a_visit_ends_after_half_an_hour_without_an_event() -> None:
    assert moves(dfn.transitions(viewed(("a", 0, "/"), ("a", 31, "/x")))) == {("/", None): 1, ("/x", None): 1}


def test_what_is_no_page_view_is_passed_over() -> None:
    seen = events(("a", 0, "/", "pageview"), ("a", 1, "/x", "signup"), ("a", 2, "/y", "pageview"))
    assert moves(dfn.transitions(seen)) == {("/", "/y"): 1, ("/y", None): 1}


def test_the_pages_that_are_viewed_less_are_one_whatever_they_are_called() -> None:
    seen = viewed(("a", 0, "/"), ("a", 1, "/x"), ("a", 2, "/y"), ("b", 0, "/"), ("b", 1, "other pages"))
    table = dfn.transitions(seen, top=1)
    assert moves(table) == {("/", "other pages"): 2, ("other pages", "other pages"): 1, ("other pages", None): 2}
    assert table.filter(from_page="other pages")["is_other_from"].all()
    assert not dfn.transitions(seen, top=None)["is_other_from"].any()


def test_visits_and_visitors_count_once_however_often_they_went_this_way() -> None:
    seen = viewed(*(("a", at, "/" if at % 2 == 0 else "/x") for at in range(6)), ("a", 60, "/"), ("a", 61, "/x"))
    row = dfn.transitions(seen).filter(from_page="/", to_page="/x").row(0, named=True)
    assert (row["moves"], row["visits"], row["visitors"]) == (4, 2, 1)


def test_other_engines_give_the_same_and_lazy_frames_stay_lazy() -> None:
    expected = dfn.transitions(SITE, top=1)
    lazy = dfn.transitions(SITE.lazy(), top=1)
    assert isinstance(lazy, pl.LazyFrame)
    assert lazy.collect().equals(expected)
    relation = duckdb.from_arrow(SITE.to_arrow())
    assert dfn.transitions(relation, top=1).pl().equals(expected)
    assert pl.from_pandas(dfn.transitions(SITE.to_pandas(), top=1)).equals(expected)


def test_nobody_went_nowhere() -> None:
    assert dfn.transitions(dfn.Snapshot()).is_empty()
    with pytest.raises(ValueError, match="top is 0"):
        dfn.transitions(SITE, top=0)
