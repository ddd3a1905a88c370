"""What the chart of gains draws."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.forecast import Quality
from datafast_nb.forecast.quality import AFTER, BASELINE, BEFORE, CHOICE, judged
from tests.charts.sites import LIMIT, drawn, said, svg
from tests.forecast.simulated import World, simulate


def quality(prospects: int = 1_000, buyers: int = 100) -> Quality:
    """Return that of a model which ranks all buyers first, and of a rate which is twice too high and ranks half so."""
    converted = pl.int_range(prospects, eager=True) < buyers
    rows = pl.DataFrame({"visitor": pl.int_range(prospects, eager=True), "converted": converted})
    place = np.arange(prospects)
    model = np.where(place < buyers, 0.9, 0.01)
    half = (place < buyers // 2) | (place >= prospects - buyers // 2)
    rates = {BEFORE: np.where(half, 0.5, 0.1), AFTER: model, BASELINE: np.full(prospects, 0.1)}
    return judged(rows, rates, CHOICE.to_frame(), 1.0)


def test_a_curve_is_the_share_of_buyers_among_the_most_likely() -> None:
    found = quality()
    rows = pl.DataFrame(drawn(dfn.charts.gains(found), "predictor"))
    first = dict(rows.filter(contacted=0.1).select("predictor", "buyers_share").rows())
    assert first == pytest.approx({"the model": 1.0, "the service's rate": 0.5})
    names = {"the model": AFTER, "the service's rate": BEFORE}
    for predictor, name in names.items():
        shown = rows.filter(predictor=predictor)["buyers_share"].to_list()
        assert shown == found.gains.filter(predictor=name)["buyers_share"].to_list()


def test_the_subtitle_says_what_the_top_tenth_holds_and_of_how_many() -> None:
    chart = dfn.charts.gains(quality(), title="A slide")
    words = said(chart)
    assert words.startswith("A slide The top 10 % hold 100% of the buyers by the model, 50% by the service's rate")
    assert "1,000 prospects at 1,000 moments in all, 100 of these before a purchase." in words


def test_a_learned_model_is_drawn_in_both_themes() -> None:
    record = simulate(World(days=2, arrivals=60, seed=3, every=120))
    model = dfn.learn(record, timedelta(hours=2))
    for theme in ("light", "dark"):
        with dfn.charts.use_theme(theme):  # type: ignore[arg-type]
            chart = dfn.charts.gains(model)
            assert "most likely first" in svg(chart)
    assert said(chart) == said(dfn.charts.gains(model.quality))
    assert len(chart.to_json()) < LIMIT


def test_where_the_service_predicts_nothing_only_the_model_is_drawn() -> None:
    found = quality()
    alone = replace(
        found,
        scores=found.scores.filter(pl.col("predictor") != BEFORE),
        gains=found.gains.filter(pl.col("predictor") != BEFORE),
    )
    chart = dfn.charts.gains(alone)
    assert {row["predictor"] for row in drawn(chart, "predictor")} == {"the model"}
    assert "The top 10 % hold 100% of the buyers by the model and 10% by chance." in said(chart)
    assert "service" not in svg(chart)


@pytest.mark.parametrize("untested", [quality(0, 0), quality(100, 0)], ids=["no later data", "nobody bought"])
def test_a_model_that_could_not_be_tested_is_told(untested: Quality) -> None:
    assert "Too little was recorded to test the model on" in svg(dfn.charts.gains(untested))


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Expected a model, dfn\.learn\(history\), or its quality, not Snapshot"):
        dfn.charts.gains(dfn.Snapshot())  # type: ignore[arg-type]
