"""Charts take the user's title and subtitle, and still explain their marks."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import datafast_nb as dfn
from datafast_nb.charts.specification import titles_of
from tests.charts.sites import Draw, crowd, every_chart
from tests.charts.test_gain_curve import quality

DRAWN = sorted(dir(dfn.charts))
STEPS = [dfn.goal("signup"), dfn.payment()]
SNAP = crowd(200)


def drawn(name: str, history: dfn.History, **words: str) -> Any:
    """Draw a chart of the demo site, with what it needs in addition."""
    needed: dict[str, tuple[Any, ...]] = {
        "alerts": (dfn.Alert("visitors > 3", "traffic").backtest(history),),
        "breakdown": (SNAP, "channel"),
        "compare": (crowd(60), SNAP, "channel"),
        "funnel": (SNAP, STEPS),
        "gains": (quality(),),
        "heatmap": (SNAP, ["channel", "city"]),
    }
    draw = getattr(dfn.charts, name)
    of_history = "history" in str(inspect.signature(draw)).lower()
    return draw(*needed.get(name, (history if of_history else SNAP,)), **words)


def heading(chart: Any) -> list[str]:
    return titles_of(chart.to_dict())


def subtitle(chart: Any) -> list[str]:
    lines = chart.to_dict()["title"].get("subtitle", [])
    return [lines] if isinstance(lines, str) else lines


@pytest.mark.parametrize("name", DRAWN)
def test_every_chart_takes_a_title_and_a_subtitle(name: str) -> None:
    draw = getattr(dfn.charts, name)
    for word in ("title", "subtitle"):
        parameter = inspect.signature(draw).parameters[word]
        assert parameter.kind is parameter.KEYWORD_ONLY
        assert parameter.default is None
    assert "title, subtitle : str, optional" in (inspect.getdoc(draw) or "")


@pytest.mark.parametrize("name", DRAWN)
def test_every_chart_is_titled_and_keeps_what_explains_it(name: str, demo: dfn.History) -> None:
    own = drawn(name, demo)
    notes = subtitle(own)
    assert heading(own)[0]
    assert heading(drawn(name, demo, title="Who buys")) == ["Who buys", *notes]
    assert heading(drawn(name, demo, title="Who buys", subtitle="A slide")) == ["Who buys", "A slide", *notes]


@pytest.mark.parametrize("snap", [crowd(200), dfn.Snapshot()], ids=["crowd", "nobody"])
@every_chart
def test_the_notes_stay_when_the_title_is_changed(draw: Draw, snap: dfn.Snapshot) -> None:
    own = draw(snap)
    notes = subtitle(own)
    titled = draw(snap, title="Who buys")
    assert heading(titled) == ["Who buys", *notes]
    both = draw(snap, title="Who buys", subtitle="March, before the sale")
    assert heading(both) == ["Who buys", "March, before the sale", *notes]
    below = draw(snap, subtitle="March, before the sale")
    assert heading(below) == [*heading(own)[: -len(notes) or None], "March, before the sale", *notes]


def test_dashes_and_faintness_are_explained_below_any_title() -> None:
    words = " ".join(heading(dfn.charts.breakdown(crowd(200), "channel", title="Who buys", subtitle="A slide")))
    assert words.startswith("Who buys A slide ")
    assert "Dashed: the site's average" in words
    assert "Faint: " in words


def test_a_long_title_is_wrapped_and_an_empty_one_is_none() -> None:
    title = dfn.charts.scores(crowd(30)).to_dict()["title"]["text"]
    assert isinstance(title, str)
    long = dfn.charts.scores(crowd(30), title="word " * 40).to_dict()["title"]["text"]
    assert len(long) > 1
    assert max(map(len, long)) <= 80
    assert dfn.charts.scores(crowd(30), title="").to_dict()["title"]["text"] == ""


def test_a_title_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="title takes a text, not 3"):
        dfn.charts.scores(crowd(30), title=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="subtitle takes a text"):
        dfn.charts.scores(crowd(30), subtitle=["a"])  # type: ignore[arg-type]
