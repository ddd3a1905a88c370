"""The dimensions that are derived from columns."""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from datafast_nb.conversion import dimensions, with_dimensions


class TestDerivedDimensions:
    def derive(self, name: Any, **columns: list[Any]) -> list[str | None]:
        values: list[str | None] = with_dimensions(pl.DataFrame(columns), name)[name].to_list()
        return values

    def test_the_channel_is_the_first_source_that_is_not_blank(self) -> None:
        assert self.derive(
            "channel",
            utm_source=["Newsletter ", "", None, None, None, None, None],
            ref=["a", " friend ", "\t", None, None, None, None],
            source=["a", "b", "ads", None, None, None, None],
            via=["a", "b", "c", "app", None, None, None],
            referrer=["b.com", "b.com", "b.com", "b.com", "https://www.Example.com:443/a?b=c#d", " ", None],
        ) == ["Newsletter", "friend", "ads", "app", "example.com", "direct", "direct"]

    @pytest.mark.parametrize("name", ["google", "Google", "google.com", "www.google.com", "google.de", "google.co.uk"])
    def test_a_known_site_is_one_channel_whatever_it_is_called(self, name: str) -> None:
        blank: dict[str, list[Any]] = {name: [""] for name in ("ref", "source", "via", "referrer")}
        assert self.derive("channel", **blank, utm_source=[name]) == ["google"]

    @pytest.mark.parametrize("name", ["google-ads", "google.ads", "notgoogle.com", "google.example.com", "News", "xx"])
    def test_any_other_name_stays_as_it_is(self, name: str) -> None:
        blank: dict[str, list[Any]] = {name: [""] for name in ("ref", "source", "via", "referrer")}
        assert self.derive("channel", **blank, utm_source=[name]) == [name]

    def test_a_shorter_name_of_a_column_is_a_dimension_unless_the_frame_has_one_of_its_own(self) -> None:
        assert self.derive("campaign", utm_campaign=["spring", None]) == ["spring", None]
        assert self.derive("campaign", utm_campaign=["spring"], campaign=["own"]) == ["own"]

    @pytest.mark.parametrize(
        ("referrer", "host"),
        [
            ("https://news.ycombinator.com/item?id=1", "hackernews"),
            ("www.google.com", "google"),
            ("google.com/search?q=https://other.com", "google"),
            ("android-app://com.slack/", "com.slack"),
            ("//cdn.example.com/a", "cdn.example.com"),
            ("http://user:secret@example.com/", "example.com"),
            ("https://example.com\n.evil.com", "example.com\n.evil.com"),
            ("https:///", "direct"),
        ],
    )
    def test_a_referrer_s_channel_is_its_host(self, referrer: str, host: str) -> None:
        blank: dict[str, list[Any]] = {name: [""] for name in ("utm_source", "ref", "source", "via")}
        assert self.derive("channel", **blank, referrer=[referrer]) == [host]

    def test_the_page_is_the_path_alone(self) -> None:
        urls = {
            "/pricing": "/pricing",
            "https://example.com/pricing?plan=pro#top": "/pricing",
            "https://example.com": "/",
            "//example.com/a/b?c": "/a/b",
            "?utm_source=x": "/",
            "/a?next=https://b.com/c": "/a",
            " /two words ": "/two words",
            "": "/",
        }
        assert self.derive("page", current_url=[*urls, None]) == [*urls.values(), None]

    def test_a_visit_is_new_or_returning(self) -> None:
        assert self.derive("visit_kind", visit_count=[1, 2, 0, None]) == ["new", "returning", "new", None]

    def test_a_band_holds_its_lower_bound_and_the_last_one_its_upper_too(self) -> None:
        scores = [0.0, 19.99, 20.0, 40.0, 79.9, 80.0, 100.0, None, math.nan]
        bands = ["0–20", "0–20", "20–40", "40–60", "60–80", "80–100", "80–100", None, None]
        assert self.derive("score_band", score=scores) == bands
        confidences = [0.0, 0.49, 0.5, 0.75, 1.0, None]
        bands = ["0–0.5", "0–0.5", "0.5–0.75", "0.75–1", "0.75–1", None]
        assert self.derive("confidence_band", confidence=confidences) == bands

    def test_a_column_that_is_there_is_kept(self) -> None:
        assert self.derive("page", current_url=["/a"], page=["my own"]) == ["my own"]

    def test_what_is_not_derived_is_refused(self) -> None:
        with pytest.raises(ValueError, match="There is no derived dimension 'planet'"):
            self.derive("planet", country_code=["US"])


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_texts_that_visitors_share_are_read_in_their_order(engine: Any) -> None:
    """Polars reads each combination once; pandas reads each row."""
    links = [None, "", " Google ", "spring-offer", "www.bing.com"]
    sites = [None, "https://user@www.Example.org:8080/a?b#c", "www.google.co.uk", "https://t.co/x"]
    rows = list(product(links, [None, "newsletter"], sites)) * 20
    frame = pl.DataFrame(rows, ["utm_source", "ref", "referrer"], orient="row").sample(fraction=1, shuffle=True, seed=1)
    frame = frame.with_columns(source=pl.lit(None), via=pl.lit("x", pl.Categorical), current_url="referrer")
    found = with_dimensions(frame.lazy(), "channel", "page").select("channel", "page").collect(engine=engine)
    alone = with_dimensions(frame.to_pandas(), "channel", "page")
    assert found.to_dicts() == pl.from_pandas(alone[["channel", "page"]]).to_dicts()


def test_texts_are_read_alike_in_one_batch_and_in_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dimensions, "_REMEMBERED", 40)  # so that some batches are remembered, and others are not
    numbers = pl.int_range(3_000, eager=True)
    url = pl.when(numbers % 5 != 0).then(
        pl.format("https://a.example/{}?q={}", numbers % 7 + numbers // 500 * 10, numbers % 3)
    )
    frame = pl.select(current_url=url)
    for place, part in enumerate(frame.iter_slices(100)):
        part.write_parquet(tmp_path / f"{place:03}.parquet")
    expected = frame["current_url"].str.extract(r"example(/\d+)")
    for files in (frame.lazy(), pl.scan_parquet(tmp_path / "*.parquet")):
        assert with_dimensions(files, "page").collect()["page"].equals(expected, check_names=False)


def test_a_channel_is_the_same_whatever_other_frames_had_before(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = ("utm_source", "ref", "source", "via", "referrer")
    sources = ["google", "www.google.de", None, " Bing ", "x" * 3_000_000, *map(str, range(1_500))]
    frames = [
        pl.select(pl.lit(None, pl.String).alias(name) for name in columns[1:]).join(
            pl.DataFrame({"utm_source": sources[start::step]}, {"utm_source": dtype}), how="cross"
        )
        for start, step in ((0, 1), (3, 2), (0, 3), (1, 1))
        for dtype in (pl.String, pl.Categorical)
    ]
    together = [with_dimensions(frame, "channel")["channel"].to_list() for frame in frames]
    for frame, channels in zip(frames, together, strict=True):
        monkeypatch.setattr(dimensions, "_known", {})
        assert with_dimensions(frame, "channel")["channel"].to_list() == channels
        assert all(each.estimated_size() < 2**21 for each in dimensions._known.values())
