"""Turn the members of a cluster into its tooltip and popup. Independent of any widget."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from datafast_nb.livemap import sidebar
from datafast_nb.livemap.colors import Coloring
from datafast_nb.livemap.worth import worth_currency
from datafast_nb.text import money, percent, place_name, plain
from datafast_nb.widgets.protocol import ClusterSummary, Popup

_MOST_ROWS: Final = 20
_BY_SCORE: Final = Coloring()
_MOST_PLACES: Final = 3  # maximum number of places to name


def popup(
    cluster_id: str,
    place: tuple[float, float],
    members: pl.DataFrame,
    why: Iterable[str] = (),
    coloring: Coloring = _BY_SCORE,
) -> Popup:
    """Return the popup of a cluster: its summary and its first visitors.

    Parameters
    ----------
    cluster_id
        The id of the cluster.
    place
        The position of the popup, as latitude and longitude in degrees.
    members
        The visitors in the cluster; empty once all have left.
    why
        What moves their predictions.
    coloring
        The coloring of the map.
    """
    rows = sidebar.visitor_rows(members, "probability", coloring, _MOST_ROWS)
    return Popup(
        id=cluster_id,
        latitude=place[0],
        longitude=place[1],
        summary=summary(members, why),
        rows=rows,
        more=members.height - len(rows),
    )


def summary(members: pl.DataFrame, why: Iterable[str] = ()) -> ClusterSummary:
    """Return a short summary of who is in a cluster, and what moves their predictions."""
    sums = sidebar.figures(members)
    known = sums["scored"] or sums["probability"] is not None
    return ClusterSummary(
        title=_places(members),
        visitors=members.height,
        customers=sums["customers"],
        score=round(sums["score"]) if sums["scored"] else None,
        probability="" if sums["probability"] is None else percent(sums["probability"]),
        value=money(sums["worth"], worth_currency(members)) if known else "",
        why=", ".join(why) if sums["scored"] else "",
    )


def _places(members: pl.DataFrame) -> str:
    """Return the names of the most common places in a cluster."""
    if not members.height:
        return "Everyone has left"
    order = ("len", "city", "country_code")
    places = members.group_by("city", "country_code").len().sort(*order, descending=[True, False, False])
    (city, code), *others = places.head(_MOST_PLACES).select("city", "country_code").rows()
    if not others:
        return place_name(city, code)
    named = ", ".join(
        plain(each, 32) if each else place_name(None, country) for each, country in ((city, code), *others)
    )
    return named + (f" +{places.height - _MOST_PLACES:,} places" if places.height > _MOST_PLACES else "")
