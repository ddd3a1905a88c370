"""Credit is that of a hand-worked example, adds up to all purchases, and what can't be matched has its own row."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.forecast.attribution import AttributionModel, credited
from tests.forecast.stays import HOUR, Stay, buyer, history, sale

MODELS: list[AttributionModel] = ["first", "last", "linear", "position"]


def came(name: str, hour: float, channel: str, count: int = 1) -> Stay:
    """Return a visit of a quarter of an hour."""
    return buyer(name, hour * HOUR, (hour + 0.25) * HOUR, params={"utm_source": channel}, visitCount=count)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> dfn.History:
    """Record buyers with four visits, two and one; one from before the record; one who is seen too late; and nobody's.

    Ada comes from a, b, a, c and pays 100 EUR at 4.5, of which 20 are refunded at 6.5, after a visit from d. Bob comes
    from b and c, and pays 10 USD. Cy comes from c, once. Dee had been here before. Eve paid before she was first seen.
    """
    visits = [
        *(
            came("ada", hour, channel, count)
            for count, (hour, channel) in enumerate(zip((1, 2, 3, 4, 6), "abacd", strict=True), 1)
        ),
        came("bob", 1, "b"),
        came("bob", 2, "c", 2),
        came("cy", 1, "c"),
        came("dee", 2, "a", 7),
        came("eve", 5, "b"),
        Stay("reader", HOUR, 2 * HOUR),
    ]
    payments = [
        sale("ada", 4.5 * HOUR, 100.0, "EUR"),
        sale("ada", 6.5 * HOUR, -20.0, "EUR"),
        sale("bob", 2.1 * HOUR, 10.0),
        sale("cy", 1.1 * HOUR, 10.0),
        sale("dee", 2.1 * HOUR, 10.0),
        sale("eve", 4 * HOUR, 7.0),
        sale("nobody", 3 * HOUR, 30.0),
    ]
    return history(tmp_path_factory.mktemp("site"), visits, payments, until=7 * HOUR)


# Conversions by channel: Ada's a, b, a, c; Bob's b, c; Cy's c; Dee's a.
CONVERSIONS: Mapping[AttributionModel, dict[str, float]] = {
    "first": {"a": 1 + 1, "b": 1, "c": 1},
    "last": {"a": 1, "c": 1 + 1 + 1},
    "linear": {"a": 2 / 4 + 1, "b": 1 / 4 + 1 / 2, "c": 1 / 4 + 1 / 2 + 1},
    "position": {"a": 0.4 + 0.1 + 1, "b": 0.1 + 1 / 2, "c": 0.4 + 1 / 2 + 1},
}
EUROS: Mapping[AttributionModel, dict[str, float]] = {
    "first": {"a": 80.0},
    "last": {"c": 80.0},
    "linear": {"a": 40.0, "b": 20.0, "c": 20.0},
    "position": {"a": 40.0, "b": 8.0, "c": 32.0},
}
DOLLARS: Mapping[AttributionModel, dict[str, float]] = {
    "first": {"a": 10.0, "b": 10.0, "c": 10.0},
    "last": {"a": 10.0, "c": 20.0},
    "linear": {"a": 10.0, "b": 5.0, "c": 15.0},
    "position": {"a": 10.0, "b": 5.0, "c": 15.0},
}


@pytest.mark.parametrize("model", MODELS)
def test_a_hand_worked_example(recorded: dfn.History, model: AttributionModel) -> None:
    found = dfn.attribution(recorded, model)
    matched = found.groups.filter("matched")
    assert dict(matched.select("channel", "conversions").rows()) == pytest.approx(CONVERSIONS[model], abs=1e-9)
    money = found.money.filter("matched")
    for currency, expected in (("EUR", EUROS), ("USD", DOLLARS)):
        by_channel = dict(money.filter(currency=currency).select("channel", "amount").rows())
        assert by_channel == pytest.approx(expected[model], abs=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_it_adds_up_to_all_purchases_and_what_has_no_visit_is_a_row_of_its_own(
    recorded: dfn.History, model: AttributionModel
) -> None:
    found = dfn.attribution(recorded, model)
    assert found.groups["conversions"].sum() == pytest.approx(6, abs=1e-9)
    assert found.groups["share"].sum() == pytest.approx(1, abs=1e-9)
    assert found.groups.filter(~pl.col("matched")).rows() == [(None, False, 2.0, pytest.approx(2 / 6), None)]
    paid = dfn.revenue(recorded.payments().collect()).group_by("currency").agg(pl.col("amount").sum())
    credit = found.money.group_by("currency").agg(pl.col("amount").sum())
    assert dict(credit.rows()) == pytest.approx(dict(paid.rows()), abs=1e-9)
    assert found.money.filter(~pl.col("matched")).select("currency", "amount").rows() == [("USD", 37.0)]
    assert found.summary["unmatched"].item() == 2
    assert "2 can't be matched to a visit" in str(found)


def test_how_many_buyers_came_more_than_once(recorded: dfn.History) -> None:
    """Of Ada, Bob, Cy and Dee the first two did; Dee had come before the record began: her first touch is unknown."""
    summary = dfn.attribution(recorded).summary.row(0, named=True)
    assert (summary["buyers"], summary["several_touches"], summary["earlier_visits"]) == (4, 2, 1)
    assert summary["several_touches_share"] == 0.5
    assert 0.1 < summary["several_touches_share_low"] < 0.5 < summary["several_touches_share_high"] < 0.9
    assert "Of 4 buyers 50% (15% to 85%) came more than once before they bought" in str(dfn.attribution(recorded))


def test_with_rates_the_money_is_in_one_currency_as_far_as_it_has_a_rate(recorded: dfn.History) -> None:
    priced = dfn.attribution(recorded, "linear", rates={"EUR": 2.0}).money
    assert priced["currency"].unique().to_list() == ["USD"]
    assert priced["amount"].sum() == pytest.approx(2 * 80 + 67, abs=1e-9)
    partly = dfn.attribution(recorded, "linear", rates={"GBP": 2.0}).money
    assert set(partly["currency"]) == {"EUR", "USD"}


def test_several_dimensions_and_none(recorded: dfn.History) -> None:
    found = dfn.attribution(recorded, "linear", ["channel", "utm_campaign"])
    assert found.names == ["channel", "utm_campaign"]
    assert found.groups["conversions"].sum() == pytest.approx(6, abs=1e-9)
    # No campaign is a group too, and not what can't be matched.
    campaigns = dfn.attribution(recorded, "linear", "utm_campaign").groups
    assert campaigns.select("utm_campaign", "matched", "conversions").rows() == [(None, True, 4.0), (None, False, 2.0)]


def test_bad_input_is_told(recorded: dfn.History, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"Did you mean 'linear'\?"):
        dfn.attribution(recorded, "liner")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'score' is a measure"):
        dfn.attribution(recorded, by="score")
    with pytest.raises(ValueError, match="Give at least one dimension"):
        dfn.attribution(recorded, by=[])
    unsold = history(tmp_path, [Stay("a", 300, HOUR)], until=HOUR)
    with pytest.raises(dfn.TooLittleRecordedError, match="No payment was recorded"):
        dfn.attribution(unsold)


def test_trials_alone_are_no_purchases(tmp_path: Path) -> None:
    found = dfn.attribution(history(tmp_path, [buyer("a", 300, HOUR)], [sale("a", 600, 0.0)], until=HOUR))
    assert found.groups.is_empty()
    assert found.summary["conversions"].item() == 0
    assert str(found) == "0 purchases, each credited to the last visit."


def test_renewals_are_credited_if_asked_for(tmp_path: Path) -> None:
    paid = [sale("a", 600), sale("a", 1_800, renewal=True)]
    recorded = history(tmp_path, [buyer("a", 300, HOUR)], paid, until=HOUR)
    assert dfn.attribution(recorded).groups["conversions"].to_list() == [1.0]
    assert dfn.attribution(recorded, renewals=True).groups["conversions"].to_list() == [2.0]


def test_names_from_strangers_are_short_and_plain_in_the_text(tmp_path: Path) -> None:
    stays = [buyer("a", 300, HOUR, params={"utm_source": "\u202e\n" + "x" * 5_000})]
    text = repr(dfn.attribution(history(tmp_path, stays, [sale("a", 600)], until=HOUR)))
    assert len(text) < 400
    assert "\n" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("touches", [1, 2, 3, 7])
def test_the_credit_of_a_purchase_adds_up_to_one(model: AttributionModel, touches: int) -> None:
    visits = pl.DataFrame({"visitor_id": "a", "since": range(touches), "channel": [str(it) for it in range(touches)]})
    sales = pl.DataFrame({"sale": [0], "visitor_id": ["a"], "at": [touches]})
    found = credited(visits, sales, ["channel"], model).sort("channel")
    assert found["credit"].sum() == pytest.approx(1, abs=1e-12)
    assert found["credit"].to_list() == pytest.approx(found["credit"].to_list()[::-1]) or model in {"first", "last"}
