"""Appending stores what is new: whole, once, and of visitors only what changed."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable

import datafast_nb as dfn
from datafast_nb.history.tables import Tables
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


@pytest.mark.parametrize("reopened", [False, True], ids=["same writer", "next writer"])
@pytest.mark.parametrize("pause", [10, 9_000], ids=["soon", "late"])
@pytest.mark.parametrize(("first", "then"), [(-60, 5), (-60, -300), (None, 5), (-60, None), (-86_400, 5), (5, -86_400)])
def test_what_is_shown_again_with_another_time_stays_in_the_snapshot(
    history: dfn.History, first: float | None, then: float | None, pause: float, reopened: bool
) -> None:
    def record(name: str, time: float | None) -> dict[str, object]:
        return {"_id": name, **({} if time is None else {"timestamp": after(time).isoformat()})}

    def given(seconds: float, time: float | None) -> dfn.Snapshot:
        records = [record("x", time), *(record(f"{place}", -place) for place in range(1, 5))]
        return snapshot(seconds, events=records, payments=records)

    now = float(pause + 10)
    snapshots = [given(0, first), given(pause, first), given(now, then and now + then), given(now + 10, first)]
    for each in snapshots:
        if reopened:
            history.close()
        history.append(each)
    kinds = {"events": "event_id", "payments": "payment_id"}
    for kind, name in kinds.items():
        assert getattr(history, kind)().collect()[name].to_list().count("x") == 1
    for each, found in zip(snapshots, history.snapshots(), strict=True):
        replayed = history.replay(start=each.fetched_at).snapshot()
        for shown_again in (history.at(each.fetched_at), found, replayed):
            for kind, name in kinds.items():
                assert sorted(getattr(shown_again, kind)[name]) == sorted(getattr(each, kind)[name])


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


def test_what_a_clock_that_ran_ahead_recorded_is_forgotten(history: dfn.History) -> None:
    snapshots = demos([0, 60, 120])
    for each in snapshots:
        history.append(each)
    ahead = 86_400 * 365
    for seconds in (ahead, ahead + 60):
        history.append(snapshot(seconds, [{"visitorId": "b"}], [event(f"{seconds}", seconds)]))
    with pytest.raises(dfn.HistoryOrderError, match=r"history\.forget_after\("):
        history.append(demo(180))
    before = history.info().rows
    forgotten = history.forget_after(after(170))
    assert (forgotten.snapshots, forgotten.events) == (2, 2)
    rows = history.info().rows
    assert {name: before[name] - rows[name] for name in ("visitors", "events", "payments")} == {
        name: getattr(forgotten, name) for name in ("visitors", "events", "payments")
    }
    assert history.append(demo(180)).new
    snapshots.append(demo(180))
    history.close()
    for given, found in zip(snapshots, dfn.History(history.location).snapshots(), strict=True):
        assert found.visitors.sort("visitor_id").equals(given.visitors.sort("visitor_id"))
        assert sorted(found.events["event_id"]) == sorted(given.events["event_id"])
    assert history.forget_after(after(180)) == (0, 0, 0, 0)
    assert history.forget_after(after(-1)).snapshots == 4
    assert history.append(demo(0)).new


def test_forgetting_that_breaks_off_is_made_good(history: dfn.History, monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds in (0, 60, 120):
        history.append(demo(seconds))
    remove = Tables.remove_after

    def broken(self: Tables, table: DeltaTable, last: datetime | None) -> None:
        if not table.table_uri.rstrip("/").endswith("polls"):
            raise dfn.HistoryStorageError("the plug was pulled")
        remove(self, table, last)

    monkeypatch.setattr(Tables, "remove_after", broken)
    with pytest.raises(dfn.HistoryStorageError, match="plug"):
        history.forget_after(after(60))
    monkeypatch.undo()
    assert sorted(history.events().collect()["event_id"]) == shown(demos([0, 60]), "events")
    history.close()
    assert history.append(demo(120)).new
    assert sorted(history.events().collect()["event_id"]) == shown(demos([0, 60, 120]), "events")


def test_nothing_is_forgotten_where_there_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(dfn.NotRecordedError):
        dfn.History(tmp_path / "none").forget_after(after(0))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("first", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 58, tzinfo=UTC)])
def test_clocks_at_the_ends_of_time_are_recorded(history: dfn.History, first: datetime) -> None:
    times = [first + timedelta(milliseconds=100 * place) for place in range(3)]
    for when in times:
        given = snapshot(0, [{"visitorId": "a"}], [event("x", 0)])
        assert history.append(dfn.Snapshot(given.visitors, given.events, fetched_at=when)).new
    history._writer._tidy()  # type: ignore[union-attr]
    history.close()
    assert not history.append(dfn.Snapshot(fetched_at=times[0])).new
    assert [it.fetched_at for it in history.snapshots()] == times
    assert history.at(times[-1]).visitors.height == 1
    assert history.replay().snapshot().events.height == 1


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "1600-02-29T12:00:00Z"])
def test_times_at_the_ends_of_time_are_stored(history: dfn.History, time: str) -> None:
    record: dict[str, object] = {"_id": "x", "timestamp": time, "amount": 1}
    for seconds in (0, 10, 9_000):
        given = snapshot(seconds, [{"visitorId": "a", "sessionStartTime": time}], [record], [record])
        history.append(given)
        found = history.at(after(seconds))
        assert found.events.equals(given.events)
        assert found.payments.equals(given.payments)
        assert found.visitors.equals(given.visitors)
    assert history.info().rows["events"] == 1
