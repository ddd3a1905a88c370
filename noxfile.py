"""The tasks of development: ``nox --list`` shows them, ``nox`` runs the quick ones."""

from __future__ import annotations

import nox

nox.options.sessions = ["check", "fast"]
nox.options.default_venv_backend = "uv|virtualenv"


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


@nox.session
def lowest(session: nox.Session) -> None:
    """Run the fast tests with the lowest versions that pyproject.toml declares."""
    session.install("uv")
    session.run("uv", "pip", "install", "--resolution", "lowest-direct", "-e", ".[test]")
    session.run("pytest", "-m", "fast", "-n", "auto", *session.posargs)


@nox.session(name="all")
def everything(session: nox.Session) -> None:
    """Run all tests, those in a browser and on Spark among them."""
    session.install("-e", ".[lab,test]")
    session.run("python", "-m", "tests.setup")
    session.run("pytest", "-n", "auto", *session.posargs)
