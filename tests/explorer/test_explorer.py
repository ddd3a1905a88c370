"""The explorer's kernel side: what it shows, what a person and code can change, how it begins and ends."""

from __future__ import annotations

import gc
import importlib.util
import json
import weakref
from typing import Any

import polars as pl
import pytest
from traitlets import TraitError

import datafast_nb as dfn
from datafast_nb import glossary
from datafast_nb.charts import drawing
from datafast_nb.charts.view import Vega
from datafast_nb.errors import ConnectionFailedError, DrawingWarning
from datafast_nb.explorer import Explorer
from datafast_nb.pictures.drawer import Drawer
from datafast_nb.widgets.family import family
from datafast_nb.widgets.protocol import ExplorerStatus
from datafast_nb.widgets.shared import Shared
from tests.alerts.sites import visitor
from tests.explorer.panels import PEOPLE, ask, click, displayed, key, names, picked, view
from tests.history.moments import snapshot
from tests.livemap.maps import registry
from tests.livemap.sources import Scripted, people, visitors

HOSTILE = "<img src=x onerror=alert(1)>\u202e" + "x" * 10_000


def test_it_shows_table_chart_and_code_of_a_snapshot() -> None:
    explorer = displayed(Explorer(PEOPLE, by="country_code", measure="predicted_rate"))
    shown = view(explorer)
    assert names(explorer) == ["(not known)", "US", "DE", "FR"]
    assert explorer.table["country_code"].to_list() == [None, "US", "DE", "FR"]
    assert shown.front.heading.sentence == "Predicted rate of 58 prospects by country"
    assert shown.front.code == explorer.code
    assert shown.chart.spec["width"] == "container"
    assert shown.front.status.shown == "60 visitors at 12:00:00 UTC"


def test_the_figures_of_the_table_are_written_with_their_units() -> None:
    explorer = displayed(Explorer(PEOPLE, by="country_code", measure="share"))
    table = view(explorer).front.table
    labels = [column.label for column in table.columns]
    hints = {column.label: column.hint for column in table.columns}
    assert hints["Expected value"].endswith(glossary.meaning("expected value"))
    row = next(row for row in table.rows if row.names == ("US",))
    cells = dict(zip(labels, row.cells, strict=True))
    assert cells["Predicted rate"] == "3.00%"
    assert cells["95 % interval"] == "3.00% to 3.00%"
    assert cells["Expected value"] == "$22.50"
    assert cells["Share of all visitors"] == "25.0%"


def test_without_vl_convert_it_has_its_table_and_says_why_there_is_no_chart(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "vl_convert" else find(name))
    monkeypatch.setattr(drawing, "drawer", Drawer())
    monkeypatch.setattr("datafast_nb.charts.view._VEGA", Shared(lambda: Vega(source=drawing.vega(""))))
    with pytest.warns(DrawingWarning, match="vl-convert"):
        explorer = displayed(Explorer(PEOPLE, by="country_code", measure="visitors"))
    front = view(explorer).front
    assert sorted(names(explorer)) == ["(not known)", "DE", "FR", "US"]
    assert front.empty.startswith("No chart here: vl-convert, which draws pictures, is not installed")
    ask(explorer, "question", control="first", value="device")
    explorer.theme = "dark"
    assert (explorer.by, front.theme) == (("device",), "dark")
    explorer.close()


def test_the_controls_change_the_question() -> None:
    explorer = displayed(Explorer(PEOPLE))
    ask(explorer, "question", control="first", value="device")
    ask(explorer, "question", control="second", value="country_code")
    ask(explorer, "question", control="measure", value="visitors")
    assert (explorer.by, explorer.measure) == (("device", "country_code"), "visitors")
    ask(explorer, "question", control="first", value="country_code")
    assert explorer.by == ("country_code", "device")
    ask(explorer, "question", control="second", value="")
    assert explorer.by == ("country_code",)


@pytest.mark.parametrize(("control", "value"), [("first", "chanel"), ("second", "chanel"), ("measure", "rate")])
def test_an_impossible_choice_is_refused_and_logged(control: str, value: str, caplog: pytest.LogCaptureFixture) -> None:
    explorer = displayed(Explorer(PEOPLE))
    ask(explorer, "question", control=control, value=value)
    assert (explorer.by, explorer.measure) == (("channel",), "predicted_rate")
    assert view(explorer).front.status.text == ""
    assert "A choice of the browser was refused" in caplog.text


def test_the_controls_follow_code() -> None:
    explorer = displayed(Explorer(PEOPLE))
    explorer.by = ["page", "device"]
    explorer.measure = "lift"
    front = view(explorer).front
    assert (front.question.by, front.question.measure) == (("page", "device"), "lift")
    assert front.table.groups == ("Page", "Device")


@pytest.mark.parametrize(
    ("trait", "value", "words"),
    [("by", "chanel", "Did you mean 'channel'"), ("by", [], "one dimension or two"), ("measure", "rate", "measure")],
)
def test_an_impossible_question_is_refused_and_changes_nothing(trait: str, value: Any, words: str) -> None:
    explorer = displayed(Explorer(PEOPLE))
    with pytest.raises(TraitError, match=words):
        setattr(explorer, trait, value)
    assert (explorer.by, explorer.measure) == (("channel",), "predicted_rate")


def test_a_click_on_a_bar_picks_the_group_and_another_lets_it_go() -> None:
    explorer = displayed(Explorer(PEOPLE, by="country_code"))
    click(explorer, group="FR", visitors=15)
    assert explorer.filters == {"country_code": ("FR",)}
    assert picked(explorer) == ["FR"]
    assert len(names(explorer)) == 4  # the others stay, to compare with
    click(explorer, group="(not known)")
    assert explorer.filters == {"country_code": ("FR", None)}
    click(explorer, group="FR")
    click(explorer, group="(not known)")
    assert explorer.filters == {}


def test_a_country_that_the_service_sent_without_a_code_stops_no_filter() -> None:
    here = [visitor("a"), visitor("b"), visitor("c", location={"countryCode": "Germany"})]
    explorer = displayed(Explorer(snapshot(0, here), by="country_code"))
    click(explorer, group="DE")
    assert picked(explorer) == ["DE"]
    assert len(names(explorer)) == 2
    click(explorer, group="Germany")
    assert explorer.filters == {"country_code": ("DE", "Germany")}
    click(explorer, group="DE")
    explorer.by = ("device",)
    assert explorer.table["visitors"].sum() == 1


def test_a_filter_that_the_code_has_locked_says_so_where_it_is_clicked() -> None:
    explorer = displayed(Explorer(PEOPLE, by="country_code"))
    explorer.filter(country_code="FR", locked=True)
    click(explorer, group="DE")
    assert explorer.filters == {"country_code": ("FR",)}
    assert view(explorer).front.status.text == "The notebook's code has locked: Country."
    ask(explorer, "filter", name="device", value="mobile")
    assert view(explorer).front.status.text == ""


def test_a_click_on_a_row_of_the_table_does_the_same() -> None:
    explorer = displayed(Explorer(PEOPLE, by="country_code"))
    ask(explorer, "pick", key=key(explorer, "US"))
    assert picked(explorer) == ["US"]
    ask(explorer, "pick", key=key(explorer, "US"))
    assert picked(explorer) == []


def test_a_bar_of_two_dimensions_picks_a_pair_and_its_row_one_group() -> None:
    explorer = displayed(Explorer(PEOPLE, by=["country_code", "device"], measure="visitors"))
    click(explorer, group="FR", series="mobile")
    assert explorer.filters == {"country_code": ("FR",), "device": ("mobile",)}
    click(explorer, group="FR", series="mobile")
    assert explorer.filters == {}
    click(explorer, group="FR")
    assert explorer.filters == {"country_code": ("FR",)}


@pytest.mark.parametrize("datum", [{}, {"group": "no such"}, {"group": 3}, {"group": None}, {"average": 0.02}])
def test_a_click_on_what_is_no_group_changes_nothing(datum: dict[str, Any]) -> None:
    explorer = displayed(Explorer(PEOPLE))
    click(explorer, **datum)
    assert explorer.filters == {}


@pytest.mark.parametrize(
    "message",
    [
        {"do": "pick"},
        {"do": "pick", "key": 3},
        {"do": "filter"},
        {"do": "init__"},
        {"do": "show"},
        {"do": "beat", "view": 1},
    ],
)
def test_a_message_that_makes_no_sense_changes_nothing(message: dict[str, Any]) -> None:
    explorer = displayed(Explorer(PEOPLE))
    before = view(explorer).front.get_state()
    view(explorer).front._handle_custom_msg({"view": "a view", **message}, [])
    assert view(explorer).front.get_state() == before


def test_filters_of_the_browser_and_of_code_are_the_same() -> None:
    explorer = displayed(Explorer(PEOPLE, by="device"))
    ask(explorer, "filter", name="country_code", value="FR")
    explorer.filter(min_score=20)
    assert [chip.label for chip in view(explorer).front.filters.active] == ["Country", "Score from"]
    assert explorer.table["visitors"].sum() == view(explorer).front.filters.matched < 15
    ask(explorer, "clear")
    assert explorer.table["visitors"].sum() == 60


def test_an_unknown_filter_is_refused() -> None:
    with pytest.raises(ValueError, match="Did you mean 'country_code'"):
        Explorer(PEOPLE).filter(countrycode="FR")


def test_the_values_to_choose_from_are_sent_when_asked_for() -> None:
    explorer = displayed(Explorer(PEOPLE))
    assert view(explorer).front.filters.options is None
    ask(explorer, "facets", open=True)
    assert view(explorer).front.filters.options.device[0].visitors == 20


def test_the_picked_bars_are_set_off_in_the_chart() -> None:
    explorer = displayed(Explorer(PEOPLE, by="country_code"))
    before = json.dumps(view(explorer).chart.spec)
    explorer.filter(country_code="FR")
    spec = view(explorer).chart.spec
    assert '"picked": true' not in before
    bars = spec["layer"][1]["encoding"]
    assert bars["fillOpacity"]["condition"]["test"] == {"field": "picked", "equal": True}
    rows = next(rows for rows in spec["datasets"].values() if "scored" in rows[0])
    assert {row["group"]: row["picked"] for row in rows} == {row["group"]: row["group"] == "FR" for row in rows}
    assert bars["opacity"]["field"] == "scored"  # small groups stay faint
    assert "Faint" in view(explorer).front.heading.notes


# What is not there


def test_before_the_first_snapshot_nothing_is_claimed() -> None:
    explorer = displayed(Explorer(Scripted([ConnectionFailedError("No answer within 30 s.")])))
    shown = view(explorer).front
    assert shown.empty == "Nothing has arrived yet. Refresh asks again."
    assert shown.status == ExplorerStatus(tone="refused", text="No answer within 30 s.")
    assert explorer.snapshot is None
    assert explorer.table.is_empty()


def test_a_source_that_fails_leaves_what_was_there_and_says_so() -> None:
    explorer = displayed(Explorer(Scripted([PEOPLE, ConnectionFailedError("Gone."), people(3)]), by="device"))
    explorer.refresh()
    assert view(explorer).front.status.text == "Gone."
    assert explorer.table["visitors"].sum() == 60
    assert view(explorer).front.refreshable
    ask(explorer, "refresh")
    assert view(explorer).front.status.text == ""
    assert explorer.table["visitors"].sum() == 3


def test_a_source_that_gives_no_snapshot_is_a_fault_like_any_other(caplog: pytest.LogCaptureFixture) -> None:
    explorer = displayed(Explorer(Scripted([3])))  # type: ignore[list-item]
    assert "gave int, not a datafast_nb.Snapshot" in view(explorer).front.status.text
    assert "Traceback" in caplog.text


@pytest.mark.parametrize(
    ("snapshot", "options", "filters", "words"),
    [
        (PEOPLE, {}, {"text": "nobody at all"}, "Nobody matches the filters. Remove a filter to see more."),
        (dfn.Snapshot(), {}, {}, "Nobody is here right now."),
        (people(9, score=None), {}, {}, "There are no predictions. Counts need no predictions"),
        (people(9, conversion_rate=0.1), {"measure": "lift"}, {}, "The site's average is not known."),
    ],
)
def test_where_there_is_no_chart_a_sentence_says_why(
    snapshot: dfn.Snapshot, options: dict[str, Any], filters: dict[str, Any], words: str
) -> None:
    explorer = displayed(Explorer(snapshot, **options))
    explorer.filter(**filters)
    assert view(explorer).front.empty.startswith(words)


def test_without_predictions_expected_values_are_unknown_and_not_zero() -> None:
    explorer = displayed(Explorer(people(9, score=None, expected_value=None), by="device"))
    table = view(explorer).front.table
    places = {column.label: place for place, column in enumerate(table.columns)}
    cells = table.rows[0].cells
    assert (cells[places["Visitors"]], cells[places["Expected value"]]) == ("9", "–")


def test_counts_are_drawn_without_predictions() -> None:
    explorer = displayed(Explorer(people(9, score=None), measure="visitors"))
    assert view(explorer).front.empty == ""


def test_whatever_strangers_write_is_short_plain_text() -> None:
    snap = people(40, **dict.fromkeys(("utm_source", "device", "country_code", "city"), HOSTILE))
    explorer = displayed(Explorer(snap, by=["channel", "device"], measure="visitors"))
    state = view(explorer).front.get_state(["table", "heading", "status", "empty"])
    assert len(json.dumps(state)) < 3_000
    assert "\u202e" not in json.dumps(state, ensure_ascii=False)
    assert len(json.dumps(view(explorer).chart.spec)) < 10_000


def test_a_thousand_groups_are_a_bounded_table() -> None:
    snap = people(5_000, utm_source=pl.format("source {}", pl.int_range(5_000) % 1_000))
    explorer = displayed(Explorer(snap, measure="visitors"))
    assert len(names(explorer)) == 50
    assert view(explorer).front.table.more == "950 more groups"
    assert explorer.table.height == 1_000


def test_a_click_reaches_the_right_one_of_two_groups_that_look_the_same() -> None:
    long = "a" * 100
    snap = people(9, utm_source=pl.Series([long + "1"] * 5 + [long + "2"] * 4))
    explorer = displayed(Explorer(snap, measure="visitors"))
    labels = [row["group"] for row in view(explorer).chart.spec["layer"][0]["data"]["values"]]
    assert len(set(labels)) == 2
    click(explorer, group=labels[1])
    assert explorer.filters["channel"] == (long + "2",)


# Beginning and end


@pytest.mark.parametrize("source", [None, "df_key", 3, dfn.Snapshot, dfn.demo.Site, PEOPLE.visitors])
def test_what_can_not_be_explored_is_refused_with_what_can(source: Any) -> None:
    with pytest.raises(TypeError, match=r"Explorer can't explore .*Explorer\(snap\)"):
        Explorer(source)


def test_what_is_no_map_can_not_be_linked() -> None:
    with pytest.raises(TypeError, match="live is Snapshot: it must be a LiveMap"):
        Explorer(PEOPLE, live=PEOPLE)  # type: ignore[arg-type]


def test_one_that_was_never_shown_is_collected_and_in_no_registry() -> None:
    before = len(registry())
    explorer = Explorer(PEOPLE)
    assert len(registry()) == before
    gone = weakref.ref(explorer)
    del explorer
    gc.collect()
    assert gone() is None


def test_closing_takes_every_widget_away_and_may_be_repeated() -> None:
    before = set(registry())
    explorer = displayed(Explorer(PEOPLE))
    shared = {*family(view(explorer).chart.vega), *family(view(explorer).front.script)}  # with others
    library = {widget.model_id for widget in shared}
    explorer.close()
    explorer.close()
    assert set(registry()) - before <= library


def test_one_that_was_closed_before_it_was_shown_is_its_words() -> None:
    explorer = Explorer(PEOPLE)
    explorer.close()
    assert explorer._repr_mimebundle_() == ({"text/plain": "Explorer(by=['channel'], measure='predicted_rate')"}, {})


def test_the_theme_is_changed_from_code() -> None:
    explorer = displayed(Explorer(PEOPLE, theme="dark"))
    assert view(explorer).chart.theme == view(explorer).front.theme == "dark"
    explorer.theme = "auto"
    assert view(explorer).chart.theme == view(explorer).front.theme == "auto"


def test_the_site_is_offered_where_there_are_several() -> None:
    both = dfn.Snapshot.of_sites({"shop": PEOPLE, "blog": people(5)})
    explorer = displayed(Explorer(both, by="site", measure="visitors"))
    assert names(explorer) == ["shop", "blog"]
    assert "site" in {each.value for each in view(explorer).front.question.dimensions}
    assert "site" not in {each.value for each in view(displayed(Explorer(PEOPLE))).front.question.dimensions}


def test_a_single_site_may_be_asked_for_by_name_all_the_same() -> None:
    explorer = displayed(Explorer(PEOPLE, by="site", measure="visitors"))
    assert names(explorer) == [""]
    explorer = displayed(Explorer(PEOPLE))
    explorer.by = "site"
    explorer.by = ["device", "site"]
    assert view(explorer).front.question.by == ("device", "site")


@pytest.mark.parametrize("measure", ["visitors", "lift"])
def test_a_click_reaches_the_right_ones_of_many_pairs_that_look_the_same(measure: Any) -> None:
    # The larger a URL is in all, the smaller is its larger part.
    parts = pl.DataFrame({"nth": range(14)}).select(
        url=pl.format("https://example.com/{}{}", pl.lit("x" * 60), "nth"),
        device=pl.lit(["mobile", "desktop"]),
        size=pl.concat_list(30 + pl.col("nth"), 30 - 2 * pl.col("nth")),
    )
    each = parts.explode("device", "size").select(pl.col("url", "device").repeat_by("size").explode())
    rates = pl.int_range(each.height, eager=True) % 7 / 100
    crowd = visitors(each.height, current_url=each["url"], device=each["device"], conversion_rate=rates)
    explorer = displayed(Explorer(dfn.Snapshot(crowd, baseline=PEOPLE.baseline), by=["device", "current_url"]))
    explorer.measure = measure
    fields = ("row", "column") if measure == "lift" else ("group", "series")
    drawn = [row for rows in explorer.chart.to_dict()["datasets"].values() for row in rows if fields[1] in row]
    assert len(drawn) > 8
    for row in drawn[::3]:
        click(explorer, **{name: row[name] for name in fields})
        chosen = crowd.filter(
            pl.col("device").is_in(explorer.filters["device"]),
            pl.col("current_url").is_in(explorer.filters["current_url"]),
        )
        assert dfn.breakdown(chosen, "device")["scored"].to_list() == [row["scored"]]
        explorer.clear_filters()


def test_a_picked_group_without_a_bar_is_named() -> None:
    explorer = displayed(Explorer(PEOPLE, by="country_code"))
    explorer.filter(country_code=["FR", "PL"])
    assert view(explorer).front.heading.notes.endswith("Picked, but not among the groups drawn: PL.")
    explorer.filter(country_code="FR")
    assert "not among" not in view(explorer).front.heading.notes


def test_a_map_and_another_source_are_refused_together() -> None:
    with pytest.raises(TypeError, match="Snapshot besides, or nothing"):
        Explorer(dfn.demo.Site(), live=dfn.LiveMap(dfn.demo.Site()))


# What goes wrong


@pytest.mark.parametrize("error", [KeyError("planted"), TypeError("planted"), RuntimeError("planted")])
def test_a_fault_in_drawing_is_in_the_log_and_in_the_header_until_it_is_gone(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_answer: object) -> None:
        raise error

    explorer = displayed(Explorer(PEOPLE))
    with monkeypatch.context() as planted:
        planted.setattr("datafast_nb.explorer.rows.table", broken)
        ask(explorer, "filter", name="country_code", value="FR")
    assert "planted" in caplog.text
    assert "in broken" in caplog.text  # the traceback
    assert view(explorer).front.status.tone == "refused"
    assert f"could not be drawn ({type(error).__name__}" in view(explorer).front.status.text
    assert explorer.filters == {"country_code": ("FR",)}
    ask(explorer, "filter", name="country_code", value="DE")
    assert view(explorer).front.status.text == ""
    assert names(explorer)


def test_a_fault_in_what_a_message_asks_for_is_in_the_log_and_in_the_header(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    explorer = displayed(Explorer(PEOPLE))
    with monkeypatch.context() as planted:
        planted.setattr("datafast_nb.explorer.rows.group_of", lambda *_: {}["planted"])
        ask(explorer, "pick", key=names(explorer)[0])
    assert "KeyError: 'planted'" in caplog.text
    assert "KeyError: 'planted'" in view(explorer).front.status.text
    with monkeypatch.context() as planted:
        planted.setattr("datafast_nb.explorer.answer.Answer.group_of", lambda *_: {}["a click"])
        click(explorer, group="FR")
    assert "KeyError: 'a click'" in caplog.text
    for do in ({"do": "beat"}, {"do": "clear"}, {"do": "away", "gone": False}):  # which go well
        ask(explorer, **do)
        assert "KeyError: 'a click'" in view(explorer).front.status.text
    ask(explorer, "pick", key=names(explorer)[0])
    assert view(explorer).front.status.text == ""


@pytest.mark.parametrize(
    "message",
    [{"name": "color", "value": "red"}, {"name": "min_score", "value": 1000}, {"name": "min_score", "value": "x"}],
)
def test_a_filter_that_is_refused_is_in_the_log_and_changes_nothing(
    message: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    explorer = displayed(Explorer(PEOPLE))
    ask(explorer, "filter", **message)
    assert "was refused" in caplog.text
    assert explorer.filters == {}
    assert (text := view(explorer).front.status.text)
    assert text in caplog.text
