"""A simulated history is what recording the demo site would have left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

import datafast_nb as dfn
from datafast_nb.demo import simulation
from datafast_nb.demo.predictions import averages

END = datetime(2026, 2, 6, 15, tzinfo=UTC)
DAYS = 1.25
PER_DAY = 2_000
START = END - timedelta(days=DAYS)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> dfn.History:
    folder = tmp_path_factory.mktemp("simulated")
    return dfn.demo.simulate(folder, DAYS, PER_DAY, seed=2, end=END, progress=False)


@pytest.fixture(scope="module")
def site() -> dfn.demo.Site:
    return dfn.demo.Site(seed=2, visitors=PER_DAY * (averages().visit_minutes + 10) / 1440)


@pytest.mark.parametrize(
    "when",
    [
        START,
        START + timedelta(seconds=10),
        START + timedelta(minutes=5),
        START + timedelta(hours=10, seconds=20),
        START + timedelta(days=1, seconds=-10),
        START + timedelta(days=1),
        START + timedelta(days=1, seconds=10),
        END,
    ],
)
def test_each_moment_is_what_the_site_was(history: dfn.History, site: dfn.demo.Site, when: datetime) -> None:
    found, given = history.at(when), dfn.Snapshot.from_json(site.body(when), fetched_at=when)
    for name, key in (("visitors", "visitor_id"), ("events", "event_id"), ("payments", "payment_id")):
        named = ["customer_name", "display_name"] if name == "events" else []  # as they were first shown
        assert_frame_equal(*(getattr(it, name).drop(named).sort(key) for it in (found, given)))
    assert (found.count, found.baseline, found.has_predictions) == (given.count, given.baseline, given.has_predictions)


def test_events_and_payments_are_there_once(history: dfn.History) -> None:
    assert history.events().collect()["event_id"].is_unique().all()
    assert history.payments().collect()["payment_id"].is_unique().all()


def test_its_span_is_what_was_asked_for_without_gaps(history: dfn.History) -> None:
    info = history.info()
    assert (info.start, info.end, info.gaps) == (START, END, 0)
    assert info.rows["polls"] == DAYS * 8_640 + 1
    visits = history.sessions().collect().height
    assert 0.8 < visits / (DAYS * PER_DAY) < 1.2


def test_recording_can_go_on_from_there(tmp_path: Path, site: dfn.demo.Site) -> None:
    dfn.demo.simulate(tmp_path, 0.05, PER_DAY, seed=2, end=END, progress=False)
    following = END + timedelta(seconds=10)
    snap = dfn.Snapshot.from_json(site.body(following), fetched_at=following)
    with dfn.History(tmp_path) as history:
        appended = history.append(snap)
        assert appended.gap_since is None
        assert appended.visitors < snap.visitors.height / 2
        assert_frame_equal(history.at(following).visitors.sort("visitor_id"), snap.visitors.sort("visitor_id"))


def test_a_history_that_is_there_is_not_simulated_into(tmp_path: Path) -> None:
    dfn.demo.simulate(tmp_path, 0.01, 100, end=END, progress=False)
    with pytest.raises(dfn.HistoryOrderError, match="another location"):
        dfn.demo.simulate(tmp_path, 0.01, 100, end=END, progress=False)
    with pytest.raises(ValueError, match="time zone"):
        dfn.demo.simulate(tmp_path, end=END.replace(tzinfo=None))
    for options in ({"days": 0}, {"every": -1}, {"visitors_per_day": -1}):
        with pytest.raises(ValueError, match=next(iter(options))):
            dfn.demo.simulate(tmp_path, **options)


def test_a_progress_bar_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dfn.demo.simulate(tmp_path, 0.01, 100, end=END)
    assert "Simulating" in capsys.readouterr().err


def test_however_many_days_are_simulated_at_once_the_history_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    histories = []
    for at_once in (simulation._AT_ONCE, 1):
        monkeypatch.setattr(simulation, "_AT_ONCE", at_once)
        histories.append(
            dfn.demo.simulate(tmp_path / f"{at_once}", 2.5, 200, end=END, every=60, seed=4, progress=False)
        )
    for name, key in (("visitors", ["seen_at", "visitor_id"]), ("events", ["event_id"]), ("polls", ["seen_at"])):
        assert_frame_equal(*(getattr(it, name)().collect().sort(key) for it in histories))
    assert histories[0].payments().collect()["payment_id"].is_unique().all()


def test_a_history_that_is_there_is_left_alone(tmp_path: Path) -> None:
    earlier = datetime(2026, 2, 6, tzinfo=UTC)
    history = dfn.demo.simulate(tmp_path / "site", 0.1, 500, end=earlier, progress=False)
    before = history.info()
    with pytest.raises(dfn.HistoryOrderError, match=r"already\. Open it with dfn\.History\(location\)"):
        dfn.demo.simulate(tmp_path / "site", 0.1, 500, end=earlier + timedelta(days=9), progress=False)
    assert dfn.History(tmp_path / "site").info() == before
