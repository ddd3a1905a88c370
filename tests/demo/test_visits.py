"""Who comes when: the Poisson process, its daily rhythm, and the people who come back."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from datafast_nb.demo import Site
from datafast_nb.demo.activity import count_active
from datafast_nb.demo.pages import LONGEST_VISIT, PAGES, walk
from datafast_nb.demo.places import cities, rhythm
from datafast_nb.demo.visits import DAY, MINUTE, RETURNS, arrivals, ledger, sources

MIDNIGHT = datetime(2026, 2, 6, tzinfo=UTC)
FIRST_MINUTE = int(MIDNIGHT.timestamp()) // 60


@pytest.fixture(scope="module")
def day() -> pl.DataFrame:
    """Return the visits of one day of a large site."""
    return Site(seed=3, visitors=3_000).sessions(MIDNIGHT, MIDNIGHT + timedelta(days=1))


@pytest.fixture(scope="module")
def ten_days() -> pl.DataFrame:
    """Return the visits of ten days of a small site."""
    return Site(seed=3, visitors=60).sessions(MIDNIGHT, MIDNIGHT + timedelta(days=10))


def test_newcomers_are_a_poisson_process() -> None:
    minutes = pl.Series(range(FIRST_MINUTE, FIRST_MINUTE + 1200))
    newcomers = 40.0
    came = arrivals(minutes, seed=8, newcomers=newcomers).filter(pl.col("slot") == 0).collect()
    counts = (
        pl.DataFrame({"minute": minutes})
        .join(came.group_by(minute=pl.col("start") // MINUTE).len(), on="minute", how="left")
        .with_columns(pl.col("len").fill_null(0), hour=pl.col("minute") // 60)
        .join(rhythm(tuple(range(FIRST_MINUTE // 60, FIRST_MINUTE // 60 + 20))).hours, on="hour")
        .with_columns(mean=pl.col("level") * newcomers)
    )
    total, mean = counts["len"].sum(), counts["mean"].sum()
    assert abs(total - mean) < 4 * mean**0.5
    # Of a Poisson distribution, the variance is the mean: chi-squared with 1,200 degrees of freedom.
    dispersion = ((counts["len"] - counts["mean"]) ** 2 / counts["mean"]).mean()
    assert abs(dispersion - 1) < 4 * (2 / 1200) ** 0.5
    # Within a minute they come evenly.
    offset = came["start"] % MINUTE / MINUTE
    assert abs(offset.mean() - 0.5) < 4 * (1 / 12 / len(offset)) ** 0.5


def test_the_mean_number_of_active_visitors_is_the_one_asked_for() -> None:
    site = Site(seed=6, visitors=1_000)
    minutes = pl.Series(range(FIRST_MINUTE - LONGEST_VISIT - 11, FIRST_MINUTE + DAY))
    steps = walk(ledger(minutes, seed=6, newcomers=site.newcomers))
    active = [count_active(steps, (FIRST_MINUTE + it) * MINUTE) for it in range(0, DAY, 20)]
    assert sum(active) / len(active) == pytest.approx(1_000, rel=0.02)


@pytest.mark.parametrize(
    ("country", "zone"), [("JP", "Asia/Tokyo"), ("GB", "Europe/London"), ("NZ", "Pacific/Auckland")]
)
def test_each_country_sleeps_at_its_own_night(day: pl.DataFrame, country: str, zone: str) -> None:
    local = pl.col("session_start_time").dt.convert_time_zone(zone).dt.hour()
    of_country = day.filter(pl.col("country_code") == country).select(hour=local)
    afternoon = of_country.filter(pl.col("hour").is_between(13, 16)).height
    night = of_country.filter(pl.col("hour").is_between(1, 4)).height
    assert afternoon > 4 * night > 0


def test_a_third_of_the_visits_are_by_people_who_come_back(day: pl.DataFrame) -> None:
    returning = (day["visit_count"] > 1).mean()
    expected = 1 - 1 / RETURNS["chance"].sum()
    assert returning == pytest.approx(expected, abs=0.01)


def test_visits_are_counted_without_a_gap(ten_days: pl.DataFrame) -> None:
    steps = ten_days.sort("visitor_id", "session_start_time").select(
        pl.col("visit_count").diff().over("visitor_id"), again=pl.col("visitor_id").is_duplicated()
    )
    differences = steps["visit_count"].drop_nulls()
    assert len(differences) > 1_000
    assert set(differences) == {1}


def test_a_person_stays_the_same_from_visit_to_visit(ten_days: pl.DataFrame) -> None:
    traits = ten_days.group_by("visitor_id").agg(pl.len(), pl.col("country_code", "device", "os", "browser").n_unique())
    returning = traits.filter(pl.col("len") > 1)
    assert returning.height > 500
    for trait in ("country_code", "device", "os", "browser"):
        assert set(returning[trait]) == {1}


def test_who_has_bought_is_a_customer_from_then_on(ten_days: pl.DataFrame) -> None:
    history = ten_days.sort("visitor_id", "session_start_time").with_columns(
        bought_before=(pl.col("converted").cum_sum() - pl.col("converted").cast(pl.UInt32)).over("visitor_id") > 0
    )
    later = history.filter("bought_before")
    assert later.height > 50
    assert later["is_customer"].all()
    assert not later["converted"].any()
    # A customer at the first visit of this span may have bought before it; one at the very first visit can not.
    assert not history.filter(pl.col("visit_count") == 1)["is_customer"].any()


def test_devices_systems_and_browsers_fit_together(day: pl.DataFrame) -> None:
    pairs = set(day.select("device", "os").unique().iter_rows())
    assert pairs == {
        ("desktop", "Windows"), ("desktop", "Mac OS"), ("desktop", "Linux"), ("desktop", "Chrome OS"),
        ("mobile", "iOS"), ("mobile", "Android"), ("tablet", "iOS"), ("tablet", "Android"),
    }  # fmt: skip
    safari = day.filter(pl.col("browser").str.contains("Safari"))
    assert set(safari["os"]) == {"iOS", "Mac OS"}
    mobile = day.group_by("country_code").agg((pl.col("device") == "mobile").mean())
    share = dict(mobile.iter_rows())
    assert share["IN"] > share["DE"] + 0.1


def test_campaigns_fit_their_referrer() -> None:
    table = sources()
    paid = table.filter(pl.col("utm_medium").is_in(["cpc", "paid-social"]))
    assert paid.select(pl.col("referrer").str.contains(pl.col("utm_source")).all()).item()
    assert table.filter(pl.col("utm_medium") == "email")["referrer"].null_count() == 2
    assert table.filter(pl.col("utm_campaign").is_not_null())["utm_source"].null_count() == 0
    assert set(table["landing"]) <= set(PAGES)


def test_cities_are_many_and_their_codes_well_formed() -> None:
    table = cities()
    assert table.height >= 150
    assert table["country_code"].n_unique() >= 60
    assert table.select("city_name", "country_code").is_unique().all()
    assert table["region"].str.contains(r"^[A-Z]{2}-[A-Z0-9]{1,3}$").all()
    assert (table["region"].str.slice(0, 2) == table["country_code"]).all()
    assert table["latitude"].is_between(-90, 90).all()
    assert table["longitude"].is_between(-180, 180).all()
    assert table.null_count().sum_horizontal().item() == 0
    assert table["weight"].sum() == pytest.approx(1)
    codes = dict(table.select("city_name", "region").iter_rows())
    assert codes["Denver"] == "US-CO"
    assert codes["Lyon"] == "FR-ARA"
    assert codes["Munich"] == "DE-BY"


def test_cities_draw_visitors_in_proportion_to_their_weight() -> None:
    weights = cities().with_row_index("city").select("city", "weight")
    minutes = pl.Series(range(FIRST_MINUTE, FIRST_MINUTE + DAY))
    came = arrivals(minutes, seed=1, newcomers=60).filter(pl.col("slot") == 0).select("city").collect()
    counts = weights.join(came["city"].value_counts(), on="city", how="left").with_columns(pl.col("count").fill_null(0))
    expected = counts["weight"] * 60 * DAY
    distance = ((counts["count"] - expected) ** 2 / expected).sum()
    assert abs(distance - counts.height) < 5 * (2 * counts.height) ** 0.5


def test_a_walk_follows_links_and_ends_in_time() -> None:
    minutes = pl.Series(range(FIRST_MINUTE, FIRST_MINUTE + 30))
    visits = ledger(minutes, seed=2, newcomers=100)
    steps = walk(visits).with_columns(page=pl.lit(PAGES).gather(pl.col("page")))
    spans = steps.group_by("visit").agg(pl.col("at").max() - pl.col("at").min(), pl.col("last").sum(), pl.len())
    assert spans["at"].max() < LONGEST_VISIT * MINUTE
    assert set(spans["last"]) == {1}
    assert spans.height == visits.height
    ends = steps.filter("last").join(visits.select("visit", "buys", "signs_up"), on="visit")
    assert set(ends.filter("buys")["page"]) == {"/checkout/thanks"}
    assert set(ends.filter("signs_up")["page"]) == {"/welcome"}
    assert not ends.filter(~pl.col("buys") & ~pl.col("signs_up"))["page"].is_in(["/checkout/thanks", "/welcome"]).any()
