"""What the chart of the ways from page to page draws."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.schema import EVENTS
from tests.charts.sites import LIMIT, NOON, drawn, said, svg


def views(**visits: str) -> pl.DataFrame:
    """Return the page views of visitors, one a second: each letter is a page."""
    rows = [
        {"event_id": f"{who} {at}", "type": "pageview", "visitor_id": who, "timestamp": NOON + timedelta(seconds=at)}
        | {"path": f"/{page}"}
        for who, pages in visits.items()
        for at, page in enumerate(pages)
    ]
    return pl.DataFrame(rows, schema=EVENTS)


class TestTransitions:
    def test_a_cell_is_the_share_of_the_views_of_its_page(self) -> None:
        rows = drawn(dfn.charts.transitions(views(ann="aab", bob="ab", cat="a", dan="ac")), "row")
        cells = {(row["row"], row["column"]): (row["moves"], row["number"], row["size"]) for row in rows}
        assert cells == {
            ("/a", "/b"): (2, "50", "n = 4"),
            ("/a", "/c"): (1, "25", "n = 4"),
            ("/a", "no next page"): (1, "25", "n = 4"),
            ("/b", "no next page"): (2, "100", "n = 2"),
            ("/c", "no next page"): (1, "100", "n = 1"),
        }

    def test_the_title_says_how_many_views_were_the_last(self) -> None:
        assert "after 4 page views: 50% were the last of a visit" in said(dfn.charts.transitions(views(a="ab", b="cd")))

    def test_the_pages_that_are_viewed_less_share_a_row_and_a_single_one_keeps_its_name(self) -> None:
        three = views(ann="aaba", bob="abc")
        rows = {row["row"] for row in drawn(dfn.charts.transitions(three, top=1), "row")}
        assert rows == {"/a", "other pages"}
        assert "other pages" not in svg(dfn.charts.transitions(three, top=2))

    @pytest.mark.parametrize("name", ["no next page", "other pages"])
    def test_a_page_may_be_called_as_the_chart_s_own(self, name: str) -> None:
        events = views(ann="abac", bob="ab").with_columns(path=pl.col("path").replace({"/a": name}))
        rows = {row["row"] for row in drawn(dfn.charts.transitions(events, top=1), "row")}
        assert rows == {f"(1) {name}", "other pages"}

    def test_a_specification_stays_small_with_many_long_pages(self) -> None:
        paths = pl.format("/{}/{}", pl.int_range(pl.len()) * 7919 % 5_003, pl.lit("😀" * 60))
        events = views(**{f"v{who}": "ab" * 20 for who in range(500)}).with_columns(path=paths)
        assert len(dfn.charts.transitions(events).to_json()) < LIMIT
