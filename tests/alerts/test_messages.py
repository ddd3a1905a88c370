"""The messages of alerts: what they report, how often, and in which words."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import datafast_nb as dfn
from datafast_nb.alerts import dispatcher, memory
from datafast_nb.alerts.dispatcher import _Pending
from datafast_nb.alerts.escaping import as_text, inert, without_links
from datafast_nb.alerts.memory import Memory
from datafast_nb.alerts.message import News
from datafast_nb.alerts.rows import rows_of
from datafast_nb.errors import AlertError, AlertsInUseError
from tests.alerts.sites import Inbox, goal, payment, reported, visitor
from tests.history.moments import after, snapshot


def silent(notice: object) -> None:
    """Take a message."""


def alert(where: str | pl.Expr | None = None, about: Any = "visitor", **options: Any) -> dfn.Alert:
    return dfn.Alert(where, about, **{"notify": silent, "at_most": None, **options})


def test_each_visitor_payment_and_goal_is_reported_once() -> None:
    first = snapshot(0, [visitor("a")], [goal("g", -5)], [payment("p", -5)])
    later = snapshot(10, [visitor("a"), visitor("b")], [goal("g", -5)], [payment("p", -5), payment("q", 5)])
    assert [row[:2] for row in reported(alert("score > 80"), first, later, later)] == [(0, 1), (10, 1)]
    assert [row[:2] for row in reported(alert(about="payment"), first, later, later)] == [(0, 1), (10, 1)]
    assert [row[:2] for row in reported(alert(about="goal"), first, later, later)] == [(0, 1)]


def test_a_visitor_is_reported_when_the_condition_becomes_true() -> None:
    times = [snapshot(10.0 * place, [visitor("a", score)]) for place, score in enumerate([50, 70, 90, 50, 90])]
    assert [row[0] for row in reported(alert("score > 80"), *times)] == [20]


def test_visitors_without_an_id_are_reported_once_each() -> None:
    nobodies = [visitor("", sessionStartTime=after(place).isoformat()) | {"visitorId": None} for place in range(3)]
    snap = snapshot(10, nobodies)
    assert [row[1] for row in reported(alert(), snap, snap)] == [3]


def test_page_views_and_payments_are_no_goals_and_one_goal_can_be_chosen() -> None:
    events = [goal("1", 0), goal("2", 0, "download"), goal("3", 0, "pageview"), goal("4", 0, "payment")]
    snap = snapshot(10, events=events)
    assert [row[1] for row in reported(alert(about="goal"), snap)] == [2]
    assert [row[1] for row in reported(alert(about="goal", goal="download"), snap)] == [1]
    assert [row[1] for row in reported(alert("page = '/welcome'", "goal", goal="signup"), snap)] == [1]


def test_a_burst_is_one_message() -> None:
    ((_, count, _, message),) = reported(alert(), snapshot(0, [visitor(f"{place}") for place in range(38)]))
    assert count == 38
    assert message.endswith("\nand 37 more")


def test_what_the_rate_holds_back_is_reported_together_later() -> None:
    arrivals = [snapshot(60.0 * minute, [visitor(f"{place}") for place in range(minute + 1)]) for minute in range(25)]
    found = reported(alert(at_most="1 per 10m"), *arrivals)
    assert [row[:2] for row in found] == [(0, 1), (600, 10), (1200, 10)]
    assert found[1][3].endswith("\nand 9 more")
    found = reported(alert(at_most="2 per 10m"), *arrivals)
    assert [row[:2] for row in found] == [(0, 1), (60, 1), (600, 9), (660, 1), (1200, 9), (1260, 1)]


def test_who_left_meanwhile_is_still_reported() -> None:
    found = reported(
        alert(at_most="1 per 10m"), snapshot(0, [visitor("a")]), snapshot(60, [visitor("b")]), snapshot(600)
    )
    assert [row[:2] for row in found] == [(0, 1), (600, 1)]


def test_traffic_is_reported_when_it_becomes_unusual_and_when_it_is_back_to_usual() -> None:
    def crowd(seconds: float, size: int) -> dfn.Snapshot:
        return snapshot(seconds, [visitor(f"{place}") for place in range(size)])

    sizes = [(0, 50), (10, 51), (20, 80), (30, 50), (40, 70), (610, 70), (620, 10)]
    found = reported(alert("visitors > 50", "traffic", at_most="1 per 10m"), *(crowd(*each) for each in sizes))
    assert [(at, over) for at, _, over, _ in found] == [(10, False), (30, True), (610, False), (620, True)]
    assert found[0][3].startswith("51 visitors now")
    assert found[1][3].startswith("Back to usual: 50 visitors now")


def test_the_totals_count_people_and_the_last_ten_minutes() -> None:
    snap = snapshot(
        700,
        [visitor("a"), visitor("a"), visitor("b", isCustomer=True, visitCount=3)],
        [goal("old", 50), goal("new", 650), goal("view", 660, "pageview"), goal("paid", 660, "payment")],
        [payment("old", 50), payment("new", 650), payment("refund", 660, -49), payment("trial", 660, 0)],
    )
    expected = "visitors = 2 and customers = 1 and prospects = 1 and returning = 1 and pageviews = 1 and goals = 1"
    assert reported(alert(f"{expected} and payments = 1 and revenue = 49", "traffic"), snap)
    several = snapshot(700, payments=[payment("a", 650), payment("b", 650) | {"currency": "USD"}])
    assert reported(alert("payments = 2 and revenue is null", "traffic"), several)


def test_it_is_reported_once_over_restarts_by_a_small_file_without_names(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "alerts.json"
    snap = snapshot(0, [visitor("v-secret", profileData={"displayName": "Jane Doe"})], payments=[payment("p1", -1)])
    alerts = [alert("score > 80"), alert(about="payment"), alert("visitors > 0", "traffic")]
    assert len(reported(alerts, snap, memory=Memory(file))) == 3
    later = snapshot(10, [visitor("v-secret"), visitor("new")], payments=[payment("p1", -1)])
    assert [row[1] for row in reported(alerts, later, memory=Memory(file))] == [1]  # the new visitor
    text = file.read_text()
    assert not [word for word in ("v-secret", "p1", "Jane", "score") if word in text]
    assert file.stat().st_mode & 0o777 == 0o600
    assert {each.name for each in file.parent.iterdir()} <= {"alerts.json", ".alerts.json.lock"}


def test_the_rate_holds_over_restarts(tmp_path: Path) -> None:
    file = tmp_path / "alerts.json"
    assert reported(alert(at_most="1 per 10m"), snapshot(0, [visitor("a")]), memory=Memory(file))
    assert not reported(alert(at_most="1 per 10m"), snapshot(60, [visitor("b")]), memory=Memory(file))
    assert reported(alert(at_most="1 per 10m"), snapshot(660, [visitor("b")]), memory=Memory(file))


def test_another_alert_has_a_memory_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "alerts.json"
    assert reported(alert("score > 80"), snapshot(0, [visitor("a")]), memory=Memory(file))
    assert reported(alert("score > 85"), snapshot(0, [visitor("a")]), memory=Memory(file))
    assert not reported(alert("score > 80", message="{city}"), snapshot(0, [visitor("a")]), memory=Memory(file))


def test_alerts_that_look_for_the_same_are_reported_each(tmp_path: Path) -> None:
    file, snap = tmp_path / "alerts.json", snapshot(0, [visitor("a")])
    both = [alert("score > 80", name="Buyers"), alert("score > 70", name="Buyers", at_most="1 per 10m")]
    assert len(reported(both, snap, snap, memory=Memory(file))) == 2
    assert not reported(both, snap, memory=Memory(file))


def test_the_memory_forgets_first_who_was_not_shown_for_longest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "MOST", 100)
    remembered = Memory(tmp_path / "alerts.json")
    remembered.add("x", map(str, range(100)))
    assert remembered.is_new("x", ["0", "1"]) == [False, False]
    remembered.add("x", map(str, range(100, 110)))
    remembered.save()
    kept = json.loads((tmp_path / "alerts.json").read_text())["alerts"]["x"]["tags"]
    assert len(kept) == 100
    assert remembered.is_new("x", ["0", "1", "11", "12", "109"]) == [False, False, True, False, False]


def test_who_is_shown_is_never_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST", 3)
    everybody = snapshot(0, [visitor(f"{it}") for it in range(10)])
    assert [row[1] for row in reported(alert(), everybody, everybody, everybody)] == [10]


def test_those_who_wait_are_counted_without_keeping_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST", 5)
    first, *others = (snapshot(30 * place, [visitor(f"{place} {it}") for it in range(4)]) for place in range(10))
    pending = _Pending(alert(at_most="1 per 10m"), "x", Memory(), None)
    assert pending.take(first, rows_of(first, "visitor")) is not None
    for each in others:
        assert pending.take(each, rows_of(each, "visitor")) is None
    assert len(pending._waiting) <= 5
    last = snapshot(600)
    news = pending.take(last, rows_of(last, "visitor"))
    assert news is not None
    assert news.count == 36


def test_alerts_about_the_same_look_at_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def counted(snap: dfn.Snapshot, about: Any, model: Any = None) -> pl.DataFrame:
        asked.append(about)
        return rows_of(snap, about, model)

    monkeypatch.setattr(dispatcher, "rows_of", counted)
    several = [alert(), alert(where="score > 10"), alert(about="payment", where="amount > 1")]
    assert len(reported(several, snapshot(0, [visitor("a")]))) == 2
    assert asked == ["visitor", "payment"]


def test_one_watcher_at_a_time_remembers_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "alerts.json"
    first = Memory(file)
    with pytest.raises(AlertsInUseError, match=r"Another watcher remembers in .*alerts\.json"):
        Memory(file)
    first.close()
    first.save()
    assert not file.exists()
    Memory(file).close()


@pytest.mark.parametrize("content", [b"", b"[]", b'{"version": 1}', b'{"version": 9, "key": "00", "alerts": {}}'])
def test_a_file_that_is_no_memory_is_refused_and_left_alone(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_bytes(content)
    with pytest.raises(AlertError, match=r"mine\.json"):
        Memory(file)
    assert file.read_bytes() == content


def test_the_usual_words_say_who_where_which_page_how_likely_and_link_there() -> None:
    jane = visitor("v-1234567890", profileData={"displayName": "Jane Doe"}, params={"utm_source": "newsletter"})
    snap = snapshot(0, [jane])
    ((*_, usual),) = reported(alert(site="https://example.com/"), snap)
    assert "Jane" not in usual
    assert "token" not in usual
    for part in ("Person ", "Berlin, Germany", "/pricing", "newsletter", "new visitor", "score 90", "5.00%"):
        assert part in usual
    assert usual.splitlines()[-1] == "https://example.com/pricing"
    ((*_, named),) = reported(alert(names=True), snap)
    assert named.startswith("Jane Doe · Berlin")
    assert "http" not in named


def test_names_are_left_out_of_every_part() -> None:
    jane = {"displayName": "Jane Doe"}
    page = "/hello/jane-doe?mail=jane@example.com"
    snap = snapshot(
        0,
        [visitor("jane@example.com", profileData=jane, currentUrl=page, params={"ref": "jane@example.com"})],
        [goal("g", 0, displayName="Jane Doe")],
        [payment("p", 0, name="Jane Doe", email="jane@example.com")],
    )
    inbox = Inbox()
    template = "{customer_name} {visitor_id} {page} {channel} {current_url} {ref}"
    everything = [alert(about=about, notify=inbox) for about in ("visitor", "goal", "payment")]
    written = alert(notify=inbox, message=template, name="template")
    messages = [row[3] for row in reported([*everything, written], snap)]
    shown = [*messages, *(f"{dict(notice.rows.row(0, named=True))}" for notice in inbox.wait_for(4))]
    assert len(messages) == 4
    assert not [text for text in shown if "jane" in text.lower()]


def test_the_link_goes_to_the_website_wherever_a_visitor_claims_to_be() -> None:
    here = [visitor(f"{place}", currentUrl=f"https://example.com/p{place}?a=b") for place in range(3)]
    liar = visitor("liar", 99, currentUrl="https://evil.example/pay\u202e<x>|@everyone")
    ((*_, message),) = reported(alert("score > 95"), snapshot(0, [*here, liar]))
    assert message.splitlines()[-1] == "https://example.com/pay%20%3Cx%3E%7C%40everyone"
    ((*_, message),) = reported(alert(site="https://my.site/shop"), snapshot(0, [liar]))
    assert message.splitlines()[-1].startswith("https://my.site/shop/pay")


def test_a_visitor_alone_does_not_choose_where_links_go() -> None:
    def at(site: str, *names: str) -> list[dict[str, object]]:
        return [visitor(name, currentUrl=f"https://{site}/p") for name in names]

    liar = at("evil.example", "x")
    for others in ([], at("example.com", "a"), [visitor(name) for name in "abcd"]):
        ((*_, message),) = reported(alert(), snapshot(0, [*liar, *others]))
        assert "https://" not in message
    found = reported(alert(), snapshot(0, at("evil.example", "x", "y", "z")), snapshot(10, at("example.com", *"abcd")))
    assert found[1][3].endswith("https://example.com/p\nand 3 more")


HOSTILE = "a\u202eb @everyone <!channel> <https://evil.example|x> [x](http://evil.example) *b* _i_ `c` www.evil.example"


def test_a_stranger_s_text_means_nothing_in_a_chat() -> None:
    harmless = inert(HOSTILE)
    assert not set(harmless) & set("@<>*_`[]|#~\\\u202e")
    assert "://" not in harmless
    assert "evil.example" not in harmless
    assert "://" not in without_links(HOSTILE)
    assert "evil.example" not in without_links(f"{HOSTILE} evil.example")
    assert "\u202e" not in as_text(HOSTILE)
    assert "\n" not in as_text("a\nb")


@pytest.mark.parametrize("about", ["visitor", "goal", "payment"])
@pytest.mark.parametrize("template", [None, "{who} {place} {page} {city} {ref} {type} {name}", "function"])
def test_every_text_of_a_stranger_is_escaped(about: Any, template: str | None) -> None:
    text = HOSTILE
    people = {"displayName": text, "customerName": text}
    snap = snapshot(
        0,
        [visitor("v", params={"ref": text}, currentUrl=f"/{text}", location={"city": text}, profileData=people)],
        [goal("g", 0, text, path=f"/{text}", displayName=text)],
        [payment("p", 0, name=text, displayName=text, currency="<!here>")],
    )
    if template == "function":
        columns = {"visitor": "ref", "goal": "type", "payment": "name"}
        found = dfn.Alert(about=about, notify=silent, message=lambda rows: f"{rows[columns[about]][0]}", names=True)
    else:
        kept = {"visitor": ("type", "name"), "goal": ("city", "ref", "name"), "payment": ("city", "ref")}[about]
        for name in kept:
            template = None if template is None else template.replace(f"{{{name}}}", "")
        found = dfn.Alert(about=about, notify=silent, message=template, names=True)
    news: list[News] = []
    from datafast_nb.alerts.dispatcher import Dispatcher

    dispatcher = Dispatcher([found], lambda *_: None)
    dispatcher.channels[found.notify[0]].put = news.append  # type: ignore[method-assign]
    dispatcher.take(snap)
    dispatcher.close(0)
    written = news[0].text(inert)
    assert "evil" in written
    assert not set(written) & set("@<>*`[]|#~\\\u202e")
    assert "://" not in written
    assert "evil.example" not in written


def test_a_template_and_a_function_write_the_message() -> None:
    snap = snapshot(0, [visitor("a"), visitor("b")])
    template = "{alert}: {who} in {city} at {score:.1f}, {place} {page} {link} {region} {more}{{}}"
    ((*_, message),) = reported(alert(message=template, name="Buyers", site="https://x.y"), snap)
    assert message == "Buyers: Visitor a in Berlin at 90.0, Berlin, Germany /pricing https://x.y/pricing  and 1 more{}"
    ((*_, message),) = reported(alert(message=lambda rows: f"{rows.height} of {rows['city'][0]}"), snap)
    assert message == "2 of Berlin"


def test_a_long_line_of_a_function_is_kept() -> None:
    line = " ".join(["word"] * 100)
    ((*_, message),) = reported(alert(message=lambda _: line), snapshot(0, [visitor("a")]))
    assert message == line


def test_a_panic_of_polars_stops_neither_the_watching_nor_the_others() -> None:
    class Model:
        def predict(self, data: dfn.Snapshot) -> pl.DataFrame:
            if data.visitors.height == 1:
                raise pl.exceptions.PanicException("index out of bounds")
            return data.visitors.select("visitor_id", probability=pl.lit(0.5))

    snaps = snapshot(0, [visitor("a")]), snapshot(10, [visitor("a"), visitor("b")])
    assert [row[1] for row in reported(alert("probability > 0.1"), *snaps, model=Model())] == [2]


def test_a_function_that_fails_leaves_the_usual_words() -> None:
    ((*_, message),) = reported(alert(message=lambda rows: rows["nonesuch"]), snapshot(0, [visitor("a")]))
    assert message.startswith("Visitor a · Berlin")


def test_an_alert_that_fails_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    def fails(_: object) -> bool:
        raise RuntimeError("of mine")

    broken = alert(pl.col("score").map_elements(fails, return_dtype=pl.Boolean), name="broken")
    found = reported([broken, alert(name="works")], snapshot(0, [visitor("a")]), snapshot(10, [visitor("b")]))
    assert len(found) == 2
    assert caplog.text.count("'broken' can't be evaluated") == 1


def test_a_model_adds_the_probability() -> None:
    class Model:
        def predict(self, data: dfn.Snapshot) -> pl.DataFrame:
            return data.visitors.select("visitor_id", probability=pl.col("score") / 1_000)

    snap = snapshot(0, [visitor("a", 90), visitor("b", 95)])
    ((_, count, _, message),) = reported(alert("probability > 0.092"), snap, model=Model())
    assert count == 1
    assert message.startswith("Visitor b")
    assert "9.50%" in message


def test_without_a_condition_traffic_is_compared_with_what_a_history_shows_as_usual(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[float] = []

    class Verdict:
        def __init__(self, seconds: float) -> None:
            self.usual = not 100 <= seconds < 300

        def __str__(self) -> str:
            return "more than usual. Unusual: channel @everyone"

    def unusual(history: object, snap: dfn.Snapshot) -> Verdict:
        assert history == "a history"
        asked.append((snap.fetched_at - after(0)).total_seconds())
        return Verdict(asked[-1])

    # By its module's name, as the package shows the function under the same one.
    monkeypatch.setattr(import_module("datafast_nb.forecast.unusual"), "unusual", unusual)
    times = [snapshot(float(seconds), [visitor("a")]) for seconds in range(0, 400, 20)]
    found = reported(alert(about="traffic"), *times, history="a history")
    assert asked == [0, 60, 120, 180, 240, 300, 360]  # once a minute, as it reads the history
    assert [(at, over) for at, _, over, _ in found] == [(120, False), (300, True)]
    assert found[0][3] == "more than usual. Unusual: channel @everyone"
    assert found[1][3].startswith("Back to usual: 1 visitor now")


def test_a_history_that_is_too_short_is_reported_once_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with dfn.History(tmp_path / "site") as history:
        history.append(snapshot(0, [visitor("a")]))
        times = [snapshot(60.0 * place, [visitor("a")]) for place in range(1, 4)]
        found = reported([alert(about="traffic"), alert(about="visitor")], *times, history=history)
    assert [row[1] for row in found] == [1]
    assert caplog.text.count("can't be evaluated") == 1
    assert "Keep recording" in caplog.text
