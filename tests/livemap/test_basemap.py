"""What lies under the visitors: the land by itself, or what a person asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest
import xyzservices
from ipyleaflet import GeoJSON, TileLayer
from traitlets import TraitError

from datafast_nb.livemap.basemap import land, layer_of
from tests.livemap.maps import made, registry, shown
from tests.livemap.sources import people


def test_without_a_wish_it_is_the_land_which_asks_nobody() -> None:
    layer = layer_of(None)
    assert isinstance(layer, GeoJSON)
    assert "://" not in json.dumps(land())
    layer.close()


def test_the_land_goes_on_beyond_the_date_line() -> None:
    (feature,) = land()["features"]
    longitudes = [x for polygon in feature["geometry"]["coordinates"] for ring in polygon for x, _ in ring]
    assert min(longitudes) < -300
    assert max(longitudes) > 300
    assert land() is land()


@pytest.mark.parametrize(
    ("basemap", "url"),
    [
        ("osm", "openstreetmap.org"),
        ("OSM", "openstreetmap.org"),
        ("Esri.WorldTopoMap", "arcgisonline"),
        ("open topo map", "opentopomap"),
        (xyzservices.providers.OpenStreetMap.Mapnik, "openstreetmap.org"),
    ],
)
def test_tiles_come_by_name_or_provider(basemap: Any, url: str) -> None:
    layer = layer_of(basemap)
    assert isinstance(layer, TileLayer)
    assert url in layer.url
    assert layer.base
    layer.close()


def test_a_layer_is_taken_as_it_is() -> None:
    layer = TileLayer(url="https://tiles.example/{z}/{x}/{y}.png")
    assert layer_of(layer) is layer
    layer.close()


@pytest.mark.parametrize("name", ["", "no such map", "https://tiles.example/{z}/{x}/{y}.png"])
def test_an_unknown_name_is_refused_with_names_that_are_known(name: str) -> None:
    with pytest.raises(ValueError, match=r"is not a base map\. Try 'osm'"):
        made(people(1), basemap=name)


@pytest.mark.parametrize("basemap", [3, ["osm"], object(), True])
def test_what_can_be_no_base_map_is_refused(basemap: Any) -> None:
    with pytest.raises(TypeError, match="it must be None for only the land"):
        made(people(1), basemap=basemap)


def test_it_can_be_changed_while_the_map_is_shown() -> None:
    live = shown(people(1))
    assert live._view is not None
    layers = live._view.map.layers
    live.basemap = "osm"
    assert isinstance(live._view.map.layers[-1], TileLayer)
    assert live._view.map.layers[:-1] == layers[:-1]
    live.basemap = None
    assert isinstance(live._view.map.layers[-1], GeoJSON)
    with pytest.raises((ValueError, TraitError)):
        live.basemap = "no such map"
    assert live.basemap is None


def test_changing_it_over_and_over_leaves_no_layers_behind() -> None:
    live = shown(people(1))
    live.basemap = "osm"
    live.basemap = None
    before = len(registry())
    for _ in range(10):
        live.basemap = "osm"
        live.basemap = None
    assert len(registry()) == before


def test_a_layer_of_the_users_own_outlives_the_map() -> None:
    layer = TileLayer(url="https://tiles.example/{z}/{x}/{y}.png")
    live = shown(people(1), basemap=layer)
    live.close()
    assert layer.comm is not None
    other = shown(people(1), basemap=layer)
    other.basemap = None
    assert layer.comm is not None
    layer.close()


def test_the_browser_holds_its_name_only() -> None:
    provider = xyzservices.providers.OpenTopoMap
    live = shown(people(1), basemap=provider)
    assert live.get_state()["basemap"] == "OpenTopoMap"
    assert live.basemap is provider


def test_the_map_says_whose_tiles_it_shows() -> None:
    live = shown(people(1), basemap="osm")
    assert live._view is not None
    assert "OpenStreetMap" in live._view.map.layers[-1].attribution
