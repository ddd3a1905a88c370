"""The level of the traffic: its distribution is a mixture of negative binomial ones, and holds what comes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from datafast_nb.forecast import traffic_level
from datafast_nb.forecast.expectation import interval
from datafast_nb.forecast.traffic_level import Clumps, Predictive
from datafast_nb.forecast.usual_traffic import learned
from tests.forecast.simulated import shape_of_week
from tests.statistics.forecasts import forecasts_table, measures_table, sales_table

ONE = Predictive(np.array([1.0]), np.array([50.0]), np.array([120.0]))


def test_the_quantiles_are_those_of_scipy_s_negative_binomial() -> None:
    exact = stats.nbinom(50.0**2 / 70.0, 50.0 / 120.0)
    assert [traffic_level.quantile(ONE, share) for share in (0.025, 0.5, 0.975)] == [
        *exact.ppf([0.025, 0.5, 0.975]).tolist()
    ]
    assert traffic_level.cumulative(ONE, 40) == pytest.approx(exact.cdf(40), abs=1e-9)
    assert traffic_level.mean_of(ONE) == 50


@pytest.mark.parametrize("mean", [0.02, 0.3, 1.0, 2.5, 40.0])
def test_the_interval_is_that_of_expected_sales(mean: float) -> None:
    it = Predictive(np.array([0.5, 0.5]), np.array([mean, mean]), np.array([mean, 1.5 * mean]))
    chances = np.diff([traffic_level.cumulative(it, count) for count in range(-1, 200)])
    assert traffic_level.interval(it) == interval(chances, traffic_level.outside(it))
    assert chances.sum() == pytest.approx(1.0)
    assert traffic_level.exceeding(it, 3) == pytest.approx(chances[4:].sum(), abs=1e-12)
    assert (traffic_level.cumulative(it, -1), traffic_level.exceeding(it, -1)) == (0.0, 1.0)


def test_the_tails_are_those_of_student_s_t_as_far_as_the_variance_is_learned() -> None:
    learned = 70.0 / 120.0
    beyond = stats.t.isf(0.025, 18 / learned**2)
    assert traffic_level.outside(ONE) == pytest.approx(2 * stats.norm.sf(beyond), rel=1e-9)
    poisson = Predictive(np.array([1.0]), np.array([50.0]), np.array([50.0]))
    assert traffic_level.outside(poisson) == pytest.approx(0.05, abs=1e-6)


@pytest.mark.parametrize(("days", "weeks"), [(5, 1.0), (28, 4.0)])
def test_each_week_of_a_record_tells_as_much_of_how_hours_vary(days: int, weeks: float) -> None:
    draw, expected = np.random.default_rng(7), np.full((days, 24), 40.0)
    found = traffic_level.clumps(draw.poisson(expected * draw.gamma(4, 0.25, expected.shape)).astype(float), expected)
    assert found.freedom == weeks * Clumps(0.0, 0.0).freedom
    wider, narrower = (traffic_level.outside(ONE._replace(freedom=it)) for it in (found.freedom, 2 * found.freedom))
    assert wider < narrower < 0.05


def test_the_interval_of_what_can_not_come_is_nothing() -> None:
    assert traffic_level.interval(Predictive(np.array([1.0]), np.array([0.0]), np.array([0.0]))) == (0, 0)


def test_drawn_counts_have_the_mean_and_the_variance() -> None:
    counts = traffic_level.drawn(ONE, 40_000, np.random.default_rng(1))
    assert counts.mean() == pytest.approx(50, abs=0.3)
    assert counts.var() == pytest.approx(120, rel=0.05)


@pytest.mark.parametrize(("shared", "each"), [(0.0, 0.0), (0.3, 0.0), (0.0, 2.0)])
def test_how_much_hours_vary_is_found(shared: float, each: float) -> None:
    draw = np.random.default_rng(2)
    expected = np.full((60, 24), 40.0)
    mean = expected * draw.gamma(1 / shared, shared, expected.shape) if shared else expected
    groups = draw.poisson(mean / (1 + each))
    counts = groups * (1 + each)  # each arrival brings others along
    found = traffic_level.clumps(counts, expected)
    assert found.shared * 40 + found.each == pytest.approx(shared * 40 + each, abs=0.4, rel=0.25)


def test_days_that_differ_make_the_intervals_of_days_wider() -> None:
    draw = np.random.default_rng(3)
    expected = np.full((29, 24), 20.0)
    even = draw.poisson(expected).astype(float)
    uneven = draw.poisson(expected * draw.gamma(10, 0.1, (29, 1))).astype(float)
    ahead, width = np.vstack([np.zeros(24), expected[0]]), []
    for counts in (even, uneven):
        it = traffic_level.followed(counts, expected, Clumps(0.0, 0.0))
        level = traffic_level.level_at(it, 28, counts[28], expected[28], Clumps(0.0, 0.0))
        told = traffic_level.predicted(level, ahead, Clumps(0.0, 0.0))
        width.append(traffic_level.quantile(told, 0.975) - traffic_level.quantile(told, 0.025))
    assert width[1] > 4 * width[0]


def test_a_level_that_doubled_is_followed_and_a_busy_morning_tells_of_the_rest_of_its_day() -> None:
    draw = np.random.default_rng(4)
    expected = np.full((29, 24), 20.0)
    counts = draw.poisson(expected * np.where(np.arange(29) < 14, 1.0, 2.0)[:, None]).astype(float)
    none = Clumps(0.0, 0.0)
    it = traffic_level.followed(counts, expected, none)
    level = traffic_level.level_at(it, 28, counts[28, :0], expected[28, :0], none)
    assert level.weight @ level.later == pytest.approx(2.0, abs=0.1)
    uneven = draw.poisson(expected * draw.gamma(10, 0.1, (29, 1))).astype(float)
    it = traffic_level.followed(uneven, expected, none)
    busy = traffic_level.level_at(it, 28, np.full(10, 32.0), np.full(10, 20.0), none)
    assert busy.weight @ busy.today > 1.4
    assert busy.weight @ busy.later < 1.25


@pytest.mark.parametrize("hour", [0, 12])
def test_after_a_change_at_once_the_next_week_is_as_sure_as_if_it_had_always_been_so(hour: int) -> None:
    draw, week = np.random.default_rng(5), np.array(shape_of_week()).reshape(7, 24)
    weekdays = np.arange(36) % 7
    changed = np.where(np.arange(36 * 24) < 14 * 24 + hour, 1.0, 2.0).reshape(36, 24)
    came = {"changed": changed, "steady": np.full((36, 24), 2.0)}
    width = {}
    for name, level in came.items():
        counts = draw.poisson(60 * week[weekdays] * level).astype(float)
        shape, extra, filtered = learned(counts[:29], np.ones((29, 24)), weekdays[:29])
        assert filtered.since == {"changed": 15, "steady": 0}[name]
        now = traffic_level.level_at(filtered, 28, np.zeros(0), np.zeros(0), extra)
        it = traffic_level.predicted(now, shape.week[weekdays[28:35]], extra)
        low, high = (traffic_level.quantile(it, share) for share in (0.025, 0.975))
        assert low <= counts[28:35].sum() <= high
        width[name] = (high - low) / counts[28:35].sum()
    assert width["changed"] < 1.7 * width["steady"] < 0.1


@pytest.mark.parametrize("drift", [0.0, 0.05])
def test_sales_move_as_visitors_do_though_they_are_too_few_to_show_it(drift: float) -> None:
    draw, expected, none = np.random.default_rng(8), np.full((29, 24), 60.0), Clumps(0.0, 0.0)
    told: list[list[float]] = []
    for _ in range(10):
        visits = draw.poisson(expected * np.exp(np.cumsum(draw.normal(0, drift, (29, 1)), axis=0)))
        sold = draw.binomial(visits, 0.03).astype(float)
        of_visits = traffic_level.followed(visits.astype(float), expected, none)
        both = (traffic_level.followed(sold, expected * 0.03, none, base) for base in (None, of_visits))
        told.append([float(it.weight @ np.sqrt(it.drift)) for it in both])
    by_themselves, as_visitors = np.abs(np.array(told) - drift).mean(axis=0)
    assert as_visitors < 0.6 * by_themselves


def test_a_change_of_the_last_days_is_not_yet_one_of_the_level() -> None:
    expected = np.full((9, 24), 20.0)
    counts = np.random.default_rng(6).poisson(expected).astype(float)
    it = traffic_level.followed(counts, expected, Clumps(0.0, 0.0))
    level = traffic_level.level_at(it, 8, counts[8, :0], expected[8, :0], Clumps(0.0, 0.0))
    hour = np.zeros((1, 24))
    hour[0, 0] = 20.0
    assert traffic_level.exceeding(traffic_level.predicted(level, hour, Clumps(0.0, 0.0)), 80) < 1e-5


def test_the_intervals_hold_what_comes() -> None:
    table = forecasts_table(120, ["independent", "hours differ", "days differ", "doubled in between"], [60.0], [1, 24])
    assert table["held"].min() >= 0.88  # type: ignore[operator] # of 120; below that once in 900 tables of 95 %
    assert table["held"].mean() >= 0.925  # type: ignore[operator]
    assert table["meant"].is_between(0.945, 0.975).all()


def test_the_interval_of_sales_holds_where_visitors_come_in_bursts_and_one_week_is_known() -> None:
    table = sales_table(60, [0.5], [7])
    assert table["held"].item() >= 0.91  # of 240; 0.87 if an hour is expected by its own visitors


def test_the_intervals_of_a_day_and_a_week_hold_visitors_sales_and_revenue() -> None:
    table = measures_table(60, ["hours differ"], [60.0])
    assert table.height == 6
    assert table["held"].min() >= 0.88  # type: ignore[operator] # of 60; below that once in 70 intervals of 95 %
    assert table["held"].mean() >= 0.92  # type: ignore[operator]
    assert (
        table.filter(hours=168, measure="visitors")["width"].item() < 0.272
    )  # 0.28 if a month tells no more of hours than a week
