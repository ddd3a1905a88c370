"""What a cluster's tooltip and popup say: its members in, what the browser shows out. Knows no widget."""

from __future__ import annotations

from typing import Final

import polars as pl

from datafast_nb.livemap import sidebar
from datafast_nb.text import money, place_name, plain
from datafast_nb.widgets.protocol import ClusterSummary, Popup

_MOST_ROWS: Final = 20
_MOST_PLACES: Final = 3  # that are named


def popup(cluster_id: str, place: tuple[float, float], members: pl.DataFrame) -> Popup:
    """Return the popup of a cluster: what its tooltip says, and its first visitors.

    Parameters
    ----------
    cluster_id
        The cluster.
    place
        Where its popup is, in degrees of latitude and longitude.
    members
        The visitors who are in it; nobody, once all have left.
    """
    rows = sidebar.visitor_rows(members, "score", _MOST_ROWS)
    return Popup(
        id=cluster_id,
        latitude=place[0],
        longitude=place[1],
        summary=summary(members),
        rows=rows,
        more=members.height - len(rows),
    )


def summary(members: pl.DataFrame) -> ClusterSummary:
    """Return in a few lines who is in a cluster."""
    sums = sidebar.figures(members)
    return ClusterSummary(
        title=_places(members),
        visitors=members.height,
        customers=sums["customers"],
        score=round(sums["score"]) if sums["scored"] else None,
        value=money(sums["expected_value"], "USD") if sums["scored"] else "",
    )


def _places(members: pl.DataFrame) -> str:
    """Name the places that most members of a cluster are at."""
    if not members.height:
        return "Nobody here any more"
    order = ("len", "city", "country_code")
    places = members.group_by("city", "country_code").len().sort(*order, descending=[True, False, False])
    (city, code), *others = places.head(_MOST_PLACES).select("city", "country_code").rows()
    if not others:
        return place_name(city, code)
    named = ", ".join(
        plain(each, 32) if each else place_name(None, country) for each, country in ((city, code), *others)
    )
    return named + (f" +{places.height - _MOST_PLACES:,} places" if places.height > _MOST_PLACES else "")
