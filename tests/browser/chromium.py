"""Finds a Chromium for the browser tests; where there is none, gets one, or says which command does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from playwright.sync_api import Playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Whatever a page asks for beyond this machine is not found.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
VARIABLE = "DATAFAST_NB_CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_or_get(playwright: Playwright) -> str:
    """Give the path of a Chromium that starts."""
    path = _find(playwright)
    if path is None:
        _get()
        path = _find(playwright)
    if path is None:
        pytest.exit(
            "The browser tests need Chromium, and none could be installed. Install one with\n"
            f"    {sys.executable} -m playwright install --with-deps chromium\n"
            f"or name one in the environment variable {VARIABLE}.",
            returncode=3,
        )
    return path


def _find(playwright: Playwright) -> str | None:
    """Look for a Chromium: the variable's, Playwright's own, the system's."""
    named = os.environ.get(VARIABLE)
    if named:
        if not _starts(named):
            pytest.exit(f"{VARIABLE} is {named!r}, which does not start.", returncode=3)
        return named
    candidates = (playwright.chromium.executable_path, *map(shutil.which, _NAMES))
    return next((path for path in candidates if path and _starts(path)), None)


def _starts(path: str) -> bool:
    """Say whether a program is there and runs: some systems' package is a note that it comes from elsewhere."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, check=False, timeout=60).returncode == 0
    except OSError:
        return False


def _get() -> None:
    """Install Debian's Chromium when root, and Playwright's where that gives none."""
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update"], check=False)
        subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", "chromium"], check=False)
        if any(path and _starts(path) for path in map(shutil.which, _NAMES)):
            return
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
