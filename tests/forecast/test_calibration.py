"""Calibration on the demo site is right within its own intervals, and a predictor that is wrong is found out."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

import datafast_nb as dfn
from datafast_nb.demo.predictions import averages
from datafast_nb.forecast.calibration import Unit
from datafast_nb.forecast.reliability import bins, scores
from tests.history.moments import after, snapshot

END = datetime(2026, 2, 6, 15, tzinfo=UTC)
DAYS = 4
PER_DAY = 8_000


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> dfn.History:
    folder = tmp_path_factory.mktemp("fair")
    return dfn.demo.simulate(folder, DAYS, PER_DAY, seed=11, end=END, every=60, progress=False)


class Doubled:
    """A history with predictions twice as high."""

    _DOUBLED = (pl.col("conversion_rate", "expected_value") * 2).clip(upper_bound=0.95)

    def __init__(self, history: dfn.History) -> None:
        self._history = history

    def __getattr__(self, name: str) -> Any:
        return getattr(self._history, name)

    def visitors(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        return self._history.visitors(start, end).with_columns(self._DOUBLED)

    def sessions(self, start: datetime | None = None, end: datetime | None = None) -> pl.LazyFrame:
        return self._history.sessions(start, end).with_columns(self._DOUBLED)


@pytest.fixture(scope="module")
def truth() -> pl.DataFrame:
    """Return each visit of the demo site with its true probability and its prediction."""
    site = dfn.demo.Site(seed=11, visitors=PER_DAY * (averages().visit_minutes + 10) / 1440)
    return site.sessions(END - timedelta(days=DAYS), END - timedelta(hours=1)).filter(
        ~pl.col("is_customer"), pl.col("predicted_rate").is_not_null()
    )


def test_as_many_convert_as_the_true_rates_say(history: dfn.History, truth: pl.DataFrame) -> None:
    found = dfn.calibration(history, unit="visit")
    whole = found.scores.row(0, named=True)
    assert abs(whole["predictions"] / truth.height - 1) < 0.01
    assert whole["observed_rate_low"] < truth["conversion_rate"].mean() < whole["observed_rate_high"]
    assert whole["conversions"] == pytest.approx(truth["converted"].sum(), rel=0.02)


def test_in_each_bin_the_true_rate_is_within_the_interval(history: dfn.History, truth: pl.DataFrame) -> None:
    table = dfn.calibration(history, unit="visit").bins
    rates = truth.sort("predicted_rate").join_asof(
        table.select("bin_low").sort("bin_low"), left_on="predicted_rate", right_on="bin_low", coalesce=False
    )
    true = rates.group_by("bin_low").agg(true_rate=pl.col("conversion_rate").mean())
    compared = table.join(true, on="bin_low")
    inside = compared["true_rate"].is_between(compared["observed_rate_low"], compared["observed_rate_high"])
    assert compared.height >= 6
    assert inside.sum() >= compared.height - 1, compared  # 95 % each


def test_fair_predictions_agree_and_biased_ones_are_found_out(history: dfn.History) -> None:
    fair = dfn.calibration(history)
    assert fair.scores["verdict"].item() == "agrees", fair
    assert fair.bins["within_noise"].all()
    assert "they agree" in str(fair)
    biased = dfn.calibration(Doubled(history))
    assert biased.scores["verdict"].item() == "too high"
    assert "they do not agree: the predictions are too high" in str(biased)
    assert biased.scores["conversions"].item() == fair.scores["conversions"].item()
    assert biased.scores["expected_conversions"].item() > 1.7 * fair.scores["conversions"].item()
    assert biased.scores["reliability"].item() > 10 * fair.scores["reliability"].item()
    assert biased.scores["brier"].item() > fair.scores["brier"].item()


@pytest.mark.parametrize("unit", ["visitor", "visit"])
def test_predictions_that_are_fair_agree_at_every_horizon_and_no_sale_counts_twice(
    history: dfn.History, unit: Unit
) -> None:
    payers = dfn.calibration(history, converted=dfn.payment()).coverage["matched"].item()
    for horizon in (timedelta(hours=1), timedelta(hours=6), timedelta(days=1)):
        found = dfn.calibration(history, unit=unit, horizon=horizon)
        whole = found.scores.row(0, named=True)
        assert whole["verdict"] == "agrees", found
        assert whole["conversions"] <= payers
        assert whole["observed_over_expected_low"] < 1 < whole["observed_over_expected_high"]


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


def test_score_and_bins_are_those_of_scikit_learn() -> None:
    draw = np.random.default_rng(8)
    predicted = draw.uniform(size=2_000)
    came_true = draw.uniform(size=2_000) < predicted**1.3
    outcomes = pl.DataFrame({"predicted": predicted, "converted": came_true, "expected_value": 1.0, "value": 0.0})
    edges = [place / 10 for place in range(11)]
    found, table = scores(outcomes, [], edges).row(0, named=True), bins(outcomes, [], edges)
    assert found["brier"] == pytest.approx(brier_score_loss(came_true, predicted), abs=1e-12)
    observed, mean = calibration_curve(came_true, predicted, n_bins=10)
    assert table["predicted_rate"].to_list() == pytest.approx(mean.tolist(), abs=1e-12)
    assert table["observed_rate"].to_list() == pytest.approx(observed.tolist(), abs=1e-12)


def test_groups_and_bins_hold_the_same_visits(history: dfn.History) -> None:
    found = dfn.calibration(history, by=["visit_kind", "device"], unit="visit")
    keys = ["visit_kind", "device"]
    added = found.bins.group_by(keys).agg(pl.col("predictions", "conversions").sum()).sort(keys)
    assert added.equals(found.scores.select(*keys, "predictions", "conversions").sort(keys))
    assert found.scores["predictions"].sum() == found.coverage["counted"].item()


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


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dfn.History:
    """Record two hours: who is there already, buys, signs up, is a customer, has no score, or comes too late."""
    bought = {"isCustomer": True, "customerEmail": "Ada@example.com ", "customerName": "Ada Lovelace"}
    with dfn.History(tmp_path_factory.mktemp("small")) as history:
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
        "left_early": 0,
        "unfinished": 1,
        "converted_before": 0,
        "recognized": 0,
        "payments": 2,
        "matched": 1,
        "unmatched": 1,
        "unpriced": 0,
    }


@pytest.mark.parametrize(
    ("converted", "rates"),
    [("customer", [0.25]), (dfn.payment(), [0.25]), (dfn.goal("signup"), [0.1]), (dfn.goal("other"), [])],
)
def test_what_counts_as_a_conversion_can_be_chosen(small: dfn.History, converted: object, rates: list[float]) -> None:
    table = dfn.calibration(small, converted=converted).bins  # type: ignore[arg-type]
    assert table.filter(pl.col("conversions") > 0)["predicted_rate"].to_list() == rates
    assert table["predictions"].sum() == 2


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
    found = dfn.calibration(history, unit="visit").bins
    assert found.select("predicted_rate", "conversions", "observed_value").rows() == [(0.1, 0, 0), (0.3, 1, 20)]
    (person,) = dfn.calibration(history).bins.select("predicted_rate", "conversions", "observed_value").rows()
    assert person == pytest.approx((1 - 0.9 * 0.7, 1, 20))
    assert dfn.calibration(history).bins["bin_low"].to_list() == [0.1]  # that of the first visit


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
    assert scores(frame, [], [0, 1])["predictions"].item() == 1


def test_a_currency_of_the_rates_is_known_in_any_case(tmp_path: Path) -> None:
    visits = [(range(300, 900), visitor("a", 100)), (range(900, 1_800), visitor("a", 100, **ADA))]
    history = recorded(tmp_path, visits, payments=[(range(900, 1_200), paid(20, 850, _id="p", currency="EUR"))])
    assert dfn.calibration(history, rates={" eur": 1.5}).scores["observed_value"].item() == 30
    with pytest.raises(ValueError, match="positive"):
        dfn.calibration(history, rates={"EUR": 0})


def test_nonsense_is_refused_with_what_is_possible(small: dfn.History) -> None:
    with pytest.raises(TypeError, match="goal"):
        dfn.calibration(small, converted="signup")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"horizon .* above 0"):
        dfn.calibration(small, horizon=timedelta(0))
    with pytest.raises(ValueError, match=r"age .* 0 or more"):
        dfn.calibration(small, age=timedelta(seconds=-1))
    with pytest.raises(ValueError, match="Did you mean 'visit'"):
        dfn.calibration(small, unit="visits")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'score' is a measure"):
        dfn.calibration(small, by="score")
    with pytest.raises(ValueError, match="ascend"):
        dfn.calibration(small, edges=[0, 0.5, 0.2, 1])
    with pytest.raises(ValueError, match="channel"):
        dfn.calibration(small, by="planet")


def test_an_empty_span_gives_empty_tables(small: dfn.History) -> None:
    found = dfn.calibration(small, end=after(-10))
    assert found.bins.height == 0
    assert found.coverage["visits"].item() == 0


def bought(folder: Path, *paid_for: dict[str, object], events: list[Shown] | None = None) -> dfn.History:
    """Record a visit of someone who becomes a customer, and what was paid."""
    visits = [(range(300, 900), visitor("a", 100)), (range(900, 1_800), visitor("a", 100, **ADA))]
    return recorded(folder, visits, events, [(range(900, 8_000), it) for it in paid_for])


@pytest.mark.parametrize("converted", ["customer", dfn.payment()])
@pytest.mark.parametrize("amount", [0, -49])
def test_a_trial_or_a_refund_is_no_conversion(tmp_path: Path, converted: Any, amount: float) -> None:
    found = dfn.calibration(bought(tmp_path, paid(amount, 850, _id="p")), converted=converted)
    assert found.scores["conversions"].sum() == 0
    assert found.bins["conversions"].sum() == 0
    if converted != "customer":
        assert found.scores["observed_value"].item() == amount


def test_a_refund_is_taken_off_the_visit_whose_sale_it_refunds_however_late(tmp_path: Path) -> None:
    history = bought(tmp_path, paid(49, 850, _id="p"), paid(-20, 7_900, _id="r"))
    for converted in ("customer", dfn.payment()):
        whole = dfn.calibration(history, converted=converted).scores  # type: ignore[arg-type]
        assert whole.select("conversions", "observed_value").row(0) == (1, 29)


def test_an_old_customer_s_login_is_no_conversion_and_is_left_out(tmp_path: Path) -> None:
    found = dfn.calibration(bought(tmp_path))
    assert found.coverage.select("counted", "recognized").row(0) == (0, 1)
    assert dfn.calibration(bought(tmp_path / "event", events=[charge(840)])).scores["conversions"].item() == 1


def charge(seconds: float, amount: float | None = 20) -> Shown:
    """Return a payment's event of the visitor `a`."""
    when = after(seconds).isoformat()
    return range(900, 1_500), {"_id": "e", "type": "payment", "visitorId": "a", "timestamp": when, "amount": amount}


def test_a_sale_seen_as_event_and_as_payment_is_one_sale(tmp_path: Path) -> None:
    history = bought(tmp_path, paid(20, 850, _id="p"), events=[charge(840)])
    found = dfn.calibration(history, converted=dfn.payment())
    assert found.scores.select("conversions", "observed_value").row(0) == (1, 20)
    assert found.coverage["unmatched"].item() == 0
    alone = bought(tmp_path / "alone", paid(20, 850, "elsewhere@example.com", _id="p"), events=[charge(840)])
    assert dfn.calibration(alone, converted=dfn.payment()).coverage["unmatched"].item() == 0


def test_a_payment_of_two_devices_counts_for_one_visitor(tmp_path: Path) -> None:
    visits = [
        (range(300, 9_000), visitor("laptop", 290, customerEmail="ada@example.com")),
        (range(600, 9_000), visitor("phone", 590, customerEmail="ada@example.com")),
    ]
    history = recorded(tmp_path, visits, payments=[(range(900, 1_500), paid(20, 850, _id="p"))])
    found = dfn.calibration(history, by="visitor_id", converted=dfn.payment()).scores
    assert dict(found.select("visitor_id", "conversions").rows()) == {"laptop": 0, "phone": 1}


def test_conversions_that_nobody_could_see_are_told_and_can_make_up_for_what_is_missing(tmp_path: Path) -> None:
    visits = [(range(300, 900), visitor(f"v{it}", 100, rate=0.9)) for it in range(6)]
    strangers = [(range(900, 1_500), paid(20, 850 + it, f"{it}@example.com", _id=str(it))) for it in range(6)]
    alone = dfn.calibration(recorded(tmp_path / "alone", visits))
    assert alone.scores["verdict"].item() == "too high"
    found = dfn.calibration(recorded(tmp_path / "paid", visits, payments=strangers))
    assert found.coverage.select("matched", "unmatched").row(0) == (0, 6)
    assert found.scores["verdict"].item() == "can't tell"
    assert "6 more sales or new customers can't be traced to a visit: if all were of these, 100.00% conv" in str(found)


def test_the_first_prediction_that_there_is_counts(tmp_path: Path) -> None:
    visits = [
        (range(300, 600), visitor("a", 100, rate=None)),
        (range(600, 900), visitor("a", 100, rate=0.2)),
        (range(900, 1_500), visitor("a", 100, rate=0.4)),
    ]
    history = recorded(tmp_path, visits)
    assert dfn.calibration(history).bins["predicted_rate"].to_list() == [0.2]
    assert dfn.calibration(history, by="score_band").scores["score_band"].null_count() == 0


def test_predictions_are_tested_at_an_age_of_the_visit_of_those_still_there(tmp_path: Path) -> None:
    visits = [
        (range(300, 900), visitor("a", 100, rate=0.2)),
        (range(900, 1_800), visitor("a", 100, rate=0.4)),
        (range(300, 900), visitor("gone", 100, rate=0.3)),
    ]
    sales = [(range(1_500, 1_800), visitor("a", 100, rate=0.4, **ADA))]
    payment = [(range(1_500, 2_000), paid(20, 1_400, _id="p"))]
    history = recorded(tmp_path, [*visits[:1], (range(900, 1_500), visits[1][1]), visits[2], *sales], payments=payment)
    for minutes, rates, gone in ((5, [(0.2 + 0.3) / 2], 0), (20, [0.4], 1)):
        found = dfn.calibration(history, age=timedelta(minutes=minutes))
        assert found.bins["predicted_rate"].to_list() == pytest.approx(rates)
        assert found.scores["conversions"].item() == 1
        assert found.coverage["left_early"].item() == gone
    late = dfn.calibration(history, age=timedelta(minutes=24))
    assert late.coverage.select("customers", "converted_before", "left_early").sum_horizontal().item() == 2


def test_a_handful_of_visits_can_not_tell(small: dfn.History) -> None:
    found = dfn.calibration(small)
    assert found.scores["verdict"].item() == "can't tell"
    assert "can't tell whether they agree; an error of 20% would be found" in str(found)


def test_a_unit_and_an_age_that_can_not_be_meant_are_refused(small: dfn.History) -> None:
    with pytest.raises(ValueError, match="visitor, visit"):
        dfn.calibration(small, unit="person")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"age .* 0 or more"):
        dfn.calibration(small, age=timedelta(minutes=-2))
