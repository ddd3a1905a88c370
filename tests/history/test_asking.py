"""What was recorded comes back: lazily, by time, moment by moment, and with its gaps."""

from __future__ import annotations

import os
import re
import shutil
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import datafast_nb as dfn
from datafast_nb.history.tables import Tables
from tests.history.moments import IDS, START, after, demo, demos, event, snapshot

TIMES = [*range(0, 300, 10), *range(300, 3_600, 150)]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> dfn.History:
    recorded = dfn.History(tmp_path_factory.mktemp("site"))
    for each in demos(TIMES):
        recorded.append(each)
    recorded.close()
    return recorded


def same(found: dfn.Snapshot, given: dfn.Snapshot) -> None:
    for name, key in IDS.items():
        # Someone's earlier events get a name once the service knows it; a history has them as they were first shown.
        named = ["customer_name", "display_name"] if name == "events" else []
        one, other = (getattr(it, name).drop(named).sort(key) for it in (found, given))
        assert_frame_equal(one, other)
    figures = ("count", "has_predictions", "baseline", "fetched_at")
    assert [getattr(found, name) for name in figures] == [getattr(given, name) for name in figures]


@pytest.mark.parametrize("place", [0, 7, 29, 30, -1])
def test_a_moment_comes_back_as_it_was(history: dfn.History, place: int) -> None:
    given = demo(TIMES[place])
    same(history.at(given.fetched_at), given)


def test_nothing_is_opened_again_while_nothing_changed_and_what_changed_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "site"
    with dfn.History(place) as writer:
        for seconds in (0, 10, 20):
            writer.append(demo(seconds))
        for log in place.glob("*/_delta_log"):
            os.utime(log, (0, 0))  # as if that was long ago
        reader = dfn.History(place)
        first = reader.at(after(0))
        with monkeypatch.context() as closed:
            closed.setattr(Tables, "open", None)
            closed.setattr(Tables, "scan", None)
            same(reader.at(after(10)), demo(10))
            assert reader.at(after(10)) is reader.at(after(15))
            with pytest.raises(TypeError):
                reader.at(after(3_700))
        writer.append(demo(30))
        same(reader.at(after(30)), demo(30))
        writer.append(demo(40))  # within the same tick of the file system's clock, maybe
        same(reader.at(after(40)), demo(40))
    assert reader.at(after(0)) is not first
    shutil.rmtree(place / "events")
    with pytest.raises(dfn.HistoryFormatError):
        reader.at(after(0))


def test_between_two_snapshots_the_earlier_one_holds(history: dfn.History) -> None:
    assert history.at(after(19.9)).fetched_at == after(10)


def test_all_snapshots_come_back_in_order(history: dfn.History) -> None:
    for found, given in zip(history.snapshots(), demos(TIMES), strict=True):
        same(found, given)


def test_snapshots_at_an_interval_are_those_of_their_moments(history: dfn.History) -> None:
    found = [it.fetched_at for it in history.snapshots(after(60), after(600), every=timedelta(seconds=60))]
    assert found == [after(60), after(120), after(180), after(240), after(300), after(300), after(300), after(450),
                     after(450)]  # fmt: skip


@pytest.mark.parametrize("name", ["visitors", "events", "payments"])
def test_frames_are_lazy_and_have_the_schema_first(history: dfn.History, name: str) -> None:
    frame = getattr(history, name)()
    assert isinstance(frame, pl.LazyFrame)
    schema = getattr(dfn.schema, name.upper())
    assert list(frame.collect_schema().items())[: len(schema)] == list(schema.items())


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("visitors", "seen_at"),
        ("events", "timestamp"),
        ("payments", "timestamp"),
        ("polls", "seen_at"),
    ],
)
def test_a_span_holds_what_is_in_it_and_reads_fewer_files(history: dfn.History, name: str, time: str) -> None:
    ask = getattr(history, name)
    start, end = after(2_000), after(3_000)
    whole = ask().collect()
    found = ask(start, end)
    assert_frame_equal(found.collect(), whole.filter(pl.col(time) >= start, pl.col(time) < end), check_row_order=False)
    assert found.explain().count("parquet") <= ask().explain().count("parquet")
    assert sources(found) < sources(ask())


def test_sessions_of_a_span_are_those_that_were_seen_in_it(history: dfn.History) -> None:
    start, end = after(2_000), after(3_000)
    key = ["visitor_id", "session_start_time"]
    found = history.sessions(start, end)
    assert sources(history._changes(start, end)) < sources(history._changes(None, None))
    assert sorted(found.select(key).collect().rows()) == sorted(
        history.visitors(start, end).select(key).unique().collect().rows()
    )


def test_what_takes_a_frame_takes_those_of_a_history(history: dfn.History) -> None:
    visitors, events, payments = history.visitors(), history.events(), history.payments()
    assert dfn.summary(visitors).collect()["visitors"].item() == visitors.collect()["visitor_id"].n_unique()
    assert dfn.funnel(events, ["/", "/pricing"]).collect().height == 2
    assert dfn.revenue(payments).collect()["payments"].sum() == payments.collect().height
    assert dfn.charts.breakdown(history.sessions(), by="device").to_dict()["layer"]


def sources(frame: pl.LazyFrame) -> int:
    """Return how many files a plan reads."""
    plan = frame.explain()
    files = plan.partition("Parquet SCAN [")[2].partition("]")[0]
    more = files.partition("... ")[2].partition(" other")[0]
    return files.count(".parquet") + int(more or 0)


def test_sessions_are_one_row_a_visit_as_it_was_first_seen(history: dfn.History) -> None:
    visits = history.sessions().collect()
    key = ["visitor_id", "session_start_time"]
    assert visits.select(key).is_unique().all()
    first = history.visitors().sort("seen_at").unique(key, keep="first").collect()
    assert_frame_equal(
        visits.select(dfn.schema.VISITORS.names()).sort(key), first.select(dfn.schema.VISITORS.names()).sort(key)
    )
    assert dfn.breakdown(history.sessions(), by="country_code").select("visitors").sum().collect().item() == len(visits)


def test_a_time_without_a_zone_is_refused(history: dfn.History) -> None:
    with pytest.raises(ValueError, match="time zone"):
        history.at(START.replace(tzinfo=None))
    with pytest.raises(ValueError, match="start has no time zone"):
        history.events(START.replace(tzinfo=None))
    with pytest.raises(TypeError, match="datetime"):
        history.events("yesterday")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"every .* above 0"):
        next(history.snapshots(every=0))


def test_a_moment_before_the_first_or_long_after_the_last_is_not_made_up(history: dfn.History) -> None:
    with pytest.raises(dfn.NotRecordedError, match="2026-02-06 15:00:00 UTC"):
        history.at(after(-1))
    with pytest.raises(dfn.NotRecordedError, match="nearest"):
        history.at(after(3_600 + 700))


def test_where_nothing_was_recorded_reading_says_so(tmp_path: Path) -> None:
    with pytest.raises(dfn.NotRecordedError, match="no history"):
        dfn.History(tmp_path / "nowhere").visitors()
    assert not (tmp_path / "nowhere").exists()


def test_a_time_without_snapshots_longer_than_the_window_is_a_gap(tmp_path: Path) -> None:
    with dfn.History(tmp_path) as history:
        for seconds in (0, 600, 1_201):
            appended = history.append(snapshot(seconds))
    assert appended.gap_since == after(600)
    assert history.gaps().rows() == [(after(600), after(1_201), timedelta(seconds=601))]
    assert history.info().gaps == 1
    assert history.info().missing == timedelta(seconds=601)
    with pytest.raises(dfn.NotRecordedError):
        history.at(after(1_200.5))
    assert len(list(history.snapshots(every=300))) == 5


def test_a_list_of_events_that_no_longer_reaches_back_is_a_gap(tmp_path: Path) -> None:
    with dfn.History(tmp_path) as history:
        history.append(snapshot(0, events=[event(f"a{n}", -n) for n in range(5)]))
        history.append(snapshot(60, events=[event(f"b{n}", 60 - n) for n in range(5)]))
        history.append(snapshot(120, events=[event("c", 119), event("b0", 60)]))
    assert history.gaps().select("since", "until").rows() == [(after(0), after(60))]


def test_opening_reads_nothing_but_the_logs_and_the_polls(history: dfn.History, tmp_path: Path) -> None:
    copy = dfn.History(shutil.copytree(history.location, tmp_path / "copy"))
    for name in ("visitors", "events", "payments"):
        for file in Path(copy.location, name).glob("*.parquet"):
            file.unlink()
    assert str(copy.info()).split(" (")[0] == str(history.info()).split(" (")[0]


def test_the_information_is_a_sentence(history: dfn.History) -> None:
    info = history.info()
    assert (info.start, info.end) == (after(0), after(TIMES[-1]))
    assert f"{len(TIMES)} snapshots" in str(info)
    assert not re.search(r"\(s\)|\b1 \w+s\b", str(info))
    assert info.bytes["visitors"] > 0


def test_an_event_without_a_time_is_there_as_long_as_it_was_shown(tmp_path: Path) -> None:
    timeless: dict[str, object] = {"_id": "timeless", "type": "x"}
    moments = [[timeless], [timeless, event("b", 250)], [event("b", 250)]]
    with dfn.History(tmp_path / "site") as history:
        for place, events in enumerate(moments):
            history.append(snapshot(300 * place, events=events))
        for seconds in (8_000, 8_500):
            history.append(snapshot(seconds, events=[event("c", 7_990)]))
        history.append(snapshot(9_000, events=[timeless, event("d", 8_999)]))
    for place, events in enumerate(moments):
        assert sorted(history.at(after(300 * place)).events["event_id"]) == sorted(str(it["_id"]) for it in events)
    assert sorted(history.at(after(9_000)).events["event_id"]) == ["d", "timeless"]


def test_a_visitor_whose_beginning_is_not_known_begins_a_visit_at_each_appearance(tmp_path: Path) -> None:
    shown_at = (0, 600, 86_400)
    with dfn.History(tmp_path / "rare") as rare:
        for seconds in (*range(0, 1_800, 300), *range(86_400, 87_600, 300)):
            state = {"visitorId": "a", "currentUrl": "/b" if seconds == 600 else "/a"}
            rare.append(snapshot(seconds, [state] if seconds in shown_at or seconds == 300 else []))
    visits = rare.sessions().sort("first_seen").select("first_seen", "left_at", "states").collect()
    assert visits.rows() == [(after(0), after(900), 2), (after(86_400), after(86_700), 1)]


def test_the_home_folder_is_meant_by_its_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert dfn.History("~/site").location == str(tmp_path / "site")


EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
EAST, WEST = (timezone(timedelta(hours=hours)) for hours in (14, -12))
ENDS = [EARLIEST, EARLIEST.replace(tzinfo=EAST), EARLIEST + timedelta(minutes=5), LATEST, LATEST.replace(tzinfo=WEST)]


@pytest.mark.parametrize("end", ENDS, ids=str)
def test_the_ends_of_time_are_moments_like_others(history: dfn.History, end: datetime) -> None:
    is_first = end.year == 1
    for name in ("visitors", "events", "payments", "sessions", "polls"):
        every = getattr(history, name)().collect().height
        assert getattr(history, name)(start=end).collect().height == (every if is_first else 0)
        assert getattr(history, name)(end=end).collect().height == (0 if is_first else every)
    with pytest.raises(dfn.NotRecordedError):
        history.at(end)
    for each in (None, 10, 1e13):
        assert any(True for _ in history.snapshots(start=end, every=each)) == is_first
        assert any(True for _ in history.snapshots(end=end, every=each)) != is_first
    replay = history.replay(end=end) if not is_first else history.replay(start=end)
    replay.pause()
    replay.seek(end)
    assert replay.now == (replay.start if is_first else replay.end)
    assert replay.snapshot().fetched_at == replay.now
