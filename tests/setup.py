"""Install what the tests need beside Python packages: ``python -m tests.setup`` gets a Chromium and a Java.

What is there already is left alone. As root on Debian and Ubuntu, the distribution's packages are taken; elsewhere,
Chromium is Playwright's, and Java is yours to install.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from playwright.sync_api import sync_playwright

from tests import spark
from tests.browser import chromium


def main() -> int:
    """Install what is missing, and return 1 if something still is."""
    if not _has_chromium() and not (_apt("chromium") and _has_chromium()):
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if not spark.has_java():
        _apt(spark.PACKAGE)
    missing = [
        message
        for message, there in ((chromium.MISSING, _has_chromium()), (spark.MISSING, spark.has_java()))
        if not there
    ]
    sys.stderr.writelines(f"{message}\n" for message in missing)
    return 1 if missing else 0


def _has_chromium() -> bool:
    with sync_playwright() as playwright:
        return chromium.find(playwright) is not None


def _apt(package: str) -> bool:
    """Install a package of Debian or Ubuntu as root; return whether that was possible."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    subprocess.run(["apt-get", "update"], check=False)
    line = ["apt-get", "install", "-y", "--no-install-recommends", package]
    return subprocess.run(line, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
