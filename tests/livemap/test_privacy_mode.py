"""The privacy mode of the map: nothing that names a person leaves the kernel, by whatever way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from ipywidgets import Widget

from datafast_nb.livemap import LiveMap
from datafast_nb.snapshot import Snapshot
from tests.livemap.conftest import Sent
from tests.livemap.maps import ask, displayed, front, made, names, refreshed, shown
from tests.livemap.sources import NOON, events, payments, visitors
from tests.unpacked import saved_fields

NAME, MAIL = "Jane Quartz", "jane.quartz@example.org"
TRACES = ("quartz", "jane")


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    """Close the widgets of other tests: the state of a notebook holds all that are open."""
    Widget.close_all()
    yield
    Widget.close_all()


def moment(count: int = 2, *, paid: tuple[str, ...] = ()) -> Snapshot:
    """Describe visitors of whom the first is Jane, whose name is in whatever she and her link could write."""
    hers: dict[str, Any] = {
        "visitor_id": MAIL,
        "display_name": NAME,
        "customer_name": NAME,
        "customer_email": MAIL,
        "current_url": f"https://shop.example/account?mail={MAIL}",
        "ref": f"from {NAME}",
        "utm_campaign": f"For {NAME}",
    }
    here = visitors(count).with_columns(
        pl.when(pl.int_range(pl.len()) == 0).then(pl.lit(value)).otherwise(name).alias(name)
        for name, value in hers.items()
    )
    log = events({"visitor_id": MAIL, "display_name": NAME, "path": f"/hello/{MAIL}", "type": "pageview"})
    log = log.with_columns(timestamp=pl.lit(NOON).cast(log.schema["timestamp"]))
    made_by_her = [{"payment_id": each, "name": NAME, "email": MAIL, "amount": 9.0, "timestamp": NOON} for each in paid]
    return Snapshot(here, log, payments(*made_by_her), fetched_at=NOON)


def do_everything(live: LiveMap) -> None:
    """Use all that shows who somebody is."""
    ask(live, "facets", open=True)
    ask(live, "viewport", zoom=1, south=-80, west=-180, north=80, east=180)
    for cluster, latitude, longitude in zip(*_clusters(live), strict=True):
        ask(live, "describe", id=cluster)
        ask(live, "open", id=cluster, latitude=latitude, longitude=longitude)
    ask(live, "select", id=front(live).visitors.rows[-1].id)
    for by in ("channel", "country_code", "score"):
        live.color_by = by
    live.filter(text=MAIL)
    live.filter(text=None, utm_campaign=f"For {NAME}", page=f"/{MAIL}")
    live.clear_filters()
    live.fit()


def _clusters(live: LiveMap) -> tuple[Any, Any, Any]:
    clusters = [*front(live).clusters.values()][-1]
    return clusters.id, clusters.latitude, clusters.longitude


def traces(said: object) -> list[str]:
    text = json.dumps(said, default=str, ensure_ascii=False).lower()
    return [trace for trace in TRACES if trace in text]


def in_a_notebook() -> object:
    """Return the state that a notebook would be saved with, and what its pages hold."""
    saved = Widget.get_manager_state(drop_defaults=False)
    return saved, [saved_fields(each) for each in saved["state"].values()]


def test_no_message_and_no_saved_notebook_names_anybody(sent: Sent) -> None:
    live = shown(moment(), moment(3, paid=("p1", "p2")), redact=True)

    def fail(_snapshot: Snapshot) -> None:
        raise ValueError(f"{NAME} can't be written to")

    live.on_update(fail)
    do_everything(live)
    refreshed(live)
    do_everything(live)
    assert sent.told("news"), "the payments were announced"
    assert sent.told("description")
    assert traces([*sent]) == []
    assert traces(in_a_notebook()) == []


def test_the_same_test_finds_the_names_where_nothing_hides_them(sent: Sent) -> None:
    live = shown(moment())
    do_everything(live)
    assert traces([*sent]) == [*TRACES]
    assert traces(in_a_notebook()) == [*TRACES]
    live.close()


def test_the_button_hides_names_from_then_on_and_shows_them_again(sent: Sent) -> None:
    live = shown(moment(), moment(1))
    ask(live, "select", id=next(row.id for row in front(live).visitors.rows if row.name == NAME))
    ask(live, "privacy", on=True)
    before = len(sent)
    do_everything(live)
    refreshed(live)
    assert traces(sent[before:]) == []
    assert traces(in_a_notebook()) == []
    assert front(live).controls.privacy.hidden
    ask(live, "privacy", on=False)
    assert NAME in names(live)


def test_a_card_of_somebody_who_has_left_closes_with_the_names(sent: Sent) -> None:
    live = shown(moment(2), Snapshot(visitors(1, visitor_id="other"), fetched_at=NOON))
    ask(live, "select", id=next(row.id for row in front(live).visitors.rows if row.name == NAME))
    refreshed(live)
    assert front(live).card.visitor.name == NAME
    ask(live, "privacy", on=True)
    assert front(live).card is None
    assert traces(in_a_notebook()) == []


def test_faces_and_names_without_a_name_come_from_pseudonyms() -> None:
    """Who knows an id can't find its face or its short name on a shared screen."""
    live = shown(Snapshot(visitors(5, display_name=None, customer_name=None), fetched_at=NOON))
    before = {row.id: row.name for row in front(live).visitors.rows}
    ask(live, "privacy", on=True)
    after = {row.id: row.name for row in front(live).visitors.rows}
    assert before.keys().isdisjoint(after)
    assert not {*before.values()} & {*after.values()}
    ask(live, "privacy", on=False)
    assert {row.id: row.name for row in front(live).visitors.rows} == before


def test_a_card_stays_open_while_names_are_hidden_and_shown_again() -> None:
    live = shown(moment())
    ask(live, "select", id=next(row.id for row in front(live).visitors.rows if row.name == NAME))
    place = front(live).selected.place
    ask(live, "privacy", on=True)
    assert front(live).card.visitor.name != NAME
    assert front(live).selected.place == place
    ask(live, "privacy", on=False)
    assert front(live).card.visitor.name == NAME


def test_the_browser_cannot_show_what_code_hides() -> None:
    live = shown(moment(), redact=True)
    assert front(live).controls.privacy.locked
    ask(live, "privacy", on=False)
    live.set_state({"redact": False})
    assert live.redact
    assert NAME not in names(live)
    live.redact = False
    assert NAME in names(live)


def test_code_keeps_the_names() -> None:
    told: list[pl.DataFrame] = []
    live = made(moment(1), moment(2, paid=("p1",)), redact=True)
    live.on_payment(told.append)
    refreshed(displayed(live))
    assert told[0]["name"].to_list() == [NAME]
    assert NAME in live.selection["display_name"].to_list()
    row = next(row for row in front(live).visitors.rows if row.name.startswith("Person"))
    ask(live, "select", id=row.id)
    assert live.selected["customer_email"].to_list() == [MAIL]


def swayed() -> Snapshot:
    """Describe visitors of whom half came by a campaign with a name in it, and are ten times as likely to buy."""
    by_hers = pl.int_range(pl.len()) % 2 == 0
    matched = pl.when(by_hers).then(pl.lit(["utm_campaign"])).otherwise(pl.lit([], pl.List(pl.String)))
    here = visitors(58, latitude=50.0, longitude=10.0).with_columns(
        utm_campaign=pl.when(by_hers).then(pl.lit(f"For {NAME}")),
        dimension_matches=matched,
        conversion_rate=pl.when(by_hers).then(0.2).otherwise(0.02),
        score=pl.when(pl.int_range(pl.len()) == 0).then(100.0).otherwise("score"),  # among the first of the list
        display_name=pl.when(pl.int_range(pl.len()) == 0).then(pl.lit(NAME)).otherwise("display_name"),
    )
    return Snapshot(here, events(), payments(), fetched_at=NOON)


@pytest.mark.parametrize("redact", [False, True])
def test_reasons_name_nobody(sent: Sent, *, redact: bool) -> None:
    live = shown(swayed(), redact=redact)
    ask(live, "describe", id=_clusters(live)[0][0])
    (description,) = sent.told("description")
    assert "×" in description["summary"]["why"]
    assert bool(traces(description)) is not redact


def test_a_description_is_of_those_who_are_shown(sent: Sent) -> None:
    live = shown(swayed(), redact=True)
    pseudonym = next(row.name for row in front(live).visitors.rows if row.name.startswith("Person"))
    cluster = _clusters(live)[0][0]
    said = []
    for text in (NAME, pseudonym):
        live.filter(text=text)
        ask(live, "describe", id=cluster)
        said.append(sent.told("description")[-1]["summary"])
    assert said[0]["title"] == "Everyone has left"
    assert said[1]["title"] != said[0]["title"]


def test_a_filter_names_nobody_who_has_left(sent: Sent) -> None:
    name = "Ada Lovelace"
    named = Snapshot(visitors(2, utm_campaign=name, customer_name=name), fetched_at=NOON)
    others = (Snapshot(visitors(2, utm_campaign="spring", city=city), fetched_at=NOON) for city in ("Bonn", "Lima"))
    live = shown(named, *others, redact=True)
    live.filter(utm_campaign=[name, "spring"])
    for _ in range(2):
        refreshed(live)
        assert front(live).filters.matched == 2
        assert front(live).filters.active[0].text == "(redacted), spring"
    assert "lovelace" not in str(sent).lower()
    live.close()


@pytest.mark.parametrize("count", [0, 1])
def test_filters_apply_to_what_is_shown(count: int) -> None:
    live = shown(moment(), redact=True)
    pseudonym = next(row.name for row in front(live).visitors.rows if row.name.startswith("Person"))
    live.filter(text=pseudonym if count else NAME)
    assert len(front(live).visitors.rows) == live.selection.height == count
