"""A map with a model of the website's record: its header, colors and lists go by the probability to buy."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

import polars as pl
import pytest
from traitlets import TraitError

from datafast_nb import ModelError, Snapshot
from datafast_nb.livemap import LiveMap
from datafast_nb.livemap.colors import NO_SCORE
from datafast_nb.schema import VISITORS
from tests.livemap.maps import ask, figure, front, names, own, shown
from tests.livemap.sources import NOON, Scripted, people, visitors

SALES = "Expected sales"


class Sales(NamedTuple):
    """How many sales the stand-in expects."""

    conversions: float
    conversions_low: int
    conversions_high: int


class Stub:
    """Stands in for a model: a visitor's probability is the hundredth part of their number."""

    horizon = timedelta(days=1)

    def __init__(self, error: ModelError | None = None, currency: str = "USD") -> None:
        self.error = error
        self.currency = currency

    def predict(self, snapshot: Snapshot) -> pl.DataFrame:
        if self.error is not None:
            raise self.error
        prospects = snapshot.visitors.filter(~pl.col("is_customer"))
        number = pl.col("visitor_id").str.slice(1).cast(pl.Float64)
        return prospects.select("visitor_id", probability=number / 100, expected_value=number)

    def expected(self, snapshot: Snapshot) -> Sales:
        mean = float(self.predict(snapshot)["probability"].sum())
        return Sales(mean, 0, 2 * round(mean))


def modeled(snapshot: Snapshot, **options: Any) -> LiveMap:
    """Show a map with the stand-in."""
    return shown(snapshot, **{"model": Stub(), **options})


def test_the_header_says_how_many_sales_to_expect_from_those_who_are_shown() -> None:
    live = modeled(people(25))  # the last one is a customer
    assert figure(live, SALES) == ("3 (0 to 6)", "from them within 1 d")
    assert "Expected value" not in {each.label for each in front(live).figures}
    live.filter(text="nobody")
    assert figure(live, SALES) == ("0.0 (0 to 0)", "from them within 1 d")


def test_the_header_says_that_mostly_none_is_to_be_expected() -> None:
    live = modeled(people(5))
    assert figure(live, SALES) == ("0.1 (mostly none)", "from them within 1 d")


def test_without_a_model_the_header_says_what_the_raw_figure_is() -> None:
    live = shown(people(25))
    assert figure(live, "Expected value")[1] == "if each were just arriving"
    assert not front(live).controls.modeled


def test_lists_go_by_the_probability_and_customers_come_last() -> None:
    live = modeled(Snapshot(visitors(25).with_columns(display_name="visitor_id"), fetched_at=NOON))
    assert names(live)[:3] == ["v23", "v22", "v21"]
    assert names(live)[-1] == "v24"
    first, last = front(live).visitors.rows[0], front(live).visitors.rows[-1]
    assert (first.probability, first.value) == ("23%", "$23.00")
    assert (last.probability, last.value) == ("", "")
    ask(live, "sort", by="score")
    assert names(live)[0] != "v23"


def test_colors_show_the_probability_and_the_legend_says_so() -> None:
    live = modeled(people(3))
    assert live.color_by == "probability"
    assert front(live).legend.title == "Probability to buy"
    assert front(live).legend.ramp is not None
    assert front(live).legend.ramp.high == "2.0% or more"
    assert len(set(own(live, "clusters")["color"])) == 3
    assert NO_SCORE not in own(live, "clusters")["color"]
    assert "probability" in {choice.value for choice in front(live).controls.colors}


def test_a_popup_shows_the_mean_probability_and_the_likeliest_first() -> None:
    live = modeled(people(4, latitude=10.0, longitude=20.0))
    (cluster,) = own(live, "clusters")["id"]
    ask(live, "open", id=cluster, latitude=10.0, longitude=20.0)
    popup = own(live, "popups")
    assert popup["summary"]["probability"] == "1.5%"
    assert popup["summary"]["value"] == "$6.00"
    assert [row["probability"] for row in popup["rows"]] == ["3.0%", "2.0%", "1.0%", "0%"]


def test_the_card_tells_both_probabilities_apart() -> None:
    live = modeled(people(1, visitor_id="v7", conversion_rate=0.031, expected_value=2.5))
    ask(live, "select", id=front(live).visitors.rows[0].id)
    card = front(live).card
    assert card is not None
    assert card.likelihood is not None
    assert "7.0% likely to buy within 1 d, by what this site's record says; worth $7.00." in card.likelihood.words
    assert "The service predicts 3.10% for such a visitor who is just arriving, worth $2.50." in card.likelihood.words


def test_expected_values_are_in_the_currency_of_the_record() -> None:
    live = modeled(people(4, latitude=10.0, longitude=20.0), model=Stub(currency="EUR"), color_by="expected_value")
    (cluster,) = own(live, "clusters")["id"]
    ask(live, "open", id=cluster, latitude=10.0, longitude=20.0)
    assert front(live).visitors.rows[0].value == "€3.00"
    assert own(live, "popups")["summary"]["value"] == "€6.00"
    assert front(live).legend.ramp is not None
    assert (front(live).legend.ramp.low, front(live).legend.ramp.high) == ("€0.00", "€10.00 or more")


def test_the_frames_for_code_stay_as_the_service_gave_them() -> None:
    live = modeled(people(3))
    assert live.selection.schema == VISITORS
    assert live.selection["expected_value"].to_list() == [1.5] * 3


def test_a_model_that_does_not_fit_is_said_and_the_map_shows_what_the_service_predicts() -> None:
    live = modeled(people(3), model=Stub(ModelError("The model is of another website.")))
    assert "The model is of another website." in front(live).status.notes
    assert figure(live, "Expected value")[1] == "if each were just arriving"
    assert len(own(live, "clusters")["id"]) == 3
    assert not front(live).controls.modeled


def test_a_probability_needs_a_model() -> None:
    live = shown(people(1))
    with pytest.raises(TraitError, match="needs a model"):
        live.color_by = "probability"
    assert "probability" not in {choice.value for choice in front(live).controls.colors}
    with pytest.raises(TraitError, match="needs a model"):
        LiveMap(Scripted([people(1)]), color_by="probability")


def test_a_model_is_of_one_website() -> None:
    sources = {"shop": Scripted([people(1)]), "blog": Scripted([people(1)])}
    with pytest.raises(ValueError, match="one website"):
        LiveMap(sources, model=Stub())
