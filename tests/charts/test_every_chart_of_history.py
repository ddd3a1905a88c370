"""What holds for each chart of a history."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import datafast_nb as dfn
from tests.charts.recordings import payment, recorded, visitor
from tests.charts.sites import HOSTILE, LIMIT, strings, svg
from tests.history.moments import snapshot

ALL: dict[str, Callable[..., Any]] = {
    "rhythm": dfn.charts.rhythm,
    "rhythm of payments": lambda history, **words: dfn.charts.rhythm(history, "payments", **words),
    "rhythm of value": lambda history, **words: dfn.charts.rhythm(history, "expected_value", **words),
    "trend": dfn.charts.trend,
    "calibration": dfn.charts.calibration,
    "time to purchase": dfn.charts.time_to_purchase,
    "time to purchase by city": lambda history, **more: dfn.charts.time_to_purchase(history, by="city", **more),
    "attribution": dfn.charts.attribution,
    "attribution by city": lambda history, **more: dfn.charts.attribution(history, "linear", "city", **more),
    "cohorts": dfn.charts.cohorts,
    "forecast": dfn.charts.forecast,
    "forecast of sales": lambda history, **words: dfn.charts.forecast(history, "7d", measure="sales", **words),
    "unusual": dfn.charts.unusual,
    "unusual events": lambda history, **words: dfn.charts.unusual(history, measure="events", **words),
    "calibration by city": lambda history, **words: dfn.charts.calibration(history, by="city", **words),
}
every_chart = pytest.mark.parametrize("draw", ALL.values(), ids=ALL)

NEXT_TO_NOTHING = {
    "one empty poll": [snapshot(0)],
    "one poll": [snapshot(0, [visitor("a", 0)])],
    "nobody": [snapshot(0), snapshot(300)],
    "one visitor": [snapshot(0, [visitor("a", 0)]), snapshot(300, [visitor("a", 0)])],
    "all null": [snapshot(0, [{}, {}], [{}, {}], [{}, {}]), snapshot(300, [{}, {}], [{}, {}], [{}, {}])],
    "no predictions": [snapshot(0), snapshot(300, [visitor("a", 100, conversionLikelihood=None)])],
}


@pytest.fixture(scope="module", params=NEXT_TO_NOTHING.values(), ids=NEXT_TO_NOTHING)
def nearly_empty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dfn.History:
    """Return a history of next to nothing."""
    return recorded(tmp_path_factory.mktemp("next to nothing"), *request.param)


@pytest.fixture(scope="module", params=[HOSTILE, "\u202e\x00\n[a].b\\'\"" + "👩‍💻" * 5_000], ids=["html", "long"])
def hostile(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dfn.History:
    """Return a history with a text wherever the site's visitors can write one."""
    text = request.param
    here = [visitor(text, 0, location={"city": text}), visitor("b", 0, location={"city": text[:-1]})]
    paid = [payment(text, 0, 5, text), payment("b", 60, 5, text[:-1])]
    moments = [snapshot(seconds, here if seconds < 600 else [], payments=paid) for seconds in range(0, 7_200, 300)]
    return recorded(tmp_path_factory.mktemp("hostile"), *moments)


@pytest.fixture(scope="module")
def of_demo(demo: dfn.History) -> Callable[[Callable[..., Any]], Any]:
    """Return a function that draws the demo site's history once by each chart, in the light theme."""

    @cache
    def drawn(draw: Callable[..., Any]) -> Any:
        with dfn.charts.use_theme("light"):
            return draw(demo)

    return drawn


class TestAll:
    @every_chart
    def test_it_draws_the_demo_site_in_both_themes(
        self, draw: Callable[..., Any], demo: dfn.History, of_demo: Callable[..., Any]
    ) -> None:
        with dfn.charts.use_theme("light"):
            assert "<svg" in svg(of_demo(draw))
        with dfn.charts.use_theme("dark"):
            chart = draw(demo)
            assert "<svg" in svg(chart)
        assert len(chart.to_json()) < LIMIT

    @every_chart
    def test_a_history_that_is_not_there_is_told(self, draw: Callable[..., Any], tmp_path: Path) -> None:
        with pytest.raises(dfn.NotRecordedError, match="There is no history"):
            draw(dfn.History(tmp_path / "nothing"))

    @every_chart
    def test_it_draws_a_history_of_next_to_nothing(self, draw: Callable[..., Any], nearly_empty: dfn.History) -> None:
        assert "<svg" in svg(draw(nearly_empty))

    @every_chart
    def test_text_from_the_site_is_never_code(self, draw: Callable[..., Any], hostile: dfn.History) -> None:
        chart = draw(hostile)
        assert "<img" not in svg(chart)
        assert len(chart.to_json()) < LIMIT
        code = {"expr", "filter", "test", "calculate", "labelExpr", "href", "url", "signal"}
        for key, words in strings(chart.to_dict()):
            assert key not in code or "img" not in words
            assert key not in {"href", "url"}

    @every_chart
    def test_it_can_be_concatenated_further(self, draw: Callable[..., Any], of_demo: Callable[..., Any]) -> None:
        other = dfn.charts.timeline(dfn.Snapshot())
        assert "<svg" in svg(of_demo(draw) & other)

    @every_chart
    def test_what_is_no_history_is_refused(self, draw: Callable[..., Any]) -> None:
        with pytest.raises(TypeError, match=r"History"):
            draw(dfn.Snapshot())  # type: ignore[arg-type]
