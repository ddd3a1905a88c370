"""A map as one file: what it holds, what it keeps to itself, and that nothing in it can be executed or asks anybody."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb import LiveMap
from datafast_nb.livemap.page import MOST_BYTES
from datafast_nb.schema import EVENTS, PAYMENTS, VISITORS
from datafast_nb.snapshot import Snapshot
from datafast_nb.widgets.protocol import Box
from tests.livemap.maps import ask, front, made, refreshed, set_in_browser, shown, until
from tests.livemap.pages import everything, held
from tests.livemap.sources import NOON, Scripted, people, visitors

HOSTILE = (
    "\"'><script>alert(1)</script><img src=x onerror=alert(2)></title></style><!--<script>\u2028\u202e" + 999 * "x"
)
URL = "javascript:alert(3)"


class Elements(HTMLParser):
    """The elements of a page."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def rows(schema: pl.Schema, **columns: Any) -> pl.DataFrame:
    """Return a frame of the schema with some columns, the others null; text columns take any one text."""
    height = max((len(values) for values in columns.values()), default=1)
    empty = pl.DataFrame({"row": range(height)})
    return empty.select(
        pl.lit(pl.Series(columns[name], dtype=dtype, strict=False) if name in columns else None).cast(dtype).alias(name)
        for name, dtype in schema.items()
    )


def with_text(schema: pl.Schema, text: str) -> pl.DataFrame:
    """Return two rows whose every text is the same."""
    return rows(schema, **{name: [text, text] for name, dtype in schema.items() if dtype == pl.String})


@cache
def busy() -> Snapshot:
    """Return a busy moment of the demo site."""
    at = datetime(2026, 2, 6, 15, 20, tzinfo=UTC)
    return dfn.demo.Site(seed=0, visitors=600, start=at, clock=lambda: at).snapshot()


def saved(snapshot: Snapshot, folder: Path, **options: Any) -> Path:
    """Save the map of a snapshot that no one looks at."""
    live = made(snapshot)
    until(lambda: live.snapshot is not None)
    file = live.save_html(folder / "now.html", **options)
    live.close()
    return file


@pytest.fixture(scope="module")
def page_of_a_busy_moment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the saved map of a busy moment."""
    return saved(busy(), tmp_path_factory.mktemp("busy"))


# What it holds


def test_it_holds_everybody_with_what_they_did_and_paid(page_of_a_busy_moment: Path) -> None:
    page = held(page_of_a_busy_moment)
    (moment,) = page.moments
    assert len(moment.visitors) == busy().visitors["visitor_id"].n_unique()
    assert len(moment.events) == busy().events.height
    assert len(moment.payments) == busy().payments.height
    assert moment.notes == ()
    assert page.box is None


def test_it_is_as_the_map_is(tmp_path: Path) -> None:
    live = shown(busy(), time_zone="Asia/Kolkata", theme="dark", height=700)
    ask(live, "viewport", zoom=4.0, south=40.0, west=-10.0, north=60.0, east=30.0)
    ask(live, "sort", by="newest")
    set_in_browser(live, color_by="device", projection="globe")
    ask(live, "select", id=front(live).visitors.rows[3].id)
    chosen = front(live).selected
    page = held(file := live.save_html(tmp_path / "now.html", redact=False))
    assert page.box == Box(40.0, -10.0, 60.0, 30.0)
    assert (page.sort, page.zone) == ("newest", "Asia/Kolkata")
    assert (page.settings.color_by, page.settings.projection, page.settings.theme) == ("device", "globe", "dark")
    assert chosen is not None
    assert page.selected == chosen.id
    assert page.moments[0].scales["device"].legend == front(live).legend.__class__(
        title=front(live).legend.title, swatches=front(live).legend.swatches
    )
    assert "--df-height: 700px" in file.read_text("utf-8")
    other = held(live.save_html(tmp_path / "now.html"))
    assert other.selected != chosen.id
    assert other.selected in {each.card.visitor.id for each in other.moments[0].visitors}
    live.close()


def test_it_holds_only_who_passes_the_filters_which_stay(tmp_path: Path) -> None:
    live = shown(busy())
    live.filter(country_code="DE", min_score=20)
    page = held(live.save_html(tmp_path / "now.html"))
    (moment,) = page.moments
    assert len(moment.visitors) == live.selection.height
    assert {each.traits["country_code"] for each in moment.visitors} == {"DE"}
    assert [(chip.text, chip.locked) for chip in moment.filters.active] == [("Germany", True), ("20", True)]
    assert (moment.filters.matched, moment.filters.total) == (live.selection.height, front(live).filters.total)
    kept = {each.card.visitor.id for each in moment.visitors}
    assert {each.visitor for each in moment.events} <= kept
    assert {each.row.visitor for each in moment.payments} <= kept
    live.close()


def test_several_sites_can_be_told_apart(tmp_path: Path) -> None:
    live = LiveMap({"shop": Scripted([people(3)]), "blog": Scripted([people(2)])}, every=3600)
    until(lambda: live.snapshot is not None and live.snapshot.visitors.height == 5)
    (moment,) = held(live.save_html(tmp_path / "now.html")).moments
    assert sorted(each.card.visitor.site for each in moment.visitors) == ["blog"] * 2 + ["shop"] * 3
    assert "site" in moment.scales
    live.close()
    (alone,) = held(saved(people(2), tmp_path)).moments
    assert "site" not in alone.scales


def test_what_is_not_known_is_null(tmp_path: Path) -> None:
    strange = Snapshot(rows(VISITORS), rows(EVENTS), rows(PAYMENTS, amount=[float("nan")]), fetched_at=NOON)
    (moment,) = held(saved(strange, tmp_path)).moments
    (person,), (paid,) = moment.visitors, moment.payments
    assert (person.latitude, person.score, person.worth, person.card.visitor.id) == (None, None, None, None)
    assert (paid.amount, paid.currency, paid.counts) == (None, None, False)
    assert "no predictions for this site yet" in moment.notes
    assert held(saved(Snapshot(fetched_at=NOON), tmp_path)).moments[0].notes == ("nobody was here",)


# What it keeps to itself


def personal() -> Snapshot:
    """Return a moment full of names and addresses."""
    name, mail = "Ada Lovelace", "ada@example.org"
    data = '{"first":"Ada","mail":"ada@example.org","friend":"Grace Hopper"}'
    return Snapshot(
        visitors(2, customer_name=name, display_name=name, customer_email=mail, utm_source=mail, utm_campaign=name),
        rows(EVENTS, customer_name=[name], display_name=[name], extra_data=[data], path=[f"/thanks/{mail}"]),
        rows(PAYMENTS, name=[name], email=[mail], display_name=["Ada"], amount=[5.0], currency=["USD"]),
        fetched_at=NOON,
    )


def test_names_and_addresses_are_nowhere_in_it(tmp_path: Path) -> None:
    text = everything(saved(personal(), tmp_path)).lower().replace("@redacted.invalid", "")
    for word in ("ada", "lovelace", "example.org", "hopper", "@"):
        assert word not in text
    assert "names are left out." in text


def test_no_name_of_the_demo_site_is_in_its_page(page_of_a_busy_moment: Path) -> None:
    text = everything(page_of_a_busy_moment)
    frames = (busy().visitors, busy().events, busy().payments)
    columns = {"customer_name", "customer_email", "display_name", "name", "email"}
    known = {value for frame in frames for name in columns & set(frame.columns) for value in frame[name].drop_nulls()}
    assert len(known) > 50
    assert [value for value in known if value in text or value.lower() in text] == []


def test_the_filters_and_colors_name_nobody(tmp_path: Path) -> None:
    live = shown(personal(), color_by="channel")
    live.filter(text="lovelace", utm_campaign="Ada Lovelace")
    file = live.save_html(tmp_path / "now.html")
    assert held(file).moments[0].filters.matched == 2
    assert "lovelace" not in everything(file).lower()
    assert "ada@" not in everything(file).lower()
    live.close()


def test_a_filter_does_not_name_who_has_left(tmp_path: Path) -> None:
    live = shown(personal(), people(3, utm_campaign="spring", utm_source="news"))
    live.filter(utm_campaign=["Ada Lovelace", "spring"], channel="news")
    refreshed(live)
    assert live.selection.height == 3
    file = live.save_html(tmp_path / "now.html")
    assert "Ada Lovelace" not in everything(file)
    assert [chip.text for chip in held(file).moments[0].filters.active] == ["news", "(redacted)"]
    picture = live.save_image(tmp_path / "now.svg").read_text()
    assert "Lovelace" not in picture
    assert "Channel: news" in picture
    assert "Ada Lovelace" in everything(live.save_html(tmp_path / "now.html", redact=False))
    live.close()


def test_with_names_the_page_warns_of_them(tmp_path: Path) -> None:
    text = everything(saved(personal(), tmp_path, redact=False))
    assert "Ada Lovelace" in text
    assert "ada@example.org" in text
    assert "Names are included: be careful who you share this with." in text


def test_a_map_without_names_is_saved_as_it_is_filtered_there(tmp_path: Path) -> None:
    named = people(9, display_name=pl.Series([f"Ada {it} Lovelace" for it in range(9)]), is_random_name=False)
    live = shown(named, redact=True)
    live.filter(text=live._shown.visitors["display_name"][4])
    assert live.selection.height == 1
    for redact in (True, False):
        file = live.save_html(tmp_path / "now.html", redact=redact)
        assert len(held(file).moments[0].visitors) == 1
        assert ("Lovelace" in everything(file)) is not redact
    live.close()


# Hostile input


@pytest.mark.parametrize("text", [HOSTILE, URL, "\x00\x1b\ud7ff\u2067&#x3c;b&gt;"], ids=["markup", "url", "controls"])
@pytest.mark.parametrize("redact", [True, False])
def test_nothing_that_strangers_write_becomes_an_element_or_is_executed(
    text: str, tmp_path: Path, page_of_a_busy_moment: Path, *, redact: bool
) -> None:
    frames = (with_text(schema, text) for schema in (VISITORS, EVENTS, PAYMENTS))
    document = saved(Snapshot(*frames, fetched_at=NOON), tmp_path, title=text, redact=redact).read_text("utf-8")
    calm = Elements(page_of_a_busy_moment.read_text("utf-8")).found
    found = Elements(document).found
    assert [(tag, sorted(attributes)) for tag, attributes in found] == [(tag, sorted(names)) for tag, names in calm]
    assert "<script>alert" not in document
    assert "\u202e" not in document
    assert "\u2067" not in document


def test_the_policy_allows_its_own_script_and_style_and_nothing_else(page_of_a_busy_moment: Path) -> None:
    document = page_of_a_busy_moment.read_text("utf-8")
    (policy,) = (each["content"] for _, each in Elements(document).found if each.get("http-equiv"))
    (script,) = re.findall(r'<script type="module">(.*?)</script>', document, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", document, re.DOTALL)
    of_script, of_style = (b64encode(sha256(each.encode()).digest()).decode() for each in (script, style))
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{of_script}'; style-src 'sha256-{of_style}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    assert not {tag for tag, _ in Elements(document).found} & {"link", "iframe", "object", "embed", "base", "form", "a"}
    assert not [each for _, each in Elements(document).found if {"src", "href", "style"} & each.keys()]


# What it costs


def test_any_number_of_visitors_fits(tmp_path: Path) -> None:
    strange = pl.int_range(6_000).hash(7).cast(pl.String)  # hardly anything to compress
    crowd = people(6_000, city=strange, region=strange.reverse(), utm_campaign=strange)
    file = saved(crowd, tmp_path)
    (moment,) = held(file).moments
    assert 0.9 * MOST_BYTES < file.stat().st_size <= MOST_BYTES
    assert len(moment.visitors) > 500
    assert f"the {len(moment.visitors):,} of 6,000 visitors who are most likely to buy" in moment.notes
    scores = crowd.visitors.filter(~pl.col("is_customer"))["score"].sort(descending=True)
    assert min(each.score or 0 for each in moment.visitors) == scores[len(moment.visitors) - 1]


def test_a_page_of_hundreds_of_visitors_has_room_to_spare(page_of_a_busy_moment: Path) -> None:
    assert page_of_a_busy_moment.stat().st_size < 0.9 * MOST_BYTES


# Of a live map


def test_the_same_moment_gives_the_same_bytes(tmp_path: Path) -> None:
    assert saved(people(50), tmp_path).read_bytes() == saved(people(50), tmp_path).read_bytes()


def test_a_live_map_that_has_no_answer_yet_says_that_there_is_nothing_to_save(tmp_path: Path) -> None:
    source = Scripted([people(1)])
    source.gate.clear()
    live = LiveMap(source, every=3600)
    with pytest.raises(RuntimeError, match="There is no snapshot to save yet"):
        live.save_html(tmp_path / "now.html")
    source.gate.set()
    live.close()


def of_a_replay(folder: Path, moments: list[pl.DataFrame], shown: int, **filters: Any) -> Path:
    """Save the map of a replay with these visitors, one moment a minute, that shows one of the moments."""
    with dfn.History(folder / "site") as history:
        for minute, rows_of_minute in enumerate(moments):
            history.append(Snapshot(rows_of_minute, fetched_at=NOON + timedelta(minutes=minute)))
    replay = history.replay()
    replay.pause()
    replay.seek(NOON + timedelta(minutes=shown))
    live = LiveMap(replay)
    until(lambda: live.snapshot is not None and live.snapshot.fetched_at == NOON + timedelta(minutes=shown))
    live.filter(**filters)
    file = live.save_html(folder / "then.html")
    live.close()
    return file


def test_a_replay_that_hardly_fits_is_saved_with_fewer_moments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = [visitors(9) for _ in range(4)]
    whole = of_a_replay(tmp_path / "whole", moments, 1)
    assert len(held(whole).moments) == 4
    monkeypatch.setattr("datafast_nb.livemap.page.MOST_BYTES", whole.stat().st_size - 1)
    page = held(file := of_a_replay(tmp_path / "less", moments, 1))
    assert file.stat().st_size < whole.stat().st_size
    assert [round(each.clock / 1000 - NOON.timestamp()) for each in page.moments] == [0, 60, 180]  # both ends stay
    assert page.first == 1


def test_who_is_known_at_one_moment_is_named_at_none(tmp_path: Path) -> None:
    name = "Ada Lovelace"
    before = visitors(2, current_url="https://example.org/of/ada-lovelace", utm_campaign=name)
    moments = [before, before.with_columns(customer_name=pl.lit(name)), visitors(1, utm_campaign="spring")]
    file = of_a_replay(tmp_path, moments, 1, utm_campaign=[name, "spring"])
    assert [len(each.visitors) for each in held(file).moments] == [2, 2, 1]
    assert "lovelace" not in everything(file).lower()


def test_of_a_long_replay_there_are_fewer_moments_and_no_fewer_visitors(tmp_path: Path) -> None:
    with dfn.History(tmp_path / "site") as history:
        for minute in range(40):
            strange = pl.int_range(150).hash(minute).cast(pl.String)
            rows_of_minute = visitors(150, city=strange, region=strange.reverse(), utm_campaign=strange)
            history.append(Snapshot(rows_of_minute, fetched_at=NOON + timedelta(minutes=minute)))
    replay = history.replay()
    replay.pause()
    replay.seek(NOON + timedelta(minutes=7))
    live = LiveMap(replay)
    until(lambda: live.snapshot is not None and live.snapshot.fetched_at == NOON + timedelta(minutes=7))
    page = held(file := live.save_html(tmp_path / "then.html"))
    live.close()
    assert file.stat().st_size <= MOST_BYTES
    assert 2 < len(page.moments) < 24
    assert {len(each.visitors) for each in page.moments} == {150}
    assert page.moments[page.first].clock == (NOON + timedelta(minutes=7)).timestamp() * 1000
