"""Filters are defined once: the code that is written of them chooses the visitors that they choose."""

from __future__ import annotations

import ast
from itertools import product
from typing import Any, Final, get_args

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from datafast_nb.conversion import Derived, with_dimensions
from datafast_nb.countries import codes
from datafast_nb.explorer.written import Written, literal
from datafast_nb.filters import LIMITS, NAMES, SEARCHED, Filters, Vocabulary, condition
from datafast_nb.schema import VISITORS
from tests.explorer.panels import PEOPLE

CODE: Final = Vocabulary(Written("pl"), Written("codes"), Written("searched"))
HOSTILE: Final = """'"\\\n') | ~pl.col("x") #\u202e{x}"""


def everybody() -> pl.DataFrame:
    """Return visitors with every dimension, codes that mean the same, unknown values, and numbers that are none."""
    odd = PEOPLE.visitors.with_columns(
        country_code=pl.Series(["UK", "gb", " GB ", "T1", "", None, "el", HOSTILE] * 20).head(PEOPLE.visitors.height),
        score=pl.when(pl.int_range(pl.len()) % 7 == 0).then(float("nan")).otherwise("score"),
        is_customer=pl.when(pl.int_range(pl.len()) % 5 > 0).then("is_customer"),
    )
    rows = pl.concat([PEOPLE.visitors, odd]).with_columns(
        site=pl.Series(["shop", None, HOSTILE] * 100).head(2 * odd.height)
    )
    return with_dimensions(rows, *get_args(Derived))


EVERYBODY: Final = everybody()


def chosen(filters: Filters) -> pl.DataFrame:
    """Return the visitors whom the code chooses that is written of the filters."""
    written = ", ".join(str(condition(name, value, CODE)) for name, value in filters.values.items())
    frame: pl.DataFrame = eval(
        f"visitors.filter({written})", {"pl": pl, "codes": codes, "searched": list(SEARCHED), "visitors": EVERYBODY}
    )
    return frame


def values(name: str) -> list[Any]:
    """Return what may be asked of a filter."""
    if name in LIMITS:
        return [1, 60, 99] if name == "min_score" else [0.1, 0.5, 1]
    if name == "text":
        return ["por", "kingdom", "a\\b\"c'd", HOSTILE]
    column = EVERYBODY[name].explode() if name == "dimension_matches" else EVERYBODY[name]
    known = column.drop_nulls().unique(maintain_order=True).head(3).to_list()
    return [*known, known[:2], [*known[:2], None], None, [None], HOSTILE, 3, True, False, [True, "x", None]]


@pytest.mark.parametrize("name", NAMES)
def test_the_code_chooses_the_rows_that_the_filter_chooses(name: str) -> None:
    asked = [Filters().but(**{name: value}) for value in values(name)]
    found = [filters.apply(EVERYBODY) for filters in asked]
    for filters, rows in zip(asked, found, strict=True):
        assert_frame_equal(chosen(filters), rows)
    sizes = {rows.height for rows in found}
    assert len(sizes) > 1, "a filter that takes nobody away shows nothing"


def test_filters_together_choose_the_same_rows() -> None:
    for country, limit in product([["GB", None], "GB"], [0, 40]):
        filters = Filters().but(country_code=country, min_score=limit, is_customer=False, text="o")
        assert 0 < filters.apply(EVERYBODY).height < EVERYBODY.height
        assert_frame_equal(chosen(filters), filters.apply(EVERYBODY))


@pytest.mark.parametrize("name", [name for name in VISITORS if name in NAMES])
def test_what_a_stranger_wrote_is_one_literal(name: str) -> None:
    tree = ast.parse(str(condition(name, (HOSTILE, "b"), CODE)))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert names <= {"pl", "codes"}


def test_operators_keep_what_belongs_together() -> None:
    p = Written("p")
    assert str((p.a == 1) | ~p.b()) == "(p.a == 1) | ~p.b()"
    assert str((p.a >= 1).cast(p.String)) == "(p.a >= 1).cast(p.String)"
    assert str(~(p.a | p.b)) == "~(p.a | p.b)"
    assert literal([None, "it's", 2.5, p.x]) == """[None, "it's", 2.5, p.x]"""
