"""The charts: what they say, that they draw whatever the data, and how they reach the screen."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import altair as alt
import polars as pl
import pytest
import vl_convert
from ipywidgets import Widget

import datafast_nb as dfn
from datafast_nb.charts.picture import packed
from datafast_nb.charts.renderer import render
from datafast_nb.charts.view import ChartView, Vega
from datafast_nb.schema import EVENTS, PAYMENTS, VISITORS

NOON = datetime(2026, 2, 6, 12, tzinfo=UTC)
HOSTILE = "<img src=x onerror=alert(1)>"
BASELINE = dfn.Baseline(0.005, 200.0)
LIMIT = 200_000  # bytes of a specification

Draw = Callable[[dfn.Snapshot], alt.LayerChart]

CHARTS: dict[str, Draw] = {
    "scores": dfn.charts.scores,
    "one dimension": lambda snap: dfn.charts.breakdown(snap, "channel"),
    "two dimensions": lambda snap: dfn.charts.breakdown(snap, ["channel", "city"], "expected_value"),
    "overlapping groups": lambda snap: dfn.charts.breakdown(snap, "dimension_matches", "lift"),
    "timeline": dfn.charts.timeline,
    "world": dfn.charts.world,
    "world by lift": lambda snap: dfn.charts.world(snap, "lift"),
}
every_chart = pytest.mark.parametrize("draw", CHARTS.values(), ids=CHARTS)


def crowd(size: int, *, channels: int = 5, scored: bool = True) -> dfn.Snapshot:
    """Give a site with visitors, two events of each, and a payment of every tenth."""
    row = pl.col("row")
    likelihood = {
        "score": (row % 101).cast(pl.Float64),
        "confidence": (row % 100) / 100,
        "conversion_rate": (row % 50) / 1000,
        "expected_value": (row % 50) / 5,
    }
    return dfn.Snapshot(
        frame(
            size,
            VISITORS,
            visitor_id=row.cast(pl.String),
            country_code=(row % 4).replace_strict({0: "US", 1: "DE", 2: "SG", 3: None}, return_dtype=pl.String),
            utm_source=pl.format("campaign {}", row % channels),
            city=pl.format("city {}", row % channels),
            dimension_matches=pl.concat_list(pl.lit("device"), pl.format("match {}", row % channels)),
            is_customer=row % 10 == 0,
            **(likelihood if scored else {}),
        ),
        frame(
            2 * size,
            EVENTS,
            type=pl.format("event {}", row % channels),
            visitor_id=(row // 2).cast(pl.String),
            timestamp=pl.lit(NOON) - pl.duration(seconds=row % 600),
        ),
        frame(
            size // 10,
            PAYMENTS,
            amount=pl.lit(10.0),
            currency=pl.format("C{}", row % channels),
            timestamp=pl.lit(NOON) - pl.duration(seconds=row % 600),
        ),
        baseline=BASELINE if scored else None,
    )


def frame(size: int, schema: pl.Schema, **columns: pl.Expr) -> pl.DataFrame:
    """Give a frame of a schema from some of its columns, made of each row's number; the others are null."""
    rows = pl.select(row=pl.int_range(size)).select(**columns)
    nulls = {name: pl.lit(None, dtype=dtype) for name, dtype in schema.items() if name not in columns}
    return rows.with_columns(**nulls).select(schema.names()).cast(dict(schema))


def hostile(text: str) -> dfn.Snapshot:
    """Give a site where a text is everywhere."""
    snap = crowd(40)
    dirty = (
        part.with_columns(pl.lit(text).alias(name) for name in part.columns if part[name].dtype == pl.String)
        for part in (snap.visitors, snap.events, snap.payments)
    )
    return dfn.Snapshot(*dirty, baseline=BASELINE)


SITES = {
    "nobody": dfn.Snapshot(),
    "one visitor": crowd(1),
    "a few": crowd(30),
    "nobody predicted": crowd(30, scored=False),
    "customers only": dfn.Snapshot(crowd(30).visitors.with_columns(is_customer=True), baseline=BASELINE),
    "all null": dfn.Snapshot(VISITORS.to_frame().clear(3), EVENTS.to_frame().clear(3), PAYMENTS.to_frame().clear(3)),
    "hostile": hostile(HOSTILE),
    "long and odd": hostile("\u202e\x00\n[a].b\\'\"" + "👩‍💻" * 5_000),
}


def svg(chart: alt.LayerChart) -> str:
    """Draw a chart as the browser would; fails where Vega does."""
    drawn: str = vl_convert.vegalite_to_svg(chart.to_dict())
    return drawn


def said(chart: Any) -> str:
    """Give a chart's title and subtitle."""
    return " ".join([chart.title.text, *chart.title.subtitle])


def drawn(chart: alt.LayerChart, column: str) -> list[dict[str, Any]]:
    """Give the rows of the chart's data that have a column."""
    rows = (rows for rows in chart.to_dict()["datasets"].values() if isinstance(rows, list))
    return next(found for found in rows if found and column in found[0])


def strings(part: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Give every text of a specification, with the key that it is under."""
    if isinstance(part, str):
        yield key, part
    for name, value in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
        yield from strings(value, name if isinstance(name, str) else key)


@every_chart
@pytest.mark.parametrize("snap", SITES.values(), ids=SITES)
def test_every_chart_draws_every_site(draw: Draw, snap: dfn.Snapshot) -> None:
    assert "<svg" in svg(draw(snap))


@every_chart
def test_every_chart_draws_the_demo_site(draw: Draw) -> None:
    chart = draw(dfn.demo.Site(seed=0, visitors=200).snapshot())
    assert "<svg" in svg(chart)
    assert len(json.dumps(chart.to_dict())) < LIMIT


@every_chart
@pytest.mark.parametrize("channels", [5, 100_000])
def test_a_specification_stays_small_with_100_000_visitors(draw: Draw, channels: int) -> None:
    snap = crowd(100_000, channels=channels)
    assert len(draw(snap).to_json()) < LIMIT  # indented, so the larger of the two ways to write it


@every_chart
def test_an_empty_snapshot_draws_a_chart_that_says_so(draw: Draw) -> None:
    picture = svg(draw(dfn.Snapshot()))
    assert "Nobody is here right now" in picture or "Nothing has happened of late" in picture


@pytest.mark.parametrize("name", ["scores", "one dimension", "two dimensions", "world by lift"])
def test_a_site_without_predictions_draws_a_chart_that_says_so(name: str) -> None:
    assert "There are no predictions" in svg(CHARTS[name](crowd(30, scored=False)))


@every_chart
def test_text_from_the_site_is_never_code(draw: Draw) -> None:
    chart = draw(hostile(HOSTILE))
    assert "<img" not in svg(chart)
    code = {"expr", "filter", "test", "calculate", "labelExpr", "href", "url", "signal"}
    for key, text in strings(chart.to_dict()):
        assert key not in code or "img" not in text
        assert key not in {"href", "url"}


@every_chart
def test_a_chart_can_be_layered_and_concatenated_further(draw: Draw) -> None:
    chart = draw(crowd(30))
    rule = alt.Chart(alt.InlineData(values=[{"at": 1}])).mark_rule().encode(y="at:Q")
    for combined in (chart + rule, chart | chart, chart & chart):
        assert "<svg" in vl_convert.vegalite_to_svg(combined.to_dict())


class TestScores:
    def test_the_bars_are_the_prospects_with_a_prediction_and_the_subtitle_counts_the_others(self) -> None:
        snap = crowd(200)
        chart = dfn.charts.scores(snap)
        total = dfn.summary(snap).row(0, named=True)
        assert sum(row["scored"] for row in drawn(chart, "scored")) == total["scored"] == 180
        assert said(chart).startswith("How likely 180 prospects are to buy")
        assert "Left out: 20 customers." in said(chart)

    def test_the_highest_score_falls_in_the_last_bar(self) -> None:
        snap = dfn.Snapshot(frame(1, VISITORS, score=pl.lit(100.0), confidence=pl.lit(0.5)))
        (row,) = drawn(dfn.charts.scores(snap), "scored")
        assert (row["score_from"], row["score_to"], row["band"]) == (95, 100, "0.5–0.75")

    def test_it_takes_a_lazy_frame(self) -> None:
        assert "180 prospects" in said(dfn.charts.scores(crowd(200).visitors.lazy()))


class TestBreakdown:
    def test_a_bar_shows_the_figure_of_the_breakdown(self) -> None:
        snap = crowd(200)
        rows = {row["group"]: row for row in drawn(dfn.charts.breakdown(snap, "channel"), "group")}
        for expected in dfn.breakdown(snap, "channel").iter_rows(named=True):
            row = rows[expected["channel"]]
            assert row["conversion_rate"] == pytest.approx(expected["conversion_rate"])
            assert row["size"] == f"n = {expected['scored']}"

    def test_only_the_largest_groups_are_drawn_and_the_subtitle_says_so(self) -> None:
        chart = dfn.charts.breakdown(crowd(3_000, channels=1_500), "channel", top=3)
        assert len(drawn(chart, "group")) == 3
        assert "the 3 largest of 1,500 groups by channel" in said(chart)

    def test_groups_that_look_the_same_when_cut_short_stay_apart(self) -> None:
        names = pl.concat_str(pl.lit("x" * 5_000), pl.int_range(3).cast(pl.String))
        rows = drawn(dfn.charts.breakdown(dfn.Snapshot(frame(3, VISITORS, city=names)), "city", "visitors"), "group")
        assert len({row["group"] for row in rows}) == 3

    def test_null_is_a_group_with_a_name(self) -> None:
        rows = drawn(dfn.charts.breakdown(crowd(8), "country_code", "visitors"), "group")
        assert "(not known)" in {row["group"] for row in rows}

    def test_bands_keep_their_own_order(self) -> None:
        rows = drawn(dfn.charts.breakdown(crowd(300), "score_band", "score"), "group")
        assert [row["group"] for row in rows] == ["0–20", "20–40", "40–60", "60–80", "80–100"]

    def test_the_rate_has_the_site_s_average_beside_it_where_that_is_known(self) -> None:
        snap = crowd(30)
        assert "Dashed: the site's average, 0.50%." in said(dfn.charts.breakdown(snap, "channel"))
        assert "Dashed" not in said(dfn.charts.breakdown(snap.visitors, "channel"))

    @pytest.mark.parametrize("column", ["a.b", "a[0]", "it's", 'a"b', "back\\slash", "datum", "title", "image"])
    def test_a_column_may_have_any_name(self, column: str) -> None:
        named = crowd(30).visitors.with_columns(pl.col("utm_source").alias(column))
        picture = svg(dfn.charts.breakdown(named, column, "visitors"))
        assert "campaign 0" in picture

    def test_what_it_cannot_draw_is_refused(self) -> None:
        snap = crowd(3)
        with pytest.raises(ValueError, match="Unknown metric 'rate'"):
            dfn.charts.breakdown(snap, "os", "rate")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="two dimensions, not 3"):
            dfn.charts.breakdown(snap, ["os", "device", "browser"])
        with pytest.raises(ValueError, match="top is 0"):
            dfn.charts.breakdown(snap, "os", top=0)
        with pytest.raises(ValueError, match="Unknown dimension"):
            dfn.charts.breakdown(snap, "oss")


class TestTimeline:
    def paid(self, *payments: tuple[float | None, str | None, int]) -> dfn.Snapshot:
        rows = [
            {"amount": amount, "currency": currency, "timestamp": NOON + timedelta(seconds=second)}
            for amount, currency, second in payments
        ]
        return dfn.Snapshot(payments=pl.DataFrame(rows, schema=PAYMENTS))

    def test_payments_are_added_within_a_currency_only(self) -> None:
        snap = self.paid((10, "USD", 0), (5, "usd", 0), (7, "EUR", 0), (None, "EUR", 0))
        rows = drawn(dfn.charts.timeline(snap), "amount")
        assert {row["currency"]: (row["amount"], row["payments"]) for row in rows} == {"USD": (15, 2), "EUR": (7, 2)}

    def test_every_event_is_in_a_bar(self) -> None:
        rows = drawn(dfn.charts.timeline(crowd(300, channels=50)), "events")
        assert sum(row["events"] for row in rows) == 600
        assert "all other kinds" in {row["kind"] for row in rows}

    def test_the_subtitle_counts_currencies_and_rows_that_are_left_out(self) -> None:
        snap = self.paid(*((1.0, f"C{number}", number) for number in range(6)))
        timeless = snap.payments.vstack(snap.payments.head(1).with_columns(timestamp=pl.lit(None)).cast(dict(PAYMENTS)))
        chart = dfn.charts.timeline(dfn.Snapshot(payments=timeless))
        assert "the 4 commonest of 6 currencies" in said(chart)
        assert "Left out: 1 without a time." in said(chart)

    def test_one_stray_timestamp_does_not_make_a_million_bars(self) -> None:
        events = crowd(300).events
        stray = events.with_columns(
            timestamp=pl.when(pl.int_range(pl.len()) == 0).then(datetime(1970, 1, 1, tzinfo=UTC)).otherwise("timestamp")
        ).cast(dict(EVENTS))
        assert len(drawn(dfn.charts.timeline(dfn.Snapshot(events=stray)), "events")) < 20


class TestWorld:
    def test_visitors_without_a_place_on_the_map_are_counted(self) -> None:
        chart = dfn.charts.world(crowd(40))
        assert said(chart) == (
            "Visitors by country, 20 visitors on the map "
            "Without a country: 10 visitors. In countries too small for a shape: 10 visitors."
        )

    def test_a_country_has_the_figures_of_the_breakdown(self) -> None:
        snap = crowd(40)
        rows = {row["country_code"]: row for row in drawn(dfn.charts.world(snap, "score"), "country_code")}
        table = dfn.breakdown(snap, "country_code").filter(pl.col("country_code").is_in(["US", "DE"]))
        assert {code: row["score"] for code, row in rows.items()} == dict(table.select("country_code", "score").rows())

    def test_codes_in_small_letters_are_on_the_map_too(self) -> None:
        snap = crowd(40)
        small = snap.visitors.with_columns(pl.col("country_code").str.to_lowercase())
        assert said(dfn.charts.world(small)) == said(dfn.charts.world(snap))

    def test_what_lies_around_an_average_is_coloured_evenly_to_both_sides(self) -> None:
        spec = dfn.charts.world(crowd(40), "lift").to_dict()
        low, high = spec["layer"][1]["encoding"]["color"]["scale"]["domain"]
        assert 1 - low == pytest.approx(high - 1)


class TestThemes:
    def test_both_are_registered_and_the_light_one_is_on(self) -> None:
        assert {"datafast_light", "datafast_dark"} <= set(alt.theme.names())
        assert alt.theme.active == "datafast_light"

    def test_the_dark_one_holds_inside_a_with_block(self) -> None:
        def background() -> str:
            colour: str = dfn.charts.scores(crowd(3)).to_dict()["config"]["background"]
            return colour

        light = background()
        with dfn.charts.use_theme("dark"):
            assert background() != light
        assert background() == light

    def test_another_name_is_refused(self) -> None:
        with pytest.raises(ValueError, match="'light', 'dark'"):
            dfn.charts.use_theme("sepia")  # type: ignore[arg-type]

    @every_chart
    def test_charts_draw_under_the_user_s_own_theme(self, draw: Draw) -> None:
        with alt.theme.enable("ggplot2"):
            assert "<svg" in svg(draw(crowd(30)))


def printed(code: str) -> str:
    """Run code in a fresh interpreter, and give what it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


class TestRenderer:
    def test_it_is_enabled_where_the_user_has_chosen_nothing(self) -> None:
        names = "alt.renderers.active, alt.theme.active"
        assert printed(f"import altair as alt, datafast_nb.charts; print({names})") == "datafast_nb datafast_light"

    def test_a_choice_made_before_is_respected(self) -> None:
        choice = "import altair as alt; alt.renderers.enable('svg'); alt.theme.enable('dark')"
        assert (
            printed(f"{choice}; import datafast_nb.charts; print(alt.renderers.active, alt.theme.active)") == "svg dark"
        )

    def test_a_choice_made_after_is_respected(self) -> None:
        code = "import datafast_nb as dfn, altair as alt; dfn.charts; alt.renderers.enable('default'); "
        code += "dfn.charts.scores(dfn.Snapshot()); print(alt.renderers.active)"
        assert printed(code) == "default"

    def test_a_bundle_has_a_widget_a_picture_and_words(self) -> None:
        bundle, _ = dfn.charts.scores(crowd(30))._repr_mimebundle_()
        assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}
        assert bundle["text/plain"].startswith("How likely 27 prospects are to buy\n")

    def test_the_picture_has_double_density_and_is_shown_at_its_own_size(self) -> None:
        bundle, metadata = render(dfn.charts.scores(crowd(30)).to_dict())
        width, height = struct.unpack_from(">II", bundle["image/png"], 16)
        assert metadata["image/png"] == {"width": width // 2, "height": height // 2}
        assert 480 < width // 2 < 700

    def test_the_picture_is_packed_without_changing_a_pixel(self) -> None:
        def pixels(picture: bytes) -> bytes:
            content, position = b"", 8
            while position < len(picture):
                length, kind = struct.unpack_from(">I4s", picture, position)
                body = picture[position + 8 : position + 8 + length]
                (checksum,) = struct.unpack_from(">I", picture, position + 8 + length)
                assert checksum == zlib.crc32(kind + body)
                content += body if kind == b"IDAT" else b""
                position += length + 12
            return zlib.decompress(content)

        original = vl_convert.vegalite_to_png(dfn.charts.timeline(crowd(300)).to_dict(), scale=2)
        smaller = packed(original)
        assert pixels(smaller) == pixels(original)
        assert len(smaller) < len(original) / 2

    def test_a_chart_that_can_not_be_drawn_has_no_picture(self) -> None:
        bundle, _ = render({"mark": "no such mark", "data": {"values": []}})
        assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "text/plain"}

    def test_all_charts_share_one_vega(self) -> None:
        spec = dfn.charts.scores(crowd(3)).to_dict()
        first, second = ChartView(spec), ChartView(spec)
        assert first.vega is second.vega
        own = first.get_state()
        assert len(json.dumps({**own, "layout": None, "vega": None})) < 10_000
        assert "vegaEmbed" in first.vega.source

    def test_charts_draw_again_after_all_widgets_were_closed(self) -> None:
        spec = dfn.charts.scores(crowd(3)).to_dict()
        closed: Vega = ChartView(spec).vega
        Widget.close_all()
        assert ChartView(spec).vega is not closed

    def test_no_menu_entry_sends_the_data_away(self) -> None:
        actions = ChartView({}, {"renderer": "canvas"}).embed_options["actions"]
        assert actions == {"export": True, "source": False, "compiled": False, "editor": False}


@pytest.mark.parametrize(
    "draw", [dfn.charts.scores, dfn.charts.world, lambda data: dfn.charts.breakdown(data, "device")]
)
def test_what_holds_no_visitors_is_refused(draw: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match="Expected a Snapshot or a Polars frame"):
        draw("yesterday")


def test_a_misspelt_metric_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="Did you mean 'conversion_rate'"):
        dfn.charts.breakdown(dfn.Snapshot(), "device", metric="convresion_rate")
