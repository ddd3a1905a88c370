"""Live reload: with ``ANYWIDGET_HMR=1`` a page follows the built scripts, without the cell being run again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import datafast_nb

FOLLOWS = """
import threading
from pathlib import Path
import datafast_nb
from datafast_nb.explorer.front import SCRIPT, Front

front, changed = Front(script=SCRIPT.get()), threading.Event()
front.observe(lambda change: changed.set(), "_esm")
script = Path(datafast_nb.__file__).with_name("widgets") / "static" / "explorer.js"
text = script.read_text("utf-8")
assert front._esm == text
for attempt in range(40):  # the watching thread may not have begun yet
    script.write_text(f"{text}// {attempt}", "utf-8")
    if changed.wait(0.5):
        break
assert front._esm.startswith(f"{text}// "), "it was not loaded again"
"""


def test_a_front_end_is_loaded_anew_when_its_script_changes(tmp_path: Path) -> None:
    unlike = shutil.ignore_patterns("src", "notebooks", "__pycache__")
    shutil.copytree(Path(datafast_nb.__file__).parent, tmp_path / "datafast_nb", ignore=unlike)
    environment = {**os.environ, "ANYWIDGET_HMR": "1", "PYTHONPATH": str(tmp_path)}
    subprocess.run([sys.executable, "-c", FOLLOWS], env=environment, cwd=tmp_path, check=True, timeout=120)
