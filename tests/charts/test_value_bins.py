"""What the chart of expected values draws."""

from __future__ import annotations

import polars as pl
import pytest
import vl_convert

import datafast_nb as dfn
from datafast_nb.schema import VISITORS
from tests.charts.sites import crowd, drawn, said


class TestValue:
    def worth(self, *amounts: float | None) -> dfn.Snapshot:
        rows = [{"score": 50.0, "confidence": 0.9, "conversion_rate": 0.1, "expected_value": it} for it in amounts]
        return dfn.Snapshot(pl.DataFrame(rows, schema=VISITORS))

    def test_every_prospect_is_in_a_cell(self) -> None:
        snap = crowd(200)
        rows = drawn(dfn.charts.value(snap), "worth")
        assert sum(row["scored"] for row in rows) == 180
        assert sum(row["expected_value"] for row in rows) == pytest.approx(dfn.summary(snap)["expected_value"].item())

    def test_a_cell_says_which_values_it_holds(self) -> None:
        rows = drawn(dfn.charts.value(self.worth(2.0, 2.99, 3.0, 0.0, -5.0)), "worth")
        assert {row["worth"]: row["scored"] for row in rows} == {"under 0.01": 2, "2–3": 2, "3–5": 1}

    def test_a_cell_says_its_tenth_of_confidence_without_digits_of_rounding(self) -> None:
        rows = [
            {"score": 50.0, "confidence": it / 10, "conversion_rate": 0.1, "expected_value": 2.0} for it in range(10)
        ]
        cells = drawn(dfn.charts.value(dfn.Snapshot(pl.DataFrame(rows, schema=VISITORS))), "worth")
        expected = [f"{tenth / 10:.1f} to {(tenth + 1) / 10:.1f}" for tenth in range(10)]
        assert sorted(cell["sure"] for cell in cells) == expected

    def test_a_cell_prints_its_number(self) -> None:
        picture = vl_convert.vegalite_to_svg(dfn.charts.value(self.worth(*[2.0] * 1234)).to_dict())
        assert ">1.2k</text>" in picture

    def test_values_of_all_sizes_need_few_columns(self) -> None:
        rows = drawn(dfn.charts.value(self.worth(-1e12, *(10.0**power for power in range(-9, 13, 3)))), "worth")
        assert sum(row["scored"] for row in rows) == 9
        assert rows[0]["worth"] == "under 7,000"
        assert rows[-1]["worth"] == "7,000,000 or more"

    def test_the_subtitle_says_how_much_of_it_is_sure(self) -> None:
        chart = dfn.charts.value(self.worth(2.0, 3.0, None))
        assert "2 of them, with $5.00 of $5.00 expected" in said(chart)
        assert "1 visitor without an expected value and a confidence" in said(chart)
