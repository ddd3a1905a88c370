"""The drawing process: what happens to it does not happen to the kernel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import altair as alt
import psutil
import pytest

import datafast_nb as dfn
from datafast_nb.charts import drawing
from datafast_nb.charts.renderer import VEGALITE
from datafast_nb.pictures.drawer import WAITING, Drawer
from tests.charts.sites import crowd

SPEC = {"data": {"values": [{"a": 1}]}, "mark": "bar", "encoding": {"x": {"field": "a", "type": "quantitative"}}}
posix = pytest.mark.skipif(os.name != "posix", reason="signals and forks")


@pytest.fixture
def drawer() -> Iterator[Drawer]:
    made = Drawer()
    yield made
    made.end()


def draw(drawer: Drawer) -> bytes:
    return drawer.ask("vegalite_to_svg", vl_spec=SPEC)


def process_of(drawer: Drawer) -> psutil.Process:
    assert drawer._process is not None
    return psutil.Process(drawer._process.pid)


def test_one_process_draws_all(drawer: Drawer) -> None:
    assert draw(drawer).startswith(b"<svg")
    first = process_of(drawer).pid
    assert draw(drawer).startswith(b"<svg")
    assert process_of(drawer).pid == first


def test_the_kernel_does_not_load_what_draws() -> None:
    code = "import sys, altair as alt, datafast_nb as dfn; dfn.charts; alt.renderers.enable('datafast_nb'); "
    code += "dfn.charts.scores(dfn.Snapshot())._repr_mimebundle_(); "
    code += "print('vl_convert' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_after_an_abort_the_next_chart_is_drawn(drawer: Drawer) -> None:
    # What vl-convert aborts on today. Where it does no longer, this test should abort it in another way.
    lethal = {"data": {"values": [{"a": 1}]}, "mark": {"type": "text", "text": "\ufffe"}}
    with pytest.raises(dfn.errors.DrawingError, match="ended in the middle of the picture"):
        drawer.ask("vegalite_to_png", vl_spec=lethal)
    assert draw(drawer).startswith(b"<svg")


def test_an_idle_process_that_somebody_ended_is_replaced_unseen(drawer: Drawer) -> None:
    draw(drawer)
    ended = process_of(drawer)
    ended.kill()
    psutil.wait_procs([ended])
    assert draw(drawer).startswith(b"<svg")


@posix
def test_what_hangs_is_ended(drawer: Drawer) -> None:
    draw(drawer)
    drawer.patience = 0.3
    process_of(drawer).suspend()
    with pytest.raises(dfn.errors.DrawingError, match=r"not drawn within 0\.3 s\."):
        draw(drawer)
    drawer.patience = 60
    assert draw(drawer).startswith(b"<svg")


@posix
def test_an_interrupt_is_the_kernel_s_and_leaves_no_answer_behind(drawer: Drawer) -> None:
    def interrupt() -> None:
        while not any(thread.name == WAITING for thread in threading.enumerate()):
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)

    draw(drawer)
    process_of(drawer).suspend()
    signal.siginterrupt(signal.SIGINT, False)  # a blocking read goes on after an interrupt, as Polars makes it
    threading.Thread(target=interrupt, daemon=True).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        drawer.ask("svg_to_pdf", svg="<svg/>")
    assert time.monotonic() - began < drawer.patience / 4
    assert draw(drawer).startswith(b"<svg")


def test_threads_get_each_their_own_drawing() -> None:
    def titled(number: int) -> str:
        return drawing.svg({**SPEC, "title": f"chart {number}."}, {})

    with ThreadPoolExecutor(8) as pool:
        assert all(f">chart {number}.<" in drawn for number, drawn in enumerate(pool.map(titled, range(24))))


@posix
def test_a_fork_of_the_kernel_draws_with_a_process_of_its_own(drawer: Drawer) -> None:
    draw(drawer)
    child = os.fork()
    if child == 0:
        drawn = draw(drawer)
        drawer.end()
        os._exit(0 if drawn.startswith(b"<svg") else 1)
    _, status = os.waitpid(child, 0)
    assert status == 0
    assert draw(drawer).startswith(b"<svg")


@posix
@pytest.mark.parametrize("end", ["pass", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_it_ends_with_the_kernel(end: str) -> None:
    code = "import os, signal; from datafast_nb.pictures.drawer import Drawer; drawer = Drawer(); "
    code += f"drawer.ask('get_vega_version'); print(drawer._process.pid, flush=True); {end}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    try:
        psutil.Process(int(done.stdout)).wait(30)
    except psutil.NoSuchProcess:
        return


def test_it_does_not_get_the_key(drawer: Drawer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAFAST_API_KEY", "df_secret")
    draw(drawer)
    assert not [name for name in process_of(drawer).environ() if name.startswith("DATAFAST_")]


def test_modules_of_the_current_folder_are_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("vl_convert", "json", "importlib", "faulthandler"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken from the current folder')")
    monkeypatch.chdir(tmp_path)
    drawer = Drawer()
    try:
        assert draw(drawer).startswith(b"<svg")
    finally:
        drawer.end()


def test_a_chart_whose_process_ends_is_shown_without_its_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    drawer = Drawer()
    monkeypatch.setattr(drawing, "drawer", drawer)
    ended = dfn.errors.DrawingError("The drawing process ended in the middle of the picture.")
    monkeypatch.setattr(drawer, "ask", lambda *_, **__: (_ for _ in ()).throw(ended))
    with pytest.warns(dfn.errors.DrawingWarning, match="ended in the middle"), alt.renderers.enable("datafast_nb"):
        bundle, _ = dfn.charts.scores(crowd(30))._repr_mimebundle_()
    assert set(bundle) == {VEGALITE, "text/plain"}
