"""What a notebook shows of a result."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest
from IPython.core.interactiveshell import InteractiveShell

import datafast_nb as dfn
from datafast_nb import notebook_display
from tests.charts.sites import HOSTILE, crowd, hostile


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    shell = InteractiveShell.instance()
    notebook_display.register()
    yield shell
    InteractiveShell.clear_instance()


def html(shell: InteractiveShell, frame: object) -> str:
    assert shell.display_formatter is not None
    content, _ = shell.display_formatter.format(frame)
    return str(content["text/html"])


def test_shares_and_money_are_written_as_such_and_the_frame_keeps_its_numbers(shell: InteractiveShell) -> None:
    table = dfn.breakdown(crowd(300), "channel")
    first = table.row(0, named=True)
    shown = html(shell, table)
    assert f'<td class="n">{first["predicted_rate"]:.2%}</td>' in shown
    assert f'<td class="n">${first["expected_value"]:,.2f}</td>' in shown
    assert f'<td class="n">{first["share"]:.2%}</td>' in shown
    assert table["predicted_rate"].dtype == pl.Float64


def test_money_is_in_its_own_currency(shell: InteractiveShell) -> None:
    paid = pl.DataFrame({"currency": ["EUR", "JPY", None], "payments": [1, 2, 3], "amount": [1234.5, 500.0, 7.0]})
    shown = html(shell, paid)
    assert "€1,234.50" in shown
    assert "¥500" in shown
    assert ">7.00<" in shown


def test_a_model_s_value_is_not_called_dollars(shell: InteractiveShell) -> None:
    shown = html(shell, pl.DataFrame({"predicted_rate": [0.1], "probability": [0.25], "expected_value": [3.0]}))
    assert "25.00%" in shown
    assert "$" not in shown


def test_a_long_table_shows_its_ends_and_how_many_are_between(shell: InteractiveShell) -> None:
    shown = html(shell, crowd(1_234).visitors)
    assert "1,234 rows" in shown
    assert "1,224 more" in shown
    assert shown.count("<tr>") == 12


@pytest.mark.parametrize(("rows", "shown_rows"), [(3, 3), (30, 30), (-1, 100)])
def test_as_many_rows_are_shown_as_polars_is_set_to(shell: InteractiveShell, rows: int, shown_rows: int) -> None:
    visitors = crowd(100).visitors
    with pl.Config(tbl_rows=rows):
        shown = html(shell, visitors)
    assert shown.count("<tr>") == shown_rows + 1 + (shown_rows < 100)
    assert html(shell, visitors).count("<tr>") == 12


def test_what_is_no_finite_number_is_missing_and_decimals_are_numbers(shell: InteractiveShell) -> None:
    shares = pl.DataFrame({"predicted_rate": [float("inf"), float("nan"), 0.5], "worth": pl.Series(["1", "2", "3"])})
    shown = html(shell, shares.with_columns(pl.col("worth").cast(pl.Decimal(10, 2))))
    assert "inf" not in shown
    assert "nan" not in shown
    assert '<td class="n">3.00</td>' in shown


def test_a_stranger_s_words_are_text(shell: InteractiveShell) -> None:
    shown = html(shell, hostile(HOSTILE).visitors)
    assert "<img" not in shown
    assert "&lt;img" in shown


OTHERS = pl.DataFrame({"visitor_id": ["a"], "share": [0.5], "city": ["Riga"], "amount": [2.0]})


@pytest.mark.parametrize("frame", [OTHERS.select("share"), OTHERS.drop("city"), OTHERS.drop("city").lazy()])
def test_other_frames_look_as_polars_shows_them(shell: InteractiveShell, frame: pl.DataFrame | pl.LazyFrame) -> None:
    assert html(shell, frame) == frame._repr_html_()


def test_a_lazy_result_is_a_short_card(shell: InteractiveShell) -> None:
    lazy = dfn.breakdown(crowd(300).visitors.lazy(), "channel")
    shown = html(shell, lazy)
    assert ".collect()" in shown
    assert "expected_conversions_low" in shown
    assert len(shown) < len(lazy._repr_html_() or "") / 2
