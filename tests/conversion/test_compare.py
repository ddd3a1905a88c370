"""What changed between two moments, and how it splits into traffic mix and conversion."""

from __future__ import annotations

from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import datafast_nb as dfn
from tests.conversion.tables import ANY_VISITORS, SITE, group, likelihood, visitors


def crowd(**rates: list[float]) -> pl.DataFrame:
    return visitors(*({"device": name, **likelihood(50, 0.6, rate, 1)} for name, it in rates.items() for rate in it))


def site_rate(frame: pl.DataFrame) -> float:
    return float(frame.select(pl.col("conversion_rate").mean()).item())


def test_a_change_of_rates_alone_is_all_conversion() -> None:
    table = dfn.compare(
        crowd(desktop=[0.02] * 4, mobile=[0.01] * 4), crowd(desktop=[0.04] * 4, mobile=[0.01] * 4), "device"
    )
    desktop = group(table, "desktop", "device")
    assert (desktop["change"], desktop["mix_effect"], desktop["conversion_effect"]) == pytest.approx((0.02, 0, 0.01))
    assert (desktop["conversion_share"], desktop["mix_share"]) == pytest.approx((1, 0))


def test_a_change_of_the_mix_alone_is_all_mix() -> None:
    before, after = crowd(desktop=[0.03] * 2, mobile=[0.01] * 6), crowd(desktop=[0.03] * 6, mobile=[0.01] * 2)
    table = dfn.compare(before, after, "device")
    assert table["conversion_effect"].to_list() == pytest.approx([0, 0])
    # Both count for it: the better group has grown, the worse one has shrunk.
    assert table["mix_effect"].to_list() == pytest.approx([0.005, 0.005])
    assert table["mix_share"].sum() == pytest.approx(1)


RATES = st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.floats(0, 1)), min_size=1, max_size=12)


@given(before=RATES, after=RATES)
def test_all_effects_together_are_the_change_of_the_site(
    before: list[tuple[str | None, float]], after: list[tuple[str | None, float]]
) -> None:
    frames = [
        visitors(*({"device": name, **likelihood(50, 0.6, rate, 1)} for name, rate in it)) for it in (before, after)
    ]
    table = dfn.compare(*frames, by="device")
    effects = table["mix_effect"].sum() + table["conversion_effect"].sum()
    assert effects == pytest.approx(site_rate(frames[1]) - site_rate(frames[0]), abs=1e-9)
    assert table["device"].is_unique().all()


@given(before=ANY_VISITORS, after=ANY_VISITORS)
def test_whatever_the_data_every_visitor_is_counted_once(before: pl.DataFrame, after: pl.DataFrame) -> None:
    table = dfn.compare(before, after, by="country_code")
    assert (table["visitors_before"].sum(), table["visitors_after"].sum()) == (before.height, after.height)


def test_a_group_that_is_new_has_no_change_of_its_own() -> None:
    table = dfn.compare(crowd(desktop=[0.02, 0.02]), crowd(desktop=[0.02, 0.02], mobile=[0.04, 0.04]), "device")
    new = group(table, "mobile", "device")
    assert (new["visitors_before"], new["predicted_rate_before"], new["change"], new["within_noise"]) == (
        0,
        None,
        None,
        None,
    )
    assert (new["conversion_effect"], new["mix_effect"] > 0) == (0.0, True)


def test_a_change_within_its_interval_is_noise_and_one_beyond_is_not() -> None:
    low, high = [0.01, 0.012] * 10, [0.03, 0.032] * 10
    table = dfn.compare(crowd(a=low, b=low), crowd(a=high, b=[0.0101, 0.0121] * 10), "device")
    assert group(table, "a", "device")["within_noise"] is False
    assert group(table, "b", "device")["within_noise"] is True


def test_one_prediction_or_two_can_t_tell_noise() -> None:
    many = [0.02, 0.021, 0.019] * 10
    for few in ([0.01], [0.01, 0.011]):
        table = dfn.compare(crowd(a=few, b=many), crowd(a=many, b=few), "device")
        assert table.select("change_low", "change_high", "within_noise").rows() == [(None, None, None)] * 2
    assert dfn.compare(crowd(a=[0.01, 0.011, 0.01]), crowd(a=many), "device")["within_noise"].to_list() == [False]


def test_rates_that_do_not_vary_change_without_noise() -> None:
    assert dfn.compare(crowd(a=[0.01] * 3), crowd(a=[0.02] * 3), "device")["within_noise"].to_list() == [False]
    assert dfn.compare(crowd(a=[0.01] * 3), crowd(a=[0.01] * 3), "device")["within_noise"].to_list() == [True]


def unchanging(size: int, groups: int, seed: int) -> pl.DataFrame:
    """Draw groups of normal rates, all around the same mean."""
    normal = Random(seed).gauss
    return pl.DataFrame({"place": range(size * groups)}).with_columns(
        device=(pl.col("place") % groups).cast(pl.String),
        is_customer=pl.lit(value=False),
        score=pl.lit(50.0),
        confidence=pl.lit(0.6),
        expected_value=pl.lit(1.0),
        conversion_rate=pl.Series([normal(0.5, 0.02) for _ in range(size * groups)]),
    )


@pytest.mark.parametrize(("before", "after"), [(3, 3), (5, 5), (10, 10), (30, 30), (60, 60), (5, 60)])
def test_about_one_in_twenty_that_changed_by_chance_alone_is_beyond_noise(before: int, after: int) -> None:
    table = dfn.compare(unchanging(before, 4_000, 1), unchanging(after, 4_000, 2), by="device")
    # Of three on both sides Welch's t flags fewer.
    assert 0.02 <= 1 - float(table["within_noise"].mean()) <= 0.06


def test_nobody_on_one_side_gives_a_table_all_the_same() -> None:
    table = dfn.compare(visitors(), SITE, by="country_code")
    assert table["visitors_after"].sum() == SITE.height
    assert table["change"].null_count() == table.height
    assert dfn.compare(visitors(), visitors(), by="country_code").is_empty()


def test_overlapping_groups_and_frames_of_two_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match=r"overlap.*drivers"):
        dfn.compare(SITE, SITE, by="dimension_matches")
    with pytest.raises(TypeError, match=r"\.visitors"):
        dfn.compare(dfn.Snapshot(SITE), SITE, by="device")
    with pytest.raises(ValueError, match="Did you mean 'device'"):
        dfn.compare(SITE, SITE, by="devise")


def test_an_eager_and_a_lazy_frame_give_a_lazy_one() -> None:
    assert isinstance(dfn.compare(SITE.lazy(), SITE, by="device"), pl.LazyFrame)
    assert isinstance(dfn.compare(SITE, SITE.lazy(), by="device"), pl.LazyFrame)


def test_a_dimension_that_the_table_needs_for_itself_or_that_changed_its_type_is_refused() -> None:
    for name in ("visitors", "scored", "expected_value", "change"):
        frame = SITE.with_columns(pl.lit("a").alias(name))
        with pytest.raises(ValueError, match=f"'{name}' is a measure of the table"):
            dfn.compare(frame, frame, by=name)
    with pytest.raises(ValueError, match="'device' is String before and Int64 after; cast it"):
        dfn.compare(SITE, SITE.with_columns(device=pl.lit(3, dtype=pl.Int64)), by="device")
