"""What the charts of events and moments draw: the timeline, funnels, changes, and the dashboard that ties them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import pairwise
from typing import Any

import altair as alt
import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.schema import EVENTS, PAYMENTS
from tests.chart_sites import NOON, STEPS, crowd, drawn, said, svg


class TestTimeline:
    def paid(self, *payments: tuple[float | None, str | None, int]) -> dfn.Snapshot:
        rows = [
            {"amount": amount, "currency": currency, "timestamp": NOON + timedelta(seconds=second)}
            for amount, currency, second in payments
        ]
        return dfn.Snapshot(payments=pl.DataFrame(rows, schema=PAYMENTS))

    def test_payments_are_added_within_a_currency_only(self) -> None:
        snap = self.paid((10, "USD", 0), (5, "usd", 0), (7, "EUR", 0), (None, "EUR", 0))
        chart = dfn.charts.timeline(snap)
        names = {row["lane"]: row["currency"] for row in drawn(chart, "currency")}
        rows = drawn(chart, "amount")
        assert {names[row["lane"]]: (row["amount"], row["payments"]) for row in rows} == {"USD": (15, 2), "EUR": (7, 2)}

    def test_every_event_is_in_a_bar(self) -> None:
        chart = dfn.charts.timeline(crowd(300, channels=50))
        rows = drawn(chart, "events")
        assert sum(row["events"] for row in rows) == 600
        names = {row["number"]: row["kind"] for row in drawn(chart, "kind")}
        assert "all other kinds" in {names[row["kind_number"]] for row in rows}

    def test_a_tooltip_says_when_a_bar_begins(self) -> None:
        chart = dfn.charts.timeline(self.paid((10, "USD", 0), (5, "USD", 590)))
        chart.layer[1] = chart.layer[1].mark_text().encode(text="when:N")
        assert "2026-02-06 12:00:00 UTC" in svg(chart)

    def test_a_kind_may_be_called_as_the_rest_is(self) -> None:
        snap = crowd(300, channels=50)
        odd = pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.lit("all other kinds")).otherwise("type")
        rows = drawn(dfn.charts.timeline(dfn.Snapshot(events=snap.events.with_columns(type=odd))), "events")
        assert sum(row["events"] for row in rows) == 600

    def test_the_subtitle_counts_currencies_and_rows_that_are_left_out(self) -> None:
        snap = self.paid(*((1.0, f"C{number}", number) for number in range(6)))
        timeless = snap.payments.vstack(snap.payments.head(1).with_columns(timestamp=pl.lit(None)).cast(dict(PAYMENTS)))
        chart = dfn.charts.timeline(dfn.Snapshot(payments=timeless))
        assert "the 4 most common of 6 currencies" in said(chart)
        assert "Left out: 1 without a time." in said(chart)

    def test_one_stray_timestamp_does_not_make_a_million_bars(self) -> None:
        events = crowd(300).events
        stray = events.with_columns(
            timestamp=pl.when(pl.int_range(pl.len()) == 0).then(datetime(1970, 1, 1, tzinfo=UTC)).otherwise("timestamp")
        ).cast(dict(EVENTS))
        assert len(drawn(dfn.charts.timeline(dfn.Snapshot(events=stray)), "events")) < 20

    def test_a_click_on_the_legend_picks_a_kind_out(self) -> None:
        (parameter,) = dfn.charts.timeline(crowd(30)).to_dict()["params"]
        assert (parameter["bind"], parameter["select"]["fields"]) == ("legend", ["kind"])


class TestFunnel:
    def test_a_bar_is_a_step_of_the_analysis(self) -> None:
        snap = crowd(200)
        rows = drawn(dfn.charts.funnel(snap, STEPS), "between")
        assert [row["visitors"] for row in rows] == dfn.funnel(snap, STEPS)["visitors"].to_list()
        assert [row["step"] for row in rows] == ["1. event 1", "2. event 0", "3. payment"]

    def test_the_title_says_how_many_arrived_and_the_subtitle_how_many_were_seen(self) -> None:
        assert said(dfn.charts.funnel(crowd(200), STEPS[:2])) == (
            "40 of 80 visitors went all the way from event 1 to event 0 Seen in this time: 200 visitors. "
            "Light: still on the way. Lines: 95 % intervals."
        )

    def test_between_two_steps_it_says_who_went_on_and_how_fast(self) -> None:
        rows = drawn(dfn.charts.funnel(crowd(200), STEPS[:2]), "between")
        assert rows[1]["between"] == "50.0 % went on, 40 on the way; median time 1 s"

    def test_who_left_is_told_from_who_is_on_the_way(self) -> None:
        snap = crowd(200)
        few = dfn.Snapshot(snap.visitors.head(100), snap.events, snap.payments, fetched_at=snap.fetched_at)
        row = drawn(dfn.charts.funnel(few, STEPS[:2]), "between")[1]
        assert row["between"] == "50.0 % went on, 20 on the way, 20 did not; median time 1 s"
        assert (row["visitors"], row["possible"]) == (40, 60)
        assert row["visitors_low"] < 40 < row["visitors_high"]

    def test_visits_are_counted_where_they_are_asked_for(self) -> None:
        chart = dfn.charts.funnel(crowd(200), STEPS[:2], unit="visit", within="1h")
        assert chart.title.text == "40 of 80 visits went all the way from event 1 to event 0"

    def test_each_of_the_largest_groups_has_a_funnel(self) -> None:
        snap = crowd(300, channels=20)
        chart = dfn.charts.funnel(snap, STEPS, by="country_code")
        table = dfn.funnel(snap, STEPS, by="country_code").with_columns(pl.col("country_code").fill_null("(not known)"))
        assert {(row["series"], row["visitors"]) for row in drawn(chart, "series")} == set(
            table.select("country_code", "visitors").rows()
        )

    def test_a_first_step_that_nobody_took_is_named(self) -> None:
        assert "None of 30 visitors took the first step, /nowhere" in svg(
            dfn.charts.funnel(crowd(30), ["/nowhere", "/"])
        )

    def test_events_may_come_without_a_snapshot(self) -> None:
        snap = crowd(200)
        chart = dfn.charts.funnel(snap.events.lazy(), STEPS, by="city", visitors=snap.visitors, payments=snap.payments)
        assert said(chart) == said(dfn.charts.funnel(snap, STEPS, by="city"))

    def test_several_dimensions_are_refused(self) -> None:
        with pytest.raises(TypeError, match="by takes one dimension"):
            dfn.charts.funnel(crowd(3), STEPS, by=["os", "device"])  # type: ignore[arg-type]


class TestCompare:
    def before_and_after(self, channels: int = 12) -> tuple[dfn.Snapshot, dfn.Snapshot]:
        first, second = crowd(300, channels=channels), crowd(240, channels=channels)
        likelier = second.visitors.with_columns(pl.col("conversion_rate") * 1.5)
        return first, dfn.Snapshot(likelier, baseline=second.baseline)

    def test_it_leads_from_the_rate_before_to_the_rate_after(self) -> None:
        before, after = self.before_and_after()
        rows = drawn(dfn.charts.compare(before, after, "channel", top=4), "cause")
        rates = [dfn.summary(snap)["predicted_rate"].item() for snap in (before, after)]
        assert (rows[0]["start"], rows[-1]["end"]) == (pytest.approx(rates[0]), pytest.approx(rates[1]))
        for earlier, later in pairwise(rows):
            assert later["start"] == pytest.approx(earlier["end"])

    def test_the_groups_that_are_not_drawn_are_one_more_row(self) -> None:
        rows = drawn(dfn.charts.compare(*self.before_and_after(), "channel", top=4), "cause")
        assert [row["group"] for row in rows[::2]][-1] == "8 other groups"
        assert len(rows) == 2 * 5

    def test_the_subtitle_tells_the_mix_from_the_rates(self) -> None:
        assert "+0.00 come from the traffic mix, +0.00 from the groups' own rates" in said(
            dfn.charts.compare(crowd(100), crowd(100), "channel")
        )

    def test_a_change_within_noise_is_faint(self) -> None:
        before, after = self.before_and_after(channels=3)
        factor = pl.when(utm_source="campaign 1").then(1.0).otherwise(1.5)
        after = dfn.Snapshot(after.visitors.with_columns(pl.col("conversion_rate") / 1.5 * factor))
        table = dfn.compare(before, after, "channel")
        assert table["within_noise"].n_unique() == 2
        sure = self.sure(before, after)
        assert sure == {group: int(noise is False) for group, noise in table.select("channel", "within_noise").rows()}

    def test_a_change_of_a_few_is_faint_however_large(self) -> None:
        before, after = self.before_and_after()
        after = dfn.Snapshot(after.visitors.with_columns(pl.col("conversion_rate") * 2), baseline=after.baseline)
        assert not dfn.compare(before, after, "channel")["within_noise"].all()
        assert set(self.sure(before, after).values()) == {0}

    def sure(self, before: dfn.Snapshot, after: dfn.Snapshot) -> dict[str, int]:
        rows = drawn(dfn.charts.compare(before, after, "channel", top=20), "cause")
        return {row["group"]: row["sure"] for row in rows if row["cause"] == "the group's own rate"}

    @pytest.mark.parametrize("factor", [1.0001, 1.01, 3.0])
    def test_the_ticks_of_the_axis_differ_however_small_the_change(self, factor: float) -> None:
        before = crowd(300)
        likelier = before.visitors.with_columns(pl.col("conversion_rate") * factor)
        picture = svg(dfn.charts.compare(before, dfn.Snapshot(likelier, baseline=before.baseline), "channel"))
        ticks = re.findall(r">([\d.]+%)</text>", picture)
        assert len(ticks) == len(set(ticks)) >= 3

    def test_a_moment_without_predictions_is_named(self) -> None:
        picture = svg(dfn.charts.compare(crowd(30), crowd(30, scored=False), "channel"))
        assert "There are no predictions" in picture
        assert "This is about the visitors after." in picture

    def test_groups_that_overlap_are_refused(self) -> None:
        with pytest.raises(ValueError, match="overlap"):
            dfn.charts.compare(crowd(3), crowd(3), "dimension_matches")


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

    def test_the_groups_that_are_not_the_largest_are_one_bar(self) -> None:
        rates = self.rates(crowd(300, channels=50), "channel")
        assert "42 other groups" in rates
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

    def test_what_it_cannot_draw_is_refused(self) -> None:
        with pytest.raises(ValueError, match="one dimension or two"):
            dfn.charts.dashboard(crowd(3), by=["os", "device", "browser"])
        with pytest.raises(TypeError, match="dashboard takes a Snapshot"):
            dfn.charts.dashboard(crowd(3).visitors)  # type: ignore[arg-type]
