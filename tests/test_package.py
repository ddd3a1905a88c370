"""The package as a whole: what importing it costs, and what it offers."""

from __future__ import annotations

import ast
import runpy
import subprocess
import sys
from importlib.metadata import version
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest

import datafast_nb as dfn
from datafast_nb.countries import countries, shaped

HEAVY = {"altair", "anywidget", "ipyleaflet", "ipywidgets", "polars", "requests", "tenacity", "vl_convert"}


def modules_after(code: str) -> set[str]:
    """Return the modules that are loaded in a fresh interpreter after some code."""
    script = f"import sys\n{code}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_no_heavy_library() -> None:
    assert modules_after("import datafast_nb") & HEAVY == set()


def test_loading_a_snapshot_loads_neither_charts_nor_widgets() -> None:
    loaded = modules_after("import datafast_nb as dfn; dfn.Snapshot.from_json('{\"data\": {}}')")
    assert loaded & HEAVY == {"polars"}


def test_a_map_and_its_picture_load_no_charts() -> None:
    code = "import datafast_nb as dfn; live = dfn.LiveMap(dfn.demo.Site(visitors=3)); live._repr_mimebundle_(); "
    code += (
        "live.close(); import threading; [each.join(9) for each in threading.enumerate() if 'live map' in each.name]"
    )
    assert {"ipyleaflet", "PIL"} <= (loaded := modules_after(code))
    assert loaded & {"altair", "jsonschema"} == set()


@pytest.mark.parametrize("name", dfn.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(dfn, name)
    assert name in dir(dfn)
    assert isinstance(value, str) or (value.__doc__ and value.__doc__.strip())


@pytest.mark.parametrize("order", [sorted(dfn.__all__), sorted(dfn.__all__, reverse=True)], ids=["forward", "backward"])
def test_no_public_name_hides_another_in_whatever_order_they_are_used(order: list[str]) -> None:
    kinds = {name: type(getattr(dfn, name)).__name__ for name in order}
    script = f"""
import datafast_nb as dfn
for name in {order!r}:
    getattr(dfn, name)
print({{name: type(getattr(dfn, name)).__name__ for name in {order!r}}})
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ast.literal_eval(done.stdout) == kinds
    assert callable(dfn.connect)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonesuch"):
        _ = dfn.nonesuch


def test_the_version_is_the_distribution_s() -> None:
    assert dfn.__version__ == version("datafast_nb")


def test_the_package_says_that_it_is_typed() -> None:
    assert files("datafast_nb").joinpath("py.typed").is_file()


def test_every_country_s_shape_is_a_closed_ring_that_does_not_cross_the_antimeridian() -> None:
    shapes = countries()["features"]
    assert len(shapes) > 170
    for shape in shapes:
        geometry = shape["geometry"]
        polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        for ring in (ring for polygon in polygons for ring in polygon):
            assert ring[0] == ring[-1]
            assert all(abs(one[0] - other[0]) <= 180 for one, other in pairwise(ring))
    assert "DE" in shaped()
    assert len(shaped()) == len(shapes)


def test_the_shapes_on_the_map_of_the_world_are_those_of_the_countries() -> None:
    made = runpy.run_path(str(Path(__file__).parents[1] / "topology.py"))["encoded"]()
    assert files("datafast_nb").joinpath("charts/countries.topojson").read_text(encoding="utf-8") == made


def test_every_function_fits_on_a_screen_without_its_docstring() -> None:
    lengths = {}
    for file in Path(dfn.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                docstring = len((ast.get_docstring(node, clean=False) or "").splitlines())
                lengths[f"{file.name}: {node.name}"] = (node.end_lineno or 0) - node.lineno + 1 - docstring
    assert len(lengths) > 1_000
    assert {name: lines for name, lines in lengths.items() if lines > 50} == {}
