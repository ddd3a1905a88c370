"""Intervals hold however often one looks, and a comparison has a verdict only where there is a difference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import beta, binom, nchypergeom_fisher
from scipy.stats.contingency import odds_ratio

import datafast_nb as dfn
from datafast_nb.forecast.anytime import Strata, alternatives, odds_ratios, rate_interval
from datafast_nb.forecast.outcome_comparison import counted_by_hour, levels
from tests.forecast.simulated import Simulated, World, simulate
from tests.forecast.stays import HOUR, Stay, buyer, history, sale
from tests.statistics.looks import looks_table


def test_the_interval_of_a_rate_is_that_of_the_mixture() -> None:
    """Work out the mixture by adding up, and check that both ends are where its ratio reaches 20."""
    hits, trials = np.array([0, 3, 40, 7]), np.array([10, 50, 400, 7])
    low, high = rate_interval(hits, trials)
    middles = (np.arange(200_000) + 0.5) / 200_000
    prior = beta(0.5, 0.5).cdf(middles + 0.5 / 200_000) - beta(0.5, 0.5).cdf(middles - 0.5 / 200_000)
    for x, n, ends in zip(hits, trials, zip(low, high, strict=True), strict=True):
        mixture = float((binom.pmf(x, n, middles) * prior).sum())
        for end in ends:
            if 0 < end < 1:
                assert mixture / binom.pmf(x, n, end) == pytest.approx(20, rel=1e-3)
    assert (low[0], high[3]) == (0, 1)
    assert [float(it[0]) for it in rate_interval(np.array([0]), np.array([0]))] == [0, 1]


def test_looking_at_every_visitor_misses_the_true_rate_at_most_one_time_in_twenty() -> None:
    draw = np.random.default_rng(3)
    hits = (draw.random((400, 1_000)) < 0.05).cumsum(axis=1)
    low, high = rate_interval(hits, np.broadcast_to(np.arange(1, 1_001), hits.shape))
    missed = ((low > 0.05) | (high < 0.05)).any(axis=1)
    assert 0 < missed.mean() <= 0.05
    usual = 1.96 * np.sqrt(0.05 * 0.95 / np.arange(30, 1_001))
    rates = hits[:, 29:] / np.arange(30, 1_001)
    assert (np.abs(rates - 0.05) > usual).any(axis=1).mean() > 0.25  # as often a fixed interval misses it


def test_the_likelihood_is_fisher_s_noncentral_hypergeometric() -> None:
    draw = np.random.default_rng(1)
    everybody = draw.integers(2, 60, 50)
    ours = draw.integers(1, everybody)
    bought = draw.integers(1, everybody)
    hits = draw.hypergeometric(ours, everybody - ours, bought)
    strata = Strata(hits, ours, bought, everybody)
    for log_odds in (-1.0, 0.0, 0.7):
        found = strata.log_likelihood(log_odds)[0] - strata.log_likelihood(0.0)[0]
        oracle = [nchypergeom_fisher(everybody, ours, bought, np.exp(it)).logpmf(hits) for it in (log_odds, 0.0)]
        assert found == pytest.approx(oracle[0] - oracle[1], abs=1e-9)


def test_the_odds_ratio_of_one_span_is_that_of_scipy_and_its_ends_are_where_the_ratio_is_20() -> None:
    strata = Strata(np.array([12]), np.array([100]), np.array([20]), np.array([300]))
    found = odds_ratios(strata, np.array([0]), np.array([0.05]))
    oracle = odds_ratio([[12, 8], [88, 192]], kind="conditional")
    assert found.ratio[0] == pytest.approx(oracle.statistic, rel=1e-6)
    grid, weights = alternatives()
    mixture = np.sum([np.exp(it + strata.log_likelihood(at)[0][0]) for at, it in zip(grid, weights, strict=True)])
    for end in (found.low[0], found.high[0]):
        assert mixture / np.exp(strata.log_likelihood(np.log(end))[0][0]) == pytest.approx(20, rel=1e-6)
    assert np.exp(weights).sum() == pytest.approx(1, abs=1e-12)


def test_all_groups_share_the_five_percent_however_many_there_are() -> None:
    assert levels(1_000).sum() < 0.05
    assert levels(1).tolist() == [0.025]
    assert levels(2).tolist() == [0.025, 0.025]  # one comparison
    assert (levels(5)[:3] == levels(3)).all()  # a new group changes nothing for an old one


def test_looking_every_day_seldom_finds_a_difference_that_is_not_there_and_finds_one_that_is() -> None:
    """300 seeds, 10 days: at most 5 % ever get a verdict; the usual test has one far more often."""
    names = ["2 equal groups", "5 equal groups", "the rate trebles midway"]
    table = looks_table(seeds=300, days=10, scenarios=names)
    assert table["ever a verdict"].max() <= 0.05  # type: ignore[operator]
    assert table["with the usual test"].min() > 0.1  # type: ignore[operator]
    found = looks_table(seeds=40, days=20, scenarios=["the first of 2 has odds of 2"])
    assert found["ever a verdict"].item() > 0.8


@pytest.fixture(scope="module")
def record() -> Simulated:
    """Simulate two weeks in which the campaigns make no difference."""
    return simulate(World(days=8, arrivals=40, every=300, seed=2))


def test_on_a_record_equal_campaigns_have_no_verdict_and_their_counts_are_the_true_ones(record: Simulated) -> None:
    found = dfn.compare_outcomes(record)
    assert found.groups["verdict"].unique().to_list() == ["not yet"]
    counted = found.coverage["counted"].item()
    assert found.groups["visitors"].sum() == counted > 5_000
    assert (found.groups["rate_low"] < found.groups["rate"]).all()
    assert (found.groups["odds_ratio_low"] < 1).all()
    assert (found.groups["odds_ratio_high"] > 1).all()
    assert found.coverage["unfinished"].item() > 500
    assert "Not yet known: " in str(found)
    first = record.visits.sort("start").with_columns(began=pl.col("start").min().over("visitor_id"))
    bought = first.filter("buys", pl.col("end") <= pl.col("began") + pl.duration(days=1))
    bought = bought.filter(pl.col("began").is_between(record.start, record.end - pl.duration(days=1), closed="left"))
    assert found.groups["conversions"].sum() == pytest.approx(bought["visitor_id"].n_unique(), rel=0.03)


def shop(folder: Path, better: int, hours: int = 16) -> dfn.History:
    """Record 12 visitors an hour, 6 from each of two campaigns; of the first, so many buy every hour."""
    stays, paid = [], []
    for hour in range(hours):
        for place in range(12):
            campaign = "spring" if place < 6 else "fall"
            name, began = f"{hour}-{place}", hour * HOUR + 60 + 60 * place
            stays.append(buyer(name, began, began + 900, params={"utm_campaign": campaign}))
            if place < better or (place == 6 and hour % 4 == 0):
                paid.append(sale(name, began + 1_200))
    return history(folder, stays, paid, until=(hours + 1) * HOUR, every=600)


def test_a_better_campaign_gets_a_verdict_and_the_other_the_opposite(tmp_path: Path) -> None:
    found = dfn.compare_outcomes(shop(tmp_path, 3), horizon="30m")
    table = {row["utm_campaign"]: row for row in found.groups.iter_rows(named=True)}
    assert (table["spring"]["verdict"], table["fall"]["verdict"]) == ("better", "worse")
    assert table["spring"]["odds_ratio"] == pytest.approx(1 / table["fall"]["odds_ratio"])
    assert table["spring"]["odds_ratio_low"] == pytest.approx(1 / table["fall"]["odds_ratio_high"])
    assert table["spring"]["odds_ratio_low"] > 1
    assert "spring is better: 50.00% converted" in str(found)


def test_the_answer_is_not_yet_while_there_is_too_little(tmp_path: Path) -> None:
    recorded = shop(tmp_path, 1, hours=4)
    found = dfn.compare_outcomes(recorded, horizon="30m")
    assert found.groups["verdict"].to_list() == ["not yet", "not yet"]
    assert str(found) == "48 new visitors in 2 groups, each watched for 30 min. Not yet known: 2 groups."
    with pytest.raises(dfn.TooLittleRecordedError, match=r"for 1 d, without a gap\. Record for longer"):
        dfn.compare_outcomes(recorded)


def test_only_an_hour_that_was_watched_to_its_end_counts_and_a_gap_cuts_off(tmp_path: Path) -> None:
    stays = [Stay("a", 60, HOUR), Stay("b", 1.8 * HOUR, 3 * HOUR), Stay("c", 4.01 * HOUR, 5 * HOUR)]
    recorded = history(tmp_path, stays, until=4.5 * HOUR, gap=(2 * HOUR, 3 * HOUR))
    coverage = dfn.compare_outcomes(recorded, horizon="25m").coverage.row(0, named=True)
    assert (coverage["visitors"], coverage["counted"], coverage["cut_off"], coverage["unfinished"]) == (3, 1, 1, 1)


def test_a_purchase_after_the_horizon_does_not_count(tmp_path: Path) -> None:
    recorded = history(tmp_path, [buyer("a", 60, 2 * HOUR)], [sale("a", 1.5 * HOUR)], until=4 * HOUR)
    assert dfn.compare_outcomes(recorded, horizon="1h").groups["conversions"].item() == 0
    assert dfn.compare_outcomes(recorded, horizon="2h").groups["conversions"].item() == 1


def test_one_group_alone_is_not_compared(tmp_path: Path) -> None:
    recorded = history(tmp_path, [buyer("a", 60, HOUR), Stay("b", 60, HOUR)], [sale("a", 900)], until=4 * HOUR)
    row = dfn.compare_outcomes(recorded, horizon="1h").groups.row(0, named=True)
    assert (row["visitors"], row["conversions"], row["odds_ratio"], row["odds_ratio_high"]) == (2, 1, None, None)
    assert row["verdict"] == "not yet"


def test_goals_can_be_compared(record: Simulated) -> None:
    found = dfn.compare_outcomes(record, converted=dfn.goal("no such goal"), horizon="1h")
    assert found.groups["conversions"].sum() == 0
    assert found.groups["odds_ratio"].to_list() == [None] * found.groups.height
    assert found.coverage["recognized"].item() == 0


def test_bad_input_is_told(record: Simulated) -> None:
    with pytest.raises(ValueError, match="Give at least one dimension"):
        dfn.compare_outcomes(record, [])
    with pytest.raises(ValueError, match="'score' is a measure of the table, not a dimension"):
        dfn.compare_outcomes(record, "score")
    with pytest.raises(ValueError, match="horizon is 0"):
        dfn.compare_outcomes(record, horizon=0)
    with pytest.raises(TypeError, match=r"converted takes dfn\.goal"):
        dfn.compare_outcomes(record, converted="signup")  # type: ignore[arg-type]


def test_thousands_of_groups_made_up_by_strangers_are_no_burden_and_change_no_verdict(tmp_path: Path) -> None:
    rows = pl.DataFrame({"utm_campaign": ["\u202e\n" + "x" * 500], "hour": [1], "converted": [True]})
    assert counted_by_hour(rows, ["utm_campaign"]).select("visitors", "conversions").rows() == [(1, 1)]
    stays = [buyer("a", 60, HOUR, params={"utm_campaign": "\u202e\n" + "x" * 500}), Stay("b", 60, HOUR)]
    text = repr(dfn.compare_outcomes(history(tmp_path, stays, [sale("a", 900)], until=4 * HOUR), horizon="1h"))
    assert len(text) < 300
    assert "\u202e" not in text
