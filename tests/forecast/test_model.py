"""A model learned from what came true expects what comes, says what it can't know, and refuses what it is not for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import datafast_nb as dfn
from datafast_nb.forecast import site_level
from datafast_nb.forecast.formula import fitted, probabilities
from datafast_nb.forecast.model import ENOUGH
from tests.forecast.simulated import START, Simulated, World, simulate
from tests.history.moments import after, snapshot

DAYS = 6
LEARNED = 4
EVERY = 600.0  # seconds
HORIZON = "6h"
END = START + timedelta(days=LEARNED)


def world(**knobs: Any) -> Simulated:
    return simulate(World(days=DAYS, arrivals=200, every=EVERY, seed=7, **knobs))


@pytest.fixture(scope="module")
def fair() -> Simulated:
    return world()


@pytest.fixture(scope="module")
def model(fair: Simulated) -> dfn.Model:
    return dfn.learn(fair, HORIZON, end=END)


def later(record: Simulated, model: dfn.Model) -> list[tuple[dfn.forecast.Expected, int]]:
    """Give what is expected and what came at moments after those that were learned from."""
    moments = record.polls(END, record.end - model.horizon).collect()["seen_at"].gather_every(5)
    return [(model.expected(record.at(it)), record.bought(it, model.horizon).height) for it in moments]


def test_what_it_expects_on_later_days_comes(fair: Simulated, model: dfn.Model) -> None:
    found = later(fair, model)
    expected, came = sum(it.conversions for it, _ in found), sum(it for _, it in found)
    assert came / expected == pytest.approx(1, abs=0.25)
    held = [it.conversions_low <= number <= it.conversions_high for it, number in found]
    assert np.mean(held) > 0.85
    raw = sum(float(fair.at(it).visitors.filter(~pl.col("is_customer"))["conversion_rate"].sum()) for it in [END])
    assert raw > 1.5 * model.expected(fair.at(END)).conversions  # those who are idle have left


def test_a_predictor_twice_too_high_is_recalibrated(fair: Simulated, model: dfn.Model) -> None:
    twice = dfn.learn(world(bias=2.0), HORIZON, end=END)
    before, after_ = twice.quality.scores.filter(pl.col("predictor") != "baseline").rows(named=True)
    assert before["observed_over_expected"] < 0.35
    assert after_["observed_over_expected"] == pytest.approx(1, abs=0.4)
    assert after_["brier"] < before["brier"]
    assert after_["log_loss"] < before["log_loss"]
    snap = fair.at(END)
    ours = snap.visitors.with_columns(conversion_rate=2 * pl.col("conversion_rate"))
    biased = dfn.Snapshot(ours, snap.events, fetched_at=snap.fetched_at)
    assert twice.expected(biased).conversions == pytest.approx(model.expected(snap).conversions, rel=0.1)


def test_a_predictor_that_knows_nothing_is_told_and_not_used() -> None:
    blind = dfn.learn(world(informed=False), HORIZON)
    assert blind.formula in ("baseline", "activity")
    assert "no better than chance" in blind.notes[0]
    assert "baseline is used" in str(blind)
    raw = blind.quality.scores.row(0, named=True)
    assert raw["auc_low"] < 0.6
    assert set(blind.quality.choice["formula"]) == {"baseline", "activity"}


def test_the_idle_are_less_likely_to_buy_and_the_raw_figures_stand_beside(fair: Simulated, model: dfn.Model) -> None:
    assert model.formula == "logistic"
    snap = fair.at(END + timedelta(hours=15))
    found = model.predict(snap)
    prospects = snap.visitors.filter(~pl.col("is_customer"))
    assert set(found["visitor_id"]) == set(prospects["visitor_id"])
    assert found["probability"].is_sorted(descending=True)
    assert found.select(pl.corr("probability", "minutes_idle", method="spearman")).item() < -0.3
    raw = found.join(prospects, on="visitor_id")
    assert raw["predicted_rate"].equals(raw["conversion_rate"].rename("predicted_rate"))
    assert raw["predicted_value"].equals(raw["expected_value_right"].rename("predicted_value"))
    value = (found["expected_value"] / found["probability"]).round(6).unique()
    assert value.len() == 1
    assert model.currency == "USD"
    total = model.expected(snap)
    assert total.prospects == found.height
    assert total.conversions == pytest.approx(found["probability"].sum(), rel=0.05)
    assert total.revenue == pytest.approx(found["expected_value"].sum(), rel=0.05)


def test_the_choice_is_the_simplest_within_one_standard_error(model: dfn.Model) -> None:
    table = model.quality.choice
    assert table["worse"].min() == 0
    first = table.filter(pl.col("worse") <= pl.col("standard_error")).row(0, named=True)
    assert model.formula == first["formula"]


def test_gains_and_the_value_of_acting_are_those_of_the_rows(model: dfn.Model) -> None:
    quality = model.quality
    for name, rows in quality.gains.group_by("predictor"):
        assert rows["buyers_share"].is_sorted()
        assert rows.filter(pl.col("contacted") == 1)["buyers_share"].item() == pytest.approx(1)
        if name == ("baseline",):
            assert (rows["buyers_share"] - rows["contacted"]).abs().max() < 1e-9  # type: ignore[operator]
    top = {row["predictor"]: row["top_tenth"] for row in quality.scores.rows(named=True)}
    assert top["after"] > 1.3 * top["baseline"]
    acting = quality.value(cost=2.0, worth=50.0)
    by_hand = acting["buyers"] * 50.0 - acting["contacts"] * 2.0
    assert acting["value"].to_list() == pytest.approx(by_hand.to_list())
    assert quality.value(1.0)["value"].to_list() != acting["value"].to_list()


@pytest.mark.parametrize("nonsense", [float("nan"), float("inf"), -1.0])
def test_a_cost_or_a_worth_that_makes_no_sense_is_refused(nonsense: float, model: dfn.Model) -> None:
    with pytest.raises(ValueError, match="cost is"):
        model.quality.value(nonsense, worth=30)
    with pytest.raises(ValueError, match="worth is"):
        model.quality.value(2.0, worth=nonsense)


def test_a_saved_model_is_the_same_and_holds_nobody(fair: Simulated, model: dfn.Model, tmp_path: Path) -> None:
    file = tmp_path / "model.json"
    model.save(file)
    again = dfn.Model.load(file)
    snap = fair.at(END)
    assert_frame_equal(again.predict(snap), model.predict(snap))
    assert again.expected(snap) == model.expected(snap)
    assert str(again) == str(model)
    for name in ("scores", "gains", "bins", "choice"):
        assert_frame_equal(getattr(again.quality, name), getattr(model.quality, name))
    text = file.read_text()
    assert json.loads(text)["datafast_nb_model"] == 1
    assert "visitor-" not in text
    assert "example.com" not in text


def _changed(body: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    *parents, last = path.split(".")
    inner = body
    for name in parents:
        inner = inner[name]
    inner[last] = value
    return body


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("datafast_nb_model", 0),
        ("datafast_nb_model", 2),
        ("datafast_nb_model", None),
        ("datafast_nb_model", "1"),
        ("learned", []),
        ("learned.horizon", -1),
        ("learned.horizon", 1e300),
        ("learned.formula.name", "os.system"),
        ("learned.formula.base", 7),
        ("learned.formula.coefficients", [1.0]),
        ("learned.formula.covariance", [[1.0]]),
        ("learned.formula.rates", [0.5, 0.1]),
        ("learned.level.weights", []),
        ("learned.level.shapes", [-1.0] * 10),
        ("learned.level.every", 0),
        ("learned.start", "yesterday"),
        ("learned.start", "2026-01-05T00:00:00"),
        ("learned.amounts", ["1"]),
        ("quality", {}),
        ("quality.scores", {"predictor": [1, 2], "nothing": [3]}),
    ],
)
def test_a_garbled_model_is_refused_with_what_to_do(path: str, value: object, model: dfn.Model, tmp_path: Path) -> None:
    file = tmp_path / "model.json"
    model.save(file)
    file.write_text(json.dumps(_changed(json.loads(file.read_text()), path, value)))
    with pytest.raises(dfn.ModelError, match=r"dfn\.learn"):
        dfn.Model.load(file)


@pytest.mark.parametrize(
    "body", [b"", b"\x80\x04K\x01.", b"[]", b"{}", b"{" * 100_000, b'{"datafast_nb_model": 1}', b"\xff"]
)
def test_what_is_no_model_is_refused(body: bytes, tmp_path: Path) -> None:
    file = tmp_path / "model.json"
    file.write_bytes(body)
    with pytest.raises(dfn.ModelError, match="model"):
        dfn.Model.load(file)
    with pytest.raises(dfn.ModelError, match="can't be read"):
        dfn.Model.load(tmp_path / "nothing.json")


# Little, and strange


def test_with_few_buyers_the_service_s_rate_is_shrunk_to_and_told() -> None:
    record = simulate(World(days=2, arrivals=12, seed=2))
    few = dfn.learn(record, HORIZON)
    assert 0 < few.buyers < ENOUGH
    assert few.formula == "rate"
    assert "too few to learn from" in str(few)
    snap = record.at(record.end)
    ratios = few.predict(snap).select((pl.col("probability") / pl.col("predicted_rate")).unique())
    assert ratios["probability"].round(9).n_unique() == 1
    assert 0.1 < ratios["probability"][0] < 1


def test_with_no_buyer_at_all_the_interval_is_wide() -> None:
    record = simulate(World(days=2, arrivals=20, seed=2))
    record.rows = record.rows._replace(
        payments=record.rows.payments.clear(), events=record.rows.events.filter(pl.col("type") == "pageview")
    )
    none = dfn.learn(record, HORIZON)
    assert none.buyers == 0
    assert none.currency is None
    snap = record.at(record.end - timedelta(hours=9))
    found = none.expected(snap)
    raw = float(snap.visitors["conversion_rate"].sum())
    assert 0 < found.conversions < raw
    assert found.revenue is None
    assert "0 prospects bought" in str(none)


@pytest.mark.parametrize(
    ("knobs", "horizon"),
    [({"days": 1 / 24}, "1d"), ({"days": 3, "gaps": tuple((it, it + 4) for it in range(2, 70, 6))}, "1d")],
    ids=["an hour", "gaps over half of it"],
)
def test_too_little_says_what_to_record(knobs: dict[str, Any], horizon: str) -> None:
    record = simulate(World(arrivals=40, **knobs))
    with pytest.raises(dfn.TooLittleRecordedError, match=r"Record for longer, or ask for a shorter horizon"):
        dfn.learn(record, horizon)
    assert dfn.learn(record, "10m").horizon == timedelta(minutes=10)


def test_a_gap_counts_neither_as_quiet_nor_as_zero() -> None:
    record = world(gaps=((30, 50),))
    found = dfn.learn(record, HORIZON)
    moments = record.polls().collect().height
    assert found.moments <= moments - 2 * 6 * 3_600 / EVERY
    scores = found.quality.scores.filter(pl.col("predictor") == "after").row(0, named=True)
    assert scores["observed_over_expected"] == pytest.approx(1, abs=0.3)


def test_a_site_without_predictions_is_learned_from_activity_or_refused() -> None:
    found = dfn.learn(world(predictions=False), HORIZON)
    assert found.formula == "activity"
    assert "before" not in found.quality.scores["predictor"].to_list()
    with pytest.raises(dfn.TooLittleRecordedError, match="predicts nothing here"):
        dfn.learn(simulate(World(days=1, arrivals=4, predictions=False)), HORIZON)


def test_a_snapshot_without_predictions_has_the_typical_rate(fair: Simulated, model: dfn.Model) -> None:
    snap = fair.at(END)
    bare = snap.visitors.with_columns(pl.lit(None, pl.Float64).alias("conversion_rate"))
    found = model.predict(dfn.Snapshot(bare, snap.events, fetched_at=snap.fetched_at))
    assert found["probability"].is_between(0, 1).all()
    assert found["predicted_rate"].null_count() == found.height
    assert model.expected(dfn.Snapshot(fetched_at=END)).conversions == 0
    assert model.predict(dfn.Snapshot(fetched_at=END)).height == 0


def test_currencies_are_never_added_up_without_rates() -> None:
    record = world(currencies={"USD": 1, "EUR": 1})
    without = dfn.learn(record, HORIZON)
    assert without.currency is None
    assert "2 currencies" in str(without)
    assert without.predict(record.at(END))["expected_value"].null_count() > 0
    assert without.expected(record.at(END)).revenue is None
    priced = dfn.learn(record, HORIZON, rates={"EUR": 1.1})
    assert priced.currency == "USD"
    assert priced.expected(record.at(END)).revenue is not None
    euros = dfn.learn(world(currencies={"EUR": 1}), HORIZON)
    assert euros.currency == "EUR"
    assert "€" in str(euros.expected(record.at(END)))


def test_sales_that_can_t_be_traced_are_told() -> None:
    found = dfn.learn(world(unmatched=0.3), HORIZON)
    assert any("could not be traced" in note for note in found.notes)


def test_a_redacted_history_gives_the_same_model(tmp_path: Path) -> None:
    record = simulate(World(days=0.06, arrivals=400, every=300, seed=3))
    with (
        dfn.History(tmp_path / "plain") as plain,
        dfn.History(tmp_path / "secret", redact=b"0123456789abcdef") as secret,
    ):
        for when in record.polls().collect()["seen_at"]:
            for history in (plain, secret):
                history.append(record.at(when))
        one, other = (dfn.learn(it, "30m") for it in (plain, secret))
    assert one.buyers == other.buyers > 0
    snap = record.at(record.end)
    assert_frame_equal(one.predict(snap), other.predict(snap))


def test_a_model_of_another_site_is_refused(fair: Simulated, model: dfn.Model) -> None:
    snap = fair.at(END + timedelta(hours=15))
    moved = snap.visitors.with_columns(pl.col("current_url").str.replace("example.com", "elsewhere.example"))
    other = dfn.Snapshot(moved, fetched_at=snap.fetched_at)  # of the same paths
    www = snap.visitors.with_columns(pl.col("current_url").str.replace("example.com", "WWW.example.com"))
    assert model.predict(dfn.Snapshot(www, fetched_at=snap.fetched_at)).height
    for ask in (model.predict, model.expected):
        with pytest.raises(dfn.ModelError, match="another website"):
            ask(other)
        with pytest.raises(dfn.ModelError, match="several websites"):
            ask(dfn.Snapshot.of_sites({"one": snap, "two": snap}))
        with pytest.raises(TypeError, match="snapshot"):
            ask(snap.visitors)
        with pytest.warns(UserWarning, match="may be of another website"):
            ask(dfn.Snapshot(moved.head(9), fetched_at=snap.fetched_at))


def least(ask: Callable[[], object]) -> float:
    """Return the seconds of computing that a question takes at least."""
    spent = []
    for _ in range(3):
        begun = time.process_time()
        ask()
        spent.append(time.process_time() - begun)
    return min(spent)


def test_of_very_many_prospects_some_stand_for_all(fair: Simulated, model: dfn.Model) -> None:
    snap = fair.at(END)
    times = 400
    many = pl.concat([snap.visitors.with_columns(pl.format("{}-{}", "visitor_id", pl.lit(it))) for it in range(times)])
    events = pl.concat([snap.events.with_columns(pl.format("{}-{}", "visitor_id", pl.lit(it))) for it in range(times)])
    crowd = dfn.Snapshot(many, events, fetched_at=snap.fetched_at)
    few, found = model.expected(snap), model.expected(crowd)
    assert found.prospects == times * few.prospects > 10_000
    assert found.conversions == pytest.approx(times * few.conversions, rel=0.01)
    assert found.conversions == pytest.approx(model.predict(crowd)["probability"].sum(), rel=0.05)
    assert found.conversions_low < found.conversions < found.conversions_high
    assert model.predict(crowd)["probability"].is_sorted(descending=True)
    assert least(lambda: model.expected(crowd)) < 3 * least(lambda: model.predict(crowd))


def test_the_older_the_model_the_less_certain(model: dfn.Model) -> None:
    level = model._learned.level
    now, then = (site_level.draws(level, model.end + timedelta(days=days), 64, 1) for days in (0, 20))
    assert then.std() > 1.2 * now.std()
    assert then.mean() == pytest.approx(now.mean(), rel=0.1)


def test_a_moment_after_a_gap_that_tells_nothing_leaves_the_level_as_uncertain_as_the_gap_made_it() -> None:
    times = [START + timedelta(days=day) for day in range(28)]
    drifted = pl.DataFrame({"moment": times, "converted": [30, 20, 40, 25] * 7, "expected": 28.0})
    then = START + timedelta(days=40)
    nothing = pl.DataFrame({"moment": [then], "converted": [0], "expected": [1e-9]})
    before, after = (site_level.learned(it, 1.0, 5.0) for it in (drifted, pl.concat([drifted, nothing])))
    now, with_gap, with_moment = (
        float(site_level.draws(level, when, 64, 1).std())
        for level, when in ((before, before.until), (before, then), (after, then))
    )
    assert with_gap > 1.5 * now
    assert with_moment == pytest.approx(with_gap, rel=0.2)


def test_nonsense_is_refused(fair: Simulated) -> None:
    with pytest.raises(ValueError, match="horizon"):
        dfn.learn(fair, "soon")
    with pytest.raises(TypeError, match="History"):
        dfn.learn(fair.at(END))  # type: ignore[arg-type]


def test_a_tiny_record_by_hand(tmp_path: Path) -> None:
    """One buyer and one reader, seen at two moments before the purchase."""
    with dfn.History(tmp_path) as history:
        for seconds in range(0, 3_600, 60):
            raw = {"raw": {"conversionRate": 0.1}, "score": 50}
            here = [
                {"visitorId": name, "sessionStartTime": after(100).isoformat(), "conversionLikelihood": raw}
                for name in ("buyer", "reader")
            ]
            paid = {
                "_id": "e",
                "type": "payment",
                "visitorId": "buyer",
                "amount": 20,
                "timestamp": after(250).isoformat(),
            }
            history.append(
                snapshot(seconds, here if 120 <= seconds <= 240 else [], [paid] if 250 <= seconds < 850 else [])
            )
    found = dfn.learn(history, "10m")
    assert (found.prospects, found.visitors, found.buyers) == (6, 2, 1)
    assert found.formula == "rate"


def test_the_demo_site_is_learned_from(tmp_path: Path) -> None:
    end = datetime(2026, 2, 6, 15, tzinfo=UTC)
    history = dfn.demo.simulate(tmp_path, 2, 5_000, seed=5, end=end, every=300, progress=False)
    found = dfn.learn(history, "6h")
    assert found.buyers > 60
    scores = found.quality.scores.rows_by_key("predictor", named=True, unique=True)
    assert scores["before"]["observed_over_expected_high"] < 0.75
    assert scores["after"]["observed_over_expected_low"] < 1 < scores["after"]["observed_over_expected_high"]
    assert scores["after"]["log_loss"] < scores["before"]["log_loss"]
    assert found.expected(history.at(end)).conversions < history.at(end).visitors["conversion_rate"].sum()


# The regression


def test_the_regression_is_scikit_learn_s(fair: Simulated) -> None:
    from sklearn.linear_model import LogisticRegression

    draw = np.random.default_rng(2)
    size = 4_000
    rows = pl.DataFrame(
        {
            "visitor": np.arange(size),
            "predicted_rate": draw.beta(1, 20, size),
            "minutes_idle": draw.uniform(0, 10, size),
            "minutes_on_site": draw.uniform(0, 60, size),
            "visits_before": draw.poisson(0.3, size).astype(float),
            "converted": draw.uniform(size=size) < 0.06,
        }
    )
    formula = fitted("activity", rows)
    from datafast_nb.forecast.features import activity

    columns = np.column_stack(activity(rows))
    oracle = LogisticRegression(C=1.0, tol=1e-12, solver="newton-cholesky").fit(columns, rows["converted"])
    assert formula.coefficients[0] == pytest.approx(oracle.intercept_[0], abs=1e-5)
    assert formula.coefficients[1:] == pytest.approx(oracle.coef_[0].tolist(), abs=1e-5)
    assert probabilities(formula, rows).sum() == pytest.approx(rows["converted"].sum())


def test_a_horizon_that_is_long_for_the_record_is_noted(model: dfn.Model) -> None:
    long = dfn.learn(simulate(World(days=2, arrivals=60, every=EVERY, seed=7)), "1d")
    assert "looks better than it is" in str(long)
    assert "looks better than it is" not in str(model)
    assert "chosen on the same moments" in str(model.quality)
    assert "chosen on the same moments" not in str(dfn.learn(simulate(World(days=2, arrivals=12, seed=2)), HORIZON))


def test_one_buyer_with_the_highest_rate_makes_nobody_certain() -> None:
    draw = np.random.default_rng(4)
    visitor = np.repeat(np.arange(3_000), 3)  # each at three moments
    rates = draw.beta(1, 40, 3_000)
    bought = draw.uniform(size=3_000) < rates
    bought[rates.argmax()], bought[rates.argmin()] = True, False
    rows = pl.DataFrame({"visitor": visitor, "predicted_rate": rates[visitor], "converted": bought[visitor]})
    formula = fitted("isotonic", rows)
    found = probabilities(formula, rows)
    assert 2 * rates.mean() < found.max() < 0.3
    assert found.mean() == pytest.approx(bought.mean(), rel=0.05)
    assert pl.Series(found).sort().equals(pl.Series(found[np.argsort(rates[visitor])]))


def test_opportunities_are_ranked_by_it(fair: Simulated, model: dfn.Model) -> None:
    snap = fair.at(END)
    table, predicted = dfn.opportunities(snap, model=model), model.predict(snap)
    assert table["probability"].is_sorted(descending=True)
    shared = ["visitor_id", "probability", "expected_value", "predicted_value", "minutes_idle"]
    assert_frame_equal(table.select(shared), predicted.select(shared), check_row_order=False)


def test_a_rate_of_zero_or_a_later_part_without_buyers_prints(fair: Simulated) -> None:
    zero = fair.rows._replace(visitors=fair.rows.visitors.with_columns(conversion_rate=0.0))
    assert "before: it expects no purchase, AUC 0.50" in str(
        dfn.learn(Simulated(fair.world, zero, fair.visits), HORIZON)
    )
    lonely = dfn.learn(simulate(World(days=8, arrivals=0.7, seed=12, every=300, returning=0)), "10m")
    assert lonely.quality.scores["conversions"].to_list() == [0, 0, 0]
    assert "before: observed over expected 0.00" in str(lonely)
    assert "of the buyers" not in str(lonely)
