"""What a front end sends, and what it takes of what its browser says."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from ipywidgets import Widget
from traitlets import TraitError

from datafast_nb import livemap
from datafast_nb.explorer.front import SCRIPT, Front
from datafast_nb.widgets.front import FrontEnd
from datafast_nb.widgets.protocol import ChangeFilter, ExplorerOptions, ExplorerState, Heading, Pick, schema


@pytest.fixture
def front() -> Iterator[Front]:
    made = Front(script=SCRIPT.get())
    yield made
    made.close()


def say(front: Front, **content: Any) -> None:
    """Say something, as a browser does."""
    front._handle_custom_msg({"view": "a view", **content}, [])


def test_only_what_has_changed_is_sent(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(front, "_send", lambda message, **_buffers: sent.append(message["state"]))
    front.show(ExplorerState(heading=Heading("A sentence"), code="code"))
    front.show(ExplorerState(heading=Heading("A sentence"), code="more code"))
    front.show(ExplorerState(heading=Heading("A sentence"), code="more code"))
    assert sent == [{"heading": {"sentence": "A sentence", "notes": ""}, "code": "code"}, {"code": "more code"}]


def test_messages_come_as_what_they_are(front: Front) -> None:
    heard: list[object] = []
    front.on_message(heard.append)
    say(front, do="pick", key="1")
    say(front, do="filter", name="min_score", value=5)
    say(front, do="filter", name="site", value=["a", None])
    assert heard == [
        Pick(view="a view", key="1"),
        ChangeFilter(view="a view", name="min_score", value=5.0),
        ChangeFilter(view="a view", name="site", value=["a", None]),
    ]


@pytest.mark.parametrize(
    "content",
    [{}, {"do": "explode"}, {"do": "pick"}, {"do": "pick", "key": 3}, {"do": "facets", "open": "yes"}, {"do": None}],
)
def test_a_message_that_does_not_parse_is_logged_and_ignored(
    front: Front, content: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[object] = []
    front.on_message(heard.append)
    for _ in range(3):
        say(front, **content)
        front._handle_custom_msg("no dictionary", [])
    assert heard == []
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.WARNING]
    assert all(record.name.startswith("datafast_nb") for record in caplog.records)


def test_a_fault_of_the_browser_is_logged_once_with_its_stack(front: Front, caplog: pytest.LogCaptureFixture) -> None:
    front.on_message(lambda _message: None)
    for _ in range(3):
        say(front, do="fault", what="The table can't be drawn", error="x is undefined", stack="at draw\nat \u202eloop")
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "In the browser: The table can't be drawn (x is undefined)\n  at draw\n  at loop"


def test_a_browser_can_not_fill_the_log(front: Front, caplog: pytest.LogCaptureFixture) -> None:
    front.on_message(lambda _message: None)
    for number in range(1000):
        say(front, do="fault", what=f"Fault {number}", error="e" * 10_000, stack="at draw\n" * 10_000)
    assert len(caplog.records) <= 50
    assert max(len(record.getMessage()) for record in caplog.records) < 10_000


def test_a_value_that_can_not_be_is_refused_to_code_and_logged_of_a_browser(
    front: Front, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(TraitError, match="theme"):
        front.theme = "blue"
    front.set_state({"theme": "blue"})
    assert front.theme == "auto"
    front.set_state({"theme": "dark"})
    assert front.theme == "dark"
    assert "theme" in caplog.text


def test_what_the_browser_sets_is_told_by_name_and_what_code_sets_is_not(front: Front) -> None:
    told: list[dict[str, Any]] = []
    front.on_values(told.append)
    front.theme = "light"
    front.set_state({"theme": "dark", "unknown": 1})
    front.set_state({"theme": "blue"})
    assert told == [{"theme": "dark"}]


def test_a_value_that_can_not_be_is_answered_with_the_known_values_alone(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(front, "_send", lambda message, **_buffers: sent.append(message))
    front.set_state({"theme": "blue", "unknown": 1})
    assert [each["state"] for each in sent if each["method"] == "update"] == [{"theme": "auto"}]


@pytest.mark.parametrize("kind", [Front, livemap.front.Front])
def test_a_saved_page_gets_the_values_that_equal_a_default_too(kind: type[FrontEnd]) -> None:
    made = kind(script=SCRIPT.get())
    assert set(made.get_state(drop_defaults=True)) == set(made.keys)
    embedded = Widget.get_manager_state(drop_defaults=True, widgets=[made])["state"][made.model_id]
    assert set(made.keys) <= set(embedded["state"])
    made.close()


def test_what_the_kernel_sends_is_whole_and_what_the_browser_sends_may_leave_out_what_has_a_default() -> None:
    types = schema()["$defs"]
    assert set(types["ExplorerState"]["required"]) == set(ExplorerState.__struct_fields__)
    assert set(types["ExplorerOptions"]["required"]) == set(ExplorerOptions.__struct_fields__)
    assert types["ChangeFilter"]["required"] == ["do", "name", "view"]
