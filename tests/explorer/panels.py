"""Explorers as tests use them: displayed, and asked as a browser asks."""

from __future__ import annotations

from typing import Any

import polars as pl

from datafast_nb.explorer import Explorer
from datafast_nb.explorer.view import View
from datafast_nb.snapshot import Baseline, Snapshot
from tests.livemap.sources import NOON, visitors

PEOPLE = Snapshot(
    visitors(
        60,
        country_code=pl.Series(["FR", "DE", "US", None] * 15),
        device=pl.Series(["mobile", "desktop", "tablet"] * 20),
        utm_source=pl.Series(["google", "x", None, "google", "news"] * 12),
        current_url=pl.Series(["/", "/pricing?a=1"] * 30),
        visit_count=pl.Series([1, 2, 3, 1, None, 1] * 10),
        city=pl.Series(["Porto", "Paris", None] * 20),
        conversion_rate=pl.Series([0.01, 0.02, 0.03, 0.04] * 15),
        dimension_matches=pl.Series([["device"], ["device", "country"], [], None] * 15),
    ),
    fetched_at=NOON,
    baseline=Baseline(0.02, 50.0),
)


def displayed(explorer: Explorer) -> Explorer:
    """Display an explorer."""
    explorer._repr_mimebundle_()
    return explorer


def view(explorer: Explorer) -> View:
    """Return what the browser shows."""
    assert explorer._view is not None
    return explorer._view


def ask(explorer: Explorer, do: str, **fields: Any) -> None:
    """Send a message, as a browser does."""
    view(explorer).front._handle_custom_msg({"do": do, "view": "a view", **fields}, [])


def click(explorer: Explorer, **datum: Any) -> None:
    """Click on a mark of the chart."""
    view(explorer).chart._handle_custom_msg({"do": "click", "view": "a view", "datum": datum}, [])


def names(explorer: Explorer) -> list[str]:
    """Return the first name of each row of the table."""
    return [row.names[0] for row in view(explorer).front.table.rows]


def picked(explorer: Explorer) -> list[str]:
    """Return those of them that are picked out."""
    return [row.names[0] for row in view(explorer).front.table.rows if row.picked]


def key(explorer: Explorer, name: str) -> str:
    """Return the key of a row."""
    return next(row.key for row in view(explorer).front.table.rows if row.names[0] == name)
