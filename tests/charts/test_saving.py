"""Charts as files."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter

import datafast_nb as dfn
from datafast_nb.charts.renderer import render
from tests.charts.sites import CHARTS, HOSTILE, crowd, hostile

BEGINNINGS = {"png": b"\x89PNG\r\n", "svg": b"<svg", "pdf": b"%PDF", "html": b"<!DOCTYPE html>"}


@pytest.mark.parametrize("name", ["scores", "world", "dashboard"])
@pytest.mark.parametrize("kind", BEGINNINGS)
def test_a_chart_is_written_in_every_format(name: str, kind: str, tmp_path: Path) -> None:
    file = dfn.charts.save(CHARTS[name](crowd(30)), tmp_path / f"chart.{kind}")
    assert file.read_bytes().startswith(BEGINNINGS[kind])


def test_the_ending_may_be_in_capitals_and_the_path_a_text(tmp_path: Path) -> None:
    assert dfn.charts.save(dfn.charts.scores(crowd(30)), f"{tmp_path}/chart.SVG").read_text().startswith("<svg")


def test_a_file_has_the_theme_that_is_enabled(tmp_path: Path) -> None:
    chart = dfn.charts.scores(crowd(30))
    light = dfn.charts.save(chart, tmp_path / "light.svg").read_text()
    with dfn.charts.use_theme("dark"):
        dark = dfn.charts.save(chart, tmp_path / "dark.svg").read_text()
    assert "#ffffff" in light
    assert "#111111" in dark


def test_a_larger_scale_gives_a_larger_picture(tmp_path: Path) -> None:
    chart = dfn.charts.scores(crowd(30))
    widths = [
        int.from_bytes(dfn.charts.save(chart, tmp_path / "a.png", scale=scale).read_bytes()[16:20], "big")
        for scale in (1, 2)
    ]
    assert widths[1] == pytest.approx(2 * widths[0], abs=2)


def test_a_page_loads_nothing_and_is_named_as_the_chart(tmp_path: Path) -> None:
    page = dfn.charts.save(dfn.charts.scores(crowd(30)), tmp_path / "chart.html").read_text()
    assert "<title>How likely 27 prospects are to buy</title>" in page
    assert "<script src" not in page
    assert "<link" not in page


@pytest.mark.parametrize("name", CHARTS)
def test_no_text_from_the_site_can_end_a_page_s_script(name: str, tmp_path: Path) -> None:
    snap = hostile("</script><!--" + HOSTILE)
    page = dfn.charts.save(CHARTS[name](snap), tmp_path / "chart.html").read_text()
    assert page.count("</script") == 1
    assert "<img src=x" not in page.lower()
    assert "<!--" not in page


def test_what_it_cannot_write_is_refused(tmp_path: Path) -> None:
    chart = dfn.charts.scores(crowd(3))
    with pytest.raises(ValueError, match=r"there are: \.png, \.svg, \.pdf, \.html"):
        dfn.charts.save(chart, tmp_path / "chart.gif")
    with pytest.raises(ValueError, match=r"there are: \.png"):
        dfn.charts.save(chart, tmp_path / "chart")
    with pytest.raises(ValueError, match="scale is 0"):
        dfn.charts.save(chart, tmp_path / "chart.png", scale=0)
    with pytest.raises(TypeError, match="save takes an Altair chart, such as"):
        dfn.charts.save(crowd(3), tmp_path / "chart.png")  # type: ignore[arg-type]


def test_a_page_that_nbconvert_makes_holds_the_picture_and_needs_no_network() -> None:
    bundle, metadata = render(dfn.charts.scores(crowd(30)).to_dict())
    bundle["image/png"] = b64encode(bundle["image/png"]).decode()
    output = nbformat.v4.new_output("display_data", data=bundle, metadata=metadata)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("chart", outputs=[output])])
    page, _ = HTMLExporter(template_name="basic").from_notebook_node(notebook)
    assert "data:image/png;base64," in page
    assert "widget-view" not in page
