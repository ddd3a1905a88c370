"""Pictures and pages of what a map shows: filters, colors, the part of the world, the selected visitor."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from xml.etree import ElementTree as ET

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.livemap import LiveMap
from datafast_nb.widgets.protocol import SelectVisitor, ShowViewport
from tests.history.moments import after, demo
from tests.livemap.maps import VIEW, ask, displayed, front, made, settle, shown, until
from tests.livemap.pages import everything, held
from tests.livemap.sources import people
from tests.livemap.test_prospects import modeled

SVG = "{http://www.w3.org/2000/svg}"
CITIES = [("Berlin", "DE", 52.5, 13.4, "google"), ("Paris", "FR", 48.9, 2.4, "bing"), ("Tokyo", "JP", 35.7, 139.7, "x")]


def site(**columns: object) -> dfn.Snapshot:
    """Give nine visitors in Berlin, Paris and Tokyo."""
    names = ("city", "country_code", "latitude", "longitude", "utm_source")
    held = {name: pl.Series([CITIES[it % 3][at] for it in range(9)]) for at, name in enumerate(names)}
    return people(9, **{**held, **columns})


def picture(live: LiveMap, folder: Path, **options: object) -> ET.Element:
    return ET.fromstring(live.save_image(folder / "map.svg", **options).read_text(encoding="utf-8"))  # type: ignore[arg-type]


def words(drawn: ET.Element) -> str:
    return " ".join(text for text in drawn.itertext() if text.strip())


def spots(drawn: ET.Element) -> list[ET.Element]:
    return [it for it in drawn.iter(f"{SVG}circle") if it.get("class") == "spot"]


def numbers(drawn: ET.Element) -> int:
    """Give how many visitors the circles' numbers say; a circle without one stands for one."""
    groups = [it for it in drawn.iter(f"{SVG}g") if it.find(f"{SVG}circle[@class='spot']") is not None]
    return sum(int(getattr(it.find(f"{SVG}text"), "text", None) or 1) for it in groups)


def test_it_shows_who_passes_the_filters_and_says_which(tmp_path: Path) -> None:
    with_filter = shown(site())
    assert numbers(picture(with_filter, tmp_path)) == 9
    with_filter.filter(country_code=["DE", "FR"])
    drawn = picture(with_filter, tmp_path)
    assert numbers(drawn) == 6
    assert "6 of 9 visitors. Country: Germany, France" in words(drawn)
    assert "Names are left out." in words(drawn)
    with_filter.close()


def test_it_shows_the_colors_and_their_legend(tmp_path: Path) -> None:
    live = shown(site(), color_by="channel")
    drawn = picture(live, tmp_path)
    assert "Channel, the commonest of each place" in words(drawn)
    assert "google" in words(drawn)
    assert len({it.get("fill") for it in spots(drawn)}) > 1
    live.color_by = "score"
    assert "50 is the site's average visitor" in words(picture(live, tmp_path))
    live.close()


def test_it_shows_the_part_of_the_world_that_the_view_shows(tmp_path: Path) -> None:
    live = shown(site())
    live._take(ShowViewport(view=VIEW, zoom=4.0, south=40.0, west=-10.0, north=60.0, east=30.0))
    drawn = picture(live, tmp_path)
    assert numbers(drawn) == 6  # not Tokyo
    assert float(drawn.get("width", "0")) == pytest.approx(40 / 360 * 256 * 2**4, abs=40)
    inner = drawn.find(f"{SVG}svg")
    assert inner is not None
    width, height = float(inner.get("width", "0")), float(inner.get("height", "0"))
    for group in (it for it in drawn.iter(f"{SVG}g") if it.find(f"{SVG}circle[@class='spot']") is not None):
        x, y = (float(each) for each in re.findall(r"[\d.]+", group.get("transform", "")))
        assert 0 < x < width
        assert 0 < y < height
    live.close()


def test_a_view_across_the_date_line_draws_each_place_once_and_in_sight(tmp_path: Path) -> None:
    live = shown(people(4, latitude=0.0, longitude=pl.Series([179.0, -179.0, 170.0, -170.0])))
    live._take(ShowViewport(view=VIEW, zoom=4.0, south=-20.0, west=160.0, north=20.0, east=200.0))
    drawn = picture(live, tmp_path)
    assert numbers(drawn) == 4
    places = [
        float(re.findall(r"[\d.-]+", it.get("transform", ""))[0])
        for it in drawn.iter(f"{SVG}g")
        if it.get("transform", "").endswith(")")
    ]
    assert all(0 < x < 480 for x in places[: len(spots(drawn))])
    live.close()


def test_it_rings_the_selected_visitor(tmp_path: Path) -> None:
    live = shown(site())
    assert not [it for it in picture(live, tmp_path).iter() if it.get("class") == "selected"]
    live._take(SelectVisitor(view=VIEW, id=str(live._frame.visitors["_key"][0])))
    assert len([it for it in picture(live, tmp_path).iter() if it.get("class") == "selected"]) == 1
    live.close()


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_a_png_has_the_width_and_the_scale(tmp_path: Path, scale: float) -> None:
    live = shown(site())
    content = live.save_image(tmp_path / "map.PNG", width=600, scale=scale).read_bytes()
    assert struct.unpack_from(">I", content, 16) == (600 * scale,)
    live.close()


def test_a_pdf_is_one(tmp_path: Path) -> None:
    live = shown(site())
    assert live.save_image(tmp_path / "map.pdf").read_bytes().startswith(b"%PDF")
    live.close()


def test_names_are_left_out_unless_told_otherwise(tmp_path: Path) -> None:
    named = site(
        display_name="Ada Lovelace",
        utm_source="by Ada Lovelace",
        customer_email="ada@example.com",
        referrer="https://x.example/?m=ada@example.com",
    )
    live = shown(named, color_by="channel")
    live.filter(text="lovelace", channel=["by Ada Lovelace"])
    text = words(picture(live, tmp_path))
    assert "lovelace" not in text.lower()
    assert "ada@" not in text
    assert "Search: (redacted)" in text
    drawn = words(picture(live, tmp_path, redact=False))
    assert "by Ada Lovelace" in drawn
    assert "Search: lovelace" in drawn
    assert "Names are included" in drawn
    live.close()


def test_who_is_filtered_out_is_not_named_in_what_is_left(tmp_path: Path) -> None:
    rows = site(
        display_name=pl.Series(["Ada Lovelace", *[None] * 8]),
        is_random_name=False,
        current_url=pl.Series([None, "/by?name=Ada+Lovelace", *[None] * 7]),
    )
    live = shown(rows)
    live.filter(country_code="FR")
    assert "Lovelace" not in everything(live.save_html(tmp_path / "now.html"))
    live.close()


def test_a_model_s_map_is_saved_with_what_the_model_predicts(tmp_path: Path) -> None:
    live = modeled(site(is_customer=pl.int_range(9, eager=True) == 4), color_by="probability")
    live._take(SelectVisitor(view=VIEW, id=str(live._frame.visitors["_key"][5])))
    live.filter(country_code=["FR", "JP"])
    drawn, page = picture(live, tmp_path), held(live.save_html(tmp_path / "now.html"))
    (sales,) = (it for it in front(live).figures if it.label == "Expected sales")
    assert f"{sales.label} {sales.value} {sales.note}" in words(drawn)
    assert "Expected value" not in words(drawn)
    assert "Probability to buy" in words(drawn)
    assert numbers(drawn) == 6
    assert len([ring for ring in drawn.iter() if ring.get("class") == "selected"]) == 1
    (moment,) = page.moments
    assert moment.sales == sales
    assert page.controls.modeled
    assert page.selected in {each.card.visitor.id for each in moment.visitors}
    listed = sorted(moment.visitors, key=lambda each: each.probability or 0, reverse=True)
    assert [each.card.visitor.probability for each in listed] == ["8.0%", "7.0%", "5.0%", "2.0%", "1.0%", ""]
    assert [each.card.visitor.value for each in listed] == ["$8.00", "$7.00", "$5.00", "$2.00", "$1.00", ""]
    live.close()


def test_a_replay_is_saved_as_of_the_moment_that_it_shows(tmp_path: Path) -> None:
    with dfn.History(tmp_path / "site") as history:
        for seconds in range(0, 1_200, 60):
            history.append(demo(seconds, 40 + seconds // 60))
    replay = history.replay()
    replay.pause()
    live = displayed(LiveMap(replay))
    live.filter(min_score=20)
    for seconds in (300, 900):
        ask(live, "seek", at=after(seconds).timestamp() * 1000, turn="a turn")
        settle(live)
        moment = f"{after(seconds):%Y-%m-%d %H:%M} UTC"
        drawn, page = picture(live, tmp_path), held(live.save_html(tmp_path / "now.html"))
        note = f"{live.selection.height:,} of {history.at(after(seconds)).visitors.height:,} visitors. Score from: 20"
        assert f"As of {moment}. Names are left out." in words(drawn)
        assert note in words(drawn)
        assert numbers(drawn) == live.selection.drop_nulls("latitude").height
        assert len(page.moments) == 20
        assert all(each.notes == () for each in page.moments)
        first = page.moments[page.first]
        assert first.clock == after(seconds).timestamp() * 1000
        assert len(first.visitors) == live.selection.height
        assert [each.clock for each in page.moments] == sorted(each.clock for each in page.moments)
        assert replay.now == after(seconds)
    live.close()


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>]]>&\x00\ufffe\u202e"
    live = shown(site(utm_source=hostile, city=hostile, display_name=hostile), color_by="channel")
    live.filter(channel=[hostile])
    drawn = picture(live, tmp_path, title=hostile, redact=False)  # it parses
    assert not list(drawn.iter(f"{SVG}script"))
    assert "alert(1)" in words(drawn)
    assert live.save_image(tmp_path / "map.png", title=hostile).stat().st_size
    live.close()


def test_an_empty_map_is_drawn(tmp_path: Path) -> None:
    live = shown(dfn.Snapshot())
    assert not spots(picture(live, tmp_path))
    live.filter(min_score=99)
    assert not spots(picture(live, tmp_path))
    live.close()


def test_a_map_that_was_never_displayed_shows_the_world(tmp_path: Path) -> None:
    live = made(site())
    live.start()
    until(lambda: live.snapshot is not None)
    assert numbers(picture(live, tmp_path)) == 9
    live.close()


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("map.pgn", {}, r"Did you mean '\.png'\? There are: \.png, \.svg, \.pdf"),
        ("", {}, "is a folder: give a file"),
        ("map.png", {"scale": 0}, "scale is 0"),
        ("map.png", {"width": 1e9}, "width is 1e"),
    ],
)
def test_what_cannot_be_drawn_is_refused(tmp_path: Path, name: str, options: dict[str, float], says: str) -> None:
    live = shown(site())
    with pytest.raises(ValueError, match=says):
        live.save_image(tmp_path / name, **options)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
    live.close()


def test_before_the_first_answer_there_is_nothing_to_draw(tmp_path: Path) -> None:
    live = made(ConnectionError("nobody there"))
    with pytest.raises(RuntimeError, match="There is no snapshot to save yet"):
        live.save_image(tmp_path / "map.png")
    live.close()
