"""The visitors of the last minutes, the line of a recording, and the moments that are worth a look."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from datafast_nb.livemap.highlights import NO_TRAFFIC, POINTS, highlights, line_of
from datafast_nb.livemap.traffic import MINUTES, Minutes
from datafast_nb.schema import PAYMENTS, TIMESTAMP
from datafast_nb.snapshot import Snapshot
from datafast_nb.widgets.protocol import Highlight, Traffic
from tests.livemap.maps import front, made, refreshed, shown
from tests.livemap.sources import NOON, payments, visitors

NO_GAPS = pl.DataFrame(schema={"since": TIMESTAMP, "until": TIMESTAMP})


def at(minutes: float) -> Any:
    return NOON + timedelta(minutes=minutes)


def milliseconds(minutes: float) -> int:
    return round(at(minutes).timestamp() * 1000)


def recorded(*moments: tuple[float, int]) -> pl.DataFrame:
    rows = [{"seen_at": at(minute), "visitors": count} for minute, count in moments]
    return pl.DataFrame(rows, schema=NO_TRAFFIC)


def gaps(*spans: tuple[float, float]) -> pl.DataFrame:
    return pl.DataFrame([{"since": at(since), "until": at(until)} for since, until in spans], schema=NO_GAPS.schema)


# The last minutes


def test_a_map_keeps_the_last_number_of_each_of_its_minutes() -> None:
    minutes = Minutes()
    for minute, count in ((0, 5), (0.5, 6), (1, 7), (2.9, 9)):
        minutes.note(at(minute), count)
    assert minutes.until(at(2.9)) == Traffic(until=milliseconds(2), visitors=(6, 7, 9))


def test_no_more_than_half_an_hour_is_kept() -> None:
    minutes = Minutes()
    for minute in range(100):
        minutes.note(at(minute), minute)
    assert minutes.until(at(99)).visitors == tuple(range(100 - MINUTES, 100))


def test_a_number_stands_for_ten_minutes_and_no_longer() -> None:
    minutes = Minutes(recorded((0, 4), (20, 8)))
    assert minutes.until(at(20)).visitors == (*[4] * 10, *[None] * 10, 8)
    assert minutes.until(at(-1)) == Traffic()


def test_a_map_tells_the_browser_what_it_saw() -> None:
    moments = [Snapshot(visitors(3 + minute), fetched_at=at(minute)) for minute in range(3)]
    live = shown(*moments)
    refreshed(refreshed(live))
    assert front(live).traffic == Traffic(until=milliseconds(2), visitors=(3, 4, 5))


def test_what_was_seen_before_the_map_was_displayed_counts() -> None:
    live = made(*(Snapshot(visitors(3 + minute), fetched_at=at(minute)) for minute in range(2)))
    refreshed(live)
    live._repr_mimebundle_()
    assert front(live).traffic.visitors[-1] in {3, 4}


# A recording


def test_the_line_has_the_mean_of_equal_parts() -> None:
    line = line_of(recorded((0, 2), (1, 4), (2, 6), (3, 8)), NO_GAPS, at(0), at(4))
    assert line == (2.0, 4.0, 6.0, 8.0)


def test_the_line_goes_on_between_rare_moments_but_not_in_a_gap() -> None:
    moments = recorded(*((minute, 10) for minute in (0, 10, 20, 60, 70, 80)))
    assert line_of(moments, gaps((20, 60)), at(0), at(80)) == (10.0, 10.0, None, None, 10.0, 10.0)


def test_a_long_recording_has_no_more_points_than_can_be_seen() -> None:
    assert len(line_of(recorded(*((minute, 1) for minute in range(5_000))), NO_GAPS, at(0), at(4_999))) == POINTS


@pytest.mark.parametrize("moments", [(), ((0, 3),)])
def test_nothing_is_no_line(moments: tuple[tuple[float, int], ...]) -> None:
    assert line_of(recorded(*moments), NO_GAPS, at(0), at(1)) == ()


def test_the_largest_sale_the_busiest_minute_and_the_longest_gap_are_worth_a_look() -> None:
    made = payments(
        *({"amount": amount, "currency": "usd", "timestamp": at(minute)} for minute, amount in ((1, 9.0), (5, 99.0))),
        {"amount": 9_000.0, "currency": "JPY", "timestamp": at(6)},
        {"amount": -500.0, "currency": "USD", "timestamp": at(7)},
        {"amount": float("inf"), "currency": "USD", "timestamp": at(8)},
    )
    found = highlights(recorded((0, 3), (2, 30), (4, 5)), made, gaps((10, 25), (40, 100), (110, 115)))
    assert found == (
        Highlight("Busiest minute: 30 visitors", milliseconds(2)),
        Highlight("Largest sale: $99.00", milliseconds(5)),
        Highlight("After the longest gap: 1 h", milliseconds(100)),
    )


def test_where_nothing_happened_nothing_is_worth_a_look() -> None:
    assert highlights(NO_TRAFFIC.to_frame(), PAYMENTS.to_frame(), NO_GAPS) == ()
    assert highlights(recorded((0, 0)), PAYMENTS.to_frame(), gaps((0, 5))) == ()
