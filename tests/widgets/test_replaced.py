"""What the output of a cell leaves behind when the cell is run again: nothing, once no browser shows it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import ipywidgets
import pytest

from datafast_nb.livemap import LiveMap
from datafast_nb.livemap.basemap import LAND
from datafast_nb.widgets import replaced
from tests.livemap.maps import ask, front, made, on_map, own, registry, settle, until
from tests.livemap.sources import people


class Shell:
    """IPython's shell as far as cells are concerned, and its kernel."""

    def __init__(self) -> None:
        self.kernel = self.events = self
        self.heard: dict[str, Callable[[object], None]] = {}
        self.request: dict[str, Any] = {}
        self.outputs: dict[int, Any] = {}
        self.user_ns: dict[str, Any] = {"_oh": self.outputs}
        self.user_ns_hidden: dict[str, Any] = {}
        self.all_ns_refs = [self.user_ns, self.user_ns_hidden]

    def register(self, event: str, callback: Callable[[object], None]) -> None:
        self.heard[event] = callback

    def get_parent(self, _channel: str) -> dict[str, Any]:
        return {"metadata": self.request}

    @contextmanager
    def cell(self, name: str | None, *deleted: str) -> Iterator[None]:
        """Run a cell."""
        self.request = {"cellId": name, "deletedCells": list(deleted)} if name else {}
        self.heard["pre_run_cell"](None)
        yield
        self.heard["post_run_cell"](None)


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Shell:
    shell = Shell()
    cells = replaced.Cells(shell)
    monkeypatch.setattr(replaced, "_cells", lambda: cells)
    return shell


def looked_at(shell: Shell, cell: str | None, live: LiveMap, view: str) -> LiveMap:
    """Display a map in a cell, and look at it in a browser."""
    with shell.cell(cell):
        live._repr_mimebundle_()
    ask(live, "beat", view=view)
    return live


def test_running_a_cell_again_leaves_none_of_the_old_maps_widgets(shell: Shell) -> None:
    first = looked_at(shell, "a", made(people(5)), "one")
    alone = len(registry())
    second = looked_at(shell, "a", made(people(5)), "two")
    ask(first, "away", view="one", gone=True)
    assert len(registry()) == alone
    assert second._view is not None
    assert LAND.get().comm is not None


def test_a_browser_that_still_shows_the_map_keeps_it(shell: Shell) -> None:
    live = looked_at(shell, "a", made(people(5)), "one")
    with shell.cell("a"):
        pass
    assert live._view is not None
    ask(live, "away", view="one", gone=True)
    assert live._view is None


def test_a_notebook_that_is_closed_and_opened_again_finds_its_map(shell: Shell) -> None:
    live = looked_at(shell, "a", made(people(5)), "one")
    ask(live, "away", view="one", gone=True)
    with shell.cell("another"):
        pass
    assert live._view is not None


@pytest.mark.parametrize("cell", ["a", None])
def test_a_map_that_is_displayed_once_more_stays(shell: Shell, cell: str | None) -> None:
    live = looked_at(shell, cell, made(people(5)), "one")
    looked_at(shell, "b", live, "two")
    with shell.cell("b"):
        pass
    ask(live, "away", view="one", gone=True)
    ask(live, "away", view="two", gone=True)
    assert live._view is not None


def test_a_map_in_another_widget_stays(shell: Shell) -> None:
    live = looked_at(shell, "a", made(people(5)), "one")
    box = ipywidgets.VBox([live])
    with shell.cell("a"):
        pass
    ask(live, "away", view="one", gone=True)
    assert live._view is not None
    box.close()


def test_deleting_the_cell_counts_as_well(shell: Shell) -> None:
    live = looked_at(shell, "a", made(people(5)), "one")
    ask(live, "away", view="one", gone=True)
    with shell.cell("b", "a"):
        pass
    assert live._view is None


def test_what_was_let_go_of_is_made_anew_when_it_is_displayed_again(shell: Shell) -> None:
    live = looked_at(shell, "a", made(people(5), people(7)), "one")
    settle(live)
    live.filter(min_score=1)
    ask(live, "away", view="one", gone=True)
    with shell.cell("a"):
        pass
    assert live._view is None
    assert live.snapshot is not None
    until(lambda: live.status.state == "unwatched")
    looked_at(shell, "b", live, "two")
    ask(live, "viewport", view="two", zoom=1.0, south=-80.0, north=80.0, west=-180.0, east=180.0)
    until(lambda: live.status.state == "live")
    settle(live)
    assert on_map(live) == live.selection.height
    assert own(live, "clusters", "two")["id"]
    assert front(live).filters.active
    assert live.layout.comm is not None
    live.close()


def test_ipython_keeps_the_outputs_of_cells_that_were_run_again_no_more(shell: Shell) -> None:
    live = looked_at(shell, "a", made(people(5)), "one")
    settle(live)
    shell.outputs.update({3: live, 4: "another"})
    shell.user_ns.update({"_3": live, "_4": "another", "mine": live})
    shell.user_ns_hidden.update({"_3": live, "_4": "another"})
    with shell.cell("a"):
        pass
    assert shell.outputs[3] is live  # which a browser shows
    ask(live, "away", view="one", gone=True)
    assert shell.outputs == {4: "another"}
    assert shell.user_ns == {"_oh": shell.outputs, "_4": "another", "mine": live}
    assert shell.user_ns_hidden == {"_4": "another"}
    assert live.snapshot is not None
    gone = weakref.ref(live)
    shell.user_ns.clear()
    del live
    until(lambda: gc.collect() >= 0 and gone() is None)
