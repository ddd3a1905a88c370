"""The tasks of development: ``nox --list`` shows them, ``nox`` runs the quick ones."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import nox

nox.options.sessions = ["check", "fast"]
nox.options.default_venv_backend = "uv|virtualenv"

SNAPSHOT = """
import datafast_nb as dfn
snap = dfn.load()
assert snap.visitors.schema == dfn.schema.VISITORS and snap.visitors.height
print(dfn.__version__, snap)
"""


@nox.session
def check(session: nox.Session) -> None:
    """Run the linter, the formatter, the type checker and the import linter."""
    session.install("-e", ".[check,test]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")


@nox.session
def browser_half(session: nox.Session) -> None:
    """Check the TypeScript, run its unit tests, and compare the committed bundles with what the sources give."""
    session.install("-e", ".")
    session.run("npm", "ci", "--no-audit", "--no-fund", external=True)
    session.run("npm", "run", "check", external=True, env={"PYTHON": f"{session.bin}/python"})


@nox.session
def fast(session: nox.Session) -> None:
    """Run the tests that need no other program and take no seconds."""
    session.install("-e", ".[test]")
    session.run("pytest", "-m", "fast", "-n", "auto", *session.posargs)


def build(session: nox.Session, folder: Path) -> list[Path]:
    """Return the source distribution and the wheel, both built and checked."""
    shutil.rmtree(folder / "dist", ignore_errors=True)
    session.install("build", "twine")
    session.run("python", "-m", "build", "--outdir", f"{folder}/dist")
    built = [*(folder / "dist").iterdir()]
    session.run("twine", "check", "--strict", *map(str, built))
    return built


@nox.session
def deep(session: nox.Session) -> None:
    """Run the tests of properties with a thousand examples each, others in every run."""
    session.install("-e", ".[test]")
    session.run("pytest", "-m", "hypothesis", "-n", "auto", "--hypothesis-profile", "deep", *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the wheel from the source distribution, and take a snapshot where nothing else is installed."""
    folder = Path(session.create_tmp()).resolve()
    built = next(path for path in build(session, folder) if path.suffix == ".whl")
    session.run("python", "-m", "venv", "--clear", f"{folder}/alone")
    programs = folder / "alone" / Path(session.bin).name
    session.run(f"{programs}/python", "-m", "pip", "install", "--quiet", f"{built}", external=True)
    session.chdir(folder)
    session.run(f"{programs}/python", "-c", SNAPSHOT, external=True)
    session.run(f"{programs}/datafast-nb", "--help", external=True, silent=True)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation into site/, without a network; a broken link fails."""
    session.install("-e", ".[docs]")
    session.run("mkdocs", "build", "--quiet", env={"NO_MKDOCS_2_WARNING": "1"})


# What JupyterLite's kernel and the package need and Pyodide lacks, or has too old: all pure Python.
LITE = [
    *("anywidget", "babel", "branca", "comm", "ipyleaflet", "ipywidgets", "jupyter-leaflet", "jupyterlab-widgets"),
    *("narwhals", "psygnal", "tenacity", "traittypes"),
]


def installing(notebooks: Path, folder: Path) -> None:
    """Copy the notebooks with a first cell that installs the package from the site that they lie in."""
    shutil.copytree(notebooks, folder)
    for path in folder.glob("*.ipynb"):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cell = {"cell_type": "code", "id": "install", "metadata": {}, "source": "%pip install datafast_nb"}
        notebook["cells"].insert(0, cell | {"execution_count": None, "outputs": []})
        path.write_text(json.dumps(notebook), encoding="utf-8")


@nox.session
def lite(session: nox.Session) -> None:
    """Build a JupyterLite site of the notebooks into lite/; ``-- --pyodide FILE`` puts a release of Pyodide into it."""
    widgets = ["anywidget", "ipyleaflet", "ipywidgets"]  # the site takes their browser halves from this environment
    session.install("build", "jupyter-server", "jupyterlite-pyodide-kernel>=0.8.6", "pip", *widgets)
    folder = Path(session.create_tmp()).resolve()
    wheels, notebooks = folder / "dist", folder / "notebooks"
    for old in (wheels, notebooks, Path("lite")):
        shutil.rmtree(old, ignore_errors=True)
    installing(Path("notebooks"), notebooks)
    session.run("python", "-m", "build", "--wheel", "--outdir", f"{wheels}")
    pure = ["--only-binary=:all:", "--no-deps", "--platform=any", "--implementation=py", "--python-version=3.14"]
    session.run("python", "-m", "pip", "download", "--quiet", *pure, "--dest", f"{wheels}", *LITE)
    options = ["--contents", f"{notebooks}", "--piplite-wheels", f"{wheels}", "--output-dir", "lite"]
    env = {"JUPYTERLITE_CACHE_DIR": f"{folder}/cache"}
    session.run("jupyter", "lite", "build", *options, *session.posargs, env=env)


@nox.session
def release(session: nox.Session) -> None:
    """Build the source distribution and the wheel, and upload them; TWINE_PASSWORD holds the token of the index."""
    files = build(session, Path(session.create_tmp()).resolve())
    session.run("twine", "upload", "--non-interactive", *map(str, files), env={"TWINE_USERNAME": "__token__"})


@nox.session(python="3.11")
def lowest(session: nox.Session) -> None:
    """Run the fast tests with the lowest versions that pyproject.toml declares, and today's of all else."""
    project = nox.project.load_toml("pyproject.toml")["project"]
    extras = project["optional-dependencies"]
    named = [bound for name in ("history", "forecast", "export", "alerts", "mcp") for bound in extras[name]]
    bounds = [*project["dependencies"], *named]
    session.install("-e", ".[test]", *(bound.replace(">=", "==") for bound in bounds if ">=" in bound))
    session.run("pytest", "-m", "fast", "-n", "auto", *session.posargs)


@nox.session(python="3.11")
def pyodide(session: nox.Session) -> None:
    """Run the fast tests with the Polars of Pyodide, but those of histories and forecasts, which need a newer one."""
    dependencies = nox.project.load_toml("pyproject.toml")["project"]["dependencies"]
    (bound,) = (each for each in dependencies if each.startswith("polars") and "== 'emscripten'" in each)
    session.install("-e", ".[test]")
    session.install(bound.partition(";")[0].replace(">=", "=="))
    left_out = [f"--ignore={folder}/{room}" for folder in ("tests", "datafast_nb") for room in ("history", "forecast")]
    session.run(
        "pytest", "-m", "fast", "-n", "auto", *left_out, "--ignore=tests/charts/test_cohort_table.py", *session.posargs
    )


@nox.session(python="3.11")
def lock(session: nox.Session) -> None:
    """Rewrite requirements-dev.txt, and keep the versions that still fit; with ``-- --upgrade`` take the newest."""
    session.install("uv")
    extras = [part for extra in ("lab", "test", "check") for part in ("--extra", extra)]
    options = ["--custom-compile-command", "nox --session lock", "--quiet", "--python", f"{session.bin}/python"]
    output = ["--output-file", "requirements-dev.txt"]
    session.run("uv", "pip", "compile", "pyproject.toml", *extras, *options, *output, *session.posargs)


@nox.session(name="all", venv_backend="none")
def everything(session: nox.Session) -> None:
    """Run the test command of the README: set everything up in .venv, and run all tests."""
    readme = Path("README.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"<!-- test command -->\n```bash\n(.*?)```\n<!-- end -->", readme, re.DOTALL)
    session.run("bash", "-euo", "pipefail", "-c", command)
