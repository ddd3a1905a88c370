"""What the timeline of events draws."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

import datafast_nb as dfn
from datafast_nb.schema import EVENTS, PAYMENTS
from tests.charts.sites import NOON, crowd, drawn, said, svg


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
