"""The command line: ``datafast-nb lab``, ``demo``, ``record``, ``watch``, ``forecast``, ``export`` and ``mcp``."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path

from datafast_nb import export_command, forecast_command, mcp_command, record_command, watch_command
from datafast_nb._version import __version__
from datafast_nb.api_key import VARIABLE
from datafast_nb.files import write_whole

_DESCRIPTION = "DataFast's realtime map in a notebook."
_EPILOG = f"Without {VARIABLE} in the environment, the notebooks show a simulated website. No account is needed."

_COMMANDS = {
    "record": record_command,
    "watch": watch_command,
    "forecast": forecast_command,
    "export": export_command,
    "mcp": mcp_command,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog="datafast-nb", description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument("--version", action="version", version=f"datafast_nb {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in (
        ("lab", f"open JupyterLab on the quickstart, with your site if {VARIABLE} is set"),
        ("demo", f"open JupyterLab on the quickstart, with the demo site even if {VARIABLE} is set"),
    ):
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        command.add_argument(
            "--directory",
            type=Path,
            default=Path("datafast-notebooks"),
            help="the folder for your copies of the notebooks; existing ones are left unchanged (default: %(default)s)",
        )
        command.add_argument("--no-browser", action="store_true", help="print the address instead of opening a browser")
        command.add_argument("--port", type=int, default=8888, help="first port to try (default: %(default)s)")
    for module in _COMMANDS.values():
        module.add_to(commands)
    options = parser.parse_args(arguments)
    if options.command in _COMMANDS:
        code: int = _COMMANDS[options.command].run(options)
        return code
    if find_spec("jupyterlab") is None:
        print("JupyterLab is not installed. Get it with: pip install 'datafast_nb[lab]'", file=sys.stderr)
        return 1
    return _open_lab(options, demo=options.command == "demo")


def _open_lab(options: argparse.Namespace, *, demo: bool) -> int:
    """Start JupyterLab on the quickstart, and wait until it ends."""
    notebooks = _copy_notebooks(options.directory).resolve()
    # -P: a file in the current folder with the name of a module is not run.
    command = [sys.executable, "-P", "-m", "jupyterlab", f"--port={options.port}", f"--ServerApp.root_dir={notebooks}"]
    command.append("--LabApp.default_url=/lab/tree/quickstart.ipynb")
    if options.no_browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # a container has no other user; the server listens only on loopback
    environment = {name: value for name, value in os.environ.items() if not (demo and name == VARIABLE)}
    server = subprocess.Popen(command, env=environment)  # noqa: S603 - our own interpreter and arguments
    # The server ends with this process. Ctrl-C also reaches the server, which asks for confirmation or ends.
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return server.wait()


def _copy_notebooks(directory: Path) -> Path:
    """Copy the notebooks to a folder where the user may change them; leave existing ones unchanged."""
    package = files("datafast_nb")
    with as_file(package) as installed:
        shipped = installed / "notebooks"
        source = shipped if shipped.is_dir() else installed.parent / "notebooks"
        for file in (*source.glob("*.ipynb"), *source.glob("images/*.png")):
            copy = directory / file.relative_to(source)
            if not copy.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                write_whole(copy, file.read_bytes())
    return directory


if __name__ == "__main__":
    sys.exit(main())
