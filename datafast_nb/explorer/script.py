"""The code that gives the table and the chart, to be pasted into a cell. Knows no widget."""

from __future__ import annotations

import keyword
import re
import sys
import textwrap
from typing import Any, Final

from IPython.core.getipython import get_ipython

from datafast_nb.explorer.question import Question
from datafast_nb.filters import LIMITS, SEARCHED, countries_named
from datafast_nb.schema import VISITORS

# What the code binds itself.
_BOUND: Final = frozenset({"dfn", "pl", "with_dimensions", "searched", "visitors", "table", "chart"})
# The last results of IPython are names too: _ and __ are others' a moment later, _12 stays.
_RESULT: Final = re.compile(r"_\d+")


def script(question: Question, snapshot: str, *, chart: str, with_site: bool = True, with_repeats: bool = False) -> str:
    """Give Python code that answers a question.

    Parameters
    ----------
    question
        The question.
    snapshot
        The expression that gives the snapshot.
    chart
        The function of ``datafast_nb.charts`` that draws it.
    with_site
        Whether the visitors have a column ``site``.
    with_repeats
        Whether somebody has several rows, of which the first counts.

    Returns
    -------
    str
        Lines of code, the last of which is the chart. Values stand in it as literals, whoever wrote them.
    """
    visitors, imports = _visitors(question, with_site=with_site, with_repeats=with_repeats)
    data, baseline = ("visitors", ", baseline=snap.baseline") if visitors else ("snap", "")
    lines = [] if snapshot == "snap" else [f"snap = {snapshot}"]
    lines += visitors
    by = _literal(question.by[0] if len(question.by) == 1 else question.by)
    lines.append(f"table = dfn.breakdown({data}, by={by}, order_by={_literal(question.measure)}{baseline})")
    measure = f", measure={_literal(question.measure)}" if chart == "breakdown" else ""
    lines += [f"chart = dfn.charts.{chart}({data}, by={by}{measure}{baseline})", "chart"]
    return "\n".join(["import datafast_nb as dfn", *imports, "", *lines])


def _visitors(question: Question, *, with_site: bool, with_repeats: bool) -> tuple[list[str], list[str]]:
    """Give the lines that choose the visitors, none for all of them, and the imports that these need."""
    everybody = "snap.visitors"
    if with_repeats:
        known = 'pl.struct("site", "visitor_id")' if with_site else 'pl.col("visitor_id")'
        everybody += f'.filter({known}.is_first_distinct() | pl.col("visitor_id").is_null())'
    filters, visitors, imports = question.about, everybody, []
    if not with_site and ("site" in filters.values or "site" in question.by):
        visitors += '.with_columns(site=pl.lit(""))'
    if filters.derived:
        imports.append("from datafast_nb.conversion import with_dimensions")
        visitors = f"with_dimensions({visitors}, {', '.join(map(_literal, sorted(filters.derived)))})"
    if filters:
        conditions = "".join(f"    {_condition(name, value)},\n" for name, value in filters.values.items())
        visitors += f".filter(\n{conditions})"
    if visitors == everybody:  # of a whole snapshot the first row of each counts anyway
        return [], []
    names = textwrap.fill(_literal(SEARCHED)[1:-1], 100, initial_indent="    ", subsequent_indent="    ")
    searched = [f"searched = [\n{names},\n]"] if "text" in filters.values else []
    return [*searched, f"visitors = {visitors}"], ["import polars as pl", *imports]


def called(thing: object) -> str | None:
    """Give the name by which a person can speak of a thing in the notebook, or in Python's main module."""
    shell = get_ipython()
    names = sys.modules["__main__"].__dict__ if shell is None else shell.user_ns
    found = [name for name, value in list(names.items()) if value is thing and _can_be_typed(name)]
    return min(found, key=lambda name: (name.startswith("_"), len(name), name), default=None)


def _can_be_typed(name: str) -> bool:
    """Say whether a name can stand in the code, and means the same after it has run."""
    if name in _BOUND:
        return False
    return name.isidentifier() and not keyword.iskeyword(name) and (name[0] != "_" or bool(_RESULT.fullmatch(name)))


def _condition(name: str, value: Any) -> str:  # noqa: ANN401 - as `Filters` holds it
    """Say in Polars who is chosen; the same as ``Filters`` does, in as few words as the values need."""
    if name == "text":
        return _search(value.lower())
    if name in LIMITS:
        return f'pl.col("{name.removeprefix("min_")}").fill_nan(None) >= {value!r}'
    if name == "dimension_matches":
        nothing = f'pl.col("{name}").list.len().fill_null(0) == 0'
        matches = f'pl.col("{name}").list.contains(pl.lit({{}}, pl.String))'
        tests = [nothing if each is None else matches.format(_literal(str(each))) for each in value]
        return tests[0] if len(tests) == 1 else f"pl.any_horizontal({', '.join(tests)})"
    if name == "is_customer" and value in ((True,), (False,)):
        return f'{"" if value[0] else "~"}pl.col("is_customer").fill_null(False)'
    column = f'pl.col("{name}")'
    if name in VISITORS and not VISITORS[name].is_(VISITORS["device"]):
        column += ".cast(pl.String)"
    if name == "is_customer":
        column += '.fill_null("false")'
    if name == "country_code":
        column += ".str.to_uppercase()"
    return column + _among([str(each).lower() if isinstance(each, bool) else each for each in value])


def _among(wanted: list[str | None]) -> str:
    """Say that a column is one of some texts."""
    if len(wanted) == 1:
        return ".is_null()" if wanted[0] is None else f" == {_literal(wanted[0])}"
    return f".is_in({_literal(wanted)}{', nulls_equal=True' if None in wanted else ''})"


def _search(text: str) -> str:
    """Say that a text stands somewhere, or in a country's name."""
    texts = 'pl.concat_str(searched, separator="\\n", ignore_nulls=True).str.to_lowercase()'
    found = f"{texts}.str.contains({_literal(text)}, literal=True)"
    countries = countries_named(text)
    if not countries:
        return found
    return f'{found}\n    | pl.col("country_code").str.to_uppercase().is_in({_literal(countries)})'


def _literal(value: object) -> str:
    """Write a value as a literal, whatever is in it; a text in double quotes, unless it holds some."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_literal, value))}]"
    text = repr(value)
    return f'"{text[1:-1]}"' if text.startswith("'") and '"' not in text else text
