"""What a cluster's tooltip and popup say."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import polars as pl
import pytest

from datafast_nb.livemap.frame_state import FrameState
from datafast_nb.livemap.popups import popup, summary
from datafast_nb.livemap.render import Renderer
from datafast_nb.livemap.view_state import MapState
from datafast_nb.snapshot import Baseline, Snapshot
from tests.conversion.tables import likelihood, visitors
from tests.livemap.sources import people


def members(count: int, **columns: object) -> pl.DataFrame:
    """Return the members of a cluster."""
    return FrameState(people(count, **columns)).visitors


def test_it_names_the_commonest_places() -> None:
    cities = pl.Series(["Berlin"] * 3 + ["Potsdam"] * 2 + [None, "Bernau"])
    found = summary(members(7, city=cities, country_code="DE"))
    assert found.title == "Berlin, Potsdam, Germany +1 places"


def test_figures_are_about_those_who_are_no_customers() -> None:
    found = summary(
        members(
            3,
            score=pl.Series([20.0, 41.0, 100.0]),
            expected_value=pl.Series([1.0, 2.5, 900.0]),
            is_customer=pl.Series([False, False, True]),
        )
    )
    assert (found.visitors, found.customers, found.score, found.value) == (3, 1, 30, "$3.50")


def test_nothing_is_said_of_predictions_that_are_not_there() -> None:
    found = summary(members(2, score=None, expected_value=None))
    assert (found.score, found.value) == (None, "")


def test_places_that_strangers_wrote_are_cut_and_cleaned() -> None:
    title = summary(members(1, city="<b>\u202e\x00" + "x" * 10_000)).title
    assert len(title) < 100
    assert "\u202e" not in title


def test_a_popup_lists_a_few_and_counts_the_rest() -> None:
    found = popup("1/0/0", (1.0, 2.0), members(300))
    assert (found.id, found.latitude, found.longitude) == ("1/0/0", 1.0, 2.0)
    assert len(found.rows) + found.more == found.summary.visitors == 300


def test_a_popup_of_nobody_says_so() -> None:
    found = popup("1/0/0", (1.0, 2.0), FrameState(None).visitors)
    assert (found.summary.title, found.rows, found.more) == ("Everyone has left", (), 0)


def test_a_cluster_says_what_moves_the_predictions_of_who_is_in_it() -> None:
    rows = [
        {"visitor_id": f"{it}", "country_code": code, "dimension_matches": ["country"], **likelihood(50, 0.8, rate, 1)}
        for it in range(30)
        for code, rate in [("DE", 0.036) if it % 2 else ("US", 0.02)]
    ]
    frame = FrameState(Snapshot(visitors(*rows), baseline=Baseline(0.02, 100.0)))
    germans = frame.visitors.filter(country_code="DE")
    assert frame.reasons(germans) == ("Germany ×1.8",)
    assert frame.reasons(germans.head(1)) == ("Germany ×1.8",)
    assert frame.reasons(frame.visitors) == ("Germany ×1.3",)
    assert frame.reasons(frame.visitors.filter(country_code="US")) == ()
    assert frame.reasons(frame.visitors.clear()) == ()
    assert summary(germans, frame.reasons(germans)).why == "Germany ×1.8"
    assert popup("a", (0.0, 0.0), germans, frame.reasons(germans)).summary.why == "Germany ×1.8"
    assert FrameState(None).reasons(FrameState(None).visitors) == ()
    card = Renderer().panels(frame, MapState(selected=germans["_key"][0])).card
    assert card is not None
    assert card.likelihood is not None
    assert card.likelihood.reasons == ("Germany ×1.8",)


def test_however_many_visitors_there_are_a_few_thousand_tell_what_moves_their_predictions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit("DE")).otherwise(pl.lit("US"))
    rate = pl.when(pl.int_range(pl.len()) % 2 == 0).then(0.036).otherwise(0.02)
    one = visitors({"visitor_id": "0", "dimension_matches": ["country"], **likelihood(50, 0.8, 0.02, 1)})
    many = pl.concat([one] * 22_001).with_columns(
        visitor_id=pl.int_range(pl.len()).cast(pl.String), country_code=code, conversion_rate=rate
    )
    frame = FrameState(Snapshot(many, baseline=Baseline(0.02, 100.0)))
    explain = import_module("datafast_nb.conversion.explain")
    fit, looked_at = explain.ridge, []

    def noted(rows: Any, flags: Any, outcomes: Any, scales: Any) -> Any:
        looked_at.append(len(outcomes))
        return fit(rows, flags, outcomes, scales)

    monkeypatch.setattr(explain, "ridge", noted)
    assert frame.reasons(frame.visitors.filter(country_code="DE")) == ("Germany ×1.8",)
    assert frame.reasons(frame.visitors.head(1)) == ("Germany ×1.8",)
    assert len(looked_at) == 1
    assert 1_000 < looked_at[0] <= 5_000
