"""JupyterLab as a person in a browser sees it: a server, and a notebook in a window."""

from __future__ import annotations

import itertools
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, Page, ViewportSize

ROOT = Path(__file__).parents[2]
_numbers = itertools.count(1)

# JupyterLab's own application object, which --expose-app-in-browser puts into the page.
_READY = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
_RUN = """([index, wait]) => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = index;
    const done = window.jupyterapp.commands.execute('notebook:run-cell');
    return wait ? done.then(() => null) : null;
}"""
_WRITE = """([index, source]) =>
    window.jupyterapp.shell.currentWidget.content.widgets[index].model.sharedModel.setSource(source)"""
_CLEAR = """(index) => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = index;
    return window.jupyterapp.commands.execute('notebook:clear-cell-output').then(() => null);
}"""
_PYTHON = """async (code) => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const future = kernel.requestExecute({code, store_history: false});
    let text = '', error = null;
    future.onIOPub = ({header, content}) => {
        if (header.msg_type === 'stream') text += content.text;
        if (header.msg_type === 'error') error = content.ename + ': ' + content.evalue;
    };
    await future.done;
    if (error) throw new Error(error);
    return text.trim();
}"""

# What has been asked for is drawn then, and what fails in it has failed.
_NEXT_FRAME = """() => new Promise((resolve) =>
    requestAnimationFrame(() => requestAnimationFrame(() => requestIdleCallback(resolve, {timeout: 1000}))))"""


@dataclass(frozen=True)
class Lab:
    """A JupyterLab server that works in a folder."""

    url: str
    token: str
    folder: Path

    def kernels(self) -> set[str]:
        """Return the ids of the kernels that run."""
        with urllib.request.urlopen(f"{self.url}/api/kernels?token={self.token}", timeout=30) as answer:
            return {kernel["id"] for kernel in json.load(answer)}

    def shut_down(self, kernel: str) -> None:
        """End a kernel, and wait until it has ended."""
        address = f"{self.url}/api/kernels/{kernel}?token={self.token}"
        urllib.request.urlopen(urllib.request.Request(address, method="DELETE"), timeout=60).close()


@contextmanager
def serve(folder: Path) -> Iterator[Lab]:
    """Run JupyterLab on a free port of the loopback interface, with settings and state in a folder."""
    work, state = folder / "work", folder / "state"
    work.mkdir()
    token, port = secrets.token_hex(16), _free_port()
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    places += ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    environment = os.environ | {name: str(state / name.lower()) for name in places}
    paths = (str(ROOT), os.environ.get("PYTHONPATH"))
    environment |= {"JUPYTER_TOKEN": token, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}
    environment.pop("DATAFAST_API_KEY", None)
    _write_settings(state / "jupyterlab_settings_dir")
    options = ["--no-browser", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0", "--allow-root"]
    options += ["--expose-app-in-browser", f"--ServerApp.root_dir={work}"]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options], env=environment, stdout=log, stderr=log, cwd=work
        )
        try:
            lab = Lab(f"http://127.0.0.1:{port}", token, work)
            _wait_until_up(lab, server, folder / "server.log")
            yield lab
        finally:
            server.terminate()
            server.wait(30)


def _free_port() -> int:
    """Let the system choose a port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _write_settings(folder: Path) -> None:
    """Keep JupyterLab from asking for news and updates."""
    plugin = folder / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    plugin.parent.mkdir(parents=True)
    plugin.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))


def _wait_until_up(lab: Lab, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for the server's first answer."""
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{lab.url}/api/status?token={lab.token}", timeout=5).close()
        except (urllib.error.URLError, OSError):
            if server.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-4000:]}")


# What JupyterLab looks for and is not there; and what it says where it is opened again, before it knows the widgets.
_KNOWN_ERRORS: Final = ("Failed to load resource", "Error: widget model not found")


@dataclass
class Notebook:
    """A notebook that is open in a browser window of its own."""

    lab: Lab
    page: Page
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def window(
        cls, lab: Lab, browser: Browser, width: int = 1200, height: int = 900, *, motion: bool = False
    ) -> Iterator[Notebook]:
        """Open a window, and close it with the kernels that run since: a notebook's, or a page's of Voilà.

        At its end, fail if its page has asked anyone but this machine for anything, or its console tells an error.
        """
        running = lab.kernels()
        size: ViewportSize = {"width": width, "height": height}
        context = browser.new_context(
            viewport=size,
            reduced_motion="no-preference" if motion else "reduce",
            timezone_id="America/St_Johns",  # nobody's else: what tells the browser's time is found out
        )
        context.set_default_timeout(30_000)
        notebook = cls(lab, context.new_page())
        context.on("request", lambda request: notebook._note(request.url))
        notebook.page.on("console", lambda line: notebook._note_error(line.text) if line.type == "error" else None)
        notebook.page.on("pageerror", lambda error: notebook._note_error(str(error)))
        notebook.page.on("websocket", lambda socket: notebook._note(socket.url))
        try:
            yield notebook
            assert not notebook.foreign, f"the page asked the network for something: {notebook.foreign}"
            assert not notebook.errors, f"the page's console tells an error: {notebook.errors}"
        finally:
            context.close()
            for kernel in lab.kernels() - running:
                lab.shut_down(kernel)

    def _note(self, url: str) -> None:
        """Write down an address outside this machine."""
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname != "127.0.0.1":
            self.foreign.append(url)

    def _note_error(self, text: str) -> None:
        """Write down an error of the page's console, unless JupyterLab has it without us."""
        if not any(known in text for known in _KNOWN_ERRORS):
            self.errors.append(text)

    def open(self, *cells: str) -> Notebook:
        """Open a new notebook of code cells, nothing around it, and wait for its kernel."""
        name = f"notebook-{next(_numbers)}.ipynb"
        (self.lab.folder / name).write_text(json.dumps(notebook_file(cells)))
        return self.visit(f"{self.lab.url}/doc/tree/{name}?token={self.lab.token}")

    def visit(self, url: str) -> Notebook:
        """Go to a notebook that there is, and wait for its kernel."""
        self.page.goto(url)
        self.page.wait_for_function(_READY, polling=200)
        return self

    def run(self, index: int, *, wait: bool = True) -> Notebook:
        """Run a cell; wait until it has ended, unless told otherwise."""
        self.page.evaluate(_RUN, [index, wait])
        return self

    def write(self, index: int, source: str) -> Notebook:
        """Write a cell's source."""
        self.page.evaluate(_WRITE, [index, source])
        return self

    def clear(self, index: int) -> Notebook:
        """Clear a cell's output."""
        self.page.evaluate(_CLEAR, index)
        return self

    def python(self, code: str) -> str:
        """Run code in the kernel, outside the cells, and give what it printed; fail where it raises."""
        return str(self.page.evaluate(_PYTHON, code))

    def output(self, index: int) -> Locator:
        """Return the output area of a cell."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-Cell-outputArea")

    def theme(self, name: Literal["JupyterLab Light", "JupyterLab Dark"]) -> None:
        """Change JupyterLab's theme."""
        self.page.evaluate("(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name)
        self.page.wait_for_selector(f"body[data-jp-theme-name='{name}']", state="attached")


def next_frame(page: Page) -> None:
    """Wait until the page has drawn what it was asked for."""
    page.evaluate(_NEXT_FRAME)


def notebook_file(cells: tuple[str, ...]) -> dict[str, Any]:
    """Return a notebook file's content."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    empty = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    made = [empty | {"id": f"cell-{index}", "source": source} for index, source in enumerate(cells)]
    return {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
