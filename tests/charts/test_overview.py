"""What the dashboard ties together."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import altair as alt
import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.schema import EVENTS
from tests.charts.sites import NOON, crowd, svg


class TestDashboard:
    def rates(self, snap: dfn.Snapshot, by: str) -> dict[str, tuple[int, float]]:
        """Sum what the bars are made of, as the browser does without a brush."""
        datasets = list(dfn.charts.dashboard(snap, by=[by]).to_dict()["datasets"].values())
        (text,) = (data for data in datasets if isinstance(data, str) and data.startswith("place,"))
        (names,) = (data for data in datasets if isinstance(data, list) and set(data[0]) == {"place", "group"})
        sums = pl.read_csv(StringIO(text)).group_by("place").agg(pl.col("n", "r").sum())
        labels = {row["place"]: row["group"] for row in names}
        return {labels[place]: (n, r / n) for place, n, r in sums.rows()}

    def test_without_a_brush_the_bars_are_those_of_the_breakdown(self) -> None:
        snap = crowd(300)
        table = dfn.breakdown(snap, "channel").select("channel", "scored", "predicted_rate")
        assert self.rates(snap, "channel") == {
            channel: (scored, pytest.approx(rate)) for channel, scored, rate in table.rows()
        }

    @pytest.mark.parametrize(("visitors", "by"), [(60, "channel"), (400, "channel"), (400, "country_code")])
    def test_the_intervals_are_those_of_the_breakdown_and_missing_where_it_cannot_tell(
        self, visitors: int, by: str
    ) -> None:
        snap = dfn.demo.Site(seed=0, visitors=visitors, start=NOON, clock=lambda: NOON).snapshot()
        table = dfn.breakdown(snap, by).filter(pl.col("scored") > 0)
        ends = ("predicted_rate_low", "predicted_rate_high")
        known = {
            row[by]: "too few to tell"
            if row[ends[0]] is None
            else " to ".join(f"{100 * row[end]:.2f} %" for end in ends)
            for row in table.iter_rows(named=True)
        }
        labels = re.findall(r'aria-label="([^"]*Group: [^"]*)"', svg(dfn.charts.dashboard(snap, by=[by])))
        found = [dict(part.split(": ", 1) for part in label.split("; ")) for label in labels]
        drawn = {
            each["Group"]: each["95 % interval"]
            for each in found
            if "Prospects" in each and "Measured lift" not in each
        }
        assert len(drawn) >= 9
        assert {name: it for name, it in drawn.items() if name in known} == {
            name: it for name, it in known.items() if name in drawn
        }

    def test_the_groups_that_are_not_the_largest_are_one_bar(self) -> None:
        rates = self.rates(crowd(300, channels=50), "channel")
        assert "37 other groups" in rates
        assert sum(n for n, _ in rates.values()) == 270

    def test_the_brush_lies_on_the_timeline_and_filters_the_bars(self) -> None:
        spec = dfn.charts.dashboard(crowd(300)).to_dict()
        (brush,) = (it for it in spec["params"] if it["select"]["type"] == "interval")
        bars = spec["concat"][1]["concat"]
        assert len(bars) == 2
        for chart in bars:
            filters = [step["filter"] for step in chart["layer"][0]["transform"] if "filter" in step]
            assert brush["name"] in filters[0]

    def test_a_brush_leaves_those_who_were_there_then(self) -> None:
        start = datetime(2026, 2, 6, 12, tzinfo=UTC)
        stays = {"early": (0, 1), "late": (8, 9), "long": (0, 9), "unseen": None}
        visitors = (
            crowd(9)
            .visitors.slice(1, 4)
            .with_columns(visitor_id=pl.Series(list(stays)), utm_source=pl.Series(list(stays)))
        )
        events = [
            {"visitor_id": name, "type": "pageview", "timestamp": start + timedelta(minutes=minute)}
            for name, stay in stays.items()
            for minute in stay or ()
        ]
        snap = dfn.Snapshot(visitors, pl.DataFrame(events, schema=EVENTS))
        spec: dict[str, Any] = dfn.charts.dashboard(snap, by=["channel"]).to_dict()
        (brush,) = (it for it in spec["params"] if it["select"]["type"] == "interval")

        def bars(spec: dict[str, Any]) -> set[str]:
            picture = svg(alt.Chart.from_dict({**spec, "concat": [*spec["concat"][:2]]}))
            return {name for name in stays if f"Group: {name}" in picture}

        assert bars(spec) == set(stays)
        brush["value"] = {"x": [1000 * (start + timedelta(minutes=it)).timestamp() for it in (7.5, 8.5)]}
        assert bars(spec) == {"late", "long"}

    def test_without_predictions_the_bars_count_visitors(self) -> None:
        picture = svg(dfn.charts.dashboard(crowd(30, scored=False)))
        assert "Visitors by channel, 30 visitors in all" in picture

    def test_it_says_in_which_order_its_groups_are(self) -> None:
        bars = dfn.charts.dashboard(crowd(300), by=["channel", "score_band"]).to_dict()["concat"][1]["concat"]
        said = [" ".join(chart["title"]["subtitle"]) for chart in bars]
        assert ["In the order of the rate shrunk toward the average" in each for each in said] == [True, False]

    def test_a_picture_of_it_gives_no_orders(self) -> None:
        assert not re.search(r"drag|click", svg(dfn.charts.dashboard(crowd(300))), re.IGNORECASE)

    def test_what_it_cannot_draw_is_refused(self) -> None:
        with pytest.raises(ValueError, match="one dimension or two"):
            dfn.charts.dashboard(crowd(3), by=["os", "device", "browser"])
        with pytest.raises(TypeError, match="dashboard takes a Snapshot"):
            dfn.charts.dashboard(crowd(3).visitors)  # type: ignore[arg-type]
