"""Several sites on one map: each by its name, and none that takes the others down."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.errors import AuthenticationError, ServerError
from datafast_nb.livemap import LiveMap
from datafast_nb.livemap.sites import named
from datafast_nb.schema import VISITORS
from datafast_nb.snapshot import Snapshot
from tests.livemap.conftest import Sent
from tests.livemap.maps import NEVER, ask, displayed, figure, front, names, on_map, refreshed, settle, shown, until
from tests.livemap.sources import NOON, Scripted, payments, people, visitors


class Named(Scripted):
    """A source that says which website it asks for, as a client does."""

    def __init__(self, website_id: Any) -> None:
        super().__init__([people(1)])
        self.website_id = website_id


def two(shop: Any = None, blog: Any = None, **options: Any) -> LiveMap:
    """Show two sites; each is a snapshot, or what the site answers one after the other."""
    scripts = {
        name: Scripted(script if isinstance(script, list) else [people(3) if script is None else script])
        for name, script in {"shop": shop, "blog": blog}.items()
    }
    return displayed(LiveMap(scripts, every=NEVER, **options))


# Names


def test_a_single_source_has_no_name() -> None:
    assert list(named(Scripted([]))) == [""]


def test_sources_in_a_mapping_have_the_names_they_were_given() -> None:
    assert list(named({"shop": Scripted([]), "blog": Scripted([])})) == ["shop", "blog"]


def test_sources_in_a_list_have_the_names_of_their_websites() -> None:
    assert list(named([Named("dfid_1"), Named("dfid_2")])) == ["dfid_1", "dfid_2"]
    assert list(named((Named("dfid_1"), Scripted([]), Named(None), Named("  ")))) == [
        "dfid_1",
        "site 2",
        "site 3",
        "site 4",
    ]


def test_one_website_twice_is_numbered() -> None:
    assert list(named([Named("dfid_1"), Named("dfid_1")])) == ["site 1", "site 2"]


@pytest.mark.parametrize("sources", [[], {}, ()])
def test_no_source_at_all_is_refused(sources: Any) -> None:
    with pytest.raises(ValueError, match=r"no website\. Give it datafast_nb\.connect\(\)"):
        LiveMap(sources)


@pytest.mark.parametrize(
    "source", [[None], {"shop": "df_key"}, [Scripted([]), 3], [dfn.Client], "df_key", b"key", None]
)
def test_what_is_no_source_is_refused_with_what_to_pass(source: Any) -> None:
    with pytest.raises(TypeError, match=r"Give it datafast_nb\.connect\(\)"):
        LiveMap(source)


@pytest.mark.parametrize("name", ["", "  ", 3, None, "\u202e"])
def test_a_name_that_cannot_be_read_is_refused(name: Any) -> None:
    with pytest.raises(ValueError, match="is not a name for a website"):
        LiveMap({name: Scripted([]), "blog": Scripted([])})


# Together


def test_all_sites_are_on_one_map_with_a_column_that_tells_them_apart() -> None:
    live = two(people(3), people(4))
    assert live.snapshot is not None
    assert live.snapshot.visitors.columns[:2] == ["site", "visitor_id"]
    assert live.snapshot.visitors["site"].value_counts().sort("site").rows() == [("blog", 4), ("shop", 3)]
    assert {name: snap and snap.count for name, snap in live.snapshots.items()} == {"shop": 3, "blog": 4}
    assert live.selection.columns == ["site", *VISITORS]
    assert figure(live, "Visitors now") == ("7", "")
    assert on_map(live) == 7


def test_a_single_site_has_no_such_column() -> None:
    live = shown(people(3))
    assert live.selection.columns == list(VISITORS)
    assert live.snapshot is not None
    assert "site" not in live.snapshot.visitors.columns


def test_one_visitor_id_on_two_sites_is_two_visitors() -> None:
    live = two(people(1, display_name="Ada"), people(1, display_name="Bob"))
    rows = front(live).visitors.rows
    assert sorted((row.site, row.name) for row in rows) == [("blog", "Bob"), ("shop", "Ada")]
    for row in rows:
        ask(live, "select", site=row.site, id=row.id)
        assert (front(live).card.visitor.site, front(live).card.visitor.name) == (row.site, row.name)
        assert live.selected.select("site", "display_name").row(0) == (row.site, row.name)


def test_a_filter_chooses_a_site_and_offers_them() -> None:
    live = two(people(2, display_name="Ada"), people(1, display_name="Bob"))
    ask(live, "facets", open=True)
    assert [each.value for each in front(live).filters.options.site] == ["shop", "blog"]
    ask(live, "filter", name="site", value="blog")
    assert names(live) == ["Bob"]
    assert live.selection["site"].to_list() == ["blog"]


def test_a_single_site_is_not_offered_as_a_filter_or_a_color() -> None:
    live = shown(people(2))
    ask(live, "facets", open=True)
    assert not front(live).filters.options.site
    assert "site" not in [each.value for each in front(live).controls.colors]


def test_sites_can_be_told_apart_by_color() -> None:
    live = two(people(20), people(10), color_by="site")
    assert [swatch.label for swatch in front(live).legend.swatches] == ["shop", "blog"]
    assert "site" in [each.value for each in front(live).controls.colors]


# One that fails


def test_a_site_that_fails_leaves_the_others_alone_and_is_named() -> None:
    live = two(people(3), ServerError("The service failed (500)."))
    until(lambda: "blog: The service failed (500)." in " ".join(front(live).status.notes))
    assert live.status.state == "live"
    assert live.statuses["blog"].state == "retrying"
    assert figure(live, "Visitors now")[0] == "3"
    assert on_map(live) == 3


def test_a_site_that_fails_later_keeps_its_last_data() -> None:
    live = two([people(3)], [people(4), ServerError("The service failed (500).")])
    refreshed(live)
    assert live.statuses["blog"].state == "retrying"
    assert figure(live, "Visitors now")[0] == "7"


def test_a_site_that_is_refused_stops_alone() -> None:
    live = two([people(3), people(5)], AuthenticationError("The key is not accepted (401)."))
    until(lambda: live.statuses["blog"].state == "refused")
    refreshed(live)
    assert figure(live, "Visitors now")[0] == "5"
    assert live.status.state == "live"
    assert "blog: Stopped. The key is not accepted (401)." in front(live).status.notes


def test_when_all_fail_it_is_said() -> None:
    live = two(ServerError("No."), ServerError("No."))
    until(lambda: live.status.state == "retrying")
    assert live.snapshot is None
    assert figure(live, "Visitors now")[0] == "–"


def test_a_site_in_a_list_of_one_says_its_fault_once() -> None:
    live = displayed(LiveMap([Scripted([ServerError("The service failed (500).")])], every=NEVER))
    until(lambda: live.status.state == "retrying")
    said = [front(live).status.text, *front(live).status.notes]
    assert sum("The service failed (500)." in each for each in said) == 1


# News


def test_a_site_that_answers_for_the_first_time_announces_nothing(sent: Sent) -> None:
    late = Scripted([Snapshot(visitors(4), payments=payments({"payment_id": "p", "amount": 1.0}), fetched_at=NOON)])
    late.gate.clear()
    arrived: list[pl.DataFrame] = []
    live = LiveMap({"shop": Scripted([people(3)]), "blog": late}, every=NEVER)
    live.on_visitor(arrived.append)
    live.on_payment(arrived.append)
    live._repr_mimebundle_()
    until(lambda: live.snapshot is not None)
    late.gate.set()
    until(lambda: live.snapshot is not None and live.snapshot.count == 7)
    settle(live)
    assert sent.told("news") == []
    assert arrived == []


def test_who_arrives_on_one_site_is_announced_with_the_site() -> None:
    live = two([people(3), people(4)], [people(5)])
    arrived: list[pl.DataFrame] = []
    live.on_visitor(arrived.append)
    refreshed(live)
    (frame,) = arrived
    assert frame.columns == ["site", *VISITORS]
    assert frame.select("site", "visitor_id").rows() == [("shop", "v3")]


def test_a_condition_can_be_about_the_site() -> None:
    live = two([people(3), people(4)], [people(5), people(7)])
    arrived: list[pl.DataFrame] = []
    live.on_visitor(arrived.append, where=pl.col("site") == "blog")
    refreshed(live)
    assert sum(frame.height for frame in arrived) == 2
    assert {site for frame in arrived for site in frame["site"]} == {"blog"}


# For all


def test_stop_start_refresh_and_close_are_for_all_sites() -> None:
    live = two()
    live.stop()
    assert {status.state for status in live.statuses.values()} == {"stopped"}
    live.start()
    until(lambda: {status.state for status in live.statuses.values()} == {"live"})
    live.every = 77
    assert {status.every for status in live.statuses.values()} == {77.0}
    live.close()
    assert {status.state for status in live.statuses.values()} == {"closed"}


def test_the_snapshot_is_the_same_object_as_long_as_nothing_is_new() -> None:
    live = two()
    assert live.snapshot is live.snapshot


def test_names_of_sites_written_by_strangers_are_cut_in_notes_and_legend() -> None:
    name = "<b>\u202e" + "x" * 10_000
    sources = {name: Scripted([ServerError("No.")]), "blog": Scripted([people(2)])}
    live = displayed(LiveMap(sources, every=NEVER, color_by="site"))
    until(lambda: live.statuses[name].state == "retrying")
    until(lambda: len(front(live).status.notes) == 1)
    assert len(front(live).status.notes[0]) < 200
    assert "\u202e" not in str(front(live).status)
