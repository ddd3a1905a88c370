"""The page of one moment: what it says, what it keeps to itself, and that nothing in it can be executed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb import LiveMap
from datafast_nb.livemap.colors import CUSTOMER, DIVERGING, NO_SCORE
from datafast_nb.livemap.page import page
from datafast_nb.livemap.page.tables import MOST_ROWS
from datafast_nb.schema import EVENTS, PAYMENTS, VISITORS
from datafast_nb.snapshot import Snapshot
from tests.livemap.maps import until
from tests.livemap.sources import NOON, Scripted, people, visitors

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)></title></style><!--\u202e" + "x" * 10_000
URL = "javascript:alert(3)"
VOID = {"meta", "br", "img", "link", "input"}


@dataclass
class Document(HTMLParser):
    """What a browser would make of a page: its elements, its text, and whether all is closed that was opened."""

    source: str
    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "title"} & set(self.open):
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    @property
    def tags(self) -> set[str]:
        return {tag for tag, _ in self.elements}


def section(document: str, heading: str) -> str:
    """Return the HTML of one of the three lists."""
    found = re.search(rf'<section class="{heading.lower()}">.*?</section>', document, re.DOTALL)
    assert found
    return found[0]


def cells(document: str, heading: str, column: str) -> list[str]:
    """Return the text of a column of one of the lists."""
    found = re.findall(rf'<td class="{column}">(.*?)</td>', section(document, heading), re.DOTALL)
    return [Document(cell).text for cell in found]


def svg(document: str) -> ET.Element:
    """Return the map."""
    found = re.findall(r"<svg.*?</svg>", document, re.DOTALL)
    assert len(found) == 1
    return ET.fromstring(found[0])


def spots(document: str) -> list[ET.Element]:
    """Return the clusters on the map."""
    return [group for group in svg(document).iter("g") if group.find("title") is not None]


def places(document: str) -> list[tuple[float, float]]:
    """Return where the clusters are on the map."""
    found = (re.findall(r"[-\d.]+", group.attrib["transform"]) for group in spots(document))
    return [(float(x), float(y)) for x, y in found]


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


@cache
def busy_page() -> str:
    """Return its page."""
    return page(busy())


# What it says


def test_the_figures_are_those_of_the_snapshot() -> None:
    shown, totals = Document(busy_page()).text, dfn.summary(busy()).row(0, named=True)
    assert "as of 2026-02-06 15:20 UTC" in shown
    assert f"Visitors now {busy().visitors.height:,}" in shown
    assert f"Customers {totals['customers']:,}" in shown
    assert f"Expected value ${totals['expected_value']:,.0f}" in shown


def test_revenue_is_told_for_each_currency_and_never_added() -> None:
    payments = rows(PAYMENTS, amount=[10.0, 20.0, 400.0, None], currency=["USD", "eur", "JPY", "USD"])
    document = page(Snapshot(payments=payments, fetched_at=NOON))
    figures = document[document.index("Revenue") : document.index("</dl>")]
    assert Document(f"<p>{figures.split('</dd>')[0].split('<dd>')[1]}</p>").text == "$10.00 €20.00 ¥400"
    assert sorted(cells(document, "Payments", "amount")) == ["$10.00", "¥400", "–", "€20.00"]
    assert "430" not in document[document.index("<main") :]


def test_likely_buyers_come_first_and_customers_last() -> None:
    document = page(people(60))
    scores = cells(document, "Visitors", "score")
    known = [int(score.split()[0]) for score in scores if score != "–"]
    assert known == sorted(known, reverse=True)
    assert scores[-2:] == ["–", "–"]
    assert "customer" in cells(document, "Visitors", "who")[-1]


def test_a_visitor_is_described_in_one_row() -> None:
    one = visitors(
        1,
        display_name="Ada Lovelace",
        customer_email="ada@example.org",
        city="London",
        country_code="GB",
        device="mobile",
        browser="Safari",
        current_url="https://example.com/pricing?plan=pro",
        utm_source="newsletter",
        visit_count=3,
        session_start_time=NOON - timedelta(minutes=4),
        score=72.4,
        confidence=0.4,
        expected_value=8.5,
    )
    document = page(Snapshot(one, fetched_at=NOON), redact=False)
    columns = ("who", "place", "device", "way", "visit", "stay", "score", "value")
    assert [cells(document, "Visitors", column)[0] for column in columns] == [
        "Ada Lovelace ada@example.org",
        "London, United Kingdom",
        "mobile · Safari",
        "newsletter → /pricing",
        "3",
        "4 min",
        "72 low confidence 0.40",
        "$8.50",
    ]


def test_each_list_says_how_many_of_how_many_it_shows() -> None:
    document = busy_page()
    for heading, frame in (("Visitors", busy().visitors), ("Events", busy().events), ("Payments", busy().payments)):
        shown = section(document, heading)
        count = f"{MOST_ROWS} of {frame.height:,}" if frame.height > MOST_ROWS else f"all {frame.height:,}"
        assert f"<caption>{count}, " in shown
        assert shown.count("<tr>") == 1 + min(frame.height, MOST_ROWS)


def test_events_are_newest_first_and_none_is_in_the_future() -> None:
    ago = [500, 65, -3_000_000, 2, 7_500, None]
    times = [None if seconds is None else NOON - timedelta(seconds=seconds) for seconds in ago]
    events = rows(EVENTS, timestamp=times, type=["pageview"] * 6, path=["/a"] * 6)
    shown = cells(page(Snapshot(events=events, fetched_at=NOON)), "Events", "when")
    assert shown == ["just now", "2 s ago", "65 s ago", "8 min ago", "2 h ago", "–"]


def test_a_visit_that_begins_in_the_future_has_just_begun() -> None:
    document = page(people(1, session_start_time=NOON + timedelta(hours=1)))
    assert cells(document, "Visitors", "stay") == ["just now"]


def test_a_refund_a_renewal_and_a_first_payment_are_told_apart() -> None:
    payments = rows(
        PAYMENTS,
        amount=[-5.0, 9.0, 9.0],
        currency=["USD"] * 3,
        renewal=[False, True, False],
        is_new=[True, False, True],
    )
    shown = cells(page(Snapshot(payments=payments, fetched_at=NOON)), "Payments", "amount")
    assert shown == ["-$5.00 refund", "$9.00 renewal", "$9.00 new"]


def test_several_sites_are_named_and_a_single_one_is_not() -> None:
    one, other = people(2, visitor_id="a"), people(1, visitor_id="b")
    both = page(Snapshot.of_sites({"shop": one, "<b>blog</b>": other}))
    assert sorted(cells(both, "Visitors", "site")) == ["<b>blog</b>", "shop", "shop"]
    assert 'class="site"' not in page(Snapshot.of_sites({"shop": one}))


# The map


def test_everybody_with_a_location_is_on_the_map() -> None:
    document = page(people(5000))
    counts = [int(re.match(r"[\d,]+", group.find("title").text)[0].replace(",", "")) for group in spots(document)]  # type: ignore[index,union-attr,arg-type]
    assert sum(counts) == 5000
    assert "not on the map" not in document


def test_those_without_a_location_are_counted() -> None:
    latitude = pl.when(pl.int_range(10) < 3).then(None).otherwise(50.0)
    document = page(people(10, latitude=latitude, longitude=float("nan")))
    assert "10 not on the map: no location" in Document(document).text
    document = page(people(10, latitude=latitude, longitude=8.0))
    assert "3 not on the map: no location" in Document(document).text


def test_an_arc_is_as_long_as_the_share_of_customers() -> None:
    document = page(people(8, latitude=50.0, longitude=8.0, is_customer=pl.int_range(8) < 2))
    (cluster,) = spots(document)
    (arc,) = [circle for circle in cluster if circle.get("class") == "share"]
    assert arc.attrib["stroke-dasharray"] == "25.0 75.0"
    assert arc.attrib["pathLength"] == "100"
    assert arc.attrib["stroke"] == CUSTOMER
    assert cluster.find("title").text == "8 visitors, 2 customers (25%), mean score 49, expected value $9.00"  # type: ignore[union-attr]


def test_a_circle_has_the_color_of_its_mean_score_and_grows_with_its_visitors() -> None:
    longitude = pl.when(pl.int_range(40) < 1).then(-100.0).otherwise(100.0)
    everybody = people(40, latitude=0.0, longitude=longitude, score=80.0, is_customer=False)
    circles = [cluster.find("circle") for cluster in spots(page(everybody))]
    large, small = (circle.attrib for circle in circles if circle is not None)
    assert large["fill"] == small["fill"] == DIVERGING[100]
    assert float(large["r"]) > 2 * float(small["r"])


@pytest.mark.parametrize("score", [None, float("nan"), float("inf")])
def test_who_has_no_real_score_is_gray(score: float | None) -> None:
    document = page(people(3, score=score, latitude=50.0, longitude=8.0))
    assert f'fill="{NO_SCORE}"' in document
    assert "no score" in Document(document).text
    assert "nan" not in Document(document).text.lower()
    assert "inf" not in Document(document).text.lower()


@pytest.mark.parametrize(
    ("latitudes", "longitudes"),
    [([50.0, 51.0], [8.0, 9.0]), ([-17.0, -18.0], [179.0, -179.0]), ([90.0, -90.0], [0.0, 0.0])],
    ids=["a country", "the date line", "the poles"],
)
def test_the_map_is_fitted_to_where_the_visitors_are(latitudes: list[float], longitudes: list[float]) -> None:
    everybody = rows(VISITORS, latitude=latitudes, longitude=longitudes)
    document = page(Snapshot(everybody, fetched_at=NOON))
    _, _, width, height = map(float, svg(document).attrib["viewBox"].split())
    assert len(places(document)) == len(latitudes)
    assert all(0 < x < width and 0 < y < height for x, y in places(document))
    assert sum(x for x, _ in places(document)) / len(latitudes) == pytest.approx(width / 2, abs=12)


def test_neighbors_across_the_date_line_are_drawn_near_each_other() -> None:
    everybody = rows(VISITORS, latitude=[-17.0, -17.0], longitude=[178.0, -178.0])
    (one, _), (other, _) = places(page(Snapshot(everybody, fetched_at=NOON)))
    assert abs(one - other) < 200


@pytest.mark.parametrize("longitudes", [[-170.0, 170.0, 0.0, 90.0, -90.0], [178.0, -178.0]], ids=["world", "date line"])
def test_there_is_land_on_both_sides_of_the_map(longitudes: list[float]) -> None:
    everybody = rows(VISITORS, latitude=[65.0] * len(longitudes), longitude=longitudes)
    land = next(path for path in svg(page(Snapshot(everybody))).iter("path") if path.get("class") == "land")
    starts = [float(x) for x in re.findall(r"M(-?[\d.]+)", land.attrib["d"])]
    assert min(starts) < 240
    assert max(starts) > 720


# Designed states


def test_an_empty_site_says_so_in_every_part() -> None:
    shown = Document(page(Snapshot(fetched_at=NOON))).text
    assert "Nobody is here right now" in shown
    assert "Nobody was on the website at 12:00:00 UTC." in shown
    assert "Nothing happened in these ten minutes." in shown
    assert "No payment in these ten minutes." in shown
    assert "Expected value – Revenue, 10 min –" in shown


def test_visitors_without_any_location_leave_a_map_that_says_so() -> None:
    assert "No visitor has a known location" in Document(page(people(3, latitude=None))).text


def test_without_predictions_there_are_no_columns_for_them() -> None:
    document = page(people(3, score=None, confidence=None, expected_value=None))
    assert "no predictions for this site yet" in document
    assert 'class="score"' not in document
    assert "score 0" not in Document(document).text
    assert "latest first" in document


def test_rows_of_nothing_but_nulls_are_shown() -> None:
    document = page(Snapshot(rows(VISITORS), rows(EVENTS), rows(PAYMENTS), fetched_at=NOON))
    assert cells(document, "Visitors", "who") == ["Visitor"]
    assert cells(document, "Events", "who") == ["Visitor"]
    assert cells(document, "Payments", "who") == ["Somebody"]
    assert "None" not in Document(document).text


# What it keeps to itself


def personal() -> Snapshot:
    """Return a moment full of names and addresses."""
    name, mail = "Ada Lovelace", "ada@example.org"
    data = '{"first":"Ada","mail":"ada@example.org","friend":"Grace Hopper"}'
    return Snapshot(
        visitors(2, customer_name=name, display_name=name, customer_email=mail, utm_source=mail),
        rows(EVENTS, customer_name=[name], display_name=[name], extra_data=[data], path=[f"/thanks/{mail}"]),
        rows(PAYMENTS, name=[name], email=[mail], display_name=["Ada"], amount=[5.0], currency=["USD"]),
        fetched_at=NOON,
    )


def test_names_and_addresses_are_nowhere_in_the_page() -> None:
    document = page(personal())
    for word in ("Ada", "Lovelace", "example.org", "Hopper", "@"):
        assert word not in document.split("</style>")[1]
    assert "Names are pseudonyms" in Document(document).text


def test_no_name_of_the_demo_site_is_in_its_page() -> None:
    shown = busy_page().split("</style>")[1]
    frames = (busy().visitors, busy().events, busy().payments)
    columns = {"customer_name", "customer_email", "display_name", "name", "email"}
    known = {value for frame in frames for name in columns & set(frame.columns) for value in frame[name].drop_nulls()}
    assert len(known) > 50
    assert [value for value in known if value in shown] == []


def test_one_person_has_one_pseudonym_in_all_lists() -> None:
    snapshot = personal()
    same = Snapshot(
        snapshot.visitors, snapshot.events, snapshot.payments.with_columns(display_name="name"), fetched_at=NOON
    )
    document = page(same)
    found = {cells(document, heading, "who")[0] for heading in ("Visitors", "Events", "Payments")}
    assert len(found) == 1
    assert re.fullmatch(r"Person \w+", found.pop())


def test_with_names_the_page_warns_of_them() -> None:
    shown = Document(page(personal(), redact=False)).text
    assert "Ada Lovelace" in shown
    assert "ada@example.org" in shown
    assert "Grace Hopper" in shown
    assert "This page holds names and e-mail addresses" in shown


# Hostile input


@pytest.mark.parametrize("text", [HOSTILE, URL, "\x00\x1b\ud7ff\u2067&#x3c;b&gt;"], ids=["markup", "url", "controls"])
@pytest.mark.parametrize("redact", [True, False])
def test_nothing_that_strangers_write_becomes_an_element_or_is_executed(text: str, *, redact: bool) -> None:
    frames = (with_text(schema, text) for schema in (VISITORS, EVENTS, PAYMENTS))
    document = page(Snapshot(*frames, fetched_at=NOON), title=text, redact=redact)
    parsed, calm = Document(document), Document(busy_page())
    assert parsed.tags <= calm.tags | {"small"}
    for _, attributes in parsed.elements:
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "href", "srcdoc", "action"}]
        assert not [value for value in attributes.values() if value and "javascript:" in value]
    svg(document)
    assert "x" * 81 not in document
    assert "\u202e" not in document
    assert "\u2067" not in document


def test_every_text_of_a_stranger_is_isolated_from_its_surroundings() -> None:
    frames = (with_text(schema, "שלום") for schema in (VISITORS, EVENTS, PAYMENTS))
    document = page(Snapshot(*frames, fetched_at=NOON), title="שלום", redact=False)
    assert document.count("שלום") > 20
    assert "שלום" not in re.sub(r"<bdi>[^<]*</bdi>|<title>[^<]*</title>", "", document)


def test_the_page_asks_nobody_for_anything() -> None:
    document = busy_page()
    parsed = Document(document)
    assert not parsed.tags & {"script", "link", "iframe", "object", "embed", "img", "base", "form", "a", "use", "image"}
    assert "url(" not in document
    assert "@import" not in document
    assert "://" not in document
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert {"http-equiv": "Content-Security-Policy", "content": policy} in [attrs for _, attrs in parsed.elements]


def test_it_is_a_whole_document_in_english_and_utf_8() -> None:
    document = busy_page()
    parsed = Document(document)
    assert document.startswith("<!doctype html>")
    assert ("html", {"lang": "en"}) in parsed.elements
    assert ("meta", {"charset": "utf-8"}) in parsed.elements
    assert "viewport" in [attrs.get("name") for _, attrs in parsed.elements]
    assert document.encode()


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (5.0, "<i>", "<I> 5.00"),
        (5.0, None, "no currency 5.00"),
        (5.0, "XQZ", "XQZ 5.00"),
        (1e300, "USD", "$1e+300"),
        (float("nan"), "USD", "–"),
        (float("-inf"), "USD", "–"),
    ],
)
def test_any_amount_in_any_currency_can_be_read(amount: float, currency: str | None, shown: str) -> None:
    payments = rows(PAYMENTS, amount=[amount], currency=[currency])
    document = page(Snapshot(payments=payments, fetched_at=NOON), redact=False)
    assert cells(document, "Payments", "amount") == [shown]


def test_a_time_beyond_every_calendar_is_shown() -> None:
    far = pl.lit(2**53).cast(pl.Datetime("ms", "UTC"))
    events = rows(EVENTS).with_columns(timestamp=far)
    document = page(Snapshot(people(1, session_start_time=-far.cast(pl.Int64)).visitors, events, fetched_at=NOON))
    assert cells(document, "Events", "when") == ["just now"]
    assert cells(document, "Visitors", "stay")[0].endswith(" d")


# What it costs


def test_a_hundred_thousand_visitors_fit_in_a_megabyte() -> None:
    document = page(people(100_000, city="Llanfairpwllgwyngyll", country_code="GB", display_name="A longer name"))
    assert len(document.encode()) < 1_000_000
    assert svg(document) is not None
    assert f"{MOST_ROWS} of 100,000" in document


def test_a_live_map_saves_its_moment_with_pseudonyms_unless_told_otherwise(tmp_path: Path) -> None:
    live = LiveMap(Scripted([people(3, display_name="Ada Lovelace")]), every=3600)
    until(lambda: live.snapshot is not None)
    assert "Ada Lovelace" not in live.save_html(tmp_path / "now.html").read_text(encoding="utf-8")
    assert "Ada Lovelace" in live.save_html(str(tmp_path / "named.html"), redact=False).read_text(encoding="utf-8")
    live.close()


def test_a_live_map_that_has_no_answer_yet_says_that_there_is_nothing_to_save(tmp_path: Path) -> None:
    source = Scripted([people(1)])
    source.gate.clear()
    live = LiveMap(source, every=3600)
    with pytest.raises(RuntimeError, match="There is no snapshot to save yet"):
        live.save_html(tmp_path / "now.html")
    source.gate.set()
    live.close()
