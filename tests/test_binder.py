"""What Binder does: install from ``binder/``, then run a notebook without a key.

All notebooks run with the packages of the tests (by nbval); here runs the one that a visitor of Binder opens.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOK = "quickstart.ipynb"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of a fresh virtual environment with what Binder installs."""
    folder = tmp_path_factory.mktemp("binder")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    # Of all modules, a tenth is imported: to compile the others would take most of the time.
    line = [python, "-m", "pip", "install", "--quiet", "--no-compile", "-r", "binder/requirements.txt"]
    subprocess.run(line, cwd=ROOT, check=True)
    return python


def test_the_python_of_binder_is_one_that_the_package_supports() -> None:
    name, _, number = (ROOT / "binder/runtime.txt").read_text().strip().partition("-")
    assert name == "python"
    assert tuple(map(int, number.split("."))) >= (3, 11)


def test_its_packages_fit_together(installed: Path) -> None:
    done = subprocess.run([installed, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_notebook_runs_from_top_to_bottom_on_binder(installed: Path, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DATAFAST_")}
    done = subprocess.run(
        [
            *(installed, "-m", "nbconvert", "--execute", "--to", "notebook"),
            *("--ExecutePreprocessor.kernel_name=python3", "--output-dir", tmp_path / "done"),
            shutil.copy(ROOT / "notebooks" / NOTEBOOK, tmp_path),  # what it writes is beside it
        ],
        env={**environment, "JUPYTER_PREFER_ENV_PATH": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    cells = json.loads((tmp_path / "done" / NOTEBOOK).read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert "Demo data" in json.dumps(code)
    assert all(cell["execution_count"] for cell in code)
