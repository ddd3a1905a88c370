"""Finds a Chromium for the browser tests; where there is none, says which command installs one."""

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
MISSING = f"""The browser tests need Chromium, and none was found. Install one with
    {sys.executable} -m tests.setup
or name one in the environment variable {VARIABLE}."""
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def required(playwright: Playwright) -> str:
    """Return the path of a Chromium that starts; where there is none, fail with the command that installs one."""
    path = find(playwright)
    if path is None:
        pytest.fail(MISSING, pytrace=False)
    return path


def find(playwright: Playwright) -> str | None:
    """Look for a Chromium: the variable's, Playwright's own, the system's."""
    named = os.environ.get(VARIABLE)
    if named:
        if not _starts(named):
            pytest.fail(f"{VARIABLE} is {named!r}, which does not start.", pytrace=False)
        return named
    candidates = (playwright.chromium.executable_path, *map(shutil.which, _NAMES))
    return next((path for path in candidates if path and _starts(path)), None)


def _starts(path: str) -> bool:
    """Say whether a program is there and runs: some systems' package is a note that it comes from elsewhere."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, check=False, timeout=60).returncode == 0
    except OSError:
        return False
