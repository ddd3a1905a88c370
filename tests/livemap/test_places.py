"""The names and shapes that come with the package: small, complete, and of this world."""

from __future__ import annotations

import gzip
from typing import get_args

import msgspec
import pytest

from datafast_nb.countries import shaped
from datafast_nb.livemap.places import content
from datafast_nb.widgets.protocol import Part


def unpacked(part: Part) -> dict[str, list[list[float]]]:
    return msgspec.json.decode(gzip.decompress(content(part)))  # type: ignore[no-any-return]


def test_all_of_it_is_less_than_a_megabyte() -> None:
    assert sum(len(content(part)) for part in get_args(Part)) < 1_000_000


@pytest.mark.parametrize(
    ("kind", "name", "latitude", "longitude"),
    [
        ("countries", "France", 46.5, 2.5),
        ("countries", "Japan", 36.5, 138),
        ("regions", "Texas", 31.5, -99.3),
        ("regions", "Queensland", -22.6, 144.5),
        ("cities", "Berlin", 52.5, 13.4),
    ],
)
def test_a_name_is_where_it_belongs(kind: str, name: str, latitude: float, longitude: float) -> None:
    found = next(row for row in unpacked("names")[kind] if row[0] == name)
    assert found[1] / 100 == pytest.approx(latitude, abs=1)
    assert found[2] / 100 == pytest.approx(longitude, abs=1)


def test_the_largest_come_first() -> None:
    for kind in ("countries", "regions", "cities"):
        weights = [row[3] for row in unpacked("names")[kind]]
        assert weights == sorted(weights, reverse=True)


def test_antarctica_is_not_named_as_it_is_not_drawn() -> None:
    assert "Antarctica" not in {row[0] for row in unpacked("names")["countries"]}


def test_every_country_that_is_drawn_has_a_flag_that_asks_nobody_for_anything() -> None:
    flags = {code: str(flag) for code, flag in unpacked("flags").items()}
    assert {code for code in shaped() if len(code) == 2} - flags.keys() == set()
    assert all(flag.startswith("<svg") and "href" not in flag and "<script" not in flag for flag in flags.values())
