"""Visits are the same as when each is looked at by itself, whatever is asked of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import datafast_nb as dfn
import datafast_nb.history.sessions
from datafast_nb.history.changes import IDS, NOTHING, STILL, news, shown_by
from datafast_nb.history.sessions import sessions
from datafast_nb.schema import VISITORS
from tests.history.moments import after, snapshot

VISITOR = st.fixed_dictionaries(
    {"visitorId": st.sampled_from(["a", "b", None]), "currentUrl": st.sampled_from(["/", "/pricing", None])},
    optional={
        "sessionStartTime": st.sampled_from([after(0).isoformat(), after(9).isoformat()]),
        "isCustomer": st.booleans(),
        "device": st.sampled_from(["mobile", "desktop"]),
    },
)
MOMENTS = st.lists(st.lists(VISITOR, max_size=4), min_size=1, max_size=9)
CONTINUED = ("last_change", "left_at", "states", "exit_url", "became_customer")


def changes(moments: list[list[dict[str, Any]]]) -> pl.DataFrame:
    """Return the rows that a history stores of some moments, in no order."""
    known, rows = NOTHING, []
    for place, visitors in enumerate(moments):
        shot = snapshot(10 * place, visitors)
        new, known = news(shot, known, {kind: shown_by(shot, kind) for kind in IDS})
        rows.append(new.visitors)
    return pl.concat(rows).filter(pl.col("change") != STILL).sample(fraction=1, shuffle=True, seed=1)


def one_by_one(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the visits, put together row by row."""
    visits: dict[tuple[Any, ...], dict[str, Any]] = {}
    begun: dict[tuple[Any, ...], datetime] = {}
    for row in rows.sort("seen_at").iter_rows(named=True):
        key = (row["visitor_id"], row["session_start_time"], row["copy"])
        if row["session_start_time"] is None:
            begun[key] = row["seen_at"] if row["change"] == "appeared" else begun.get(key, datetime.min)
            key = (*key, begun[key])
        seen_at = row["seen_at"]
        if row["change"] == "left":
            if key in visits:
                visits[key]["left_at"] = seen_at
            continue
        visit = visits.setdefault(key, {name: row[name] for name in VISITORS} | {"first_seen": seen_at, "states": 0})
        customer = bool(row["is_customer"]) and not visit["is_customer"]
        visit |= {"last_change": seen_at, "left_at": None, "exit_url": row["current_url"], "became_customer": customer}
        visit["states"] += 1
    return list(visits.values())


@given(MOMENTS, st.sampled_from([None, 20, 40]))
def test_visits_are_those_that_are_put_together_row_by_row(
    moments: list[list[dict[str, Any]]], start: int | None
) -> None:
    rows = changes(moments)
    rows = rows if start is None else rows.filter(pl.col("seen_at") >= after(start))
    visits = sessions(rows.lazy(), complete=start is None)
    schema = visits.collect_schema()
    expected = pl.DataFrame(one_by_one(rows), schema=schema)
    order = ["visitor_id", "first_seen", "session_start_time", "device", "current_url", "is_customer", "last_change"]
    assert_frame_equal(visits.sort(order).collect(), expected.sort(order), check_row_order=False)
    for name in ("device", "first_seen", *CONTINUED):
        assert_frame_equal(visits.select(name).collect(), expected.select(name), check_row_order=False)
    for holds in (pl.col("device") == "mobile", pl.col("states") > 1, pl.col("first_seen") > after(15)):
        assert_frame_equal(
            visits.filter(holds).select("exit_url", "device").collect(),
            expected.filter(holds).select("exit_url", "device"),
            check_row_order=False,
        )
        found = visits.filter(holds).select("current_url").collect()
        assert_frame_equal(found, expected.filter(holds).select("current_url"), check_row_order=False)
        assert visits.filter(holds).head(2).collect().height == min(2, expected.filter(holds).height)


def test_how_visits_continued_is_not_computed_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = changes([[{"visitorId": "a", "currentUrl": page}] for page in ("/", "/pricing", "/")])
    visits = sessions(rows.lazy(), complete=True)
    assert visits.select("states", "exit_url").collect().rows() == [(3, "/")]
    monkeypatch.setattr(datafast_nb.history.sessions, "_continued", None)
    assert dfn.breakdown(visits, by=["channel", "page"]).collect()["page"].to_list() == ["/"]
    with pytest.raises((TypeError, pl.exceptions.ComputeError)):
        visits.filter(pl.col("states") > 1).select("current_url").collect()
