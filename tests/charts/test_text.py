"""What strangers write, in charts: whatever it is, the chart is drawn, and the kernel lives."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
import warnings
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.charts import drawing
from datafast_nb.charts.embedding import embed_options
from datafast_nb.charts.renderer import VEGALITE, render
from datafast_nb.charts.specification import specification_of
from datafast_nb.explorer.answer import Answer
from datafast_nb.explorer.question import Question
from datafast_nb.filters import Filters
from tests.charts.sites import CHARTS, crowd

ROOT = Path(__file__).parents[2]
MEMBERS = ["constructor", "toString", "valueOf", "hasOwnProperty", "__proto__", "__defineGetter__"]
SEPARATORS = ["a\u2028b", "a\u2029b", "a'b\"c\\", "a.b[0]", "${a}", "</script>"]
ENDS_OF_PLANES = [chr(plane + end) for plane in range(0, 0x110000, 0x10000) for end in (0xFFFE, 0xFFFF)]
NO_TEXT = [*ENDS_OF_PLANES, *map(chr, range(0xFDD0, 0xFDF0)), "\x00", "\x0b", "\x1f", "\x7f", "\x9b"]

# Every chart in which a label is drawn; all of them are one chart here, as each takes its time.
LABELED = [
    "one dimension", "two dimensions", "overlapping groups", "timeline", "heatmap", "drivers", "funnels", "compare",
    "dashboard",
]  # fmt: skip


def named(text: str) -> dfn.Snapshot:
    """Return a site of which a fifth of everything is called as a text."""
    snap = crowd(60)

    def called(column: str) -> pl.Expr:
        return pl.when(pl.col(column).str.ends_with("0")).then(pl.lit(text)).otherwise(column).alias(column)

    visitors = snap.visitors.with_columns(called("utm_source"), called("city"))
    return dfn.Snapshot(
        visitors.with_columns(dimension_matches=pl.concat_list(pl.lit("device"), called("utm_source"))),
        snap.events.with_columns(called("type")),
        snap.payments.with_columns(called("currency")),
        baseline=snap.baseline,
    )


def marks(chart: alt.TopLevelMixin) -> int:
    """Count the marks that a person sees of the data."""
    return drawing.svg(specification_of(chart), embed_options()).count('role="graphics-symbol"')


@pytest.fixture(scope="module")
def usual() -> dict[str, int]:
    return {name: marks(CHARTS[name](named("campaign"))) for name in LABELED}


@pytest.mark.parametrize("name", LABELED)
@pytest.mark.parametrize("text", [*MEMBERS[:2], SEPARATORS[0], "\ufffe"])
def test_a_name_costs_no_mark(text: str, name: str, usual: dict[str, int]) -> None:
    assert marks(CHARTS[name](named(text))) == usual[name]


@pytest.mark.parametrize("text", [*MEMBERS[2:], *SEPARATORS[1:]])
def test_no_name_costs_a_mark_of_two_dimensions(text: str, usual: dict[str, int]) -> None:
    assert marks(CHARTS["two dimensions"](named(text))) == usual["two dimensions"]


@pytest.mark.parametrize("column", [*MEMBERS[:4], *SEPARATORS, "a\ufffeb", "datum", "é 😀"])
def test_a_column_may_be_called_anything(column: str) -> None:
    visitors = crowd(60).visitors.with_columns(pl.col("city").alias(column))
    by_city, by_column = (dfn.charts.breakdown(visitors, ["channel", name], "visitors") for name in ("city", column))
    assert marks(by_column) == marks(by_city)


@pytest.mark.parametrize("text", ["toString", "a\u2028b", "a'b\"c\\"])
@pytest.mark.parametrize("measure", ["visitors", "lift"])
def test_the_explorer_sets_any_name_off(text: str, measure: str) -> None:
    def drawn(name: str) -> int:
        question = Question(("channel", "city"), measure, Filters({"city": (name,)}))  # type: ignore[arg-type]
        spec = Answer(question, named(name)).spec
        assert any(row.get("picked") for rows in spec["datasets"].values() for row in rows)
        return drawing.svg({**spec, "width": 400}, embed_options()).count('role="graphics-symbol"')

    assert drawn(text) == drawn("campaign")


class TestClean:
    def test_all_that_no_picture_holds_is_replaced_in_labels_and_titles(self) -> None:
        spec = specification_of(dfn.charts.funnel(named("".join(NO_TEXT)), [dfn.goal("a\ufffe"), "/\U0001ffff"]))
        assert not set(NO_TEXT) & set(str(spec))
        text = str(specification_of(dfn.charts.breakdown(named("x\ufffe"), "channel")))
        assert "x\ufffd" in text
        assert "\ufffe" not in text

    def test_a_chart_is_clean_as_it_is_for_all_that_altair_does_with_it(self) -> None:
        chart = dfn.charts.breakdown(named("x\U0010ffff"), "channel").properties(title="ours")
        assert "\U0010ffff" not in chart.to_json()

    @pytest.mark.parametrize("text", ["\ufffe", "\ud800", "\x00"])
    def test_a_chart_of_one_s_own_is_clean_in_what_displays_it(self, text: str) -> None:
        chart = alt.Chart(pl.DataFrame({"n": [1]})).mark_bar().encode(x="n:Q").properties(title=f"mine{text}")
        spec = dfn.charts.ChartView(chart).spec
        bundle, _ = render({**spec, "title": f"mine{text}"})
        assert spec["title"] == bundle["text/plain"] == "mine\ufffd"
        assert bundle[VEGALITE]["title"] == "mine\ufffd"
        assert "image/png" in bundle

    def test_every_character_that_a_script_uses_stays(self) -> None:
        kept = "".join(
            chr(code) for code in range(0x20, 0x2FFFF, 97) if unicodedata.category(chr(code)) not in {"Cn", "Cs", "Cc"}
        )
        kept = kept.replace("\u2028", "").replace("\u2029", "")
        assert specification_of({"title": kept})["title"] == kept


class TestEmoji:
    @pytest.mark.parametrize("text", ["😀" * 20, "W" * 17 + "😀" * 9, "👨‍👩‍👧‍👦" * 6, "ab" * 10 + "𝒳" * 9 + "c" * 20])
    def test_a_label_that_is_too_long_is_cut_between_characters(self, text: str, tmp_path: Path) -> None:
        file = dfn.charts.save(dfn.charts.breakdown(named(text), "channel"), tmp_path / "chart.svg")
        assert text[0] in (content := file.read_text(encoding="utf-8"))
        assert "…" in content
        assert not any("\ud800" <= letter <= "\udfff" or "\ue000" <= letter <= "\ue7ff" for letter in content)

    def test_altair_s_own_way_to_save_takes_twenty_of_them(self, tmp_path: Path) -> None:
        dfn.charts.breakdown(named("😀" * 20), "channel").save(tmp_path / "chart.svg")
        assert "😀" in (tmp_path / "chart.svg").read_text(encoding="utf-8")

    def test_characters_for_private_use_are_not_taken_for_halves(self) -> None:
        assert drawing._joined(drawing._parted("\ue000😀\ue400")) == "\ufffd😀\ufffd"
        assert drawing._joined(drawing._parted("a😀😀")[:4]) == "a😀"


class TestNothingDrawn:
    SPEC: dict[str, Any] = {  # noqa: RUF012 - never changed
        "data": {"values": [{"g": "a", "v": 1}, {"g": "constructor", "v": 2}]},
        "mark": "bar",
        "encoding": {
            "x": {"field": "v", "type": "quantitative"},
            "y": {"field": "g", "type": "nominal"},
            "opacity": {"field": "v", "type": "quantitative"},
        },
    }

    def test_rows_without_a_mark_are_an_error_and_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(dfn.errors.DrawingError, match="not a single mark is drawn"):
            dfn.charts.save(alt.Chart.from_dict(self.SPEC), tmp_path / "chart.png")
        assert not (tmp_path / "chart.png").exists()

    def test_in_a_notebook_it_is_said(self) -> None:
        with pytest.warns(dfn.errors.DrawingWarning, match="not a single mark is drawn"):
            bundle, _ = render(self.SPEC)
        assert set(bundle) == {VEGALITE, "text/plain"}

    def test_no_rows_are_no_error(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            bundle, _ = render({**self.SPEC, "data": {"values": []}})
        assert "image/png" in bundle


FUZZ = """
from hypothesis import HealthCheck, given, settings, strategies as st
import datafast_nb as dfn
from tests.charts.test_text import MEMBERS, marks, named

anything = st.text(st.characters(codec=None, exclude_categories=()), min_size=1, max_size=70)

@settings(max_examples={examples}, deadline=None, database=None, derandomize=True,
          suppress_health_check=list(HealthCheck))
@given(st.one_of(anything, st.sampled_from(MEMBERS)))
def draw(text):
    text = "".join(letter for letter in text if not "\\ud800" <= letter <= "\\udfff") or "x"
    assert marks(dfn.charts.breakdown(named(text), ["channel", "city"], "visitors")) > 5
    assert marks(dfn.charts.timeline(named(text))) > 5

draw()
print("drawn")
"""


def test_any_text_of_unicode_is_drawn_and_ends_no_kernel() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FUZZ.format(examples=20)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "drawn"), done.stderr[-2000:]
