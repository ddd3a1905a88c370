"""Purchases credited to the groups of visits before them."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.forecast.attribution import Attribution
from tests.charts.sites import drawn, said, svg


@pytest.fixture(scope="module")
def found(demo: dfn.History) -> Attribution:
    return dfn.attribution(demo, model="linear")


def test_a_bar_is_as_long_as_the_purchases_credited_to_its_group(found: Attribution) -> None:
    chart = dfn.charts.attribution(found)
    rows = drawn(chart, "conversions")
    assert [row["conversions"] for row in rows] == found.groups["conversions"].head(len(rows)).to_list()
    assert said(chart).startswith(f"{found.summary['conversions'].item():,} purchases")
    assert "<svg" in svg(chart)


def test_the_legend_names_what_is_unmatched_only_where_there_is_some(found: Attribution) -> None:
    groups = found.groups.filter("matched")
    assert ">unmatched<" not in svg(dfn.charts.attribution(replace(found, groups=groups)))
    lost = groups.head(1).with_columns(
        pl.lit(value=False).alias("matched"), pl.lit(None).cast(pl.String).alias("channel")
    )
    assert ">unmatched<" in svg(dfn.charts.attribution(replace(found, groups=pl.concat([groups, lost]))))
