"""What a snapshot promises: it does not change, shows nothing unescaped, and can be redacted."""

from __future__ import annotations

import json
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from datafast_nb import Baseline, ResponseWarning, Snapshot, Source
from datafast_nb.schema import EVENTS, PAYMENTS, VISITORS
from tests.responses import EXAMPLE, example, with_visitor


def test_an_empty_snapshot_has_frames_with_the_full_schema() -> None:
    snap = Snapshot()
    assert snap.visitors.schema == VISITORS
    assert (snap.count, snap.has_predictions, snap.baseline) == (0, False, None)


def test_a_snapshot_is_read_from_a_file_text_or_bytes(tmp_path: Path) -> None:
    text = json.dumps(EXAMPLE)
    (tmp_path / "map.json").write_text(text)
    snaps = [Snapshot.from_json(body) for body in (text, text.encode(), tmp_path / "map.json")]
    assert all(snap.visitors.equals(snaps[0].visitors) for snap in snaps)


def test_a_snapshot_can_not_be_changed() -> None:
    snap = Snapshot.from_json(json.dumps(EXAMPLE))
    with pytest.raises(AttributeError):
        snap.count = 3
    with pytest.raises(AttributeError):
        snap.note = "x"
    snap.visitors.drop_in_place("city")
    snap.events[0, "type"] = "changed"
    assert "city" in snap.visitors.columns
    assert snap.events["type"].to_list() == ["pageview"]


def test_a_frame_without_the_schema_is_refused_by_the_name_of_the_column() -> None:
    wrong = VISITORS.to_frame().with_columns(pl.col("score").cast(pl.Int64))
    with pytest.raises(ValueError, match=r"visitors .*score"):
        Snapshot(wrong)


def test_the_time_of_a_snapshot_is_in_utc_and_never_naive() -> None:
    there = datetime.fromisoformat("2026-02-06T07:00:00+02:00")
    assert Snapshot(fetched_at=there).fetched_at == datetime(2026, 2, 6, 5, tzinfo=UTC)
    assert abs(Snapshot().fetched_at - datetime.now(UTC)) < timedelta(seconds=5)
    with pytest.raises(ValueError, match="time zone"):
        Snapshot(fetched_at=datetime(2026, 2, 6))


def test_the_html_shows_counts_revenue_by_currency_and_problems_escaped() -> None:
    response = example()
    payment = response["data"]["recentPayments"][0]
    response["data"]["recentPayments"] = [
        payment,
        {**payment, "amount": 10.5},
        {**payment, "currency": "EUR", "amount": 5},
        {**payment, "currency": "<b>x"},
    ]
    response["data"]["visitors"][0]["latitude"] = "x"
    with pytest.warns(ResponseWarning):
        html = Snapshot.from_json(json.dumps(response))._repr_html_()
    assert "$59.50" in html
    assert "€5.00" in html
    assert "&lt;B&gt;X" in html
    assert "<b>" not in html.lower()
    assert "see .problems" in html


def test_the_repr_is_short_and_holds_no_names() -> None:
    text = repr(Snapshot.from_json(with_visitor(customerName="Ann")))
    assert len(text) < 120
    assert "Ann" not in text
    assert "(2 visitors, 1 event, 1 payment, " in text


def personal() -> Snapshot:
    """A customer who pays, and whose address also stands in a URL and in event data."""
    response = example()
    data = response["data"]
    data["visitors"][0] |= {
        "customerName": "Ann Lee",
        "customerEmail": "ann@example.com",
        "currentUrl": "/welcome?email=ann%40example.com&who=Ann%20Lee",
        "referrer": "https://example.org/hello?name=ann+lee",
    }
    data["visitors"][0]["profileData"]["userId"] = "ann@example.com"
    data["recentEvents"][0] |= {
        "customerName": "Ann Lee",
        "extraData": {"mail": "ann@example.com", "name": "Ann Lee", "other": "анна@почта.рф"},
        "path": "/u/Ann Lee",
    }
    data["recentPayments"][0] |= {"name": "Ann Lee", "email": "Ann@example.com"}
    data["recentPayments"][0]["amount"] = "Ann Lee"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResponseWarning)
        return Snapshot.from_json(json.dumps(response))


def test_redaction_leaves_no_name_or_address_in_any_frame() -> None:
    snap = personal().redacted()
    frames = (snap.visitors, snap.events, snap.payments, snap.problems)
    everything = "".join(frame.write_json() for frame in frames)
    assert "Ann" not in everything
    assert "ann" not in everything
    assert "анна" not in everything
    assert snap.visitors["city"].item() == "Denver"
    assert snap.visitors.schema == VISITORS


def test_a_person_has_one_pseudonym_in_all_frames_and_snapshots() -> None:
    one, two = personal().redacted(), personal().redacted()
    assert one.visitors["customer_email"].item() == one.payments["email"].item()
    assert one.visitors["customer_name"].item() == one.events["customer_name"].item() == one.payments["name"].item()
    assert one.visitors.equals(two.visitors)


def test_pseudonyms_depend_on_the_key() -> None:
    names = [personal().redacted(key).payments["name"].item() for key in (b"a" * 16, b"a" * 16, b"b" * 16)]
    assert names[0] == names[1] != names[2]


def test_a_source_is_anything_that_gives_snapshots() -> None:
    class Still:
        def snapshot(self) -> Snapshot:
            return Snapshot(baseline=Baseline(0.01, 50.0))

    assert isinstance(Still(), Source)
    assert not isinstance(object(), Source)


# Of several websites


def of_two() -> Snapshot:
    """Put two websites together, of which one is personal."""
    other = Snapshot(count=5, fetched_at=datetime(2026, 2, 6, tzinfo=UTC), baseline=Baseline(0.01, 50.0))
    return Snapshot.of_sites({"shop": personal(), "blog": other})


def test_the_frames_of_several_websites_name_the_website_first() -> None:
    snap = of_two()
    for frame, schema in ((snap.visitors, VISITORS), (snap.events, EVENTS), (snap.payments, PAYMENTS)):
        assert frame.schema == pl.Schema([("site", pl.String()), *schema.items()])
        assert frame["site"].unique().to_list() == ["shop"]
    assert snap.visitors.drop("site").equals(personal().visitors)


def test_the_counts_of_several_websites_are_added_up_and_the_newest_time_counts() -> None:
    one, two = (Snapshot(count=3, fetched_at=datetime(2026, 2, day, tzinfo=UTC)) for day in (6, 7))
    both = Snapshot.of_sites({"shop": two, "blog": one})
    assert (both.count, both.fetched_at.day, both.has_predictions) == (6, 7, False)
    assert of_two().has_predictions == personal().has_predictions


def test_no_websites_averages_are_the_others() -> None:
    same = {name: Snapshot(baseline=Baseline(0.01, 50.0)) for name in ("shop", "blog")}
    assert Snapshot.of_sites(same).baseline == Baseline(0.01, 50.0)
    assert of_two().baseline is None
    assert Snapshot.of_sites({"shop": same["shop"], "blog": Snapshot()}).baseline is None


def test_the_problems_of_several_websites_are_all_there() -> None:
    assert of_two().problems.equals(personal().problems)


def test_no_website_at_all_is_an_empty_snapshot_with_the_column() -> None:
    snap = Snapshot.of_sites({})
    assert snap.visitors.schema == pl.Schema([("site", pl.String()), *VISITORS.items()])
    assert (snap.count, snap.baseline) == (0, None)


def test_the_snapshots_of_several_websites_are_redacted_but_for_the_websites_names() -> None:
    redacted = Snapshot.of_sites({"Ann Lee": personal()}).redacted()
    assert redacted.visitors["site"].to_list() == ["Ann Lee"]
    frames = (redacted.visitors, redacted.events, redacted.payments)
    assert not [frame for frame in frames if "ann" in frame.drop("site").write_json().lower()]


def test_a_frame_that_names_the_website_elsewhere_is_refused() -> None:
    misplaced = VISITORS.to_frame().with_columns(site=pl.lit(None, pl.String))
    with pytest.raises(ValueError, match=r"visitors .*site"):
        Snapshot(misplaced)


def test_websites_that_were_put_together_are_not_put_together_again() -> None:
    with pytest.raises(Exception, match="site"):
        Snapshot.of_sites({"all": of_two()})
