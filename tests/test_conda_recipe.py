"""The recipe of the conda package says the same as pyproject.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from packaging.requirements import Requirement

import datafast_nb as dfn

ROOT: Final = Path(__file__).parent.parent
CONDA_NAMES: Final = {"tzdata": "python-tzdata"}
"""What conda-forge calls a package where PyPI calls it otherwise: its tzdata is the system's database."""


@pytest.fixture(scope="module")
def recipe() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "conda" / "recipe.yaml").read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_name_version_and_license_are_the_package_s(recipe: dict[str, Any], pyproject: dict[str, Any]) -> None:
    project = pyproject["project"]
    assert recipe["context"]["version"] == dfn.__version__
    assert recipe["package"]["name"] == project["name"]
    assert (recipe["about"]["license"], recipe["about"]["summary"]) == (project["license"], project["description"])
    assert (ROOT / recipe["about"]["license_file"]).is_file()


def test_what_it_requires_is_what_the_package_requires(recipe: dict[str, Any], pyproject: dict[str, Any]) -> None:
    required = map(Requirement, pyproject["project"]["dependencies"])
    there = [each for each in required if each.marker is None or each.marker.evaluate({"sys_platform": "linux"})]
    names = {CONDA_NAMES.get(each.name, each.name): str(each.specifier) for each in there}
    expected = {"python": pyproject["project"]["requires-python"], **names}
    assert dict(line.split(" ") for line in recipe["requirements"]["run"]) == expected
    backend = Requirement(*pyproject["build-system"]["requires"])
    assert f"{backend.name} {backend.specifier}" in recipe["requirements"]["host"]


def test_its_commands_are_the_package_s(recipe: dict[str, Any], pyproject: dict[str, Any]) -> None:
    commands = [f"{name} = {where}" for name, where in pyproject["project"]["scripts"].items()]
    assert recipe["build"]["python"]["entry_points"] == commands
