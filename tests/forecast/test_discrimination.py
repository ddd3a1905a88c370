"""AUC, isotonic regression and the Brier score's parts are those of scikit-learn and model-diagnostics."""

from __future__ import annotations

import numpy as np
import pytest
from model_diagnostics.scoring import SquaredError, decompose
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from datafast_nb.forecast.discrimination import auc, brier_parts, isotonic, log_losses, observed_over_expected

DRAW = np.random.default_rng(4)
SIZE = 3_000
RATES = DRAW.beta(1, 15, SIZE).round(3)  # with ties
CAME = DRAW.uniform(size=SIZE) < RATES
VISITORS = np.arange(SIZE)


def test_auc_is_scikit_learn_s() -> None:
    found = auc(RATES, CAME, VISITORS)
    assert found is not None
    assert found.value == pytest.approx(roc_auc_score(CAME, RATES), abs=1e-12)


def test_the_variance_of_auc_is_delong_s_if_each_row_is_a_visitor() -> None:
    positive, negative = RATES[CAME], RATES[~CAME]
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    by_positive, by_negative = wins.mean(axis=1), wins.mean(axis=0)
    squares = ((by_positive - wins.mean()) ** 2).sum() / len(positive) ** 2
    squares += ((by_negative - wins.mean()) ** 2).sum() / len(negative) ** 2
    found = auc(RATES, CAME, VISITORS)
    assert found is not None
    assert (found.high - found.low) / 2 == pytest.approx(1.959964 * np.sqrt(squares), rel=1e-5)


def test_rows_of_one_visitor_widen_every_interval() -> None:
    thrice = [np.repeat(it, 3) for it in (RATES, CAME, VISITORS)]
    for measure in (auc, observed_over_expected):
        once, repeated = measure(RATES, CAME, VISITORS), measure(*thrice)
        apart = measure(thrice[0], thrice[1], np.arange(3 * SIZE))
        assert once is not None and repeated is not None and apart is not None  # noqa: PT018
        assert repeated == pytest.approx(once)
        assert apart.high - apart.low < 0.65 * (once.high - once.low)


def test_isotonic_regression_is_scikit_learn_s() -> None:
    fitted = IsotonicRegression().fit_transform(RATES, CAME.astype(float))
    assert isotonic(RATES, CAME.astype(float)) == pytest.approx(fitted, abs=1e-9)


def test_the_parts_of_the_score_are_those_of_model_diagnostics() -> None:
    found = brier_parts(RATES, CAME)
    assert found.brier == pytest.approx(brier_score_loss(CAME, RATES), abs=1e-12)
    assert found.brier == pytest.approx(found.miscalibration - found.discrimination + found.uncertainty, abs=1e-15)
    oracle = decompose(CAME.astype(float), RATES, scoring_function=SquaredError()).row(0, named=True)
    assert found.miscalibration == pytest.approx(oracle["miscalibration"], abs=1e-9)
    assert found.discrimination == pytest.approx(oracle["discrimination"], abs=1e-9)
    assert found.uncertainty == pytest.approx(oracle["uncertainty"], abs=1e-9)


def test_the_logarithmic_score_is_scikit_learn_s() -> None:
    assert log_losses(RATES.clip(0.001), CAME).mean() == pytest.approx(log_loss(CAME, RATES.clip(0.001)), abs=1e-9)


def test_nobody_bought_or_all_did() -> None:
    assert auc(RATES, np.zeros(SIZE, dtype=bool), VISITORS) is None
    assert auc(RATES, np.ones(SIZE, dtype=bool), VISITORS) is None
    none = observed_over_expected(RATES, np.zeros(SIZE, dtype=bool), VISITORS)
    assert none is not None
    assert (none.value, none.low) == (0, 0)
    assert none.high == pytest.approx(3.689 / RATES.sum(), rel=1e-3)
    assert observed_over_expected(np.zeros(3), np.zeros(3, dtype=bool), VISITORS[:3]) is None
