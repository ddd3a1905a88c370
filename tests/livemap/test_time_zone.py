"""Every time of day that a map tells is of one zone, which stands beside it."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from traitlets import TraitError

from datafast_nb.errors import ServerError
from datafast_nb.explorer import Explorer
from datafast_nb.livemap import LiveMap
from tests.livemap.maps import NEVER, displayed, front, made, refreshed, shown
from tests.livemap.pages import held
from tests.livemap.sources import Scripted, people

FAULT = ServerError("The site is down (500). Try later.")


def test_it_is_utc_unless_it_is_given_as_in_the_charts() -> None:
    assert made(people(1)).time_zone == "UTC"
    assert front(shown(people(1))).zone == "UTC"


def test_the_next_attempt_is_told_in_the_zone() -> None:
    live = refreshed(shown(people(1), FAULT, time_zone="Asia/Kolkata"))
    retry = live.status.retry_at
    assert retry is not None
    there = retry.astimezone(ZoneInfo("Asia/Kolkata"))
    assert front(live).status.text.endswith(f"Next try at {there:%H:%M:%S} Asia/Kolkata.")
    live.time_zone = "UTC"
    assert front(live).status.text.endswith(f"Next try at {retry:%H:%M:%S} UTC.")


def test_of_several_sites_the_age_of_the_data_is_told_in_the_zone() -> None:
    sources = {"shop": Scripted([people(1)]), "blog": Scripted([people(1), FAULT])}
    live = refreshed(displayed(LiveMap(sources, every=NEVER, time_zone="Asia/Kolkata")))
    (note,) = front(live).status.notes
    assert "Its data are from 17:30:00 Asia/Kolkata." in note
    assert "UTC" not in note


def test_a_page_that_is_saved_and_a_linked_explorer_tell_the_maps_zone(tmp_path: Path) -> None:
    live = shown(people(1), time_zone="Asia/Kolkata")
    assert held(live.save_html(tmp_path / "page.html")).zone == "Asia/Kolkata"
    explorer = Explorer(live)
    explorer._repr_mimebundle_()
    assert explorer._view is not None
    assert explorer._view.front.status.shown.endswith("at 17:30:00 Asia/Kolkata")
    explorer.close()


def test_what_is_no_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="'Mars/Olympus' is not a time zone; give one such as 'Europe/Berlin'"):
        made(people(1), time_zone="Mars/Olympus")
    live = shown(people(1))
    with pytest.raises(TraitError, match="is not a time zone"):
        live.time_zone = "../../etc/passwd"
    assert front(live).zone == live.time_zone == "UTC"
