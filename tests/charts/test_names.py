"""What a completion of ``dfn.charts.`` offers."""

from __future__ import annotations

import inspect
import re
import types

import pytest
from IPython.core.completer import IPCompleter, provisionalcompleter

import datafast_nb as dfn
from tests.browser import states

CHARTS = {
    "alerts",
    "attribution",
    "breakdown",
    "calibration",
    "cohorts",
    "compare",
    "dashboard",
    "drivers",
    "forecast",
    "funnel",
    "gains",
    "heatmap",
    "rhythm",
    "scores",
    "time_to_purchase",
    "timeline",
    "transitions",
    "trend",
    "unusual",
    "value",
    "world",
}


def test_the_charts_are_offered_and_nothing_else() -> None:
    assert {*dir(dfn.charts)} == {*CHARTS}
    for name in CHARTS:
        assert isinstance(getattr(dfn.charts, name), types.FunctionType)
        assert "Chart" in str(inspect.signature(getattr(dfn.charts, name)).return_annotation)


@pytest.mark.parametrize("use_jedi", [False, True])
def test_a_notebook_completes_to_them(use_jedi: bool) -> None:
    completer = IPCompleter(namespace={"dfn": dfn}, use_jedi=use_jedi)
    with provisionalcompleter():
        offered = {found.text.lstrip(".") for found in completer.completions("dfn.charts.", len("dfn.charts."))}
    assert {name for name in offered if not name.startswith("_")} == {*CHARTS}


def test_each_is_among_the_pictures_that_are_looked_at() -> None:
    drawn = {found for code in states.CHARTS.values() for found in re.findall(r"charts\.(\w+)\(", code)}
    assert drawn == CHARTS


def test_what_else_is_public_is_found_by_its_name() -> None:
    from datafast_nb.charts.saving import save
    from datafast_nb.charts.theme import use_theme

    assert (dfn.charts.save, dfn.charts.use_theme) == (save, use_theme)
