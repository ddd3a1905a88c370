"""Finds a Java for PySpark; where there is none, gets Debian's, or says which command does."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGE = "openjdk-17-jre-headless"


def find_or_get() -> None:
    """See to it that PySpark finds a Java that starts."""
    if _starts():
        return
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update"], check=False)
        subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", PACKAGE], check=False)
        if _starts():
            return
    pytest.fail(
        "PySpark needs Java 17 or later, and none was found or could be installed. Install it, on Debian with\n"
        f"    sudo apt-get install --no-install-recommends {PACKAGE}\n"
        "or name the folder of one in the environment variable JAVA_HOME.",
        pytrace=False,
    )


def _starts() -> bool:
    """Say whether the Java that PySpark would take is there and runs."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    try:
        return bool(java) and subprocess.run([java, "-version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False
