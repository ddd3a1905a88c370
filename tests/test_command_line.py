"""The command ``datafast-nb``, with JupyterLab's start replaced by a note of how it was started."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from datafast_nb import __main__ as command_line
from datafast_nb import __version__


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[list[str], dict[str, str]]]:
    calls: list[tuple[list[str], dict[str, str]]] = []

    class Server:
        def __init__(self, command: list[str], *, env: dict[str, str]) -> None:
            calls.append((command, env))

        def wait(self) -> int:
            return 0

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(subprocess, "Popen", Server)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setenv("DATAFAST_API_KEY", "a-key")
    return calls


def test_lab_opens_a_copy_of_the_quickstart_with_the_key_of_the_environment(
    started: list[tuple[list[str], dict[str, str]]], tmp_path: Path
) -> None:
    assert command_line.main(["lab", "--no-browser", "--port", "9123"]) == 0
    ((command, environment),) = started
    assert command[:4] == [sys.executable, "-P", "-m", "jupyterlab"]
    assert {"--no-browser", "--port=9123", "--LabApp.default_url=/lab/tree/quickstart.ipynb"} <= set(command)
    assert f"--ServerApp.root_dir={tmp_path / 'datafast-notebooks'}" in command
    assert environment["DATAFAST_API_KEY"] == "a-key"
    assert (tmp_path / "datafast-notebooks" / "quickstart.ipynb").is_file()
    assert (tmp_path / "datafast-notebooks" / "live-map.ipynb").is_file()
    assert (tmp_path / "datafast-notebooks" / "images" / "live-map.png").is_file()


def test_demo_leaves_the_key_out(started: list[tuple[list[str], dict[str, str]]]) -> None:
    assert command_line.main(["demo"]) == 0
    assert "DATAFAST_API_KEY" not in started[0][1]


def test_a_server_that_is_told_to_end_takes_jupyterlab_along(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "datafast_nb", "demo", "--no-browser", "--directory", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as lab:
        assert lab.stderr is not None
        said = iter(lab.stderr.readline, "")
        assert any("is running at" in line for line in said)
        (jupyter,) = psutil.Process(lab.pid).children()
        lab.terminate()
        assert lab.wait(timeout=30) in {0, -signal.SIGTERM}
        assert not jupyter.is_running()


def test_what_lies_in_the_current_folder_is_not_run(tmp_path: Path) -> None:
    names = ("jupyterlab", "jupyter_server", "tornado", "traitlets", "json", "notebook")
    for name in names:
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name}.py of this folder was run')\n")
    # As the installed command: `python -m` would put the current folder first by itself.
    start = "import sys; from datafast_nb.__main__ import main; sys.exit(main(['demo', '--no-browser']))"
    with subprocess.Popen(
        [sys.executable, "-P", "-c", start], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as lab:
        assert lab.stderr is not None
        said = []
        for line in iter(lab.stderr.readline, ""):
            said.append(line)
            if "is running at" in line:
                break
        lab.terminate()
        assert "is running at" in said[-1], "".join(said)
        assert lab.wait(timeout=30) in {0, -signal.SIGTERM}


def test_notebooks_that_are_there_are_left_alone(
    started: list[tuple[list[str], dict[str, str]]], tmp_path: Path
) -> None:
    mine = tmp_path / "mine" / "quickstart.ipynb"
    mine.parent.mkdir()
    mine.write_text("my own work")
    command_line.main(["demo", "--directory", str(mine.parent)])
    assert mine.read_text() == "my own work"


def test_without_jupyterlab_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command_line, "find_spec", lambda _: None)
    assert command_line.main(["demo"]) == 1
    assert "datafast_nb[lab]" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["lab", "--help"], ["demo", "--help"], ["--version"]])
def test_help_and_version_are_printed(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", "datafast_nb", *arguments], capture_output=True, text=True, check=True)
    assert (__version__ if arguments == ["--version"] else "usage: datafast-nb") in done.stdout


def test_an_unknown_command_is_refused_with_the_known_ones() -> None:
    done = subprocess.run([sys.executable, "-m", "datafast_nb", "x"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "lab" in done.stderr
    assert "demo" in done.stderr
