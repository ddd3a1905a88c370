"""The charts under what a user has set in Altair: data transformers, embed options, locales."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import altair as alt
import pytest

import datafast_nb as dfn
from datafast_nb.charts.renderer import VEGA, render
from tests.charts.sites import CHARTS, crowd
from tests.charts.test_renderer import KERNEL

TRANSFORMERS = ["json", "csv", "vegafusion", "a user's own"]


@pytest.fixture(params=TRANSFORMERS)
def transformer(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    alt.data_transformers.register("a user's own", lambda _data, **_options: {"values": []})
    with alt.data_transformers.enable(request.param):
        yield request.param


def marks(file: Path) -> list[str]:
    """Return the marks in a file, in their order, without what Vega numbers differently in each chart."""
    return re.findall(r'<path [^>]*d="[^"]*"', file.read_text())


@pytest.mark.parametrize("name", ["scores", "timeline", "world"])
def test_a_data_transformer_changes_no_chart_and_leaves_no_file(name: str, transformer: str, tmp_path: Path) -> None:
    snap = crowd(60)
    with alt.data_transformers.enable("default"):
        usual = marks(dfn.charts.save(CHARTS[name](snap), tmp_path / "usual.svg"))
    chart = CHARTS[name](snap)
    assert marks(dfn.charts.save(chart, tmp_path / "chart.svg")) == usual
    assert "image/png" in chart._repr_mimebundle_()[0]
    assert alt.data_transformers.active == transformer
    assert {file.name for file in tmp_path.iterdir()} == {"usual.svg", "chart.svg"}


def test_views_and_explorers_open_under_a_data_transformer(transformer: str, tmp_path: Path) -> None:
    snap = crowd(60)
    assert dfn.charts.ChartView(dfn.charts.scores(snap)).spec["datasets"]
    explorer = dfn.Explorer(snap, by="device")
    explorer._repr_mimebundle_()
    assert list(tmp_path.iterdir()) == []


def test_a_chart_of_one_s_own_is_saved_with_its_rows(transformer: str, tmp_path: Path) -> None:
    chart = alt.Chart(crowd(6_000).visitors.select("score")).mark_bar().encode(x="score", y="count()")
    assert 'aria-roledescription="bar"' in dfn.charts.save(chart, tmp_path / "own.svg").read_text()


def printed(code: str) -> str:
    """Run code in a fresh interpreter, and give what it prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_embed_options_that_were_set_before_the_first_chart_are_kept() -> None:
    code = f"{KERNEL}import altair as alt, datafast_nb as dfn; "
    code += "alt.renderers.set_embed_options(actions=False, hover=True); "
    code += "_, metadata = dfn.charts.scores(dfn.Snapshot())._repr_mimebundle_(); "
    code += f"print(alt.renderers.active, {{**metadata[{VEGA!r}]['embed_options'], 'defaultStyle': ''}})"
    assert printed(code) == "datafast_nb {'actions': False, 'renderer': 'svg', 'defaultStyle': '', 'hover': True}"


def test_a_locale_is_that_of_the_page_and_of_the_picture(tmp_path: Path) -> None:
    chart = dfn.charts.breakdown(crowd(300), "channel", "expected_value")
    with alt.renderers.set_embed_options(format_locale="de-DE", time_format_locale="de-DE"):
        bundle, metadata = render(chart.to_dict(), **alt.renderers.options)
        german = dfn.charts.save(chart, tmp_path / "chart.svg").read_text()
        page = dfn.charts.save(chart, tmp_path / "chart.html").read_text()
    assert "image/png" in bundle
    assert metadata[VEGA]["embed_options"]["formatLocale"]["decimal"] == ","
    assert '"decimal": ","' in page
    assert german != dfn.charts.save(chart, tmp_path / "chart.svg").read_text()
    assert dfn.charts.ChartView(chart, {"formatLocale": "de-DE"}).embed_options["formatLocale"]["thousands"] == "."


def test_a_locale_that_there_is_not_is_said() -> None:
    with pytest.raises(ValueError, match="xx-XX"):
        render(dfn.charts.scores(crowd(3)).to_dict(), embed_options={"formatLocale": "xx-XX"})


def test_the_rules_of_a_view_reach_no_other_chart() -> None:
    selectors = [rule.rpartition("}")[2] for rule in dfn.charts.ChartView._css.split("{")[:-1]]
    assert selectors
    assert all(re.search(r"\.datafast-chart[ .[]", selector) for selector in selectors)


@pytest.mark.parametrize(
    ("title", "words"),
    [
        (["One line", "and another"], "One line\nand another"),
        (alt.Title("A title", subtitle="What is under it"), "A title\nWhat is under it"),
        (alt.Title(["One", "two"], subtitle=["three"]), "One\ntwo\nthree"),
        (alt.Title(alt.expr("'worked out ' + 'by Vega'")), "Chart"),
    ],
)
def test_a_chart_of_one_s_own_may_have_a_title_of_any_kind(
    title: list[str] | alt.Title, words: str, tmp_path: Path
) -> None:
    rows = alt.InlineData(values=[{"a": "x", "b": 1}])
    chart = alt.Chart(rows).mark_bar().encode(x="b:Q", y="a:N").properties(title=title)
    content, _ = render(chart.to_dict())
    assert content["text/plain"] == words
    assert content["image/png"]
    page = dfn.charts.save(chart, tmp_path / "own.html").read_text(encoding="utf-8")
    assert f"<title>{words.splitlines()[0]}</title>" in page
