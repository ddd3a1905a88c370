"""What was called otherwise is taken by its old name too, with a warning that says the new one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl
import polars.selectors as cs
import pytest

import datafast_nb as dfn

RENAMED: Final[dict[str, tuple[Callable[..., Any], dict[str, Any], str, str, str]]] = {
    "breakdown": (dfn.breakdown, {"by": "device"}, "interval", "ci", "normal"),
    "charts.breakdown": (dfn.charts.breakdown, {"by": "device"}, "metric", "measure", "visitors"),
    "charts.world": (dfn.charts.world, {}, "metric", "measure", "expected_value"),
}


def comparable(result: Any) -> object:
    """Return what a result says; sums of floats may differ in their last digits from one call to the next."""
    if isinstance(result, pl.DataFrame):
        return result.with_columns(cs.float().round_sig_figs(9)).to_dicts()
    return result.to_dict()


@pytest.mark.parametrize("name", RENAMED)
def test_the_old_name_of_a_parameter_means_the_new_one(name: str) -> None:
    function, rest, old, new, value = RENAMED[name]
    snap = dfn.demo.Site(seed=0, visitors=1000, clock=lambda: datetime(2026, 2, 6, 15, tzinfo=UTC)).snapshot()
    with pytest.warns(DeprecationWarning, match=f"{old} is called {new} now") as warned:
        before = function(snap, **rest, **{old: value})
    assert [each.filename for each in warned] == [__file__], "it does not point to the call"
    assert comparable(before) == comparable(function(snap, **rest, **{new: value}))
    assert comparable(before) != comparable(function(snap, **rest))


@pytest.mark.parametrize("name", RENAMED)
def test_a_parameter_is_given_by_one_name(name: str) -> None:
    function, rest, old, new, value = RENAMED[name]
    with pytest.raises(TypeError, match=f"got both {new} and {old}"):
        function(dfn.demo.Site(seed=0).snapshot(), **rest, **{old: value, new: value})


def test_the_live_map_takes_its_seconds_by_their_old_name() -> None:
    with pytest.warns(DeprecationWarning, match="LiveMap's interval is called every now"):
        live = dfn.LiveMap(dfn.demo.Site(seed=0), interval=60)  # type: ignore[call-arg]
    assert live.every == 60
    live.close()
