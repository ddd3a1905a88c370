"""Generate code for the table and the chart, to paste into a cell. Independent of any widget."""

from __future__ import annotations

import keyword
import re
import sys
import textwrap
from typing import Final

from IPython.core.getipython import get_ipython

from datafast_nb.explorer.question import Question
from datafast_nb.explorer.written import Written, literal
from datafast_nb.filters import SEARCHED, Vocabulary, condition

_CODE: Final = Vocabulary(Written("pl"), Written("codes"), Written("searched"))
# Names that the generated code assigns.
_BOUND: Final = frozenset({"dfn", "pl", "codes", "with_dimensions", "searched", "visitors", "table", "chart"})
# IPython's names of earlier results: _ and __ soon refer to other results, while _12 stays.
_RESULT: Final = re.compile(r"_\d+")


def script(question: Question, snapshot: str, *, chart: str, with_site: bool = True, with_repeats: bool = False) -> str:
    """Return Python code that answers a question.

    Parameters
    ----------
    question
        The question.
    snapshot
        An expression for the snapshot.
    chart
        The function of ``datafast_nb.charts`` that draws the chart.
    with_site
        Whether the visitors have a column ``site``.
    with_repeats
        Whether any visitor has several rows, of which the first counts.

    Returns
    -------
    str
        Lines of code, the last of which shows the chart. All values are written as literals, including untrusted ones.
    """
    visitors, imports = _visitors(question, with_site=with_site, with_repeats=with_repeats)
    data, baseline = ("visitors", ", baseline=snap.baseline") if visitors else ("snap", "")
    lines = [] if snapshot == "snap" else [f"snap = {snapshot}"]
    lines += visitors
    by = literal(question.by[0] if len(question.by) == 1 else question.by)
    lines.append(f"table = dfn.breakdown({data}, by={by}, order_by={literal(question.measure)}{baseline})")
    measure = f", measure={literal(question.measure)}" if chart == "breakdown" else ""
    lines += [f"chart = dfn.charts.{chart}({data}, by={by}{measure}{baseline})", "chart"]
    return "\n".join(["import datafast_nb as dfn", *imports, "", *lines])


def _visitors(question: Question, *, with_site: bool, with_repeats: bool) -> tuple[list[str], list[str]]:
    """Return the lines that select the visitors, none if all are used, and the imports that they need."""
    everybody = "snap.visitors"
    if with_repeats:
        known = 'pl.struct("site", "visitor_id")' if with_site else 'pl.col("visitor_id")'
        everybody += f'.filter({known}.is_first_distinct() | pl.col("visitor_id").is_null())'
    filters, visitors, imports = question.about, everybody, []
    if not with_site and ("site" in filters.values or "site" in question.by):
        visitors += '.with_columns(site=pl.lit(""))'
    if filters.derived:
        imports.append("from datafast_nb.conversion import with_dimensions")
        visitors = f"with_dimensions({visitors}, {', '.join(map(literal, sorted(filters.derived)))})"
    if filters:
        conditions = "".join(f"    {condition(name, value, _CODE)},\n" for name, value in filters.values.items())
        if f"{_CODE.codes}(" in conditions:
            imports.append("from datafast_nb.countries import codes")
        visitors += f".filter(\n{conditions})"
    if visitors == everybody:  # breakdowns of a whole snapshot use each visitor's first row anyway
        return [], []
    names = textwrap.fill(literal(SEARCHED)[1:-1], 100, initial_indent="    ", subsequent_indent="    ")
    searched = [f"searched = [\n{names},\n]"] if "text" in filters.values else []
    return [*searched, f"visitors = {visitors}"], ["import polars as pl", *imports]


def called(thing: object) -> str | None:
    """Return the name of a variable for an object in the notebook, or in Python's main module."""
    shell = get_ipython()
    names = sys.modules["__main__"].__dict__ if shell is None else shell.user_ns
    found = [name for name, value in list(names.items()) if value is thing and _can_be_typed(name)]
    return min(found, key=lambda name: (name.startswith("_"), len(name), name), default=None)


def _can_be_typed(name: str) -> bool:
    """Return whether a name can be used in the code, and means the same after it has run."""
    if name in _BOUND:
        return False
    return name.isidentifier() and not keyword.iskeyword(name) and (name[0] != "_" or bool(_RESULT.fullmatch(name)))
