"""The curve of how long visitors take to buy."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.forecast import TimeToPurchase
from tests.charts.sites import drawn, said, svg
from tests.forecast.simulated import Simulated, World, simulate


@pytest.fixture(scope="module")
def simulated() -> Simulated:
    return simulate(World(days=6, arrivals=40, returning=0.4, every=300, rate=0.1, seed=4))


@pytest.fixture(scope="module")
def whole(simulated: Simulated) -> TimeToPurchase:
    return dfn.time_to_purchase(simulated)


@pytest.fixture(scope="module")
def campaigns(simulated: Simulated) -> TimeToPurchase:
    return dfn.time_to_purchase(simulated, by="utm_campaign")


def texts(chart: Any) -> list[dict[str, Any]]:
    """Return the rows of the numbers at risk."""
    found: list[dict[str, Any]] = chart.vconcat[1].data.values
    return found


def test_the_curve_is_that_of_the_result_in_days(whole: TimeToPurchase) -> None:
    rows = drawn(dfn.charts.time_to_purchase(whole), "purchased")
    drawn_at = {row["time"]: row["purchased"] for row in rows}
    curve = {hours / 24: share for hours, share in whole.curve.select("hours", "purchased").iter_rows()}
    times = sorted(drawn_at)
    assert [drawn_at[it] for it in times] == pytest.approx(
        [curve[min(curve, key=lambda c: abs(c - it))] for it in times]
    )
    assert times[-1] == pytest.approx(max(curve))
    assert len(rows) <= 301


def test_a_short_time_is_in_hours() -> None:
    short = dfn.time_to_purchase(simulate(World(days=0.5, arrivals=60, every=300, rate=0.2, seed=1)))
    assert "Hours since first seen" in svg(dfn.charts.time_to_purchase(short))


def test_each_group_has_a_curve_a_band_and_its_numbers_at_risk_in_the_order_of_the_legend(
    campaigns: TimeToPurchase,
) -> None:
    chart = dfn.charts.time_to_purchase(campaigns)
    by_size = ["(none)" if name is None else name for name in campaigns.groups["utm_campaign"]]
    first = pl.DataFrame(texts(chart)).sort("place").unique("label", keep="first", maintain_order=True)
    assert first["label"].to_list() == by_size
    assert first.filter(pl.col("time") == 0)["at_risk"].to_list() == campaigns.groups["visitors"].to_list()
    below = chart.to_dict()["vconcat"][1]["encoding"]
    assert below["y"]["sort"] == below["color"]["sort"] == {"field": "place", "op": "min"}
    picture = svg(chart)
    assert all(f">{name}<" in picture for name in by_size)


def test_only_the_largest_groups_are_drawn_and_the_subtitle_says_of_how_many(campaigns: TimeToPurchase) -> None:
    chart = dfn.charts.time_to_purchase(campaigns, top=2)
    assert {row["place"] for row in drawn(chart, "purchased")} == {0, 1}
    assert "Drawn: the 2 largest of 3 groups by campaign." in said(chart)
    assert "Drawn:" not in said(dfn.charts.time_to_purchase(campaigns))


def test_the_title_is_the_sentence_of_the_result(whole: TimeToPurchase) -> None:
    chart = dfn.charts.time_to_purchase(whole)
    assert said(chart).startswith(whole.sentences()[0].removesuffix("."))
    assert "Bands: 95 % intervals. Numbers: visitors at risk." in said(chart)
    for theme in ("light", "dark"):
        with dfn.charts.use_theme(theme):  # type: ignore[arg-type]
            assert "Share who have bought" in svg(dfn.charts.time_to_purchase(whole))


def test_groups_are_chosen_where_the_result_is_made(campaigns: TimeToPurchase) -> None:
    with pytest.raises(TypeError, match=r"pass by='device' to dfn\.time_to_purchase instead"):
        dfn.charts.time_to_purchase(campaigns, by="device")
    with pytest.raises(TypeError, match=r"or a History, not Snapshot"):
        dfn.charts.time_to_purchase(dfn.Snapshot())  # type: ignore[arg-type]
