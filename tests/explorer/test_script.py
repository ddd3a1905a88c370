"""The code that the explorer gives runs where it is pasted, and gives the same table."""

from __future__ import annotations

import ast
import subprocess
import sys
from itertools import cycle
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import datafast_nb as dfn
from datafast_nb.explorer.script import called
from tests.explorer.panels import PEOPLE
from tests.livemap.sources import people

HOSTILE = '"""\n\'); import os; os.abort() #\u202e\\" {x} <img src=x>'

FILTERS: list[dict[str, Any]] = [
    {},
    {"country_code": "fr"},
    {"country_code": ["FR", None]},
    {"device": [None]},
    {"device": ["mobile", "desktop"], "min_score": 30, "min_confidence": 0.5},
    {"channel": "google", "page": "/pricing", "visit_kind": ["new", None]},
    {"score_band": "20–40", "confidence_band": "0.75–1"},
    {"is_customer": True},
    {"is_customer": False},
    {"is_customer": [True, False]},
    {"is_customer": [None, "x"]},
    {"visit_count": [1, 3]},
    {"visit_count": None, "has_profile": True},
    {"dimension_matches": "device"},
    {"dimension_matches": ["country", None]},
    {"text": "por"},
    {"text": "a\\b\"c'd\n"},
    {"site": "shop"},
    {"site": ""},
    {"device": HOSTILE, "channel": [HOSTILE, None], "text": HOSTILE, "dimension_matches": HOSTILE},
    {"device": 3, "country_code": True},
]


def run(code: str, **names: Any) -> dict[str, Any]:
    """Run code as a cell of its own."""
    namespace = {**names}
    exec(compile(code, "<cell>", "exec"), namespace)
    return namespace


def in_main(monkeypatch: pytest.MonkeyPatch, **names: Any) -> None:
    """Return things names in the main module, as a notebook does."""
    for name, thing in names.items():
        monkeypatch.setattr(sys.modules["__main__"], name, thing, raising=False)


@pytest.mark.parametrize(("filters", "by"), [*zip(FILTERS, cycle(["country_code", ["channel", "device"]]))], ids=str)
def test_pasted_code_gives_the_table_that_is_shown(
    filters: dict[str, Any], by: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_main(monkeypatch, mine=PEOPLE)
    explorer = dfn.Explorer(PEOPLE, by=by, measure="expected_value")
    explorer.filter(**filters)
    names = run(explorer.code, mine=PEOPLE)
    assert_frame_equal(names["table"], explorer.table)
    assert names["chart"].title == explorer.chart.title


@pytest.mark.parametrize("measure", ["predicted_rate", "lift", "visitors", "share"])
@pytest.mark.parametrize("by", ["dimension_matches", "site", "is_customer"])
def test_it_does_so_for_every_kind_of_question(by: str, measure: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    in_main(monkeypatch, snap=PEOPLE)
    explorer = dfn.Explorer(PEOPLE, by=by, measure=measure)
    assert_frame_equal(run(explorer.code, snap=PEOPLE)["table"], explorer.table)


@pytest.mark.parametrize(
    ("filters", "with_site"),
    [*zip(FILTERS, cycle([False, True])), ({}, True), ({"site": "shop"}, False), ({"site": ""}, True)],
    ids=str,
)
def test_somebody_who_is_listed_twice_counts_once_in_the_code_too(
    filters: dict[str, Any], with_site: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = PEOPLE.visitors.with_columns(
        visitor_id=pl.when(pl.int_range(pl.len()) < 9).then(pl.col("visitor_id"))  # the others are nobody by name
    )
    again = listed.head(20).with_columns(score=pl.lit(90.0), device=pl.lit("mobile"))
    everybody = pl.concat([listed, again])
    if with_site:
        shop = pl.when(pl.int_range(pl.len()) < 62).then(pl.lit("shop")).alias("site")
        everybody = everybody.select(shop, *everybody.columns)
    snap = dfn.Snapshot(everybody, baseline=PEOPLE.baseline)
    in_main(monkeypatch, mine=snap)
    explorer = dfn.Explorer(snap, by=["channel", "device"], measure="expected_value")
    explorer.filter(**filters)
    names = run(explorer.code, mine=snap)
    assert_frame_equal(names["table"], explorer.table)
    assert names["chart"].title == explorer.chart.title


def test_groups_that_strangers_named_are_literals_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    snap = people(9, utm_source=pl.format("{}{}", pl.lit(HOSTILE), pl.int_range(9) % 3), device=HOSTILE)
    in_main(monkeypatch, snap=snap)
    explorer = dfn.Explorer(snap, by="device")
    explorer.filter(channel=[HOSTILE + "0", HOSTILE + "1"])
    calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(explorer.code)) if isinstance(node, ast.Call)}
    assert calls == {
        "with_dimensions",
        "with_dimensions(snap.visitors, 'channel').filter",
        "pl.col",
        "pl.col('channel').is_in",
        "dfn.breakdown",
        "dfn.charts.breakdown",
    }
    assert run(explorer.code, snap=snap)["table"]["visitors"].sum() == 6
    assert "\u202e" not in explorer.code


def test_it_speaks_of_things_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    site = dfn.demo.Site(seed=0, visitors=50)
    explorer = dfn.Explorer(site)
    in_main(monkeypatch, my_site=site, _hidden=site)
    assert "snap = my_site.snapshot()" in explorer.code


def test_an_explorer_with_a_name_speaks_for_a_source_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    explorer = dfn.Explorer(dfn.demo.Site(seed=0, visitors=50))
    in_main(monkeypatch, explorer=explorer)
    names = run(explorer.code, explorer=explorer)
    assert_frame_equal(names["table"], explorer.table)


def test_a_source_s_present_moment_is_the_explorer_s_where_that_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    site = dfn.demo.Site(seed=0, visitors=50)
    explorer = dfn.Explorer(site)
    in_main(monkeypatch, site=site, shown=explorer)
    assert "snap = shown.snapshot\n" in explorer.code


@pytest.mark.parametrize("name", ["dfn", "pl", "visitors", "table", "chart", "searched", "codes", "with_dimensions"])
def test_a_name_that_the_code_binds_itself_is_left_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    in_main(monkeypatch, **{name: PEOPLE, "kept_for_later": PEOPLE})
    explorer = dfn.Explorer(PEOPLE, by="device")
    assert "snap = kept_for_later\n" in explorer.code


def test_an_explorer_at_the_end_of_a_cell_is_spoken_of_by_the_number_of_the_cell() -> None:
    code = """
from IPython.core.interactiveshell import InteractiveShell
import datafast_nb as dfn
shell = InteractiveShell.instance()
shell.run_cell("import datafast_nb as dfn; dfn.Explorer(dfn.demo.Site(seed=0, visitors=20))", store_history=True)
explorer = shell.user_ns["_1"]
assert "snap = _1.snapshot" in explorer._view.front.code, explorer._view.front.code
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_code_about_what_has_no_name_runs_on_a_snapshot_of_its_own() -> None:
    explorer = dfn.Explorer(PEOPLE, by="device")
    assert "snap = dfn.load()  # not the moment shown" in explorer.code
    assert run(explorer.code)["table"].columns == explorer.table.columns


def test_a_name_that_can_not_be_typed_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    thing = object()
    in_main(monkeypatch, **{"not a name": thing, "class": thing, "_private": thing})
    assert called(thing) is None
    in_main(monkeypatch, _12=thing)
    assert called(thing) == "_12"
