"""How a chart reaches the screen."""

from __future__ import annotations

import struct
import subprocess
import sys

import pytest

import datafast_nb as dfn
from datafast_nb.charts import drawing
from datafast_nb.charts.renderer import VEGA, VEGALITE, render
from tests.charts.sites import (
    crowd,
)


def printed(code: str) -> str:
    """Run code in a fresh interpreter, and give what it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


SCRIPT = ""
SHELL = "from IPython.core.interactiveshell import InteractiveShell as Shell; shell = Shell.instance(); "
KERNEL = f"{SHELL}shell.kernel = object(); "
MARIMO = f"{KERNEL}import sys, types; sys.modules['marimo'] = types.SimpleNamespace(running_in_notebook=lambda: True); "


class TestRenderer:
    @pytest.mark.parametrize(
        ("place", "active"), [(KERNEL, "datafast_nb"), (SCRIPT, "default"), (SHELL, "default"), (MARIMO, "default")]
    )
    def test_it_is_enabled_in_jupyter_where_the_user_has_chosen_nothing(self, place: str, active: str) -> None:
        names = "alt.renderers.active, alt.theme.active"
        code = f"{place}import altair as alt, datafast_nb.charts; print({names})"
        assert printed(code) == f"{active} datafast_auto"

    def test_a_choice_made_before_is_respected(self) -> None:
        choice = f"{KERNEL}import altair as alt; alt.renderers.enable('svg'); alt.theme.enable('dark')"
        assert (
            printed(f"{choice}; import datafast_nb.charts; print(alt.renderers.active, alt.theme.active)") == "svg dark"
        )

    def test_a_choice_made_after_is_respected(self) -> None:
        code = f"{KERNEL}import datafast_nb as dfn, altair as alt; dfn.charts; alt.renderers.enable('default'); "
        code += "dfn.charts.scores(dfn.Snapshot()); print(alt.renderers.active)"
        assert printed(code) == "default"

    def test_a_bundle_has_a_specification_a_picture_and_words_and_needs_no_kernel(self) -> None:
        bundle, metadata = dfn.charts.scores(crowd(30))._repr_mimebundle_()
        assert set(bundle) == {VEGA, "image/png", "text/plain"}
        assert metadata[VEGA]["embed_options"]["actions"]["editor"] is False
        assert bundle[VEGA]["$schema"].split("/")[-1].startswith(VEGA.split(".")[2].split("+")[0])
        assert bundle["text/plain"].startswith("How likely 27 prospects are to buy\n")

    def test_the_picture_is_sharper_than_its_size_on_the_screen(self) -> None:
        bundle, metadata = render(dfn.charts.scores(crowd(30)).to_dict())
        width, height = struct.unpack_from(">II", bundle["image/png"], 16)
        shown = metadata["image/png"]
        assert 480 < shown["width"] < 700
        assert (
            width / shown["width"] == pytest.approx(1.5, rel=0.01) == pytest.approx(height / shown["height"], rel=0.01)
        )

    def test_a_chart_that_an_older_vega_can_not_draw_keeps_its_width(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(drawing, "OF_JUPYTERLAB", "0.1")  # as if it did not know what the newer one draws
        with pytest.warns(dfn.errors.DrawingWarning):
            bundle, _ = render(dfn.charts.scores(crowd(30)).to_dict())
        assert set(bundle) == {VEGALITE, "image/png", "text/plain"}

    def test_a_chart_that_can_not_be_drawn_has_no_picture(self) -> None:
        with pytest.warns(dfn.errors.DrawingWarning, match="can't be drawn"):
            bundle, _ = render({"mark": "no such mark", "data": {"values": []}})
        assert set(bundle) == {VEGALITE, "text/plain"}
