"""Appending stores what is new: whole, once, and of visitors only what changed."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

import datafast_nb as dfn
from tests.history.moments import IDS, after, demo, demos, event, shown, snapshot


@pytest.fixture
def history(tmp_path: Path) -> dfn.History:
    return dfn.History(tmp_path / "site")


def test_events_and_payments_are_kept_once_by_id(history: dfn.History) -> None:
    snapshots = demos(range(0, 1200, 60))
    for each in snapshots:
        history.append(each)
    for kind in ("events", "payments"):
        stored = getattr(history, kind)().collect()[IDS[kind]]
        assert sorted(stored) == shown(snapshots, kind)


def test_the_same_snapshot_twice_changes_nothing(history: dfn.History) -> None:
    first, second = demos([0, 10])
    for each in (first, second):
        assert history.append(each).new
    before = history.info()
    for again in (second, first):
        assert not history.append(again).new
    assert history.info() == before


def test_a_visitor_who_sits_on_one_page_costs_one_row(history: dfn.History) -> None:
    for seconds in range(0, 540, 10):
        history.append(snapshot(seconds, [{"visitorId": "a", "currentUrl": "/"}]))
    assert history.info().rows["visitors"] == 1


def test_a_visitor_who_stays_for_days_costs_a_row_an_hour_and_is_still_one_visit(history: dfn.History) -> None:
    visitor = {"visitorId": "a", "currentUrl": "/", "sessionStartTime": after(0).isoformat()}
    for seconds in range(0, 6 * 3_600, 300):
        appended = history.append(snapshot(seconds, [visitor]))
        assert appended.visitors == (seconds == 0)
        reach = history.polls().select(pl.col("seen_at").max() - pl.col("states_since").max()).collect().item()
        assert reach < timedelta(hours=1)
    history.append(snapshot(6 * 3_600))
    assert history.info().rows["visitors"] == 1 + 5 + 1
    assert history.visitors().collect().select("change", "seen_at").rows() == [("appeared", after(0))]
    visit = history.sessions().collect().row(0, named=True)
    assert (visit["states"], visit["last_change"], visit["left_at"]) == (1, after(0), after(6 * 3_600))
    for seconds in (3_300, 3_600, 20_000):
        assert history.at(after(seconds)).visitors["visitor_id"].to_list() == ["a"]


def test_of_a_visitor_appearing_changing_and_leaving_are_written(history: dfn.History) -> None:
    pages = ["/", "/", "/pricing", None, None]
    for place, page in enumerate(pages):
        here = [] if page is None else [{"visitorId": "a", "currentUrl": page}]
        history.append(snapshot(10 * place, here))
    states = history.visitors().sort("seen_at").collect()
    assert states.select("change", "current_url", "seen_at").rows() == [
        ("appeared", "/", after(0)),
        ("changed", "/pricing", after(20)),
    ]
    visit = history.sessions().collect().row(0, named=True)
    assert (visit["current_url"], visit["exit_url"], visit["states"]) == ("/", "/pricing", 2)
    assert (visit["first_seen"], visit["last_change"], visit["left_at"]) == (after(0), after(20), after(30))


def test_a_new_session_of_someone_who_is_still_there_appears(history: dfn.History) -> None:
    for seconds, started in ((0, 0), (10, 5)):
        visitor = {"visitorId": "a", "sessionStartTime": after(started).isoformat()}
        history.append(snapshot(seconds, [visitor]))
    assert history.visitors().collect()["change"].to_list() == ["appeared", "appeared"]
    assert history.sessions().collect().height == 2


def test_visitors_who_share_an_id_or_have_none_are_all_kept(history: dfn.History) -> None:
    visitors = [{"visitorId": "a", "city": "x"}, {"visitorId": "a"}, {"currentUrl": "/"}, {"currentUrl": "/"}]
    for seconds in (0, 10):
        history.append(snapshot(seconds, visitors))
    assert history.info().rows["visitors"] == 4
    assert history.at(after(10)).visitors.height == 4


def test_records_without_an_id_are_known_by_their_content(history: dfn.History) -> None:
    nameless = {"type": "pageview", "path": "/", "timestamp": after(-5).isoformat()}
    for seconds in (0, 10):
        history.append(snapshot(seconds, events=[nameless, nameless, {**nameless, "path": "/other"}]))
    assert sorted(history.events().collect()["path"]) == ["/", "/", "/other"]


def test_what_is_known_is_known_to_the_next_writer(tmp_path: Path) -> None:
    old = event("old", -86_400)
    timeless: dict[str, object] = {"_id": "timeless", "type": "x"}
    nameless = {"type": "pageview", "timestamp": after(-5.123).isoformat()}
    for seconds in (0, 10, 9_000, 9_010):
        with dfn.History(tmp_path) as history:
            history.append(snapshot(seconds, [{"visitorId": "a"}], [old, timeless, nameless, event(f"{seconds}", 0)]))
    stored = dfn.History(tmp_path).events().collect()
    assert sorted(stored["event_id"].fill_null("")) == ["", "0", "10", "9000", "9010", "old", "timeless"]
    assert dfn.History(tmp_path).visitors().collect().height == 1


def test_what_happened_long_ago_and_is_shown_again_is_not_stored_again(history: dfn.History) -> None:
    events = [event("old", -10), event("other", -10)]
    history.append(snapshot(0, events=events[:1]))
    for seconds in range(600, 9_000, 600):
        history.append(snapshot(seconds))
    history.append(snapshot(9_000, events=events))
    assert sorted(history.events().collect()["event_id"]) == ["old", "other"]


@pytest.mark.parametrize("reopened", [False, True], ids=["same writer", "next writer"])
@pytest.mark.parametrize("pause", [10, 9_000], ids=["soon", "late"])
@pytest.mark.parametrize(("first", "then"), [(None, -10), (-10, None), (-10, 9_005), (-86_400, -80_000)])
def test_an_id_is_stored_once_whatever_time_it_has_later(
    history: dfn.History, first: float | None, then: float | None, pause: float, reopened: bool
) -> None:
    def records(time: float | None) -> list[dict[str, object]]:
        return [{"_id": "x", **({} if time is None else {"timestamp": after(time).isoformat()})}]

    history.append(snapshot(0, events=records(first), payments=records(first)))
    history.append(snapshot(pause))
    if reopened:
        history.close()
        history = dfn.History(history.location)
    history.append(snapshot(pause + 10, events=records(then), payments=records(then)))
    assert history.events().collect().height == history.payments().collect().height == 1


def test_a_snapshot_older_than_the_last_is_refused_and_the_clock_is_named(history: dfn.History) -> None:
    history.append(demo(60))
    before = history.info()
    with pytest.raises(dfn.HistoryOrderError, match="clock"):
        history.append(demo(50))
    assert history.info() == before
    assert history.append(demo(70)).new


@pytest.mark.parametrize(("passed", "gaps"), [(1_800, 1), (60, 0)])
def test_a_clock_that_stepped_back_hides_no_gap(
    history: dfn.History, monkeypatch: pytest.MonkeyPatch, passed: float, gaps: int
) -> None:
    begun = time.monotonic()
    history.append(snapshot(1_800, events=[event("a", 0)]))
    with pytest.raises(dfn.HistoryOrderError):
        history.append(snapshot(10, events=[event("b", 10)]))
    monkeypatch.setattr(time, "monotonic", lambda: begun + passed)
    assert history.append(snapshot(1_810, events=[event("c", 1_809)])).gap_since == (after(1_800) if gaps else None)
    assert history.append(snapshot(1_820, events=[event("c", 1_809)])).gap_since is None
    assert history.gaps().height == gaps


def test_snapshots_of_several_sites_are_refused(history: dfn.History) -> None:
    with pytest.raises(ValueError, match="several websites"):
        history.append(dfn.Snapshot.of_sites({"a": demo(0)}))


def test_text_by_strangers_comes_back_as_it_was(history: dfn.History) -> None:
    words = ["'; DROP TABLE visitors; --", "\u202e\x00\x1f", "𝕏" * 5_000, '{"a": [', "", " "]
    visitors = [{"visitorId": word, "currentUrl": word, "profileData": {"displayName": word}} for word in words]
    given = snapshot(0, visitors)
    history.append(given)
    assert history.at(after(0)).visitors.sort("visitor_id").equals(given.visitors.sort("visitor_id"))


def test_times_finer_than_a_millisecond_are_cut_off(history: dfn.History) -> None:
    given = snapshot(0.123456, [{"visitorId": "a"}])
    assert history.append(given).new
    assert not history.append(given).new
    assert not history.append(snapshot(0.123999)).new
    history.append(snapshot(0.124001))
    assert not history.append(given).new
    assert history.visitors(after(0.123)).collect()["seen_at"].to_list() == [after(0.123)]
    assert [it.fetched_at for it in history.snapshots()] == [after(0.123), after(0.124)]


def test_an_empty_site_is_recorded_too(history: dfn.History) -> None:
    history.append(snapshot(0))
    assert history.at(after(5)).visitors.height == 0
    assert history.info().rows == {"visitors": 0, "events": 0, "payments": 0, "polls": 1}
    assert history.sessions().collect().height == 0
    assert history.events().collect_schema() == pl.Schema({**dfn.schema.EVENTS, "seen_at": pl.Datetime("us", "UTC")})
