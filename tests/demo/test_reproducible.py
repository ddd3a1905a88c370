"""The same seed and the same moment are the same bytes, whoever asks, and whenever."""

import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest

from datafast_nb.demo import Site
from datafast_nb.demo.randomness import choose, cumulative, key, uniform


def test_two_sites_with_one_seed_tell_the_same(site: Site, moment: datetime) -> None:
    assert Site(seed=0).body(moment) == site.body(moment)


def test_another_seed_tells_something_else(site: Site, moment: datetime) -> None:
    assert Site(seed=1).body(moment) != site.body(moment)


def test_the_order_of_asking_makes_no_difference(moment: datetime) -> None:
    moments = [moment + timedelta(minutes=it) for it in (0, 90, 4, 60 * 24 * 400)]
    there, back = Site(seed=2), Site(seed=2)
    asked = {at: there.body(at) for at in moments}
    assert {at: back.body(at) for at in reversed(moments)} == asked
    assert len(set(asked.values())) == len(moments)


def test_the_number_of_threads_and_the_process_make_no_difference(site: Site, moment: datetime) -> None:
    program = (
        "import sys, hashlib; from datetime import datetime; from datafast_nb.demo import Site;"
        "print(hashlib.sha256(Site(seed=0).body(datetime.fromisoformat(sys.argv[1]))).hexdigest())"
    )
    environment = os.environ | {"POLARS_MAX_THREADS": "1", "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", program, moment.isoformat()], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == hashlib.sha256(site.body(moment)).hexdigest()


def test_a_moment_is_the_same_in_every_time_zone(site: Site, moment: datetime) -> None:
    assert site.body(moment.astimezone(timezone(timedelta(hours=-7)))) == site.body(moment)


def test_a_fast_clock_lets_an_hour_pass_in_a_minute(moment: datetime) -> None:
    wall = [datetime(2026, 5, 1, tzinfo=UTC)]
    site = Site(seed=0, start=moment, speed=60, clock=lambda: wall[0])
    assert site.now == moment
    wall[0] += timedelta(minutes=1)
    assert site.now == moment + timedelta(hours=1)
    assert site.body() == Site(seed=0).body(moment + timedelta(hours=1))
    assert site.snapshot().fetched_at == moment + timedelta(hours=1)


def test_without_a_start_the_site_lives_at_the_clocks_time(moment: datetime) -> None:
    assert Site(clock=lambda: moment).now == moment


@pytest.mark.parametrize("wrong", [{"visitors": -1}, {"visitors": 100_001}, {"speed": 0}, {"bias": 0}])
def test_an_impossible_site_is_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Site(**wrong)


def test_a_time_without_a_zone_is_refused(site: Site) -> None:
    with pytest.raises(ValueError, match="time zone"):
        site.body(datetime(2026, 2, 6))
    with pytest.raises(ValueError, match="time zone"):
        Site(start=datetime(2026, 2, 6))


def test_the_representation_tells_seed_size_speed_and_time(moment: datetime) -> None:
    text = repr(Site(seed=4, visitors=10, speed=2, start=moment, clock=lambda: moment))
    assert text == "<Site seed=4, visitors=10, speed=2, at 2026-02-06 15:03:20 UTC>"


def test_the_generator_is_splitmix64() -> None:
    # Outputs for the seed 1234567, as other implementations publish them.
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    step = 0x9E3779B97F4A7C15
    from datafast_nb.demo.randomness import _scramble

    states = pl.Series([(1234567 + step * place) % 2**64 for place in range(4)], dtype=pl.UInt64)
    assert _scramble(states).to_list() == published


def test_draws_are_uniform_and_independent_of_each_other() -> None:
    people = pl.DataFrame({"it": range(100_000)}, schema={"it": pl.UInt64}).select(it=key("it", "person"))
    draws = people.select(a=uniform("it", "a"), b=uniform("it", "b"), c=uniform("it", "a", 1))
    assert draws.min().min_horizontal().item() >= 0
    assert draws.max().max_horizontal().item() < 1
    deviation = (1 / 12 / draws.height) ** 0.5
    for name in draws.columns:
        assert abs(draws[name].mean() - 0.5) < 4 * deviation
    correlations = draws.select(
        pl.corr("a", "b").alias("ab"), pl.corr("a", "c").alias("ac"), pl.corr("b", "c").alias("bc")
    )
    assert all(abs(it) < 4 / draws.height**0.5 for it in correlations.row(0))


def test_choices_follow_the_weights_of_their_group() -> None:
    table = pl.DataFrame({"group": [0, 0, 1, 1, 1], "weight": [1, 3, 2, 0, 2]}, schema_overrides={"group": pl.UInt32})
    edges = cumulative(table["weight"], table["group"])
    draws = pl.DataFrame(
        {"draw": [0.0, 0.249, 0.251, 0.999999999, 0.0, 0.499, 0.501, 1 - 2**-53], "group": [0] * 4 + [1] * 4}
    )
    rows = draws.select(choose(edges, pl.col("draw"), pl.col("group"))).to_series().to_list()
    assert rows == [0, 0, 1, 1, 2, 2, 4, 4]
