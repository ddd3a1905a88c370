"""What changed between two moments, and how it splits into traffic mix and conversion."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

import datafast_nb as dfn
from tests.conversion.tables import ANY_VISITORS, SITE, group, likelihood, visitors


def crowd(**rates: list[float]) -> pl.DataFrame:
    return visitors(*({"device": name, **likelihood(50, 0.6, rate, 1)} for name, it in rates.items() for rate in it))


def site_rate(frame: pl.DataFrame) -> float:
    return float(frame.select(pl.col("conversion_rate").mean()).item())


def test_a_change_of_rates_alone_is_all_conversion() -> None:
    table = dfn.compare(
        crowd(desktop=[0.02] * 40, mobile=[0.01] * 40), crowd(desktop=[0.04] * 40, mobile=[0.01] * 40), "device"
    )
    desktop = group(table, "desktop", "device")
    assert (desktop["change"], desktop["mix_effect"], desktop["conversion_effect"]) == pytest.approx((0.02, 0, 0.01))
    assert (desktop["conversion_share"], desktop["mix_share"]) == pytest.approx((1, 0))


def test_a_change_of_the_mix_alone_is_all_mix() -> None:
    before, after = crowd(desktop=[0.03] * 20, mobile=[0.01] * 60), crowd(desktop=[0.03] * 60, mobile=[0.01] * 20)
    table = dfn.compare(before, after, "device")
    assert table["conversion_effect"].to_list() == pytest.approx([0, 0])
    # Both count for it: the better group has grown, the worse one has shrunk.
    assert table["mix_effect"].to_list() == pytest.approx([0.005, 0.005])
    assert table["mix_share"].sum() == pytest.approx(1)


HEADSHIP = {
    1970: (
        (12.9, 10.9, 9.5, 8.0, 7.8, 8.4, 8.6, 7.8, 7.0, 5.9, 4.7, 3.6, 4.9),
        (1.9, 25.8, 45.7, 49.6, 51.2, 51.6, 51.8, 54.9, 58.7, 60.4, 62.8, 66.6, 66.8),
    ),
    1985: (
        (10.1, 11.2, 11.6, 10.9, 9.4, 7.7, 6.3, 6.0, 6.3, 5.9, 5.1, 4.0, 5.5),
        (2.2, 24.3, 45.8, 52.5, 56.1, 55.6, 56.0, 57.4, 57.2, 61.2, 63.9, 68.6, 72.2),
    ),
}
"""Percent of the population of 13 ages, and household heads per 100 of them, in the United States.

Das Gupta (1993), *Standardization and Decomposition of Rates: A User's Manual*, U.S. Bureau of the Census, Current
Population Reports P23-186, example 5.1.
"""


def test_effects_are_those_of_das_gupta_s_example() -> None:
    """The effects of the ages' share and of their rate are those that the R package DasGuptR prints for it."""
    years = []
    for percents, rates in HEADSHIP.values():
        ages = enumerate(zip(percents, rates, strict=True))
        years.append(crowd(**{f"{age:02}": [rate / 100] * round(10 * percent) for age, (percent, rate) in ages}))
    table = dfn.compare(*years, by="device")
    effects = 100 * table["mix_effect"].sum(), 100 * table["conversion_effect"].sum()
    assert effects == pytest.approx((1.2269, 1.7403), abs=0.00005)
    assert sum(effects) == pytest.approx(2.9672, abs=0.00005)
    shares = 100 * table["mix_share"].sum(), 100 * table["conversion_share"].sum()
    assert shares == pytest.approx((41.35, 58.65), abs=0.005)


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


def test_fewer_than_five_predictions_can_t_tell_noise() -> None:
    many = [0.02, 0.021, 0.019] * 10
    few = [0.01, 0.011, 0.01, 0.012]
    table = dfn.compare(crowd(a=few, b=many), crowd(a=many, b=few), "device")
    unknown = ("change_low", "change_high", "within_noise", "mix_effect_low", "conversion_effect_high")
    assert table.select(unknown).rows() == [(None,) * 5] * 2
    assert dfn.compare(crowd(a=[*few, 0.01]), crowd(a=many), "device")["within_noise"].to_list() == [False]


def test_shares_of_a_change_that_is_noise_are_not_given() -> None:
    before = crowd(a=[0.01, 0.03] * 10, b=[0.02, 0.04] * 10)
    after = crowd(a=[0.01, 0.03] * 10, b=[0.02, 0.041] * 10)
    table = dfn.compare(before, after, "device")
    assert table["mix_share"].null_count() == table["conversion_share"].null_count() == 2
    assert table["conversion_effect"].sum() > 0


def test_an_interval_of_its_own_without_0_is_noise_among_twenty_groups() -> None:
    """Where each group is tested by itself, one of twenty that did not change is beyond noise."""
    rates = [0.01, 0.02, 0.03] * 4
    twenty = {f"g{place}": rates for place in range(19)}
    table = dfn.compare(crowd(a=rates, **twenty), crowd(a=[0.029, 0.0265, 0.0275] * 4, **twenty), "device")
    row = group(table, "a", "device")
    assert row["change_low"] > 0
    assert row["within_noise"] is True
    alone = dfn.compare(crowd(a=rates), crowd(a=[0.029, 0.0265, 0.0275] * 4), "device")
    assert alone["within_noise"].to_list() == [False]


def test_the_control_is_that_of_statsmodels() -> None:
    draw = np.random.default_rng(5)
    before = {f"g{place:02}": draw.normal(0.5, 0.02, 40) for place in range(20)}
    after = {name: draw.normal(0.5 + 0.012 * (place < 5), 0.02, 40) for place, name in enumerate(before)}
    table = dfn.compare(*(crowd(**{name: list(it) for name, it in side.items()}) for side in (before, after)), "device")
    p = [stats.ttest_ind(after[name], before[name], equal_var=False).pvalue for name in sorted(before)]
    beyond = multipletests(p, 0.05, method="fdr_bh")[0]
    assert (~table.sort("device")["within_noise"]).to_list() == beyond.tolist()
    assert 0 < beyond.sum() < 20


def test_the_intervals_of_effects_are_those_of_a_bootstrap() -> None:
    draw = np.random.default_rng(6)
    sides = []
    for shares, means in (((0.5, 0.3, 0.2), (0.02, 0.04, 0.1)), ((0.3, 0.5, 0.2), (0.025, 0.04, 0.08))):
        groups = draw.choice(3, 900, p=shares)
        sides.append((groups, draw.gamma(3, np.array(means)[groups] / 3)))
    table = dfn.compare(*(of_arrays(*side) for side in sides), "device").sort("device")
    rows = [np.column_stack(side) for side in sides]
    again = [it[draw.integers(0, 900, 900)] for _ in range(1_500) for it in rows]
    effects = np.array([split(*again[turn : turn + 2]) for turn in range(0, len(again), 2)])
    for place, name in enumerate(("mix", "conversion")):
        for end, share in (("low", 2.5), ("high", 97.5)):
            width = (table[f"{name}_effect_high"] - table[f"{name}_effect_low"]).to_numpy()
            off = table[f"{name}_effect_{end}"].to_numpy() - np.percentile(effects[:, place], share, axis=0)
            assert (abs(off) < 0.06 * width).all()


def of_arrays(groups: Any, rates: Any) -> pl.DataFrame:
    return crowd(**{str(name): list(rates[groups == name]) for name in np.unique(groups)})


def split(*sides: Any) -> list[Any]:
    """Split a change as Kitagawa does, over arrays of group and rate."""
    shares, means = (
        np.array([[getattr(part, how)() for part in parts] for parts in both])
        for how, both in (
            ("mean", [[side[:, 0] == name for name in range(3)] for side in sides]),
            ("mean", [[side[side[:, 0] == name, 1] for name in range(3)] for side in sides]),
        )
    )
    site = (shares * means).sum(axis=1).mean()
    return [(shares[1] - shares[0]) * (means.mean(axis=0) - site), shares.mean(axis=0) * (means[1] - means[0])]


def test_rates_that_do_not_vary_change_without_noise() -> None:
    assert dfn.compare(crowd(a=[0.01] * 5), crowd(a=[0.02] * 5), "device")["within_noise"].to_list() == [False]
    assert dfn.compare(crowd(a=[0.01] * 5), crowd(a=[0.01] * 5), "device")["within_noise"].to_list() == [True]


def test_skewed_rates_of_few_against_many_can_t_tell_noise() -> None:
    """A mean of few skewed rates is too low more often than not, so that every other change would look like one."""
    draw = np.random.default_rng(7)

    def told(before: int, after: int) -> list[bool | None]:
        sides = ({f"g{place}": list(draw.exponential(0.025, size)) for place in range(20)} for size in (before, after))
        return dfn.compare(*(crowd(**side) for side in sides), "device")["within_noise"].to_list()

    assert told(10, 200) == told(200, 10) == [None] * 20
    assert None not in told(100, 200)
    assert told(30, 30).count(None) < 5
    even = [0.02, 0.021, 0.019] * 40
    assert dfn.compare(crowd(a=even[:10]), crowd(a=even), "device")["within_noise"].to_list() == [True]


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


@pytest.mark.parametrize(("before", "after"), [(5, 5), (10, 10), (30, 30), (60, 60), (5, 60)])
def test_an_interval_of_an_unchanged_group_holds_0_in_19_of_20(before: int, after: int) -> None:
    table = dfn.compare(unchanging(before, 4_000, 1), unchanging(after, 4_000, 2), by="device")
    held = table.select((pl.col("change_low") <= 0) & (pl.col("change_high") >= 0)).to_series()
    assert 0.94 <= float(held.mean()) <= 0.98  # type: ignore[arg-type]
    # Of four thousand that did not change, next to none is beyond noise.
    assert (~table["within_noise"]).sum() <= 8


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
