"""Calibration on the demo site is right within its own intervals, and a predictor that is wrong is found out."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.demo.predictions import averages
from datafast_nb.history.calibration import EDGES
from datafast_nb.history.reliability import scores
from tests.history.moments import after, snapshot

END = datetime(2026, 2, 6, 15, tzinfo=UTC)
DAYS = 4
PER_DAY = 8_000


def simulated(folder: Path, bias: float = 1.0) -> dfn.History:
    return dfn.demo.simulate(folder, DAYS, PER_DAY, seed=11, end=END, every=30, bias=bias, progress=False)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> dfn.History:
    return simulated(tmp_path_factory.mktemp("fair"))


@pytest.fixture(scope="module")
def truth() -> pl.DataFrame:
    """Give each visit of the demo site with its true probability and its prediction."""
    site = dfn.demo.Site(seed=11, visitors=PER_DAY * (averages().visit_minutes + 10) / 1440)
    return site.sessions(END - timedelta(days=DAYS), END - timedelta(hours=1)).filter(
        ~pl.col("is_customer"), pl.col("predicted_rate").is_not_null()
    )


def test_as_many_convert_as_the_true_rates_say(history: dfn.History, truth: pl.DataFrame) -> None:
    found = dfn.calibration(history)
    whole = found.scores.row(0, named=True)
    assert abs(whole["sessions"] / truth.height - 1) < 0.01
    assert whole["observed_rate_low"] < truth["conversion_rate"].mean() < whole["observed_rate_high"]
    assert whole["conversions"] == pytest.approx(truth["converted"].sum(), rel=0.01)


def test_in_each_bin_the_true_rate_is_within_the_interval(history: dfn.History, truth: pl.DataFrame) -> None:
    table = dfn.calibration(history).bins
    rates = truth.sort("predicted_rate").join_asof(
        table.select("bin_low").sort("bin_low"), left_on="predicted_rate", right_on="bin_low", coalesce=False
    )
    true = rates.group_by("bin_low").agg(true_rate=pl.col("conversion_rate").mean())
    compared = table.join(true, on="bin_low")
    inside = compared["true_rate"].is_between(compared["observed_rate_low"], compared["observed_rate_high"])
    assert compared.height >= 6
    assert inside.sum() >= compared.height - 1, compared  # 95 % each


def test_fair_predictions_agree_and_biased_ones_are_found_out(history: dfn.History, tmp_path: Path) -> None:
    fair = dfn.calibration(history)
    assert fair.scores["agrees"].item(), fair
    assert "they agree" in str(fair)
    biased = dfn.calibration(simulated(tmp_path, bias=2))
    assert not biased.scores["agrees"].item()
    assert "do not agree" in str(biased)
    assert biased.scores["conversions"].item() == fair.scores["conversions"].item()
    assert biased.scores["expected_conversions"].item() > 1.7 * fair.scores["conversions"].item()
    assert biased.scores["reliability"].item() > 10 * fair.scores["reliability"].item()
    assert biased.scores["brier"].item() > fair.scores["brier"].item()


def test_a_fair_predictor_is_called_unfair_one_time_in_twenty_at_most() -> None:
    """Draw outcomes by the predictions themselves, for 1,000 predictors with rates as they are on websites."""
    random, size, predictors = Random(0), 2_000, 1_000
    predicted = pl.Series([min(1.0, random.lognormvariate(-4, 0.6)) for _ in range(size)])
    drawn = pl.Series([random.random() for _ in range(size * predictors)])
    each = pl.DataFrame({"predicted": predicted}).with_columns(expected_value=1.0, value=0.0)
    outcomes = pl.concat([each] * predictors).with_columns(
        predictor=pl.int_range(pl.len()) // size, converted=pl.col("predicted") > drawn
    )
    unfair = scores(outcomes, ["predictor"], EDGES).filter(~pl.col("agrees")).height / predictors
    assert unfair < 0.05 + 3 * math.sqrt(0.05 * 0.95 / predictors)
    twice = outcomes.with_columns(pl.col("predicted") * 2)
    assert scores(twice, ["predictor"], EDGES)["agrees"].mean() < 0.01


def test_a_verdict_of_disagreement_says_how_often_chance_makes_one(history: dfn.History) -> None:
    fair = dfn.calibration(history)
    unlucky = replace(fair, scores=fair.scores.with_columns(agrees=False))
    assert "do not agree (by chance, 1 fair predictor in 20 would not)" in str(unlucky)


def test_becoming_a_customer_and_paying_are_the_same_on_the_demo_site(history: dfn.History) -> None:
    customer, paid = (dfn.calibration(history, converted=it) for it in ("customer", dfn.payment()))
    assert paid.scores["conversions"].item() == pytest.approx(customer.scores["conversions"].item(), rel=0.01)
    coverage = paid.coverage.row(0, named=True)
    assert 0.95 < coverage["matched"] / coverage["payments"] <= 1


def test_the_parts_of_the_score_are_those_of_the_rows() -> None:
    """Work out each part from the rows by its own formula, with the two terms of Stephenson for what a bin mixes."""
    edges = [0.0, 0.3, 1.0]
    predicted, came_true = [0.1, 0.2, 0.25, 0.3, 0.6, 0.9, 0.7], [0, 1, 0, 0, 1, 1, 1]
    rows = pl.DataFrame({"p": predicted, "o": came_true}).with_columns(bin=pl.col("p") >= 0.3)
    p, o, mean_p, mean_o = pl.col("p"), pl.col("o"), pl.col("p").mean().over("bin"), pl.col("o").mean().over("bin")
    expected = rows.select(
        brier=((p - o) ** 2).mean(),
        reliability=((mean_p - mean_o) ** 2).mean(),
        resolution=((mean_o - o.mean()) ** 2).mean(),
        uncertainty=o.mean() * (1 - o.mean()),
        within_bins=((p - mean_p) ** 2).mean() - 2 * ((p - mean_p) * (o - mean_o)).mean(),
    ).row(0, named=True)
    outcomes = rows.select(predicted="p", converted=o == 1, expected_value=1.0, value=0.0)
    found = scores(outcomes, [], edges).row(0, named=True)
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-12)
    assert found["skill"] == pytest.approx(1 - expected["brier"] / expected["uncertainty"])


def test_groups_and_bins_hold_the_same_visits(history: dfn.History) -> None:
    found = dfn.calibration(history, by=["visit_kind", "device"])
    keys = ["visit_kind", "device"]
    added = found.bins.group_by(keys).agg(pl.col("sessions", "conversions").sum()).sort(keys)
    assert added.equals(found.scores.select(*keys, "sessions", "conversions").sort(keys))
    assert found.scores["sessions"].sum() == found.coverage["counted"].item()


def test_the_observed_value_is_known_where_all_currencies_are(history: dfn.History) -> None:
    without = dfn.calibration(history)
    assert without.coverage["unpriced"].item() > 0
    assert without.scores["observed_value"].item() is None
    currencies = history.payments().select(pl.col("currency").unique()).collect()["currency"].to_list()
    priced = dfn.calibration(history, rates=dict.fromkeys(currencies, 0.5) | {"USD": 1.0})
    assert priced.coverage["unpriced"].item() == 0
    assert priced.scores["observed_value"].item() > 0


# By hand


def visitor(name: str, began: float, *, rate: float | None = 0.1, **more: object) -> dict[str, object]:
    raw = None if rate is None else {"raw": {"conversionRate": rate, "expectedValue": 5.0}, "score": 50}
    started = after(began).isoformat()
    return {"visitorId": name, "sessionStartTime": started, "conversionLikelihood": raw, **more}


@pytest.fixture
def small(tmp_path: Path) -> dfn.History:
    """Record two hours: who is there already, buys, signs up, is a customer, has no score, or comes too late."""
    bought = {"isCustomer": True, "customerEmail": "Ada@example.com ", "customerName": "Ada Lovelace"}
    with dfn.History(tmp_path) as history:
        for seconds in range(0, 7_200, 300):
            here = [
                visitor("early", -60),
                visitor("buyer", 100, rate=0.25, **(bought if seconds >= 900 else {})),
                visitor("reader", 100),
                visitor("unscored", 100, rate=None),
                visitor("customer", 100, isCustomer=True),
                visitor("late", 6_900),
            ]
            events = [
                {"_id": "goal", "type": "signup", "visitorId": "reader", "timestamp": after(400).isoformat()},
                {"_id": "too late", "type": "signup", "visitorId": "buyer", "timestamp": after(6_000).isoformat()},
            ]
            paid = {"email": "ada@EXAMPLE.com", "currency": "usd", "amount": 20, "timestamp": after(850).isoformat()}
            payments = [
                {"_id": "paid", **paid},
                {"_id": "renewed", **paid, "renewal": True},
                {"_id": "nobody's", **paid, "email": "nobody@example.com"},
            ]
            began = [it for it in here if str(it["sessionStartTime"]) <= after(seconds).isoformat()]
            shown = [
                [it for it in each if str(it["timestamp"]) <= after(seconds).isoformat()] for each in (events, payments)
            ]
            history.append(snapshot(seconds, began, *shown))
    return history


def test_who_is_left_out_is_told(small: dfn.History) -> None:
    coverage = dfn.calibration(small).coverage.row(0, named=True)
    assert coverage == {
        "visits": 6,
        "counted": 2,
        "customers": 1,
        "unscored": 1,
        "seen_late": 1,
        "unfinished": 1,
        "converted_before": 0,
        "payments": 2,
        "matched": 1,
        "unpriced": 0,
    }


@pytest.mark.parametrize(
    ("converted", "rates"),
    [("customer", [0.25]), (dfn.payment(), [0.25]), (dfn.goal("signup"), [0.1]), (dfn.goal("other"), [])],
)
def test_what_counts_as_a_conversion_can_be_chosen(small: dfn.History, converted: object, rates: list[float]) -> None:
    table = dfn.calibration(small, converted=converted).bins  # type: ignore[arg-type]
    assert table.filter(pl.col("conversions") > 0)["predicted_rate"].to_list() == rates
    assert table["sessions"].sum() == 2


def test_the_figures_are_those_of_the_formulas(small: dfn.History) -> None:
    whole = dfn.calibration(small).scores.row(0, named=True)
    assert whole["brier"] == pytest.approx(((0.25 - 1) ** 2 + (0.1 - 0) ** 2) / 2)
    assert whole["expected_conversions"] == pytest.approx(0.35)
    assert (whole["expected_value"], whole["observed_value"]) == (10, 20)
    # Wilson's interval of 1 in 2, from its closed form.
    z = 1.959963984540054
    half = z * math.sqrt(0.25 / 2 + z**2 / 16) / (1 + z**2 / 2)
    assert whole["observed_rate_low"] == pytest.approx(0.5 - half)
    assert whole["observed_rate_high"] == pytest.approx(0.5 + half)


def test_a_visit_with_a_gap_before_its_horizon_is_not_counted(tmp_path: Path) -> None:
    with dfn.History(tmp_path) as history:
        for seconds in (0, 300, 600, 3_000, 3_300, 9_000):
            history.append(snapshot(seconds, [visitor("a", 100)] if 100 <= seconds <= 600 else []))
    assert dfn.calibration(history).coverage["unfinished"].item() == 1
    assert dfn.calibration(history, horizon=timedelta(minutes=8)).coverage["counted"].item() == 1


def paid(amount: float, seconds: float, email: str = "ada@example.com", **more: object) -> dict[str, object]:
    return {"email": email, "currency": "usd", "amount": amount, "timestamp": after(seconds).isoformat(), **more}


ADA = {"isCustomer": True, "customerEmail": "ada@example.com"}
Shown = tuple[range, dict[str, object]]


def recorded(
    folder: Path, visitors: list[Shown], events: list[Shown] | None = None, payments: list[Shown] | None = None
) -> dfn.History:
    """Record two and a half hours, where each record is shown for a while."""
    with dfn.History(folder) as history:
        for seconds in range(0, 9_000, 300):
            kinds = (visitors, events or [], payments or [])
            history.append(snapshot(seconds, *([it for when, it in kind if seconds in when] for kind in kinds)))
    return history


def test_a_payment_without_an_id_is_matched_by_itself(tmp_path: Path) -> None:
    visits = [(range(300, 900), visitor("a", 100)), (range(900, 1_800), visitor("a", 100, **ADA))]
    payments = [(range(900, 1_200), paid(20, 850)), (range(900, 1_200), paid(500, 860, "bob@example.com"))]
    found = dfn.calibration(recorded(tmp_path, visits, payments=payments), converted=dfn.payment())
    assert found.coverage.select("payments", "matched").row(0) == (2, 1)
    assert found.scores["observed_value"].item() == 20


def test_what_a_visitor_paid_counts_once_in_the_latest_visit_before(tmp_path: Path) -> None:
    visits = [
        (range(300, 900), visitor("a", 100, rate=0.1)),
        (range(1_500, 2_000), visitor("a", 1_300, rate=0.3)),
        (range(2_000, 2_700), visitor("a", 1_300, rate=0.3, **ADA)),
    ]
    history = recorded(tmp_path, visits, payments=[(range(2_000, 2_600), paid(20, 2_000, _id="p"))])
    assert dict(dfn.calibration(history).bins.select("predicted_rate", "observed_value").rows()) == {0.1: 0, 0.3: 20}


def test_a_payment_of_a_shared_address_is_of_the_visitor_seen_latest_before_it(tmp_path: Path) -> None:
    payment = [(range(3_600, 4_200), paid(20, 3_500, _id="p"))]
    for place, (first, second) in enumerate([("a", "b"), ("b", "a")]):
        visits = [
            (range(300, 900), visitor(first, 100, customerEmail="ada@example.com")),
            (range(3_000, 4_500), visitor(second, 2_990, customerEmail="ada@example.com")),
            (range(4_500, 5_100), visitor(first, 4_400, customerEmail="ada@example.com")),
        ]
        history = recorded(tmp_path / str(place), visits, payments=payment)
        found = dfn.calibration(history, by="visitor_id", converted=dfn.payment()).scores
        assert found.filter(pl.col("observed_value") > 0)["visitor_id"].to_list() == [second]


def test_what_happened_before_the_prediction_is_no_outcome_of_it(tmp_path: Path) -> None:
    visits = [(range(600, 1_500), visitor("early", 310)), (range(600, 1_500), visitor("later", 310))]
    goals = [
        (range(600, 900), {"_id": name, "type": "signup", "visitorId": name, "timestamp": after(seconds).isoformat()})
        for name, seconds in (("early", 320), ("later", 610))
    ]
    found = dfn.calibration(recorded(tmp_path, visits, goals), converted=dfn.goal("signup"))
    assert found.coverage.select("counted", "converted_before").row(0) == (1, 1)
    assert found.scores["conversions"].item() == 1


@pytest.mark.parametrize("rate", [25.0, 1.001, -0.1])
def test_a_prediction_that_is_no_probability_is_none(tmp_path: Path, rate: float) -> None:
    found = dfn.calibration(recorded(tmp_path, [(range(300, 900), visitor("a", 100, rate=rate))]))
    assert found.coverage.select("counted", "unscored").row(0) == (0, 1)
    frame = pl.DataFrame({"predicted": [rate, 0.5], "converted": True, "expected_value": 1.0, "value": 1.0})
    assert scores(frame, [], [0, 1])["sessions"].item() == 1


def test_a_currency_of_the_rates_is_known_in_any_case(tmp_path: Path) -> None:
    visits = [(range(300, 900), visitor("a", 100)), (range(900, 1_800), visitor("a", 100, **ADA))]
    history = recorded(tmp_path, visits, payments=[(range(900, 1_200), paid(20, 850, _id="p", currency="EUR"))])
    assert dfn.calibration(history, rates={" eur": 1.5}).scores["observed_value"].item() == 30
    with pytest.raises(ValueError, match="positive"):
        dfn.calibration(history, rates={"EUR": 0})


def test_nonsense_is_refused_with_what_is_possible(small: dfn.History) -> None:
    with pytest.raises(TypeError, match="goal"):
        dfn.calibration(small, converted="signup")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="horizon"):
        dfn.calibration(small, horizon=timedelta(0))
    with pytest.raises(ValueError, match="ascend"):
        dfn.calibration(small, edges=[0, 0.5, 0.2, 1])
    with pytest.raises(ValueError, match="channel"):
        dfn.calibration(small, by="planet")


def test_an_empty_span_gives_empty_tables(small: dfn.History) -> None:
    found = dfn.calibration(small, end=after(-10))
    assert found.bins.height == 0
    assert found.coverage["visits"].item() == 0
