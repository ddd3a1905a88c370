"""What a front end with packed fields sends, and whether its saved state says the same."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from ipywidgets import Widget

from datafast_nb.livemap.front import SCRIPT, Front
from datafast_nb.widgets.protocol import Announcements, EventList, Figure, MapPanels, PaymentList, PaymentRow
from tests.unpacked import PAGES, Unpacked, saved_fields


class Sending:
    """What a front end sends: the sizes of its buffers, and what they say."""

    def __init__(self, front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
        self._unpacked = Unpacked()
        self._unpacked.read({"state": {name: {} for name in PAGES}}, [])
        self.sizes: list[int] = []
        self.said: list[dict[str, Any]] = []
        monkeypatch.setattr(front, "_send", self._take)
        state, paths, buffers = front.get_state(PAGES), [], []
        for page in PAGES:
            for field, content in state[page].items():
                paths.append([page, field])
                buffers.append(content)
        self._unpacked.read({"state": dict(state), "buffer_paths": paths}, buffers)

    def _take(self, message: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        self.sizes.append(sum(map(len, buffers or ())))
        self.said.append(self._unpacked.read(message, buffers or []))

    @property
    def last(self) -> dict[str, Any]:
        state: dict[str, Any] = self.said[-1]["state"]
        return state


@pytest.fixture
def front() -> Iterator[Front]:
    made = Front(script=SCRIPT.get())
    yield made
    made.close()


def paid(names: list[str]) -> MapPanels:
    """Return panels with a payment by each of some people."""
    rows = tuple(PaymentRow(name, "", None, f"{name} {hash(name)}", "$1.00", "new", None, "") for name in names)
    return MapPanels(payments=PaymentList(rows=rows, total=len(rows)))


def drawn(seed: int, count: int = 60) -> list[str]:
    generator = random.Random(seed)
    return [f"{generator.getrandbits(64):x}" for _ in range(count)]


def test_only_fields_that_changed_are_on_a_page_and_nothing_is_sent_if_none_did(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending = Sending(front, monkeypatch)
    front.show(MapPanels(events=EventList(total=3), figures=(Figure("Customers", "1"),)))
    assert sending.last == {
        "events": {"rows": [], "total": 3},
        "figures": [{"label": "Customers", "value": "1", "note": "", "hint": ""}],
    }
    front.show(MapPanels(events=EventList(total=4), figures=(Figure("Customers", "1"),)))
    assert sending.last == {"events": {"rows": [], "total": 4}}
    front.show(MapPanels(events=EventList(total=4), figures=(Figure("Customers", "1"),)))
    assert len(sending.said) == 2


def test_what_is_sent_is_about_what_changed_and_the_saved_state_is_whole_at_any_time(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending = Sending(front, monkeypatch)
    names = drawn(0)
    for turn in range(40):
        names[6 * turn % 60 : 6 * turn % 60 + 6] = drawn(turn + 1, 6)  # a tenth
        front.show(paid(names))
        assert [row["key"] for row in sending.last["payments"]["rows"]] == names
        model = Widget.get_manager_state(widgets=[front])["state"][front.model_id]
        last = {name: value for page in saved_fields(model) for name, value in page.items()}
        assert last["payments"] == sending.last["payments"]
        assert set(last) == front.packed
    changes, wholes = sorted(sending.sizes)[:30], sorted(sending.sizes)[-2:]
    assert max(changes) < min(wholes) / 3


def test_the_saved_state_is_not_much_more_than_a_whole(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    sending = Sending(front, monkeypatch)
    for turn in range(20):
        front.show(paid(drawn(turn)))  # everything changes
        state = front.get_state(PAGES)
        assert sum(len(content) for page in state.values() for content in page.values()) <= 3 * max(sending.sizes)


def test_pages_that_begin_anew_say_nothing_of_what_was_shown_before(front: Front) -> None:
    front.show(paid(["ada"]))
    front.show(paid(["bob"]))
    front.forget()
    front.show(paid(["cy"]))
    model = Widget.get_manager_state(widgets=[front])["state"][front.model_id]
    assert [page["payments"]["rows"][0]["key"] for page in saved_fields(model) if page] == ["cy"]


def test_a_long_message_is_compressed_and_a_short_one_is_not(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    sending = Sending(front, monkeypatch)
    for places in (1, 500):
        front.announce(Announcements(arrived={f"{place}": () for place in range(places)}, payments=(), more=0))
    short, long = sending.said
    assert [len(each["content"]["arrived"]) for each in (short, long)] == [1, 500]
    assert sending.sizes[0] == 0
    assert 0 < sending.sizes[1] < 2_500
