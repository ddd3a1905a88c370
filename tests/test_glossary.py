"""Each term is defined in one place, which titles, tooltips and docstrings use."""

from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core.formatters import DisplayFormatter

import datafast_nb as dfn
from datafast_nb.charts.measures import NOTATIONS


@pytest.mark.parametrize("measure", NOTATIONS)
def test_the_explorer_explains_a_measure_in_the_words_of_the_glossary(measure: str) -> None:
    notation = NOTATIONS[measure]  # type: ignore[index]
    explained = {"visitors", "scored", "score", "confidence", "predicted_rate", "lift", "expected_value"}
    assert (notation.term in dfn.glossary.TERMS) == bool(notation.term)
    assert notation.term or measure not in explained
    assert not notation.term or notation.hint.endswith(dfn.glossary.meaning(notation.term))


@pytest.mark.parametrize("about", [dfn.breakdown, dfn.summary, dfn.opportunities, dfn.compare, dfn.drivers])
def test_docstrings_send_to_the_glossary(about: object) -> None:
    assert "datafast_nb.glossary : " in (about.__doc__ or "")


@pytest.mark.parametrize("term", dfn.glossary.TERMS)
def test_a_definition_stands_in_no_other_module(term: str) -> None:
    words = dfn.glossary.TERMS[term]
    modules = Path(dfn.__file__).parent.rglob("*.py")
    assert not [each for each in modules if each.name != "glossary.py" and words in each.read_text()]


def test_it_shows_its_terms_in_a_notebook_and_when_printed() -> None:
    shown, _ = DisplayFormatter().format(dfn.glossary)
    assert shown["text/markdown"] == dfn.glossary.table()
    assert shown["text/plain"] == str(dfn.glossary)
    assert str(dfn.glossary).splitlines() == [f"{term}: {words}" for term, words in dfn.glossary.TERMS.items()]
