"""The share who have bought by a time is Kaplan and Meier's, and who is censored or left out is told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from lifelines import KaplanMeierFitter
from scipy.stats import CensoredData, ecdf

import datafast_nb as dfn
from datafast_nb.forecast.time_to_purchase import kaplan_meier
from tests.forecast.stays import HOUR, Stay, buyer, history, sale
from tests.history.moments import after, snapshot


def drawn(ties: bool, seed: int = 5, size: int = 400) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    hours = draw.exponential(10.0, size)
    return pl.DataFrame(
        {
            "hours": hours.round() if ties else hours,
            "bought": draw.random(size) < 0.4,
            "group": draw.choice(["a", None], size),
        }
    )


@pytest.mark.parametrize("ties", [True, False])
def test_the_curve_and_its_interval_are_those_of_lifelines(ties: bool) -> None:
    times = drawn(ties)
    found = kaplan_meier(times)
    oracle = KaplanMeierFitter().fit(times["hours"].to_numpy(), times["bought"].to_numpy())
    at = found["hours"].to_numpy()
    bounds = oracle.confidence_interval_survival_function_.loc[at].to_numpy()
    bought = found["purchased"].to_numpy() > 0
    assert np.abs(1 - found["purchased"].to_numpy() - oracle.predict(at).to_numpy()).max() < 1e-9
    assert bought.sum() > 20
    assert np.abs(1 - found["purchased_low"].to_numpy() - bounds[:, 1])[bought].max() < 1e-9
    assert np.abs(1 - found["purchased_high"].to_numpy() - bounds[:, 0])[bought].max() < 1e-9
    assert found["at_risk"].to_list() == oracle.event_table["at_risk"].loc[at].tolist()


def test_the_curve_is_that_of_scipy() -> None:
    times = drawn(ties=True)
    split = [times.filter(bought=it)["hours"].to_numpy() for it in (True, False)]
    oracle = ecdf(CensoredData(uncensored=split[0], right=split[1])).cdf
    found = kaplan_meier(times)
    assert np.abs(found["purchased"].to_numpy() - oracle.evaluate(found["hours"].to_numpy())).max() < 1e-9


def test_each_group_has_the_curve_that_it_has_alone() -> None:
    times = drawn(ties=True)
    found = kaplan_meier(times, ["group"])
    for group in ("a", None):
        alone = kaplan_meier(times.filter(pl.col("group").eq_missing(group)))
        assert found.filter(pl.col("group").eq_missing(group)).drop("group").equals(alone)


def test_everybody_is_at_risk_or_bought_or_was_censored_before() -> None:
    found = kaplan_meier(drawn(ties=True))
    before = found["purchases"].cum_sum() - found["purchases"]
    assert (found["at_risk"] + before + found["censored"] == 400).all()


def test_whom_a_gap_or_the_end_cuts_off_is_censored_there_and_who_came_before_is_truncated(tmp_path: Path) -> None:
    """Two buy, one of them after a gap, so unseen; one comes in the gap; others were there before, or came back."""
    stays = [
        Stay("early", -600, HOUR),
        buyer("quick", 300, HOUR),
        buyer("slow", 600, 4 * HOUR),
        Stay("reader", 900, HOUR),
        Stay("in the gap", 2.2 * HOUR, 4 * HOUR),
        Stay("late", 3.5 * HOUR, 4 * HOUR),
        Stay("returning", 900, HOUR, {"visitCount": 3}),
        Stay("customer", 900, HOUR, {"isCustomer": True}),
    ]
    payments = [sale("quick", 1_500), sale("slow", 3.5 * HOUR), sale("nobody", 1_200), sale("quick", 3_000)]
    recorded = history(tmp_path, stays, payments, until=4 * HOUR, gap=(2 * HOUR, 3 * HOUR))
    found = dfn.time_to_purchase(recorded)
    assert found.coverage.row(0, named=True) == {
        "visitors": 8,
        "counted": 4,
        "customers": 1,
        "truncated": 2,
        "seen_late": 1,
        "converted_before": 0,
        "recognized": 0,
        "unmatched": 1,
    }
    groups = found.groups.row(0, named=True)
    assert groups == {
        "visitors": 4,
        "purchases": 1,
        "censored_at_end": 1,
        "censored_at_gap": 2,
        "longest_hours": pytest.approx(2 - 600 / HOUR),
    }
    # "late" is watched for half an hour, longer than "quick" takes to buy: four are at risk.
    bought = found.curve.filter(purchases=1).row(0, named=True)
    assert (bought["hours"], bought["at_risk"], bought["purchased"]) == (pytest.approx(1_200 / HOUR), 4, 0.25)
    assert "2 before a gap" in str(found)
    assert "2 first came before the record began" in str(found)
    assert found.within("1h")["purchased"].item() == 0.25
    assert found.within(timedelta(hours=3))["purchased"].item() is None


def test_a_customer_without_a_known_payment_and_a_purchase_before_the_visit_do_not_count(tmp_path: Path) -> None:
    moments = [
        snapshot(
            seconds, [{"visitorId": "old", "sessionStartTime": after(300).isoformat(), "isCustomer": seconds > 900}]
        )
        for seconds in range(300, HOUR, 300)
    ]
    with dfn.History(tmp_path / "a") as recorded:
        recorded.append(snapshot(0))
        for moment in moments:
            recorded.append(moment)
    with pytest.raises(dfn.TooLittleRecordedError, match="1 became customers without a known payment"):
        dfn.time_to_purchase(recorded)
    paid = history(tmp_path / "b", [buyer("a", 900, HOUR), Stay("b", 900, HOUR)], [sale("a", 600)], until=HOUR)
    assert dfn.time_to_purchase(paid).coverage["converted_before"].item() == 1


def test_a_trial_a_refund_and_a_renewal_are_no_purchases(tmp_path: Path) -> None:
    stays = [buyer(name, 300, HOUR) for name in ("trial", "refund", "renewal")]
    paid = [sale("trial", 900, 0.0), sale("refund", 900, -5.0), sale("renewal", 900, renewal=True)]
    assert dfn.time_to_purchase(history(tmp_path, stays, paid, until=HOUR)).groups["purchases"].item() == 0


def test_nobody_bought_is_an_answer(tmp_path: Path) -> None:
    found = dfn.time_to_purchase(history(tmp_path, [Stay("a", 300, HOUR)], until=HOUR))
    assert found.curve["purchased"].to_list() == [0, 0]
    assert "0 bought" in str(found)
    assert "0.00% buy." in str(found)


@pytest.mark.parametrize("stays", [[], [Stay("a", -300, HOUR)]], ids=["nobody", "all there before"])
def test_too_little_recorded_is_told_with_what_to_record(tmp_path: Path, stays: list[Stay]) -> None:
    with pytest.raises(dfn.TooLittleRecordedError, match=r"Record for longer, without a gap: history\.record"):
        dfn.time_to_purchase(history(tmp_path, stays, until=HOUR))


def test_an_unknown_dimension_or_one_named_twice_is_refused(tmp_path: Path) -> None:
    recorded = history(tmp_path, [Stay("a", 300, HOUR)], until=HOUR)
    with pytest.raises(ValueError, match="'score' is a measure"):
        dfn.time_to_purchase(recorded, "score")
    with pytest.raises(ValueError, match="twice"):
        dfn.time_to_purchase(recorded, ["device", "device"])
    with pytest.raises(TypeError, match="by takes the name"):
        dfn.time_to_purchase(recorded, 3)  # type: ignore[arg-type]


def test_visitors_are_in_the_group_of_their_first_visit(tmp_path: Path) -> None:
    stays = [
        buyer("a", 300, 900, params={"utm_campaign": "spring"}),
        buyer("a", HOUR, 2 * HOUR, params={"utm_campaign": "fall"}, visitCount=2),
        Stay("b", 300, HOUR),
    ]
    found = dfn.time_to_purchase(history(tmp_path, stays, [sale("a", 1.5 * HOUR)], until=2 * HOUR), "utm_campaign")
    assert dict(found.groups.select("utm_campaign", "purchases").rows()) == {"spring": 1, None: 0}
    assert dict(found.within("2h").select("utm_campaign", "purchased").rows()) == {"spring": 1.0, None: None}
    assert dict(found.within("90m").select("utm_campaign", "purchased").rows()) == {"spring": 1.0, None: 0.0}


def test_whoever_buys_before_the_first_snapshot_that_shows_them_counts_as_a_buyer(tmp_path: Path) -> None:
    """They are shown as a customer from the first; another customer, who pays later, was one before."""
    stays = [buyer("quick", 310, HOUR, isCustomer=True), buyer("old", 310, HOUR, isCustomer=True)]
    found = dfn.time_to_purchase(history(tmp_path, stays, [sale("quick", 500), sale("old", 900)], until=HOUR))
    assert (found.coverage["counted"].item(), found.coverage["customers"].item()) == (1, 1)
    assert found.curve.filter(purchases=1)["hours"].item() == pytest.approx(190 / HOUR)
